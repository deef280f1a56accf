/* watch_line_test.c -- what is taken of strangers' metadata. */
#include "kube/watch_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *version_of(size_t bytes)
{
        static char kept[8192];
        memset(kept, '9', bytes);
        kept[bytes] = '\0';
        json_t *object = json_pack("{s:{s:s}}", "metadata", "resourceVersion", kept);
        const char *version = object_resource_version(object);
        bool is_whole = version && strcmp(version, kept) == 0;
        json_decref(object);
        return is_whole ? kept : NULL;
}

static void test_versions_are_opaque_and_long(void **state)
{
        (void)state;
        assert_non_null(version_of(1));
        assert_non_null(version_of(20));
        assert_non_null(version_of(300));
        assert_non_null(version_of(4096));
        assert_null(version_of(4097));
        assert_null(version_of(0));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_versions_are_opaque_and_long)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
