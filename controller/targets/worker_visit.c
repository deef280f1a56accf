/* worker_visit.c -- the visit as a job of the executor. */
#include "targets/worker_visit.h"

#include <stdlib.h>

#include "util/arena.h"
#include "util/mem.h"
#include "util/text.h"

struct worker_visit {
        struct job job;
        struct loop_timer refused; /* all workers are busy */
        struct loop *loop;
        struct arena arena; /* all that the visit is about */
        struct target_session *session;
        struct target_state expected;
        struct target_want want;
        struct target_visit visit;
        worker_visit_done *done;
        void *ctx;
        bool is_abandoned, is_refused;
};

static void ask(struct worker_visit *self)
{
        struct target_visit *visit = &self->visit;
        struct target_preflight question = {.name = visit->name, .deadline = visit->deadline};
        visit->err = target_may_write(self->session, &question, &visit->why);
        visit->retry_after_ms = question.retry_after_ms;
}

static void run(struct job *job)
{
        struct worker_visit *self = CONTAINER_OF(job, struct worker_visit, job);
        if (self->visit.verb == TARGET_ASK)
                ask(self);
        else
                target_visit(self->session, &self->visit);
}

static void end(struct worker_visit *self)
{
        struct worker_visit ended = *self;
        free(self);
        if (ended.is_abandoned) {
                target_state_clear(&ended.visit.found);
                target_close(ended.session);
        } else {
                ended.done(ended.ctx, ended.session, &ended.visit);
        }
        arena_deinit(&ended.arena);
}

static void on_done(struct job *job)
{
        end(CONTAINER_OF(job, struct worker_visit, job));
}

static void on_refused(struct loop_timer *timer)
{
        end(CONTAINER_OF(timer, struct worker_visit, refused));
}

static const char *keep(struct worker_visit *self, const char *text)
{
        return text ? arena_strdup(&self->arena, text) : NULL;
}

static void keep_swap(struct worker_visit *self, const struct target_visit *visit)
{
        self->expected = *visit->expected;
        self->expected.value = keep(self, self->expected.value);
        self->expected.version = self->expected.doubt = self->expected.obstacle = NULL;
        self->expected.unready = NULL;
        self->expected.unready_count = 0;
        struct stamp *stamp = &self->expected.stamp;
        stamp->plane = keep(self, stamp->plane);
        stamp->store = keep(self, stamp->store);
        stamp->raw = keep(self, stamp->raw);
        stamp->claim = keep(self, stamp->claim);
        self->want = *visit->want;
        self->want.value = keep(self, self->want.value);
        self->want.plane = keep(self, self->want.plane);
        self->want.store = keep(self, self->want.store);
        self->want.former = keep(self, self->want.former);
        self->want.record = keep(self, self->want.record);
        self->visit.expected = &self->expected;
        self->visit.want = &self->want;
}

struct worker_visit *worker_visit_start(struct loop *loop, struct executor *executor, struct target_session *session,
                                        const struct target_visit *visit, worker_visit_done *done, void *ctx)
{
        struct worker_visit *self = mem_new(self);
        *self = (struct worker_visit){.job = {.run = run,
                                              .done = on_done,
                                              .group = text_hash(session->driver->name),
                                              .group_max = session->driver->limits.at_once},
                                      .refused = {.due = on_refused},
                                      .loop = loop,
                                      .session = session,
                                      .done = done,
                                      .ctx = ctx};
        self->visit = (struct target_visit){.verb = visit->verb, .deadline = visit->deadline, .err = ERR_CANCELLED};
        self->visit.name = keep(self, visit->name);
        if (visit->verb == TARGET_SWAP)
                keep_swap(self, visit);
        if (!executor_submit(executor, &self->job)) {
                self->visit.err = err_set(&self->visit.why, ERR_TRANSIENT, "all workers are busy");
                self->is_refused = true;
                loop_timer_set(loop, &self->refused, loop_now(loop));
        }
        return self;
}

void worker_visit_abandon(struct worker_visit *call)
{
        if (!call)
                return;
        call->is_abandoned = true;
        if (!call->is_refused)
                return;
        loop_timer_stop(call->loop, &call->refused);
        end(call);
}
