/*
 * job_visit.c -- one visit to the Jobs of a target. A look lists them; a swap makes the one of its epoch before that.
 * Both then do what the list says is due: end what is older, and release the newest one once nothing older is at work.
 * So a look goes on with what another operator has begun. Where the effect is read back, a swap makes a second Job of
 * its epoch when the first one has ended to no effect.
 */
#include <stdlib.h>

#include "api/object.h"
#include "targets/fence.h"
#include "targets/kube/job.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { TRIES_MAX = 16, TEXT_BYTES = 640 };

static void list_jobs(struct job_session *self);
static void repeat(struct job_session *self, unsigned attempt);

static struct job_session *session_of(struct target_session *session)
{
        return (struct job_session *)session; /* its first member */
}

static mono_ms time_left(const struct job_session *self)
{
        return hub_time_left(&self->hub, self->now.visit->deadline);
}

static void forget(struct job_session *self)
{
        visit_forget(&self->now);
        free(self->obstacle);
        self->obstacle = NULL;
        self->tries = 0;
        self->has_repeated = false;
}

void job_cancel(struct job_session *session)
{
        if (session->now.visit)
                forget(session);
}

/* The session may be gone afterwards. */
static void end(struct job_session *self, enum err err)
{
        const struct visit_under_way ended = self->now;
        forget(self);
        visit_end(&ended, err);
}

static void fail(struct job_session *self, const struct kube_reply *reply)
{
        const struct visit_remedies remedies = {
            .not_found = ": create its namespace, the operator does not",
            .denied = ": grant create, list and patch of jobs in a Role, to the operator or to the user of the "
                      "kubeconfig",
            .invalid = self->is_read_back ? ": mend job.template in spec.redis.lock"
                                          : ": mend job.template in spec.pipeline"};
        end(self, visit_refused(&self->now, self->what, reply, &remedies));
}

/* ---- what the list shows ---- */

static const json_t *newest_of(const json_t *jobs)
{
        const json_t *newest = NULL;
        size_t i;
        json_t *job;
        json_array_foreach(jobs, i, job)
                if (job_is_later(job, newest))
                        newest = job;
        return newest;
}

/* Why it will not be complete by itself; the caller's. NULL: it may be. */
static char *obstacle_of(const struct job_session *self, const json_t *job)
{
        const char *name = object_meta(job, "name");
        struct strbuf text = STRBUF_INIT(TEXT_BYTES);
        char *failure = job_failure(job);
        if (job_is_going(job))
                (void)strbuf_printf(&text, "Job %s is being deleted, and is run again when it is gone", name);
        else if (failure && self->is_read_back && job_attempt(job) < JOB_ATTEMPTS_MAX)
                (void)strbuf_printf(&text, "Job %s failed (%s) and is followed by another; see kubectl -n %s logs "
                                    "job/%s",
                                    name, failure, self->namespace_name, name);
        else if (failure)
                (void)strbuf_printf(&text,
                                    "Job %s failed (%s) and is not run again under this epoch by itself; see kubectl "
                                    "-n %s logs job/%s, and delete the Job to have it run again",
                                    name, failure, self->namespace_name, name);
        free(failure);
        return text.bytes ? strbuf_take(&text) : NULL;
}

static enum job_stage stage_of(const json_t *job)
{
        if (!job_epoch(job))
                return JOB_IS_ABSENT;
        if (job_is_going(job) || !job_has_ended(job))
                return JOB_IS_AT_WORK;
        return job_is_complete(job) ? JOB_IS_COMPLETE : JOB_HAS_FAILED;
}

void job_seen_clear(struct job_seen *seen)
{
        free(seen->name);
        free(seen->value);
        *seen = (struct job_seen){0};
}

static void keep_seen(struct job_session *self, const json_t *job)
{
        const char *value = job_value(job);
        job_seen_clear(&self->seen);
        self->seen.stage = stage_of(job);
        if (self->seen.stage == JOB_IS_ABSENT)
                return;
        self->seen.is_last = job_attempt(job) == JOB_ATTEMPTS_MAX;
        self->seen.name = mem_strdup(object_meta(job, "name"));
        self->seen.value = value ? mem_strdup(value) : NULL;
}

static void conclude(struct job_session *self, const json_t *job)
{
        keep_seen(self, job);
        struct target_visit *visit = self->now.visit;
        struct target_state found = {.value = ""};
        if (job && job_stamp(job, &found.stamp)) {
                found.present = true;
                found.settling = !job_is_complete(job) || job_is_going(job);
                found.obstacle = self->obstacle ? mem_strdup(self->obstacle) : obstacle_of(self, job);
        }
        found.value = mem_strdup(found.present ? found.stamp.plane : "");
        visit->found = found;
        end(self, found.settling && visit->verb == TARGET_SWAP ? ERR_PENDING : ERR_OK);
}

/* ---- what is due ---- */

static void on_patched(void *ctx, const struct kube_reply *reply)
{
        struct job_session *self = ctx;
        self->now.call = NULL;
        /* 409: it was changed since the list; 404: it is gone. The next list shows which. */
        const bool is_other_now = reply->err == ERR_CONFLICT || reply->err == ERR_NOT_FOUND;
        self->now.has_written |= reply->err == ERR_OK;
        if (reply->err == ERR_OK || is_other_now)
                list_jobs(self);
        else
                fail(self, reply);
}

static void patch(struct job_session *self, const json_t *job, json_t *patch_taken)
{
        const struct kube_resource resource = {"batch", "v1", "jobs", "Job"};
        char *path = kube_path(&resource, self->namespace_name, object_meta(job, "name"), NULL);
        self->tries++;
        self->now.call = kube_patch(self->hub.kube, path, patch_taken, time_left(self), on_patched, self);
        json_decref(patch_taken);
        free(path);
}

static const json_t *find_older(const json_t *jobs, const json_t *newest, bool (*is_over)(const json_t *job))
{
        size_t i;
        json_t *job;
        json_array_foreach(jobs, i, job)
                if (job_epoch(job) && job_is_later(newest, job) && !is_over(job))
                        return job;
        return NULL;
}

/* One that may still run, or may still be released; NULL: there is none. */
static const json_t *not_superseded(const json_t *jobs, const json_t *newest)
{
        return find_older(jobs, newest, job_is_superseded);
}

static const json_t *at_work(const json_t *jobs, const json_t *newest)
{
        return find_older(jobs, newest, job_has_ended);
}

static void wait_for(struct job_session *self, const json_t *older, const json_t *newest)
{
        struct strbuf text = STRBUF_INIT(TEXT_BYTES);
        const char *name = object_meta(older, "name");
        (void)strbuf_printf(&text,
                            "Job %s begins when %s of an older epoch has ended, which was told to: a Pod of a node "
                            "that is gone ends by kubectl -n %s delete pod --force -l job-name=%s",
                            object_meta(newest, "name"), name, self->namespace_name, name);
        self->obstacle = strbuf_take(&text);
        conclude(self, newest);
}

/* A Job that is gone would be taken for a target that was never written, and run again and again. */
static void refuse_expiring(struct job_session *self, const json_t *job)
{
        struct errmsg *why = &self->now.visit->why;
        end(self, err_set(why, ERR_INVALID,
                          "%.160s: something at the API server has set ttlSecondsAfterFinished of Job %.63s, which "
                          "would be run again once it is removed: exempt Jobs with label " JOB_LABEL " from that",
                          self->what, object_meta(job, "name")));
}

static void advance(struct job_session *self, const json_t *jobs, const json_t *newest)
{
        const json_t *older = not_superseded(jobs, newest), *busy = at_work(jobs, newest);
        const bool may_try = self->tries < TRIES_MAX;
        const bool is_held = newest && job_is_held(newest) && !job_is_going(newest);
        if (older && may_try)
                patch(self, older, job_supersede(job_epoch(newest)));
        else if (is_held && job_expires(newest))
                refuse_expiring(self, newest);
        else if (is_held && busy)
                wait_for(self, busy, newest);
        else if (is_held && !older && may_try)
                patch(self, newest, job_release(newest));
        else
                conclude(self, newest);
}

/* NULL: there is none. One that is superseded was taken over before: it never runs again, and is removed in time. */
static const json_t *find_of_another(const json_t *jobs, const struct target_want *want)
{
        size_t i;
        json_t *job;
        json_array_foreach(jobs, i, job)
        {
                struct stamp stamp;
                const bool is_other = job_stamp(job, &stamp) && !job_is_superseded(job) &&
                                      !text_equal(stamp.store, want->store) &&
                                      (!want->former || !text_equal(stamp.store, want->former));
                target_stamp_clear(&stamp);
                if (is_other)
                        return job;
        }
        return NULL;
}

/* Nothing is done about Jobs that another owner or another decision has made. */
static enum err check_ours(const struct job_session *self, const json_t *jobs, const json_t *newest,
                           struct errmsg *reterr)
{
        const struct target_want *want = self->now.visit->want;
        struct stamp stamp = {0};
        const json_t *other = find_of_another(jobs, want);
        if (other)
                return err_set(reterr, ERR_INVALID,
                               "%.160s: Job %.63s is of another owner: choose another job.name, or delete it",
                               self->what, object_meta(other, "name"));
        const bool has_stamp = newest && job_stamp(newest, &stamp);
        enum err err = ERR_OK;
        if (!has_stamp || stamp.epoch < want->epoch)
                err = err_set(reterr, ERR_INVALID,
                              "%.160s: a Job %.40s-%llu is there that the operator did not make: delete it, or choose "
                              "another job.name",
                              self->what, self->name, (unsigned long long)want->epoch);
        else if (stamp.epoch > want->epoch || stamp.id != want->id)
                err = err_set(reterr, ERR_CONFLICT, "%.160s: there is a Job of epoch %llu, which another decision made",
                              self->what, (unsigned long long)stamp.epoch);
        target_stamp_clear(&stamp);
        return err;
}

/* The newest one, which is this epoch's, has ended to no effect: the next one is made, once in a visit. */
static bool is_spent(const struct job_session *self, const json_t *newest)
{
        const enum job_stage stage = stage_of(newest);
        const bool may_repeat = self->is_read_back && !self->has_repeated && job_attempt(newest) < JOB_ATTEMPTS_MAX;
        return may_repeat && (stage == JOB_HAS_FAILED || (stage == JOB_IS_COMPLETE && self->wants_another));
}

static void on_listed(void *ctx, const struct kube_reply *reply)
{
        struct job_session *self = ctx;
        self->now.call = NULL;
        const json_t *jobs = json_object_get(reply->body, "items"), *newest = newest_of(jobs);
        enum err err = ERR_OK;
        if (reply->err == ERR_OK && self->now.visit->verb == TARGET_SWAP)
                err = check_ours(self, jobs, newest, &self->now.visit->why);
        if (reply->err != ERR_OK)
                fail(self, reply);
        else if (err != ERR_OK)
                end(self, err);
        else if (self->now.visit->verb == TARGET_SWAP && is_spent(self, newest))
                repeat(self, job_attempt(newest) + 1);
        else
                advance(self, jobs, newest);
}

static void list_jobs(struct job_session *self)
{
        self->now.call = kube_get(self->hub.kube, self->list_path, time_left(self), on_listed, self);
}

/* ---- how one is made ---- */

/* 409: it is there already, of this operator before a restart, or of another one. The list shows what it is. */
static void on_created(void *ctx, const struct kube_reply *reply)
{
        struct job_session *self = ctx;
        self->now.call = NULL;
        self->now.has_written = reply->err == ERR_OK;
        if (reply->err == ERR_OK || reply->err == ERR_CONFLICT)
                list_jobs(self);
        else
                fail(self, reply);
}

static void create(struct job_session *self, const char *path, const struct target_want *want, unsigned attempt,
                   kube_done *done)
{
        struct fact facts[FACTS + FACTS_OF_LOCK];
        char stamp[TARGET_STAMP_BYTES] = "";
        if (self->now.visit->verb == TARGET_SWAP)
                target_stamp_text(self->now.visit->expected, want, stamp);
        facts_of(&self->settings, want, facts);
        if (self->is_read_back)
                facts_of_lock(&self->settings, want, facts + FACTS);
        json_t *job = job_make(&(struct job_make){.template = self->template,
                                                  .name = self->name,
                                                  .epoch = want->epoch,
                                                  .attempt = attempt,
                                                  .stamp = stamp,
                                                  .value = self->is_read_back ? want->value : NULL,
                                                  .facts = facts,
                                                  .fact_count = FACTS + (self->is_read_back ? FACTS_OF_LOCK : 0U)});
        self->now.call = kube_create(self->hub.kube, path, job, time_left(self), done, self);
        json_decref(job);
}

static void repeat(struct job_session *self, unsigned attempt)
{
        self->has_repeated = true;
        create(self, self->path, self->now.visit->want, attempt, on_created);
}

/* ---- rights, and whether the API server takes the template ---- */

static void on_rehearsed(void *ctx, const struct kube_reply *reply)
{
        struct job_session *self = ctx;
        self->now.call = NULL;
        if (reply->err == ERR_UNKNOWN || reply->err == ERR_CONFLICT) /* nothing is made of it in any case */
                end(self, err_set(&self->now.visit->why, ERR_TRANSIENT, "%.160s: %.200s", self->what, reply->why.text));
        else if (reply->err != ERR_OK)
                fail(self, reply);
        else if (job_expires(reply->body))
                refuse_expiring(self, reply->body);
        else
                end(self, ERR_OK);
}

/* A dry run passes admission, quotas and validation, and is not kept. */
static void on_rights(void *ctx, enum err err, const struct errmsg *why)
{
        struct job_session *self = ctx;
        const struct target_want nobody = {.plane = "", .value = ""};
        if (err != ERR_OK) {
                self->now.visit->why = *why;
                end(self, err);
                return;
        }
        struct strbuf path = STRBUF_INIT(TEXT_BYTES);
        (void)strbuf_printf(&path, "%s?dryRun=All", self->path);
        create(self, strbuf_text(&path), &nobody, 1, on_rehearsed);
        strbuf_deinit(&path);
}

static void ask_rights(struct job_session *self)
{
        static const struct right list[JOB_RIGHTS] = {
            {"create", "batch", "jobs", NULL}, {"list", "batch", "jobs", NULL}, {"patch", "batch", "jobs", NULL}};
        self->now.rights = (struct rights){.hub = &self->hub,
                                       .namespace_name = self->namespace_name,
                                       .what = self->what,
                                       .list = list,
                                       .count = JOB_RIGHTS,
                                       .deadline = self->now.visit->deadline,
                                       .done = on_rights,
                                       .ctx = self};
        rights_ask(&self->now.rights);
}

void job_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx)
{
        struct job_session *self = session_of(session);
        visit_begin(&self->now, visit, done, ctx);
        if (visit->verb == TARGET_ASK)
                ask_rights(self);
        else if (visit->verb == TARGET_SWAP)
                create(self, self->path, visit->want, 1, on_created);
        else
                list_jobs(self);
}
