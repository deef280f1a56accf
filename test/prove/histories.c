/* histories.c -- options and counts of random histories. */
#include "histories.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "util/text.h"

static int64_t now_us(void)
{
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void histories_begin(struct histories *self, int argc, char **argv)
{
        static const struct option options[] = {
            {"seed", required_argument, NULL, 's'}, {"histories", required_argument, NULL, 'n'},
            {"trace", no_argument, NULL, 't'},      {"log", no_argument, NULL, 'l'},
            {"keep-going", no_argument, NULL, 'k'}, {0},
        };
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
                switch (option) {
                case 's':
                        self->seed = strtoull(optarg, NULL, 10);
                        break;
                case 'n':
                        self->count = strtoull(optarg, NULL, 10);
                        break;
                case 't':
                        self->is_traced = true;
                        break;
                case 'l':
                        self->is_logged = true;
                        break;
                case 'k':
                        self->keeps_going = true;
                        break;
                default:
                        fprintf(stderr, "usage: %s [--seed N] [--histories N] [--trace] [--log] [--keep-going]\n",
                                argv[0]);
                        exit(2);
                }
        self->began_us = now_us();
        printf("seed %" PRIu64 ", %" PRIu64 " histories\n", self->seed, self->count);
}

bool histories_count(struct histories *self, const char *violation)
{
        const uint64_t seed = self->seed + self->done++;
        if (!violation[0])
                return true;
        *(violation[0] == 'L' ? &self->unsettled : &self->unsafe) += 1;
        printf("violation with --seed %" PRIu64 " --histories 1: %s\n", seed, violation);
        if (!self->first[0])
                (void)TEXT_COPY(self->first, violation);
        for (char *at = self->first; *at; at++) /* it is printed as a text of JSON */
                *at = *at == '"' || *at == '\\' ? '\'' : *at;
        return self->keeps_going;
}

void histories_fault(struct histories *self, const char *name, uint64_t times)
{
        if (!times)
                return;
        printf("fault %-30s %" PRIu64 "\n", name, times);
        self->fault_kinds++;
}

int histories_end(const struct histories *self, uint64_t digest, const char *further)
{
        printf("{\"seed\": %" PRIu64 ", \"histories\": %" PRIu64 ", \"decisions\": %" PRIu64
               ", \"fault_kinds\": %u, \"unsafe\": %" PRIu64 ", \"unsettled\": %" PRIu64 ", \"digest\": \"%016" PRIx64
               "\", \"seconds\": %.1f, \"first\": \"%.40s\"%s}\n",
               self->seed, self->done, self->decisions, self->fault_kinds, self->unsafe, self->unsettled, digest,
               (double)(now_us() - self->began_us) / 1e6, self->first, further);
        return self->unsafe || self->unsettled;
}
