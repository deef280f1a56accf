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

#include "redis_eyes.h"
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

char *node_cli(const char *address, const char *command)
{
        return redis_says(port_of(address), command);
}

void node_does(const char *address, const char *command)
{
        free(node_cli(address, command));
}

void node_restarts(const char *address)
{
        free(redis_tries(port_of(address), "DEBUG RESTART"));
}

const char *sentinel_port(unsigned i)
{
        return port_of(piece("CONTRACT_SENTINELS", i));
}

static const char *named_by(unsigned sentinel)
{
        char *told = redis_says(sentinel_port(sentinel), "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster");
        const char *port = strchr(told, '\n'), *found = NULL;
        for (unsigned i = 0; port && i < NODES; i++)
                found = strcmp(port_of(node(i)), port + 1) == 0 ? node(i) : found;
        if (!found)
                fail_msg("no node is \"%s\"", told);
        free(told);
        return found;
}

const char *primary_now(void)
{
        return named_by(0);
}

/* One that was cut off names the primary of yesterday until it hears of the other. */
static const char *agreed_primary(void)
{
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        for (;;) {
                const char *primary = named_by(0);
                char *role = redis_says(port_of(primary), "ROLE");
                const bool is_one = strncmp(role, "master", 6) == 0;
                free(role);
                if (is_one && named_by(1) == primary && named_by(2) == primary)
                        return primary;
                if (clock_mono() > deadline)
                        fail_msg("the Sentinels never agree, %s is one of those named", primary);
                (void)usleep(POLL_US);
        }
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
        free(redis_says(sentinel_port(i), "SENTINEL DEBUG tilt-period 1000"));
        free(redis_says(sentinel_port(i), does ? "SENTINEL DEBUG tilt-trigger 1" : "SENTINEL DEBUG tilt-trigger 600000"));
        redis_comes_to_say(sentinel_port(i), "INFO sentinel", does ? "sentinel_tilt:1" : "sentinel_tilt:0");
}

/* How many of the replicas that a Sentinel tells have all of @fields, each a line of name and one of value. */
static unsigned replicas_with(const char *port, const char *const *fields)
{
        char *told = redis_says(port, "SENTINEL REPLICAS mymaster");
        unsigned count = 0;
        for (char *at = told, *next; at; at = next) {
                next = strstr(at + 1, "\nname\n");
                if (next)
                        *next = '\0';
                unsigned lacking = 0;
                for (unsigned i = 0; fields[i]; i++)
                        lacking += strstr(at, fields[i]) == NULL;
                count += lacking == 0;
                if (next)
                        *next = '\n';
        }
        free(told);
        return count;
}

static void await_replicas(const char *port, unsigned count, const char *const *fields)
{
        const mono_ms deadline = in_ms(GROUP_PATIENCE_MS);
        while (replicas_with(port, fields) != count) {
                if (clock_mono() > deadline)
                        fail_msg("the Sentinel at %s never knows %u replicas with %s", port, count, fields[0]);
                (void)usleep(POLL_US);
        }
}

void give_priority(const char *address, unsigned priority)
{
        char command[64], name[PIECE_BYTES + 16], wanted[64];
        (void)snprintf(command, sizeof(command), "CONFIG SET replica-priority %u", priority);
        (void)snprintf(name, sizeof(name), "name\n%s\n", address);
        (void)snprintf(wanted, sizeof(wanted), "\nslave-priority\n%u\n", priority);
        node_does(address, command);
        for (unsigned i = 0; i < SENTINELS; i++)
                await_replicas(sentinel_port(i), 1, (const char *const[]){name, wanted, NULL});
}

void group_is_whole(void)
{
        static const char *const good[] = {"\nflags\nslave\n", "\nrole-reported\nslave\n",
                                           "\nmaster-link-status\nok\n", "\nslave-priority\n100\n", NULL};
        for (unsigned i = 0; i < NODES; i++)
                node_does(node(i), "CONFIG SET replica-priority 100");
        for (unsigned i = 0; i < NODES; i++)
                node_does(node(i), "CONFIG SET repl-diskless-sync-delay 0");
        const char *primary = agreed_primary();
        for (unsigned i = 0; i < NODES; i++)
                if (node(i) != primary)
                        redis_comes_to_say(port_of(node(i)), "INFO replication", "master_link_status:up");
        for (unsigned i = 0; i < SENTINELS; i++) {
                const char *port = sentinel_port(i);
                redis_comes_to_say(port, "SENTINEL CKQUORUM mymaster", "OK 3 usable");
                redis_comes_to_say(port, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster", port_of(primary));
                await_replicas(port, 2, good);
                redis_comes_to_say(port, "SENTINEL MASTER mymaster", "\nflags\nmaster\n");
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
        struct target_setting settings[5 + NODES] = {
            {"addresses", options.addresses ? options.addresses : server("CONTRACT_SENTINELS")},
            {"sentinelTLS", tls},
            {"tls", tls},
            {"isSettled", options.is_settled ? "true" : "false"}};
        size_t setting_count = 4;
        if (options.max_lag)
                settings[setting_count++] = (struct target_setting){"maxLagSeconds", options.max_lag};
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
