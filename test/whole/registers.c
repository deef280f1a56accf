/* registers.c -- DNS and Redis in memory. */
#include "registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "jobs.h"
#include "judge.h"
#include "nameservers.h"
#include "replica.h"
#include "target/dns/rfc2136.h"
#include "target/fence.h"
#include "target/redis/lock.h"
#include "util/mem.h"
#include "util/text.h"

struct registers registers;

void registers_begin(void)
{
        memset(&registers, 0, sizeof(registers));
        for (unsigned i = 0; i < POLICIES_MAX; i++) {
                struct reg first = {.is_present = true, .ttl_s = 30};
                (void)TEXT_COPY(first.value, world_rrset(0));
                registers.dns[i] = registers.dns_before[i] = first;
                (void)snprintf(first.value, sizeof(first.value), "%s%s", world_plane(0),
                               world.policies[i].has_epoch_in_lock ? "-1" : "");
                registers.lock[i] = registers.lock_before[i] = first;
        }
        replica_begin();
}

void registers_name(unsigned policy, char *ret, size_t size)
{
        (void)snprintf(ret, size, "mgmt-%u.example.test", policy);
}

void registers_key(unsigned policy, char *ret, size_t size)
{
        (void)snprintf(ret, size, "lock-%u", policy);
}

static unsigned number_in(const char *text)
{
        const char *dash = strchr(text, '-');
        unsigned number = dash ? (unsigned)strtoul(dash + 1, NULL, 10) : POLICIES_MAX;
        INVARIANT(number < POLICIES_MAX);
        return number;
}

/* ---- one visit ---- */

static vtime_us by_the_world(mono_ms deadline)
{
        return (vtime_us)deadline * VTIME_MS - host_current->boot_us;
}

static enum err unanswered(vtime_us until, bool was_sent, struct errmsg *reterr)
{
        jobs_sleep(until);
        return err_set(reterr, was_sent ? ERR_UNKNOWN : ERR_TRANSIENT, "no answer in time");
}

/* The way to @place; ERR_OK: we are there. A request that arrives after @deadline is given to @late. */
static enum err go_to(enum locality place, vtime_us deadline, bool is_write, vtime_us *ret_late, struct errmsg *reterr)
{
        vtime_us at = 0;
        *ret_late = 0;
        switch (world_send(host_current, place, &at)) {
        case FATE_REFUSED:
                jobs_sleep(at);
                return err_set(reterr, ERR_TRANSIENT, "connection refused");
        case FATE_LOST:
                return unanswered(deadline, is_write, reterr);
        case FATE_ARRIVES:
                break;
        }
        if (at > deadline) {
                *ret_late = at;
                return ERR_UNKNOWN;
        }
        jobs_sleep(at);
        if (world.places[place].denied > 0)
                return err_set(reterr, ERR_DENIED, "refused");
        return world.places[place].broken > 0 ? err_set(reterr, ERR_TRANSIENT, "SERVFAIL") : ERR_OK;
}

/* The way back. */
static enum err come_back(enum locality place, vtime_us deadline, bool is_write, struct errmsg *reterr)
{
        vtime_us at = 0;
        if (!world_answer(host_current, place, &at) || at > deadline)
                return unanswered(deadline, is_write, reterr);
        jobs_sleep(at);
        if (world.places[place].broken_replies > 0)
                return err_set(reterr, is_write ? ERR_UNKNOWN : ERR_TRANSIENT, "SERVFAIL");
        return ERR_OK;
}

static bool is_one_of(const struct reg *reg, const struct reg *first)
{
        return reg >= first && reg < first + POLICIES_MAX;
}

static enum err read_register(const struct reg *reg, enum locality place, vtime_us deadline, struct reg *ret,
                              struct errmsg *reterr)
{
        vtime_us late;
        enum err err = go_to(place, deadline, false, &late, reterr);
        if (err == ERR_UNKNOWN)
                return unanswered(deadline, false, reterr);
        if (err != ERR_OK)
                return err;
        *ret = is_one_of(reg, registers.dns) ? *beside_served((unsigned)(reg - registers.dns)) : *reg;
        const vtime_us served_at = vtime_now();
        err = come_back(place, deadline, false, reterr);
        if (err == ERR_OK && is_one_of(reg, registers.lock))
                registers.looks[host_current->index][reg - registers.lock] = (struct look){served_at, vtime_now()};
        return err;
}

/* ---- a write ---- */

struct update {
        struct reg *reg, *before; /* before: what comes back where the last write is lost */
        bool is_lock, is_stray;
        enum locality place;
        unsigned policy;
        struct reg expected, want;
};

static bool is_same(const struct reg *a, const struct reg *b)
{
        return a->is_present == b->is_present && strcmp(a->value, b->value) == 0 && strcmp(a->text, b->text) == 0;
}

void registers_lose_lock(unsigned policy)
{
        registers.lock[policy] = registers.lock_before[policy];
        registers.lock_changed_at[policy] = vtime_now();
        replica_written(policy);
        judge_touched(policy);
}

static void lose_lock(void *lock)
{
        const unsigned policy = (unsigned)((struct reg *)lock - registers.lock);
        if (vtime_is_over())
                return;
        world_trace("policy %u: Redis is a server that never had the last write", policy);
        registers_lose_lock(policy);
}

static void open_zone(void *ctx)
{
        (void)ctx;
        world.places[AT_DNS].denied--;
}

/* The lock was moved: now the zone is frozen, and Redis forgets long before it thaws. */
static void spring_trap(unsigned policy)
{
        enum { FORGETS_MS = 200, FROZEN_S = 8 };
        if (registers.trapped_until[policy] < vtime_now() + (vtime_us)FROZEN_S * VTIME_S)
                return;
        registers.trapped_until[policy] = 0;
        world.places[AT_DNS].denied++;
        vtime_at(vtime_now() + (vtime_us)FORGETS_MS * VTIME_MS, lose_lock, &registers.lock[policy]);
        vtime_at(vtime_now() + (vtime_us)FROZEN_S * VTIME_S, open_zone, NULL);
}

static bool apply(const struct update *update)
{
        if (!is_same(update->reg, &update->expected))
                return false;
        if (is_same(update->reg, &update->want))
                return true; /* written again, as a lock is to learn of its replica */
        const struct reg old = *update->reg;
        *update->before = old;
        *update->reg = update->want;
        if (update->is_stray)
                return true;
        if (!update->is_lock) {
                registers.emptied[update->policy] = (struct emptied){0};
                beside_written(update->policy, &old);
        }
        if (update->is_lock) {
                registers.lock_changed_at[update->policy] = vtime_now();
                replica_written(update->policy);
        }
        judge_register(update->policy, update->is_lock, &old, update->reg);
        if (update->is_lock)
                spring_trap(update->policy);
        return true;
}

/* What a server makes of a name that it empties; nobody ever decided that, so nothing is shown to the judge. */
static bool apply_half(const struct update *update)
{
        const char *value = update->reg->value;
        if (update->is_lock || update->is_stray || !value[0] || strcmp(value, update->want.value) == 0 || !chance(700))
                return apply(update);
        if (!is_same(update->reg, &update->expected))
                return false;
        *update->before = *update->reg;
        *update->reg = update->want;
        beside_written(update->policy, update->before);
        update->reg->value[0] = '\0';
        registers.emptied[update->policy] = (struct emptied){host_current, host_current->life, vtime_now()};
        world_trace("half an update of policy %u: the name is empty", update->policy);
        return true;
}

static void apply_late(void *ctx)
{
        struct update *update = ctx;
        if (!vtime_is_over()) {
                bool was_applied = apply(update);
                world_trace("late %s update of policy %u: %s", update->is_lock ? "lock" : "DNS", update->policy,
                            was_applied ? "applied" : "refused");
        }
        free(update);
}

static void send_late(const struct update *update, vtime_us at)
{
        struct update *copy = mem_new(copy);
        *copy = *update;
        vtime_at(at, apply_late, copy);
}

static enum err write_register(const struct update *update, vtime_us deadline, struct errmsg *reterr)
{
        enum { AGAIN_SPREAD_MS = 8000 };
        const enum locality place = update->place;
        vtime_us late;
        if (update->is_stray)
                judge_strays(host_current, update->policy, update->is_lock, &update->want);
        else
                judge_writes(host_current, update->policy, update->is_lock, &update->want);
        enum err err = go_to(place, deadline, true, &late, reterr);
        if (late) {
                send_late(update, late);
                return unanswered(deadline, true, reterr);
        }
        if (err != ERR_OK)
                return err;
        if (world.places[place].late_requests > 0 && chance(300)) /* a datagram twice */
                send_late(update, vtime_now() + (vtime_us)chance_below(AGAIN_SPREAD_MS) * VTIME_MS);
        bool was_applied = world.places[place].half_writes > 0 ? apply_half(update) : apply(update);
        const vtime_us served_at = vtime_now();
        err = come_back(place, deadline, true, reterr);
        if (err != ERR_OK)
                return err;
        if (update->is_lock && !update->is_stray && was_applied)
                registers.looks[host_current->index][update->policy] = (struct look){served_at, vtime_now()};
        return was_applied ? ERR_OK : err_set(reterr, ERR_CONFLICT, "somebody changed it since it was read");
}

static void fill_stamp(const char *text, struct stamp *ret)
{
        if (text[0])
                dns_stamp_parse(text, ret);
        else
                *ret = (struct stamp){.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")};
}

/* ---- DNS ---- */

static void fill_dns(const struct reg *reg, struct target_state *ret)
{
        *ret = (struct target_state){
            .present = reg->value[0], .value = mem_strdup(reg->value), .ttl_s = reg->ttl_s, .version = mem_strdup("example.test.")};
        fill_stamp(reg->text, &ret->stamp);
}

/* A session, and where what it talks to is. */
struct nameserver_session {
        struct target_session base; /* first */
        enum locality place;
};

static enum err dns_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)reterr;
        struct nameserver_session *self = mem_new(self);
        self->base.driver = &rfc2136_driver;
        self->place = strcmp(target_setting_find(config, "nameserver"), "192.0.2.53") == 0 ? AT_DNS : AT_NOWHERE;
        *ret = &self->base;
        return ERR_OK;
}

static void session_close(struct target_session *session)
{
        free(session);
}

static enum locality place_of(const struct target_session *session)
{
        return ((const struct nameserver_session *)(const void *)session)->place;
}

static bool is_mistyped(const char *name)
{
        char meant[64];
        registers_name(number_in(name), meant, sizeof(meant));
        return strcmp(name, meant) != 0;
}

static struct reg *reg_of(const char *name)
{
        return is_mistyped(name) ? &registers.stray_dns[number_in(name)] : &registers.dns[number_in(name)];
}

static enum err dns_read(enum locality place, struct target_visit *visit)
{
        struct reg seen;
        enum err err = read_register(reg_of(visit->name), place, by_the_world(visit->deadline), &seen, &visit->why);
        if (err != ERR_OK)
                return err;
        fill_dns(&seen, &visit->found);
        if (is_mistyped(visit->name))
                return ERR_OK;
        const char *doubt = beside_tell_doubt(host_current, number_in(visit->name), &seen);
        visit->found.doubt = doubt ? mem_strdup(doubt) : NULL;
        return ERR_OK;
}

/* As the driver does it: whoever passes updates on is given the time of a transfer. */
static enum err look_again(const struct update *update, vtime_us deadline, struct reg *ret, struct errmsg *reterr)
{
        enum { SETTLES_WITHIN_MS = 3000 };
        vtime_us until = vtime_now() + (vtime_us)SETTLES_WITHIN_MS * VTIME_MS, at = beside_shows_at(update->policy);
        until = until < deadline ? until : deadline;
        if (at && vtime_now() < until)
                jobs_sleep(at < until ? at : until);
        return read_register(update->reg, update->place, deadline, ret, reterr);
}

/* What takes the updates has something else than what was read. */
static enum err explain_conflict(const struct update *update, struct target_visit *visit)
{
        struct reg seen;
        struct errmsg ignored = {0};
        if (!beside_shows_at(update->policy) ||
            look_again(update, by_the_world(visit->deadline), &seen, &ignored) != ERR_OK)
                return ERR_CONFLICT;
        if (is_same(&seen, &update->expected))
                return err_set(&visit->why, ERR_INVALID, "answers \"%.80s\", but what takes its updates has other records",
                               seen.value);
        if (!is_same(&seen, &update->want))
                return ERR_CONFLICT;
        fill_dns(&seen, &visit->found);
        return ERR_OK;
}

/* The server said that it did it; what it serves now is the proof. */
static enum err verify_update(const struct update *update, struct target_visit *visit)
{
        struct reg seen;
        if (look_again(update, by_the_world(visit->deadline), &seen, &visit->why) != ERR_OK)
                return ERR_UNKNOWN;
        if (is_same(&seen, &update->want)) {
                fill_dns(&seen, &visit->found);
                return ERR_OK;
        }
        if (is_same(&seen, &update->expected))
                return err_set(&visit->why, ERR_UNKNOWN, "said yes to the update but still serves \"%.80s\"", seen.value);
        return strcmp(seen.text, update->want.text) == 0
                   ? err_set(&visit->why, ERR_INVALID, "took the update but serves \"%.80s\"", seen.value)
                   : err_set(&visit->why, ERR_CONFLICT, "changed right after us");
}

static enum err dns_swap(enum locality place, struct target_visit *visit)
{
        const struct target_state *expected = visit->expected;
        const struct target_want *want = visit->want;
        const unsigned policy = number_in(visit->name);
        const bool is_stray = is_mistyped(visit->name);
        struct update update = {.reg = reg_of(visit->name),
                                .before = is_stray ? &registers.stray_before : &registers.dns_before[policy],
                                .is_stray = is_stray,
                                .place = place,
                                .policy = policy};
        update.expected.is_present = update.want.is_present = true;
        (void)TEXT_COPY(update.expected.value, expected->value);
        if (expected->stamp.presence != STAMP_ABSENT)
                (void)TEXT_COPY(update.expected.text, expected->stamp.raw);
        update.want.ttl_s = want->keeps_value ? expected->ttl_s : want->ttl_s;
        (void)TEXT_COPY(update.want.value, want->keeps_value ? expected->value : want->value);
        dns_stamp_print(want, update.want.text, sizeof(update.want.text));
        enum err err = write_register(&update, by_the_world(visit->deadline), &visit->why);
        if (err == ERR_CONFLICT)
                return explain_conflict(&update, visit);
        return err == ERR_OK ? verify_update(&update, visit) : err;
}

static void dns_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        const enum locality place = place_of(session);
        for (size_t i = 0; i < count; i++)
                visits[i].err = visits[i].verb == TARGET_READ ? dns_read(place, &visits[i]) : dns_swap(place, &visits[i]);
}

static enum err dns_claims(struct target_session *session, const char *name, mono_ms deadline, char **ret_claim,
                           struct errmsg *reterr)
{
        const unsigned policy = number_in(name);
        struct reg ignored;
        *ret_claim = NULL;
        if (is_mistyped(name))
                return ERR_OK;
        enum err err = ERR_OK;
        if (beside_has_claims())
                err = read_register(&registers.dns[policy], place_of(session), by_the_world(deadline), &ignored, reterr);
        if (err != ERR_OK) {
                beside_untold(host_current, policy);
                return err;
        }
        const char *claim = beside_tell_claim(host_current, policy);
        *ret_claim = claim ? mem_strdup(claim) : NULL;
        return ERR_OK;
}

static enum err dns_alive(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                          struct errmsg *reterr)
{
        char heard[REGISTER_TEXT_BYTES], unheard[REGISTER_TEXT_BYTES] = ""; /* nobody listens under a mistyped name */
        char *text = is_mistyped(alive->name) ? unheard : registers.alive[number_in(alive->name)];
        const bool says = alive->say != NULL;
        vtime_us late, until = by_the_world(alive->deadline);
        enum err err = go_to(place_of(session), until, says, &late, reterr);
        if (err == ERR_UNKNOWN)
                return unanswered(until, says, reterr);
        if (err != ERR_OK)
                return err;
        if (says)
                (void)text_copy(text, REGISTER_TEXT_BYTES, alive->say);
        (void)TEXT_COPY(heard, text);
        err = come_back(place_of(session), until, says, reterr);
        if (err == ERR_OK)
                *ret_heard = mem_strdup(heard);
        return err;
}

const struct target_driver rfc2136_driver = {
    .name = "rfc2136",
    .kind = TARGET_NAME,
    .limits = {.visit_ms = 5000,
               .read_every_ms = 30000,
               .at_once = 3,
               .batch_max = 1,
               .may_halve = true,
               .fenced = true,
               .can_arbitrate = true},
    .where = "nameserver",
    .open = dns_open,
    .visit = dns_visit,
    .claims = dns_claims,
    .alive = dns_alive,
    .close = session_close,
};

enum err dns_observe(const char *server, const char *name, mono_ms deadline, struct target_state *ret,
                     struct errmsg *reterr)
{
        struct reg shown, seen;
        const enum locality place = nameservers_place(server);
        nameservers_show(place, number_in(name), &shown);
        enum err err = read_register(&shown, place, by_the_world(deadline), &seen, reterr);
        if (err == ERR_OK)
                fill_dns(&seen, ret);
        return err;
}

/* ---- Redis ---- */

struct redis {
        struct target_session base; /* first */
        unsigned wait_replicas;
        enum locality place;
};

static bool is_mistyped_key(const char *name)
{
        char meant[32];
        registers_key(number_in(name), meant, sizeof(meant));
        return strcmp(name, meant) != 0;
}

static struct reg *lock_of(const char *name)
{
        return is_mistyped_key(name) ? &registers.stray_lock[number_in(name)] : &registers.lock[number_in(name)];
}

static enum err redis_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)reterr;
        struct redis *self = mem_new(self);
        self->base.driver = &redis_lock_driver;
        self->wait_replicas = (unsigned)strtoul(target_setting_find(config, "waitReplicas"), NULL, 10);
        self->place = strcmp(target_setting_find(config, "address"), "192.0.2.6:6379") == 0 ? AT_REDIS : AT_NOWHERE;
        *ret = &self->base;
        return ERR_OK;
}

static enum err lock_read(const struct redis *redis, struct target_visit *visit)
{
        const unsigned policy = number_in(visit->name);
        struct reg seen;
        enum err err =
            read_register(lock_of(visit->name), redis->place, by_the_world(visit->deadline), &seen, &visit->why);
        if (err != ERR_OK)
                return err;
        visit->found = (struct target_state){.present = seen.is_present, .value = mem_strdup(seen.value),
                                             .settling = redis->wait_replicas > 0 && !is_mistyped_key(visit->name) &&
                                                         replica_is_in_sync(policy)};
        fill_stamp(seen.text, &visit->found.stamp);
        return ERR_OK;
}

/* As the driver does it: what is there already is written again, which changes nothing. */
static enum err await_replica(const struct redis *redis, unsigned policy, unsigned reign, struct target_visit *visit)
{
        enum { WAIT_MS = 1000 };
        const vtime_us limit = by_the_world(visit->deadline), most = vtime_now() + (vtime_us)WAIT_MS * VTIME_MS;
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
        const unsigned policy = number_in(visit->name);
        char stamp[TARGET_STAMP_BYTES];
        target_stamp_text(expected, want, stamp);
        const bool is_stray = is_mistyped_key(visit->name);
        struct update update = {.reg = lock_of(visit->name),
                                .before = is_stray ? &registers.stray_before : &registers.lock_before[policy],
                                .is_lock = true,
                                .is_stray = is_stray,
                                .place = redis->place,
                                .policy = policy};
        update.expected.is_present = expected->present;
        update.want.is_present = true;
        if (expected->present)
                (void)TEXT_COPY(update.expected.value, expected->value);
        if (expected->stamp.presence != STAMP_ABSENT)
                (void)TEXT_COPY(update.expected.text, expected->stamp.raw);
        (void)TEXT_COPY(update.want.value, want->value);
        (void)TEXT_COPY(update.want.text, stamp);
        const unsigned reign = replica_reign(policy);
        enum err err = write_register(&update, by_the_world(visit->deadline), &visit->why);
        if (err == ERR_OK && !is_stray)
                err = await_replica(redis, policy, reign, visit);
        if (err != ERR_OK && err != ERR_PENDING)
                return err;
        visit->found = (struct target_state){
            .present = true, .value = mem_strdup(want->value), .settling = err == ERR_PENDING};
        fill_stamp(stamp, &visit->found.stamp);
        return err;
}

static void redis_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        const struct redis *redis = (struct redis *)(void *)session;
        for (size_t i = 0; i < count; i++)
                visits[i].err =
                    visits[i].verb == TARGET_READ ? lock_read(redis, &visits[i]) : lock_swap(redis, &visits[i]);
}

const struct target_driver redis_lock_driver = {
    .name = TARGET_LOCK_DRIVER,
    .kind = TARGET_LOCK,
    .limits = {.visit_ms = 5000, .read_every_ms = 30000, .at_once = 3, .batch_max = 1, .fenced = true},
    .where = "address",
    .open = redis_open,
    .visit = redis_visit,
    .close = session_close,
};
