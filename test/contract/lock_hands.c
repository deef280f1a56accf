/* lock_hands.c -- how the lock contract tests touch a key: by the target and by redis-cli. */
#include "lock_hands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/mem.h"

static size_t add(struct target_credential *to, size_t count, const char *key, const struct secret *value)
{
        if (!value->count)
                return count;
        to[count].key = key;
        secret_copy(&to[count].value, value);
        return count + 1;
}

static size_t add_text(struct target_credential *to, size_t count, const char *key, const char *text)
{
        if (!text)
                return count;
        to[count].key = key;
        secret_set(&to[count].value, text, strlen(text));
        return count + 1;
}

struct lock_target *open_lock_with(struct lock_options options)
{
        struct target_credential credentials[5] = {{0}};
        size_t count = add_text(credentials, 0, "username", options.username);
        count = add_text(credentials, count, "password", options.password);
        if (options.tls) {
                count = add(credentials, count, "ca.crt", &options.tls->ca);
                count = add(credentials, count, "tls.crt", &options.tls->certificate);
                count = add(credentials, count, "tls.key", &options.tls->key);
        }
        char db[16], wait[16];
        (void)snprintf(db, sizeof(db), "%u", (unsigned)options.db);
        (void)snprintf(wait, sizeof(wait), "%u", options.wait_replicas);
        const struct target_setting settings[] = {
            {"address", options.address ? options.address : server(options.variable ? options.variable : "CONTRACT_REDIS_PLAIN")},
            {"db", db},
            {"waitReplicas", wait},
            {"tls", options.tls ? "true" : "false"},
            {"byCommand", options.by_command ? "true" : "false"},
            {"serverName", options.tls ? options.tls->server_name : NULL}};
        const struct target_config config = {
            .settings = settings, .setting_count = 6, .credentials = credentials, .credential_count = count};
        struct lock_target *lock = mem_new(lock);
        struct errmsg error = {0};
        if (target_driver_find(TARGET_LOCK_DRIVER)->open(&config, &lock->session, &error) != ERR_OK)
                fail_msg("open: %s", error.text);
        lock->key = mem_strdup(options.key ? options.key : "mgmt-active");
        for (size_t i = 0; i < count; i++)
                secret_clear(&credentials[i].value);
        return lock;
}

struct lock_target *open_lock_at(const char *address, const char *key)
{
        return open_lock_with((struct lock_options){.address = address, .key = key});
}

void lock_close(struct lock_target *lock)
{
        target_close(lock->session);
        free(lock->key);
        free(lock);
}

enum err lock_read(struct lock_target *lock, mono_ms deadline, struct target_state *ret, struct errmsg *reterr)
{
        struct target_visit visit = {.verb = TARGET_READ, .name = lock->key, .deadline = deadline};
        target_visit(lock->session, &visit);
        *reterr = visit.why;
        *ret = visit.found;
        return visit.err;
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
        struct target_visit swap = {
            .verb = TARGET_SWAP, .name = lock->key, .expected = expected, .want = to, .deadline = deadline};
        target_visit(lock->session, &swap);
        const enum err err = swap.err;
        *reterr = swap.why;
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
