/* jobs_rig.c -- Jobs on a scripted API server. */
#include "jobs_rig.h"

#include <stdlib.h>
#include <string.h>

#include "api_object.h"
#include "runtime/clock.h"
#include "targets/kube/facts.h"
#include "util/text.h"

#define JOBS "/apis/batch/v1/namespaces/ci/jobs"
#define TEMPLATE                                                                                                       \
        "{\"metadata\":{\"labels\":{\"team\":\"mesh\"},\"annotations\":{\"planekeeper.io/released\":\"true\"}},"        \
        "\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"image\":\"b\"," \
        "\"env\":[{\"name\":\"MINE\",\"value\":\"$(PLANEKEEPER_EPOCH)\"}]}]}}}}"

enum { ENDS_WITHIN_MS = 20000, VISIT_MS = 1000, SETTINGS_MAX = 24 };

json_t *jobs_rig_job(const struct jobs_rig *rig, const char *name)
{
        size_t i;
        json_t *job;
        json_array_foreach(rig->jobs, i, job)
                if (text_equal(api_object_meta(job, "name"), name))
                        return job;
        return NULL;
}

json_t *jobs_rig_at(json_t *object, const char *a, const char *b)
{
        json_t *found = json_object_get(object, a);
        return b ? json_object_get(found, b) : found;
}

static void create(struct jobs_rig *rig, struct fake_peer *peer, json_t *body, bool is_kept)
{
        void (*before)(struct jobs_rig *) = is_kept ? rig->before_create : NULL;
        rig->creates += is_kept;
        if (before) {
                rig->before_create = NULL;
                before(rig);
        }
        rig->rehearsals += !is_kept;
        if (rig->create_status) {
                fake_hub_refuse(peer, rig->create_status);
        } else if (jobs_rig_job(rig, api_object_meta(body, "name"))) {
                fake_hub_refuse(peer, 409);
        } else {
                if (rig->expires)
                        json_object_set_new(json_object_get(body, "spec"), "ttlSecondsAfterFinished", json_integer(60));
                api_object_set_version(body, ++rig->version);
                if (is_kept)
                        json_array_append(rig->jobs, body);
                fake_hub_answer(peer, 201, body);
        }
}

static void patch(struct jobs_rig *rig, struct fake_peer *peer, const char *name, const json_t *body)
{
        json_t *job = jobs_rig_job(rig, name);
        rig->patches++;
        if (rig->before_release && !jobs_rig_at((json_t *)(uintptr_t)body, "spec", "parallelism")) {
                rig->before_release(rig);
                rig->before_release = NULL;
        }
        if (rig->patch_status || !job || !api_object_admits(job, body)) {
                fake_hub_refuse(peer, rig->patch_status ? rig->patch_status : job ? 409 : 404);
                return;
        }
        api_object_merge(job, body);
        api_object_set_version(job, ++rig->version);
        fake_hub_answer(peer, 200, job);
}

static void list(struct jobs_rig *rig, struct fake_peer *peer)
{
        rig->lists++;
        json_t *reply = json_pack("{s:O}", "items", rig->jobs);
        fake_hub_answer(peer, 200, reply);
        json_decref(reply);
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct jobs_rig *rig = ctx;
        json_t *body = request->body[0] ? json_loads(request->body, 0, NULL) : NULL;
        if (rig->is_mute)
                ;
        else if (strstr(request->target, "selfsubjectaccessreviews"))
                fake_hub_review(peer, body, rig->denied);
        else if (text_equal(request->method, "POST"))
                create(rig, peer, body, text_equal(request->target, JOBS));
        else if (text_equal(request->method, "PATCH"))
                patch(rig, peer, request->target + strlen(JOBS "/"), body);
        else if (rig->list_status || !text_equal(request->target, JOBS "?labelSelector=planekeeper.io%2Fjob%3Dswitch"))
                fake_hub_refuse(peer, rig->list_status ? rig->list_status : 404);
        else
                list(rig, peer);
        json_decref(body);
}

void jobs_rig_open(struct jobs_rig *rig, const struct target_driver *driver, const struct target_setting *settings)
{
        static const struct target_setting common[] = {{"namespace", "ci"},
                                                       {"name", "switch"},
                                                       {"template", TEMPLATE},
                                                       {FACT_POLICY, "planekeeper/gloo"},
                                                       {FACT_PIPELINE, "run"},
                                                       {FACT_NAME, "mgmt.example.com"},
                                                       {FACT_FROM, "west"},
                                                       {FACT_TO, "east"},
                                                       {FACT_CLUSTER "east", "east-1"},
                                                       {FACT_ADDRESS "east", "192.0.2.7"}};
        struct target_setting all[SETTINGS_MAX];
        size_t count = sizeof(common) / sizeof(common[0]);
        struct errmsg why = {0};
        memcpy(all, common, sizeof(common));
        for (; settings && settings->key; settings++)
                all[count++] = *settings;
        *rig = (struct jobs_rig){.jobs = json_array()};
        fake_hub_open(&rig->hub, true, on_request, rig);
        rig->environment = (struct kube_environment){
            .loop = rig->hub.loop, .http = rig->hub.http, .executor = rig->hub.executor, .own = rig->hub.kube};
        const struct target_config config = {.settings = all, .setting_count = count, .kube = &rig->environment};
        assert_int_equal(driver->open(&config, &rig->session, &why), ERR_OK);
}

void jobs_rig_close(struct jobs_rig *rig)
{
        target_close(rig->session);
        target_state_clear(&rig->visit.found);
        json_decref(rig->jobs);
        fake_hub_close(&rig->hub);
}

static void on_done(void *ctx, struct target_visit *visit)
{
        struct jobs_rig *rig = ctx;
        assert_ptr_equal(visit, &rig->visit);
        rig->is_done = true;
}

enum err jobs_rig_run(struct jobs_rig *rig, enum target_verb verb, const struct target_want *want)
{
        struct target_state before = rig->visit.found;
        rig->is_done = false;
        rig->visit = (struct target_visit){
            .verb = verb, .name = rig->target, .expected = &before, .want = want, .deadline = clock_mono() + VISIT_MS};
        if (target_start(rig->session, &rig->visit, on_done, rig)) {
                assert_false(rig->is_done); /* never from within */
                assert_true(fake_run(rig->hub.loop, &rig->is_done, ENDS_WITHIN_MS));
        }
        if (verb != TARGET_ASK && (rig->visit.err == ERR_OK || rig->visit.err == ERR_PENDING))
                target_state_clear(&before);
        else
                rig->visit.found = before;
        return rig->visit.err;
}

enum err jobs_rig_look(struct jobs_rig *rig)
{
        return jobs_rig_run(rig, TARGET_READ, NULL);
}

enum err jobs_rig_swap(struct jobs_rig *rig, const char *plane, epoch_t epoch)
{
        const struct target_want want = {
            .value = plane, .epoch = epoch, .id = 0x77 + epoch, .plane = plane, .store = JOBS_RIG_STORE};
        return jobs_rig_run(rig, TARGET_SWAP, &want);
}

bool jobs_rig_is_suspended(const struct jobs_rig *rig, const char *name)
{
        return json_is_true(jobs_rig_at(jobs_rig_job(rig, name), "spec", "suspend"));
}

void jobs_rig_set(struct jobs_rig *rig, const char *name, const char *type, const char *reason, int active)
{
        json_t *job = jobs_rig_job(rig, name);
        json_object_set_new(job, "status", json_pack("{s:i, s:[{s:s, s:s, s:s, s:s}]}", "active", active, "conditions", "type", type,
                                                     "status", "True", "reason", reason, "message", "so it is"));
        api_object_set_version(job, ++rig->version);
}
