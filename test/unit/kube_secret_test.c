/* kube_secret_test.c -- the Secrets of Argo CD and Flux as fenced registers, and the controllers that have to act on them. */
#include "kube_rig.h"

#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "targets/kube/drivers.h"
#include "targets/kube/object.h"
#include "util/arena.h"
#include "util/text.h"

#define CLUSTER_PATH "/api/v1/namespaces/argocd/secrets/mgmt"
#define APPLICATIONS "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
/* name: gloo, server: https://w, config: {} */
#define CLUSTER                                                                                                        \
        "{'metadata': {'name': 'mgmt', 'labels': {'argocd.argoproj.io/secret-type': 'cluster'}},"                      \
        " 'data': {'name': 'Z2xvbw==', 'server': 'aHR0cHM6Ly93', 'config': 'e30=', 'more': 'eA=='}}"
#define APPLICATION(name, to, more)                                                                                    \
        "{'metadata': {'name': '" name "'}, 'spec': {'destination': {'name': '" to "'}}, 'status': {'sync': {'status': 'Synced'}}" more "}"

static struct secret text(const char *value)
{
        struct secret secret = {0};
        secret_set(&secret, value, strlen(value));
        return secret;
}

/* What the Secrets of two planes hold. */
struct material {
        struct target_credential list[4];
        size_t count;
};

static struct material argo(void)
{
        return (struct material){.list = {{"west/server", text("https://w")},
                                          {"west/config", text("{}")},
                                          {"central/server", text("https://c")},
                                          {"central/config", text("{\"bearerToken\":\"hunter2\"}")}},
                                 .count = 4};
}

static void clear(struct material *material)
{
        for (size_t i = 0; i < material->count; i++)
                secret_clear(&material->list[i].value);
}

static const struct target_setting argo_settings[] = {{"namespace", "argocd"}, {"name", "mgmt"}, {"secret of central", "ns argo-central "}, {NULL, NULL}};

static char *value_of(const struct target_driver *driver, const struct material *material, const struct target_setting *settings, const char *plane)
{
        const struct target_config config = {
            .settings = settings, .setting_count = 2, .credentials = material->list, .credential_count = material->count};
        return driver->value_of(&config, plane);
}

static void open_argo(struct kube_rig *rig, const struct material *material, const char *followers)
{
        kube_rig_open(rig, &argocd_cluster_secret_driver, CLUSTER_PATH, CLUSTER, argo_settings, material->list, material->count);
        rig->follow_path = APPLICATIONS;
        rig->followers = json_text("{'items': [%s]}", followers);
}

static const json_t *follower(const struct kube_rig *rig, size_t i)
{
        return json_array_get(json_object_get(rig->followers, "items"), i);
}

static void test_the_value_tells_the_server_and_no_secret(void **state)
{
        struct material material = argo();
        (void)state;
        char *west = value_of(&argocd_cluster_secret_driver, &material, argo_settings, "west");
        char *central = value_of(&argocd_cluster_secret_driver, &material, argo_settings, "central");
        assert_int_equal(strncmp(central, "https://c #", 11), 0);
        assert_int_equal(strlen(central), 11 + 12);
        assert_null(strstr(central, "hunter2"));
        assert_string_not_equal(west + 9, central + 9);
        secret_clear(&material.list[3].value);
        material.list[3].value = text("{\"bearerToken\":\"hunter3\"}"); /* rotated: another value */
        char *rotated = value_of(&argocd_cluster_secret_driver, &material, argo_settings, "central");
        assert_string_not_equal(central, rotated);
        assert_null(value_of(&argocd_cluster_secret_driver, &material, argo_settings, "north"));
        struct kube_rig rig;
        open_argo(&rig, &material, "");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_string_equal(rig.visit.found.value, west); /* the same of the target */
        kube_rig_close(&rig);
        free(west);
        free(central);
        free(rotated);
        clear(&material);
}

static void test_a_swap_copies_two_entries_and_asks_the_applications(void **state)
{
        struct material material = argo();
        struct kube_rig rig;
        (void)state;
        char *central = value_of(&argocd_cluster_secret_driver, &material, argo_settings, "central");
        open_argo(&rig, &material, APPLICATION("a", "gloo", "") ", " APPLICATION("b", "other", "") ", " APPLICATION("c", "gloo", ""));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(rig.asked, 0); /* the Secret has no ownership record yet: nobody is asked for anything */
        assert_int_equal(kube_rig_swap(&rig, central, "central", 3), ERR_PENDING);
        assert_int_equal(rig.patches, 1);
        assert_int_equal(json_object_size(json_object_get(rig.last_patch, "data")), 2);
        assert_string_equal(json_string_value(kube_rig_at(rig.object, "/data/server")), "aHR0cHM6Ly9j");
        assert_string_equal(json_string_value(kube_rig_at(rig.object, "/data/more")), "eA==");
        assert_int_equal(rig.asked, 2);
        for (size_t i = 0; i < 3; i += 2) {
                assert_string_equal(json_string_value(kube_rig_at(follower(&rig, i), "/metadata/annotations/argocd.argoproj.io~1refresh")), "hard");
                assert_string_equal(json_string_value(kube_rig_at(follower(&rig, i), "/metadata/annotations/planekeeper.io~1refreshed")),
                                    "3-000000000000007a");
        }
        assert_null(kube_rig_at(follower(&rig, 1), "/metadata/annotations"));
        assert_true(rig.visit.found.settling);
        /* The controller takes the annotation away when it has looked. */
        for (size_t i = 0; i < 3; i += 2)
                json_object_del((json_t *)kube_rig_at(follower(&rig, i), "/metadata/annotations"), "argocd.argoproj.io/refresh");
        json_object_set_new((json_t *)kube_rig_at(follower(&rig, 2), "/status/sync"), "status", json_string("OutOfSync"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        json_object_set_new((json_t *)kube_rig_at(follower(&rig, 2), "/status/sync"), "status", json_string("Synced"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        assert_string_equal(rig.visit.found.value, central);
        assert_int_equal(rig.asked, 2); /* once under one epoch */
        kube_rig_close(&rig);
        free(central);
        clear(&material);
}

/* The operator ended between the Secret and its Applications: whoever looks next asks them. */
static void test_a_look_asks_what_was_not_asked(void **state)
{
        struct material material = argo();
        struct kube_rig rig;
        (void)state;
        char *central = value_of(&argocd_cluster_secret_driver, &material, argo_settings, "central");
        open_argo(&rig, &material, "");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, central, "central", 3), ERR_OK);
        json_decref(rig.followers);
        rig.followers = json_text("{'items': [%s]}", APPLICATION("late", "gloo", ""));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(rig.asked, 1);
        assert_true(rig.visit.found.settling);
        kube_rig_close(&rig);
        free(central);
        clear(&material);
}

/* Git did not answer when Argo CD compared: it would look again minutes later. */
static void test_a_refresh_that_failed_is_asked_for_again(void **state)
{
        struct material material = argo();
        struct kube_rig rig;
        (void)state;
        char *central = value_of(&argocd_cluster_secret_driver, &material, argo_settings, "central");
        open_argo(&rig, &material, APPLICATION("a", "gloo", ""));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, central, "central", 3), ERR_PENDING);
        assert_int_equal(rig.asked, 1);
        json_object_del((json_t *)kube_rig_at(follower(&rig, 0), "/metadata/annotations"), "argocd.argoproj.io/refresh");
        json_object_set_new((json_t *)kube_rig_at(follower(&rig, 0), "/status/sync"), "status", json_string("Unknown"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(rig.asked, 1); /* not as often as it is looked at */
        ((struct object_session *)rig.session)->again_at = 0;
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(rig.asked, 2);
        assert_true(rig.visit.found.settling);
        kube_rig_close(&rig);
        free(central);
        clear(&material);
}

/* A decision is for the credentials of its time. */
static void test_a_rotated_secret_is_not_written_under_an_old_decision(void **state)
{
        struct material material = argo();
        struct kube_rig rig;
        (void)state;
        open_argo(&rig, &material, "");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(kube_rig_swap(&rig, "https://c #000000000000", "central", 3), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "the Secret of plane central was changed since epoch 3 was decided"));
        assert_int_equal(rig.patches, 0);
        kube_rig_close(&rig);
        clear(&material);
}

static void test_lists_and_patches_of_applications_are_asked_about_too(void **state)
{
        struct material material = argo();
        struct kube_rig rig;
        (void)state;
        open_argo(&rig, &material, "");
        assert_int_equal(kube_rig_ask(&rig), ERR_OK);
        rig.denied = "list";
        assert_int_equal(kube_rig_ask(&rig), ERR_DENIED);
        assert_non_null(strstr(rig.visit.why.text, "grant {apiGroups: [\"argoproj.io\"], resources: [applications], verbs: [list, patch]}"));
        kube_rig_close(&rig);
        clear(&material);
}

static const struct target_view of_cluster = {.ref = {TARGET_PIPELINE, "argoCD.clusterSecret", "this cluster", "x", 0}};

static void test_a_person_copies_the_secret_and_no_command_prints_it(void **state)
{
        const struct target_config config = {.settings = argo_settings, .setting_count = 3};
        const struct by_hand_write write = {.target = &of_cluster, .value = "v", .plane = "central"};
        struct arena arena = {0};
        (void)state;
        const struct by_hand hand = argocd_cluster_secret_driver.by_hand(&config, &write, &arena);
        assert_string_equal(hand.move,
                            "kubectl -n argocd patch secrets mgmt --type merge -p \"$(kubectl -n ns get secret argo-central -o "
                            "'go-template={\"data\":{\"server\":\"{{index .data \"server\"}}\",\"config\":\"{{index .data \"config\"}}\"}}')\""
                            " && kubectl -n argocd annotate applications.argoproj.io --all --overwrite argocd.argoproj.io/refresh=hard");
        const struct by_hand_write elsewhere = {.target = &of_cluster, .value = "v", .plane = "north"};
        assert_string_equal(argocd_cluster_secret_driver.by_hand(&config, &elsewhere, &arena).move,
                            "# make x at this cluster the credentials of plane north");
        arena_deinit(&arena);
}

/* ---- Flux ---- */

#define KUBECONFIG_PATH "/api/v1/namespaces/flux-system/secrets/mgmt"
#define KUSTOMIZATIONS  "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations"
#define KUBECONFIG(server) "{clusters: [{name: a, cluster: {server: '" server "'}}], contexts: [{name: a, context: {cluster: a, user: a}}], current-context: a, users: [{name: a, user: {token: t}}]}"

static const struct target_setting flux_settings[] = {{"namespace", "flux-system"}, {"name", "mgmt"}, {"key", "value.yaml"}, {NULL, NULL}};

static void test_kustomizations_are_asked_and_answer_by_their_status(void **state)
{
        struct material material = {.list = {{"west/value", text("w")}, {"central/value", text("c")}}, .count = 2};
        struct kube_rig rig;
        (void)state;
        char *central = value_of(&flux_kubeconfig_secret_driver, &material, flux_settings, "central");
        kube_rig_open(&rig, &flux_kubeconfig_secret_driver, KUBECONFIG_PATH,
                      "{'metadata': {'name': 'mgmt'}, 'data': {'value.yaml': 'dw==', 'value': 'dw=='}}", flux_settings, material.list, material.count);
        rig.follow_path = KUSTOMIZATIONS;
        rig.followers = json_text("{'items': [{'metadata': {'name': 'a', 'generation': 1}, 'spec': {'kubeConfig': {'secretRef': {'name': 'mgmt'}}}},"
                                  "{'metadata': {'name': 'b'}, 'spec': {}}]}");
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(strncmp(rig.visit.found.value, "kubeconfig #", 12), 0);
        assert_int_equal(kube_rig_swap(&rig, central, "central", 3), ERR_PENDING);
        assert_string_equal(json_string_value(kube_rig_at(rig.object, "/data/value.yaml")), "Yw==");
        assert_string_equal(json_string_value(kube_rig_at(rig.object, "/data/value")), "dw==");
        assert_int_equal(rig.asked, 1);
        const json_t *asked = kube_rig_at(follower(&rig, 0), "/metadata/annotations/reconcile.fluxcd.io~1requestedAt");
        assert_string_equal(json_string_value(asked), "planekeeper-3-000000000000007a");
        json_t *item = (json_t *)follower(&rig, 0);
        json_object_set_new(item, "status",
                            json_text("{'lastHandledReconcileAt': 'planekeeper-3-000000000000007a', 'observedGeneration': 1, "
                                      "'conditions': [{'type': 'Ready', 'status': 'False'}]}"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        json_object_set_new((json_t *)kube_rig_at(item, "/status"), "conditions", json_text("[{'type': 'Ready', 'status': 'True'}]"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        json_object_set_new((json_t *)kube_rig_at(item, "/metadata/annotations"), "reconcile.fluxcd.io/requestedAt", json_string("a person"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_int_equal(rig.asked, 1); /* a person asked for more: that is not fought over */
        assert_true(rig.visit.found.settling);
        kube_rig_close(&rig);
        free(central);
        clear(&material);
}

static void test_a_kubeconfig_that_flux_cannot_use_is_told(void **state)
{
        static const struct {
                const char *text;
                enum err err;
        } rows[] = {{KUBECONFIG("https://c"), ERR_OK},
                    {KUBECONFIG("http://c"), ERR_INVALID},
                    {"nonsense: [", ERR_INVALID}};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct target_credential credential = {"west/value", text(rows[i].text)};
                const struct target_config config = {.credentials = &credential, .credential_count = 1};
                struct errmsg why = {""};
                enum err err = flux_kubeconfig_secret_driver.check_credentials(&config, &why);
                if (err != rows[i].err)
                        fail_msg("%s: %s", rows[i].text, why.text);
                secret_clear(&credential.value);
        }
}

static void test_a_kustomization_names_its_secret(void **state)
{
        static const struct target_setting settings[] = {{"namespace", "flux-system"}, {"name", "apps"}, {NULL, NULL}};
        struct kube_rig rig;
        (void)state;
        kube_rig_open(&rig, &flux_kustomization_field_driver, KUSTOMIZATIONS "/apps",
                      "{'metadata': {'name': 'apps', 'generation': 2}, 'spec': {'kubeConfig': {'secretRef': {'name': 'west'}}},"
                      " 'status': {'observedGeneration': 1, 'conditions': [{'type': 'Ready', 'status': 'True'}]}}",
                      settings, NULL, 0);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        assert_int_equal(kube_rig_swap(&rig, "central", "central", 1), ERR_PENDING);
        json_object_set_new((json_t *)kube_rig_at(rig.object, "/status"), "observedGeneration", json_integer(2));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        kube_rig_close(&rig);
}

/* What was compared last has to be the destination that it has now. */
static void test_an_application_delivers_when_its_destination_was_compared(void **state)
{
        static const struct target_setting settings[] = {{"namespace", "argocd"}, {"name", "gloo"}, {"field", "server"}, {NULL, NULL}};
        struct kube_rig rig;
        (void)state;
        kube_rig_open(&rig, &argocd_application_field_driver, APPLICATIONS "/gloo",
                      "{'metadata': {'name': 'gloo'}, 'spec': {'destination': {'server': 'https://w'}},"
                      " 'status': {'sync': {'status': 'Synced', 'comparedTo': {'destination': {'server': 'https://w'}}}}}",
                      settings, NULL, 0);
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_string_equal(rig.visit.found.value, "https://w");
        assert_false(rig.visit.found.settling);
        assert_int_equal(kube_rig_swap(&rig, "https://c", "central", 1), ERR_PENDING);
        json_object_set_new((json_t *)kube_rig_at(rig.object, "/status/sync/comparedTo/destination"), "server", json_string("https://c"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        json_object_set_new((json_t *)kube_rig_at(rig.object, "/status/sync"), "status", json_string("OutOfSync"));
        assert_int_equal(kube_rig_read(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        kube_rig_close(&rig);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_the_value_tells_the_server_and_no_secret),
            cmocka_unit_test(test_a_swap_copies_two_entries_and_asks_the_applications),
            cmocka_unit_test(test_a_look_asks_what_was_not_asked),
            cmocka_unit_test(test_a_refresh_that_failed_is_asked_for_again),
            cmocka_unit_test(test_a_rotated_secret_is_not_written_under_an_old_decision),
            cmocka_unit_test(test_lists_and_patches_of_applications_are_asked_about_too),
            cmocka_unit_test(test_a_person_copies_the_secret_and_no_command_prints_it),
            cmocka_unit_test(test_kustomizations_are_asked_and_answer_by_their_status),
            cmocka_unit_test(test_a_kubeconfig_that_flux_cannot_use_is_told),
            cmocka_unit_test(test_a_kustomization_names_its_secret),
            cmocka_unit_test(test_an_application_delivers_when_its_destination_was_compared),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
