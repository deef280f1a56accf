/* sim_operator.c -- what the simulated operators do besides deciding: sample, read, record and write. */
#include <string.h>

#include "core/health.h"
#include "core/prepare.h"
#include "sim_parts.h"
#include "targets/fence.h"

static void forget_samples(const struct sim *sim, struct sim_operator *self)
{
        self->own_outages = self->blinks = 0;
        for (unsigned i = 0; i < sim->config.plane_count; i++) {
                self->checks[i] = (struct check_view){.label = sim_intern("TCP"),
                                                      .role = CHECK_ROLE_PATH,
                                                      .text = sim_intern(""),
                                                      .replicas_available = -1,
                                                      .replicas_wanted = -1,
                                                      .replicas_updated = -1};
                self->standing[i] = self->checks[i];
                if (sim->config.has_roles) {
                        self->checks[i].when = WHEN_ACTIVE;
                        self->standing[i].when = WHEN_STANDBY;
                }
                self->marks[i] = (struct role_mark){0};
                self->deployments[i] = SIM_UNSEEN;
                self->deployments_at[i] = 0;
                self->unanswered[i] = 0;
                self->failing_since[i] = 0;
                self->was[i] = VERDICT_UNKNOWN;
                self->was_since[i] = 0;
        }
}

/* What surrounds it stays as it is. */
void sim_operator_forget(struct sim *sim, struct sim_operator *self)
{
        const struct sim_operator before = *self;
        memset(self, 0, sizeof(*self));
        self->policy = sim->policy;
        self->dns = self->lock = self->third = sim_register_empty();
        self->dns_health.error = self->lock_health.error = self->third_health.error = sim_intern("");
        self->is_isolated = before.is_isolated;
        self->is_stalled = before.is_stalled;
        self->is_without_arbiter = before.is_without_arbiter;
        self->arbiter_answered_at = before.is_without_arbiter ? before.arbiter_answered_at : 0;
        self->unreached = before.unreached;
        forget_samples(sim, self);
}

/* ---- sampling ---- */

static void count(const struct sim *sim, struct check_view *check, bool passes)
{
        uint32_t *run = passes ? &check->passes : &check->fails;
        if (check->counted_at && !health_run_goes_on(check->counted_at, sim->now, SIM_TICK_MS, SIM_TIMEOUT_MS))
                check->passes = check->fails = 0;
        if (!*run)
                check->run_since = sim->now;
        ++*run;
        *(passes ? &check->fails : &check->passes) = 0;
        check->counted_at = sim->now;
        check->last_unknown = false;
}

/* What is not answered leaves the last definite word as it is, older than before. */
static void look_at_deployment(const struct sim *sim, struct sim_operator *self, unsigned plane)
{
        const unsigned bit = 1U << plane;
        if (self->is_isolated || (self->blinks & bit) || sim->deployments[plane] == SIM_UNSEEN) {
                self->unanswered[plane] += self->deployments_at[plane] != 0;
        } else {
                self->deployments[plane] = sim->deployments[plane];
                self->deployments_at[plane] = sim->now;
                self->unanswered[plane] = 0;
        }
        self->blinks &= ~bit;
}

/* For the judge, which does not believe counts: since when failures were seen with no tick longer than three between. */
static void note_outage(const struct sim *sim, struct sim_operator *self, unsigned plane, bool passes)
{
        enum { GAP_MS = 3 * SIM_TICK_MS };
        const mono_ms last = self->checks[plane].counted_at;
        if (passes)
                self->failing_since[plane] = 0;
        else if (!self->failing_since[plane] || sim->now - last > GAP_MS)
                self->failing_since[plane] = sim->now;
}

static void sample(struct sim *sim, struct sim_operator *self, unsigned plane)
{
        struct check_view *check = &self->checks[plane];
        const unsigned bit = 1U << plane;
        bool is_cut = self->is_isolated || (self->unreached & bit);
        bool is_unknown = self->is_isolated && (sim->config.blind_planes & bit);
        if (self->is_isolated && !is_unknown && !check->fails)
                self->own_outages |= bit;
        check->sampled_at = sim->now;
        if (is_unknown) {
                check->last_unknown = true;
        } else {
                bool passes = sim->is_up[plane] && !is_cut && (!sim->config.has_roles || (sim->serving & bit));
                note_outage(sim, self, plane, passes);
                count(sim, check, passes);
        }
        if (sim->config.has_roles) {
                self->standing[plane].sampled_at = sim->now;
                count(sim, &self->standing[plane], sim->is_up[plane] && !is_cut);
        }
        look_at_deployment(sim, self, plane);
}

/* ---- reading ---- */

bool sim_owns_prepared(const struct sim_operator *self)
{
        const struct prepared *prepared = &self->record.prepared;
        return self->has_record && prepared->epoch && prepared->epoch == self->owns.epoch &&
               prepared->id == self->owns.id;
}

static void take_seen_record(struct sim *sim, struct sim_operator *self)
{
        bool is_same = self->has_record && sim->has_record && self->record.epoch == sim->record.epoch &&
                       self->record.id == sim->record.id;
        if (!is_same)
                self->confirmed_epoch = 0;
        if (!is_same || self->record.phase != sim->record.phase)
                self->record_seen_at = sim->now;
        self->has_seen_record = true;
        self->has_record = sim->has_record;
        self->record = sim->record;
        self->record_version = sim->record_version;
        self->is_assumed = false;
        self->begun = (struct sim_claim){0};
        if (!sim_owns_prepared(self))
                self->owns = (struct sim_claim){0};
}

static void see_record(struct sim *sim, struct sim_operator *self)
{
        if (!self->is_without_arbiter && !sim->config.is_recorded_in_dns)
                take_seen_record(sim, self);
}

void sim_not_answered(struct sim *sim, struct target_health *health, enum err class)
{
        if (!health->failed_since)
                health->failed_since = sim->now;
        health->reach = REACH_FAILED;
        health->looked_at = 0;
        health->error_class = class;
        health->error = sim_intern("no answer");
}

struct target_health sim_answered(const struct sim *sim)
{
        return (struct target_health){.reach = REACH_OK, .error = sim_intern(""), .read_at = sim->now, .looked_at = sim->now};
}

static bool is_replicated(const struct sim *sim)
{
        const struct stamp *now = &sim->lock.stamp, *kept = &sim->lock_before.stamp;
        return now->presence == kept->presence && now->epoch == kept->epoch && now->id == kept->id;
}

static void read_register(struct sim *sim, struct sim_operator *self, bool is_lock)
{
        struct target_health *health = is_lock ? &self->lock_health : &self->dns_health;
        if (self->is_isolated || (is_lock && sim->config.lock_waits && !is_replicated(sim))) {
                sim_not_answered(sim, health, ERR_TRANSIENT);
        } else if (sim->refuses_us) {
                sim_not_answered(sim, health, ERR_DENIED);
        } else {
                *(is_lock ? &self->lock : &self->dns) = is_lock ? sim->lock : sim->dns;
                *health = sim_answered(sim);
                if (!is_lock && sim->config.is_recorded_in_dns)
                        take_seen_record(sim, self);
        }
}

/* ---- as time passes ---- */

static void look(struct sim *sim, struct sim_operator *self)
{
        see_record(sim, self);
        self->policy = sim->policy;
        read_register(sim, self, false);
        read_register(sim, self, true);
        sim_third_read(sim, self);
}

void sim_operator_sample(struct sim *sim)
{
        for (unsigned i = 0; i < sim->config.operator_count; i++) {
                struct sim_operator *self = &sim->operators[i];
                if (self->is_stalled)
                        continue;
                for (unsigned j = 0; j < sim->config.plane_count; j++)
                        sample(sim, self, j);
                if (sim->config.looks_always)
                        look(sim, self);
        }
}

/* ---- recording ---- */

static const char *to_third(const struct sim *sim, const struct record *next)
{
        const enum target_kind kind = sim_third_kind(sim);
        return kind == TARGET_KIND_COUNT ? NULL : sim_plan(next, kind)->to;
}

static void keep_decision(struct sim *sim, const struct record *next)
{
        if (sim->decision_count == SIM_DECISIONS_MAX) {
                memmove(sim->decisions, sim->decisions + 1, sizeof(sim->decisions) - sizeof(sim->decisions[0]));
                sim->decision_count--;
        }
        sim->decisions[sim->decision_count++] = (struct sim_decision){.epoch = next->epoch,
                                                                      .id = next->id,
                                                                      .to_rrset = sim_plan(next, TARGET_NAME)->to,
                                                                      .to_lock = sim_uses_lock(next) ? sim_plan(next, TARGET_LOCK)->to : sim_intern(""),
                                                                      .to_third = to_third(sim, next),
                                                                      .uses_lock = sim_uses_lock(next)};
        sim->next_id++;
}

static void count_switch(struct sim *sim, const struct record *next, bool is_commit)
{
        if (is_commit) {
                sim->committed_at = sim->now;
                sim->committed_wall = next->completed_at;
                return;
        }
        memmove(sim->switches + 1, sim->switches, sizeof(sim->switches) - sizeof(sim->switches[0]));
        sim->switches[0] = (struct sim_switch){sim_wall(sim), sim->now};
}

static void keep_prepared(struct sim *sim, const struct record *next)
{
        struct record begun = record_copied(next);
        begun.epoch = next->prepared.epoch;
        begun.id = next->prepared.id;
        begun.plan = prepare_plan(next);
        keep_decision(sim, &begun);
        sim->decisions[sim->decision_count - 1].is_prepared = true;
}

static void take_record(struct sim *sim, const struct record *next, enum action action)
{
        const bool is_commit = action == DO_COMMIT, is_begun = sim_is_begun(sim, next);
        sim_check_record(sim, next, action);
        bool is_switch = is_commit && strcmp(next->from, next->to) != 0;
        if (is_switch && next->epoch != sim->active_epoch) { /* a store that went back has it completed twice */
                sim->active_since = sim->now;
                sim->active_epoch = next->epoch;
        }
        if (action == DO_PREPARE)
                keep_prepared(sim, next);
        else if (is_begun)
                sim_find_decision(sim, next->epoch, next->id)->is_prepared = false;
        else if (!is_commit && !action_is_aside(action))
                keep_decision(sim, next);
        if (next->automatic && !action_is_aside(action))
                count_switch(sim, next, is_commit);
        if (sim->config.has_amnesia) {
                sim->older_record = sim->record;
                sim->has_older_record = sim->has_record;
        }
        sim->record = record_copied(next);
        sim->has_record = true;
        sim->record_version++;
        if (sim->config.is_recorded_in_dns)
                sim->dns.stamp =
                    (struct stamp){STAMP_OURS,          sim->dns.stamp.epoch, next->id, next->to, sim_intern(SIM_STORE),
                                   sim_intern("v=pk1"), next->epoch, NULL};
}

/* Of a write that names the text and the address as they were read. */
static bool is_as_read(const struct sim *sim, unsigned version, const char *address)
{
        return version == sim->record_version && (!address || strcmp(address, sim->dns.value) == 0);
}

void sim_deliver_record(struct sim *sim)
{
        const struct sim_late_record late = sim->late;
        sim->late = (struct sim_late_record){0};
        if (is_as_read(sim, late.version, late.address))
                take_record(sim, &late.record, late.action);
}

/* Whether what is sent to the arbiter gets there. */
static bool reaches_arbiter(const struct sim *sim, const struct sim_operator *self)
{
        if (!sim->config.is_recorded_in_dns)
                return !self->is_without_arbiter;
        return !self->is_isolated && !sim->refuses_us;
}

/* Recorded in DNS, a write that failed is one of the name: what it shows is read again before anything else is done. */
static void doubt_record(struct sim *sim, struct sim_operator *self, enum err class)
{
        if (!sim->config.is_recorded_in_dns)
                return;
        sim_not_answered(sim, &self->dns_health, class);
        if (class == ERR_CONFLICT || class == ERR_UNKNOWN)
                self->dns_health.read_at = 0;
}

/* What it prepared is begun beside the write that says so. */
static void assume(struct sim_operator *self, const struct record *next, const struct sim_claim *owned)
{
        self->begun = *owned;
        self->record = sim_keep_record(next);
        self->is_assumed = true;
        self->confirmed_epoch = 0;
}

/* The arbiter: a write on what is not the newest version is refused, and tells nothing. */
static void write_record(struct sim *sim, unsigned who, const struct sim_turn *turn, enum sim_ending ending)
{
        struct sim_operator *self = &sim->operators[who];
        const enum action action = turn->decision.rule->then;
        sim_check_judgement(sim, who, turn);
        const struct sim_claim owned = self->owns;
        self->owns = (struct sim_claim){0};
        if (turn->decision.is_prepared)
                assume(self, turn->decision.next, &owned);
        const char *address = sim->config.is_recorded_in_dns ? self->dns.value : NULL;
        if (ending == SIM_LOST || !reaches_arbiter(sim, self)) {
                doubt_record(sim, self, sim->refuses_us ? ERR_DENIED : ERR_TRANSIENT);
                return;
        }
        if (!is_as_read(sim, self->record_version, address)) {
                doubt_record(sim, self, ERR_CONFLICT);
                return;
        }
        const struct record next = sim_keep_record(turn->decision.next);
        if (ending == SIM_DELAYED && sim->config.has_late_records) {
                sim->late = (struct sim_late_record){.present = true,
                                                     .action = action,
                                                     .version = self->record_version,
                                                     .address = address,
                                                     .record = next};
                doubt_record(sim, self, ERR_UNKNOWN);
                return;
        }
        take_record(sim, &next, action);
        if (ending != SIM_ANSWERED) {
                doubt_record(sim, self, ERR_UNKNOWN);
                return;
        }
        if (sim->config.is_recorded_in_dns)
                read_register(sim, self, false);
        else
                see_record(sim, self);
        if (action == DO_PREPARE)
                self->owns = (struct sim_claim){next.prepared.epoch, next.prepared.id};
}

static void confirm(struct sim *sim, struct sim_operator *self, enum sim_ending ending)
{
        if (ending != SIM_ANSWERED || self->is_without_arbiter)
                return;
        self->policy = sim->policy;
        self->confirmed_epoch = self->record.epoch;
}

/* ---- writing to targets ---- */

struct sim_register sim_wanted(const struct sim *sim, const struct target_write *write)
{
        const bool has_text = write->target->ref.kind == TARGET_NAME && sim->config.is_recorded_in_dns;
        struct stamp stamp = write->stamp;
        stamp.store = sim_intern(stamp.store);
        stamp.raw = sim_intern("v=pk1");
        stamp.decided = has_text ? stamp.epoch : 0;
        return (struct sim_register){.present = true, .value = write->value, .stamp = stamp};
}

/* What every target's driver asks before it sends anything. */
static bool may_be_sent(const struct sim_packet *packet)
{
        const struct stamp *stamp = &packet->want.stamp;
        const struct target_want want = {.value = packet->want.value,
                                      .epoch = stamp->epoch,
                                      .id = stamp->id,
                                      .plane = stamp->plane,
                                      .store = stamp->store};
        bool is_empty = !packet->is_lock && !packet->expected.value[0];
        bool has_value =
            is_empty || (packet->expected.present && strcmp(packet->expected.value, packet->want.value) == 0);
        return target_check_stamp(&packet->expected.stamp, has_value, &want, NULL) == ERR_OK;
}

/* Recorded in DNS: the address is as it should be, but the text beside it is not what was written. */
static bool is_written_on(const struct sim *sim, const struct sim_operator *self)
{
        return sim->record.epoch != self->record.epoch || sim->record.id != self->record.id ||
               sim->record.phase != self->record.phase;
}

static void write_target(struct sim *sim, unsigned who, const struct target_write *write, enum sim_ending ending)
{
        if (write->target->ref.kind == sim_third_kind(sim)) {
                sim_third_write(sim, who, write, ending);
                return;
        }
        const bool is_lock = write->target->ref.kind == TARGET_LOCK;
        struct sim_operator *self = &sim->operators[who];
        struct sim_register *known = is_lock ? &self->lock : &self->dns;
        struct target_health *health = is_lock ? &self->lock_health : &self->dns_health;
        const bool has_text = !is_lock && sim->config.is_recorded_in_dns;
        const struct sim_packet packet = {.is_lock = is_lock,
                                          .version = has_text ? self->record_version : 0,
                                          .by = sim->config.has_empty_names ? who + 1 : 0,
                                          .expected = *known,
                                          .want = sim_wanted(sim, write)};
        sim_check_effect(sim, who, &packet);
        if (!is_lock)
                self->dns_met_epoch = 0;
        if (ending == SIM_LOST || self->is_isolated) {
                sim_not_answered(sim, health, ERR_TRANSIENT);
                return;
        }
        if (sim->refuses_us) {
                sim_not_answered(sim, health, ERR_DENIED);
                return;
        }
        bool is_sent = may_be_sent(&packet), was_applied = false;
        if (is_sent && ending == SIM_DELAYED)
                sim_send(sim, &packet);
        else if (is_sent)
                was_applied = sim_arrive(sim, &packet) && !(has_text && is_written_on(sim, self));
        if (was_applied && ending == SIM_ANSWERED) {
                if (is_lock && sim->config.lock_waits)
                        sim->lock_before = sim->lock;
                *known = packet.want;
                *health = sim_answered(sim);
                if (has_text)
                        take_seen_record(sim, self);
        } else {
                sim_not_answered(sim, health,
                             is_sent && (was_applied || ending == SIM_DELAYED) ? ERR_UNKNOWN : ERR_CONFLICT);
                health->read_at = 0;
        }
}

static void read_target(struct sim *sim, struct sim_operator *self, enum target_kind kind)
{
        if (kind == TARGET_LOCK || kind == TARGET_NAME)
                read_register(sim, self, kind == TARGET_LOCK);
        else
                sim_third_read(sim, self);
}

void sim_operator_act(struct sim *sim, unsigned who, const struct sim_turn *turn, enum sim_ending ending)
{
        for (unsigned i = 0; i < turn->decision.beside_count; i++)
                write_target(sim, who, &turn->decision.beside[i], ending);
        switch (turn->decision.rule->then) {
        case DO_ADOPT:
        case DO_DECIDE:
        case DO_ABORT:
        case DO_COMMIT:
        case DO_PREPARE:
        case DO_GIVE_UP:
                write_record(sim, who, turn, ending);
                break;
        case DO_READ:
                for (unsigned i = turn->view.target_count; i-- > 0;)
                        if (turn->decision.looks & 1U << i)
                                read_target(sim, &sim->operators[who], turn->view.targets[i].ref.kind);
                break;
        case DO_CONFIRM:
                confirm(sim, &sim->operators[who], ending);
                break;
        case DO_WRITE:
                write_target(sim, who, &turn->decision.write, ending);
                break;
        default:
                break;
        }
}

/* ---- everything else that happens to one operator ---- */

static void stall(struct sim *sim, struct sim_operator *self)
{
        self->is_stalled = !self->is_stalled;
        if (self->is_stalled)
                return;
        forget_samples(sim, self);
        self->late_until = sim->now + SIM_LATE_MS;
}

void sim_operator_apply(struct sim *sim, struct sim_action action)
{
        struct sim_operator *self = &sim->operators[action.who];
        switch (action.verb) {
        case SIM_SEE_RECORD:
                see_record(sim, self);
                break;
        case SIM_SEE_POLICY:
                if (!self->is_without_arbiter)
                        self->policy = sim->policy;
                break;
        case SIM_READ_DNS:
                sim_third_read(sim, self);
                read_register(sim, self, false);
                if (sim->config.reads_together)
                        read_register(sim, self, true);
                break;
        case SIM_READ_LOCK:
                read_register(sim, self, true);
                break;
        case SIM_READ_NOTHING:
                sim_not_answered(sim, &self->dns_health, ERR_TRANSIENT);
                sim_not_answered(sim, &self->lock_health, ERR_TRANSIENT);
                if (sim->config.third)
                        sim_not_answered(sim, &self->third_health, ERR_TRANSIENT);
                break;
        case SIM_ISOLATE:
                self->is_isolated = !self->is_isolated;
                self->own_outages = 0;
                break;
        case SIM_STALL:
                stall(sim, self);
                break;
        case SIM_LOSE_ARBITER:
                self->is_without_arbiter = !self->is_without_arbiter;
                self->arbiter_answered_at = self->is_without_arbiter ? sim->now : 0;
                break;
        case SIM_UNREACH:
                self->unreached ^= 1U << action.plane;
                break;
        case SIM_BLINK:
                self->blinks |= 1U << action.plane;
                break;
        default:
                sim_operator_forget(sim, self);
                break;
        }
}
