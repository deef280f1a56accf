/*
 * decision_facts_test.c -- what a decision rested on survives being written down: the core decides the same on what is
 * read back, for random views too. PK_SEED chooses other ones.
 */
#include "api/decision_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_mutators.h"
#include "json_text.h"

enum { DEFAULT_SEED = 20261123, VIEWS = 6000, MUTATIONS_MAX = 5 };

/* Through text, as it is stored. */
static struct decision_facts *survive(const struct view *view)
{
        json_t *facts = decision_facts_encode(view);
        char *text = json_dumps(facts, JSON_COMPACT);
        json_t *again = json_loads(text, 0, NULL);
        struct decision_facts *decoded = NULL;
        struct errmsg why;
        if (decision_facts_decode(again, &decoded, &why) != ERR_OK)
                fail_msg("%s\n%s", why.text, text);
        free(text);
        json_decref(facts);
        json_decref(again);
        return decoded;
}

static void expect_same(const struct decision *a, const struct decision *b)
{
        assert_string_equal(finding_name(a->finding), finding_name(b->finding));
        assert_int_equal(a->phase, b->phase);
        assert_int_equal(a->rule->then, b->rule->then);
        assert_int_equal(a->has_gates, b->has_gates);
        for (unsigned i = 0; i < TARGETS_MAX; i++)
                assert_int_equal(a->targets[i].sync, b->targets[i].sync);
        assert_int_equal(a->epoch, b->epoch);
        assert_int_equal(a->candidate != NULL, b->candidate != NULL);
        if (a->candidate)
                assert_string_equal(a->candidate->name, b->candidate->name);
        for (unsigned i = 0; a->has_gates && i < a->gates.count; i++) {
                assert_int_equal(a->gates.verdicts[i].gate, b->gates.verdicts[i].gate);
                assert_int_equal(a->gates.verdicts[i].passes, b->gates.verdicts[i].passes);
        }
        if (a->next)
                assert_string_equal(a->next->to, b->next->to);
}

/* No gate looks at what is prepared, so it is no fact: the message says where a decision was prepared. */
static void leave_out_what_is_prepared(struct world *world)
{
        world->view.may_prepare = world->view.owns_prepared = world->view.is_record_assumed = false;
        world->record.prepared = (struct prepared){0};
        world->record.given_up = 0;
}

static void decide_again(struct world *world)
{
        leave_out_what_is_prepared(world);
        struct decision before = world_decide(world), after;
        struct decision_facts *facts = survive(&world->view);
        facts->view.policy.name = world->view.policy.name;
        facts->view.policy.namespace_name = world->view.policy.namespace_name;
        failover_decide(&facts->view, &world->arena, &after);
        expect_same(&before, &after);
        decision_facts_free(facts);
}

static void the_ordinary_failover_says_the_same(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        world_deployment(world, 0, 0, 3);
        struct decision before = world_decide(world), after;
        struct decision_facts *facts = survive(&world->view);
        failover_decide(&facts->view, &world->arena, &after);
        assert_int_equal(before.finding, FINDING_ACTIVE_DOWN);
        expect_same(&before, &after);
        assert_string_equal(before.why, after.why);
        for (unsigned i = 0; i < before.gates.count; i++)
                assert_string_equal(before.gates.verdicts[i].text, after.gates.verdicts[i].text);
        decision_facts_free(facts);
}

/* The lock is silent with the plane that is left, and what moves it is saved, too. */
static void a_primary_that_moves_is_saved(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PROMOTION);
        struct wanted_target *wanted = &world->view.policy.targets[place];
        wanted->value = NULL;
        for (unsigned i = 0; i < world->view.plane_count; i++)
                wanted->values[wanted->value_count++] =
                    (struct wanted_value){world->view.planes[i].name, world->view.planes[i].name};
        LOCK(world->view.policy).is_moved = true;
        world_show(world, place, "c", 0, ""); /* its own server has moved it, which holds up no failover */
        world->view.targets[place].moves_itself = true;
        world_lock_fails(world, ERR_TRANSIENT, "refused", true);
        world_fail(world, 0, 40000);
        world_deployment(world, 0, 0, 3);
        const struct decision before = world_decide(world);
        assert_int_equal(before.finding, FINDING_ACTIVE_DOWN);
        assert_non_null(before.next);
        decide_again(world);
}

/* A person's switch waits for the fence of the plane that is left, and a failover does not. */
static void fences_are_saved_with_their_planes(void **state)
{
        struct world *world = *state;
        for (unsigned i = 0; i < 2; i++) {
                const unsigned place = world_add(world, TARGET_FENCE);
                struct wanted_target *wanted = &world->view.policy.targets[place];
                wanted->value = NULL;
                wanted->plane = world->view.planes[i].name;
                for (unsigned j = 0; j < world->view.plane_count; j++)
                        wanted->values[wanted->value_count++] =
                            (struct wanted_value){world->view.planes[j].name, i == j ? "open" : "shut"};
                world->record.plan.targets[place].to = i == 0 ? "open" : "shut";
                world_show(world, place, i == 0 ? "open" : "shut", WORLD_EPOCH, "a");
                world->view.targets[place].health.reach = REACH_FAILED;
                world->view.targets[place].health.error = "refused";
        }
        world->view.policy.switch_to = "b/6";
        const struct decision held = world_decide(world);
        assert_null(held.next);
        decide_again(world);
        world->view.policy.switch_to = "";
        world_fail(world, 0, 200000);
        const struct decision decided = world_decide(world);
        assert_non_null(decided.next);
        decide_again(world);
        struct decision_facts *facts = survive(&world->view);
        for (unsigned i = 0; i < 2; i++) {
                assert_string_equal(facts->view.policy.targets[i].plane, world->view.planes[i].name);
                for (unsigned j = 0; j < world->view.plane_count; j++)
                        assert_string_equal(facts->view.policy.targets[i].values[j].value, i == j ? "open" : "shut");
        }
        decision_facts_free(facts);
}

/* Which view is being looked at, so that a failure can be looked at again. */
static char current[1024];

static int say_current(void **state)
{
        (void)state;
        if (current[0])
                print_error("the view was %s\n", current);
        return 0;
}

/* A switch under way waits for other servers, which are not part of it: nothing is decided there. */
static bool is_replayable(const struct view *view)
{
        /* What a decision rested on at targets of other kinds is not saved. */
        for (unsigned i = 0; i < view->target_count; i++)
                if (strcmp(view->targets[i].ref.driver, "test") == 0)
                        return false;
        return !view->verify_count;
}

static void start_world(struct world *world, uint64_t *seed)
{
        (void)snprintf(current, sizeof(current), "PK_SEED=%llu:", (unsigned long long)*seed);
        world_init(world);
        unsigned kind = core_pick(seed, 4);
        if (kind == 0)
                world_without_record(world);
        else if (kind == 3)
                world_switching(world);
        for (unsigned left = core_pick(seed, MUTATIONS_MAX + 1); left > 0; left--) {
                const struct mutator *mutator = &core_mutators[core_pick(seed, (unsigned)core_mutator_count)];
                size_t at = strlen(current);
                mutator->apply(world);
                (void)snprintf(current + at, sizeof(current) - at, " %s", mutator->name);
        }
}

static void random_views_are_decided_the_same(void **state)
{
        (void)state;
        const uint64_t chosen = core_chosen_seed(DEFAULT_SEED);
        unsigned replayed = 0;
        for (unsigned number = 0; number < VIEWS; number++) {
                uint64_t seed = chosen + number;
                struct world world;
                start_world(&world, &seed);
                if (is_replayable(&world.view))
                        decide_again(&world);
                replayed += is_replayable(&world.view);
                world_clear(&world);
        }
        current[0] = '\0';
        assert_true(replayed > VIEWS / 2);
}

static char *long_text(char fill, size_t count)
{
        static char texts[4][2048];
        static unsigned next;
        char *text = texts[next++ % 4];
        memset(text, fill, count);
        text[count] = '\0';
        return text;
}

/* Long values are abbreviated, and what was equal stays equal. */
static void long_values_stay_comparable(void **state)
{
        struct world *world = *state;
        const char *a = long_text('1', 600), *b = long_text('1', 601);
        world->view.planes[0].rrset = a;
        world->view.planes[1].rrset = b;
        NAME(world->record.plan).to = a;
        world_dns(world, a, WORLD_EPOCH, "a");
        struct decision_facts *facts = survive(&world->view);
        assert_true(strlen(facts->view.planes[0].rrset) <= FACTS_VALUE_MAX);
        assert_string_equal(facts->view.planes[0].rrset, NAME(facts->view).shows.value);
        assert_string_not_equal(facts->view.planes[0].rrset, facts->view.planes[1].rrset);
        decision_facts_free(facts);
        decide_again(world);
}

/* Eight planes with eight checks that fail at length. */
static void the_worst_case_is_bounded(void **state)
{
        struct world *world = *state;
        static char names[PLANES_MAX][64];
        world->view.plane_count = PLANES_MAX;
        for (unsigned i = 0; i < PLANES_MAX; i++) {
                struct plane_view *plane = &world->view.planes[i];
                *plane = world->view.planes[0];
                (void)snprintf(names[i], sizeof(names[i]), "plane-%u-%s", i, "eu-central-1.europe.example");
                plane->name = names[i];
                plane->check_count = CHECKS_MAX;
                for (unsigned c = 0; c < CHECKS_MAX; c++) {
                        plane->checks[c] = plane->checks[0];
                        plane->checks[c].fails = 4000000000U;
                        plane->checks[c].passes = 0;
                        plane->checks[c].run_since = 1;
                        plane->checks[c].text = long_text('e', 1000);
                }
        }
        json_t *facts = decision_facts_encode(&world->view);
        size_t bytes = json_dumpb(facts, NULL, 0, JSON_COMPACT);
        print_message("facts of eight planes with eight checks: %zu bytes\n", bytes);
        assert_in_range(bytes, 1, 16000);
        json_decref(facts);
}

static void expect_refusal(struct world *world, const char *path, json_t *value, const char *want)
{
        json_t *facts = decision_facts_encode(&world->view), *at = facts;
        struct decision_facts *decoded = NULL;
        struct errmsg why = {""};
        char part[64];
        const char *rest = path;
        for (const char *slash = strchr(rest, '/'); slash; rest = slash + 1, slash = strchr(rest, '/')) {
                (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - rest), rest);
                at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
        }
        assert_int_equal(json_object_set_new(at, rest, value), 0);
        assert_int_equal(decision_facts_decode(facts, &decoded, &why), ERR_INVALID);
        if (!strstr(why.text, want))
                fail_msg("\"%s\" does not say \"%s\"", why.text, want);
        json_decref(facts);
}

static void hostile_facts_are_refused_by_field(void **state)
{
        struct world *world = *state;
        world_deployment(world, 0, 3, 3);
        expect_refusal(world, "version", json_integer(2), "facts: version: must be");
        expect_refusal(world, "version", json_null(), "facts: version: is required");
        expect_refusal(world, "at", json_string("now"), "facts: at: must be a time");
        expect_refusal(world, "at", json_null(), "facts: at: must be a time");
        expect_refusal(world, "policy", json_string("x"), "facts: policy: must be an object");
        expect_refusal(world, "policy/mode", json_null(), "facts: policy.mode: must be one of");
        expect_refusal(world, "policy/failureThreshold", json_integer(0), "facts: policy.failureThreshold: must be");
        expect_refusal(world, "policy/interval", json_string("0s"), "facts: policy.interval: must be a duration");
        expect_refusal(world, "planes", json_array(), "facts: planes: is required");
        expect_refusal(world, "planes/1/name", json_string("a"), "facts: planes[1].name: is there twice");
        expect_refusal(world, "planes/0/checks/0/passes", json_integer(-1), "planes[0].checks[0].passes: must be");
        expect_refusal(world, "planes/0/checks/0/fails", json_integer(1), "passes: stands beside fails");
        expect_refusal(world, "planes/0/checks/1/replicas", json_string("3/3"), "replicas: must be available");
        expect_refusal(world, "planes/0/checks/1/replicas", json_string("3/-2/3"), "replicas: must be available");
        expect_refusal(world, "planes/0/checks/0/age", json_string("99999999h"), "age: must be a duration");
        expect_refusal(world, "record/epoch", json_integer(0), "facts: record.epoch: must be");
        expect_refusal(world, "record/phase", json_string("None"), "facts: record.phase: must be one of");
        expect_refusal(world, "dns/epoch", json_integer(4), "facts: dns.epoch: is not the record's");
        expect_refusal(world, "dns/stamp", json_string("Mine"), "facts: dns.stamp: must be one of");
        expect_refusal(world, "lock/server", json_string(long_text('s', 300)), "facts: lock.server: has 300 bytes");
        struct decision_facts *decoded = NULL;
        struct errmsg why;
        assert_int_equal(decision_facts_decode(NULL, &decoded, &why), ERR_INVALID);
        assert_string_equal(why.text, "facts: must be an object");
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WORLD_TEST(the_ordinary_failover_says_the_same),
            WORLD_TEST(a_primary_that_moves_is_saved),
            WORLD_TEST(fences_are_saved_with_their_planes),
            cmocka_unit_test_teardown(random_views_are_decided_the_same, say_current),
            WORLD_TEST(long_values_stay_comparable),
            WORLD_TEST(the_worst_case_is_bounded),
            WORLD_TEST(hostile_facts_are_refused_by_field),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
