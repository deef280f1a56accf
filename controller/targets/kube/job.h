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
};

/* ---- job_visit.c ---- */

void job_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx);
void job_cancel(struct job_session *session); /* the visit under way, if any: done() is not called */

#endif
