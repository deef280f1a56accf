/* executor_test.c -- jobs go out to threads and come back to the loop, however full or slow the pool is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/executor.h"

static int open_loop(void **state)
{
        *state = loop_open();
        (void)alarm(60);
        return 0;
}

static int close_loop(void **state)
{
        loop_close(*state);
        (void)alarm(0);
        return 0;
}

/* Each job has its own input and result: the pool carries them to and fro without a lock of the job's. */
struct sum {
        struct job job;
        struct loop *loop;
        unsigned *left;
        unsigned input;
        unsigned long result;
        pthread_t ran_on;
        pthread_t done_on;
        bool had_signals_blocked;
};

static void run_sum(struct job *self)
{
        struct sum *sum = CONTAINER_OF(self, struct sum, job);
        sigset_t blocked;
        (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
        sum->had_signals_blocked = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGUSR1);
        for (unsigned i = 1; i <= sum->input; i++)
                sum->result += i;
        sum->ran_on = pthread_self();
}

static void on_sum_done(struct job *self)
{
        struct sum *sum = CONTAINER_OF(self, struct sum, job);
        sum->done_on = pthread_self();
        if (--*sum->left == 0)
                loop_stop(sum->loop);
}

static struct sum new_sum(struct loop *loop, unsigned *left, unsigned input)
{
        return (struct sum){.job = {.run = run_sum, .done = on_sum_done}, .loop = loop, .left = left, .input = input};
}

static void test_jobs_come_back_with_their_results(void **state)
{
        enum { JOBS = 500 };
        static struct sum sums[JOBS];
        unsigned left = JOBS;
        struct executor *executor = executor_open(*state, 4, JOBS);
        for (unsigned i = 0; i < JOBS; i++) {
                sums[i] = new_sum(*state, &left, i);
                assert_true(executor_submit(executor, &sums[i].job));
        }
        loop_run(*state);
        assert_int_equal(executor_depth(executor), 0);
        for (unsigned long i = 0; i < JOBS; i++) {
                assert_int_equal(sums[i].result, i * (i + 1) / 2);
                assert_true(pthread_equal(sums[i].done_on, pthread_self()));
                assert_false(pthread_equal(sums[i].ran_on, pthread_self()));
                assert_true(sums[i].had_signals_blocked);
        }
        executor_close(executor, clock_mono() + 5000);
}

static unsigned thread_count(void)
{
        unsigned count = 0;
        DIR *folder = opendir("/proc/self/task");
        for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
                count += entry->d_name[0] != '.';
        (void)closedir(folder);
        return count;
}

static void test_threads_start_only_when_needed(void **state)
{
        unsigned before = thread_count();
        struct executor *executor = executor_open(*state, 8, 8);
        assert_int_equal(thread_count(), before);
        for (unsigned i = 0; i < 20; i++) { /* one after the other: the same thread has time for all */
                unsigned left = 1;
                struct sum sum = new_sum(*state, &left, 10);
                assert_true(executor_submit(executor, &sum.job));
                loop_run(*state);
        }
        assert_int_equal(thread_count(), before + 1);
        executor_close(executor, clock_mono() + 5000);
        assert_int_equal(thread_count(), before);
}

/* A job that waits until the test lets it go. */
struct gate {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool is_open;
        unsigned waiting;
};

static struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void gate_set(bool is_open)
{
        (void)pthread_mutex_lock(&gate.lock);
        gate.is_open = is_open;
        (void)pthread_cond_broadcast(&gate.changed);
        (void)pthread_mutex_unlock(&gate.lock);
}

static void gate_await(unsigned waiting)
{
        (void)pthread_mutex_lock(&gate.lock);
        while (gate.waiting != waiting)
                (void)pthread_cond_wait(&gate.changed, &gate.lock);
        (void)pthread_mutex_unlock(&gate.lock);
}

static void run_at_gate(struct job *self)
{
        (void)self;
        (void)pthread_mutex_lock(&gate.lock);
        gate.waiting++;
        (void)pthread_cond_broadcast(&gate.changed);
        while (!gate.is_open)
                (void)pthread_cond_wait(&gate.changed, &gate.lock);
        gate.waiting--;
        (void)pthread_cond_broadcast(&gate.changed);
        (void)pthread_mutex_unlock(&gate.lock);
}

static void test_full_queue_refuses(void **state)
{
        enum { THREADS = 2, QUEUE = 3 };
        unsigned left = THREADS + QUEUE;
        struct sum sums[THREADS + QUEUE + 1];
        struct executor *executor = executor_open(*state, THREADS, QUEUE);
        gate_set(false);
        for (unsigned i = 0; i < THREADS + QUEUE + 1; i++) {
                sums[i] = new_sum(*state, &left, 1);
                sums[i].job.run = run_at_gate;
        }
        for (unsigned i = 0; i < THREADS; i++)
                assert_true(executor_submit(executor, &sums[i].job));
        gate_await(THREADS);
        for (unsigned i = THREADS; i < THREADS + QUEUE; i++)
                assert_true(executor_submit(executor, &sums[i].job));
        assert_false(executor_submit(executor, &sums[THREADS + QUEUE].job));
        assert_int_equal(executor_depth(executor), THREADS + QUEUE);
        gate_set(true);
        loop_run(*state);
        assert_int_equal(executor_depth(executor), 0);
        left = 1;
        assert_true(executor_submit(executor, &sums[THREADS + QUEUE].job));
        loop_run(*state);
        executor_close(executor, clock_mono() + 5000);
}

static void test_close_waits_for_what_runs_and_gives_every_job_back(void **state)
{
        unsigned left = 3;
        struct sum sums[3];
        struct executor *executor = executor_open(*state, 1, 10);
        gate_set(false);
        for (unsigned i = 0; i < 3; i++) {
                sums[i] = new_sum(*state, &left, 1);
                sums[i].job.run = run_at_gate;
                assert_true(executor_submit(executor, &sums[i].job));
        }
        gate_await(1);
        gate_set(true); /* the worker may take the second one before it sees that it is to end */
        executor_close(executor, clock_mono() + 5000);
        gate_await(0);
        assert_int_equal(left, 0); /* also of those that never ran, and without a turn of the loop */
}

static void test_close_gives_up_at_its_deadline(void **state)
{
        unsigned left = 1;
        struct sum sum = new_sum(*state, &left, 1);
        sum.job.run = run_at_gate;
        unsigned before = thread_count();
        struct executor *executor = executor_open(*state, 1, 1);
        gate_set(false);
        assert_true(executor_submit(executor, &sum.job));
        gate_await(1);
        mono_ms start = clock_mono();
        executor_close(executor, start + 50);
        assert_in_range(clock_mono() - start, 50, 5000);
        gate_set(true); /* the worker ends by itself, frees the pool and leaves the loop alone */
        gate_await(0);
        while (thread_count() > before)
                (void)sched_yield();
        assert_int_equal(left, 1);
}

/* done() submits the next job at once. */
struct chain {
        struct job job;
        struct executor *executor;
        struct loop *loop;
        unsigned left;
};

static void run_nothing(struct job *self)
{
        (void)self;
}

/* As an owner does that tries again whatever happened. */
static void on_done_submit_again(struct job *self)
{
        struct chain *chain = CONTAINER_OF(self, struct chain, job);
        chain->left--;
        assert_false(executor_submit(chain->executor, self));
}

static void test_nothing_is_taken_while_closing(void **state)
{
        struct executor *executor = executor_open(*state, 1, 1);
        struct chain chain = {
            .job = {.run = run_nothing, .done = on_done_submit_again}, .executor = executor, .loop = *state, .left = 1};
        assert_true(executor_submit(executor, &chain.job));
        executor_close(executor, clock_mono() + 5000);
        assert_int_equal(chain.left, 0);
}

static void test_unused_pool_closes(void **state)
{
        executor_close(executor_open(*state, 3, 3), 0);
        executor_close(NULL, 0);
}

/* As retries do. */
static void on_chain_done(struct job *self)
{
        struct chain *chain = CONTAINER_OF(self, struct chain, job);
        if (--chain->left == 0)
                loop_stop(chain->loop);
        else
                assert_true(executor_submit(chain->executor, self));
}

static void test_job_can_be_submitted_again_from_done(void **state)
{
        struct executor *executor = executor_open(*state, 3, 1);
        struct chain chain = {
            .job = {.run = run_nothing, .done = on_chain_done}, .executor = executor, .loop = *state, .left = 2000};
        assert_true(executor_submit(executor, &chain.job));
        loop_run(*state);
        assert_int_equal(chain.left, 0);
        executor_close(executor, clock_mono() + 5000);
}

/* Two workers, and a group of which only one may run: the second job of the group waits, what belongs to nobody
 * overtakes it. */
static void test_one_group_does_not_hold_every_thread(void **state)
{
        unsigned stuck_left = 2, left = 1;
        struct executor *executor = executor_open(*state, 2, 8);
        struct sum stuck[] = {new_sum(*state, &stuck_left, 1), new_sum(*state, &stuck_left, 2)},
                   free_one = new_sum(*state, &left, 3);
        gate_set(false);
        for (unsigned i = 0; i < 2; i++) {
                stuck[i].job.run = run_at_gate;
                stuck[i].job.group = 4711;
                stuck[i].job.group_max = 1;
                assert_true(executor_submit(executor, &stuck[i].job));
        }
        assert_true(executor_submit(executor, &free_one.job));
        loop_run(*state); /* stopped by the free one */
        assert_int_equal(free_one.result, 6);
        assert_int_equal(stuck_left, 2);
        gate_set(true);
        loop_run(*state);
        assert_int_equal(stuck_left, 0);
        executor_close(executor, clock_mono() + 5000);
}

#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)

int main(void)
{
        const struct CMUnitTest tests[] = {
            LOOP_TEST(test_jobs_come_back_with_their_results),
            LOOP_TEST(test_threads_start_only_when_needed),
            LOOP_TEST(test_full_queue_refuses),
            LOOP_TEST(test_close_waits_for_what_runs_and_gives_every_job_back),
            LOOP_TEST(test_close_gives_up_at_its_deadline),
            LOOP_TEST(test_nothing_is_taken_while_closing),
            LOOP_TEST(test_unused_pool_closes),
            LOOP_TEST(test_job_can_be_submitted_again_from_done),
            LOOP_TEST(test_one_group_does_not_hold_every_thread),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
