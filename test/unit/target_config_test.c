/* target_config_test.c -- what the spec wants of a driver, held against what the driver can do. */
#include "reconcile/target_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct target_driver driver = {.name = "weak", .kind = TARGET_NAME};

/* In place of targets/registry.c. */
const struct target_driver *target_driver_find(const char *name)
{
        return strcmp(name, driver.name) == 0 ? &driver : NULL;
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

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_driver_that_cannot_arbitrate_is_refused_as_the_store),
            cmocka_unit_test(test_one_that_can_is_not),
            cmocka_unit_test(test_nor_is_any_beside_the_api_server),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
