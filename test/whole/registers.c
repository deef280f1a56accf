/* registers.c -- DNS and Redis in memory: the way there and back, and what a server makes of a write. */
#include "registers_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "jobs.h"
#include "judge.h"
#include "replica.h"
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
                registers.stray_dns[i].is_present = true; /* a name is there as soon as it is asked for, and has no records */
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

unsigned registers_number(const char *text)
{
        const char *dash = strchr(text, '-');
        unsigned number = dash ? (unsigned)strtoul(dash + 1, NULL, 10) : POLICIES_MAX;
        INVARIANT(number < POLICIES_MAX);
        return number;
}

/* ---- one visit ---- */

vtime_us registers_time(mono_ms deadline)
{
        return (vtime_us)deadline * VTIME_MS - host_current->boot_us;
}

enum err registers_unanswered(vtime_us until, bool was_sent, struct errmsg *reterr)
{
        jobs_sleep(until);
        return err_set(reterr, was_sent ? ERR_UNKNOWN : ERR_TRANSIENT, "no answer in time");
}

/* The way to @place; ERR_OK: we are there. A request that arrives after @deadline is given to @late. */
enum err registers_go_to(enum locality place, vtime_us deadline, bool is_write, vtime_us *ret_late, struct errmsg *reterr)
{
        vtime_us at = 0;
        *ret_late = 0;
        switch (world_send(host_current, place, &at)) {
        case FATE_REFUSED:
                jobs_sleep(at);
                return err_set(reterr, ERR_TRANSIENT, "connection refused");
        case FATE_LOST:
                return registers_unanswered(deadline, is_write, reterr);
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
enum err registers_come_back(enum locality place, vtime_us deadline, bool is_write, struct errmsg *reterr)
{
        vtime_us at = 0;
        if (!world_answer(host_current, place, &at) || at > deadline)
                return registers_unanswered(deadline, is_write, reterr);
        jobs_sleep(at);
        if (world.places[place].broken_replies > 0)
                return err_set(reterr, is_write ? ERR_UNKNOWN : ERR_TRANSIENT, "SERVFAIL");
        return ERR_OK;
}

static bool is_one_of(const struct reg *reg, const struct reg *first)
{
        return reg >= first && reg < first + POLICIES_MAX;
}

enum err registers_read(const struct reg *reg, enum locality place, vtime_us deadline, struct reg *ret,
                              struct errmsg *reterr)
{
        vtime_us late;
        enum err err = registers_go_to(place, deadline, false, &late, reterr);
        if (err == ERR_UNKNOWN)
                return registers_unanswered(deadline, false, reterr);
        if (err != ERR_OK)
                return err;
        *ret = is_one_of(reg, registers.dns) ? *beside_served((unsigned)(reg - registers.dns)) : *reg;
        const vtime_us served_at = vtime_now();
        err = registers_come_back(place, deadline, false, reterr);
        if (err == ERR_OK && is_one_of(reg, registers.lock))
                registers.looks[host_current->index][reg - registers.lock] = (struct look){served_at, vtime_now()};
        return err;
}

/* ---- a write ---- */

bool registers_are_same(const struct reg *a, const struct reg *b)
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

static void note_lock(unsigned policy)
{
        registers.lock_changed_at[policy] = vtime_now();
        replica_written(policy);
}

void registers_command(unsigned policy, const char *value)
{
        struct reg *lock = &registers.lock[policy];
        registers.lock_before[policy] = *lock;
        lock->is_present = true;
        (void)TEXT_COPY(lock->value, value);
        note_lock(policy);
}

static bool has_value_of(const struct reg *reg, const struct reg *of)
{
        return reg->is_present == of->is_present && strcmp(reg->value, of->value) == 0;
}

/* What the script makes of one whose value a command sets: that may be as it was, or already as it is to be. */
static bool apply_text(const struct update *update)
{
        struct reg *reg = update->reg;
        if (strcmp(reg->text, update->want.text) == 0)
                return true;
        if (strcmp(reg->text, update->expected.text) != 0 ||
            (!has_value_of(reg, &update->expected) && !has_value_of(reg, &update->want)))
                return false;
        const struct reg old = *reg;
        *update->before = old;
        (void)TEXT_COPY(reg->text, update->want.text);
        note_lock(update->policy);
        judge_claimed(update->policy, &old, reg);
        spring_trap(update->policy);
        return true;
}

static bool apply(const struct update *update)
{
        if (update->keeps_value && !update->is_stray)
                return apply_text(update);
        if (!registers_are_same(update->reg, &update->expected))
                return false;
        if (registers_are_same(update->reg, &update->want))
                return true; /* written again, as a lock is to learn of its replica */
        const struct reg old = *update->reg;
        *update->before = old;
        *update->reg = update->want;
        if (update->is_stray) {
                judge_stray_taken(update->policy, update->is_lock, update->reg);
                return true;
        }
        if (!update->is_lock) {
                registers.emptied[update->policy] = (struct emptied){0};
                beside_written(update->policy, &old);
        }
        if (update->is_lock)
                note_lock(update->policy);
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
        if (!registers_are_same(update->reg, &update->expected))
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
        copy->shown = NULL;
        vtime_at(at, apply_late, copy);
}

/* A message is taken wholly or not at all. */
static bool apply_all(const struct update *updates, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!registers_are_same(updates[i].reg, &updates[i].expected))
                        return false;
        for (size_t i = 0; i < count; i++)
                (void)(world.places[updates[i].place].half_writes > 0 ? apply_half(&updates[i]) : apply(&updates[i]));
        return true;
}

enum err registers_write_all(const struct update *updates, size_t count, vtime_us deadline, struct errmsg *reterr)
{
        enum { AGAIN_SPREAD_MS = 8000 };
        const enum locality place = updates->place;
        vtime_us late;
        for (size_t i = 0; i < count; i++) {
                const struct update *update = &updates[i];
                if (update->is_stray)
                        judge_strays(host_current, update->policy, update->is_lock, &update->want);
                else
                        judge_writes(host_current, update->policy, update->is_lock, &update->want);
        }
        enum err err = registers_go_to(place, deadline, true, &late, reterr);
        for (size_t i = 0; late && i < count; i++)
                send_late(&updates[i], late);
        if (late)
                return registers_unanswered(deadline, true, reterr);
        if (err != ERR_OK)
                return err;
        if (world.places[place].late_requests > 0 && chance(300)) { /* a datagram twice */
                const vtime_us again = vtime_now() + (vtime_us)chance_below(AGAIN_SPREAD_MS) * VTIME_MS;
                for (size_t i = 0; i < count; i++)
                        send_late(&updates[i], again);
        }
        bool was_applied = apply_all(updates, count);
        for (size_t i = 0; i < count; i++)
                if (updates[i].shown)
                        *updates[i].shown = *updates[i].reg;
        const vtime_us served_at = vtime_now();
        err = registers_come_back(place, deadline, true, reterr);
        if (err != ERR_OK)
                return err;
        for (size_t i = 0; i < count; i++)
                if (updates[i].is_lock && !updates[i].is_stray && was_applied)
                        registers.looks[host_current->index][updates[i].policy] = (struct look){served_at, vtime_now()};
        return was_applied ? ERR_OK : err_set(reterr, ERR_CONFLICT, "somebody changed it since it was read");
}

enum err registers_write(const struct update *update, vtime_us deadline, struct errmsg *reterr)
{
        return registers_write_all(update, 1, deadline, reterr);
}

void registers_fill_stamp(const char *text, struct stamp *ret)
{
        if (text[0])
                dns_stamp_parse(text, ret);
        else
                *ret = (struct stamp){.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")};
}
