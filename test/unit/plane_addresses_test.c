/* plane_addresses_test.c -- which addresses of a plane are probed, and what their samples make together. */
#include "policy_rig.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "probe/driver.h"
#include "reconcile/plane.h"
#include "reconcile/plane_parts.h"
#include "util/arena.h"

/* What DNS says now: how many addresses from 127.0.0.<first> on; 0: no such name; negative: it does not answer. */
static atomic_int dns_count, dns_first;

static void lookup(const char *host, const char *servers, struct resolve_answer *ret)
{
        (void)host, (void)servers;
        int count = atomic_load(&dns_count);
        ret->is_absent = count == 0;
        for (int i = 0; i < count; i++)
                ret->addresses[ret->count++] = (struct address){
                    .family = AF_INET,
                    .v4.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(atomic_load(&dns_first) + count - 1 - i) - 1)};
        if (count <= 0)
                (void)snprintf(ret->why, sizeof(ret->why),
                               count ? "nobody answers" : "DNS says that there is no such name");
}

static void start_keeping(struct rig *rig, mono_ms fresh_ms, mono_ms keep_ms)
{
        const struct resolve_policy brief = {
            .fresh_ms = fresh_ms, .retry_ms = 1000, .keep_ms = keep_ms, .lookup = lookup};
        rig_start(rig);
        resolver_close(rig->manager.prober->resolver);
        rig->manager.prober->resolver = resolver_open(rig->loop, rig->manager.executor, &brief);
}

static void start(struct rig *rig, mono_ms fresh_ms)
{
        start_keeping(rig, fresh_ms, 600000);
}

/* Of a Service that cannot be asked now: what the status says of its addresses is gone on from. */
static struct plane *put_discovered(struct rig *rig, const char *name, const char *first, const char *second)
{
        json_t *object =
            json_pack("{s:{s:s, s:s, s:s, s:s, s:i}, s:{s:[{s:s, s:s}]}, s:{s:i, s:i, s:[s, s]}}", "metadata", "name",
                      name, "namespace", "ns", "uid", name, "resourceVersion", "12", "generation", 1, "spec", "checks",
                      "name", "server", "type", "TCP", "status", "observedGeneration", 1, "port",
                      fake_api_port(rig->api), "addresses", first, second);
        assert_non_null(object);
        struct plane *plane = plane_obtain(&rig->manager, "ns", name);
        rig_keep(rig, object);
        plane_set(plane, object);
        json_decref(object);
        return plane;
}

static struct plane *put_named(struct rig *rig, const char *name)
{
        json_t *object = json_pack("{s:{s:s, s:s, s:s, s:s, s:i}, s:{s:{s:s, s:i}}}", "metadata", "name", name,
                                   "namespace", "ns", "uid", name, "resourceVersion", "12", "generation", 1, "spec",
                                   "server", "address", "LB.example.com.", "port", fake_api_port(rig->api));
        assert_non_null(object);
        struct plane *plane = plane_obtain(&rig->manager, "ns", name);
        rig_keep(rig, object);
        plane_set(plane, object);
        json_decref(object);
        return plane;
}

static void test_each_address_has_a_run(void **state)
{
        struct rig *rig = *state;
        struct arena arena = {0};
        struct plane_view view;
        start(rig, 30000);
        struct plane *plane = put_discovered(rig, "two", "127.0.0.1", "127.0.0.2");
        rig_pass(rig, 20000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_string_equal(view.rrset, "A 127.0.0.1,127.0.0.2");
        assert_true(view.checks[0].passes >= 3);
        assert_string_equal(view.checks[0].partial, "127.0.0.2: connection refused");
        struct plane *dead = put_discovered(rig, "dead", "127.0.0.3", "127.0.0.2");
        rig_pass(rig, 20000);
        plane_view_fill(dead, NULL, &arena, &view);
        assert_true(view.checks[0].fails >= 3);
        assert_null(view.checks[0].partial);
        assert_string_equal(view.checks[0].text, "127.0.0.3: connection refused, 127.0.0.2: connection refused");
        arena_deinit(&arena);
}

/* The record carries one family: only that is probed, and only that is judged. */
static void test_the_family_of_the_record(void **state)
{
        struct rig *rig = *state;
        struct arena arena = {0};
        struct plane_view view;
        start(rig, 30000);
        struct plane *plane = put_discovered(rig, "dual", "127.0.0.1", "fd00:dead::1");
        rig_pass(rig, 1000);
        assert_int_equal(plane->checks[0].target_count, 1);
        assert_string_equal(plane->checks[0].targets[0].address, "127.0.0.1");
        static const char *const types[] = {"AAAA", "A"};
        for (int i = 0; i < 2; i++) {
                json_t *policy = rig_new_policy("gloo", "u1", 20 + i, "2026-11-01T00:00:00Z");
                json_t *spec = json_object_get(policy, "spec");
                json_object_set_new(json_object_get(policy, "metadata"), "generation", json_integer(1 + i));
                json_object_set_new(spec, "planes", json_pack("[s, s]", "a", "dual"));
                json_object_set_new(json_object_get(spec, "dns"), "recordType", json_string(types[i]));
                (void)rig_set_policy(rig, policy);
                rig_pass(rig, 10000);
                assert_int_equal(plane->checks[0].target_count, 1);
                assert_string_equal(plane->checks[0].targets[0].address, i ? "127.0.0.1" : "fd00:dead::1");
                plane_view_fill(plane, i ? "A 127.0.0.1" : "AAAA fd00:dead::1", &arena, &view);
                assert_string_equal(view.left_out, i ? "fd00:dead::1" : "127.0.0.1");
                assert_int_equal(view.checks[0].passes > 0, i);
                json_decref(policy);
        }
        plane_view_fill(plane, "AAAA fd00:dead::1", &arena, &view); /* it was not looked at since: nothing is said */
        assert_int_equal(view.checks[0].passes + view.checks[0].fails, 0);
        arena_deinit(&arena);
}

static void test_a_name_is_what_dns_says(void **state)
{
        struct rig *rig = *state;
        struct arena arena = {0};
        struct plane_view view;
        atomic_store(&dns_first, 1);
        atomic_store(&dns_count, 0);
        start(rig, 1000);
        struct plane *plane = put_named(rig, "named");
        rig_pass(rig, 10000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_string_equal(view.rrset, "CNAME lb.example.com");
        assert_true(view.name_absent);
        assert_int_equal(view.name_confirmed_at, 0);
        assert_string_equal(view.checks[0].text,
                            "LB.example.com. does not resolve: DNS says that there is no such name");
        atomic_store(&dns_count, 2);
        rig_pass(rig, 30000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_false(view.name_absent);
        assert_null(view.name_error);
        assert_true(view.name_confirmed_at > 0);
        assert_true(view.checks[0].passes >= 3);
        assert_string_equal(view.checks[0].partial, "127.0.0.2: connection refused");
        atomic_store(&dns_count, -1);
        rig_pass(rig, 30000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_false(view.name_absent); /* silence is no absence: what was known is probed on */
        assert_string_equal(view.name_error, "nobody answers");
        assert_true(loop_now(rig->loop) - view.name_confirmed_at >= 20000);
        assert_true(view.checks[0].passes >= 8);
        atomic_store(&dns_count, 0);
        rig_pass(rig, 10000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_true(view.name_absent);
        arena_deinit(&arena);
}

/* A name that leads elsewhere all the time: its outage is one, not one for each answer of DNS. */
static void test_an_outage_outlasts_an_answer_of_dns(void **state)
{
        struct rig *rig = *state;
        struct arena arena = {0};
        struct plane_view view;
        atomic_store(&dns_first, 2);
        atomic_store(&dns_count, 1);
        start(rig, 1000);
        struct plane *plane = put_named(rig, "named");
        rig_pass(rig, 5000);
        mono_ms began = loop_now(rig->loop);
        for (int i = 0; i < 6; i++) {
                atomic_store(&dns_first, 3 + i);
                rig_pass(rig, 10000);
        }
        plane_view_fill(plane, NULL, &arena, &view);
        assert_true(view.checks[0].fails >= 6);
        assert_true(view.checks[0].run_since <= began);
        atomic_store(&dns_first, 1);
        rig_pass(rig, 20000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_true(view.checks[0].passes >= 2);
        arena_deinit(&arena);
}

static void take(struct plane *plane, enum probe_result result, mono_ms at)
{
        const struct sample sample = {.result = result, .started_at = at, .ended_at = at + 1, .text = "as told"};
        plane_run_sampled(&plane->checks[0].targets[0], &sample);
}

/* Two failures, ten minutes of which nobody knows anything, one failure: that was an outage of ten minutes. */
static void bug_a_run_went_on_across_a_gap(void **state)
{
        struct rig *rig = *state;
        start(rig, 30000);
        struct plane *plane = put_discovered(rig, "two", "127.0.0.1", "127.0.0.1");
        rig_pass(rig, 100);
        const struct check_run *run = &plane->checks[0].targets[0].run;
        const mono_ms every = plane->cadence.interval_ms, began = loop_now(rig->loop) + 600000;
        take(plane, PROBE_FAIL, began);
        take(plane, PROBE_UNKNOWN, began + every);
        take(plane, PROBE_UNKNOWN, began + 2 * every);
        take(plane, PROBE_FAIL, began + 3 * every);
        assert_int_equal(run->fails, 2);
        assert_int_equal(run->run_since, began);
        for (unsigned i = 4; i < 124; i++)
                take(plane, PROBE_UNKNOWN, began + i * every);
        take(plane, PROBE_FAIL, began + 124 * every);
        assert_int_equal(run->fails, 1);
        assert_int_equal(run->run_since, began + 124 * every);
        take(plane, PROBE_PASS, began + 125 * every);
        take(plane, PROBE_PASS, began + 145 * every); /* nor is a plane well for as long as nobody knows of it */
        assert_int_equal(run->passes, 1);
}

/* The same where there is nothing to probe meanwhile, because nobody says where the name leads. */
static void bug_an_outage_went_on_while_nothing_was_probed(void **state)
{
        struct rig *rig = *state;
        struct arena arena = {0};
        struct plane_view view;
        atomic_store(&dns_first, 2);
        atomic_store(&dns_count, 1);
        start_keeping(rig, 1000, 5000);
        struct plane *plane = put_named(rig, "named");
        rig_pass(rig, 20000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_true(view.checks[0].fails >= 3);
        atomic_store(&dns_count, -1);
        rig_pass(rig, 60000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_true(view.checks[0].last_unknown);
        const mono_ms again = loop_now(rig->loop);
        atomic_store(&dns_first, 3);
        atomic_store(&dns_count, 1);
        rig_pass(rig, 9000);
        plane_view_fill(plane, NULL, &arena, &view);
        assert_in_range(view.checks[0].fails, 1, 10);
        assert_true(view.checks[0].run_since >= again);
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_each_address_has_a_run),
            RIG_TEST(test_the_family_of_the_record),
            RIG_TEST(test_a_name_is_what_dns_says),
            RIG_TEST(test_an_outage_outlasts_an_answer_of_dns),
            RIG_TEST(bug_a_run_went_on_across_a_gap),
            RIG_TEST(bug_an_outage_went_on_while_nothing_was_probed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
