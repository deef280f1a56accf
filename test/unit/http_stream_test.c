/* http_stream_test.c -- streamed answers, withdrawn calls, and HTTP/2 with trailers as gRPC uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <curl/curl.h>
#include <string.h>

#include "http_rig.h"

static struct http_request get(unsigned port)
{
        return (struct http_request){.method = "GET",
                                     .url = http_rig_url("http", port, "/"),
                                     .timeout_ms = 5000,
                                     .max_body_bytes = sizeof(((struct http_outcome *)0)->body) - 1};
}

static struct peer open_peer(void (*serve)(struct peer_connection *connection))
{
        return peer_open(&(struct peer_options){.serve = serve});
}

static void serve_ok(struct peer_connection *connection)
{
        char head[4096];
        while (peer_read_head(connection, head, sizeof(head)) > 0)
                if (peer_write_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") <= 0)
                        return;
}

/* Sends a head, with a 103 before it, and no byte of the body. */
static void serve_head_only(struct peer_connection *connection)
{
        char head[4096];
        (void)peer_read_head(connection, head, sizeof(head));
        (void)peer_write_text(connection, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        (void)peer_read_head(connection, head, sizeof(head));
}

static void serve_nothing(struct peer_connection *connection)
{
        char head[4096];
        while (peer_read_head(connection, head, sizeof(head)) > 0)
                ;
}

static void serve_endless(struct peer_connection *connection)
{
        static char block[1 << 20];
        char head[4096];
        (void)peer_read_head(connection, head, sizeof(head));
        (void)peer_write_text(connection, "HTTP/1.1 200 OK\r\n\r\n");
        for (int i = 0; i < 1024 && peer_write(connection, block, sizeof(block)) > 0; i++)
                ;
}

/* ---- streams ---- */

struct stream {
        struct http_rig *rig;
        size_t bytes;
        size_t stop_at;
        long head_status;
        unsigned head_count;
        unsigned done_count;
        enum err err;
        struct http_call *cancel; /* from within on_bytes */
        struct http_outcome other;
        unsigned other_port;
};

static void on_head(void *ctx, long status)
{
        struct stream *stream = ctx;
        stream->head_status = status;
        stream->head_count++;
        loop_stop(stream->rig->loop);
}

static bool count_bytes(void *ctx, const char *bytes, size_t count)
{
        (void)bytes;
        struct stream *stream = ctx;
        stream->bytes += count;
        return stream->bytes < stream->stop_at;
}

static void on_done(void *ctx, const struct http_response *response)
{
        struct stream *stream = ctx;
        stream->done_count++;
        stream->err = response->err;
        assert_string_equal(response->body, "");
        loop_stop(stream->rig->loop);
}

static struct http_call *start_stream(struct stream *stream, unsigned port,
                                      bool (*on_bytes)(void *ctx, const char *bytes, size_t count))
{
        struct http_request request = get(port);
        request.max_body_bytes = 0;
        request.on_bytes = on_bytes;
        request.done = on_done;
        request.ctx = stream;
        return http_start(stream->rig->http, &request);
}

static void test_stream_ends_when_the_receiver_says_so(void **state)
{
        struct peer peer = open_peer(serve_endless);
        struct stream stream = {.rig = *state, .stop_at = 5000000};
        (void)start_stream(&stream, peer.port, count_bytes);
        loop_run(stream.rig->loop);
        assert_int_equal(stream.done_count, 1);
        assert_int_equal(stream.err, ERR_CANCELLED);
        assert_true(stream.bytes >= 5000000 && stream.bytes < 10000000);
        peer_close(&peer);
}

static void test_head_of_a_stream_is_told_at_once(void **state)
{
        struct peer peer = open_peer(serve_head_only);
        struct stream stream = {.rig = *state, .stop_at = SIZE_MAX};
        struct http_request request = get(peer.port);
        request.on_head = on_head;
        request.on_bytes = count_bytes;
        request.done = on_done;
        request.ctx = &stream;
        struct http_call *call = http_start(stream.rig->http, &request);
        loop_run(stream.rig->loop);
        assert_int_equal(stream.head_status, 200);
        assert_int_equal(stream.head_count, 1);
        assert_int_equal(stream.done_count, 0);
        http_cancel(call);
        peer_close(&peer);
}

/* Cancels its own call and starts another one, both from within curl's callback. */
static bool cancel_and_start(void *ctx, const char *bytes, size_t count)
{
        (void)bytes;
        struct stream *stream = ctx;
        stream->bytes += count;
        http_cancel(stream->cancel);
        (void)http_rig_start(stream->rig, get(stream->other_port), &stream->other);
        return true;
}

static void cancel_at_head(void *ctx, long status)
{
        (void)cancel_and_start(ctx, NULL, 0);
        ((struct stream *)ctx)->head_status = status;
}

static void test_calls_from_within_on_bytes(void **state)
{
        struct peer endless = open_peer(serve_endless);
        struct peer ok = open_peer(serve_ok);
        struct stream stream = {.rig = *state, .other_port = ok.port};
        stream.cancel = start_stream(&stream, endless.port, cancel_and_start);
        loop_run(stream.rig->loop); /* the other call stops it */
        assert_int_equal(stream.done_count, 0);
        assert_true(stream.bytes <= CURL_MAX_WRITE_SIZE); /* called once, though more had been read */
        assert_int_equal(stream.other.done_count, 1);
        assert_int_equal(stream.other.response.status, 200);
        peer_close(&endless);
        peer_close(&ok);
}

static void test_cancel_from_within_on_head(void **state)
{
        struct peer endless = open_peer(serve_endless);
        struct peer ok = open_peer(serve_ok);
        struct stream stream = {.rig = *state, .other_port = ok.port, .stop_at = SIZE_MAX};
        struct http_request request = get(endless.port);
        request.on_head = cancel_at_head;
        request.on_bytes = count_bytes;
        request.done = on_done;
        request.ctx = &stream;
        stream.cancel = http_start(stream.rig->http, &request);
        loop_run(stream.rig->loop);
        assert_int_equal(stream.head_status, 200);
        assert_int_equal(stream.bytes, 0);
        assert_int_equal(stream.done_count, 0);
        assert_int_equal(stream.other.response.status, 200);
        peer_close(&endless);
        peer_close(&ok);
}

/* ---- withdrawal ---- */

static void test_cancelled_calls_are_not_done(void **state)
{
        struct http_rig *rig = *state;
        struct peer silent = open_peer(serve_nothing);
        struct peer ok = open_peer(serve_ok);
        struct http_outcome never[2];
        struct http_call *running = http_rig_start(rig, get(silent.port), &never[0]);
        rig->waiting--;
        (void)http_rig_call(rig, get(ok.port)); /* by now the first one runs */
        struct http_call *waiting = http_rig_start(rig, get(silent.port), &never[1]);
        rig->waiting--;
        http_cancel(waiting);
        http_cancel(running);
        http_cancel(NULL);
        (void)http_rig_call(rig, get(ok.port));
        assert_int_equal(never[0].done_count + never[1].done_count, 0);
        peer_close(&silent);
        peer_close(&ok);
}

struct cancelling {
        struct http_rig *rig;
        struct http_call *calls[2];
        unsigned done_count;
};

/* Whichever is done first withdraws both, itself included. */
static void cancel_both(void *ctx, const struct http_response *response)
{
        (void)response;
        struct cancelling *cancelling = ctx;
        cancelling->done_count++;
        http_cancel(cancelling->calls[0]);
        http_cancel(cancelling->calls[1]);
        loop_stop(cancelling->rig->loop);
}

static void test_cancel_from_within_done(void **state)
{
        struct peer ok = open_peer(serve_ok);
        struct cancelling cancelling = {.rig = *state};
        struct http_request request = get(ok.port);
        request.done = cancel_both;
        request.ctx = &cancelling;
        for (size_t i = 0; i < 2; i++)
                cancelling.calls[i] = http_start(cancelling.rig->http, &request);
        loop_run(cancelling.rig->loop);
        assert_int_equal(cancelling.done_count, 1);
        peer_close(&ok);
}

static void test_close_ends_what_runs(void **state)
{
        struct http_rig *rig = *state;
        struct peer silent = open_peer(serve_nothing);
        struct peer ok = open_peer(serve_ok);
        struct http_outcome never[3];
        for (size_t i = 0; i < 2; i++)
                (void)http_rig_start(rig, get(silent.port), &never[i]);
        rig->waiting -= 2;
        (void)http_rig_call(rig, get(ok.port));
        (void)http_rig_start(rig, get(silent.port), &never[2]);
        http_close(rig->http);
        rig->http = NULL;
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(never[i].done_count, 0);
        peer_close(&silent);
        peer_close(&ok);
}

/* ---- HTTP/2 ---- */

/* Frames as RFC 9113 section 4.1 has them; HPACK literals without indexing, RFC 7541 section 6.2.2. */
static const unsigned char settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
static const unsigned char settings_ack[] = {0, 0, 0, 4, 1, 0, 0, 0, 0};
static const unsigned char ok_head[] = {0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88};
static const unsigned char data[] = {0, 0, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 8, 1};
static const unsigned char trailer[] = {0,   0,   15,  1,   5,   0,   0,   0,   1,   0,   11, 'g',
                                        'r', 'p', 'c', '-', 's', 't', 'a', 't', 'u', 's', 1,  '0'};
static const unsigned char refusal[] = {0,   0,   16,  1,   5,   0,   0,   0,   1,   0x88, 0, 11, 'g',
                                        'r', 'p', 'c', '-', 's', 't', 'a', 't', 'u', 's',  1, '5'};

static void serve_grpc(struct peer_connection *connection)
{
        char preface[32];
        (void)peer_read_head(connection, preface, sizeof("PRI * HTTP/2.0\r\n\r\n"));
        (void)peer_write(connection, settings, sizeof(settings));
        (void)peer_write(connection, settings_ack, sizeof(settings_ack));
        if (connection->number % 2 == 1) {
                (void)peer_write(connection, ok_head, sizeof(ok_head));
                (void)peer_write(connection, data, sizeof(data));
                (void)peer_write(connection, trailer, sizeof(trailer));
        } else {
                (void)peer_write(connection, refusal, sizeof(refusal));
        }
        char rest[64];
        while (peer_read_head(connection, rest, sizeof(rest)) > 0)
                ;
}

static void test_grpc_status_from_trailer_or_head(void **state)
{
        struct peer peer = open_peer(serve_grpc);
        for (unsigned i = 1; i <= 4; i++) {
                struct http_request request = get(peer.port);
                request.method = "POST";
                request.http2 = true;
                request.body = "\0\0\0\0\0";
                request.body_bytes = 5;
                struct http_outcome outcome = http_rig_call(*state, request);
                if (outcome.response.err)
                        fail_msg("call %u: %s", i, outcome.response.why.text);
                assert_int_equal(outcome.response.status, 200);
                assert_string_equal(outcome.grpc_status, i % 2 == 1 ? "0" : "5");
                assert_int_equal(outcome.response.body_bytes, i % 2 == 1 ? 7 : 0);
        }
        peer_close(&peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                HTTP_RIG_TEST(test_stream_ends_when_the_receiver_says_so),
                HTTP_RIG_TEST(test_head_of_a_stream_is_told_at_once),
                HTTP_RIG_TEST(test_calls_from_within_on_bytes),
                HTTP_RIG_TEST(test_cancel_from_within_on_head),
                HTTP_RIG_TEST(test_cancelled_calls_are_not_done),
                HTTP_RIG_TEST(test_cancel_from_within_done),
                HTTP_RIG_TEST(test_close_ends_what_runs),
                HTTP_RIG_TEST(test_grpc_status_from_trailer_or_head),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
