/* workqueue_test.c -- one pass per key however often it is asked for, and no key that waits for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "runtime/workqueue.h"
#include "util/mem.h"

struct rig {
        struct loop *loop;
        struct workqueue *queue;
        unsigned runs; /* of all keys */
        unsigned stop_after;
        unsigned turns;
};

struct key {
        struct work work;
        struct rig *rig;
        unsigned runs;
        unsigned first_run; /* how many passes there had been in all */
        mono_ms ran_at;
        bool adds_itself;
        mono_ms busy_ms;
};

static void on_idle(void *ctx)
{
        struct rig *rig = ctx;
        rig->turns++;
        workqueue_turn(rig->queue);
}

static void run_key(struct work *self)
{
        struct key *key = CONTAINER_OF(self, struct key, work);
        struct rig *rig = key->rig;
        if (key->runs++ == 0)
                key->first_run = rig->runs;
        key->ran_at = clock_mono();
        while (clock_mono() - key->ran_at < key->busy_ms)
                ;
        if (key->adds_itself)
                workqueue_add(rig->queue, self);
        if (++rig->runs == rig->stop_after)
                loop_stop(rig->loop);
}

static int setup(void **state)
{
        struct rig *rig = mem_new(rig);
        rig->loop = loop_open();
        rig->queue = workqueue_open(
                rig->loop,
                &(struct workqueue_options){
                        .name = "test", .slice_items = 50, .slice_ms = 5});
        loop_set_idle(rig->loop, on_idle, rig);
        (void)alarm(30);
        *state = rig;
        return 0;
}

static int teardown(void **state)
{
        struct rig *rig = *state;
        workqueue_close(rig->queue);
        loop_close(rig->loop);
        free(rig);
        (void)alarm(0);
        return 0;
}

static struct key new_key(struct rig *rig)
{
        return (struct key){.work.run = run_key, .rig = rig};
}

/* Runs the loop until there were @count further passes. */
static void run_passes(struct rig *rig, unsigned count)
{
        rig->stop_after = rig->runs + count;
        loop_run(rig->loop);
}

struct stopper {
        struct loop_timer timer;
        struct loop *loop;
};

static void on_stop(struct loop_timer *self)
{
        loop_stop(CONTAINER_OF(self, struct stopper, timer)->loop);
}

static void run_for(struct rig *rig, mono_ms duration_ms)
{
        struct stopper stopper = {.timer.due = on_stop, .loop = rig->loop};
        rig->stop_after = 0;
        loop_timer_set(rig->loop, &stopper.timer, clock_mono() + duration_ms);
        loop_run(rig->loop);
}

static void test_key_is_queued_once(void **state)
{
        struct rig *rig = *state;
        struct key key = new_key(rig);
        for (int i = 0; i < 10; i++) {
                workqueue_add(rig->queue, &key.work);
                workqueue_add_after(rig->queue, &key.work, 1);
        }
        run_for(rig, 20);
        assert_int_equal(key.runs, 1);
        workqueue_remove(&key.work);
}

/* Those that are added first go before all others, in the order in which they came; each once. */
static void test_who_is_added_first_goes_before_the_others(void **state)
{
        struct rig *rig = *state;
        struct key keys[6];
        for (size_t i = 0; i < 6; i++)
                keys[i] = new_key(rig);
        for (size_t i = 0; i < 4; i++)
                workqueue_add(rig->queue, &keys[i].work);
        workqueue_add_first(rig->queue, &keys[4].work);
        workqueue_add_first(rig->queue, &keys[2].work); /* it was queued behind others */
        workqueue_add_first(rig->queue, &keys[5].work);
        workqueue_remove(&keys[5].work); /* the last of them leaves */
        workqueue_add_first(rig->queue, &keys[3].work);
        run_passes(rig, 5);
        const unsigned wanted[] = {3, 4, 1, 2, 0};
        for (size_t i = 0; i < 5; i++) {
                assert_int_equal(keys[i].runs, 1);
                assert_int_equal(keys[i].first_run, wanted[i]);
        }
        workqueue_add(rig->queue, &keys[0].work);
        workqueue_add_first(rig->queue, &keys[1].work); /* none of those before is left */
        run_passes(rig, 2);
        assert_int_equal(keys[0].runs + keys[1].runs, 4);
        for (size_t i = 0; i < 6; i++)
                workqueue_remove(&keys[i].work);
}

static void test_delay_is_kept_and_the_earliest_wins(void **state)
{
        struct rig *rig = *state;
        struct key key = new_key(rig);
        mono_ms start = clock_mono();
        workqueue_add_after(rig->queue, &key.work, 20000);
        workqueue_add_after(rig->queue, &key.work, 15);
        workqueue_add_after(rig->queue, &key.work, 10000);
        run_passes(rig, 1);
        assert_in_range(key.ran_at - start, 15, 5000);
        workqueue_add_after(rig->queue, &key.work, 20000);
        workqueue_add(rig->queue, &key.work); /* satisfies the delayed request as well */
        run_passes(rig, 1);
        assert_int_equal(key.work.timer.heap_index, 0);
        workqueue_add_after(rig->queue, &key.work, 0);
        run_passes(rig, 1);
        assert_int_equal(key.runs, 3);
        workqueue_remove(&key.work);
}

static void test_a_greedy_key_starves_no_other(void **state)
{
        enum { KEYS = 1000 };
        struct rig *rig = *state;
        static struct key keys[KEYS];
        for (size_t i = 0; i < KEYS; i++) {
                keys[i] = new_key(rig);
                keys[i].adds_itself = i % 10 == 0; /* always wants another pass */
                workqueue_add(rig->queue, &keys[i].work);
        }
        run_passes(rig, 3 * KEYS);
        for (size_t i = 0; i < KEYS; i++) {
                assert_int_equal(keys[i].first_run, i); /* first come, first served */
                assert_true(keys[i].adds_itself ? keys[i].runs >= 20 : keys[i].runs == 1);
        }
        for (size_t i = 0; i < KEYS; i++)
                workqueue_remove(&keys[i].work);
}

/* Timers and descriptors get their turn after each slice, by count and by time. */
static void test_slices_are_bounded(void **state)
{
        struct rig *rig = *state;
        enum { KEYS = 200 };
        static struct key keys[KEYS];
        for (size_t i = 0; i < KEYS; i++) {
                keys[i] = new_key(rig);
                workqueue_add(rig->queue, &keys[i].work);
        }
        rig->turns = 0;
        run_passes(rig, KEYS);
        assert_int_equal(rig->turns, 4); /* 50 a turn */

        for (size_t i = 0; i < 20; i++) {
                keys[i].busy_ms = 3;
                workqueue_add(rig->queue, &keys[i].work);
        }
        rig->turns = 0;
        run_passes(rig, 20);
        assert_in_range(rig->turns, 10, 20); /* two of 3 ms fill 5 ms */
        for (size_t i = 0; i < KEYS; i++)
                workqueue_remove(&keys[i].work);
}

static void test_removed_key_does_not_run(void **state)
{
        struct rig *rig = *state;
        struct key keys[3];
        for (size_t i = 0; i < 3; i++) {
                keys[i] = new_key(rig);
                workqueue_add(rig->queue, &keys[i].work);
        }
        workqueue_remove(&keys[1].work);
        struct key never_added = new_key(rig);
        workqueue_remove(&never_added.work);
        run_passes(rig, 2);
        assert_int_equal(keys[0].runs + keys[2].runs, 2);
        assert_int_equal(keys[1].runs, 0);
        for (size_t i = 0; i < 3; i++)
                workqueue_remove(&keys[i].work);
}

/* The owner is deleted by its own pass; ASan watches. */
static void run_and_free(struct work *self)
{
        struct key *key = CONTAINER_OF(self, struct key, work);
        struct rig *rig = key->rig;
        workqueue_add(rig->queue, self);
        workqueue_remove(self);
        free(key);
        loop_stop(rig->loop);
}

static void test_owner_may_go_in_its_own_pass(void **state)
{
        struct rig *rig = *state;
        struct key *key = mem_new(key);
        *key = new_key(rig);
        key->work.run = run_and_free;
        workqueue_add(rig->queue, &key->work);
        loop_run(rig->loop);
}

/* Added behind the slice of the turn, by a timer of the next one, or by nobody: the loop sleeps only when all is done.
 */
static void test_loop_sleeps_when_the_queue_is_empty(void **state)
{
        struct rig *rig = *state;
        struct key key = new_key(rig);
        workqueue_add(rig->queue, &key.work);
        rig->turns = 0;
        run_for(rig, 30);
        assert_int_equal(key.runs, 1);
        assert_in_range(rig->turns, 1, 3);
        workqueue_remove(&key.work);
}

static double metric(const char *name)
{
        struct strbuf page = STRBUF_INIT(1 << 20);
        metrics_print(&page);
        char line[128];
        (void)snprintf(line, sizeof(line), "\n%s{name=\"test\",controller=\"test\"} ", name);
        const char *at = strstr(strbuf_text(&page), line);
        if (!at)
                fail_msg("no %s in %s", name, strbuf_text(&page));
        double value = strtod(at + strlen(line), NULL);
        strbuf_deinit(&page);
        return value;
}

static void test_metrics(void **state)
{
        struct rig *rig = *state;
        double adds = metric("workqueue_adds_total");
        double waited = metric("workqueue_queue_duration_seconds_count");
        double worked_s = metric("workqueue_work_duration_seconds_sum");
        struct key keys[2] = {new_key(rig), new_key(rig)};
        keys[0].busy_ms = 3;
        workqueue_add(rig->queue, &keys[0].work);
        workqueue_add(rig->queue, &keys[0].work);
        workqueue_add(rig->queue, &keys[1].work);
        assert_true(metric("workqueue_depth") == 2);
        run_passes(rig, 2);
        workqueue_add_after(rig->queue, &keys[0].work, 8);
        assert_true(metric("workqueue_depth") == 0);
        assert_true(metric("workqueue_adds_total") == adds + 2);
        assert_true(metric("workqueue_queue_duration_seconds_count") == waited + 2);
        assert_true(metric("workqueue_work_duration_seconds_sum") >= worked_s + 0.002);
        assert_true(metric("workqueue_unfinished_work_seconds") == 0);
        assert_true(metric("workqueue_longest_running_processor_seconds") == 0);
        for (size_t i = 0; i < 2; i++)
                workqueue_remove(&keys[i].work);
}

#define QUEUE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                QUEUE_TEST(test_key_is_queued_once),
                QUEUE_TEST(test_who_is_added_first_goes_before_the_others),
                QUEUE_TEST(test_delay_is_kept_and_the_earliest_wins),
                QUEUE_TEST(test_a_greedy_key_starves_no_other),
                QUEUE_TEST(test_slices_are_bounded),
                QUEUE_TEST(test_removed_key_does_not_run),
                QUEUE_TEST(test_owner_may_go_in_its_own_pass),
                QUEUE_TEST(test_loop_sleeps_when_the_queue_is_empty),
                QUEUE_TEST(test_metrics),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
