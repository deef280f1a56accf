/* lock_faults_contract.c -- the lock where the server says no, is away or lies; against real Redis servers. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock_hands.h"

/* ---- servers that say no ---- */

static void credentials_are_judged(void **state)
{
        (void)state;
        const char *secured = "CONTRACT_REDIS_SECURED";
        assert_read_fails((struct lock_options){.variable = secured}, ERR_DENIED, "redis.authSecretRef");
        assert_read_fails((struct lock_options){.variable = secured, .password = "wrong"}, ERR_DENIED, "WRONGPASS");
        assert_read_fails((struct lock_options){.variable = secured, .username = "nobody", .password = "x"}, ERR_DENIED,
                          "WRONGPASS");
        assert_read_fails((struct lock_options){.password = "needless"}, ERR_DENIED, "redis.authSecretRef");
        struct lock_target *lock =
            open_lock_with((struct lock_options){.variable = secured, .password = "open-sesame", .key = "p"});
        assert_lock_moves(lock, want_value("a", 1));
        lock_close(lock);
        lock = open_lock_with((struct lock_options){
            .variable = secured, .username = "keeper", .password = "keep-it", .key = "u", .db = 3});
        assert_lock_moves(lock, want_value("a", 1));
        lock_close(lock);
        lock = open_lock_with(
            (struct lock_options){.variable = secured, .username = "reader", .password = "read-it", .key = "u"});
        struct target_state now = {0};
        struct errmsg error = {0};
        read_lock(lock, &now);
        assert_error(move_lock(lock, &now, want_value("b", 2), &error), ERR_DENIED, &error, "mset");
        target_state_clear(&now);
        lock_close(lock);
}

static void databases_are_apart(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock_with((struct lock_options){.key = "db", .db = 5});
        assert_lock_moves(lock, want_value("a", 1));
        assert_cli("-n 5 GET db", "a");
        assert_cli("-n 0 EXISTS db", "0");
        lock_close(lock);
        assert_read_fails((struct lock_options){.db = 16}, ERR_INVALID, "redis.db");
}

static void replica_is_read_but_not_written(void **state)
{
        (void)state;
        struct lock_target *lock =
            open_lock_with((struct lock_options){.variable = "CONTRACT_REDIS_REPLICA", .key = "replicated"});
        struct target_state now = {0};
        struct errmsg error = {0};
        read_lock(lock, &now);
        assert_error(move_lock(lock, &now, want_value("a", 1), &error), ERR_TRANSIENT, &error, "READONLY");
        target_state_clear(&now);
        lock_close(lock);
}

static void cluster_without_slots_is_down(void **state)
{
        (void)state;
        assert_read_fails((struct lock_options){.variable = "CONTRACT_REDIS_CLUSTER"}, ERR_TRANSIENT, "CLUSTERDOWN");
}

/* ---- TLS ---- */

static void tls_verifies_the_server(void **state)
{
        (void)state;
        const char *variable = "CONTRACT_REDIS_TLS";
        struct lock_tls tls = {0};
        read_file(server("CONTRACT_REDIS_CA"), &tls.ca);
        struct lock_target *lock = open_lock_with((struct lock_options){.variable = variable, .tls = &tls});
        assert_lock_moves(lock, want_value("a", 1));
        assert_lock_moves(lock, want_value("b", 2));
        lock_close(lock);
        tls.server_name = "localhost";
        lock = open_lock_with((struct lock_options){.variable = variable, .tls = &tls});
        assert_lock_moves(lock, want_value("c", 3));
        lock_close(lock);
        tls.server_name = "evil.example";
        assert_read_fails((struct lock_options){.variable = variable, .tls = &tls}, ERR_INVALID, "hostname mismatch");
        tls.server_name = NULL;
        struct lock_options to_plain = {.tls = &tls, .patience_ms = SHORT_MS};
        assert_read_fails(to_plain, ERR_TRANSIENT, "does it speak TLS?");
        secret_clear(&tls.ca);
        assert_read_fails((struct lock_options){.variable = variable, .tls = &tls}, ERR_INVALID,
                          "certificate is refused");
        assert_read_fails((struct lock_options){.variable = variable}, ERR_TRANSIENT,
                          "closed the connection"); /* we speak plain */
}

/* ---- servers that are away or slow ---- */

static void stopped_server_is_unknown_and_may_apply_late(void **state)
{
        (void)state;
        pid_t redis = server_pid("CONTRACT_REDIS_PID");
        struct lock_target *lock = open_lock("stop");
        assert_lock_moves(lock, want_value("a", 1));
        struct target_state before = {0}, now = {0};
        struct errmsg error = {0};
        read_lock(lock, &before);
        (void)kill(redis, SIGSTOP);
        mono_ms start = clock_mono();
        struct target_want late = want_value("b", 2);
        enum err written = swap_lock(lock, &before, &late, in_ms(SHORT_MS), &error);
        struct errmsg read_error = {0};
        enum err seen = lock_read(lock, in_ms(SHORT_MS), &now, &read_error);
        int64_t took_ms = clock_mono() - start;
        (void)kill(redis, SIGCONT);
        assert_error(written, ERR_UNKNOWN, &error, "no reply in time");
        assert_error(seen, ERR_TRANSIENT, &read_error, "no reply in time");
        assert_in_range(took_ms, 2 * SHORT_MS, 2 * SHORT_MS + 200);
        mono_ms deadline = in_ms(PATIENCE_MS); /* the command waited in the server's socket and is applied now */
        do
                read_lock(lock, &now);
        while (now.stamp.epoch != 2 && clock_mono() < deadline);
        assert_string_equal(now.value, "b");
        assert_error(move_lock(lock, &before, want_value("c", 3), &error), ERR_CONFLICT, &error, "somebody changed it");
        target_state_clear(&before);
        target_state_clear(&now);
        lock_close(lock);
}

static void killed_connection_is_made_anew(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock("again");
        assert_lock_moves(lock, want_value("a", 1));
        struct target_state now = {0};
        struct errmsg error = {0};
        read_lock(lock, &now);
        cli("CLIENT KILL TYPE normal");
        assert_int_equal(move_lock(lock, &now, want_value("b", 2), &error), ERR_OK);
        cli("CLIENT KILL TYPE normal");
        read_lock(lock, &now);
        assert_string_equal(now.value, "b");
        target_state_clear(&now);
        lock_close(lock);
}

static void dead_port_is_transient_at_once(void **state)
{
        (void)state;
        struct lock_target *lock = open_lock_at("127.0.0.1:9", "x");
        struct target_state now = {0};
        struct errmsg error = {0};
        mono_ms start = clock_mono();
        assert_error(lock_read(lock, in_ms(PATIENCE_MS), &now, &error), ERR_TRANSIENT, &error, "refused");
        assert_in_range(clock_mono() - start, 0, 500);
        lock_close(lock);
}

static void lies_are_bounded_and_in_time(void **state)
{
        (void)state;
        static const struct {
                const char *greeting;
                enum liar_fault fault;
                enum err read;
                enum err written; /* it was sent, so it may have been done */
                const char *part;
        } cases[] = {
            {"", LIAR_CLOSES, ERR_TRANSIENT, ERR_UNKNOWN, "without a reply"},
            {"", LIAR_TRICKLES, ERR_INVALID, ERR_UNKNOWN, "not the Redis protocol"},
            {"$1000\r\n", LIAR_TRICKLES, ERR_TRANSIENT, ERR_UNKNOWN, "no reply in time"},
            {"$1073741824\r\n", LIAR_FLOODS, ERR_INVALID, ERR_UNKNOWN, "more than 1048576 bytes"},
            {"*1073741824\r\n", LIAR_FLOODS, ERR_INVALID, ERR_UNKNOWN, "not the Redis protocol"},
            {"HTTP/1.1 400 Bad Request\r\n", LIAR_CLOSES, ERR_INVALID, ERR_UNKNOWN, "not the Redis protocol"},
            {"+OK\r\n", LIAR_CLOSES, ERR_INVALID, ERR_UNKNOWN, "operator's script"},
            {"*3\r\n+done\r\n*0\r\n+x\r\n", LIAR_CLOSES, ERR_INVALID, ERR_UNKNOWN, "operator's script"},
            {"-MOVED 3999 127.0.0.1:6381\r\n", LIAR_CLOSES, ERR_INVALID, ERR_INVALID, "cluster mode"},
            {"-LOADING Redis is loading\r\n", LIAR_CLOSES, ERR_TRANSIENT, ERR_TRANSIENT, "LOADING"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct liar *liar = liar_start(cases[i].greeting, cases[i].fault);
                const struct target_state absent = {.value = "", .stamp = {.presence = STAMP_ABSENT}};
                const struct target_want to = want_value("a", 1);
                /* A connection each: the liar leaves after one answer. */
                struct lock_target *reader = open_lock_at(liar_address(liar), "k");
                struct lock_target *writer = open_lock_at(liar_address(liar), "k");
                struct target_state now = {0};
                struct errmsg error = {0};
                mono_ms start = clock_mono();
                assert_error(lock_read(reader, in_ms(SHORT_MS), &now, &error), cases[i].read, &error, cases[i].part);
                lock_close(reader);
                enum err written = swap_lock(writer, &absent, &to, in_ms(SHORT_MS), &error);
                assert_error(written, cases[i].written, &error, cases[i].part);
                lock_close(writer);
                assert_in_range(clock_mono() - start, 0, 2 * SHORT_MS + 200);
                liar_stop(liar);
        }
}

static void name_is_resolved(void **state)
{
        (void)state;
        char address[64];
        (void)snprintf(address, sizeof(address), "localhost:%s", port_of(server("CONTRACT_REDIS_PLAIN")));
        struct lock_target *lock = open_lock_at(address, "named");
        assert_lock_moves(lock, want_value("a", 1));
        lock_close(lock);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(credentials_are_judged),
            cmocka_unit_test(databases_are_apart),
            cmocka_unit_test(replica_is_read_but_not_written),
            cmocka_unit_test(cluster_without_slots_is_down),
            cmocka_unit_test(tls_verifies_the_server),
            cmocka_unit_test(stopped_server_is_unknown_and_may_apply_late),
            cmocka_unit_test(killed_connection_is_made_anew),
            cmocka_unit_test(dead_port_is_transient_at_once),
            cmocka_unit_test(lies_are_bounded_and_in_time),
            cmocka_unit_test(name_is_resolved),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
