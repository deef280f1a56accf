/*
 * visit.h -- the visit that a session of this folder has under way, and how its answers end it.
 *
 * Ownership: embedded in the session. What a session keeps for a visit beside it is forgotten before visit_end(), since
 *            the session may be gone afterwards.
 * Errors:    as target.h says; 404 is ERR_INVALID, because what is looked for is a person's to make.
 * Threads:   loop thread only.
 */
#ifndef PK_TARGETS_KUBE_VISIT_H
#define PK_TARGETS_KUBE_VISIT_H

#include "kube/client.h"
#include "targets/kube/rights.h"
#include "targets/target.h"

#define OBJECT_STAMP "planekeeper.io/stamp"

struct visit_under_way {
        struct target_visit *visit; /* NULL: none */
        target_done *done;
        void *ctx;
        struct kube_call *call;
        struct rights rights; /* TARGET_ASK */
        bool has_written;     /* a write was answered: whatever fails afterwards is ERR_UNKNOWN */
};

/* The ends of the message of a refusal, for a person who mends it; NULL: there is nothing to add. */
struct visit_remedies {
        const char *not_found, *denied, *invalid;
};

void visit_begin(struct visit_under_way *now, struct target_visit *visit, target_done *done, void *ctx);
/* Cancels what was sent; done() is not called. Also where there is none. */
void visit_forget(struct visit_under_way *now);
/* @ended: as it was before visit_forget(). */
void visit_end(const struct visit_under_way *ended, enum err err);
/* The class of an answer that ends the visit, and in the visit why; @what is the object, for people. */
enum err visit_refused(const struct visit_under_way *now, const char *what, const struct kube_reply *reply,
                       const struct visit_remedies *remedies);

/* The stamp in an object's annotation; zeroed where there is none. */
void visit_read_stamp(const json_t *object, struct stamp *ret);

#endif
