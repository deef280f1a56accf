/* sim_check.c -- the invariants S1 to S13 and L2, watched while the simulated world moves. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/election.h"
#include "core/plan.h"
#include "core/targets.h"
#include "laws.h"
#include "sim_parts.h"

enum { SAMPLE_AGE_MAX = 4 * SIM_TICK_MS, READ_AGE_MAX = 6 * SIM_TICK_MS, LOOK_AGE_MAX = SIM_TICK_MS };

static void violated(struct sim *sim, const char *format, ...) PRINTF_LIKE(2, 3);

static void violated(struct sim *sim, const char *format, ...)
{
        va_list args;
        if (sim->violation[0])
                return;
        va_start(args, format);
        (void)vsnprintf(sim->violation, sizeof(sim->violation), format, args);
        va_end(args);
}

/* A violation, where @broken is not NULL. */
static void holds(struct sim *sim, const char *broken, epoch_t epoch)
{
        if (broken)
                violated(sim, "%s (epoch %llu)", broken, (unsigned long long)epoch);
}

static struct law_decision law_of(const struct sim_decision *decided)
{
        return (struct law_decision){decided->uses_lock, decided->was_locked, decided->was_routed};
}

static struct law_shown law_shown_by(const struct sim_register *shown)
{
        return (struct law_shown){shown->stamp.presence == STAMP_OURS, shown->stamp.epoch, shown->stamp.epoch};
}

struct sim_decision *sim_find_decision(struct sim *sim, epoch_t epoch, decision_id id)
{
        for (unsigned i = sim->decision_count; i > 0; i--)
                if (sim->decisions[i - 1].epoch == epoch && sim->decisions[i - 1].id == id)
                        return &sim->decisions[i - 1];
        return NULL;
}

bool sim_is_begun(const struct sim *sim, const struct record *next)
{
        const struct prepared *prepared = &sim->record.prepared;
        return sim->has_record && prepared->epoch && prepared->epoch == next->epoch && prepared->id == next->id;
}

/* S4: a plane that is believed to serve, and is not the one that the switch moves to, is fenced first. */
static void check_fence(struct sim *sim, unsigned who, const struct sim_turn *turn)
{
        const struct view *view = &turn->view;
        const struct target_view *fence = targets_find(view, TARGET_FENCE);
        bool is_served = !view->planes[0].checks[0].fails && view->planes[0].checks[0].passes;
        bool is_left = view->record && view->record->phase == PHASE_SWITCHING && strcmp(view->record->to, sim_name(0)) != 0;
        if (!fence || turn->decision.rule->then != DO_WRITE || turn->decision.write.target == fence || !is_served || !is_left)
                return;
        if (!fence->health.read_at || strcmp(fence->shows.value, sim_plan(view->record, TARGET_FENCE)->to) != 0)
                violated(sim, "S4: operator %u goes on with epoch %llu, and the plane that serves is not fenced", who,
                         (unsigned long long)view->record->epoch);
}

/* What shows the value without a stamp may have shown it before. */
static bool has_taken_effect(const struct sim *sim, const struct sim_turn *turn)
{
        for (unsigned i = 0; i < turn->view.target_count; i++)
                if (turn->decision.targets[i].sync == SYNC_MET && turn->view.targets[i].ref.kind != sim_third_kind(sim))
                        return true;
        return false;
}

/* S13: suspended, in Advise or without having asked again, nothing is done. S10: no way back after the first effect. */
void sim_check_decision(struct sim *sim, unsigned who, const struct sim_turn *turn)
{
        const struct view *view = &turn->view;
        const struct decision *decision = &turn->decision;
        enum action action = decision->rule->then;
        if (decision->finding == FINDING_NAME_EMPTY && decision->may_act && sim->operators[who].has_emptied && !targets_name(view)->shows.present &&
            targets_name(view)->shows.stamp.epoch == sim->dns.stamp.epoch)
                violated(sim, "S2: operator %u takes for an edit what its own write left empty", who);
        if ((action == DO_WAIT || action == DO_REPORT) && !decision->beside_count)
                return;
        holds(sim, law_acts(view->policy.suspended, view->policy.mode == MODE_ADVISE, view->kill_switch), view->record ? view->record->epoch : 0);
        check_fence(sim, who, turn);
        bool is_effect = action == DO_WRITE || decision->beside_count;
        if (is_effect && view->confirmed_epoch != view->record->epoch)
                violated(sim, "S13: operator %u does %s without having read the policy again", who,
                         action_name(action));
        if (action == DO_ABORT && has_taken_effect(sim, turn))
                violated(sim, "S10: epoch %llu is undone after its first effect",
                         (unsigned long long)view->record->epoch);
}

/* ---- decisions, as they are sent to the arbiter ---- */

static bool is_acknowledged(const struct view *view)
{
        char epoch[32];
        (void)snprintf(epoch, sizeof(epoch), "%llu", (unsigned long long)(view->record ? view->record->epoch : 0));
        return strcmp(view->policy.ack, epoch) == 0;
}

/*
 * S9: at most one automatic switch per cooldown, and maxSwitches per day. A lost record takes both with it; who knows
 * an old record decides nothing, since the arbiter refuses it.
 */
static void check_frequency(struct sim *sim, unsigned who, const struct sim_turn *turn)
{
        bool is_moot = sim->config.has_amnesia || sim->operators[who].record_version != sim->record_version;
        unsigned long long epoch = turn->decision.next->epoch;
        /* Whose clock was set forward believes that it is over. */
        const int64_t passed = sim->now - sim->committed_at, told = sim_wall(sim) - sim->committed_wall;
        unsigned recent = 0;
        /* As with the cooldown: whose clock was wrong then or is now has forgotten it once a real day has passed. */
        for (unsigned i = 0; i < SIM_SWITCHES_MAX && sim->switches[i].wall; i++)
                recent += sim_wall(sim) - sim->switches[i].wall < SIM_DAY_MS && sim->now - sim->switches[i].at < SIM_DAY_MS;
        if (is_moot || is_acknowledged(&turn->view))
                return;
        if (sim->committed_at && turn->decision.finding != FINDING_TARGET_LOST)
                holds(sim, law_switch_is_repeated(passed > told ? passed : told, sim->config.cooldown_ms), turn->decision.next->epoch);
        if (recent >= sim->config.max_switches)
                violated(sim, "S9: epoch %llu is the automatic switch %u within a day", epoch, recent + 1);
}

static bool is_old(const struct sim *sim, mono_ms at, mono_ms age_max)
{
        return sim->now - at > age_max;
}

/* Cut off, and all that it knows of the outage is from then: it may be its own. */
static bool is_own_outage(const struct sim *sim, unsigned who, const struct sim_turn *turn)
{
        const struct sim_operator *self = &sim->operators[who];
        const unsigned plane = (unsigned)(turn->decision.active - turn->view.planes);
        bool is_for_failures =
            turn->decision.finding == FINDING_ACTIVE_DOWN || turn->decision.finding == FINDING_TARGET_LOST;
        return is_for_failures && self->is_isolated && self->checks[plane].fails && ((self->own_outages >> plane) & 1);
}

/* Whoever runs inside the plane says that its checks pass, and has said so for longer than any answer is believed. */
static bool is_spoken_for(const struct sim *sim, const struct plane_view *plane)
{
        return sim->config.is_inside && plane && sim->spoken_version && sim->now - sim->spoken_at <= SIM_TICK_MS &&
               sim->spoken_at - sim->spoken_since > SIM_DELAY_MS && strcmp(plane->name, sim_name(sim->spoken_by)) == 0;
}

/* One look that goes unanswered takes back nothing that was said by a look before it. */
static bool counts(const struct view *view, const struct check_view *deployment)
{
        return view->now - deployment->counted_at <= 2 * SIM_TICK_MS;
}

static bool is_contradicted(const struct view *view, const struct plane_view *active)
{
        return active->checks[0].when == WHEN_ALWAYS && active->check_count > 1 && active->checks[1].passes && counts(view, &active->checks[1]) &&
               view->now - active->checks[0].run_since < CONTRADICTION_DELAY_MS;
}

/* How long it has been failing without a gap; 0: it is not. */
static mono_ms has_failed_for(const struct sim *sim, unsigned who, unsigned plane)
{
        const mono_ms since = sim->operators[who].failing_since[plane];
        return since ? sim->now - since : 0;
}

/* S7: never while cut off, late, or on what was seen long ago. */
static void check_vantage(struct sim *sim, unsigned who, const struct sim_turn *turn, const struct plane_view *to)
{
        const struct view *view = &turn->view;
        const struct plane_view *active = turn->decision.active;
        unsigned long long epoch = turn->decision.next->epoch;
        if (active && is_own_outage(sim, who, turn))
                violated(sim, "S7: epoch %llu is decided by operator %u while it is cut off", epoch, who);
        if (sim->now < view->late_until)
                violated(sim, "S7: epoch %llu is decided by operator %u, which was late", epoch, who);
        if (is_spoken_for(sim, active) && sim->spoken_by != who)
                violated(sim, "S7: epoch %llu leaves %s, although the operator there sees it work", epoch,
                         active->name);
        if (active && turn->decision.finding == FINDING_ACTIVE_DOWN && is_contradicted(view, active))
                violated(sim, "S7: epoch %llu leaves %s, whose Deployment was just said to be available", epoch,
                         active->name);
        if (active && turn->decision.finding == FINDING_ACTIVE_DOWN && sim->config.judgement != SIM_AT_WILL)
                holds(sim, law_plane_is_left(1, 1, has_failed_for(sim, who, (unsigned)(active - view->planes)), SIM_DELAY_MS),
                      turn->decision.next->epoch);
        if (is_old(sim, to->checks[0].counted_at, SAMPLE_AGE_MAX) ||
            (active && is_old(sim, active->checks[0].counted_at, SAMPLE_AGE_MAX)))
                violated(sim, "S7: epoch %llu is decided on old samples", epoch);
        if (is_old(sim, targets_name(view)->health.read_at, READ_AGE_MAX) ||
            (targets_find(view, TARGET_LOCK) && is_old(sim, targets_find(view, TARGET_LOCK)->health.read_at, READ_AGE_MAX)))
                violated(sim, "S7: epoch %llu is decided on targets as they were long ago", epoch);
}

/* S7: a plane that was not fit, which a person asked for all the same, is not left for what was known then. */
static void check_confirmed(struct sim *sim, const struct sim_turn *turn)
{
        const struct record *record = turn->view.record;
        const struct plane_view *active = turn->decision.active;
        const mono_ms grace = turn->view.policy.detection.failure_threshold * turn->view.policy.detection.interval_ms;
        unsigned long long epoch = turn->decision.next->epoch;
        if (!active || !record || record->epoch != sim->record.epoch || strcmp(record->reason, "SwitchConfirmed") != 0)
                return;
        if (turn->decision.finding == FINDING_TARGET_LOST)
                violated(sim, "S7: epoch %llu undoes what a person asked for all the same", epoch);
        /* Where a target was lost meanwhile nobody can tell who serves, and nothing is forgiven. */
        if (turn->decision.finding == FINDING_ACTIVE_DOWN && active->mark.role != ROLE_EITHER &&
            active->checks[0].run_since < sim->active_since && sim->now < sim->active_since + grace)
                violated(sim, "S7: epoch %llu leaves %s for what a person knew", epoch, active->name);
}

/*
 * S7: what a plane answered as a standby is not held against it as the active one. It is left for what it has failed
 * since, or has not begun to do for as long as any plane may fail; and while a switch moves to it, only if it is gone.
 */
static void check_yardstick(struct sim *sim, const struct sim_turn *turn)
{
        const struct plane_view *active = turn->decision.active;
        const mono_ms grace = turn->view.policy.detection.failure_threshold * turn->view.policy.detection.interval_ms;
        unsigned long long epoch = turn->decision.next->epoch;
        if (!sim->config.has_roles || !active || !turn->view.record || turn->view.record->epoch != sim->record.epoch)
                return; /* the arbiter refuses what was decided on an old record */
        const struct check_view *serves = &active->checks[0], *stands = &active->checks[1];
        bool is_from_before = serves->run_since < sim->active_since && sim->now < sim->active_since + grace;
        /* Where the targets that were read show another, nobody can tell who serves: it is left only if it is gone. */
        bool is_gone = active->mark.role == ROLE_EITHER && stands->fails;
        if (turn->decision.finding == FINDING_ACTIVE_DOWN && serves->fails && is_from_before && !is_gone)
                violated(sim, "S7: epoch %llu leaves %s for what it answered as a standby", epoch, active->name);
        if (turn->decision.finding == FINDING_ACTIVE_DOWN && !serves->fails)
                violated(sim, "S7: epoch %llu leaves %s, which serves", epoch, active->name);
        bool is_new = strcmp(turn->view.record->from, active->name) != 0;
        if (turn->decision.finding == FINDING_TARGET_LOST && is_new && (!serves->fails || !stands->fails))
                violated(sim, "S7: epoch %llu leaves %s, which is becoming active", epoch, active->name);
}

/* S8, in words of its own: seen to work for as long as the policy wants, and not set aside. */
static bool is_fit(const struct sim *sim, const struct sim_turn *turn, const struct plane_view *plane)
{
        const struct view *view = &turn->view;
        bool is_standby = sim->config.has_roles && turn->decision.rule->then != DO_ABORT;
        const struct check_view *path = &plane->checks[is_standby];
        bool is_gone = !sim->config.has_roles && plane->check_count > 1 && plane->checks[1].fails && counts(view, &plane->checks[1]);
        return plane->eligible && !plane->name_absent && !path->fails && path->passes >= view->policy.detection.success_threshold && !is_gone;
}

static void check_automatic(struct sim *sim, unsigned who, const struct sim_turn *turn, const struct plane_view *to)
{
        const struct record *next = turn->decision.next;
        if (!is_fit(sim, turn, to))
                violated(sim, "S8: epoch %llu goes to %s, which is not fit", (unsigned long long)next->epoch, next->to);
        if (turn->decision.rule->then == DO_ABORT)
                return;
        check_vantage(sim, who, turn, to);
        check_yardstick(sim, turn);
        check_confirmed(sim, turn);
        check_frequency(sim, who, turn);
        if (turn->decision.finding == FINDING_FAILBACK_DUE && sim->config.failback != FAILBACK_AUTOMATIC)
                violated(sim, "S9: epoch %llu is a failback that nobody asked for", (unsigned long long)next->epoch);
}

static epoch_t highest_seen(const struct view *view)
{
        epoch_t highest = view->record ? view->record->epoch : 0;
        for (unsigned i = 0; i < view->target_count; i++) {
                const epoch_t epoch = view->targets[i].shows.stamp.epoch;
                highest = epoch > highest ? epoch : highest;
        }
        return highest;
}

/* S10: the way back and the way forward, each in its own form, and both above everything that was seen. */
static void check_form(struct sim *sim, const struct sim_turn *turn)
{
        if (turn->decision.finding == FINDING_PREPARED_SHOWN)
                return; /* it goes on with what another has begun */
        const struct record *next = turn->decision.next, *record = turn->view.record;
        enum action action = turn->decision.rule->then;
        unsigned long long epoch = next->epoch;
        if (next->epoch <= highest_seen(&turn->view))
                violated(sim, "S10: epoch %llu was seen already", epoch);
        if (action == DO_DECIDE && next->phase != PHASE_SWITCHING)
                violated(sim, "S10: epoch %llu skips its steps", epoch);
        if (action == DO_ABORT && (next->phase != PHASE_STEADY || strcmp(next->to, record->from) != 0))
                violated(sim, "S10: epoch %llu aborts to %s", epoch, next->to);
}

/* S2, S3: what an epoch will write is the address and the lock value of the plane that it names. */
static void check_plan(struct sim *sim, const struct sim_turn *turn, const struct plane_view *to)
{
        const struct record *next = turn->decision.next;
        unsigned long long epoch = next->epoch;
        const struct plan_target *name = sim_plan(next, TARGET_NAME), *lock = sim_plan(next, TARGET_LOCK);
        const unsigned wanted = sim->config.third ? RECORD_VERSION_LIST : RECORD_VERSION;
        if (next->version != wanted)
                violated(sim, "S5: epoch %llu is written as v=%u", epoch, next->version);
        if (strcmp(name->to, to->rrset) != 0)
                violated(sim, "S2: epoch %llu leads to %s, but its plan is \"%s\"", epoch, next->to, name->to);
        if (name->ttl_s != turn->view.policy.targets[turn->view.policy.target_count - 1 - (sim->config.third == SIM_THIRD_PIPELINE)].ttl_s ||
            !lock != !turn->view.policy.single_writer)
                violated(sim, "S11: epoch %llu is of another spec than its operator knows", epoch);
        if (lock && strcmp(lock->to, sim_lock_value(sim, to->name, next->epoch)) != 0)
                violated(sim, "S3: epoch %llu leads to %s, but its plan is lock \"%s\"", epoch, next->to, lock->to);
}

/*
 * What a register shows was written by that decision, or by one after it. Recorded in DNS, the id is of the newest
 * decision, whose value may be still to come.
 */
static bool has_reached(const struct sim_register *now, epoch_t epoch, decision_id id, const char *value)
{
        if (now->stamp.presence != STAMP_OURS || !now->present || now->stamp.epoch < epoch)
                return false;
        bool is_by_it = now->stamp.id == id || now->stamp.decided > epoch;
        return now->stamp.epoch > epoch || (is_by_it && strcmp(now->value, value) == 0);
}

/*
 * What waits for the third target: it has shown that decision, or the operator has just seen that it does. What comes late
 * there is not refused, so that no more can be asked.
 */
static bool is_promoted(const struct sim *sim, unsigned who, const struct sim_decision *decided)
{
        const struct sim_operator *self = &sim->operators[who];
        return sim->config.third != SIM_THIRD_PROMOTION || decided->was_third ||
               (self->third_health.read_at && !self->third_settles && decided->to_third &&
                strcmp(self->third.value, decided->to_third) == 0);
}

/* L2: whoever commits has just seen what is shown. What changed since it could look says nothing against it. */
static void check_what_is_committed(struct sim *sim, unsigned who, const struct record *next)
{
        const struct plan_target *name = sim_plan(next, TARGET_NAME), *lock = sim_plan(next, TARGET_LOCK);
        bool is_routed = has_reached(&sim->dns, next->epoch, next->id, name->to) ||
                         !is_old(sim, sim->dns_changed_at, LOOK_AGE_MAX);
        bool is_locked = !lock || has_reached(&sim->lock, next->epoch, next->id, lock->to) ||
                         !is_old(sim, sim->lock_changed_at, LOOK_AGE_MAX);
        /* Recorded in DNS, what was decided since is beside the name, and the commit is refused for it. */
        bool is_refused = sim->config.is_recorded_in_dns && sim->operators[who].record_version != sim->record_version;
        const struct sim_decision *decided = sim_find_decision(sim, next->epoch, next->id);
        if (decided && !is_promoted(sim, who, decided))
                violated(sim, "L2: operator %u commits epoch %llu before the third target has shown it", who,
                         (unsigned long long)next->epoch);
        if (!is_refused && (!is_routed || !is_locked))
                violated(sim, "L2: operator %u commits epoch %llu, which %s does not show any more", who,
                         (unsigned long long)next->epoch, is_routed ? "the lock" : "the name");
}

/* What is prepared has an epoch of its own, is fit, and leaves the record in force as it is. Only its maker gives it up. */
static void check_aside(struct sim *sim, unsigned who, const struct sim_turn *turn)
{
        const struct record *next = turn->decision.next, *record = turn->view.record;
        const struct plane_view *to = view_plane(&turn->view, next->prepared.epoch ? next->prepared.to : next->to);
        unsigned long long epoch = record_highest_epoch(next);
        if (next->epoch != record->epoch || next->id != record->id || next->phase != record->phase)
                violated(sim, "S1: to prepare epoch %llu changes the record in force", epoch);
        if (turn->decision.rule->then == DO_GIVE_UP && !sim_owns_prepared(&sim->operators[who]))
                violated(sim, "S10: operator %u gives up epoch %llu, which another may have begun", who, epoch);
        if (next->prepared.epoch && (!to || !is_fit(sim, turn, to)))
                violated(sim, "S8: epoch %llu is prepared for %s, which is not fit", epoch, next->prepared.to);
        if (next->prepared.epoch && record->prepared.epoch)
                violated(sim, "S1: epoch %llu is prepared over another that is", epoch);
}

void sim_check_judgement(struct sim *sim, unsigned who, const struct sim_turn *turn)
{
        const struct record *next = turn->decision.next;
        enum action action = turn->decision.rule->then;
        if (action_is_aside(action)) {
                check_aside(sim, who, turn);
                return;
        }
        if (turn->decision.finding == FINDING_PREPARED_SHOWN)
                return; /* it was judged when it was begun */
        if (action == DO_COMMIT) {
                check_what_is_committed(sim, who, next);
                return;
        }
        const struct plane_view *to = view_plane(&turn->view, next->to);
        if (!to) {
                violated(sim, "S8: epoch %llu goes to %s, which the policy does not name",
                         (unsigned long long)next->epoch, next->to);
                return;
        }
        check_form(sim, turn);
        check_plan(sim, turn, to);
        if (next->automatic || action == DO_ABORT)
                check_automatic(sim, who, turn, to);
}

/* ---- records, as the arbiter takes them ---- */

static void check_commit(struct sim *sim, const struct record *next)
{
        unsigned long long epoch = next->epoch;
        const struct sim_decision *decided = sim_find_decision(sim, next->epoch, next->id);
        /* Where names may be empty, a person may have finished what was half done. */
        bool is_routed = decided && (decided->was_routed || (sim->config.has_empty_names && sim->was_touched));
        const struct law_decision known = {decided && decided->uses_lock, decided && decided->was_locked, is_routed};
        holds(sim, law_record_is_committed(&known), next->epoch);
        if (!sim->has_record || sim->record.epoch != next->epoch || sim->record.id != next->id ||
            sim->record.phase != PHASE_SWITCHING || next->phase != PHASE_STEADY)
                violated(sim, "S1: the commit of epoch %llu is of another decision", epoch);
}

/* S10: what is given up has left no trace anywhere. */
static void check_given_up(struct sim *sim)
{
        const struct prepared *prepared = &sim->record.prepared;
        const struct sim_decision *decided = sim_find_decision(sim, prepared->epoch, prepared->id);
        if (decided && decided->was_sent)
                violated(sim, "S10: epoch %llu is given up after its first effect", (unsigned long long)prepared->epoch);
}

/* S1: an epoch is decided once and only rises, prepared or not; a commit changes nothing else. */
void sim_check_record(struct sim *sim, const struct record *next, enum action action)
{
        if (action == DO_COMMIT) {
                check_commit(sim, next);
                return;
        }
        if (action == DO_GIVE_UP) {
                check_given_up(sim);
                return;
        }
        if (sim_is_begun(sim, next))
                return;
        const epoch_t epoch = action == DO_PREPARE ? next->prepared.epoch : next->epoch;
        const struct law_record stored = {sim->has_record, sim->has_record ? record_highest_epoch(&sim->record) : 0};
        bool was_decided = false;
        for (unsigned i = 0; i < sim->decision_count && !sim->config.has_amnesia; i++)
                was_decided |= sim->decisions[i].epoch == epoch;
        holds(sim, law_record_is_taken(&stored, epoch, was_decided), epoch);
}

/* ---- effects ---- */

static bool may_replace(const struct record *record, const struct sim_packet *packet)
{
        const struct plan_target *planned = sim_plan(record, packet->is_lock ? TARGET_LOCK : TARGET_NAME);
        bool is_nobodys = !packet->expected.present || (!packet->is_lock && !packet->expected.value[0]);
        bool is_listed = is_nobodys || strcmp(packet->expected.value, packet->want.value) == 0;
        for (unsigned i = 0; i < planned->old_count && !is_listed; i++)
                is_listed = strcmp(packet->expected.value, planned->old[i]) == 0;
        return is_listed;
}

/* S5: what is only prepared is begun by whoever prepared it, and by nobody else. */
static void check_begun(struct sim *sim, unsigned who, struct sim_decision *decided)
{
        const struct sim_claim *begun = &sim->operators[who].begun;
        decided->was_sent = true;
        if (decided->is_prepared && (begun->epoch != decided->epoch || begun->id != decided->id))
                violated(sim, "S5: operator %u begins epoch %llu, which it has not prepared", who,
                         (unsigned long long)decided->epoch);
}

/* The same of the third target itself. */
void sim_check_third(struct sim *sim, unsigned who, const struct target_write *write, const struct sim_packet *packet)
{
        unsigned long long epoch = write->stamp.epoch;
        struct sim_decision *decided = sim_find_decision(sim, write->stamp.epoch, write->stamp.id);
        const struct record *record = &sim->operators[who].record;
        if (!decided || !decided->to_third || strcmp(decided->to_third, packet->want.value) != 0) {
                violated(sim, "S5: operator %u writes \"%s\" for epoch %llu to the third target", who, packet->want.value, epoch);
                return;
        }
        check_begun(sim, who, decided);
        if (sim->config.third == SIM_THIRD_PIPELINE && !decided->was_routed)
                violated(sim, "S4: operator %u moves the pipeline to epoch %llu, which is not routed", who, epoch);
        bool is_its = packet->expected.stamp.epoch == packet->want.stamp.epoch;
        if (sim->operators[who].third_settles && is_its)
                violated(sim, "S5: operator %u repeats what is pending already", who);
        if (!plan_may_replace(sim_plan(record, write->target->ref.kind), packet->expected.value) &&
            strcmp(packet->expected.value, packet->want.value) != 0)
                violated(sim, "S11: operator %u would replace \"%s\" by epoch %llu", who, packet->expected.value, epoch);
}

/*
 * S5: what is sent was decided, as it was decided. S4: the address only after the lock. S11: nothing that the plan does
 * not name is replaced.
 */
void sim_check_effect(struct sim *sim, unsigned who, const struct sim_packet *packet)
{
        const struct sim_register *want = &packet->want;
        unsigned long long epoch = want->stamp.epoch;
        struct sim_decision *decided = sim_find_decision(sim, want->stamp.epoch, want->stamp.id);
        if (!decided) {
                violated(sim, "S5: operator %u writes epoch %llu, which nobody decided", who, epoch);
                return;
        }
        check_begun(sim, who, decided);
        if (!is_promoted(sim, who, decided))
                violated(sim, "S4: operator %u goes on with epoch %llu before the third target has shown it", who, epoch);
        const struct law_decision known = law_of(decided);
        const struct law_shown expected = law_shown_by(&packet->expected), wanted = law_shown_by(want);
        holds(sim, law_target_is_given(&known, packet->is_lock, want->value, packet->is_lock ? decided->to_lock : decided->to_rrset),
              want->stamp.epoch);
        if (!packet->is_lock && decided->uses_lock)
                holds(sim,
                      law_name_is_moved(&known, sim->lock_changed_at == sim->now || has_reached(&sim->lock, want->stamp.epoch,
                                                                                               want->stamp.id, decided->to_lock)),
                      want->stamp.epoch);
        holds(sim, law_target_changes(&expected, &wanted, true), want->stamp.epoch);
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                if (((sim->names_lost >> i) & 1) && sim->operators[who].record.phase == PHASE_SWITCHING &&
                    strcmp(want->value, sim_rrset(i)) == 0 && strcmp(packet->expected.value, want->value) != 0)
                        violated(sim, "S8: epoch %llu routes to \"%s\", which leads nowhere", epoch, want->value);
        if (!may_replace(&sim->operators[who].record, packet))
                violated(sim, "S11: operator %u would replace \"%s\" by epoch %llu", who, packet->expected.value,
                         epoch);
}

/* S2, S3, S6: one member's value at all times, and the epoch beside it never falls. S4 where the lock waits: for good.
 */
void sim_check_arrival(struct sim *sim, const struct sim_packet *packet, const struct sim_register *before)
{
        const struct sim_register *now = &packet->want;
        const struct law_shown was = law_shown_by(before), is = law_shown_by(now);
        holds(sim, law_target_changes(&was, &is, !packet->is_lock && !before->value[0]), now->stamp.epoch);
        bool is_member = packet->is_lock;
        for (unsigned i = 0; i < sim->config.plane_count && !is_member; i++)
                is_member = strcmp(now->value, sim_rrset(i)) == 0;
        if (!is_member)
                violated(sim, "S2: the name shows \"%s\"", now->value);
        struct sim_decision *decided = sim_find_decision(sim, now->stamp.epoch, now->stamp.id);
        if (!decided)
                return;
        *(packet->is_lock ? &decided->was_locked : &decided->was_routed) = true;
        const struct law_decision known = law_of(decided);
        if (!packet->is_lock && sim->config.lock_waits)
                holds(sim, law_lock_is_followed(&known, sim->lock_before.stamp.epoch < now->stamp.epoch), now->stamp.epoch);
}
