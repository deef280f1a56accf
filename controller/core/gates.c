/* gates.c -- the conditions of a decision. */
#include "core/gates.h"

#include <string.h>

#include "core/maintenance.h"
#include "core/texts.h"
#include "core/remedy.h"
#include "core/request.h"
#include "core/sync.h"
#include "core/targets.h"
#include "core/waiting.h"
#include "util/mem.h"

enum { DELAY_MS = 30000, CROSS_REGION_DELAY_MS = 60000, LIMIT_WINDOW_MS = 24 * 3600 * 1000, BLAST_RETRY_MS = 1000 };

/* The facts for one gate. */
struct inquiry {
        const struct view *view;
        const struct gate_question *question;
        struct plane_health health; /* of the active plane */
        struct arena *arena;
};

static struct gate_verdict passes(const char *text)
{
        return (struct gate_verdict){.passes = true, .text = text};
}

/* @wake_at: when the passing of time alone may open it; 0 unknown. */
static struct gate_verdict blocks(const char *text, mono_ms wake_at)
{
        return (struct gate_verdict){.text = text, .wake_at = wake_at};
}

const char *gate_name(enum gate gate)
{
        static const char *const names[GATE_COUNT] = {
#define GATE_NAME(name, text) [name] = text,
            GATE_LIST(GATE_NAME)
#undef GATE_NAME
        };
        return (unsigned)gate < GATE_COUNT ? names[gate] : "Invalid";
}

const char *gate_blocks(const struct gate_verdict *verdict, struct arena *arena)
{
        return arena_printf(arena, "gate %s blocks: %s", gate_name(verdict->gate), verdict->text);
}

#define BIT(gate) (1U << (gate))

bool gate_applies(enum gate gate, enum purpose purpose)
{
        enum { ALL = BIT(GATE_COUNT) - 1 };
        static const unsigned applies[PURPOSE_COUNT] = {
            [PURPOSE_FAILOVER] = ALL,
            [PURPOSE_REQUEST] = BIT(GATE_ARBITER) | BIT(GATE_CANDIDATE) | BIT(GATE_MECHANISMS) | BIT(GATE_NO_DRIFT),
            [PURPOSE_TAKEOVER] = BIT(GATE_ARBITER) | BIT(GATE_CANDIDATE) | BIT(GATE_MECHANISMS),
            [PURPOSE_RETARGET] = BIT(GATE_ARBITER) | BIT(GATE_CANDIDATE),
            [PURPOSE_FAILBACK] = BIT(GATE_MAINTENANCE) | BIT(GATE_NOT_LATE) | BIT(GATE_ARBITER) | BIT(GATE_CANDIDATE) |
                                 BIT(GATE_ROLLOUT) | BIT(GATE_MECHANISMS) | BIT(GATE_NO_DRIFT) | BIT(GATE_COOLDOWN) |
                                 BIT(GATE_LIMIT) | BIT(GATE_BLAST),
            /* A switch whose plane was lost has to end somewhere: exempt from the cooldown, but counted. */
            [PURPOSE_SUPERSEDE] = ALL & ~BIT(GATE_COOLDOWN),
            [PURPOSE_ARMED] = ALL & ~(BIT(GATE_ACTIVE_DOWN) | BIT(GATE_CONTRADICTION) | BIT(GATE_HELPS)),
            [PURPOSE_ENFORCE] = BIT(GATE_ARBITER) | BIT(GATE_CANDIDATE) | BIT(GATE_MECHANISMS),
            [PURPOSE_PREPARE] = ALL & ~BIT(GATE_ACTIVE_DOWN),
        };
        return applies[purpose] & BIT(gate);
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

/* A person works on it, so the policy does not leave it by itself. */
static struct gate_verdict gate_maintenance(const struct inquiry *q)
{
        const struct plane_view *active = q->question->active;
        if (!active || !maintenance_holds(q->view, active))
                return passes("the active plane is not in maintenance");
        return blocks(arena_printf(q->arena, "%s is %s", active->name, maintenance_phrase(active, q->arena)),
                       maintenance_end(q->view, active));
}

mono_ms gates_dissent_window(const struct view *view)
{
        mono_ms delay = gates_failover_delay(view), renewals = 3 * view->alive.every_ms;
        return delay > renewals ? delay : renewals;
}

static struct gate_verdict gate_active_down(const struct inquiry *q)
{
        const struct detection *detection = &q->view->policy.detection;
        if (!q->health.fresh)
                return blocks("the active plane is not observed: unknown is not down", 0);
        if (q->health.fails < detection->failure_threshold)
                return blocks(
                    arena_printf(q->arena, "fewer than %u probes in a row failed", detection->failure_threshold), 0);
        mono_ms due = q->health.failing_since + gates_failover_delay(q->view);
        if (q->view->now < due)
                return blocks(arena_printf(q->arena, "switching at %s unless it recovers",
                                            texts_instant(q->view, due, q->arena)),
                               due);
        return passes(
            arena_printf(q->arena, "%u probes in a row and more failed on every path", detection->failure_threshold));
}

static struct gate_verdict gate_contradiction(const struct inquiry *q)
{
        if (q->health.deployment == DEPLOYMENT_UNAVAILABLE)
                return passes("no replica is available");
        if (q->health.deployment == DEPLOYMENT_UNOBSERVED)
                return passes("the Deployment cannot be observed");
        mono_ms due = q->health.failing_since + CONTRADICTION_DELAY_MS;
        if (q->health.failing_since && q->view->now >= due)
                return passes("replicas are available, but no path reached them for 2m");
        return blocks("the path is down, but its Deployment says replicas are available; the path decides after 2m",
                       q->health.failing_since ? due : 0);
}

static struct gate_verdict gate_not_late(const struct inquiry *q)
{
        if (q->view->now >= q->view->late_until)
                return passes("the operator's own loop is on time");
        return blocks("the operator's own process was suspended or late; its samples are being discarded",
                       q->view->late_until);
}

/* Its last answer is up to one renewal old, and may itself have taken up to one probe period. */
/* How old an answer of the decision store may be. */
static mono_ms arbiter_limit(const struct view *view)
{
        return view->policy.detection.interval_ms + view->arbiter_period_ms;
}

static struct gate_verdict gate_arbiter(const struct inquiry *q)
{
        const struct view *view = q->view;
        if (view->arbiter_answered_at && view->now - view->arbiter_answered_at <= arbiter_limit(view))
                return passes("the decision store answers");
        return blocks("the decision store does not answer; frozen, nothing changes", 0);
}

static bool is_outside(const struct inquiry *q, const struct plane_view *plane)
{
        return plane != q->question->active && !plane->holds_operator;
}

/*
 * Since when some plane outside the operator's own cluster, and not the active one, is up without a break; 0: always,
 * or none is.
 */
static mono_ms witness_since(const struct inquiry *q)
{
        const struct view *view = q->view;
        mono_ms first = 0;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                struct plane_health health = health_of(plane, &view->policy.detection, view->now);
                if (!is_outside(q, plane) || health.verdict != VERDICT_UP)
                        continue;
                mono_ms since = health_verdict_since(plane, &health, view->now);
                if (!since)
                        return 0;
                first = !first || since < first ? since : first;
        }
        return first;
}

/* Whether a target inside @plane ("": its place is not known) is lost, or cut off together with this operator. */
static bool is_beside_me(const struct view *view, const char *plane)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (view->planes[i].holds_operator && strcmp(view->planes[i].name, plane) == 0)
                        return true;
        return false;
}

static bool answers_outside(const struct inquiry *q, const struct target_view *target)
{
        const struct target_health *health = &target->health;
        return health->reach == REACH_OK && health->read_at >= q->health.failing_since &&
               !is_beside_me(q->view, targets_plane_of(q->view, target));
}

/*
 * Something outside the operator's own cluster and outside the active plane must have answered since the outage began,
 * or this operator may be the one that is cut off. Where every other plane was down together with the active one, it
 * may have been cut off until the first of them came back: failures until then prove nothing, and the active plane may
 * only be slower to return. So the delay counts from there.
 */
static struct gate_verdict gate_not_isolated(const struct inquiry *q)
{
        const struct view *view = q->view;
        mono_ms since = q->health.failing_since;
        mono_ms back = witness_since(q), due = back + gates_failover_delay(view);
        bool is_supposed = q->question->purpose == PURPOSE_ARMED && !since; /* an outage that would begin now */
        if (!is_supposed && back > since && view->now < due)
                return blocks(
                    arena_printf(q->arena,
                                 "no other plane answered until %s, so the operator may have been cut off; the delay "
                                 "counts from there, until %s",
                                 texts_instant(view, back, q->arena), texts_instant(view, due, q->arena)),
                    due);
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                struct plane_health health = health_of(plane, &view->policy.detection, view->now);
                if (is_outside(q, plane) && health.fresh && health.last_pass_at > 0 && health.last_pass_at >= since)
                        return passes(arena_printf(q->arena, "%s answers", plane->name));
        }
        for (unsigned i = view->target_count; i-- > 0;)
                if (answers_outside(q, &view->targets[i]))
                        return passes(target_traits(view->targets[i].ref.kind)->answers);
        return blocks("nothing outside the active plane answers: the operator may be the one that is cut off", 0);
}

/*
 * While the operator inside the active plane renews its heartbeat, only the way to the plane is cut. A heartbeat that
 * cannot be read is not silence. Where heartbeats are in use, a plane that never had one is not left either, because a
 * cut would look the same; in the middle of a switch the new plane cannot have had one yet.
 */
static struct gate_verdict gate_dissent(const struct inquiry *q)
{
        const struct view *view = q->view;
        const struct alive_view *alive = &view->alive;
        const struct plane_view *active = q->question->active;
        if (alive->is_used && !alive->read_at)
                return blocks("whether an operator inside a plane speaks for it has not been heard yet", 0);
        if (!alive->is_used || !alive->seen_at)
                return passes("no operator inside a plane was ever heard");
        if (active->holds_operator)
                return passes("the operator runs inside the active plane itself");
        if (strcmp(alive->plane, active->name) != 0 && q->question->purpose == PURPOSE_SUPERSEDE)
                return passes("no operator inside the new plane was heard yet");
        if (strcmp(alive->plane, active->name) != 0)
                return blocks(arena_printf(q->arena,
                                            "no operator inside %s was heard since it became active, so a network cut "
                                            "would look like an outage; is one running there, with the same policy?",
                                            active->name),
                               0);
        mono_ms due = alive->seen_at + gates_dissent_window(view), read_before = view->now - alive->read_at;
        if (alive->read_at >= due && read_before <= arbiter_limit(view))
                return passes(arena_printf(q->arena, "the operator inside %s is silent", alive->plane));
        if (q->question->purpose == PURPOSE_ARMED && read_before <= MECHANISM_FRESH_MS)
                return passes(arena_printf(q->arena, "the operator inside %s would fall silent with it", alive->plane));
        if (read_before > MECHANISM_FRESH_MS)
                return blocks(arena_printf(q->arena,
                                            "whether the operator inside %s is silent is not known: its text could not "
                                            "be read since %s",
                                            alive->plane, texts_instant(view, alive->read_at, q->arena)),
                               0);
        return blocks(arena_printf(q->arena,
                                    "the operator inside %s says that its checks pass there; it must have been silent "
                                    "for %llds",
                                    alive->plane, (long long)(gates_dissent_window(view) / 1000)),
                       view->now < due ? due : 0); /* after that the next read wakes the policy */
}

static struct gate_verdict gate_helps(const struct inquiry *q)
{
        unsigned others = 0, down = 0;
        for (unsigned i = 0; i < q->view->plane_count; i++) {
                const struct plane_view *plane = &q->view->planes[i];
                if (plane == q->question->active || !plane->known || !plane->eligible ||
                    maintenance_holds(q->view, plane))
                        continue;
                struct plane_health health = health_of(plane, &q->view->policy.detection, q->view->now);
                others++;
                down += health.fresh && health.fails > 0;
        }
        if (others > 0 && down == others)
                return blocks("every standby fails too: switching would not help", 0);
        return passes("the failure is the active plane's alone");
}

static struct gate_verdict gate_candidate(const struct inquiry *q)
{
        const struct plane_view *candidate = q->question->candidate;
        return candidate ? passes(arena_printf(q->arena, "%s is fit", candidate->name))
                         : blocks(q->question->why_none, 0);
}

/* The active plane's rollout may be what ails it; a failback waits for the one of the plane that it goes to. */
static struct gate_verdict gate_rollout(const struct inquiry *q)
{
        const struct view *view = q->view;
        bool is_failback = q->question->purpose == PURPOSE_FAILBACK && q->question->candidate;
        struct plane_health health =
            is_failback ? health_of(q->question->candidate, &view->policy.detection, view->now) : q->health;
        mono_ms began = health.failing_since;
        if (!health.rollout || (began && view->now - began >= ROLLOUT_LIMIT_MS))
                return passes("no rollout is in progress");
        return blocks("a rollout of its Deployment is in progress, which may take 10m",
                       began ? began + ROLLOUT_LIMIT_MS : 0);
}

static bool answered(const struct target_health *health, mono_ms now)
{
        return health->reach == REACH_OK && health->read_at && now - health->read_at <= MECHANISM_FRESH_MS;
}

/*
 * A target inside the plane that is left is expected to be silent with it. The switch begins, and waits at that step
 * until a person has brought the target back elsewhere. A fence is not waited for once the plane is down; before, it
 * has to answer.
 */
static bool is_lost_with_active(const struct inquiry *q, const struct target_view *target)
{
        const char *plane = targets_plane_of(q->view, target);
        return target_traits(target->ref.kind)->blocks == BLOCKS_ALWAYS && plane[0] && q->question->active &&
               strcmp(q->question->active->name, plane) == 0;
}

/*
 * A switch whose plane was lost turns even where a target refuses writes, as long as it is read: the switch waits there
 * either way, and must not end at a plane that is down by then. It does not turn where the register that refuses is the
 * arbiter.
 */
static bool refuses_either_way(const struct inquiry *q, const struct target_view *target)
{
        const struct target_health *health = &target->health;
        bool is_read = health->read_at && q->view->now - health->read_at <= MECHANISM_FRESH_MS;
        bool decides = target == targets_name(q->view) && strncmp(q->view->store, "dns/", 4) == 0;
        return q->question->purpose == PURPOSE_SUPERSEDE && is_read && !decides &&
               targets_refusal_lasts(health, q->view->now);
}

static const char *left_by(const struct inquiry *q)
{
        return q->question->active ? q->question->active->name : "";
}

static struct gate_verdict gate_mechanisms(const struct inquiry *q)
{
        const struct view *view = q->view;
        for (unsigned i = view->target_count; i-- > 0;) {
                const struct target_view *target = &view->targets[i];
                if (waiting_blocks(view, target, left_by(q)) && !answered(&target->health, view->now) &&
                    !refuses_either_way(q, target) &&
                    !is_lost_with_active(q, target))
                        return blocks(texts_trouble(target, q->arena), 0);
        }
        return passes("everything the plan needs answered recently");
}

static struct gate_verdict gate_no_drift(const struct inquiry *q)
{
        const struct view *view = q->view;
        if (!view->record || targets_moved(view))
                return passes("nothing is recorded of these targets yet");
        for (unsigned i = view->target_count; i-- > 0;) {
                const enum sync sync = sync_of(view, view->record, i);
                bool is_edited = sync == SYNC_DRIFT || sync == SYNC_FOREIGN || sync == SYNC_UNREADABLE;
                if (is_edited && !view->targets[i].moves_itself && waiting_blocks(view, &view->targets[i], left_by(q)))
                        return blocks(texts_drift(view, i, q->arena), 0);
        }
        return passes("the targets show what was recorded");
}

/* A wall clock that jumped back must not block for ever: at most one cooldown from when the record was first seen. */
mono_ms gates_cooldown_end(const struct view *view)
{
        int64_t left = view->record ? view->record->cooldown_until - view->wall : 0;
        if (left > 0 && view->record_seen_at) {
                int64_t at_most = view->record_seen_at + view->policy.cooldown_ms - view->now;
                left = left < at_most ? left : at_most;
        }
        return left <= 0 || request_is_acknowledged(view) ? 0 : view->now + left;
}

static struct gate_verdict gate_cooldown(const struct inquiry *q)
{
        mono_ms end = gates_cooldown_end(q->view);
        if (!end)
                return passes("not cooling down");
        return blocks(arena_printf(q->arena, "cooling down until %s%s", texts_instant(q->view, end, q->arena),
                                    remedy_ack(q->view, "; to end it: ", q->arena)),
                       end);
}

/* How much longer a switch counts; after a wall clock that jumped back, one window at most from when it was first seen.
 */
static int64_t window_left(const struct view *view, unix_ms switched_at)
{
        int64_t left = switched_at + LIMIT_WINDOW_MS - view->wall;
        if (left <= LIMIT_WINDOW_MS || !view->record_seen_at)
                return left;
        return view->record_seen_at + LIMIT_WINDOW_MS - view->now;
}

static struct gate_verdict gate_limit(const struct inquiry *q)
{
        const struct view *view = q->view;
        unsigned limit = view->policy.max_switches, recent = 0;
        for (unsigned i = 0; view->record && i < view->record->recent_count; i++)
                recent += window_left(view, view->record->recent[i]) > 0;
        INVARIANT(limit > 0); /* so that an empty list is below the limit */
        if (recent < limit || request_is_acknowledged(view))
                return passes("below the limit of switches");
        /* Newest first: the limit-th of them leaves the window next. */
        mono_ms due = view->now + window_left(view, view->record->recent[limit - 1]);
        return blocks(arena_printf(q->arena, "maxSwitches %u in 24h is reached until %s%s", limit,
                                    texts_instant(view, due, q->arena),
                                    remedy_ack(view, "; to allow one more: ", q->arena)),
                       due > view->now ? due : 0);
}

static struct gate_verdict gate_blast(const struct inquiry *q)
{
        if (!q->view->blast_limit_reached)
                return passes("below --max-switches-per-minute");
        return blocks("--max-switches-per-minute is reached over all policies", q->view->now + BLAST_RETRY_MS);
}

struct gates gates_evaluate(const struct view *view, const struct gate_question *question, struct arena *arena)
{
        static struct gate_verdict (*const evaluate[GATE_COUNT])(const struct inquiry *) = {
            [GATE_MAINTENANCE] = gate_maintenance,
            [GATE_ACTIVE_DOWN] = gate_active_down,
            [GATE_CONTRADICTION] = gate_contradiction,
            [GATE_NOT_LATE] = gate_not_late,
            [GATE_ARBITER] = gate_arbiter,
            [GATE_NOT_ISOLATED] = gate_not_isolated,
            [GATE_DISSENT] = gate_dissent,
            [GATE_HELPS] = gate_helps,
            [GATE_CANDIDATE] = gate_candidate,
            [GATE_ROLLOUT] = gate_rollout,
            [GATE_MECHANISMS] = gate_mechanisms,
            [GATE_NO_DRIFT] = gate_no_drift,
            [GATE_COOLDOWN] = gate_cooldown,
            [GATE_LIMIT] = gate_limit,
            [GATE_BLAST] = gate_blast,
        };
        struct inquiry inquiry = {.view = view, .question = question, .arena = arena};
        if (question->active)
                inquiry.health = health_of(question->active, &view->policy.detection, view->now);
        struct gates gates = {.blocked = -1};
        for (unsigned gate = 0; gate < GATE_COUNT; gate++) {
                if (!gate_applies((enum gate)gate, question->purpose))
                        continue;
                struct gate_verdict verdict = evaluate[gate](&inquiry);
                verdict.gate = (enum gate)gate;
                gates.passed += verdict.passes;
                if (!verdict.passes && gates.blocked < 0)
                        gates.blocked = (int)gates.count;
                if (!verdict.passes && verdict.wake_at && (!gates.wake_at || verdict.wake_at < gates.wake_at))
                        gates.wake_at = verdict.wake_at;
                gates.verdicts[gates.count++] = verdict;
        }
        return gates;
}
