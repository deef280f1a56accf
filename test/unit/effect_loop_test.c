/* effect_loop_test.c -- a visit of a driver that lives on the loop: it ends in a later turn, once, whatever becomes of it. */
#include "reconcile/effect_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_api.h"
#include "util/mem.h"

static struct {
        target_done *done;
        void *ctx;
        struct target_visit *visit;
        enum err open_err;
        unsigned opened, closed;
} server;

static void start_visit(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx)
{
        (void)session;
        server.done = done;
        server.ctx = ctx;
        server.visit = visit;
}

static void close_session(struct target_session *session)
{
        server.closed++;
        server.done = NULL;
        free(session);
}

static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr);

static const struct target_driver driver = {
    .name = "loop", .limits = {.visit_ms = 5000, .batch_max = 1}, .open = open_session, .start = start_visit, .close = close_session};

static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)config;
        if (server.open_err != ERR_OK)
                return err_set(reterr, server.open_err, "no");
        *ret = mem_calloc(1, sizeof(**ret));
        (*ret)->driver = &driver;
        server.opened++;
        return ERR_OK;
}

struct rig {
        struct loop *loop;
        struct manager manager;
        struct batch batch;
        struct effect effect;
        unsigned ended;
};

static struct rig *the_rig;

static void on_done(struct job *job)
{
        assert_ptr_equal(job, &the_rig->batch.job);
        the_rig->ended++;
        target_close(the_rig->batch.session);
        the_rig->batch.session = NULL;
}

static int open_rig(void **state)
{
        struct rig *rig = mem_calloc(1, sizeof(*rig));
        memset(&server, 0, sizeof(server));
        rig->loop = loop_open();
        rig->batch = (struct batch){.loop = rig->loop, .driver = &driver, .members = &rig->effect, .job = {.done = on_done}};
        rig->effect = (struct effect){.kind = EFFECT_READ, .driver = &driver};
        *state = the_rig = rig;
        return 0;
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        loop_close(rig->loop);
        free(rig);
        return 0;
}

static void test_an_answer_ends_it(void **state)
{
        struct rig *rig = *state;
        effect_loop_begin(&rig->manager, &rig->batch);
        assert_int_equal(rig->ended, 0);
        assert_int_equal(server.visit->verb, TARGET_READ);
        assert_true(server.visit->deadline <= loop_now(rig->loop) + 5000);
        server.visit->err = ERR_OK;
        server.visit->found = (struct target_state){.present = true, .value = "a"};
        server.done(server.ctx, server.visit);
        assert_int_equal(rig->ended, 1);
        assert_int_equal(rig->effect.err, ERR_OK);
        assert_string_equal(rig->effect.found.value, "a");
        assert_null(rig->manager.on_loop);
        assert_int_equal(server.closed, 1);
}

/* What is wanted of a preflight is its class. */
static void test_rights_are_asked_of_the_same_driver(void **state)
{
        struct rig *rig = *state;
        rig->effect.kind = EFFECT_PREFLIGHT;
        effect_loop_begin(&rig->manager, &rig->batch);
        assert_int_equal(server.visit->verb, TARGET_ASK);
        server.visit->err = err_set(&server.visit->why, ERR_DENIED, "grant it");
        server.done(server.ctx, server.visit);
        assert_int_equal(rig->effect.err, ERR_DENIED);
        assert_string_equal(rig->effect.why.text, "grant it");
}

static void turn_until_ended(struct rig *rig)
{
        assert_int_equal(rig->ended, 0); /* never within the pass that wants it */
        for (unsigned turns = 0; !rig->ended && turns < 100; turns++)
                fake_turn(rig->loop);
        assert_int_equal(rig->ended, 1);
        assert_null(rig->manager.on_loop);
}

static void test_a_session_that_cannot_be_opened_ends_it_in_the_next_turn(void **state)
{
        struct rig *rig = *state;
        server.open_err = ERR_INVALID;
        effect_loop_begin(&rig->manager, &rig->batch);
        turn_until_ended(rig);
        assert_int_equal(rig->effect.err, ERR_INVALID);
}

static void test_a_precondition_ends_it_in_the_next_turn(void **state)
{
        struct rig *rig = *state;
        rig->effect.kind = EFFECT_WRITE;
        rig->effect.want = (struct target_want){.value = "", .plane = "a", .store = "k8s/u/n/p", .epoch = 1};
        effect_loop_begin(&rig->manager, &rig->batch);
        assert_null(server.visit); /* an empty value is never written */
        turn_until_ended(rig);
        assert_int_equal(rig->effect.err, ERR_INVALID);
        assert_int_equal(server.closed, 1);
}

/* The operator stops: nothing of the visit is called afterwards. */
static void test_closing_ends_all_that_are_under_way(void **state)
{
        struct rig *rig = *state;
        effect_loop_begin(&rig->manager, &rig->batch);
        effect_loop_close(&rig->manager);
        assert_int_equal(rig->ended, 1);
        assert_int_equal(rig->effect.err, ERR_CANCELLED);
        assert_int_equal(server.closed, 1);
        assert_null(rig->manager.on_loop);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
        const struct CMUnitTest tests[] = {
            CASE(test_an_answer_ends_it),
            CASE(test_rights_are_asked_of_the_same_driver),
            CASE(test_a_session_that_cannot_be_opened_ends_it_in_the_next_turn),
            CASE(test_a_precondition_ends_it_in_the_next_turn),
            CASE(test_closing_ends_all_that_are_under_way),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
