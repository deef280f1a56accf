/*
 * job.h -- driver job: a Job of the policy's template, run once for each epoch. The newest Job of the target is its
 * state; the one of an older epoch never runs beside it, nor after it.
 *
 * That rests on the API server alone. A Job is made suspended under a name that has the epoch. It is released by a
 * patch under its resourceVersion, after a list that was made later than the Job shows none of a later epoch. Before
 * that, each of an older epoch is ended by a patch, so that its own release is refused from then on, and waited for.
 *
 * Ownership: a session owns its texts, the template and, where a kubeconfig is given, its client.
 * Errors:    as target.h says. A Job that failed is no error of the visit: the target keeps settling, with the reason.
 * Threads:   loop thread only.
 */
#ifndef PK_TARGETS_KUBE_JOB_H
#define PK_TARGETS_KUBE_JOB_H

#include "targets/kube/hub.h"
#include "targets/kube/job_object.h"
#include "targets/kube/visit.h"

enum { JOB_RIGHTS = 3 };

enum job_stage { JOB_IS_ABSENT, JOB_IS_AT_WORK, JOB_HAS_FAILED, JOB_IS_COMPLETE };

/* The newest Job, as the last visit that ended well saw it. */
struct job_seen {
        enum job_stage stage; /* at work: also one that is held, or is being deleted */
        bool is_last;         /* of its epoch: no other attempt follows */
        char *name;           /* owned */
        char *value;          /* that is to be there once it is complete, owned; NULL: none was told */
};

struct job_session {
        struct target_session base;
        struct hub hub;
        struct target_config settings; /* a copy */
        json_t *template;
        char *namespace_name, *name;
        char *path;      /* of Jobs in its namespace */
        char *list_path; /* of those of this target */
        char *what;      /* for people: "jobs.batch ci/gloo-switch" */
        /* The visit under way. */
        struct visit_under_way now;
        unsigned tries; /* patches that were sent */
        char *obstacle; /* a Job that the newest one waits for; NULL: none */
        bool has_repeated;
        struct job_seen seen;
        /* Of who reads the effect back (lock_job.c), and so knows whether another Job of one epoch is called for: */
        bool is_read_back;  /* by a setting, "isReadBack" */
        bool wants_another; /* at the next swap: the one that is complete was to no effect */
};

/* The commands by which a person runs the Job whose template's spec is at @at, a JSONPath in the policy. */
struct by_hand job_by_hand_of(const struct target_config *config, const struct by_hand_write *write, const char *at,
                              struct arena *arena);

/* ---- job_visit.c ---- */

void job_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx);
void job_seen_clear(struct job_seen *seen);
void job_cancel(struct job_session *session); /* the visit under way, if any: done() is not called */

#endif
