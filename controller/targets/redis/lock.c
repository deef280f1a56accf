/* lock.c -- a Redis key as a fenced register: one script per operation, value and stamp in one hash slot. */
#include "targets/redis/lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/fence.h"
#include "targets/redis/credentials.h"
#include "targets/redis/lock_by_hand.h"
#include "targets/redis/lock_rights.h"
#include "targets/redis/replicas.h"
#include "targets/redis/stream.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { KEY_MAX_BYTES = 512, VALUE_MAX_BYTES = 4096, SCRIPT_REPLY_ELEMENTS = 3, BATCH_MAX = 100 };

/*
 * KEYS: value, stamp; or the stamp alone, and the key of the value before all arguments: then something else writes the
 * value, and the user needs no right to. ARGV: "read", or "set", "1" where a value is expected, that value, expected
 * stamp ("" for none), wanted value, wanted stamp, wanted epoch, "1" where it is written though it is there already, so
 * that WAIT speaks of it. Returns {verdict, value, stamp} with what is stored then, or {"type" | "ttl", key, what was
 * found}. The check travels with the write: whenever an old copy of this call arrives, it is refused here. Both keys
 * are written by one MSET, so no crash and no full memory can part them.
 */
static const char script[] = "local keys, args, writes_value = KEYS, ARGV, #KEYS == 2\n"
                             "if not writes_value then keys, args = {ARGV[1], KEYS[1]}, {unpack(ARGV, 2)} end\n"
                             "for i = 1, 2 do\n"
                             "  local kind = redis.call('TYPE', keys[i]).ok\n"
                             "  if kind ~= 'none' and kind ~= 'string' then return {'type', keys[i], kind} end\n"
                             "  local left = redis.call('PTTL', keys[i])\n"
                             "  if left >= 0 then return {'ttl', keys[i], tostring(left)} end\n"
                             "end\n"
                             "local value, stamp = redis.call('GET', keys[1]), redis.call('GET', keys[2])\n"
                             "if args[1] == 'read' then return {'read', value, stamp} end\n"
                             "local expected, expected_stamp = args[2] == '1' and args[3], args[4]\n"
                             "local want, want_stamp, want_epoch = args[5], args[6], tonumber(args[7])\n"
                             "local function store()\n"
                             "  if writes_value then redis.call('MSET', keys[1], want, keys[2], want_stamp)\n"
                             "  else redis.call('SET', keys[2], want_stamp) end\n"
                             "end\n"
                             "if stamp == want_stamp and (value == want or not writes_value) then\n"
                             "  if args[8] == '1' then store() end\n"
                             "  return {'done', value, stamp}\n"
                             "end\n"
                             "if stamp then\n"
                             "  local epoch = tonumber(string.match(stamp, '^v=pk1 e=(%d+) id=%x+ p=%S* s=%S*$'))\n"
                             "  if not epoch then return {'foreign', value, stamp} end\n"
                             "  if epoch > want_epoch then return {'newer', value, stamp} end\n"
                             "  if epoch == want_epoch then return {'taken', value, stamp} end\n"
                             "end\n"
                             "if (stamp or '') ~= expected_stamp then return {'moved', value, stamp} end\n"
                             "if value ~= expected and value ~= want then return {'moved', value, stamp} end\n"
                             "store()\n"
                             "return {'done', writes_value and want or value, want_stamp}\n";

/* The session of one server. */
struct redis {
        struct target_session base;
        struct connection *connection;
        unsigned wait_replicas;
        bool is_value_read_only; /* a command writes it */
};

/* One key during one visit. */
struct lock {
        struct connection *connection;
        const char *key;
        char *stamp_key;
        unsigned wait_replicas;
        bool is_value_read_only;
};

/* Keys hash by what is between the first { and the next }, if not empty (Redis Cluster specification). */
static char *stamp_key_of(const char *key)
{
        CLEANUP(strbuf_deinit) struct strbuf text = STRBUF_INIT(KEY_MAX_BYTES + 32);
        const char *open = strchr(key, '{');
        const char *close = open ? strchr(open, '}') : NULL;
        bool has_tag = close && close > open + 1;
        (void)strbuf_printf(&text, has_tag ? "%s:planekeeper" : "{%s}:planekeeper", key);
        return strbuf_take(&text);
}

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

static const char *server_of(const struct lock *self)
{
        return connection_server(self->connection);
}

static bool is_of_script(const redisReply *reply)
{
        bool is_ours = reply->type == REDIS_REPLY_ARRAY && reply->elements == SCRIPT_REPLY_ELEMENTS &&
                       reply_is_text(reply->element[0]);
        for (size_t i = 1; is_ours && i < reply->elements; i++)
                is_ours = reply_is_text(reply->element[i]) || reply->element[i]->type == REDIS_REPLY_NIL;
        return is_ours;
}

/* ERR_OK for a reply that is about values; @senseless is the class of one that the script never gives. */
static enum err check_reply(const struct lock *self, const redisReply *reply, enum err senseless,
                            struct errmsg *reterr)
{
        if (reply->type == REDIS_REPLY_ERROR)
                return reply_error(server_of(self), reply->str, reterr);
        if (!is_of_script(reply))
                return err_set(reterr, senseless, "%s: an answer that the operator's script never gives",
                               server_of(self));
        const char *verdict = reply->element[0]->str;
        const char *key = reply->element[1]->type == REDIS_REPLY_NIL ? "" : reply->element[1]->str;
        const char *found = reply->element[2]->type == REDIS_REPLY_NIL ? "" : reply->element[2]->str;
        if (text_equal(verdict, "type"))
                return err_set(reterr, ERR_INVALID, "%s: key %.80s holds a %.20s, not a text; choose another lock key",
                               server_of(self), key, found);
        if (text_equal(verdict, "ttl"))
                return err_set(reterr, ERR_INVALID,
                               "%s: key %.80s expires, but a lock moves and never expires; PERSIST it or choose "
                               "another lock key",
                               server_of(self), key);
        return ERR_OK;
}

/* As text for C: what is not UTF-8 or holds a zero byte is shown with ? and equals nothing that anybody expects. */
static char *text_of(const redisReply *reply)
{
        size_t count = reply->type == REDIS_REPLY_NIL ? 0 : (size_t)reply->len;
        char *text = mem_calloc(count + 1, 1);
        if (count > 0)
                memcpy(text, reply->str, count);
        bool is_utf8 = text_is_utf8(text, count);
        for (size_t i = 0; i < count; i++)
                if (text[i] == '\0' || (!is_utf8 && (unsigned char)text[i] >= 0x80))
                        text[i] = '?';
        return text;
}

static enum err state_of(const struct lock *self, const redisReply *reply, struct target_state *ret,
                         struct errmsg *reterr)
{
        const redisReply *value = reply->element[1];
        const redisReply *stamp = reply->element[2];
        if (value->type != REDIS_REPLY_NIL && value->len > VALUE_MAX_BYTES)
                return err_set(reterr, ERR_INVALID,
                               "%s: key %.80s holds %zu bytes, which is no lock; choose another lock key",
                               server_of(self), self->key, (size_t)value->len);
        struct target_state state = {.present = value->type != REDIS_REPLY_NIL, .value = text_of(value)};
        if (stamp->type == REDIS_REPLY_NIL) {
                state.stamp = (struct stamp){.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")};
        } else {
                CLEANUP(cleanup_free) char *text = text_of(stamp);
                dns_stamp_parse(text, &state.stamp);
        }
        *ret = state;
        return ERR_OK;
}

/* The verdict of the script on a write. */
static enum err verdict_of(const struct lock *self, const redisReply *reply, const struct target_want *want,
                           struct errmsg *reterr)
{
        static const struct {
                const char *verdict;
                const char *why;
        } refusals[] = {
            {"foreign", "its ownership record is another owner's"},
            {"newer", "a newer epoch is stored"},
            {"taken", "this epoch is stored with another value or id"},
            {"moved", "somebody changed it since it was read"},
        };
        const char *verdict = reply->element[0]->str;
        if (text_equal(verdict, "done"))
                return ERR_OK;
        CLEANUP(cleanup_free) char *value = text_of(reply->element[1]);
        CLEANUP(cleanup_free) char *stamp = text_of(reply->element[2]);
        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
                if (text_equal(verdict, refusals[i].verdict))
                        return err_set(reterr, ERR_CONFLICT,
                                       "%s: epoch %" PRIu64 " refused, %s: \"%.40s\", ownership record \"%.60s\"",
                                       server_of(self), want->epoch, refusals[i].why, value, stamp);
        return err_set(reterr, ERR_UNKNOWN, "%s: an answer that the operator's script never gives", server_of(self));
}

/* The write is stored. It counts only once enough replicas have it: a primary that is lost with the only copy would
 * give the lock back to the plane before. */
static enum err await_replicas(struct lock *self, mono_ms deadline, struct errmsg *reterr)
{
        bool reached = true;
        enum err err = ERR_OK;
        if (self->wait_replicas > 0)
                err = replicas_await(self->connection, self->wait_replicas, deadline, &reached, reterr);
        if (err == ERR_TRANSIENT)
                return ERR_UNKNOWN; /* the write may count or not: the lock is read before anything else */
        if (err == ERR_OK && !reached)
                return err_set(reterr, ERR_PENDING, "%s: stored, and no replica has acknowledged it yet",
                               server_of(self));
        return err;
}

/* ---- visits ---- */

/* One visit of a call: its command is sent with those of the others, and its reply taken when all are sent. */
struct entry {
        struct lock lock;
        struct target_visit *visit;
        char stamp[TARGET_STAMP_BYTES];
        redisReply *reply;
        bool is_sent;
};

static enum err prepare(const struct redis *redis, struct target_visit *visit, struct entry *ret)
{
        const size_t bytes = strlen(visit->name);
        *ret = (struct entry){.visit = visit};
        if (bytes == 0 || bytes > KEY_MAX_BYTES)
                return err_set(&visit->why, ERR_INVALID, "redis.lock.key must have 1 to %d bytes", KEY_MAX_BYTES);
        ret->lock = (struct lock){redis->connection, visit->name, stamp_key_of(visit->name), redis->wait_replicas,
                                  redis->is_value_read_only};
        if (visit->verb == TARGET_READ)
                return ERR_OK;
        const char *value = visit->want->value;
        const size_t value_bytes = strlen(value);
        if (value_bytes == 0 || value_bytes > VALUE_MAX_BYTES || !text_is_utf8(value, value_bytes))
                return err_set(&visit->why, ERR_INVALID, "the lock's value must have 1 to %d bytes of UTF-8",
                               VALUE_MAX_BYTES);
        target_stamp_text(visit->expected, visit->want, ret->stamp);
        return ERR_OK;
}

/* The keys that the script is said to write, and then its arguments. */
static void call_script(const struct lock *self, const char *argv[static 5])
{
        argv[0] = "EVAL";
        argv[1] = script;
        argv[2] = self->is_value_read_only ? "1" : "2";
        argv[3] = self->is_value_read_only ? self->stamp_key : self->key;
        argv[4] = self->is_value_read_only ? self->key : self->stamp_key;
}

static enum err send_read(const struct lock *self, struct target_visit *visit)
{
        const char *argv[6] = {[5] = "read"};
        call_script(self, argv);
        return connection_send(self->connection, 6, argv, visit->deadline, &visit->why);
}

static enum err send_swap(const struct lock *self, struct target_visit *swap, const char *stamp)
{
        const struct target_state *expected = swap->expected;
        const struct target_want *want = swap->want;
        char epoch[24];
        (void)snprintf(epoch, sizeof(epoch), "%" PRIu64, want->epoch);
        bool had_stamp = expected->stamp.presence != STAMP_ABSENT;
        const char *argv[] = {NULL,
                              NULL,
                              NULL,
                              NULL,
                              NULL,
                              "set",
                              expected->present ? "1" : "0",
                              expected->present ? expected->value : "",
                              had_stamp ? expected->stamp.raw : "",
                              want->value,
                              stamp,
                              epoch,
                              expected->settling ? "1" : "0"};
        call_script(self, argv);
        return connection_send(self->connection, (int)(sizeof(argv) / sizeof(argv[0])), argv, swap->deadline,
                               &swap->why);
}

/* Once one could not be sent whole the connection is closed, and none after it is sent. */
static void send_all(struct entry *entries, size_t count)
{
        enum err err = ERR_OK;
        struct errmsg why = {0};
        for (size_t i = 0; i < count; i++) {
                struct target_visit *visit = entries[i].visit;
                if (visit->err != ERR_OK)
                        continue;
                if (err == ERR_OK) {
                        err = visit->verb == TARGET_READ ? send_read(&entries[i].lock, visit)
                                                         : send_swap(&entries[i].lock, visit, entries[i].stamp);
                        why = visit->why;
                }
                entries[i].is_sent = err == ERR_OK;
                visit->err = err;
                visit->why = why;
        }
}

static void receive_all(struct entry *entries, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct target_visit *visit = entries[i].visit;
                const bool is_read = visit->verb == TARGET_READ;
                if (!entries[i].is_sent)
                        continue;
                enum err err =
                    connection_receive(entries[i].lock.connection, visit->deadline, &entries[i].reply, &visit->why);
                if (err == ERR_UNKNOWN && is_read)
                        err = ERR_TRANSIENT; /* a read changes nothing */
                if (err == ERR_INVALID && !is_read)
                        err = ERR_UNKNOWN; /* the command was sent, and the answer cannot be understood */
                if (err == ERR_OK)
                        err = check_reply(&entries[i].lock, entries[i].reply, is_read ? ERR_INVALID : ERR_UNKNOWN,
                                          &visit->why);
                if (err == ERR_OK && !is_read)
                        err = verdict_of(&entries[i].lock, entries[i].reply, visit->want, &visit->why);
                visit->err = err;
        }
}

/* Replicas are asked about once, after all that was sent: WAIT speaks of everything before it on its connection. */
static enum err ask_replicas(struct lock *lock, enum target_verb verb, mono_ms deadline, bool *ret_settling,
                             struct errmsg *reterr)
{
        unsigned replicas = 0;
        enum err err = ERR_OK;
        if (verb == TARGET_SWAP)
                err = await_replicas(lock, deadline, reterr);
        else if (lock->wait_replicas > 0)
                err = replicas_count(lock->connection, lock->wait_replicas, deadline, &replicas, reterr);
        *ret_settling = err == ERR_PENDING || replicas > 0;
        return err;
}

static void fill_all(struct entry *entries, size_t count)
{
        bool is_asked = false, is_settling = false;
        enum err replicas = ERR_OK;
        struct errmsg why = {0};
        for (size_t i = 0; i < count; i++) {
                struct target_visit *visit = entries[i].visit;
                if (visit->err != ERR_OK)
                        continue;
                if (!is_asked)
                        replicas = ask_replicas(&entries[i].lock, visit->verb, visit->deadline, &is_settling, &why);
                is_asked = true;
                const bool is_there = replicas == ERR_OK || replicas == ERR_PENDING;
                visit->err = replicas;
                visit->why = why;
                if (!is_there)
                        continue;
                enum err err = state_of(&entries[i].lock, entries[i].reply, &visit->found, &visit->why);
                if (err != ERR_OK)
                        visit->err = visit->verb == TARGET_SWAP ? ERR_UNKNOWN : err;
                else
                        visit->found.settling = is_settling;
        }
}

static void visit_all(const struct redis *redis, struct target_visit *visits, size_t count)
{
        struct entry *entries = mem_calloc(count, sizeof(*entries));
        struct errmsg why = {0};
        for (size_t i = 0; i < count; i++)
                visits[i].err = prepare(redis, &visits[i], &entries[i]);
        enum err err = connection_ready(redis->connection, visits->deadline, &why);
        for (size_t i = 0; err != ERR_OK && i < count; i++) {
                if (visits[i].err != ERR_OK)
                        continue;
                visits[i].err = err;
                visits[i].why = why;
        }
        send_all(entries, count);
        receive_all(entries, count);
        fill_all(entries, count);
        for (size_t i = 0; i < count; i++) {
                free_reply(&entries[i].reply);
                free(entries[i].lock.stamp_key);
        }
        free(entries);
}

/* ---- the driver ---- */

static struct redis *redis_of(struct target_session *session)
{
        return (struct redis *)session; /* its first member */
}

static void redis_close(struct target_session *session)
{
        connection_free(redis_of(session)->connection);
        free(session);
}

static enum err redis_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        struct redis *self = mem_new(self);
        self->base.driver = &redis_lock_driver;
        enum err err = connection_new(config, &self->connection, reterr);
        if (err != ERR_OK) {
                redis_close(&self->base);
                return err;
        }
        const char *wait = target_setting_find(config, "waitReplicas");
        unsigned long replicas = wait ? strtoul(wait, NULL, 10) : 0;
        self->is_value_read_only = text_equal(target_setting_find(config, "byCommand"), "true");
        self->wait_replicas = replicas < LOCK_REPLICAS_MAX ? (unsigned)replicas : LOCK_REPLICAS_MAX;
        *ret = &self->base;
        return ERR_OK;
}

static void redis_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        visit_all(redis_of(session), visits, count);
}

static enum err redis_preflight(struct target_session *session, struct target_preflight *preflight,
                                struct errmsg *reterr)
{
        CLEANUP(cleanup_free) char *stamp_key = stamp_key_of(preflight->name);
        const struct redis *redis = redis_of(session);
        const struct lock_rights rights = {preflight->name, stamp_key, redis->wait_replicas,
                                           redis->is_value_read_only};
        return lock_rights_check(redis->connection, &rights, preflight->deadline, reterr);
}

const struct target_driver redis_lock_driver = {
    .name = TARGET_LOCK_DRIVER,
    .kind = TARGET_LOCK,
    .limits = {.visit_ms = 5000,
               .read_every_ms = 30000,
               .preflight_every_ms = 600000,
               .at_once = 3,
               .batch_max = BATCH_MAX,
               .fenced = true},
    .where = "address",
    .check_credentials = redis_check_credentials,
    .open = redis_open,
    .visit = redis_visit,
    .preflight = redis_preflight,
    .by_hand = redis_lock_by_hand,
    .close = redis_close,
};
