/* core_request_test.c -- what a person asked for by annotation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/request.h"
#include "core/targets.h"
#include "core_world.h"

/* As long as a request may be. */
#define WORDS_OF_49  "seven by seven letters make forty-nine, all told,"
#define WORDS_OF_300 WORDS_OF_49 WORDS_OF_49 WORDS_OF_49 WORDS_OF_49 WORDS_OF_49 WORDS_OF_49 "plus/6"

static struct request read_both(struct world *world, const char *switch_to, const char *adopt)
{
        world->view.policy.switch_to = switch_to;
        world->view.policy.adopt = adopt;
        return request_read(&world->view, targets_highest_epoch(&world->view), &world->arena);
}

static void every_text(void **state)
{
        (void)state;
        static const struct {
                const char *switch_to, *adopt;
                enum request_kind kind;
                const char *answer; /* how it begins */
        } rows[] = {
            {"", "", REQUEST_NONE, ""},
            {"b/6", "", REQUEST_SWITCH, ""},
            {"", "b/6", REQUEST_ADOPT, ""},
            {"b/5", "", REQUEST_NONE, "past: epoch 5 was decided already; to ask again: kubectl annotate fop gloo -n default "
                                      "--overwrite planekeeper.io/switch-to=b/6"},
            {"b/1", "", REQUEST_NONE, "past: "},
            {"b/0", "", REQUEST_NONE, "past: "},
            {"a/5", "", REQUEST_NONE, "accepted: epoch 5"}, /* it made this epoch */
            {"b/7", "", REQUEST_NONE, "refused: the next epoch is 6, not 7; to ask again: kubectl annotate fop gloo -n default "
                                      "--overwrite planekeeper.io/switch-to=b/6"},
            {"x/6", "", REQUEST_NONE, "refused: spec.planes does not name \"x\""},
            {"/6", "", REQUEST_NONE, "refused: spec.planes does not name \"\""},
            {"b", "", REQUEST_NONE, "not understood: write switch-to=<plane>/<epoch>, now <plane>/6"},
            {"b/", "", REQUEST_NONE, "not understood"},
            {"b/x", "", REQUEST_NONE, "not understood"},
            {"b/6 ", "", REQUEST_NONE, "not understood"},
            {"b/-6", "", REQUEST_NONE, "not understood"},
            {"b/+6", "", REQUEST_NONE, "not understood"},
            {"b/6.0", "", REQUEST_NONE, "not understood"},
            {"b/6/again", "", REQUEST_SWITCH, ""},
            {"", "b/6/again", REQUEST_ADOPT, ""},
            {"b/5/again", "", REQUEST_NONE, "past: "},
            {"b/6/Again", "", REQUEST_NONE, "not understood"},
            {"b/6/again/again", "", REQUEST_NONE, "not understood"},
            {"b/6/", "", REQUEST_NONE, "not understood"},
            {"again", "", REQUEST_NONE, "not understood"},
            {"/again", "", REQUEST_NONE, "not understood"},
            {"b/9007199254740991", "", REQUEST_NONE, "refused: the next epoch is 6"},
            {"b/9007199254740992", "", REQUEST_NONE, "not understood"},
            {"b/18446744073709551622", "", REQUEST_NONE, "not understood"}, /* 6 if it wrapped */
            {WORDS_OF_300, "", REQUEST_NONE, "refused: spec.planes does not name"},
            {"x" WORDS_OF_300, "", REQUEST_NONE, "not understood"},
            {"", "nonsense", REQUEST_NONE, "not understood: write adopt="},
            /* Both: the one that may act, else the later. */
            {"b/6", "a/6", REQUEST_SWITCH, ""},
            {"b/5", "a/6", REQUEST_ADOPT, ""},
            {"b/6", "a/5", REQUEST_SWITCH, ""},
            {"b/4", "b/5", REQUEST_NONE, "past: epoch 5"},
            {"b/5", "b/4", REQUEST_NONE, "past: epoch 5"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                struct request request = read_both(&world, rows[i].switch_to, rows[i].adopt);
                if (request.kind != rows[i].kind ||
                    strncmp(request.answer, rows[i].answer, strlen(rows[i].answer)) != 0 ||
                    !request.answer[0] != !rows[i].answer[0])
                        fail_msg("\"%s\" \"%s\": kind %d, answer \"%s\"", rows[i].switch_to, rows[i].adopt,
                                 (int)request.kind, request.answer);
                world_clear(&world);
        }
}

static void a_request_is_said_as_it_was_written(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        assert_string_equal(read_both(&world, "b/6", "").text, "switch-to=b/6");
        assert_string_equal(read_both(&world, "", "c/6").text, "adopt=c/6");
        world_clear(&world);
}

static void an_acknowledgement_is_answered(void **state)
{
        (void)state;
        static const struct {
                const char *ack, *switch_to;
                const char *text, *answer; /* how it begins */
        } rows[] = {
            {"5", "", "ack=5", "accepted: epoch 5 is acknowledged"},
            {"4", "", "ack=4", "past: the epoch in force is 5"},
            {"6", "", "ack=6", "refused: the epoch in force is 5, and none to come can be acknowledged"},
            {"5/again", "", "ack=5/again", "accepted: epoch 5 is acknowledged"},
            {"yes", "", "ack=yes", "not understood: write ack=<epoch>, now ack=5"},
            {"5", "b/6", "switch-to=b/6", ""},   /* what may act goes first */
            {"5", "a/5", "ack=5", "accepted: "}, /* it speaks of what the switch led to */
            {"4", "a/5", "switch-to=a/5", "accepted: "},
            {"yes", "a/5", "ack=yes", "not understood"},
            {"5", "nonsense", "switch-to=nonsense", "not understood"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                world.view.policy.ack = rows[i].ack;
                struct request request = read_both(&world, rows[i].switch_to, "");
                assert_string_equal(request.text, rows[i].text);
                if (strncmp(request.answer, rows[i].answer, strlen(rows[i].answer)) != 0)
                        fail_msg("ack=%s: \"%s\"", rows[i].ack, request.answer);
                world_clear(&world);
        }
}

/* Who decided the epoch that is asked for: an operator by itself was not asked, and another plane was not meant. */
static void only_the_request_that_made_the_epoch_was_accepted(void **state)
{
        (void)state;
        static const struct {
                const char *switch_to;
                bool automatic;
                const char *answer;
        } rows[] = {{"a/5", false, "accepted: epoch 5"},
                    {"a/5", true, "past: epoch 5 was decided already"},
                    {"b/5", false, "past: epoch 5 was decided already"},
                    {"a/4", false, "past: epoch 4 was decided already"}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                world.record.automatic = rows[i].automatic;
                struct request request = read_both(&world, rows[i].switch_to, "");
                if (strncmp(request.answer, rows[i].answer, strlen(rows[i].answer)) != 0)
                        fail_msg("%s: \"%s\"", rows[i].switch_to, request.answer);
                world_clear(&world);
        }
}

static void nothing_can_be_acknowledged_before_the_first_record(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_record(&world);
        world.view.policy.ack = "1";
        assert_string_equal(read_both(&world, "", "").answer, "refused: nothing is recorded yet that could be acknowledged");
        assert_false(request_is_acknowledged(&world.view));
        world_clear(&world);
}

/* An annotation may be 256 KiB of anything; status holds a part of it that is still text. */
static void a_long_text_is_cut_at_a_character(void **state)
{
        (void)state;
        char text[700];
        for (size_t i = 0; i + 2 < sizeof(text); i += 2)
                memcpy(text + i, "\xc3\xa9", 3);
        struct world world;
        world_init(&world);
        struct request request = read_both(&world, text, "");
        assert_int_equal(request.kind, REQUEST_NONE);
        assert_true(strlen(request.text) < 350);
        assert_memory_equal(request.text + strlen(request.text) - 5, "\xc3\xa9...", 5);
        world_clear(&world);
}

/* After a lost memory the targets say which epoch is next, and so must the answer. */
static void without_a_record_the_targets_count(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_record(&world);
        assert_int_equal(read_both(&world, "b/1", "").kind, REQUEST_SWITCH);
        world_dns(&world, WORLD_RRSET_A, 8, "a");
        assert_int_equal(read_both(&world, "b/1", "").kind, REQUEST_NONE);
        assert_int_equal(read_both(&world, "b/9", "").kind, REQUEST_SWITCH);
        world_clear(&world);
}

static struct decision decide_on(struct world *world, enum request_key key, const char *text, enum request_past past)
{
        struct policy_view *policy = &world->view.policy;
        policy->switch_to = key == REQUEST_KEY_SWITCH ? text : "";
        policy->adopt = key == REQUEST_KEY_ADOPT ? text : "";
        policy->ack = key == REQUEST_KEY_ACK ? text : "";
        policy->past[key] = past;
        return world_decide(world);
}

/* Whatever else is true by now. */
static void what_had_its_answer_never_acts(void **state)
{
        (void)state;
        static const char handled[] = "refused: it had its answer already; to ask again: kubectl annotate fop gloo -n "
                                      "default --overwrite planekeeper.io/";
        static const char inherited[] = "refused: it stood here when the status was lost";
        static const struct {
                enum request_key key;
                const char *text;
                enum request_past past;
                const char *answer, *again; /* how it begins and ends */
        } rows[] = {
            {REQUEST_KEY_SWITCH, "b/6", REQUEST_HANDLED, handled, "switch-to=b/6/again"},
            {REQUEST_KEY_SWITCH, "b/6/again", REQUEST_HANDLED, handled, "switch-to=b/6"},
            {REQUEST_KEY_ADOPT, "a/6", REQUEST_HANDLED, handled, "adopt=a/6/again"},
            {REQUEST_KEY_SWITCH, "b/6", REQUEST_INHERITED, inherited, "switch-to=b/6/again"},
            {REQUEST_KEY_ACK, "5", REQUEST_HANDLED, handled, "ack=5/again"},
            {REQUEST_KEY_ACK, "5", REQUEST_INHERITED, inherited, "ack=5/again"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                struct decision decision = decide_on(&world, rows[i].key, rows[i].text, rows[i].past);
                assert_int_equal(decision.finding, FINDING_STEADY);
                assert_null(decision.next);
                assert_true(decision.is_final);
                assert_memory_equal(decision.answer, rows[i].answer, strlen(rows[i].answer));
                assert_string_equal(decision.answer + strlen(decision.answer) - strlen(rows[i].again), rows[i].again);
                assert_false(request_is_acknowledged(&world.view));
                world_clear(&world);
        }
}

/* A policy without a record was never judged: what its manifest says is new. */
static void a_first_request_is_not_inherited(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_record(&world);
        world_dns(&world, "A 203.0.113.9", 0, "");
        struct decision decision = decide_on(&world, REQUEST_KEY_SWITCH, "b/1", REQUEST_INHERITED);
        assert_int_equal(decision.finding, FINDING_SWITCH_REQUESTED);
        world.view.policy.past[REQUEST_KEY_SWITCH] = REQUEST_HANDLED;
        assert_int_equal(world_decide(&world).finding, FINDING_UNKNOWN_TARGET);
        world_clear(&world);
}

/* What may be known otherwise in a moment is no ground for the last word. */
static void an_answer_for_good_rests_on_a_look_at_everything(void **state)
{
        (void)state;
        static const struct {
                enum request_key key;
                const char *text, *answer;
        } rows[] = {{REQUEST_KEY_SWITCH, "b/7", "refused: the next epoch"},
                    {REQUEST_KEY_SWITCH, "a/6", "refused: a is active already"},
                    {REQUEST_KEY_ADOPT, "b/6", "refused: gloo.example.com shows"},
                    {REQUEST_KEY_ACK, "6", "refused: the epoch in force is 5"}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                struct decision decision = decide_on(&world, rows[i].key, rows[i].text, REQUEST_NEW);
                assert_memory_equal(decision.answer, rows[i].answer, strlen(rows[i].answer));
                assert_true(decision.is_final);
                world.view.policy.is_asked_unread = true;
                decision = world_decide(&world);
                assert_string_equal(decision.answer,
                                    "waiting: the record and the targets have not been read since it was asked");
                assert_false(decision.is_final);
                world_clear(&world);
        }
        struct world world;
        world_init(&world);
        assert_true(request_may_be_refused(&world.view));
        world.view.record_read = false;
        assert_false(request_may_be_refused(&world.view));
        world.view.record_read = true;
        world.view.record_error = "no record";
        assert_false(request_may_be_refused(&world.view));
        world.view.record_error = "";
        NAME(world.view).health.read_at = 0;
        assert_false(request_may_be_refused(&world.view));
        world_clear(&world);
}

/* A person who chose Advise is refused for good; where Automatic is only not safe yet the request waits for it. */
static void in_advise_a_request_is_refused_for_good(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.policy.mode = MODE_ADVISE;
        struct decision decision = decide_on(&world, REQUEST_KEY_SWITCH, "b/6", REQUEST_NEW);
        assert_string_equal(decision.answer, "refused: in mode Advise nothing is written; follow status.runbook");
        assert_true(decision.is_final);
        world.view.policy.mode = MODE_AUTOMATIC;
        world.view.policy.past[REQUEST_KEY_SWITCH] = REQUEST_HANDLED;
        assert_int_equal(world_decide(&world).finding, FINDING_STEADY);
        world.view.policy.past[REQUEST_KEY_SWITCH] = REQUEST_NEW;
        world.view.planes[2].holds_operator = true;
        decision = world_decide(&world);
        assert_memory_equal(decision.answer, "waiting: mode Advise is in effect (OperatorInsidePlane)", 55);
        assert_false(decision.is_final);
        world_clear(&world);
}

/* A new one is answered whatever stands there beside it since long. */
static void what_had_its_answer_is_heard_last(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.policy.past[REQUEST_KEY_SWITCH] = REQUEST_HANDLED;
        assert_string_equal(read_both(&world, "b/7", "a/5").text, "adopt=a/5");
        assert_string_equal(read_both(&world, "b/7", "").text, "switch-to=b/7");
        world.view.policy.past[REQUEST_KEY_SWITCH] = REQUEST_NEW;
        world.view.policy.past[REQUEST_KEY_ADOPT] = REQUEST_HANDLED;
        assert_string_equal(read_both(&world, "b/5", "a/7").text, "switch-to=b/5");
        world_clear(&world);
}

static void a_refused_adoption_says_how_to_ask_once_more(void **state)
{
        (void)state;
        static const struct {
                const char *text, *again;
        } rows[] = {{"b/6", "planekeeper.io/adopt=b/6/again"}, {"b/6/again", "planekeeper.io/adopt=b/6"}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                struct decision decision = decide_on(&world, REQUEST_KEY_ADOPT, rows[i].text, REQUEST_NEW);
                const char *end = strstr(decision.answer, "planekeeper.io/");
                assert_non_null(end);
                assert_string_equal(end, rows[i].again);
                world_clear(&world);
        }
}

static void the_highest_epoch_that_stands_there(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        (void)read_both(&world, "b/17", "a/3");
        assert_int_equal(request_highest_epoch(&world.view, 100), 17);
        assert_int_equal(request_highest_epoch(&world.view, 16), 3);
        (void)read_both(&world, "a/3", "b/17");
        assert_int_equal(request_highest_epoch(&world.view, 100), 17);
        (void)read_both(&world, "b/17", "b/x");
        assert_int_equal(request_highest_epoch(&world.view, 100), 17);
        (void)read_both(&world, "nonsense", "");
        assert_int_equal(request_highest_epoch(&world.view, 100), 0);
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_text),
            cmocka_unit_test(a_request_is_said_as_it_was_written),
            cmocka_unit_test(an_acknowledgement_is_answered),
            cmocka_unit_test(nothing_can_be_acknowledged_before_the_first_record),
            cmocka_unit_test(only_the_request_that_made_the_epoch_was_accepted),
            cmocka_unit_test(a_long_text_is_cut_at_a_character),
            cmocka_unit_test(without_a_record_the_targets_count),
            cmocka_unit_test(what_had_its_answer_never_acts),
            cmocka_unit_test(a_first_request_is_not_inherited),
            cmocka_unit_test(an_answer_for_good_rests_on_a_look_at_everything),
            cmocka_unit_test(in_advise_a_request_is_refused_for_good),
            cmocka_unit_test(what_had_its_answer_is_heard_last),
            cmocka_unit_test(a_refused_adoption_says_how_to_ask_once_more),
            cmocka_unit_test(the_highest_epoch_that_stands_there),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
