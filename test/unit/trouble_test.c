/* trouble_test.c -- what is tried again says why: /readyz as long as it lasts, and not longer. */
#include "policy_rig.h"

#include <string.h>

#include "reconcile/trouble.h"

static bool is_ready(const struct rig *rig, const char *want)
{
        struct strbuf page = STRBUF_INIT(4096);
        bool is_good = manager_is_ready(&rig->manager, &page);
        assert_non_null(strstr(strbuf_text(&page), want));
        strbuf_deinit(&page);
        return is_good;
}

static void test_what_lasts_is_not_ready(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        rig_pass(rig, 3000);
        assert_true(is_ready(rig, ""));
        rig->kill_switch_status = 500;
        rig_pass(rig, 4000);
        assert_true(is_ready(rig, "")); /* a hiccup */
        rig_pass(rig, 6000);
        assert_false(is_ready(rig, "kill-switch: HTTP 500"));
        rig->kill_switch_status = 0;
        rig_pass(rig, 3000);
        assert_true(is_ready(rig, ""));
}

/* Of many that do the same it is the first one's trouble, and ends with it. */
static void test_each_ends_its_own(void **state)
{
        struct rig *rig = *state;
        int a, b;
        rig_start(rig);
        trouble_note(&rig->manager, TROUBLE_STATUS, &a, "a is refused");
        trouble_note(&rig->manager, TROUBLE_STATUS, &b, "b is refused");
        trouble_over(&rig->manager, TROUBLE_STATUS, &b);
        rig_pass(rig, 6000);
        assert_false(is_ready(rig, "status: a is refused"));
        trouble_forget(&rig->manager, &a);
        assert_true(is_ready(rig, ""));
}

static void test_what_is_not_tried_any_more_is_forgotten(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        trouble_note(&rig->manager, TROUBLE_RECORDS, rig, "refused");
        trouble_note(&rig->manager, TROUBLE_PLANES, NULL, "told once, and still true");
        rig_pass(rig, 130000);
        assert_false(rig->manager.troubles[TROUBLE_RECORDS].is_there);
        assert_false(is_ready(rig, "managementplanes: told once, and still true"));
        trouble_note(&rig->manager, TROUBLE_RECORDS, rig, "refused");
        trouble_stop_leading(&rig->manager);
        assert_false(rig->manager.troubles[TROUBLE_RECORDS].is_there);
}

static void test_what_only_tells_does_not_end_readiness(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        trouble_note(&rig->manager, TROUBLE_EVENTS, NULL, "Events are refused");
        rig_pass(rig, 6000);
        assert_true(is_ready(rig, "events: Events are refused"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_what_lasts_is_not_ready),
            RIG_TEST(test_each_ends_its_own),
            RIG_TEST(test_what_is_not_tried_any_more_is_forgotten),
            RIG_TEST(test_what_only_tells_does_not_end_readiness),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
