/* lock_jobs.c -- Jobs and their Pods. */
#include "lock_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_object.h"
#include "api_parts.h"
#include "judge.h"
#include "registers.h"
#include "util/mem.h"
#include "util/text.h"

#define LOCK_JOB "lock-set"
#define LABEL    "planekeeper.io/job"
#define STAMP    "planekeeper.io/stamp"

enum { PODS_MAX = 400, SOON_MS = 10, SPREAD_MS = 90, RUNS_MS = 800, RUNS_ON_MS = 9000 };

enum stage {
        POD_PENDING,
        POD_RUNNING,
        POD_ENDED,
        POD_ADRIFT, /* a person said that it is gone, and its command may still be at work */
        POD_GONE
};

struct pod {
        char job[64], uid[40], value[REGISTER_VALUE_BYTES];
        struct judged_job of;
        enum stage stage;
        bool has_turn; /* something is due */
        bool has_succeeded;
};

static struct pod pods[PODS_MAX]; /* of one history, each once */
static unsigned pod_count;

json_t *lock_jobs_of_spec(void)
{
        return json_pack("{s:s, s:s, s:{s:{s:i, s:{s:{s:s, s:[{s:s, s:s}]}}}}}", "namespace", NAMESPACE, "name",
                         LOCK_JOB, "template", "spec", "backoffLimit", 0, "template", "spec", "restartPolicy", "Never",
                         "containers", "name", "switch", "image", "meshctl");
}

void lock_jobs_begin(void)
{
        pod_count = 0;
}

/* ---- what a Job says ---- */

static const char *annotation(const json_t *job, const char *key)
{
        const json_t *annotations = json_object_get(json_object_get(job, "metadata"), "annotations");
        const char *text = json_string_value(json_object_get(annotations, key));
        return text ? text : "";
}

static bool has_ended(const json_t *job)
{
        return json_array_size(json_object_get(json_object_get(job, "status"), "conditions")) > 0;
}

static bool may_run(const json_t *job)
{
        const json_t *spec = json_object_get(job, "spec"), *parallelism = json_object_get(spec, "parallelism");
        return !json_is_true(json_object_get(spec, "suspend")) &&
               (!json_is_integer(parallelism) || json_integer_value(parallelism) > 0);
}

static bool is_stopped(const json_t *job)
{
        return !json_is_true(json_object_get(json_object_get(job, "spec"), "suspend")) && !may_run(job);
}

/* A variable of its container; "" where there is none. */
static const char *variable(const json_t *job, const char *name)
{
        const json_t *pod = json_object_get(json_object_get(json_object_get(job, "spec"), "template"), "spec");
        const json_t *env = json_object_get(json_array_get(json_object_get(pod, "containers"), 0), "env");
        size_t i;
        json_t *entry;
        json_array_foreach((json_t *)env, i, entry)
        {
                const char *key = json_string_value(json_object_get(entry, "name"));
                const char *value = json_string_value(json_object_get(entry, "value"));
                if (key && value && strcmp(key, name) == 0)
                        return value;
        }
        return "";
}

static void set_status(const char *job, const char *condition, const char *reason)
{
        world_trace("%s is %s: %s", job, condition, reason);
        api_merge(0, API_JOBS, NAMESPACE, job,
                  json_pack("{s:{s:i, s:[{s:s, s:s, s:s, s:s}]}}", "status", "terminating", 0, "conditions", "type",
                            condition, "status", "True", "reason", reason, "message", "as its Pod ended"),
                  false);
}

/* ---- Pods ---- */

static void turn(void *ctx);

static void turn_in(struct pod *pod, unsigned ms)
{
        pod->has_turn = true;
        vtime_at(vtime_now() + (vtime_us)ms * VTIME_MS, turn, pod);
}

static unsigned soon(void)
{
        return SOON_MS + chance_below(SPREAD_MS);
}

static struct pod *pod_of(const json_t *job)
{
        for (unsigned i = 0; i < pod_count; i++)
                if (strcmp(pods[i].uid, api_object_meta(job, "uid")) == 0 && pods[i].stage != POD_GONE)
                        return &pods[i];
        return NULL;
}

static const json_t *job_of(const struct pod *pod)
{
        const json_t *job = api_find(0, API_JOBS, NAMESPACE, pod->job);
        return job && strcmp(api_object_meta(job, "uid"), pod->uid) == 0 ? job : NULL;
}

static void make_pod(const json_t *job)
{
        INVARIANT(pod_count < PODS_MAX);
        struct pod *pod = &pods[pod_count++];
        const char *attempt = annotation(job, "planekeeper.io/attempt");
        *pod = (struct pod){.of = {.attempt = attempt[0] ? (unsigned)strtoul(attempt, NULL, 10) : 1}};
        (void)TEXT_COPY(pod->job, api_object_meta(job, "name"));
        (void)TEXT_COPY(pod->uid, api_object_meta(job, "uid"));
        (void)TEXT_COPY(pod->value, variable(job, "PLANEKEEPER_LOCK_VALUE"));
        unsigned long long epoch = 0, id = 0;
        (void)sscanf(annotation(job, STAMP), "v=pk1 e=%llu id=%llx", &epoch, &id);
        pod->of.epoch = epoch;
        pod->of.id = id;
        turn_in(pod, soon());
}

static bool is_beside_another(const struct pod *pod)
{
        for (unsigned i = 0; i < pod_count; i++)
                if (&pods[i] != pod && pods[i].stage == POD_RUNNING)
                        return true;
        return false;
}

static void run(struct pod *pod)
{
        world_trace("the Pod of %s runs", pod->job);
        judge_job_begins(0, &pod->of, is_beside_another(pod));
        pod->stage = POD_RUNNING;
        turn_in(pod, soon() + chance_below(world.nodes_lost > 0 ? RUNS_ON_MS : RUNS_MS));
}

/* The command sets the key whatever is there. */
static bool carry_out(const struct pod *pod)
{
        const struct trouble *redis = &world.places[AT_REDIS];
        const bool fails = world.jobs_fail > 0 && chance(700), fails_at_last = fails && chance(500);
        const bool is_answered = !(redis->silent > 0 || redis->refused > 0 || redis->broken > 0 || redis->denied > 0);
        if (!is_answered || (fails && !fails_at_last))
                return false;
        registers_command(0, pod->value);
        judge_job_sets(0, &pod->of, pod->value);
        return !fails_at_last;
}

static void turn(void *ctx)
{
        struct pod *pod = ctx;
        pod->has_turn = false;
        if (vtime_is_over())
                return;
        const bool is_wanted = job_of(pod) && (!is_stopped(job_of(pod)) || pod->stage == POD_RUNNING);
        if (!is_wanted && pod->stage != POD_ADRIFT)
                pod->stage = POD_GONE;
        if (pod->stage == POD_PENDING && world.jobs_pend <= 0) {
                run(pod);
        } else if (pod->stage == POD_RUNNING) {
                pod->has_succeeded = carry_out(pod);
                pod->stage = POD_ENDED;
                lock_jobs_changed();
        } else if (pod->stage == POD_ADRIFT) {
                world_trace("the Pod of %s, which is gone, is at work", pod->job);
                (void)carry_out(pod);
                pod->stage = POD_GONE;
        }
}

/* ---- the Job controller ---- */

/* A Pod on a node that is lost counts until a person says that it is gone. */
static void stop(const json_t *job, struct pod *pod)
{
        char name[64];
        (void)TEXT_COPY(name, api_object_meta(job, "name"));
        if (pod && pod->stage == POD_RUNNING && world.nodes_lost > 0) {
                api_merge(0, API_JOBS, NAMESPACE, name, json_pack("{s:{s:i}}", "status", "terminating", 1), false);
                return;
        }
        const json_t *told = json_object_get(json_object_get(job, "status"), "terminating");
        const bool was_lost = json_integer_value(told) > 0;
        if (pod)
                pod->stage = was_lost && pod->stage == POD_RUNNING ? POD_ADRIFT : POD_GONE;
        set_status(name, "Failed", "DeadlineExceeded");
}

static void consider(const json_t *job)
{
        struct pod *pod = pod_of(job);
        if (has_ended(job))
                return;
        if (is_stopped(job))
                stop(job, pod);
        else if (!may_run(job))
                return;
        else if (!pod)
                make_pod(job);
        else if (pod->stage == POD_PENDING && !pod->has_turn)
                turn_in(pod, soon());
        else if (pod->stage == POD_ENDED)
                set_status(pod->job, pod->has_succeeded ? "Complete" : "Failed",
                           pod->has_succeeded ? "CompletionsReached" : "BackoffLimitExceeded");
        if (pod && pod->stage == POD_ENDED && pod->has_succeeded)
                judge_job_completes(0, &pod->of);
}

static void look(void *ctx)
{
        (void)ctx;
        for (struct object *object = apis[0].objects; object && !vtime_is_over(); object = object->next)
                if (object->kind == API_JOBS)
                        consider(object->json);
}

void lock_jobs_changed(void)
{
        vtime_at(vtime_now() + (vtime_us)soon() * VTIME_MS, look, NULL);
}

void lock_jobs_went_back(void)
{
        for (unsigned i = 0; i < pod_count; i++)
                pods[i].stage = POD_GONE;
        lock_jobs_changed();
}

/* ---- people ---- */

void lock_jobs_squat(uint64_t epoch)
{
        char name[64];
        (void)snprintf(name, sizeof(name), LOCK_JOB "-%llu", (unsigned long long)epoch);
        if (!api_find(0, API_JOBS, NAMESPACE, name))
                api_put(0, API_JOBS,
                        json_pack("{s:{s:s, s:s, s:{s:s}}, s:{s:b}}", "metadata", "name", name, "namespace", NAMESPACE,
                                  "labels", LABEL, LOCK_JOB, "spec", "suspend", 1));
}

static bool is_squatter(const json_t *job)
{
        return !annotation(job, STAMP)[0];
}

static bool is_failed(const json_t *job)
{
        const json_t *conditions = json_object_get(json_object_get(job, "status"), "conditions");
        const char *type = json_string_value(json_object_get(json_array_get(conditions, 0), "type"));
        return type && strcmp(type, "Failed") == 0;
}

static bool delete_one(bool (*is_meant)(const json_t *job))
{
        for (const struct object *object = apis[0].objects; object; object = object->next) {
                if (object->kind != API_JOBS || !is_meant(object->json))
                        continue;
                api_delete(0, API_JOBS, NAMESPACE, api_object_meta(object->json, "name"));
                return true;
        }
        return false;
}

void lock_jobs_yield(void)
{
        while (delete_one(is_squatter))
                ;
}

void lock_jobs_delete_failed(void)
{
        judge_jobs_deleted();
        while (delete_one(is_failed))
                ;
}
