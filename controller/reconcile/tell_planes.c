/* tell_planes.c -- Events on a policy's planes: shared with other policies, or back after a failover away from them. */
#include <string.h>

#include "core/report.h"
#include "reconcile/tell.h"
#include "reconcile/tell_parts.h"

static void tell_other(struct policy *policy, const struct plane *plane, const struct policy *other)
{
        struct arena arena = {0};
        tell_event(policy, false, "PlaneShared", "Judge",
                   arena_printf(&arena, "plane %s is also in policy %s", plane->name, other->key));
        arena_deinit(&arena);
}

/* Where many policies share a plane, it is on purpose, and needs no Event. */
enum { SHARED_ON_PURPOSE = 4 };

void tell_what_is_shared(struct policy *policy)
{
        for (size_t i = 0; i < policy->plane_count; i++) {
                const struct plane *plane = policy->planes[i].plane;
                for (size_t j = 0; plane->user_count <= SHARED_ON_PURPOSE && j < plane->user_count; j++)
                        if (plane->users[j] != policy)
                                tell_other(policy, plane, plane->users[j]);
        }
}

void tell_shared(struct policy *policy, const struct plane *plane)
{
        if (!policy->manager->is_leader || plane->user_count > SHARED_ON_PURPOSE)
                return;
        for (size_t i = 0; i < plane->user_count; i++) {
                if (plane->users[i] == policy)
                        continue;
                tell_other(policy, plane, plane->users[i]);
                tell_other(plane->users[i], plane, policy);
        }
}

void tell_planes(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena)
{
        const struct record *record = view->record;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                bool is_back = plane->was == VERDICT_DOWN && decision->verdicts[i] == VERDICT_UP;
                if (!is_back || !record || record->phase != PHASE_STEADY || !record->automatic ||
                    strcmp(record->from, plane->name) != 0)
                        continue;
                tell_event(policy, true, "OldActiveBack", "Judge",
                           arena_printf(arena, "%s answers again: quarantined until healthy for %s", plane->name,
                                        report_duration(view->policy.failback_stable_ms, arena)));
        }
}
