/*
 * lock_batch_contract.c -- many keys of one Redis in one call: their scripts are under way together, each is a compare-and-set of its own,
 * and replicas are waited for once.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock_hands.h"
#include "util/text.h"

enum { KEYS = 60, CONTENDERS = 12 };

struct crowd {
        struct lock_target *lock; /* its session serves all keys */
        char names[KEYS][32];
        struct target_state states[KEYS];
        struct target_visit visits[KEYS];
};

static void crowd_open(struct crowd *crowd, const char *word, unsigned wait_replicas)
{
        *crowd = (struct crowd){.lock = open_lock_with((struct lock_options){.wait_replicas = wait_replicas})};
        for (unsigned i = 0; i < KEYS; i++)
                (void)snprintf(crowd->names[i], sizeof(crowd->names[i]), "%s-%u", word, i);
}

static void crowd_close(struct crowd *crowd)
{
        for (unsigned i = 0; i < KEYS; i++)
                target_state_clear(&crowd->states[i]);
        lock_close(crowd->lock);
}

static void visit_all(struct crowd *crowd, const struct target_want *wants, int64_t patience_ms)
{
        for (unsigned i = 0; i < KEYS; i++)
                crowd->visits[i] = (struct target_visit){.verb = wants ? TARGET_SWAP : TARGET_READ,
                                                         .name = crowd->names[i],
                                                         .expected = &crowd->states[i],
                                                         .want = wants ? &wants[i] : NULL,
                                                         .deadline = in_ms(patience_ms)};
        target_visit_all(crowd->lock->session, crowd->visits, KEYS);
        for (unsigned i = 0; i < KEYS; i++) {
                assert_int_equal(crowd->visits[i].fate, TARGET_ENDED); /* none is refused for another */
                if (crowd->visits[i].err != ERR_OK && crowd->visits[i].err != ERR_PENDING)
                        continue;
                target_state_clear(&crowd->states[i]);
                crowd->states[i] = crowd->visits[i].found;
        }
}

static void read_all(struct crowd *crowd)
{
        visit_all(crowd, NULL, PATIENCE_MS);
        for (unsigned i = 0; i < KEYS; i++)
                assert_int_equal(crowd->visits[i].err, ERR_OK);
}

static void move_all(struct crowd *crowd, const char *value, epoch_t epoch, int64_t patience_ms)
{
        struct target_want wants[KEYS];
        for (unsigned i = 0; i < KEYS; i++)
                wants[i] = want_value(value, epoch);
        visit_all(crowd, wants, patience_ms);
}

static void many_keys_move_and_a_stale_one_is_refused_alone(void **state)
{
        (void)state;
        enum { STALE = 23 };
        struct crowd crowd;
        crowd_open(&crowd, "many", 0);
        read_all(&crowd);
        move_all(&crowd, "east", 1, PATIENCE_MS);
        for (unsigned i = 0; i < KEYS; i++) {
                assert_int_equal(crowd.visits[i].err, ERR_OK);
                assert_string_equal(crowd.states[i].value, "east");
        }
        cli("SET many-23 by-hand");
        move_all(&crowd, "west", 2, PATIENCE_MS);
        for (unsigned i = 0; i < KEYS; i++)
                assert_int_equal(crowd.visits[i].err, i == STALE ? ERR_CONFLICT : ERR_OK);
        read_all(&crowd);
        for (unsigned i = 0; i < KEYS; i++) {
                assert_string_equal(crowd.states[i].value, i == STALE ? "by-hand" : "west");
                assert_int_equal(crowd.states[i].stamp.epoch, i == STALE ? 1 : 2);
        }
        crowd_close(&crowd);
}

static void replicas_are_waited_for_once(void **state)
{
        (void)state;
        struct crowd crowd;
        crowd_open(&crowd, "waits", 1);
        read_all(&crowd);
        char *before = shell("redis-cli -p %s INFO commandstats | sed -n 's/^cmdstat_wait:calls=\\([0-9]*\\).*/\\1/p'",
                             port_of(server("CONTRACT_REDIS_PLAIN")));
        move_all(&crowd, "east", 1, PATIENCE_MS);
        for (unsigned i = 0; i < KEYS; i++)
                assert_int_equal(crowd.visits[i].err, ERR_OK);
        char *after = shell("redis-cli -p %s INFO commandstats | sed -n 's/^cmdstat_wait:calls=\\([0-9]*\\).*/\\1/p'",
                            port_of(server("CONTRACT_REDIS_PLAIN")));
        assert_int_equal(atoi(after) - atoi(before), 1);
        free(before);
        free(after);
        crowd_close(&crowd);
}

static void a_server_that_stops_is_unknown_for_each(void **state)
{
        (void)state;
        struct crowd crowd;
        crowd_open(&crowd, "stops", 0);
        read_all(&crowd);
        move_all(&crowd, "east", 1, PATIENCE_MS);
        assert_int_equal(kill(server_pid("CONTRACT_REDIS_PID"), SIGSTOP), 0);
        move_all(&crowd, "west", 2, SHORT_MS);
        assert_int_equal(kill(server_pid("CONTRACT_REDIS_PID"), SIGCONT), 0);
        for (unsigned i = 0; i < KEYS; i++)
                assert_int_equal(crowd.visits[i].err, ERR_UNKNOWN);
        read_all(&crowd); /* whatever came of it, nothing older is taken now */
        move_all(&crowd, "north", 3, PATIENCE_MS);
        for (unsigned i = 0; i < KEYS; i++)
                assert_int_equal(crowd.visits[i].err, ERR_OK);
        crowd_close(&crowd);
}

static bool contend(int number, struct barrier *barrier)
{
        struct crowd crowd;
        struct target_want wants[KEYS];
        char value[16];
        (void)snprintf(value, sizeof(value), "plane-%d", number);
        crowd_open(&crowd, "race", 0);
        read_all(&crowd);
        for (unsigned i = 0; i < KEYS; i++) {
                wants[i] = want_value(value, 1);
                wants[i].id = 100 + (decision_id)number;
        }
        barrier_pass(barrier);
        visit_all(&crowd, wants, PATIENCE_MS);
        enum err errs[KEYS];
        for (unsigned i = 0; i < KEYS; i++)
                errs[i] = crowd.visits[i].err;
        read_all(&crowd);
        bool is_right = true; /* it has exactly the keys that it was told to have */
        for (unsigned i = 0; i < KEYS; i++)
                is_right &= (errs[i] == ERR_OK) == (text_equal(crowd.states[i].value, value) && crowd.states[i].stamp.id == wants[i].id);
        crowd_close(&crowd);
        return is_right;
}

static void of_twelve_who_decide_each_key_is_decided_once(void **state)
{
        (void)state;
        assert_int_equal(race(CONTENDERS, contend), CONTENDERS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(many_keys_move_and_a_stale_one_is_refused_alone),
            cmocka_unit_test(replicas_are_waited_for_once),
            cmocka_unit_test(a_server_that_stops_is_unknown_for_each),
            cmocka_unit_test(of_twelve_who_decide_each_key_is_decided_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
