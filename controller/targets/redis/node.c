/* node.c -- ROLE, INFO replication, and a write that changes nothing. */
#include "targets/redis/node.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

static enum err ask(struct connection *connection, int argc, const char *const *argv, mono_ms deadline,
                    redisReply **ret, struct errmsg *reterr)
{
        enum err err = connection_ready(connection, deadline, reterr);
        if (err == ERR_OK)
                err = connection_command(connection, argc, argv, deadline, ret, reterr);
        if (err != ERR_OK)
                return err == ERR_UNKNOWN ? ERR_TRANSIENT : err; /* none of the commands changes anything */
        return (*ret)->type == REDIS_REPLY_ERROR ? connection_refusal(connection, *ret, reterr) : ERR_OK;
}

/* The text after "\n@name:" in what INFO answers; NULL: there is no such line. */
static const char *line_of(const char *info, const char *name)
{
        const size_t bytes = strlen(name);
        for (const char *at = info; at; at = strchr(at, '\n')) {
                at += *at == '\n';
                if (strncmp(at, name, bytes) == 0 && at[bytes] == ':')
                        return at + bytes + 1;
        }
        return NULL;
}

static int64_t number_of(const char *info, const char *name)
{
        const char *text = line_of(info, name);
        return text ? strtoll(text, NULL, 10) : 0;
}

struct node node_of_info(const char *info, bool is_primary)
{
        const char *link = line_of(info, "master_link_status");
        const bool is_linked = link && text_has_prefix(link, "up");
        /* A primary without data begins at 0, so that a replica in sync with it may be there too. */
        const bool has_nothing =
            number_of(info, "master_sync_in_progress") != 0 || number_of(info, "slave_repl_offset") <= 1;
        return (struct node){.is_primary = is_primary, .is_empty = !is_primary && !is_linked && has_nothing};
}

enum err node_look(struct connection *connection, mono_ms deadline, struct node *ret, struct errmsg *reterr)
{
        static const char *const role_command[] = {"ROLE"};
        static const char *const info_command[] = {"INFO", "replication"};
        CLEANUP(free_reply) redisReply *role = NULL;
        CLEANUP(free_reply) redisReply *info = NULL;
        enum err err = ask(connection, 1, role_command, deadline, &role, reterr);
        if (err == ERR_OK)
                err = ask(connection, 2, info_command, deadline, &info, reterr);
        if (err != ERR_OK)
                return err;
        const bool has_role = role->type == REDIS_REPLY_ARRAY && role->elements > 0 && reply_is_text(role->element[0]);
        if (!has_role || !reply_is_text(info) || strlen(info->str) != info->len)
                return err_set(reterr, ERR_INVALID, "%s: answers that ROLE and INFO never give: is this Redis?",
                               connection_server(connection));
        if (text_equal(role->element[0]->str, "sentinel"))
                return err_set(reterr, ERR_INVALID, "%s: it is a Sentinel, not a data node",
                               connection_server(connection));
        *ret = node_of_info(info->str, text_equal(role->element[0]->str, "master"));
        return ERR_OK;
}

enum err node_probe_write(struct connection *connection, mono_ms deadline, struct errmsg *reterr)
{
        static const char *const command[] = {"SET", NODE_PROBE_KEY, "", "XX"};
        CLEANUP(free_reply) redisReply *reply = NULL;
        return ask(connection, 4, command, deadline, &reply, reterr);
}
