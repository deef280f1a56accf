/* kube_rig.c -- one object on a scripted API server. */
#include "kube_rig.h"

#include <stdlib.h>
#include <string.h>

#include "api_object.h"
#include "json_text.h"
#include "runtime/clock.h"
#include "targets/kube/field.h"
#include "util/mem.h"
#include "util/text.h"

enum { ENDS_WITHIN_MS = 20000, VISIT_MS = 1000, SETTINGS_MAX = 9 };

void kube_rig_changed(struct kube_rig *rig)
{
        api_object_set_version(rig->object, ++rig->version);
}

static json_t *follower(const struct kube_rig *rig, const char *target)
{
        const size_t bytes = rig->follow_path ? strlen(rig->follow_path) : 0;
        size_t i;
        json_t *item;
        if (!bytes || strncmp(target, rig->follow_path, bytes) != 0 || target[bytes] != '/')
                return NULL;
        json_array_foreach(json_object_get(rig->followers, "items"), i, item)
                if (text_equal(api_object_meta(item, "name"), target + bytes + 1))
                        return item;
        return NULL;
}

static void patch(struct kube_rig *rig, struct fake_peer *peer, const json_t *body)
{
        rig->patches++;
        json_decref(rig->last_patch);
        rig->last_patch = json_deep_copy(body);
        if (rig->before_patch)
                rig->before_patch(rig);
        rig->before_patch = NULL;
        if (rig->patch_status) {
                fake_hub_refuse(peer, rig->patch_status);
                return;
        }
        if (!api_object_admits(rig->object, body)) {
                fake_hub_refuse(peer, 409);
                return;
        }
        api_object_merge(rig->object, body);
        kube_rig_changed(rig);
        if (rig->after_patch)
                rig->after_patch(rig);
        fake_hub_answer(peer, 200, rig->object);
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct kube_rig *rig = ctx;
        json_t *body = request->body[0] ? json_loads(request->body, 0, NULL) : NULL;
        json_t *item = follower(rig, request->target);
        const bool is_object = text_equal(request->target, rig->path);
        const bool is_patch = text_equal(request->method, "PATCH");
        rig->gets += is_object && !is_patch;
        if (rig->is_mute) {
                rig->patches += is_object && is_patch;
        } else if (text_equal(request->method, "POST")) {
                fake_hub_review(peer, body, rig->denied);
        } else if (item) {
                rig->asked++;
                api_object_merge(item, body);
                fake_hub_answer(peer, 200, item);
        } else if (text_equal(request->target, rig->follow_path)) {
                fake_hub_answer(peer, 200, rig->followers);
        } else if (!is_object || !rig->object || rig->status) {
                fake_hub_refuse(peer, is_object && rig->status ? rig->status : 404);
        } else if (is_patch) {
                patch(rig, peer, body);
        } else {
                fake_hub_answer(peer, 200, rig->object);
        }
        json_decref(body);
}

void kube_rig_open(struct kube_rig *rig, const struct target_driver *driver, const char *path, const char *object,
                   const struct target_setting *settings, const struct target_credential *credentials, size_t credential_count)
{
        *rig = (struct kube_rig){.driver = driver, .path = path, .object = json_text("%s", object)};
        struct target_config config = {.settings = settings,
                                       .credentials = credentials,
                                       .credential_count = credential_count,
                                       .kube = &rig->environment};
        struct errmsg why = {0};
        fake_hub_open(&rig->hub, false, on_request, rig);
        rig->environment = (struct kube_environment){
            .loop = rig->hub.loop, .http = rig->hub.http, .own = rig->hub.kube, .allows_http = true};
        while (settings[config.setting_count].key)
                config.setting_count++;
        kube_rig_changed(rig);
        assert_int_equal(driver->open(&config, &rig->session, &why), ERR_OK);
}

void kube_rig_close(struct kube_rig *rig)
{
        target_close(rig->session);
        target_state_clear(&rig->visit.found);
        json_decref(rig->object);
        json_decref(rig->followers);
        json_decref(rig->last_patch);
        fake_hub_close(&rig->hub);
}

static void on_done(void *ctx, struct target_visit *visit)
{
        struct kube_rig *rig = ctx;
        assert_ptr_equal(visit, &rig->visit);
        assert_false(rig->is_done);
        rig->is_done = true;
}

static enum err run(struct kube_rig *rig, enum target_verb verb, const struct target_want *want)
{
        struct target_state before = rig->visit.found;
        rig->is_done = false;
        rig->visit = (struct target_visit){
            .verb = verb, .expected = &before, .want = want, .deadline = clock_mono() + VISIT_MS};
        if (target_start(rig->session, &rig->visit, on_done, rig)) {
                assert_false(rig->is_done); /* never from within */
                assert_true(fake_run(rig->hub.loop, &rig->is_done, ENDS_WITHIN_MS));
        }
        if (rig->visit.err == ERR_OK || rig->visit.err == ERR_PENDING)
                target_state_clear(&before);
        else
                rig->visit.found = before;
        return rig->visit.err;
}

enum err kube_rig_read(struct kube_rig *rig)
{
        return run(rig, TARGET_READ, NULL);
}

enum err kube_rig_swap(struct kube_rig *rig, const char *value, const char *plane, epoch_t epoch)
{
        const struct target_want want = {
            .value = value, .epoch = epoch, .id = 0x77 + epoch, .plane = plane, .store = KUBE_RIG_STORE};
        return run(rig, TARGET_SWAP, &want);
}

enum err kube_rig_ask(struct kube_rig *rig)
{
        struct target_state before = rig->visit.found;
        enum err err = run(rig, TARGET_ASK, NULL);
        rig->visit.found = before;
        return err;
}

const json_t *kube_rig_at(const json_t *object, const char *pointer)
{
        const json_t *found = NULL;
        struct errmsg ignored;
        return object && field_find(object, pointer, &found, &ignored) == ERR_OK ? found : NULL;
}
