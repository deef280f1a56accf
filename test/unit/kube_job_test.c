/* kube_job_test.c -- Jobs that follow a switch, on a scripted API server that keeps them as a real one does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_object.h"
#include "jobs_rig.h"
#include "json_text.h"
#include "targets/fence.h"
#include "targets/kube/drivers.h"
#include "targets/kube/facts.h"

static void test_nothing_is_there(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_false(rig.visit.found.present);
        assert_string_equal(rig.visit.found.value, "");
        jobs_rig_close(&rig);
}

static void test_a_job_is_made_and_told_the_facts(void **state)
{
        static const char *const facts[][2] = {{"PLANEKEEPER_POLICY", "planekeeper/gloo"}, {"PLANEKEEPER_PIPELINE", "run"},
                                               {"PLANEKEEPER_EPOCH", "3"},                 {"PLANEKEEPER_ID", "000000000000007a"},
                                               {"PLANEKEEPER_PREVIOUS_PLANE", "west"},     {"PLANEKEEPER_ACTIVE_PLANE", "east"},
                                               {"PLANEKEEPER_CLUSTER_NAME", "east-1"},     {"PLANEKEEPER_ADDRESS", "192.0.2.7"},
                                               {"PLANEKEEPER_DNS_NAME", "mgmt.example.com"}};
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        json_t *job = jobs_rig_job(&rig, "switch-3");
        assert_false(jobs_rig_is_suspended(&rig, "switch-3"));
        assert_string_equal(json_string_value(json_object_get(jobs_rig_at(job, "metadata", "labels"), "planekeeper.io/job")), "switch");
        assert_string_equal(json_string_value(json_object_get(jobs_rig_at(job, "metadata", "labels"), "team")), "mesh");
        assert_string_equal(json_string_value(json_object_get(jobs_rig_at(job, "metadata", "annotations"), "planekeeper.io/stamp")),
                            "v=pk1 e=3 id=000000000000007a p=east s=" JOBS_RIG_STORE);
        assert_int_equal(json_integer_value(jobs_rig_at(job, "spec", "backoffLimit")), 3);
        assert_int_equal(json_integer_value(jobs_rig_at(job, "spec", "activeDeadlineSeconds")), 600);
        json_t *containers = json_object_get(json_object_get(jobs_rig_at(job, "spec", "template"), "spec"), "containers");
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
        jobs_rig_set(&rig, "switch-3", "Complete", "Done", 0);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        assert_int_equal(rig.visit.found.stamp.epoch, 3);
        assert_int_equal(rig.patches, 1);
        jobs_rig_close(&rig);
}

/* After a restart, or of another operator: the name is taken, and that Job is the one. */
static void test_a_second_operator_finds_the_first_ones_job(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        target_state_clear(&rig.visit.found);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        assert_int_equal(json_array_size(rig.jobs), 1);
        assert_int_equal(rig.patches, 1); /* it was released once */
        jobs_rig_set(&rig, "switch-3", "Complete", "Done", 0);
        target_state_clear(&rig.visit.found);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_OK);
        jobs_rig_close(&rig);
}

/* An operator that ended between the Job and its release leaves that to the next look. */
static void test_a_look_releases_what_was_made_before(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        rig.patch_status = 503;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_UNKNOWN);
        assert_true(jobs_rig_is_suspended(&rig, "switch-3"));
        rig.patch_status = 0;
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_false(jobs_rig_is_suspended(&rig, "switch-3"));
        json_object_set_new(json_object_get(jobs_rig_job(&rig, "switch-3"), "spec"), "suspend", json_true());
        assert_int_equal(jobs_rig_look(&rig), ERR_OK); /* a person suspends it, and it stays so */
        assert_true(jobs_rig_is_suspended(&rig, "switch-3"));
        jobs_rig_close(&rig);
}

static void test_a_failure_is_told_and_nothing_is_run_again(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        jobs_rig_set(&rig, "switch-3", "Failed", "BackoffLimitExceeded", 0);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        assert_non_null(strstr(rig.visit.found.obstacle, "Job switch-3 failed (BackoffLimitExceeded: so it is)"));
        assert_non_null(strstr(rig.visit.found.obstacle, "kubectl -n ci logs job/switch-3"));
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        assert_int_equal(json_array_size(rig.jobs), 1);
        json_array_clear(rig.jobs); /* a person deletes it, to have it run again */
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_false(rig.visit.found.present);
        jobs_rig_close(&rig);
}

/* The late end of an older Job would undo what the newer one has done. */
static void test_an_older_job_is_ended_and_waited_for(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_swap(&rig, "west", 3), ERR_PENDING);
        jobs_rig_set(&rig, "switch-3", "Suspended", "", 1); /* it is at work */
        assert_int_equal(jobs_rig_swap(&rig, "east", 4), ERR_PENDING);
        assert_true(jobs_rig_is_suspended(&rig, "switch-4"));
        json_t *old = jobs_rig_job(&rig, "switch-3");
        assert_int_equal(json_integer_value(jobs_rig_at(old, "spec", "parallelism")), 0);
        assert_int_equal(json_integer_value(jobs_rig_at(old, "spec", "activeDeadlineSeconds")), 1);
        assert_int_equal(json_integer_value(jobs_rig_at(old, "spec", "ttlSecondsAfterFinished")), 3600);
        assert_non_null(strstr(rig.visit.found.obstacle, "switch-4 begins when switch-3 of an older epoch has ended"));
        jobs_rig_set(&rig, "switch-3", "Failed", "DeadlineExceeded", 1); /* and its Pod still ends */
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_true(jobs_rig_is_suspended(&rig, "switch-4"));
        jobs_rig_set(&rig, "switch-3", "Failed", "DeadlineExceeded", 0);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_false(jobs_rig_is_suspended(&rig, "switch-4"));
        assert_null(rig.visit.found.obstacle);
        assert_int_equal(rig.visit.found.stamp.epoch, 4);
        jobs_rig_close(&rig);
}

/* Its own operator was slow: the later epoch is there by the time that it would be released. */
static void a_later_epoch_comes(struct jobs_rig *rig)
{
        json_t *later = json_deep_copy(jobs_rig_job(rig, "switch-3"));
        json_object_set_new(json_object_get(later, "metadata"), "name", json_string("switch-4"));
        json_object_set_new(json_object_get(json_object_get(later, "metadata"), "annotations"), "planekeeper.io/stamp",
                            json_string("v=pk1 e=4 id=0000000000000001 p=west s=" JOBS_RIG_STORE));
        json_array_append_new(rig->jobs, later);
        json_t *old = jobs_rig_job(rig, "switch-3"); /* as the operator of that epoch does */
        json_object_set_new(json_object_get(json_object_get(old, "metadata"), "annotations"), "planekeeper.io/superseded", json_string("4"));
        api_object_set_version(old, ++rig->version);
}

static void test_a_superseded_job_is_never_released(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        rig.before_release = a_later_epoch_comes;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_CONFLICT);
        assert_true(jobs_rig_is_suspended(&rig, "switch-3"));
        jobs_rig_close(&rig);
}

static void test_a_job_that_is_made_late_never_runs(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_swap(&rig, "east", 4), ERR_PENDING);
        target_state_clear(&rig.visit.found);
        assert_int_equal(jobs_rig_swap(&rig, "west", 3), ERR_CONFLICT); /* its operator saw nothing of epoch 4 */
        assert_true(jobs_rig_is_suspended(&rig, "switch-3"));
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_int_equal(rig.visit.found.stamp.epoch, 4);
        assert_int_equal(json_integer_value(jobs_rig_at(jobs_rig_job(&rig, "switch-3"), "spec", "parallelism")), 0);
        jobs_rig_close(&rig);
}

static void test_another_decision_of_the_epoch_is_a_conflict(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        target_state_clear(&rig.visit.found);
        const struct target_want want = {.value = "west", .epoch = 3, .id = 1, .plane = "west", .store = JOBS_RIG_STORE};
        assert_int_equal(jobs_rig_run(&rig, TARGET_SWAP, &want), ERR_CONFLICT);
        assert_int_equal(json_array_size(rig.jobs), 1);
        jobs_rig_close(&rig);
}

static void test_a_job_of_a_person_is_left_alone(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        json_array_append_new(rig.jobs, json_text("{'metadata': {'name': 'switch-3'}, 'spec': {}}"));
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "a Job switch-3 is there that the operator did not make"));
        assert_int_equal(rig.patches, 0);
        jobs_rig_close(&rig);
}

/* It would be gone, and be run again, every minute. */
static void test_a_server_that_lets_jobs_expire_is_told(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        rig.expires = true;
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "exempt Jobs with label planekeeper.io/job"));
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_INVALID);
        assert_true(jobs_rig_is_suspended(&rig, "switch-3"));
        jobs_rig_close(&rig);
}

static void test_rights_and_template_are_tried_without_a_change(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_OK);
        assert_int_equal(rig.rehearsals, 1);
        assert_int_equal(rig.creates, 0);
        rig.denied = "patch";
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_DENIED);
        assert_non_null(strstr(rig.visit.why.text, "patch of jobs is not allowed; grant {apiGroups: [\"batch\"], resources: [jobs], verbs: "
                                                   "[create, list, patch]} in a Role of namespace ci"));
        rig.denied = NULL;
        rig.create_status = 422;
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "the server says no: mend job.template in spec.pipeline"));
        rig.create_status = 500;
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_TRANSIENT);
        jobs_rig_close(&rig);
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
                struct jobs_rig rig;
                jobs_rig_open(&rig, &job_driver, NULL);
                rig.create_status = rows[i].status;
                assert_int_equal(jobs_rig_swap(&rig, "east", 3), rows[i].err);
                assert_non_null(strstr(rig.visit.why.text, rows[i].says));
                rig.create_status = 0;
                rig.list_status = rows[i].status;
                assert_int_equal(jobs_rig_look(&rig), rows[i].err);
                assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_UNKNOWN); /* the Job is made */
                jobs_rig_close(&rig);
        }
}

static void test_silence_ends_by_the_deadline(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        rig.is_mute = true;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_UNKNOWN);
        assert_int_equal(jobs_rig_look(&rig), ERR_TRANSIENT);
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_TRANSIENT);
        jobs_rig_close(&rig);
}

static void test_one_that_is_being_deleted_is_waited_for(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        jobs_rig_set(&rig, "switch-3", "Complete", "Done", 0);
        json_object_set_new(json_object_get(jobs_rig_job(&rig, "switch-3"), "metadata"), "deletionTimestamp", json_string("2026-11-30T00:00:00Z"));
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        assert_non_null(strstr(rig.visit.found.obstacle, "is being deleted"));
        jobs_rig_close(&rig);
}

static void test_closing_ends_a_visit_silently(void **state)
{
        struct jobs_rig rig;
        (void)state;
        jobs_rig_open(&rig, &job_driver, NULL);
        rig.is_mute = true;
        struct target_visit visit = {.verb = TARGET_READ, .deadline = INT64_MAX};
        assert_true(target_start(rig.session, &visit, (target_done *)abort, NULL));
        fake_turn(rig.hub.loop);
        jobs_rig_close(&rig);
}

static void test_a_person_runs_it_with_kubectl(void **state)
{
        static const struct target_view jobs = {.ref = {TARGET_PIPELINE, "job", "the cluster of Secret hub/kubeconfig", "x", 0}};
        static const struct target_setting settings[] = {{"namespace", "ci"},           {"name", "switch"},    {FACT_POLICY, "planekeeper/gloo"},
                                                         {FACT_PIPELINE, "run"},        {FACT_FROM, "west"},   {FACT_TO, "east"},
                                                         {FACT_CLUSTER "west", "w-1"}, {"kubeConfig", "the cluster of Secret hub/kubeconfig"}};
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
