/*
 * judge.h -- what no history may break, looked at from the servers' side, and whether a world that is left alone comes
 * to rest. The judge reads what goes over the wire and what the servers hold; it knows nothing of the operator's
 * inside.
 *
 * Its letters and numbers are those of test/sim/sim_check.c.
 */
#ifndef PK_TEST_WHOLE_JUDGE_H
#define PK_TEST_WHOLE_JUDGE_H

#include "api.h"
#include "registers.h"

void judge_begin(void);

/* The wire: a request as it is sent, an answer as the operator reads it, one that never came. */
void judge_sent(const struct exchange *exchange);
void judge_heard(const struct exchange *exchange, long status, const char *text);
void judge_unheard(const struct exchange *exchange);

/* A write to a register, as it is sent. */
void judge_writes(const struct host *host, unsigned policy, bool is_lock, const struct reg *want);
/* The same to one that has a mistyped name. */
void judge_strays(const struct host *host, unsigned policy, bool is_lock, const struct reg *want);
void judge_stray_taken(unsigned policy, bool is_lock, const struct reg *now);

/* The servers. @by: NULL for people. */
void judge_object(unsigned cluster, enum api_kind kind, const json_t *object, const struct host *by);
void judge_went_back(unsigned cluster); /* its store has, before what came back is told */
void judge_deleted(unsigned cluster, enum api_kind kind, const json_t *object);
void judge_register(unsigned policy, bool is_lock, const struct reg *old, const struct reg *now);
/* An operator whose record was of @epoch made the Redis of @plane the primary; @has_copy: it had the data. */
void judge_promoted(unsigned plane, uint64_t epoch, bool has_copy);
/* Where a Job's command sets the lock: which Job, of which decision. */
struct judged_job {
        uint64_t epoch, id;
        unsigned attempt;
};
void judge_job_begins(unsigned policy, const struct judged_job *job, bool is_beside_another); /* its Pod does */
void judge_job_sets(unsigned policy, const struct judged_job *job, const char *set);
void judge_job_completes(unsigned policy, const struct judged_job *job);
void judge_jobs_deleted(void); /* a person had them run again */
void judge_claimed(unsigned policy, const struct reg *old, const struct reg *now); /* the epoch beside that lock */
/* A replica of Redis has @has by now. */
void judge_replicated(unsigned policy, const struct reg *has);
/* A person or a loss changed registers or records of @policy: from here on epochs may repeat. */
void judge_touched(unsigned policy);
void judge_lost_record(unsigned policy);
void judge_restored_name(unsigned policy); /* with the text beside it, which may be a record */

/* A person writes "switch-to=<plane>/<epoch>" because the status says so. */
void judge_told(unsigned policy, const char *text);

uint64_t judge_epoch(unsigned policy); /* of its record */

/* A person puts back the values that are recorded, where somebody or a loss had changed something. */
void judge_restore(unsigned policy);

/* Whether every policy rests where its record says; else *ret_why says what is missing. */
bool judge_is_at_rest(unsigned policy, char *ret_why, size_t size);
/* The plane that must be left if it dies now, for nothing forbids it; -1: something may, or nothing is active. */
int judge_bound_to_leave(unsigned policy);
bool judge_has_left(unsigned policy, unsigned plane);              /* all of it: record, lock and name */
int judge_active(unsigned policy); /* the plane that its record names, or where there is none its status; -1: none */
bool judge_is_switching(unsigned policy); /* the last decision is not complete */
/* The ARMED column of its status, in a cluster that does not live in @plane. */
const char *judge_armed(unsigned policy, unsigned plane);
/* Whether that word says that no failover happens by itself, and does not pass by itself either. */
bool judge_is_disarmed(const char *word);
/* To be called every now and then: what cannot be done is said, and what can be done is done. */
void judge_voice(void);
unsigned judge_voices(void); /* how often nobody led for so long that it had to be said */
void judge_names(void); /* likewise: no other server of the name delays what is complete for longer than it may */
/* Whether the status of @policy names the servers that are ill from the beginning to the end. */
bool judge_names_are_told(unsigned policy, char *ret_why, size_t size);
bool judge_says_ready(unsigned policy); /* in the status of any cluster */
void judge_describe(unsigned policy, char *ret_text, size_t size); /* what its status says */
bool judge_is_settled(char *ret_why, size_t size);
unsigned judge_decisions(void);

#endif
