/* gates.c -- everything that must hold before a decision. */
#include "core/gates.h"

#include <string.h>

#include "core/fence.h"
#include "core/plan.h"
#include "core/request.h"
#include "util/text.h"

enum { DELAY_MS = 30000, CROSS_REGION_DELAY_MS = 60000 };

/* Everything that one gate may look at. */
struct inquiry {
        const struct view *view;
        const struct plane_view *active;
        const struct plane_view *candidate;
        const char *why_none;
        struct plane_health health; /* of the active plane */
        struct arena *arena;
};

const char *gate_name(enum gate gate)
{
        static const char *const names[GATE_COUNT] = {
#define GATE_NAME(name, text) [name] = text,
                GATE_LIST(GATE_NAME)
#undef GATE_NAME
        };
        return (unsigned)gate < GATE_COUNT ? names[gate] : "Invalid";
}

bool gate_applies(enum gate gate, enum purpose purpose)
{
        static const bool applies[PURPOSE_COUNT][GATE_COUNT] = {
                [PURPOSE_FAILOVER] = {true, true, true, true, true, true, true, true, true, true, true, true, true},
                [PURPOSE_REQUEST] = {[GATE_ARBITER] = true, [GATE_CANDIDATE] = true, [GATE_MECHANISMS] = true, [GATE_NO_DRIFT] = true},
                [PURPOSE_FAILBACK] = {[GATE_NOT_LATE] = true,
                                      [GATE_ARBITER] = true,
                                      [GATE_CANDIDATE] = true,
                                      [GATE_ROLLOUT] = true,
                                      [GATE_MECHANISMS] = true,
                                      [GATE_NO_DRIFT] = true,
                                      [GATE_COOLDOWN] = true,
                                      [GATE_LIMIT] = true,
                                      [GATE_BLAST] = true},
                /* A switch under way whose target was lost must end somewhere: no cooldown, but counted. */
                [PURPOSE_SUPERSEDE] = {[GATE_ACTIVE_DOWN] = true,
                                       [GATE_NOT_LATE] = true,
                                       [GATE_ARBITER] = true,
                                       [GATE_NOT_ISOLATED] = true,
                                       [GATE_CANDIDATE] = true,
                                       [GATE_LIMIT] = true},
        };
        return applies[purpose][gate];
}

mono_ms gates_failover_delay(const struct view *view)
{
        if (view->policy.detection.failover_delay_ms >= 0)
                return view->policy.detection.failover_delay_ms;
        for (unsigned i = 1; i < view->plane_count; i++)
                if (strcmp(view->planes[0].region, view->planes[i].region) != 0)
                        return CROSS_REGION_DELAY_MS;
        return DELAY_MS;
}

static struct gate_verdict gate_active_down(const struct inquiry *q)
{
        const struct detection *detection = &q->view->policy.detection;
        if (!q->health.fresh)
                return (struct gate_verdict){.text = "the active plane is not observed: unknown is not down"};
        if (q->health.fails < detection->failure_threshold)
                return (struct gate_verdict){.text = arena_printf(q->arena, "%u of %u probes in a row failed", q->health.fails,
                                                                  detection->failure_threshold)};
        mono_ms due = q->health.failing_since + gates_failover_delay(q->view);
        if (q->view->now < due) {
                char at[TEXT_TIME_BYTES + 4];
                text_from_time(q->view->wall + (due - q->view->now), at);
                return (struct gate_verdict){.text = arena_printf(q->arena, "switching at %s unless it recovers", at), .wake_at = due};
        }
        return (struct gate_verdict){.holds = true,
                                     .text = arena_printf(q->arena, "%u probes in a row failed on every path", q->health.fails)};
}

static struct gate_verdict gate_contradiction(const struct inquiry *q)
{
        if (q->health.deployment != DEPLOYMENT_AVAILABLE)
                return (struct gate_verdict){.holds = true, .text = q->health.deployment == DEPLOYMENT_UNAVAILABLE
                                                                            ? "no replica is available"
                                                                            : "the Deployment cannot be observed"};
        mono_ms due = q->health.failing_since + CONTRADICTION_DELAY_MS;
        if (q->health.failing_since && q->view->now >= due)
                return (struct gate_verdict){.holds = true, .text = "replicas are available, but no path reached them for 2m"};
        return (struct gate_verdict){.text = "the path is down, but its Deployment says replicas are available; the path decides after 2m",
                                     .wake_at = q->health.failing_since ? due : 0};
}

static struct gate_verdict gate_not_late(const struct inquiry *q)
{
        if (q->view->now >= q->view->late_until)
                return (struct gate_verdict){.holds = true, .text = "my own loop is on time"};
        return (struct gate_verdict){.text = "my own process was suspended or late; its samples are being discarded",
                                     .wake_at = q->view->late_until};
}

static struct gate_verdict gate_arbiter(const struct inquiry *q)
{
        mono_ms period = q->view->policy.detection.interval_ms;
        if (period < q->view->arbiter_period_ms)
                period = q->view->arbiter_period_ms;
        if (q->view->arbiter_answered_at && q->view->now - q->view->arbiter_answered_at <= period)
                return (struct gate_verdict){.holds = true, .text = "the decision store answers"};
        return (struct gate_verdict){.text = "the decision store (Lease) does not answer; frozen, nothing changes"};
}

/* Somebody outside my own cluster and outside the active plane must have answered since the outage began, or I am the one cut off. */
static struct gate_verdict gate_not_isolated(const struct inquiry *q)
{
        const struct view *view = q->view;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                struct plane_health health = health_of(plane, &view->policy.detection, view->now);
                if (plane != q->active && !plane->holds_operator && health.fresh && health.last_pass_at >= q->health.failing_since &&
                    health.last_pass_at > 0)
                        return (struct gate_verdict){.holds = true, .text = arena_printf(q->arena, "%s answers", plane->name)};
        }
        if (view->dns_health.reach == REACH_OK && view->dns_health.read_at >= q->health.failing_since)
                return (struct gate_verdict){.holds = true, .text = "the DNS server answers"};
        if (view->policy.lock_server[0] && view->lock_health.reach == REACH_OK && view->lock_health.read_at >= q->health.failing_since)
                return (struct gate_verdict){.holds = true, .text = "Redis answers"};
        return (struct gate_verdict){.text = "nothing outside the active plane answers me: I may be the one that is cut off"};
}

static struct gate_verdict gate_helps(const struct inquiry *q)
{
        unsigned others = 0, down = 0;
        for (unsigned i = 0; i < q->view->plane_count; i++) {
                const struct plane_view *plane = &q->view->planes[i];
                if (plane == q->active || !plane->known || !plane->eligible)
                        continue;
                others++;
                struct plane_health health = health_of(plane, &q->view->policy.detection, q->view->now);
                down += health.fresh && health.fails > 0;
        }
        if (others > 0 && down == others)
                return (struct gate_verdict){.text = "every standby shows the same failure: switching would not help"};
        return (struct gate_verdict){.holds = true, .text = "the failure is the active plane's alone"};
}

static struct gate_verdict gate_candidate(const struct inquiry *q)
{
        if (q->candidate)
                return (struct gate_verdict){.holds = true, .text = arena_printf(q->arena, "%s is fit", q->candidate->name)};
        return (struct gate_verdict){.text = q->why_none};
}

static struct gate_verdict gate_rollout(const struct inquiry *q)
{
        mono_ms began = q->health.failing_since;
        if (!q->health.rollout || (began && q->view->now - began >= ROLLOUT_LIMIT_MS))
                return (struct gate_verdict){.holds = true, .text = "no rollout is in progress"};
        return (struct gate_verdict){.text = "a rollout of the active plane's Deployment is in progress; it may take 10m",
                                     .wake_at = began ? began + ROLLOUT_LIMIT_MS : 0};
}

static bool answered(const struct target_health *health, mono_ms now)
{
        return health->reach == REACH_OK && now - health->read_at <= MECHANISM_FRESH_MS;
}

static struct gate_verdict gate_mechanisms(const struct inquiry *q)
{
        const struct view *view = q->view;
        if (!answered(&view->dns_health, view->now))
                return (struct gate_verdict){.text = arena_printf(q->arena, "DNS server %s: %s", view->policy.dns_server,
                                                                  view->dns_health.error[0] ? view->dns_health.error
                                                                                            : "not read recently")};
        if (view->policy.lock_server[0] && !answered(&view->lock_health, view->now))
                return (struct gate_verdict){.text = arena_printf(q->arena, "Redis %s: %s", view->policy.lock_server,
                                                                  view->lock_health.error[0] ? view->lock_health.error
                                                                                             : "not read recently")};
        return (struct gate_verdict){.holds = true, .text = "everything the plan needs answered recently"};
}

static struct gate_verdict gate_no_drift(const struct inquiry *q)
{
        const struct record *record = q->view->record;
        if (!record || plan_names_other_targets(q->view, record))
                return (struct gate_verdict){.holds = true, .text = "nothing is recorded of these targets yet"};
        enum fence dns = fence_dns(record, q->view), lock = fence_lock(record, q->view);
        if (dns == FENCE_DRIFT || dns == FENCE_FOREIGN)
                return (struct gate_verdict){.text = arena_printf(q->arena, "%s shows \"%s\", which nobody recorded",
                                                                  record->plan.dns_name, q->view->dns.rrset)};
        if (lock == FENCE_DRIFT || lock == FENCE_FOREIGN)
                return (struct gate_verdict){.text = arena_printf(q->arena, "lock %s holds \"%s\", which nobody recorded",
                                                                  record->plan.lock_key, q->view->lock.value)};
        return (struct gate_verdict){.holds = true, .text = "the targets show what was recorded"};
}

static bool is_acknowledged(const struct view *view)
{
        epoch_t acknowledged;
        return view->record && request_parse_epoch(view->policy.ack, &acknowledged) && acknowledged == view->record->epoch;
}

static struct gate_verdict gate_cooldown(const struct inquiry *q)
{
        const struct view *view = q->view;
        int64_t left = view->record ? view->record->cooldown_until - view->wall : 0;
        if (left > view->policy.cooldown_ms)
                left = view->policy.cooldown_ms; /* a clock that jumped must not hold for ever */
        if (left <= 0 || is_acknowledged(view))
                return (struct gate_verdict){.holds = true, .text = "not cooling down"};
        char until[TEXT_TIME_BYTES + 4];
        text_from_time(view->wall + left, until);
        return (struct gate_verdict){.text = arena_printf(q->arena, "cooling down until %s; to end it: annotate planekeeper.io/ack=%llu", until,
                                                          (unsigned long long)view->record->epoch),
                                     .wake_at = view->now + left};
}

static struct gate_verdict gate_limit(const struct inquiry *q)
{
        const struct view *view = q->view;
        unsigned recent = 0;
        for (unsigned i = 0; view->record && i < view->record->recent_count; i++)
                recent += view->wall - view->record->recent[i] < 24 * 3600 * (int64_t)1000;
        if (recent < view->policy.max_switches || is_acknowledged(view))
                return (struct gate_verdict){.holds = true, .text = "below the limit of switches"};
        return (struct gate_verdict){.text = arena_printf(q->arena,
                                                          "%u automatic switches in 24h reach maxSwitches; to allow more: annotate "
                                                          "planekeeper.io/ack=%llu",
                                                          recent, (unsigned long long)(view->record ? view->record->epoch : 0))};
}

static struct gate_verdict gate_blast(const struct inquiry *q)
{
        if (!q->view->blast_limit_reached)
                return (struct gate_verdict){.holds = true, .text = "below --max-switches-per-minute"};
        return (struct gate_verdict){.text = "--max-switches-per-minute is reached over all policies", .wake_at = q->view->now + 1000};
}

struct gates gates_evaluate(const struct view *view, enum purpose purpose, const struct plane_view *active,
                            const struct plane_view *candidate, const char *why_none, struct arena *arena)
{
        static struct gate_verdict (*const evaluate[GATE_COUNT])(const struct inquiry *) = {
                [GATE_ACTIVE_DOWN] = gate_active_down,   [GATE_CONTRADICTION] = gate_contradiction,
                [GATE_NOT_LATE] = gate_not_late,         [GATE_ARBITER] = gate_arbiter,
                [GATE_NOT_ISOLATED] = gate_not_isolated, [GATE_HELPS] = gate_helps,
                [GATE_CANDIDATE] = gate_candidate,       [GATE_ROLLOUT] = gate_rollout,
                [GATE_MECHANISMS] = gate_mechanisms,     [GATE_NO_DRIFT] = gate_no_drift,
                [GATE_COOLDOWN] = gate_cooldown,         [GATE_LIMIT] = gate_limit,
                [GATE_BLAST] = gate_blast,
        };
        struct inquiry inquiry = {.view = view, .active = active, .candidate = candidate, .why_none = why_none, .arena = arena};
        if (active)
                inquiry.health = health_of(active, &view->policy.detection, view->now);
        struct gates gates = {.refused = -1};
        for (unsigned gate = 0; gate < GATE_COUNT; gate++) {
                if (!gate_applies((enum gate)gate, purpose))
                        continue;
                struct gate_verdict verdict = evaluate[gate](&inquiry);
                verdict.gate = (enum gate)gate;
                gates.held += verdict.holds;
                if (!verdict.holds && gates.refused < 0)
                        gates.refused = (int)gates.count;
                if (!verdict.holds && verdict.wake_at && (!gates.wake_at || verdict.wake_at < gates.wake_at))
                        gates.wake_at = verdict.wake_at;
                gates.verdicts[gates.count++] = verdict;
        }
        return gates;
}
