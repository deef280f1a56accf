/* sentinel_answer.c -- the replies to SENTINEL MASTER and its sisters. */
#include "targets/redis/sentinel_answer.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

void sentinel_answer_clear(struct sentinel_answer *answer)
{
        free(answer->replicas);
        *answer = (struct sentinel_answer){0};
}

bool sentinel_address(const char *host, const char *port, char ret_text[static SENTINEL_ADDRESS_BYTES])
{
        const bool is_v6 = strchr(host, ':') != NULL;
        char text[SENTINEL_ADDRESS_BYTES], plain[INET6_ADDRSTRLEN];
        unsigned char bytes[sizeof(struct in6_addr)];
        if (is_v6 && (inet_pton(AF_INET6, host, bytes) != 1 || !inet_ntop(AF_INET6, bytes, plain, sizeof(plain))))
                return false;
        const int printed = snprintf(text, sizeof(text), is_v6 ? "[%s]:%s" : "%s:%s", is_v6 ? plain : host, port);
        struct net_endpoint endpoint;
        if (printed < 0 || (size_t)printed >= sizeof(text) || net_endpoint_parse(text, 0, &endpoint, NULL) != ERR_OK)
                return false;
        for (char *at = endpoint.text; *at; at++)
                *at = (char)tolower((unsigned char)*at);
        (void)text_copy(ret_text, SENTINEL_ADDRESS_BYTES, endpoint.text);
        return true;
}

/* The value of @name in a flat list of names and values; NULL: it is not there, or is no text. */
static const char *field(const redisReply *pairs, const char *name)
{
        for (size_t i = 0; i + 1 < pairs->elements; i += 2)
                if (reply_is_text(pairs->element[i]) && text_equal(pairs->element[i]->str, name))
                        return reply_is_text(pairs->element[i + 1]) ? pairs->element[i + 1]->str : NULL;
        return NULL;
}

static int64_t number(const redisReply *pairs, const char *name)
{
        const char *text = field(pairs, name);
        const int64_t value = text ? strtoll(text, NULL, 10) : 0;
        return value > 0 ? value : 0;
}

/* Whether "slave,s_down,disconnected" has @flag. */
static bool has_flag(const redisReply *pairs, const char *flag)
{
        const char *flags = field(pairs, "flags");
        const size_t bytes = strlen(flag);
        for (const char *at = flags; at; at = strchr(at, ',')) {
                at += *at == ',';
                if (strncmp(at, flag, bytes) == 0 && (at[bytes] == ',' || at[bytes] == '\0'))
                        return true;
        }
        return false;
}

static bool parse_replica(const redisReply *pairs, struct sentinel_replica *ret)
{
        if (pairs->type != REDIS_REPLY_ARRAY)
                return false;
        const char *host = field(pairs, "ip"), *port = field(pairs, "port");
        const int64_t priority = number(pairs, "slave-priority");
        *ret = (struct sentinel_replica){
            .is_down = has_flag(pairs, "s_down") || has_flag(pairs, "o_down") || has_flag(pairs, "disconnected"),
            .says_primary = text_equal(field(pairs, "role-reported"), "master"),
            .priority = priority < INT32_MAX ? (unsigned)priority : INT32_MAX};
        return host && port && sentinel_address(host, port, ret->address);
}

/* One that cannot be understood is left out: it can be neither promoted nor watched. */
static bool parse_replicas(const redisReply *reply, struct sentinel_answer *to)
{
        if (reply->type != REDIS_REPLY_ARRAY)
                return false;
        to->replicas = mem_calloc(reply->elements + 1, sizeof(*to->replicas));
        for (size_t i = 0; i < reply->elements; i++)
                to->replica_count += parse_replica(reply->element[i], &to->replicas[to->replica_count]) ? 1 : 0;
        return true;
}

static bool parse_primary(const redisReply *address, const redisReply *pairs, struct sentinel_answer *to)
{
        if (address->type != REDIS_REPLY_ARRAY || address->elements != 2 || pairs->type != REDIS_REPLY_ARRAY)
                return false;
        const redisReply *const *part = (const redisReply *const *)address->element;
        const char *host = field(pairs, "ip"), *port = field(pairs, "port");
        char former[SENTINEL_ADDRESS_BYTES];
        if (!host || !port || !sentinel_address(host, port, former) || !reply_is_text(part[0]) ||
            !reply_is_text(part[1]) || !sentinel_address(part[0]->str, part[1]->str, to->primary))
                return false;
        to->config_epoch = (uint64_t)number(pairs, "config-epoch");
        to->is_failing_over = has_flag(pairs, "failover_in_progress");
        to->is_promoted = to->is_failing_over && !text_equal(former, to->primary);
        to->is_agreed_down = has_flag(pairs, "o_down");
        to->agreed_down_ms = number(pairs, "o-down-time");
        to->primary_ms = number(pairs, "role-reported-time");
        to->failover_timeout_ms = number(pairs, "failover-timeout");
        return field(pairs, "flags") != NULL;
}

static enum err refused(const struct connection *connection, const redisReply *reply, const char *name,
                        struct errmsg *reterr)
{
        const char *server = connection_server(connection);
        if (strstr(reply->str, "No such master"))
                return err_set(reterr, ERR_INVALID,
                               "%s: it watches no primary \"%.60s\": check " SENTINEL_FIELD ".masterName",
                               server, name);
        if (strstr(reply->str, "nknown command"))
                return err_set(reterr, ERR_INVALID,
                               "%s: it is not a Sentinel: " SENTINEL_FIELD ".addresses wants those of the Sentinels, "
                               "usually at port 26379",
                               server);
        return connection_refusal(connection, reply, reterr);
}

enum question { QUESTION_ADDRESS, QUESTION_PRIMARY, QUESTION_REPLICAS, QUESTION_ID, QUESTION_COUNT };

/* All are sent before the first reply is awaited. */
static enum err ask_all(struct connection *connection, const char *name, mono_ms deadline,
                        redisReply *ret[static QUESTION_COUNT], struct errmsg *reterr)
{
        static const char *const commands[QUESTION_COUNT] = {
            [QUESTION_ADDRESS] = "GET-MASTER-ADDR-BY-NAME",
            [QUESTION_PRIMARY] = "MASTER",
            [QUESTION_REPLICAS] = "REPLICAS",
            [QUESTION_ID] = "MYID",
        };
        const char *argv[QUESTION_COUNT][3];
        struct connection_request requests[QUESTION_COUNT];
        for (unsigned i = 0; i < QUESTION_COUNT; i++) {
                argv[i][0] = "SENTINEL";
                argv[i][1] = commands[i];
                argv[i][2] = name;
                requests[i] = (struct connection_request){i == QUESTION_ID ? 2 : 3, argv[i]};
        }
        enum err err = connection_ready(connection, deadline, reterr);
        if (err == ERR_OK)
                err = connection_send_all(connection, requests, QUESTION_COUNT, deadline, reterr);
        for (unsigned i = 0; i < QUESTION_COUNT && err == ERR_OK; i++)
                err = connection_receive(connection, deadline, &ret[i], reterr);
        return err == ERR_UNKNOWN ? ERR_TRANSIENT : err; /* nothing was changed */
}

static enum err parse(const struct connection *connection, const char *name,
                      redisReply *const replies[static QUESTION_COUNT], struct sentinel_answer *to,
                      struct errmsg *reterr)
{
        const redisReply *id = replies[QUESTION_ID]; /* Redis before 6.2 tells none */
        for (unsigned i = 0; i < QUESTION_ID; i++)
                if (replies[i]->type == REDIS_REPLY_ERROR)
                        return refused(connection, replies[i], name, reterr);
        if (replies[QUESTION_ADDRESS]->type == REDIS_REPLY_NIL)
                return err_set(reterr, ERR_TRANSIENT, "%s: it knows no primary for \"%.60s\" yet",
                               connection_server(connection), name);
        if (!parse_primary(replies[QUESTION_ADDRESS], replies[QUESTION_PRIMARY], to) ||
            !parse_replicas(replies[QUESTION_REPLICAS], to))
                return err_set(reterr, ERR_INVALID, "%s: an answer that Sentinel never gives: check " SENTINEL_FIELD
                                                    ".addresses",
                               connection_server(connection));
        (void)TEXT_COPY(to->id, reply_is_text(id) ? id->str : "");
        return ERR_OK;
}

enum err sentinel_answer_ask(struct connection *connection, const char *name, mono_ms deadline,
                             struct sentinel_answer *ret, struct errmsg *reterr)
{
        redisReply *replies[QUESTION_COUNT] = {NULL};
        struct sentinel_answer answer = {.connection = connection};
        enum err err = ask_all(connection, name, deadline, replies, reterr);
        if (err == ERR_OK)
                err = parse(connection, name, replies, &answer, reterr);
        for (unsigned i = 0; i < QUESTION_COUNT; i++)
                free_reply(&replies[i]);
        if (err == ERR_OK)
                *ret = answer;
        else
                sentinel_answer_clear(&answer);
        return err;
}
