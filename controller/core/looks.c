/* looks.c -- how old a look at a target may be when something is done that rests on it. */
#include "core/looks.h"

static unsigned old_looks(const struct view *view, mono_ms age_max)
{
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++) {
                const mono_ms looked_at = view->targets[i].health.looked_at;
                looks |= !looked_at || view->now - looked_at > age_max ? 1U << i : 0;
        }
        return looks;
}

/* Where the gates let a decision be made, what does not answer is lost with the plane that is left. */
static unsigned silent(const struct view *view)
{
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++)
                looks |= view->targets[i].health.reach == REACH_FAILED ? 1U << i : 0;
        return looks;
}

/* A step rests on those before it. */
static unsigned before(const struct view *view, const struct target_view *at)
{
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++)
                looks |= view->targets[i].ref.kind < at->ref.kind ? 1U << i : 0;
        return looks;
}

unsigned looks_due(const struct view *view, enum action then, const struct target_view *at)
{
        switch (then) {
        case DO_WRITE:
                return old_looks(view, LOOK_STEP_MS) & before(view, at);
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
