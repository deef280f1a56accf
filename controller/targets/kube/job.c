/* job.c -- driver job: its session, and the commands by which a person runs it. */
#include "targets/kube/job.h"

#include <stdlib.h>
#include <string.h>

#include "targets/by_hand.h"
#include "targets/kube/drivers.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { TEXT_BYTES = 512 };

static const char *setting(const struct target_config *config, const char *key)
{
        const char *value = target_setting_find(config, key);
        return value ? value : "";
}

static char *what_of(const struct target_config *config)
{
        struct strbuf text = STRBUF_INIT(TEXT_BYTES);
        (void)strbuf_printf(&text, "jobs.batch %s/%s", setting(config, "namespace"), setting(config, "name"));
        return strbuf_take(&text);
}

static void take_paths(struct job_session *self)
{
        const struct kube_resource resource = {"batch", "v1", "jobs", "Job"};
        struct strbuf list = STRBUF_INIT(2 * TEXT_BYTES);
        self->path = kube_path(&resource, self->namespace_name, NULL, NULL);
        (void)strbuf_printf(&list, "%s?labelSelector=planekeeper.io%%2Fjob%%3D%s", self->path, self->name);
        self->list_path = strbuf_take(&list);
}

static void job_close(struct target_session *session)
{
        struct job_session *self = (struct job_session *)session;
        job_cancel(self);
        job_seen_clear(&self->seen);
        hub_close(&self->hub);
        settings_clear(&self->settings);
        json_decref(self->template);
        free(self->namespace_name);
        free(self->name);
        free(self->path);
        free(self->list_path);
        free(self->what);
        free(self);
}

static enum err job_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        struct job_session *self = mem_new(self);
        self->base.driver = &job_driver;
        settings_copy(&self->settings, config);
        self->template = json_loads(setting(config, "template"), 0, NULL);
        self->namespace_name = mem_strdup(setting(config, "namespace"));
        self->name = mem_strdup(setting(config, "name"));
        self->what = what_of(config);
        self->is_read_back = text_equal(setting(config, "isReadBack"), "true");
        take_paths(self);
        enum err err = json_is_object(self->template)
                           ? hub_open(&self->hub, config, reterr)
                           : err_set(reterr, ERR_INVALID, "the spec names its template no more");
        if (err != ERR_OK) {
                job_close(&self->base);
                return err;
        }
        *ret = &self->base;
        return ERR_OK;
}

/* ---- by hand ---- */

/* kubectl prints the template's spec, which is at @at in the policy, as JSON of a Job. */
static const char *print_job(const struct target_config *config, const char *at, struct arena *arena)
{
        const char *policy = setting(config, FACT_POLICY), *slash = strchr(policy, '/');
        const int bytes = slash ? (int)(slash - policy) : 0;
        const char *name = setting(config, "name");
        const char *path = arena_printf(
            arena,
            "jsonpath={\"{\"}\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"metadata\":{\"{\"}\"generateName\":"
            "\"%s-by-hand-\",\"labels\":{\"{\"}\"planekeeper.io/by-hand\":\"%s\"}},\"spec\":%s}",
            name, name, at);
        return arena_printf(arena, "kubectl -n %.*s get failoverpolicies.planekeeper.io %s -o %s", bytes, policy,
                            slash ? slash + 1 : policy, by_hand_quote(path, arena));
}

static const char *variables(const struct target_config *config, const struct by_hand_write *write, struct arena *arena)
{
        const struct target_want want = {.plane = write->plane, .value = write->value};
        const bool is_read_back = text_equal(setting(config, "isReadBack"), "true");
        const unsigned count = FACTS + (is_read_back ? FACTS_OF_LOCK : 0U);
        struct fact facts[FACTS + FACTS_OF_LOCK];
        const char *text = "";
        facts_of(config, &want, facts);
        if (is_read_back)
                facts_of_lock(config, &want, facts + FACTS);
        for (unsigned i = 0; i < count; i++)
                text = arena_printf(arena, "%s %s=%s", text, facts[i].variable, by_hand_quote(facts[i].value, arena));
        return text;
}

/* kubectl sets the variables in it. */
struct by_hand job_by_hand_of(const struct target_config *config, const struct by_hand_write *write, const char *at,
                              struct arena *arena)
{
        const char *namespace_name = setting(config, "namespace"), *name = setting(config, "name");
        const char *hub_name = target_setting_find(config, "kubeConfig");
        const char *hub = hub_name ? "--kubeconfig hub.yaml " : "";
        struct by_hand hand = {0};
        if (hub_name)
                hand.needs = arena_printf(arena, "hub.yaml is the kubeconfig of %s", hub_name);
        hand.move = arena_printf(arena,
                                 "%s | kubectl set env --local -f - -o json%s | kubectl %s-n %s create -f -",
                                 print_job(config, at, arena), variables(config, write, arena), hub, namespace_name);
        hand.look = arena_printf(arena, "kubectl %s-n %s get jobs -l planekeeper.io/by-hand=%s # wants Complete", hub,
                                 namespace_name, name);
        return hand;
}

static struct by_hand job_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                  struct arena *arena)
{
        const char *at = arena_printf(arena, "{.spec.pipeline[?(@.name==\"%s\")].job.template.spec}",
                                      setting(config, FACT_PIPELINE));
        return job_by_hand_of(config, write, at, arena);
}

const struct target_driver job_driver = {.name = "job",
                                         .kind = TARGET_PIPELINE,
                                         .limits = {.visit_ms = 10000,
                                                    .read_every_ms = 30000,
                                                    .preflight_every_ms = 600000,
                                                    .session_ms = 600000,
                                                    .at_once = 3,
                                                    .batch_max = 1},
                                         .where = "kubeConfig",
                                         .where_default = "this cluster",
                                         .wants_facts = true,
                                         .name_of = what_of,
                                         .check_credentials = hub_check,
                                         .open = job_open,
                                         .start = job_start,
                                         .by_hand = job_by_hand,
                                         .close = job_close};
