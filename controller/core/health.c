/* health.c -- from samples to one verdict, with rise and fall. */
#include "core/health.h"

/*
 * Samples come every interval and take up to the timeout; three missed ones in a row mean nobody is measuring any more.
 */
static bool is_fresh(const struct check_view *check, const struct detection *detection, mono_ms now)
{
        return check->counted_at > 0 &&
               health_run_goes_on(check->counted_at, now, detection->interval_ms, detection->timeout_ms);
}

bool health_run_goes_on(mono_ms last, mono_ms next, mono_ms interval_ms, mono_ms timeout_ms)
{
        return next - last <= 3 * interval_ms + timeout_ms;
}

/*
 * What a cluster said of itself stands while it is fresh, and takes as many samples that judge nothing to be dismissed
 * as failures to be believed: one look that goes unanswered takes nothing back.
 */
static bool still_stands(const struct check_view *check, const struct detection *detection, mono_ms now)
{
        const struct check_view sampled = {.counted_at = check->sampled_at};
        return is_fresh(check, detection, now) ||
               (check->counted_at > 0 && check->unknowns < detection->failure_threshold &&
                is_fresh(&sampled, detection, now));
}

static mono_ms later(mono_ms a, mono_ms b)
{
        return a > b ? a : b;
}

static void judge_deployment(const struct check_view *check, bool stands, struct plane_health *health)
{
        health->replicas_available = check->replicas_available;
        health->replicas_wanted = check->replicas_wanted;
        if (!stands)
                return;
        health->deployment = check->fails ? DEPLOYMENT_UNAVAILABLE : DEPLOYMENT_AVAILABLE;
        health->rollout = check->replicas_updated >= 0 && check->replicas_updated < check->replicas_wanted;
}

struct plane_health health_of(const struct plane_view *plane, const struct detection *detection, mono_ms now)
{
        struct plane_health health = {
            .replicas_available = -1, .replicas_wanted = -1, .check_count = plane->check_count};
        uint32_t fewest_fails = UINT32_MAX, fewest_passes = UINT32_MAX;
        unsigned paths = 0, fresh_paths = 0;
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                bool fresh = is_fresh(check, detection, now);
                if (!fresh || check->last_unknown)
                        health.unknown_checks++;
                else if (check->fails)
                        health.failing_checks++;
                if (check->certificate_not_after &&
                    (!health.certificate_not_after || check->certificate_not_after < health.certificate_not_after))
                        health.certificate_not_after = check->certificate_not_after;
                if (!check->is_path) {
                        judge_deployment(check, still_stands(check, detection, now), &health);
                        continue;
                }
                paths++;
                fresh_paths += fresh;
                fewest_fails = check->fails < fewest_fails ? check->fails : fewest_fails;
                fewest_passes = check->passes < fewest_passes ? check->passes : fewest_passes;
                health.failing_since = later(health.failing_since, check->run_since);
                if (check->passes)
                        health.last_pass_at = later(health.last_pass_at, check->counted_at);
        }
        health.healthy_since = health.failing_since;
        health.fresh = paths > 0 && fresh_paths == paths;
        if (!health.fresh) {
                health.verdict = VERDICT_UNKNOWN;
                health.failing_since = health.healthy_since = 0;
                return health;
        }
        health.fails = fewest_fails;
        health.failing_since = fewest_fails ? later(health.failing_since, plane->judged_since) : 0;
        if (!fewest_passes)
                health.healthy_since = 0;
        if (fewest_fails >= detection->failure_threshold)
                health.verdict = VERDICT_DOWN;
        else if (fewest_passes >= detection->success_threshold || (fewest_passes && plane->was == VERDICT_UNKNOWN))
                health.verdict = VERDICT_UP; /* at first sight there is nothing to rise from */
        else
                health.verdict = plane->was;
        return health;
}

mono_ms health_verdict_since(const struct plane_view *plane, const struct plane_health *health, mono_ms now)
{
        if (plane->was == VERDICT_UNKNOWN && !plane->was_since)
                return health->verdict == VERDICT_DOWN ? health->failing_since : health->healthy_since;
        return health->verdict == plane->was ? plane->was_since : now;
}
