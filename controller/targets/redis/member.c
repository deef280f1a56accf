/* member.c -- INFO, REPLICAOF and FAILOVER of one server. */
#include "targets/redis/member.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { PROBE_MS = 1000, HAND_OVER_MS = 3000, PARTS_BYTES = 256 };

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

/* The value of the line "@name:..." of @info up to its end; "" where there is none. */
static bool field_of(const char *info, const char *name, char *ret, size_t size)
{
        const size_t name_bytes = strlen(name);
        ret[0] = '\0';
        for (const char *line = info; *line;) {
                const size_t bytes = strcspn(line, "\r\n");
                if (bytes > name_bytes && memcmp(line, name, name_bytes) == 0 && line[name_bytes] == ':') {
                        (void)snprintf(ret, size, "%.*s", (int)(bytes - name_bytes - 1), line + name_bytes + 1);
                        return true;
                }
                line += bytes;
                line += strspn(line, "\r\n");
        }
        return false;
}

static bool is_field(const char *info, const char *name, const char *value)
{
        char text[PARTS_BYTES];
        return field_of(info, name, text, sizeof(text)) && text_equal(text, value);
}

static int64_t number_of(const char *info, const char *name, int64_t fallback)
{
        char text[PARTS_BYTES];
        return field_of(info, name, text, sizeof(text)) ? strtoll(text, NULL, 10) : fallback;
}

/* As an endpoint of the spec is written, so that the texts can be compared. */
static void endpoint_text(const char *host, const char *port, char *ret, size_t size)
{
        const bool is_v6 = strchr(host, ':');
        (void)snprintf(ret, size, "%s%.250s%s:%.5s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

/* The fields of @ret that INFO replication tells. */
static void parse(const char *info, struct member *ret)
{
        char host[PARTS_BYTES], port[PARTS_BYTES], state[PARTS_BYTES];
        ret->is_primary = is_field(info, "role", "master");
        /* The field is there where both min-replicas-to-write and min-replicas-max-lag are set: no right to CONFIG. */
        ret->stops_alone = field_of(info, "min_slaves_good_slaves", state, sizeof(state));
        ret->replicas = number_of(info, "connected_slaves", 0);
        ret->is_read_only = !ret->is_primary && !is_field(info, "slave_read_only", "0");
        ret->is_linked = !ret->is_primary && is_field(info, "master_link_status", "up");
        ret->unlinked_s = ret->is_linked ? 0 : number_of(info, "master_link_down_since_seconds", -1);
        /* Where the link never was up there is nothing of that primary, and a full copy begins by dropping all. */
        ret->is_empty = !ret->is_primary && !ret->is_linked &&
                        (ret->unlinked_s < 0 || number_of(info, "master_sync_in_progress", 0) != 0);
        if (!field_of(info, "master_replid", ret->stream, sizeof(ret->stream)) || !ret->stream[0])
                (void)TEXT_COPY(ret->stream, "-");
        ret->offset = number_of(info, ret->is_primary ? "master_repl_offset" : "slave_repl_offset", 0);
        ret->is_handing_over = field_of(info, "master_failover_state", state, sizeof(state)) &&
                               !text_equal(state, "no-failover");
        ret->follows[0] = '\0';
        if (!ret->is_primary && field_of(info, "master_host", host, sizeof(host)) &&
            field_of(info, "master_port", port, sizeof(port)))
                endpoint_text(host, port, ret->follows, sizeof(ret->follows));
}

static enum err refusal(const struct member *member, const char *command, const char *error, struct errmsg *reterr)
{
        if (strstr(error, "NOPERM"))
                return err_set(reterr, ERR_DENIED, "%s: its user may not %s: grant %s", member->address, command,
                               member->grants);
        if (strstr(error, "cluster mode"))
                return err_set(reterr, ERR_INVALID,
                               "%s: it is in cluster mode, where the cluster moves its primaries itself: leave "
                               "redis.promotion out, or name a server without cluster mode",
                               member->address);
        return reply_error(member->address, error, reterr);
}

/* @changes: one that is not answered may have been carried out. */
static enum err run(struct member *member, int argc, const char *const *argv, bool changes, mono_ms deadline,
                    redisReply **ret, struct errmsg *reterr)
{
        enum err err = connection_ready(member->connection, deadline, reterr);
        if (err == ERR_OK)
                err = connection_command(member->connection, argc, argv, deadline, ret, reterr);
        if (err == ERR_UNKNOWN && !changes)
                return ERR_TRANSIENT;
        if (err == ERR_INVALID && changes)
                return ERR_UNKNOWN;
        if (err != ERR_OK)
                return err;
        return (*ret)->type == REDIS_REPLY_ERROR ? refusal(member, argv[0], (*ret)->str, reterr) : ERR_OK;
}

static enum err info_of(struct member *member, const char *section, mono_ms deadline, char **ret,
                        struct errmsg *reterr)
{
        const char *argv[] = {"INFO", section};
        CLEANUP(free_reply) redisReply *reply = NULL;
        enum err err = run(member, 2, argv, false, deadline, &reply, reterr);
        if (err != ERR_OK)
                return err;
        if (reply->type != REDIS_REPLY_STRING || strlen(reply->str) != reply->len)
                return err_set(reterr, ERR_INVALID, "%s: an answer that INFO never gives: is this a Redis server?",
                               member->address);
        *ret = mem_strdup(reply->str);
        return ERR_OK;
}

/*
 * SET with XX of a key that is never there changes nothing, is refused wherever a write is (-READONLY, -MISCONF,
 * -NOREPLICAS, -OOM) and held as long as writes are held.
 */
static enum err probe(struct member *member, mono_ms deadline, struct errmsg *reterr)
{
        static const char *const argv[] = {"SET", MEMBER_PROBE_KEY, "", "XX"};
        CLEANUP(free_reply) redisReply *reply = NULL;
        const mono_ms most = clock_mono() + PROBE_MS;
        return run(member, 4, argv, false, deadline < most ? deadline : most, &reply, reterr);
}

void member_look(struct member *member, mono_ms deadline)
{
        CLEANUP(cleanup_free) char *cluster = NULL;
        struct errmsg why = {0};
        free(member->info);
        member->info = NULL;
        member->takes_writes = false;
        member->err = info_of(member, "replication", deadline, &member->info, &member->why);
        if (member->err == ERR_OK)
                member->err = info_of(member, "cluster", deadline, &cluster, &member->why);
        if (member->err != ERR_OK)
                return;
        parse(member->info, member);
        member->is_cluster = is_field(cluster, "cluster_enabled", "1");
        if (!member->is_primary)
                return;
        const enum err written = probe(member, deadline, &why);
        member->takes_writes = written == ERR_OK;
        if (written != ERR_OK)
                member->why = why;
        if (written == ERR_DENIED)
                member->err = written;
}

static bool resolves_to(const struct member *member, const char *host, const char *port, mono_ms deadline)
{
        struct net_endpoint endpoint;
        struct net_addresses addresses;
        if (net_endpoint_parse(member->address, 0, &endpoint, NULL) != ERR_OK || !text_equal(endpoint.port, port) ||
            net_look_up(&endpoint, deadline, &addresses, NULL) != ERR_OK)
                return false;
        for (unsigned i = 0; i < addresses.count; i++)
                if (net_address_is(&addresses.list[i], host))
                        return true;
        return false;
}

bool member_is_at(const struct member *member, const char *address, mono_ms deadline)
{
        struct net_endpoint endpoint;
        if (text_equal(member->address, address))
                return true;
        return net_endpoint_parse(address, 0, &endpoint, NULL) == ERR_OK &&
               resolves_to(member, endpoint.host, endpoint.port, deadline);
}

/* The next "slaveN:ip=...,port=..." at or after @line; NULL: there is none. */
static const char *next_replica(const char *line, char host[PARTS_BYTES], char port[PARTS_BYTES])
{
        for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                unsigned number;
                if (sscanf(line, "slave%u:ip=%255[^,],port=%5[0-9]", &number, host, port) == 3)
                        return line + strcspn(line, "\n");
        }
        return NULL;
}

bool member_known_as(const struct member *primary, const struct member *member, mono_ms deadline,
                     struct net_endpoint *ret)
{
        char host[PARTS_BYTES], port[PARTS_BYTES], only[2 * PARTS_BYTES] = "", text[2 * PARTS_BYTES];
        unsigned count = 0;
        for (const char *at = primary->info; (at = next_replica(at, host, port));) {
                endpoint_text(host, port, text, sizeof(text));
                count++;
                (void)TEXT_COPY(only, text);
                if (member_is_at(member, text, deadline))
                        return net_endpoint_parse(text, 0, ret, NULL) == ERR_OK;
        }
        /* Behind an address of its own, the one replica that there is must be the one that has its link there. */
        return count == 1 && member->is_linked && member_is_at(primary, member->follows, deadline) &&
               net_endpoint_parse(only, 0, ret, NULL) == ERR_OK;
}

enum err member_promote(struct member *member, mono_ms deadline, struct errmsg *reterr)
{
        static const char *const argv[] = {"REPLICAOF", "NO", "ONE"};
        CLEANUP(free_reply) redisReply *reply = NULL;
        return run(member, 3, argv, true, deadline, &reply, reterr);
}

enum err member_follow(struct member *member, const char *primary, mono_ms deadline, struct errmsg *reterr)
{
        struct net_endpoint to;
        CLEANUP(free_reply) redisReply *reply = NULL;
        enum err err = net_endpoint_parse(primary, 0, &to, reterr);
        if (err != ERR_OK)
                return err;
        const char *argv[] = {"REPLICAOF", to.host, to.port};
        return run(member, 3, argv, true, deadline, &reply, reterr);
}

enum err member_hand_over(struct member *primary, const struct net_endpoint *to, mono_ms deadline,
                          struct errmsg *reterr)
{
        char timeout[24];
        const mono_ms left = (deadline - clock_mono()) / 2;
        const mono_ms most = left < HAND_OVER_MS ? left : HAND_OVER_MS;
        (void)snprintf(timeout, sizeof(timeout), "%" PRId64, most > 0 ? most : 1);
        const char *argv[] = {"FAILOVER", "TO", to->host, to->port, "TIMEOUT", timeout};
        CLEANUP(free_reply) redisReply *reply = NULL;
        return run(primary, 6, argv, true, deadline, &reply, reterr);
}

void member_clear(struct member *member)
{
        connection_free(member->connection);
        free(member->info);
        *member = (struct member){0};
}
