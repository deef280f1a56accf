/* policy_pass_test.c -- whole passes of policies. */
#include "policy_rig.h"
#include "reconcile/effect.h"
#include "reconcile/policy_targets.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/caches.h"
#include "reconcile/plane.h"
#include "reconcile/record_keeper.h"
#include "util/mem.h"
#include "util/text.h"

static void test_live_name_is_adopted(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        assert_non_null(policy->keeper.record);
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_string_equal(policy->keeper.record->to, "a");
        assert_int_equal(policy->confirmation.epoch, 1);
        assert_non_null(strstr(rig_dns.stamp, "e=1"));
        assert_int_equal(rig_dns.writes, 1);
        assert_int_equal(rig->lease_requests, 1);
        assert_int_equal(rig->manager.admission.permits, 0);
        rig_pass(rig, 30000); /* until the verdict on every plane stands */
        unsigned statuses = rig->statuses;
        rig_pass(rig, 60000);
        assert_in_range(rig->statuses - statuses, 0, 3); /* nothing is new but when it was judged */
        assert_int_equal(rig_dns.writes, 1);
        unsigned reads = rig_dns.reads;
        rig_pass(rig, 100000);
        assert_in_range(rig_dns.reads - reads, 9, 11); /* the mechanism is looked at every 10 s */
}

/* Whether the driver can fence is its own word, and people read it beside what the target shows. */
static void test_a_weak_target_is_named_so(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        (void)rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 15000);
        assert_null(strstr(rig->last_status, "\"weak\":true"));
        rig_dns.is_weak = true;
        rig_pass(rig, 120000);
        assert_non_null(strstr(rig->last_status, "\"weak\":true"));
        rig_dns.is_weak = false;
}

/* The name had shown the value already, so that what our second write left empty was told as a person's edit. */
static void bug_half_a_write_after_a_whole_one_was_told_as_an_edit(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 15000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        char value[64];
        (void)TEXT_COPY(value, rig_dns.rrset);
        rig_dns_set(value, ERR_OK, ERR_OK); /* the zone as it was before us */
        rig_dns.halves = true;
        rig_pass(rig, 60000);
        assert_false(rig_dns.halves);
        assert_string_equal(rig_dns.rrset, value);
        assert_null(strstr(rig->last_status, "NameEmpty"));
}

/* Before it is taken over, and ever after. */
static void test_name_of_another_tool_is_left_alone(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        (void)TEXT_COPY(rig_dns.claim, "is managed by external-dns");
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 60000);
        assert_null(policy->keeper.record);
        assert_int_equal(rig_dns.writes, 0);
        rig_dns.claim[0] = '\0';
        rig_pass(rig, 15000);
        assert_non_null(policy->keeper.record);
        (void)TEXT_COPY(rig_dns.claim, "is managed by external-dns");
        rig_pass(rig, 45000);
        assert_string_equal(policy_name(policy)->state.stamp.claim, "is managed by external-dns");
        rig_dns.claim[0] = '\0';
        rig_pass(rig, 15000);
        assert_null(policy_name(policy)->state.stamp.claim);
}

/* Our own clock is wrong by days: records and people get the API server's time. */
static void test_wall_time_is_the_api_servers(void **state)
{
        struct rig *rig = *state;
        unix_ms wanted;
        assert_int_equal(text_to_time("2026-12-31T12:00:00Z", &wanted), ERR_OK);
        rig->date = "Date: Thu, 31 Dec 2026 12:00:00 GMT\r\n";
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        assert_in_range(pace_wall(&rig->manager.pace) - wanted, 0, 2000);
        rig_pass(rig, 3000);
        assert_in_range(policy->keeper.record->started_at - wanted, 0, 5000);
}

/* Somebody sets the machine's clock while we run: nothing that is written or judged moves with it. */
static void test_wall_clock_steps_shift_nothing(void **state)
{
        struct rig *rig = *state;
        const int64_t year_ms = (int64_t)365 * 24 * 3600000;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 30000);
        const int64_t steps[] = {year_ms, -year_ms, 3000};
        for (size_t i = 0; i < 3; i++) {
                unix_ms wall = pace_wall(&rig->manager.pace);
                unsigned statuses = rig->statuses;
                clock_wall_step_ms = steps[i];
                rig_pass(rig, 5000);
                assert_in_range(pace_wall(&rig->manager.pace) - wall, 5000, 8000);
                assert_int_equal(rig->statuses, statuses); /* not even a time in the status */
        }
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_int_equal(rig_dns.writes, 1);
}

/* The process stood still for half a minute: said in the status while it lasts, as one Event, and over by itself. */
static void test_a_late_loop_is_said_once_and_is_over(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        (void)rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 30000);
        for (unsigned i = 0; i < 3; i++) { /* late three times in a row: one fact */
                leap_ms += 30000;
                fake_turn(rig->loop);
                manager_was_late(&rig->manager, 30000);
                rig_pass(rig, 500);
        }
        assert_non_null(strstr(rig->last_status, "LoopLate"));
        assert_non_null(strstr(rig->last_status, "the operator's own loop was"));
        assert_int_equal(rig->late_events, 1);
        mono_ms until = rig->manager.pace.late_until;
        assert_in_range(until - loop_now(rig->loop), 1, 1000);
        rig_pass(rig, 2000);
        assert_null(strstr(rig->last_status, "LoopLate"));
        assert_int_equal(rig->manager.pace.late_until, until); /* it was not prolonged */
        assert_int_equal(rig->late_events, 1);
        assert_int_equal(rig_dns.writes, 1);
}

static void test_nothing_is_recorded_while_the_kill_switch_is_on(void **state)
{
        struct rig *rig = *state;
        rig->kill_switch = "{\"data\":{\"killSwitch\":\"true\"}}";
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 5000);
        assert_null(policy->keeper.record);
        assert_int_equal(rig->lease_requests, 0);
        assert_int_equal(rig_dns.writes, 0);
        rig->kill_switch = NULL;
        rig_pass(rig, 5000);
        assert_non_null(policy->keeper.record);
}

static void test_silent_arbiter_is_not_hammered(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        rig->lease_refusal = 503;
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 60000);
        assert_in_range(rig->lease_requests, 5, 30);
        assert_int_equal(rig_dns.writes, 0); /* no effect without a recorded decision */
        rig->lease_refusal = 0;
        rig_pass(rig, 6000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_int_equal(rig_dns.writes, 1);
        assert_int_equal(rig->manager.admission.permits, 0);
}

/* A Role that lacks a verb, a quota, an admission webhook: it was only in the log, and the policy said for ever that
 * its targets were being recorded. */
static void test_a_record_that_may_not_be_written_is_told(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        rig->lease_refusal = 403;
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 20000);
        assert_non_null(
            strstr(rig->last_status, "\"type\":\"Stalled\",\"status\":\"True\",\"reason\":\"RecordRefused\""));
        assert_non_null(strstr(rig->last_status, "it cannot be recorded: HTTP 403 (grant it by RBAC)"));
        assert_non_null(strstr(rig->last_event, "RecordRefused"));
        assert_int_equal(rig->events, 1);
        rig->lease_refusal = 0;
        rig_pass(rig, 6000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_null(strstr(rig->last_status, "RecordRefused"));
        assert_string_equal(policy->told.reason, "Steady");
}

/* Read fine, written never: visible all the time, and tried at the pace of the back-off. */
/* The name has lost its stamp, and may not be written for a minute. */
static struct policy *start_refused(struct rig *rig)
{
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        while (!policy->keeper.record)
                rig_pass(rig, 50);
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_DENIED);
        rig_pass(rig, 60000);
        assert_int_equal(policy_name(policy)->reach, REACH_FAILED);
        return policy;
}

static void test_refused_update_is_backed_off(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = start_refused(rig);
        assert_in_range(rig_dns.writes, 5, 25);
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        rig_pass(rig, 11000);
        assert_int_equal(policy_name(policy)->reach, REACH_OK);
        assert_non_null(strstr(rig_dns.stamp, "e=1"));
}

static json_t *build_never(struct status_mark *self, struct condition_list *ret_conditions)
{
        (void)self, (void)ret_conditions;
        fail_msg("a second evaluation, for the status alone");
        return NULL;
}

/* There was one evaluation for what is done, and another one later for what is said of it. */
static void test_the_status_is_of_the_pass(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 30000);
        policy->status.build = build_never;
        rig_dns_set("A 198.51.100.7", ERR_OK, ERR_OK); /* somebody's edit, which is left alone */
        rig_pass(rig, 60000);
        assert_non_null(strstr(rig->last_status, "198.51.100.7"));
}

/* Nobody writes it any more, so nobody would have found out that we may again. */
static void test_refused_update_of_a_record_that_is_gone_is_forgotten(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = start_refused(rig);
        json_decref(rig->lease);
        rig->lease = NULL;
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        record_keeper_watched(policy, NULL);
        rig_pass(rig, 20000);
        assert_int_equal(policy_name(policy)->reach, REACH_OK);
        assert_non_null(policy->keeper.record);
        assert_string_equal(policy->told.reason, "Steady");
}

static void test_recreated_policy_inherits_nothing_but_the_record(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        policy->requests.text = mem_strdup("switch-to=b/7");
        policy->requests.answer = mem_strdup("accepted: epoch 7");
        policy->requests.handled[REQUEST_KEY_SWITCH] = mem_strdup("b/7");
        account_keep(&policy->account.history, json_array());
        policy->planes[1].was.verdict = VERDICT_DOWN;
        assert_ptr_equal(rig_set_gloo(rig, "u2", 21), policy);
        assert_null(policy->requests.text);
        assert_null(policy->requests.handled[REQUEST_KEY_SWITCH]);
        assert_null(policy->account.history.bytes);
        assert_int_equal(policy->confirmation.epoch, 0);
        assert_int_equal(policy->planes[1].was.verdict, VERDICT_UNKNOWN);
        assert_int_equal(policy_name(policy)->reach, REACH_NEVER);
        assert_int_equal(policy->keeper.record->epoch, 1);
        rig_pass(rig, 3000);
        assert_int_equal(policy->keeper.record->epoch, 1); /* it goes on under the record that is there */
        assert_int_equal(rig_dns.writes, 1);
        assert_string_equal(policy->active, "a");
}

/* A pass that begins another epoch forgets what servers showed, and reports after that what it had gathered before. */
static void test_what_a_server_showed_outlives_that_the_pass_forgets_it(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        const char *const server = "192.0.2.54"; /* which no pass asks here */
        policy->spec->dns.verify_servers = &server;
        policy->spec->dns.verify_count = 1;
        struct verify_look look = {.has_answered = true, .shown = "A 192.0.2.9"};
        verify_take(policy, &(struct effect){.epoch = policy->keeper.record->epoch, .server_count = 1, .looks = &look});
        struct arena arena = {0};
        struct view view = {.verify_count = 0};
        verify_gather(policy, &arena, &view);
        assert_int_equal(view.verify_count, 1);
        verify_restart(policy);
        assert_string_equal(view.verify[0].shown, "A 192.0.2.9");
        policy->spec->dns.verify_count = 0;
        arena_deinit(&arena);
}

static void test_policy_in_deletion_is_left_alone(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        rig->policy = rig_new_policy("gloo", "u1", 20, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(rig->policy, "metadata"), "deletionTimestamp",
                            json_string("2026-11-01T00:00:01Z"));
        (void)rig_set_policy(rig, rig->policy);
        rig_pass(rig, 30000);
        assert_int_equal(rig->lease_requests, 0);
        assert_int_equal(rig_dns.writes, 0);
}

/* Deleted, or no longer leader, with a write to the arbiter, a read of DNS and a status under way. */
static void test_gone_with_everything_under_way(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        while (!policy_name(policy)->read_at)
                rig_pass(rig, 50);
        rig->is_mute = true;
        policy->keeper.is_doubtful = true;
        policy_wake(policy);
        rig_pass(rig, 200);
        assert_int_equal(rig->manager.admission.permits, 1);
        rig->manager.is_leader = false;
        caches_leadership_changed(&rig->manager);
        assert_int_equal(rig->manager.admission.permits, 0);
        rig->manager.is_leader = true;
        caches_leadership_changed(&rig->manager);
        workqueue_turn(rig->manager.policies_queue); /* reads DNS, and the record */
        assert_non_null(policy_name(policy)->effect);
        assert_int_equal(rig->manager.admission.permits, 1);
        record_keeper_watched(policy, NULL);
        policy_set(policy, NULL); /* freed: the sanitizers watch what comes back for it */
        assert_int_equal(rig->manager.admission.permits, 0);
        assert_null(map_find(&rig->manager.policies, "ns/gloo"));
        rig_pass(rig, 10000);
}

static void test_spec_that_cannot_be_read_stops_everything(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        rig_dns_set("A 127.0.0.1", ERR_DENIED, ERR_DENIED);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        workqueue_turn(rig->manager.policies_queue); /* a read is under way that will be refused */
        json_t *broken = rig_new_policy("gloo", "u1", 21, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(broken, "spec"), "mode", json_string("Sometimes"));
        (void)rig_set_policy(rig, broken);
        json_decref(broken);
        rig_pass(rig, 2000);
        assert_null(policy->spec);
        assert_non_null(strstr(policy->spec_error, "mode"));
        assert_non_null(strstr(rig->last_event, "InvalidSpec"));
        assert_int_equal(policy->plane_count, 0);
}

static void test_second_claim_is_told_to_both(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *first = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        unsigned events = rig->events;
        json_t *object = rig_new_policy("late", "u9", 22, "2026-11-05T00:00:00Z");
        struct policy *late = rig_set_policy(rig, object);
        json_decref(object);
        rig_pass(rig, 3000);
        assert_int_equal(rig->events, events + 2 + 4); /* and of each of their two planes, to both */
        assert_string_equal(late->told.reason, "DuplicateTarget");
        assert_string_equal(first->told.reason, "Steady");
        assert_null(late->keeper.record);
}

/* A Lease that lost its label is seen by reads and not by the watch: that must not become a loop of creations. */
static void test_unlabelled_record_freezes(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        rig->lease = json_pack("{s:{s:s, s:s, s:s}}", "metadata", "name", "planekeeper-gloo", "namespace", "ns",
                               "resourceVersion", "50");
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        policy->keeper.is_doubtful = true; /* as after a creation that was answered with 409 */
        rig_pass(rig, 30000);
        assert_in_range(rig->lease_requests, 1, 3); /* read again after a list that did not name it */
        assert_int_equal(rig->lease_writes, 0);
        assert_non_null(strstr(policy->keeper.error, "put the label back"));
        assert_string_equal(policy->told.reason, "RecordUnreadable");
}

/* A write that is sent while another visit is under way would expect what that one may have changed. */
static void test_a_target_is_visited_once_at_a_time(void **state)
{
        struct rig *rig = *state;
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 4000);
        struct target_slot *slot = policy->targets[0];
        const struct target_write write = {
            .value = "A 127.0.0.1",
            .ttl_s = 30,
            .stamp = {.presence = STAMP_OURS, .epoch = 2, .id = 7, .plane = "a", .store = "k8s/u/ns/gloo"},
            .former = ""};
        (void)pthread_mutex_lock(&rig_dns.lock); /* the server answers nobody */
        effect_read(policy, slot);
        struct effect *first = slot->effect;
        assert_non_null(first);
        for (unsigned turn = 0; turn < 1000 && !effect_is_sent(first); turn++)
                fake_turn(rig->loop);
        assert_true(effect_is_sent(first));
        effect_write(policy, slot, &write);
        effect_read(policy, slot);
        assert_ptr_equal(slot->effect, first);
        (void)pthread_mutex_unlock(&rig_dns.lock);
        rig_pass(rig, 1000);
        assert_null(slot->effect);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_live_name_is_adopted),
            RIG_TEST(test_the_status_is_of_the_pass),
            RIG_TEST(test_a_weak_target_is_named_so),
            RIG_TEST(bug_half_a_write_after_a_whole_one_was_told_as_an_edit),
            RIG_TEST(test_name_of_another_tool_is_left_alone),
            RIG_TEST(test_wall_time_is_the_api_servers),
            RIG_TEST(test_wall_clock_steps_shift_nothing),
            RIG_TEST(test_a_late_loop_is_said_once_and_is_over),
            RIG_TEST(test_nothing_is_recorded_while_the_kill_switch_is_on),
            RIG_TEST(test_silent_arbiter_is_not_hammered),
            RIG_TEST(test_a_record_that_may_not_be_written_is_told),
            RIG_TEST(test_refused_update_is_backed_off),
            RIG_TEST(test_refused_update_of_a_record_that_is_gone_is_forgotten),
            RIG_TEST(test_recreated_policy_inherits_nothing_but_the_record),
            RIG_TEST(test_what_a_server_showed_outlives_that_the_pass_forgets_it),
            RIG_TEST(test_policy_in_deletion_is_left_alone),
            RIG_TEST(test_gone_with_everything_under_way),
            RIG_TEST(test_spec_that_cannot_be_read_stops_everything),
            RIG_TEST(test_second_claim_is_told_to_both),
            RIG_TEST(test_a_target_is_visited_once_at_a_time),
            RIG_TEST(test_unlabelled_record_freezes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
