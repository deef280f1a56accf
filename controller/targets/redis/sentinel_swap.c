/* sentinel_swap.c -- SENTINEL FAILOVER, and all the reasons not to ask for it. */
#include <stdlib.h>
#include <string.h>

#include "core/target.h"
#include "targets/redis/sentinel_choice.h"
#include "targets/redis/sentinel_session.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { LIST_BYTES = 200 };

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

struct swap {
        struct sentinel_session *session;
        const char *name;
        const char *wanted; /* addresses, a line each */
        mono_ms deadline;
        const struct sentinel_look *look;
};

/* Addresses as a person lists them: "a:6379, b:6379". */
static const char *listed(const struct sentinel_answer *answer, char ret[static LIST_BYTES])
{
        size_t at = 0;
        ret[0] = '\0';
        for (size_t i = 0; i < answer->replica_count && at < LIST_BYTES; i++)
                at += (size_t)snprintf(ret + at, LIST_BYTES - at, "%s%s", i ? ", " : "", answer->replicas[i].address);
        return ret[0] ? ret : "none";
}

static const char *in_one_line(const char *wanted, char ret[static LIST_BYTES])
{
        (void)text_copy(ret, LIST_BYTES, wanted);
        for (char *at = strchr(ret, '\n'); at; at = strchr(at, '\n'))
                *at = ' ';
        return ret;
}

/* ---- who would be promoted ---- */

static enum err wait_for_another(const struct swap *swap, const struct sentinel_choice *choice, struct errmsg *reterr)
{
        const struct sentinel_answer *first = swap->look->view.answers;
        const mono_ms left = first->failover_timeout_ms - first->primary_ms;
        if (left <= 0)
                return ERR_OK;
        return err_set(reterr, ERR_TRANSIENT,
                       "Sentinel may choose %.100s, of the same replica-priority, before %.100s: set replica-priority "
                       "0 in the Redis of other planes; else it is tried again in %lld s (failover-timeout)",
                       choice->other->address, choice->wanted->address, (long long)(left / 1000 + 1));
}

/* Sentinel takes no destination: what it would not choose is not asked for. */
static enum err check_choice(const struct swap *swap, const struct sentinel_choice *choice, struct errmsg *reterr)
{
        const struct sentinel_answer *first = swap->look->view.answers;
        char known[LIST_BYTES], wanted[LIST_BYTES];
        switch (choice->outlook) {
        case OUTLOOK_WANTED:
                return ERR_OK;
        case OUTLOOK_OPEN:
                return wait_for_another(swap, choice, reterr);
        case OUTLOOK_OTHER:
                return err_set(reterr, ERR_INVALID,
                               "Sentinel would choose %.100s (replica-priority %u) before %.100s (%u): set "
                               "replica-priority 0 in the Redis of other planes, or a lower one where it is wanted",
                               choice->other->address, choice->other->priority, choice->wanted->address,
                               choice->wanted->priority);
        case OUTLOOK_DOWN:
                return err_set(reterr, ERR_TRANSIENT, "Sentinel does not reach %.100s, which is to be promoted",
                               choice->wanted->address);
        case OUTLOOK_NEVER:
                return err_set(reterr, ERR_INVALID,
                               "%.100s has replica-priority 0, so Sentinel never promotes it: set another",
                               choice->wanted->address);
        default:
                return err_set(reterr, ERR_INVALID,
                               "Sentinel names the primary %.100s and the replicas %s, and none is the plane's %s: "
                               "write in spec.redis.address of the plane what Sentinel tells, or have it tell that "
                               "(replica-announce-ip, sentinel announce-hostnames)",
                               first->primary, listed(first, known), in_one_line(swap->wanted, wanted));
        }
}

/* Sentinel's own report of it may be ten seconds old. ERR_PENDING: it is promoted already. */
static enum err check_replica(const struct swap *swap, const struct sentinel_replica *replica, struct errmsg *reterr)
{
        struct connection *connection = swap->session->node;
        struct node node;
        enum err err = connection_point(connection, replica->address, reterr);
        if (err == ERR_OK)
                err = node_look(connection, net_share(swap->deadline, 2), &node, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "the Redis to be promoted");
        if (node.is_primary)
                return err_set(reterr, ERR_PENDING, "%s is promoted, and Sentinel does not name it yet",
                               replica->address);
        if (node.is_empty)
                return err_set(reterr, ERR_TRANSIENT,
                               "%s is in its first synchronisation: promoted now, it would be empty, and so would be "
                               "all others after it",
                               replica->address);
        return ERR_OK;
}

/* ---- the order ---- */

static enum err run(const struct swap *swap, const struct sentinel_answer *sentinel, int argc,
                    const char *const *argv, redisReply **ret, struct errmsg *reterr)
{
        enum err err = connection_ready(sentinel->connection, swap->deadline, reterr);
        return err == ERR_OK ? connection_command(sentinel->connection, argc, argv, swap->deadline, ret, reterr) : err;
}

static enum err command(const struct swap *swap, const struct sentinel_answer *sentinel, const char *verb,
                        redisReply **ret, struct errmsg *reterr)
{
        const char *argv[] = {"SENTINEL", verb, swap->name};
        return run(swap, sentinel, 3, argv, ret, reterr);
}

/* A failover that most Sentinels would not agree to would leave two primaries for as long as they are apart. */
static enum err check_quorum(const struct swap *swap, const struct sentinel_answer *sentinel, struct errmsg *reterr)
{
        CLEANUP(free_reply) redisReply *reply = NULL;
        const char *server = connection_server(sentinel->connection);
        enum err err = command(swap, sentinel, "CKQUORUM", &reply, reterr);
        if (err != ERR_OK)
                return err == ERR_UNKNOWN ? ERR_TRANSIENT : err;
        if (reply->type == REDIS_REPLY_ERROR && text_has_prefix(reply->str, "NOQUORUM"))
                return err_set(reterr, ERR_TRANSIENT, "Sentinel %s has no quorum, so nobody is promoted: %.200s",
                               server, reply->str);
        if (reply->type == REDIS_REPLY_ERROR)
                return connection_refusal(sentinel->connection, reply, reterr);
        return reply_is_text(reply) && text_has_prefix(reply->str, "OK")
                   ? ERR_OK
                   : err_set(reterr, ERR_INVALID, "%s: an answer that CKQUORUM never gives", server);
}

/*
 * One that had no CPU for two seconds mistrusts its clock and does nothing for thirty: it takes an order all the same.
 * One whose user may not ask is not held to be so.
 */
static enum err check_attention(const struct swap *swap, const struct sentinel_answer *sentinel, struct errmsg *reterr)
{
        static const char *const argv[] = {"INFO", "sentinel"};
        CLEANUP(free_reply) redisReply *reply = NULL;
        enum err err = run(swap, sentinel, 2, argv, &reply, reterr);
        if (err != ERR_OK)
                return err == ERR_UNKNOWN ? ERR_TRANSIENT : err;
        return reply->type == REDIS_REPLY_STRING && strstr(reply->str, "sentinel_tilt:1")
                   ? err_set(reterr, ERR_TRANSIENT,
                             "Sentinel %s was suspended or late a moment ago and does nothing for 30 s (TILT)",
                             connection_server(sentinel->connection))
                   : ERR_OK;
}

static enum err order_failover(const struct swap *swap, const struct sentinel_answer *sentinel, struct errmsg *reterr)
{
        CLEANUP(free_reply) redisReply *reply = NULL;
        const char *server = connection_server(sentinel->connection);
        enum err err = command(swap, sentinel, "FAILOVER", &reply, reterr);
        if (err == ERR_INVALID)
                return ERR_UNKNOWN; /* it was sent, and the answer cannot be understood */
        if (err != ERR_OK)
                return err;
        if (reply->type != REDIS_REPLY_ERROR)
                return reply_is_text(reply) && text_equal(reply->str, "OK")
                           ? err_set(reterr, ERR_PENDING, "Sentinel %s fails over from %.100s", server,
                                     swap->look->view.primary)
                           : err_set(reterr, ERR_UNKNOWN, "%s: an answer that FAILOVER never gives", server);
        if (text_has_prefix(reply->str, "INPROG"))
                return err_set(reterr, ERR_PENDING, "Sentinel %s has a failover under way", server);
        if (text_has_prefix(reply->str, "NOGOODSLAVE"))
                return err_set(reterr, ERR_TRANSIENT,
                               "Sentinel %s finds no replica fit to promote (%.80s): one must be reachable, of a "
                               "replica-priority other than 0, and not cut off from its primary for longer than ten "
                               "times down-after-milliseconds",
                               server, reply->str);
        return connection_refusal(sentinel->connection, reply, reterr);
}

/* One that is cut off has no quorum, and another has. */
static enum err order(const struct swap *swap, struct errmsg *reterr)
{
        const struct sentinel_view *view = &swap->look->view;
        enum err err = ERR_TRANSIENT;
        for (size_t i = 0; i < view->voters && err != ERR_OK; i++) {
                err = check_quorum(swap, &view->answers[i], reterr);
                if (err == ERR_OK)
                        err = check_attention(swap, &view->answers[i], reterr);
                if (err == ERR_OK)
                        return order_failover(swap, &view->answers[i], reterr);
        }
        return err;
}

static enum err decide(const struct swap *swap, const struct target_state *expected, struct errmsg *reterr)
{
        const struct sentinel_look *look = swap->look;
        const struct sentinel_view *view = &look->view;
        if (look->is_settling)
                return err_set(reterr, ERR_PENDING, "Sentinel has a failover from %.100s under way", view->primary);
        if (target_is_wanted(TARGET_PROMOTION, swap->wanted, view->primary))
                return look->takes_writes ? ERR_OK
                                          : err_set(reterr, ERR_TRANSIENT,
                                                    "Sentinel names the wanted primary, and it takes no writes: %.300s",
                                                    look->why.text);
        /* One that was silent at the look before may take writes by now; one that fell silent since may be left. */
        if (expected->present ? !text_equal(expected->value, view->primary) : look->takes_writes)
                return err_set(reterr, ERR_CONFLICT, "the primary is \"%.100s\" by now", view->primary);
        const struct sentinel_choice choice = sentinel_choose(view->answers, swap->wanted);
        enum err err = check_choice(swap, &choice, reterr);
        if (err == ERR_OK)
                err = check_replica(swap, choice.wanted, reterr);
        return err == ERR_OK ? order(swap, reterr) : err;
}

void sentinel_swap(struct sentinel_session *self, struct target_visit *visit)
{
        struct sentinel_look look;
        visit->err = sentinel_look(self, visit->name, net_share(visit->deadline, 2), &look, &visit->why);
        if (visit->err != ERR_OK)
                return;
        const struct swap swap = {self, visit->name, visit->want->value, visit->deadline, &look};
        visit->err = decide(&swap, visit->expected, &visit->why);
        if (visit->err == ERR_PENDING)
                look.is_settling = true; /* until a read shows what came of it */
        if (visit->err == ERR_OK || visit->err == ERR_PENDING)
                visit->found = sentinel_state_of(self, &look);
        if (visit->err == ERR_OK || visit->err == ERR_PENDING) /* no sample is taken now, and none is forgotten */
                visit->found.version = visit->expected->version ? mem_strdup(visit->expected->version) : NULL;
        sentinel_look_clear(&look);
}
