/* status_server_test.c -- the three pages, asked for over real sockets by our own HTTP client and by raw text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_rig.h"
#include "runtime/clock.h"
#include "runtime/status_server.h"

static bool ready;

static bool is_ready(void *ctx, struct strbuf *why)
{
        (void)ctx;
        if (!ready)
                (void)strbuf_append_text(why, "the watch of planes has not synced\n");
        return ready;
}

static struct status_server *open_server(struct http_rig *rig, const char *address, bool metrics, bool health)
{
        struct status_server *server = NULL;
        struct errmsg why;
        if (status_server_open(rig->loop, address, "--test", metrics, health, is_ready, NULL, &server, &why))
                fail_msg("%s", why.text);
        return server;
}

static struct http_outcome ask(struct http_rig *rig, unsigned port, const char *method, const char *path)
{
        return http_rig_call(rig, (struct http_request){.method = method,
                                                        .url = http_rig_url("http", port, path),
                                                        .timeout_ms = 5000,
                                                        .max_body_bytes = 1 << 20});
}

static void test_pages(void **state)
{
        struct http_rig *rig = *state;
        struct status_server *server = open_server(rig, "127.0.0.1:0", true, true);
        unsigned port = status_server_port(server);
        static const struct {
                const char *method;
                const char *path;
                bool is_ready;
                long status;
                const char *body;
        } cases[] = {
                {"GET", "/healthz", false, 200, "ok\n"},
                {"GET", "/healthz?verbose", false, 200, "ok\n"},
                {"GET", "/readyz", true, 200, "ok\n"},
                {"GET", "/readyz?verbose=1", false, 503, "the watch of planes has not synced\n"},
                {"HEAD", "/healthz", true, 200, ""},
                {"HEAD", "/readyz", false, 503, ""},
                {"POST", "/healthz", true, 405, "GET and HEAD only\n"},
                {"DELETE", "/metrics", true, 405, "GET and HEAD only\n"},
                {"GET", "/", true, 404, "not found\n"},
                {"GET", "/metrics/", true, 404, "not found\n"},
                {"GET", "/healthz/etcd", true, 404, "not found\n"},
                {"POST", "/nothing", true, 404, "not found\n"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                ready = cases[i].is_ready;
                struct http_outcome outcome = ask(rig, port, cases[i].method, cases[i].path);
                if (outcome.response.status != cases[i].status || strcmp(outcome.body, cases[i].body) != 0)
                        fail_msg("%s %s: %ld %s", cases[i].method, cases[i].path, outcome.response.status,
                                 outcome.body);
        }
        struct http_outcome outcome = ask(rig, port, "GET", "/metrics");
        assert_int_equal(outcome.response.status, 200);
        assert_non_null(strstr(outcome.body, "# TYPE process_cpu_seconds_total counter\n"));
        status_server_close(server);
}

static void test_each_address_serves_its_own(void **state)
{
        struct http_rig *rig = *state;
        struct status_server *metrics = open_server(rig, ":0", true, false); /* both families, or IPv4 at least */
        struct status_server *health = open_server(rig, "127.0.0.1:0", false, true);
        assert_int_equal(ask(rig, status_server_port(metrics), "GET", "/metrics").response.status, 200);
        assert_int_equal(ask(rig, status_server_port(metrics), "GET", "/healthz").response.status, 404);
        assert_int_equal(ask(rig, status_server_port(health), "GET", "/metrics").response.status, 404);
        assert_int_equal(ask(rig, status_server_port(health), "GET", "/healthz").response.status, 200);
        status_server_close(metrics);
        status_server_close(health);
        status_server_close(NULL);
}

static void test_addresses(void **state)
{
        struct http_rig *rig = *state;
        struct status_server *taken = open_server(rig, "127.0.0.1:0", false, true);
        char taken_address[64];
        (void)snprintf(taken_address, sizeof(taken_address), "127.0.0.1:%u", status_server_port(taken));
        const struct {
                const char *address;
                const char *why; /* NULL: it works */
        } cases[] = {
                {"0", NULL},
                {"", "is not host:port"},
                {"8080", "is not host:port"},
                {"127.0.0.1", "is not host:port"},
                {"127.0.0.1:", "is not host:port"},
                {"127.0.0.1:http", "is not host:port"},
                {"::1:8080", "is not host:port"},
                {"localhost:8080", "no literal address"},
                {"127.0.0.1:99999", "is not host:port"},
                {"[127.0.0.1:80", "no literal address"},
                {"192.0.2.1:0", "cannot listen on"},
                {taken_address, "Address already in use"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct status_server *server = taken;
                struct errmsg why = {0};
                enum err err = status_server_open(rig->loop, cases[i].address, "--health-probe-bind-address", false,
                                                  true, is_ready, NULL, &server, &why);
                if (!cases[i].why) {
                        assert_int_equal(err, ERR_OK);
                        assert_null(server);
                        continue;
                }
                assert_int_equal(err, ERR_INVALID);
                assert_ptr_equal(server, taken);
                if (!strstr(why.text, cases[i].why) || !strstr(why.text, "--health-probe-bind-address"))
                        fail_msg("%s: %s", cases[i].address, why.text);
        }
        status_server_close(taken);
}

/* ---- a client that says nothing, or rubbish ---- */

static int dial(unsigned port)
{
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = {
                .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

struct raw {
        struct loop_fd fd;
        struct loop *loop;
        size_t bytes;
        char text[512];
        bool is_closed;
};

static void on_raw(struct loop_fd *self, uint32_t events)
{
        (void)events;
        struct raw *raw = CONTAINER_OF(self, struct raw, fd);
        ssize_t got = recv(self->fd, raw->text + raw->bytes, sizeof(raw->text) - 1 - raw->bytes, 0);
        if (got > 0) {
                raw->bytes += (size_t)got;
                return;
        }
        raw->is_closed = true;
        loop_stop(raw->loop);
}

/* Reads until the server hangs up; @fd is closed. */
static struct raw hear_out(struct http_rig *rig, int fd)
{
        struct raw raw = {.fd = {.fd = fd, .ready = on_raw}, .loop = rig->loop};
        loop_fd_add(rig->loop, &raw.fd, EPOLLIN);
        loop_run(rig->loop);
        loop_fd_remove(rig->loop, &raw.fd);
        (void)close(fd);
        return raw;
}

static struct raw exchange(struct http_rig *rig, unsigned port, const char *text)
{
        int fd = dial(port);
        (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
        return hear_out(rig, fd);
}

static void test_bad_clients(void **state)
{
        struct http_rig *rig = *state;
        struct status_server *server = open_server(rig, "127.0.0.1:0", true, true);
        unsigned port = status_server_port(server);
        static char huge[20000] = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: ";
        memset(huge + strlen(huge), 'b', sizeof(huge) - 1 - strlen(huge));
        struct raw raw = exchange(rig, port, huge);
        assert_true(raw.is_closed);
        assert_non_null(strstr(raw.text, " 431 "));
        raw = exchange(rig, port, "rubbish\r\n\r\n");
        assert_true(raw.is_closed);

        /* One that says nothing does not keep others from their answer. */
        mono_ms start = clock_mono();
        int silent = dial(port);
        assert_int_equal(ask(rig, port, "GET", "/healthz").response.status, 200);
        assert_true(clock_mono() - start < 4000);
        (void)close(silent);
        status_server_close(server);
}

static void test_more_connections_than_the_limit_wait(void **state)
{
        struct http_rig *rig = *state;
        struct status_server *server = open_server(rig, "127.0.0.1:0", true, true);
        unsigned port = status_server_port(server);
        int idle[16];
        for (size_t i = 0; i < 16; i++)
                idle[i] = dial(port);
        static const char half[] = "GET /healthz HT";
        assert_int_equal(send(idle[0], half, strlen(half), MSG_NOSIGNAL), strlen(half));
        mono_ms start = clock_mono();
        struct http_outcome outcome;
        (void)http_rig_start(rig,
                             (struct http_request){.method = "GET",
                                                   .url = http_rig_url("http", port, "/healthz"),
                                                   .timeout_ms = 15000,
                                                   .max_body_bytes = 100},
                             &outcome);
        http_rig_wait(rig); /* served when those that never finish a request have been sent away */
        assert_int_equal(outcome.response.status, 200);
        assert_in_range(clock_mono() - start, 3000, 14000); /* the server's limit is 5 s, in whole seconds */
        /* Those that were accepted after the turn of a second are sent away one second later. */
        for (size_t i = 0; i < 16; i++) {
                struct raw raw = hear_out(rig, idle[i]);
                assert_true(raw.is_closed);
                assert_int_equal(raw.bytes, 0);
        }
        status_server_close(server);
}

static void test_close_with_open_connections(void **state)
{
        struct http_rig *rig = *state;
        struct status_server *server = open_server(rig, "127.0.0.1:0", true, true);
        unsigned port = status_server_port(server);
        int idle = dial(port);
        assert_int_equal(ask(rig, port, "GET", "/healthz").response.status, 200);
        status_server_close(server);
        (void)close(idle);
        assert_int_equal(ask(rig, port, "GET", "/healthz").response.failure, HTTP_FAIL_CONNECT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                HTTP_RIG_TEST(test_pages),
                HTTP_RIG_TEST(test_each_address_serves_its_own),
                HTTP_RIG_TEST(test_addresses),
                HTTP_RIG_TEST(test_bad_clients),
                HTTP_RIG_TEST(test_more_connections_than_the_limit_wait),
                HTTP_RIG_TEST(test_close_with_open_connections),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
