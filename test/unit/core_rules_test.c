/*
 * core_rules_test.c -- random views against the table of the state machine: every row is reached, and no view reaches a
 * pair that is not in it. PK_SEED chooses other views.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/runbook.h"
#include "core_mutators.h"

enum { DEFAULT_SEED = 20261123, VIEWS = 50000 };

static bool is_camel_case(const char *text)
{
        if (text[0] < 'A' || text[0] > 'Z')
                return false;
        for (; *text; text++)
                if (!((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z') ||
                      (*text >= '0' && *text <= '9')))
                        return false;
        return true;
}

static void rows_are_named(void **state)
{
        (void)state;
        for (size_t i = 0; rule_at(i); i++) {
                assert_true(is_camel_case(rule_at(i)->reason));
                assert_true(is_camel_case(rule_at(i)->state));
        }
}

/* What holds of every decision, whatever the view. */
static void check_decision(struct world *world, const struct decision *decision)
{
        const struct view *view = &world->view;
        const struct record *next = decision->next;
        enum action action = decision->rule->then;
        assert_true(decision->why[0]);
        assert_true(decision->wake_at == 0 || decision->wake_at > view->now);
        if (!decision->may_act)
                assert_true(action == DO_WAIT || action == DO_REPORT); /* S13 */
        assert_true((next != NULL) ==
                    (action == DO_ADOPT || action == DO_DECIDE || action == DO_ABORT || action == DO_COMMIT ||
                     action_is_aside(action)));
        bool is_accepted =
            decision->finding == FINDING_SWITCH_REQUESTED || decision->finding == FINDING_SWITCH_CONFIRMED ||
            decision->finding == FINDING_ADOPT_REQUESTED;
        if (decision->request.kind != REQUEST_NONE) /* an accepted one is answered when its record is there */
                assert_true((decision->answer[0] != '\0') != is_accepted);
        if (!next)
                return;
        assert_true(NAME(next->plan).to[0]);
        if (action == DO_COMMIT || action_is_aside(action)) {
                assert_int_equal(next->epoch, view->record->epoch);
                assert_int_equal(next->id, view->record->id);
                return;
        }
        if (decision->is_prepared || decision->finding == FINDING_PREPARED_SHOWN) {
                assert_int_equal(next->epoch, view->record->prepared.epoch);
                assert_int_equal(next->id, view->record->prepared.id);
                return;
        }
        assert_int_equal(next->id, view->fresh_id);
        assert_true(!view->record || next->epoch > record_highest_epoch(view->record));
        assert_true(!view->record || next->epoch > view->record->epoch); /* S1 */
        assert_true(NAME(*view).shows.stamp.presence != STAMP_OURS || strcmp(NAME(*view).shows.stamp.store, view->store) != 0 ||
                    next->epoch > NAME(*view).shows.stamp.epoch);
}

static void check_condition(const struct report_condition *condition)
{
        assert_true(is_camel_case(condition->type));
        assert_true(is_camel_case(condition->reason));
        assert_true(condition->message[0]);
}

/* The status contract: Ready always and first, Reconciling and Stalled only while True and never both. */
static void check_report(struct world *world, const struct report *report)
{
        assert_true(report->condition_count >= 7 && report->condition_count <= REPORT_CONDITIONS_MAX);
        assert_string_equal(report->conditions[0].type, "Ready");
        for (unsigned i = 0; i < report->condition_count; i++)
                check_condition(&report->conditions[i]);
        const struct report_condition *reconciling = world_condition(report, "Reconciling");
        const struct report_condition *stalled = world_condition(report, "Stalled");
        assert_false(reconciling && stalled);
        assert_true(!reconciling || reconciling->status == REPORT_TRUE);
        assert_true(!stalled || stalled->status == REPORT_TRUE);
        enum report_status ready = report->conditions[0].status;
        assert_int_equal(ready == REPORT_TRUE, !reconciling && !stalled);
        if (ready == REPORT_UNKNOWN)
                assert_non_null(reconciling);
        assert_string_equal(report->message, report->conditions[0].message);
        const char *const cells[] = {report->state,   report->mode, report->active,
                                     report->standby, report->step, report->failover};
        for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
                assert_true(cells[i] && cells[i][0]);
        (void)world;
}

static void expect_same(const struct report *before, const struct report *after)
{
        assert_int_equal(before->condition_count, after->condition_count);
        for (unsigned i = 0; i < before->condition_count; i++) {
                assert_int_equal(before->conditions[i].status, after->conditions[i].status);
                assert_string_equal(before->conditions[i].reason, after->conditions[i].reason);
                assert_string_equal(before->conditions[i].message, after->conditions[i].message);
        }
        assert_string_equal(before->state, after->state);
        assert_string_equal(before->standby, after->standby);
        assert_string_equal(before->step, after->step);
}

/* The same facts, seen again ten seconds later, are the same status, unless something was due by then. */
static void check_stillness(struct world *world, const struct decision *before, const struct report *report)
{
        enum { LATER_MS = 10000 };
        if (before->wake_at && before->wake_at <= world->view.now + LATER_MS)
                return;
        for (unsigned i = 0; i < world->view.plane_count; i++) {
                for (unsigned c = 0; c < world->view.planes[i].check_count; c++) {
                        const struct check_view *check = &world->view.planes[i].checks[c];
                        if (check->role == CHECK_ROLE_PATH && check->fails + check->passes < 3)
                                return; /* the next sample may reach a threshold */
                }
                world->view.planes[i].was = before->verdicts[i];
        }
        core_renew(world, LATER_MS);
        struct decision decision = world_decide(world);
        struct report after = world_report(world, &decision);
        assert_int_equal(decision.finding, before->finding);
        expect_same(report, &after);
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

static void every_row_is_reached_and_nothing_else(void **state)
{
        (void)state;
        static unsigned reached[PHASE_COUNT][FINDING_COUNT];
        const uint64_t chosen = core_chosen_seed(DEFAULT_SEED);
        for (unsigned number = 0; number < VIEWS; number++) {
                uint64_t seed = chosen + number;
                struct world world;
                core_arbitrary_world(&world, seed, current, sizeof(current));
                struct decision decision = world_decide(&world); /* aborts on a pair that the table does not list */
                struct report report = world_report(&world, &decision);
                struct runbook runbook;
                runbook_build(&world.view, &decision, &world_tools, &world.arena, &runbook);
                assert_true(runbook.count > 0);
                check_decision(&world, &decision);
                check_report(&world, &report);
                check_stillness(&world, &decision, &report);
                reached[decision.phase][decision.finding]++;
                world_clear(&world);
        }
        current[0] = '\0';
        for (size_t i = 0; rule_at(i); i++)
                if (!reached[rule_at(i)->phase][rule_at(i)->finding])
                        fail_msg("no view reaches %s %s", phase_name(rule_at(i)->phase),
                                 finding_name(rule_at(i)->finding));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(rows_are_named),
            cmocka_unit_test_teardown(every_row_is_reached_and_nothing_else, say_current),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
