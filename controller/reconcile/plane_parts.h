/* plane_parts.h -- how the files of plane.h divide the work; nobody else includes it. */
#ifndef PK_RECONCILE_PLANE_PARTS_H
#define PK_RECONCILE_PLANE_PARTS_H

#include "reconcile/plane.h"

/* plane_address.c: where agents are sent. */
void plane_address_start(
    struct plane *plane); /* fixed, or discovered now and every 10 s; also finds out which cluster it is */
void plane_address_stop(struct plane *plane);
void plane_address_forget(struct plane *plane);
/* What a discovered address was when @status was written under @generation: the Service may be in a region that is dead
 * when this process starts, and then nobody else can say it. */
void plane_address_restore(struct plane *plane, const json_t *status, int64_t generation);
struct kube *plane_kube(const struct plane *plane); /* client of its cluster; NULL where it cannot be looked at */

/* plane_checks.c: probes and the runs of their samples. */
void plane_checks_build(struct plane *plane);
void plane_checks_clear(
    struct plane *plane); /* takes the probes down; what they have shown is kept for the next build */
void plane_checks_forget(struct plane *plane); /* that too, and its metrics */

/* plane_status.c */
json_t *plane_status_build(struct status_mark *mark, struct condition_list *ret_conditions);

/* Something that policies look at is new: run their passes. */
void plane_wake_users(struct plane *plane);

#endif
