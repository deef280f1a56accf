/* plane_parts.h -- the functions that the files of plane.h share; no other file includes it. */
#ifndef PK_RECONCILE_PLANE_PARTS_H
#define PK_RECONCILE_PLANE_PARTS_H

#include "reconcile/plane.h"
#include "util/arena.h"

/* plane_address.c: where agents are sent. */
void plane_address_start(
    struct plane *plane); /* fixed, or discovered now and every 10 s; also finds out which cluster it is */
void plane_address_stop(struct plane *plane);
void plane_address_forget(struct plane *plane);
/* Takes over the address that @status has from discovery under @generation: where the Service's region is down when
 * this process starts, the status is the only source. */
void plane_address_restore(struct plane *plane, const json_t *status, int64_t generation);
struct kube *plane_kube(const struct plane *plane); /* client of its cluster; NULL where it cannot be looked at */

/* plane_kubeconfig.c: the client of its own cluster. */
/* From the Secret as it is now; made anew when that changes. Where the kubeconfig names files, once they are read. */
void plane_kube_take(struct plane *plane);
void plane_cluster_forget(struct plane *plane); /* its UID says nothing of another cluster */

/* plane_name.c: where the address is a host name, the addresses behind it, as DNS says them; looked up while it is
 * probed. */
void plane_name_start(struct plane *plane);
void plane_name_stop(struct plane *plane);

/* plane_targets.c: which addresses are probed. */
/* The families that the records of its policies carry. */
unsigned plane_families(const struct plane *plane);
/* Fills one text for each address that is probed, as it stands in the record; 0: none is known. */
size_t plane_targets(const struct plane *plane, char ret_texts[static SERVICE_ADDRESSES_MAX][PLANE_TEXT_BYTES]);
/* Whether @address belongs to the record @rrset of the plane. */
bool plane_target_is_of(const char *address, const char *rrset);
/* The addresses that @rrset leaves out, for people; NULL: none. */
const char *plane_left_out(const struct plane *plane, const char *rrset, struct arena *arena);

/* plane_runs.c: the runs of samples. */
void plane_run_sampled(void *target, const struct sample *sample);
void plane_runs_forget(struct plane *plane); /* its metrics */
void plane_run_set_text(struct check_run *run, const char *text);
struct check_view plane_check_view(const struct check *check, const char *rrset, struct arena *arena);

/* plane_checks.c: probes. */
void plane_checks_build(struct plane *plane);
void plane_checks_clear(
    struct plane *plane); /* takes the probes down; what they have shown is kept for the next build */
void plane_checks_forget(struct plane *plane); /* that too, and its metrics */

/* plane_status.c */
json_t *plane_status_build(struct status_mark *mark, struct condition_list *ret_conditions);

/* A fact that policies use has changed: their passes run. */
void plane_wake_users(struct plane *plane);

#endif
