/*
 * status.h -- the one queue through which every status is written: behind leases and records, with what is left of the
 * API server's time (status_share.h), one write in flight per object, guarded by resourceVersion, and none at all where
 * nothing changed.
 *
 * Where there is room, the owner offers the status that its pass has found. Else the value is built when its turn
 * comes, so what is written is the newest. An unchanged one is recognised by its hash, and costs no place in the queue.
 * Where only messages differ (a probe that fails in two ways by turns) it is written once a minute in the long run, and
 * a few times at once, so that the last words of a change need not wait for the first. What a decision
 * rested on (lastDecision.facts: samples are new all the time) is written with the rest, never for itself. When it was
 * judged (judgedAt) is written once a minute, or less often where there are so many objects that this alone would be
 * more than STATUS_JUDGED_PER_SECOND writes.
 *
 * Ownership: struct status_mark is embedded in its owner, who calls status_forget() before freeing it.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_STATUS_H
#define PK_RECONCILE_STATUS_H

#include "api/condition.h"
#include "kube/client.h"
#include "kube/known_version.h"
#include "reconcile/status_content.h"
#include "reconcile/status_share.h"
#include "runtime/yield.h"

struct status_writer;
struct status_queue;

enum { STATUS_WORDS_EVERY_MS = 60000, STATUS_WORDS_BURST = 3 };
enum { STATUS_JUDGED_EVERY_MS = 60000, STATUS_JUDGED_PER_SECOND = 5 };

struct status_mark {
        struct status_writer *writer;
        const struct kube_resource *resource;
        const char *namespace_name; /* borrowed from the owner, as is name */
        const char *name;
        /* The whole status now, and its conditions built on @self->conditions; NULL: nothing to say yet. */
        json_t *(*build)(struct status_mark *self, struct condition_list *ret_conditions);
        const uint64_t *list; /* number of the newest list of the resource */
        struct condition_list conditions; /* as last written, or as another writer left them */
        struct known_version known;       /* of the object */
        json_t *offered; /* to be written when it is dequeued; NULL: it is built then */
        struct condition_list offered_conditions;
        struct status_content written;
        mono_ms words_until; /* a token bucket as one time: writes of messages alone are paid for until then */
        mono_ms judged_at;                     /* when it was last written at all; 0 never */
        bool is_counted;                       /* among those that the writer keeps up to date */
        struct condition_list sent_conditions; /* of the write in flight */
        struct status_content sent;
        struct kube_call *call;
        uint64_t sent_turns; /* known.turns when it was sent */
        unsigned failures;
        mono_ms retry_at;        /* no write before */
        struct loop_timer later; /* a postponed write is requested again */
        struct status_queue *queue; /* NULL: it does not wait */
        bool is_urgent;      /* until it is written */
        bool again; /* asked for while a write was in flight */
        struct status_mark *previous, *next;
};

/* A write of @mark does not arrive; @why NULL: it does, or is not wanted any more. */
typedef void status_troubled_fn(void *ctx, const void *mark, const char *why);

struct status_writer *status_writer_open(struct loop *loop, struct kube *kube);
void status_writer_close(struct status_writer *writer); /* every mark was forgotten before */
/* No status is built or written while @yield says that other writes go first. */
void status_writer_yield(struct status_writer *writer, const struct yield *yield);

void status_writer_on_trouble(struct status_writer *writer, status_troubled_fn *troubled, void *ctx);

void status_init(struct status_mark *mark, struct status_writer *writer, const struct kube_resource *resource);
/* The object was shown, and is believed. A status that differs from the one last written is written again, built on the
 * conditions that it has now. The owner keeps @known. */
void status_seen(struct status_mark *mark, const json_t *object);
void status_rewrite(struct status_mark *mark); /* whatever was written before: it is written again */
/* It may have changed: it is queued, and written where it differs. Cheap; call it in every pass. */
void status_request(struct status_mark *mark);
/* People look for this change first (something was switched, or is blocked): it goes before the others. */
void status_urge(struct status_mark *mark);
/* The status as its owner has found it just now (consumed), and the conditions in it (moved). Only where
 * status_has_room() says so: what goes first goes first, and few are kept. Else ask for it by status_request(). */
bool status_has_room(const struct status_mark *mark);
void status_offer(struct status_mark *mark, json_t *status, struct condition_list *conditions);
/* Written now by a replica that does not lead, over what the last leader left: @status (consumed) and the conditions in
 * it (moved). The next leader writes its own. Only where status_may_overlay() says so. */
bool status_may_overlay(const struct status_mark *mark);
void status_overlay(struct status_mark *mark, json_t *status, struct condition_list *conditions);
void status_forget(struct status_mark *mark); /* also for an object that was deleted */
/* Writing is the leader's: stop, or begin anew with everything that is queued. */
void status_writer_enable(struct status_writer *writer, bool is_enabled);

#endif
