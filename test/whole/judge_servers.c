/* judge_servers.c -- records and registers, as the servers take them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/looks.h"
#include "judge_parts.h"
#include "replica.h"
#include "util/text.h"

struct judge judge;

void judge_begin(void)
{
        memset(&judge, 0, sizeof(judge));
        judge_voice_begin();
        judge_promotion_begin();
        judge_jobs_begin();
}

unsigned judge_decisions(void)
{
        return judge.decisions;
}

uint64_t judge_epoch(unsigned policy)
{
        return judge.policies[policy].epoch;
}

void judge_lost_record(unsigned policy)
{
        judge.policies[policy].has_record = false;
        judge.policies[policy].taken = 0;
        judge_touched(policy);
}

void judge_restored_name(unsigned policy)
{
        struct judged_policy *judged = &judge.policies[policy];
        struct decision came_back;
        judge_lost_record(policy);
        if (!record_in_text(registers.dns[policy].text, policy, &came_back))
                return;
        judged->has_record = true;
        judged->epoch = came_back.epoch;
        judged->id = came_back.id;
        struct decision *decided = (struct decision *)find_decision(policy, came_back.epoch, came_back.id);
        if (decided)
                decided->is_steady = came_back.is_steady;
}

void judge_touched(unsigned policy)
{
        judge.policies[policy].is_touched = true;
}

int judge_policy(const char *name)
{
        for (unsigned i = 0; i < world.policy_count; i++)
                if (strcmp(world.policies[i].name, name) == 0)
                        return (int)i;
        return -1;
}

int judge_plane(const char *name)
{
        for (unsigned i = 0; i < world.plane_count; i++)
                if (strcmp(world_plane(i), name) == 0)
                        return (int)i;
        return -1;
}

const struct decision *find_epoch(unsigned policy, uint64_t epoch)
{
        const struct judged_policy *judged = &judge.policies[policy];
        for (unsigned i = judged->count; i > 0; i--)
                if (judged->decisions[i - 1].epoch == epoch)
                        return &judged->decisions[i - 1];
        return NULL;
}

const struct decision *find_decision(unsigned policy, uint64_t epoch, uint64_t id)
{
        const struct judged_policy *judged = &judge.policies[policy];
        for (unsigned i = judged->count; i > 0; i--)
                if (judged->decisions[i - 1].epoch == epoch && judged->decisions[i - 1].id == id)
                        return &judged->decisions[i - 1];
        return NULL;
}

const struct decision *latest_decision(unsigned policy)
{
        const struct judged_policy *judged = &judge.policies[policy];
        return judged->has_record ? find_decision(policy, judged->epoch, judged->id) : NULL;
}

/* ---- the laws, of what is known here ---- */

void judge_holds(const char *broken, unsigned policy, uint64_t epoch)
{
        if (broken)
                world_violated("%s (policy %u, epoch %" PRIu64 ")", broken, policy, epoch);
}

static struct law_decision law_of(const struct decision *decided)
{
        return (struct law_decision){decided->uses_lock, decided->was_locked, decided->was_routed};
}

/* ---- records, as the API server takes them ---- */

/* L2: a commit says what is true. */
static void check_commit(unsigned policy, const struct decision *decided, const struct decision *next)
{
        if (!decided || decided->is_steady || judge.policies[policy].is_touched)
                return;
        const struct law_decision known = law_of(decided);
        judge_holds(law_record_is_committed(&known), policy, next->epoch);
        check_promotion(policy, decided);
}

/* A person has said of the epoch in force that it is well: its cool-down is over. */
static bool is_acknowledged(unsigned policy)
{
        const json_t *object = api_find(0, API_POLICIES, NAMESPACE, world.policies[policy].name);
        const json_t *annotations = json_object_get(json_object_get(object, "metadata"), "annotations");
        const char *text = json_string_value(json_object_get(annotations, "planekeeper.io/ack"));
        return text && strtoull(text, NULL, 10) == judge.policies[policy].epoch;
}

/* S9. The cool-down is counted by the API server's clock; where that jumped, nothing can be said. */
static void check_cooldown(unsigned policy, const struct decision *next)
{
        const struct judged_policy *judged = &judge.policies[policy];
        vtime_us cooldown = (vtime_us)world.policies[policy].cooldown_s * VTIME_S;
        if (!next->is_automatic || strcmp(next->from, next->to) == 0)
                return;
        if (judged->switched_at && !judged->is_touched && !world.has_odd_clocks && !is_acknowledged(policy))
                judge_holds(law_switch_is_repeated(vtime_now() - judged->switched_at, cooldown), policy, next->epoch);
}

static struct sent sent_by(const struct judged_policy *judged, const struct decision *next)
{
        for (unsigned i = 0; i < HOSTS_MAX; i++)
                if (judged->sent[i].epoch == next->epoch && judged->sent[i].id == next->id)
                        return judged->sent[i];
        return (struct sent){.at = vtime_now(), .read_from = vtime_now()};
}

static void keep(struct judged_policy *judged, const struct decision *next)
{
        if (judged->count == DECISIONS_MAX) {
                memmove(judged->decisions, judged->decisions + 1, (DECISIONS_MAX - 1) * sizeof(judged->decisions[0]));
                judged->count--;
        }
        judged->decisions[judged->count] = *next;
        const struct sent sent = sent_by(judged, next);
        struct decision *kept = &judged->decisions[judged->count++];
        kept->decided_at = sent.at;
        kept->read_from = sent.read_from;
        judge.decisions++;
}

/* S1: an epoch that is prepared is taken, whether it is wanted in the end or not. */
static void take_prepared(unsigned policy, const struct decision *next, const struct host *by)
{
        struct judged_policy *judged = &judge.policies[policy];
        const struct prepared_beside *beside = &next->beside;
        if (find_decision(policy, beside->epoch, beside->id))
                return;
        const struct law_record stored = {true, judged->taken > judged->epoch ? judged->taken : judged->epoch};
        if (by)
                judge_holds(law_record_is_taken(&stored, beside->epoch, false), policy, beside->epoch);
        world_trace("prepared beside it: epoch %llu to %s", (unsigned long long)beside->epoch, beside->to);
        struct decision prepared = {.epoch = beside->epoch,
                                    .id = beside->id,
                                    .is_automatic = true,
                                    .is_prepared = true,
                                    .uses_lock = next->uses_lock};
        (void)TEXT_COPY(prepared.from, next->to);
        (void)TEXT_COPY(prepared.to, beside->to);
        (void)TEXT_COPY(prepared.reason, "ThresholdReached");
        keep(judged, &prepared);
        judged->taken = beside->epoch;
}

static void take_record(unsigned policy, const struct decision *next, const struct host *by)
{
        struct judged_policy *judged = &judge.policies[policy];
        struct decision *decided = (struct decision *)find_decision(policy, next->epoch, next->id);
        const bool is_begun = decided && decided->is_prepared;
        const uint64_t taken = is_begun || judged->taken < judged->epoch ? judged->epoch : judged->taken;
        const struct law_record stored = {judged->has_record, taken};
        if (by && !(decided && next->epoch == judged->epoch)) /* else it is the commit of what is there */
                judge_holds(law_record_is_taken(&stored, next->epoch, false), policy, next->epoch);
        if (next->is_steady)
                check_commit(policy, decided, next);
        if (!decided) {
                check_cooldown(policy, next);
                keep(judged, next);
        } else {
                if (next->is_steady && !decided->is_steady && next->is_automatic && strcmp(next->from, next->to) != 0)
                        judged->switched_at = decided->routed_at;
                if (is_begun)
                        check_cooldown(policy, next);
                decided->is_steady = next->is_steady;
                decided->is_prepared = false;
        }
        judged->has_record = true;
        judged->epoch = next->epoch;
        judged->id = next->id;
        if (next->beside.epoch)
                take_prepared(policy, next, by);
}

static void take_wish(unsigned cluster, unsigned policy, const json_t *object)
{
        struct judged_policy *judged = &judge.policies[policy];
        const json_t *spec = json_object_get(object, "spec");
        const char *mode = json_string_value(json_object_get(spec, "mode"));
        const json_t *serial = json_object_get(json_object_get(object, "metadata"), "serial");
        const struct known wish = {.cluster = cluster,
                                   .serial = (uint64_t)json_integer_value(serial),
                                   .is_suspended = json_is_true(json_object_get(spec, "suspend")),
                                   .is_advised = mode && strcmp(mode, "Advise") == 0};
        if (!wish.is_suspended)
                judged->suspended_since[cluster] = 0;
        else if (!judged->suspended_since[cluster])
                judged->suspended_since[cluster] = vtime_now();
        for (unsigned i = judged->wanted_count; i > 0; i--) {
                const struct known *last = &judged->wanted[i - 1];
                if (last->cluster != cluster)
                        continue;
                if (last->is_suspended == wish.is_suspended && last->is_advised == wish.is_advised)
                        return;
                break;
        }
        if (judged->wanted_count == DECISIONS_MAX) {
                memmove(judged->wanted, judged->wanted + 1, (DECISIONS_MAX - 1) * sizeof(judged->wanted[0]));
                judged->wanted_count--;
        }
        judged->wanted[judged->wanted_count++] = wish;
}

/* S2: what its own write left empty is finished, and not told as an edit until a person comes. */
static void check_empty(unsigned policy, const json_t *object, const struct host *by)
{
        enum { LATE_S = 15 };
        const struct emptied *emptied = &registers.emptied[policy];
        const char *state = json_string_value(json_object_get(json_object_get(object, "status"), "state"));
        if (by && state && strcmp(state, "NameEmpty") == 0 && emptied->by == by && emptied->life == by->life &&
            vtime_now() - emptied->at > LATE_S * VTIME_S)
                world_violated("S2: operator %u takes for an edit what its own write left of policy %u", by->index,
                               policy);
}

void judge_object(unsigned cluster, enum api_kind kind, const json_t *object, const struct host *by)
{
        struct decision next;
        const char *name = json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));
        if (kind == API_POLICIES && judge_policy(name) >= 0)
                take_wish(cluster, (unsigned)judge_policy(name), object);
        if (kind == API_POLICIES && judge_policy(name) >= 0)
                check_empty((unsigned)judge_policy(name), object, by);
        if (kind == API_POLICIES && judge_policy(name) >= 0)
                take_answer(cluster, (unsigned)judge_policy(name), object, by);
        if (kind != API_LEASES)
                return;
        const int policy = policy_of_lease(object, "");
        if (policy >= 0 && record_on_lease(object, &next)) {
                world_trace("record of policy %d: epoch %llu %s -> %s %s", policy, (unsigned long long)next.epoch,
                            next.from, next.to, next.is_steady ? "Steady" : "Switching");
                take_record((unsigned)policy, &next, by);
        }
}

void judge_deleted(unsigned cluster, enum api_kind kind, const json_t *object)
{
        (void)cluster;
        const int policy = kind == API_LEASES ? policy_of_lease(object, "") : -1;
        if (policy >= 0)
                judge_lost_record((unsigned)policy);
}

/* ---- registers ---- */

/* S13: the policy is read once more before the first effect, beside the probe that decides or later. */
static void check_confirmed(const struct host *host, unsigned policy, const struct reg *want)
{
        const struct shown shown = shown_by(want);
        const struct decision *decided = find_decision(policy, shown.decided, shown.id);
        vtime_us since = judge.policies[policy].suspended_since[host->cluster];
        if (decided && !decided->is_steady && since && since < decided->read_from)
                world_violated(
                    "S13: operator %u writes epoch %llu, and the policy was suspended before what decided that began",
                    host->index, shown.decided);
}

/* S4: whoever moves the name has seen the lock there just before; what changed since then says nothing. */
static void check_lock(const struct host *host, unsigned policy, const struct reg *want)
{
        enum { LOOK_MS = LOOK_STEP_MS + 300 }; /* of the operator's turns, which are not of no length */
        const struct look *look = &registers.looks[host->index][policy];
        const struct shown name = shown_by(want), lock = shown_by(&registers.lock[policy]);
        const struct decision *decided = find_decision(policy, name.decided, name.id);
        if (!decided || name.epoch != name.decided)
                return;
        bool is_recent = vtime_now() - look->arrived_at <= (vtime_us)LOOK_MS * VTIME_MS;
        bool is_seen = is_recent || look->served_at >= registers.lock_changed_at[policy] || (lock.is_ours && lock.epoch >= decided->epoch);
        const struct law_decision known = law_of(decided);
        judge_holds(law_name_is_moved(&known, is_seen), policy, name.epoch);
}

/* S5: what is only prepared is begun by whoever has recorded it, which has said so to the store by then. */
static void check_begun(const struct host *host, unsigned policy, const struct reg *want)
{
        const struct shown shown = shown_by(want);
        const struct decision *decided = find_decision(policy, shown.decided, shown.id);
        if (decided && decided->is_prepared &&
            (decided->begun_by != (int)host->index + 1 || decided->begun_life != host->life))
                world_violated("S5: operator %u begins epoch %llu of policy %u, which it has not prepared", host->index,
                               shown.decided, policy);
}

void judge_writes(const struct host *host, unsigned policy, bool is_lock, const struct reg *want)
{
        struct decision next;
        check_begun(host, policy, want);
        check_confirmed(host, policy, want);
        if (!is_lock) {
                check_lock(host, policy, want);
                check_claim(host, policy);
        }
        if (!is_lock && record_in_text(want->text, policy, &next))
                check_decision(host, policy, &next);
}

/* S5: a name that is mistyped leads nowhere, so only a person's word makes it lead anywhere; a key that is nobody's may be taken. */
void judge_strays(const struct host *host, unsigned policy, bool is_lock, const struct reg *want)
{
        const struct shown shown = shown_by(want);
        const struct decision *decided = find_decision(policy, shown.decided, shown.id);
        bool is_asked = decided && (strcmp(decided->reason, "SwitchRequested") == 0 ||
                                    strcmp(decided->reason, "SwitchConfirmed") == 0);
        if (!decided || (!is_lock && !is_asked))
                world_violated("S5: operator %u writes \"%.60s\" to %s of policy %u, which is mistyped", host->index,
                               want->value, is_lock ? "the lock" : "the name", policy);
}

/* What was decided on a mistyped text is complete when it is shown there. */
void judge_stray_taken(unsigned policy, bool is_lock, const struct reg *now)
{
        const struct shown shown = shown_by(now);
        struct decision *decided = (struct decision *)find_decision(policy, shown.decided, shown.id);
        if (!decided)
                return;
        *(is_lock ? &decided->was_locked : &decided->was_routed) = true;
        decided->routed_at = is_lock ? decided->routed_at : vtime_now();
}

/* S5: what is shown was decided, as it was decided. S4: the name after the lock. */
static void check_value(unsigned policy, bool is_lock, struct decision *decided, const struct reg *old, const struct reg *now)
{
        char value[REGISTER_VALUE_BYTES];
        const struct law_decision known = law_of(decided);
        value_of(policy, is_lock, decided, value, sizeof(value));
        judge_holds(law_target_is_given(&known, is_lock, now->value, value), policy, decided->epoch);
        /* One that was lost while the name was on its way is judged by what had been seen of it: check_lock(). */
        bool is_lock_there = shown_by(&registers.lock[policy]).epoch == decided->epoch;
        if (!is_lock && is_lock_there && replica_is_in_sync(policy) && !world.policies[policy].is_promoted)
                judge_holds(law_lock_is_followed(&known, !decided->was_replicated), policy, decided->epoch);
        *(is_lock ? &decided->was_locked : &decided->was_routed) = true;
        /* An abort may come while its own order is on its way to Redis, which knows no epochs: agents stay where they are. */
        if (!is_lock && strcmp(old->value, now->value) != 0)
                check_promotion(policy, decided);
        if (!is_lock)
                decided->routed_at = vtime_now();
}

void judge_replicated(unsigned policy, const struct reg *has)
{
        const struct shown shown = shown_by(has);
        struct decision *decided = (struct decision *)find_decision(policy, shown.decided, shown.id);
        char value[REGISTER_VALUE_BYTES] = "";
        if (decided && world.policies[policy].has_lock_job) /* the epoch is there before the value */
                value_of(policy, true, decided, value, sizeof(value));
        if (decided && shown.epoch == decided->epoch && (!value[0] || strcmp(has->value, value) == 0))
                decided->was_replicated = true;
}

void judge_register(unsigned policy, bool is_lock, const struct reg *old, const struct reg *now)
{
        const struct shown before = shown_by(old), after = shown_by(now);
        const char *what = is_lock ? "the lock" : "the name";
        struct decision next;
        const bool has_record = !is_lock && record_in_text(now->text, policy, &next);
        world_trace("%s of policy %u: \"%s\" -> \"%s\" (%.120s)", what, policy, old->value, now->value, now->text);
        const bool was_empty = !is_lock && !old->value[0] && now->value[0]; /* half a write is finished as it was decided */
        const struct law_shown was = {before.is_ours, before.epoch, before.decided}, is = {after.is_ours, after.epoch, after.decided};
        judge_holds(law_target_changes(&was, &is, was_empty || (has_record && strcmp(old->value, now->value) == 0)), policy, after.epoch);
        const bool is_new_value =
            after.epoch && (!before.is_ours || before.epoch != after.epoch || was_empty); /* 0: the value is not ours yet */
        if (has_record && !find_decision(policy, next.epoch, next.id))
                take_record(policy, &next, hosts);
        struct decision *decided =
            (struct decision *)(after.epoch == after.decided ? find_decision(policy, after.epoch, after.id)
                                                             : find_epoch(policy, after.epoch));
        if (decided && after.is_ours && is_new_value)
                check_value(policy, is_lock, decided, old, now);
        else if (!after.is_ours || (!decided && is_new_value))
                world_violated("S5: %s of policy %u takes \"%.60s\", which nobody decided", what, policy, now->text);
        if (has_record)
                take_record(policy, &next, hosts);
}
