/* lease_test.c -- leader election against a small Lease server, in leaps of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_object.h"
#include "fake_hub.h"
#include "kube/lease.h"
#include "leap_clock.h"
#include "util/mem.h"
#include "util/strbuf.h"

/* The times of the election are long, so that a slow machine does not matter. */
enum { LEASE = 50000, DEADLINE = 30000, RETRY = 10000, LOOK = RETRY + RETRY / 4 };

enum mood { SERVES, LOSES_ANSWERS, SILENT, REFUSES, LATE };

struct rig {
        struct fake_hub hub;
        struct election *election;
        struct strbuf log;
        const char *want;
        bool is_reached;
        bool leads; /* as it was last told */

        json_t *lease; /* NULL: there is none */
        int version;
        enum mood mood;
        struct fake_peer *unanswered; /* whose request came while it was SILENT */
        int conflicts; /* so many writes are refused, as if somebody had just touched the Lease */
        json_t *last_patch;
        int refusal;        /* status where it REFUSES writes alone; 0: 403 of everything */
        char method[8];     /* of the request that came while it was LATE, and its body */
        json_t *body;
        unsigned troubles;  /* times that something was told */
        bool is_troubled;
        struct errmsg trouble;
};

static void note(struct rig *rig, const char *text)
{
        assert_true(strbuf_append_text(&rig->log, text));
        rig->is_reached = rig->want && strcmp(rig->log.text, rig->want) == 0;
}

static void on_changed(void *ctx, bool is_leader)
{
        struct rig *rig = ctx;
        rig->leads = is_leader;
        note(rig, is_leader ? "[leads]" : "[lost]");
}

static void on_troubled(void *ctx, enum err err, const char *why)
{
        struct rig *rig = ctx;
        rig->is_troubled = err != ERR_OK;
        rig->troubles += rig->is_troubled;
        (void)err_set(&rig->trouble, err, "%s", why);
}

static void on_released(void *ctx)
{
        note(ctx, "[released]");
}

/* ---- the server ---- */

static void stamp(struct rig *rig)
{
        api_object_set_version(rig->lease, (uint64_t)++rig->version);
}

static int serve(struct rig *rig, const char *method, json_t *body)
{
        if (strcmp(method, "GET") == 0)
                return rig->lease ? 200 : 404;
        if (strcmp(method, "POST") == 0) {
                if (rig->lease)
                        return 409;
                rig->lease = json_incref(body);
                stamp(rig);
                return 201;
        }
        if (!rig->lease)
                return 404;
        json_decref(rig->last_patch);
        rig->last_patch = json_deep_copy(body);
        if (rig->conflicts > 0) {
                rig->conflicts--;
                stamp(rig);
        }
        if (strcmp(api_object_meta(body, "resourceVersion"), api_object_meta(rig->lease, "resourceVersion")) != 0)
                return 409; /* one that names none is a mistake here */
        api_object_merge(rig->lease, body);
        stamp(rig);
        return 200;
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        json_t *body = json_loads(request->body, 0, NULL);
        bool is_read = strcmp(request->method, "GET") == 0, is_kept = rig->mood == SILENT || rig->mood == LATE;
        bool is_refused = rig->mood == REFUSES && !(rig->refusal && is_read);
        int status = is_refused ? (rig->refusal ? rig->refusal : 403) : is_kept ? 0 : serve(rig, request->method, body);
        if (rig->mood == LATE) {
                (void)snprintf(rig->method, sizeof(rig->method), "%s", request->method);
                json_decref(rig->body);
                rig->body = json_incref(body);
        }
        json_decref(body);
        const char *letter = strcmp(request->method, "GET") == 0    ? "G"
                             : strcmp(request->method, "POST") == 0 ? "C"
                                                                    : "P";
        if (rig->mood == SERVES || rig->mood == REFUSES) {
                char *text = status < 300 ? json_dumps(rig->lease, 0) : mem_strdup("{\"message\":\"no\"}");
                fake_answer(peer, status, "", text);
                free(text);
        }
        if (rig->mood == SILENT || rig->mood == LATE)
                rig->unanswered = peer;
        if (rig->mood == LOSES_ANSWERS) {
                static const char begun[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
                fake_raw(peer, begun, strlen(begun));
                fake_hang_up(peer);
        }
        note(rig, letter);
}

/* ---- the rig ---- */

static int open_rig(void **state)
{
        struct rig *rig = mem_new(rig);
        leap_ms = 0;
        fake_hub_open(&rig->hub, false, on_request, rig);
        rig->log = STRBUF_INIT(1 << 16);
        rig->version = 8; /* so that 9 to 10 is crossed: numbers are not compared as texts */
        *state = rig;
        return 0;
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        election_close(rig->election);
        fake_hub_close(&rig->hub);
        strbuf_deinit(&rig->log);
        json_decref(rig->lease);
        json_decref(rig->last_patch);
        json_decref(rig->body);
        free(rig);
        return 0;
}

static void start(struct rig *rig)
{
        const struct election_config config = {
            .namespace_name = "ops",
            .name = "planekeeper",
            .identity = "me",
            .label_key = "planekeeper.io/lease",
            .label_value = "leader",
            .lease_ms = LEASE,
            .renew_deadline_ms = DEADLINE,
            .retry_ms = RETRY,
            .changed = on_changed,
            .troubled = on_troubled,
            .ctx = rig,
        };
        rig->election = election_open(rig->hub.loop, rig->hub.kube, &config);
}

/* Run until the log says exactly @want and the answer has been taken, and start a new one. */
static void expect(struct rig *rig, const char *want)
{
        rig->want = want;
        rig->is_reached = strcmp(strbuf_text(&rig->log), want) == 0;
        (void)fake_run(rig->hub.loop, &rig->is_reached, 5000);
        for (int i = 0; i < 10; i++)
                fake_turn(rig->hub.loop);
        assert_string_equal(strbuf_text(&rig->log), want);
        strbuf_clear(&rig->log);
}

/* Nothing more comes, even if one waits a moment. */
static void expect_silence(struct rig *rig)
{
        bool never = false;
        (void)fake_run(rig->hub.loop, &never, 20);
        assert_string_equal(strbuf_text(&rig->log), "");
}

static void leap(struct rig *rig, mono_ms ms)
{
        leap_ms += ms;
        fake_turn(rig->hub.loop);
}

/* What came while it was LATE is served now, @ms later. */
static void answer_after(struct rig *rig, mono_ms ms)
{
        leap_ms += ms;
        int status = serve(rig, rig->method, rig->body);
        char *text = status < 300 ? json_dumps(rig->lease, 0) : mem_strdup("{}");
        fake_answer(rig->unanswered, status, "", text);
        free(text);
}

static void hold_by(struct rig *rig, const char *holder)
{
        json_decref(rig->lease);
        rig->lease = json_pack("{s:{s:s}, s:{s:s, s:s, s:i, s:i}}", "metadata", "name", "planekeeper", "spec",
                               "holderIdentity", holder, "renewTime", "2100-01-01T00:00:00.000000Z",
                               "leaseDurationSeconds", LEASE / 1000, "leaseTransitions", 4);
        stamp(rig);
}

static void renew_by_other(struct rig *rig)
{
        static int count;
        char text[40];
        (void)snprintf(text, sizeof(text), "2000-01-01T00:00:%02d.000000Z", ++count % 60);
        json_object_set_new(json_object_get(rig->lease, "spec"), "renewTime", json_string(text));
        stamp(rig);
}

static const json_t *spec(const struct rig *rig, const char *key)
{
        return json_object_get(json_object_get(rig->lease, "spec"), key);
}

static void lead(struct rig *rig)
{
        start(rig);
        expect(rig, "GC[leads]");
}

/* ---- becoming the leader ---- */

static void test_creates_the_lease(void **state)
{
        struct rig *rig = *state;
        start(rig);
        assert_false(rig->leads);
        assert_int_equal(election_last_answer(rig->election), 0);
        expect(rig, "GC[leads]");
        assert_true(rig->leads);
        assert_true(election_last_answer(rig->election) > 0);
        json_t *want = json_pack("{s:s, s:i, s:s, s:s, s:i}", "holderIdentity", "me", "leaseDurationSeconds",
                                 LEASE / 1000, "acquireTime", "2026-11-23T02:59:52.000000Z", "renewTime",
                                 "2026-11-23T02:59:52.000000Z", "leaseTransitions", 0);
        assert_true(json_equal(json_object_get(rig->lease, "spec"), want));
        json_decref(want);
        const json_t *labels = json_object_get(json_object_get(rig->lease, "metadata"), "labels");
        assert_string_equal(json_string_value(json_object_get(labels, "planekeeper.io/lease")), "leader");
}

static void test_renews(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        for (int i = 1; i <= 3; i++) {
                mono_ms before = election_last_answer(rig->election);
                leap(rig, RETRY);
                expect(rig, "P");
                assert_true(election_last_answer(rig->election) >= before + RETRY);
        }
        assert_string_equal(json_string_value(spec(rig, "acquireTime")), "2026-11-23T02:59:52.000000Z");
        assert_string_equal(json_string_value(spec(rig, "renewTime")), "2026-11-23T03:00:22.000000Z");
        assert_int_equal(json_integer_value(spec(rig, "leaseTransitions")), 0);
        expect_silence(rig);
}

static void test_takes_an_expired_lease(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        start(rig);
        expect(rig, "G");
        for (mono_ms passed = 0; passed + LOOK < LEASE; passed += LOOK) { /* without a watch it looks itself */
                leap(rig, LOOK);
                expect(rig, "G");
                expect_silence(rig);
        }
        leap(rig, LOOK);
        expect(rig, "P[leads]");
        assert_int_equal(json_integer_value(spec(rig, "leaseTransitions")), 5);
        assert_string_equal(json_string_value(spec(rig, "holderIdentity")), "me");
        assert_int_equal(json_integer_value(spec(rig, "leaseDurationSeconds")), LEASE / 1000);
}

static void test_renewals_keep_it_away(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        start(rig);
        expect(rig, "G");
        election_observe(rig->election, rig->lease);
        for (int i = 0; i < 12; i++) { /* a watch tells: no need to look */
                renew_by_other(rig);
                election_observe(rig->election, rig->lease);
                leap(rig, RETRY);
                expect_silence(rig);
        }
        leap(rig, LEASE - RETRY); /* since the last one */
        expect(rig, "P[leads]");
}

static void test_a_label_is_no_sign_of_life(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        start(rig);
        expect(rig, "G");
        election_observe(rig->election, rig->lease);
        for (mono_ms passed = 0; passed < LEASE - RETRY; passed += RETRY) {
                stamp(rig);
                election_observe(rig->election, rig->lease);
                leap(rig, RETRY);
                expect_silence(rig);
        }
        leap(rig, RETRY);
        expect(rig, "P[leads]");
}

static void test_takes_a_released_lease_at_once(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        start(rig);
        expect(rig, "G");
        json_object_del(json_object_get(rig->lease, "spec"), "holderIdentity");
        stamp(rig);
        election_observe(rig->election, rig->lease);
        expect(rig, "GP[leads]"); /* it was not shown before: the store is asked which state stands */
}

static void test_takes_a_deleted_lease_at_once(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        start(rig);
        expect(rig, "G");
        json_decref(rig->lease);
        rig->lease = NULL;
        election_observe(rig->election, NULL);
        expect(rig, "GC[leads]");
}

static void test_its_own_old_lease(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "me"); /* before a restart */
        start(rig);
        expect(rig, "GP[leads]");
        assert_int_equal(json_integer_value(spec(rig, "leaseTransitions")), 4);
}

static void test_loses_the_race(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "");
        start(rig);
        while (rig->log.bytes == 0)
                fake_turn(rig->hub.loop);
        hold_by(rig, "quicker"); /* between our read and our write */
        expect(rig, "GPG");
        expect_silence(rig);
        assert_string_equal(json_string_value(spec(rig, "holderIdentity")), "quicker");
}

static void test_a_conflict_does_not_restart_the_wait(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        start(rig);
        expect(rig, "G");
        leap(rig, LEASE);
        rig->conflicts = 1;
        expect(rig, "PGP[leads]");
}

/* ---- staying the leader ---- */

static void test_steps_down_when_renewal_is_late(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        mono_ms answered = election_last_answer(rig->election);
        rig->mood = SILENT;
        leap(rig, RETRY);
        expect(rig, "P");
        leap(rig, DEADLINE - RETRY - 100);
        assert_true(rig->leads);
        leap(rig, 100);
        assert_false(rig->leads);
        assert_int_equal(election_last_answer(rig->election), answered);
        rig->mood = SERVES;
        fake_hang_up(rig->unanswered); /* else the request lasts until its time-out, which is of real time */
        while (!rig->leads) { /* it goes on trying, and leads again when it is confirmed */
                leap(rig, RETRY / 2);
                bool never = false;
                (void)fake_run(rig->hub.loop, &never, 10);
        }
}

static void test_goes_on_after_a_lost_answer(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        rig->mood = LOSES_ANSWERS; /* the renewal is applied, and nobody says so */
        leap(rig, RETRY);
        while (rig->log.bytes == 0)
                fake_turn(rig->hub.loop);
        rig->mood = SERVES;
        expect(rig, "PGP");
        assert_true(rig->leads);
}

static void test_goes_on_after_a_conflict(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        rig->conflicts = 1;
        leap(rig, RETRY);
        expect(rig, "PGP");
        rig->conflicts = 100; /* for ever: it must not spin */
        leap(rig, RETRY);
        bool never = false;
        (void)fake_run(rig->hub.loop, &never, 100);
        assert_true(rig->log.bytes >= 2 && rig->log.bytes <= 8);
        leap(rig, DEADLINE);
        assert_false(rig->leads);
}

static void test_a_refusal_is_tried_again(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        rig->mood = REFUSES;
        leap(rig, RETRY);
        expect(rig, "P");
        leap(rig, RETRY / 2);
        expect(rig, "P");
        rig->mood = SERVES;
        leap(rig, RETRY / 2);
        expect(rig, "P");
        assert_true(rig->leads);
}

static void test_steps_down_for_another_holder(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        election_observe(rig->election, rig->lease);
        hold_by(rig, "usurper");
        election_observe(rig->election, rig->lease);
        assert_string_equal(rig->log.text, "[lost]"); /* at once */
        strbuf_clear(&rig->log);
        expect_silence(rig);
        assert_string_equal(json_string_value(spec(rig, "holderIdentity")), "usurper");
}

static void test_finds_another_holder_by_itself(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        hold_by(rig, "usurper");
        leap(rig, RETRY);
        expect(rig, "PG[lost]");
}

static void test_old_news_are_no_news(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "");
        json_t *old = json_deep_copy(rig->lease); /* resourceVersion 9 */
        json_object_set_new(json_object_get(old, "spec"), "holderIdentity", json_string("other"));
        start(rig);
        expect(rig, "GP[leads]"); /* 10 */
        election_observe(rig->election, old);
        election_observe(rig->election, rig->lease);
        assert_true(rig->leads);
        expect_silence(rig);
        json_decref(old);
        leap(rig, RETRY);
        expect(rig, "P");
}

/* etcd was restored from a backup under a leader: another holder, of long ago, under a lower number. */
static void test_a_lease_of_the_past_is_doubted(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        election_observe(rig->election, rig->lease);
        assert_false(election_take_doubt(rig->election));
        hold_by(rig, "dead-since-yesterday");
        json_object_set_new(json_object_get(rig->lease, "metadata"), "resourceVersion", json_string("2"));
        leap(rig, RETRY);
        expect(rig, "PG[lost]");
        assert_true(election_take_doubt(rig->election));
        assert_false(election_take_doubt(rig->election));
}

static void test_creates_it_again(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        json_decref(rig->lease);
        rig->lease = NULL;
        leap(rig, RETRY);
        expect(rig, "PGC");
        assert_true(rig->leads);
        expect_silence(rig);
}

/* ---- giving it up ---- */

static void test_release(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        election_release(rig->election, on_released, rig);
        assert_false(rig->leads);
        expect(rig, "[lost]P[released]");
        assert_null(spec(rig, "holderIdentity"));
        assert_int_equal(json_integer_value(spec(rig, "leaseDurationSeconds")), 1);
        leap(rig, LEASE);
        expect_silence(rig); /* it does not come back */
}

static void test_release_behind_a_renewal(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        leap(rig, RETRY);
        election_release(rig->election, on_released, rig);
        expect(rig, "[lost]PP[released]");
        assert_null(spec(rig, "holderIdentity"));
}

static void test_release_after_a_conflict(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        rig->conflicts = 1;
        election_release(rig->election, on_released, rig);
        expect(rig, "[lost]PGP[released]");
        assert_null(spec(rig, "holderIdentity"));
}

static void test_release_of_a_standby(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        start(rig);
        expect(rig, "G");
        election_release(rig->election, on_released, rig);
        expect(rig, "[released]");
        assert_string_equal(json_string_value(spec(rig, "holderIdentity")), "other");
}

static void test_release_without_an_answer(void **state)
{
        struct rig *rig = *state;
        lead(rig);
        rig->mood = SILENT;
        election_release(rig->election, on_released, rig);
        expect(rig, "[lost]P");
        leap(rig, 1000);
        expect(rig, "[released]");
}

static void test_close_at_any_time(void **state)
{
        struct rig *rig = *state;
        for (int turns = 0; turns < 30; turns++) {
                start(rig);
                for (int i = 0; i < turns; i++)
                        fake_turn(rig->hub.loop);
                election_close(rig->election);
                rig->election = NULL;
                strbuf_clear(&rig->log);
        }
        election_close(NULL);
}

/* ---- trouble ---- */

/* Two thirds of the deadline each: slow, not away. */
static void test_slow_answers_are_waited_for(void **state)
{
        enum { SLOW = 20000 };
        struct rig *rig = *state;
        rig->mood = LATE;
        start(rig);
        expect(rig, "G");
        answer_after(rig, SLOW);
        expect(rig, "C");
        answer_after(rig, SLOW);
        expect(rig, "[leads]P");
        for (int i = 0; i < 5; i++) {
                answer_after(rig, SLOW);
                expect(rig, "P"); /* the next renewal; it has not lost the Lease in between */
                assert_true(rig->leads);
        }
        assert_in_range(json_integer_value(spec(rig, "leaseDurationSeconds")), 2 * LEASE / 1000, 2 * LEASE / 1000 + 10);
        assert_in_range(election_renew_deadline(rig->election), 2 * DEADLINE, 2 * DEADLINE + DEADLINE / 10);
        rig->mood = SERVES;
        answer_after(rig, 10);
        for (int i = 0; i < 25; i++) { /* and back, by and by */
                leap(rig, RETRY);
                expect(rig, "P");
        }
        assert_in_range(election_renew_deadline(rig->election), DEADLINE, DEADLINE + DEADLINE / 50);
}

static void wait_for(struct rig *rig, int64_t lease_s, mono_ms wait)
{
        hold_by(rig, "other");
        json_object_set_new(json_object_get(rig->lease, "spec"), "leaseDurationSeconds", json_integer(lease_s));
        start(rig);
        expect(rig, "G");
        mono_ms until = loop_now(rig->hub.loop) + wait;
        while (loop_now(rig->hub.loop) + LOOK < until) {
                leap(rig, LOOK);
                expect(rig, "G");
        }
        leap(rig, LOOK);
        expect(rig, "P[leads]");
}

static void test_a_holder_with_slow_answers_is_waited_for(void **state)
{
        wait_for(*state, 2 * LEASE / 1000, 2 * LEASE);
}

static void test_nobody_is_waited_for_without_end(void **state)
{
        wait_for(*state, INT32_MAX, 4 * LEASE);
}

static void test_transitions_stay_at_their_largest(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "");
        json_object_set_new(json_object_get(rig->lease, "spec"), "leaseTransitions", json_integer(INT32_MAX));
        start(rig);
        expect(rig, "GP[leads]");
        assert_int_equal(json_integer_value(spec(rig, "leaseTransitions")), INT32_MAX);
}

/* Both replicas stand by for ever: each says why, once. */
static void check_refused(struct rig *rig, int status, const char *why)
{
        hold_by(rig, "");
        rig->mood = REFUSES;
        rig->refusal = status;
        start(rig);
        for (int i = 0; i < 20; i++) {
                bool never = false;
                (void)fake_run(rig->hub.loop, &never, 5);
                leap(rig, RETRY / 2);
        }
        assert_false(rig->leads);
        assert_true(rig->is_troubled);
        assert_int_equal(rig->troubles, 1);
        assert_non_null(strstr(rig->trouble.text, why));
        rig->mood = SERVES;
        while (!rig->leads) {
                bool never = false;
                (void)fake_run(rig->hub.loop, &never, 5);
                leap(rig, RETRY / 2);
        }
        assert_false(rig->is_troubled);
}

static void test_a_forbidden_lease_is_told(void **state)
{
        check_refused(*state, 403, "HTTP 403");
}

static void test_an_invalid_lease_is_told(void **state)
{
        check_refused(*state, 422, "HTTP 422");
}

static void test_a_broken_store_is_told(void **state)
{
        check_refused(*state, 500, "HTTP 500");
}

static void test_a_missing_namespace_is_told(void **state)
{
        check_refused(*state, 404, "HTTP 404");
}

static void test_a_leader_elsewhere_is_no_trouble(void **state)
{
        struct rig *rig = *state;
        hold_by(rig, "other");
        rig->mood = REFUSES;
        start(rig);
        expect(rig, "G");
        assert_true(rig->is_troubled);
        renew_by_other(rig);
        election_observe(rig->election, rig->lease);
        assert_false(rig->is_troubled);
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_creates_the_lease), RIG_TEST(test_renews), RIG_TEST(test_takes_an_expired_lease),
            RIG_TEST(test_renewals_keep_it_away), RIG_TEST(test_a_label_is_no_sign_of_life), RIG_TEST(test_takes_a_released_lease_at_once),
            RIG_TEST(test_takes_a_deleted_lease_at_once), RIG_TEST(test_a_lease_of_the_past_is_doubted), RIG_TEST(test_its_own_old_lease),
            RIG_TEST(test_loses_the_race), RIG_TEST(test_a_conflict_does_not_restart_the_wait),
            RIG_TEST(test_steps_down_when_renewal_is_late), RIG_TEST(test_goes_on_after_a_lost_answer),
            RIG_TEST(test_goes_on_after_a_conflict), RIG_TEST(test_a_refusal_is_tried_again), RIG_TEST(test_steps_down_for_another_holder),
            RIG_TEST(test_finds_another_holder_by_itself), RIG_TEST(test_old_news_are_no_news), RIG_TEST(test_creates_it_again),
            RIG_TEST(test_release), RIG_TEST(test_release_behind_a_renewal), RIG_TEST(test_release_after_a_conflict),
            RIG_TEST(test_release_of_a_standby), RIG_TEST(test_release_without_an_answer), RIG_TEST(test_close_at_any_time),
            RIG_TEST(test_slow_answers_are_waited_for), RIG_TEST(test_a_holder_with_slow_answers_is_waited_for),
            RIG_TEST(test_nobody_is_waited_for_without_end), RIG_TEST(test_transitions_stay_at_their_largest),
            RIG_TEST(test_a_forbidden_lease_is_told), RIG_TEST(test_an_invalid_lease_is_told), RIG_TEST(test_a_broken_store_is_told),
            RIG_TEST(test_a_missing_namespace_is_told), RIG_TEST(test_a_leader_elsewhere_is_no_trouble),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
