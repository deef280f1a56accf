/*
 * status.h -- the one queue through which every status is written: behind leases and records, at most 20 a second, one write in flight per
 * object, guarded by resourceVersion, and none at all where nothing changed.
 *
 * The value is built when its turn comes, so what is written is the newest; an unchanged one is recognised by its hash.
 *
 * Ownership: struct status_mark is embedded in its owner, who calls status_forget() before freeing it.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_STATUS_H
#define PK_RECONCILE_STATUS_H

#include "api/condition.h"
#include "kube/client.h"

struct status_writer;

enum { STATUS_PER_SECOND = 20, STATUS_BURST = 20, STATUS_IN_FLIGHT = 2 };

struct status_mark {
        struct status_writer *writer;
        const struct kube_resource *resource;
        const char *namespace_name; /* borrowed from the owner, as is name */
        const char *name;
        /* The whole status now, and its conditions built on @self->conditions; NULL: nothing to say yet. */
        json_t *(*build)(struct status_mark *self, struct condition_list *ret_conditions);
        struct condition_list conditions; /* as last written, or found there at the start */
        char resource_version[32];        /* of the object, newest seen */
        uint64_t written_hash;            /* of the status as written; 0: write in any case */
        struct condition_list sent_conditions; /* of the write in flight */
        uint64_t sent_hash;
        struct kube_call *call;
        unsigned failures;
        bool is_queued;
        bool again; /* asked for while a write was in flight */
        struct status_mark *previous, *next;
};

struct status_writer *status_writer_open(struct loop *loop, struct kube *kube);
void status_writer_close(struct status_writer *writer); /* every mark was forgotten before */

void status_init(struct status_mark *mark, struct status_writer *writer, const struct kube_resource *resource);
/* What a watch saw of the object: its resourceVersion, and at the first sight its conditions. A change that is not ours is written over. */
void status_seen(struct status_mark *mark, const json_t *object);
/* It may have changed: write it when its turn comes. Cheap; call it in every pass. */
void status_request(struct status_mark *mark);
void status_forget(struct status_mark *mark); /* also for an object that was deleted */
/* Writing is the leader's: stop, or begin anew with everything that is queued. */
void status_writer_enable(struct status_writer *writer, bool is_enabled);

/* Whether @a is the newer resourceVersion (decimal numbers, kubernetes.io/docs/reference/using-api/api-concepts). */
bool status_version_newer(const char *a, const char *b);

#endif
