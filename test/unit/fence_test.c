/* fence_test.c -- spec.fence of a policy: what it means, and what is refused. */
#include "api/failover_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"

#define OBJECT  "'apiVersion': 'kustomize.toolkit.fluxcd.io/v1', 'resource': 'kustomizations', 'namespace': 'flux-system', 'path': '/spec/suspend'"
#define SUSPEND "'active': false, 'standby': true"
#define ITEM(name, object) "{'name': '" name "', 'object': {" OBJECT ", 'name': '" name "', " object "}}"

static enum err decode(const char *more, const char *fence, struct failover_policy **ret, struct errmsg *why)
{
        json_t *object = json_text("{'metadata': {'namespace': 'mesh', 'name': 'gloo'}, 'spec': {'mode': 'Automatic', 'planes': ['west', "
                                   "'east'], 'dns': {'name': 'a.b', 'rfc2136': {}}%s, 'fence': %s}}",
                                   more, fence);
        enum err err = failover_policy_decode(object, ret, why);
        json_decref(object);
        return err;
}

static const char *setting(const struct policy_fence *fence, const char *key)
{
        for (size_t i = 0; i < fence->setting_count; i++)
                if (strcmp(fence->settings[i].key, key) == 0)
                        return fence->settings[i].value;
        return "";
}

static void test_values_have_the_type_of_the_field(void **state)
{
        static const struct {
                const char *fence, *type, *active, *standby;
        } rows[] = {
            {"[" ITEM("x", SUSPEND) "]", "Boolean", "false", "true"},
            {"[" ITEM("x", "'active': 3, 'standby': 0") "]", "Integer", "3", "0"},
            {"[" ITEM("x", "'active': 'on', 'standby': 'off'") "]", "String", "on", "off"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct failover_policy *policy = NULL;
                struct errmsg why = {""};
                assert_int_equal(decode("", rows[i].fence, &policy, &why), ERR_OK);
                assert_int_equal(policy->fence_count, 1);
                const struct policy_fence *fence = &policy->fences[0];
                assert_string_equal(setting(fence, "type"), rows[i].type);
                assert_string_equal(fence->active, rows[i].active);
                assert_string_equal(fence->standby, rows[i].standby);
                assert_string_equal(setting(fence, "resource"), "kustomizations");
                assert_string_equal(setting(fence, "path"), "/spec/suspend");
                failover_policy_free(policy);
        }
}

static void test_refusals(void **state)
{
        static const struct {
                const char *more, *fence, *why;
        } rows[] = {
            {"", "[{'name': 'x'}]", "spec.fence[0].object: is required"},
            {"", "[" ITEM("x", "'active': false") "]", "object.standby: is required: a text, true or false, or a whole number"},
            {"", "[" ITEM("x", "'active': 1.5, 'standby': 2") "]", "object.active: is required: a text, true or false"},
            {"", "[" ITEM("x", "'active': {}, 'standby': true") "]", "object.active: is required"},
            {"", "[" ITEM("x", "'active': 'false', 'standby': true") "]", "object.standby: is of another type than active"},
            {"", "[" ITEM("x", "'active': true, 'standby': true") "]", "it would fence nothing"},
            {"", "[" ITEM("x", SUSPEND) "," ITEM("x", SUSPEND) "]", "name: x is given twice"},
            {"", "[{'name': 'y', 'object': {" OBJECT ", 'name': 'x', " SUSPEND "}}," ITEM("x", SUSPEND) "]", "name each object once"},
            {"", "[" ITEM("a", SUSPEND) "," ITEM("b", SUSPEND) "," ITEM("c", SUSPEND) "," ITEM("d", SUSPEND) "]", "fence"},
            {", 'redis': {'address': 'r:1', 'lock': {'key': 'k'}}, 'pipeline': [{'name': 'p', 'webhook': {'url': 'https://a.b', 'secretRef': {'name': 's'}}}]",
             "[" ITEM("a", SUSPEND) "," ITEM("b", SUSPEND) "," ITEM("c", SUSPEND) "]",
             "has 3 objects in 2 planes, and beside them the policy moves 3 more; together they are at most 8"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct failover_policy *policy = NULL;
                struct errmsg why = {""};
                assert_int_equal(decode(rows[i].more, rows[i].fence, &policy, &why), ERR_INVALID);
                if (!strstr(why.text, rows[i].why))
                        fail_msg("%s", why.text);
        }
}

static void test_as_many_as_there_is_room_for(void **state)
{
        struct failover_policy *policy = NULL;
        struct errmsg why = {""};
        (void)state;
        assert_int_equal(decode(", 'redis': {'address': 'r:1', 'lock': {'key': 'k'}}", "[" ITEM("a", SUSPEND) "," ITEM("b", SUSPEND) "," ITEM("c", SUSPEND) "]",
                                &policy, &why),
                         ERR_OK);
        assert_int_equal(policy->fence_count, 3);
        failover_policy_free(policy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_values_have_the_type_of_the_field),
            cmocka_unit_test(test_refusals),
            cmocka_unit_test(test_as_many_as_there_is_room_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
