/* effect_loop.c -- the visits of drivers that live on the loop. */
#include "reconcile/effect_loop.h"

#include "runtime/clock.h"
#include "util/mem.h"

static void leave(struct batch *batch)
{
        struct batch **at = batch->on_loop.first;
        while (*at != batch)
                at = &(*at)->on_loop.next;
        *at = batch->on_loop.next;
        loop_timer_stop(batch->loop, &batch->on_loop.ended);
}

/* The batch is gone afterwards. */
static void end(struct batch *batch)
{
        struct effect *effect = batch->members;
        leave(batch);
        effect->ended_us = clock_mono_us();
        batch->job.done(&batch->job);
}

static void take_result(struct batch *batch, struct target_visit *visit)
{
        batch_take_result(batch->members, visit);
        batch->requests = batch->session->requests;
}

static void on_done(void *ctx, struct target_visit *visit)
{
        struct batch *batch = ctx;
        take_result(batch, visit);
        end(batch);
}

static void on_timer(struct loop_timer *timer)
{
        end(CONTAINER_OF(timer, struct batch, on_loop.ended));
}

static enum target_verb verb_of(const struct effect *effect)
{
        return effect->kind == EFFECT_READ        ? TARGET_READ
               : effect->kind == EFFECT_PREFLIGHT ? TARGET_ASK
                                                  : TARGET_SWAP;
}

/* False: it has ended already. */
static bool begin(struct batch *batch)
{
        struct effect *effect = batch->members;
        effect->err = batch_open_session(batch, effect, &effect->why);
        if (effect->err != ERR_OK)
                return false;
        batch->session->requests = 0;
        batch->on_loop.visit =
            (struct target_visit){.verb = verb_of(effect),
                                  .name = effect->ref.name,
                                  .expected = &effect->expected,
                                  .want = &effect->want,
                                  .kept = effect->kept,
                                  .deadline = loop_now(batch->loop) + batch->driver->limits.visit_ms};
        if (target_start(batch->session, &batch->on_loop.visit, on_done, batch))
                return true;
        take_result(batch, &batch->on_loop.visit);
        return false;
}

void effect_loop_begin(struct manager *manager, struct batch *batch)
{
        INVARIANT(!batch->members->next && batch->driver->start);
        batch->members->started_us = clock_mono_us();
        batch->on_loop.first = &manager->on_loop;
        batch->on_loop.next = manager->on_loop;
        batch->on_loop.ended.due = on_timer;
        manager->on_loop = batch;
        if (!begin(batch)) /* visited() is never called within the pass that wants the visit */
                loop_timer_set(batch->loop, &batch->on_loop.ended, loop_now(batch->loop));
}

void effect_loop_close(struct manager *manager)
{
        while (manager->on_loop) {
                struct batch *batch = manager->on_loop;
                target_close(batch->session);
                batch->session = NULL;
                batch->members->err = ERR_CANCELLED;
                end(batch);
        }
}
