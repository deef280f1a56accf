/* lock_contract.c -- the lock against real Redis servers; redis-cli is the other hand and the judge. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract.h"
#include "target/target.h"

enum { PATIENCE_MS = 3000, SHORT_MS = 300, CONTENDERS = 12, ROUNDS = 500 };

#define STORE "k8s/8c6f5d4e-0000-4000-8000-000000000001/default/gloo"

/* ---- hands ---- */

struct options {
        const char *variable; /* NULL: the plain server */
        const char *key;
        const char *username;
        const char *password;
        const struct lock_tls *tls;
        uint32_t db;
        int64_t patience_ms; /* 0: long */
};

static struct lock_target *open_with(struct options options)
{
        struct secret username = {0}, password = {0};
        if (options.username)
                secret_set(&username, options.username, strlen(options.username));
        if (options.password)
                secret_set(&password, options.password, strlen(options.password));
        const struct lock_config config = {.address = server(options.variable ? options.variable : "CONTRACT_REDIS_PLAIN"),
                                           .key = options.key ? options.key : "mgmt-active",
                                           .db = options.db,
                                           .username = options.username ? &username : NULL,
                                           .password = options.password ? &password : NULL,
                                           .tls = options.tls};
        struct lock_target *lock = NULL;
        struct errmsg error = {0};
        if (lock_open(&config, &lock, &error) != ERR_OK)
                fail_msg("open: %s", error.text);
        secret_clear(&username);
        secret_clear(&password);
        return lock;
}

static struct lock_target *open_key(const char *key)
{
        return open_with((struct options){.key = key});
}

static void read_now(struct lock_target *lock, struct lock_state *ret)
{
        struct errmsg error = {0};
        lock_state_clear(ret);
        if (lock_read(lock, in_ms(PATIENCE_MS), ret, &error) != ERR_OK)
                fail_msg("read: %s", error.text);
}

static struct lock_want want(const char *value, epoch_t epoch)
{
        return (struct lock_want){.value = value, .epoch = epoch, .id = 0xabc0 + epoch, .plane = value, .store = STORE};
}

static enum err move(struct lock_target *lock, const struct lock_state *expected, struct lock_want to, struct errmsg *reterr)
{
        return lock_compare_and_set(lock, expected, &to, in_ms(PATIENCE_MS), reterr);
}

static void assert_moves(struct lock_target *lock, struct lock_want to)
{
        struct lock_state now = {0};
        struct errmsg error = {0};
        read_now(lock, &now);
        if (move(lock, &now, to, &error) != ERR_OK)
                fail_msg("move to %s: %s", to.value, error.text);
        lock_state_clear(&now);
}

static void assert_error(enum err got, enum err wanted, const struct errmsg *error, const char *part)
{
        if (got != wanted || !strstr(error->text, part))
                fail_msg("got %s \"%s\", wanted %s with \"%s\"", err_name(got), error->text, err_name(wanted), part);
}

static void assert_read_fails(struct options options, enum err wanted, const char *part)
{
        struct lock_target *lock = open_with(options);
        struct lock_state now = {0};
        struct errmsg error = {0};
        int64_t patience_ms = options.patience_ms ? options.patience_ms : PATIENCE_MS;
        assert_error(lock_read(lock, in_ms(patience_ms), &now, &error), wanted, &error, part);
        lock_close(lock);
}

/* One redis-cli command at the plain server. */
static void assert_cli(const char *command, const char *wanted)
{
        char *got = shell("redis-cli -p %s %s", port_of(server("CONTRACT_REDIS_PLAIN")), command);
        assert_string_equal(got, wanted);
        free(got);
}

static void cli(const char *command)
{
        free(shell("redis-cli -p %s %s", port_of(server("CONTRACT_REDIS_PLAIN")), command));
}

/* ---- the register ---- */

static void value_and_stamp_move_together(void **state)
{
        (void)state;
        struct lock_target *lock = open_key("move");
        struct lock_state now = {0};
        read_now(lock, &now);
        assert_false(now.present);
        assert_string_equal(now.value, "");
        assert_int_equal(now.stamp.presence, STAMP_ABSENT);
        assert_moves(lock, want("eu-west-1", 1));
        assert_moves(lock, want("eu-central-1", 2));
        read_now(lock, &now);
        assert_true(now.present);
        assert_string_equal(now.value, "eu-central-1");
        assert_int_equal(now.stamp.presence, STAMP_OURS);
        assert_int_equal(now.stamp.epoch, 2);
        assert_string_equal(now.stamp.store, STORE);
        assert_cli("GET move", "eu-central-1");
        assert_cli("GET '{move}:planekeeper'", "v=pk1 e=2 id=000000000000abc2 p=eu-central-1 s=" STORE);
        assert_cli("PTTL move", "-1");
        lock_state_clear(&now);
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
                struct lock_target *lock = open_key(cases[i].key);
                assert_moves(lock, want("a", 1));
                const char *port = port_of(server("CONTRACT_REDIS_CLUSTER")); /* only a cluster node tells slots */
                char *slot = shell("redis-cli -p %s CLUSTER KEYSLOT '%s'", port, cases[i].key);
                char *stamp_slot = shell("redis-cli -p %s CLUSTER KEYSLOT '%s'", port, cases[i].stamp_key);
                assert_string_equal(slot, stamp_slot);
                char *exists = shell("redis-cli -p %s EXISTS '%s'", port_of(server("CONTRACT_REDIS_PLAIN")), cases[i].stamp_key);
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
        struct lock_target *lock = open_key("edit");
        for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
                cli("DEL edit '{edit}:planekeeper'");
                assert_moves(lock, want("a", 1));
                struct lock_state before = {0}, edited = {0}, after = {0};
                struct errmsg error = {0};
                read_now(lock, &before);
                cli(edits[i]);
                read_now(lock, &edited);
                assert_error(move(lock, &before, want("b", 2), &error), ERR_CONFLICT, &error, "refused");
                read_now(lock, &after);
                assert_string_equal(after.value, edited.value);
                assert_string_equal(after.stamp.raw, edited.stamp.raw);
                lock_state_clear(&before);
                lock_state_clear(&edited);
                lock_state_clear(&after);
        }
        lock_close(lock);
}

static void wanted_value_set_by_hand_is_adopted(void **state)
{
        (void)state;
        struct lock_target *lock = open_key("adopt");
        struct lock_state before = {0};
        struct errmsg error = {0};
        cli("SET adopt a");
        read_now(lock, &before);
        cli("SET adopt b");
        assert_int_equal(move(lock, &before, want("b", 1), &error), ERR_OK);
        assert_cli("GET '{adopt}:planekeeper'", "v=pk1 e=1 id=000000000000abc1 p=b s=" STORE);
        lock_state_clear(&before);
        lock_close(lock);
}

static void older_or_equal_epoch_is_refused(void **state)
{
        (void)state;
        struct lock_target *lock = open_key("fence");
        struct lock_state now = {0};
        struct errmsg error = {0};
        assert_moves(lock, want("a", 7));
        read_now(lock, &now);
        assert_error(move(lock, &now, want("b", 6), &error), ERR_CONFLICT, &error, "epoch 7 is stored");
        assert_error(move(lock, &now, want("b", 7), &error), ERR_CONFLICT, &error, "another value");
        struct lock_want other = want("a", 8);
        other.store = "k8s/other/default/gloo";
        assert_error(move(lock, &now, other, &error), ERR_INVALID, &error, "belongs to");
        assert_error(move(lock, &now, want("", 8), &error), ERR_INVALID, &error, "value");
        assert_error(move(lock, &now, want("a", (1ULL << 53) + 1), &error), ERR_INVALID, &error, "stamp");
        assert_moves(lock, want("a", 7)); /* the same once more is the same */
        lock_state_clear(&now);
        lock_close(lock);
}

static void late_duplicate_loses(void **state)
{
        (void)state;
        struct lock_target *lock = open_key("late");
        struct lock_state absent = {0}, first = {0}, now = {0};
        struct errmsg error = {0};
        read_now(lock, &absent);
        assert_int_equal(move(lock, &absent, want("a", 1), &error), ERR_OK);
        read_now(lock, &first);
        assert_int_equal(move(lock, &first, want("b", 2), &error), ERR_OK);
        assert_moves(lock, want("a", 3)); /* an abort: the old value under a new epoch */
        /* The very bytes of both calls arrive once more. */
        assert_error(move(lock, &absent, want("a", 1), &error), ERR_CONFLICT, &error, "newer epoch");
        assert_error(move(lock, &first, want("b", 2), &error), ERR_CONFLICT, &error, "newer epoch");
        read_now(lock, &now);
        assert_string_equal(now.value, "a");
        assert_int_equal(now.stamp.epoch, 3);
        lock_state_clear(&absent);
        lock_state_clear(&first);
        lock_state_clear(&now);
        lock_close(lock);
}

static _Bool contend(int number, struct barrier *barrier)
{
        struct lock_target *lock = open_key("race");
        struct lock_state now = {0};
        struct errmsg error = {0};
        char value[32];
        (void)snprintf(value, sizeof(value), "plane-%d", number);
        struct lock_want to = want(value, 2);
        to.id = (decision_id)number + 1;
        enum err err = lock_read(lock, in_ms(PATIENCE_MS), &now, &error);
        barrier_pass(barrier);
        if (err == ERR_OK)
                err = move(lock, &now, to, &error);
        if (err != ERR_OK && err != ERR_CONFLICT)
                (void)fprintf(stderr, "contender %d: %s: %s\n", number, err_name(err), error.text);
        lock_state_clear(&now);
        lock_close(lock);
        return err == ERR_OK;
}

static void of_twelve_contenders_one_wins(void **state)
{
        (void)state;
        for (int round = 0; round < 3; round++) {
                cli("DEL race '{race}:planekeeper'");
                struct lock_target *lock = open_key("race");
                assert_moves(lock, want("a", 1));
                assert_int_equal(race(CONTENDERS, contend), 1);
                struct lock_state now = {0};
                read_now(lock, &now);
                char value[32];
                (void)snprintf(value, sizeof(value), "plane-%d", (int)now.stamp.id - 1);
                assert_string_equal(now.value, value);
                lock_state_clear(&now);
                lock_close(lock);
        }
}

static void key_that_cannot_be_a_lock_is_named(void **state)
{
        (void)state;
        cli("RPUSH a-list x");
        assert_read_fails((struct options){.key = "a-list"}, ERR_INVALID, "key a-list holds a list");
        cli("SET expiring a PX 600000");
        assert_read_fails((struct options){.key = "expiring"}, ERR_INVALID, "key expiring expires in");
        cli("HSET '{hashed}:planekeeper' a b");
        assert_read_fails((struct options){.key = "hashed"}, ERR_INVALID, "{hashed}:planekeeper holds a hash");
        cli("SETRANGE huge 5000 x");
        assert_read_fails((struct options){.key = "huge"}, ERR_INVALID, "5001 bytes");
        cli("SETRANGE enormous 3000000 x");
        assert_read_fails((struct options){.key = "enormous"}, ERR_INVALID, "1048576 bytes");
        struct lock_state before = {0};
        struct errmsg error = {0};
        struct lock_target *lock = open_key("late-ttl");
        assert_moves(lock, want("a", 1));
        read_now(lock, &before);
        cli("EXPIRE late-ttl 600");
        assert_error(move(lock, &before, want("b", 2), &error), ERR_INVALID, &error, "never expires");
        assert_cli("GET late-ttl", "a");
        lock_state_clear(&before);
        lock_close(lock);
}

static void bytes_that_are_no_text_are_shown_and_match_nothing(void **state)
{
        (void)state;
        struct lock_target *lock = open_key("bytes");
        struct lock_state now = {0};
        struct errmsg error = {0};
        cli("EVAL \"return redis.call('SET', KEYS[1], 'a\\\\0b\\\\255')\" 1 bytes");
        read_now(lock, &now);
        assert_string_equal(now.value, "a?b?");
        assert_error(move(lock, &now, want("b", 1), &error), ERR_CONFLICT, &error, "somebody changed it");
        lock_state_clear(&now);
        lock_close(lock);
}

/* ---- servers that say no ---- */

static void credentials_are_judged(void **state)
{
        (void)state;
        const char *secured = "CONTRACT_REDIS_SECURED";
        assert_read_fails((struct options){.variable = secured}, ERR_DENIED, "redis.authSecretRef");
        assert_read_fails((struct options){.variable = secured, .password = "wrong"}, ERR_DENIED, "WRONGPASS");
        assert_read_fails((struct options){.variable = secured, .username = "nobody", .password = "x"}, ERR_DENIED, "WRONGPASS");
        assert_read_fails((struct options){.password = "needless"}, ERR_DENIED, "redis.authSecretRef");
        struct lock_target *lock = open_with((struct options){.variable = secured, .password = "open-sesame", .key = "p"});
        assert_moves(lock, want("a", 1));
        lock_close(lock);
        lock = open_with((struct options){.variable = secured, .username = "keeper", .password = "keep-it", .key = "u", .db = 3});
        assert_moves(lock, want("a", 1));
        lock_close(lock);
        lock = open_with((struct options){.variable = secured, .username = "reader", .password = "read-it", .key = "u"});
        struct lock_state now = {0};
        struct errmsg error = {0};
        read_now(lock, &now);
        assert_error(move(lock, &now, want("b", 2), &error), ERR_DENIED, &error, "mset");
        lock_state_clear(&now);
        lock_close(lock);
}

static void databases_are_apart(void **state)
{
        (void)state;
        struct lock_target *lock = open_with((struct options){.key = "db", .db = 5});
        assert_moves(lock, want("a", 1));
        assert_cli("-n 5 GET db", "a");
        assert_cli("-n 0 EXISTS db", "0");
        lock_close(lock);
        assert_read_fails((struct options){.db = 16}, ERR_INVALID, "redis.db");
}

static void replica_is_read_but_not_written(void **state)
{
        (void)state;
        struct lock_target *lock = open_with((struct options){.variable = "CONTRACT_REDIS_REPLICA", .key = "replicated"});
        struct lock_state now = {0};
        struct errmsg error = {0};
        read_now(lock, &now);
        assert_error(move(lock, &now, want("a", 1), &error), ERR_TRANSIENT, &error, "READONLY");
        lock_state_clear(&now);
        lock_close(lock);
}

static void cluster_without_slots_is_down(void **state)
{
        (void)state;
        assert_read_fails((struct options){.variable = "CONTRACT_REDIS_CLUSTER"}, ERR_TRANSIENT, "CLUSTERDOWN");
}

/* ---- TLS ---- */

static void tls_verifies_the_server(void **state)
{
        (void)state;
        const char *variable = "CONTRACT_REDIS_TLS";
        struct lock_tls tls = {.enabled = true};
        read_file(server("CONTRACT_REDIS_CA"), &tls.ca);
        struct lock_target *lock = open_with((struct options){.variable = variable, .tls = &tls});
        assert_moves(lock, want("a", 1));
        assert_moves(lock, want("b", 2));
        lock_close(lock);
        tls.server_name = "localhost";
        lock = open_with((struct options){.variable = variable, .tls = &tls});
        assert_moves(lock, want("c", 3));
        lock_close(lock);
        tls.server_name = "evil.example";
        assert_read_fails((struct options){.variable = variable, .tls = &tls}, ERR_INVALID, "hostname mismatch");
        tls.server_name = NULL;
        struct options to_plain = {.tls = &tls, .patience_ms = SHORT_MS};
        assert_read_fails(to_plain, ERR_TRANSIENT, "does it speak TLS?");
        secret_clear(&tls.ca);
        assert_read_fails((struct options){.variable = variable, .tls = &tls}, ERR_INVALID, "certificate is refused");
        assert_read_fails((struct options){.variable = variable}, ERR_TRANSIENT, "closed the connection"); /* we speak plain */
}

/* ---- servers that are away or slow ---- */

static void stopped_server_is_unknown_and_may_apply_late(void **state)
{
        (void)state;
        pid_t redis = server_pid("CONTRACT_REDIS_PID");
        struct lock_target *lock = open_key("stop");
        assert_moves(lock, want("a", 1));
        struct lock_state before = {0}, now = {0};
        struct errmsg error = {0};
        read_now(lock, &before);
        (void)kill(redis, SIGSTOP);
        mono_ms start = clock_mono();
        struct lock_want late = want("b", 2);
        enum err written = lock_compare_and_set(lock, &before, &late, in_ms(SHORT_MS), &error);
        struct errmsg read_error = {0};
        enum err seen = lock_read(lock, in_ms(SHORT_MS), &now, &read_error);
        int64_t took_ms = clock_mono() - start;
        (void)kill(redis, SIGCONT);
        assert_error(written, ERR_UNKNOWN, &error, "no reply in time");
        assert_error(seen, ERR_TRANSIENT, &read_error, "no reply in time");
        assert_in_range(took_ms, 2 * SHORT_MS, 2 * SHORT_MS + 200);
        mono_ms deadline = in_ms(PATIENCE_MS); /* the command waited in the server's socket and is applied now */
        do
                read_now(lock, &now);
        while (now.stamp.epoch != 2 && clock_mono() < deadline);
        assert_string_equal(now.value, "b");
        assert_error(move(lock, &before, want("c", 3), &error), ERR_CONFLICT, &error, "somebody changed it");
        lock_state_clear(&before);
        lock_state_clear(&now);
        lock_close(lock);
}

static void killed_connection_is_made_anew(void **state)
{
        (void)state;
        struct lock_target *lock = open_key("again");
        assert_moves(lock, want("a", 1));
        struct lock_state now = {0};
        struct errmsg error = {0};
        read_now(lock, &now);
        cli("CLIENT KILL TYPE normal");
        assert_int_equal(move(lock, &now, want("b", 2), &error), ERR_OK);
        cli("CLIENT KILL TYPE normal");
        read_now(lock, &now);
        assert_string_equal(now.value, "b");
        lock_state_clear(&now);
        lock_close(lock);
}

static void dead_port_is_transient_at_once(void **state)
{
        (void)state;
        const struct lock_config config = {.address = "127.0.0.1:9", .key = "x"};
        struct lock_target *lock = NULL;
        struct lock_state now = {0};
        struct errmsg error = {0};
        assert_int_equal(lock_open(&config, &lock, &error), ERR_OK);
        mono_ms start = clock_mono();
        assert_error(lock_read(lock, in_ms(PATIENCE_MS), &now, &error), ERR_TRANSIENT, &error, "refused");
        assert_in_range(clock_mono() - start, 0, 500);
        lock_close(lock);
}

static void name_is_resolved(void **state)
{
        (void)state;
        char address[64];
        (void)snprintf(address, sizeof(address), "localhost:%s", port_of(server("CONTRACT_REDIS_PLAIN")));
        const struct lock_config config = {.address = address, .key = "named"};
        struct lock_target *lock = NULL;
        struct errmsg error = {0};
        assert_int_equal(lock_open(&config, &lock, &error), ERR_OK);
        assert_moves(lock, want("a", 1));
        lock_close(lock);
}

static int compare_us(const void *a, const void *b)
{
        int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
        return (left > right) - (left < right);
}

static void move_is_quick(void **state)
{
        (void)state;
        struct lock_target *lock = open_key("quick");
        struct lock_state now = {0};
        int64_t took_us[ROUNDS];
        for (size_t i = 0; i < ROUNDS; i++) {
                struct errmsg error = {0};
                read_now(lock, &now);
                int64_t start = clock_mono_us();
                enum err err = move(lock, &now, want(i % 2 ? "a" : "b", 1 + i), &error);
                took_us[i] = clock_mono_us() - start;
                assert_int_equal(err, ERR_OK);
        }
        qsort(took_us, ROUNDS, sizeof(took_us[0]), compare_us);
        print_message("compare and set: p50 %.2f ms, p99 %.2f ms\n", (double)took_us[ROUNDS / 2] / 1000,
                      (double)took_us[ROUNDS * 99 / 100] / 1000);
        lock_state_clear(&now);
        lock_close(lock);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(value_and_stamp_move_together),
                cmocka_unit_test(both_keys_share_a_hash_slot),
                cmocka_unit_test(edit_by_hand_is_not_overwritten),
                cmocka_unit_test(wanted_value_set_by_hand_is_adopted),
                cmocka_unit_test(older_or_equal_epoch_is_refused),
                cmocka_unit_test(late_duplicate_loses),
                cmocka_unit_test(of_twelve_contenders_one_wins),
                cmocka_unit_test(key_that_cannot_be_a_lock_is_named),
                cmocka_unit_test(bytes_that_are_no_text_are_shown_and_match_nothing),
                cmocka_unit_test(credentials_are_judged),
                cmocka_unit_test(databases_are_apart),
                cmocka_unit_test(replica_is_read_but_not_written),
                cmocka_unit_test(cluster_without_slots_is_down),
                cmocka_unit_test(tls_verifies_the_server),
                cmocka_unit_test(stopped_server_is_unknown_and_may_apply_late),
                cmocka_unit_test(killed_connection_is_made_anew),
                cmocka_unit_test(dead_port_is_transient_at_once),
                cmocka_unit_test(name_is_resolved),
                cmocka_unit_test(move_is_quick),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
