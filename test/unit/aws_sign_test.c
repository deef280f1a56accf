/* aws_sign_test.c -- signatures, held against those that AWS has published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"
#include "runtime/clock.h"
#include "targets/aws/credentials.h"
#include "targets/exchange.h"

enum { PATIENCE_MS = 5000 };

#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* From AWS's Signature Version 4 test suite, whose name of each is said. */
static const struct vector {
        const char *name;
        const char *method;
        const char *target;
        const char *content_type;
        const char *body;
        const char *token;
        const char *signature;
} vectors[] = {
    {"get-vanilla", "GET", "/", NULL, NULL, NULL, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case", "GET", "/?Param1=value1&Param2=value2", NULL, NULL, NULL,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-unreserved", "GET", "/?" UNRESERVED "=" UNRESERVED, NULL, NULL, NULL,
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"post-vanilla", "POST", "/", NULL, NULL, NULL, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-x-www-form-urlencoded", "POST", "/", "Content-Type: application/x-www-form-urlencoded", "Param1=value1",
     NULL, "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-sts-header-before", "POST", "/", NULL, NULL,
     "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUu"
     "wthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHN"
     "VXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA"
     "==",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
};

/* Answers with the head of the request, and reads over a body. */
static void echo(struct peer_connection *connection)
{
        char head[16384], text[128];
        if (peer_read_head(connection, head, sizeof(head)) <= 0)
                return;
        (void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                       strlen(head));
        (void)peer_write_text(connection, text);
        (void)peer_write_text(connection, head);
}

static struct secret secret_of(const char *text)
{
        struct secret secret = {0};
        if (text)
                secret_set(&secret, text, strlen(text));
        return secret;
}

static void signatures_are_those_that_aws_published(void **state)
{
        (void)state;
        struct peer peer = peer_open(&(struct peer_options){.serve = echo});
        struct exchange *exchange = exchange_open();
        for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
                const struct vector *vector = &vectors[i];
                char url[512];
                (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", peer.port, vector->target);
                struct aws_keys keys = {.access_key_id = secret_of("AKIDEXAMPLE"),
                                        .secret_access_key = secret_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                        .session_token = secret_of(vector->token)};
                const char *const headers[] = {"Host: example.amazonaws.com", "X-Amz-Date: 20150830T123600Z",
                                               vector->content_type, NULL};
                const struct exchange_signature signature = aws_signature(&keys, "service", "us-east-1");
                const struct exchange_request request = {.method = vector->method,
                                                         .url = url,
                                                         .headers = headers,
                                                         .body = vector->body,
                                                         .body_bytes = vector->body ? strlen(vector->body) : 0,
                                                         .signature = &signature,
                                                         .deadline = clock_mono() + PATIENCE_MS};
                struct exchange_answer answer = {0};
                struct errmsg why = {0};
                if (exchange_run(exchange, &request, &answer, &why) != ERR_OK)
                        fail_msg("%s: %s", vector->name, why.text);
                if (!strstr(answer.body, vector->signature))
                        fail_msg("%s: %s", vector->name, answer.body);
                exchange_answer_clear(&answer);
                aws_keys_clear(&keys);
        }
        exchange_close(exchange);
        peer_close(&peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(signatures_are_those_that_aws_published),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
