/* job_object.c -- the Jobs of one target. */
#include "targets/kube/job_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "targets/fence.h"
#include "targets/kube/visit.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

#define RELEASED "planekeeper.io/released"
#define SUPERSEDED "planekeeper.io/superseded"

#define ATTEMPT "planekeeper.io/attempt"
#define VALUE "planekeeper.io/value"

enum { FAILURE_BYTES = 240, NAME_BYTES = 40 + 22 + 3, ATTEMPT_BYTES = 12 };

static void print_name(const struct job_make *make, char ret[static NAME_BYTES])
{
        if (make->attempt > 1)
                (void)snprintf(ret, NAME_BYTES, "%.40s-%" PRIu64 "-%u", make->name, make->epoch, make->attempt % 100);
        else
                (void)snprintf(ret, NAME_BYTES, "%.40s-%" PRIu64, make->name, make->epoch);
}

/* ---- how one is made ---- */

static json_t *member(json_t *object, const char *key)
{
        if (!json_is_object(json_object_get(object, key)))
                INVARIANT(json_object_set_new(object, key, json_object()) == 0);
        return json_object_get(object, key);
}

static void set_text(json_t *object, const char *key, const char *value)
{
        INVARIANT(json_object_set_new(object, key, json_string(value)) == 0);
}

static void set_default(json_t *object, const char *key, json_int_t value)
{
        if (!json_is_integer(json_object_get(object, key)))
                INVARIANT(json_object_set_new(object, key, json_integer(value)) == 0);
}

/* Before the container's own variables, which may refer to these as $(PLANEKEEPER_EPOCH). */
static void tell(json_t *container, const struct job_make *make)
{
        json_t *env = json_array(), *own = json_object_get(container, "env");
        for (unsigned i = 0; i < make->fact_count; i++)
                INVARIANT(json_array_append_new(env, json_pack("{s:s, s:s}", "name", make->facts[i].variable, "value",
                                                               make->facts[i].value)) == 0);
        if (json_is_array(own))
                INVARIANT(json_array_extend(env, own) == 0);
        INVARIANT(json_object_set_new(container, "env", env) == 0);
}

static void tell_all(json_t *containers, const struct job_make *make)
{
        size_t i;
        json_t *container;
        json_array_foreach(containers, i, container)
                if (json_is_object(container))
                        tell(container, make);
}

/* Its labels and annotations alone: all else of the metadata is the operator's. */
static json_t *metadata_of(const struct job_make *make)
{
        static const char *const own[] = {RELEASED, SUPERSEDED, ATTEMPT, VALUE};
        const json_t *given = json_object_get(make->template, "metadata");
        json_t *metadata = json_object();
        char called[NAME_BYTES], attempt[ATTEMPT_BYTES];
        print_name(make, called);
        set_text(metadata, "name", called);
        if (json_is_object(json_object_get(given, "labels")))
                json_object_set_new(metadata, "labels", json_deep_copy(json_object_get(given, "labels")));
        if (json_is_object(json_object_get(given, "annotations")))
                json_object_set_new(metadata, "annotations", json_deep_copy(json_object_get(given, "annotations")));
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
                json_object_del(json_object_get(metadata, "annotations"), own[i]);
        set_text(member(metadata, "labels"), JOB_LABEL, make->name);
        if (make->stamp[0])
                set_text(member(metadata, "annotations"), OBJECT_STAMP, make->stamp);
        if (make->value)
                set_text(member(metadata, "annotations"), VALUE, make->value);
        (void)snprintf(attempt, sizeof(attempt), "%u", make->attempt);
        if (make->attempt > 1)
                set_text(member(metadata, "annotations"), ATTEMPT, attempt);
        return metadata;
}

json_t *job_make(const struct job_make *make)
{
        json_t *spec = json_deep_copy(json_object_get(make->template, "spec"));
        json_t *pod = member(member(spec, "template"), "spec");
        INVARIANT(json_object_set_new(spec, "suspend", json_true()) == 0);
        set_default(spec, "backoffLimit", JOB_RETRIES);
        set_default(spec, "activeDeadlineSeconds", JOB_DEADLINE_S);
        tell_all(json_object_get(pod, "initContainers"), make);
        tell_all(json_object_get(pod, "containers"), make);
        json_t *job = json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "batch/v1", "kind", "Job", "metadata",
                                metadata_of(make), "spec", spec);
        INVARIANT(job);
        return job;
}

/* ---- what a Job says ---- */

bool job_stamp(const json_t *job, struct stamp *ret)
{
        const char *text = object_annotation(job, OBJECT_STAMP);
        *ret = (struct stamp){0};
        if (text && strlen(text) < TARGET_STAMP_BYTES)
                dns_stamp_parse(text, ret);
        return ret->presence == STAMP_OURS;
}

epoch_t job_epoch(const json_t *job)
{
        struct stamp stamp;
        const epoch_t epoch = job_stamp(job, &stamp) ? stamp.epoch : 0;
        target_stamp_clear(&stamp);
        return epoch;
}

unsigned job_attempt(const json_t *job)
{
        const char *text = object_annotation(job, ATTEMPT);
        const unsigned long attempt = text ? strtoul(text, NULL, 10) : 1;
        return attempt >= 1 && attempt <= JOB_ATTEMPTS_MAX ? (unsigned)attempt : 1;
}

bool job_is_later(const json_t *job, const json_t *than)
{
        const epoch_t epoch = job_epoch(job), other = job_epoch(than);
        return epoch > other || (epoch && epoch == other && job_attempt(job) > job_attempt(than));
}

const char *job_value(const json_t *job)
{
        return object_annotation(job, VALUE);
}

bool job_is_held(const json_t *job)
{
        return !object_annotation(job, RELEASED);
}

bool job_is_superseded(const json_t *job)
{
        return object_annotation(job, SUPERSEDED);
}

static const json_t *condition_of(const json_t *job, const char *type)
{
        size_t i;
        json_t *condition;
        json_array_foreach(json_object_get(json_object_get(job, "status"), "conditions"), i, condition)
        {
                const char *status = json_string_value(json_object_get(condition, "status"));
                if (text_equal(json_string_value(json_object_get(condition, "type")), type) &&
                    text_equal(status, "True"))
                        return condition;
        }
        return NULL;
}

static json_int_t pods_of(const json_t *job, const char *field)
{
        return json_integer_value(json_object_get(json_object_get(job, "status"), field));
}

/* API servers before 1.31 say that a Job has failed while its Pods are still on their way out. */
bool job_has_ended(const json_t *job)
{
        const bool is_finished = condition_of(job, "Complete") || condition_of(job, "Failed");
        return is_finished && pods_of(job, "active") == 0 && pods_of(job, "terminating") == 0;
}

bool job_is_complete(const json_t *job)
{
        return condition_of(job, "Complete");
}

bool job_is_going(const json_t *job)
{
        return object_meta(job, "deletionTimestamp")[0];
}

bool job_expires(const json_t *job)
{
        return json_is_integer(json_object_get(json_object_get(job, "spec"), "ttlSecondsAfterFinished"));
}

char *job_failure(const json_t *job)
{
        const json_t *failed = condition_of(job, "Failed");
        const char *reason = json_string_value(json_object_get(failed, "reason"));
        const char *message = json_string_value(json_object_get(failed, "message"));
        struct strbuf text = STRBUF_INIT(2 * FAILURE_BYTES);
        if (!failed)
                return NULL;
        (void)strbuf_printf(&text, "%.60s: %.160s", reason ? reason : "Failed", message ? message : "no message");
        return strbuf_take(&text);
}

/* ---- patches ---- */

json_t *job_release(const json_t *job)
{
        json_t *patch = json_pack("{s:{s:s, s:{s:s}}, s:{s:b}}", "metadata", "resourceVersion",
                                  object_meta(job, "resourceVersion"), "annotations", RELEASED, "true", "spec",
                                  "suspend", 0);
        INVARIANT(patch);
        return patch;
}

/*
 * Without Pods, and with a deadline that has passed, the Job controller fails it, also one that was never released:
 * only what has failed is removed in time.
 */
json_t *job_supersede(epoch_t by)
{
        char epoch[24];
        (void)snprintf(epoch, sizeof(epoch), "%" PRIu64, by);
        json_t *patch = json_pack("{s:{s:{s:s}}, s:{s:b, s:i, s:i, s:i}}", "metadata", "annotations", SUPERSEDED, epoch,
                                  "spec", "suspend", 0, "parallelism", 0, "activeDeadlineSeconds", 1,
                                  "ttlSecondsAfterFinished", (int)JOB_KEPT_S);
        INVARIANT(patch);
        return patch;
}
