/*
 * lock_job.c -- driver redisLock.job: a lock whose value a product's own command sets. It is made of two drivers: that
 * of the lock in Redis, which writes the epoch beside the value and reads both, and that of Jobs, which runs the
 * command.
 *
 * A swap writes the epoch first, so that an older one is refused from then on; then it makes the Job of that epoch; and
 * once that is complete the epoch is written once more, which shows the value that counts and lets WAIT speak of it. A
 * look asks for the Jobs first: what Redis shows afterwards is what a complete Job has left.
 */
#include <stdlib.h>
#include <string.h>

#include "targets/by_hand.h"
#include "targets/fence.h"
#include "targets/kube/drivers.h"
#include "targets/kube/job.h"
#include "targets/worker_visit.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { REDIS_VISIT_MS = 5000, TEXT_BYTES = 1024, EXCERPT = 80 };

struct lock_job {
        struct target_session base;
        struct job_session *job;
        struct target_session *redis; /* NULL while a worker has it */
        struct kube_environment environment;
        struct worker_visit *call;
        /* The visit under way. */
        struct target_visit *visit; /* NULL: none */
        target_done *done;
        void *ctx;
        struct target_visit of_job;
        struct target_state claimed; /* a swap: what Redis showed once the epoch was there */
};

static struct lock_job *lock_of(struct target_session *session)
{
        return (struct lock_job *)session; /* its first member */
}

static void forget(struct lock_job *self)
{
        target_state_clear(&self->claimed);
        target_state_clear(&self->of_job.found);
        self->of_job = (struct target_visit){0};
        self->visit = NULL;
}

/* The session may be gone afterwards. */
static void end(struct lock_job *self, enum err err)
{
        struct target_visit *visit = self->visit;
        target_done *done = self->done;
        void *ctx = self->ctx;
        forget(self);
        visit->err = err;
        done(ctx, visit);
}

static void end_as(struct lock_job *self, const struct target_visit *part)
{
        self->visit->why = part->why;
        self->visit->retry_after_ms = part->retry_after_ms;
        end(self, part->err);
}

/* ---- the two parts ---- */

static void ask_redis(struct lock_job *self, enum target_verb verb, const struct target_state *expected,
                      worker_visit_done *done)
{
        const mono_ms soon = loop_now(self->environment.loop) + REDIS_VISIT_MS;
        const struct target_visit visit = {.verb = verb,
                                           .name = self->visit->name,
                                           .expected = expected,
                                           .want = self->visit->want,
                                           .deadline = soon < self->visit->deadline ? soon : self->visit->deadline};
        struct target_session *redis = self->redis;
        self->redis = NULL;
        self->call = worker_visit_start(self->environment.loop, self->environment.executor, redis, &visit, done, self);
}

static struct lock_job *redis_back(void *ctx, struct target_session *session)
{
        struct lock_job *self = ctx;
        self->call = NULL;
        self->redis = session;
        return self;
}

static void ask_jobs(struct lock_job *self, enum target_verb verb, target_done *done)
{
        static const struct target_state nothing = {.value = ""};
        self->of_job = (struct target_visit){.verb = verb,
                                             .name = self->visit->name,
                                             .expected = &nothing,
                                             .want = self->visit->want,
                                             .deadline = self->visit->deadline};
        if (!target_start(&self->job->base, &self->of_job, done, self))
                end_as(self, &self->of_job);
}

/* ---- what both show ---- */

/* Why @state is half; the caller's. */
static char *obstacle_of(const struct lock_job *self, const struct target_state *of_job, enum job_stage stage,
                         const struct target_state *state)
{
        const struct job_seen *seen = &self->job->seen;
        struct strbuf text = STRBUF_INIT(TEXT_BYTES);
        if (stage == JOB_IS_COMPLETE)
                (void)strbuf_printf(&text,
                                    "Job %s is complete, and the key holds \"%.*s\" where \"%.*s\" was to be set: its "
                                    "command sets another key, value or Redis, or something has set it since; see "
                                    "kubectl -n %s logs job/%s, and mend redis.lock.job or redis.lock",
                                    seen->name, EXCERPT, state->present ? state->value : "", EXCERPT,
                                    seen->value ? seen->value : "", self->job->namespace_name, seen->name);
        else if (stage == JOB_IS_ABSENT)
                (void)strbuf_printf(&text, "no Job of epoch %llu has set it", (unsigned long long)state->stamp.epoch);
        else if (of_job->obstacle)
                (void)strbuf_printf(&text, "%s", of_job->obstacle);
        else
                (void)strbuf_printf(&text, "Job %s, which sets it, has not ended yet", seen->name);
        return strbuf_take(&text);
}

static bool is_of_job(const struct stamp *stamp, const struct stamp *job)
{
        return job->presence == STAMP_OURS && stamp->epoch == job->epoch && stamp->id == job->id;
}

/* The value that Redis shows counts by what became of the Job of its epoch. */
static void judge(const struct lock_job *self, const struct target_state *of_job, struct target_state *state)
{
        const struct job_seen *seen = &self->job->seen;
        const enum job_stage stage = is_of_job(&state->stamp, &of_job->stamp) ? seen->stage : JOB_IS_ABSENT;
        state->is_half = stage != JOB_IS_COMPLETE || !state->present || !text_equal(state->value, seen->value);
        if (!state->is_half)
                return;
        state->settling = stage == JOB_IS_AT_WORK;
        state->obstacle = obstacle_of(self, of_job, stage, state);
}

/*
 * Two policies that give their Jobs one name would end each other's. One decision is the same policy's, also where its
 * cluster was built anew between the two texts.
 */
static bool is_of_another(const struct target_state *of_job, const struct stamp *stamp)
{
        return of_job->stamp.presence == STAMP_OURS && stamp->presence == STAMP_OURS &&
               !is_of_job(stamp, &of_job->stamp) && !text_equal(of_job->stamp.store, stamp->store);
}

/* Takes what @redis shows, and @of_job where that is another owner's. */
static void compose(struct lock_job *self, struct target_state *redis, struct target_state *of_job)
{
        struct target_state *found = &self->visit->found;
        *found = *redis;
        *redis = (struct target_state){0};
        if (is_of_another(of_job, &found->stamp)) {
                target_stamp_clear(&found->stamp);
                found->stamp = of_job->stamp;
                of_job->stamp = (struct stamp){0};
        } else if (found->stamp.presence == STAMP_OURS) {
                judge(self, of_job, found);
        } else if (found->stamp.presence == STAMP_ABSENT) {
                found->is_half = true; /* also where the value is as it is wanted: a Job may be on its way */
                found->settling = false;
        }
}

/* ---- a look ---- */

static void on_read(void *ctx, struct target_session *session, struct target_visit *visit)
{
        struct lock_job *self = redis_back(ctx, session);
        if (visit->err != ERR_OK) {
                end_as(self, visit);
                return;
        }
        compose(self, &visit->found, &self->of_job.found);
        end(self, ERR_OK);
}

static void on_jobs_listed(void *ctx, struct target_visit *visit)
{
        struct lock_job *self = ctx;
        if (visit->err != ERR_OK)
                end_as(self, visit);
        else
                ask_redis(self, TARGET_READ, NULL, on_read);
}

/* ---- a swap ---- */

/* The Job is complete: what is there now counts. */
static void on_confirmed(void *ctx, struct target_session *session, struct target_visit *visit)
{
        struct lock_job *self = redis_back(ctx, session);
        if (visit->err != ERR_OK && visit->err != ERR_PENDING) {
                end_as(self, visit);
                return;
        }
        struct target_state *found = &self->visit->found;
        self->visit->why = visit->why;
        compose(self, &visit->found, &self->of_job.found);
        if (!found->is_half) {
                end(self, visit->err);
                return;
        }
        const enum err err = self->job->seen.is_last ? ERR_INVALID : ERR_CONFLICT;
        (void)err_set(&self->visit->why, err, "%s", found->obstacle ? found->obstacle : "it is another owner's");
        target_state_clear(found);
        end(self, err);
}

/* It is told as an error only where no other Job follows, so that a person looks. */
static void end_unset(struct lock_job *self)
{
        struct target_state *found = &self->visit->found;
        compose(self, &self->claimed, &self->of_job.found);
        enum err err = ERR_PENDING;
        if (self->job->seen.stage == JOB_HAS_FAILED) {
                const char *obstacle = found->obstacle ? found->obstacle : "its Job failed";
                err = err_set(&self->visit->why, ERR_INVALID, "%s", obstacle);
                target_state_clear(found);
        }
        end(self, err);
}

static void on_job(void *ctx, struct target_visit *visit)
{
        struct lock_job *self = ctx;
        if (visit->err == ERR_PENDING) {
                end_unset(self);
        } else if (visit->err != ERR_OK) {
                end_as(self, visit);
        } else {
                self->claimed.settling = self->claimed.is_half = true; /* to be written once more, whatever is there */
                ask_redis(self, TARGET_SWAP, &self->claimed, on_confirmed);
        }
}

static void on_claimed(void *ctx, struct target_session *session, struct target_visit *visit)
{
        struct lock_job *self = redis_back(ctx, session);
        const struct target_state *expected = self->visit->expected;
        if (visit->err != ERR_OK && visit->err != ERR_PENDING) {
                end_as(self, visit);
                return;
        }
        self->claimed = visit->found;
        visit->found = (struct target_state){0};
        if (visit->err == ERR_PENDING) { /* an epoch that a replica lacks may be lost, and an older one be taken */
                self->visit->why = visit->why;
                self->visit->found = self->claimed;
                self->visit->found.is_half = true;
                self->visit->found.settling = false;
                self->claimed = (struct target_state){0};
                end(self, ERR_PENDING);
                return;
        }
        const bool is_set = self->claimed.present && text_equal(self->claimed.value, self->visit->want->value);
        self->job->wants_another = expected->is_half && !expected->settling && !is_set;
        ask_jobs(self, TARGET_SWAP, on_job);
}

/* ---- rights ---- */

static void on_asked_redis(void *ctx, struct target_session *session, struct target_visit *visit)
{
        end_as(redis_back(ctx, session), visit);
}

static void on_asked_jobs(void *ctx, struct target_visit *visit)
{
        struct lock_job *self = ctx;
        if (visit->err != ERR_OK)
                end_as(self, visit);
        else
                ask_redis(self, TARGET_ASK, NULL, on_asked_redis);
}

static void lock_job_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx)
{
        struct lock_job *self = lock_of(session);
        INVARIANT(!self->visit);
        self->visit = visit;
        self->done = done;
        self->ctx = ctx;
        if (visit->verb == TARGET_SWAP)
                ask_redis(self, TARGET_SWAP, visit->expected, on_claimed);
        else
                ask_jobs(self, visit->verb, visit->verb == TARGET_ASK ? on_asked_jobs : on_jobs_listed);
}

/* ---- the session ---- */

static void lock_job_close(struct target_session *session)
{
        struct lock_job *self = lock_of(session);
        worker_visit_abandon(self->call);
        target_close(self->job ? &self->job->base : NULL);
        target_close(self->redis);
        forget(self);
        free(self);
}

static enum err lock_job_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        const struct target_driver *redis = target_driver_find(TARGET_LOCK_DRIVER);
        struct lock_job *self = mem_new(self);
        struct target_session *job = NULL;
        INVARIANT(redis && config->kube);
        *self = (struct lock_job){.base = {.driver = &lock_job_driver}, .environment = *config->kube};
        enum err err = job_driver.open(config, &job, reterr);
        self->job = (struct job_session *)job;
        if (err == ERR_OK)
                err = redis->open(config, &self->redis, reterr);
        if (err != ERR_OK) {
                lock_job_close(&self->base);
                return err;
        }
        *ret = &self->base;
        return ERR_OK;
}

static enum err lock_job_check(const struct target_config *config, struct errmsg *reterr)
{
        enum err err = target_driver_find(TARGET_LOCK_DRIVER)->check_credentials(config, reterr);
        return err == ERR_OK ? hub_check(config, reterr) : err;
}

static struct by_hand lock_job_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                       struct arena *arena)
{
        struct by_hand hand = job_by_hand_of(config, write, "{.spec.redis.lock.job.template.spec}", arena);
        hand.look = arena_printf(arena, "%s, and %s in Redis to be %s", hand.look, write->target->ref.name,
                                 by_hand_quote(write->value, arena));
        return hand;
}

const struct target_driver lock_job_driver = {.name = TARGET_LOCK_JOB_DRIVER,
                                              .kind = TARGET_LOCK,
                                              .limits = {.visit_ms = 15000,
                                                         .read_every_ms = 30000,
                                                         .preflight_every_ms = 600000,
                                                         .at_once = 3,
                                                         .batch_max = 1},
                                              .where = "address",
                                              .wants_facts = true,
                                              .check_credentials = lock_job_check,
                                              .open = lock_job_open,
                                              .start = lock_job_start,
                                              .by_hand = lock_job_by_hand,
                                              .close = lock_job_close};
