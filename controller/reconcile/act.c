/* act.c -- the pass of one policy: gather, decide, act, tell. */
#include "reconcile/act.h"

#include <stdlib.h>
#include <string.h>

#include "core/maintenance.h"
#include "reconcile/confirm.h"
#include "reconcile/effect.h"
#include "reconcile/gather.h"
#include "reconcile/mechanism.h"
#include "reconcile/policy_status.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_io.h"
#include "reconcile/record_store.h"
#include "reconcile/standby_watch.h"
#include "reconcile/target_secrets.h"
#include "reconcile/tell.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

static void read_target(struct policy *policy, struct target_slot *slot)
{
        mono_ms now = loop_now(policy->manager->loop);
        if (!policy->manager->identity.uid || now < slot->retry_at)
                return;
        if (slot->mechanism)
                slot->mechanism->asked_at = now;
        effect_read(policy, slot);
}

/* A look that is due waits while others need the rate limit, and then goes with all that are due by that time. */
static void look_at_leisure(struct policy *policy, struct target_slot *slot)
{
        mono_ms now = loop_now(policy->manager->loop);
        if (!policy->manager->identity.uid || now < slot->retry_at)
                return;
        if (slot->mechanism)
                slot->mechanism->asked_at = now;
        effect_look(policy, slot);
}

/*
 * Each policy's timer comes every 10 s, spread over them: the next look at the mechanism comes that much sooner the
 * more policies use it. So it is due already when it would be overdue by then. Half a second of slack keeps a visit
 * from slipping to the next round.
 */
static bool is_due(const struct policy *policy, const struct target_slot *slot)
{
        mono_ms now = loop_now(policy->manager->loop) + 500;
        const struct mechanism *mechanism = slot->mechanism;
        const struct target_limits *limits = target_limits_of(slot->ref.driver);
        mono_ms every = slot == policy_name(policy) ? policy->keeper.store->reads_every(policy) : limits->read_every_ms;
        if (!mechanism)
                return true;
        if (now - slot->read_at >= every)
                return true;
        return now - mechanism->asked_at >= MECHANISM_EVERY_MS - MECHANISM_EVERY_MS / (mono_ms)mechanism->users;
}

void act_read_due_targets(struct policy *policy)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                if (is_due(policy, policy->targets[i]))
                        look_at_leisure(policy, policy->targets[i]);
        if (policy->spec)
                standby_watch_turn(policy);
}

/*
 * The targets are read when an outage begins, not when the next visit is due (decision 009). A person who makes a
 * request may just have changed them, so they are read then, too.
 */
static void read_what_is_wanted(struct policy *policy, const struct decision *decision)
{
        for (unsigned i = 0; i < policy->target_count; i++) {
                struct target_slot *slot = policy->targets[i];
                if (policy->reads_wanted || decision->looks_beside & 1U << i ||
                    slot->looked_at < policy->requests.asked_at)
                        read_target(policy, slot);
        }
        policy->reads_wanted = false;
}

/* A replica that has just been told to follow mostly has its copy soon: until then no plane seems to be fit. */
static void look_at_unready(struct policy *policy)
{
        enum { AGAIN_MS = 2000, AS_LONG_AS_MS = 15000 };
        const mono_ms now = loop_now(policy->manager->loop);
        for (unsigned i = 0; i < policy->target_count; i++) {
                struct target_slot *slot = policy->targets[i];
                if (!slot->unready_since || now - slot->unready_since > AS_LONG_AS_MS || slot->effect)
                        continue;
                const mono_ms due = slot->read_at + AGAIN_MS;
                if (now >= due)
                        look_at_leisure(policy, slot);
                else
                        workqueue_add_after(policy->manager->policies_queue, &policy->work, due - now);
        }
}

/* Reads the targets that the core needs to see again before it goes on. */
static void look_again(struct policy *policy, unsigned looks)
{
        pace_prioritise(&policy->manager->pace);
        for (unsigned i = 0; i < policy->target_count; i++)
                if (looks & 1U << i)
                        read_target(policy, policy->targets[i]);
}

static void write_target(struct policy *policy, const struct view *view, const struct target_write *write)
{
        struct target_slot *slot = policy->targets[write->target - view->targets];
        mono_ms now = loop_now(policy->manager->loop);
        if (now < slot->retry_at) {
                workqueue_add_after(policy->manager->policies_queue, &policy->work, slot->retry_at - now);
                return;
        }
        pace_prioritise(&policy->manager->pace);
        slot->met_epoch = 0; /* until the value was seen again, an absent one counts as this write, half done */
        effect_write(policy, slot, write);
}

/*
 * An operator inside a plane may record nothing, so nothing is recorded before its place is known: a first record could
 * not be taken back.
 */
static bool may_begin(const struct policy *policy)
{
        if (policy->spec->deleting)
                return false;
        for (size_t i = 0; i < policy->plane_count; i++)
                if (!policy->keeper.record && !plane_is_located(policy->planes[i].plane))
                        return false;
        return true;
}

/* The switch that was prepared here is being recorded as begun: its first effects go beside that. */
static bool may_run_ahead(const struct policy *policy, const struct decision *decision)
{
        const enum action then = decision->rule->then;
        return policy->keeper.is_assumed && !policy->keeper.is_doubtful &&
               !confirmation_is_awaited(&policy->confirmation) && (then == DO_WRITE || then == DO_READ);
}

/* @decision's writes are carried out as it says: what is waited for, and what is written whatever else is done. */
static void act(struct policy *policy, const struct view *view, const struct decision *decision)
{
        if (policy->manager->stopping || !may_begin(policy))
                return;
        if (!may_run_ahead(policy, decision) && !record_store_settle(policy))
                return;
        for (unsigned i = 0; i < decision->beside_count; i++)
                write_target(policy, view, &decision->beside[i]);
        switch (decision->rule->then) {
        case DO_DECIDE:
                if (decision->is_prepared && confirmation_is_coming(&policy->confirmation))
                        break; /* the first effect waits for it, so what says that it was begun may, too */
                record_store_write(policy, view, decision);
                confirm_beside(policy);
                break;
        case DO_ADOPT:
        case DO_ABORT:
        case DO_COMMIT:
        case DO_PREPARE:
        case DO_GIVE_UP:
                record_store_write(policy, view, decision);
                break;
        case DO_WRITE:
                write_target(policy, view, &decision->write);
                break;
        case DO_READ:
                look_again(policy, decision->looks);
                break;
        case DO_CONFIRM:
                if (!record_io_must_wait(policy))
                        confirm_policy(policy);
                break;
        case DO_WAIT:
        case DO_REPORT:
        case DO_COUNT:
                break;
        }
}

/* How the targets stand is remembered for the next pass, and a write is over where there is nothing left to write. */
static void remember_targets(struct policy *policy, const struct decision *decision)
{
        for (unsigned i = 0; i < policy->target_count; i++) {
                struct target_slot *slot = policy->targets[i];
                const struct target_standing *standing = &decision->targets[i];
                bool is_news = standing->met_at && standing->met_at != slot->met_at;
                if (is_news && slot == policy_name(policy))
                        verify_restart(policy);
                slot->met_epoch = standing->met_epoch;
                slot->met_at = standing->met_at;
                if (!standing->is_write_over || !slot->has_failed_write)
                        continue;
                slot_forget_write(slot);
                policy_wake(policy); /* the next pass decides without the failure */
        }
}

static void remember(struct policy *policy, const struct view *view, const struct decision *decision)
{
        const char *active = decision->active ? decision->active->name : NULL;
        bool is_new_role = !text_equal(active, policy->active);
        for (size_t i = 0; i < policy->plane_count; i++) {
                struct plane *plane = policy->planes[i].plane;
                bool in_maintenance = maintenance_holds(view, &view->planes[i]);
                if (is_new_role || policy->planes[i].was.verdict != decision->verdicts[i] ||
                    plane->was_in_maintenance != in_maintenance)
                        status_request(&plane->status);
                plane->was_in_maintenance = in_maintenance;
                policy->planes[i].was =
                    (struct last_verdict){decision->verdicts[i], decision->verdicts_since[i], view->planes[i].mark};
        }
        if (is_new_role) {
                free(policy->active);
                policy->active = active ? mem_strdup(active) : NULL;
        }
}

/* The status is one of the results of a pass. Where effects go first, it is only requested, and built later. */
static void show(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena)
{
        if (!status_has_room(&policy->status)) {
                status_request(&policy->status);
                return;
        }
        struct condition_list conditions = {0};
        json_t *status = policy_status_of(policy, view, decision, arena, &conditions);
        status_offer(&policy->status, status, &conditions);
}

/* A write that was not sent yet is decided again, because its facts may have changed. */
static void recall_writes(struct policy *policy)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                if (effect_recall(policy->targets[i]))
                        record_io_drop(policy);
}

static void drop_recalled_writes(struct policy *policy)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                effect_drop_recalled(policy->targets[i]);
}

static void pass(struct policy *policy, struct arena *arena, struct view *ret_view, struct decision *ret)
{
        recall_writes(policy);
        gather_view(policy, arena, ret_view);
        failover_decide(ret_view, arena, ret);
        remember_targets(policy, ret);
        tell_planes(policy, ret_view, ret, arena);
        remember(policy, ret_view, ret);
        confirmation_judge(policy, ret->attempt ? &ret->attempt->decision : ret);
        if (ret->attempt)
                act(policy, &ret->attempt->view, &ret->attempt->decision);
        else
                act(policy, ret_view, ret);
        read_what_is_wanted(policy, ret);
        drop_recalled_writes(policy);
        verify_turn(policy);
        alive_turn(policy, ret_view, ret);
        look_at_unready(policy);
        preflight_turn(policy, ret);
        standby_watch_turn(policy);
        announce_turn(policy, ret_view, ret);
        tell_pass(policy, ret_view, ret, arena);
        if (ret->wake_at) {
                mono_ms now = loop_now(policy->manager->loop);
                workqueue_add_after(policy->manager->policies_queue, &policy->work,
                                    ret->wake_at > now ? ret->wake_at - now : 1);
        }
}

/* The view borrows the record, so it is not replaced before everything was told. */
static void end_pass(struct policy *policy, const struct decision *decision, struct arena *arena)
{
        if (decision->is_prepared && decision->rule->then == DO_DECIDE)
                record_keeper_assume(policy);
        arena_deinit(arena);
}

void act_pass(struct policy *policy)
{
        int64_t began_us = clock_mono_us();
        if (!policy->spec) {
                recall_writes(policy);
                drop_recalled_writes(policy);
                tell_invalid(policy);
                policy->confirmation.is_next = false;
                status_request(&policy->status);
                return;
        }
        struct arena arena = {0};
        struct view view;
        struct decision decision;
        pass(policy, &arena, &view, &decision);
        show(policy, &view, &decision, &arena);
        end_pass(policy, &decision, &arena);
        tell_pass_time(clock_mono_us() - began_us, decision.wake_at != 0);
}

json_t *act_pass_for_status(struct policy *policy, struct condition_list *ret_conditions)
{
        int64_t began_us = clock_mono_us();
        if (policy->spec_error) {
                tell_invalid(policy);
                return policy_status_invalid(policy, ret_conditions);
        }
        struct arena arena = {0};
        struct view view;
        struct decision decision;
        pass(policy, &arena, &view, &decision);
        json_t *status = policy_status_of(policy, &view, &decision, &arena, ret_conditions);
        end_pass(policy, &decision, &arena);
        tell_pass_time(clock_mono_us() - began_us, decision.wake_at != 0);
        return status;
}

static void move_text(const char **from, const char **to)
{
        *to = *from;
        *from = NULL;
}

static void note_unready(struct target_slot *slot, mono_ms now)
{
        const bool is_unready = slot->state.unready_count > 0;
        slot->unready_since = !is_unready ? 0 : slot->unready_since ? slot->unready_since : now;
}

/* The state that a visit saw is the present one, also after a write, so that no second read is needed to go on. */
static void take_found(struct policy *policy, struct effect *effect)
{
        struct target_state *state = &effect->slot->state, *found = &effect->found;
        if (effect->asks_claims)
                effect->slot->claims_at = loop_now(policy->manager->loop);
        else
                move_text(&state->stamp.claim, &found->stamp.claim); /* this visit did not look for another */
        if (effect->kind != EFFECT_READ && !found->doubt)
                move_text(&state->doubt, &found->doubt); /* until it is read again */
        target_state_clear(state);
        *state = *found;
        *found = (struct target_state){0};
}

static void target_failed(struct policy *policy, struct target_slot *slot, const struct visit *visit)
{
        struct manager *manager = policy->manager;
        slot_failed(slot, visit);
        bool is_refused = visit->err == ERR_DENIED || visit->err == ERR_INVALID;
        if (is_refused && policy->spec)
                target_secrets_refresh(policy, &slot->ref);
        workqueue_add_after(manager->policies_queue, &policy->work, slot->retry_at - visit->now);
}

static void visit_done(struct policy *policy, struct effect *effect)
{
        struct target_slot *slot = effect->slot;
        const struct visit visit = {.is_write = effect->kind != EFFECT_READ,
                                    .is_decision = effect->kind == EFFECT_RECORD,
                                    .err = effect->err,
                                    .why = effect->why.text,
                                    .retry_after_ms = effect->retry_after_ms,
                                    .began = effect->submitted_us / 1000,
                                    .now = loop_now(policy->manager->loop),
                                    .wall = pace_wall(&policy->manager->pace)};
        slot->effect = NULL;
        if (effect->err != ERR_OK && effect->err != ERR_PENDING) {
                target_failed(policy, slot, &visit);
                tell_effect_failed(policy, effect);
        } else {
                slot_answered(slot, &visit);
                take_found(policy, effect);
                note_unready(slot, visit.now);
                if (slot == policy_name(policy))
                        policy->keeper.store->dns_seen(policy);
                tell_effect_done(policy, effect);
        }
        if (effect->kind == EFFECT_RECORD)
                store_dns_written(policy, effect->err, effect->why.text);
}

void act_effect_done(struct policy *policy, struct effect *effect)
{
        if (effect->kind == EFFECT_ALIVE) {
                alive_done(policy, effect);
        } else if (effect->kind == EFFECT_PREFLIGHT) {
                preflight_done(policy, effect);
        } else if (effect->kind == EFFECT_VERIFY) {
                policy->verify.effect = NULL;
                verify_take(policy, effect);
        } else {
                visit_done(policy, effect);
        }
        if (effect->kind == EFFECT_WRITE)
                policy_wake_first(policy); /* the next step of a switch may begin */
        else
                policy_wake(policy);
}
