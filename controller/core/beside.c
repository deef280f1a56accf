/* beside.c -- the targets that the record is written to beside the step under way. */
#include "core/beside.h"

#include "core/looks.h"
#include "core/targets.h"
#include "core/waiting.h"

/* One that is waited for is written in its turn: only another of its step goes with it. */
static bool is_in_turn(const struct pass *pass, unsigned i, enum step step)
{
        const struct target_view *at = pass->decision->at;
        return !pass->decision->targets[i].is_blocking || (at && target_traits(at->ref.kind)->step == step);
}

/* A step before has not been taken; where a fence answers that is waited for as well, although no step does. */
static bool is_before(const struct pass *pass, unsigned before, unsigned i)
{
        const struct view *view = pass->view;
        const struct target_view *other = &view->targets[before], *target = &view->targets[i];
        const struct target_standing *standing = &pass->decision->targets[before];
        const enum step step = target_traits(target->ref.kind)->step, other_step = target_traits(other->ref.kind)->step;
        const bool is_open = standing->is_blocking && standing->sync != SYNC_MET;
        if (other_step < step)
                return is_open;
        /* A plane is released when those that are left are fenced. */
        const bool is_fenced_now = standing->sync == SYNC_BEHIND && other->health.reach == REACH_OK;
        return other_step == step && waiting_is_released(view, target) && !waiting_is_released(view, other) &&
               (is_open || is_fenced_now);
}

/* It is behind, and every step before its own is met. */
static bool is_due(const struct pass *pass, unsigned i)
{
        const struct view *view = pass->view;
        const struct target_standing *targets = pass->decision->targets;
        const struct target_traits *traits = target_traits(view->targets[i].ref.kind);
        if (targets[i].sync != SYNC_BEHIND || !is_in_turn(pass, i, traits->step))
                return false;
        if (!view->record->plan.targets[i].to[0]) /* it was not known at the decision: the next one has it */
                return false;
        if (traits->leads_agents && pass->decision->finding == FINDING_NAME_UNFIT)
                return false;
        for (unsigned before = 0; before < view->target_count; before++)
                if (is_before(pass, before, i))
                        return false;
        return true;
}

const struct target_view *beside_unconfirmed(const struct pass *pass)
{
        const struct view *view = pass->view;
        if (view->confirmed_epoch == view->record->epoch || !pass->writes_beside)
                return NULL;
        for (unsigned i = 0; i < view->target_count; i++)
                if (is_due(pass, i))
                        return &view->targets[i];
        return NULL;
}

struct target_write classify_write(const struct view *view, const struct target_view *target)
{
        const struct record *record = view->record;
        const struct plan_target *planned = &record->plan.targets[target - view->targets];
        return (struct target_write){
            .target = target,
            .value = planned->to,
            .ttl_s = planned->ttl_s,
            .stamp = {STAMP_OURS, record->epoch, record->id, record->to, view->store, "", 0, NULL},
            .former = targets_former(view, &target->shows.stamp),
        };
}

/* A new epoch is another record; its commit is not. */
static bool may_write(const struct pass *pass)
{
        const enum action then = pass->decision->rule->then;
        return pass->writes_beside && pass->view->confirmed_epoch == pass->view->record->epoch && then != DO_DECIDE;
}

void beside_add(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        if (!may_write(pass))
                return;
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                if (target == decision->write.target || !is_due(pass, i))
                        continue;
                const unsigned looks = looks_before_write(view, target);
                decision->looks_beside |= looks;
                if (!looks)
                        decision->beside[decision->beside_count++] = classify_write(view, target);
        }
}
