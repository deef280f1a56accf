/*
 * executor.h -- a small pool of threads for blocking jobs with deadlines (DNS updates, Redis scripts, name look-ups).
 *
 * A job owns its input, touches no shared state and comes back to the loop as done(). Input is moved in, the result is
 * moved back.
 *
 * The jobs of one group (an endpoint) have at most its share of the threads, so that an endpoint that does not answer
 * cannot keep all of them busy until its deadlines.
 *
 * Ownership: struct job is embedded in its owner, which stays alive and untouched until done() has run.
 * Errors:    executor_submit() is refused (false) when `queue_max` jobs wait: back off and try again.
 * Threads:   submit on the loop thread; run() on a worker; done() on the loop thread. A job cannot be cancelled: it
 *            ends by its own deadline, and an owner that no longer wants it frees it in done().
 */
#ifndef PK_RUNTIME_EXECUTOR_H
#define PK_RUNTIME_EXECUTOR_H

#include <stdbool.h>

#include "runtime/loop.h"
#include "util/err.h"

struct executor;
struct job {
        void (*run)(struct job *self);  /* worker thread */
        void (*done)(struct job *self); /* loop thread */
        uint64_t group;                 /* hash of the endpoint's name; 0: none */
        unsigned group_max;             /* threads at once for its group */
        struct loop_post post;          /* private to executor.c */
        struct job *next;               /* private to executor.c */
};

struct executor *executor_open(struct loop *loop, unsigned threads, unsigned queue_max);
MUST_CHECK bool executor_submit(struct executor *executor, struct job *job);
unsigned executor_depth(const struct executor *executor); /* jobs waiting or running */

/*
 * Waits until the running jobs have ended or @deadline has passed, gives those and the ones that never ran back by
 * done(), and frees. The owners must have abandoned their jobs before, so that done() only frees. A job that runs on
 * after @deadline is lost with its thread.
 */
void executor_close(struct executor *executor, mono_ms deadline);

#endif
