/* sentinel_contract.c -- the primary as three real Sentinels name it, and what is not asked of them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "redis_eyes.h"
#include "sentinel_hands.h"

enum { CUTS = 30, CUT_STEP_US = 200 };

static void primary_is_read(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        assert_shows(target, primary_now());
        char *probe = node_cli(primary_now(), "EXISTS planekeeper:write-probe");
        assert_string_equal(probe, "0"); /* the probe leaves nothing behind */
        free(probe);
        sentinel_close(target);
}

/* Nobody would have promoted the one that is wanted: a person hears how Sentinel is steered, and nothing is moved. */
static void what_sentinel_would_not_choose_is_told(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct errmsg error = {0};
        const char *primary = primary_now(), *wanted = other_than(primary, primary), *third = other_than(primary, wanted);
        give_priority(third, 50);
        assert_error(sentinel_move(target, wanted, &error), ERR_INVALID, &error, "set replica-priority 0 in the Redis");
        give_priority(wanted, 0);
        assert_error(sentinel_move(target, wanted, &error), ERR_INVALID, &error, "never promotes it");
        assert_error(sentinel_move(target, "redis.example.com:6379", &error), ERR_INVALID, &error,
                     "none is the plane's redis.example.com:6379");
        assert_non_null(strstr(error.text, "replica-announce-ip"));
        assert_shows(target, primary);
        sentinel_close(target);
}

static void replica_in_its_first_sync_is_not_promoted(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct errmsg error = {0};
        const char *primary = primary_now(), *wanted = other_than(primary, primary), *third = other_than(primary, wanted);
        give_priority(third, 0);
        node_does(primary, "SET canary alive");
        node_does(primary, "CONFIG SET repl-diskless-sync-delay 6"); /* the synchronisation begins so much later */
        node_restarts(wanted);
        redis_comes_to_say(port_of(wanted), "INFO replication", "master_link_status:down");
        const mono_ms deadline = in_ms(4000);
        enum err err = ERR_OK;
        do
                err = sentinel_move(target, wanted, &error);
        while (!strstr(error.text, "first synchronisation") && err != ERR_PENDING && clock_mono() < deadline);
        assert_error(err, ERR_TRANSIENT, &error, "it would be empty");
        assert_shows(target, primary);
        node_does(primary, "CONFIG SET repl-diskless-sync-delay 0");
        redis_comes_to_say(port_of(wanted), "GET canary", "alive");
        sentinel_close(target);
}

static const struct unready *unready_of(const struct target_state *state, const char *value)
{
        for (unsigned i = 0; i < state->unready_count; i++)
                if (strcmp(state->unready[i].value, value) == 0)
                        return &state->unready[i];
        return NULL;
}

/* Sentinel takes one whose link is down for as good as any other, until it has been so for long. */
static void a_replica_that_is_behind_is_told(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_sentinel((struct sentinel_options){.is_settled = true, .max_lag = "1", .calls_nodes_localhost = true});
        struct target_state now = {0};
        char *kept = NULL;
        const char *primary = primary_now(), *late = other_than(primary, primary);
        char called[64];
        (void)snprintf(called, sizeof(called), "localhost:%s", port_of(late));
        read_surely(target, &now);
        assert_null(unready_of(&now, called));
        node_does(primary, "ACL SETUSER default -psync"); /* as which its replicas come */
        free(node_cli(primary, "CLIENT KILL TYPE replica"));
        redis_comes_to_say(port_of(late), "INFO replication", "master_link_status:down");
        node_does(primary, "SET canary late");
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        while (!unready_of(&now, called) || strcmp(unready_of(&now, called)->reason, "RedisReplicaBehind") != 0) {
                assert_true(clock_mono() < deadline);
                free(kept);
                kept = now.version ? strdup(now.version) : NULL;
                struct target_visit visit = {
                    .verb = TARGET_READ, .name = target->name, .kept = kept, .deadline = in_ms(PATIENCE_MS)};
                target_state_clear(&now);
                target_visit(target->session, &visit);
                now = visit.found;
                (void)usleep(100000);
        }
        assert_true(unready_of(&now, called)->is_loss);
        assert_non_null(strstr(unready_of(&now, called)->why, "s behind the primary localhost:"));
        node_does(primary, "ACL SETUSER default +@all");
        free(kept);
        target_state_clear(&now);
        sentinel_close(target);
}

static void lost_quorum_promotes_nobody(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct target_state now = {0};
        struct errmsg error = {0};
        const char *primary = primary_now(), *wanted = other_than(primary, primary);
        (void)kill(sentinel_pid(1), SIGSTOP);
        (void)kill(sentinel_pid(2), SIGSTOP);
        redis_comes_to_say(sentinel_port(0), "SENTINEL CKQUORUM mymaster", "NOQUORUM");
        char both[256];
        (void)snprintf(both, sizeof(both), "%s\n%s", wanted, other_than(primary, wanted));
        const enum err read = sentinel_read(target, PATIENCE_MS, &now, &error);
        struct errmsg refusal = {0};
        const enum err moved = sentinel_move(target, both, &refusal);
        (void)kill(sentinel_pid(1), SIGCONT);
        (void)kill(sentinel_pid(2), SIGCONT);
        assert_int_equal(read, ERR_OK);
        assert_string_equal(now.value, primary);
        assert_non_null(strstr(now.doubt, "only 1 of 3 Sentinels answers"));
        assert_error(moved, ERR_TRANSIENT, &refusal, "NOQUORUM");
        assert_shows(target, primary);
        assert_role(primary, "master");
        target_state_clear(&now);
        sentinel_close(target);
}

static void one_silent_sentinel_costs_one_look(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct target_state now = {0};
        struct errmsg error = {0};
        (void)kill(sentinel_pid(0), SIGSTOP);
        const mono_ms start = clock_mono();
        const enum err first = sentinel_read(target, 5000, &now, &error);
        const mono_ms middle = clock_mono();
        const enum err second = sentinel_read(target, 5000, &now, &error);
        const mono_ms end = clock_mono();
        (void)kill(sentinel_pid(0), SIGCONT);
        assert_int_equal(first, ERR_OK);
        assert_int_equal(second, ERR_OK);
        assert_null(now.doubt);
        assert_true(middle - start >= 500); /* its share was waited for */
        assert_true(end - middle < middle - start);
        target_state_clear(&now);
        sentinel_close(target);
}

static void primary_that_takes_no_writes_is_absent(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct target_state now = {0};
        struct errmsg error = {0};
        const char *primary = primary_now();
        node_does(primary, "CONFIG SET min-replicas-to-write 3");
        const enum err read = sentinel_read(target, PATIENCE_MS, &now, &error);
        const enum err moved = sentinel_move(target, primary, &error);
        node_does(primary, "CONFIG SET min-replicas-to-write 0");
        assert_int_equal(read, ERR_OK);
        assert_false(now.present);
        assert_error(moved, ERR_TRANSIENT, &error, "NOREPLICAS");
        assert_shows(target, primary);
        target_state_clear(&now);
        sentinel_close(target);
}

/* Its outage is nobody's edit: at rest it is the primary until Sentinel names another one. */
static void a_silent_primary_is_the_primary_at_rest(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *at_rest = open_sentinel((struct sentinel_options){.is_settled = true});
        struct sentinel_target *switching = open_plain();
        struct target_state now = {0};
        const char *primary = primary_now();
        node_does(primary, "CONFIG SET min-replicas-to-write 3");
        read_surely(at_rest, &now);
        assert_true(now.present);
        assert_string_equal(now.value, primary);
        assert_non_null(strstr(now.doubt, "it takes no writes: "));
        read_surely(switching, &now);
        assert_false(now.present);
        node_does(primary, "CONFIG SET min-replicas-to-write 0");
        read_surely(at_rest, &now);
        assert_null(now.doubt);
        target_state_clear(&now);
        sentinel_close(at_rest);
        sentinel_close(switching);
}

/* As Sentinel does it with every server whose role it changes; once in each look, at one moment or another of it. */
static void what_is_cut_off_by_a_change_of_role_is_asked_again(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        const char *primary = primary_now();
        for (int i = 0; i < CUTS; i++) {
                const pid_t child = fork();
                if (child == 0) {
                        (void)usleep((useconds_t)i * CUT_STEP_US);
                        free(redis_tries(port_of(primary), "CLIENT KILL TYPE normal"));
                        _exit(0);
                }
                assert_shows(target, primary);
                assert_int_equal(waitpid(child, NULL, 0), child);
        }
        sentinel_close(target);
}

static void assert_unready(const struct target_state *now, const char *value, const char *reason)
{
        for (unsigned i = 0; i < now->unready_count; i++)
                if (strcmp(now->unready[i].value, value) == 0) {
                        assert_string_equal(now->unready[i].reason, reason);
                        return;
                }
        fail_msg("nothing is told against %s", value);
}

static void what_could_not_be_promoted_is_told_before(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_sentinel((struct sentinel_options){.calls_nodes_localhost = true});
        struct target_state now = {0};
        const char *primary = primary_now(), *a = other_than(primary, primary), *b = other_than(primary, a);
        char name_a[64], name_b[64];
        (void)snprintf(name_a, sizeof(name_a), "localhost:%s", port_of(a));
        (void)snprintf(name_b, sizeof(name_b), "localhost:%s", port_of(b));
        read_surely(target, &now);
        assert_int_equal(now.unready_count, 0);
        give_priority(a, 50);
        read_surely(target, &now);
        assert_int_equal(now.unready_count, 1);
        assert_unready(&now, name_b, "RedisNotNextBySentinel");
        give_priority(b, 0);
        read_surely(target, &now);
        assert_int_equal(now.unready_count, 1);
        assert_unready(&now, name_b, "RedisNeverPromoted");
        (void)kill(node_pid(a), SIGSTOP);
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        do
                read_surely(target, &now);
        while (now.unready_count < 2 && clock_mono() < deadline);
        (void)kill(node_pid(a), SIGCONT);
        assert_unready(&now, name_a, "RedisUnreachableOnStandby");
        target_state_clear(&now);
        sentinel_close(target);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_teardown(primary_is_read, group_goes_on),
            cmocka_unit_test_teardown(what_sentinel_would_not_choose_is_told, group_goes_on),
            cmocka_unit_test_teardown(replica_in_its_first_sync_is_not_promoted, group_goes_on),
            cmocka_unit_test_teardown(a_replica_that_is_behind_is_told, group_goes_on),
            cmocka_unit_test_teardown(lost_quorum_promotes_nobody, group_goes_on),
            cmocka_unit_test_teardown(one_silent_sentinel_costs_one_look, group_goes_on),
            cmocka_unit_test_teardown(primary_that_takes_no_writes_is_absent, group_goes_on),
            cmocka_unit_test_teardown(a_silent_primary_is_the_primary_at_rest, group_goes_on),
            cmocka_unit_test_teardown(what_is_cut_off_by_a_change_of_role_is_asked_again, group_goes_on),
            cmocka_unit_test_teardown(what_could_not_be_promoted_is_told_before, group_goes_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
