/* batch_test.c -- visits of many policies in few calls: what goes together, what a refusal costs, and whom it is told to. */
#include "reconcile/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "api/failover_policy.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { POLICIES = 1000, CALLS_MAX = 4096, PATIENCE_MS = 20000, AT_ONCE = 3 };

/* ---- a server ---- */

static struct server {
        pthread_mutex_t lock;
        pthread_cond_t opened;
        bool is_shut; /* calls do not return */
        size_t sizes[CALLS_MAX];
        char firsts[CALLS_MAX][32];
        unsigned calls, at_once, most_at_once;
        const char *bad; /* name that it refuses; NULL: none */
        bool loses_answers;
        enum err answer; /* to every visit, with the time that it wants to be left alone; ERR_OK: as above */
        mono_ms retry_after_ms;
        unsigned sessions; /* that were opened */
        unsigned server_questions; /* which servers answer agents */
        bool hides_servers;
        size_t room;              /* visits that fit; 0: all */
        unsigned times[POLICIES]; /* that each name was moved */
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};

static unsigned number_of(const char *name)
{
        return (unsigned)strtoul(name + 1, NULL, 10);
}

static bool has_bad(const struct target_visit *visits, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (text_equal(visits[i].name, server.bad))
                        return true;
        return false;
}

static void serve_one(struct target_visit *visit, bool is_refused, size_t count)
{
        if (is_refused && count > 1) {
                visit->fate = TARGET_SUSPECT;
                visit->err = ERR_INVALID;
        } else if (is_refused) {
                visit->err = err_set(&visit->why, ERR_CONFLICT, "somebody moved it");
        } else {
                server.times[number_of(visit->name)]++;
                visit->retry_after_ms = server.retry_after_ms;
                if (server.answer != ERR_OK)
                        visit->err = err_set(&visit->why, server.answer, "busy");
                else
                        visit->err = server.loses_answers ? err_set(&visit->why, ERR_UNKNOWN, "no answer") : ERR_OK;
        }
}

static void serve(struct target_session *session, struct target_visit *visits, size_t count)
{
        (void)session;
        (void)pthread_mutex_lock(&server.lock);
        assert_true(server.calls < CALLS_MAX);
        server.sizes[server.calls] = count;
        (void)TEXT_COPY(server.firsts[server.calls], visits[0].name);
        server.calls++;
        server.most_at_once = ++server.at_once > server.most_at_once ? server.at_once : server.most_at_once;
        while (server.is_shut)
                (void)pthread_cond_wait(&server.opened, &server.lock);
        const size_t fits = server.room && server.room < count ? server.room : count;
        const bool is_refused = has_bad(visits, fits);
        for (size_t i = 0; i < fits; i++)
                serve_one(&visits[i], is_refused, fits);
        for (size_t i = fits; i < count; i++)
                visits[i].fate = TARGET_LEFT;
        server.at_once--;
        (void)pthread_mutex_unlock(&server.lock);
}

static void serve_preflights(struct target_session *session, struct target_preflight *preflights, size_t count)
{
        (void)session;
        (void)pthread_mutex_lock(&server.lock);
        bool is_refused = false;
        for (size_t i = 0; i < count; i++)
                is_refused |= text_equal(preflights[i].name, server.bad);
        server.sizes[server.calls] = count;
        (void)TEXT_COPY(server.firsts[server.calls], preflights[0].name);
        server.calls++;
        for (size_t i = 0; is_refused && i < count; i++) {
                preflights[i].fate = count > 1 ? TARGET_SUSPECT : TARGET_ENDED;
                preflights[i].err = ERR_DENIED;
        }
        (void)pthread_mutex_unlock(&server.lock);
}

static enum err find_servers(struct target_session *session, const char *name, mono_ms deadline,
                             struct target_servers *ret, struct errmsg *reterr)
{
        (void)session, (void)name, (void)deadline, (void)ret;
        (void)pthread_mutex_lock(&server.lock);
        server.server_questions++;
        const enum err err = server.hides_servers ? err_set(reterr, ERR_DENIED, "no right") : ERR_OK;
        (void)pthread_mutex_unlock(&server.lock);
        return err;
}

static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr);

static void close_session(struct target_session *session)
{
        free(session);
}

static const struct target_driver driver = {
    .name = "test",
    .kind = TARGET_NAME,
    .limits = {.visit_ms = 5000, .session_ms = 60000, .at_once = AT_ONCE, .batch_max = POLICIES},
    .open = open_session,
    .visit = serve,
    .close = close_session};
static const struct target_driver narrow = {
    .name = "narrow", .kind = TARGET_NAME, .limits = {.visit_ms = 5000, .at_once = AT_ONCE, .batch_max = 7}, .open = open_session, .visit = serve, .close = close_session};
static const struct target_driver paced = {.name = "paced",
                                           .kind = TARGET_NAME,
                                           .limits = {.visit_ms = 5000,
                                                      .session_ms = 60000,
                                                      .at_once = AT_ONCE,
                                                      .per_minute = 300,
                                                      .batch_max = POLICIES,
                                                      .preflight_max = POLICIES},
                                           .open = open_session,
                                           .visit = serve,
                                           .preflight_all = serve_preflights,
                                           .servers = find_servers,
                                           .close = close_session};

static const struct target_driver *rig_driver = &driver; /* of the sessions that are opened */

static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)config, (void)reterr;
        (void)pthread_mutex_lock(&server.lock);
        server.sessions++;
        (void)pthread_mutex_unlock(&server.lock);
        *ret = mem_new(*ret);
        **ret = (struct target_session){.driver = rig_driver};
        return ERR_OK;
}

/* ---- policies ---- */

struct one {
        struct policy policy; /* first */
        struct target_slot slot;
        char name[32];
        unsigned ended, passes;
        enum err err;
};

struct rig {
        struct loop *loop;
        struct manager manager;
        struct failover_policy spec;
        struct map mechanisms;
        struct mechanism *mechanism;
        struct one *ones;
        unsigned ended, wanted;
        struct loop_timer patience;
};

static struct rig *rig;

static void visited(struct policy *policy, struct effect *effect)
{
        struct one *one = (struct one *)(void *)policy;
        one->ended++;
        one->err = effect->err;
        one->slot.effect = NULL;
        if (++rig->ended >= rig->wanted)
                loop_stop(rig->loop);
}

static void count_pass(struct work *work)
{
        struct policy *policy = CONTAINER_OF(work, struct policy, work);
        ((struct one *)(void *)policy)->passes++;
}

static void give_up(struct loop_timer *timer)
{
        (void)timer;
        loop_stop(rig->loop);
}

static void turn(void *ctx)
{
        (void)ctx;
        workqueue_turn(rig->manager.policies_queue);
}

static int rig_start(unsigned queue_max)
{
        const struct workqueue_options queue = {"batch", 64, 5};
        rig = mem_new(rig);
        rig->loop = loop_open();
        rig->manager = (struct manager){.loop = rig->loop, .executor = executor_open(rig->loop, 4, queue_max)};
        rig->manager.policies_queue = workqueue_open(rig->loop, &queue);
        loop_set_idle(rig->loop, turn, NULL);
        mechanism_hold(rig->loop, &rig->mechanisms, &rig->mechanism, "test");
        rig->ones = mem_calloc(POLICIES, sizeof(*rig->ones));
        for (unsigned i = 0; i < POLICIES; i++) {
                struct one *one = &rig->ones[i];
                one->policy = (struct policy){.manager = &rig->manager, .spec = &rig->spec, .visited = visited, .work.run = count_pass};
                (void)snprintf(one->name, sizeof(one->name), "n%u", i);
        }
        rig->patience.due = give_up;
        (void)pthread_mutex_lock(&server.lock);
        memset(server.times, 0, sizeof(server.times));
        server.calls = server.most_at_once = 0;
        server.bad = NULL;
        server.loses_answers = server.is_shut = false;
        server.room = 0;
        server.answer = ERR_OK;
        server.retry_after_ms = 0;
        server.server_questions = 0;
        server.hides_servers = false;
        rig_driver = &driver;
        (void)pthread_mutex_unlock(&server.lock);
        return 0;
}

static int setup(void **state)
{
        (void)state;
        return rig_start(64);
}

static void open_server(void)
{
        (void)pthread_mutex_lock(&server.lock);
        server.is_shut = false;
        (void)pthread_cond_broadcast(&server.opened);
        (void)pthread_mutex_unlock(&server.lock);
}

/* While calls may be under way. */
static unsigned calls_so_far(void)
{
        (void)pthread_mutex_lock(&server.lock);
        const unsigned calls = server.calls;
        (void)pthread_mutex_unlock(&server.lock);
        return calls;
}

static int teardown(void **state)
{
        (void)state;
        open_server();
        for (unsigned i = 0; i < POLICIES; i++) {
                effect_abandon(rig->ones[i].slot.effect);
                workqueue_remove(&rig->ones[i].policy.work);
                free((char *)rig->ones[i].slot.state.version);
        }
        mechanism_drop(&rig->mechanism);
        executor_close(rig->manager.executor, clock_mono() + PATIENCE_MS);
        loop_timer_stop(rig->loop, &rig->patience);
        workqueue_close(rig->manager.policies_queue);
        loop_close(rig->loop);
        free(rig->ones);
        free(rig);
        return 0;
}

static struct effect *effect_of(unsigned number, const struct target_driver *by)
{
        struct one *one = &rig->ones[number];
        struct effect *effect = mem_new(effect);
        *effect = (struct effect){.kind = EFFECT_WRITE,
                                  .policy = &one->policy,
                                  .slot = &one->slot,
                                  .ref = {.kind = TARGET_NAME, .driver = by->name, .endpoint = "server", .name = one->name},
                                  .driver = by,
                                  .settings = "",
                                  .versions = "",
                                  .mechanism = rig->mechanism,
                                  .expected = {.present = true, .value = mem_strdup("A 192.0.2.1")},
                                  .want = {.value = "A 192.0.2.2", .epoch = 2, .id = 7, .plane = "b", .store = "k8s/u/ns/p"},
                                  .decided_us = clock_mono_us()};
        mechanism_begin(rig->mechanism);
        one->slot.effect = effect;
        return effect;
}

static void add(unsigned from, unsigned count, const struct target_driver *by)
{
        for (unsigned i = from; i < from + count; i++)
                batch_add(effect_of(i, by), NULL);
}

/* Until @ended more have. */
static void run_until(unsigned ended)
{
        rig->wanted = rig->ended + ended;
        loop_timer_set(rig->loop, &rig->patience, clock_mono() + PATIENCE_MS);
        if (ended)
                loop_run(rig->loop);
        assert_int_equal(rig->ended, rig->wanted);
}

static void run_for(mono_ms duration)
{
        rig->wanted = UINT32_MAX;
        loop_timer_set(rig->loop, &rig->patience, clock_mono() + duration);
        loop_run(rig->loop);
}

static void assert_each_moved_once(unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                assert_int_equal(rig->ones[i].ended, 1);
                assert_int_equal(rig->ones[i].err, ERR_OK);
                assert_int_equal(server.times[i], 1);
        }
}

/* ---- what goes together ---- */

static void test_what_is_there_at_the_tick_goes_in_one_call(void **state)
{
        (void)state;
        add(0, POLICIES, &driver);
        run_until(POLICIES);
        assert_int_equal(server.calls, 1);
        assert_int_equal(server.sizes[0], POLICIES);
        assert_each_moved_once(POLICIES);
}

static void test_one_that_is_alone_waits_for_nobody(void **state)
{
        (void)state;
        add(0, 1, &driver);
        const mono_ms began = clock_mono();
        run_until(1);
        assert_int_equal(server.sizes[0], 1);
        assert_true(clock_mono() - began < 500); /* no timer is in the way: it takes microseconds */
        assert_int_equal(rig->mechanism->queue.in_flight, 0);
        assert_null(rig->mechanism->queue.first);
}

static void test_what_comes_while_the_server_is_busy_goes_together(void **state)
{
        (void)state;
        server.is_shut = true;
        for (unsigned i = 0; i < AT_ONCE; i++) {
                add(i, 1, &driver);
                run_for(20);
        }
        add(AT_ONCE, 100, &driver);
        run_for(50);
        assert_int_equal(calls_so_far(), AT_ONCE);
        open_server();
        run_until(AT_ONCE + 100);
        assert_int_equal(server.calls, AT_ONCE + 1);
        assert_int_equal(server.sizes[AT_ONCE], 100);
        assert_int_equal(server.most_at_once, AT_ONCE);
}

static void test_no_call_carries_more_than_the_driver_takes(void **state)
{
        (void)state;
        add(0, 30, &narrow);
        run_until(30);
        assert_int_equal(server.calls, 5);
        assert_each_moved_once(30);
}

static void test_what_did_not_fit_goes_next(void **state)
{
        (void)state;
        server.room = 40;
        add(0, 100, &driver);
        run_until(100);
        assert_int_equal(server.calls, 3);
        assert_each_moved_once(100);
}

/* A thousand names of one zone were there first. */
static void test_a_zone_of_one_name_does_not_wait_for_one_of_a_thousand(void **state)
{
        (void)state;
        rig->ones[POLICIES - 1].slot.state.version = mem_strdup("other. sets");
        for (unsigned i = 0; i < POLICIES - 1; i++)
                rig->ones[i].slot.state.version = mem_strdup("one. sets");
        add(0, POLICIES, &narrow);
        run_until(POLICIES);
        unsigned call = 0;
        while (strcmp(server.firsts[call], rig->ones[POLICIES - 1].name) != 0)
                call++;
        assert_true(call < 2 * AT_ONCE);
        assert_int_equal(server.sizes[call], 1);
}

/* ---- refusals ---- */

static unsigned log2_of(unsigned count)
{
        unsigned log = 0;
        while (1U << log < count)
                log++;
        return log;
}

static void test_one_bad_name_costs_log_n_calls_and_is_refused_alone(void **state)
{
        (void)state;
        enum { BAD = 617 };
        server.bad = rig->ones[BAD].name;
        add(0, POLICIES, &driver);
        run_until(POLICIES);
        assert_in_range(server.calls, 2, 1 + 2 * log2_of(POLICIES));
        for (unsigned i = 0; i < POLICIES; i++) {
                assert_int_equal(rig->ones[i].ended, 1);
                assert_int_equal(rig->ones[i].err, i == BAD ? ERR_CONFLICT : ERR_OK);
                assert_int_equal(server.times[i], i == BAD ? 0 : 1);
        }
}

static void test_a_lost_answer_is_unknown_for_all_and_nothing_is_sent_again(void **state)
{
        (void)state;
        server.loses_answers = true;
        add(0, 100, &driver);
        run_until(100);
        assert_int_equal(server.calls, 1);
        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(rig->ones[i].err, ERR_UNKNOWN);
}

/* ---- policies that change their minds ---- */

static void test_a_policy_that_goes_away_in_flight_hears_nothing(void **state)
{
        (void)state;
        server.is_shut = true;
        server.bad = rig->ones[3].name; /* so that it would go again */
        add(0, 8, &driver);
        run_for(50);
        assert_int_equal(calls_so_far(), 1);
        for (unsigned i = 0; i < 4; i += 3) {
                assert_true(effect_is_sent(rig->ones[i].slot.effect));
                effect_abandon(rig->ones[i].slot.effect);
                rig->ones[i].slot.effect = NULL;
        }
        open_server();
        run_until(6);
        run_for(50);
        assert_int_equal(rig->ones[0].ended + rig->ones[3].ended, 0);
        assert_int_equal(server.times[0], 0); /* it was refused with the others, and is not sent again */
}

static void test_what_waits_is_taken_back_at_once(void **state)
{
        (void)state;
        server.is_shut = true;
        for (unsigned i = 0; i < AT_ONCE; i++) {
                add(i, 1, &driver);
                run_for(20);
        }
        add(AT_ONCE, 2, &driver);
        run_for(20);
        assert_false(effect_is_sent(rig->ones[AT_ONCE].slot.effect));
        effect_abandon(rig->ones[AT_ONCE].slot.effect);
        rig->ones[AT_ONCE].slot.effect = NULL;
        open_server();
        run_until(AT_ONCE + 1);
        assert_int_equal(server.times[AT_ONCE], 0);
        assert_int_equal(server.times[AT_ONCE + 1], 1);
}

static void test_a_write_that_got_too_old_is_decided_anew_in_the_same_place(void **state)
{
        (void)state;
        struct effect *old = effect_of(0, &driver);
        old->rests_on_looks = true;
        old->decided_us -= (EFFECT_WAITS_MS + 100) * 1000;
        const int64_t queued_us = old->decided_us;
        batch_add(old, NULL);
        add(1, 1, &driver);
        run_until(1);
        run_for(20);
        assert_int_equal(server.times[0], 0);
        assert_int_equal(server.times[1], 1);
        assert_int_equal(rig->ones[0].passes, 1);
        assert_true(old->is_recalled);
        struct effect *again = effect_of(0, &driver);
        batch_add(again, old);
        assert_int_equal(again->queued_us, queued_us);
        run_until(1);
        assert_int_equal(server.times[0], 1);
}

/* ---- the rate limit ---- */

static void test_a_thousand_names_take_one_turn_of_the_bucket(void **state)
{
        (void)state;
        add(0, POLICIES, &paced);
        run_until(POLICIES);
        assert_int_equal(server.calls, 1);
        assert_true(rig->mechanism->paid_until <= clock_mono() + 200);
}

/* Bug: the permit was given up before the job was submitted, and with every worker busy the target queued up anew. */
static void test_a_turn_is_not_lost_where_every_worker_is_busy(void **state)
{
        (void)state;
        (void)teardown(NULL);
        (void)rig_start(0);
        add(0, 1, &paced);
        run_for(250); /* it has been tried three times */
        const mono_ms permit_at = rig->mechanism->queue.permit_at;
        assert_true(permit_at > 0);
        assert_true(rig->mechanism->paid_until <= permit_at + 200); /* and has paid for one */
        assert_false(effect_is_sent(rig->ones[0].slot.effect));
        assert_int_equal(rig->ones[0].ended, 0);
}

/* A list of a zone took the rate of seven changes, and what had been decided waited for it. */
static void test_a_swap_goes_before_looks_where_a_rate_is_kept(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 3; i++) {
                struct effect *effect = effect_of(i, &paced);
                if (i < 2)
                        effect->kind = EFFECT_READ;
                batch_add(effect, NULL);
        }
        run_until(3);
        assert_int_equal(server.calls, 2);
        assert_string_equal(server.firsts[0], rig->ones[2].name);
        assert_int_equal(server.most_at_once, 1);
}

/* Looks that were due were let go one by one as the rate allowed, each alone; and a switch found the rate used up. */
static void test_what_can_wait_goes_together_once_there_is_room(void **state)
{
        (void)state;
        mechanism_charge(rig->mechanism, 300, 5, clock_mono()); /* others have used up the second */
        for (unsigned i = 0; i < 100; i++) {
                struct effect *effect = effect_of(i, &paced);
                effect->can_wait = i > 0;
                if (i == 0)
                        effect->kind = EFFECT_READ; /* of another lane */
                batch_add(effect, NULL);
        }
        run_until(1);
        assert_int_equal(server.sizes[0], 1);
        assert_string_equal(server.firsts[0], rig->ones[0].name);
        run_until(99);
        assert_int_equal(server.calls, 2);
        assert_int_equal(server.sizes[1], 99);
}

static void ask_for_rights(unsigned from, unsigned count)
{
        rig_driver = &paced;
        for (unsigned i = from; i < from + count; i++) {
                struct effect *effect = effect_of(i, &paced);
                effect->kind = EFFECT_PREFLIGHT;
                effect->can_wait = effect->asks_servers = true;
                batch_add(effect, NULL);
        }
}

/* Two requests each took 400 s of the account's rate after a start with a thousand policies, and decisions waited. */
static void test_the_rights_of_a_thousand_names_are_one_question(void **state)
{
        (void)state;
        ask_for_rights(0, POLICIES);
        run_until(POLICIES);
        assert_int_equal(server.calls, 1);
        assert_int_equal(server.sizes[0], POLICIES);
}

static void test_a_name_that_may_not_be_written_is_found_among_many(void **state)
{
        (void)state;
        enum { NAMES = 16, BAD = 11 };
        server.bad = rig->ones[BAD].name;
        ask_for_rights(0, NAMES);
        run_until(NAMES);
        assert_in_range(server.calls, 2, 1 + 2 * log2_of(NAMES));
        for (unsigned i = 0; i < NAMES; i++)
                assert_int_equal(rig->ones[i].err, i == BAD ? ERR_DENIED : ERR_OK);
}

/* Each name would take a request that ends in the same way. */
static void test_servers_that_are_not_told_are_asked_for_once(void **state)
{
        (void)state;
        server.hides_servers = true;
        ask_for_rights(0, 100);
        run_until(100);
        assert_int_equal(server.server_questions, 1);
}

/* Questions about rights, which came first, took the turns of the looks that a thousand decisions waited for. */
static void test_a_look_that_is_waited_for_goes_before_what_can_wait(void **state)
{
        (void)state;
        ask_for_rights(0, 3);
        struct effect *look = effect_of(3, &paced);
        look->kind = EFFECT_READ;
        batch_add(look, NULL);
        run_until(4);
        assert_string_equal(server.firsts[0], rig->ones[3].name);
}

static void assert_next_visit_opens(enum err answer, unsigned sessions)
{
        server.answer = answer;
        server.retry_after_ms = 50;
        server.sessions = 0;
        add(0, 1, &driver);
        run_until(1);
        server.answer = ERR_OK;
        server.retry_after_ms = 0;
        add(0, 1, &driver);
        run_until(1);
        assert_int_equal(server.sessions, sessions);
}

/* A Retry-After beside an answer that is none kept the connection on which it was lost. */
static void test_only_a_throttled_visit_keeps_its_session(void **state)
{
        (void)state;
        assert_next_visit_opens(ERR_TRANSIENT, 1);
}

static void test_a_lost_answer_closes_its_session_whatever_it_asks_for(void **state)
{
        (void)state;
        assert_next_visit_opens(ERR_UNKNOWN, 2);
}

#define BATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            BATCH_TEST(test_only_a_throttled_visit_keeps_its_session),
            BATCH_TEST(test_a_lost_answer_closes_its_session_whatever_it_asks_for),
            BATCH_TEST(test_what_is_there_at_the_tick_goes_in_one_call),
            BATCH_TEST(test_one_that_is_alone_waits_for_nobody),
            BATCH_TEST(test_what_comes_while_the_server_is_busy_goes_together),
            BATCH_TEST(test_no_call_carries_more_than_the_driver_takes),
            BATCH_TEST(test_what_did_not_fit_goes_next),
            BATCH_TEST(test_a_zone_of_one_name_does_not_wait_for_one_of_a_thousand),
            BATCH_TEST(test_one_bad_name_costs_log_n_calls_and_is_refused_alone),
            BATCH_TEST(test_a_lost_answer_is_unknown_for_all_and_nothing_is_sent_again),
            BATCH_TEST(test_a_policy_that_goes_away_in_flight_hears_nothing),
            BATCH_TEST(test_what_waits_is_taken_back_at_once),
            BATCH_TEST(test_a_write_that_got_too_old_is_decided_anew_in_the_same_place),
            BATCH_TEST(test_a_swap_goes_before_looks_where_a_rate_is_kept),
            BATCH_TEST(test_what_can_wait_goes_together_once_there_is_room),
            BATCH_TEST(test_a_thousand_names_take_one_turn_of_the_bucket),
            BATCH_TEST(test_the_rights_of_a_thousand_names_are_one_question),
            BATCH_TEST(test_a_name_that_may_not_be_written_is_found_among_many),
            BATCH_TEST(test_servers_that_are_not_told_are_asked_for_once),
            BATCH_TEST(test_a_look_that_is_waited_for_goes_before_what_can_wait),
            BATCH_TEST(test_a_turn_is_not_lost_where_every_worker_is_busy),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
