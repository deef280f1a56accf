/* promotion_contract.c -- the Redis primary moved by replication; against real servers that are killed and come back. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "redis_hands.h"
#include "targets/target.h"
#include "util/mem.h"

struct options {
        int planned; /* -1: none */
        bool has_third;
        const char *username;
        const struct secret *ca; /* NULL: no TLS; empty: the system's trust store */
};

static struct target_session *open_group(struct options options)
{
        struct target_setting settings[7];
        struct target_credential credentials[3] = {{0}};
        struct target_session *session = NULL;
        struct errmsg why = {0};
        size_t count = 0, credential_count = 0;
        for (int i = 0; i < (options.has_third ? SERVERS : C); i++)
                settings[count++] = (struct target_setting){"server", addresses[i]};
        if (options.planned >= 0) {
                settings[count++] = (struct target_setting){"planned", addresses[options.planned]};
                settings[count++] = (struct target_setting){"isSettled", "true"};
        }
        if (options.username) {
                const char *const texts[] = {options.username, "secret"};
                static const char *const keys[] = {"username", "password"};
                for (; credential_count < 2; credential_count++) {
                        credentials[credential_count].key = keys[credential_count];
                        secret_set(&credentials[credential_count].value, texts[credential_count],
                                   strlen(texts[credential_count]));
                }
        }
        if (options.ca) {
                settings[count++] = (struct target_setting){"tls", "true"};
                credentials[credential_count].key = "ca.crt";
                secret_copy(&credentials[credential_count++].value, options.ca);
        }
        const struct target_config config = {.settings = settings,
                                             .setting_count = count,
                                             .credentials = credentials,
                                             .credential_count = credential_count};
        if (target_driver_find("replica")->open(&config, &session, &why) != ERR_OK)
                fail_msg("open: %s", why.text);
        for (size_t i = 0; i < credential_count; i++)
                secret_clear(&credentials[i].value);
        return session;
}

static enum err look(struct options options, struct target_state *ret, struct errmsg *why)
{
        struct target_session *session = open_group(options);
        struct target_visit visit = {.verb = TARGET_READ, .name = "Redis", .deadline = in_ms(PATIENCE_MS)};
        target_visit(session, &visit);
        target_close(session);
        *why = visit.why;
        *ret = visit.found;
        return visit.err;
}

static void expect_shown(struct options options, const char *value)
{
        struct target_state state = {0};
        struct errmsg why = {0};
        if (look(options, &state, &why) != ERR_OK)
                fail_msg("read: %s", why.text);
        assert_string_equal(state.value, value);
        assert_int_equal(state.present, value[0] != '\0');
        target_state_clear(&state);
}

static enum err promote(int to, int from, struct options options, struct errmsg *why)
{
        struct target_session *session = open_group(options);
        const struct target_state expected = {.present = true, .value = addresses[from]};
        const struct target_want want = {
            .value = addresses[to], .epoch = 2, .id = 0xabc2, .plane = "b", .store = STORE};
        struct target_visit visit = {.verb = TARGET_SWAP,
                                     .name = "Redis",
                                     .expected = &expected,
                                     .want = &want,
                                     .deadline = in_ms(PATIENCE_MS)};
        target_visit(session, &visit);
        if (visit.err == ERR_OK)
                assert_string_equal(visit.found.value, addresses[to]);
        target_state_clear(&visit.found);
        target_close(session);
        *why = visit.why;
        return visit.err;
}

/* As the core does it: what is pending is tried again. */
static void assert_promotes(int to, int from, struct options options)
{
        struct errmsg why = {0};
        enum err err = ERR_PENDING;
        for (int64_t limit = in_ms(3 * PATIENCE_MS); err == ERR_PENDING && clock_mono() < limit;)
                err = promote(to, from, options, &why);
        if (err != ERR_OK)
                fail_msg("promote: %s", why.text);
        assert_true(says(to, "ROLE", "master"));
}

static const struct options to_b = {.planned = B};

static void a_primary_that_answers_hands_over_and_loses_nothing(void **state)
{
        (void)state;
        struct options at_rest = {.planned = A};
        pair();
        expect_shown(at_rest, addresses[A]);
        tell(A, "SET last 2");
        assert_promotes(B, A, to_b);
        await(A, "INFO replication", "master_link_status:up");
        assert_true(says(A, "ROLE", ports[B]));
        assert_true(says(B, "GET last", "2"));
        expect_shown(to_b, addresses[B]);
        assert_promotes(B, A, to_b); /* once more changes nothing */
}

static void a_primary_that_is_dead_is_replaced(void **state)
{
        (void)state;
        struct options at_rest = {.planned = A};
        pair();
        stop(A);
        expect_shown(at_rest, addresses[A]); /* nobody has taken its place */
        expect_shown(to_b, addresses[A]);
        assert_promotes(B, A, to_b);
        assert_true(says(B, "GET kept", "1"));
        expect_shown(to_b, addresses[B]);
}

static void what_comes_back_as_primary_is_demoted(void **state)
{
        (void)state;
        pair();
        stop(A);
        assert_promotes(B, A, to_b);
        start(A, NULL);
        tell(A, "SET late 3");
        expect_shown(to_b, ""); /* two say so: nobody is the primary */
        assert_promotes(B, A, to_b);
        await(A, "INFO replication", "master_link_status:up");
        assert_true(says(A, "ROLE", ports[B]));
        assert_false(says(A, "GET late", "3"));
        assert_true(says(B, "GET kept", "1"));
        expect_shown(to_b, addresses[B]);
}

static void a_replica_of_what_is_gone_follows_the_new_one(void **state)
{
        (void)state;
        struct options three = {.planned = B, .has_third = true};
        pair();
        start(C, NULL);
        follow(C, A);
        stop(A);
        await(C, "INFO replication", "master_link_status:down");
        assert_promotes(B, A, three);
        await(C, "INFO replication", "master_link_status:up");
        assert_true(says(C, "ROLE", ports[B]));
}

/* The primary waits a minute before it sends the first copy, and is gone by then. */
static void a_replica_without_a_copy_is_never_promoted(void **state)
{
        (void)state;
        static const char *const slow[] = {"--repl-diskless-sync-delay", "60", "--repl-diskless-sync", "yes", NULL};
        struct errmsg why = {0};
        start(A, slow);
        start(B, NULL);
        tell(A, "SET kept 1");
        free(shell("%s -p %s REPLICAOF 127.0.0.1 %s", redis_tool, ports[B], ports[A]));
        await(A, "INFO replication", "state=wait_bgsave");
        assert_error(promote(B, A, to_b, &why), ERR_TRANSIENT, &why, "it has no copy of the data");
        stop(A);
        assert_error(promote(B, A, to_b, &why), ERR_TRANSIENT, &why, "it has no copy of the data");
        assert_true(says(B, "ROLE", "slave"));
}

static void two_primaries_that_nobody_recorded_are_both_shown(void **state)
{
        (void)state;
        char both[96];
        struct options unrecorded = {.planned = -1};
        start(A, NULL);
        start(B, NULL);
        (void)snprintf(both, sizeof(both), "%s and %s", addresses[A], addresses[B]);
        expect_shown(unrecorded, both);
        struct target_state seen = {0};
        struct errmsg why = {0};
        assert_int_equal(look(unrecorded, &seen, &why), ERR_OK);
        assert_non_null(strstr(seen.doubt, "each say that they are the primary"));
        target_state_clear(&seen);
}

static void a_primary_that_takes_no_writes_is_not_settled(void **state)
{
        (void)state;
        struct target_state seen = {0};
        struct errmsg why = {0};
        static const char *const strict[] = {"--min-replicas-to-write", "1", NULL};
        start(A, strict);
        start(B, strict);
        follow(B, A);
        stop(A);
        assert_error(promote(B, A, to_b, &why), ERR_PENDING, &why, "does not take writes yet");
        assert_int_equal(look(to_b, &seen, &why), ERR_OK);
        assert_string_equal(seen.value, addresses[B]);
        assert_true(seen.settling);
        target_state_clear(&seen);
        tell(B, "CONFIG SET min-replicas-to-write 0");
        assert_promotes(B, A, to_b);
}

static void min_replicas_to_write_is_read_from_info(void **state)
{
        (void)state;
        struct options three = {.planned = A, .has_third = true};
        struct target_state seen = {0};
        struct errmsg why = {0};
        pair();
        start(C, NULL);
        follow(C, A);
        assert_int_equal(look(three, &seen, &why), ERR_OK);
        assert_non_null(seen.doubt);
        assert_non_null(strstr(seen.doubt, "has 2 replicas and no min-replicas-to-write"));
        target_state_clear(&seen);
        tell(A, "CONFIG SET min-replicas-to-write 1");
        assert_int_equal(look(three, &seen, &why), ERR_OK);
        assert_null(seen.doubt);
        target_state_clear(&seen);
}

/* Each follows the other, as after a primary that restarts as its file says: nobody is the primary. */
static void a_circle_of_replicas_has_no_primary(void **state)
{
        (void)state;
        struct options at_rest = {.planned = B};
        start(A, NULL);
        start(B, NULL);
        free(shell("redis-cli -p %s REPLICAOF 127.0.0.1 %s", ports[A], ports[B]));
        free(shell("redis-cli -p %s REPLICAOF 127.0.0.1 %s", ports[B], ports[A]));
        expect_shown(at_rest, "");
}

/* C's only way to A is B, which A knows as its one replica: the hand-over must not go to B. */
static void a_replica_of_a_replica_is_promoted_itself(void **state)
{
        (void)state;
        struct options to_c = {.planned = C, .has_third = true};
        pair();
        start(C, NULL);
        follow(C, B);
        assert_promotes(C, A, to_c);
        assert_false(says(B, "ROLE", "master"));
        expect_shown(to_c, addresses[C]);
}

/* A server that is stopped accepts connections and answers nothing. */
static void one_that_hangs_costs_the_others_a_second(void **state)
{
        (void)state;
        struct options at_rest = {.planned = A};
        pair();
        (void)kill(pids[A], SIGSTOP);
        const mono_ms began = clock_mono();
        expect_shown(at_rest, addresses[A]);
        assert_in_range(clock_mono() - began, 0, PATIENCE_MS / 2);
        assert_promotes(B, A, to_b);
        (void)kill(pids[A], SIGCONT);
        assert_promotes(B, A, to_b); /* it still says that it is primary */
        await(A, "INFO replication", "master_link_status:up");
}

static void nothing_that_answers_is_transient(void **state)
{
        (void)state;
        struct target_state seen = {0};
        struct errmsg why = {0};
        assert_int_equal(look(to_b, &seen, &why), ERR_TRANSIENT);
        assert_int_equal(promote(B, A, to_b, &why), ERR_TRANSIENT);
}

static enum err ask_rights(struct options options, struct errmsg *why)
{
        struct target_session *session = open_group(options);
        struct target_preflight question = {.name = "Redis", .deadline = in_ms(PATIENCE_MS)};
        enum err err = target_may_write(session, &question, why);
        target_close(session);
        return err;
}

static void rights_are_told_before_and_refused_when_used(void **state)
{
        (void)state;
        struct errmsg why = {0};
        struct options narrow = {.planned = B, .username = "narrow"}, keeper = {.planned = B, .username = "keeper"};
        pair();
        for (int i = A; i <= B; i++) {
                tell(i, "ACL SETUSER narrow on '>secret' '~planekeeper:write-probe' -@all +info +set +eval +failover");
                tell(i, "ACL SETUSER keeper on '>secret' '~planekeeper:write-probe' -@all +info +set +eval +failover "
                        "+replicaof");
        }
        assert_error(ask_rights(narrow, &why), ERR_DENIED, &why, "may not REPLICAOF");
        assert_int_equal(ask_rights(keeper, &why), ERR_OK);
        stop(A);
        assert_error(promote(B, A, narrow, &why), ERR_DENIED, &why, "may not REPLICAOF");
        assert_true(says(B, "ROLE", "slave"));
        assert_promotes(B, A, keeper);
}

/* Servers that speak nothing but TLS, with the certificate of the contract's authority, also to each other. */
static void start_with_tls(int server_of)
{
        char folder[FOLDER_BYTES], certificate[FOLDER_BYTES + 16], key[FOLDER_BYTES + 16];
        const char *ca = server("CONTRACT_REDIS_CA");
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(ca, '/') - ca), ca);
        (void)snprintf(certificate, sizeof(certificate), "%s/server.crt", folder);
        (void)snprintf(key, sizeof(key), "%s/server.key", folder);
        (void)snprintf(redis_tool, sizeof(redis_tool), "redis-cli --tls --cacert %s", ca);
        const char *const more[] = {"--port", "0", "--tls-port", ports[server_of], "--tls-cert-file", certificate,
                                    "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients", "no",
                                    "--tls-replication", "yes", NULL};
        start(server_of, more);
}

static int stop_tls(void **state)
{
        (void)snprintf(redis_tool, sizeof(redis_tool), "redis-cli");
        return stop_all(state);
}

static void a_user_of_few_rights_moves_it_over_tls(void **state)
{
        (void)state;
        struct target_state seen = {0};
        struct errmsg why = {0};
        struct secret ca = {0}, none = {0};
        read_file(server("CONTRACT_REDIS_CA"), &ca);
        start_with_tls(A);
        start_with_tls(B);
        tell(A, "SET kept 1");
        follow(B, A);
        await(A, "INFO replication", "state=online");
        for (int i = A; i <= B; i++)
                tell(i, "ACL SETUSER keeper on '>secret' '~planekeeper:write-probe' -@all +info +set +eval +replicaof "
                        "+failover");
        struct options options = {.planned = A, .username = "keeper", .ca = &none};
        assert_error(look(options, &seen, &why), ERR_INVALID, &why, "certificate is refused");
        options.ca = NULL;
        assert_error(look(options, &seen, &why), ERR_TRANSIENT, &why, "closed the connection");
        options.ca = &ca;
        expect_shown(options, addresses[A]);
        assert_int_equal(ask_rights(options, &why), ERR_OK);
        options.planned = B;
        assert_promotes(B, A, options);
        await(A, "ROLE", "slave");
        assert_true(says(B, "GET kept", "1"));
        stop(B);
        options.planned = A;
        assert_promotes(A, B, options);
        secret_clear(&ca);
}

static void cluster_mode_is_refused(void **state)
{
        (void)state;
        struct target_state seen = {0};
        struct errmsg why = {0};
        static const char *const cluster[] = {"--cluster-enabled", "yes", "--cluster-config-file", "promotion-nodes.conf",
                                              "--cluster-port", NULL, NULL};
        const char *more[7];
        memcpy(more, cluster, sizeof(more));
        more[5] = ports[C];
        start(A, more);
        assert_error(look(to_b, &seen, &why), ERR_INVALID, &why, "cluster mode");
}

static void a_server_of_no_plane_is_refused(void **state)
{
        (void)state;
        struct errmsg why = {0};
        pair();
        assert_error(promote(C, A, to_b, &why), ERR_INVALID, &why, "is the Redis of no plane");
        assert_true(says(A, "ROLE", "master"));
}

#define ALONE(test) cmocka_unit_test_teardown(test, stop_all)

int main(void)
{
        const struct CMUnitTest tests[] = {
            ALONE(a_primary_that_answers_hands_over_and_loses_nothing),
            ALONE(a_primary_that_is_dead_is_replaced),
            ALONE(what_comes_back_as_primary_is_demoted),
            ALONE(a_replica_of_what_is_gone_follows_the_new_one),
            ALONE(a_replica_without_a_copy_is_never_promoted),
            ALONE(two_primaries_that_nobody_recorded_are_both_shown),
            ALONE(a_primary_that_takes_no_writes_is_not_settled),
            ALONE(min_replicas_to_write_is_read_from_info),
            ALONE(a_circle_of_replicas_has_no_primary),
            ALONE(a_replica_of_a_replica_is_promoted_itself),
            ALONE(one_that_hangs_costs_the_others_a_second),
            ALONE(nothing_that_answers_is_transient),
            ALONE(rights_are_told_before_and_refused_when_used),
            cmocka_unit_test_teardown(a_user_of_few_rights_moves_it_over_tls, stop_tls),
            ALONE(cluster_mode_is_refused),
            ALONE(a_server_of_no_plane_is_refused),
        };
        (void)signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests_name("promotion", tests, find_ports, NULL);
}
