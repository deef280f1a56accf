/* status_test.c -- the queue of statuses against a server that answers as it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "fake_hub.h"
#include "leap_clock.h"
#include "reconcile/status.h"
#include "runtime/clock.h"
#include "util/mem.h"

static const struct kube_resource things = {
    .group = "planekeeper.io", .version = "v1alpha1", .plural = "things", .kind = "Thing"};

enum { MARKS = 3 };

struct rig {
        struct fake_hub hub;
        struct status_writer *writer;
        struct status_mark marks[MARKS];
        /* what the statuses say */
        const char *reason, *message;
        int facts; /* what the last decision rested on */
        /* the server */
        long version; /* of every object */
        uint64_t list;
        bool is_mute;
        int refusal; /* HTTP status in place of 200 */
        unsigned requests, written;
        char sent[2048];
        struct fake_peer *peer;
};

static void answer_ok(struct rig *rig, struct fake_peer *peer)
{
        char body[128];
        rig->version++;
        rig->written++;
        (void)snprintf(body, sizeof(body), "{\"metadata\":{\"resourceVersion\":\"%ld\"}}", rig->version);
        fake_answer(peer, 200, "", body);
}

/* Compares the resourceVersion as the API server does. */
static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        char version[64];
        rig->requests++;
        rig->peer = peer;
        (void)snprintf(rig->sent, sizeof(rig->sent), "%s", request->body);
        (void)snprintf(version, sizeof(version), "\"resourceVersion\":\"%ld\"", rig->version);
        if (rig->is_mute)
                return;
        if (rig->refusal)
                fake_answer(peer, rig->refusal, "", "{\"kind\":\"Status\",\"message\":\"no\"}");
        else if (!strstr(request->body, version))
                fake_answer(peer, 409, "", "{\"kind\":\"Status\",\"message\":\"the object has been modified\"}");
        else
                answer_ok(rig, peer);
}

static struct rig *the_rig;

static json_t *build(struct status_mark *self, struct condition_list *ret_conditions)
{
        const struct condition_value ready = {"Ready", CONDITION_TRUE, the_rig->reason, the_rig->message, 1};
        condition_list_set(ret_conditions, &self->conditions, &ready, clock_wall());
        return json_pack("{s:s, s:o, s:{s:s, s:{s:i}}}", "name", self->name, "conditions",
                         condition_list_encode(ret_conditions), "lastDecision", "decision", "Hold", "facts", "fails",
                         the_rig->facts);
}

static int open_rig(void **state)
{
        static const char *const names[MARKS] = {"a", "b", "c"};
        struct rig *rig = mem_new(rig);
        leap_ms = 0;
        the_rig = rig;
        rig->reason = "Steady";
        rig->message = "all is well";
        rig->version = 100;
        fake_hub_open(&rig->hub, true, on_request, rig);
        rig->writer = status_writer_open(rig->hub.loop, rig->hub.kube);
        status_writer_enable(rig->writer, true);
        for (size_t i = 0; i < MARKS; i++) {
                status_init(&rig->marks[i], rig->writer, &things);
                rig->marks[i].namespace_name = "ns";
                rig->marks[i].name = names[i];
                rig->marks[i].build = build;
                rig->marks[i].list = &rig->list;
        }
        *state = rig;
        return 0;
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        for (size_t i = 0; i < MARKS; i++)
                status_forget(&rig->marks[i]);
        status_writer_close(rig->writer);
        fake_hub_close(&rig->hub);
        free(rig);
        return 0;
}

/* What the watch shows of the object, with the status that another leader left. */
static void see(struct rig *rig, struct status_mark *mark, const char *since)
{
        json_t *object = json_pack("{s:{s:o}, s:{s:[{s:s, s:s, s:s, s:s, s:s}]}}", "metadata", "resourceVersion",
                                   json_sprintf("%ld", rig->version), "status", "conditions", "type", "Ready", "status",
                                   "True", "reason", "Steady", "message", "", "lastTransitionTime", since);
        assert_non_null(object);
        status_seen(mark, object);
        known_by_watch(&mark->known, object_meta(object, "resourceVersion"));
        json_decref(object);
}

/* Time passes in small steps, and all that comes of it is done. */
static void pass(struct rig *rig, mono_ms duration_ms)
{
        enum { STEP_MS = 50, TURNS = 12 };
        for (mono_ms left = duration_ms; left > 0; left -= STEP_MS) {
                leap_ms += STEP_MS;
                for (unsigned i = 0; i < TURNS; i++)
                        fake_turn(rig->hub.loop);
        }
}

/* Turns until @count statuses are stored. */
static void await(struct rig *rig, unsigned count)
{
        for (unsigned i = 0; i < 20000 && rig->written < count; i++) {
                leap_ms++;
                fake_turn(rig->hub.loop);
        }
        assert_int_equal(rig->written, count);
        pass(rig, 50);
}

static void write_first(struct rig *rig)
{
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        await(rig, 1);
}

static void offer(struct rig *rig, struct status_mark *mark)
{
        struct condition_list conditions = {0};
        assert_true(status_has_room(mark));
        json_t *status = rig->marks[1].build(mark, &conditions);
        status_offer(mark, status, &conditions);
}

static json_t *build_never(struct status_mark *self, struct condition_list *ret_conditions)
{
        (void)self, (void)ret_conditions;
        fail_msg("built although it was offered");
        return NULL;
}

/* A pass has found it already: it is not found once more for the status. */
static void test_what_is_offered_is_not_built(void **state)
{
        struct rig *rig = *state;
        struct status_mark *mark = &rig->marks[0];
        write_first(rig);
        mark->build = build_never;
        rig->reason = "Switching";
        offer(rig, mark);
        rig->reason = "Switched"; /* the next pass, before its turn */
        offer(rig, mark);
        await(rig, 2);
        assert_non_null(strstr(rig->sent, "Switched"));
        offer(rig, mark); /* unchanged: nothing waits */
        pass(rig, 1000);
        assert_int_equal(rig->requests, 2);
}

/* What was offered is not so any more, or rests on conditions that somebody has changed. */
static void test_an_offer_that_is_overtaken_is_built_anew(void **state)
{
        struct rig *rig = *state;
        struct status_mark *mark = &rig->marks[0];
        write_first(rig);
        rig->reason = "Switching";
        offer(rig, mark);
        rig->reason = "Switched";
        status_request(mark);
        await(rig, 2);
        assert_non_null(strstr(rig->sent, "Switched"));
        rig->reason = "Steady";
        offer(rig, mark);
        see(rig, mark, "2026-10-01T00:00:00Z"); /* another left Ready as it is now, since long ago */
        await(rig, 3);
        assert_non_null(strstr(rig->sent, "2026-10-01T00:00:00Z"));
}

static bool is_always_busy(void *ctx)
{
        (void)ctx;
        return true;
}

/* Where a step of a switch is under way, nobody is to spend time on a status. */
static void test_no_room_while_something_goes_first(void **state)
{
        struct rig *rig = *state;
        struct status_mark *mark = &rig->marks[0];
        assert_false(status_has_room(mark)); /* nothing was seen of it */
        see(rig, mark, "2026-11-01T00:00:00Z");
        assert_true(status_has_room(mark));
        status_writer_yield(rig->writer, &(struct yield){.is_busy = is_always_busy});
        assert_false(status_has_room(mark));
        status_writer_yield(rig->writer, &(struct yield){0});
        status_writer_enable(rig->writer, false);
        assert_false(status_has_room(mark));
}

/* Once a minute, because a status that nobody judges any more must be told from one that stays as it is. */
static void test_unchanged_is_written_once_a_minute(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        for (unsigned i = 0; i < 190; i++) {
                status_request(&rig->marks[0]);
                pass(rig, 1000);
                assert_in_range(rig->requests, 1 + (i + 1) / 62, 1 + (i + 1) / 60);
        }
}

/* Of many objects less often: no more than five such writes a second over all. */
static void test_many_unchanged_are_written_less_often(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        struct status_mark others[599];
        for (unsigned i = 0; i < 599; i++) {
                status_init(&others[i], rig->marks[0].writer, rig->marks[0].resource);
                others[i].namespace_name = "ns";
                others[i].name = "other";
                others[i].build = rig->marks[0].build;
                see(rig, &others[i], "2026-11-01T00:00:00Z");
        }
        for (unsigned i = 0; i < 125; i++) {
                assert_in_range(rig->requests, 1 + i / 122, 1 + i / 119);
                status_request(&rig->marks[0]);
                pass(rig, 1000);
        }
        for (unsigned i = 0; i < 599; i++)
                status_forget(&others[i]);
}

/* Samples are new all the time: they go with what else is new, and are never the reason to write. */
static void test_facts_are_written_with_the_rest(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        assert_non_null(strstr(rig->sent, "\"facts\":{\"fails\":0}"));
        for (unsigned i = 0; i < 50; i++) {
                rig->facts++;
                status_request(&rig->marks[0]);
                pass(rig, 1000);
        }
        assert_int_equal(rig->requests, 1);
        rig->reason = "FailoverHeld";
        status_request(&rig->marks[0]);
        await(rig, 2);
        assert_non_null(strstr(rig->sent, "\"facts\":{\"fails\":50}"));
}

static void write_unanswered(struct rig *rig)
{
        rig->is_mute = true;
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        while (!rig->peer) {
                leap_ms++;
                fake_turn(rig->hub.loop);
        }
}

static void test_change_while_a_write_is_in_flight_is_not_lost(void **state)
{
        struct rig *rig = *state;
        write_unanswered(rig);
        rig->reason = "Switching";
        status_request(&rig->marks[0]);
        pass(rig, 100);
        assert_int_equal(rig->requests, 1); /* one in flight per object */
        rig->is_mute = false;
        answer_ok(rig, rig->peer);
        await(rig, 2);
        assert_non_null(strstr(rig->sent, "Switching"));
}

/* Our write is answered slowly: meanwhile somebody wipes the status, and the watch is there before the answer. */
static void test_status_that_is_wiped_before_our_answer_comes_is_written_again(void **state)
{
        struct rig *rig = *state;
        write_unanswered(rig);
        rig->version += 2; /* ours, and the wiping */
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        pass(rig, 100);
        rig->is_mute = false;
        rig->version -= 2;
        answer_ok(rig, rig->peer); /* with the version that ours made */
        rig->version++;
        await(rig, 2);
        pass(rig, 5000);
        assert_int_equal(rig->written, 2);
}

/* The watch is late: until it brings the version there is no way to write, and nobody is hammered meanwhile. */
static void test_conflict_waits_for_the_watch(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        rig->version += 5; /* somebody annotated it */
        rig->reason = "Switching";
        status_request(&rig->marks[0]);
        for (unsigned i = 0; i < 300; i++) { /* passes go on asking */
                status_request(&rig->marks[0]);
                pass(rig, 100);
        }
        assert_int_equal(rig->written, 1);
        assert_in_range(rig->requests, 4, 12);
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        await(rig, 2);
}

static void test_refused_write_is_tried_again_by_itself(void **state)
{
        struct rig *rig = *state;
        rig->refusal = 500;
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        pass(rig, 3000);
        assert_in_range(rig->requests, 3, 6);
        rig->refusal = 0;
        pass(rig, 7000);
        assert_int_equal(rig->written, 1);
}

/* A probe that fails in two ways by turns: each is the same fact in other words. */
static void test_words_alone_are_written_once_a_minute(void **state)
{
        static const char *const ways[] = {"connection refused", "timeout"};
        struct rig *rig = *state;
        write_first(rig);
        for (unsigned i = 0; i < 170; i++) {
                rig->message = ways[i % 2];
                status_request(&rig->marks[0]);
                pass(rig, 1000);
        }
        assert_in_range(rig->written, STATUS_WORDS_BURST + 3, STATUS_WORDS_BURST + 4);
        unsigned before = rig->written;
        rig->reason = "Switching";
        status_request(&rig->marks[0]);
        await(rig, before + 1);
}

static void test_held_back_words_are_written_in_the_end(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        static const char *const changes[STATUS_WORDS_BURST] = {"first", "second", "third"};
        for (unsigned i = 0; i < STATUS_WORDS_BURST; i++) { /* nobody waits for the words of a change under way */
                rig->message = changes[i];
                status_request(&rig->marks[0]);
                await(rig, i + 2);
        }
        rig->message = "last";
        status_request(&rig->marks[0]);
        pass(rig, 30000);
        assert_int_equal(rig->written, STATUS_WORDS_BURST + 1);
        pass(rig, 32000); /* nobody asks again */
        assert_int_equal(rig->written, STATUS_WORDS_BURST + 2);
        assert_non_null(strstr(rig->sent, "last"));
}

/* A standby saw it first in November; what counts when it takes over is what the leader wrote since. */
static void test_transition_times_are_the_newest_seen(void **state)
{
        struct rig *rig = *state;
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        rig->version++;
        see(rig, &rig->marks[0], "2026-12-24T00:00:00Z");
        status_request(&rig->marks[0]);
        await(rig, 1);
        assert_non_null(strstr(rig->sent, "2026-12-24T00:00:00Z"));
}

static void test_forgotten_write_gives_its_place_back(void **state)
{
        struct rig *rig = *state;
        rig->is_mute = true;
        for (size_t i = 0; i < MARKS; i++) {
                see(rig, &rig->marks[i], "2026-11-01T00:00:00Z");
                status_request(&rig->marks[i]);
        }
        pass(rig, 200);
        assert_int_equal(rig->requests, STATUS_IN_FLIGHT_FIRST);
        rig->is_mute = false;
        status_forget(&rig->marks[0]);
        status_forget(&rig->marks[1]);
        await(rig, 1); /* the third, although nobody asks again */
}

/* People look for what was switched or is blocked: it goes before those that wait longer. */
static void test_urgent_goes_first(void **state)
{
        struct rig *rig = *state;
        rig->is_mute = true;
        for (size_t i = 0; i < MARKS; i++)
                see(rig, &rig->marks[i], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        status_request(&rig->marks[1]);
        status_request(&rig->marks[2]);
        status_urge(&rig->marks[2]);
        pass(rig, 200);
        assert_int_equal(rig->requests, STATUS_IN_FLIGHT_FIRST);
        assert_non_null(rig->marks[2].call);
        assert_null(rig->marks[1].call);
}

/* etcd was restored from a backup: what comes back is the status of long ago, under a lower number or, by chance, under our own. */
static void test_status_that_comes_back_with_a_backup_is_overwritten(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        rig->version = 40;
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        await(rig, 2);
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z"); /* under the number of our own write */
        status_request(&rig->marks[0]);
        await(rig, 3);
}

/* What we wrote comes back by the watch, as it always does. */
static void test_our_own_status_is_not_written_again(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        json_t *object = json_loads(rig->sent, 0, NULL);
        json_object_set_new(json_object_get(object, "metadata"), "resourceVersion",
                            json_sprintf("%ld", rig->version));
        for (unsigned i = 0; i < 3; i++) {
                status_seen(&rig->marks[0], object);
                status_request(&rig->marks[0]);
                pass(rig, 1000);
        }
        json_decref(object);
        assert_int_equal(rig->requests, 1);
}

/* The store has what no watch shows: that is told to whoever can list anew. */
static void test_refusal_that_no_watch_explains_is_doubted(void **state)
{
        struct rig *rig = *state;
        write_first(rig);
        known_by_watch(&rig->marks[0].known, "101");
        rig->version = 40;
        rig->reason = "Switching";
        status_request(&rig->marks[0]);
        pass(rig, 3000);
        assert_false(known_take_doubt(&rig->marks[0].known, rig->list, loop_now(rig->hub.loop)));
        pass(rig, 3000);
        assert_true(known_take_doubt(&rig->marks[0].known, rig->list, loop_now(rig->hub.loop)));
}

static void test_nothing_is_written_by_a_standby(void **state)
{
        struct rig *rig = *state;
        status_writer_enable(rig->writer, false);
        see(rig, &rig->marks[0], "2026-11-01T00:00:00Z");
        status_request(&rig->marks[0]);
        pass(rig, 1000);
        assert_int_equal(rig->requests, 0);
        status_writer_enable(rig->writer, true);
        status_request(&rig->marks[0]);
        await(rig, 1);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_what_is_offered_is_not_built),
            RIG_TEST(test_an_offer_that_is_overtaken_is_built_anew),
            RIG_TEST(test_no_room_while_something_goes_first),
            RIG_TEST(test_unchanged_is_written_once_a_minute),
            RIG_TEST(test_many_unchanged_are_written_less_often),
            RIG_TEST(test_facts_are_written_with_the_rest),
            RIG_TEST(test_change_while_a_write_is_in_flight_is_not_lost),
            RIG_TEST(test_status_that_is_wiped_before_our_answer_comes_is_written_again),
            RIG_TEST(test_conflict_waits_for_the_watch),
            RIG_TEST(test_refused_write_is_tried_again_by_itself),
            RIG_TEST(test_words_alone_are_written_once_a_minute),
            RIG_TEST(test_held_back_words_are_written_in_the_end),
            RIG_TEST(test_transition_times_are_the_newest_seen),
            RIG_TEST(test_forgotten_write_gives_its_place_back),
            RIG_TEST(test_urgent_goes_first),
            RIG_TEST(test_status_that_comes_back_with_a_backup_is_overwritten),
            RIG_TEST(test_our_own_status_is_not_written_again),
            RIG_TEST(test_refusal_that_no_watch_explains_is_doubted),
            RIG_TEST(test_nothing_is_written_by_a_standby),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
