/*
 * health.h -- from the samples of a plane's checks to one verdict, with rise and fall (gate 2 of the design).
 *
 * A plane is down when every path check failed `fall` times in a row; it is up again when every path check passed
 * `rise` times in a row; in between the last verdict stands (and where there is none, one pass of each will do).
 * Samples that are too old say nothing, and so do checks that do not count in the plane's role (roles.h). Pure.
 */
#ifndef PK_CORE_HEALTH_H
#define PK_CORE_HEALTH_H

#include "core/view.h"

enum deployment_state { DEPLOYMENT_UNOBSERVED, DEPLOYMENT_AVAILABLE, DEPLOYMENT_UNAVAILABLE };

struct plane_health {
        enum verdict verdict;
        bool fresh;            /* the path was judged recently */
        uint32_t fails;        /* the fewest consecutive failures of any path check */
        mono_ms failing_since; /* when the last path check began to fail; 0 while one passes */
        mono_ms healthy_since; /* when the last path check began to pass; 0 while one fails */
        mono_ms last_pass_at;  /* latest PASS of a path check */
        enum deployment_state deployment;
        bool rollout;               /* updatedReplicas < replicas */
        int32_t replicas_available; /* -1 unknown */
        int32_t replicas_wanted;
        unsigned failing_checks; /* checks of any kind whose last counted sample failed */
        unsigned unknown_checks; /* checks that cannot be judged now */
        unsigned check_count;
        unix_ms certificate_not_after; /* the earliest; 0 none */
};

/* Whether @check counts while its plane is in @role. */
bool health_counts(const struct check_view *check, enum plane_role role);

/*
 * How often @check, one of @plane, has failed in a row in the role that the plane has now. What it failed before says
 * nothing of that role, nor does the sample that was under way when the role began; and it has failureThreshold
 * intervals to pass.
 */
uint32_t health_fails(const struct plane_view *plane, const struct check_view *check, const struct detection *detection,
                      mono_ms now);

/* When failures that began before the plane's role may say something of it, or more than now; 0: none wait for that. */
mono_ms health_settles_at(const struct plane_view *plane, const struct detection *detection, mono_ms now);

struct plane_health health_of(const struct plane_view *plane, const struct detection *detection, mono_ms now);

/*
 * Whether a sample that began at @next continues the run that was judged last at @last. A gap without a judgement that
 * is longer than a sample is fresh ends the run: two failures ten minutes apart are not an outage of ten minutes
 * (decision 025).
 */
bool health_run_goes_on(mono_ms last, mono_ms next, mono_ms interval_ms, mono_ms timeout_ms);

/*
 * When the verdict of @health, which is of @plane at @now, began: a lost probe in between does not count, because the
 * verdict stood. At first sight it is as old as the run of samples. 0: it was always so.
 */
mono_ms health_verdict_since(const struct plane_view *plane, const struct plane_health *health, mono_ms now);

#endif
