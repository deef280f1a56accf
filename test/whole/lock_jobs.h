/*
 * lock_jobs.h -- the Jobs that set the first policy's lock, and what the hub's Job controller, its nodes and the
 * product's command make of them: a Pod waits for a node, runs, sets the key under no condition, fails, or runs on
 * where its node is lost.
 *
 * Source: kubernetes.io/docs/concepts/workloads/controllers/job (suspending, terminal conditions)
 */
#ifndef PK_TEST_WHOLE_LOCK_JOBS_H
#define PK_TEST_WHOLE_LOCK_JOBS_H

#include "api.h"

enum { LOCK_JOB_TAKES_S = 8 }; /* from the epoch in Redis to the value that counts, while all is well */

json_t *lock_jobs_of_spec(void); /* the caller's */
void lock_jobs_begin(void);
void lock_jobs_changed(void);   /* the API server has another state of one, or of what they wait for */
void lock_jobs_went_back(void); /* its store has: what ran is forgotten with it */
/* By people: a Job under the name of that epoch that no operator made; the end of all such. */
void lock_jobs_squat(uint64_t epoch);
void lock_jobs_yield(void);
void lock_jobs_delete_failed(void); /* as the status tells them */

#endif
