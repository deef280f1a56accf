/* kube_watch_test.c -- list and watch against a server that pages, forgets, cuts, overloads and lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake_hub.h"
#include "kube/watch.h"
#include "leap_clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/strbuf.h"

static const struct kube_resource planes = {"planekeeper.io", "v1alpha1", "managementplanes", "ManagementPlane"};
static const struct kube_resource secrets = {"", "v1", "secrets", "Secret"};

/* One answer of the script: a status and a body, or a function. */
struct step {
        int status;
        const char *body;
        const char *headers;
        void (*answer)(struct fake_peer *peer);
        bool stays_open; /* a watch: the body is sent in a chunk and no end */
        bool is_cut;     /* the connection is closed behind the body */
};

struct rig {
        struct fake_hub hub;
        struct watch *watch;
        const struct step *script;
        size_t step;
        struct fake_peer *peer; /* of the last request */
        struct strbuf asked;    /* the targets, one per line */
        struct strbuf log;      /* what the callbacks said */
        const char *want;       /* stop when the log ends with this */
        bool is_reached;
        bool closes_on_object;
};

static void note(struct rig *rig, const char *text)
{
        assert_true(strbuf_append_text(&rig->log, text));
        size_t bytes = rig->want ? strlen(rig->want) : 0;
        if (bytes && rig->log.bytes >= bytes && strcmp(rig->log.text + rig->log.bytes - bytes, rig->want) == 0)
                rig->is_reached = true;
}

static void on_list_begin(void *ctx)
{
        note(ctx, "[");
}

static void on_object(void *ctx, enum watch_change change, const json_t *object)
{
        struct rig *rig = ctx;
        char text[64];
        const char *name = json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));
        (void)snprintf(text, sizeof(text), "%c%.40s ", change == WATCH_SET ? '+' : '-', name);
        note(rig, text);
        if (rig->closes_on_object) {
                watch_close(rig->watch);
                rig->watch = NULL;
        }
}

static void on_list_end(void *ctx)
{
        note(ctx, "]");
}

static void on_state(void *ctx, enum err err, const char *why)
{
        struct rig *rig = ctx;
        char text[400];
        char host[40];
        (void)snprintf(host, sizeof(host), "127.0.0.1:%d", fake_api_port(rig->hub.api));
        const char *at = strstr(why, host); /* the port is another one each time */
        if (at)
                (void)snprintf(text, sizeof(text), "{%s: %.*sHOST%s}", err_name(err), (int)(at - why), why, at + strlen(host));
        else
                (void)snprintf(text, sizeof(text), "{%s%s%s}", err_name(err), why[0] ? ": " : "", why);
        note(ctx, text);
}

static void on_passed_over(void *ctx, const char *name, size_t bytes, const char *why, bool is_told)
{
        char text[400];
        if (strcmp(why, "is too large or too deep") == 0)
                (void)snprintf(text, sizeof(text), "!%s/%zu!", name, bytes);
        else
                (void)snprintf(text, sizeof(text), "!%.8s %s%s!", name, is_told ? "told " : "", why);
        note(ctx, text);
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        const struct step *step = &rig->script[rig->step];
        (void)strbuf_printf(&rig->asked, "%s\n", request->target);
        rig->peer = peer;
        if (!step->status) { /* the end of the script: silence */
                note(rig, "$");
                return;
        }
        rig->step++;
        if (step->answer) {
                step->answer(peer);
        } else if (step->stays_open || step->is_cut) {
                fake_begin(peer, step->status);
                if (step->body[0])
                        fake_text(peer, step->body);
                if (step->is_cut)
                        fake_hang_up(peer);
        } else {
                fake_answer(peer, step->status, step->headers ? step->headers : "", step->body);
        }
}

static int open_rig(void **state)
{
        struct rig *rig = mem_new(rig);
        leap_ms = 0;
        fake_hub_open(&rig->hub, false, on_request, rig);
        rig->asked = rig->log = STRBUF_INIT(1 << 20);
        *state = rig;
        return 0;
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        watch_close(rig->watch);
        fake_hub_close(&rig->hub);
        strbuf_deinit(&rig->asked);
        strbuf_deinit(&rig->log);
        free(rig);
        return 0;
}

static void start(struct rig *rig, const struct step *script, const struct kube_resource *resource)
{
        const struct watch_config config = {
            .resource = resource,
            .namespace_name = "ops",
            .list_begin = on_list_begin,
            .object = on_object,
            .list_end = on_list_end,
            .state = on_state,
            .passed_over = on_passed_over,
            .ctx = rig,
        };
        rig->script = script;
        rig->watch = watch_open(rig->hub.loop, rig->hub.kube, &config);
}

/* Run until the callbacks have said @want last; the log is then empty for the next round. */
static void expect(struct rig *rig, const char *want)
{
        size_t bytes = strlen(want);
        rig->want = want;
        rig->is_reached = false;
        if (!(rig->log.bytes == bytes && rig->log.text && strcmp(rig->log.text, want) == 0) &&
            !fake_run(rig->hub.loop, &rig->is_reached, 15000))
                fail_msg("waited for \"%s\", the log says \"%s\"", want, strbuf_text(&rig->log));
        assert_string_equal(strbuf_text(&rig->log), want);
        strbuf_clear(&rig->log);
}

/* Jump over a back-off of at most @ms. */
static void leap(struct rig *rig, mono_ms ms)
{
        leap_ms += ms;
        fake_turn(rig->hub.loop);
}

#define LIST(rv, token, items)                                                                                       \
        "{\"kind\":\"L\",\"metadata\":{\"resourceVersion\":\"" rv "\",\"continue\":\"" token "\"},\"items\":[" items \
        "]}"
#define OBJECT(name, rv)    "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" rv "\"}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define HUNDRED "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
#define LONG    HUNDRED HUNDRED HUNDRED /* a version of more than 300 characters */
#define ERROR_EVENT(code) \
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":" code ",\"message\":\"said " code "\"}}\n"

static void test_pages_then_changes(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "a/b=c", OBJECT("a", "5")), NULL, NULL, false, false},
            {200, LIST("7", "", OBJECT("b", "6")), NULL, NULL, false, false},
            {200, EVENT("ADDED", OBJECT("c", "8")) EVENT("DELETED", OBJECT("a", "9")), NULL, NULL, true, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        assert_false(watch_is_synced(rig->watch));
        expect(rig, "[+a +b ]+c -a ");
        assert_true(watch_is_synced(rig->watch));
        const char *watched = strstr(rig->asked.text, "?watch=true");
        assert_non_null(watched);
        assert_non_null(strstr(watched, "&allowWatchBookmarks=true&timeoutSeconds="));
        assert_non_null(strstr(watched, "&resourceVersion=7\n"));
        assert_true(
            strncmp(rig->asked.text,
                    "/apis/planekeeper.io/v1alpha1/namespaces/ops/managementplanes?limit=25\n"
                    "/apis/planekeeper.io/v1alpha1/namespaces/ops/managementplanes?limit=25&continue=a%2Fb%3Dc\n",
                    150) == 0);
        fake_text(rig->peer, EVENT("MODIFIED", OBJECT("b", "10")));
        expect(rig, "+b ");
}

static void test_resumes_where_it_was_cut(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, EVENT("ADDED", OBJECT("c", "8")) EVENT("BOOKMARK", OBJECT("", "12")) "{\"type\":\"ADDED\",\"obj",
             NULL, NULL, false, true},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]+c {transient: managementplanes: HOST: transfer closed with outstanding read data remaining}");
        leap(rig, 300);
        expect(rig, "$");
        assert_non_null(strstr(rig->asked.text, "&resourceVersion=12\n"));
        fake_begin(rig->peer, 200); /* a quiet watch: the headers alone say that it flows again */
        expect(rig, "{ok}");
}

/* Until that many answers are on their way, and a little longer. */
static void reach(struct rig *rig, unsigned steps)
{
        bool never = false;
        while (rig->step < steps)
                fake_turn(rig->hub.loop);
        (void)fake_run(rig->hub.loop, &never, 20);
}

static void end_after(struct rig *rig, unsigned steps, mono_ms ms)
{
        reach(rig, steps);
        leap(rig, ms);
        fake_end(rig->peer);
}

static void test_an_ended_watch_is_resumed(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, EVENT("BOOKMARK", OBJECT("", "9")), NULL, NULL, true, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]");
        end_after(rig, 2, 6000);
        expect(rig, "$"); /* at once, and nothing to tell */
        assert_non_null(strstr(rig->asked.text, "&resourceVersion=9\n"));
}

/* The store may have gone back: then a watch of what is still to come is as silent as one of a store where nothing happens. */
static void test_a_silent_watch_is_compared_with_a_list(void **state)
{
        static const struct step script[] = {
            {200, LIST(LONG "7", "", ""), NULL, NULL, false, false}, {200, "", NULL, NULL, true, false},
            {200, LIST("5", "", ""), NULL, NULL, false, false}, {200, "", NULL, NULL, true, false},
            {200, LIST("6", "", ""), NULL, NULL, false, false}, {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]");
        end_after(rig, 2, 6000);
        expect(rig, "[]");
        assert_true(watch_take_fall(rig->watch));
        reach(rig, 4);
        watch_list_anew(rig->watch); /* and whenever it is told to */
        leap(rig, 200);
        expect(rig, "[]$");
}

#define TELLS {200, EVENT("BOOKMARK", OBJECT("", "9")), NULL, NULL, true, false}

static void test_a_watch_that_tells_is_compared_every_half_hour(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false}, TELLS, TELLS, TELLS, TELLS, TELLS, TELLS, TELLS, TELLS,
            {200, LIST("9", "", ""), NULL, NULL, false, false}, {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]");
        for (unsigned ended = 0; ended < 8; ended++)
                end_after(rig, 2 + ended, 230 * 1000);
        expect(rig, "[]$");
}

static void test_a_version_of_the_future_is_given_up(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false}, {504, "{\"details\":{\"causes\":[{\"reason\":\"ResourceVersionTooLarge\"}]}}", "Retry-After: 1\r\n", NULL, false, false},
            {200, LIST("5", "", ""), NULL, NULL, false, false}, {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]");
        reach(rig, 2), leap(rig, 1100);
        expect(rig, "[]$");
        assert_true(watch_take_fall(rig->watch));
}

static void test_expired_in_the_stream(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, ERROR_EVENT("410"), NULL, NULL, true, false},
            {200, LIST("9", "", OBJECT("x", "8")), NULL, NULL, false, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[][+x ]$"); /* within a moment of jitter, and nothing to tell */
        assert_non_null(strstr(rig->asked.text, "&resourceVersion=9\n"));
}

static void test_expired_as_a_status(void **state)
{
        static const char gone[] = "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old resource version\"}";
        static const struct step script[] = {
            {200, LIST("7", "next", OBJECT("a", "5")), NULL, NULL, false, false},
            {410, gone, NULL, NULL, false, false}, /* the continue token: the list is begun from scratch */
            {200, LIST("8", "", OBJECT("a", "5")), NULL, NULL, false, false},
            {410, gone, NULL, NULL, false, false}, /* the watch */
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[+a [+a ]");
        leap(rig, 300); /* the second time in a row it waits */
        expect(rig, "[$");
        assert_null(strstr(strstr(rig->asked.text, "continue=next") + 1, "continue="));
}

static void test_errors_in_the_stream(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, ERROR_EVENT("500"), NULL, NULL, true, false},
            {200, ERROR_EVENT("429"), NULL, NULL, true, false},
            {200, ERROR_EVENT("504"), NULL, NULL, true, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]{transient: managementplanes: HTTP 500: said 500}");
        leap(rig, 300);
        expect(rig, "{ok}{transient: managementplanes: HTTP 429: said 429}");
        leap(rig, 600);
        expect(rig, "{ok}{transient: managementplanes: HTTP 504: said 504}");
        leap(rig, 1100);
        expect(rig, "[$"); /* refused three times at the same position: a restored server may be behind it */
}

static void test_overload_is_obeyed(void **state)
{
        static const struct step script[] = {
            {429, "{\"message\":\"slow down\"}", "Retry-After: 7\r\n", NULL, false, false},
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[{transient: managementplanes: HTTP 429: slow down}");
        leap(rig, 6500);
        bool never = false;
        (void)fake_run(rig->hub.loop, &never, 20);
        assert_int_equal(rig->step, 1); /* not before its time */
        leap(rig, 600);
        expect(rig, "[]$");
}

static void test_crd_is_not_installed(void **state)
{
        static const struct step script[] = {
            {404, "404 page not found\n", NULL, NULL, false, false},
            {404, "404 page not found\n", NULL, NULL, false, false},
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, "", NULL, NULL, true, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[{not found: the API server does not know managementplanes.planekeeper.io/v1alpha1: install the "
                    "CustomResourceDefinition (kubectl apply -k crds)}");
        leap(rig, 1100);
        expect(rig, "[");
        reach(rig, 2);
        leap(rig, 2100);
        expect(rig, "[]{ok}"); /* told once, and told when it is over */
}

static void test_crd_is_deleted(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", OBJECT("a", "5")), NULL, NULL, false, false},
            {200, EVENT("DELETED", OBJECT("a", "9")), NULL, NULL, false, true},
            {404, "404 page not found\n", NULL, NULL, false, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[+a ]-a {transient: managementplanes: HOST: transfer closed with outstanding read data remaining}");
        leap(rig, 300);
        expect(rig, "{not found: the API server does not know managementplanes.planekeeper.io/v1alpha1: install the "
                    "CustomResourceDefinition (kubectl apply -k crds)}");
        leap(rig, 1100);
        expect(rig, "[$");
}

static void test_denied(void **state)
{
        static const struct step script[] = {
            {403, "{\"message\":\"secrets is forbidden: User \\\"x\\\" cannot list\"}", NULL, NULL, false, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &secrets);
        expect(rig, "[{denied: secrets: HTTP 403 (grant it by RBAC): secrets is forbidden: User \"x\" cannot list}");
}

static void wrong_line(struct rig *rig, const char *line)
{
        struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, "", NULL, NULL, true, false},
            {200, LIST("8", "", ""), NULL, NULL, false, false},
            {0},
        };
        script[1].body = line;
        rig->step = 0;
        start(rig, script, &planes);
        while (!strstr(strbuf_text(&rig->log), "{invalid"))
                fake_turn(rig->hub.loop);
        assert_true(strncmp(rig->log.text, "[]{invalid: managementplanes: ", 29) == 0);
        strbuf_clear(&rig->log);
        leap(rig, 300);
        expect(rig, "[]$");
        watch_close(rig->watch);
        rig->watch = NULL;
}

static void test_lines_that_are_wrong(void **state)
{
        struct rig *rig = *state;
        wrong_line(rig, "{\"type\":\"ADDED\",}\n");
        wrong_line(rig, "<html>\n");
        wrong_line(rig, "[]\n");
        struct strbuf page = STRBUF_INIT(1 << 20);
        metrics_print(&page);
        assert_non_null(
            strstr(page.text, "planekeeper_watch_invalid_total{resource=\"managementplanes\",reason=\"syntax\"} 3\n"));
        strbuf_deinit(&page);
}

static void test_lines_that_are_odd(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", "{\"metadata\":{}}," OBJECT("a", "5")), NULL, NULL, false, false},
            {200,
             EVENT("ADDED", "{\"metadata\":{\"resourceVersion\":\"8\"}}") EVENT("ADDED", "7")
                 EVENT("STRANGE", OBJECT("s", "9")) "{\"object\":{}}\n{}\n" EVENT(
                     "ADDED", "{\"metadata\":{\"name\":\"n\",\"note\":\"a\\u0000b\"}}"),
             NULL, NULL, true, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[! has no name that an object may have!+a ]! told has no name that an object may have!"
                    "! told has no name that an object may have!+n ");
}

static void test_a_list_that_is_none(void **state)
{
        static const struct step script[] = {
            {200, "{\"kind\":\"Hello\"}", NULL, NULL, false, false},
            {200, "<html>", NULL, NULL, false, false},
            {200, "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[", NULL, NULL, false, false},
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[{invalid: managementplanes: the answer is not a whole list: is this an API server?}");
        for (size_t step = 2; step <= 3; step++) {
                leap(rig, 10500);
                while (rig->step < step)
                        fake_turn(rig->hub.loop);
                bool never = false;
                (void)fake_run(rig->hub.loop, &never, 20);
                assert_string_equal(rig->log.text, "["); /* no list_end, nothing new to tell */
                strbuf_clear(&rig->log);
        }
        leap(rig, 10500);
        expect(rig, "[]$");
}

/* ---- large answers ---- */

/* Whales of 8 MiB, each with a small object behind it: a gigabyte, or what a sanitizer gets through in the same time.
 */
#ifdef __SANITIZE_ADDRESS__
enum { WHALES = 24, GROWTH_MAX_KIB = 320 * 1024 }; /* it keeps back what was freed, up to 256 MiB */
#else
enum { WHALES = 128, GROWTH_MAX_KIB = 16 * 1024 };
#endif
enum { PIECE_BYTES = 64 * 1024, PIECES_PER_WHALE = 128 };
static unsigned pieces;
static char piece[PIECE_BYTES + 1];

static bool more_whales(void *ctx, struct fake_peer *peer)
{
        (void)ctx;
        if (pieces == 0)
                fake_text(peer, "{\"items\":[");
        if (pieces == WHALES * PIECES_PER_WHALE) {
                fake_text(peer, "],\"metadata\":{\"resourceVersion\":\"7\"}}");
                fake_end(peer);
                return false;
        }
        if (pieces % PIECES_PER_WHALE == 0)
                fake_text(peer, pieces ? ",{\"x\":\"" : "{\"x\":\"");
        fake_text(peer, piece);
        if (++pieces % PIECES_PER_WHALE == 0)
                fake_text(peer, "\"}," OBJECT("small", "5"));
        return true;
}

static void answer_huge_list(struct fake_peer *peer)
{
        pieces = 0;
        memset(piece, 'x', PIECE_BYTES);
        fake_begin(peer, 200);
        fake_stream(peer, more_whales, NULL);
}

static unsigned counted, passed_over;

static void count_object(void *ctx, enum watch_change change, const json_t *object)
{
        (void)ctx;
        (void)change;
        (void)object;
        counted++;
}

static void count_passed_over(void *ctx, const char *name, size_t bytes, const char *why, bool is_told)
{
        (void)ctx, (void)name, (void)bytes, (void)why, (void)is_told;
        passed_over++;
}

static long resident_kib(void)
{
        char line[160];
        long kib = 0;
        FILE *file = fopen("/proc/self/status", "r");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, "VmRSS:", 6) == 0)
                        kib = strtol(line + 6, NULL, 10);
        fclose(file);
        return kib;
}

static void test_a_gigabyte_passes_through(void **state)
{
        static const struct step script[] = {{200, NULL, NULL, answer_huge_list, false, false}, {0}};
        struct rig *rig = *state;
        const struct watch_config config = {
            .resource = &planes,
            .list_begin = on_list_begin,
            .object = count_object,
            .list_end = on_list_end,
            .state = on_state,
            .passed_over = count_passed_over,
            .ctx = rig,
        };
        long before = resident_kib();
        rig->script = script;
        rig->watch = watch_open(rig->hub.loop, rig->hub.kube, &config);
        rig->want = "$";
        counted = passed_over = 0;
        assert_true(fake_run(rig->hub.loop, &rig->is_reached, 60000));
        assert_string_equal(rig->log.text, "[]$");
        assert_int_equal(counted, WHALES);
        assert_int_equal(passed_over, WHALES);
        assert_true(resident_kib() - before < GROWTH_MAX_KIB);
}

static bool more_of_one_item(void *ctx, struct fake_peer *peer)
{
        (void)ctx;
        if (pieces == 0)
                fake_text(peer, "{\"items\":[{\"metadata\":{\"name\":\"whale\"},\"x\":\"");
        if (pieces++ == 100) {
                fake_text(peer, "\"}," OBJECT("small", "5") "],\"metadata\":{\"resourceVersion\":\"7\"}}");
                fake_end(peer);
                return false;
        }
        fake_text(peer, piece);
        return true;
}

static void answer_oversized_item(struct fake_peer *peer)
{
        pieces = 0;
        memset(piece, 'x', PIECE_BYTES);
        fake_begin(peer, 200);
        fake_stream(peer, more_of_one_item, NULL);
}

static void test_an_oversized_item_is_passed_over(void **state)
{
        static const struct step script[] = {{200, NULL, NULL, answer_oversized_item, false, false}, {0}};
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[!whale/6553636!+small ]$");
}

/* ---- closing ---- */

static void test_closed_from_its_own_callback(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", OBJECT("a", "5") "," OBJECT("b", "5")), NULL, NULL, false, false},
            {0},
        };
        struct rig *rig = *state;
        rig->closes_on_object = true;
        start(rig, script, &planes);
        rig->want = "+a ";
        assert_true(fake_run(rig->hub.loop, &rig->is_reached, 5000));
        bool never = false;
        (void)fake_run(rig->hub.loop, &never, 30);
        assert_string_equal(rig->log.text, "[+a ");
}

static void test_closed_at_any_time(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", OBJECT("a", "5")), NULL, NULL, false, false},
            {200, EVENT("ADDED", OBJECT("c", "8")), NULL, NULL, true, false},
            {0},
        };
        struct rig *rig = *state;
        for (int turns = 0; turns < 40; turns++) {
                rig->step = 0;
                start(rig, script, &planes);
                for (int i = 0; i < turns; i++)
                        fake_turn(rig->hub.loop);
                watch_close(rig->watch);
                rig->watch = NULL;
                strbuf_clear(&rig->log);
        }
        watch_close(NULL);
}

static void test_selector(void **state)
{
        static const struct step script[] = {{200, LIST("7", "", ""), NULL, NULL, false, false}, {0}};
        struct rig *rig = *state;
        const struct watch_config config = {
            .resource = &secrets,
            .label_selector = "a/b=c,d in (e)",
            .list_begin = on_list_begin,
            .object = on_object,
            .list_end = on_list_end,
            .state = on_state,
            .passed_over = on_passed_over,
            .ctx = rig,
        };
        rig->script = script;
        rig->watch = watch_open(rig->hub.loop, rig->hub.kube, &config);
        expect(rig, "[]$");
        assert_non_null(
            strstr(rig->asked.text, "/api/v1/secrets?limit=25&labelSelector=a%2Fb%3Dc%2Cd%20in%20%28e%29\n"));
        assert_non_null(strstr(strstr(rig->asked.text, "watch=true"),
                               "&labelSelector=a%2Fb%3Dc%2Cd%20in%20%28e%29&resourceVersion=7\n"));
}

static void test_a_dead_watch_is_noticed(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, "", NULL, NULL, true, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]");
        reach(rig, 2);
        leap(rig, 496 * 1000); /* longer than any watch may last */
        rig->want = "$";
        assert_true(fake_run(rig->hub.loop, &rig->is_reached, 5000));
        assert_non_null(strstr(rig->log.text, "{transient: managementplanes: HOST: no byte came for "));
}

static void stay_silent(struct fake_peer *peer)
{
        (void)peer;
}

/* A server that took the request and never answered it: what comes back may have another past, so everything is listed anew. */
static void test_a_watch_that_is_never_answered_is_listed_anew(void **state)
{
        static const struct step script[] = {
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {200, NULL, NULL, stay_silent, false, false},
            {200, LIST("7", "", ""), NULL, NULL, false, false},
            {0},
        };
        struct rig *rig = *state;
        start(rig, script, &planes);
        expect(rig, "[]");
        reach(rig, 2);
        leap(rig, 16 * 1000);
        expect(rig, "{transient: managementplanes: the watch is not answered}");
        leap(rig, 300);
        expect(rig, "[]$");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_pages_then_changes, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_resumes_where_it_was_cut, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_an_ended_watch_is_resumed, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_a_silent_watch_is_compared_with_a_list, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_a_watch_that_tells_is_compared_every_half_hour, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_a_version_of_the_future_is_given_up, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_expired_in_the_stream, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_expired_as_a_status, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_errors_in_the_stream, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_overload_is_obeyed, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_crd_is_not_installed, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_crd_is_deleted, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_denied, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_lines_that_are_wrong, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_lines_that_are_odd, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_a_list_that_is_none, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_a_gigabyte_passes_through, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_an_oversized_item_is_passed_over, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_closed_from_its_own_callback, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_closed_at_any_time, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_selector, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_a_dead_watch_is_noticed, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(test_a_watch_that_is_never_answered_is_listed_anew, open_rig, close_rig),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
