/* looks.c -- how old a look at a target may be when something is done that rests on it. */
#include "core/looks.h"

#include "core/targets.h"

static bool is_old(const struct view *view, const struct target_health *health, mono_ms age_max)
{
        return !health->looked_at || view->now - health->looked_at > age_max;
}

static unsigned old_looks(const struct view *view, mono_ms age_max)
{
        unsigned looks = is_old(view, &view->dns_health, age_max) ? LOOK_DNS : 0;
        if (targets_use_lock(view) && is_old(view, &view->lock_health, age_max))
                looks |= LOOK_LOCK;
        return looks;
}

/* Where the gates let a decision be made, what does not answer is lost with the plane that is left. */
static unsigned silent(const struct view *view)
{
        return (view->dns_health.reach == REACH_FAILED ? LOOK_DNS : 0U) |
               (view->lock_health.reach == REACH_FAILED ? LOOK_LOCK : 0U);
}

unsigned looks_due(const struct view *view, enum action then, enum step step)
{
        switch (then) {
        case DO_ROUTE:
                return old_looks(view, LOOK_STEP_MS) & LOOK_LOCK;
        case DO_REASSERT:
                return step == STEP_ROUTE ? old_looks(view, LOOK_STEP_MS) & LOOK_LOCK : 0;
        case DO_DECIDE:
                return old_looks(view, LOOK_VISIT_MS) & ~silent(view);
        case DO_ADOPT:
        case DO_ABORT:
        case DO_COMMIT:
                return old_looks(view, LOOK_VISIT_MS);
        default:
                return 0;
        }
}
