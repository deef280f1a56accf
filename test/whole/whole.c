/*
 * whole.c -- many random histories of whole operators: the production loop, caches, watches, election, passes, probes
 * and status writers of one or two processes, in a world without sockets and on virtual time.
 *
 *   whole [options of histories.h]; --log prints what the operators log.
 *   whole --story [--trace] FILE...: these stories (story.h).
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "beside.h"
#include "deeds.h"
#include "faults.h"
#include "histories.h"
#include "judge.h"
#include "lock_jobs.h"
#include "run.h"
#include "runtime/log.h"
#include "story.h"

enum {
        SETTLE_FIRST_S = 15, /* adoption, before anything befalls */
        CLAIMS_SETTLE_S = 50, /* where it waits for the next look */
        REST_S = 90,
        READ_AGAIN_S = 31, /* a target is read at least so often */
        HEALTHY_S = 12, /* until a plane that was down counts as one to go to, and the own cluster's identity was read again */
        ATTEMPTS = 4, /* what two remedies in a row mend, too */
        FAULTS_MAX = 8,
};

static uint64_t take_overs, voices; /* over all histories */

static bool prepares;    /* operators prepare failovers */
static bool is_promoted; /* a Redis primary moves in each history, and mostly a pipeline, too */
static bool is_fenced;   /* planes are fenced in each history */
static bool has_jobs;    /* a Job sets the lock in each history */

/* A replica that follows a new primary may have its copy only when the outage has begun. */
static bool may_arm_meanwhile(const char *armed)
{
        return is_promoted && strcmp(armed, "NoStandby") == 0;
}

/* What the status has said before the active plane died, held against what came of it. */
static void check_words(unsigned plane, bool is_bound, bool has_left, const char *armed)
{
        char why[300];
        judge_describe(0, why, sizeof(why));
        if (!has_left && is_bound)
                world_violated("L1: %s is dead, but: %s", world_plane(plane), why);
        else if (!has_left && strcmp(armed, "True") == 0)
                world_violated("W1: Armed was True, %s is dead, but: %s", world_plane(plane), why);
        else if (has_left && judge_is_disarmed(armed) && !may_arm_meanwhile(armed))
                world_violated("W1: Armed was %s, but %s was left: %s", armed, world_plane(plane), why);
}

/* L1: the active plane dies, and nothing else is wrong. */
static void take_over(void)
{
        enum { SLACK_MS = 3000, DISSENTS = 2, LOOKED_AT_S = 4, SWITCHES_FOR_S = 60 };
        run_until(vtime_now() + (HEALTHY_S + (is_promoted ? LOOKED_AT_S : 0)) * VTIME_S);
        const bool is_bound = judge_bound_to_leave(0) >= 0;
        int plane = judge_active(0);
        if (plane < 0 || world.violation[0])
                return;
        char armed[64];
        vtime_us read_by = vtime_now() + READ_AGAIN_S * VTIME_S;
        const vtime_us switched_by = read_by + SWITCHES_FOR_S * VTIME_S;
        (void)snprintf(armed, sizeof(armed), "%s", judge_armed(0, (unsigned)plane));
        while (is_bound && strcmp(armed, "True") != 0 && vtime_now() < read_by && !world.violation[0]) {
                run_until(vtime_now() + LOOK_EVERY_MS * VTIME_MS); /* a target that was away is read again in its turn */
                if (judge_is_switching(0) && vtime_now() < switched_by) /* back to the first plane, whose time has come */
                        read_by = vtime_now() + READ_AGAIN_S * VTIME_S;
                plane = judge_active(0) < 0 ? plane : judge_active(0);
                (void)snprintf(armed, sizeof(armed), "%s", judge_armed(0, (unsigned)plane));
        }
        if (is_bound && strcmp(armed, "True") != 0)
                world_violated("W1: Armed is %s, but nothing forbids to leave %s", armed, world_plane((unsigned)plane));
        take_overs += is_bound;
        faults_strike((unsigned)plane);
        vtime_us bound = (vtime_us)(THRESHOLD * INTERVAL_MS + world.failover_delay_ms + SLACK_MS) * VTIME_MS;
        if (has_jobs)
                bound += LOCK_JOB_TAKES_S * VTIME_S;
        if (world.is_recorded_in_dns)
                bound += DISSENTS * (vtime_us)world.failover_delay_ms * VTIME_MS;
        const vtime_us until = vtime_now() + bound;
        while (!judge_has_left(0, (unsigned)plane) && !world.violation[0] && vtime_now() < until)
                run_until(vtime_now() + LOOK_EVERY_MS * VTIME_MS);
        if (!world.violation[0])
                check_words((unsigned)plane, is_bound, judge_has_left(0, (unsigned)plane), armed);
}

/* W2: whichever of the name's other servers is ill all the time is named, also after the switch. */
static void name_the_ill(void)
{
        enum { TOLD_S = 80 }; /* a commit that was delayed, and a look after it */
        char why[200] = "";
        const vtime_us until = vtime_now() + (vtime_us)TOLD_S * VTIME_S;
        while (world.nameserver_count && !world.violation[0] && !judge_names_are_told(0, why, sizeof(why))) {
                if (vtime_now() >= until)
                        world_violated("W2: %s", why);
                run_until(vtime_now() + LOOK_EVERY_MS * VTIME_MS);
        }
}

/* Another tool claims the name before anything was ever written there: it stays as it is until that ends. */
static bool begin_claimed(void)
{
        enum { BEGINS_CLAIMED = 29, STANDS_S = 8 };
        if (!beside_has_claims() || !history_has(BEGINS_CLAIMED, 200))
                return false;
        beside_claim(0, 1);
        run_until(vtime_now() + STANDS_S * VTIME_S);
        if (!world.violation[0] && (judge_says_ready(0) || registers.dns[0].text[0]))
                world_violated("S11: policy 0 takes over what another tool claims");
        beside_claim(0, -1);
        return true;
}

/*
 * Where all was at rest, another tool claims the name, or users are answered something else: it is seen by the
 * second look at the latest, said, and nothing is written meanwhile that must not be. It ends, and all rests again: what
 * was in trouble and is not tried any more counts for two minutes.
 */
static void trouble_beside(void)
{
        enum { IS_CLAIMED = 30, IS_DIVERTED, SEEN_S = 62, EDITED_S = 6, RESTS_S = 130 };
        void (*const which)(unsigned, int) = beside_has_claims() && history_has(IS_CLAIMED, 300) ? beside_claim
                                             : world.is_wide && history_has(IS_DIVERTED, 100)    ? beside_divert
                                                                                                 : NULL;
        char why[300] = "";
        if (!which || world.violation[0])
                return;
        which(0, 1);
        world_trace("for a while: %s", which == beside_claim ? "another tool claims the name" : "users are answered otherwise");
        run_until(vtime_now() + SEEN_S * VTIME_S);
        const bool is_unsaid = judge_says_ready(0);
        edit_ttl(&(struct fault){.policy = 0});
        run_until(vtime_now() + EDITED_S * VTIME_S);
        if (is_unsaid || judge_says_ready(0))
                world_violated("W3: policy 0 says that it is ready after %d s%s", SEEN_S, is_unsaid ? "" : " and an edit");
        which(0, -1);
        if (!world.violation[0] && !comes_to_rest(RESTS_S, why, sizeof(why)))
                world_violated("L4: it does not come to rest after what was beside the name: %s", why);
}

/* Most histories are short; what takes its time (a cool-down, a lease) is in the long ones. */
static vtime_us draw_length(void)
{
        static const unsigned lengths_s[] = {10, 10, 10, 20, 20, 20, 30, 60};
        return (vtime_us)lengths_s[chance_below(sizeof(lengths_s) / sizeof(lengths_s[0]))] * VTIME_S;
}

static void history(void)
{
        char why[300] = "";
        if (is_promoted)
                world_draw_promoted();
        else if (is_fenced)
                world_draw_fenced();
        else if (has_jobs)
                world_draw_lock_jobs();
        else
                world_draw();
        enum { READS_BY_LISTS = 40 };
        world.prepares = prepares;
        world.lists = history_has(READS_BY_LISTS, 250);
        world_begin();
        if (!comes_to_rest(begin_claimed() ? CLAIMS_SETTLE_S : SETTLE_FIRST_S, why, sizeof(why)))
                world_violated("L4: it does not begin: %s", why);
        const vtime_us until = vtime_now() + draw_length();
        if (!world.violation[0]) {
                faults_draw(1 + chance_below(FAULTS_MAX), until);
                run_until(until + VTIME_S);
                faults_heal();
        }
        bool rests = false;
        for (unsigned attempt = 0; attempt < ATTEMPTS && !rests && !world.violation[0]; attempt++) {
                if (attempt)
                        faults_remedy(attempt - 1);
                rests = comes_to_rest(REST_S, why, sizeof(why));
        }
        if (!rests)
                world_violated("L4: it does not come to rest: %s", why);
        trouble_beside();
        if (!world.violation[0])
                take_over();
        if (!world.violation[0])
                name_the_ill();
        world_trace("%s", world.violation[0] ? world.violation : "at rest");
}

int main(int argc, char **argv)
{
        struct histories histories = {.seed = 20261125, .count = 100};
        uint64_t digest = 0;
        if (argc > 1 && strcmp(argv[1], "--story") == 0) {
                world_is_traced = argc > 2 && strcmp(argv[2], "--trace") == 0;
                log_setup((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
                json_object_seed(1);
                return stories_run(argc - 2 - world_is_traced, argv + 2 + world_is_traced);
        }
        prepares = argc > 1 && strcmp(argv[1], "--prepare") == 0;
        is_promoted = argc > 1 + prepares && strcmp(argv[1 + prepares], "--promotion") == 0;
        is_fenced = argc > 1 + prepares && strcmp(argv[1 + prepares], "--fence") == 0;
        has_jobs = argc > 1 + prepares && strcmp(argv[1 + prepares], "--lock-job") == 0;
        const int own = prepares + (is_promoted || is_fenced || has_jobs);
        histories_begin(&histories, argc - own, argv + own);
        world_is_traced = histories.is_traced;
        log_setup(histories.is_logged ? LOG_DEBUG : (enum log_level)(LOG_ERROR + 1), LOG_TEXT);
        json_object_seed(1);
        for (bool goes_on = true; goes_on && histories.done < histories.count;) {
                vtime_begin(histories.seed + histories.done);
                history();
                histories.decisions += judge_decisions();
                voices += judge_voices();
                digest = digest * 31 + digest_value();
                goes_on = histories_count(&histories, world.violation);
                world_end();
        }
        for (unsigned i = 0; i < faults_kinds(); i++)
                histories_fault(&histories, faults_name(i), faults_counts[i]);
        char further[80];
        (void)snprintf(further, sizeof(further), ", \"take_overs\": %" PRIu64 ", \"voices\": %" PRIu64, take_overs, voices);
        return histories_end(&histories, digest, further);
}
