/* metrics_test.c -- the page as Prometheus wants it, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "runtime/metrics_process.h"

static const double seconds[] = {0.005, 0.1, 1, 2.5};

static struct metric_family requests = {
        .name = "test_requests_total", .help = "Requests.", .type = METRIC_COUNTER, .labels = {"code", "host"}};
static struct metric_family temperature = {.name = "test_temperature", .help = "Now.", .type = METRIC_GAUGE};
static struct metric_family latency = {.name = "test_latency_seconds",
                                       .help = "How long.",
                                       .type = METRIC_HISTOGRAM,
                                       .labels = {"plane"},
                                       .buckets = seconds,
                                       .bucket_count = 4};
static struct metric_family unlabelled = {
        .name = "test_size_bytes", .help = "Sizes.", .type = METRIC_HISTOGRAM, .buckets = seconds, .bucket_count = 1};

static struct strbuf page;

static void print_page(void)
{
        strbuf_deinit(&page);
        page = STRBUF_INIT(8 << 20);
        metrics_print(&page);
        assert_false(page.overflowed);
}

static int free_page(void **state)
{
        (void)state;
        strbuf_deinit(&page);
        return 0;
}

static void assert_on_page(const char *text)
{
        if (!strstr(strbuf_text(&page), text))
                fail_msg("not on the page: %s\n%s", text, strbuf_text(&page));
}

static void test_counters_and_gauges(void **state)
{
        (void)state;
        metrics_register(&requests);
        metrics_register(&requests);
        metrics_register(&temperature);
        metric_add(METRIC(&requests, "200", "a"), 1);
        metric_add(METRIC(&requests, "500", "a"), 2.5);
        metric_add(METRIC(&requests, "200", "a"), 1);
        metric_set(metrics_child(&temperature, NULL), -3.5);
        print_page();
        assert_on_page("# HELP test_requests_total Requests.\n"
                       "# TYPE test_requests_total counter\n"
                       "test_requests_total{code=\"200\",host=\"a\"} 2\n"
                       "test_requests_total{code=\"500\",host=\"a\"} 2.5\n"
                       "# HELP test_temperature Now.\n"
                       "# TYPE test_temperature gauge\n"
                       "test_temperature -3.5\n");
}

static void test_histograms(void **state)
{
        (void)state;
        metrics_register(&latency);
        metrics_register(&unlabelled);
        struct metric_child *child = METRIC(&latency, "blue");
        static const double values[] = {0.001, 0.005, 0.0050001, 1, 2.5, 7};
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
                metric_observe(child, values[i]);
        metric_observe(metrics_child(&unlabelled, NULL), 0.25);
        print_page();
        assert_on_page("# TYPE test_latency_seconds histogram\n"
                       "test_latency_seconds_bucket{plane=\"blue\",le=\"0.005\"} 2\n"
                       "test_latency_seconds_bucket{plane=\"blue\",le=\"0.1\"} 3\n"
                       "test_latency_seconds_bucket{plane=\"blue\",le=\"1\"} 4\n"
                       "test_latency_seconds_bucket{plane=\"blue\",le=\"2.5\"} 5\n"
                       "test_latency_seconds_bucket{plane=\"blue\",le=\"+Inf\"} 6\n"
                       "test_latency_seconds_sum{plane=\"blue\"} 10.5110001\n"
                       "test_latency_seconds_count{plane=\"blue\"} 6\n");
        assert_on_page("test_size_bytes_bucket{le=\"0.005\"} 0\n"
                       "test_size_bytes_bucket{le=\"+Inf\"} 1\n"
                       "test_size_bytes_sum 0.25\n"
                       "test_size_bytes_count 1\n");
}

static void test_label_values_are_escaped(void **state)
{
        (void)state;
        metric_add(METRIC(&requests, "a\"b\\c\nd", "\xff\xc3\xa4"), 1);
        print_page();
        assert_on_page("test_requests_total{code=\"a\\\"b\\\\c\\nd\",host=\"\xEF\xBF\xBD\xc3\xa4\"} 1\n");
        metrics_forget(&requests, "host", "\xff\xc3\xa4");
}

/* "a" with "bc" is not "ab" with "c". */
static void test_label_sets_are_told_apart(void **state)
{
        (void)state;
        assert_ptr_not_equal(METRIC(&requests, "a", "bc"), METRIC(&requests, "ab", "c"));
        assert_ptr_not_equal(METRIC(&requests, "", "x"), METRIC(&requests, "x", ""));
        assert_ptr_equal(METRIC(&requests, "a", "bc"), METRIC(&requests, "a", "bc"));
}

static void test_forget_drops_what_is_gone(void **state)
{
        (void)state;
        metrics_forget(&requests, "host", "a");
        metric_add(METRIC(&requests, "200", "b"), 1);
        metric_add(METRIC(&requests, "404", "gone"), 1);
        metric_add(METRIC(&requests, "200", "gone"), 1);
        metric_add(METRIC(&requests, "gone", "c"), 1); /* the same value, but of another label */
        metrics_forget(&requests, "host", "gone");
        metrics_forget(&requests, "host", "never there");
        print_page();
        assert_null(strstr(strbuf_text(&page), "host=\"gone\""));
        assert_null(strstr(strbuf_text(&page), "host=\"a\""));
        assert_on_page("test_requests_total{code=\"200\",host=\"b\"} 1\n");
        assert_on_page("test_requests_total{code=\"gone\",host=\"c\"} 1\n");
        print_page();
}

/* However many there are: each is found again, one that was dropped is not, and the page keeps the order of their births. */
static void test_children_are_found_again(void **state)
{
        (void)state;
        static struct metric_family crowd = {
                .name = "test_crowd", .help = "Many.", .type = METRIC_GAUGE, .labels = {"one"}};
        static struct metric_child *children[3000];
        metrics_register(&crowd);
        for (unsigned round = 0; round < 2; round++)
                for (unsigned i = 0; i < 3000; i++) {
                        char value[16];
                        (void)snprintf(value, sizeof(value), "%u", i);
                        struct metric_child *child = METRIC(&crowd, value);
                        assert_true(round == 0 || child == children[i]);
                        children[i] = child;
                }
        assert_int_equal(crowd.child_count, 3000);
        metrics_forget(&crowd, "one", "1500");
        assert_int_equal(crowd.child_count, 2999);
        assert_ptr_equal(METRIC(&crowd, "1499"), children[1499]);
        assert_ptr_equal(METRIC(&crowd, "2999"), children[2999]);
        metric_set(METRIC(&crowd, "1500"), 7);
        assert_int_equal(crowd.child_count, 3000);
        print_page();
        assert_on_page("test_crowd{one=\"1499\"} 0\ntest_crowd{one=\"1501\"} 0\n");
        assert_on_page("test_crowd{one=\"2999\"} 0\ntest_crowd{one=\"1500\"} 7\n");
        metrics_forget_all(&crowd);
        assert_int_equal(crowd.child_count, 0);
        metric_set(METRIC(&crowd, "1500"), 8);
        assert_int_equal(crowd.child_count, 1);
        print_page();
        assert_on_page("test_crowd{one=\"1500\"} 8\n");
}

static void test_label_sets_are_bounded(void **state)
{
        (void)state;
        static struct metric_family many = {
                .name = "test_many", .help = "Too many.", .type = METRIC_GAUGE, .labels = {"one"}};
        metrics_register(&many);
        for (unsigned i = 0; i < 20000; i++) {
                char value[16];
                (void)snprintf(value, sizeof(value), "%u", i);
                metric_add(METRIC(&many, value), 1);
        }
        metric_add(METRIC(&many, "beyond"), 1);
        metric_add(METRIC(&many, "far beyond"), 1);
        assert_int_equal(many.child_count, 20001);
        print_page();
        assert_null(strstr(strbuf_text(&page), "beyond"));
        assert_on_page("test_many{one=\"overflow\"} 2\n");
        metrics_forget(&many, "one", "overflow");
        assert_int_equal(many.child_count, 20000);
}

static void test_numbers_are_short_and_exact(void **state)
{
        (void)state;
        static const struct {
                double value;
                const char *text;
        } cases[] = {
                {0, "0"},
                {1, "1"},
                {-1, "-1"},
                {0.1, "0.1"},
                {1e-8, "1e-08"},
                {1795402751.412, "1795402751.412"},
                {1e15, "1e+15"},
                {1.0 / 3, "0.3333333333333333"},
                {123456789, "123456789"},
                {INFINITY, "+Inf"},
                {-INFINITY, "-Inf"},
                {NAN, "NaN"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[METRICS_NUMBER_BYTES];
                assert_string_equal(metrics_number(cases[i].value, text), cases[i].text);
        }
}

static double number_of(const char *name)
{
        char line[128];
        (void)snprintf(line, sizeof(line), "\n%s ", name);
        const char *at = strstr(strbuf_text(&page), line);
        if (!at)
                fail_msg("no %s", name);
        return strtod(at + strlen(line), NULL);
}

static void test_process_metrics(void **state)
{
        (void)state;
        print_page();
        assert_true(number_of("process_resident_memory_bytes") > 1e6);
        assert_true(number_of("process_virtual_memory_bytes") > number_of("process_resident_memory_bytes"));
        assert_true(number_of("process_max_fds") >= number_of("process_open_fds"));
        assert_true(number_of("process_threads") >= 1);
        double started = number_of("process_start_time_seconds");
        assert_true(started > (double)clock_wall() / 1000 - 600 && started <= (double)clock_wall() / 1000 + 1);
        double cpu = number_of("process_cpu_seconds_total");
        assert_true(cpu >= 0 && cpu < 600);
        assert_on_page("# TYPE process_cpu_seconds_total counter\n");
        assert_on_page("# TYPE process_open_fds gauge\n");

        double before = number_of("process_open_fds");
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        print_page();
        assert_true(number_of("process_open_fds") == before + 2);
        assert_true(number_of("process_start_time_seconds") == started);
        (void)close(fds[0]);
        (void)close(fds[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_counters_and_gauges),         cmocka_unit_test(test_histograms),
                cmocka_unit_test(test_label_values_are_escaped),    cmocka_unit_test(test_label_sets_are_told_apart),
                cmocka_unit_test(test_forget_drops_what_is_gone),   cmocka_unit_test(test_label_sets_are_bounded),
                cmocka_unit_test(test_children_are_found_again),
                cmocka_unit_test(test_numbers_are_short_and_exact), cmocka_unit_test(test_process_metrics),
        };
        return cmocka_run_group_tests(tests, NULL, free_page);
}
