/* redis_sentinel_test.c -- what Sentinels say, counted; which replica they would choose; what INFO says of a node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/redis/node.h"
#include "targets/redis/sentinel_choice.h"
#include "targets/redis/sentinel_view.h"
#include "util/text.h"

/* "1:a" is an answer of epoch 1 that names a:6379; "*" before it: it leads a failover, "+" one that has promoted. */
static void add_answer(struct sentinel_view *view, const char *text)
{
        struct sentinel_answer *answer = &view->answers[view->count++];
        answer->is_failing_over = text[0] == '*' || text[0] == '+';
        answer->is_promoted = text[0] == '+';
        text += answer->is_failing_over;
        answer->config_epoch = (uint64_t)(text[0] - '0');
        (void)snprintf(answer->primary, sizeof(answer->primary), "%s:6379", text + 2);
}

static void newest_configuration_is_believed(void **state)
{
        (void)state;
        static const struct {
                const char *answers[4];
                const char *primary;
                size_t voters;
                bool is_failing_over;
        } cases[] = {
            {{"1:a", "1:a", "1:a"}, "a:6379", 3, false},
            {{"1:a", "1:a", "2:b"}, "b:6379", 1, false}, /* the others have not heard of it yet */
            {{"2:b", "1:a", "2:b"}, "b:6379", 2, false}, /* one was cut off */
            {{"1:a", "1:b", "1:b"}, "b:6379", 2, false},
            {{"1:a", "1:b"}, "a:6379", 1, false},
            {{"*1:a", "1:a", "1:a"}, "a:6379", 3, true},
            {{"1:a", "1:a", "*1:a"}, "a:6379", 3, true},
            {{"+2:b", "1:a", "1:a"}, "b:6379", 1, false}, /* only the replicas are to follow */
            {{"+1:b", "2:a", "1:a"}, "a:6379", 2, true},
            {{"0:a"}, "a:6379", 1, false},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct sentinel_view view = {.asked = 3};
                for (size_t k = 0; k < 4 && cases[i].answers[k]; k++)
                        add_answer(&view, cases[i].answers[k]);
                sentinel_view_count(&view);
                if (strcmp(view.primary, cases[i].primary) != 0 || view.voters != cases[i].voters ||
                    view.is_failing_over != cases[i].is_failing_over)
                        fail_msg("case %zu: %s by %zu", i, view.primary, view.voters);
                for (size_t k = 0; k < view.count; k++)
                        assert_int_equal(text_equal(view.answers[k].primary, view.primary), k < view.voters);
        }
}

static void too_few_answers_are_told(void **state)
{
        (void)state;
        char text[400];
        struct sentinel_view view = {.asked = 3, .silent = "s3:26379"};
        add_answer(&view, "1:a");
        sentinel_view_count(&view);
        assert_true(sentinel_view_doubt(&view, text, sizeof(text)));
        assert_non_null(strstr(text, "only 1 of 3 Sentinels answers (s3:26379 does not)"));
        add_answer(&view, "1:a");
        sentinel_view_count(&view);
        assert_false(sentinel_view_doubt(&view, text, sizeof(text)));
        view.count = view.asked = 1; /* one address for all of them, as a Service has it */
        view.silent[0] = '\0';
        sentinel_view_count(&view);
        assert_false(sentinel_view_doubt(&view, text, sizeof(text)));
}

static void choice_is_sentinels(void **state)
{
        (void)state;
        static const struct sentinel_replica a10 = {.address = "a:1", .priority = 10},
                                             a100 = {.address = "a:1", .priority = 100},
                                             a0 = {.address = "a:1"},
                                             a_down = {.address = "a:1", .priority = 10, .is_down = true},
                                             b10 = {.address = "b:1", .priority = 10},
                                             b100 = {.address = "b:1", .priority = 100},
                                             b0 = {.address = "b:1"},
                                             b_down = {.address = "b:1", .priority = 10, .is_down = true},
                                             c100 = {.address = "c:1", .priority = 100};
        const struct {
                struct sentinel_replica replicas[3];
                size_t count;
                const char *wanted;
                enum sentinel_outlook outlook;
                const char *best, *other;
        } cases[] = {
            {{a100}, 1, "a:1", OUTLOOK_WANTED, "a:1", NULL},
            {{a10, b100}, 2, "a:1", OUTLOOK_WANTED, "a:1", "b:1"},
            {{b0, a100}, 2, "a:1", OUTLOOK_WANTED, "a:1", NULL},
            {{b_down, a100}, 2, "a:1", OUTLOOK_WANTED, "a:1", NULL},
            {{a100, b100}, 2, "a:1", OUTLOOK_OPEN, "a:1", "b:1"},
            {{a100, b10}, 2, "a:1", OUTLOOK_OTHER, "a:1", "b:1"},
            {{c100, b10, a100}, 3, "a:1", OUTLOOK_OTHER, "a:1", "b:1"},
            {{a_down, b10}, 2, "a:1", OUTLOOK_DOWN, "a:1", "b:1"},
            {{a0, b10}, 2, "a:1", OUTLOOK_NEVER, "a:1", "b:1"},
            {{b10, c100}, 2, "a:1", OUTLOOK_UNKNOWN, NULL, "b:1"},
            {{a100, b100}, 2, "a:1\nb:1", OUTLOOK_WANTED, "a:1", NULL}, /* either will do */
            {{a_down, b100}, 2, "a:1\nb:1", OUTLOOK_WANTED, "b:1", NULL},
            {{a0, b100, c100}, 3, "a:1\nb:1", OUTLOOK_OPEN, "b:1", "c:1"},
            {{a100}, 0, "a:1", OUTLOOK_UNKNOWN, NULL, NULL},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct sentinel_replica replicas[3];
                memcpy(replicas, cases[i].replicas, sizeof(replicas));
                const struct sentinel_answer answer = {.replicas = replicas, .replica_count = cases[i].count};
                const struct sentinel_choice choice = sentinel_choose(&answer, cases[i].wanted);
                if (choice.outlook != cases[i].outlook)
                        fail_msg("case %zu: %d", i, (int)choice.outlook);
                assert_int_equal(!choice.wanted, !cases[i].best);
                if (choice.wanted)
                        assert_string_equal(choice.wanted->address, cases[i].best);
                if (cases[i].other)
                        assert_string_equal(choice.other->address, cases[i].other);
        }
}

static void addresses_are_canonical(void **state)
{
        (void)state;
        static const struct {
                const char *host, *port, *wanted;
        } cases[] = {
            {"10.0.0.7", "6379", "10.0.0.7:6379"},
            {"Redis-0.redis.EXAMPLE.com", "6379", "redis-0.redis.example.com:6379"},
            {"2001:DB8:0:0::7", "6380", "[2001:db8::7]:6380"},
            {"", "6379", NULL},
            {"10.0.0.7", "0", NULL},
            {"10.0.0.7", "", NULL},
            {"10.0.0.7", "63790000", NULL},
            {"a b", "6379", NULL},
            {"::g", "6379", NULL},
            {"a\nb", "6379", NULL},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[SENTINEL_ADDRESS_BYTES] = "";
                assert_int_equal(sentinel_address(cases[i].host, cases[i].port, text), cases[i].wanted != NULL);
                assert_string_equal(text, cases[i].wanted ? cases[i].wanted : "");
        }
}

static void node_is_what_info_says(void **state)
{
        (void)state;
        static const char primary[] = "# Replication\r\nrole:master\r\nconnected_slaves:1\r\nmaster_repl_offset:0\r\n";
        static const char linked[] =
            "role:slave\r\nmaster_link_status:up\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:0\r\n";
        static const char first[] =
            "role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:1\r\n";
        static const char again[] =
            "role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\nslave_repl_offset:99\r\n";
        static const char cut_off[] =
            "role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:99\r\n";
        assert_false(node_of_info(primary, true).is_empty);
        assert_false(node_of_info(linked, false).is_empty);
        assert_true(node_of_info(first, false).is_empty);
        assert_true(node_of_info(again, false).is_empty);
        assert_false(node_of_info(cut_off, false).is_empty);
        assert_true(node_of_info("", false).is_empty);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(newest_configuration_is_believed), cmocka_unit_test(too_few_answers_are_told),
            cmocka_unit_test(choice_is_sentinels),              cmocka_unit_test(addresses_are_canonical),
            cmocka_unit_test(node_is_what_info_says),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
