/* kube_job_test.c -- Jobs that follow a switch, on a scripted API server that keeps them as a real one does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_object.h"
#include "fake_hub.h"
#include "json_text.h"
#include "runtime/clock.h"
#include "targets/fence.h"
#include "targets/kube/drivers.h"
#include "targets/kube/environment.h"
#include "targets/kube/facts.h"
#include "targets/target.h"
#include "util/mem.h"
#include "util/text.h"

#define JOBS "/apis/batch/v1/namespaces/ci/jobs"
#define STORE "k8s/uid-1/ns/gloo"
#define TEMPLATE                                                                                                       \
        "{\"metadata\":{\"labels\":{\"team\":\"mesh\"},\"annotations\":{\"planekeeper.io/released\":\"true\"}},"        \
        "\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"image\":\"b\"," \
        "\"env\":[{\"name\":\"MINE\",\"value\":\"$(PLANEKEEPER_EPOCH)\"}]}]}}}}"

enum { ENDS_WITHIN_MS = 20000, VISIT_MS = 1000 };

struct rig {
        struct fake_hub hub;
        struct kube_environment environment;
        struct target_session *session;
        json_t *jobs; /* an array */
        uint64_t version;
        unsigned creates, patches, lists, rehearsals;
        int create_status, patch_status, list_status; /* 0: as it is */
        const char *denied;
        bool expires; /* something at the server gives each Job a time to live */
        bool is_mute;
        void (*before_release)(struct rig *rig); /* once */
        bool is_done;
        struct target_visit visit;
};

static void answer(struct fake_peer *peer, int status, const json_t *body)
{
        char *text = json_dumps(body, JSON_COMPACT);
        fake_answer(peer, status, "", text);
        free(text);
}

static void refuse(struct fake_peer *peer, int status)
{
        fake_answer(peer, status, "", "{\"kind\":\"Status\",\"message\":\"the server says no\"}");
}

static json_t *job_called(const struct rig *rig, const char *name)
{
        size_t i;
        json_t *job;
        json_array_foreach(rig->jobs, i, job)
                if (text_equal(api_object_meta(job, "name"), name))
                        return job;
        return NULL;
}

static json_t *at(json_t *object, const char *a, const char *b)
{
        json_t *found = json_object_get(object, a);
        return b ? json_object_get(found, b) : found;
}

static void review(const struct rig *rig, struct fake_peer *peer, const json_t *body)
{
        const json_t *attributes = json_object_get(json_object_get(body, "spec"), "resourceAttributes");
        const char *verb = json_string_value(json_object_get(attributes, "verb"));
        json_t *reply = json_pack("{s:{s:b}}", "status", "allowed", (int)!text_equal(verb, rig->denied));
        answer(peer, 201, reply);
        json_decref(reply);
}

static void create(struct rig *rig, struct fake_peer *peer, json_t *body, bool is_kept)
{
        rig->creates += is_kept;
        rig->rehearsals += !is_kept;
        if (rig->create_status) {
                refuse(peer, rig->create_status);
        } else if (job_called(rig, api_object_meta(body, "name"))) {
                refuse(peer, 409);
        } else {
                if (rig->expires)
                        json_object_set_new(json_object_get(body, "spec"), "ttlSecondsAfterFinished", json_integer(60));
                api_object_set_version(body, ++rig->version);
                if (is_kept)
                        json_array_append(rig->jobs, body);
                answer(peer, 201, body);
        }
}

static void patch(struct rig *rig, struct fake_peer *peer, const char *name, const json_t *body)
{
        json_t *job = job_called(rig, name);
        rig->patches++;
        if (rig->before_release && !at((json_t *)(uintptr_t)body, "spec", "parallelism")) {
                rig->before_release(rig);
                rig->before_release = NULL;
        }
        if (rig->patch_status || !job || !api_object_admits(job, body)) {
                refuse(peer, rig->patch_status ? rig->patch_status : job ? 409 : 404);
                return;
        }
        api_object_merge(job, body);
        api_object_set_version(job, ++rig->version);
        answer(peer, 200, job);
}

static void list(struct rig *rig, struct fake_peer *peer)
{
        rig->lists++;
        json_t *reply = json_pack("{s:O}", "items", rig->jobs);
        answer(peer, 200, reply);
        json_decref(reply);
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        json_t *body = request->body[0] ? json_loads(request->body, 0, NULL) : NULL;
        if (rig->is_mute)
                ;
        else if (strstr(request->target, "selfsubjectaccessreviews"))
                review(rig, peer, body);
        else if (text_equal(request->method, "POST"))
                create(rig, peer, body, text_equal(request->target, JOBS));
        else if (text_equal(request->method, "PATCH"))
                patch(rig, peer, request->target + strlen(JOBS "/"), body);
        else if (rig->list_status || !text_equal(request->target, JOBS "?labelSelector=planekeeper.io%2Fjob%3Dswitch"))
                refuse(peer, rig->list_status ? rig->list_status : 404);
        else
                list(rig, peer);
        json_decref(body);
}

static void open_rig(struct rig *rig)
{
        static const struct target_setting settings[] = {{"namespace", "ci"},
                                                         {"name", "switch"},
                                                         {"template", TEMPLATE},
                                                         {FACT_POLICY, "planekeeper/gloo"},
                                                         {FACT_PIPELINE, "run"},
                                                         {FACT_NAME, "mgmt.example.com"},
                                                         {FACT_FROM, "west"},
                                                         {FACT_TO, "east"},
                                                         {FACT_CLUSTER "east", "east-1"},
                                                         {FACT_ADDRESS "east", "192.0.2.7"}};
        struct errmsg why = {0};
        *rig = (struct rig){.jobs = json_array()};
        fake_hub_open(&rig->hub, false, on_request, rig);
        rig->environment = (struct kube_environment){.loop = rig->hub.loop, .http = rig->hub.http, .own = rig->hub.kube};
        const struct target_config config = {.settings = settings,
                                             .setting_count = sizeof(settings) / sizeof(settings[0]),
                                             .kube = &rig->environment};
        assert_int_equal(job_driver.open(&config, &rig->session, &why), ERR_OK);
}

static void close_rig(struct rig *rig)
{
        target_close(rig->session);
        target_state_clear(&rig->visit.found);
        json_decref(rig->jobs);
        fake_hub_close(&rig->hub);
}

static void on_done(void *ctx, struct target_visit *visit)
{
        struct rig *rig = ctx;
        assert_ptr_equal(visit, &rig->visit);
        rig->is_done = true;
}

static enum err run(struct rig *rig, enum target_verb verb, const struct target_want *want)
{
        struct target_state before = rig->visit.found;
        rig->is_done = false;
        rig->visit = (struct target_visit){
            .verb = verb, .expected = &before, .want = want, .deadline = clock_mono() + VISIT_MS};
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

static enum err look(struct rig *rig)
{
        return run(rig, TARGET_READ, NULL);
}

static enum err swap(struct rig *rig, const char *plane, epoch_t epoch)
{
        const struct target_want want = {
            .value = plane, .epoch = epoch, .id = 0x77 + epoch, .plane = plane, .store = STORE};
        return run(rig, TARGET_SWAP, &want);
}

static bool is_suspended(const struct rig *rig, const char *name)
{
        return json_is_true(at(job_called(rig, name), "spec", "suspend"));
}

/* As the Job controller writes it. */
static void set_condition(struct rig *rig, const char *name, const char *type, const char *reason, int active)
{
        json_t *job = job_called(rig, name);
        json_object_set_new(job, "status", json_pack("{s:i, s:[{s:s, s:s, s:s, s:s}]}", "active", active, "conditions", "type", type,
                                                     "status", "True", "reason", reason, "message", "so it is"));
        api_object_set_version(job, ++rig->version);
}

static void test_nothing_is_there(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.present);
        assert_string_equal(rig.visit.found.value, "");
        close_rig(&rig);
}

static void test_a_job_is_made_and_told_the_facts(void **state)
{
        static const char *const facts[][2] = {{"PLANEKEEPER_POLICY", "planekeeper/gloo"}, {"PLANEKEEPER_PIPELINE", "run"},
                                               {"PLANEKEEPER_EPOCH", "3"},                 {"PLANEKEEPER_ID", "000000000000007a"},
                                               {"PLANEKEEPER_PREVIOUS_PLANE", "west"},     {"PLANEKEEPER_ACTIVE_PLANE", "east"},
                                               {"PLANEKEEPER_CLUSTER_NAME", "east-1"},     {"PLANEKEEPER_ADDRESS", "192.0.2.7"},
                                               {"PLANEKEEPER_DNS_NAME", "mgmt.example.com"}};
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(look(&rig), ERR_OK);
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        json_t *job = job_called(&rig, "switch-3");
        assert_false(is_suspended(&rig, "switch-3"));
        assert_string_equal(json_string_value(json_object_get(at(job, "metadata", "labels"), "planekeeper.io/job")), "switch");
        assert_string_equal(json_string_value(json_object_get(at(job, "metadata", "labels"), "team")), "mesh");
        assert_string_equal(json_string_value(json_object_get(at(job, "metadata", "annotations"), "planekeeper.io/stamp")),
                            "v=pk1 e=3 id=000000000000007a p=east s=" STORE);
        assert_int_equal(json_integer_value(at(job, "spec", "backoffLimit")), 3);
        assert_int_equal(json_integer_value(at(job, "spec", "activeDeadlineSeconds")), 600);
        json_t *containers = json_object_get(json_object_get(at(job, "spec", "template"), "spec"), "containers");
        json_t *env = json_object_get(json_array_get(containers, 0), "env");
        assert_int_equal(json_array_size(env), 10);
        for (size_t i = 0; i < 9; i++) {
                assert_string_equal(json_string_value(json_object_get(json_array_get(env, i), "name")), facts[i][0]);
                assert_string_equal(json_string_value(json_object_get(json_array_get(env, i), "value")), facts[i][1]);
        }
        assert_string_equal(json_string_value(json_object_get(json_array_get(env, 9), "name")), "MINE");
        assert_true(rig.visit.found.settling);
        assert_string_equal(rig.visit.found.value, "east");
        assert_null(rig.visit.found.obstacle);
        set_condition(&rig, "switch-3", "Complete", "Done", 0);
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        assert_int_equal(rig.visit.found.stamp.epoch, 3);
        assert_int_equal(rig.patches, 1);
        close_rig(&rig);
}

/* After a restart, or of another operator: the name is taken, and that Job is the one. */
static void test_a_second_operator_finds_the_first_ones_job(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        target_state_clear(&rig.visit.found);
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        assert_int_equal(json_array_size(rig.jobs), 1);
        assert_int_equal(rig.patches, 1); /* it was released once */
        set_condition(&rig, "switch-3", "Complete", "Done", 0);
        target_state_clear(&rig.visit.found);
        assert_int_equal(swap(&rig, "east", 3), ERR_OK);
        close_rig(&rig);
}

/* An operator that ended between the Job and its release leaves that to the next look. */
static void test_a_look_releases_what_was_made_before(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.patch_status = 503;
        assert_int_equal(swap(&rig, "east", 3), ERR_UNKNOWN);
        assert_true(is_suspended(&rig, "switch-3"));
        rig.patch_status = 0;
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(is_suspended(&rig, "switch-3"));
        json_object_set_new(json_object_get(job_called(&rig, "switch-3"), "spec"), "suspend", json_true());
        assert_int_equal(look(&rig), ERR_OK); /* a person suspends it, and it stays so */
        assert_true(is_suspended(&rig, "switch-3"));
        close_rig(&rig);
}

static void test_a_failure_is_told_and_nothing_is_run_again(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        set_condition(&rig, "switch-3", "Failed", "BackoffLimitExceeded", 0);
        assert_int_equal(look(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        assert_non_null(strstr(rig.visit.found.obstacle, "Job switch-3 failed (BackoffLimitExceeded: so it is)"));
        assert_non_null(strstr(rig.visit.found.obstacle, "kubectl -n ci logs job/switch-3"));
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        assert_int_equal(json_array_size(rig.jobs), 1);
        json_array_clear(rig.jobs); /* a person deletes it, to have it run again */
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.present);
        close_rig(&rig);
}

/* The late end of an older Job would undo what the newer one has done. */
static void test_an_older_job_is_ended_and_waited_for(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "west", 3), ERR_PENDING);
        set_condition(&rig, "switch-3", "Suspended", "", 1); /* it is at work */
        assert_int_equal(swap(&rig, "east", 4), ERR_PENDING);
        assert_true(is_suspended(&rig, "switch-4"));
        json_t *old = job_called(&rig, "switch-3");
        assert_int_equal(json_integer_value(at(old, "spec", "parallelism")), 0);
        assert_int_equal(json_integer_value(at(old, "spec", "activeDeadlineSeconds")), 1);
        assert_int_equal(json_integer_value(at(old, "spec", "ttlSecondsAfterFinished")), 3600);
        assert_non_null(strstr(rig.visit.found.obstacle, "switch-4 begins when switch-3 of an older epoch has ended"));
        set_condition(&rig, "switch-3", "Failed", "DeadlineExceeded", 1); /* and its Pod still ends */
        assert_int_equal(look(&rig), ERR_OK);
        assert_true(is_suspended(&rig, "switch-4"));
        set_condition(&rig, "switch-3", "Failed", "DeadlineExceeded", 0);
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(is_suspended(&rig, "switch-4"));
        assert_null(rig.visit.found.obstacle);
        assert_int_equal(rig.visit.found.stamp.epoch, 4);
        close_rig(&rig);
}

/* Its own operator was slow: the later epoch is there by the time that it would be released. */
static void a_later_epoch_comes(struct rig *rig)
{
        json_t *later = json_deep_copy(job_called(rig, "switch-3"));
        json_object_set_new(json_object_get(later, "metadata"), "name", json_string("switch-4"));
        json_object_set_new(json_object_get(json_object_get(later, "metadata"), "annotations"), "planekeeper.io/stamp",
                            json_string("v=pk1 e=4 id=0000000000000001 p=west s=" STORE));
        json_array_append_new(rig->jobs, later);
        json_t *old = job_called(rig, "switch-3"); /* as the operator of that epoch does */
        json_object_set_new(json_object_get(json_object_get(old, "metadata"), "annotations"), "planekeeper.io/superseded", json_string("4"));
        api_object_set_version(old, ++rig->version);
}

static void test_a_superseded_job_is_never_released(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.before_release = a_later_epoch_comes;
        assert_int_equal(swap(&rig, "east", 3), ERR_CONFLICT);
        assert_true(is_suspended(&rig, "switch-3"));
        close_rig(&rig);
}

static void test_a_job_that_is_made_late_never_runs(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "east", 4), ERR_PENDING);
        target_state_clear(&rig.visit.found);
        assert_int_equal(swap(&rig, "west", 3), ERR_CONFLICT); /* its operator saw nothing of epoch 4 */
        assert_true(is_suspended(&rig, "switch-3"));
        assert_int_equal(look(&rig), ERR_OK);
        assert_int_equal(rig.visit.found.stamp.epoch, 4);
        assert_int_equal(json_integer_value(at(job_called(&rig, "switch-3"), "spec", "parallelism")), 0);
        close_rig(&rig);
}

static void test_another_decision_of_the_epoch_is_a_conflict(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        target_state_clear(&rig.visit.found);
        const struct target_want want = {.value = "west", .epoch = 3, .id = 1, .plane = "west", .store = STORE};
        assert_int_equal(run(&rig, TARGET_SWAP, &want), ERR_CONFLICT);
        assert_int_equal(json_array_size(rig.jobs), 1);
        close_rig(&rig);
}

static void test_a_job_of_a_person_is_left_alone(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        json_array_append_new(rig.jobs, json_text("{'metadata': {'name': 'switch-3'}, 'spec': {}}"));
        assert_int_equal(swap(&rig, "east", 3), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "a Job switch-3 is there that the operator did not make"));
        assert_int_equal(rig.patches, 0);
        close_rig(&rig);
}

/* It would be gone, and be run again, every minute. */
static void test_a_server_that_lets_jobs_expire_is_told(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.expires = true;
        assert_int_equal(run(&rig, TARGET_ASK, NULL), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "exempt Jobs with label planekeeper.io/job"));
        assert_int_equal(swap(&rig, "east", 3), ERR_INVALID);
        assert_true(is_suspended(&rig, "switch-3"));
        close_rig(&rig);
}

static void test_rights_and_template_are_tried_without_a_change(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(run(&rig, TARGET_ASK, NULL), ERR_OK);
        assert_int_equal(rig.rehearsals, 1);
        assert_int_equal(rig.creates, 0);
        rig.denied = "patch";
        assert_int_equal(run(&rig, TARGET_ASK, NULL), ERR_DENIED);
        assert_non_null(strstr(rig.visit.why.text, "patch of jobs is not allowed; grant {apiGroups: [\"batch\"], resources: [jobs], verbs: "
                                                   "[create, list, patch]} in a Role of namespace ci"));
        rig.denied = NULL;
        rig.create_status = 422;
        assert_int_equal(run(&rig, TARGET_ASK, NULL), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "the server says no: mend job.template in spec.pipeline"));
        rig.create_status = 500;
        assert_int_equal(run(&rig, TARGET_ASK, NULL), ERR_TRANSIENT);
        close_rig(&rig);
}

static void test_refusals_have_their_classes_and_say_what_to_do(void **state)
{
        static const struct {
                int status;
                enum err err;
                const char *says;
        } rows[] = {{404, ERR_INVALID, "create its namespace"},
                    {403, ERR_DENIED, "grant create, list and patch of jobs in a Role"},
                    {422, ERR_INVALID, "mend job.template"},
                    {503, ERR_TRANSIENT, "jobs.batch ci/switch: "}};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rig rig;
                open_rig(&rig);
                rig.create_status = rows[i].status;
                assert_int_equal(swap(&rig, "east", 3), rows[i].err);
                assert_non_null(strstr(rig.visit.why.text, rows[i].says));
                rig.create_status = 0;
                rig.list_status = rows[i].status;
                assert_int_equal(look(&rig), rows[i].err);
                assert_int_equal(swap(&rig, "east", 3), ERR_UNKNOWN); /* the Job is made */
                close_rig(&rig);
        }
}

static void test_silence_ends_by_the_deadline(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.is_mute = true;
        assert_int_equal(swap(&rig, "east", 3), ERR_UNKNOWN);
        assert_int_equal(look(&rig), ERR_TRANSIENT);
        assert_int_equal(run(&rig, TARGET_ASK, NULL), ERR_TRANSIENT);
        close_rig(&rig);
}

static void test_one_that_is_being_deleted_is_waited_for(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        set_condition(&rig, "switch-3", "Complete", "Done", 0);
        json_object_set_new(json_object_get(job_called(&rig, "switch-3"), "metadata"), "deletionTimestamp", json_string("2026-11-30T00:00:00Z"));
        assert_int_equal(look(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        assert_non_null(strstr(rig.visit.found.obstacle, "is being deleted"));
        close_rig(&rig);
}

static void test_closing_ends_a_visit_silently(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.is_mute = true;
        struct target_visit visit = {.verb = TARGET_READ, .deadline = INT64_MAX};
        assert_true(target_start(rig.session, &visit, (target_done *)abort, NULL));
        fake_turn(rig.hub.loop);
        close_rig(&rig);
}

static void test_a_person_runs_it_with_kubectl(void **state)
{
        static const struct target_view jobs = {.ref = {TARGET_PIPELINE, "job", "the cluster of Secret hub/kubeconfig", "x", 0}};
        static const struct target_setting settings[] = {{"namespace", "ci"},           {"name", "switch"},    {FACT_POLICY, "planekeeper/gloo"},
                                                         {FACT_PIPELINE, "run"},        {FACT_FROM, "west"},   {FACT_TO, "east"},
                                                         {FACT_CLUSTER "west", "w-1"}, {"kubeConfig", "hub"}};
        const struct target_config config = {.settings = settings, .setting_count = 8};
        const struct by_hand_write write = {.target = &jobs, .value = "west", .plane = "west"};
        struct arena arena = {0};
        (void)state;
        const struct by_hand hand = job_driver.by_hand(&config, &write, &arena);
        assert_string_equal(hand.needs, "hub.yaml is the kubeconfig of the cluster of Secret hub/kubeconfig");
        assert_non_null(strstr(hand.move, "kubectl -n planekeeper get failoverpolicies.planekeeper.io gloo -o 'jsonpath={\"{\"}\"apiVersion\""));
        assert_non_null(strstr(hand.move, "PLANEKEEPER_PREVIOUS_PLANE='east' PLANEKEEPER_ACTIVE_PLANE='west' PLANEKEEPER_CLUSTER_NAME='w-1'"));
        assert_non_null(strstr(hand.move, "| kubectl --kubeconfig hub.yaml -n ci create -f -"));
        assert_string_equal(hand.look, "kubectl --kubeconfig hub.yaml -n ci get jobs -l planekeeper.io/by-hand=switch # wants Complete");
        char *name = job_driver.name_of(&config);
        assert_string_equal(name, "jobs.batch ci/switch");
        free(name);
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_nothing_is_there),
            cmocka_unit_test(test_a_job_is_made_and_told_the_facts),
            cmocka_unit_test(test_a_second_operator_finds_the_first_ones_job),
            cmocka_unit_test(test_a_look_releases_what_was_made_before),
            cmocka_unit_test(test_a_failure_is_told_and_nothing_is_run_again),
            cmocka_unit_test(test_an_older_job_is_ended_and_waited_for),
            cmocka_unit_test(test_a_superseded_job_is_never_released),
            cmocka_unit_test(test_a_job_that_is_made_late_never_runs),
            cmocka_unit_test(test_another_decision_of_the_epoch_is_a_conflict),
            cmocka_unit_test(test_a_job_of_a_person_is_left_alone),
            cmocka_unit_test(test_a_server_that_lets_jobs_expire_is_told),
            cmocka_unit_test(test_rights_and_template_are_tried_without_a_change),
            cmocka_unit_test(test_refusals_have_their_classes_and_say_what_to_do),
            cmocka_unit_test(test_silence_ends_by_the_deadline),
            cmocka_unit_test(test_one_that_is_being_deleted_is_waited_for),
            cmocka_unit_test(test_closing_ends_a_visit_silently),
            cmocka_unit_test(test_a_person_runs_it_with_kubectl),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
