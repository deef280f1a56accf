/* elasticache_contract.c -- the Redis primary of a global datastore; against real Redis servers whose roles a stand-in for
 * ElastiCache (aws/elasticache.py) changes, and never against the real service. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "redis_hands.h"
#include "targets/target.h"

#define ID "ldgnf-gloo"
#define FAILOVER "FailoverGlobalReplicationGroup"
#define DESCRIBE "DescribeGlobalReplicationGroups"

/* ---- the stand-in ---- */

/* Its answer is the caller's. */
static char *standin(const char *verb, const char *wanted)
{
        return shell("curl -sS --fail --data '%s' http://%s/standin/%s", wanted, server("CONTRACT_ELASTICACHE"), verb);
}

static void wish(const char *text)
{
        free(standin("set", text));
}

static void refuse(const char *code, const char *message, int status, const char *call, unsigned times)
{
        char text[1024] = "{\"refuse\": [";
        for (unsigned i = 0; i < times; i++)
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s[\"%s\", \"%s\", %d, \"%s\"]",
                               i ? ", " : "", code, message, status, call);
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "]}");
        wish(text);
}

static bool has(const char *part)
{
        char *state = standin("state", "{}");
        bool is_there = strstr(state, part) != NULL;
        free(state);
        return is_there;
}

static void await_available(void)
{
        for (int64_t limit = in_ms(PATIENCE_MS); !has("\"status\": \"available\", \"members\"");)
                assert_true(clock_mono() < limit);
}

static unsigned count(const char *part)
{
        char *state = standin("state", "{}");
        unsigned found = 0;
        for (const char *at = strstr(state, "\"requests\""); at && (at = strstr(at, part)); at += strlen(part))
                found++;
        free(state);
        return found;
}

/* The two words of "CONTRACT_ELASTICACHE_WEST" and "…_CENTRAL": the region and its endpoint. */
static void region_of(int server_of, char region[32], char endpoint[64])
{
        const char *text = server(server_of == A ? "CONTRACT_ELASTICACHE_WEST" : "CONTRACT_ELASTICACHE_CENTRAL");
        assert_int_equal(sscanf(text, "%31s %63s", region, endpoint), 2);
}

static void put_keys(const char *more)
{
        char text[512], id[64], secret[64];
        assert_int_equal(sscanf(server("CONTRACT_ELASTICACHE_KEY"), "%63[^:]:%63s", id, secret), 2);
        (void)snprintf(text, sizeof(text), "{\"%s\": {\"secret\": \"%s\"%s}}", id, secret, more);
        free(standin("keys", text));
}

static void put_datastore(const char *more)
{
        char text[1024];
        (void)snprintf(text, sizeof(text),
                       "{\"datastore\": {\"id\": \"" ID "\", \"members\": ["
                       "{\"region\": \"eu-west-1\", \"id\": \"gloo-a\", \"redis\": \"%s\", \"role\": \"PRIMARY\"},"
                       "{\"region\": \"eu-central-1\", \"id\": \"gloo-b\", \"redis\": \"%s\", \"role\": \"SECONDARY\"}"
                       "]%s}}",
                       addresses[A], addresses[B], more);
        wish(text);
}

/* A is the primary in the west, B its secondary in the centre. */
static void arrange(void)
{
        put_keys("");
        put_datastore("");
        pair();
}

/* ---- the driver ---- */

struct options {
        int planned;
        bool is_settled;
        const char *id;       /* of the global datastore; NULL: the right one */
        const char *group_id; /* of B; NULL: the right one; "": the plane says none */
        const char *username; /* of Redis; NULL: none */
        const char *max_lag;  /* seconds; NULL: the default */
};

static const struct options to_b = {.planned = B}, at_rest = {.planned = A, .is_settled = true};

static void set_credential(struct target_credential *credential, const char *key, const char *value)
{
        credential->key = key;
        secret_set(&credential->value, value, strlen(value));
}

static struct target_session *open_session(struct options options)
{
        char places[2][400], region[32], endpoint[64], id[64], key[64];
        struct target_setting settings[9] = {{"globalReplicationGroupID", options.id ? options.id : ID}};
        struct target_credential credentials[4] = {{0}};
        size_t count_of = 1, credential_count = 2;
        for (int i = A; i <= B; i++) {
                const char *group = i == A ? "gloo-a" : options.group_id ? options.group_id : "gloo-b";
                region_of(i, region, endpoint);
                settings[count_of++] = (struct target_setting){"server", addresses[i]};
                (void)snprintf(places[i], sizeof(places[i]), "%s %s %s %s", addresses[i], region, group, endpoint);
                if (group[0])
                        settings[count_of++] = (struct target_setting){"member", places[i]};
        }
        settings[count_of++] = (struct target_setting){"planned", addresses[options.planned]};
        settings[count_of++] = (struct target_setting){"isSettled", options.is_settled ? "true" : "false"};
        if (options.max_lag)
                settings[count_of++] = (struct target_setting){"maxLagSeconds", options.max_lag};
        assert_int_equal(sscanf(server("CONTRACT_ELASTICACHE_KEY"), "%63[^:]:%63s", id, key), 2);
        set_credential(&credentials[0], "elastiCacheGlobal.aws_access_key_id", id);
        set_credential(&credentials[1], "elastiCacheGlobal.aws_secret_access_key", key);
        if (options.username) {
                set_credential(&credentials[credential_count++], "username", options.username);
                set_credential(&credentials[credential_count++], "password", "secret");
        }
        const struct target_config config = {.settings = settings,
                                             .setting_count = count_of,
                                             .credentials = credentials,
                                             .credential_count = credential_count};
        struct target_session *session = NULL;
        struct errmsg why = {0};
        if (target_driver_find("elastiCacheGlobal")->open(&config, &session, &why) != ERR_OK)
                fail_msg("open: %s", why.text);
        for (size_t i = 0; i < credential_count; i++)
                secret_clear(&credentials[i].value);
        return session;
}

/* The state is the caller's where ERR_OK. */
static enum err look_after(struct options options, const char *kept, struct target_visit *ret)
{
        struct target_session *session = open_session(options);
        *ret = (struct target_visit){.verb = TARGET_READ, .name = ID, .kept = kept, .deadline = in_ms(PATIENCE_MS)};
        target_visit(session, ret);
        target_close(session);
        return ret->err;
}

static enum err look(struct options options, struct target_visit *ret)
{
        return look_after(options, NULL, ret);
}

static void expect_shown(struct options options, const char *value, const char *doubt)
{
        struct target_visit visit;
        if (look(options, &visit) != ERR_OK)
                fail_msg("read: %s", visit.why.text);
        assert_string_equal(visit.found.value, value);
        assert_int_equal(visit.found.present, value[0] != '\0');
        if (doubt)
                assert_non_null(strstr(visit.found.doubt ? visit.found.doubt : "", doubt));
        else
                assert_null(visit.found.doubt);
        target_state_clear(&visit.found);
}

static void expect_unready(struct options options, const char *reason, const char *words)
{
        struct target_visit visit;
        if (look(options, &visit) != ERR_OK)
                fail_msg("read: %s", visit.why.text);
        assert_int_equal(visit.found.unready_count, reason ? 1 : 0);
        if (reason) {
                assert_string_equal(visit.found.unready[0].value, addresses[B]);
                assert_string_equal(visit.found.unready[0].reason, reason);
                assert_non_null(strstr(visit.found.unready[0].why, words));
        }
        target_state_clear(&visit.found);
}

/* Makes B the primary; @from: what is expected, "" for nothing. */
static enum err promote(struct options options, const char *from, struct target_visit *ret)
{
        struct target_session *session = open_session(options);
        const struct target_state expected = {.present = from[0] != '\0', .value = (char *)from};
        const struct target_want want = {
            .value = addresses[B], .epoch = 2, .id = 0xabc2, .plane = "b", .store = STORE};
        *ret = (struct target_visit){.verb = TARGET_SWAP,
                                     .name = ID,
                                     .expected = &expected,
                                     .want = &want,
                                     .deadline = in_ms(PATIENCE_MS)};
        target_visit(session, ret);
        if (ret->err == ERR_OK)
                assert_string_equal(ret->found.value, addresses[B]);
        target_state_clear(&ret->found);
        target_close(session);
        return ret->err;
}

static void expect_refused(enum err err, const char *words)
{
        struct target_visit visit;
        assert_error(promote(to_b, addresses[A], &visit), err, &visit.why, words);
        assert_true(says(B, "ROLE", "slave"));
}

/* As the core does it: a look at what is pending, and one more try where that shows another value. */
static void assert_promotes(struct options options, const char *from)
{
        struct target_visit visit;
        enum err err = ERR_PENDING;
        for (int64_t limit = in_ms(3 * PATIENCE_MS); err == ERR_PENDING && clock_mono() < limit;)
                err = promote(options, from, &visit);
        if (err != ERR_OK)
                fail_msg("promote: %s", visit.why.text);
        assert_true(says(B, "ROLE", "master"));
}

static int tidy(void **state)
{
        wish("{\"datastore\": {\"id\": \"" ID "\", \"members\": []}}"); /* which changes no role any more */
        return stop_all(state);
}

/* ---- tests ---- */

static void a_failover_is_pending_until_the_new_primary_takes_writes(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        expect_shown(at_rest, addresses[A], NULL);
        wish("{\"modifying_s\": 1}");
        assert_int_equal(promote(to_b, addresses[A], &visit), ERR_PENDING);
        assert_int_equal(look(to_b, &visit), ERR_OK);
        assert_true(visit.found.settling);
        target_state_clear(&visit.found);
        assert_promotes(to_b, addresses[A]);
        await(A, "INFO replication", "master_link_status:up");
        assert_true(says(B, "GET kept", "1"));
        expect_shown(to_b, addresses[B], NULL);
        assert_promotes(to_b, addresses[A]); /* once more changes nothing */
        assert_int_equal(count(FAILOVER), 1);
        char *seen = standin("boto", "{\"region\": \"eu-west-1\", \"operation\": \"describe_global_replication_groups\","
                                     " \"parameters\": {\"ShowMemberInfo\": true, \"GlobalReplicationGroupId\": \"" ID "\"}}");
        assert_non_null(strstr(seen, "\"ReplicationGroupId\": \"gloo-b\", \"ReplicationGroupRegion\": \"eu-central-1\", "
                                     "\"Role\": \"PRIMARY\""));
        free(seen);
}

static void a_region_that_is_lost_is_not_asked_first(void **state)
{
        (void)state;
        arrange();
        stop(A);
        wish("{\"silent\": [\"eu-west-1\"]}");
        const mono_ms began = clock_mono();
        assert_promotes(to_b, addresses[A]);
        assert_in_range(clock_mono() - began, 0, PATIENCE_MS);
        assert_int_equal(count("eu-west-1"), 0);
        expect_shown(to_b, addresses[B], NULL);
}

static void another_region_tells_where_the_first_does_not_answer(void **state)
{
        (void)state;
        arrange();
        wish("{\"lost\": [\"eu-west-1\"]}");
        expect_shown(at_rest, addresses[A], NULL);
        wish("{\"silent\": [\"eu-west-1\"]}");
        expect_shown(at_rest, addresses[A], NULL);
        stop(A);
        expect_shown(at_rest, addresses[A], "it takes no writes"); /* nobody has taken its place */
        expect_shown(to_b, "", "it takes no writes");
}

static void no_region_that_answers_is_transient_in_time(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        wish("{\"silent\": [\"eu-west-1\", \"eu-central-1\"]}");
        const mono_ms began = clock_mono();
        assert_error(look(at_rest, &visit), ERR_TRANSIENT, &visit.why, "ElastiCache eu-west-1");
        assert_in_range(clock_mono() - began, 0, PATIENCE_MS);
        expect_refused(ERR_TRANSIENT, "ElastiCache eu-central-1");
}

static void what_is_named_the_primary_and_is_a_replica_is_not_done(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        wish("{\"stays_secondary\": true, \"modifying_s\": 0}");
        assert_int_equal(promote(to_b, addresses[A], &visit), ERR_PENDING);
        await_available();
        assert_error(promote(to_b, addresses[A], &visit), ERR_PENDING, &visit.why, "it is a replica still");
        expect_shown(to_b, "", "it is a replica still");
        tell(B, "REPLICAOF NO ONE");
        assert_int_equal(promote(to_b, "", &visit), ERR_OK);
}

static void a_primary_that_takes_no_writes_is_not_done(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        tell(B, "CONFIG SET min-replicas-to-write 2");
        assert_int_equal(promote(to_b, addresses[A], &visit), ERR_PENDING);
        await_available();
        assert_error(promote(to_b, addresses[A], &visit), ERR_PENDING, &visit.why, "takes no writes yet");
        expect_shown(to_b, "", "NOREPLICAS");
        tell(B, "CONFIG SET min-replicas-to-write 0");
        assert_promotes(to_b, "");
}

static void a_datastore_that_is_modified_is_waited_for_and_asked_nothing(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        wish("{\"status\": \"modifying\"}");
        assert_error(promote(to_b, addresses[A], &visit), ERR_PENDING, &visit.why, "is modifying the global datastore");
        assert_int_equal(count(FAILOVER), 0);
        expect_shown(at_rest, addresses[A], NULL); /* of a node type, maybe */
        expect_unready(at_rest, "GlobalDatastoreNotAvailable", "takes no failover until it is available again");
        wish("{\"status\": \"available\"}");
        expect_unready(at_rest, NULL, NULL);
}

static void a_lost_answer_is_unknown_and_then_seen(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        wish("{\"lose_reply\": 1}");
        assert_int_equal(promote(to_b, addresses[A], &visit), ERR_UNKNOWN);
        assert_promotes(to_b, addresses[A]);
        assert_int_equal(count(FAILOVER), 1);
}

static void refusals_are_told_with_what_a_person_may_do(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        refuse("InvalidGlobalReplicationGroupState", "is not in available state", 400, FAILOVER, 1);
        expect_refused(ERR_TRANSIENT, "takes no failover now (InvalidGlobalReplicationGroupState");
        refuse("InvalidParameterValue", "is not a member", 400, FAILOVER, 1);
        expect_refused(ERR_INVALID, "correct spec.redis.elastiCache");
        refuse("Throttling", "Rate exceeded", 400, FAILOVER, 1);
        assert_error(promote(to_b, addresses[A], &visit), ERR_TRANSIENT, &visit.why, "Throttling");
        assert_true(visit.retry_after_ms >= 1000);
        refuse("Throttling", "Rate exceeded", 400, DESCRIBE, 2);
        assert_error(look(at_rest, &visit), ERR_TRANSIENT, &visit.why, "ElastiCache eu-west-1: Throttling");
        assert_true(visit.retry_after_ms >= 1000);
        refuse("InternalFailure", "try again", 500, FAILOVER, 1);
        expect_refused(ERR_UNKNOWN, "InternalFailure");
        const struct options elsewhere = {.planned = A, .id = "ldgnf-other"};
        assert_error(look(elsewhere, &visit), ERR_INVALID, &visit.why, "eu-west-1: it knows no global datastore ldgnf-other");
        wish("{\"body\": \"<html>no</html>\"}");
        assert_error(look(at_rest, &visit), ERR_INVALID, &visit.why, "an answer that");
}

static void keys_that_are_refused_are_told_with_the_action(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        put_keys(", \"denied\": [\"" FAILOVER "\"]");
        expect_refused(ERR_DENIED, "allow elasticache:FailoverGlobalReplicationGroup in the IAM policy");
        put_keys(", \"denied\": [\"" DESCRIBE "\"]");
        assert_error(look(at_rest, &visit), ERR_DENIED, &visit.why, "allow elasticache:" DESCRIBE);
        put_keys(", \"expired\": true");
        assert_error(look(at_rest, &visit), ERR_DENIED, &visit.why, "have expired");
}

static enum err ask_rights(struct options options, struct errmsg *why)
{
        struct target_session *session = open_session(options);
        struct target_preflight question = {.name = ID, .deadline = in_ms(PATIENCE_MS)};
        enum err err = target_may_write(session, &question, why);
        target_close(session);
        return err;
}

static void rights_are_told_before_there_is_a_switch(void **state)
{
        (void)state;
        struct errmsg why = {0};
        arrange();
        if (ask_rights(at_rest, &why) != ERR_OK)
                fail_msg("%s", why.text);
        assert_true(says(A, "ROLE", "master"));
        assert_true(has("\"status\": \"available\""));
        put_keys(", \"denied\": [\"" FAILOVER "\"]");
        assert_error(ask_rights(at_rest, &why), ERR_DENIED, &why, "allow elasticache:" FAILOVER);
        put_keys(", \"groups\": [\"gloo-a\", \"gloo-b\"]"); /* a policy for these two alone */
        assert_int_equal(ask_rights(at_rest, &why), ERR_OK);
        put_keys("");
        tell(B, "ACL SETUSER narrow on '>secret' '~planekeeper:write-probe' -@all +info +eval");
        tell(A, "ACL SETUSER narrow on '>secret' '~planekeeper:write-probe' -@all +info +eval +set");
        const struct options narrow = {.planned = A, .is_settled = true, .username = "narrow"};
        assert_error(ask_rights(narrow, &why), ERR_DENIED, &why, "may not SET: grant +info +set +eval");
        wish("{\"lost\": [\"eu-west-1\", \"eu-central-1\"]}");
        assert_int_not_equal(ask_rights(at_rest, &why), ERR_DENIED); /* who is away accuses nobody */
}

static void a_plane_that_is_no_region_of_it_is_told(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        const struct options wrong = {.planned = A, .is_settled = true, .group_id = "gloo-x"};
        expect_unready(wrong, "RedisNotInGlobalDatastore", "gloo-a in eu-west-1, gloo-b in eu-central-1");
        assert_error(promote(wrong, addresses[A], &visit), ERR_INVALID, &visit.why, "has no replication group gloo-x");
        const struct options silent = {.planned = A, .is_settled = true, .group_id = ""};
        expect_unready(silent, "RedisNotInGlobalDatastore", "write spec.redis.elastiCache of the ManagementPlane");
        assert_error(promote(silent, addresses[A], &visit), ERR_INVALID, &visit.why, "spec.redis.elastiCache");
}

static void a_primary_of_no_plane_is_shown_by_its_name(void **state)
{
        (void)state;
        arrange();
        assert_promotes(to_b, addresses[A]);
        const struct options silent = {.planned = A, .is_settled = true, .group_id = ""};
        expect_shown(silent, "eu-central-1/gloo-b", "which is no plane's");
}

static void a_replica_without_a_copy_is_never_promoted(void **state)
{
        (void)state;
        static const char *const slow[] = {"--repl-diskless-sync-delay", "60", "--repl-diskless-sync", "yes", NULL};
        put_keys("");
        put_datastore("");
        start(A, slow);
        start(B, NULL);
        tell(A, "SET kept 1");
        free(shell("%s -p %s REPLICAOF 127.0.0.1 %s", redis_tool, ports[B], ports[A]));
        await(A, "INFO replication", "state=wait_bgsave");
        expect_refused(ERR_TRANSIENT, "it has no copy of the data");
        expect_unready(at_rest, "RedisReplicaNotSynced", "has no copy of the data");
        assert_int_equal(count(FAILOVER), 0);
}

/* One that has the primary's stream is behind by what it has not got; one that has another says nothing of that. */
static void offsets_of_another_stream_say_nothing(void **state)
{
        (void)state;
        struct target_visit first, second;
        const struct options strict = {.planned = A, .is_settled = true, .max_lag = "0"};
        arrange();
        start(C, NULL);
        follow(B, C);
        tell(A, "SET more 1");
        assert_int_equal(look(strict, &first), ERR_OK);
        (void)usleep(1200 * 1000);
        tell(A, "SET more 2");
        assert_int_equal(look_after(strict, first.found.version, &second), ERR_OK);
        assert_int_equal(second.found.unready_count, 0);
        target_state_clear(&first.found);
        target_state_clear(&second.found);
}

static void a_move_by_somebody_else_is_a_conflict(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        assert_error(promote(to_b, "10.0.0.9:6379", &visit), ERR_CONFLICT, &visit.why, addresses[A]);
        assert_int_equal(count(FAILOVER), 0);
}

static void a_former_primary_that_does_not_know_is_told(void **state)
{
        (void)state;
        arrange();
        assert_promotes(to_b, addresses[A]);
        await(A, "ROLE", "slave");
        wish("{\"lost\": [\"eu-west-1\"]}"); /* ElastiCache does not reach it, either */
        tell(A, "REPLICAOF NO ONE");
        const struct options moved = {.planned = B, .is_settled = true};
        expect_shown(moved, addresses[B], "still calls itself primary");
        wish("{}");
        await(A, "ROLE", "slave");
        expect_shown(moved, addresses[B], NULL);
}

static void cluster_mode_is_refused(void **state)
{
        (void)state;
        struct target_visit visit;
        arrange();
        put_datastore(", \"cluster\": true");
        assert_error(look(at_rest, &visit), ERR_INVALID, &visit.why, "is in cluster mode");
}

#define ALONE(test) cmocka_unit_test_teardown(test, tidy)

int main(void)
{
        const struct CMUnitTest tests[] = {
            ALONE(a_failover_is_pending_until_the_new_primary_takes_writes),
            ALONE(a_region_that_is_lost_is_not_asked_first),
            ALONE(another_region_tells_where_the_first_does_not_answer),
            ALONE(no_region_that_answers_is_transient_in_time),
            ALONE(what_is_named_the_primary_and_is_a_replica_is_not_done),
            ALONE(a_primary_that_takes_no_writes_is_not_done),
            ALONE(a_datastore_that_is_modified_is_waited_for_and_asked_nothing),
            ALONE(a_lost_answer_is_unknown_and_then_seen),
            ALONE(refusals_are_told_with_what_a_person_may_do),
            ALONE(keys_that_are_refused_are_told_with_the_action),
            ALONE(rights_are_told_before_there_is_a_switch),
            ALONE(a_plane_that_is_no_region_of_it_is_told),
            ALONE(a_primary_of_no_plane_is_shown_by_its_name),
            ALONE(a_replica_without_a_copy_is_never_promoted),
            ALONE(offsets_of_another_stream_say_nothing),
            ALONE(a_move_by_somebody_else_is_a_conflict),
            ALONE(a_former_primary_that_does_not_know_is_told),
            ALONE(cluster_mode_is_refused),
        };
        (void)signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests_name("elasticache", tests, find_ports, NULL);
}
