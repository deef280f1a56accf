/* redis.c -- the driver of the lock on virtual time, as it is measured to behave by test/contract. */
#include "registers_parts.h"

#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "redis_servers.h"
#include "replica.h"
#include "targets/fence.h"
#include "targets/redis/lock.h"
#include "util/mem.h"
#include "util/text.h"

struct redis {
        struct target_session base; /* first */
        unsigned wait_replicas;
        bool is_value_read_only; /* a command sets it */
        enum locality place;
};

static void redis_close(struct target_session *session)
{
        free(session);
}

static bool is_mistyped_key(const char *name)
{
        char meant[32];
        registers_key(registers_number(name), meant, sizeof(meant));
        return strcmp(name, meant) != 0;
}

static struct reg *lock_of(const char *name)
{
        return is_mistyped_key(name) ? &registers.stray_lock[registers_number(name)] : &registers.lock[registers_number(name)];
}

static enum err redis_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)reterr;
        struct redis *self = mem_new(self);
        self->base.driver = &redis_lock_driver;
        self->wait_replicas = (unsigned)strtoul(target_setting_find(config, "waitReplicas"), NULL, 10);
        self->is_value_read_only = text_equal(target_setting_find(config, "byCommand"), "true");
        const char *address = target_setting_find(config, "address");
        const int plane = redis_servers_find(address);
        if (plane >= 0) /* whose replicas are those of the planes, which Promote has seen to */
                self->wait_replicas = 0;
        self->place = strcmp(address, "192.0.2.6:6379") == 0 ? AT_REDIS
                      : plane >= 0                           ? (enum locality)(AT_PLANE_REDIS + plane)
                                                             : AT_NOWHERE;
        *ret = &self->base;
        return ERR_OK;
}

static enum err lock_read(const struct redis *redis, struct target_visit *visit)
{
        const unsigned policy = registers_number(visit->name);
        struct reg seen;
        enum err err =
            registers_read(lock_of(visit->name), redis->place, registers_time(visit->deadline), &seen, &visit->why);
        if (err != ERR_OK)
                return err;
        visit->found = (struct target_state){.present = seen.is_present, .value = mem_strdup(seen.value),
                                             .settling = redis->wait_replicas > 0 && !is_mistyped_key(visit->name) &&
                                                         replica_is_in_sync(policy)};
        registers_fill_stamp(seen.text, &visit->found.stamp);
        return ERR_OK;
}

/* As the driver does it: what is there already is written again, which changes nothing. */
static enum err await_replica(const struct redis *redis, unsigned policy, unsigned reign, struct target_visit *visit)
{
        enum { WAIT_MS = 1000 };
        const vtime_us limit = registers_time(visit->deadline), most = vtime_now() + (vtime_us)WAIT_MS * VTIME_MS;
        bool reached = redis->wait_replicas == 0 || replica_await(policy, limit < most ? limit : most);
        if (redis->wait_replicas > 0 && reign != replica_reign(policy))
                return err_set(&visit->why, ERR_UNKNOWN, "closed the connection without a reply");
        if (reached)
                return ERR_OK;
        return err_set(&visit->why, ERR_PENDING, "stored, and no replica has acknowledged it yet");
}

static enum err lock_swap(const struct redis *redis, struct target_visit *visit)
{
        const struct target_state *expected = visit->expected;
        const struct target_want *want = visit->want;
        const unsigned policy = registers_number(visit->name);
        char stamp[TARGET_STAMP_BYTES];
        target_stamp_text(expected, want, stamp);
        const bool is_stray = is_mistyped_key(visit->name);
        struct update update = {.reg = lock_of(visit->name),
                                .before = is_stray ? &registers.stray_before : &registers.lock_before[policy],
                                .is_lock = true,
                                .is_stray = is_stray,
                                .place = redis->place,
                                .policy = policy,
                                .keeps_value = redis->is_value_read_only};
        struct reg shown;
        update.shown = &shown;
        update.expected.is_present = expected->present;
        update.want.is_present = true;
        if (expected->present)
                (void)TEXT_COPY(update.expected.value, expected->value);
        if (expected->stamp.presence != STAMP_ABSENT)
                (void)TEXT_COPY(update.expected.text, expected->stamp.raw);
        (void)TEXT_COPY(update.want.value, want->value);
        (void)TEXT_COPY(update.want.text, stamp);
        const unsigned reign = replica_reign(policy);
        enum err err = registers_write(&update, registers_time(visit->deadline), &visit->why);
        if (err == ERR_OK && !is_stray)
                err = await_replica(redis, policy, reign, visit);
        if (err != ERR_OK && err != ERR_PENDING)
                return err;
        visit->found = (struct target_state){
            .present = shown.is_present, .value = mem_strdup(shown.value), .settling = err == ERR_PENDING};
        registers_fill_stamp(stamp, &visit->found.stamp);
        return err;
}

/* A replica takes no writes. */
static bool is_elsewhere(const struct redis *redis)
{
        const unsigned plane = (unsigned)redis->place - AT_PLANE_REDIS;
        return redis->place >= AT_PLANE_REDIS && !redis_servers_is_primary(plane);
}

static void redis_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        const struct redis *redis = (struct redis *)(void *)session;
        if (visits->verb == TARGET_SWAP && is_elsewhere(redis)) {
                jobs_sleep(vtime_now() + VTIME_MS);
                visits->err = err_set(&visits->why, ERR_TRANSIENT, "READONLY You can't write against a read only replica.");
                return;
        }
        for (size_t i = 0; i < count; i++)
                visits[i].err =
                    visits[i].verb == TARGET_READ ? lock_read(redis, &visits[i]) : lock_swap(redis, &visits[i]);
}

const struct target_driver redis_lock_driver = {
    .name = TARGET_LOCK_DRIVER,
    .kind = TARGET_LOCK,
    .limits = {.visit_ms = 5000,
               .read_every_ms = 30000,
               .session_ms = 60000,
               .at_once = 3,
               .batch_max = 1,
               .fenced = true},
    .where = "address",
    .open = redis_open,
    .visit = redis_visit,
    .close = redis_close,
};
