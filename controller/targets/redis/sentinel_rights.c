/* sentinel_rights.c -- the faults of a failover that show before there is one. */
#include <stdlib.h>
#include <string.h>

#include "core/target.h"
#include "targets/redis/sentinel_choice.h"
#include "targets/redis/sentinel_session.h"
#include "util/cleanup.h"
#include "util/text.h"

/* No primary has this name, so that asking for its failover only tells whether it may be asked for. */
#define NO_NAME ":planekeeper-preflight"

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

static enum err ask(const struct sentinel_answer *sentinel, const char *verb, const char *name, mono_ms deadline,
                    redisReply **ret, struct errmsg *reterr)
{
        const char *argv[] = {"SENTINEL", verb, name};
        enum err err = connection_ready(sentinel->connection, deadline, reterr);
        if (err == ERR_OK)
                err = connection_command(sentinel->connection, 3, argv, deadline, ret, reterr);
        return err == ERR_OK ? ERR_OK : ERR_TRANSIENT;
}

static enum err check_sentinel(const struct sentinel_answer *sentinel, const char *name, mono_ms deadline,
                               struct errmsg *reterr)
{
        CLEANUP(free_reply) redisReply *quorum = NULL;
        CLEANUP(free_reply) redisReply *failover = NULL;
        enum err err = ask(sentinel, "CKQUORUM", name, deadline, &quorum, reterr);
        if (err == ERR_OK)
                err = ask(sentinel, "FAILOVER", NO_NAME, deadline, &failover, reterr);
        if (err != ERR_OK)
                return err;
        const char *server = connection_server(sentinel->connection);
        if (quorum->type == REDIS_REPLY_ERROR && text_has_prefix(quorum->str, "NOQUORUM"))
                return err_set(reterr, ERR_INVALID, "Sentinel %s has no quorum, so it would promote nobody: %.200s",
                               server, quorum->str);
        if (quorum->type == REDIS_REPLY_ERROR)
                return connection_refusal(sentinel->connection, quorum, reterr);
        if (failover->type == REDIS_REPLY_ERROR && !strstr(failover->str, "No such master"))
                return connection_refusal(sentinel->connection, failover, reterr);
        return ERR_OK;
}

/* A replica that cannot be reached now accuses nobody; one that refuses the operator would do so in a switch, too. */
static enum err check_value(struct sentinel_session *self, const struct sentinel_answer *first, const char *value,
                            mono_ms deadline, struct errmsg *reterr)
{
        const struct sentinel_choice choice = sentinel_choose(first, value);
        struct node node;
        if (target_is_wanted(TARGET_PROMOTION, value, first->primary))
                return ERR_OK;
        if (!choice.wanted)
                return ERR_OK; /* a look tells that */
        enum err err = connection_point(self->node, choice.wanted->address, reterr);
        if (err == ERR_OK)
                err = node_look(self->node, deadline, &node, reterr);
        return err == ERR_TRANSIENT ? ERR_OK : err;
}

enum err sentinel_preflight(struct sentinel_session *self, const struct target_preflight *preflight,
                            struct errmsg *reterr)
{
        struct sentinel_view view = {0};
        enum err err =
            sentinel_group_ask(self->group, preflight->name, net_share(preflight->deadline, 2), &view, reterr);
        if (err != ERR_OK)
                return ERR_TRANSIENT; /* a read reports the reason */
        err = check_sentinel(view.answers, preflight->name, net_share(preflight->deadline, 2), reterr);
        for (size_t i = 0; i < preflight->value_count && err == ERR_OK; i++)
                err = check_value(self, view.answers, preflight->values[i],
                                  net_share(preflight->deadline, (unsigned)(preflight->value_count - i)), reterr);
        sentinel_view_clear(&view);
        return err;
}
