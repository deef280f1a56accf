/* looks.c -- how old a look at a target may be when something is done that rests on it. */
#include "core/looks.h"

#include "core/targets.h"
#include "core/waiting.h"

static bool is_older(const struct view *view, const struct target_view *target, mono_ms age_max)
{
        const mono_ms looked_at = target->health.looked_at;
        return !looked_at || view->now - looked_at > age_max;
}

static unsigned old_looks(const struct view *view, mono_ms age_max)
{
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++)
                looks |= is_older(view, &view->targets[i], age_max) ? 1U << i : 0;
        return looks;
}

/* Where the gates pass, a target that does not answer is lost with the plane that is left, and need not be read. */
static unsigned silent(const struct view *view)
{
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++)
                looks |= view->targets[i].health.reach == REACH_FAILED ? 1U << i : 0;
        return looks;
}

/* No action rests on a target that no step waits for. */
static unsigned blocking(const struct view *view)
{
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++)
                looks |= waiting_is_for(view, &view->targets[i]) ? 1U << i : 0;
        return looks;
}

/* Those that a switch away from the active plane would wait for. */
static unsigned blocking_next(const struct view *view)
{
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++)
                looks |= waiting_blocks(view, &view->targets[i], view->record ? view->record->to : "") ? 1U << i : 0;
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

unsigned looks_before_write(const struct view *view, const struct target_view *at)
{
        const unsigned self = targets_is_weak(at) ? 1U << (at - view->targets) : 0; /* nothing there refuses it */
        return old_looks(view, LOOK_STEP_MS) & ((before(view, at) & blocking(view)) | self);
}

unsigned looks_due(const struct view *view, enum action then, const struct target_view *at)
{
        switch (then) {
        case DO_WRITE:
                return looks_before_write(view, at);
        case DO_DECIDE:
                return old_looks(view, LOOK_VISIT_MS) & (blocking(view) | blocking_next(view)) & ~silent(view);
        case DO_ADOPT:
        case DO_ABORT:
        case DO_COMMIT:
                return old_looks(view, LOOK_VISIT_MS) & blocking(view);
        default:
                return 0;
        }
}

unsigned looks_by_age(const struct view *view, unsigned settling, mono_ms *ret_wake)
{
        unsigned looks = 0;
        *ret_wake = 0;
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                const mono_ms age_max = settling & 1U << i ? LOOK_STEP_MS : LOOK_WEAK_MS;
                if (!(settling & 1U << i) && !targets_is_weak(target))
                        continue;
                const mono_ms due = target->health.looked_at + age_max + 1;
                if (is_older(view, target, age_max))
                        looks |= 1U << i;
                else if (!*ret_wake || due < *ret_wake)
                        *ret_wake = due;
        }
        return looks;
}
