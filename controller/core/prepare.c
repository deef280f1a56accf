/* prepare.c -- a switch that is recorded before it is needed. */
#include "core/prepare.h"

#include <string.h>

#include "core/plan.h"
#include "core/sync.h"
#include "core/targets.h"
#include "core/waiting.h"

struct prepared prepare_values(const struct view *view, const struct plane_view *to, epoch_t epoch,
                               struct arena *arena)
{
        struct prepared prepared = {.epoch = epoch, .id = view->fresh_id, .to = to->name, .at = view->wall};
        const struct plan plan = plan_values(view, to, epoch, arena);
        for (unsigned i = 0; i < plan.target_count; i++)
                prepared.values[i] = plan.targets[i].to;
        return prepared;
}

struct plan prepare_plan(const struct record *record)
{
        struct plan plan = plan_copied(&record->plan);
        for (unsigned i = 0; i < plan.target_count; i++) {
                const struct plan_target *before = &record->plan.targets[i];
                struct plan_target *planned = &plan.targets[i];
                planned->to = record->prepared.values[i];
                planned->old_count = 0;
                planned->old[planned->old_count++] = before->to;
                for (unsigned j = 0; j < before->old_count && planned->old_count < PLAN_OLD_MAX; j++)
                        if (strcmp(before->old[j], before->to) != 0)
                                planned->old[planned->old_count++] = before->old[j];
        }
        return plan;
}

bool prepare_is_shown(const struct view *view)
{
        const struct prepared *prepared = &view->record->prepared;
        for (unsigned i = 0; prepared->epoch && i < view->target_count; i++) {
                const struct stamp *stamp = &view->targets[i].shows.stamp;
                if (view->targets[i].health.read_at && stamp->presence == STAMP_OURS &&
                    stamp->epoch == prepared->epoch && stamp->id == prepared->id &&
                    !targets_stamp_is_foreign(view, stamp))
                        return true;
        }
        return false;
}

/* Every target that a step waits for shows the record in force, and refuses what is older than itself. */
static bool are_targets_met(const struct view *view)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (waiting_blocks(view, &view->targets[i], view->record->to) &&
                    sync_of(view, view->record, i) != SYNC_MET)
                        return false;
        return true;
}

/*
 * A target that is met by its value alone could not tell which switch it shows; and whether a fence is waited for is
 * known only when the plane is left.
 */
static bool is_any_weak(const struct view *view)
{
        for (unsigned i = 0; i < view->target_count; i++) {
                const enum blocking blocks = target_traits(view->targets[i].ref.kind)->blocks;
                if (blocks == BLOCKS_WHILE_LEFT_ANSWERS ||
                    (blocks == BLOCKS_ALWAYS && targets_is_weak(&view->targets[i])))
                        return true;
        }
        return false;
}

bool prepare_is_usable(const struct view *view, const struct plane_view *to, struct arena *arena)
{
        if (!view->owns_prepared) /* else there is a record, beside which it stands */
                return false;
        const struct record *record = view->record;
        const struct prepared *prepared = &record->prepared;
        if (!prepared->epoch || !are_targets_met(view) ||
            targets_highest_epoch(view) != prepared->epoch || strcmp(prepared->to, to->name) != 0)
                return false;
        const struct plan wanted = plan_values(view, to, prepared->epoch, arena);
        for (unsigned i = 0; i < wanted.target_count; i++)
                if (wanted.targets[i].ttl_s != record->plan.targets[i].ttl_s ||
                    strcmp(wanted.targets[i].to, prepared->values[i]) != 0)
                        return false;
        return true;
}

/* With the record in force it has to fit where each alone does. */
static bool fits(const struct view *view, const struct plane_view *to, struct arena *arena)
{
        struct record with = record_copied(view->record);
        with.prepared = prepare_values(view, to, EPOCH_MAX, arena);
        const struct plan plan = prepare_plan(&with);
        return plan_bytes(&plan) + plan_bytes(&view->record->plan) <= PLAN_BYTES_MAX;
}

/* How soon the active plane would be left if it went on failing: by its next failure, or when its delay ends. */
static bool is_near(const struct view *view, const struct plane_health *health)
{
        const struct detection *detection = &view->policy.detection;
        const mono_ms due = health->failing_since + gates_failover_delay(view);
        return health->fails && health->fails + 1 >= detection->failure_threshold &&
               due - view->now <= detection->interval_ms + detection->timeout_ms;
}

static bool is_only_failure_awaited(struct pass *pass)
{
        const struct gate_question question = {PURPOSE_PREPARE, pass->decision->active, pass->decision->candidate, ""};
        return gates_evaluate(pass->view, &question, pass->arena).blocked < 0;
}

bool prepare_is_due(struct pass *pass)
{
        const struct view *view = pass->view;
        const struct decision *decision = pass->decision;
        const struct plane_view *active = decision->active, *candidate = decision->candidate;
        if (!view->may_prepare || !decision->may_act || view->record->prepared.epoch || !candidate ||
            !is_near(view, &decision->active_health) || view->prepared_at >= decision->active_health.failing_since)
                return false;
        if (is_any_weak(view) || !are_targets_met(view) ||
            plan_is_outdated(view, active, pass->arena) || !fits(view, candidate, pass->arena))
                return false;
        return is_only_failure_awaited(pass);
}

bool prepare_decides_next(struct pass *pass)
{
        const struct view *view = pass->view;
        const struct decision *decision = pass->decision;
        const struct plane_health *health = &decision->active_health;
        if (decision->phase != PHASE_STEADY || !decision->may_act || !decision->candidate)
                return false;
        return health->fails < view->policy.detection.failure_threshold && is_near(view, health) &&
               is_only_failure_awaited(pass);
}
