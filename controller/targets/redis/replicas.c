/* replicas.c -- INFO replication and WAIT. */
#include "targets/redis/replicas.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "util/cleanup.h"

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

/* The text after @name= in a line of fields "ip=10.0.0.7,port=6379,state=online,offset=98,lag=0"; NULL: not there. */
static const char *field_of(const char *line, size_t bytes, const char *name)
{
        size_t name_bytes = strlen(name);
        for (size_t at = 0; at + name_bytes < bytes; at++) {
                bool begins = at == 0 || line[at - 1] == ',' || line[at - 1] == ':';
                if (begins && memcmp(line + at, name, name_bytes) == 0)
                        return line + at + name_bytes;
        }
        return NULL;
}

static bool is_in_sync(const char *line, size_t bytes)
{
        static const char online[] = "online";
        const char *state = field_of(line, bytes, "state=");
        const char *lag = field_of(line, bytes, "lag=");
        if (!state || !lag || strncmp(state, online, sizeof(online) - 1) != 0)
                return false;
        char *end;
        long seconds = strtol(lag, &end, 10);
        return end != lag && seconds >= 0 && seconds <= REPLICAS_LAG_MAX_S;
}

/* "slave0:ip=...": the one form that starts with a number after the word, unlike "slave_repl_offset:". */
static bool is_replica(const char *line, size_t bytes)
{
        static const char word[] = "slave";
        size_t word_bytes = sizeof(word) - 1;
        return bytes > word_bytes && memcmp(line, word, word_bytes) == 0 && line[word_bytes] >= '0' &&
               line[word_bytes] <= '9';
}

unsigned replicas_in_sync(const char *info)
{
        unsigned count = 0;
        for (const char *line = info; *line;) {
                size_t bytes = strcspn(line, "\r\n");
                if (is_replica(line, bytes) && is_in_sync(line, bytes))
                        count++;
                line += bytes;
                line += strspn(line, "\r\n");
        }
        return count;
}

/* A server that cannot or may not say it: the policy can do without, and a person has to say so. */
static enum err refused(struct connection *connection, const redisReply *reply, struct errmsg *reterr)
{
        struct errmsg why;
        enum err err = reply_error(connection_server(connection), reply->str, &why);
        if (err == ERR_TRANSIENT)
                return err_set(reterr, err, "%s", why.text);
        return err_set(reterr, err,
                       "%s: it does not say whether replicas have the lock (%.60s): grant +info +wait, or set "
                       "redis.lock.waitReplicas to 0",
                       connection_server(connection), reply->str);
}

static enum err senseless(const struct connection *connection, const char *command, struct errmsg *reterr)
{
        return err_set(reterr, ERR_INVALID,
                       "%s: an answer that %s never gives: point redis.address at the primary itself, or set "
                       "redis.lock.waitReplicas to 0",
                       connection_server(connection), command);
}

static enum err ask(struct connection *connection, int argc, const char *const *argv, mono_ms deadline,
                    redisReply **ret, struct errmsg *reterr)
{
        enum err err = connection_command(connection, argc, argv, deadline, ret, reterr);
        if (err == ERR_UNKNOWN)
                return ERR_TRANSIENT; /* neither command changes anything */
        if (err != ERR_OK)
                return err;
        return (*ret)->type == REDIS_REPLY_ERROR ? refused(connection, *ret, reterr) : ERR_OK;
}

/* A replica refuses WAIT; it takes no write either, and says so when one comes. */
static enum err count_in_sync(struct connection *connection, unsigned wanted, mono_ms deadline, unsigned *ret_count,
                              bool *ret_primary, struct errmsg *reterr)
{
        static const char *const command[] = {"INFO", "replication"};
        CLEANUP(free_reply) redisReply *reply = NULL;
        enum err err = ask(connection, 2, command, deadline, &reply, reterr);
        if (err != ERR_OK)
                return err;
        if (reply->type != REDIS_REPLY_STRING || strlen(reply->str) != reply->len)
                return senseless(connection, "INFO", reterr);
        unsigned count = replicas_in_sync(reply->str);
        *ret_count = count < wanted ? count : wanted;
        *ret_primary = strstr(reply->str, "role:slave") == NULL;
        return ERR_OK;
}

static enum err wait_for(struct connection *connection, unsigned count, mono_ms deadline, bool *ret_reached,
                         struct errmsg *reterr)
{
        mono_ms left = deadline - clock_mono();
        mono_ms most = left / 2 < REPLICAS_WAIT_MS ? left / 2 : REPLICAS_WAIT_MS;
        char number[sizeof("4294967295")], timeout[sizeof("-9223372036854775808")];
        (void)snprintf(number, sizeof(number), "%u", count);
        (void)snprintf(timeout, sizeof(timeout), "%" PRId64, most > 0 ? most : 1); /* 0 would be for ever */
        const char *command[] = {"WAIT", number, timeout};
        CLEANUP(free_reply) redisReply *reply = NULL;
        enum err err = ask(connection, 3, command, deadline, &reply, reterr);
        if (err != ERR_OK)
                return err;
        if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0)
                return senseless(connection, "WAIT", reterr);
        *ret_reached = reply->integer >= (long long)count;
        return ERR_OK;
}

enum err replicas_count(struct connection *connection, unsigned wanted, mono_ms deadline, unsigned *ret_count,
                        struct errmsg *reterr)
{
        bool ignored, is_primary;
        unsigned count;
        enum err err = count_in_sync(connection, wanted, deadline, &count, &is_primary, reterr);
        if (err == ERR_OK && is_primary)
                err = wait_for(connection, 0, deadline, &ignored, reterr);
        if (err == ERR_OK)
                *ret_count = count;
        return err;
}

enum err replicas_await(struct connection *connection, unsigned wanted, mono_ms deadline, bool *ret_reached,
                        struct errmsg *reterr)
{
        unsigned count;
        bool ignored;
        enum err err = count_in_sync(connection, wanted, deadline, &count, &ignored, reterr);
        return err == ERR_OK ? wait_for(connection, count, deadline, ret_reached, reterr) : err;
}
