/*
 * laws.h -- the invariants that both simulated worlds are held to, each stated once: over what a store, a register and a decision
 * are at one moment. sim_check.c puts the world of the core into these words, test/whole/judge_*.c that of whole operators.
 *
 * Each function returns what is broken ("S1: ..."), or NULL. Times are in any one unit.
 */
#ifndef PK_TEST_SIM_LAWS_H
#define PK_TEST_SIM_LAWS_H

#include <stdbool.h>
#include <stdint.h>

/* The record as its store has it. */
struct law_record {
        bool is_there;
        uint64_t epoch;
};

/* A decision, and what the targets have shown of it so far. */
struct law_decision {
        bool uses_lock, was_locked, was_routed;
};

/* What a target shows: the epoch of its value, and that of the text beside it, which is later where decisions are made there. */
struct law_shown {
        bool is_ours;
        uint64_t epoch, decided;
};

/* S1: an epoch is decided once, and only rises. @was_decided: by another decision than this. */
const char *law_record_is_taken(const struct law_record *stored, uint64_t epoch, bool was_decided);
/* L2: a commit says what is true. */
const char *law_record_is_committed(const struct law_decision *decision);
/* S5: what a target is given is what was decided. S4: the name only after the lock. */
const char *law_target_is_given(const struct law_decision *decision, bool is_lock, const char *value, const char *decided);
/* S4: whoever moves the name has seen the lock there, unless it changed since it could look. */
const char *law_name_is_moved(const struct law_decision *decision, bool is_lock_seen);
/* S4: and one that was replicated, where locks are. */
const char *law_lock_is_followed(const struct law_decision *decision, bool may_be_lost);
/* S6: the epoch that a target shows never falls, and nothing is written twice under one. @finishes: half a write is completed, or only the text changes. */
const char *law_target_changes(const struct law_shown *before, const struct law_shown *after, bool finishes);
/* S7: nothing is left but for failures in a row, for as long as the policy says. */
const char *law_plane_is_left(unsigned failures, unsigned threshold, int64_t lasted, int64_t delay);
/* S9: and not within the cool-down of the last switch. */
const char *law_switch_is_repeated(int64_t since_last, int64_t cooldown);
/* P1: a replica without a copy of the data is never made the primary. */
const char *law_replica_is_promoted(bool has_copy);
/* P2: in one epoch one is. @was_made: another one was under this epoch. */
const char *law_primary_is_made(bool was_made);
/* P3: the name, and the commit, come after the primary of its plane. */
const char *law_primary_is_followed(bool was_primary);
/* J1: a Job begins alone, and none of an older epoch, or earlier attempt, after it. */
const char *law_job_begins(bool is_beside_another, bool is_superseded);
/* S13: nobody acts who may not. */
const char *law_acts(bool is_suspended, bool is_advised, bool is_killed);

#endif
