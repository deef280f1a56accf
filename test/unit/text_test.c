/* text_test.c -- bounded copies, UTF-8, names, times, base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

static void test_copy_cuts_between_characters(void **state)
{
        (void)state;
        char to[8];
        assert_true(text_copy(to, sizeof(to), "1234567"));
        assert_string_equal(to, "1234567");
        assert_false(text_copy(to, sizeof(to), "12345678"));
        assert_string_equal(to, "1234567");
        assert_false(text_copy(to, sizeof(to), "12345\xe2\x82\xac"));
        assert_string_equal(to, "12345");
        assert_false(text_copy(to, sizeof(to), "123456\xc3\xbc"));
        assert_string_equal(to, "123456");
        assert_true(TEXT_COPY(to, ""));
        assert_string_equal(to, "");
        assert_false(text_copy(to, 1, "x"));
        assert_string_equal(to, "");
}

static void test_equal_and_prefix(void **state)
{
        (void)state;
        assert_true(text_equal(NULL, NULL));
        assert_false(text_equal(NULL, ""));
        assert_false(text_equal("", NULL));
        assert_true(text_equal("a", "a"));
        assert_false(text_equal("a", "ab"));
        assert_true(text_has_prefix("abc", ""));
        assert_true(text_has_prefix("abc", "abc"));
        assert_false(text_has_prefix("ab", "abc"));
}

static void test_utf8(void **state)
{
        (void)state;
        static const char *const good[] = {"",
                                           "a",
                                           "\x7f",
                                           "\xc2\x80",
                                           "\xdf\xbf",
                                           "\xe0\xa0\x80",
                                           "\xed\x9f\xbf",
                                           "\xee\x80\x80",
                                           "\xef\xbf\xbf",
                                           "\xf0\x90\x80\x80",
                                           "\xf4\x8f\xbf\xbf"};
        static const char *const bad[] = {"\x80",
                                          "\xbf",
                                          "\xc0\x80",
                                          "\xc1\xbf",
                                          "\xc2",
                                          "\xc2\x41",
                                          "\xe0\x9f\xbf",
                                          "\xe2\x82",
                                          "\xe2\x82\x41",
                                          "\xed\xa0\x80",
                                          "\xf0\x8f\xbf\xbf",
                                          "\xf4\x90\x80\x80",
                                          "\xf5\x80\x80\x80",
                                          "\xf0\x90\x80",
                                          "\xfe",
                                          "\xff",
                                          "a\xff"};
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
                assert_true(text_is_utf8(good[i], strlen(good[i])));
                if (good[i][0] != '\0')
                        assert_int_equal(text_utf8_step(good[i], strlen(good[i])), strlen(good[i]));
        }
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_false(text_is_utf8(bad[i], strlen(bad[i])));
        assert_true(text_is_utf8("a\0b", 3));
}

static void test_dns_names(void **state)
{
        (void)state;
        static const char label63[] = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0";
        char name[300];
        static const char *const good[] = {"a", "a.", "mgmt.example.com", "_planekeeper.mgmt.example.com.", "A-1.b_2"};
        static const char *const bad[] = {"", ".", "..", "a..b", ".a", "a b", "a/b", "*.a", "\xc3\xbc.de", "a.."};
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
                assert_true(text_is_dns_name(good[i]));
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_false(text_is_dns_name(bad[i]));
        assert_int_equal(strlen(label63), 63);
        assert_true(text_is_dns_name(label63));
        for (size_t i = 0; i < 4; i++) {
                memcpy(name + i * 64, label63, 63);
                name[i * 64 + 63] = '.';
        }
        name[253] = '\0';
        assert_true(text_is_dns_name(name));
        name[253] = '.';
        name[254] = '\0';
        assert_true(text_is_dns_name(name));
        name[253] = 'x';
        assert_false(text_is_dns_name(name));
        memset(name, 'x', 64);
        name[64] = '\0';
        assert_false(text_is_dns_name(name));
}

/* One grammar: an IPv4 literal, an IPv6 literal or a host name, and no name that resolvers read as an address. */
static void test_addresses(void **state)
{
        (void)state;
        static const char *const good[] = {
            "192.0.2.1",  "2001:db8::1", "::",         "lb.example.com", "lb.example.com.",  "planeb",
            "a1",         "1a.example",  "10.example", "_x.example.com", "0x7g.example.0xg", "1.2.3.4.nip.io",
            "a-b.example"};
        static const char *const numbers[] = {"127.0.15618", "127.1",        "0",         "2130706433", "0x7f000001",
                                              "1.2.3.4.",    "017700000001", "1.2.3.256", "1.2.3.4.5",  "0x",
                                              "a.0X1F",      "lb.example.1"};
        static const char *const bad[] = {"",    "a b",        "host:9900", "-a.example",  "a-.example",
                                          "a.-", "1.2.3.4:80", "[::1]",     "fe80::1%eth0"};
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
                assert_null(text_address_fault(good[i]));
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
                assert_non_null(strstr(text_address_fault(numbers[i]), "ends in a number"));
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_string_equal(text_address_fault(bad[i]), "is neither an IP address nor a host name");
        assert_non_null(strstr(text_address_fault("::ffff:192.0.2.1"), "write the IPv4 address itself"));
        assert_non_null(text_host_name_fault("192.0.2.1"));
        assert_null(text_host_name_fault("lb.example.com"));
}

/* What the resolver of a cluster or a hosts file knows, agents elsewhere are told nothing of. */
static void test_published_addresses(void **state)
{
        (void)state;
        static const char *const good[] = {"192.0.2.1", "2001:db8::1", "lb.example.com", "lb.example.com.", "lb.corp.local",
                                           "svc.example.com", "cluster.local.example.com", "mycluster.local"};
        static const char *const inner[] = {"localhost", "LOCALHOST.", "gloo-mgmt", "mgmt.localhost", "mgmt.gloo.svc",
                                            "mgmt.gloo.svc.", "mgmt.gloo.svc.cluster.local", "a.b.SVC.Cluster.Local.",
                                            "10-0-0-1.default.pod.cluster.local", "mgmt.gloo.svc.clusterset.local", "a"};
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
                assert_null(text_published_fault(good[i]));
        for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
                assert_null(text_address_fault(inner[i]));
                assert_non_null(strstr(text_published_fault(inner[i]), "is known inside one cluster or machine alone"));
        }
        assert_non_null(strstr(text_published_fault("127.1"), "ends in a number"));
        assert_non_null(strstr(text_published_fault("a b"), "neither an IP address"));
}

static void test_times_are_written(void **state)
{
        (void)state;
        static const struct {
                unix_ms time;
                const char *seconds;
                const char *micro;
        } cases[] = {
                {1795402751412, "2026-11-23T02:59:11Z", "2026-11-23T02:59:11.412000Z"},
                {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
                {951827696007, "2000-02-29T12:34:56Z", "2000-02-29T12:34:56.007000Z"},
                {253402300799999, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999000Z"},
                {-1, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
                {INT64_MIN, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
                {INT64_MAX, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999000Z"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[TEXT_TIME_BYTES + 4];
                text_from_time(cases[i].time, text);
                assert_string_equal(text, cases[i].seconds);
                text_from_time_micro(cases[i].time, text);
                assert_string_equal(text, cases[i].micro);
        }
}

static void test_times_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                unix_ms time;
        } good[] = {
                {"2026-11-23T02:59:11Z", 1795402751000},
                {"2026-11-23T02:59:11.412Z", 1795402751412},
                {"2026-11-23T02:59:11.412999Z", 1795402751412},
                {"2026-11-23T02:59:11.4Z", 1795402751400},
                {"2026-11-23T03:59:11+01:00", 1795402751000},
                {"2026-11-22T21:29:11.412-05:30", 1795402751412},
                {"2026-11-23T02:59:11.412000000Z", 1795402751412},
                {"1969-12-31T23:59:59Z", -1000},
                {"2000-02-29T12:34:56Z", 951827696000},
        };
        static const char *const bad[] = {
                "",
                "Z",
                "2026-11-23",
                "2026-11-23T02:59:11",
                "2026-11-23 02:59:11Z",
                "2026-11-23T02:59:11.Z",
                "2026-11-23T02:59:11z ",
                "2026-11-23T02:59:11Zx",
                "2026-11-23T02:59:11+0100",
                "2026-11-23T02:59:11+ab:cd",
                "2026-11-23T02:59:11+24:00",
                "2026-11-23T02:59:11+01:60",
                "2026-13-01T00:00:00Z",
                "2026-02-30T00:00:00Z",
                "2025-02-29T00:00:00Z",
                "2026-11-23T24:00:00Z",
                "2026-11-23T23:60:00Z",
                "2026-11-23T23:59:60Z",
                " 2026-11-23T02:59:11Z",
                "+026-11-23T02:59:11Z",
                "2026-1-23T02:59:11Z",
                "20261-11-23T02:59:11Z",
                "2026-11-23T02:59:11,4Z",
        };
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
                unix_ms time = 0;
                assert_int_equal(text_to_time(good[i].text, &time), ERR_OK);
                assert_int_equal(time, good[i].time);
        }
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                unix_ms time = 7;
                if (text_to_time(bad[i], &time) != ERR_INVALID)
                        fail_msg("accepted: %s", bad[i]);
                assert_int_equal(time, 7);
        }
}

static void test_times_survive_the_way_there_and_back(void **state)
{
        (void)state;
        for (unix_ms time = 0; time < 4102444800000; time += 98765432109) {
                char text[TEXT_TIME_BYTES + 4];
                unix_ms back = 0;
                text_from_time_micro(time, text);
                assert_int_equal(text_to_time(text, &back), ERR_OK);
                assert_int_equal(back, time);
        }
}

static void test_durations(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                mono_ms ms;
        } cases[] = {
                {"5s", 5000},        {"200ms", 200},
                {"1h30m", 5400000},  {"0s", 0},
                {"1m1s1ms", 61001},  {"", -1},
                {"5", -1},           {"s", -1},
                {"1.5s", -1},        {"-1s", -1},
                {"5 s", -1},         {"1d", -1},
                {"1234567890s", -1}, {"999999999h", 3599999996400000},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_int_equal(text_to_duration(cases[i].text), cases[i].ms);
}

static void assert_decodes(const char *base64, const char *bytes, size_t count)
{
        struct secret decoded = {0};
        struct errmsg why;
        if (text_from_base64(base64, strlen(base64), &decoded, &why))
                fail_msg("%s: %s", base64, why.text);
        assert_int_equal(decoded.count, count);
        assert_memory_equal(decoded.bytes, bytes, count);
        secret_clear(&decoded);
}

static void test_durations_are_written(void **state)
{
        (void)state;
        const struct {
                mono_ms ms;
                const char *text;
        } cases[] = {{0, "0s"},          {-5, "0s"},           {200, "200ms"},
                     {41234, "41s234ms"}, {3600000, "1h"},      {3661001, "1h1m1s1ms"},
                     {90000, "1m30s"},    {INT64_MAX, "999999h"}};
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[TEXT_DURATION_BYTES];
                text_from_duration(cases[i].ms, text);
                assert_string_equal(text, cases[i].text);
                if (cases[i].ms >= 0 && cases[i].ms < INT64_MAX)
                        assert_int_equal(text_to_duration(text), cases[i].ms);
        }
}

static void test_base64(void **state)
{
        (void)state;
        assert_decodes("", "", 0);
        assert_decodes("YQ==", "a", 1);
        assert_decodes("YWI=", "ab", 2);
        assert_decodes("YWJj", "abc", 3);
        assert_decodes("AAD/+w==", "\0\0\xff\xfb", 4);
        static const char *const bad[] = {"Y",    "YQ",   "YQ=",          "=",    "====",     "Y===",   "YQ==YQ==",
                                          "Y=Q=", "YQ-_", "YWI=\n\n\n\n", " YQ=", "\n\n\n\n", "YWJ\xff"};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct secret decoded = {0};
                struct errmsg why = {0};
                if (text_from_base64(bad[i], strlen(bad[i]), &decoded, &why) != ERR_INVALID)
                        fail_msg("accepted: %s", bad[i]);
                assert_true(why.text[0] != '\0');
                assert_null(decoded.bytes);
        }
}

static void test_base64_of_any_bytes(void **state)
{
        (void)state;
        srand(5);
        for (int round = 0; round < 500; round++) {
                unsigned char bytes[100];
                char base64[200];
                size_t count = (size_t)rand() % sizeof(bytes);
                for (size_t i = 0; i < count; i++)
                        bytes[i] = (unsigned char)rand();
                (void)EVP_EncodeBlock((unsigned char *)base64, bytes, (int)count);
                assert_decodes(base64, (const char *)bytes, count);
        }
}

static void test_address_families(void **state)
{
        (void)state;
        assert_int_equal(text_address_family("192.0.2.1"), 4);
        assert_int_equal(text_address_family("2001:db8::1"), 6);
        assert_int_equal(text_address_family("::ffff:192.0.2.1"), 6);
        static const char *const names[] = {"",      "a.example", "192.0.2",   "192.0.2.256",
                                            "[::1]", "1::2::3",   "192.0.2.1 "};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                assert_int_equal(text_address_family(names[i]), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copy_cuts_between_characters),
                cmocka_unit_test(test_equal_and_prefix),
                cmocka_unit_test(test_utf8),
                cmocka_unit_test(test_dns_names),
            cmocka_unit_test(test_addresses),
            cmocka_unit_test(test_published_addresses),
                cmocka_unit_test(test_times_are_written),
                cmocka_unit_test(test_times_are_read),
                cmocka_unit_test(test_times_survive_the_way_there_and_back),
                cmocka_unit_test(test_durations),
                cmocka_unit_test(test_durations_are_written),
                cmocka_unit_test(test_base64),
                cmocka_unit_test(test_base64_of_any_bytes),
                cmocka_unit_test(test_address_families),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
