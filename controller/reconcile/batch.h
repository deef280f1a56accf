/*
 * batch.h -- visits of many policies to one mechanism in few calls. Visits go at the end of a turn of the loop; those
 * that arrive while the server is busy or its rate limit is exhausted share the next call.
 *
 * Lanes:     effects wait by what one call may carry: verb, settings, credentials, and the first word of the state's
 *            version, which is the zone. Lanes are served in turn, so that a zone of one name does not wait for one of
 * a thousand; within a lane the first come is the first sent.
 * Permits:   a call takes one permit of the mechanism's bucket, however many visits it carries; requests beyond one are
 *            charged afterwards. A permit that could not be used stays with the mechanism.
 * Halves:    where a server refuses several writes as one, nothing was changed: the two halves go again, each by
 *            itself, until one write is alone with its refusal. The session says who is suspect; the others go again
 *            together.
 * Too old:   a write that rests on looks (effect.h) and has waited too long is not sent: its policy decides anew, in
 *            the same place.
 * Ownership: batch_add() takes the effect; it ends in policy->visited(), once, unless its policy has abandoned it.
 * Threads:   loop thread only, but for batch_run() of drivers that block.
 */
#ifndef PK_RECONCILE_BATCH_H
#define PK_RECONCILE_BATCH_H

#include "reconcile/effect.h"
#include "reconcile/target_secrets.h"

/* One job: the effects that go in one call. */
struct batch {
        struct job job;
        struct loop *loop;
        struct effect *members; /* owned, in order; NULL: none */
        struct mechanism *mechanism; /* NULL: VERIFY */
        const struct target_driver *driver;
        struct arena arena; /* keys of the credentials */
        struct target_credentials credentials; /* none where a session was kept */
        struct target_session *session;        /* of the mechanism, or opened by the visit */
        enum err err;                          /* the call cannot be made */
        struct errmsg why;
        unsigned requests;
        /* While it is under way on the loop; effect_loop.c's own. */
        struct {
                struct target_visit visit;
                struct loop_timer ended; /* by its preconditions: it is told in the next turn */
                struct batch **first, *next;
        } on_loop;
};

/* Queues it in the place of @instead, which is queued and is freed; NULL: at the end of its lane. */
void batch_add(struct effect *effect, struct effect *instead);
void batch_remove(struct effect *effect); /* a queued one, which is freed */
/* An effect by itself, without a permit: it could not be built, or needs none. False: every worker is busy. */
MUST_CHECK bool batch_submit_alone(struct effect *effect);

/* In effect_run.c. */
void batch_run(struct job *job); /* on a worker */
/* A session for @first where none was kept. */
MUST_CHECK enum err batch_open_session(struct batch *batch, const struct effect *first, struct errmsg *reterr);
void batch_take_result(struct effect *effect, struct target_visit *visit);

#endif
