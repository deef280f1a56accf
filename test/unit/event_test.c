/* event_test.c -- Events as the API wants them, series, and the pace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_hub.h"
#include "kube/event.h"
#include "leap_clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/strbuf.h"

static const struct kube_resource policies = {"planekeeper.io", "v1alpha1", "failoverpolicies", "FailoverPolicy"};
static const struct kube_resource nodes = {"", "v1", "nodes", "Node"};
static const struct event_subject policy = {&policies, "ops", "gloo", "uid-1"};

enum { HELD_MAX = 16 };

struct rig {
        struct fake_hub hub;
        struct event_recorder *recorder;
        unsigned creates;
        unsigned patches;
        int status;
        bool holds; /* answers are kept back */
        struct fake_peer *held[HELD_MAX];
        size_t held_count;
        char target[400];
        char method[8];
        json_t *body;
};

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        bool is_create = strcmp(request->method, "POST") == 0;
        rig->creates += is_create;
        rig->patches += !is_create;
        (void)snprintf(rig->target, sizeof(rig->target), "%s", request->target);
        (void)snprintf(rig->method, sizeof(rig->method), "%s", request->method);
        json_decref(rig->body);
        rig->body = json_loads(request->body, 0, NULL);
        if (rig->holds)
                rig->held[rig->held_count++ % HELD_MAX] = peer;
        else
                fake_answer(peer, rig->status, "", "{}");
}

static int open_rig(void **state)
{
        struct rig *rig = mem_new(rig);
        clock_stands_still = true;
        leap_ms = 1000000;
        rig->status = 201;
        fake_hub_open(&rig->hub, false, on_request, rig);
        rig->recorder = event_recorder_open(rig->hub.loop, rig->hub.kube, "planekeeper.io/planekeeper", "pod-1");
        *state = rig;
        return 0;
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        event_recorder_close(rig->recorder);
        event_recorder_close(NULL);
        fake_hub_close(&rig->hub);
        json_decref(rig->body);
        free(rig);
        return 0;
}

static void turn(struct rig *rig)
{
        leap_ms++; /* curl's own short timers are on this clock */
        fake_turn(rig->hub.loop);
        leap_ms--;
}

/* Until the network is quiet. The clock stands still, so whatever is paced stays back. */
static void settle(struct rig *rig)
{
        unsigned before;
        do {
                before = rig->creates + rig->patches;
                for (int i = 0; i < 40; i++)
                        turn(rig);
        } while (rig->creates + rig->patches != before);
}

static const char *text_of(const struct rig *rig, const char *key)
{
        const char *text = json_string_value(json_object_get(rig->body, key));
        return text ? text : "";
}

static const char *regarding(const struct rig *rig, const char *key)
{
        const char *text = json_string_value(json_object_get(json_object_get(rig->body, "regarding"), key));
        return text ? text : "";
}

static json_int_t series_count(const struct rig *rig)
{
        return json_integer_value(json_object_get(json_object_get(rig->body, "series"), "count"));
}

static double dropped(void)
{
        struct strbuf page = STRBUF_INIT(1 << 20);
        metrics_print(&page);
        const char *line = strstr(page.text, "\nplanekeeper_events_dropped_total ");
        assert_non_null(line);
        double value = strtod(line + strlen("\nplanekeeper_events_dropped_total "), NULL);
        strbuf_deinit(&page);
        return value;
}

static void test_one_event(void **state)
{
        struct rig *rig = *state;
        event_record(rig->recorder, &policy, true, "SwitchStarted", "Switch", "from a to b");
        settle(rig);
        assert_int_equal(rig->creates, 1);
        assert_string_equal(rig->target, "/apis/events.k8s.io/v1/namespaces/ops/events");
        assert_string_equal(text_of(rig, "apiVersion"), "events.k8s.io/v1");
        assert_string_equal(text_of(rig, "type"), "Warning");
        assert_string_equal(text_of(rig, "reason"), "SwitchStarted");
        assert_string_equal(text_of(rig, "action"), "Switch");
        assert_string_equal(text_of(rig, "note"), "from a to b");
        assert_string_equal(text_of(rig, "reportingController"), "planekeeper.io/planekeeper");
        assert_string_equal(text_of(rig, "reportingInstance"), "pod-1");
        assert_int_equal(strlen(text_of(rig, "eventTime")), strlen("2026-11-23T02:59:52.412000Z"));
        assert_string_equal(regarding(rig, "apiVersion"), "planekeeper.io/v1alpha1");
        assert_string_equal(regarding(rig, "kind"), "FailoverPolicy");
        assert_string_equal(regarding(rig, "namespace"), "ops");
        assert_string_equal(regarding(rig, "name"), "gloo");
        assert_string_equal(regarding(rig, "uid"), "uid-1");
        assert_null(json_object_get(rig->body, "series"));
        const json_t *metadata = json_object_get(rig->body, "metadata");
        assert_true(strncmp(json_string_value(json_object_get(metadata, "name")), "gloo.", 5) == 0);
        assert_string_equal(json_string_value(json_object_get(metadata, "namespace")), "ops");
}

static void test_subject_without_a_namespace(void **state)
{
        struct rig *rig = *state;
        const struct event_subject node = {&nodes, NULL, "n", NULL};
        event_record(rig->recorder, &node, false, "Seen", NULL, "");
        settle(rig);
        assert_string_equal(rig->target, "/apis/events.k8s.io/v1/namespaces/default/events");
        assert_string_equal(regarding(rig, "apiVersion"), "v1");
        assert_string_equal(text_of(rig, "action"), "Seen");
        assert_string_equal(text_of(rig, "type"), "Normal");
}

static void test_bounds_of_the_api(void **state)
{
        struct rig *rig = *state;
        char reason[300], note[3000], name[254];
        memset(reason, 'R', sizeof(reason));
        reason[sizeof(reason) - 1] = '\0';
        memset(note, 'n', sizeof(note));
        memcpy(note + 1023, "\xc3\xa4", 2); /* does not fit whole */
        note[sizeof(note) - 1] = '\0';
        memset(name, 'a', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        const struct event_subject long_name = {&policies, "ops", name, "u"};
        event_record(rig->recorder, &long_name, false, reason, reason, note);
        settle(rig);
        assert_int_equal(strlen(text_of(rig, "reason")), 128);
        assert_int_equal(strlen(text_of(rig, "action")), 128);
        assert_int_equal(strlen(text_of(rig, "note")), 1023);
        assert_int_equal(strlen(json_string_value(json_object_get(json_object_get(rig->body, "metadata"), "name"))),
                         253);
        event_record(rig->recorder, &policy, false, "Odd", "Odd", "cut \xc3( \xff \xe2\x82\xac \xe2\x82");
        settle(rig);
        assert_string_equal(text_of(rig, "note"), "cut ?( ? \xe2\x82\xac ??");
}

static void test_series(void **state)
{
        struct rig *rig = *state;
        event_record(rig->recorder, &policy, false, "Held", "Hold", "same");
        settle(rig);
        char name[400];
        (void)snprintf(name, sizeof(name), "%s",
                       json_string_value(json_object_get(json_object_get(rig->body, "metadata"), "name")));
        for (int seen = 2; seen <= 4; seen++) {
                leap_ms += 60 * 1000;
                event_record(rig->recorder, &policy, false, "Held", "Hold", "same");
                settle(rig);
                assert_int_equal(series_count(rig), seen);
                assert_non_null(json_object_get(json_object_get(rig->body, "series"), "lastObservedTime"));
                assert_int_equal(json_object_size(rig->body), 1); /* nothing else may be changed */
                assert_non_null(strstr(rig->target, name));
        }
        assert_int_equal(rig->creates, 1);
        assert_int_equal(rig->patches, 3);
        event_record(rig->recorder, &policy, false, "Held", "Hold", "another");
        event_record(rig->recorder, &(struct event_subject){&policies, "ops", "gloo", "uid-2"}, false, "Held", "Hold",
                     "same");
        event_record(rig->recorder, &policy, false, "Other", "Hold", "same");
        settle(rig);
        assert_int_equal(rig->creates, 4);
        leap_ms += 5 * 60 * 1000 + 10;
        settle(rig);
        event_record(rig->recorder, &policy, false, "Held", "Hold", "same"); /* too long ago */
        settle(rig);
        assert_int_equal(rig->creates, 5);
}

static void test_repeated_before_it_was_written(void **state)
{
        struct rig *rig = *state;
        rig->holds = true;
        event_record(rig->recorder, &policy, false, "Held", "Hold", "same");
        settle(rig);
        for (int i = 0; i < 9; i++)
                event_record(rig->recorder, &policy, false, "Held", "Hold", "same"); /* while the first is in flight */
        settle(rig);
        assert_int_equal(rig->creates, 1);
        rig->holds = false;
        fake_answer(rig->held[0], 201, "", "{}");
        settle(rig);
        assert_int_equal(rig->creates, 1);
        assert_int_equal(rig->patches, 1);
        assert_int_equal(series_count(rig), 10);
}

static void test_series_whose_event_is_gone(void **state)
{
        struct rig *rig = *state;
        event_record(rig->recorder, &policy, false, "Held", "Hold", "same");
        settle(rig);
        rig->status = 404;
        event_record(rig->recorder, &policy, false, "Held", "Hold", "same");
        while (rig->patches == 0)
                turn(rig);
        rig->status = 201;
        settle(rig);
        assert_int_equal(rig->patches, 1);
        assert_int_equal(rig->creates, 2); /* begun anew, with what it has counted */
        assert_int_equal(series_count(rig), 2);
}

enum { FILLERS = 4 }; /* as many as may be in flight, so that what is recorded next waits */

static void record_fillers(struct rig *rig)
{
        for (int i = 0; i < FILLERS; i++) {
                char note[32];
                (void)snprintf(note, sizeof(note), "filler %d", i);
                event_record(rig->recorder, &policy, false, "Held", "Hold", note);
        }
        settle(rig);
}

static void test_namespace_that_is_gone(void **state)
{
        struct rig *rig = *state;
        double before = dropped();
        rig->holds = true;
        record_fillers(rig);
        event_record(rig->recorder, &policy, false, "Held", "Hold", "same");
        event_record(rig->recorder, &policy, false, "Held", "Hold", "same"); /* two before the first write */
        rig->holds = false;
        rig->status = 404;
        for (size_t i = 0; i < rig->held_count; i++)
                fake_answer(rig->held[i], 201, "", "{}");
        settle(rig);
        assert_int_equal(rig->creates, FILLERS + 1); /* not again and again */
        assert_true(dropped() - before == 1);
}

static void record_many(struct rig *rig, int from, int to)
{
        for (int i = from; i < to; i++) {
                char note[32];
                (void)snprintf(note, sizeof(note), "note %d", i);
                event_record(rig->recorder, &policy, false, "Held", "Hold", note);
        }
}

static void test_pace(void **state)
{
        struct rig *rig = *state;
        record_many(rig, 0, 200);
        settle(rig);
        assert_int_equal(rig->creates, 50); /* the burst */
        leap_ms += 1000;
        settle(rig);
        assert_int_equal(rig->creates, 70); /* 20 a second */
        leap_ms += 2000;
        settle(rig);
        assert_int_equal(rig->creates, 110);
        leap_ms += 60 * 1000;
        settle(rig);
        assert_int_equal(rig->creates, 160); /* saved up: not more than a burst */
}

static void test_few_in_flight(void **state)
{
        struct rig *rig = *state;
        rig->holds = true;
        record_many(rig, 0, 30);
        settle(rig);
        assert_int_equal(rig->creates, 4);
        fake_answer(rig->held[0], 201, "", "{}");
        settle(rig);
        assert_int_equal(rig->creates, 5);
}

static void test_queue_is_bounded(void **state)
{
        struct rig *rig = *state;
        double before = dropped();
        rig->holds = true;
        record_many(rig, 0, 1010);
        assert_true(dropped() - before >= 6 && dropped() - before <= 10); /* 1,000 wait, 4 are in flight */
}

/* The API server is away just when the story is told. */
static void test_ones_that_were_not_taken_are_written_later(void **state)
{
        struct rig *rig = *state;
        double before = dropped();
        rig->status = 503;
        record_many(rig, 0, 3);
        settle(rig);
        assert_int_equal(rig->creates, 3); /* and then no more for a while */
        rig->status = 201;
        leap_ms += 60000;
        settle(rig);
        assert_int_equal(rig->creates, 6);
        assert_true(dropped() - before == 0);
        record_many(rig, 0, 1); /* remembered as a series */
        settle(rig);
        assert_int_equal(rig->patches, 1);
}

static void test_refused_ones_are_dropped(void **state)
{
        struct rig *rig = *state;
        double before = dropped();
        rig->status = 403;
        record_many(rig, 0, 3);
        settle(rig);
        assert_true(dropped() - before == 3);
        rig->status = 201;
        record_many(rig, 0, 1); /* not remembered as a series */
        settle(rig);
        assert_int_equal(rig->creates, 4);
        assert_int_equal(rig->patches, 0);
}

static void test_memory_of_series_is_bounded(void **state)
{
        struct rig *rig = *state;
        for (int i = 0; i < 300; i += 20) {
                record_many(rig, i, i + 20);
                settle(rig);
                leap_ms += 1000;
        }
        assert_int_equal(rig->creates, 300);
        record_many(rig, 299, 300); /* remembered */
        settle(rig);
        assert_int_equal(rig->patches, 1);
        record_many(rig, 0, 1); /* forgotten for newer ones */
        settle(rig);
        assert_int_equal(rig->creates, 301);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_one_event, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_subject_without_a_namespace, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_bounds_of_the_api, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_series, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_repeated_before_it_was_written, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_series_whose_event_is_gone, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_namespace_that_is_gone, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_pace, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_few_in_flight, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_queue_is_bounded, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_ones_that_were_not_taken_are_written_later, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_refused_ones_are_dropped, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_memory_of_series_is_bounded, open_rig, close_rig),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
