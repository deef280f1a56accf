/* resolve_test.c -- the look-up cache, with look-ups that the test decides and times that are short. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "probe/resolve.h"
#include "runtime/clock.h"
#include "util/mem.h"

/* The only state that workers and the test share. */
static atomic_uint lookups, lookups_at_once, lookups_at_once_max;
static atomic_bool is_broken;
static sem_t gate;    /* "gated.test" and held workers wait here */
static sem_t arrived; /* a worker is held */

static void lookup(const char *host, const char *servers, struct resolve_answer *ret)
{
        (void)servers;
        unsigned number = atomic_fetch_add(&lookups, 1) + 1;
        unsigned at_once = atomic_fetch_add(&lookups_at_once, 1) + 1;
        if (at_once > atomic_load(&lookups_at_once_max))
                atomic_store(&lookups_at_once_max, at_once);
        if (strcmp(host, "gated.test") == 0)
                (void)sem_wait(&gate);
        if (atomic_load(&is_broken)) {
                (void)snprintf(ret->why, sizeof(ret->why), "broken on purpose");
        } else {
                ret->count = 1;
                ret->addresses[0] = (struct address){.family = AF_INET, .v4.s_addr = htonl(0xc0000200 + number)};
        }
        atomic_fetch_sub(&lookups_at_once, 1);
}

struct fixture {
        struct loop *loop;
        struct executor *executor;
        struct resolver *resolver;
        struct loop_timer timer;
        unsigned answers;
        unsigned answers_wanted;
        struct resolve_answer last;
};

struct asking {
        struct resolve_wait wait;
        struct fixture *fixture;
};

static const struct resolve_policy brief = {.fresh_ms = 60, .retry_ms = 30, .keep_ms = 1500, .lookup = lookup};

static void setup(struct fixture *fixture, const struct resolve_policy *policy, unsigned threads, unsigned queue)
{
        *fixture = (struct fixture){0};
        atomic_store(&lookups, 0);
        atomic_store(&lookups_at_once_max, 0);
        atomic_store(&is_broken, false);
        (void)sem_init(&gate, 0, 0);
        (void)sem_init(&arrived, 0, 0);
        fixture->loop = loop_open();
        fixture->executor = executor_open(fixture->loop, threads, queue);
        fixture->resolver = resolver_open(fixture->loop, fixture->executor, policy);
}

static void teardown(struct fixture *fixture)
{
        resolver_close(fixture->resolver);
        executor_close(fixture->executor, clock_mono() + 5000);
        loop_close(fixture->loop);
        (void)sem_destroy(&gate);
        (void)sem_destroy(&arrived);
}

static void timer_due(struct loop_timer *timer)
{
        loop_stop(CONTAINER_OF(timer, struct fixture, timer)->loop);
}

static void run_for(struct fixture *fixture, mono_ms ms)
{
        fixture->timer.due = timer_due;
        loop_timer_set(fixture->loop, &fixture->timer, clock_mono() + ms);
        loop_run(fixture->loop);
}

static void answered(struct resolve_wait *wait, const struct resolve_answer *answer)
{
        struct fixture *fixture = CONTAINER_OF(wait, struct asking, wait)->fixture;
        fixture->last = *answer;
        if (++fixture->answers == fixture->answers_wanted)
                loop_stop(fixture->loop);
}

/* The answer, waiting for it if it must. */
static struct resolve_answer ask(struct fixture *fixture, struct resolve_name *name)
{
        struct asking asking = {.wait.done = answered, .fixture = fixture};
        const struct resolve_answer *now = resolve_start(name, &asking.wait);
        if (now != NULL)
                return *now;
        fixture->answers = 0;
        fixture->answers_wanted = 1;
        loop_run(fixture->loop);
        return fixture->last;
}

/* The look-ups that are under way come back. */
static void settle(struct fixture *fixture)
{
        while (executor_depth(fixture->executor) > 0)
                run_for(fixture, 2);
        run_for(fixture, 2);
}

static void literals_are_told_from_names(void **state)
{
        (void)state;
        struct address address;
        char text[ADDRESS_PORT_TEXT_BYTES];
        assert_int_equal(address_parse("192.0.2.1", &address), ERR_OK);
        address_print(&address, 443, text);
        assert_string_equal(text, "192.0.2.1:443");
        assert_int_equal(address_parse("2001:db8::1", &address), ERR_OK);
        address_print(&address, 65535, text);
        assert_string_equal(text, "[2001:db8::1]:65535");
        struct sockaddr_storage socket;
        assert_int_equal(address_to_socket(&address, 9900, &socket), sizeof(struct sockaddr_in6));
        assert_int_equal(((struct sockaddr_in6 *)(void *)&socket)->sin6_port, htons(9900));
        assert_int_equal(address_parse("example.test", &address), ERR_INVALID);
        assert_int_equal(address_parse("192.0.2", &address), ERR_INVALID);
        assert_int_equal(address_parse("", &address), ERR_INVALID);
}

static void a_fresh_answer_costs_no_lookup(void **state)
{
        (void)state;
        const struct resolve_policy slow = {.fresh_ms = 60000, .retry_ms = 60000, .keep_ms = 60000, .lookup = lookup};
        struct fixture fixture;
        setup(&fixture, &slow, 2, 16);
        struct resolve_name *name = resolve_open(fixture.resolver, "a.test"),
                            *same = resolve_open(fixture.resolver, "a.test");
        assert_ptr_equal(name, same);
        assert_int_equal(ask(&fixture, name).count, 1);
        for (int i = 0; i < 10; i++)
                assert_int_equal(ask(&fixture, same).addresses[0].v4.s_addr, htonl(0xc0000201));
        assert_int_equal(atomic_load(&lookups), 1);
        resolve_close(name);
        resolve_close(same);
        resolve_close(NULL);
        teardown(&fixture);
}

static void an_older_answer_is_given_at_once_and_renewed(void **state)
{
        (void)state;
        struct fixture fixture;
        setup(&fixture, &brief, 2, 16);
        struct resolve_name *name = resolve_open(fixture.resolver, "a.test");
        (void)ask(&fixture, name);
        run_for(&fixture, brief.fresh_ms + 5);
        struct asking asking = {.wait.done = answered, .fixture = &fixture};
        const struct resolve_answer *at_once = resolve_start(name, &asking.wait);
        assert_non_null(at_once);
        assert_int_equal(at_once->addresses[0].v4.s_addr, htonl(0xc0000201));
        assert_false(at_once->is_stale);
        settle(&fixture);
        assert_int_equal(ask(&fixture, name).addresses[0].v4.s_addr, htonl(0xc0000202));
        resolve_close(name);
        teardown(&fixture);
}

static void an_outage_keeps_the_last_good_answer_and_says_so(void **state)
{
        (void)state;
        struct fixture fixture;
        setup(&fixture, &brief, 2, 16);
        struct resolve_name *name = resolve_open(fixture.resolver, "a.test");
        (void)ask(&fixture, name);
        atomic_store(&is_broken, true);
        run_for(&fixture, brief.fresh_ms + 5);
        (void)ask(&fixture, name);
        settle(&fixture);
        struct resolve_answer answer = ask(&fixture, name);
        assert_int_equal(answer.count, 1);
        assert_true(answer.is_stale);
        assert_string_equal(answer.why, "broken on purpose");

        run_for(&fixture, brief.keep_ms);
        answer = ask(&fixture, name);
        assert_int_equal(answer.count, 0);
        assert_false(answer.is_stale);

        atomic_store(&is_broken, false);
        run_for(&fixture, brief.retry_ms + 5);
        answer = ask(&fixture, name);
        assert_int_equal(answer.count, 1);
        assert_false(answer.is_stale);
        assert_string_equal(answer.why, "");
        resolve_close(name);
        teardown(&fixture);
}

static void a_failure_is_not_tried_again_at_once(void **state)
{
        (void)state;
        const struct resolve_policy patient = {
            .fresh_ms = 60000, .retry_ms = 60000, .keep_ms = 60000, .lookup = lookup};
        struct fixture fixture;
        setup(&fixture, &patient, 2, 16);
        atomic_store(&is_broken, true);
        struct resolve_name *name = resolve_open(fixture.resolver, "a.test");
        for (int i = 0; i < 5; i++) {
                struct resolve_answer answer = ask(&fixture, name);
                assert_int_equal(answer.count, 0);
                assert_string_equal(answer.why, "broken on purpose");
        }
        assert_int_equal(atomic_load(&lookups), 1);
        resolve_close(name);
        teardown(&fixture);
}

/* Whoever waits is woken once; who withdrew is not; and names beyond the bound of jobs wait their turn. */
static void many_wait_for_few_jobs(void **state)
{
        (void)state;
        enum { NAMES = 12 };
        struct fixture fixture;
        setup(&fixture, &brief, 4, 64);
        struct resolve_name *names[NAMES];
        struct asking asking[NAMES], second = {.wait.done = answered, .fixture = &fixture};
        for (int i = 0; i < NAMES; i++) {
                char host[16];
                (void)snprintf(host, sizeof(host), "n%d.test", i);
                names[i] = resolve_open(fixture.resolver, host);
                asking[i] = (struct asking){.wait.done = answered, .fixture = &fixture};
                assert_null(resolve_start(names[i], &asking[i].wait));
        }
        assert_null(resolve_start(names[3], &second.wait));
        resolve_cancel(&asking[3].wait);
        resolve_cancel(&asking[3].wait);
        resolve_cancel(&asking[7].wait);
        resolve_close(names[7]); /* waits in the queue */
        fixture.answers_wanted = NAMES - 1;
        loop_run(fixture.loop);
        settle(&fixture);
        assert_int_equal(fixture.answers, NAMES - 1);
        assert_int_equal(atomic_load(&lookups), NAMES - 1);
        assert_true(atomic_load(&lookups_at_once_max) <= RESOLVE_JOBS_MAX);
        for (int i = 0; i < NAMES; i++)
                if (i != 7)
                        resolve_close(names[i]);
        teardown(&fixture);
}

static void closing_during_a_lookup_is_safe(void **state)
{
        (void)state;
        struct fixture fixture;
        setup(&fixture, &brief, 2, 16);
        struct resolve_name *name = resolve_open(fixture.resolver, "gated.test");
        struct asking asking = {.wait.done = answered, .fixture = &fixture};
        assert_null(resolve_start(name, &asking.wait));
        resolve_cancel(&asking.wait);
        resolve_close(name);
        resolver_close(fixture.resolver);
        (void)sem_post(&gate);
        settle(&fixture);
        assert_int_equal(fixture.answers, 0);
        executor_close(fixture.executor, clock_mono() + 5000);
        loop_close(fixture.loop);
        (void)sem_destroy(&gate);
        (void)sem_destroy(&arrived);
}

struct closing {
        struct resolve_wait wait;
        struct resolve_name **names;
        struct fixture *fixture;
};

static void close_it(struct resolve_wait *wait, const struct resolve_answer *answer)
{
        struct closing *closing = CONTAINER_OF(wait, struct closing, wait);
        assert_int_equal(answer->count, 1);
        resolve_close(closing->names[0]);
        closing->names[0] = NULL;
        loop_stop(closing->fixture->loop);
}

static void who_is_woken_may_close_the_name(void **state)
{
        (void)state;
        struct fixture fixture;
        setup(&fixture, &brief, 2, 16);
        struct resolve_name *name = resolve_open(fixture.resolver, "a.test");
        struct closing closing = {.wait.done = close_it, .names = &name, .fixture = &fixture};
        assert_null(resolve_start(name, &closing.wait));
        loop_run(fixture.loop);
        assert_null(name);
        settle(&fixture);
        teardown(&fixture);
}

static void hold_worker(struct job *job)
{
        (void)job;
        (void)sem_post(&arrived);
        (void)sem_wait(&gate);
}

static void worker_is_free(struct job *job)
{
        (void)job;
}

static void busy_workers_are_an_answer_too(void **state)
{
        (void)state;
        struct fixture fixture;
        setup(&fixture, &brief, 1, 1);
        struct job running = {.run = hold_worker, .done = worker_is_free}, waiting = running;
        assert_true(executor_submit(fixture.executor, &running));
        (void)sem_wait(&arrived);
        assert_true(executor_submit(fixture.executor, &waiting));
        struct resolve_name *name = resolve_open(fixture.resolver, "a.test");
        struct resolve_answer answer = ask(&fixture, name);
        assert_int_equal(answer.count, 0);
        assert_non_null(strstr(answer.why, "busy"));
        (void)sem_post(&gate);
        (void)sem_post(&gate);
        settle(&fixture);
        resolve_close(name);
        teardown(&fixture);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(literals_are_told_from_names),
            cmocka_unit_test(a_fresh_answer_costs_no_lookup),
            cmocka_unit_test(an_older_answer_is_given_at_once_and_renewed),
            cmocka_unit_test(an_outage_keeps_the_last_good_answer_and_says_so),
            cmocka_unit_test(a_failure_is_not_tried_again_at_once),
            cmocka_unit_test(many_wait_for_few_jobs),
            cmocka_unit_test(closing_during_a_lookup_is_safe),
            cmocka_unit_test(who_is_woken_may_close_the_name),
            cmocka_unit_test(busy_workers_are_an_answer_too),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
