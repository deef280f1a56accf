/*
 * whole.c -- many random histories of whole operators: the production loop, caches, watches, election, passes, probes
 * and status writers of one or two processes, in a world without sockets and on virtual time.
 *
 *   whole [--seed N] [--histories N] [--trace] [--log] [--keep-going]
 *
 * Prints its seed first, and at the end one line of JSON. --seed N --histories 1 --trace shows one history again, to
 * the bit; --log adds what the operators say.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "faults.h"
#include "judge.h"
#include "runtime/log.h"

enum {
        SETTLE_FIRST_S = 15, /* adoption, before anything befalls */
        REST_S = 90,
        HEALTHY_S = 8, /* until a plane that was down counts as one to go to */
        LOOK_EVERY_MS = 250,
        ATTEMPTS = 3,
        FAULTS_MAX = 8,
};

struct options {
        uint64_t seed, histories;
        bool is_traced, is_logged, keeps_going;
};

static void run_until(vtime_us until)
{
        while (!world.violation[0] && vtime_step(until))
                ;
}

/* Whether all rests within @seconds. */
static bool comes_to_rest(unsigned seconds, char *ret_why, size_t size)
{
        const vtime_us until = vtime_now() + (vtime_us)seconds * VTIME_S;
        while (!judge_is_settled(ret_why, size)) {
                if (vtime_now() >= until || world.violation[0])
                        return false;
                run_until(vtime_now() + LOOK_EVERY_MS * VTIME_MS);
        }
        return true;
}

static uint64_t take_overs; /* over all histories */

/* L1: the active plane dies, and nothing else is wrong. */
static void take_over(void)
{
        enum { SLACK_MS = 3000, DISSENTS = 2 };
        run_until(vtime_now() + HEALTHY_S * VTIME_S);
        const int plane = judge_bound_to_leave(0);
        if (plane < 0 || world.violation[0])
                return;
        take_overs++;
        faults_strike((unsigned)plane);
        vtime_us bound = (vtime_us)(THRESHOLD * INTERVAL_MS + world.failover_delay_ms + SLACK_MS) * VTIME_MS;
        if (world.is_recorded_in_dns)
                bound += DISSENTS * (vtime_us)world.failover_delay_ms * VTIME_MS;
        const vtime_us until = vtime_now() + bound;
        while (!judge_has_left(0, (unsigned)plane) && !world.violation[0] && vtime_now() < until)
                run_until(vtime_now() + LOOK_EVERY_MS * VTIME_MS);
        if (!judge_has_left(0, (unsigned)plane)) {
                char why[300];
                judge_describe(0, why, sizeof(why));
                world_violated("L1: %s is dead, but: %s", world_plane((unsigned)plane), why);
        }
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
        world_begin();
        if (!comes_to_rest(SETTLE_FIRST_S, why, sizeof(why)))
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
        else
                take_over();
        world_trace("%s", world.violation[0] ? world.violation : "at rest");
}

static bool parse(int argc, char **argv, struct options *ret)
{
        for (int i = 1; i < argc; i++) {
                const char *value = i + 1 < argc ? argv[i + 1] : "";
                if (strcmp(argv[i], "--trace") == 0)
                        ret->is_traced = true;
                else if (strcmp(argv[i], "--log") == 0)
                        ret->is_logged = true;
                else if (strcmp(argv[i], "--keep-going") == 0)
                        ret->keeps_going = true;
                else if (!*value)
                        return false;
                else if (strcmp(argv[i], "--seed") == 0)
                        ret->seed = strtoull(argv[++i], NULL, 10);
                else if (strcmp(argv[i], "--histories") == 0)
                        ret->histories = strtoull(argv[++i], NULL, 10);
                else
                        return false;
        }
        return true;
}

struct results {
        uint64_t done, unsafe, unsettled, decisions, digest;
        char first[400];
};

static void run(const struct options *options, struct results *ret)
{
        for (uint64_t i = 0; i < options->histories; i++) {
                vtime_begin(options->seed + i);
                history();
                ret->done++;
                ret->decisions += judge_decisions();
                ret->digest = ret->digest * 31 + digest_value();
                const bool is_violated = world.violation[0] != '\0';
                if (is_violated) {
                        *(world.violation[0] == 'L' ? &ret->unsettled : &ret->unsafe) += 1;
                        printf("violation with --seed %" PRIu64 " --histories 1: %s\n", options->seed + i,
                               world.violation);
                        if (!ret->first[0])
                                memcpy(ret->first, world.violation, sizeof(ret->first));
                }
                world_end();
                if (is_violated && !options->keeps_going)
                        return;
        }
}

static unsigned print_kinds(void)
{
        unsigned kinds = 0;
        for (unsigned i = 0; i < faults_kinds(); i++) {
                printf("fault %-30s %" PRIu64 "\n", faults_name(i), faults_counts[i]);
                kinds += faults_counts[i] > 0;
        }
        return kinds;
}

int main(int argc, char **argv)
{
        struct options options = {.seed = 20261125, .histories = 100};
        if (!parse(argc, argv, &options)) {
                fprintf(stderr, "usage: whole [--seed N] [--histories N] [--trace] [--log] [--keep-going]\n");
                return 2;
        }
        world_is_traced = options.is_traced;
        log_setup(options.is_logged ? LOG_DEBUG : (enum log_level)(LOG_ERROR + 1), LOG_TEXT);
        json_object_seed(1);
        struct timespec began, ended;
        (void)clock_gettime(CLOCK_MONOTONIC, &began);
        printf("seed %" PRIu64 ", %" PRIu64 " histories\n", options.seed, options.histories);
        struct results results = {0};
        run(&options, &results);
        unsigned kinds = print_kinds();
        (void)clock_gettime(CLOCK_MONOTONIC, &ended);
        double seconds = (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
        printf("{\"seed\": %" PRIu64 ", \"histories\": %" PRIu64 ", \"decisions\": %" PRIu64
               ", \"take_overs\": %" PRIu64 ", \"fault_kinds\": %u, \"unsafe\": %" PRIu64 ", \"unsettled\": %" PRIu64
               ", \"digest\": \"%016" PRIx64 "\", \"seconds\": %.1f, \"first\": \"%.40s\"}\n",
               options.seed, results.done, results.decisions, take_overs, kinds, results.unsafe, results.unsettled,
               results.digest, seconds, results.first);
        return results.unsafe || results.unsettled;
}
