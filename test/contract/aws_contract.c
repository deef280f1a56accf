/* aws_contract.c -- signed calls, and the places that keys come from; against the stand-in of aws/, whose judge of
 * signatures is botocore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract.h"
#include "targets/aws/client.h"
#include "util/strbuf.h"

#define ROLE "arn:aws:iam::123456789012:role/planekeeper"

static char program[4096];

/* ---- hands ---- */

/* What the stand-in is to do from now on; what it saw since the last time is the caller's to free. */
static char *tell(const char *wish)
{
        return shell("curl -sS --fail --data '%s' http://%s/_stand_in", wish, server("CONTRACT_AWS"));
}

static void wish(const char *text)
{
        free(tell(text));
}

static unsigned count(const char *text, const char *part)
{
        unsigned found = 0;
        for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
                found++;
        return found;
}

static void calm(void)
{
        wish("{\"faults\": [], \"metadata\": \"\", \"valid_s\": 3600, \"web_identity_token\": "
             "\"header.claims.signature\"}");
}

static const char *assumed_role, *external_id; /* of the next client; NULL: none */

static int reset(void **state)
{
        (void)state;
        calm();
        assumed_role = external_id = NULL;
        return 0;
}

static struct aws_client *open_client(const char *id, const char *secret, const struct aws_environment *environment)
{
        struct target_credential entries[] = {{.key = "aws_access_key_id"}, {.key = "aws_secret_access_key"}};
        char endpoint[64];
        (void)snprintf(endpoint, sizeof(endpoint), "http://%s", server("CONTRACT_AWS"));
        if (id) {
                secret_set(&entries[0].value, id, strlen(id));
                secret_set(&entries[1].value, secret, strlen(secret));
        }
        const struct aws_config config = {.service = "route53",
                                          .region = "us-east-1",
                                          .endpoint = endpoint,
                                          .credentials = entries,
                                          .credential_count = id ? 2 : 0,
                                          .environment = environment,
                                          .role_arn = assumed_role,
                                          .external_id = external_id};
        struct aws_client *client = NULL;
        struct errmsg why = {0};
        if (aws_open(&config, &client, &why) != ERR_OK)
                fail_msg("%s", why.text);
        secret_clear(&entries[0].value);
        secret_clear(&entries[1].value);
        return client;
}

static enum err list_zones(struct aws_client *client, int64_t patience_ms, struct aws_answer *answer,
                           struct errmsg *why)
{
        static const struct aws_request request = {
            .method = "GET", .path = "/2013-04-01/hostedzone", .action = "route53:ListHostedZones"};
        return aws_call(client, &request, in_ms(patience_ms), answer, why);
}

static void assert_lists(struct aws_client *client)
{
        struct aws_answer answer;
        struct errmsg why = {0};
        if (list_zones(client, PATIENCE_MS, &answer, &why) != ERR_OK)
                fail_msg("%s", why.text);
        assert_string_equal(answer.xml.root->name, "ListHostedZonesResponse");
        aws_answer_clear(&answer);
}

static void assert_fails(struct aws_client *client, int64_t patience_ms, enum err wanted, const char *part)
{
        struct aws_answer answer;
        struct errmsg why = {0};
        enum err err = list_zones(client, patience_ms, &answer, &why);
        assert_error(err, wanted, &why, part);
        aws_answer_clear(&answer);
}

static const char *file_of(const char *name)
{
        static char path[4096];
        (void)snprintf(path, sizeof(path), "%s/%s", server("CONTRACT_AWS_FOLDER"), name);
        return path;
}

static const char *url_of(const char *variable, const char *path)
{
        static char url[256];
        (void)snprintf(url, sizeof(url), "http://%s%s", server(variable), path);
        return url;
}

/* ---- signatures ---- */

static void signatures_are_accepted(void **state)
{
        (void)state;
        struct aws_client *client = open_client("AKIDEXAMPLE", "secret", NULL);
        static const char body[] =
            "<?xml version=\"1.0\"?><CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
            "<Name>dr.test</Name><CallerReference>aws-contract</CallerReference></CreateHostedZoneRequest>";
        static const struct aws_request create = {.method = "POST",
                                                  .path = "/2013-04-01/hostedzone",
                                                  .body = body,
                                                  .body_bytes = sizeof(body) - 1,
                                                  .content_type = "application/xml",
                                                  .action = "route53:CreateHostedZone",
                                                  .changes = true};
        struct aws_answer answer;
        struct errmsg why = {0};
        if (aws_call(client, &create, in_ms(PATIENCE_MS), &answer, &why) != ERR_OK)
                fail_msg("%s", why.text);
        assert_int_equal(answer.status, 201);
        const char *id = xml_text(answer.xml.root, "HostedZone/Id");
        assert_non_null(id);
        char path[128];
        (void)snprintf(path, sizeof(path), "/2013-04-01%s/rrset", id);
        aws_answer_clear(&answer);
        static const struct aws_parameter parameters[] = {
            {"type", "TXT"}, {"name", "*.a_b-c~d.dr.test"}, {"maxitems", "2"}};
        const struct aws_request list = {.method = "GET",
                                         .path = path,
                                         .parameters = parameters,
                                         .parameter_count = 3,
                                         .action = "route53:ListResourceRecordSets"};
        if (aws_call(client, &list, in_ms(PATIENCE_MS), &answer, &why) != ERR_OK)
                fail_msg("%s", why.text);
        assert_string_equal(xml_text(answer.xml.root, "MaxItems"), "2");
        aws_answer_clear(&answer);
        aws_close(client);
}

static void keys_are_judged(void **state)
{
        (void)state;
        static const struct {
                const char *id, *secret, *part;
        } cases[] = {
            {"AKIDEXAMPLE", "wrong", "SignatureDoesNotMatch: the secret access key does not fit"},
            {"AKIDNOBODY", "secret", "InvalidClientTokenId: AWS does not know the access key id"},
            {"AKIDDENIED", "secret", "AccessDenied: allow route53:ListHostedZones in the IAM policy"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct aws_client *client = open_client(cases[i].id, cases[i].secret, NULL);
                assert_fails(client, PATIENCE_MS, ERR_DENIED, cases[i].part);
                aws_close(client);
        }
}

static void connection_is_kept(void **state)
{
        (void)state;
        struct aws_client *client = open_client("AKIDEXAMPLE", "secret", NULL);
        int64_t took_us[50];
        for (size_t i = 0; i < sizeof(took_us) / sizeof(took_us[0]); i++) {
                int64_t before = clock_mono_us();
                assert_lists(client);
                took_us[i] = clock_mono_us() - before;
        }
        char *ports = shell("ss -Htn dst %s | wc -l", server("CONTRACT_AWS"));
        assert_string_equal(ports, "1");
        free(ports);
        print_times("a signed read of the stand-in", took_us, sizeof(took_us) / sizeof(took_us[0]));
        aws_close(client);
}

/* ---- faults ---- */

static void throttling_says_when_to_come_again(void **state)
{
        (void)state;
        wish("{\"faults\": [{\"match\": \"GET /2013\", \"status\": 400, \"code\": \"Throttling\", \"message\": \"Rate "
             "exceeded\", \"retry_after\": 3}]}");
        struct aws_client *client = open_client("AKIDEXAMPLE", "secret", NULL);
        struct aws_answer answer;
        struct errmsg why = {0};
        assert_error(list_zones(client, PATIENCE_MS, &answer, &why), ERR_TRANSIENT, &why, "Throttling: Rate exceeded");
        assert_int_equal(answer.retry_after_ms, 3000);
        aws_answer_clear(&answer);
        assert_lists(client);
        aws_close(client);
}

static void lost_answer_is_unknown(void **state)
{
        (void)state;
        wish("{\"faults\": [{\"match\": \"POST /2013\", \"lose\": true, \"times\": 5}]}");
        struct aws_client *client = open_client("AKIDEXAMPLE", "secret", NULL);
        static const char body[] = "<CreateHostedZoneRequest><Name>lost.test</Name><CallerReference>lost</"
                                   "CallerReference></CreateHostedZoneRequest>";
        static const struct aws_request create = {.method = "POST",
                                                  .path = "/2013-04-01/hostedzone",
                                                  .body = body,
                                                  .body_bytes = sizeof(body) - 1,
                                                  .content_type = "application/xml",
                                                  .action = "route53:CreateHostedZone",
                                                  .changes = true};
        struct aws_answer answer;
        struct errmsg why = {0};
        assert_error(aws_call(client, &create, in_ms(PATIENCE_MS), &answer, &why), ERR_UNKNOWN, &why,
                     "http://127.0.0.1");
        aws_answer_clear(&answer);
        assert_int_equal(list_zones(client, PATIENCE_MS, &answer, &why), ERR_OK);
        bool is_there = false;
        const struct xml_node *zone = xml_find(answer.xml.root, "HostedZones/HostedZone");
        for (; zone; zone = xml_next(zone))
                is_there = is_there || strcmp(xml_text(zone, "Name"), "lost.test.") == 0;
        assert_true(is_there);
        aws_answer_clear(&answer);
        aws_close(client);
}

/* This program once more, as a client whose clock is off. */
static void wrong_clock_is_named(void **state)
{
        (void)state;
        char *ahead = shell("ASAN_OPTIONS=verify_asan_link_order=0 faketime -f +600s %s clock", program);
        assert_non_null(
            strstr(ahead, "denied SignatureDoesNotMatch: the clock of this machine is 10 minutes ahead of AWS's"));
        free(ahead);
        char *behind = shell("ASAN_OPTIONS=verify_asan_link_order=0 faketime -f -600s %s clock", program);
        assert_non_null(
            strstr(behind, "denied SignatureDoesNotMatch: the clock of this machine is 10 minutes behind AWS's"));
        free(behind);
}

static int print_call(void)
{
        struct aws_client *client = open_client("AKIDEXAMPLE", "secret", NULL);
        struct aws_answer answer;
        struct errmsg why = {0};
        enum err err = list_zones(client, PATIENCE_MS, &answer, &why);
        (void)printf("%s %s\n", err_name(err), why.text);
        aws_answer_clear(&answer);
        aws_close(client);
        return 0;
}

/* ---- web identity ---- */

static struct aws_environment web_identity(void)
{
        static char sts[64];
        static char file[4096];
        (void)snprintf(sts, sizeof(sts), "http://%s", server("CONTRACT_AWS"));
        (void)snprintf(file, sizeof(file), "%s", file_of("web-identity-token"));
        return (struct aws_environment){.role_arn = ROLE, .web_identity_token_file = file, .sts_endpoint = sts};
}

static void web_identity_gives_keys_that_are_kept(void **state)
{
        (void)state;
        const struct aws_environment environment = web_identity();
        struct aws_client *client = open_client(NULL, NULL, &environment);
        free(tell("{}"));
        for (int i = 0; i < 3; i++)
                assert_lists(client);
        char *seen = tell("{}");
        assert_int_equal(count(seen, "sts POST"), 1);
        assert_int_equal(count(seen, "GET /2013"), 3);
        free(seen);
        aws_close(client);
}

enum { RENEWALS = 2, CALLS_AT_A_TIME = 20 };

static void keys_are_renewed_before_they_end(void **state)
{
        (void)state;
        wish("{\"valid_s\": 3}");
        const struct aws_environment environment = web_identity();
        struct aws_client *client = open_client(NULL, NULL, &environment);
        assert_lists(client);
        free(tell("{}"));
        unsigned asked = 0;
        mono_ms until = in_ms(3 * PATIENCE_MS);
        while (asked < RENEWALS && clock_mono() < until) { /* none of the calls meets the end of its keys */
                for (unsigned i = 0; i < CALLS_AT_A_TIME; i++)
                        assert_lists(client);
                char *seen = tell("{}");
                asked += count(seen, "sts POST");
                assert_int_equal(count(seen, "GET /2013"), CALLS_AT_A_TIME);
                free(seen);
        }
        assert_true(asked >= RENEWALS);
        aws_close(client);
}

/* ---- a further role ---- */

static void a_role_is_assumed_once_and_renewed_when_it_ends(void **state)
{
        (void)state;
        const struct aws_environment environment = web_identity();
        assumed_role = "arn:aws:iam::210987654321:role/of-a-partner";
        external_id = "our-contract";
        struct aws_client *clients[] = {open_client("AKIDEXAMPLE", "secret", &environment), open_client(NULL, NULL, &environment)};
        for (unsigned i = 0; i < 2; i++) { /* with keys of the Secret, and with those that are assumed themselves */
                free(tell("{}"));
                for (unsigned call = 0; call < 3; call++)
                        assert_lists(clients[i]);
                char *seen = tell("{\"expire\": true}");
                assert_int_equal(count(seen, "sts POST"), i + 1);
                assert_int_equal(count(seen, "GET /2013"), 3);
                free(seen);
                assert_lists(clients[i]);
                seen = tell("{}");
                assert_int_equal(count(seen, "sts POST"), i + 1);
                free(seen);
                aws_close(clients[i]);
        }
}

static void a_role_that_may_not_be_assumed_is_told(void **state)
{
        (void)state;
        static const struct {
                const char *role, *external_id, *key, *part;
        } rows[] = {
            {"arn:aws:iam::210987654321:role/of-a-partner", NULL, "AKIDEXAMPLE", "role/of-a-partner: let its trust policy name who"},
            {"arn:aws:iam::210987654321:role/of-a-partner", "another", "AKIDEXAMPLE", "(with this externalID)"},
            {"arn:aws:iam::210987654321:role/not-trusted", NULL, "AKIDEXAMPLE", "allow them sts:AssumeRole"},
            {"arn:aws:iam::210987654321:role/of-a-partner", "our-contract", "AKIDNOBODY", "InvalidClientTokenId"},
        };
        const struct aws_environment environment = web_identity();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assumed_role = rows[i].role;
                external_id = rows[i].external_id;
                struct aws_client *client = open_client(rows[i].key, "secret", &environment);
                assert_fails(client, PATIENCE_MS, ERR_DENIED, rows[i].part);
                aws_close(client);
        }
}

static void expired_token_is_renewed_within_the_call(void **state)
{
        (void)state;
        const struct aws_environment environment = web_identity();
        struct aws_client *client = open_client(NULL, NULL, &environment);
        assert_lists(client);
        wish("{\"expire\": true}");
        free(tell("{}"));
        assert_lists(client);
        char *seen = tell("{}");
        assert_int_equal(count(seen, "sts POST"), 1);
        assert_int_equal(count(seen, "GET /2013"), 2);
        free(seen);
        aws_close(client);
}

static void kept_keys_do_while_sts_is_away(void **state)
{
        (void)state;
        wish("{\"valid_s\": 6}");
        const struct aws_environment environment = web_identity();
        struct aws_client *client = open_client(NULL, NULL, &environment);
        assert_lists(client);
        wish("{\"faults\": [{\"match\": \"sts\", \"status\": 500, \"code\": \"InternalFailure\", \"times\": 100}]}");
        mono_ms half = in_ms(3500);
        while (clock_mono() < half)
                assert_lists(client);
        char *seen = tell("{}");
        assert_int_equal(count(seen, "sts POST"), 1);
        free(seen);
        aws_close(client);
        client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_TRANSIENT,
                     "AWS credentials by web identity: STS: HTTP 500, InternalFailure");
        aws_close(client);
}

static void web_identity_says_what_is_wrong(void **state)
{
        (void)state;
        struct aws_environment environment = web_identity();
        environment.role_arn = "arn:aws:iam::123456789012:role/not-trusted";
        struct aws_client *client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_DENIED, "the trust policy of arn:aws:iam::123456789012:role/not-trusted");
        aws_close(client);
        environment = web_identity();
        environment.web_identity_token_file = "/nonexistent/token";
        client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_INVALID, "AWS_WEB_IDENTITY_TOKEN_FILE: /nonexistent/token: No such file");
        aws_close(client);
        environment = web_identity();
        environment.sts_endpoint = NULL;
        client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_INVALID, "AWS_REGION is not set");
        aws_close(client);
        environment.sts_endpoint = "http://sts.example.com";
        client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_INVALID, "AWS_ENDPOINT_URL_STS");
        aws_close(client);
        environment = web_identity();
        wish("{\"web_identity_token\": \"another\"}");
        client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_DENIED, "InvalidIdentityToken");
        /* The file is read anew each time. */
        wish("{\"web_identity_token\": \"header.claims.signature\"}");
        assert_lists(client);
        aws_close(client);
}

/* ---- agents and the instance metadata ---- */

static struct aws_environment pod_identity(void)
{
        static char url[256], file[4096];
        (void)snprintf(url, sizeof(url), "%s", url_of("CONTRACT_AWS_METADATA", "/v1/credentials"));
        (void)snprintf(file, sizeof(file), "%s", file_of("agent-token"));
        return (struct aws_environment){.container_full_uri = url, .container_token_file = file};
}

static void agent_gives_keys(void **state)
{
        (void)state;
        struct aws_environment environment = pod_identity();
        struct aws_client *client = open_client(NULL, NULL, &environment);
        assert_lists(client);
        wish("{\"expire\": true}");
        assert_lists(client);
        aws_close(client);
        environment.container_token_file = NULL;
        environment.container_token = "agent-secret";
        client = open_client(NULL, NULL, &environment);
        assert_lists(client);
        aws_close(client);
}

static void agent_errors_are_named(void **state)
{
        (void)state;
        struct aws_environment environment = pod_identity();
        environment.container_token_file = NULL;
        struct aws_client *client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_DENIED, "container credentials: the agent answers HTTP 401");
        environment = pod_identity();
        wish("{\"metadata\": \"no-role\"}");
        assert_fails(client, PATIENCE_MS, ERR_DENIED, "no role is associated");
        wish("{\"metadata\": \"broken\"}");
        assert_fails(client, PATIENCE_MS, ERR_TRANSIENT, "HTTP 500");
        wish("{\"metadata\": \"silent\"}");
        mono_ms before = clock_mono();
        assert_fails(client, SHORT_MS, ERR_TRANSIENT, "no complete answer within");
        assert_true(clock_mono() - before < SHORT_MS + 1000);
        aws_close(client);
        static const char *const elsewhere[] = {"http://192.0.2.1/v1/credentials", "http://169.254.169.254/latest",
                                                "ftp://127.0.0.1/x"};
        for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
                environment.container_full_uri = elsewhere[i];
                client = open_client(NULL, NULL, &environment);
                assert_fails(client, PATIENCE_MS, ERR_INVALID, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
                aws_close(client);
        }
}

static void instance_metadata_is_asked_where_it_is_allowed(void **state)
{
        (void)state;
        static char base[256];
        (void)snprintf(base, sizeof(base), "%s", url_of("CONTRACT_AWS_METADATA", ""));
        struct aws_environment environment = {.instance_endpoint = base};
        struct aws_client *client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_INVALID, "instance metadata: needs --aws-instance-metadata");
        environment.use_instance_metadata = true;
        assert_lists(client);
        aws_close(client);
        client = open_client(NULL, NULL, &environment);
        wish("{\"metadata\": \"no-role\"}");
        assert_fails(client, PATIENCE_MS, ERR_INVALID, "no role is attached to this machine");
        wish("{\"metadata\": \"silent\"}");
        mono_ms before = clock_mono();
        assert_fails(client, SHORT_MS, ERR_TRANSIENT, "hop limit of 2");
        assert_true(clock_mono() - before < SHORT_MS + 1000);
        aws_close(client);
}

static void first_configured_source_is_the_only_one(void **state)
{
        (void)state;
        struct aws_environment environment = web_identity();
        environment.access_key_id = "AKIDNOBODY";
        environment.secret_access_key = "x";
        struct aws_client *client = open_client("AKIDEXAMPLE", "secret", &environment);
        assert_lists(client);
        aws_close(client);
        client = open_client(NULL, NULL, &environment);
        assert_fails(client, PATIENCE_MS, ERR_DENIED,
                     "InvalidClientTokenId: AWS does not know the access key id (environment)");
        aws_close(client);
}

int main(int argc, char **argv)
{
        if (argc > 1 && strcmp(argv[1], "clock") == 0)
                return print_call();
        if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
                return EXIT_FAILURE;
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(signatures_are_accepted, reset),
            cmocka_unit_test_setup(keys_are_judged, reset),
            cmocka_unit_test_setup(connection_is_kept, reset),
            cmocka_unit_test_setup(throttling_says_when_to_come_again, reset),
            cmocka_unit_test_setup(lost_answer_is_unknown, reset),
            cmocka_unit_test_setup(wrong_clock_is_named, reset),
            cmocka_unit_test_setup(web_identity_gives_keys_that_are_kept, reset),
            cmocka_unit_test_setup(keys_are_renewed_before_they_end, reset),
            cmocka_unit_test_setup(a_role_is_assumed_once_and_renewed_when_it_ends, reset),
            cmocka_unit_test_setup(a_role_that_may_not_be_assumed_is_told, reset),
            cmocka_unit_test_setup(expired_token_is_renewed_within_the_call, reset),
            cmocka_unit_test_setup(kept_keys_do_while_sts_is_away, reset),
            cmocka_unit_test_setup(web_identity_says_what_is_wrong, reset),
            cmocka_unit_test_setup(agent_gives_keys, reset),
            cmocka_unit_test_setup(agent_errors_are_named, reset),
            cmocka_unit_test_setup(instance_metadata_is_asked_where_it_is_allowed, reset),
            cmocka_unit_test_setup(first_configured_source_is_the_only_one, reset),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
