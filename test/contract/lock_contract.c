/* lock_contract.c -- the lock as a register: moves, edits by hand, the fence, races; against a real Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock_hands.h"

enum { CONTENDERS = 12, ROUNDS = 500 };

/* ---- the register ---- */

static void value_and_stamp_move_together(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("move");
        struct target_state now = {0};
        read_lock(lock, &now);
        assert_false(now.present);
        assert_string_equal(now.value, "");
        assert_int_equal(now.stamp.presence, STAMP_ABSENT);
        assert_lock_moves(lock, want_value("eu-west-1", 1));
        assert_lock_moves(lock, want_value("eu-central-1", 2));
        read_lock(lock, &now);
        assert_true(now.present);
        assert_string_equal(now.value, "eu-central-1");
        assert_int_equal(now.stamp.presence, STAMP_OURS);
        assert_int_equal(now.stamp.epoch, 2);
        assert_string_equal(now.stamp.store, STORE);
        assert_cli("GET move", "eu-central-1");
        assert_cli("GET '{move}:planekeeper'", "v=pk1 e=2 id=000000000000abc2 p=eu-central-1 s=" STORE);
        assert_cli("PTTL move", "-1");
        target_state_clear(&now);
        lock_close(lock);
}

/* The fence of a lock that a command sets: the epoch alone, under the conditions of both. */
static void an_epoch_is_written_beside_a_key_that_is_only_read(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock_with((struct lock_options){.key = "command", .by_command = true});
        struct target_state now = {0}, before = {0};
        const struct target_want first = want_value("a", 3), later = want_value("b", 4);
        struct target_visit visit = {.verb = TARGET_SWAP, .name = "command", .want = &first, .deadline = in_ms(PATIENCE_MS)};
        cli("SET command old");
        read_lock(lock, &before);
        visit.expected = &before;
        target_visit(lock->session, &visit);
        assert_int_equal(visit.err, ERR_OK);
        assert_string_equal(visit.found.value, "old");
        assert_int_equal(visit.found.stamp.epoch, 3);
        target_state_clear(&visit.found);
        target_visit(lock->session, &visit); /* what is there is done */
        assert_int_equal(visit.err, ERR_OK);
        target_state_clear(&visit.found);
        cli("SET command a");
        read_lock(lock, &now);
        visit.expected = &now;
        visit.want = &later;
        target_visit(lock->session, &visit);
        assert_int_equal(visit.err, ERR_OK);
        assert_cli("GET command", "a");
        target_state_clear(&visit.found);
        visit.expected = &before; /* of an operator that was slow */
        visit.want = &first;
        target_visit(lock->session, &visit);
        assert_error(visit.err, ERR_CONFLICT, &visit.why, "a newer epoch is stored");
        cli("SET command by-hand");
        const struct target_want last = want_value("c", 5);
        read_lock(lock, &now);
        cli("SET command again");
        visit.expected = &now;
        visit.want = &last;
        target_visit(lock->session, &visit);
        assert_error(visit.err, ERR_CONFLICT, &visit.why, "somebody changed it since it was read");
        cli("DEL command"); /* a command may find none */
        read_lock(lock, &now);
        target_visit(lock->session, &visit);
        assert_int_equal(visit.err, ERR_OK);
        assert_false(visit.found.present);
        assert_int_equal(visit.found.stamp.epoch, 5);
        target_state_clear(&visit.found);
        target_state_clear(&before);
        target_state_clear(&now);
        lock_close(lock);
}

static void both_keys_share_a_hash_slot(void **state)
{
        (void)state;
        static const struct {
                const char *key;
                const char *stamp_key;
        } cases[] = {
            {"plain", "{plain}:planekeeper"},
            {"gloo:{mesh}:lock", "gloo:{mesh}:lock:planekeeper"},
            {"half{open", "{half{open}:planekeeper"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct lock_target *lock = open_lock(cases[i].key);
                assert_lock_moves(lock, want_value("a", 1));
                const char *port = port_of(server("CONTRACT_REDIS_CLUSTER")); /* only a cluster node tells slots */
                char *slot = shell("redis-cli -p %s CLUSTER KEYSLOT '%s'", port, cases[i].key);
                char *stamp_slot = shell("redis-cli -p %s CLUSTER KEYSLOT '%s'", port, cases[i].stamp_key);
                assert_string_equal(slot, stamp_slot);
                char *exists =
                    shell("redis-cli -p %s EXISTS '%s'", port_of(server("CONTRACT_REDIS_PLAIN")), cases[i].stamp_key);
                assert_string_equal(exists, "1");
                free(slot);
                free(stamp_slot);
                free(exists);
                lock_close(lock);
        }
}

static void edit_by_hand_is_not_overwritten(void **state)
{
        (void)state;
        static const char *const edits[] = {
            "SET edit by-hand",
            "DEL edit",
            "DEL '{edit}:planekeeper'",
            "SET '{edit}:planekeeper' whatever",
            "SET '{edit}:planekeeper' 'v=pk1 e=1 id=00000000000000ff p=a s=other'",
        };
        struct lock_target *lock = open_lock("edit");
        for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
                cli("DEL edit '{edit}:planekeeper'");
                assert_lock_moves(lock, want_value("a", 1));
                struct target_state before = {0}, edited = {0}, after = {0};
                struct errmsg error = {0};
                read_lock(lock, &before);
                cli(edits[i]);
                read_lock(lock, &edited);
                assert_error(move_lock(lock, &before, want_value("b", 2), &error), ERR_CONFLICT, &error, "refused");
                read_lock(lock, &after);
                assert_string_equal(after.value, edited.value);
                assert_string_equal(after.stamp.raw, edited.stamp.raw);
                target_state_clear(&before);
                target_state_clear(&edited);
                target_state_clear(&after);
        }
        lock_close(lock);
}

static void wanted_value_set_by_hand_is_adopted(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("adopt");
        struct target_state before = {0};
        struct errmsg error = {0};
        cli("SET adopt a");
        read_lock(lock, &before);
        cli("SET adopt b");
        assert_int_equal(move_lock(lock, &before, want_value("b", 1), &error), ERR_OK);
        assert_cli("GET '{adopt}:planekeeper'", "v=pk1 e=1 id=000000000000abc1 p=b s=" STORE);
        target_state_clear(&before);
        lock_close(lock);
}

static void older_or_equal_epoch_is_refused(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("fence");
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_lock_moves(lock, want_value("a", 7));
        read_lock(lock, &now);
        assert_error(move_lock(lock, &now, want_value("b", 6), &error), ERR_CONFLICT, &error, "epoch 7 is stored");
        assert_error(move_lock(lock, &now, want_value("b", 7), &error), ERR_CONFLICT, &error, "another value");
        struct target_want other = want_value("a", 8);
        other.store = "k8s/other/default/gloo";
        assert_error(move_lock(lock, &now, other, &error), ERR_INVALID, &error, "belongs to");
        assert_error(move_lock(lock, &now, want_value("", 8), &error), ERR_INVALID, &error, "value");
        assert_error(move_lock(lock, &now, want_value("a", EPOCH_MAX + 1), &error), ERR_INVALID, &error, "ownership record");
        assert_lock_moves(lock, want_value("a", 7)); /* the same once more is the same */
        target_state_clear(&now);
        lock_close(lock);
}

static void late_duplicate_loses(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("late");
        struct target_state absent = {0}, first = {0}, now = {0};
        struct errmsg error = {0};
        read_lock(lock, &absent);
        assert_int_equal(move_lock(lock, &absent, want_value("a", 1), &error), ERR_OK);
        read_lock(lock, &first);
        assert_int_equal(move_lock(lock, &first, want_value("b", 2), &error), ERR_OK);
        assert_lock_moves(lock, want_value("a", 3)); /* an abort: the old value under a new epoch */
        /* The very bytes of both calls arrive once more. */
        assert_error(move_lock(lock, &absent, want_value("a", 1), &error), ERR_CONFLICT, &error, "newer epoch");
        assert_error(move_lock(lock, &first, want_value("b", 2), &error), ERR_CONFLICT, &error, "newer epoch");
        read_lock(lock, &now);
        assert_string_equal(now.value, "a");
        assert_int_equal(now.stamp.epoch, 3);
        target_state_clear(&absent);
        target_state_clear(&first);
        target_state_clear(&now);
        lock_close(lock);
}

static void second_worker_of_one_decision_succeeds(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("twice");
        struct target_state before = {0};
        struct errmsg error = {0};
        read_lock(lock, &before);
        assert_int_equal(move_lock(lock, &before, want_value("a", 1), &error), ERR_OK);
        assert_int_equal(move_lock(lock, &before, want_value("a", 1), &error), ERR_OK);
        target_state_clear(&before);
        lock_close(lock);
}

static bool contend(int number, struct barrier *barrier)
{
        struct lock_target *lock = open_lock("race");
        struct target_state now = {0};
        struct errmsg error = {0};
        char value[32];
        (void)snprintf(value, sizeof(value), "plane-%d", number);
        struct target_want to = want_value(value, 2);
        to.id = (decision_id)number + 1;
        enum err err = lock_read(lock, in_ms(PATIENCE_MS), &now, &error);
        barrier_pass(barrier);
        if (err == ERR_OK)
                err = move_lock(lock, &now, to, &error);
        if (err != ERR_OK && err != ERR_CONFLICT)
                (void)fprintf(stderr, "contender %d: %s: %s\n", number, err_name(err), error.text);
        target_state_clear(&now);
        lock_close(lock);
        return err == ERR_OK;
}

static void of_twelve_contenders_one_wins(void **state)
{
        (void)state;
        for (int round = 0; round < 3; round++) {
                cli("DEL race '{race}:planekeeper'");
                struct lock_target *lock = open_lock("race");
                assert_lock_moves(lock, want_value("a", 1));
                assert_int_equal(race(CONTENDERS, contend), 1);
                struct target_state now = {0};
                read_lock(lock, &now);
                char value[32];
                (void)snprintf(value, sizeof(value), "plane-%d", (int)now.stamp.id - 1);
                assert_string_equal(now.value, value);
                target_state_clear(&now);
                lock_close(lock);
        }
}

static void key_that_cannot_be_a_lock_is_named(void **state)
{
        (void)state;
        cli("RPUSH a-list x");
        assert_read_fails((struct lock_options){.key = "a-list"}, ERR_INVALID, "key a-list holds a list");
        cli("SET expiring a PX 600000");
        assert_read_fails((struct lock_options){.key = "expiring"}, ERR_INVALID, "key expiring expires, but");
        cli("HSET '{hashed}:planekeeper' a b");
        assert_read_fails((struct lock_options){.key = "hashed"}, ERR_INVALID, "{hashed}:planekeeper holds a hash");
        cli("SETRANGE huge 5000 x");
        assert_read_fails((struct lock_options){.key = "huge"}, ERR_INVALID, "5001 bytes");
        cli("SETRANGE enormous 3000000 x");
        assert_read_fails((struct lock_options){.key = "enormous"}, ERR_INVALID, "1048576 bytes");
        struct target_state before = {0};
        struct errmsg error = {0};
        struct lock_target *lock = open_lock("late-ttl");
        assert_lock_moves(lock, want_value("a", 1));
        read_lock(lock, &before);
        cli("EXPIRE late-ttl 600");
        assert_error(move_lock(lock, &before, want_value("b", 2), &error), ERR_INVALID, &error, "never expires");
        assert_cli("GET late-ttl", "a");
        target_state_clear(&before);
        lock_close(lock);
}

static void bytes_that_are_no_text_are_shown_and_match_nothing(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("bytes");
        struct target_state now = {0};
        struct errmsg error = {0};
        cli("EVAL \"return redis.call('SET', KEYS[1], 'a\\\\0b\\\\255')\" 1 bytes");
        read_lock(lock, &now);
        assert_string_equal(now.value, "a?b?");
        assert_error(move_lock(lock, &now, want_value("b", 1), &error), ERR_CONFLICT, &error, "somebody changed it");
        target_state_clear(&now);
        lock_close(lock);
}

static void move_is_quick(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("quick");
        struct target_state now = {0};
        int64_t took_us[ROUNDS];
        for (size_t i = 0; i < ROUNDS; i++) {
                struct errmsg error = {0};
                read_lock(lock, &now);
                int64_t start = clock_mono_us();
                enum err err = move_lock(lock, &now, want_value(i % 2 ? "a" : "b", 1 + i), &error);
                took_us[i] = clock_mono_us() - start;
                assert_int_equal(err, ERR_OK);
        }
        print_times("compare and set", took_us, ROUNDS);
        target_state_clear(&now);
        lock_close(lock);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(value_and_stamp_move_together),
            cmocka_unit_test(an_epoch_is_written_beside_a_key_that_is_only_read),
            cmocka_unit_test(both_keys_share_a_hash_slot),
            cmocka_unit_test(edit_by_hand_is_not_overwritten),
            cmocka_unit_test(wanted_value_set_by_hand_is_adopted),
            cmocka_unit_test(older_or_equal_epoch_is_refused),
            cmocka_unit_test(late_duplicate_loses),
            cmocka_unit_test(second_worker_of_one_decision_succeeds),
            cmocka_unit_test(of_twelve_contenders_one_wins),
            cmocka_unit_test(key_that_cannot_be_a_lock_is_named),
            cmocka_unit_test(bytes_that_are_no_text_are_shown_and_match_nothing),
            cmocka_unit_test(move_is_quick),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
