/* redis_servers.c -- replicated Redis in memory, and the connections to it. */
#include "redis_servers.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jobs.h"
#include "judge.h"
#include "reconcile/policy.h"
#include "registers_parts.h"
#include "targets/redis/connection.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { TICK_MS = 100, COPY_MS = 1500, WRITES_A_TICK = 100, INFO_BYTES = 2000 };

struct server {
        bool is_primary, has_copy, is_linked, was_linked, is_copying;
        unsigned follows;
        uint64_t stream;
        int64_t offset;
        vtime_us unlinked_at, copied_at, primary_at; /* primary_at: when it last was seen to be */
        int cuts, held_copies, deaths;
};

static struct {
        struct server list[WORLD_PLANES_MAX];
        uint64_t streams;
} servers;

static const char *const addresses[WORLD_PLANES_MAX] = {"192.0.2.61:6379", "192.0.2.62:6379", "192.0.2.63:6379"};

const char *redis_servers_address(unsigned plane)
{
        return addresses[plane];
}

int redis_servers_find(const char *address)
{
        for (unsigned i = 0; address && i < world.plane_count; i++)
                if (strcmp(addresses[i], address) == 0)
                        return (int)i;
        return -1;
}

/* ---- what goes on among them ---- */

static bool is_up(unsigned plane)
{
        const struct trouble *trouble = &world.places[AT_PLANE_REDIS + plane];
        return servers.list[plane].deaths == 0 && trouble->silent <= 0 && trouble->refused <= 0;
}

static void unlink(struct server *server)
{
        if (server->is_linked)
                server->unlinked_at = vtime_now();
        server->is_linked = server->is_copying = false;
}

/* One that has its primary's stream goes on where it was; another one needs all of it. */
static void follow(struct server *server, const struct server *primary)
{
        if (server->is_linked && server->stream == primary->stream) {
                server->offset = primary->offset;
                return;
        }
        if (server->stream != primary->stream && !server->is_copying) {
                unlink(server);
                server->is_copying = true;
                server->copied_at = vtime_now() + (vtime_us)COPY_MS * VTIME_MS;
        }
        if (server->is_copying && (server->held_copies > 0 || vtime_now() < server->copied_at))
                return;
        server->is_copying = false;
        server->is_linked = server->was_linked = server->has_copy = true;
        server->stream = primary->stream;
        server->offset = primary->offset;
}

static void tick(void *ctx)
{
        (void)ctx;
        if (vtime_is_over())
                return;
        for (unsigned i = 0; i < world.plane_count; i++)
                if (servers.list[i].is_primary && is_up(i))
                        servers.list[i].offset += WRITES_A_TICK;
        for (unsigned i = 0; i < world.plane_count; i++) {
                struct server *server = &servers.list[i];
                if (server->is_primary) {
                        server->primary_at = vtime_now();
                        continue;
                }
                const struct server *primary = &servers.list[server->follows];
                const bool flows = server->deaths == 0 && is_up(server->follows) && server->cuts <= 0 && primary->cuts <= 0;
                if (flows && primary->has_copy && (primary->is_primary || primary->is_linked))
                        follow(server, primary);
                else
                        unlink(server);
        }
        vtime_at(vtime_now() + (vtime_us)TICK_MS * VTIME_MS, tick, NULL);
}

void redis_servers_begin(void)
{
        memset(&servers, 0, sizeof(servers));
        if (!world.policies[0].is_promoted)
                return;
        servers.streams = 1;
        for (unsigned i = 0; i < world.plane_count; i++)
                servers.list[i] = (struct server){.is_primary = i == 0,
                                                  .has_copy = true,
                                                  .is_linked = i != 0,
                                                  .was_linked = i != 0,
                                                  .stream = servers.streams,
                                                  .offset = 1000};
        tick(NULL);
}

void redis_servers_die(unsigned plane)
{
        servers.list[plane].deaths++;
        world.places[AT_PLANE_REDIS + plane].refused++;
}

void redis_servers_come_back(unsigned plane)
{
        struct server *server = &servers.list[plane];
        const int cuts = server->cuts, held = server->held_copies;
        const bool was_primary = server->is_primary;
        world.places[AT_PLANE_REDIS + plane].refused--;
        if (--server->deaths > 0)
                return;
        *server = (struct server){.is_primary = plane == 0 || was_primary,
                                  .has_copy = plane == 0 || was_primary,
                                  .stream = ++servers.streams,
                                  .cuts = cuts,
                                  .held_copies = held};
        bool is_replaced = false;
        for (unsigned i = 0; i < world.plane_count; i++)
                is_replaced |= i != plane && servers.list[i].is_primary;
        if (!is_replaced && was_primary) { /* what it had is lost */
                registers.lock_before[0] = (struct reg){0};
                registers_lose_lock(0);
        }
}

void redis_servers_cut(unsigned plane, int more)
{
        servers.list[plane].cuts += more;
}

void redis_servers_hold_copies(unsigned plane, int more)
{
        servers.list[plane].held_copies += more;
}

void redis_servers_put_back(unsigned plane)
{
        struct server *server = &servers.list[plane];
        if (!server->is_primary) {
                server->stream = ++servers.streams;
                server->is_primary = server->has_copy = true;
                server->is_linked = server->is_copying = false;
        }
        for (unsigned i = 0; i < world.plane_count; i++)
                if (i != plane && (servers.list[i].is_primary || servers.list[i].follows != plane)) {
                        servers.list[i].is_primary = servers.list[i].is_linked = servers.list[i].was_linked = false;
                        servers.list[i].follows = plane;
                }
}

bool redis_servers_is_primary(unsigned plane)
{
        return servers.list[plane].is_primary;
}

bool redis_servers_was_primary(unsigned plane, vtime_us since)
{
        return servers.list[plane].is_primary || servers.list[plane].primary_at >= since;
}

bool redis_servers_follow(unsigned plane)
{
        const struct server *primary = &servers.list[plane];
        bool all = primary->is_primary;
        for (unsigned i = 0; i < world.plane_count; i++)
                all &= i == plane || (!servers.list[i].is_primary && servers.list[i].is_linked &&
                                      servers.list[i].stream == primary->stream);
        return all;
}

/* ---- commands ---- */

static redisReply *reply_of(int type, const char *text)
{
        redisReply *reply = calloc(1, sizeof(*reply)); /* as hiredis frees it */
        INVARIANT(reply);
        reply->type = type;
        if (!text)
                return reply;
        reply->len = strlen(text);
        reply->str = strdup(text);
        INVARIANT(reply->str);
        return reply;
}

static redisReply *info(unsigned which)
{
        const struct server *server = &servers.list[which];
        struct strbuf text = STRBUF_INIT(INFO_BYTES);
        const long long down_s = server->was_linked ? (vtime_now() - server->unlinked_at) / VTIME_S : -1;
        (void)strbuf_printf(&text, "# Replication\r\nrole:%s\r\n", server->is_primary ? "master" : "slave");
        if (!server->is_primary)
                (void)strbuf_printf(&text,
                                    "master_host:192.0.2.%u\r\nmaster_port:6379\r\nmaster_link_status:%s\r\n"
                                    "master_sync_in_progress:%d\r\nslave_repl_offset:%" PRId64 "\r\nslave_read_only:1\r\n",
                                    61 + server->follows, server->is_linked ? "up" : "down", server->is_copying,
                                    server->offset);
        if (!server->is_primary && !server->is_linked)
                (void)strbuf_printf(&text, "master_link_down_since_seconds:%lld\r\n", down_s);
        for (unsigned i = 0, number = 0; i < world.plane_count; i++)
                if (!servers.list[i].is_primary && servers.list[i].follows == which && servers.list[i].is_linked)
                        (void)strbuf_printf(&text, "slave%u:ip=192.0.2.%u,port=6379,state=online,offset=%" PRId64 ",lag=0\r\n",
                                            number++, 61 + i, servers.list[i].offset);
        (void)strbuf_printf(&text,
                            "master_failover_state:no-failover\r\nmaster_replid:%016" PRIx64 "\r\n"
                            "master_repl_offset:%" PRId64 "\r\n",
                            server->stream, server->offset);
        redisReply *reply = reply_of(REDIS_REPLY_STRING, strbuf_text(&text));
        strbuf_deinit(&text);
        return reply;
}

static void make_primary(unsigned which, uint64_t epoch, bool is_same_stream)
{
        struct server *server = &servers.list[which];
        judge_promoted(which, epoch, server->has_copy);
        if (!server->is_primary && !is_same_stream)
                server->stream = ++servers.streams;
        server->is_primary = server->has_copy = true;
        server->is_linked = server->is_copying = false;
        server->primary_at = vtime_now();
}

static void make_replica(unsigned which, unsigned primary)
{
        struct server *server = &servers.list[which];
        if (!server->is_primary && server->follows == primary)
                return;
        server->is_primary = server->is_linked = server->was_linked = server->is_copying = false;
        server->follows = primary;
}

static redisReply *replicate(unsigned which, const char *host, const char *port, uint64_t epoch)
{
        char address[64];
        (void)snprintf(address, sizeof(address), "%.40s:%.10s", host, port);
        const int primary = redis_servers_find(address);
        if (text_equal(host, "NO"))
                make_primary(which, epoch, false);
        else if (primary >= 0 && (unsigned)primary != which)
                make_replica(which, (unsigned)primary);
        else
                return reply_of(REDIS_REPLY_ERROR, "ERR Invalid master");
        return reply_of(REDIS_REPLY_STATUS, "OK");
}

static redisReply *hand_over(unsigned which, const char *host, const char *port, uint64_t epoch)
{
        char address[64];
        (void)snprintf(address, sizeof(address), "%.40s:%.10s", host, port);
        const int to = redis_servers_find(address);
        struct server *from = &servers.list[which];
        if (to < 0 || !from->is_primary || servers.list[to].follows != which || !servers.list[to].is_linked)
                return reply_of(REDIS_REPLY_ERROR, "ERR FAILOVER target HOST and PORT is not a replica.");
        servers.list[to].offset = from->offset;
        make_primary((unsigned)to, epoch, true);
        make_replica(which, (unsigned)to);
        return reply_of(REDIS_REPLY_STATUS, "OK");
}

static redisReply *carry_out(unsigned which, int argc, const char *const *argv, uint64_t epoch)
{
        if (text_equal(argv[0], "INFO"))
                return text_equal(argv[1], "replication") ? info(which)
                                                          : reply_of(REDIS_REPLY_STRING, "cluster_enabled:0\r\n");
        if (text_equal(argv[0], "SET"))
                return servers.list[which].is_primary
                           ? reply_of(REDIS_REPLY_NIL, NULL)
                           : reply_of(REDIS_REPLY_ERROR, "READONLY You can't write against a read only replica.");
        if (text_equal(argv[0], "EVAL"))
                return reply_of(REDIS_REPLY_STRING, "may");
        if (text_equal(argv[0], "REPLICAOF"))
                return replicate(which, argv[1], argv[2], epoch);
        if (text_equal(argv[0], "FAILOVER") && argc > 3)
                return hand_over(which, argv[2], argv[3], epoch);
        return reply_of(REDIS_REPLY_ERROR, "ERR unknown command");
}

/* ---- connections ---- */

struct connection {
        char address[64];
        int which;      /* -1: nobody is there */
        uint64_t epoch; /* of the record that the operator had when it began */
};

static uint64_t epoch_of(struct host *host)
{
        const struct policy *policy = policy_obtain(&host->manager, NAMESPACE, world.policies[0].name);
        return policy->keeper.record ? policy->keeper.record->epoch : 0;
}

enum err connection_new_for(const struct connection_words *words, const struct target_config *config,
                            struct connection **ret, struct errmsg *reterr)
{
        struct connection *self = mem_new(self);
        (void)words;
        self->epoch = epoch_of(host_current);
        const char *address = target_setting_find(config, "address");
        *ret = self;
        return connection_point(self, address ? address : "", reterr);
}

enum err connection_new(const struct target_config *config, struct connection **ret, struct errmsg *reterr)
{
        return connection_new_for(NULL, config, ret, reterr);
}

enum err connection_point(struct connection *connection, const char *address, struct errmsg *reterr)
{
        (void)reterr;
        (void)TEXT_COPY(connection->address, address);
        connection->which = redis_servers_find(address);
        return ERR_OK;
}

void connection_free(struct connection *connection)
{
        free(connection);
}

const char *connection_server(const struct connection *connection)
{
        return connection->address;
}

enum err connection_refusal(const struct connection *connection, const redisReply *reply, struct errmsg *reterr)
{
        return err_set(reterr, ERR_TRANSIENT, "%s: %.100s", connection->address, reply->str ? reply->str : "");
}

enum err connection_ready(struct connection *connection, mono_ms deadline, struct errmsg *reterr)
{
        (void)connection;
        (void)deadline;
        (void)reterr;
        return ERR_OK;
}

/* A command that arrives after its sender has given up. */
struct late_command {
        unsigned which;
        uint64_t epoch;
        char words[4][64];
        int count;
};

static void arrive_late(void *ctx)
{
        struct late_command *late = ctx;
        if (!vtime_is_over() && is_up(late->which)) {
                const char *argv[] = {late->words[0], late->words[1], late->words[2], late->words[3]};
                world_trace("late for the Redis of %s: %s %s", world_plane(late->which), argv[0], argv[1]);
                freeReplyObject(carry_out(late->which, late->count, argv, late->epoch));
        }
        free(late);
}

static void send_late(const struct connection *connection, int argc, const char *const *argv, vtime_us at)
{
        struct late_command *late = mem_new(late);
        *late = (struct late_command){.which = (unsigned)connection->which, .epoch = connection->epoch};
        for (; late->count < argc && late->count < 4; late->count++)
                (void)snprintf(late->words[late->count], sizeof(late->words[0]), "%.60s", argv[late->count]);
        vtime_at(at, arrive_late, late);
}

enum err connection_command(struct connection *connection, int argc, const char *const *argv, mono_ms deadline,
                            redisReply **ret, struct errmsg *reterr)
{
        const bool changes = text_equal(argv[0], "REPLICAOF") || text_equal(argv[0], "FAILOVER");
        const vtime_us until = registers_time(deadline);
        vtime_us late;
        if (connection->which < 0)
                return registers_unanswered(until, false, reterr);
        const enum locality place = (enum locality)(AT_PLANE_REDIS + connection->which);
        enum err err = registers_go_to(place, until, changes, &late, reterr);
        if (late && changes)
                send_late(connection, argc, argv, late);
        if (late)
                return registers_unanswered(until, changes, reterr);
        if (err != ERR_OK)
                return err;
        if (changes)
                world_trace("operator %u to the Redis of %s: %s %s", host_current->index,
                            world_plane((unsigned)connection->which), argv[0], argv[1]);
        redisReply *reply = carry_out((unsigned)connection->which, argc, argv, connection->epoch);
        err = registers_come_back(place, until, changes, reterr);
        if (err != ERR_OK)
                freeReplyObject(reply);
        else
                *ret = reply;
        return err;
}

/* Only drivers that no world here has send several at a time. */
enum err connection_send_all(struct connection *connection, const struct connection_request *requests, size_t count,
                             mono_ms deadline, struct errmsg *reterr)
{
        (void)requests;
        (void)count;
        (void)deadline;
        return err_set(reterr, ERR_TRANSIENT, "%s: not here", connection->address);
}

enum err connection_send(struct connection *connection, int argc, const char *const *argv, mono_ms deadline,
                         struct errmsg *reterr)
{
        const struct connection_request request = {argc, argv};
        return connection_send_all(connection, &request, 1, deadline, reterr);
}

enum err connection_receive(struct connection *connection, mono_ms deadline, redisReply **ret, struct errmsg *reterr)
{
        (void)deadline;
        (void)ret;
        return err_set(reterr, ERR_TRANSIENT, "%s: not here", connection->address);
}

/* A driver waits by the clock of the world. */
int __wrap_nanosleep(const struct timespec *wait, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wait, struct timespec *left)
{
        (void)left;
        jobs_sleep(vtime_now() + (vtime_us)wait->tv_sec * VTIME_S + wait->tv_nsec / 1000);
        return 0;
}
