/* judge_wire.c -- what the operators were told, and what they send. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge_parts.h"
#include "util/text.h"

/* ---- what is measured ---- */

static void forget_former_life(const struct host *host)
{
        if (judge.life[host->index] == host->life)
                return;
        judge.life[host->index] = host->life;
        memset(judge.measured[host->index], 0, sizeof(judge.measured[0]));
        memset(judge.seen_serial[host->index], 0, sizeof(judge.seen_serial[0]));
        judge.sees_kill_switch[host->index] = false;
}

static void measure(const struct exchange *exchange, bool has_passed)
{
        const struct host *host = exchange->host;
        forget_former_life(host);
        struct measured *measured = &judge.measured[host->index][exchange->plane];
        if (has_passed) {
                if (measured->failures) {
                        measured->failed = measured->failures;
                        measured->failed_since = measured->failing_since;
                        measured->recovered_at = vtime_now();
                }
                measured->passed_at = vtime_now();
                measured->failures = 0;
                measured->passes++;
                return;
        }
        measured->failure_began_at = exchange->sent_at;
        measured->failure_known_at = vtime_now();
        /* One pass in between does not end an outage: successThreshold in a row do. */
        if (measured->failures++ == 0 && (measured->passes > 1 || !measured->failing_since))
                measured->failing_since = exchange->sent_at;
        measured->passes = 0;
}

static bool tells_of_deployment(const struct exchange *exchange)
{
        return exchange->place >= AT_PLANE_API && exchange->place < AT_PLANE &&
               strstr(exchange->target, "/deployments/");
}

/* @text: NULL where nothing was said. */
static void measure_deployment(const struct exchange *exchange, const char *text)
{
        forget_former_life(exchange->host);
        struct measured *measured = &judge.measured[exchange->host->index][exchange->place - AT_PLANE_API];
        measured->looked_at = vtime_now();
        if (!text) {
                measured->unanswered++;
                return;
        }
        measured->unanswered = 0;
        measured->said_at = vtime_now();
        measured->says_available = !strstr(text, "\"availableReplicas\":0");
}

static uint64_t serial_in(const char *text)
{
        const char *found = strstr(text, "\"serial\":");
        return found ? strtoull(found + sizeof("\"serial\":") - 1, NULL, 10) : 0;
}

/* Lists and watches alike: every object of the kind that is named in @text, with its serial. */
static void see_policies(const struct host *host, const char *text)
{
        for (unsigned i = 0; i < world.policy_count; i++) {
                char mark[64];
                (void)snprintf(mark, sizeof(mark), "\"uid\":\"uid-of-%s\"", world.policies[i].name);
                const char *found = strstr(text, mark);
                uint64_t serial = found ? serial_in(found) : 0;
                if (serial > judge.seen_serial[host->index][i])
                        judge.seen_serial[host->index][i] = serial;
        }
}

void judge_heard(const struct exchange *exchange, long status, const char *text)
{
        if (exchange->plane >= 0) {
                if (exchange->call)
                        measure(exchange, status == 200);
                return;
        }
        if (tells_of_deployment(exchange)) {
                if (exchange->call)
                        measure_deployment(exchange, status == 200 ? text : NULL);
                return;
        }
        forget_former_life(exchange->host);
        if (exchange->call && strcmp(exchange->method, "GET") == 0 && !exchange->wants_metadata &&
            strstr(exchange->target, "/failoverpolicies"))
                see_policies(exchange->host, text);
        if (strstr(exchange->target, "/configmaps/planekeeper") && exchange->call &&
            (status == 200 || status == 403 || status == 404))
                judge.sees_kill_switch[exchange->host->index] = status != 404; /* nothing here ever says "false" */
}

void judge_unheard(const struct exchange *exchange)
{
        if (exchange->plane >= 0)
                measure(exchange, false);
        else if (tells_of_deployment(exchange))
                measure_deployment(exchange, NULL);
}

/* ---- decisions, as they are sent ---- */

static const struct known *known_by(const struct host *host, unsigned policy)
{
        const struct judged_policy *judged = &judge.policies[policy];
        for (unsigned i = judged->wanted_count; i > 0; i--)
                if (judged->wanted[i - 1].cluster == host->cluster &&
                    judged->wanted[i - 1].serial <= judge.seen_serial[host->index][policy])
                        return &judged->wanted[i - 1];
        return NULL;
}

static void check_wishes(const struct host *host, unsigned policy, const struct decision *next)
{
        const struct known *known = known_by(host, policy);
        unsigned long long epoch = next->epoch;
        if (!known)
                world_violated("S13: operator %u decides epoch %llu of a policy that it has not read", host->index,
                               epoch);
        judge_holds(law_acts(known && known->is_suspended, known && known->is_advised, judge.sees_kill_switch[host->index]), policy, epoch);
}

/* S7: not without failures that this very operator measured, one after the other, for long enough; and not to where it
 * has measured nothing good of late. */
static void check_automatic(const struct host *host, unsigned policy, const struct decision *next)
{
        enum { FRESH_US = (THRESHOLD + 2) * INTERVAL_MS * VTIME_MS };
        const int from = judge_plane(next->from), to = judge_plane(next->to);
        unsigned long long epoch = next->epoch;
        if (to < 0 || strcmp(next->from, next->to) == 0)
                return;
        const struct measured *target = &judge.measured[host->index][to];
        if (!target->passed_at || vtime_now() - target->passed_at > FRESH_US)
                world_violated("S8: operator %u goes to %s with epoch %llu, of which it knows nothing good",
                               host->index, next->to, epoch);
        /* What DNS says is asked anew each half a minute, and what it does not know each five seconds. */
        enum { NAME_US = 50 * VTIME_S };
        if (world.is_named[to] && world.names_lost[to] > 0 && vtime_now() - world.name_lost_at[to] > NAME_US)
                world_violated("S8: operator %u goes to %s with epoch %llu, whose name leads nowhere", host->index,
                               next->to, epoch);
        const struct measured *source = from >= 0 ? &judge.measured[host->index][from] : NULL;
        bool is_outage =
            source && strcmp(next->reason, "FailbackDue") != 0 && strcmp(next->reason, "DriftEnforced") != 0;
        /* What is recorded in DNS may have waited for a worker for a second. */
        bool is_late = source && source->recovered_at && vtime_now() - source->recovered_at <= VTIME_S &&
                       source->failed >= THRESHOLD;
        if (is_outage && !is_late)
                judge_holds(law_plane_is_left(source->failures, THRESHOLD, vtime_now() - source->failing_since,
                                              ((vtime_us)world.failover_delay_ms - 1) * VTIME_MS),
                            policy, epoch);
}

/*
 * S7, from outside: a plane that nothing has befallen is not left by an operator that nothing has befallen; nor, where
 * two sites decide in DNS, by anybody, as long as the operator inside can say that it is well.
 */
static void check_false_alarm(const struct host *host, unsigned policy, const struct decision *next)
{
        enum { SETTLE_S = 8 };
        const int from = judge_plane(next->from);
        vtime_us now = vtime_now() - SETTLE_S * VTIME_S;
        if (from < 0 || !next->is_automatic || strcmp(next->reason, "ThresholdReached") != 0 ||
            now < world.plane_until[from])
                return;
        bool is_inside_well = world.is_recorded_in_dns && now > world.host_until[from] && now > world.servers_until;
        bool is_well = !world.is_recorded_in_dns && now > world.host_until[host->index];
        if (is_well || is_inside_well)
                world_violated("S7: policy %u leaves %s with epoch %llu, and nothing has befallen it", policy,
                               next->from, (unsigned long long)next->epoch);
}

/*
 * S7: what a plane's own cluster says of its Deployment is not dismissed by a look that goes unanswered: it counts as
 * long as it is fresh, or until as many looks went unanswered as it takes to accuse. Until then the path alone says
 * nothing for two minutes.
 */
static void check_contradiction(const struct host *host, const struct decision *next)
{
        enum { HOLDS_S = 119, FRESH_MS = 3 * INTERVAL_MS };
        const int from = judge_plane(next->from);
        bool is_outage = strcmp(next->reason, "ThresholdReached") == 0 || strcmp(next->reason, "TargetLost") == 0;
        if (from < 0 || !is_outage || !world.is_watched[from])
                return;
        const struct measured *measured = &judge.measured[host->index][from];
        const vtime_us fresh = vtime_now() - FRESH_MS * VTIME_MS;
        bool stands = measured->said_at && measured->says_available &&
                      (measured->said_at > fresh || (measured->unanswered < THRESHOLD && measured->looked_at > fresh));
        if (stands && vtime_now() - measured->failing_since < HOLDS_S * VTIME_S)
                world_violated("S7: operator %u leaves %s with epoch %llu, whose Deployment said %lld ms ago that it is well "
                               "(%u unanswered since)",
                               host->index, next->from, (unsigned long long)next->epoch,
                               (long long)(vtime_now() - measured->said_at) / VTIME_MS, measured->unanswered);
}

/*
 * S13: whoever decides because a probe has just failed may have read the policy beside that probe, and no earlier; whatever
 * else decides, it is read when that is decided.
 */
static vtime_us read_from(const struct host *host, const struct decision *next)
{
        enum { JUST_MS = 100 };
        const int from = judge_plane(next->from);
        if (from < 0 || !next->is_automatic || strcmp(next->reason, "ThresholdReached") != 0)
                return vtime_now();
        const struct measured *measured = &judge.measured[host->index][from];
        bool is_by_probe = measured->failure_began_at && vtime_now() - measured->failure_known_at <= JUST_MS * VTIME_MS;
        return is_by_probe ? measured->failure_began_at : vtime_now();
}

/* The first time counts: a write that is lost on the way may be sent again. */
static void note_sent(const struct host *host, unsigned policy, const struct decision *next)
{
        struct sent *sent = &judge.policies[policy].sent[host->index];
        if (sent->epoch != next->epoch || sent->id != next->id)
                *sent = (struct sent){next->epoch, next->id, vtime_now(), read_from(host, next)};
}

/*
 * What is prepared is judged when it is begun, as if it were decided then. Whoever finds it begun may go on with it: that
 * is no decision.
 */
static bool is_judged_already(const struct host *host, struct decision *known)
{
        if (!known || !known->is_prepared || known->begun_by)
                return known;
        world_trace("operator %u begins epoch %llu, which is prepared", host->index, (unsigned long long)known->epoch);
        known->begun_by = (int)host->index + 1;
        known->begun_life = host->life;
        known->decided_at = vtime_now();
        known->read_from = read_from(host, known);
        return false;
}

void check_decision(const struct host *host, unsigned policy, const struct decision *next)
{
        if (next->beside.epoch && !find_decision(policy, next->beside.epoch, next->beside.id))
                check_wishes(host, policy, next);
        if (is_judged_already(host, (struct decision *)find_decision(policy, next->epoch, next->id)))
                return; /* the commit of what was decided */
        note_sent(host, policy, next);
        check_wishes(host, policy, next);
        if (next->is_automatic)
                check_automatic(host, policy, next);
        check_false_alarm(host, policy, next);
        check_contradiction(host, next);
        check_request(host, policy, next);
}

void judge_sent(const struct exchange *exchange)
{
        check_ready(exchange);
        if (!exchange->body || !strstr(exchange->target, "/leases") || !strstr(exchange->body, "planekeeper.io/record"))
                return;
        json_t *lease = json_loads(exchange->body, 0, NULL);
        struct decision next;
        const int policy = policy_of_lease(lease, exchange->target);
        if (policy >= 0 && record_on_lease(lease, &next)) {
                world_trace("operator %u sends epoch %llu %s -> %s %s%s %s", exchange->host->index,
                            (unsigned long long)next.epoch, next.from, next.to, next.is_automatic ? "automatic " : "",
                            next.reason, next.is_steady ? "Steady" : "Switching");
                check_decision(exchange->host, (unsigned)policy, &next);
        }
        json_decref(lease);
}
