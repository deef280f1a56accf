/*
 * worker_visit.h -- one visit of a driver that blocks, made on a worker for a driver that lives on the loop and is made
 * of both.
 *
 * Ownership: the session is moved in and comes back by done(), unless worker_visit_abandon() was called: then it is
 *            closed once the worker is through. Everything else is copied.
 * Errors:    as target.h says; ERR_TRANSIENT where all workers are busy.
 * Threads:   loop thread, but for the visit itself.
 */
#ifndef PK_TARGETS_WORKER_VISIT_H
#define PK_TARGETS_WORKER_VISIT_H

#include "runtime/executor.h"
#include "runtime/loop.h"
#include "targets/target.h"

struct worker_visit;

/* @visit is what came of it, its `found` the callee's to take or to clear. Once, never from within the start. */
typedef void worker_visit_done(void *ctx, struct target_session *session, struct target_visit *visit);

/* @visit: verb, name, deadline, and of a swap expected and want; TARGET_ASK is the driver's preflight(). */
struct worker_visit *worker_visit_start(struct loop *loop, struct executor *executor, struct target_session *session,
                                        const struct target_visit *visit, worker_visit_done *done, void *ctx);
void worker_visit_abandon(struct worker_visit *call); /* NULL is a no-op */

#endif
