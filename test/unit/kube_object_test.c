/* kube_object_test.c -- a field of an object as a fenced register, on a scripted API server. */
#include "kube_rig.h"

#include <stdlib.h>
#include <string.h>

#include "targets/kube/drivers.h"
#include "util/arena.h"
#include "util/text.h"

#define PATH "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/gloo"
#define APPLICATION                                                                                                    \
        "{'apiVersion': 'argoproj.io/v1alpha1', 'metadata': {'name': 'gloo', 'labels': {'team': 'mesh'}},"            \
        " 'spec': {'destination': {'name': 'west', 'namespace': 'gloo'}, 'sources': [{'a': 1}]}}"

#define SETTINGS(path, type)                                                                                           \
        {                                                                                                              \
                {"apiVersion", "argoproj.io/v1alpha1"}, {"resource", "applications"}, {"namespace", "argocd"},         \
                    {"name", "gloo"}, {"path", path}, {"type", type}, {NULL, NULL}                                     \
        }

static void open_field(struct kube_rig *rig, const char *object, const char *path, const char *type)
{
        const struct target_setting settings[] = SETTINGS(path, type);
        kube_rig_open(rig, &object_driver, PATH, object, settings, NULL, 0);
}

static struct kube_rig *open_rig(struct kube_rig *rig)
{
        open_field(rig, APPLICATION, "/spec/destination/name", "String");
        return rig;
}

static const char *value_at(const struct kube_rig *rig, const char *pointer)
{
        return json_string_value(kube_rig_at(rig->object, pointer));
}

static void test_a_look_shows_the_field(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_true(rig.visit.found.present);
        assert_string_equal(rig.visit.found.value, "west");
        assert_int_equal(rig.visit.found.stamp.presence, STAMP_ABSENT);
        assert_null(rig.visit.found.doubt);
        assert_false(rig.visit.found.settling);
        kube_rig_close(&rig);
}

/* One request, which names the version that was seen, the field and the stamp, and nothing else. */
static void test_a_swap_touches_the_field_and_the_stamp_alone(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), ERR_OK);
        assert_int_equal(rig.gets, 1);
        assert_int_equal(rig.patches, 1);
        assert_int_equal(json_object_size(rig.last_patch), 2);
        assert_int_equal(json_object_size(json_object_get(rig.last_patch, "metadata")), 2);
        assert_int_equal(json_object_size(json_object_get(rig.last_patch, "spec")), 1);
        assert_string_equal(json_string_value(kube_rig_at(rig.last_patch, "/metadata/resourceVersion")), "1");
        assert_string_equal(value_at(&rig, "/spec/destination/name"), "central");
        assert_string_equal(value_at(&rig, "/spec/destination/namespace"), "gloo");
        assert_string_equal(value_at(&rig, "/metadata/annotations/planekeeper.io~1stamp"),
                            "v=pk1 e=3 id=000000000000007a p=central s=" KUBE_RIG_STORE);
        assert_string_equal(rig.visit.found.value, "central");
        assert_int_equal(rig.visit.found.stamp.epoch, 3);
        kube_rig_close(&rig);
}

static void somebody_sets_a_status(struct kube_rig *rig)
{
        json_object_set_new(rig->object, "status", json_pack("{s:s}", "sync", "Synced"));
        kube_rig_changed(rig);
}

static void somebody_sets_the_field(struct kube_rig *rig)
{
        json_object_set_new(json_object_get(json_object_get(rig->object, "spec"), "destination"), "name", json_string("mine"));
        kube_rig_changed(rig);
}

static void test_a_status_written_meanwhile_costs_a_second_try(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        rig.before_patch = somebody_sets_a_status;
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), ERR_OK);
        assert_int_equal(rig.patches, 2);
        assert_string_equal(value_at(&rig, "/spec/destination/name"), "central");
        kube_rig_close(&rig);
}

static void test_a_field_written_meanwhile_is_not_overwritten(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        rig.before_patch = somebody_sets_the_field;
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), ERR_CONFLICT);
        assert_int_equal(rig.patches, 1);
        assert_string_equal(value_at(&rig, "/spec/destination/name"), "mine");
        assert_null(value_at(&rig, "/metadata/annotations/planekeeper.io~1stamp"));
        kube_rig_close(&rig);
}

/* Another operator decided the same epoch, or a later one: its stamp is another one, and the value may be the same. */
static void test_a_stamp_written_meanwhile_is_not_overwritten(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, "west", "west", 4), ERR_OK);
        target_state_clear(&rig.visit.found);
        rig.visit.found = (struct target_state){.present = true, .value = strdup("west"), .version = strdup("1")};
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), ERR_CONFLICT);
        assert_string_equal(value_at(&rig, "/spec/destination/name"), "west");
        kube_rig_close(&rig);
}

static void test_what_is_older_is_not_sent(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 4), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, "west", "west", 3), ERR_CONFLICT);
        assert_int_equal(rig.patches, 1);
        kube_rig_close(&rig);
}

static void something_puts_it_back(struct kube_rig *rig)
{
        somebody_sets_the_field(rig);
}

/* A webhook on the way: the answer is not what was asked for. */
static void test_an_answer_with_something_else_is_a_conflict(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        rig.after_patch = something_puts_it_back;
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), ERR_CONFLICT);
        kube_rig_close(&rig);
}

static void test_refusals_have_their_classes_and_say_what_to_do(void **state)
{
        static const struct {
                int status;
                enum err err;
                const char *says;
        } rows[] = {{404, ERR_INVALID, "create it, the operator does not"},
                    {403, ERR_DENIED, "grant get and patch of it in a Role"},
                    {422, ERR_INVALID, "the server says no"},
                    {503, ERR_TRANSIENT, "applications.argoproj.io argocd/gloo: "}};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct kube_rig rig;
                open_rig(&rig);
                rig.status = rows[i].status;
                assert_int_equal(kube_rig_read(&rig), rows[i].err);
                assert_non_null(strstr(rig.visit.why.text, rows[i].says));
                rig.status = 0;
                assert_int_equal(kube_rig_read(&rig), ERR_OK);
                rig.patch_status = rows[i].status;
                assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), rows[i].err);
                assert_int_equal(rig.patches, 1);
                kube_rig_close(&rig);
        }
}

/* A write without an answer may be applied later: read again before anything else. */
static void test_silence_ends_by_the_deadline(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        rig.is_mute = true;
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), ERR_UNKNOWN);
        assert_int_equal(kube_rig_read(&rig), ERR_TRANSIENT);
        kube_rig_close(&rig);
}

/* Conflicts that never end are somebody's fight over the object. */
static void test_conflicts_are_tried_a_few_times(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        rig.patch_status = 409;
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 3), ERR_CONFLICT);
        assert_int_equal(rig.patches, 4);
        kube_rig_close(&rig);
}

static void test_fields_have_types(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_field(&rig, APPLICATION, "/spec/suspend", "Boolean");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_false(rig.visit.found.present);
        assert_int_equal(kube_rig_swap(&rig, "maybe", "west", 1), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "\"maybe\" is not true or false"));
        assert_int_equal(rig.patches, 0);
        assert_int_equal(kube_rig_swap(&rig, "true", "west", 1), ERR_OK);
        assert_true(json_is_true(kube_rig_at(rig.object, "/spec/suspend")));
        kube_rig_close(&rig);
        open_field(&rig, APPLICATION, "/spec/replicas", "Integer");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, "03", "west", 1), ERR_INVALID);
        assert_int_equal(kube_rig_swap(&rig, "3", "west", 1), ERR_OK);
        assert_int_equal(json_integer_value(kube_rig_at(rig.object, "/spec/replicas")), 3);
        assert_string_equal(rig.visit.found.value, "3");
        kube_rig_close(&rig);
}

/* A merge patch would replace the list as a whole. */
static void test_a_field_below_a_list_is_refused(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_field(&rig, APPLICATION, "/spec/sources/0/a", "String");
        assert_int_equal(kube_rig_read(&rig), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "leads through something that is not an object"));
        kube_rig_close(&rig);
}

static void test_a_stamp_of_another_owner_is_left_alone(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_field(&rig,
                   "{'metadata': {'name': 'gloo', 'annotations': {'planekeeper.io/stamp': 'v=pk1 e=9 id=0000000000000001 p=a s=k8s/other/ns/x'}},"
                   " 'spec': {'destination': {'name': 'west'}}}",
                   "/spec/destination/name", "String");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 10), ERR_INVALID);
        assert_int_equal(rig.patches, 0);
        kube_rig_close(&rig);
}

static void test_an_older_generation_is_not_there_yet(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_field(&rig, "{'metadata': {'name': 'gloo', 'generation': 2}, 'spec': {'x': 'west'}, 'status': {'observedGeneration': 1}}", "/spec/x",
                   "String");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 1), ERR_PENDING);
        json_object_set_new(json_object_get(rig.object, "status"), "observedGeneration", json_integer(2));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        kube_rig_close(&rig);
}

#define OWNED(manager, operation)                                                                                      \
        "{'metadata': {'name': 'gloo', 'managedFields': [{'manager': '" manager "', 'operation': '" operation          \
        "', 'fieldsV1': {'f:spec': {'f:destination': {'f:name': {}}}}}]}, 'spec': {'destination': {'name': 'west'}}}"

static void test_another_manager_of_the_field_is_told(void **state)
{
        static const struct {
                const char *object, *says; /* NULL: nothing */
        } rows[] = {{OWNED("argocd-controller", "Update"), "RespectIgnoreDifferences=true"},
                    {OWNED("kustomize-controller", "Apply"), "spec.ignore of the Kustomization"},
                    {OWNED("somebody", "Apply"), "let it not apply the field"},
                    {OWNED("kubectl-edit", "Update"), NULL},
                    {OWNED("planekeeper", "Apply"), NULL}};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct kube_rig rig;
                open_field(&rig, rows[i].object, "/spec/destination/name", "String");
                assert_int_equal(kube_rig_read(&rig), ERR_OK);
                if (rows[i].says)
                        assert_non_null(strstr(rig.visit.found.doubt, rows[i].says));
                else
                        assert_null(rig.visit.found.doubt);
                kube_rig_close(&rig);
                open_field(&rig, rows[i].object, "/spec/destination/server", "String"); /* another field */
                assert_int_equal(kube_rig_read(&rig), ERR_OK);
                assert_null(rig.visit.found.doubt);
                kube_rig_close(&rig);
        }
}

static void test_rights_are_asked_about_without_a_change(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(kube_rig_ask(&rig), ERR_OK);
        rig.denied = "patch";
        assert_int_equal(kube_rig_ask(&rig), ERR_DENIED);
        assert_non_null(strstr(rig.visit.why.text, "patch of applications is not allowed; grant {apiGroups: [\"argoproj.io\"], resources: "
                                                   "[applications], resourceNames: [gloo], verbs: [get, patch]} in a Role of namespace argocd"));
        rig.denied = "get";
        assert_int_equal(kube_rig_ask(&rig), ERR_DENIED);
        rig.is_mute = true;
        assert_int_equal(kube_rig_ask(&rig), ERR_TRANSIENT);
        assert_int_equal(rig.patches, 0);
        kube_rig_close(&rig);
}

static void test_closing_ends_a_visit_silently(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig);
        rig.is_mute = true;
        struct target_visit visit = {.verb = TARGET_READ, .deadline = INT64_MAX};
        assert_true(target_start(rig.session, &visit, (target_done *)abort, NULL));
        fake_turn(rig.hub.loop);
        kube_rig_close(&rig);
}

static const struct target_view of_field = {.ref = {TARGET_PIPELINE, "object", "the cluster of Secret hub/kubeconfig", "x", 0}};

static void test_a_person_moves_it_with_kubectl(void **state)
{
        static const struct target_setting settings[] = SETTINGS("/metadata/labels/example.com~1active", "String");
        const struct target_config config = {.settings = settings, .setting_count = 6};
        const struct by_hand_write write = {.target = &of_field, .value = "it's"};
        struct arena arena = {0};
        (void)state;
        const struct by_hand hand = object_driver.by_hand(&config, &write, &arena);
        assert_null(hand.needs);
        assert_string_equal(hand.move, "kubectl -n argocd patch applications.argoproj.io gloo --type merge -p "
                                       "'{\"metadata\":{\"labels\":{\"example.com/active\":\"it'\\''s\"}}}'");
        assert_string_equal(hand.look, "kubectl -n argocd get applications.argoproj.io gloo -o "
                                       "'jsonpath={.metadata.labels.example\\.com/active}' # wants it's");
        arena_deinit(&arena);
}

static void test_in_another_cluster_by_its_kubeconfig(void **state)
{
        static const struct target_setting settings[] = {{"apiVersion", "v1"}, {"resource", "configmaps"}, {"name", "a"},
                                                         {"path", "/data/x"},  {"kubeConfig", "hub"}};
        const struct target_config config = {.settings = settings, .setting_count = 5};
        const struct by_hand_write write = {.target = &of_field, .value = "b"};
        struct arena arena = {0};
        (void)state;
        const struct by_hand hand = object_driver.by_hand(&config, &write, &arena);
        assert_string_equal(hand.needs, "hub.yaml is the kubeconfig of the cluster of Secret hub/kubeconfig");
        assert_non_null(strstr(hand.move, "kubectl --kubeconfig hub.yaml patch configmaps a --type merge"));
        char *name = object_driver.name_of(&config);
        assert_string_equal(name, "configmaps a /data/x");
        free(name);
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_look_shows_the_field),
            cmocka_unit_test(test_a_swap_touches_the_field_and_the_stamp_alone),
            cmocka_unit_test(test_a_status_written_meanwhile_costs_a_second_try),
            cmocka_unit_test(test_a_field_written_meanwhile_is_not_overwritten),
            cmocka_unit_test(test_a_stamp_written_meanwhile_is_not_overwritten),
            cmocka_unit_test(test_what_is_older_is_not_sent),
            cmocka_unit_test(test_an_answer_with_something_else_is_a_conflict),
            cmocka_unit_test(test_refusals_have_their_classes_and_say_what_to_do),
            cmocka_unit_test(test_silence_ends_by_the_deadline),
            cmocka_unit_test(test_conflicts_are_tried_a_few_times),
            cmocka_unit_test(test_fields_have_types),
            cmocka_unit_test(test_a_field_below_a_list_is_refused),
            cmocka_unit_test(test_a_stamp_of_another_owner_is_left_alone),
            cmocka_unit_test(test_an_older_generation_is_not_there_yet),
            cmocka_unit_test(test_another_manager_of_the_field_is_told),
            cmocka_unit_test(test_rights_are_asked_about_without_a_change),
            cmocka_unit_test(test_closing_ends_a_visit_silently),
            cmocka_unit_test(test_a_person_moves_it_with_kubectl),
            cmocka_unit_test(test_in_another_cluster_by_its_kubeconfig),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
