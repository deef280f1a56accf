/* sentinel_hands.c -- the Sentinel group of the contract tests, touched from outside. */
#include "sentinel_hands.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/mem.h"

enum { SENTINELS = 3, PIECE_BYTES = 64, POLL_US = 50000 };

/* The @i-th of a comma-separated list in an environment variable; lives until the program ends. */
static const char *piece(const char *variable, unsigned i)
{
        static char pieces[16][PIECE_BYTES];
        static unsigned next;
        const char *at = server(variable);
        for (; i > 0; i--)
                at = strchr(at, ',') + 1;
        char *to = pieces[next++ % 16];
        (void)snprintf(to, PIECE_BYTES, "%.*s", (int)strcspn(at, ","), at);
        return to;
}

const char *node(unsigned i)
{
        static char nodes[NODES][PIECE_BYTES];
        (void)snprintf(nodes[i], PIECE_BYTES, "%s", piece("CONTRACT_SENTINEL_NODES", i));
        return nodes[i];
}

pid_t node_pid(const char *address)
{
        for (unsigned i = 0; i < NODES; i++)
                if (strcmp(node(i), address) == 0)
                        return (pid_t)atoi(piece("CONTRACT_SENTINEL_NODE_PIDS", i));
        fail_msg("no node %s", address);
        return 0;
}

pid_t sentinel_pid(unsigned i)
{
        return (pid_t)atoi(piece("CONTRACT_SENTINEL_PIDS", i));
}

const char *other_than(const char *a, const char *b)
{
        for (unsigned i = 0; i < NODES; i++)
                if (strcmp(node(i), a) != 0 && strcmp(node(i), b) != 0)
                        return node(i);
        return NULL;
}

/* Sentinel closes the connections of a server whose role it changes, and a busy machine answers late: asked again. */
static char *cli(const char *port, const char *command)
{
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        for (;;) {
                char *got = shell("timeout 5 redis-cli -e -p %s %s 2>&1 || echo NO-ANSWER", port, command);
                if (!strstr(got, "NO-ANSWER"))
                        return got;
                if (clock_mono() > deadline)
                        fail_msg("%s at %s: %s", command, port, got);
                free(got);
                (void)usleep(POLL_US);
        }
}

char *node_cli(const char *address, const char *command)
{
        return cli(port_of(address), command);
}

void node_does(const char *address, const char *command)
{
        free(node_cli(address, command));
}

void node_restarts(const char *address)
{
        free(shell("timeout 5 redis-cli -p %s DEBUG RESTART || true", port_of(address)));
}

const char *sentinel_port(unsigned i)
{
        return port_of(piece("CONTRACT_SENTINELS", i));
}

const char *primary_now(void)
{
        char *told = cli(sentinel_port(0), "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster");
        const char *port = strchr(told, '\n'), *found = NULL;
        for (unsigned i = 0; port && i < NODES; i++)
                found = strcmp(port_of(node(i)), port + 1) == 0 ? node(i) : found;
        if (!found)
                fail_msg("no node is \"%s\"", told);
        free(told);
        return found;
}

int group_goes_on(void **state)
{
        (void)state;
        for (unsigned i = 0; i < NODES; i++)
                (void)kill(node_pid(node(i)), SIGCONT);
        for (unsigned i = 0; i < SENTINELS; i++)
                (void)kill(sentinel_pid(i), SIGCONT);
        return 0;
}

/* It does as long as its timer is later than the trigger, and then for a second. */
void sentinel_mistrusts_its_clock(unsigned i, bool does)
{
        free(cli(sentinel_port(i), "SENTINEL DEBUG tilt-period 1000"));
        free(cli(sentinel_port(i), does ? "SENTINEL DEBUG tilt-trigger 1" : "SENTINEL DEBUG tilt-trigger 600000"));
        await_shell(does ? "sentinel_tilt:1" : "sentinel_tilt:0", "redis-cli -p %s INFO sentinel", sentinel_port(i));
}

void await_shell(const char *part, const char *format, ...)
{
        char command[1024];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(command, sizeof(command), format, args);
        va_end(args);
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        for (;;) {
                char *got = shell("%s || true", command);
                const bool is_there = strstr(got, part) != NULL;
                if (!is_there && clock_mono() > deadline)
                        fail_msg("%s: never \"%s\": %s", command, part, got);
                free(got);
                if (is_there)
                        return;
                (void)usleep(POLL_US);
        }
}

void give_priority(const char *address, unsigned priority)
{
        char command[64], wanted[32];
        (void)snprintf(command, sizeof(command), "CONFIG SET replica-priority %u", priority);
        (void)snprintf(wanted, sizeof(wanted), "priority: %u;", priority);
        node_does(address, command);
        for (unsigned i = 0; i < SENTINELS; i++)
                await_shell(wanted,
                            "timeout 2 redis-cli -p %s SENTINEL REPLICAS mymaster | grep -A99 -x 'name' | "
                            "grep -A45 -x '%s' | grep -m1 -A1 -x slave-priority | tail -1 | sed 's/.*/priority: &;/'",
                            sentinel_port(i), address);
}

void group_is_whole(void)
{
        for (unsigned i = 0; i < NODES; i++)
                node_does(node(i), "CONFIG SET replica-priority 100");
        for (unsigned i = 0; i < NODES; i++)
                node_does(node(i), "CONFIG SET repl-diskless-sync-delay 0");
        const char *primary = primary_now();
        for (unsigned i = 0; i < NODES; i++)
                if (node(i) != primary)
                        await_shell("master_link_status:up", "redis-cli -p %s INFO replication", port_of(node(i)));
        for (unsigned i = 0; i < SENTINELS; i++) {
                const char *port = sentinel_port(i);
                await_shell("OK 3 usable", "timeout 2 redis-cli -p %s SENTINEL CKQUORUM mymaster", port);
                await_shell(port_of(primary), "timeout 2 redis-cli -p %s SENTINEL GET-MASTER-ADDR-BY-NAME mymaster", port);
                await_shell("good: 2",
                            "timeout 2 redis-cli -p %s SENTINEL REPLICAS mymaster | paste -sd ' ' | "
                            "sed 's/name 127/\\nname 127/g' | grep 'flags slave ' | grep 'role-reported slave' | "
                            "grep 'master-link-status ok' | grep -c 'slave-priority 100' | sed 's/^/good: /'",
                            port);
                await_shell("master", "timeout 2 redis-cli -p %s SENTINEL MASTER mymaster | grep -A1 '^flags$' | grep -v _", port);
        }
}

/* ---- the target ---- */

static size_t add(struct target_credential *to, size_t count, const char *key, const char *text, size_t bytes)
{
        if (!text)
                return count;
        to[count].key = key;
        secret_set(&to[count].value, text, bytes);
        return count + 1;
}

static size_t add_text(struct target_credential *to, size_t count, const char *key, const char *text)
{
        return add(to, count, key, text, text ? strlen(text) : 0);
}

struct sentinel_target *open_sentinel(struct sentinel_options options)
{
        struct target_credential credentials[6] = {{0}};
        size_t count = add_text(credentials, 0, "sentinel.username", options.username);
        count = add_text(credentials, count, "sentinel.password", options.password);
        count = add_text(credentials, count, "username", options.node_username);
        count = add_text(credentials, count, "password", options.node_password);
        if (options.ca) {
                count = add(credentials, count, "ca.crt", options.ca->bytes, options.ca->count);
                count = add(credentials, count, "sentinel.ca.crt", options.ca->bytes, options.ca->count);
        }
        const char *tls = options.ca ? "true" : "false";
        char names[NODES][PIECE_BYTES];
        struct target_setting settings[4 + NODES] = {
            {"addresses", options.addresses ? options.addresses : server("CONTRACT_SENTINELS")},
            {"sentinelTLS", tls},
            {"tls", tls},
            {"isSettled", options.is_settled ? "true" : "false"}};
        size_t setting_count = 4;
        for (unsigned i = 0; options.calls_nodes_localhost && i < NODES; i++) {
                (void)snprintf(names[i], sizeof(names[i]), "localhost:%s", port_of(node(i)));
                settings[setting_count++] = (struct target_setting){"server", names[i]};
        }
        const struct target_config config = {
            .settings = settings, .setting_count = setting_count, .credentials = credentials, .credential_count = count};
        struct sentinel_target *target = mem_new(target);
        struct errmsg error = {0};
        if (target_driver_find("sentinel")->open(&config, &target->session, &error) != ERR_OK)
                fail_msg("open: %s", error.text);
        target->name = options.name ? options.name : "mymaster";
        for (size_t i = 0; i < count; i++)
                secret_clear(&credentials[i].value);
        return target;
}

void sentinel_close(struct sentinel_target *target)
{
        target_close(target->session);
        free(target);
}

enum err sentinel_read(struct sentinel_target *target, int64_t patience_ms, struct target_state *ret,
                       struct errmsg *reterr)
{
        struct target_visit visit = {.verb = TARGET_READ, .name = target->name, .deadline = in_ms(patience_ms)};
        target_state_clear(ret);
        target_visit(target->session, &visit);
        *reterr = visit.why;
        *ret = visit.found;
        return visit.err;
}

void read_surely(struct sentinel_target *target, struct target_state *ret)
{
        struct errmsg error = {0};
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        for (;;) {
                const enum err err = sentinel_read(target, PATIENCE_MS, ret, &error);
                if (err == ERR_OK)
                        return;
                if (err != ERR_TRANSIENT || clock_mono() > deadline)
                        fail_msg("read: %s: %s", err_name(err), error.text);
                (void)usleep(POLL_US);
        }
}

enum err sentinel_move(struct sentinel_target *target, const char *wanted, struct errmsg *reterr)
{
        struct target_state now = {0};
        read_surely(target, &now);
        const struct target_want want = {.value = wanted, .epoch = 2, .id = 0xabc, .plane = "b", .store = STORE};
        struct target_visit visit = {.verb = TARGET_SWAP,
                                     .name = target->name,
                                     .expected = &now,
                                     .want = &want,
                                     .deadline = in_ms(PATIENCE_MS)};
        target_visit(target->session, &visit);
        *reterr = visit.why;
        if (visit.err == ERR_PENDING)
                assert_true(visit.found.settling);
        if (visit.err == ERR_OK)
                assert_true(target_is_wanted(TARGET_PROMOTION, wanted, visit.found.value));
        target_state_clear(&visit.found);
        target_state_clear(&now);
        return visit.err;
}

unsigned move_until(struct sentinel_target *target, const char *wanted)
{
        struct target_state now = {0};
        struct errmsg error = {0};
        unsigned swaps = 0;
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        for (;;) {
                read_surely(target, &now);
                if (now.present && target_is_wanted(TARGET_PROMOTION, wanted, now.value))
                        break;
                if (clock_mono() > deadline)
                        fail_msg("never %s: shows \"%s\", last said: %s", wanted, now.value, error.text);
                if (now.settling) {
                        (void)usleep(POLL_US);
                        continue;
                }
                const enum err err = sentinel_move(target, wanted, &error);
                if (err != ERR_OK && err != ERR_PENDING && err != ERR_CONFLICT && err != ERR_TRANSIENT)
                        fail_msg("move to %s: %s: %s", wanted, err_name(err), error.text);
                swaps += err == ERR_PENDING;
                if (err == ERR_TRANSIENT)
                        (void)usleep(POLL_US);
        }
        target_state_clear(&now);
        return swaps;
}

void assert_sentinel_fails(struct sentinel_options options, enum err wanted, const char *part)
{
        struct sentinel_target *target = open_sentinel(options);
        struct target_state now = {0};
        struct errmsg error = {0};
        const int64_t patience_ms = options.patience_ms ? options.patience_ms : PATIENCE_MS;
        assert_error(sentinel_read(target, patience_ms, &now, &error), wanted, &error, part);
        sentinel_close(target);
}

struct sentinel_target *open_plain(void)
{
        return open_sentinel((struct sentinel_options){0});
}

void assert_shows(struct sentinel_target *target, const char *value)
{
        struct target_state now = {0};
        read_surely(target, &now);
        assert_true(now.present);
        assert_string_equal(now.value, value);
        assert_int_equal(now.stamp.presence, STAMP_ABSENT);
        target_state_clear(&now);
}

/* The server's own word, asked by redis-cli. */
void assert_role(const char *address, const char *role)
{
        char *got = node_cli(address, "ROLE");
        assert_int_equal(strncmp(got, role, strlen(role)), 0);
        free(got);
}
