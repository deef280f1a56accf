/*
 * effect_loop.h -- the visit of a batch whose driver lives on the loop (target_driver.start): begun at once, and ended
 * by a later turn.
 *
 * Ownership: a batch that was begun is kept until its job's done() takes it back.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_EFFECT_LOOP_H
#define PK_RECONCILE_EFFECT_LOOP_H

#include "reconcile/batch.h"

/* Its one member is read, swapped or asked about; batch->job.done() is called later, once. */
void effect_loop_begin(struct manager *manager, struct batch *batch);
/* Ends all of them without an answer: nothing is left on the loop. Their policies are gone. */
void effect_loop_close(struct manager *manager);

#endif
