/* explain_test.c -- a saved decision in words: what is said, what is replayed, and files that nobody should trust. */
#include "explain/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/decision_facts.h"
#include "core_world.h"
#include "json_text.h"

/* As the operator leaves it in status.lastDecision. */
static json_t *decision_of(struct world *world)
{
        struct decision decision = world_decide(world);
        json_t *gates = json_array();
        for (unsigned i = 0; i < decision.gates.count; i++)
                json_array_append_new(gates, json_pack("{s:s, s:b, s:s}", "name",
                                                       gate_name(decision.gates.verdicts[i].gate), "holds",
                                                       decision.gates.verdicts[i].passes, "message",
                                                       decision.gates.verdicts[i].text));
        json_t *saved = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:o, s:o}", "decision",
                                  decision.next ? "Switch" : "Hold", "epoch", WORLD_EPOCH + 1, "from", "a", "to", "b",
                                  "reason", decision.rule->reason, "message", decision.why, "gates", gates, "facts",
                                  decision_facts_encode(&world->view));
        assert_non_null(saved);
        return saved;
}

static json_t *policy_text(const char *more)
{
        return json_text("{'metadata':{'name':'gloo'},'spec':{'mode':'Automatic','planes':['a','b','c'],"
                         "'detection':{'failoverDelay':'30s'},"
                         "'dns':{'name':'gloo.example.com','rfc2136':{'nameserver':'192.0.2.53'}},"
                         "'writeMode':'SingleCluster','redis':{'address':'r:1','lock':{'key':'k'}}%s}}",
                         more);
}

static char *explained(const json_t *object, const json_t *changed)
{
        struct strbuf text = STRBUF_INIT(EXPLAIN_TEXT_MAX);
        struct errmsg why;
        if (explain_text(object, changed, &text, &why) != ERR_OK)
                fail_msg("%s", why.text);
        return strbuf_take(&text);
}

static void expect_in(const char *text, const char *want)
{
        if (!strstr(text, want))
                fail_msg("\"%s\" is not said in:\n%s", want, text);
}

static void a_failover_is_said_and_replayed(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        json_t *saved = decision_of(world);
        char *text = explained(saved, NULL);
        expect_in(text, "Switch, epoch 6, a -> b: ThresholdReached");
        expect_in(text, "  passes   ActiveDown ");
        expect_in(text, "failed 9 times in a row for 40s, last 0s before: timeout");
        expect_in(text, "down after 3 failures in a row and 30s, up after 3 passes");
        expect_in(text, "Asked again with these facts, the operator would switch to b (ThresholdReached)");
        assert_null(strstr(text, "That is not what was decided"));
        free(text);
        json_decref(saved);
}

static void a_changed_policy_decides_otherwise(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        json_t *saved = decision_of(world), *changed = policy_text("");
        char *text = explained(saved, changed);
        expect_in(text, "Under the changed policy the operator would switch to b");
        free(text);
        json_object_set_new(json_object_get(json_object_get(changed, "spec"), "detection"), "failoverDelay",
                            json_string("2m"));
        text = explained(saved, changed);
        expect_in(text, "failoverDelay: \"30s\" -> \"2m\"");
        expect_in(text, "Under the changed policy the operator would not act (ActiveUnhealthy)");
        expect_in(text, "ActiveDown             passes -> BLOCKS");
        free(text);
        json_decref(changed);
        changed = policy_text(",'suspend':true");
        text = explained(saved, changed);
        expect_in(text, "would only say so: a person would have to move to b (AwaitingHuman)");
        free(text);
        json_decref(changed);
        json_decref(saved);
}

/* The order of preference, planes that came and went. */
static void planes_are_taken_from_the_changed_policy(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        json_t *saved = decision_of(world), *changed = policy_text("");
        json_object_set_new(json_object_get(changed, "spec"), "planes", json_text("['d','c','a']"));
        char *text = explained(saved, changed);
        expect_in(text, "plane d was not part of it: nothing is known of it");
        expect_in(text, "plane b is not part of it any more");
        expect_in(text, "would switch to c");
        free(text);
        json_decref(changed);
        json_decref(saved);
}

static void cut_facts_are_admitted(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        json_t *saved = decision_of(world);
        json_object_set_new(saved, "reason", json_string("FailoverHeld"));
        char *text = explained(saved, NULL);
        expect_in(text, "That is not what was decided");
        free(text);
        json_object_del(saved, "facts");
        text = explained(saved, NULL);
        expect_in(text, "What it rested on was not saved");
        free(text);
        json_decref(saved);
}

/* Whatever was saved, a terminal shows it on one line. */
static void control_characters_are_not_printed(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        world->view.planes[0].checks[0].text = "x\x1b[2J\nholds FAKE \xC2\x9B" "31m";
        json_t *saved = decision_of(world);
        char *text = explained(saved, NULL);
        assert_null(strchr(text, '\x1b'));
        assert_null(strstr(text, "\xC2\x9B"));
        assert_null(strstr(text, "\nholds FAKE"));
        expect_in(text, "x?[2J?holds FAKE ?31m");
        free(text);
        json_decref(saved);
}

static void expect_refusal(json_t *object, json_t *changed, const char *want)
{
        struct strbuf text = STRBUF_INIT(EXPLAIN_TEXT_MAX);
        struct errmsg why = {""};
        assert_int_equal(explain_text(object, changed, &text, &why), ERR_INVALID);
        if (!strstr(why.text, want))
                fail_msg("\"%s\" does not say \"%s\"", why.text, want);
        strbuf_deinit(&text);
        json_decref(object);
        json_decref(changed);
}

static void files_that_explain_nothing_are_refused(void **state)
{
        struct world *world = *state;
        expect_refusal(json_text("{}"), NULL, "decision: is not there");
        expect_refusal(json_text("{'metadata':{},'spec':{}}"), NULL, "status.lastDecision: is not there");
        expect_refusal(json_text("{'metadata':{}}"), NULL, "status.lastDecision.decision: is not there");
        expect_refusal(json_text("{'items':[{},{}]}"), NULL, "items: 2 objects");
        expect_refusal(json_text("{'items':[]}"), NULL, "items: 0 objects");
        expect_refusal(json_text("{'decision':'Hold','facts':7}"), NULL, "facts: must be an object");
        expect_refusal(json_text("{'decision':'Hold'}"), policy_text(""), "facts: are not there");
        world_fail(world, 0, 40000);
        expect_refusal(decision_of(world), policy_text(",'maxSwitches':-1"), "spec.maxSwitches: must be");
        expect_refusal(decision_of(world), json_text("[]"), "is required");
}

static void both_forms_are_read(void **state)
{
        (void)state;
        static const char yaml[] = "a: 1\nb: '1'\nc: [true, null, ~, x]\nd: {e: -5}\n";
        json_t *want = json_text("{'a':1,'b':'1','c':[true,null,null,'x'],'d':{'e':-5}}"), *got = NULL;
        struct errmsg why;
        assert_int_equal(explain_parse(yaml, sizeof(yaml) - 1, &got, &why), ERR_OK);
        assert_true(json_equal(got, want));
        json_decref(got);
        assert_int_equal(explain_parse("\n {\"a\":1}", 9, &got, &why), ERR_OK);
        json_decref(got);
        json_decref(want);
        assert_int_equal(explain_parse("{\"a\":1,\"a\":2}", 13, &got, &why), ERR_INVALID);
        assert_int_equal(explain_parse("", 0, &got, &why), ERR_INVALID);
        assert_int_equal(explain_parse("- a", 3, &got, &why), ERR_INVALID);
        assert_int_equal(explain_parse("\0\0", 2, &got, &why), ERR_INVALID);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WORLD_TEST(a_failover_is_said_and_replayed),
            WORLD_TEST(a_changed_policy_decides_otherwise),
            WORLD_TEST(planes_are_taken_from_the_changed_policy),
            WORLD_TEST(cut_facts_are_admitted),
            WORLD_TEST(control_characters_are_not_printed),
            WORLD_TEST(files_that_explain_nothing_are_refused),
            cmocka_unit_test(both_forms_are_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
