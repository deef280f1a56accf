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
 * A cluster's own word (its Deployment) counts while it is fresh. It is dropped only after as many samples without a
 * result as failures are needed to accuse: a single unanswered read takes nothing back.
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

bool health_counts(const struct check_view *check, enum plane_role role)
{
        static const bool counts[WHEN_COUNT][ROLE_COUNT] = {
            [WHEN_ALWAYS] = {true, true, true},
            [WHEN_ACTIVE] = {[ROLE_EITHER] = true, [ROLE_ACTIVE] = true},
            [WHEN_STANDBY] = {[ROLE_EITHER] = true, [ROLE_STANDBY] = true},
        };
        return counts[check->when][role];
}

/* Whether the run of failures that @check is in began in another role than the one that it is to be judged in. */
static bool fails_from_before(const struct plane_view *plane, const struct check_view *check)
{
        return check->fails && (check->when != WHEN_ALWAYS || plane->mark.is_confirmed) &&
               plane->mark.role != ROLE_EITHER && health_counts(check, plane->mark.role) &&
               check->run_since < plane->mark.since;
}

static mono_ms grace_end(const struct plane_view *plane, const struct detection *detection)
{
        return plane->mark.since + detection->failure_threshold * detection->interval_ms;
}

uint32_t health_fails(const struct plane_view *plane, const struct check_view *check, const struct detection *detection,
                      mono_ms now)
{
        if (!fails_from_before(plane, check))
                return check->fails;
        uint32_t before = plane->mark.fails[check - plane->checks] + 1;
        return now < grace_end(plane, detection) || check->fails < before ? 0 : check->fails - before;
}

mono_ms health_settles_at(const struct plane_view *plane, const struct detection *detection, mono_ms now)
{
        mono_ms end = grace_end(plane, detection);
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                if (check->role == CHECK_ROLE_PATH && fails_from_before(plane, check) &&
                    health_fails(plane, check, detection, now) < detection->failure_threshold)
                        return now < end ? end : now + detection->interval_ms;
        }
        return 0;
}

/* The checks of the path together, as they count in one role. */
struct path {
        unsigned count, fresh_count;
        uint32_t fails, passes; /* the fewest of any check */
        mono_ms since;          /* when the last of them began the run that it is in */
        mono_ms last_pass_at;
};

static struct path judge_path(const struct plane_view *plane, enum plane_role role, const struct detection *detection,
                              mono_ms now)
{
        struct path path = {.fails = UINT32_MAX, .passes = UINT32_MAX};
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                if (check->role != CHECK_ROLE_PATH || !health_counts(check, role))
                        continue;
                uint32_t fails = health_fails(plane, check, detection, now);
                bool is_from_before = fails_from_before(plane, check);
                path.count++;
                path.fresh_count += is_fresh(check, detection, now);
                path.fails = fails < path.fails ? fails : path.fails;
                path.passes = check->passes < path.passes ? check->passes : path.passes;
                path.since = later(path.since, is_from_before ? plane->mark.since : check->run_since);
                if (check->passes)
                        path.last_pass_at = later(path.last_pass_at, check->counted_at);
        }
        return path;
}

static bool is_path_fresh(const struct path *path)
{
        return path->count > 0 && path->fresh_count == path->count;
}

/*
 * A passing plane is better than one that cannot be judged, and that is better than a failing one; the longer, the more
 * so.
 */
static bool is_better(const struct path *a, const struct path *b)
{
        bool a_passes = is_path_fresh(a) && a->passes, b_passes = is_path_fresh(b) && b->passes;
        if (a_passes || b_passes)
                return a_passes && (!b_passes || a->since < b->since);
        if (is_path_fresh(a) != is_path_fresh(b))
                return !is_path_fresh(a);
        return a->since > b->since;
}

static struct path path_in_role(const struct plane_view *plane, const struct detection *detection, mono_ms now)
{
        const struct path path = judge_path(plane, plane->mark.role, detection, now);
        if (!plane->mark.is_known || plane->mark.role != ROLE_EITHER)
                return path;
        const struct path active = judge_path(plane, ROLE_ACTIVE, detection, now);
        const struct path standby = judge_path(plane, ROLE_STANDBY, detection, now);
        return is_better(&active, &standby) ? active : standby;
}

static void count_checks(const struct plane_view *plane, const struct detection *detection, mono_ms now,
                         struct plane_health *health)
{
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                if (check->certificate_not_after &&
                    (!health->certificate_not_after || check->certificate_not_after < health->certificate_not_after))
                        health->certificate_not_after = check->certificate_not_after;
                if (!health_counts(check, plane->mark.role))
                        continue;
                if (!is_fresh(check, detection, now) || check->last_unknown)
                        health->unknown_checks++;
                else if (check->fails)
                        health->failing_checks++;
                if (check->role == CHECK_ROLE_REPLICAS)
                        judge_deployment(check, still_stands(check, detection, now), health);
        }
}

struct plane_health health_of(const struct plane_view *plane, const struct detection *detection, mono_ms now)
{
        struct plane_health health = {
            .replicas_available = -1, .replicas_wanted = -1, .check_count = plane->check_count};
        count_checks(plane, detection, now, &health);
        const struct path path = path_in_role(plane, detection, now);
        health.fresh = is_path_fresh(&path);
        health.last_pass_at = path.last_pass_at;
        health.verdict = VERDICT_UNKNOWN;
        if (!health.fresh)
                return health;
        health.fails = path.fails;
        health.failing_since = path.fails ? later(path.since, plane->judged_since) : 0;
        health.healthy_since = path.passes ? later(path.since, plane->mark.since) : 0;
        if (path.fails >= detection->failure_threshold)
                health.verdict = VERDICT_DOWN;
        else if (path.passes >= detection->success_threshold || (path.passes && plane->was == VERDICT_UNKNOWN))
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
