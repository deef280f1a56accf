/* core_addresses_test.c -- a check of several addresses as one, with rise and fall as for a single one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/addresses.h"
#include "core/health.h"

enum { NOW = 100000000, OLD = NOW - 600000 };

/* 'p' passes, 'f' fails, 'u' was never judged; capital: its last sample judged nothing, and what is known is old. */
static struct address_view address(char how, const char *name, uint32_t run)
{
        bool passes = how == 'p' || how == 'P', is_old = how == 'P' || how == 'F', is_unseen = how == 'u';
        return (struct address_view){name,
                                     {.label = "TCP",
                                      .role = CHECK_ROLE_PATH,
                                      .passes = passes ? run : 0,
                                      .fails = passes || is_unseen ? 0 : run,
                                      .run_since = is_unseen ? 0 : (is_old ? OLD : NOW) - (mono_ms)run * 5000,
                                      .counted_at = is_unseen ? 0
                                                    : is_old  ? OLD
                                                              : NOW,
                                      .sampled_at = NOW,
                                      .last_unknown = is_old || is_unseen,
                                      .text = passes      ? "ok"
                                              : is_unseen ? "no descriptor left"
                                                          : "refused",
                                      .replicas_available = -1}};
}

static enum verdict verdict_of(const struct check_view *check, enum verdict was)
{
        static const struct detection detection = {5000, 3000, 3, 2, 30000};
        struct plane_view plane = {.name = "a", .check_count = 1, .was = was, .checks[0] = *check};
        return health_of(&plane, &detection, NOW).verdict;
}

static const struct {
        const char *how;
        uint32_t runs[3];
        enum verdict was, wanted;
        const char *partial;
} rows[] = {
    {"p", {3}, VERDICT_DOWN, VERDICT_UP, NULL},
    {"f", {3}, VERDICT_UP, VERDICT_DOWN, NULL},
    {"pp", {3, 3}, VERDICT_DOWN, VERDICT_UP, NULL},
    {"pf", {9, 9}, VERDICT_UP, VERDICT_UP, "y: refused"}, /* half of them dead: agents try the next */
    {"fp", {9, 9}, VERDICT_UP, VERDICT_UP, "x: refused"},
    {"fpf", {9, 9, 9}, VERDICT_UP, VERDICT_UP, "x: refused, z: refused"},
    {"fp", {9, 1}, VERDICT_DOWN, VERDICT_DOWN, "x: refused"}, /* one pass is no rise */
    {"pp", {1, 1}, VERDICT_DOWN, VERDICT_DOWN, NULL},         /* nor are two, of different addresses */
    {"pp", {1, 2}, VERDICT_DOWN, VERDICT_UP, NULL},
    {"ff", {3, 3}, VERDICT_UP, VERDICT_DOWN, NULL},
    {"ff", {9, 2}, VERDICT_UP, VERDICT_UP, NULL},      /* the last began to fail only now */
    {"fu", {9, 9}, VERDICT_UP, VERDICT_UNKNOWN, NULL}, /* the one that was never judged may be the good one */
    {"uf", {9, 9}, VERDICT_UP, VERDICT_UNKNOWN, NULL},
    {"pu", {3, 9}, VERDICT_UP, VERDICT_UP, NULL},
    {"fF", {9, 9}, VERDICT_UP, VERDICT_UNKNOWN, NULL}, /* what is old says nothing */
    {"fP", {9, 9}, VERDICT_UP, VERDICT_UNKNOWN, "x: refused"},
    {"pP", {3, 9}, VERDICT_DOWN, VERDICT_UP, NULL}, /* the fresher one, although the other had passed for longer */
    {"Pp", {9, 3}, VERDICT_DOWN, VERDICT_UP, NULL},
    {"fff", {3, 3, 3}, VERDICT_UP, VERDICT_DOWN, NULL},
};

static void one_of_several(void **state)
{
        (void)state;
        static const char *const names[] = {"x", "y", "z"};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address_view each[3];
                struct arena arena = {0};
                unsigned count = (unsigned)strlen(rows[i].how);
                for (unsigned j = 0; j < count; j++)
                        each[j] = address(rows[i].how[j], names[j], rows[i].runs[j]);
                struct check_view joined = addresses_join(each, count, &arena);
                if (verdict_of(&joined, rows[i].was) != rows[i].wanted)
                        fail_msg("row %zu (%s): verdict %d", i, rows[i].how, (int)verdict_of(&joined, rows[i].was));
                if (!rows[i].partial != !joined.partial ||
                    (joined.partial && strcmp(joined.partial, rows[i].partial) != 0))
                        fail_msg("row %zu (%s): partial %s", i, rows[i].how, joined.partial ? joined.partial : "-");
                assert_true(!joined.fails || !joined.passes);
                arena_deinit(&arena);
        }
}

static void all_that_fail_are_named(void **state)
{
        (void)state;
        struct arena arena = {0};
        struct address_view each[] = {address('f', "192.0.2.1", 4), address('f', "192.0.2.2", 3)};
        each[1].check.text = "timeout after 3.0s";
        each[0].check.counted_at = NOW - 1000;
        struct check_view joined = addresses_join(each, 2, &arena);
        assert_string_equal(joined.text, "192.0.2.1: refused, 192.0.2.2: timeout after 3.0s");
        assert_int_equal(joined.fails, 3);
        assert_int_equal(joined.run_since, each[1].check.run_since); /* since the last began to */
        assert_int_equal(joined.counted_at, NOW - 1000);             /* as old as the oldest */
        each[1].check.last_unknown = true;
        assert_true(addresses_join(each, 2, &arena).last_unknown);
        each[0].check.last_unknown = true;
        each[1].check.last_unknown = false;
        assert_true(addresses_join(each, 2, &arena).last_unknown);
        each[0].check.counted_at = NOW;
        each[1].check.counted_at = NOW - 2000;
        assert_int_equal(addresses_join(each, 2, &arena).counted_at, NOW - 2000);
        arena_deinit(&arena);
}

static void the_first_certificate_to_end_counts(void **state)
{
        (void)state;
        struct arena arena = {0};
        struct address_view each[] = {address('p', "x", 3), address('p', "y", 3), address('p', "z", 3)};
        each[1].check.certificate_not_after = 500;
        each[2].check.certificate_not_after = 400;
        each[2].check.sampled_at = NOW + 7;
        struct check_view joined = addresses_join(each, 3, &arena);
        assert_int_equal(joined.certificate_not_after, 400);
        assert_int_equal(joined.sampled_at, NOW + 7);
        each[2].check.certificate_not_after = 600;
        assert_int_equal(addresses_join(each, 3, &arena).certificate_not_after, 500);
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(one_of_several),
            cmocka_unit_test(all_that_fail_are_named),
            cmocka_unit_test(the_first_certificate_to_end_counts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
