/* aws_client_test.c -- calls to a peer that answers as a test wants: what is sent, what comes of each answer, keys that
 * are written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "peer.h"
#include "runtime/clock.h"
#include "targets/aws/client.h"
#include "util/strbuf.h"

enum { PATIENCE_MS = 5000, SHORT_MS = 200 };

#define OPEN_ERROR                                 \
        "<?xml version=\"1.0\"?>\n<ErrorResponse " \
        "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>"
#define CLOSE_ERROR "</Error><RequestId>id-of-the-body</RequestId></ErrorResponse>"

/* What the peer answers to every request, in the words of HTTP. */
struct script {
        const char *status;  /* "200 OK"; NULL: it never answers */
        const char *headers; /* each with its "\r\n" */
        const char *body;    /* "": the request's head, as XML */
        bool closes;         /* before it answers, the request read */
};

static void answer_head(struct peer_connection *connection, const char *head)
{
        struct strbuf body = STRBUF_INIT(65536);
        (void)strbuf_printf(&body, "<head><![CDATA[%s]]></head>", head);
        char text[256];
        (void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body.bytes);
        (void)peer_write_text(connection, text);
        (void)peer_write_text(connection, strbuf_text(&body));
        strbuf_deinit(&body);
}

static void serve(struct peer_connection *connection)
{
        const struct script *script = connection->ctx;
        char head[16384];
        while (peer_read_head(connection, head, sizeof(head)) > 0) {
                if (script->closes)
                        return;
                if (!script->status)
                        continue;
                if (script->body[0] == '\0') {
                        answer_head(connection, head);
                        continue;
                }
                char text[1024];
                (void)snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", script->status,
                               script->headers ? script->headers : "", strlen(script->body));
                (void)peer_write_text(connection, text);
                (void)peer_write_text(connection, script->body);
        }
}

static const struct target_credential keys[] = {
    {.key = "aws_access_key_id", .value = {"AKIDEXAMPLE", 11}},
    {.key = "aws_secret_access_key", .value = {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40}},
    {.key = "aws_session_token", .value = {"AQoDYXdzEPT//////////wEXAMPLE=", 30}},
};

struct rig {
        struct peer peer;
        struct aws_client *client;
        struct aws_answer answer;
        struct errmsg why;
};

static struct rig open_rig(const struct script *script)
{
        struct rig rig = {.peer = peer_open(&(struct peer_options){.serve = serve, .ctx = script})};
        char endpoint[64];
        (void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u/", rig.peer.port);
        const struct aws_config config = {.service = "route53",
                                          .region = "us-east-1",
                                          .endpoint = endpoint,
                                          .credentials = keys,
                                          .credential_count = 3};
        assert_int_equal(aws_open(&config, &rig.client, &rig.why), ERR_OK);
        return rig;
}

static void close_rig(struct rig *rig)
{
        aws_answer_clear(&rig->answer);
        aws_close(rig->client);
        peer_close(&rig->peer);
}

static const struct aws_request reading = {
    .method = "GET", .path = "/2013-04-01/hostedzone", .action = "route53:ListHostedZones"};
static const struct aws_request writing = {.method = "POST",
                                           .path = "/2013-04-01/hostedzone/Z1/rrset",
                                           .body = "<a/>",
                                           .body_bytes = 4,
                                           .content_type = "application/xml",
                                           .action = "route53:ChangeResourceRecordSets",
                                           .changes = true};

static enum err call(struct rig *rig, const struct aws_request *request, int64_t patience_ms)
{
        aws_answer_clear(&rig->answer);
        return aws_call(rig->client, request, clock_mono() + patience_ms, &rig->answer, &rig->why);
}

static void assert_says(const char *text, const char *part)
{
        if (!strstr(text, part))
                fail_msg("\"%s\" says nothing of \"%s\"", text, part);
}

static void parameters_are_sorted_and_encoded(void **state)
{
        (void)state;
        static const struct aws_parameter parameters[] = {
            {"type", "TXT"}, {"name", "*.a b/c+d.é"}, {"maxitems", "1"}, {"Name", "~_-."},
            {"type", "A"},   {"empty", ""},           {"na", "x&y=z"},
        };
        struct strbuf text = STRBUF_INIT(200);
        assert_true(aws_encode(parameters, 7, &text));
        assert_string_equal(text.text,
                            "Name=~_-.&empty=&maxitems=1&na=x%26y%3Dz&name=%2A.a%20b%2Fc%2Bd.%C3%A9&type=A&type=TXT");
        strbuf_deinit(&text);
        struct strbuf small = STRBUF_INIT(20);
        assert_false(aws_encode(parameters, 7, &small));
        strbuf_deinit(&small);
}

static void requests_are_signed(void **state)
{
        (void)state;
        struct rig rig = open_rig(&(struct script){.status = "200 OK", .body = ""});
        static const struct aws_parameter parameters[] = {{"name", "x"}, {"maxitems", "1"}};
        struct aws_request request = reading;
        request.parameters = parameters;
        request.parameter_count = 2;
        assert_int_equal(call(&rig, &request, PATIENCE_MS), ERR_OK);
        const char *head = xml_text(rig.answer.xml.root, "");
        assert_says(head, "GET /2013-04-01/hostedzone?maxitems=1&name=x HTTP/1.1\n");
        assert_says(head, "\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
        assert_says(head, "/us-east-1/route53/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, ");
        assert_says(head,
                    "\nX-Amz-Security-Token: AQoDYXdzEPT//////////wEXAMPLE=\n"); /* XML has made "\r\n" one character */
        assert_null(strstr(head, "wJalrXUtnFEMI"));
        close_rig(&rig);
}

static void odd_paths_are_not_sent(void **state)
{
        (void)state;
        struct rig rig = open_rig(&(struct script){.status = "200 OK", .body = ""});
        struct aws_request request = reading;
        request.path = "/2013-04-01/hostedzone/a b";
        assert_int_equal(call(&rig, &request, PATIENCE_MS), ERR_INVALID);
        request.path = "/x?y";
        assert_int_equal(call(&rig, &request, PATIENCE_MS), ERR_INVALID);
        close_rig(&rig);
}

/* ---- what comes of an answer ---- */

struct refusal {
        const char *status;
        const char *body;
        enum err read, change;
        const char *code;
        const char *part;
};

static void errors_have_a_class_and_a_remedy(void **state)
{
        (void)state;
        static const struct refusal refusals[] = {
            {"400 Bad Request", OPEN_ERROR "<Code>Throttling</Code><Message>Rate exceeded</Message>" CLOSE_ERROR,
             ERR_TRANSIENT, ERR_TRANSIENT, "Throttling", "Rate exceeded"},
            {"400 Bad Request",
             OPEN_ERROR "<Code>PriorRequestNotComplete</Code><Message>The request was rejected</Message>" CLOSE_ERROR,
             ERR_TRANSIENT, ERR_TRANSIENT, "PriorRequestNotComplete", "rejected"},
            {"500 Internal Server Error", OPEN_ERROR "<Code>InternalFailure</Code><Message/>" CLOSE_ERROR,
             ERR_TRANSIENT, ERR_UNKNOWN, "InternalFailure", "HTTP 500"},
            {"502 Bad Gateway", "<html><br></html>", ERR_TRANSIENT, ERR_UNKNOWN, "", "HTTP 502"},
            {"429 Too Many Requests", "busy", ERR_TRANSIENT, ERR_TRANSIENT, "", "HTTP 429"},
            {"403 Forbidden",
             OPEN_ERROR "<Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message>" CLOSE_ERROR,
             ERR_DENIED, ERR_DENIED, "InvalidClientTokenId", "does not know the access key id (Secret)"},
            {"403 Forbidden",
             OPEN_ERROR "<Code>SignatureDoesNotMatch</Code><Message>We calculated</Message>" CLOSE_ERROR, ERR_DENIED,
             ERR_DENIED, "SignatureDoesNotMatch", "secret access key does not fit"},
            {"403 Forbidden", OPEN_ERROR "<Code>ExpiredToken</Code><Message>expired</Message>" CLOSE_ERROR, ERR_DENIED,
             ERR_DENIED, "ExpiredToken", "have expired"},
            {"403 Forbidden",
             OPEN_ERROR
             "<Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/x is not authorized</Message>" CLOSE_ERROR,
             ERR_DENIED, ERR_DENIED, "AccessDenied", "allow route53:"},
            {"403 Forbidden", "", ERR_DENIED, ERR_DENIED, "", "HTTP 403"},
            {"404 Not Found",
             OPEN_ERROR "<Code>NoSuchHostedZone</Code><Message>No hosted zone found with ID: Z1</Message>" CLOSE_ERROR,
             ERR_INVALID, ERR_INVALID, "NoSuchHostedZone", "Z1"},
            {"400 Bad Request",
             "<?xml version=\"1.0\"?><InvalidChangeBatch "
             "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Messages><Message>first"
             "</Message><Message>second</Message></Messages><RequestId>id-of-the-body</RequestId></InvalidChangeBatch>",
             ERR_INVALID, ERR_INVALID, "InvalidChangeBatch", "first; second"},
        };
        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
                const struct refusal *refusal = &refusals[i];
                struct script script = {.status = refusal->status, .body = refusal->body[0] ? refusal->body : " "};
                struct rig rig = open_rig(&script);
                assert_int_equal(call(&rig, &reading, PATIENCE_MS), refusal->read);
                assert_int_equal(call(&rig, &writing, PATIENCE_MS), refusal->change);
                assert_string_equal(rig.answer.code, refusal->code);
                assert_int_equal(rig.answer.status, strtol(refusal->status, NULL, 10));
                assert_string_equal(rig.answer.request_id, refusal->code[0] ? "id-of-the-body" : "");
                assert_says(rig.why.text, refusal->part);
                close_rig(&rig);
        }
}

static void wrong_clock_is_named_with_its_minutes(void **state)
{
        (void)state;
        static const struct {
                int off_s;
                const char *part;
        } clocks[] = {{600, "10 minutes behind"}, {-600, "10 minutes ahead of"}, {100, "does not fit"}};
        for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
                char headers[200];
                time_t there = time(NULL) + clocks[i].off_s;
                struct tm parts;
                (void)gmtime_r(&there, &parts);
                (void)strftime(headers, sizeof(headers), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
                struct rig rig = open_rig(&(struct script){
                    .status = "403 Forbidden",
                    .headers = headers,
                    .body = OPEN_ERROR
                    "<Code>SignatureDoesNotMatch</Code><Message>Signature expired</Message>" CLOSE_ERROR});
                assert_int_equal(call(&rig, &reading, PATIENCE_MS), ERR_DENIED);
                assert_says(rig.why.text, clocks[i].part);
                close_rig(&rig);
        }
}

static void headers_of_an_answer_are_told(void **state)
{
        (void)state;
        struct rig rig = open_rig(&(struct script){.status = "503 Service Unavailable",
                                                   .headers = "Retry-After: 7\r\nx-amzn-RequestId: id-of-the-head\r\n",
                                                   .body = OPEN_ERROR "<Code>Throttling</Code>" CLOSE_ERROR});
        assert_int_equal(call(&rig, &writing, PATIENCE_MS), ERR_TRANSIENT);
        assert_int_equal(rig.answer.retry_after_ms, 7000);
        assert_string_equal(rig.answer.request_id, "id-of-the-head");
        close_rig(&rig);
}

static void no_answer_is_unknown_for_a_change_alone(void **state)
{
        (void)state;
        static const struct script scripts[] = {{.status = NULL, .body = "x"}, {.closes = true}};
        for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
                struct rig rig = open_rig(&scripts[i]);
                mono_ms before = clock_mono();
                assert_int_equal(call(&rig, &reading, SHORT_MS), ERR_TRANSIENT);
                assert_int_equal(call(&rig, &writing, SHORT_MS), ERR_UNKNOWN);
                assert_int_equal(rig.answer.status, 0);
                assert_true(clock_mono() - before < PATIENCE_MS / 2);
                assert_int_equal(call(&rig, &writing, 0), ERR_TRANSIENT);
                assert_says(rig.why.text, "no time");
                close_rig(&rig);
        }
}

static void nobody_there_is_no_change(void **state)
{
        (void)state;
        struct rig rig = open_rig(&(struct script){0});
        peer_close(&rig.peer);
        assert_int_equal(call(&rig, &writing, PATIENCE_MS), ERR_TRANSIENT);
        assert_says(rig.why.text, "http://127.0.0.1:");
        aws_answer_clear(&rig.answer);
        aws_close(rig.client);
}

static void unreadable_success_is_unknown_for_a_change(void **state)
{
        (void)state;
        struct rig rig = open_rig(&(struct script){.status = "200 OK", .body = "<a><b></a>"});
        assert_int_equal(call(&rig, &reading, PATIENCE_MS), ERR_TRANSIENT);
        assert_int_equal(call(&rig, &writing, PATIENCE_MS), ERR_UNKNOWN);
        assert_says(rig.why.text, "XML");
        close_rig(&rig);
}

static void answers_are_bounded(void **state)
{
        (void)state;
        static char large[1024 * 1024 + 2];
        memset(large, ' ', sizeof(large) - 1);
        struct rig rig = open_rig(&(struct script){.status = "200 OK", .body = large});
        assert_int_equal(call(&rig, &reading, PATIENCE_MS), ERR_TRANSIENT);
        assert_says(rig.why.text, "more than 1 MiB");
        close_rig(&rig);
        static char headers[900];
        (void)snprintf(headers, sizeof(headers), "X-A: %0800d\r\n", 1);
        rig = open_rig(&(struct script){.status = "200 OK", .headers = headers, .body = "<a/>"});
        assert_int_equal(call(&rig, &reading, PATIENCE_MS), ERR_OK);
        close_rig(&rig);
}

/* ---- what is configured ---- */

static void endpoints_without_tls_are_loopback(void **state)
{
        (void)state;
        static const struct {
                const char *endpoint;
                enum err err;
        } cases[] = {
            {"https://route53.amazonaws.com", ERR_OK},
            {"https://route53.amazonaws.com/", ERR_OK},
            {"https://vpce-1.example.com:8443", ERR_OK},
            {"http://127.0.0.1:15500", ERR_OK},
            {"http://[::1]:15500", ERR_OK},
            {"http://localhost:15500", ERR_OK},
            {"http://route53.amazonaws.com", ERR_INVALID},
            {"http://127.0.0.1.example.com", ERR_INVALID},
            {"http://192.0.2.1", ERR_INVALID},
            {"http://169.254.170.2", ERR_INVALID},
            {"ftp://127.0.0.1", ERR_INVALID},
            {"file:///etc/passwd", ERR_INVALID},
            {"route53.amazonaws.com", ERR_INVALID},
            {"https://user@route53.amazonaws.com", ERR_INVALID},
            {"https://route53.amazonaws.com/x", ERR_INVALID},
            {"https://route53.amazonaws.com/?x=y", ERR_INVALID},
            {"https://route53.amazonaws.com/#x", ERR_INVALID},
            {"", ERR_INVALID},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct aws_client *client = NULL;
                struct errmsg why = {0};
                const struct aws_config config = {.service = "route53",
                                                  .region = "us-east-1",
                                                  .endpoint = cases[i].endpoint,
                                                  .credentials = keys,
                                                  .credential_count = 3};
                if (aws_open(&config, &client, &why) != cases[i].err)
                        fail_msg("%s: %s", cases[i].endpoint, why.text);
                aws_close(client);
        }
}

static enum err check(const char *id, const char *secret, const char *token, const char *const names[3],
                      struct errmsg *why)
{
        const char *const values[] = {id, secret, token};
        struct target_credential entries[3];
        size_t count = 0;
        for (size_t i = 0; i < 3; i++)
                if (values[i]) {
                        entries[count].key = names[i];
                        entries[count++].value = (struct secret){(char *)values[i], strlen(values[i])};
                }
        return aws_credentials_check(entries, count, why);
}

static void keys_of_a_secret_are_checked(void **state)
{
        (void)state;
        static const char *const spellings[][3] = {
            {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"},
            {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"},
            {"access-key-id", "secret-access-key", "session-token"},
        };
        struct errmsg why = {0};
        for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
                assert_int_equal(check("AKIDEXAMPLE", "abc/+=", NULL, spellings[i], &why), ERR_OK);
                assert_int_equal(check("AKIDEXAMPLE", "abc/+=", "x", spellings[i], &why), ERR_OK);
                assert_int_equal(check("AKIDEXAMPLE", NULL, "x", spellings[i], &why), ERR_INVALID);
                assert_says(why.text, "aws_secret_access_key is missing");
                assert_int_equal(check(NULL, "abc", NULL, spellings[i], &why), ERR_INVALID);
                assert_says(why.text, "aws_access_key_id is missing");
                assert_int_equal(check("AKID\n", "abc", NULL, spellings[i], &why), ERR_INVALID);
                assert_says(why.text, "aws_access_key_id has a line break");
                assert_int_equal(check("AKID/x", "abc", NULL, spellings[i], &why), ERR_INVALID);
                assert_int_equal(check("AKID", "abc\n", NULL, spellings[i], &why), ERR_INVALID);
                assert_int_equal(check("AKID", "abc", "x\r\nX-Evil: 1", spellings[i], &why), ERR_INVALID);
                assert_null(strstr(why.text, "Evil"));
        }
        static const char *const odd[3] = {"username", "password", "token"};
        assert_int_equal(check("AKID", "abc", NULL, odd, &why), ERR_INVALID);
        assert_int_equal(check(NULL, NULL, NULL, odd, &why), ERR_OK);
}

static enum err call_with(const struct aws_environment *environment, struct errmsg *why)
{
        struct script script = {.status = "200 OK", .body = ""};
        struct peer peer = peer_open(&(struct peer_options){.serve = serve, .ctx = &script});
        char endpoint[64];
        (void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", peer.port);
        const struct aws_config config = {
            .service = "route53", .region = "us-east-1", .endpoint = endpoint, .environment = environment};
        struct aws_client *client = NULL;
        struct aws_answer answer = {0};
        assert_int_equal(aws_open(&config, &client, why), ERR_OK);
        enum err err = aws_call(client, &reading, clock_mono() + PATIENCE_MS, &answer, why);
        if (err == ERR_OK)
                assert_says(xml_text(answer.xml.root, ""), "Credential=AKIDENV/");
        aws_answer_clear(&answer);
        aws_close(client);
        peer_close(&peer);
        return err;
}

static void keys_of_the_environment_are_used(void **state)
{
        (void)state;
        struct errmsg why = {0};
        assert_int_equal(
            call_with(&(struct aws_environment){.access_key_id = "AKIDENV", .secret_access_key = "x"}, &why), ERR_OK);
        assert_int_equal(
            call_with(&(struct aws_environment){.access_key_id = "AKIDENV", .secret_access_key = ""}, &why),
            ERR_INVALID);
        assert_says(why.text, "environment: aws_secret_access_key is missing");
}

static void without_keys_each_source_says_what_it_lacks(void **state)
{
        (void)state;
        struct errmsg why = {0};
        assert_int_equal(call_with(NULL, &why), ERR_INVALID);
        assert_says(why.text, "no AWS credentials: Secret: the policy names none");
        assert_int_equal(call_with(&(struct aws_environment){.access_key_id = ""}, &why), ERR_INVALID);
        assert_says(why.text, "environment: AWS_ACCESS_KEY_ID is not set");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(parameters_are_sorted_and_encoded),
            cmocka_unit_test(requests_are_signed),
            cmocka_unit_test(odd_paths_are_not_sent),
            cmocka_unit_test(errors_have_a_class_and_a_remedy),
            cmocka_unit_test(wrong_clock_is_named_with_its_minutes),
            cmocka_unit_test(headers_of_an_answer_are_told),
            cmocka_unit_test(no_answer_is_unknown_for_a_change_alone),
            cmocka_unit_test(nobody_there_is_no_change),
            cmocka_unit_test(unreadable_success_is_unknown_for_a_change),
            cmocka_unit_test(answers_are_bounded),
            cmocka_unit_test(endpoints_without_tls_are_loopback),
            cmocka_unit_test(keys_of_a_secret_are_checked),
            cmocka_unit_test(keys_of_the_environment_are_used),
            cmocka_unit_test(without_keys_each_source_says_what_it_lacks),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
