/* kube_client_test.c -- the verbs against a server that answers as it likes; credentials that age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_api.h"
#include "kube/client.h"
#include "leap_clock.h"
#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum { REQUESTS_MAX = 16 };

struct rig {
        struct loop *loop;
        struct http *http;
        struct executor *executor;
        struct fake_api *api;
        struct kube *kube;
        char folder[64];

        /* the script */
        int status;
        const char *headers;
        const char *body;
        const char *good_token; /* others get a 401; NULL: all are good */
        bool (*answer)(struct rig *rig, struct fake_peer *peer);

        /* what was seen */
        unsigned requests;
        char line[300];
        char head[1024];
        char sent[1024];

        bool is_done;
        enum err err;
        char why[512];
        long reply_status;
        char reply[256]; /* .say of the body */
        mono_ms retry_after_ms;
        bool has_body;
        struct kube_call *call;
};

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        char bearer[96];
        rig->requests++;
        (void)snprintf(rig->line, sizeof(rig->line), "%s %s", request->method, request->target);
        (void)snprintf(rig->head, sizeof(rig->head), "%s", request->head);
        (void)snprintf(rig->sent, sizeof(rig->sent), "%s", request->body);
        (void)snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s\r\n", rig->good_token ? rig->good_token : "");
        if (rig->answer && rig->answer(rig, peer))
                return;
        if (rig->good_token && !strstr(request->head, bearer))
                fake_answer(peer, 401, "", "{\"kind\":\"Status\",\"message\":\"Unauthorized\"}");
        else
                fake_answer(peer, rig->status, rig->headers, rig->body);
}

static void on_done(void *ctx, const struct kube_reply *reply)
{
        struct rig *rig = ctx;
        assert_false(rig->is_done);
        rig->is_done = true;
        rig->call = NULL;
        rig->err = reply->err;
        rig->reply_status = reply->status;
        rig->retry_after_ms = reply->retry_after_ms;
        rig->has_body = reply->body != NULL;
        (void)snprintf(rig->why, sizeof(rig->why), "%s", reply->why.text);
        const char *say = json_string_value(json_object_get(reply->body, "say"));
        (void)snprintf(rig->reply, sizeof(rig->reply), "%s", say ? say : "");
}

static int open_rig(void **state)
{
        struct rig *rig = mem_new(rig);
        leap_ms = 0;
        rig->loop = loop_open();
        rig->http = http_open(rig->loop, 8);
        rig->executor = executor_open(rig->loop, 1, 4);
        rig->api = fake_api_open(rig->loop, on_request, rig);
        rig->status = 200;
        rig->headers = "";
        rig->body = "{\"say\":\"hello\"}";
        (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/kube_client_test.XXXXXX");
        assert_non_null(mkdtemp(rig->folder));
        *state = rig;
        return 0;
}

static int close_rig(void **state)
{
        static const char *const names[] = {"token", "plugin", "calls"};
        struct rig *rig = *state;
        kube_close(rig->kube);
        http_close(rig->http);
        executor_close(rig->executor, clock_mono() + 5000);
        fake_api_close(rig->api);
        loop_close(rig->loop);
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                char path[128];
                (void)snprintf(path, sizeof(path), "%s/%s", rig->folder, names[i]);
                (void)unlink(path);
        }
        assert_int_equal(rmdir(rig->folder), 0);
        free(rig);
        return 0;
}

static void write_file(const struct rig *rig, const char *name, const char *content)
{
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", rig->folder, name);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(content, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0700), 0);
}

static struct kube_config base_config(const struct rig *rig)
{
        char server[64];
        (void)snprintf(server, sizeof(server), "http://127.0.0.1:%d", fake_api_port(rig->api));
        return (struct kube_config){.server = mem_strdup(server), .namespace_name = mem_strdup("default")};
}

static void open_kube(struct rig *rig, struct kube_config *config)
{
        rig->kube = kube_open(rig->loop, rig->http, rig->executor, config);
        assert_null(config->server); /* moved in */
}

static void open_plain(struct rig *rig)
{
        struct kube_config config = base_config(rig);
        open_kube(rig, &config);
}

static void wait_done(struct rig *rig)
{
        assert_false(rig->is_done); /* never from within the call itself */
        assert_true(fake_run(rig->loop, &rig->is_done, 20000));
        rig->is_done = false;
}

static void leap(struct rig *rig, mono_ms ms)
{
        leap_ms += ms;
        fake_turn(rig->loop);
}

static void get(struct rig *rig)
{
        rig->call = kube_get(rig->kube, "/x", 5000, on_done, rig);
        wait_done(rig);
}

static void put(struct rig *rig)
{
        json_t *patch = json_pack("{s:{s:s}}", "metadata", "resourceVersion", "7");
        rig->call = kube_patch(rig->kube, "/x", patch, 5000, on_done, rig);
        json_decref(patch);
        wait_done(rig);
}

static void test_verbs(void **state)
{
        struct rig *rig = *state;
        open_plain(rig);
        get(rig);
        assert_int_equal(rig->err, ERR_OK);
        assert_int_equal(rig->reply_status, 200);
        assert_string_equal(rig->reply, "hello");
        assert_string_equal(rig->line, "GET /x");
        assert_non_null(strstr(rig->head, "Accept: application/json\r\n"));
        put(rig);
        assert_string_equal(rig->line, "PATCH /x");
        assert_string_equal(rig->sent, "{\"metadata\":{\"resourceVersion\":\"7\"}}");
        assert_non_null(strstr(rig->head, "Content-Type: application/merge-patch+json\r\n"));
        json_t *object = json_pack("{s:i}", "a", 1);
        (void)kube_create(rig->kube, "/y", object, 5000, on_done, rig);
        json_decref(object);
        wait_done(rig);
        assert_string_equal(rig->line, "POST /y");
        assert_non_null(strstr(rig->head, "Content-Type: application/json\r\n"));
        assert_int_equal(fake_api_connections(rig->api), 1); /* one connection served all */
}

static void test_error_table(void **state)
{
        static const struct {
                int status;
                enum err on_read;
                enum err on_write;
        } rows[] = {
            {201, ERR_OK, ERR_OK},
            {302, ERR_INVALID, ERR_INVALID},
            {400, ERR_INVALID, ERR_INVALID},
            {401, ERR_DENIED, ERR_DENIED},
            {403, ERR_DENIED, ERR_DENIED},
            {404, ERR_NOT_FOUND, ERR_NOT_FOUND},
            {409, ERR_CONFLICT, ERR_CONFLICT},
            {410, ERR_EXPIRED, ERR_EXPIRED},
            {422, ERR_INVALID, ERR_INVALID},
            {429, ERR_TRANSIENT, ERR_TRANSIENT},
            {500, ERR_TRANSIENT, ERR_UNKNOWN},
            {502, ERR_TRANSIENT, ERR_UNKNOWN},
            {503, ERR_TRANSIENT, ERR_TRANSIENT},
            {504, ERR_TRANSIENT, ERR_UNKNOWN},
        };
        struct rig *rig = *state;
        open_plain(rig);
        rig->body = "{\"kind\":\"Status\",\"message\":\"because of that\"}";
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                rig->status = rows[i].status;
                get(rig);
                assert_int_equal(rig->err, rows[i].on_read);
                assert_int_equal(rig->reply_status, rows[i].status);
                assert_true(rows[i].on_read == ERR_OK || strstr(rig->why, "because of that"));
                put(rig);
                assert_int_equal(rig->err, rows[i].on_write);
        }
}

static void test_advice_and_bounds_of_texts(void **state)
{
        struct rig *rig = *state;
        char body[2048] = "{\"message\":\"";
        open_plain(rig);
        memset(body + strlen(body), 'x', 1800);
        (void)snprintf(body + 1800, 4, "\"}");
        rig->body = body;
        rig->status = 403;
        get(rig);
        assert_non_null(strstr(rig->why, "HTTP 403 (grant it by RBAC): xxx"));
        rig->status = 401;
        rig->body = "<html>no</html>";
        get(rig);
        assert_string_equal(rig->why, "HTTP 401 (renew the token or client certificate)");
}

static void test_retry_after(void **state)
{
        struct rig *rig = *state;
        open_plain(rig);
        rig->status = 429;
        rig->headers = "Retry-After: 3\r\nDate: Mon, 23 Nov 2026 03:00:00 GMT\r\n";
        get(rig);
        assert_int_equal(rig->retry_after_ms, 3000);
        rig->headers = "Retry-After: 99999999\r\n";
        get(rig);
        assert_int_equal(rig->retry_after_ms, 3600 * 1000);
        rig->headers = "";
        get(rig);
        assert_int_equal(rig->retry_after_ms, 0);
}

static void test_answer_that_is_not_json(void **state)
{
        struct rig *rig = *state;
        open_plain(rig);
        rig->body = "<html>hello</html>";
        get(rig);
        assert_int_equal(rig->err, ERR_TRANSIENT);
        assert_non_null(strstr(rig->why, "not JSON"));
        assert_false(rig->has_body);
        put(rig);
        assert_int_equal(rig->err, ERR_UNKNOWN);
}

static bool answer_hang_up(struct rig *rig, struct fake_peer *peer)
{
        (void)rig;
        fake_hang_up(peer);
        return true;
}

static bool answer_never(struct rig *rig, struct fake_peer *peer)
{
        (void)rig;
        (void)peer;
        return true;
}

static bool more_headers(void *ctx, struct fake_peer *peer)
{
        (void)ctx;
        for (int i = 0; i < 100; i++)
                fake_raw(peer, "X-More: and more\r\n", 18);
        return true;
}

static bool answer_endless_headers(struct rig *rig, struct fake_peer *peer)
{
        (void)rig;
        fake_raw(peer, "HTTP/1.1 200 OK\r\n", 17);
        fake_stream(peer, more_headers, NULL);
        return true;
}

static bool more_body(void *ctx, struct fake_peer *peer)
{
        (void)ctx;
        static char piece[64 * 1024];
        memset(piece, ' ', sizeof(piece));
        fake_chunk(peer, piece, sizeof(piece));
        return true;
}

static bool answer_endless_body(struct rig *rig, struct fake_peer *peer)
{
        (void)rig;
        fake_begin(peer, 200);
        fake_stream(peer, more_body, NULL);
        return true;
}

static void test_no_answer(void **state)
{
        struct rig *rig = *state;
        open_plain(rig);
        rig->answer = answer_hang_up;
        get(rig);
        assert_int_equal(rig->err, ERR_TRANSIENT);
        assert_int_equal(rig->reply_status, 0);
        put(rig);
        assert_int_equal(rig->err, ERR_UNKNOWN);
        rig->answer = answer_never;
        (void)kube_get(rig->kube, "/x", 50, on_done, rig);
        wait_done(rig);
        assert_int_equal(rig->err, ERR_TRANSIENT);
}

static void test_endless_answers(void **state)
{
        struct rig *rig = *state;
        open_plain(rig);
        rig->answer = answer_endless_headers;
        get(rig);
        assert_int_equal(rig->err, ERR_TRANSIENT);
        rig->answer = answer_endless_body;
        get(rig);
        assert_int_equal(rig->err, ERR_TRANSIENT);
        put(rig);
        assert_int_equal(rig->err, ERR_UNKNOWN);
}

static void test_refused_connection(void **state)
{
        struct rig *rig = *state;
        struct kube_config config = {.server = mem_strdup("http://127.0.0.1:1")};
        open_kube(rig, &config);
        put(rig);
        assert_int_equal(rig->err, ERR_TRANSIENT); /* nothing was sent */
}

static void test_cancel_and_close(void **state)
{
        struct rig *rig = *state;
        open_plain(rig);
        struct kube_call *first = kube_get(rig->kube, "/a", 5000, on_done, rig);
        (void)kube_get(rig->kube, "/b", 5000, on_done, rig);
        kube_cancel(first);
        kube_cancel(NULL);
        wait_done(rig);
        assert_string_equal(rig->line, "GET /b");
        (void)kube_get(rig->kube, "/c", 5000, on_done, rig); /* dies with the client, silently */
        kube_close(rig->kube);
        rig->kube = NULL;
        assert_false(rig->is_done);
}

static void test_path(void **state)
{
        (void)state;
        static const struct kube_resource secrets = {"", "v1", "secrets", "Secret"};
        static const struct kube_resource policies = {"planekeeper.io", "v1alpha1", "failoverpolicies",
                                                      "FailoverPolicy"};
        CLEANUP(cleanup_free) char *one = kube_path(&secrets, "ops", "a", NULL);
        CLEANUP(cleanup_free) char *two = kube_path(&policies, "o/../s", "x?y#z", "status");
        CLEANUP(cleanup_free) char *three = kube_path(&policies, NULL, NULL, NULL);
        assert_string_equal(one, "/api/v1/namespaces/ops/secrets/a");
        assert_string_equal(two,
                            "/apis/planekeeper.io/v1alpha1/namespaces/o%2F..%2Fs/failoverpolicies/x%3Fy%23z/status");
        assert_string_equal(three, "/apis/planekeeper.io/v1alpha1/failoverpolicies");
}

/* ---- credentials ---- */

static void test_token_file_is_read_again(void **state)
{
        struct rig *rig = *state;
        struct kube_config config = base_config(rig);
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/token", rig->folder);
        config.token_file = mem_strdup(path);
        secret_set(&config.token, "first", 5);
        write_file(rig, "token", "first\n");
        open_kube(rig, &config);
        rig->good_token = "first";
        get(rig);
        assert_int_equal(rig->err, ERR_OK);

        write_file(rig, "token", "second\n"); /* after a 401 */
        rig->good_token = "second";
        rig->requests = 0;
        put(rig);
        assert_int_equal(rig->err, ERR_OK);
        assert_int_equal(rig->requests, 2);

        write_file(rig, "token", "third\n"); /* and each minute */
        rig->good_token = "third";
        rig->requests = 0;
        leap(rig, 61 * 1000);
        get(rig);
        assert_int_equal(rig->err, ERR_OK);

        rig->good_token = "other"; /* the file has nothing newer */
        rig->requests = 0;
        leap(rig, 2000);
        get(rig);
        assert_int_equal(rig->err, ERR_DENIED);
        assert_int_equal(rig->requests, 2);
        rig->requests = 0; /* and was looked at just now: one refusal is enough */
        get(rig);
        assert_int_equal(rig->err, ERR_DENIED);
        assert_int_equal(rig->requests, 1);
        write_file(rig, "token", ""); /* unreadable: the old one stays in force */
        rig->good_token = "third";
        leap(rig, 61 * 1000);
        get(rig);
        assert_int_equal(rig->err, ERR_OK);
}

static char **texts(const char *const from[])
{
        size_t count = 0;
        while (from[count])
                count++;
        char **copy = mem_calloc(count + 1, sizeof(*copy));
        for (size_t i = 0; i < count; i++)
                copy[i] = mem_strdup(from[i]);
        return copy;
}

/* A plugin that notes each call and then does as @script says. */
static void open_with_plugin(struct rig *rig, const char *script)
{
        struct kube_config config = base_config(rig);
        char text[1024], path[128], variable[160];
        (void)snprintf(text, sizeof(text), "#!/bin/sh\necho x >> %s/calls\n%s\n", rig->folder, script);
        (void)snprintf(path, sizeof(path), "%s/plugin", rig->folder);
        (void)snprintf(variable, sizeof(variable), "FOLDER=%s", rig->folder);
        write_file(rig, "plugin", text);
        config.exec = mem_new(config.exec);
        config.exec->command = mem_strdup(path);
        config.exec->args = texts((const char *const[]){"one", "two words", NULL});
        config.exec->env = texts((const char *const[]){variable, "HOME=/elsewhere", NULL});
        config.exec->api_version = mem_strdup("client.authentication.k8s.io/v1");
        config.exec->provide_cluster_info = true;
        open_kube(rig, &config);
}

static long count_calls(const struct rig *rig)
{
        char path[128];
        struct stat status;
        (void)snprintf(path, sizeof(path), "%s/calls", rig->folder);
        return stat(path, &status) == 0 ? (long)status.st_size / 2 : 0;
}

#define CREDENTIAL(status)                                                                                          \
        "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{" status \
        "}}'"

static void test_plugin_gives_a_token(void **state)
{
        struct rig *rig = *state;
        open_with_plugin(rig, "[ \"$2\" = 'two words' ] && [ \"$HOME\" = /elsewhere ] || exit 7\n"
                              "case \"$KUBERNETES_EXEC_INFO\" in "
                              "*'\"interactive\":false'*'\"server\":\"http://127.0.0.1:'*) ;; *) exit 8;; esac\n"
                              "read line && exit 9\n" CREDENTIAL("\"token\":\"from-plugin\""));
        rig->good_token = "from-plugin";
        for (int i = 0; i < 3; i++) {
                get(rig);
                assert_string_equal(rig->why, "");
                assert_int_equal(rig->err, ERR_OK);
        }
        assert_int_equal(count_calls(rig), 1);
        leap(rig, 10 * 1000);
        rig->good_token = "nothing it has"; /* 401: it is asked once more, and then not for a while */
        rig->requests = 0;
        get(rig);
        assert_int_equal(rig->err, ERR_DENIED);
        assert_int_equal(rig->requests, 2);
        assert_int_equal(count_calls(rig), 2);
        get(rig);
        assert_int_equal(rig->err, ERR_DENIED);
        assert_int_equal(count_calls(rig), 2);
}

static void test_plugin_credential_expires(void **state)
{
        struct rig *rig = *state;
        /* Good for 10 minutes, the next one for 40: the plugin does not see our leap. */
        open_with_plugin(
            rig,
            "n=$(wc -l < $FOLDER/calls)\nwhen=$(date -u -d \"+$((n * 30 - 20)) minutes\" +%Y-%m-%dT%H:%M:%SZ)\n"
            "echo "
            "'{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":"
            "\"'t$n'\",\"expirationTimestamp\":\"'$when'\"}}'");
        rig->good_token = "t1";
        get(rig);
        assert_int_equal(rig->err, ERR_OK);
        leap(rig, 11 * 60 * 1000);
        rig->good_token = "t2";
        get(rig);
        assert_int_equal(rig->err, ERR_OK);
        assert_int_equal(count_calls(rig), 2);
}

static void plugin_fails(struct rig *rig, const char *script, enum err want_err, const char *want)
{
        open_with_plugin(rig, script);
        (void)kube_get(rig->kube, "/x", 15000, on_done, rig);
        wait_done(rig);
        assert_int_equal(rig->err, want_err);
        if (!strstr(rig->why, want))
                fail_msg("\"%s\" does not say \"%s\"", rig->why, want);
        assert_null(strstr(rig->why, "s3cret"));
        assert_int_equal(rig->requests, 0); /* nothing without credentials */
        kube_close(rig->kube);
        rig->kube = NULL;
}

static void test_plugin_failures(void **state)
{
        struct rig *rig = *state;
        plugin_fails(rig, "echo s3cret; echo 'please log in' >&2; exit 3", ERR_TRANSIENT,
                     "exit status 3: please log in");
        plugin_fails(rig, "kill -9 $$", ERR_TRANSIENT, "died of signal 9");
        plugin_fails(rig, "echo s3cret", ERR_INVALID, "did not print an ExecCredential");
        plugin_fails(rig, "head -c 70000 /dev/zero", ERR_INVALID, "printed more than 65536 bytes");
        plugin_fails(rig, CREDENTIAL(""), ERR_INVALID, "neither a token nor a client certificate");
        plugin_fails(rig, CREDENTIAL("\"clientKeyData\":\"s3cret\""), ERR_INVALID, "must come together");
        plugin_fails(rig, CREDENTIAL("\"token\":\"s3cret\",\"expirationTimestamp\":\"tomorrow\""), ERR_INVALID,
                     "RFC 3339");
        plugin_fails(rig, CREDENTIAL("\"token\":\"s3cret\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\""),
                     ERR_DENIED, "expired already");
        plugin_fails(rig,
                     "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\"}'",
                     ERR_INVALID, "not of the kubeconfig's apiVersion");
}

static void test_plugin_that_is_not_there(void **state)
{
        struct rig *rig = *state;
        struct kube_config config = base_config(rig);
        config.exec = mem_new(config.exec);
        config.exec->command = mem_strdup("planekeeper-no-such-program");
        config.exec->args = texts((const char *const[]){NULL});
        config.exec->env = texts((const char *const[]){NULL});
        config.exec->api_version = mem_strdup("client.authentication.k8s.io/v1");
        open_kube(rig, &config);
        get(rig);
        assert_int_equal(rig->err, ERR_NOT_FOUND);
        assert_non_null(strstr(rig->why, "planekeeper-no-such-program: cannot be started"));
}

struct last_job {
        struct job job;
        bool is_done;
};

static void run_nothing(struct job *job)
{
        (void)job;
}

static void on_last(struct job *job)
{
        CONTAINER_OF(job, struct last_job, job)->is_done = true;
}

static void test_calls_wait_for_the_plugin(void **state)
{
        struct rig *rig = *state;
        open_with_plugin(rig, "sleep 30");
        (void)kube_get(rig->kube, "/x", 50, on_done, rig);
        wait_done(rig);
        assert_int_equal(rig->err, ERR_TRANSIENT);
        assert_non_null(strstr(rig->why, "no credentials in time"));
        (void)kube_get(rig->kube, "/x", 5000, on_done, rig);
        while (count_calls(rig) == 0) /* its deadline counts from its start, however late that is */
                fake_turn(rig->loop);
        kube_close(rig->kube); /* the plugin still runs */
        rig->kube = NULL;
        leap_ms += 11 * 1000; /* past its deadline */
        struct last_job last = {.job = {.run = run_nothing, .done = on_last}};
        assert_true(executor_submit(rig->executor, &last.job));
        assert_true(
            fake_run(rig->loop, &last.is_done, 20000)); /* behind it on the only worker: now it has been freed */
}

static void test_metrics(void **state)
{
        struct rig *rig = *state;
        char want[160];
        struct strbuf page = STRBUF_INIT(1 << 20);
        open_plain(rig);
        rig->status = 418;
        get(rig);
        metrics_print(&page);
        (void)snprintf(want, sizeof(want),
                       "rest_client_requests_total{code=\"418\",host=\"127.0.0.1:%d\",method=\"GET\"} 1\n",
                       fake_api_port(rig->api));
        assert_non_null(strstr(page.text, want));
        (void)snprintf(want, sizeof(want),
                       "rest_client_request_duration_seconds_count{host=\"127.0.0.1:%d\",verb=\"GET\"} 1\n",
                       fake_api_port(rig->api));
        assert_non_null(strstr(page.text, want));
        strbuf_deinit(&page);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_verbs, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_error_table, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_advice_and_bounds_of_texts, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_retry_after, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_answer_that_is_not_json, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_no_answer, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_endless_answers, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_refused_connection, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_cancel_and_close, open_rig, close_rig),
            cmocka_unit_test(test_path),
            cmocka_unit_test_setup_teardown(test_token_file_is_read_again, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_plugin_gives_a_token, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_plugin_credential_expires, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_plugin_failures, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_plugin_that_is_not_there, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_calls_wait_for_the_plugin, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_metrics, open_rig, close_rig),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
