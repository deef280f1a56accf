/* target_config_test.c -- what the spec wants of a driver, held against what the driver can do. */
#include "reconcile/target_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct target_driver driver = {.name = "weak", .kind = TARGET_NAME};
static struct target_driver promoter = {.name = "replica", .kind = TARGET_PROMOTION};
static struct target_driver keyed = {
    .name = "elastiCacheGlobal", .kind = TARGET_PROMOTION, .credentials_wanted = "keys"};

/* In place of targets/registry.c. */
const struct target_driver *target_driver_find(const char *name)
{
        static struct target_driver *const known[] = {&driver, &promoter, &keyed};
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (strcmp(name, known[i]->name) == 0)
                        return known[i];
        return NULL;
}

static enum err check(enum decision_store store, bool can_arbitrate, struct errmsg *why)
{
        const struct failover_policy spec = {
            .namespace_name = "ns", .name = "gloo", .store = store, .dns = {.provider = "weak"}};
        driver.limits.can_arbitrate = can_arbitrate;
        return target_config_check(&spec, why);
}

static void test_a_driver_that_cannot_arbitrate_is_refused_as_the_store(void **state)
{
        (void)state;
        struct errmsg why = {0};
        assert_int_equal(check(STORE_DNS, false, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "failoverpolicy ns/gloo: spec.decisionStore: dns.weak cannot keep decisions"));
        assert_non_null(strstr(why.text, "set decisionStore: Kubernetes"));
}

static void test_one_that_can_is_not(void **state)
{
        (void)state;
        struct errmsg why = {0};
        assert_int_equal(check(STORE_DNS, true, &why), ERR_OK);
}

static void test_nor_is_any_beside_the_api_server(void **state)
{
        (void)state;
        struct errmsg why = {0};
        assert_int_equal(check(STORE_KUBERNETES, false, &why), ERR_OK);
}

/* What the lock of a policy that promotes is connected to. */
static const char *lock_address_in(enum phase phase, const char *recorded, const char *shown, struct arena *arena)
{
        static struct manager manager;
        static struct failover_policy spec = {.namespace_name = "ns",
                                              .name = "gloo",
                                              .redis = {.lock_key = "mgmt-active", .promotion = {.driver = "replica"}}};
        struct record record = {.phase = phase, .plan = {.target_count = 1}};
        record.plan.targets[0] = (struct plan_target){
            .ref = {TARGET_PROMOTION, "replica", "planes of ns/gloo", "Redis", 0}, .to = recorded};
        struct target_slot slot = {
            .ref = record.plan.targets[0].ref, .read_at = 1, .state = {.present = true, .value = shown}};
        char server[] = "planes of ns/gloo";
        const struct policy policy = {.manager = &manager,
                                      .spec = &spec,
                                      .promotion_server = server,
                                      .keeper = {.record = recorded[0] ? &record : NULL},
                                      .targets = {&slot},
                                      .target_count = 1};
        const struct target_ref lock = {TARGET_LOCK, TARGET_LOCK_DRIVER, server, "mgmt-active", 0};
        struct target_config config;
        target_config_settings(&policy, &lock, arena, &config);
        return target_setting_find(&config, "address");
}

static const char *lock_address(const char *recorded, const char *shown, struct arena *arena)
{
        return lock_address_in(PHASE_SWITCHING, recorded, shown, arena);
}

/* At rest it is where everybody else finds it, and in a switch nothing is written to the primary that is left. */
static void test_the_lock_is_where_sentinel_has_moved_the_primary(void **state)
{
        (void)state;
        struct arena arena = {0};
        assert_string_equal(lock_address_in(PHASE_STEADY, "b:1", "a:1", &arena), "b:1");
        promoter.limits.moves_itself = true;
        assert_string_equal(lock_address_in(PHASE_STEADY, "b:1", "a:1", &arena), "a:1");
        assert_string_equal(lock_address_in(PHASE_STEADY, "b:1", "", &arena), "b:1");
        assert_string_equal(lock_address_in(PHASE_SWITCHING, "b:1", "a:1", &arena), "b:1");
        promoter.limits.moves_itself = false;
        arena_deinit(&arena);
}

static void test_a_command_is_told_which_lock_it_sets(void **state)
{
        (void)state;
        struct arena arena = {0};
        struct manager manager = {0};
        const struct policy_pipeline job = {.driver = "job",
                                            .kube_config = {"hub", "kubeconfig"},
                                            .settings = {{"namespace", "ci"}, {"name", "set"}, {"template", "{}"}},
                                            .setting_count = 3};
        struct failover_policy spec = {
            .namespace_name = "ns",
            .name = "gloo",
            .redis = {.address = "r:1",
                      .auth_secret = "redis",
                      .tls = {.ca = {"", ""}},
                      .lock_key = "mgmt-active",
                      .plane = "",
                      .lock_job = &job},
            .dns = {.name = "a.b", .provider = "weak"}};
        char server[] = "";
        const struct policy policy = {
            .manager = &manager, .spec = &spec, .namespace_name = "ns", .name = "gloo", .dns_server = server, .promotion_server = server};
        struct wanted_target wanted[TARGETS_MAX];
        struct target_secret secrets[TARGET_SECRETS_MAX];
        struct target_config config;
        assert_int_equal(target_config_wanted(&policy, &arena, wanted), 2);
        assert_string_equal(wanted[0].ref.driver, TARGET_LOCK_JOB_DRIVER);
        target_config_settings(&policy, &wanted[0].ref, &arena, &config);
        static const char *const expected[][2] = {{"address", "r:1"},         {"byCommand", "true"}, {"isReadBack", "true"},
                                                  {"namespace", "ci"},        {"name", "set"},       {"template", "{}"},
                                                  {"policy", "ns/gloo"},      {"dns name", "a.b"},   {"pipeline", "redis.lock"},
                                                  {"kubeConfig", "the cluster of Secret hub/kubeconfig"}};
        for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
                assert_string_equal(target_setting_find(&config, expected[i][0]), expected[i][1]);
        assert_int_equal(target_config_secrets(&policy, &wanted[0].ref, &arena, secrets), 2);
        assert_string_equal(secrets[1].field, "spec.redis.lock.job.kubeConfig.secretRef");
        /* One whose epoch was begun before the spec named a Job. */
        const struct target_ref plain = {TARGET_LOCK, TARGET_LOCK_DRIVER, "r:1", "mgmt-active", 0};
        target_config_settings(&policy, &plain, &arena, &config);
        assert_null(target_setting_find(&config, "byCommand"));
        arena_deinit(&arena);
}

static void test_the_sentinels_have_a_password_of_their_own(void **state)
{
        (void)state;
        struct arena arena = {0};
        struct manager manager = {0};
        const struct policy_setting own[] = {{"masterName", "mymaster"}, {"addresses", "s:1,t:1"}};
        struct failover_policy spec = {.namespace_name = "ns",
                                       .name = "gloo",
                                       .redis = {.auth_secret = "redis",
                                                 .promotion = {.driver = "sentinel",
                                                               .settings = own,
                                                               .setting_count = 2,
                                                               .auth_secret = "watchers",
                                                               .uses_tls = true,
                                                               .tls = {.ca = {"ca", "ca.crt"},
                                                                       .client_certificate = "",
                                                                       .server_name = "sentinel.example.com"}}}};
        const struct policy policy = {.manager = &manager, .spec = &spec};
        const struct target_ref ref = {TARGET_PROMOTION, "sentinel", "planes of ns/gloo", "mymaster", 0};
        struct target_secret secrets[TARGET_SECRETS_MAX];
        struct target_config config;
        target_config_settings(&policy, &ref, &arena, &config);
        assert_string_equal(target_setting_find(&config, "addresses"), "s:1,t:1");
        assert_string_equal(target_setting_find(&config, "sentinelAuth"), "true");
        assert_string_equal(target_setting_find(&config, "sentinelTLS"), "true");
        assert_string_equal(target_setting_find(&config, "sentinelServerName"), "sentinel.example.com");
        assert_null(target_setting_find(&config, "tls"));
        assert_int_equal(target_config_secrets(&policy, &ref, &arena, secrets), 3);
        assert_string_equal(secrets[0].field, "spec.redis.authSecretRef");
        assert_string_equal(secrets[0].keys[0].as, "password");
        assert_string_equal(secrets[1].field, "spec.redis.promotion.sentinel.authSecretRef");
        assert_string_equal(secrets[1].keys[0].as, "sentinel.password");
        assert_string_equal(secrets[2].keys[0].as, "sentinel.ca.crt");
        char *server = target_config_promotion(&spec);
        assert_string_equal(server, "planes of ns/gloo"); /* one more Sentinel makes it no other register */
        free(server);
        arena_deinit(&arena);
}

/* Else a key of one Secret would be taken for the password of the other. */
static void test_the_keys_of_a_provider_that_promotes_have_a_prefix(void **state)
{
        (void)state;
        struct arena arena = {0};
        struct manager manager = {0};
        const struct policy_setting own[] = {{"globalReplicationGroupID", "ldgnf-gloo"}};
        struct failover_policy spec = {.namespace_name = "ns",
                                       .name = "gloo",
                                       .redis = {.auth_secret = "redis",
                                                 .promotion = {.driver = "elastiCacheGlobal",
                                                               .settings = own,
                                                               .setting_count = 1,
                                                               .auth_secret = "",
                                                               .credentials_secret = "aws"}}};
        struct management_plane west = {
            .redis_address = "a:1",
            .redis_elasticache = {.region = "eu-west-1", .group_id = "gloo-a", .endpoint = ""}};
        struct management_plane central = {
            .redis_address = "b:1", .redis_elasticache = {.region = "", .group_id = "", .endpoint = ""}};
        struct plane planes[] = {{.spec = &west}, {.spec = &central}};
        struct policy_plane named[] = {{.plane = &planes[0]}, {.plane = &planes[1]}};
        struct policy policy = {.manager = &manager, .spec = &spec, .planes = named, .plane_count = 2};
        const struct target_ref ref = {TARGET_PROMOTION, "elastiCacheGlobal", "planes of ns/gloo", "ldgnf-gloo", 0};
        struct target_secret secrets[TARGET_SECRETS_MAX];
        struct target_config config;
        target_config_settings(&policy, &ref, &arena, &config);
        assert_string_equal(target_setting_find(&config, "globalReplicationGroupID"), "ldgnf-gloo");
        assert_string_equal(target_setting_find(&config, "member"), "a:1 eu-west-1 gloo-a ");
        assert_int_equal(config.setting_count, 4); /* and two servers */
        assert_int_equal(target_config_secrets(&policy, &ref, &arena, secrets), 2);
        assert_string_equal(secrets[0].secret, "redis");
        assert_string_equal(secrets[1].field, "spec.redis.promotion.elastiCacheGlobal.credentialsSecretRef");
        assert_string_equal(secrets[1].wanted, "keys");
        assert_int_equal(secrets[1].key_count, 0);
        assert_string_equal(secrets[1].prefix, "elastiCacheGlobal.");
        arena_deinit(&arena);
}

static void test_the_lock_follows_the_plan_and_not_who_says_that_it_is_primary(void **state)
{
        (void)state;
        struct arena arena = {0};
        assert_string_equal(lock_address("b:1", "a:1", &arena), "b:1");
        assert_string_equal(lock_address("b:1\nc:1", "c:1", &arena), "c:1");
        assert_string_equal(lock_address("b:1\nc:1", "a:1", &arena), "b:1");
        assert_string_equal(lock_address("", "a:1", &arena), "a:1"); /* nothing is recorded yet */
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_driver_that_cannot_arbitrate_is_refused_as_the_store),
            cmocka_unit_test(test_one_that_can_is_not),
            cmocka_unit_test(test_nor_is_any_beside_the_api_server),
            cmocka_unit_test(test_the_lock_is_where_sentinel_has_moved_the_primary),
            cmocka_unit_test(test_a_command_is_told_which_lock_it_sets),
            cmocka_unit_test(test_the_sentinels_have_a_password_of_their_own),
            cmocka_unit_test(test_the_keys_of_a_provider_that_promotes_have_a_prefix),
            cmocka_unit_test(test_the_lock_follows_the_plan_and_not_who_says_that_it_is_primary),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
