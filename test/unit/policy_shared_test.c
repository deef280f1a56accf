/* policy_shared_test.c -- whole passes of policies whose decisions are recorded beside the name. */
#include "policy_rig.h"
#include "reconcile/policy_targets.h"
#include "reconcile/trouble.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

static struct policy *set_shared(struct rig *rig, long version, const char *store, int ttl)
{
        json_decref(rig->policy);
        rig->policy = rig_new_policy("gloo", "u1", version, "2026-11-01T00:00:00Z");
        json_t *spec = json_object_get(rig->policy, "spec");
        json_object_set_new(spec, "decisionStore", json_string(store));
        json_object_set_new(json_object_get(spec, "dns"), "recordTTL", json_integer(ttl));
        json_object_set_new(json_object_get(rig->policy, "metadata"), "generation", json_integer(version));
        return rig_set_policy(rig, rig->policy);
}

/* What an operator in another cluster has decided, for a TTL of its own. */
static void decide_elsewhere(epoch_t epoch, uint32_t ttl_s)
{
        const struct record record = {.version = RECORD_VERSION,
                                      .epoch = epoch,
                                      .id = 7,
                                      .phase = PHASE_STEADY,
                                      .from = "b",
                                      .to = "a",
                                      .reason = "ThresholdReached",
                                      .holder = "other_1",
                                      .plan = {.targets = {{.ref = {TARGET_NAME, "rfc2136", "", "gloo.example.com", 0},
                                                            .ttl_s = ttl_s,
                                                            .to = "A 127.0.0.1"}},
                                               .target_count = 1}};
        char text[RECORD_TEXT_BYTES];
        assert_int_equal(record_text_encode(&record, epoch, "dns/ns/gloo", "other", text, NULL), ERR_OK);
        (void)pthread_mutex_lock(&rig_dns.lock);
        TEXT_COPY(rig_dns.stamp, text);
        (void)pthread_mutex_unlock(&rig_dns.lock);
}

static void test_record_beside_the_name(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 4000);
        assert_non_null(policy->keeper.record);
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_non_null(strstr(rig_dns.stamp, " p=a s=dns/ns/gloo r=1 phase=Steady"));
        assert_non_null(strstr(rig_dns.stamp, " author=hub "));
        assert_int_equal(rig_dns.writes, 2); /* the decision, and then its epoch at the addresses */
        assert_int_equal(rig->lease_requests, 0);
        rig_pass(rig, 60000);
        assert_int_equal(rig_dns.writes, 2);
        assert_string_equal(policy->told.reason, "Steady");
        assert_non_null(strstr(rig->last_status, "\"store\":\"DNS\""));
}

/* Bug: a heartbeat was heard and renewed only while half of the account's bucket was left, and many policies in trouble
 * kept it below that. */
static void test_a_heartbeat_has_its_turn_though_many_policies_are_in_trouble(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 4000);
        struct mechanism *mechanism = policy_name(policy)->mechanism;
        const mono_ms began = loop_now(rig->loop);
        mono_ms heard = policy->alive.read_at;
        unsigned times = 0;
        while (loop_now(rig->loop) - began < 60000) {
                mechanism->paid_until = loop_now(rig->loop) + BURST_MS + 500; /* others came first */
                rig_pass(rig, 100);
                times += policy->alive.read_at != heard;
                heard = policy->alive.read_at;
        }
        assert_in_range(times, 5, 60);
}

/* Its first look came within ten seconds of its start, and so did the word of the operator inside the active plane. */
static void test_the_first_look_comes_as_soon_as_every_other(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = set_shared(rig, 20, "Kubernetes", 30);
        loop_timer_set(rig->loop, &policy->reads, loop_now(rig->loop) + 9000); /* as others by their names */
        json_t *detection = json_pack("{s:s}", "failoverDelay", "6s");
        set_shared(rig, 21, "DNS", 30);
        json_object_set_new(json_object_get(rig->policy, "spec"), "detection", detection);
        json_object_set_new(json_object_get(rig->policy, "metadata"), "resourceVersion", json_string("22"));
        rig_set_policy(rig, rig->policy);
        assert_in_range(policy->reads.at - loop_now(rig->loop), 0, 1000);
        unsigned reads = rig_dns.reads;
        rig_pass(rig, 5000);
        assert_in_range(rig_dns.reads - reads, 4, 8);
}

/* Two operators saw the same edit, and the other was quicker. */
static void test_a_race_that_was_lost_is_no_trouble(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 4000);
        policy->keeper.failures = 1;
        trouble_note(&rig->manager, TROUBLE_RECORDS, policy, "somebody changed it since it was read");
        decide_elsewhere(2, 30);
        rig_pass(rig, 30000);
        assert_int_equal(policy->keeper.record->epoch, 2);
        assert_false(rig->manager.troubles[TROUBLE_RECORDS].is_there);
        assert_int_equal(policy->keeper.failures, 0);
}

static void assert_says_refused(struct policy *policy)
{
        struct condition_list conditions = {0};
        json_t *status = policy->status.build(&policy->status, &conditions);
        char *text = json_dumps(status, JSON_COMPACT);
        assert_non_null(strstr(text, "TargetRefused"));
        assert_string_equal(policy->told.reason, "TargetRefused");
        free(text);
        json_decref(status);
        condition_list_clear(&conditions);
}

/* While it was tried again the status said something else for as long as the answer took, and so did Events. */
static void test_a_refused_decision_stays_refused_while_it_is_tried_again(void **state)
{
        struct rig *rig = *state;
        unsigned in_flight = 0;
        rig_start(rig);
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_DENIED);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 4000);
        unsigned events = rig->events;
        for (unsigned step = 0; step < 8000; step++) {
                leap_ms += step % 20 ? 0 : 50;
                fake_turn(rig->loop);
                workqueue_turn(rig->manager.policies_queue);
                in_flight += policy->keeper.write.record != NULL;
                assert_says_refused(policy);
        }
        assert_true(in_flight > 0);
        assert_int_equal(rig->events, events);
        assert_null(policy->keeper.record);
        rig_pass(rig, 60000);
        assert_in_range(rig_dns.writes, 5, 25);
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        rig_pass(rig, 11000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_string_equal(policy->told.reason, "Steady");
}

/* It is the next decision that is refused: the record stays, and what it says is at the name. */
static void test_a_refused_decision_is_forgotten_when_nothing_is_to_be_decided(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 4000);
        char stamp[TARGET_STAMP_BYTES];
        TEXT_COPY(stamp, rig_dns.stamp);
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_DENIED);
        TEXT_COPY(rig_dns.stamp, stamp);
        set_shared(rig, 21, "DNS", 60); /* a TTL is brought up to date by a decision */
        rig_pass(rig, 20000);
        assert_says_refused(policy);
        assert_int_equal(policy->keeper.record->epoch, 1);
        set_shared(rig, 22, "DNS", 30);
        rig_pass(rig, 11000);
        assert_string_equal(policy->told.reason, "Steady");
        assert_int_equal(policy_name(policy)->reach, REACH_OK);
}

static void test_decision_of_another_cluster_is_followed(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        decide_elsewhere(5, 30);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 20000);
        assert_int_equal(policy->keeper.record->epoch, 5);
        assert_string_equal(policy->keeper.record->plan.targets[0].to, "A 127.0.0.1");
        assert_string_equal(policy->told.reason, "Steady");
        decide_elsewhere(6, 30);
        rig_pass(rig, 10000);
        assert_int_equal(policy->keeper.record->epoch, 6);
        assert_int_equal(rig_dns.writes, 0);
        /* Having agreed, what is new is new on our side. */
        (void)set_shared(rig, 21, "DNS", 60);
        rig_pass(rig, 10000);
        assert_int_equal(policy->keeper.record->epoch, 7);
        assert_string_equal(policy->keeper.record->reason, "PlanOutdated");
        assert_non_null(strstr(rig_dns.stamp, "e=7 "));
}

static void test_plan_of_another_cluster_is_not_carried_out(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        decide_elsewhere(5, 60);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 20000);
        assert_int_equal(policy->keeper.record->epoch, 5);
        assert_string_equal(policy->told.reason, "PlanMismatch");
        assert_non_null(strstr(policy->told.why, "TTL 30s"));
        assert_int_equal(rig_dns.writes, 0);
        (void)set_shared(rig, 21, "DNS", 60); /* what Git says everywhere by now */
        rig_pass(rig, 2000);
        assert_string_equal(policy->told.reason, "Steady");
        assert_int_equal(rig_dns.writes, 0);
}

/* Restarted with an edited policy: the record is our own cluster's, and the name still shows what it says. */
static void test_own_plan_is_known_by_what_the_name_shows(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 4000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        policy_set(policy, NULL);
        policy = set_shared(rig, 21, "DNS", 45);
        rig_pass(rig, 10000);
        assert_int_equal(policy->keeper.record->epoch, 2);
        assert_string_equal(policy->keeper.record->reason, "PlanOutdated");
}

static void test_unreadable_record_beside_the_name_freezes(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        (void)pthread_mutex_lock(&rig_dns.lock);
        TEXT_COPY(rig_dns.stamp,
                  "v=pk1 e=5 id=00000000000000ab p=a s=dns/ns/gloo r=5 phase=Other plan=0123456789abcdef");
        (void)pthread_mutex_unlock(&rig_dns.lock);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        rig_pass(rig, 10000);
        assert_null(policy->keeper.record);
        assert_string_equal(policy->told.reason, "RecordUnreadable");
        assert_int_equal(rig_dns.writes, 0);
}

static void test_from_one_store_to_the_other(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = set_shared(rig, 20, "Kubernetes", 30);
        rig_pass(rig, 3000);
        assert_non_null(strstr(rig_dns.stamp, "e=1 "));
        assert_non_null(strstr(rig_dns.stamp, "s=k8s/hub/ns/gloo"));
        (void)set_shared(rig, 21, "DNS", 30); /* our own stamp is taken over */
        rig_pass(rig, 10000);
        assert_int_equal(policy->keeper.record->epoch, 2);
        assert_non_null(strstr(rig_dns.stamp, "s=dns/ns/gloo r=2 phase=Steady"));
        unsigned writes = rig_dns.writes;
        (void)set_shared(rig, 22, "Kubernetes", 30); /* others may share it by now */
        rig_pass(rig, 10000);
        assert_non_null(policy->keeper.record);
        assert_int_equal(policy->keeper.record->epoch, 1); /* the Lease's */
        assert_non_null(strstr(rig->last_status, "AutomaticUnsafe"));
        assert_int_equal(rig_dns.writes, writes);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_a_race_that_was_lost_is_no_trouble),
            RIG_TEST(test_record_beside_the_name),
            RIG_TEST(test_a_heartbeat_has_its_turn_though_many_policies_are_in_trouble),
            RIG_TEST(test_the_first_look_comes_as_soon_as_every_other),
            RIG_TEST(test_a_refused_decision_stays_refused_while_it_is_tried_again),
            RIG_TEST(test_a_refused_decision_is_forgotten_when_nothing_is_to_be_decided),
            RIG_TEST(test_decision_of_another_cluster_is_followed),
            RIG_TEST(test_plan_of_another_cluster_is_not_carried_out),
            RIG_TEST(test_own_plan_is_known_by_what_the_name_shows),
            RIG_TEST(test_unreadable_record_beside_the_name_freezes),
            RIG_TEST(test_from_one_store_to_the_other),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
