/* sentinel_moves_contract.c -- the primary moved through three real Sentinels, with real data nodes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "redis_eyes.h"
#include "sentinel_hands.h"
#include "util/arena.h"

static void moved_primary_is_pending_until_it_shows(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct errmsg error = {0};
        const char *former = primary_now(), *wanted = other_than(former, former), *third = other_than(former, wanted);
        give_priority(wanted, 10);
        const mono_ms start = clock_mono();
        assert_error(sentinel_move(target, wanted, &error), ERR_PENDING, &error, "fails over from");
        (void)move_until(target, wanted);
        print_message("SENTINEL FAILOVER to a primary that takes writes: %lld ms\n", (long long)(clock_mono() - start));
        assert_role(wanted, "master");
        assert_int_equal(sentinel_move(target, wanted, &error), ERR_OK); /* it is there: nothing is sent */
        assert_role(wanted, "master");
        redis_comes_to_say(port_of(former), "ROLE", "slave"); /* Sentinel demotes it, not the operator */
        redis_comes_to_say(port_of(third), "ROLE", "slave");
        sentinel_close(target);
}

static void each_of_several_wanted_addresses_will_do(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct errmsg error = {0};
        const char *former = primary_now(), *a = other_than(former, former), *b = other_than(former, a);
        char wanted[256];
        (void)snprintf(wanted, sizeof(wanted), "%s\n%s", a, b);
        assert_error(sentinel_move(target, wanted, &error), ERR_PENDING, &error, "fails over from");
        assert_int_equal(move_until(target, wanted), 0);
        (void)snprintf(wanted, sizeof(wanted), "%s\n%s", former, primary_now());
        assert_int_equal(sentinel_move(target, wanted, &error), ERR_OK);
        sentinel_close(target);
}

/* On a busy machine Sentinel may be over with it before anybody has seen that it began. */
static bool is_failing_over(const char *former)
{
        char *told = redis_says(sentinel_port(0), "SENTINEL MASTER mymaster");
        const bool has_begun = strstr(told, "o_down") || strstr(told, "failover_in_progress");
        free(told);
        return has_begun || strcmp(primary_now(), former) != 0;
}

/* The primary is gone, and Sentinel and the operator fail over at the same moment; then it returns as a primary. */
static void sentinel_fails_over_at_the_same_moment(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct target_state now = {0};
        const char *former = primary_now(), *a = other_than(former, former), *b = other_than(former, a);
        char wanted[256];
        (void)snprintf(wanted, sizeof(wanted), "%s\n%s", a, b);
        (void)kill(node_pid(former), SIGSTOP);
        const mono_ms start = clock_mono();
        const mono_ms begun_by = in_ms(GROUP_PATIENCE_MS);
        while (!is_failing_over(former) && clock_mono() < begun_by)
                (void)usleep(20000);
        (void)move_until(target, wanted);
        print_message("from the stopped primary to another that takes writes: %lld ms\n",
                      (long long)(clock_mono() - start));
        (void)kill(node_pid(former), SIGCONT);
        bool was_told = false;
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        char *role = NULL;
        do {
                read_surely(target, &now);
                was_told |= now.doubt && strstr(now.doubt, former) && strstr(now.doubt, "still calls itself primary");
                assert_true(!now.present || target_is_wanted(TARGET_PROMOTION, wanted, now.value));
                free(role);
                role = node_cli(former, "ROLE");
        } while (strncmp(role, "slave", 5) != 0 && clock_mono() < deadline);
        assert_int_equal(strncmp(role, "slave", 5), 0);
        free(role);
        assert_true(was_told);
        target_state_clear(&now);
        sentinel_close(target);
}

/* Its clock has jumped: it would take the order and do nothing about it for half a minute. */
static void one_that_mistrusts_its_clock_is_passed_over(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_plain();
        struct errmsg error = {0};
        const char *former = primary_now(), *a = other_than(former, former), *b = other_than(former, a);
        char wanted[256];
        (void)snprintf(wanted, sizeof(wanted), "%s\n%s", a, b);
        sentinel_mistrusts_its_clock(0, true);
        const enum err err = sentinel_move(target, wanted, &error);
        sentinel_mistrusts_its_clock(0, false);
        assert_error(err, ERR_PENDING, &error, "fails over from");
        assert_null(strstr(error.text, sentinel_port(0)));
        (void)move_until(target, wanted);
        sentinel_close(target);
}

/* Sentinel tells numbers, and a certificate is for the name that the plane has. */
static void a_planes_redis_is_called_as_the_plane_has_it(void **state)
{
        (void)state;
        group_is_whole();
        struct sentinel_target *target = open_sentinel((struct sentinel_options){.calls_nodes_localhost = true});
        struct errmsg error = {0};
        const char *primary = primary_now(), *other = other_than(primary, primary);
        char name[64];
        (void)snprintf(name, sizeof(name), "localhost:%s", port_of(primary));
        assert_shows(target, name);
        (void)snprintf(name, sizeof(name), "localhost:%s", port_of(other));
        give_priority(other, 10);
        assert_error(sentinel_move(target, name, &error), ERR_PENDING, &error, "fails over from localhost:");
        (void)move_until(target, name);
        assert_role(other, "master");
        sentinel_close(target);
}

static void commands_for_a_person_work(void **state)
{
        (void)state;
        group_is_whole();
        const struct target_view target = {.ref = {TARGET_PROMOTION, "sentinel", "planes of ns/gloo", "mymaster", 0}};
        const struct by_hand_write write = {.target = &target, .value = node(0)};
        const struct target_setting addresses = {"addresses", server("CONTRACT_SENTINELS")};
        const struct target_config config = {.settings = &addresses, .setting_count = 1};
        struct arena arena = {0};
        const char *former = primary_now();
        const struct by_hand hand = target_driver_find("sentinel")->by_hand(&config, &write, &arena);
        char *said = shell("%s", hand.move);
        assert_non_null(strstr(said, "OK 3 usable Sentinels"));
        free(said);
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        while (strcmp(primary_now(), former) == 0 && clock_mono() < deadline)
                ;
        assert_string_not_equal(primary_now(), former);
        said = shell("%s", hand.look);
        assert_non_null(strstr(said, port_of(primary_now())));
        free(said);
        arena_deinit(&arena);
}

/* What Redis counts: Sentinel itself says SLAVEOF, and nobody else may change a role beside it. */
static void nobody_but_sentinel_has_changed_a_role(void **state)
{
        (void)state;
        for (unsigned i = 0; i < NODES; i++) {
                char *counts = node_cli(node(i), "INFO commandstats");
                assert_null(strstr(counts, "cmdstat_replicaof"));
                assert_null(strstr(counts, "cmdstat_failover"));
                free(counts);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_teardown(moved_primary_is_pending_until_it_shows, group_goes_on),
            cmocka_unit_test_teardown(each_of_several_wanted_addresses_will_do, group_goes_on),
            cmocka_unit_test_teardown(sentinel_fails_over_at_the_same_moment, group_goes_on),
            cmocka_unit_test_teardown(one_that_mistrusts_its_clock_is_passed_over, group_goes_on),
            cmocka_unit_test_teardown(a_planes_redis_is_called_as_the_plane_has_it, group_goes_on),
            cmocka_unit_test_teardown(commands_for_a_person_work, group_goes_on),
            cmocka_unit_test(nobody_but_sentinel_has_changed_a_role),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
