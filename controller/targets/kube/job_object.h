/*
 * job_object.h -- the Jobs of one target: how one is made of the policy's template, and what they say. Pure.
 *
 * All Jobs of a target carry label planekeeper.io/job with its name; the one of an epoch is called "<name>-<epoch>", so
 * that there is one at most, and a second attempt "<name>-<epoch>-2". It is made suspended, and released only while no
 * later one exists (job_visit.c).
 *
 * Source: kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1: suspend, parallelism,
 *         activeDeadlineSeconds and ttlSecondsAfterFinished may be changed of a Job that exists, its Pods may not.
 */
#ifndef PK_TARGETS_KUBE_JOB_OBJECT_H
#define PK_TARGETS_KUBE_JOB_OBJECT_H

#include <jansson.h>

#include "targets/kube/facts.h"
#include "targets/target.h"

#define JOB_LABEL "planekeeper.io/job"

enum {
        JOB_RETRIES = 3,          /* backoffLimit where the template has none */
        JOB_DEADLINE_S = 600,     /* the same of activeDeadlineSeconds */
        JOB_KEPT_S = 3600,        /* how long one of an older epoch is kept once it has ended */
        JOB_ATTEMPTS_MAX = 5,     /* Jobs of one epoch, where one that was to no effect is followed by another */
};

/* The parts of one Job. */
struct job_make {
        const json_t *template; /* has metadata and spec */
        const char *name;
        epoch_t epoch;
        unsigned attempt; /* from 1 */
        const char *stamp; /* "": none */
        const char *value; /* that is to be there once it is complete; NULL: none can be read back */
        const struct fact *facts;
        unsigned fact_count;
};

/* The caller's. */
json_t *job_make(const struct job_make *make);

/* ---- what a Job says ---- */

/* False: it carries no ownership record of an operator. The caller clears *ret in any case. */
MUST_CHECK bool job_stamp(const json_t *job, struct stamp *ret);
epoch_t job_epoch(const json_t *job); /* 0: none */
unsigned job_attempt(const json_t *job);
bool job_is_later(const json_t *job, const json_t *than); /* of a later epoch, or attempt; @than NULL: of any epoch */
const char *job_value(const json_t *job); /* NULL: none was told */
bool job_is_held(const json_t *job);  /* made, and never released */
bool job_is_superseded(const json_t *job);
bool job_has_ended(const json_t *job); /* finished, and no Pod of it is left at work */
bool job_is_complete(const json_t *job);
bool job_is_going(const json_t *job); /* it is being deleted */
bool job_expires(const json_t *job);  /* it is removed some time after its end */
/* "BackoffLimitExceeded: Job has reached ...", the caller's; NULL: it has not failed. */
char *job_failure(const json_t *job);

/* ---- patches, the caller's ---- */

json_t *job_release(const json_t *job); /* under the version that was seen */
json_t *job_supersede(epoch_t by);      /* ends it, and lets it be removed later */

#endif
