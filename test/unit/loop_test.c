/* loop_test.c -- timers, descriptors, posted work, signals, and how late a turn was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/loop.h"

static int open_loop(void **state)
{
        *state = loop_open();
        (void)alarm(30);
        return 0;
}

static int close_loop(void **state)
{
        loop_close(*state);
        (void)alarm(0);
        return 0;
}

/* ---- timers ---- */

enum { TIMERS = 200 };

struct ticks {
        struct loop *loop;
        struct tick {
                struct loop_timer timer;
                struct ticks *all;
                mono_ms fired_at;
        } each[TIMERS];
        size_t fired;
        mono_ms last_due;
        bool is_disordered;
};

static void on_tick(struct loop_timer *self)
{
        struct tick *tick = CONTAINER_OF(self, struct tick, timer);
        struct ticks *all = tick->all;
        tick->fired_at = clock_mono();
        all->is_disordered |= self->at < all->last_due;
        all->last_due = self->at;
        all->fired++;
        if (all->fired == TIMERS / 2) /* the odd ones were stopped */
                loop_stop(all->loop);
}

static void test_timers_come_in_order_and_never_early(void **state)
{
        static struct ticks ticks;
        ticks = (struct ticks){.loop = *state};
        mono_ms start = clock_mono();
        srand(7);
        for (size_t i = 0; i < TIMERS; i++) {
                ticks.each[i].all = &ticks;
                ticks.each[i].timer.due = on_tick;
                loop_timer_set(ticks.loop, &ticks.each[i].timer, start + rand() % 1000);
                loop_timer_set(ticks.loop, &ticks.each[i].timer, start + 5 + rand() % 60); /* moved */
        }
        for (size_t i = 1; i < TIMERS; i += 2)
                loop_timer_stop(ticks.loop, &ticks.each[i].timer);
        loop_timer_stop(ticks.loop, &ticks.each[1].timer); /* twice is once */
        loop_run(ticks.loop);
        assert_false(ticks.is_disordered);
        for (size_t i = 0; i < TIMERS; i++) {
                assert_int_equal(ticks.each[i].timer.heap_index, 0);
                if (i % 2 == 1)
                        assert_int_equal(ticks.each[i].fired_at, 0);
                else
                        assert_true(ticks.each[i].fired_at >= ticks.each[i].timer.at);
        }
}

struct pair {
        struct loop *loop;
        struct loop_timer first;
        struct loop_timer second;
        unsigned firsts;
        unsigned seconds;
};

/* Always due, for the past even: it must not keep others from their turn. */
static void on_greedy(struct loop_timer *self)
{
        struct pair *pair = CONTAINER_OF(self, struct pair, first);
        pair->firsts++;
        loop_timer_set(pair->loop, self, 1);
}

static void on_patient(struct loop_timer *self)
{
        struct pair *pair = CONTAINER_OF(self, struct pair, second);
        if (++pair->seconds < 3)
                loop_timer_set(pair->loop, self, loop_now(pair->loop));
        else
                loop_stop(pair->loop);
}

static void test_timer_set_for_now_starves_nobody(void **state)
{
        struct pair pair = {.loop = *state, .first = {.due = on_greedy}, .second = {.due = on_patient}};
        loop_timer_set(pair.loop, &pair.first, 1);
        loop_timer_set(pair.loop, &pair.second, loop_now(pair.loop));
        loop_run(pair.loop);
        assert_int_equal(pair.seconds, 3);
        assert_in_range(pair.firsts, 3, 10);
        loop_timer_stop(pair.loop, &pair.first);
}

static void on_first_stops_second(struct loop_timer *self)
{
        struct pair *pair = CONTAINER_OF(self, struct pair, first);
        pair->firsts++;
        loop_timer_stop(pair->loop, &pair->second);
        loop_stop(pair->loop);
}

static void test_timer_due_in_the_same_turn_can_be_stopped(void **state)
{
        struct pair pair = {.loop = *state, .first = {.due = on_first_stops_second}, .second = {.due = on_patient}};
        mono_ms now = loop_now(pair.loop);
        loop_timer_set(pair.loop, &pair.second, now);
        loop_timer_set(pair.loop, &pair.first, now - 1);
        loop_run(pair.loop);
        assert_int_equal(pair.firsts, 1);
        assert_int_equal(pair.seconds, 0);
}

static unsigned turns;

static void count_turn(void *ctx)
{
        (void)ctx;
        turns++;
}

static void on_stop(struct loop_timer *self)
{
        struct pair *pair = CONTAINER_OF(self, struct pair, first);
        loop_stop(pair->loop);
}

static void test_loop_sleeps_until_the_timer_is_due(void **state)
{
        struct pair pair = {.loop = *state, .first = {.due = on_stop}};
        turns = 0;
        loop_set_idle(pair.loop, count_turn, NULL);
        for (int i = 0; i < 20; i++) {
                mono_ms at = clock_mono() + 10;
                loop_timer_set(pair.loop, &pair.first, at);
                loop_run(pair.loop);
                assert_true(clock_mono() >= at);
        }
        assert_in_range(turns, 40, 44); /* one to fall asleep, one to wake up: no spinning in between */
}

/* ---- lateness ---- */

static void on_long_turn(struct loop_timer *self)
{
        struct pair *pair = CONTAINER_OF(self, struct pair, first);
        pair->firsts++;
        if (pair->firsts > 1) {
                loop_stop(pair->loop);
                return;
        }
        const mono_ms until = clock_mono() + 60;
        while (clock_mono() < until) /* works, or is stopped by somebody */
                ;
        loop_timer_set(pair->loop, self, loop_now(pair->loop) + 1);
}

static void test_long_turn_makes_the_next_one_late(void **state)
{
        struct pair pair = {.loop = *state, .first = {.due = on_long_turn}};
        loop_timer_set(pair.loop, &pair.first, loop_now(pair.loop));
        loop_run(pair.loop);
        assert_in_range(loop_lateness(pair.loop), 59, 10000);

        loop_timer_set(pair.loop, &pair.first, clock_mono() + 20);
        loop_run(pair.loop);
        assert_in_range(loop_lateness(pair.loop), 0, 58);
}

/* ---- posted work ---- */

struct posting {
        struct loop_post post;
        struct loop *loop;
        unsigned *order;
        unsigned seen;
        bool is_last;
};

static void on_post(struct loop_post *self)
{
        struct posting *posting = CONTAINER_OF(self, struct posting, post);
        posting->seen = ++*posting->order;
        if (posting->is_last)
                loop_stop(posting->loop);
}

static void test_posted_work_runs_in_order(void **state)
{
        struct loop *loop = *state;
        unsigned order = 0;
        struct posting postings[5];
        for (unsigned i = 0; i < 5; i++) {
                postings[i] = (struct posting){.post.run = on_post, .loop = loop, .order = &order, .is_last = i == 4};
                loop_post(loop, &postings[i].post);
        }
        loop_run(loop);
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(postings[i].seen, i + 1);
}

enum { POSTERS = 4, POSTS = 5000 };

struct poster {
        struct loop *loop;
        struct loop_post posts[POSTS];
};

static unsigned posted_total;

static void on_counted_post(struct loop_post *self)
{
        (void)self;
        posted_total++;
}

static void *post_many(void *arg)
{
        struct poster *poster = arg;
        for (unsigned i = 0; i < POSTS; i++) {
                poster->posts[i].run = on_counted_post;
                loop_post(poster->loop, &poster->posts[i]);
        }
        return NULL;
}

static void stop_when_all_came(void *ctx)
{
        if (posted_total == POSTERS * POSTS)
                loop_stop(ctx);
}

static void test_posts_of_other_threads_all_arrive(void **state)
{
        static struct poster posters[POSTERS];
        pthread_t threads[POSTERS];
        posted_total = 0;
        loop_set_idle(*state, stop_when_all_came, *state);
        for (size_t i = 0; i < POSTERS; i++) {
                posters[i].loop = *state;
                assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
        }
        loop_run(*state);
        for (size_t i = 0; i < POSTERS; i++)
                (void)pthread_join(threads[i], NULL);
        assert_int_equal(posted_total, POSTERS * POSTS);
}

/* ---- descriptors ---- */

struct pipe_end {
        struct loop_fd fd;
        struct loop *loop;
        int write_end;
        struct pipe_end *other;
        unsigned ready_count;
        uint32_t events;
};

static void open_pipe(struct pipe_end *end, struct loop *loop, void (*ready)(struct loop_fd *self, uint32_t events))
{
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        *end = (struct pipe_end){.fd = {.fd = ends[0], .ready = ready}, .loop = loop, .write_end = ends[1]};
        loop_fd_add(loop, &end->fd, EPOLLIN);
        assert_int_equal(write(ends[1], "x", 1), 1);
}

/* Both are ready in one turn; whichever comes first removes the other one, as closing a connection may. */
static void on_ready_removes_other(struct loop_fd *self, uint32_t events)
{
        struct pipe_end *end = CONTAINER_OF(self, struct pipe_end, fd);
        end->ready_count++;
        end->events = events;
        if (end->other->fd.fd >= 0)
                (void)close(end->other->fd.fd);
        loop_fd_remove(end->loop, &end->other->fd);
        loop_stop(end->loop);
}

static void test_descriptor_removed_in_the_turn_is_not_called(void **state)
{
        struct pipe_end a;
        struct pipe_end b;
        open_pipe(&a, *state, on_ready_removes_other);
        open_pipe(&b, *state, on_ready_removes_other);
        a.other = &b;
        b.other = &a;
        loop_run(*state);
        assert_int_equal(a.ready_count + b.ready_count, 1);
        assert_int_equal(a.events | b.events, EPOLLIN);
        struct pipe_end *left = a.ready_count ? &a : &b;
        int fd = left->fd.fd;
        loop_fd_remove(*state, &left->fd);
        loop_fd_remove(*state, &left->fd);
        assert_int_equal(left->fd.fd, -1);
        (void)close(fd);
        (void)close(a.write_end);
        (void)close(b.write_end);
}

static void on_ready_hang_up(struct loop_fd *self, uint32_t events)
{
        struct pipe_end *end = CONTAINER_OF(self, struct pipe_end, fd);
        end->events |= events;
        char byte;
        if (events & EPOLLIN)
                assert_int_equal(read(self->fd, &byte, 1), 1);
        if (end->ready_count++ == 0)
                loop_fd_change(end->loop, self, 0); /* errors and hang-ups come all the same */
        if (events & EPOLLHUP)
                loop_stop(end->loop);
        (void)close(end->write_end);
        end->write_end = -1;
}

static void test_interest_can_be_changed(void **state)
{
        struct pipe_end end;
        open_pipe(&end, *state, on_ready_hang_up);
        loop_run(*state);
        assert_int_equal(end.events, EPOLLIN | EPOLLHUP);
        assert_int_equal(end.ready_count, 2);
        int fd = end.fd.fd;
        loop_fd_remove(*state, &end.fd);
        (void)close(fd);
}

/* ---- the order of a turn, and signals ---- */

struct turn {
        struct loop *loop;
        struct loop_post post;
        struct loop_timer timer;
        struct pipe_end end;
        char order[8];
        size_t steps;
};

static void step(struct turn *turn, char what)
{
        if (turn->steps < sizeof(turn->order) - 1)
                turn->order[turn->steps++] = what;
}

static void on_turn_post(struct loop_post *self)
{
        step(CONTAINER_OF(self, struct turn, post), 'p');
}

static void on_turn_timer(struct loop_timer *self)
{
        step(CONTAINER_OF(self, struct turn, timer), 't');
}

static void on_turn_ready(struct loop_fd *self, uint32_t events)
{
        (void)events;
        step(CONTAINER_OF(self, struct turn, end.fd), 'd');
}

static void on_turn_idle(void *ctx)
{
        struct turn *turn = ctx;
        if (turn->steps > 0) {
                step(turn, 'i');
                loop_stop(turn->loop);
                return;
        }
        /* The first turn was empty: all of it comes in the next one. */
        turn->post.run = on_turn_post;
        turn->timer.due = on_turn_timer;
        open_pipe(&turn->end, turn->loop, on_turn_ready);
        loop_post(turn->loop, &turn->post);
        loop_timer_set(turn->loop, &turn->timer, loop_now(turn->loop));
}

static void test_order_of_a_turn(void **state)
{
        struct turn turn = {.loop = *state};
        loop_set_idle(turn.loop, on_turn_idle, &turn);
        loop_run(turn.loop);
        assert_string_equal(turn.order, "ptdi");
        int fd = turn.end.fd.fd;
        loop_fd_remove(turn.loop, &turn.end.fd);
        (void)close(fd);
        (void)close(turn.end.write_end);
}

static int last_signal;

static void on_signal(void *ctx, int signal_number)
{
        last_signal = signal_number;
        loop_stop(ctx);
}

static void test_signals_come_to_the_loop(void **state)
{
        const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGIO, SIGRTMIN};
        loop_on_signal(*state, on_signal, *state);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                assert_int_equal(kill(getpid(), numbers[i]), 0);
                loop_run(*state);
                assert_int_equal(last_signal, numbers[i]);
        }
        struct sigaction pipe_action;
        assert_int_equal(sigaction(SIGPIPE, NULL, &pipe_action), 0);
        assert_ptr_equal(pipe_action.sa_handler, SIG_IGN);
}

#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)

int main(void)
{
        const struct CMUnitTest tests[] = {
                LOOP_TEST(test_timers_come_in_order_and_never_early),
                LOOP_TEST(test_timer_set_for_now_starves_nobody),
                LOOP_TEST(test_timer_due_in_the_same_turn_can_be_stopped),
                LOOP_TEST(test_loop_sleeps_until_the_timer_is_due),
                LOOP_TEST(test_long_turn_makes_the_next_one_late),
                LOOP_TEST(test_posted_work_runs_in_order),
                LOOP_TEST(test_posts_of_other_threads_all_arrive),
                LOOP_TEST(test_descriptor_removed_in_the_turn_is_not_called),
                LOOP_TEST(test_interest_can_be_changed),
                LOOP_TEST(test_order_of_a_turn),
                LOOP_TEST(test_signals_come_to_the_loop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
