/* lock_replicas_contract.c -- a lock counts only when a replica has it; against a real primary and its real replica. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock_hands.h"

static char *at_replica(const char *command)
{
        return shell("redis-cli -p %s %s", port_of(server("CONTRACT_REDIS_REPLICA")), command);
}

static void await_replica_in_sync(void)
{
        bool is_in_sync = false;
        for (int64_t limit = in_ms(6 * PATIENCE_MS); !is_in_sync && clock_mono() < limit;) {
                char *info = shell("redis-cli -p %s INFO replication", port_of(server("CONTRACT_REDIS_PLAIN")));
                is_in_sync = strstr(info, "state=online") != NULL;
                free(info);
        }
        assert_true(is_in_sync);
}

static struct lock_target *open_waiting(const char *key)
{
        await_replica_in_sync();
        return open_lock_with((struct lock_options){.key = key, .wait_replicas = 1});
}

static void moved_lock_is_at_the_replica(void **state)
{
        (void)state;
        struct lock_target *lock = open_waiting("copied");
        for (epoch_t epoch = 1; epoch <= 20; epoch++) {
                assert_lock_moves(lock, want_value(epoch % 2 ? "a" : "b", epoch));
                char *there = at_replica("GET copied"); /* at once: that it has it is what was waited for */
                assert_string_equal(there, epoch % 2 ? "a" : "b");
                free(there);
        }
        lock_close(lock);
}

static void replica_that_does_not_answer_leaves_it_pending(void **state)
{
        (void)state;
        struct lock_target *lock = open_waiting("pending");
        struct target_state before = {0}, now = {0};
        struct errmsg error = {0};
        assert_lock_moves(lock, want_value("a", 1));
        read_lock(lock, &before);
        /* Stopped, it keeps its connection and acknowledges nothing. */
        char *pid = at_replica("INFO server | sed -n 's/^process_id:\\([0-9]*\\).*/\\1/p'");
        free(shell("kill -STOP %s", pid));
        enum err moved = move_lock(lock, &before, want_value("b", 2), &error);
        read_lock(lock, &now);
        enum err again = move_lock(lock, &now, want_value("b", 2), &error);
        free(shell("kill -CONT %s", pid));
        free(pid);
        assert_error(moved, ERR_PENDING, &error, "no replica has acknowledged it yet");
        assert_int_equal(again, ERR_PENDING);
        assert_string_equal(now.value, "b"); /* stored all the same */
        assert_true(now.settling);           /* and a look says that it is not known to count */
        read_lock(lock, &now);
        assert_int_equal(move_lock(lock, &now, want_value("b", 2), &error), ERR_OK);
        char *there = at_replica("GET pending");
        assert_string_equal(there, "b");
        free(there);
        target_state_clear(&before);
        target_state_clear(&now);
        lock_close(lock);
}

/* Another operator wrote it, or an earlier connection of ours: WAIT knows nothing of that. */
static void what_is_there_already_is_written_again_to_be_waited_for(void **state)
{
        (void)state;
        struct lock_target *writer = open_lock("once-more"), *lock = open_waiting("once-more");
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_lock_moves(writer, want_value("a", 1));
        read_lock(lock, &now);
        char *before = shell("redis-cli -p %s INFO commandstats | grep -o '^cmdstat_mset:calls=[0-9]*' | cut -d= -f2",
                             port_of(server("CONTRACT_REDIS_PLAIN")));
        assert_int_equal(move_lock(lock, &now, want_value("a", 1), &error), ERR_OK);
        char *after = shell("redis-cli -p %s INFO commandstats | grep -o '^cmdstat_mset:calls=[0-9]*' | cut -d= -f2",
                            port_of(server("CONTRACT_REDIS_PLAIN")));
        assert_int_equal(atoi(after), atoi(before) + 1);
        free(before);
        free(after);
        target_state_clear(&now);
        lock_close(writer);
        lock_close(lock);
}

static void server_without_replicas_is_waited_for_by_nobody(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock_with((struct lock_options){
            .variable = "CONTRACT_REDIS_SECURED", .password = "open-sesame", .key = "alone", .wait_replicas = 1});
        struct target_state now = {0};
        assert_lock_moves(lock, want_value("a", 1));
        read_lock(lock, &now);
        assert_string_equal(now.value, "a");
        assert_false(now.settling);
        target_state_clear(&now);
        lock_close(lock);
}

static void replica_itself_is_read_and_not_asked_to_wait(void **state)
{
        (void)state;
        await_replica_in_sync();
        struct lock_target *lock = open_lock_with((struct lock_options){
            .variable = "CONTRACT_REDIS_REPLICA", .key = "from-a-replica", .wait_replicas = 1});
        struct target_state now = {0};
        read_lock(lock, &now);
        assert_false(now.settling);
        target_state_clear(&now);
        lock_close(lock);
}

static void user_who_may_not_ask_is_told_by_a_look(void **state)
{
        (void)state;
        struct lock_options options = {.variable = "CONTRACT_REDIS_SECURED",
                                       .username = "keeper",
                                       .password = "keep-it",
                                       .key = "rights",
                                       .wait_replicas = 1};
        assert_read_fails(options, ERR_DENIED, "grant +info +wait, or set redis.lock.waitReplicas to 0");
        options.username = "counter"; /* it may read INFO, and not WAIT */
        options.password = "count-it";
        assert_read_fails(options, ERR_DENIED, "grant +info +wait, or set redis.lock.waitReplicas to 0");
        options.wait_replicas = 0;
        struct lock_target *lock = open_lock_with(options);
        struct target_state now = {0};
        read_lock(lock, &now);
        assert_false(now.settling);
        target_state_clear(&now);
        lock_close(lock);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(moved_lock_is_at_the_replica),
            cmocka_unit_test(replica_that_does_not_answer_leaves_it_pending),
            cmocka_unit_test(what_is_there_already_is_written_again_to_be_waited_for),
            cmocka_unit_test(server_without_replicas_is_waited_for_by_nobody),
            cmocka_unit_test(replica_itself_is_read_and_not_asked_to_wait),
            cmocka_unit_test(user_who_may_not_ask_is_told_by_a_look),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
