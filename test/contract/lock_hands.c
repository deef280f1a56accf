/* lock_hands.c -- how the lock contract tests touch a key: by the target and by redis-cli. */
#include "lock_hands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct lock_target *open_lock_with(struct lock_options options)
{
        struct secret username = {0}, password = {0};
        if (options.username)
                secret_set(&username, options.username, strlen(options.username));
        if (options.password)
                secret_set(&password, options.password, strlen(options.password));
        const char *address =
            options.address ? options.address : server(options.variable ? options.variable : "CONTRACT_REDIS_PLAIN");
        const struct lock_config config = {.address = address,
                                           .key = options.key ? options.key : "mgmt-active",
                                           .db = options.db,
                                           .username = options.username ? &username : NULL,
                                           .password = options.password ? &password : NULL,
                                           .tls = options.tls,
                                           .wait_replicas = options.wait_replicas};
        struct lock_target *lock = NULL;
        struct errmsg error = {0};
        if (lock_open(&config, &lock, &error) != ERR_OK)
                fail_msg("open: %s", error.text);
        secret_clear(&username);
        secret_clear(&password);
        return lock;
}

struct lock_target *open_lock(const char *key)
{
        return open_lock_with((struct lock_options){.key = key});
}

void read_lock(struct lock_target *lock, struct target_state *ret)
{
        struct errmsg error = {0};
        target_state_clear(ret);
        if (lock_read(lock, in_ms(PATIENCE_MS), ret, &error) != ERR_OK)
                fail_msg("read: %s", error.text);
}

struct target_want want_value(const char *value, epoch_t epoch)
{
        return (struct target_want){.value = value, .epoch = epoch, .id = 0xabc0 + epoch, .plane = value, .store = STORE};
}

enum err swap_lock(struct lock_target *lock, const struct target_state *expected, const struct target_want *to,
                   mono_ms deadline, struct errmsg *reterr)
{
        struct target_swap swap = {.expected = expected, .want = to, .deadline = deadline};
        enum err err = lock_swap(lock, &swap, reterr);
        if (err != ERR_OK && err != ERR_PENDING) {
                assert_null(swap.found.value);
                return err;
        }
        assert_true(swap.found.present);
        assert_string_equal(swap.found.value, to->value);
        assert_int_equal(swap.found.stamp.epoch, to->epoch);
        assert_int_equal(swap.found.settling, err == ERR_PENDING);
        target_state_clear(&swap.found);
        return err;
}

enum err move_lock(struct lock_target *lock, const struct target_state *expected, struct target_want to,
                   struct errmsg *reterr)
{
        return swap_lock(lock, expected, &to, in_ms(PATIENCE_MS), reterr);
}

void assert_lock_moves(struct lock_target *lock, struct target_want to)
{
        struct target_state now = {0};
        struct errmsg error = {0};
        read_lock(lock, &now);
        if (move_lock(lock, &now, to, &error) != ERR_OK)
                fail_msg("move to %s: %s", to.value, error.text);
        target_state_clear(&now);
}

void assert_read_fails(struct lock_options options, enum err wanted, const char *part)
{
        struct lock_target *lock = open_lock_with(options);
        struct target_state now = {0};
        struct errmsg error = {0};
        int64_t patience_ms = options.patience_ms ? options.patience_ms : PATIENCE_MS;
        assert_error(lock_read(lock, in_ms(patience_ms), &now, &error), wanted, &error, part);
        lock_close(lock);
}

/* One redis-cli command at the plain server. */
void assert_cli(const char *command, const char *wanted)
{
        char *got = shell("redis-cli -p %s %s", port_of(server("CONTRACT_REDIS_PLAIN")), command);
        assert_string_equal(got, wanted);
        free(got);
}

void cli(const char *command)
{
        free(shell("redis-cli -p %s %s", port_of(server("CONTRACT_REDIS_PLAIN")), command));
}
