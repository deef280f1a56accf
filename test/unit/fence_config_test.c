/* fence_config_test.c -- the targets of spec.fence: one in each plane, in the cluster that its ManagementPlane names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"
#include "reconcile/fence_config.h"
#include "reconcile/plane.h"

#define WITH_KUBECONFIG "'kubeConfig': {'secretRef': {'name': 'far', 'key': 'k'}}"
#define ADDRESS         "'server': {'address': '192.0.2.1', 'port': 9900}"

struct scene {
        struct policy policy;
        struct plane planes[2];
        struct policy_plane named[2];
        struct arena arena;
        struct wanted_target wanted[TARGETS_MAX];
        unsigned count;
};

static void open_scene(struct scene *scene, const char *west, const char *east)
{
        static char *const names[] = {"west", "east"};
        const char *const specs[] = {west, east};
        struct errmsg why = {""};
        *scene = (struct scene){.policy = {.plane_count = 2}};
        scene->policy.planes = scene->named;
        json_t *object = json_text("{'metadata': {'namespace': 'mesh', 'name': 'gloo'}, 'spec': {'mode': 'Automatic', 'planes': ['west', 'east'], "
                                   "'dns': {'name': 'a.b', 'rfc2136': {}}, 'fence': [{'name': 'f', 'object': {'apiVersion': 'batch/v1', 'resource': "
                                   "'cronjobs', 'namespace': 'ns', 'name': 'sync', 'path': '/spec/suspend', 'active': false, 'standby': true}}]}}");
        assert_int_equal(failover_policy_decode(object, &scene->policy.spec, &why), ERR_OK);
        json_decref(object);
        for (size_t i = 0; i < 2; i++) {
                scene->planes[i].name = names[i];
                scene->policy.planes[i].plane = &scene->planes[i];
                if (!specs[i])
                        continue;
                object = json_text("{'metadata': {'namespace': 'mesh', 'name': '%s'}, 'spec': {%s}}", names[i], specs[i]);
                assert_int_equal(management_plane_decode(object, &scene->planes[i].spec, &why), ERR_OK);
                json_decref(object);
        }
        scene->count = fence_config_wanted(&scene->policy, &scene->arena, scene->wanted);
}

static void close_scene(struct scene *scene)
{
        for (size_t i = 0; i < 2; i++)
                management_plane_free(scene->planes[i].spec);
        failover_policy_free(scene->policy.spec);
        arena_deinit(&scene->arena);
}

static const char *setting(struct scene *scene, unsigned place, const char *key)
{
        struct target_config config = {0};
        fence_config_settings(&scene->policy, &scene->wanted[place].ref, &scene->arena, &config);
        const char *value = target_setting_find(&config, key);
        return value ? value : "";
}

static void test_it_is_open_in_its_own_plane_alone(void **state)
{
        struct scene scene;
        (void)state;
        open_scene(&scene, WITH_KUBECONFIG, WITH_KUBECONFIG);
        assert_int_equal(scene.count, 2);
        for (unsigned i = 0; i < 2; i++) {
                const struct wanted_target *wanted = &scene.wanted[i];
                assert_int_equal(wanted->ref.kind, TARGET_FENCE);
                assert_string_equal(wanted->plane, scene.planes[i].name);
                assert_int_equal(wanted->value_count, 2);
                for (unsigned j = 0; j < 2; j++) {
                        assert_string_equal(wanted->values[j].plane, scene.planes[j].name);
                        assert_string_equal(wanted->values[j].value, i == j ? "false" : "true");
                }
                assert_string_equal(setting(&scene, i, "active"), "false");
        }
        assert_string_equal(scene.wanted[0].ref.name, "cronjobs.batch ns/sync in west /spec/suspend");
        assert_string_equal(scene.wanted[1].ref.endpoint, "plane east");
        close_scene(&scene);
}

static void test_its_cluster_is_that_of_the_plane(void **state)
{
        struct scene scene;
        struct target_secret secrets[TARGET_SECRETS_MAX];
        (void)state;
        open_scene(&scene, WITH_KUBECONFIG, "'region': 'here'");
        assert_int_equal(fence_config_secrets(&scene.policy, &scene.wanted[0].ref, &scene.arena, secrets), 1);
        assert_string_equal(secrets[0].secret, "far");
        assert_string_equal(secrets[0].keys[0].key, "k");
        assert_string_equal(secrets[0].keys[0].as, "kubeconfig");
        assert_string_equal(setting(&scene, 0, "kubeConfigFile"), "west.yaml");
        /* This one is in the operator's own cluster. */
        assert_int_equal(fence_config_secrets(&scene.policy, &scene.wanted[1].ref, &scene.arena, secrets), 0);
        assert_string_equal(setting(&scene, 1, "kubeConfig"), "");
        assert_string_equal(setting(&scene, 1, "lacks"), "");
        close_scene(&scene);
}

/* A plane of which only an address is known may be anywhere: the object of that name here is another one. */
static void test_a_cluster_that_is_not_known_is_not_the_operators_own(void **state)
{
        struct scene scene;
        (void)state;
        open_scene(&scene, ADDRESS, NULL);
        assert_non_null(strstr(setting(&scene, 0, "lacks"), "ManagementPlane west has no spec.kubeConfig"));
        assert_non_null(strstr(setting(&scene, 1, "lacks"), "ManagementPlane east is not there"));
        close_scene(&scene);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_it_is_open_in_its_own_plane_alone),
            cmocka_unit_test(test_its_cluster_is_that_of_the_plane),
            cmocka_unit_test(test_a_cluster_that_is_not_known_is_not_the_operators_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
