/* batch.c -- visits of many policies to one mechanism in few calls. */
#include "reconcile/batch.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/batch_lane.h"
#include "reconcile/effect_loop.h"
#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

/* All verifications are one group of the executor with one worker, so that slow servers delay no visit. */
enum { FULL_RETRY_MS = 100, VERIFICATIONS = 1, VERIFICATIONS_AT_ONCE = 1, BATCH_SIZES = 10 };

static void send_at(struct mechanism *mechanism, mono_ms at);

static void send_soon(struct mechanism *mechanism)
{
        send_at(mechanism, loop_now(mechanism->loop));
}

void batch_add(struct effect *effect, struct effect *instead)
{
        char *key = batch_lane_key(effect);
        effect->queued_us = instead ? instead->queued_us : effect->decided_us;
        if (instead && strcmp(instead->lane->key, key) == 0) {
                batch_lane_put(instead->lane, instead->link, effect);
                free(key);
        } else {
                struct batch_lane *lane = batch_lane_of(effect->mechanism, key);
                batch_lane_put(lane, lane->end, effect);
        }
        if (instead)
                batch_remove(instead);
        send_soon(effect->mechanism);
}

void batch_remove(struct effect *effect)
{
        struct batch_lane *lane = effect->lane;
        batch_lane_take_out(effect);
        batch_lane_free_if_empty(lane);
        effect_free(effect);
}

/* ---- results ---- */

static bool is_answered(const struct effect *effect)
{
        const bool is_throttled = effect->err == ERR_TRANSIENT && effect->retry_after_ms > 0;
        return effect->err == ERR_OK || effect->err == ERR_PENDING || effect->err == ERR_CONFLICT || is_throttled;
}

/* Whether the next visit may go on with the session: the server answered, and a new one would do nothing better. */
static bool is_in_order(const struct batch *batch)
{
        bool is_in_order = batch->err == ERR_OK;
        for (const struct effect *effect = batch->members; effect && is_in_order; effect = effect->next)
                is_in_order = effect->fate != TARGET_ENDED || is_answered(effect);
        return is_in_order;
}

static void give_back(struct batch *batch)
{
        struct mechanism *mechanism = batch->mechanism;
        struct target_session *session = batch->session;
        const struct effect *first = batch->members;
        batch->session = NULL;
        if (session && mechanism && first && is_in_order(batch))
                mechanism_keep(mechanism, session, first->settings, first->versions, loop_now(batch->loop));
        else
                target_close(session);
        if (mechanism && batch->requests > 1)
                mechanism_charge(mechanism, batch->driver->limits.per_minute, batch->requests - 1,
                                 loop_now(batch->loop));
}

static void finish(struct effect *effect)
{
        if (effect->policy)
                effect->policy->visited(effect->policy, effect);
        effect_free(effect);
}

/* Some members of a batch. */
struct members {
        struct effect *first, **end;
        unsigned count;
};

static void add_member(struct members *members, struct effect *effect)
{
        effect->next = NULL;
        *members->end = effect;
        members->end = &effect->next;
        members->count++;
}

/* Queues them again, @most to a lane. visited() of one member may abandon another one. */
static void go_again(struct mechanism *mechanism, const struct members *members, unsigned most)
{
        struct batch_lane *lane = NULL;
        unsigned count = 0;
        for (struct effect *effect = members->first, *next; effect; effect = next) {
                next = effect->next;
                if (!effect->policy) {
                        effect_free(effect);
                        continue;
                }
                if (count++ % most == 0)
                        lane = batch_lane_new(mechanism, batch_lane_key(effect), true);
                effect->fate = TARGET_ENDED;
                effect->err = ERR_OK;
                batch_lane_put(lane, lane->end, effect);
        }
}

static void batch_free(struct batch *batch)
{
        target_credentials_clear(&batch->credentials);
        arena_deinit(&batch->arena);
        free(batch);
}

static void done(struct job *job)
{
        struct batch *batch = CONTAINER_OF(job, struct batch, job);
        struct mechanism *mechanism = batch->mechanism;
        struct members left = {.end = &left.first}, suspects = {.end = &suspects.first};
        struct members ended = {.end = &ended.first};
        give_back(batch);
        for (struct effect *effect = batch->members, *next; effect; effect = next) {
                next = effect->next;
                const bool goes_again = mechanism && effect->policy && effect->fate != TARGET_ENDED;
                add_member(!goes_again ? &ended : effect->fate == TARGET_SUSPECT ? &suspects : &left, effect);
        }
        for (struct effect *effect = ended.first, *next; effect; effect = next) {
                next = effect->next;
                finish(effect);
        }
        batch_free(batch);
        if (!mechanism)
                return;
        go_again(mechanism, &left, left.count);
        go_again(mechanism, &suspects, (suspects.count + 1) / 2); /* halves: one bad name costs log n calls */
        mechanism->queue.in_flight--;
        send_soon(mechanism);
        mechanism_end(mechanism);
}

/* ---- sending ---- */

/* A server that is down is so for every name, database and credential, so its jobs share one group of the executor. */
static uint64_t endpoint_of(const struct target_ref *ref)
{
        struct strbuf text = STRBUF_INIT(2048);
        (void)strbuf_printf(&text, "%s %s", ref->driver, ref->endpoint);
        uint64_t hash = text_hash(strbuf_text(&text));
        strbuf_deinit(&text);
        return hash;
}

static struct batch *batch_new(struct loop *loop, const struct effect *first)
{
        struct batch *batch = mem_new(batch);
        *batch = (struct batch){.loop = loop,
                                .driver = first->driver,
                                .job = {.run = batch_run, .done = done, .group = VERIFICATIONS,
                                        .group_max = VERIFICATIONS_AT_ONCE}};
        if (first->kind != EFFECT_VERIFY)
                batch->job.group = endpoint_of(&first->ref);
        if (first->driver)
                batch->job.group_max = first->driver->limits.at_once;
        return batch;
}

static void mark_submitted(struct batch *batch)
{
        for (struct effect *effect = batch->members; effect; effect = effect->next)
                effect->submitted_us = clock_mono_us();
}

bool batch_submit_alone(struct effect *effect)
{
        struct batch *batch = batch_new(effect->policy->manager->loop, effect);
        batch->members = effect;
        effect->next = NULL;
        mark_submitted(batch);
        const bool is_taken = executor_submit(effect->policy->manager->executor, &batch->job);
        if (!is_taken)
                batch_free(batch);
        return is_taken;
}

/* Its looks are too old by now: its policy decides anew, and the new write takes this place in the lane. */
static bool is_too_old(struct effect *effect)
{
        const int64_t waited_ms = (clock_mono_us() - effect->decided_us) / 1000;
        if (effect->rests_on_looks && waited_ms > EFFECT_WAITS_MS && !effect->is_recalled) {
                effect->is_recalled = true;
                policy_wake(effect->policy);
        }
        return effect->is_recalled;
}

/* Moves what may be sent now from the lane to the batch. */
static void fill(struct batch *batch, struct batch_lane *lane)
{
        const struct target_limits *limits = &batch->driver->limits;
        unsigned room = batch_lane_verb(lane->first) == BATCH_PREFLIGHT ? limits->preflight_max : limits->batch_max;
        struct effect **end = &batch->members;
        for (struct effect *effect = lane->first, *next; effect; effect = next) {
                next = effect->next;
                if (is_too_old(effect))
                        continue;
                batch_lane_take_out(effect);
                *end = effect;
                end = &effect->next;
                if (batch_lane_verb(effect) == BATCH_ALONE || room <= 1)
                        return;
                room--;
        }
}

static void tell(const struct batch *batch)
{
        static const double bounds[] = {0.001, 0.1, 0.5, 1, 2, 5, 10, 30, 60};
        static struct metric_family waits = {.name = "planekeeper_target_throttle_wait_seconds",
                                             .help =
                                                 "Time that a visit waited so that its provider's rate limit is kept",
                                             .type = METRIC_HISTOGRAM,
                                             .labels = {"driver"},
                                             .buckets = bounds,
                                             .bucket_count = sizeof(bounds) / sizeof(bounds[0])};
        static const double sizes[BATCH_SIZES] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
        static struct metric_family batches = {.name = "planekeeper_target_batch_visits",
                                               .help = "Visits that went to a provider in one call",
                                               .type = METRIC_HISTOGRAM,
                                               .labels = {"driver"},
                                               .buckets = sizes,
                                               .bucket_count = BATCH_SIZES};
        metrics_register(&waits);
        metrics_register(&batches);
        unsigned count = 0;
        const int64_t now_us = clock_mono_us();
        for (const struct effect *effect = batch->members; effect; effect = effect->next, count++)
                if (batch->driver->limits.per_minute)
                        metric_observe(METRIC(&waits, batch->driver->name),
                                       (double)(now_us - effect->queued_us) / 1e6);
        metric_observe(METRIC(&batches, batch->driver->name), (double)count);
}

/* A kept session, or credentials for a new one. Where the Secret was rotated since the visits were queued, they fail
 * here and are made anew with the new one. */
static void equip(struct batch *batch)
{
        const struct effect *first = batch->members;
        const struct policy *policy = first->policy;
        batch->session =
            mechanism_take(batch->mechanism, first->settings, first->versions, loop_now(batch->loop));
        if (batch->session)
                return;
        const char *versions = "";
        batch->err = target_secrets_versions(policy, &first->ref, &batch->arena, &versions, &batch->why);
        if (batch->err == ERR_OK && strcmp(versions, first->versions) != 0)
                batch->err = err_set(&batch->why, ERR_TRANSIENT, "the Secret was changed while this visit waited");
        if (batch->err == ERR_OK)
                batch->err = target_credentials_copy(policy, &first->ref, &batch->arena, &batch->credentials,
                                                     &batch->why);
}

static void put_back(struct batch *batch, struct batch_lane *lane)
{
        struct effect **at = &lane->first;
        for (struct effect *effect = batch->members, *next; effect; effect = next) {
                next = effect->next;
                batch_lane_put(lane, at, effect);
                at = &effect->next;
        }
        if (batch->session && lane->first)
                mechanism_keep(batch->mechanism, batch->session, lane->first->settings, lane->first->versions,
                               loop_now(batch->loop));
        batch->members = NULL;
        batch_free(batch);
}

/* False: every worker is busy. */
static bool submit(struct batch *batch, struct batch_lane *lane)
{
        struct executor *executor = batch->members->policy->manager->executor;
        batch->mechanism = lane->mechanism;
        equip(batch);
        mark_submitted(batch);
        if (batch->driver->start) {
                tell(batch);
                effect_loop_begin(batch->members->policy->manager, batch);
                return true;
        }
        if (!executor_submit(executor, &batch->job)) {
                put_back(batch, lane);
                return false;
        }
        tell(batch);
        return true;
}

/* The next call, from the first of the lanes that @wants and that has something to send. NULL: none has. */
static struct batch *next_of(struct mechanism *mechanism, bool (*wants)(const struct batch_lane *),
                             struct batch_lane **ret_lane)
{
        for (struct batch_lane *lane = mechanism->queue.first; lane; lane = lane->next) {
                if (!wants(lane))
                        continue;
                struct batch *batch = batch_new(mechanism->loop, lane->first);
                fill(batch, lane);
                if (batch->members) {
                        *ret_lane = lane;
                        return batch;
                }
                batch_free(batch);
        }
        return NULL;
}

static bool is_swap(const struct batch_lane *lane)
{
        return batch_lane_verb(lane->first) == BATCH_SWAP && batch_lane_is_urgent(lane);
}

static bool is_any(const struct batch_lane *lane)
{
        return lane->first != NULL;
}

/* Where a rate is kept, swaps go before looks (a list of a zone takes the time of several of them), and looks that a
 * decision waits for before what can wait. */
static struct batch *next_batch(struct mechanism *mechanism, bool has_room, struct batch_lane **ret_lane)
{
        const bool keeps_rate = mechanism->queue.first->first->driver->limits.per_minute > 0;
        struct batch *batch = keeps_rate ? next_of(mechanism, is_swap, ret_lane) : NULL;
        if (!batch && (keeps_rate || !has_room))
                batch = next_of(mechanism, batch_lane_is_urgent, ret_lane);
        return batch || !has_room ? batch : next_of(mechanism, is_any, ret_lane);
}

/* Whether there is a permit for a call now; else the timer is set to when there is. A permit taken before a Retry-After
 * is void. */
static bool has_permit(struct mechanism *mechanism, unsigned per_minute)
{
        struct mechanism_queue *queue = &mechanism->queue;
        const mono_ms now = loop_now(mechanism->loop);
        if (!queue->permit_at || queue->permit_at < mechanism->paused_until)
                queue->permit_at = mechanism_permit(mechanism, per_minute, now);
        if (now < queue->permit_at)
                send_at(mechanism, queue->permit_at);
        return now >= queue->permit_at;
}

static bool has_urgent(const struct mechanism *mechanism)
{
        for (const struct batch_lane *lane = mechanism->queue.first; lane; lane = lane->next)
                if (batch_lane_is_urgent(lane))
                        return true;
        return false;
}

/* The cost of a call is known when it is over: two at a time would go beyond a rate together. */
static unsigned at_once(const struct target_limits *limits)
{
        return limits->per_minute || !limits->at_once ? 1 : limits->at_once;
}

/* False: no further call can be sent now. */
static bool send_one(struct mechanism *mechanism)
{
        struct mechanism_queue *queue = &mechanism->queue;
        if (!queue->first)
                return false;
        const struct target_limits *limits = &queue->first->first->driver->limits;
        if (queue->in_flight >= at_once(limits))
                return false;
        const bool has_room = mechanism_has_room(mechanism, limits->per_minute, loop_now(mechanism->loop));
        if (!has_room && !has_urgent(mechanism)) {
                send_at(mechanism, mechanism_room_at(mechanism, limits->per_minute));
                return false;
        }
        if (!has_permit(mechanism, limits->per_minute))
                return false;
        struct batch_lane *lane;
        struct batch *batch = next_batch(mechanism, has_room, &lane);
        if (!batch)
                return false;
        mechanism_begin(mechanism);
        queue->in_flight++;
        if (!submit(batch, lane)) {
                queue->in_flight--;
                mechanism_end(mechanism);
                send_at(mechanism, loop_now(mechanism->loop) + FULL_RETRY_MS);
                return false;
        }
        queue->permit_at = 0;
        batch_lane_rotate(lane);
        return true;
}

static void send_due(struct loop_timer *timer)
{
        struct mechanism_queue *queue = CONTAINER_OF(timer, struct mechanism_queue, send);
        struct mechanism *mechanism = CONTAINER_OF(queue, struct mechanism, queue);
        while (send_one(mechanism))
                ;
}

static void send_at(struct mechanism *mechanism, mono_ms at)
{
        mechanism->queue.send.due = send_due;
        loop_timer_set(mechanism->loop, &mechanism->queue.send, at);
}
