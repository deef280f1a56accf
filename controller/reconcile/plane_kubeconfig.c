/* plane_kubeconfig.c -- the client of a plane's own cluster, from the kubeconfig in its Secret. The files that it names
 * may lie on a mount that hangs: workers that have nothing else to do read them, and the plane says which one they wait
 * for. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "reconcile/plane_parts.h"
#include "reconcile/policy.h"
#include "reconcile/secret_cache.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        FILES_PATIENCE_MS = 5000, /* then the plane says what it waits for */
        FILES_AGAIN_MS = 10000,   /* a file that could not be read may be there by then */
        FILES_AT_ONCE = 2,        /* of one plane: a path that was corrected is read while the wrong one hangs */
        FILES_MAX = 8,
};

/* The files of one kubeconfig. It outlives its plane where a file hangs. */
struct kubeconfig_reading {
        struct job job;
        struct plane *plane; /* NULL: the plane is gone, or has another kubeconfig */
        struct secret text;
        struct kube_config_policy policy;
        /* The job's own while it runs. */
        enum err err;
        struct errmsg why;
        struct kube_config config;
        /* Each is written before `begun` counts it, and not again. */
        struct errmsg files[FILES_MAX];
        atomic_uint begun;
};

static void free_reading(struct kubeconfig_reading *reading)
{
        secret_clear(&reading->text);
        kube_config_clear(&reading->config);
        free(reading);
}

static void plane_kube_stop(struct plane *plane)
{
        loop_timer_stop(plane->manager->loop, &plane->kube_timer);
        if (plane->kube_reading)
                plane->kube_reading->plane = NULL;
        plane->kube_reading = NULL;
}

static void open_client(struct plane *plane, struct kube_config *config)
{
        struct manager *manager = plane->manager;
        plane->kube = kube_open(manager->loop, manager->http,
                                manager->file_readers ? manager->file_readers : manager->executor, config);
        free(plane->kube_error);
        plane->kube_error = NULL;
}

/* True where the error is a new one. */
static bool set_error(struct plane *plane, enum err err, const char *why)
{
        bool is_news = !text_equal(plane->kube_error, why);
        char *text = mem_strdup(why);
        free(plane->kube_error);
        plane->kube_error = text;
        plane->kube_needs_person = err != ERR_TRANSIENT;
        return is_news;
}

static enum err name_secret(const struct plane *plane, enum err err, struct errmsg *reterr)
{
        const struct secret_key_ref *ref = &plane->spec->kube_config;
        return err_wrap(reterr, err, "Secret %s/%s key %s", plane->namespace_name, ref->name, ref->key);
}

/* ---- files ---- */

static bool note_file(void *ctx, const char *field, const char *path)
{
        struct kubeconfig_reading *reading = ctx;
        unsigned begun = atomic_load(&reading->begun);
        if (begun >= FILES_MAX)
                return true;
        (void)snprintf(reading->files[begun].text, sizeof(reading->files[begun].text), "%.80s: %.140s", field, path);
        atomic_store(&reading->begun, begun + 1);
        return true;
}

static void read_files(struct job *job)
{
        struct kubeconfig_reading *reading = CONTAINER_OF(job, struct kubeconfig_reading, job);
        reading->err = kube_config_parse(reading->text.bytes, reading->text.count, NULL, &reading->policy,
                                         &reading->config, &reading->why);
}

/* The read is repeated. Until then the plane counts as a cluster that does not answer: not as the operator's own. */
static void refuse_for_now(struct plane *plane, enum err err, const char *why)
{
        plane->is_located = true;
        if (set_error(plane, err, why))
                plane_rebuild(plane);
        if (!plane->kube_reading)
                loop_timer_set(plane->manager->loop, &plane->kube_timer,
                               loop_now(plane->manager->loop) + FILES_AGAIN_MS);
}

static void on_files_read(struct job *job)
{
        struct kubeconfig_reading *reading = CONTAINER_OF(job, struct kubeconfig_reading, job);
        struct plane *plane = reading->plane;
        if (plane)
                plane_kube_stop(plane);
        if (plane && reading->err == ERR_OK) {
                open_client(plane, &reading->config);
                plane->is_located = false; /* it can be asked now */
                plane_rebuild(plane);
        } else if (plane) {
                (void)name_secret(plane, reading->err, &reading->why);
                refuse_for_now(plane, reading->err, reading->why.text);
        }
        free_reading(reading);
}

/* Names the file that the read waits for. */
static void say_what_hangs(struct plane *plane)
{
        const struct kubeconfig_reading *reading = plane->kube_reading;
        unsigned begun = atomic_load(&reading->begun);
        struct errmsg why;
        enum err err =
            begun ? err_set(&why, ERR_TRANSIENT,
                            "%s: not read within %d s; the mount may hang: mend it, or put the content inline",
                            reading->files[begun - 1].text, FILES_PATIENCE_MS / 1000)
                  : err_set(&why, ERR_TRANSIENT,
                            "its files wait until those of other planes, which hang, are read: mend their mounts, or "
                            "put the content inline");
        (void)name_secret(plane, err, &why);
        refuse_for_now(plane, err, why.text);
}

static struct kube_config_policy policy_of(const struct plane *plane)
{
        const struct manager_options *options = &plane->manager->options;
        return (struct kube_config_policy){
            .allow_files = options->kubeconfig_files,
            .allow_exec = options->kubeconfig_exec,
            .allow_http = options->kubeconfig_http,
            .allow_unverified = options->kubeconfig_unverified,
        };
}

static void start_reading(struct plane *plane, const struct secret *text, const struct kube_config_policy *policy);

/* The Secret may have changed since; then plane_kube_take() starts from the new one. */
static void try_again(struct plane *plane)
{
        const struct secret_key_ref *ref = &plane->spec->kube_config;
        const struct secret_object *object;
        const struct secret *text;
        struct kube_config_policy policy = policy_of(plane);
        if (secret_cache_get(plane->manager->secrets, plane->namespace_name, ref->name, &object, NULL) == ERR_OK &&
            text_equal(plane->kube_secret_version, object->resource_version) &&
            secret_object_require(object, ref->key, &text, NULL) == ERR_OK)
                start_reading(plane, text, &policy);
        else
                plane_rebuild(plane);
}

static void on_timer(struct loop_timer *timer)
{
        struct plane *plane = CONTAINER_OF(timer, struct plane, kube_timer);
        if (plane->kube_reading)
                say_what_hangs(plane);
        else
                try_again(plane);
}

static void start_reading(struct plane *plane, const struct secret *text, const struct kube_config_policy *policy)
{
        struct kubeconfig_reading *reading = mem_new(reading);
        reading->job = (struct job){
            .run = read_files, .done = on_files_read, .group = text_hash(plane->key), .group_max = FILES_AT_ONCE};
        reading->policy = *policy;
        reading->policy.may_read = note_file;
        reading->policy.may_read_ctx = reading;
        secret_copy(&reading->text, text);
        plane->kube_timer.due = on_timer;
        if (!executor_submit(plane->manager->file_readers, &reading->job)) {
                free_reading(reading);
                refuse_for_now(plane, ERR_TRANSIENT, "too many files of kubeconfigs wait to be read");
                return;
        }
        reading->plane = plane;
        plane->kube_reading = reading;
        loop_timer_set(plane->manager->loop, &plane->kube_timer,
                       loop_now(plane->manager->loop) + FILES_PATIENCE_MS);
}

/* ---- the Secret ---- */

static bool not_here(void *ctx, const char *field, const char *path)
{
        bool *names_files = ctx;
        (void)field, (void)path;
        *names_files = true;
        return false;
}

static enum err take_text(struct plane *plane, const struct secret *text, const char *version, struct errmsg *reterr)
{
        struct kube_config_policy policy = policy_of(plane);
        struct kube_config config;
        bool names_files = false;
        policy.may_read = not_here;
        policy.may_read_ctx = &names_files;
        enum err err = kube_config_parse(text->bytes, text->count, NULL, &policy, &config, reterr);
        if (err == ERR_OK)
                open_client(plane, &config);
        else if (names_files)
                start_reading(plane, text, &policy);
        if (err == ERR_OK || names_files)
                plane->kube_secret_version = mem_strdup(version);
        return names_files ? ERR_OK : err == ERR_OK ? ERR_OK : name_secret(plane, err, reterr);
}

/* The client and the UID of one cluster say nothing of another. */
void plane_cluster_forget(struct plane *plane)
{
        plane_address_stop(plane);
        plane_kube_stop(plane);
        announce_plane_leaves(plane);
        kube_close(plane->kube);
        plane->kube = NULL;
        free(plane->kube_error);
        plane->kube_error = NULL;
        free(plane->kube_secret_version);
        plane->kube_secret_version = NULL;
        free(plane->cluster_uid);
        plane->cluster_uid = NULL;
        plane->is_located = false;
}

void plane_kube_take(struct plane *plane)
{
        const struct secret_key_ref *ref = &plane->spec->kube_config;
        const struct secret_object *object;
        const struct secret *text;
        struct errmsg why;
        enum err err = secret_cache_get(plane->manager->secrets, plane->namespace_name, ref->name, &object, &why);
        if (err == ERR_OK && text_equal(plane->kube_secret_version, object->resource_version))
                return;
        if (err == ERR_TRANSIENT && plane->kube_secret_version)
                return;
        plane_cluster_forget(plane); /* the addresses stay until others are known */
        if (err == ERR_OK)
                err = secret_object_require(object, ref->key, &text, &why);
        if (err == ERR_OK)
                err = take_text(plane, text, object->resource_version, &why);
        if (err != ERR_OK) {
                (void)set_error(plane, err, why.text);
                plane->is_located |= err != ERR_TRANSIENT;
        }
}
