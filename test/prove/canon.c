/* canon.c -- canonical states. */
#include "canon.h"

#include <string.h>

#include "core/health.h"
#include "sim_parts.h"

/* ---- everything of a kind that a state holds ---- */

enum {
        RECORDS_MAX = 3 + SIM_OPERATORS_MAX,
        IDS_MAX = 2 * RECORDS_MAX + 7 + 5 * SIM_OPERATORS_MAX + 2 * SIM_PACKETS_MAX
};

static unsigned list_records(struct sim *sim, struct record **ret)
{
        unsigned count = 0;
        ret[count++] = &sim->record;
        ret[count++] = &sim->older_record;
        ret[count++] = &sim->late.record;
        for (unsigned i = 0; i < sim->config.operator_count; i++)
                ret[count++] = &sim->operators[i].record;
        return count;
}

static unsigned list_ids(struct sim *sim, decision_id **ret)
{
        struct record *records[RECORDS_MAX];
        unsigned count = 0, record_count = list_records(sim, records);
        for (unsigned i = 0; i < record_count; i++) {
                ret[count++] = &records[i]->id;
                ret[count++] = &records[i]->prepared.id;
        }
        ret[count++] = &sim->dns.stamp.id;
        ret[count++] = &sim->lock.stamp.id;
        ret[count++] = &sim->lock_before.stamp.id;
        ret[count++] = &sim->lock_other.stamp.id;
        ret[count++] = &sim->dns_before.stamp.id;
        ret[count++] = &sim->third.stamp.id;
        ret[count++] = &sim->third_pending.stamp.id;
        for (unsigned i = 0; i < sim->config.operator_count; i++) {
                ret[count++] = &sim->operators[i].dns.stamp.id;
                ret[count++] = &sim->operators[i].lock.stamp.id;
                ret[count++] = &sim->operators[i].third.stamp.id;
                ret[count++] = &sim->operators[i].owns.id;
                ret[count++] = &sim->operators[i].begun.id;
        }
        for (unsigned i = 0; i < sim->packet_count; i++) {
                ret[count++] = &sim->packets[i].expected.stamp.id;
                ret[count++] = &sim->packets[i].want.stamp.id;
        }
        return count;
}

/* ---- time ---- */

static void renew_age(mono_ms *at, mono_ms now, mono_ms new_now, unsigned ticks_max)
{
        const mono_ms age_max = (mono_ms)ticks_max * SIM_TICK_MS;
        if (*at)
                *at = new_now - (now - *at < age_max ? now - *at : age_max);
}

static void flag(unix_ms *at, unix_ms new_wall)
{
        *at = *at ? new_wall : 0;
}

/* Only whether it is in force, and for how long. */
static void renew_end(int64_t *end, int64_t now, int64_t new_now)
{
        *end = *end > now ? new_now + (*end - now) : 0;
}

/* Newest first; those of an earlier day count no more. */
static unsigned renew_switches(unix_ms *switches, unsigned count, unix_ms wall, unix_ms new_wall)
{
        unsigned kept = 0;
        while (kept < count && switches[kept] && wall - switches[kept] < SIM_DAY_MS)
                switches[kept++] = new_wall;
        for (unsigned i = kept; i < count; i++)
                switches[i] = 0;
        return kept;
}

/* The judge's own, which it forgets by either clock. */
static void forget_switches(struct sim *sim, mono_ms now, unix_ms wall, unix_ms new_wall)
{
        unsigned kept = 0;
        for (struct sim_switch *one = sim->switches; kept < SIM_SWITCHES_MAX && one->wall; one++, kept++) {
                if (wall - one->wall >= SIM_DAY_MS || now - one->at >= SIM_DAY_MS)
                        break;
                *one = (struct sim_switch){new_wall, sim->now};
        }
        for (; kept < SIM_SWITCHES_MAX; kept++)
                sim->switches[kept] = (struct sim_switch){0};
}

static void renew_record(struct record *record, unix_ms wall, unix_ms new_wall)
{
        flag(&record->detected_at, new_wall);
        flag(&record->started_at, new_wall);
        flag(&record->completed_at, new_wall);
        flag(&record->prepared.at, new_wall);
        renew_end(&record->cooldown_until, wall, new_wall);
        record->recent_count = renew_switches(record->recent, record->recent_count, wall, new_wall);
        if (record->reason)
                record->reason = sim_intern(record_is_confirmed(record) ? REASON_SWITCH_CONFIRMED : ""),
                record->holder = sim_intern("");
}

static void renew_check(struct check_view *check, mono_ms now, mono_ms new_now)
{
        renew_age(&check->run_since, now, new_now, check->fails ? CANON_FAILING_TICKS : CANON_PASSING_TICKS);
        renew_age(&check->counted_at, now, new_now, CANON_SAMPLE_TICKS);
        flag(&check->sampled_at, new_now);
        check->fails = check->fails < CANON_RUN_MAX ? check->fails : CANON_RUN_MAX;
        check->passes = check->passes < CANON_RUN_MAX ? check->passes : CANON_RUN_MAX;
}

/* How long a plane is down is told by its samples; and that nothing was known has no age, but for at first sight. */
static void renew_verdict(enum verdict was, mono_ms *since, mono_ms now, mono_ms new_now)
{
        if (was == VERDICT_UP)
                renew_age(since, now, new_now, CANON_VERDICT_TICKS);
        else
                *since = was == VERDICT_UNKNOWN && *since ? new_now : 0;
}

static void renew_health(struct target_health *health, mono_ms now, mono_ms new_now)
{
        renew_age(&health->read_at, now, new_now, CANON_READ_TICKS);
        renew_age(&health->looked_at, now, new_now, CANON_LOOK_TICKS);
        flag(&health->failed_since, new_now);
}

/* Of a longer run is kept how many of its failures are counted, and how many are from before the role: another role may
 * count those, too. */
static void renew_role(struct role_mark *mark, unsigned index, struct check_view *check, const struct check_view *was)
{
        bool is_from_before = was->fails && mark->role != ROLE_EITHER && health_counts(check, mark->role) &&
                              (check->when != WHEN_ALWAYS || mark->is_confirmed) && was->run_since < mark->since;
        if (!is_from_before) {
                mark->fails[index] = 0;
                return;
        }
        const uint32_t since = was->fails - mark->fails[index];
        const uint32_t before = mark->fails[index] < CANON_RUN_MAX ? mark->fails[index] : CANON_RUN_MAX;
        mark->fails[index] = before ? before : 1;
        check->fails = mark->fails[index] + (since < CANON_RUN_MAX + 1 ? since : CANON_RUN_MAX + 1);
}

/* A run keeps its own age as far as that counts: the role may change, and the age is judged by then. */
static void keep_before(mono_ms *run_since, mono_ms role_since)
{
        if (*run_since >= role_since)
                *run_since = role_since - SIM_TICK_MS;
}

static void renew_checks(struct sim_operator *self, unsigned plane, mono_ms now, mono_ms new_now)
{
        struct role_mark *mark = &self->marks[plane];
        const struct check_view serves = self->checks[plane], stands = self->standing[plane];
        renew_check(&self->checks[plane], now, new_now);
        renew_check(&self->standing[plane], now, new_now);
        renew_role(mark, 0, &self->checks[plane], &serves);
        renew_role(mark, 1, &self->standing[plane], &stands);
        bool are_from_before[] = {mark->fails[0] > 0, mark->fails[1] > 0};
        renew_age(&mark->since, now, new_now, CANON_FAILING_TICKS + 1);
        if (are_from_before[0])
                keep_before(&self->checks[plane].run_since, mark->since);
        if (are_from_before[1])
                keep_before(&self->standing[plane].run_since, mark->since);
}

static void renew_operator(struct sim_operator *self, unsigned planes, mono_ms now, mono_ms new_now)
{
        renew_age(&self->record_seen_at, now, new_now, CANON_COOLDOWN_TICKS);
        renew_age(&self->arbiter_answered_at, now, new_now, CANON_ARBITER_TICKS);
        renew_end(&self->late_until, now, new_now);
        renew_age(&self->heard_at, now, new_now, CANON_SPOKEN_TICKS);
        renew_age(&self->listened_at, now, new_now, CANON_SPOKEN_TICKS);
        renew_health(&self->dns_health, now, new_now);
        renew_health(&self->lock_health, now, new_now);
        renew_health(&self->third_health, now, new_now);
        for (unsigned i = 0; i < planes; i++) {
                renew_checks(self, i, now, new_now);
                renew_age(&self->failing_since[i], now, new_now, CANON_FAILING_TICKS);
                renew_verdict(self->was[i], &self->was_since[i], now, new_now);
                renew_age(&self->deployments_at[i], now, new_now, CANON_SAMPLE_TICKS);
                self->unanswered[i] = self->unanswered[i] < CANON_RUN_MAX ? self->unanswered[i] : CANON_RUN_MAX;
        }
}

static void renew_times(struct sim *sim)
{
        const mono_ms now = sim->now, new_now = SIM_FIRST_NOW;
        const bool looks_age = sim->config.time_passes; /* else every target is looked at as time passes */
        const unix_ms wall = sim_wall(sim);
        sim->now = new_now;
        const unix_ms new_wall = sim_wall(sim);
        struct record *records[RECORDS_MAX];
        unsigned count = list_records(sim, records);
        for (unsigned i = 0; i < count; i++)
                renew_record(records[i], wall, new_wall);
        for (unsigned i = 0; i < sim->config.operator_count; i++)
                renew_operator(&sim->operators[i], sim->config.plane_count, now, new_now);
        renew_age(&sim->spoken_since, now, new_now, CANON_SPOKEN_TICKS);
        renew_age(&sim->spoken_at, now, new_now, CANON_SPOKEN_TICKS);
        renew_age(&sim->dns_changed_at, now, new_now, looks_age ? CANON_LOOK_TICKS : 0);
        renew_age(&sim->lock_changed_at, now, new_now, looks_age ? CANON_LOOK_TICKS : 0);
        renew_age(&sim->active_since, now, new_now, sim->config.has_roles ? CANON_RUN_MAX + 1 : 0);
        renew_age(&sim->committed_at, now, new_now, CANON_COOLDOWN_TICKS);
        if (sim->committed_at)
                sim->committed_wall = new_wall - (new_now - sim->committed_at);
        forget_switches(sim, now, wall, new_wall);
        sim->active_epoch = sim->config.has_roles ? sim->active_epoch : 0;
}

/* ---- identities ---- */

static bool is_referred_to(struct sim *sim, const struct sim_decision *decision)
{
        struct record *records[RECORDS_MAX];
        unsigned count = list_records(sim, records);
        for (unsigned i = 0; i < count; i++)
                if ((records[i]->epoch == decision->epoch && records[i]->id == decision->id) ||
                    (records[i]->prepared.epoch == decision->epoch && records[i]->prepared.id == decision->id))
                        return true;
        for (unsigned i = 0; i < sim->packet_count; i++) {
                const struct stamp *stamp = &sim->packets[i].want.stamp;
                if (stamp->epoch == decision->epoch && stamp->id == decision->id)
                        return true;
        }
        return false;
}

static void thin_decisions(struct sim *sim)
{
        unsigned kept = 0;
        for (unsigned i = 0; i < sim->decision_count; i++) {
                struct sim_decision decision = sim->decisions[i];
                if (!is_referred_to(sim, &decision)) {
                        if (sim->config.has_amnesia)
                                continue;
                        const epoch_t epoch = decision.epoch;
                        memset(&decision, 0, sizeof(decision));
                        decision.epoch = epoch;
                }
                sim->decisions[kept++] = decision;
        }
        sim->decision_count = kept;
}

/* Sorted, each once; the first is 0, which is none. */
static unsigned add_id(decision_id *ids, unsigned count, decision_id id)
{
        unsigned at = count;
        while (at > 0 && ids[at - 1] > id)
                at--;
        if (at > 0 && ids[at - 1] == id)
                return count;
        memmove(ids + at + 1, ids + at, (count - at) * sizeof(ids[0]));
        ids[at] = id;
        return count + 1;
}

static void rename_id(const decision_id *ids, unsigned count, decision_id *id)
{
        for (unsigned i = 0; i < count; i++)
                if (ids[i] == *id) {
                        *id = i;
                        return;
                }
}

static void rename_ids(struct sim *sim)
{
        decision_id *places[IDS_MAX], ids[IDS_MAX + 1] = {0};
        unsigned count = list_ids(sim, places), distinct = 1;
        for (unsigned i = 0; i < count; i++)
                distinct = add_id(ids, distinct, *places[i]);
        for (unsigned i = 0; i < count; i++)
                rename_id(ids, distinct, places[i]);
        for (unsigned i = 0; i < sim->decision_count; i++)
                rename_id(ids, distinct, &sim->decisions[i].id);
        sim->next_id = distinct - 1;
}

static void renew_versions(struct sim *sim)
{
        for (unsigned i = 0; i < sim->config.operator_count; i++) {
                struct sim_operator *self = &sim->operators[i];
                self->record_version = self->has_seen_record && self->record_version == sim->record_version;
                self->heard_version = sim->spoken_version && self->heard_version == sim->spoken_version;
                if (!sim->config.has_amnesia && self->confirmed_epoch != self->record.epoch)
                        self->confirmed_epoch = 0;
                if (!sim->config.has_amnesia && self->dns_met_epoch != self->record.epoch)
                        self->dns_met_epoch = 0;
        }
        if (sim->late.version != sim->record_version)
                memset(&sim->late, 0, sizeof(sim->late));
        else if (sim->late.present)
                sim->late.version = 1;
        for (unsigned i = 0; i < sim->packet_count; i++)
                sim->packets[i].version = sim->packets[i].version == sim->record_version;
        sim->record_version = 1;
        sim->spoken_version = sim->spoken_version != 0;
}

/* ---- order ---- */

static int compare_registers(const struct sim_register *a, const struct sim_register *b)
{
        if (a->present != b->present)
                return a->present - b->present;
        if (a->stamp.presence != b->stamp.presence)
                return a->stamp.presence < b->stamp.presence ? -1 : 1;
        if (a->stamp.epoch != b->stamp.epoch)
                return a->stamp.epoch < b->stamp.epoch ? -1 : 1;
        if (a->stamp.id != b->stamp.id)
                return a->stamp.id < b->stamp.id ? -1 : 1;
        return strcmp(a->value, b->value);
}

static int compare_packets(const struct sim_packet *a, const struct sim_packet *b)
{
        if (a->is_third != b->is_third)
                return a->is_third - b->is_third;
        if (a->is_lock != b->is_lock)
                return a->is_lock - b->is_lock;
        if (a->version != b->version)
                return a->version < b->version ? -1 : 1;
        int order = compare_registers(&a->want, &b->want);
        return order ? order : compare_registers(&a->expected, &b->expected);
}

static void sort_packets(struct sim *sim, struct canon_moves *moves)
{
        for (unsigned i = 0; i < SIM_PACKETS_MAX; i++)
                moves->packets[i] = i;
        for (unsigned i = 1; i < sim->packet_count; i++)
                for (unsigned j = i; j > 0 && compare_packets(&sim->packets[j - 1], &sim->packets[j]) > 0; j--) {
                        const struct sim_packet packet = sim->packets[j];
                        const unsigned move = moves->packets[j];
                        sim->packets[j] = sim->packets[j - 1];
                        moves->packets[j] = moves->packets[j - 1];
                        sim->packets[j - 1] = packet;
                        moves->packets[j - 1] = move;
                }
}

/* By their bytes: texts are interned, so that equal operators are equal bytes. */
static void sort_operators(struct sim *sim, struct canon_moves *moves)
{
        for (unsigned i = 0; i < SIM_OPERATORS_MAX; i++)
                moves->operators[i] = i;
        if (sim->config.operator_count != 2 || sim->config.is_inside ||
            memcmp(&sim->operators[0], &sim->operators[1], sizeof(sim->operators[0])) <= 0)
                return;
        const struct sim_operator first = sim->operators[0];
        sim->operators[0] = sim->operators[1];
        sim->operators[1] = first;
        moves->operators[0] = 1;
        moves->operators[1] = 0;
}

void canon_make(struct sim *sim, struct canon_moves *ret_moves)
{
        struct canon_moves moves;
        sim->deeds = 0;
        if (!sim->config.has_weak_redis && !sim->config.lock_waits)
                memset(&sim->lock_before, 0, sizeof(sim->lock_before));
        if (!sim->config.has_other_redis)
                memset(&sim->lock_other, 0, sizeof(sim->lock_other));
        if (!sim->config.has_old_zones)
                memset(&sim->dns_before, 0, sizeof(sim->dns_before));
        renew_versions(sim);
        thin_decisions(sim);
        rename_ids(sim);
        renew_times(sim);
        sort_packets(sim, &moves);
        sort_operators(sim, &moves);
        if (ret_moves)
                *ret_moves = moves;
}

/* ---- keys ---- */

size_t canon_size(const struct sim *sim)
{
        return offsetof(struct sim, decisions) + sim->decision_count * sizeof(sim->decisions[0]);
}

void canon_copy(struct sim *to, const struct sim *from)
{
        memcpy(to, from, canon_size(from));
        to->violation[0] = '\0';
}

static uint64_t turned(uint64_t x, unsigned by)
{
        return (x << by) | (x >> (64 - by));
}

static uint64_t mixed(uint64_t x)
{
        x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
        x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
        return x ^ (x >> 33);
}

#define PRIME_A 0x9e3779b185ebca87U
#define PRIME_B 0xc2b2ae3d27d4eb4fU

static uint64_t taken(uint64_t lane, const unsigned char *bytes)
{
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        return turned(lane + word * PRIME_B, 31) * PRIME_A;
}

/*
 * Four lanes of xxHash64's round, each one to one in every word, folded into two numbers: with 10^7 states the odds of
 * one collision are below 10^-20.
 */
struct canon_key canon_key_of(const struct sim *sim, uint64_t salt)
{
        const unsigned char *at = (const unsigned char *)sim + offsetof(struct sim, now);
        const unsigned char *end = (const unsigned char *)sim + canon_size(sim);
        uint64_t one = salt + PRIME_A, two = salt + PRIME_B, three = ~salt, four = salt ^ (PRIME_A * PRIME_B);
        for (; end - at >= 32; at += 32) {
                one = taken(one, at);
                two = taken(two, at + 8);
                three = taken(three, at + 16);
                four = taken(four, at + 24);
        }
        for (; at < end; at += 8)
                one = taken(one, at);
        const uint64_t lanes[] = {one, two, three, four, canon_size(sim)};
        struct canon_key key = {.high = salt, .low = salt};
        for (unsigned i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
                key.high = mixed(turned(key.high, 27) * PRIME_A + lanes[i]);
                key.low = mixed((key.low ^ lanes[i]) * PRIME_B + PRIME_A);
        }
        return key;
}
