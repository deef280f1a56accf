/* kube_fence_test.c -- a field of an object in a plane that is fenced, on a scripted API server. */
#include "kube_rig.h"

#include <stdlib.h>
#include <string.h>

#include "targets/kube/drivers.h"
#include "util/arena.h"

#define PATH "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/gloo"
#define IN_WEST(...)                                                                                                  \
        {                                                                                                              \
                {"apiVersion", "kustomize.toolkit.fluxcd.io/v1"}, {"resource", "kustomizations"},                      \
                    {"namespace", "flux-system"}, {"name", "gloo"}, {"path", "/spec/suspend"}, {"type", "Boolean"},    \
                    {"active", "false"}, {"plane", "west"}, __VA_ARGS__, {NULL, NULL}                                         \
        }

static void open_rig(struct kube_rig *rig, const char *object)
{
        static const struct target_setting settings[] = IN_WEST({"other", ""});
        kube_rig_open(rig, &fence_object_driver, PATH, object, settings, NULL, 0);
}

/* spec.suspend of a Kustomization is absent until somebody suspends it. */
static void test_an_absent_field_fences_nothing(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig, "{'metadata': {'name': 'gloo'}, 'spec': {'prune': true}}");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_true(rig.visit.found.present);
        assert_string_equal(rig.visit.found.value, "false");
        assert_int_equal(kube_rig_swap(&rig, "true", "east", 3), ERR_OK);
        assert_true(json_is_true(kube_rig_at(rig.object, "/spec/suspend")));
        assert_true(json_is_true(kube_rig_at(rig.object, "/spec/prune")));
        assert_int_equal(json_object_size(json_object_get(rig.last_patch, "spec")), 1);
        assert_string_equal(rig.visit.found.value, "true");
        kube_rig_close(&rig);
}

/* Flux leaves observedGeneration as it is once an object is suspended. */
static void test_it_waits_for_no_controller(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig, "{'metadata': {'name': 'gloo', 'generation': 7}, 'spec': {'suspend': true}, 'status': {'observedGeneration': 6}}");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_string_equal(rig.visit.found.value, "true");
        assert_false(rig.visit.found.settling);
        kube_rig_close(&rig);
}

static void test_another_manager_of_the_field_is_told_with_the_plane(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig, "{'metadata': {'name': 'gloo', 'managedFields': [{'manager': 'kustomize-controller', 'operation': 'Apply', 'fieldsV1': {'f:spec': "
                       "{'f:suspend': {}}}}]}, 'spec': {'suspend': false}}");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_non_null(rig.visit.found.doubt);
        assert_non_null(strstr(rig.visit.found.doubt, "flux-system/gloo in west"));
        kube_rig_close(&rig);
}

static void test_what_is_not_there_is_told_with_the_plane(void **state)
{
        struct kube_rig rig;
        (void)state;
        open_rig(&rig, "{'metadata': {'name': 'gloo'}}");
        rig.status = 404;
        assert_int_equal(kube_rig_read(&rig), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "flux-system/gloo in west: "));
        assert_non_null(strstr(rig.visit.why.text, "create it, the operator does not"));
        kube_rig_close(&rig);
}

static void test_a_plane_whose_cluster_is_not_known(void **state)
{
        static const struct target_setting settings[] = IN_WEST({"lacks", "ManagementPlane west has no spec.kubeConfig"});
        const struct target_config config = {.settings = settings, .setting_count = 9};
        struct target_session *session = NULL;
        struct errmsg why = {""};
        (void)state;
        assert_int_equal(fence_object_driver.open(&config, &session, &why), ERR_INVALID);
        assert_string_equal(why.text, "ManagementPlane west has no spec.kubeConfig");
}

static void test_a_person_finds_each_plane_by_its_own_kubeconfig(void **state)
{
        static const struct target_setting settings[] = IN_WEST({"kubeConfig", "x"}, {"kubeConfigFile", "west.yaml"});
        static const struct target_view target = {.ref = {TARGET_FENCE, "fence.object", "plane west", "x", 0}};
        const struct target_config config = {.settings = settings, .setting_count = 10};
        const struct by_hand_write write = {.target = &target, .value = "true"};
        struct arena arena = {0};
        (void)state;
        const struct by_hand hand = fence_object_driver.by_hand(&config, &write, &arena);
        assert_string_equal(hand.needs, "west.yaml is the kubeconfig of plane west");
        assert_string_equal(hand.move, "kubectl --kubeconfig west.yaml -n flux-system patch kustomizations.kustomize.toolkit.fluxcd.io gloo --type merge -p "
                                       "'{\"spec\":{\"suspend\":true}}'");
        char *name = fence_object_driver.name_of(&config);
        assert_string_equal(name, "kustomizations.kustomize.toolkit.fluxcd.io flux-system/gloo in west /spec/suspend");
        free(name);
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_an_absent_field_fences_nothing),
            cmocka_unit_test(test_it_waits_for_no_controller),
            cmocka_unit_test(test_another_manager_of_the_field_is_told_with_the_plane),
            cmocka_unit_test(test_what_is_not_there_is_told_with_the_plane),
            cmocka_unit_test(test_a_plane_whose_cluster_is_not_known),
            cmocka_unit_test(test_a_person_finds_each_plane_by_its_own_kubeconfig),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
