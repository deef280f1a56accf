/* identity_test.c -- which cluster it is, asked again while something looks as if it were another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake_hub.h"
#include "reconcile/identity.h"
#include "util/mem.h"

struct rig {
        struct fake_hub hub;
        struct fake_peer *asked; /* a question that waits for its answer; NULL: none */
        unsigned questions, news[IDENTITY_SAME + 1];
        struct identity identity;
};

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        (void)request;
        rig->asked = peer;
        rig->questions++;
}

static void on_news(void *ctx, enum identity_news news, unix_ms date)
{
        struct rig *rig = ctx;
        (void)date;
        rig->news[news]++;
}

static void on_failure(void *ctx, const char *why)
{
        (void)ctx, (void)why;
}

static int open_rig(void **state)
{
        struct rig *rig = mem_new(rig);
        fake_hub_open(&rig->hub, false, on_request, rig);
        const struct identity_hooks hooks = {.answered = on_news, .failed = on_failure, .ctx = rig};
        identity_init(&rig->identity, rig->hub.loop, rig->hub.kube, &hooks);
        *state = rig;
        return 0;
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        identity_close(&rig->identity);
        fake_hub_close(&rig->hub);
        free(rig);
        return 0;
}

static void wait_asked(struct rig *rig)
{
        for (int i = 0; i < 100000 && !rig->asked; i++)
                fake_turn(rig->hub.loop);
        assert_non_null(rig->asked);
}

static void answer(struct rig *rig, const char *uid)
{
        char body[128];
        unsigned before = rig->news[0] + rig->news[1] + rig->news[2] + rig->news[3], now = before;
        (void)snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"%s\"}}", uid);
        fake_answer(rig->asked, 200, "", body);
        rig->asked = NULL;
        for (int i = 0; i < 100000 && now == before; i++) {
                fake_turn(rig->hub.loop);
                now = rig->news[0] + rig->news[1] + rig->news[2] + rig->news[3];
        }
        assert_int_equal(now, before + 1);
}

/* Its store may have been replaced between the question and the doubt. */
static void test_an_answer_to_an_older_question_settles_no_doubt(void **state)
{
        struct rig *rig = *state;
        identity_tick(&rig->identity);
        wait_asked(rig);
        uint64_t doubt = identity_doubt(&rig->identity);
        answer(rig, "old");
        assert_false(identity_is_proven(&rig->identity, doubt));
        assert_true(identity_is_proven(&rig->identity, 0));
        wait_asked(rig); /* at once, and not in ten seconds */
        answer(rig, "new");
        assert_true(identity_is_proven(&rig->identity, doubt));
        assert_string_equal(rig->identity.uid, "new");
        assert_string_equal(rig->identity.former, "old");
        assert_int_equal(rig->news[IDENTITY_FIRST], 1);
        assert_int_equal(rig->news[IDENTITY_OTHER], 1);
}

static void test_a_thousand_doubts_are_two_questions(void **state)
{
        struct rig *rig = *state;
        uint64_t doubt = 0;
        for (int i = 0; i < 1000; i++)
                doubt = identity_doubt(&rig->identity);
        wait_asked(rig);
        answer(rig, "hub");
        assert_false(identity_is_proven(&rig->identity, doubt));
        wait_asked(rig);
        answer(rig, "hub");
        assert_true(identity_is_proven(&rig->identity, doubt));
        for (int i = 0; i < 100; i++)
                fake_turn(rig->hub.loop);
        assert_int_equal(rig->questions, 2);
        assert_int_equal(rig->news[IDENTITY_PROVEN], 1);
}

static void test_one_doubt_holds_its_owner_and_a_doubt_for_all_holds_all(void **state)
{
        struct rig *rig = *state;
        assert_false(identity_is_proven(&rig->identity, 0));
        identity_tick(&rig->identity);
        wait_asked(rig);
        answer(rig, "hub");
        uint64_t doubt = identity_doubt(&rig->identity);
        assert_false(identity_is_proven(&rig->identity, doubt));
        assert_true(identity_is_proven(&rig->identity, doubt - 1));
        wait_asked(rig);
        answer(rig, "hub");
        identity_doubt_for_all(&rig->identity);
        assert_false(identity_is_proven(&rig->identity, 0));
        wait_asked(rig);
        answer(rig, "hub");
        assert_true(identity_is_proven(&rig->identity, doubt));
}

/* Once known it was never asked again, where nothing raised a doubt. */
static void test_it_is_asked_every_ten_seconds(void **state)
{
        struct rig *rig = *state;
        identity_tick(&rig->identity);
        wait_asked(rig);
        answer(rig, "hub");
        identity_tick(&rig->identity);
        assert_null(rig->identity.call);
        rig->identity.asked_at -= 10000;
        identity_tick(&rig->identity);
        wait_asked(rig);
        answer(rig, "another");
        assert_string_equal(rig->identity.uid, "another");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(test_an_answer_to_an_older_question_settles_no_doubt),
            CASE(test_a_thousand_doubts_are_two_questions),
            CASE(test_it_is_asked_every_ten_seconds),
            CASE(test_one_doubt_holds_its_owner_and_a_doubt_for_all_holds_all),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
