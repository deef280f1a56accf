/*
 * histories.h -- what the programs that run random histories share: their options, their counts and the line of JSON.
 *
 *   [--seed N] [--histories N] [--trace] [--log] [--keep-going]
 *
 * The seed is printed first; history i is made of seed + i, so --seed N --histories 1 shows one again, to the bit.
 */
#ifndef PK_TEST_PROVE_HISTORIES_H
#define PK_TEST_PROVE_HISTORIES_H

#include <stdbool.h>
#include <stdint.h>

struct histories {
        uint64_t seed, count; /* defaults before histories_begin() */
        bool is_traced, is_logged, keeps_going;
        /* results */
        uint64_t done, unsafe, unsettled, decisions;
        unsigned fault_kinds;
        char first[256]; /* the first violation */
        int64_t began_us;
};

/* Reads the options; exits with 2 and the usage where they are none. */
void histories_begin(struct histories *self, int argc, char **argv);
/* One history is over; @violation is "" for a good one. Whether to go on. */
bool histories_count(struct histories *self, const char *violation);
void histories_fault(struct histories *self, const char *name, uint64_t times);
/* Prints the line; @further are more fields of it, "" or each beginning with ", ". Returns the exit code. */
int histories_end(const struct histories *self, uint64_t digest, const char *further);

#endif
