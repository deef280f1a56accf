/* aws_tls_test.c -- a peer whose certificate the system does not trust hears nothing of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "peer.h"
#include "runtime/clock.h"
#include "targets/aws/client.h"

enum { PATIENCE_MS = 5000, DAY_S = 86400 };

/* Counts the requests that come, in memory that the test shares with the peer. */
static void serve(struct peer_connection *connection)
{
        char head[16384];
        unsigned *heard = (unsigned *)connection->ctx;
        if (peer_read_head(connection, head, sizeof(head)) <= 0)
                return;
        (*heard)++;
        (void)peer_write_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>");
}

static void unverified_peer_hears_nothing(void **state)
{
        (void)state;
        unsigned *heard = mmap(NULL, sizeof(*heard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(heard != MAP_FAILED);
        struct tls_identity ca = tls_identity_new(NULL, NULL, DAY_S);
        struct tls_identity identity = tls_identity_new(&ca, "IP:127.0.0.1", DAY_S);
        struct peer peer = peer_open(&(struct peer_options){.serve = serve, .ctx = heard, .identity = &identity});
        char endpoint[64];
        (void)snprintf(endpoint, sizeof(endpoint), "https://127.0.0.1:%u", peer.port);
        const struct target_credential keys[] = {{.key = "aws_access_key_id", .value = {"AKIDEXAMPLE", 11}},
                                                 {.key = "aws_secret_access_key", .value = {"secret", 6}}};
        const struct aws_config config = {.service = "route53",
                                          .region = "us-east-1",
                                          .endpoint = endpoint,
                                          .credentials = keys,
                                          .credential_count = 2};
        const struct aws_request request = {.method = "POST",
                                            .path = "/2013-04-01/hostedzone",
                                            .body = "<a/>",
                                            .body_bytes = 4,
                                            .content_type = "application/xml",
                                            .action = "route53:CreateHostedZone",
                                            .changes = true};
        struct aws_client *client = NULL;
        struct aws_answer answer;
        struct errmsg why = {0};
        assert_int_equal(aws_open(&config, &client, &why), ERR_OK);
        /* Nothing was sent, so that nothing was changed. */
        assert_int_equal(aws_call(client, &request, clock_mono() + PATIENCE_MS, &answer, &why), ERR_TRANSIENT);
        if (!strstr(why.text, "certificate"))
                fail_msg("%s", why.text);
        assert_int_equal(*heard, 0);
        aws_answer_clear(&answer);
        aws_close(client);
        peer_close(&peer);
        tls_identity_deinit(&identity);
        tls_identity_deinit(&ca);
        (void)munmap(heard, sizeof(*heard));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(unverified_peer_hears_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
