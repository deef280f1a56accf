/* route53_test.c -- names, values, sets, zones and change batches of Route 53, without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/dns/route53_alias.h"
#include "targets/dns/route53_answer.h"
#include "targets/aws/credentials.h"
#include "targets/dns/route53.h"
#include "targets/dns/route53_batch.h"
#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"

#define STORE "k8s/8c6f5d4e-0000-4000-8000-000000000001/default/gloo"
#define STAMP "v=pk1 e=7 id=00000000000000ab p=eu-west-1 s=" STORE

/* ---- texts ---- */

static void names_are_compared_without_escapes_and_case(void **state)
{
        (void)state;
        assert_true(route53_name_is("App.Example.COM.", "app.example.com"));
        assert_true(route53_name_is("\\052.example.com.", "*.example.com"));
        assert_true(route53_name_is("_planekeeper.app.example.com.", "_planekeeper.app.example.com"));
        assert_true(route53_name_is("\\137planekeeper.app.example.com", "_planekeeper.app.example.com."));
        assert_false(route53_name_is("app.example.com.", "xapp.example.com"));
        assert_false(route53_name_is("app.example.com.evil.", "app.example.com"));
        char endless[1000];
        memset(endless, 'a', sizeof(endless));
        endless[sizeof(endless) - 1] = '\0';
        assert_false(route53_name_is(endless, "a"));
        assert_true(route53_name_is_in("app.example.com", "example.com."));
        assert_true(route53_name_is_in("example.com", "EXAMPLE.com."));
        assert_false(route53_name_is_in("badexample.com", "example.com."));
        assert_false(route53_name_is_in("com", "example.com."));
        assert_false(route53_name_is_in("example.com", "."));
}

static void assert_text_reads(const char *value, const char *wanted)
{
        char text[TARGET_STAMP_BYTES];
        bool is_read = route53_txt_read(value, text, sizeof(text));
        assert_true(is_read == (wanted != NULL));
        if (wanted)
                assert_string_equal(text, wanted);
}

static void text_values_are_joined_and_unescaped(void **state)
{
        (void)state;
        assert_text_reads("\"v=pk1 e=1\"", "v=pk1 e=1");
        assert_text_reads("\"one\" \"two\"", "onetwo");
        assert_text_reads("\"a \\\"b\\\" \\\\ \\101\\052\"", "a \"b\" \\ A*");
        assert_text_reads("\"\"", "");
        assert_text_reads("unquoted", NULL);
        assert_text_reads("\"open", NULL);
        assert_text_reads("\"ends in a backslash\\", NULL);
        assert_text_reads("\"one\" two", NULL);
        assert_text_reads("\"a\\000b\"", NULL); /* what stands behind a zero byte would not be seen */
        assert_text_reads("", NULL);
}

static void long_text_goes_into_strings_of_255_bytes(void **state)
{
        (void)state;
        char text[600];
        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        text[300] = '"';
        CLEANUP(strbuf_deinit) struct strbuf value = STRBUF_INIT(2000);
        route53_txt_print(text, &value);
        const char *second = strstr(strbuf_text(&value), "\" \"");
        assert_int_equal(second - strbuf_text(&value), 256);
        assert_non_null(strstr(second, "\\\""));
        assert_text_reads(strbuf_text(&value), text);
}

/* ---- answers ---- */

struct answer {
        struct xml xml;
        struct arena arena;
        struct route53_sets sets;
};

static void answer_clear(struct answer *answer)
{
        xml_clear(&answer->xml);
        arena_deinit(&answer->arena);
}

static enum err read_answer(const char *sets, struct answer *ret, struct errmsg *error)
{
        CLEANUP(strbuf_deinit) struct strbuf text = STRBUF_INIT(16384);
        (void)strbuf_printf(&text,
                            "<ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
                            "<ResourceRecordSets>%s</ResourceRecordSets><IsTruncated>false</IsTruncated>"
                            "</ListResourceRecordSetsResponse>",
                            sets);
        if (xml_parse(strbuf_text(&text), text.bytes, &ret->xml, error) != ERR_OK)
                fail_msg("%s", error->text);
        return route53_answer_sets(ret->xml.root, &ret->arena, &ret->sets, error);
}

#define VALUES(...)    "<TTL>30</TTL><ResourceRecords>" __VA_ARGS__ "</ResourceRecords>"
#define VALUE(text)    "<ResourceRecord><Value>" text "</Value></ResourceRecord>"
#define SET(name, type, rest) \
        "<ResourceRecordSet><Name>" name "</Name><Type>" type "</Type>" rest "</ResourceRecordSet>"
#define ADDRESS        SET("app.dr.test.", "A", VALUES(VALUE("192.0.2.2") VALUE("192.0.2.1")))
#define OWNER          SET("_planekeeper.app.dr.test.", "TXT", VALUES(VALUE("\"" STAMP "\"")))

static struct route53_names names_of(const char *name)
{
        struct route53_names names;
        struct errmsg error;
        assert_int_equal(route53_names_init(name, &names, &error), ERR_OK);
        return names;
}

static enum err state_of(const char *sets, struct target_state *ret, struct errmsg *error)
{
        CLEANUP(answer_clear) struct answer answer = {0};
        const struct route53_names names = names_of("App.dr.test.");
        enum err err = read_answer(sets, &answer, error);
        return err == ERR_OK ? route53_state(&answer.sets, &names, ret, error) : err;
}

static void sets_become_the_texts_of_a_state(void **state)
{
        (void)state;
        static const struct {
                const char *sets;
                const char *value;
        } cases[] = {
            {"", ""},
            {ADDRESS, "A 192.0.2.1,192.0.2.2"},
            {SET("app.dr.test.", "AAAA", VALUES(VALUE("2001:DB8:0::1"))), "AAAA 2001:db8::1"},
            {SET("app.dr.test.", "CNAME", VALUES(VALUE("LB.Example.net."))), "CNAME lb.example.net"},
            {SET("app.dr.test.", "CNAME", VALUES(VALUE("LB.Example.net"))), "CNAME lb.example.net"},
            {SET("app.dr.test.", "AAAA", VALUES(VALUE("2001:db8::1"))) ADDRESS, "A 192.0.2.1,192.0.2.2 + AAAA 2001:db8::1"},
            {SET("app.dr.test.", "MX", VALUES(VALUE("10 mail."))) SET("x.app.dr.test.", "A", VALUES(VALUE("192.0.2.7"))), ""},
            {SET("app.dr.test.", "A",
                 "<AliasTarget><HostedZoneId>Z1</HostedZoneId><DNSName>LB.elb.amazonaws.com.</DNSName>"
                 "<EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>"),
             "ALIAS lb.elb.amazonaws.com"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct target_state now = {0};
                struct errmsg error = {0};
                if (state_of(cases[i].sets, &now, &error) != ERR_OK)
                        fail_msg("%s: %s", cases[i].sets, error.text);
                assert_string_equal(now.value, cases[i].value);
                assert_int_equal(now.present, cases[i].value[0] != '\0');
                assert_int_equal(now.stamp.presence, STAMP_ABSENT);
                target_state_clear(&now);
        }
}

static void stamps_are_ours_foreign_or_unreadable(void **state)
{
        (void)state;
        static const struct {
                const char *sets;
                enum stamp_presence presence;
                const char *raw;
        } cases[] = {
            {OWNER, STAMP_OURS, STAMP},
            {SET("_planekeeper.app.dr.test.", "TXT", VALUES(VALUE("\"v=pk1 e=7 \" \"id=00000000000000ab p=a s=b\""))), STAMP_OURS,
             "v=pk1 e=7 id=00000000000000ab p=a s=b"},
            {SET("_planekeeper.app.dr.test.", "TXT", VALUES(VALUE("\"v=spf1\""))), STAMP_FOREIGN, "v=spf1"},
            {SET("_planekeeper.app.dr.test.", "TXT", VALUES(VALUE("\"v=pk1 e=x\""))), STAMP_UNREADABLE, "v=pk1 e=x"},
            {SET("_planekeeper.app.dr.test.", "TXT", VALUES(VALUE("\"" STAMP "\"") VALUE("\"b\""))), STAMP_UNREADABLE,
             STAMP " | b"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct target_state now = {0};
                struct errmsg error = {0};
                assert_int_equal(state_of(cases[i].sets, &now, &error), ERR_OK);
                assert_int_equal(now.stamp.presence, cases[i].presence);
                assert_string_equal(now.stamp.raw, cases[i].raw);
                target_state_clear(&now);
        }
}

static void sets_that_are_chosen_among_are_refused(void **state)
{
        (void)state;
        static const struct {
                const char *element;
                const char *word;
        } cases[] = {
            {"<Weight>10</Weight>", "by weight"},
            {"<Region>eu-west-1</Region>", "by latency"},
            {"<GeoLocation><CountryCode>DE</CountryCode></GeoLocation>", "by geolocation"},
            {"<GeoProximityLocation><AWSRegion>eu-west-1</AWSRegion></GeoProximityLocation>", "by geoproximity"},
            {"<Failover>PRIMARY</Failover>", "by failover"},
            {"<MultiValueAnswer>true</MultiValueAnswer>", "by multivalue answer"},
            {"<CidrRoutingConfig><CollectionId>c</CollectionId><LocationName>l</LocationName></CidrRoutingConfig>", "(CIDR)"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                static const char *const forms[] = {"app.dr.test.</Name><Type>A", "_planekeeper.app.dr.test.</Name><Type>TXT"};
                for (size_t form = 0; form < 2; form++) {
                        char sets[600];
                        struct target_state now = {0};
                        struct errmsg error = {0};
                        (void)snprintf(sets, sizeof(sets),
                                       "<ResourceRecordSet><Name>%s</Type><SetIdentifier>blue</SetIdentifier>%s"
                                       VALUES(VALUE("192.0.2.1")) "</ResourceRecordSet>",
                                       forms[form], cases[i].element);
                        assert_int_equal(state_of(sets, &now, &error), ERR_INVALID);
                        assert_non_null(strstr(error.text, cases[i].word));
                        assert_non_null(strstr(error.text, "SetIdentifier \"blue\""));
                }
        }
        /* of another name they are nobody's business */
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_int_equal(state_of(SET("b.dr.test.", "A", "<SetIdentifier>x</SetIdentifier><Weight>1</Weight>" VALUES(VALUE("192.0.2.1"))),
                                  &now, &error),
                         ERR_OK);
        target_state_clear(&now);
}

static void malformed_answers_are_refused(void **state)
{
        (void)state;
        static const char *const sets[] = {
            "<ResourceRecordSet><Type>A</Type>" VALUES(VALUE("192.0.2.1")) "</ResourceRecordSet>",
            "<ResourceRecordSet><Name>app.dr.test.</Name>" VALUES(VALUE("192.0.2.1")) "</ResourceRecordSet>",
            SET("app.dr.test.", "A", "<TTL>30</TTL>"),
            SET("app.dr.test.", "A", "<TTL>30</TTL><ResourceRecords/>"),
            SET("app.dr.test.", "A", "<TTL>-1</TTL><ResourceRecords>" VALUE("192.0.2.1") "</ResourceRecords>"),
            SET("app.dr.test.", "A", "<TTL>99999999999</TTL><ResourceRecords>" VALUE("192.0.2.1") "</ResourceRecords>"),
            SET("app.dr.test.", "A", "<TTL>30 s</TTL><ResourceRecords>" VALUE("192.0.2.1") "</ResourceRecords>"),
            SET("app.dr.test.", "A", VALUES(VALUE("not an address"))),
            SET("app.dr.test.", "A", VALUES("<ResourceRecord/>")),
            SET("app.dr.test.", "A", "<AliasTarget/>"),
        };
        for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
                struct target_state now = {0};
                struct errmsg error = {0};
                if (state_of(sets[i], &now, &error) != ERR_INVALID || !error.text[0])
                        fail_msg("taken: %s", sets[i]);
        }
}

/* ---- zones ---- */

static enum err choose(const struct route53_zone *list, size_t count, const char *name, bool is_private, const char **ret,
                       struct errmsg *error)
{
        const struct route53_zones zones = {.list = (struct route53_zone *)list, .count = count};
        const struct route53_zone *found = NULL;
        enum err err = route53_zone_choose(&zones, name, is_private, &found, error);
        *ret = found ? found->id : NULL;
        return err;
}

static void the_longest_zone_of_the_wanted_kind_is_chosen(void **state)
{
        (void)state;
        static const struct route53_zone list[] = {
            {"ZTEST", "test.", false},        {"ZDR", "dr.test.", false},       {"ZPRIVATE", "dr.test.", true},
            {"ZEU", "eu.dr.test.", false},    {"ZTWIN1", "twin.test.", false},  {"ZTWIN2", "TWIN.test.", false},
            {"ZINNER", "inner.corp.", true},
        };
        enum { COUNT = sizeof(list) / sizeof(list[0]) };
        const char *id;
        struct errmsg error;
        static const struct {
                const char *name;
                bool is_private;
                const char *id;
                const char *error;
        } cases[] = {
            {"app.dr.test", false, "ZDR", NULL},
            {"app.dr.test", true, "ZPRIVATE", NULL},
            {"app.eu.dr.test", false, "ZEU", NULL},
            {"app.eu.dr.test", true, "ZPRIVATE", NULL},
            {"dr.test", false, "ZDR", NULL},
            {"xdr.test", false, "ZTEST", NULL},
            {"app.twin.test", false, NULL, "ZTWIN1 and ZTWIN2"},
            {"app.inner.corp", false, NULL, "set route53.private: true"},
            {"app.elsewhere", false, NULL, "no hosted zone of this account"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                enum err err = choose(list, COUNT, cases[i].name, cases[i].is_private, &id, &error);
                assert_int_equal(err, cases[i].id ? ERR_OK : ERR_INVALID);
                if (cases[i].id)
                        assert_string_equal(id, cases[i].id);
                else
                        assert_non_null(strstr(error.text, cases[i].error));
        }
        assert_string_equal(route53_zone_id("/hostedzone/Z1ABC"), "Z1ABC");
        assert_string_equal(route53_zone_id("Z1ABC"), "Z1ABC");
        static const char *const wrong[] = {"", "/hostedzone/", "z1", "Z1/../x", "Z1?a=b", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"};
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                assert_null(route53_zone_id(wrong[i]));
}

static void aliases_know_the_zone_of_a_balancer(void **state)
{
        (void)state;
        assert_string_equal(route53_alias_zone("gloo-1.eu-west-1.elb.amazonaws.com"), "Z32O12XQLNTSW2");
        assert_string_equal(route53_alias_zone("gloo-1.elb.eu-west-1.amazonaws.com"), "Z2IFOLAFXWLO4F");
        assert_string_equal(route53_alias_zone("dualstack.a.us-east-1.elb.amazonaws.com"), "Z35SXDOTRQ7X7K");
        assert_string_equal(route53_alias_zone("a.cn-north-1.elb.amazonaws.com.cn"), "Z1GDH35T77C1KE");
        assert_string_equal(route53_alias_zone("d1.cloudfront.net"), "Z2FDTNDATAQYW2");
        assert_null(route53_alias_zone("lb.example.net"));
        assert_null(route53_alias_zone("eu-west-1.elb.amazonaws.com"));
}

/* ---- batches ---- */

static struct target_want want_value(const char *value)
{
        return (struct target_want){
            .value = value, .ttl_s = 30, .epoch = 8, .id = 0xcd, .plane = "eu-central-1", .store = STORE};
}

static char *batch_of(const char *sets, const struct target_want *want)
{
        CLEANUP(answer_clear) struct answer answer = {0};
        CLEANUP(target_state_clear) struct target_state now = {0};
        const struct route53_names names = names_of("app.dr.test");
        struct errmsg error = {0};
        assert_int_equal(read_answer(sets, &answer, &error), ERR_OK);
        struct route53_sets own = route53_own(&answer.sets, &names, &answer.arena);
        assert_int_equal(route53_state(&own, &names, &now, &error), ERR_OK);
        struct strbuf body = STRBUF_INIT(ROUTE53_BATCH_MAX_BYTES);
        if (route53_batch_swap(&own, &now, want, &names, &body, &error) != ERR_OK)
                fail_msg("%s", error.text);
        return strbuf_take(&body);
}

/* The changes of a batch as "DELETE A app.dr.test. 30 192.0.2.1", one a line. */
static char *lines_of(const char *body)
{
        CLEANUP(xml_clear) struct xml xml = {0};
        struct errmsg error = {0};
        struct strbuf lines = STRBUF_INIT(16384);
        if (xml_parse(body, strlen(body), &xml, &error) != ERR_OK)
                fail_msg("%s: %s", error.text, body);
        const struct xml_node *change = xml_find(xml.root, "ChangeBatch/Changes/Change");
        for (; change; change = xml_next(change)) {
                const struct xml_node *set = xml_find(change, "ResourceRecordSet");
                const char *ttl = xml_text(set, "TTL"), *check = xml_text(set, "HealthCheckId");
                (void)strbuf_printf(&lines, "%s %s %s %s", xml_text(change, "Action"), xml_text(set, "Type"),
                                    xml_text(set, "Name"), ttl ? ttl : "alias");
                const struct xml_node *record = xml_find(set, "ResourceRecords/ResourceRecord");
                for (; record; record = xml_next(record))
                        (void)strbuf_printf(&lines, " %s", xml_text(record, "Value"));
                if (!ttl)
                        (void)strbuf_printf(&lines, " %s %s %s", xml_text(set, "AliasTarget/HostedZoneId"),
                                            xml_text(set, "AliasTarget/DNSName"),
                                            xml_text(set, "AliasTarget/EvaluateTargetHealth"));
                (void)strbuf_printf(&lines, "%s%s\n", check ? " check " : "", check ? check : "");
        }
        return strbuf_take(&lines);
}

static void assert_batch(const char *sets, const struct target_want *want, const char *wanted)
{
        CLEANUP(cleanup_free) char *body = batch_of(sets, want), *lines = lines_of(body);
        assert_string_equal(lines, wanted);
}

#define NEW_STAMP "\"v=pk1 e=8 id=00000000000000cd p=eu-central-1 s=" STORE "\"\n"

static void a_batch_deletes_what_was_read_and_creates_what_is_wanted(void **state)
{
        (void)state;
        struct target_want want = want_value("A 198.51.100.7");
        assert_batch("", &want, "CREATE A app.dr.test 30 198.51.100.7\nCREATE TXT _planekeeper.app.dr.test 30 " NEW_STAMP);
        assert_batch(ADDRESS OWNER, &want,
                     "DELETE A app.dr.test. 30 192.0.2.2 192.0.2.1\nDELETE TXT _planekeeper.app.dr.test. 30 \"" STAMP "\"\n"
                     "CREATE A app.dr.test 30 198.51.100.7\nCREATE TXT _planekeeper.app.dr.test 30 " NEW_STAMP);
        /* what else is at the name stays */
        assert_batch(SET("app.dr.test.", "MX", VALUES(VALUE("10 mail."))) ADDRESS, &want,
                     "DELETE A app.dr.test. 30 192.0.2.2 192.0.2.1\nCREATE A app.dr.test 30 198.51.100.7\n"
                     "CREATE TXT _planekeeper.app.dr.test 30 " NEW_STAMP);
        /* a name in capitals is deleted as it is written */
        want = want_value("A 192.0.2.1 + AAAA 2001:db8::1");
        assert_batch(SET("app.dr.test.", "CNAME", VALUES(VALUE("LB.Example.net."))), &want,
                     "DELETE CNAME app.dr.test. 30 LB.Example.net.\nCREATE A app.dr.test 30 192.0.2.1\n"
                     "CREATE AAAA app.dr.test 30 2001:db8::1\nCREATE TXT _planekeeper.app.dr.test 30 " NEW_STAMP);
}

static void a_batch_asserts_addresses_that_stay(void **state)
{
        (void)state;
        struct target_want want = want_value("A 192.0.2.1,192.0.2.2");
        const char *wanted = "DELETE A app.dr.test. 30 192.0.2.2 192.0.2.1\nDELETE TXT _planekeeper.app.dr.test. 30 \"" STAMP
                             "\"\nCREATE A app.dr.test. 30 192.0.2.2 192.0.2.1\nCREATE TXT _planekeeper.app.dr.test 30 " NEW_STAMP;
        assert_batch(ADDRESS OWNER, &want, wanted);
        want.ttl_s = 60; /* another time to live is another record, unless only the text is to be replaced */
        want.keeps_value = true;
        CLEANUP(cleanup_free) char *body = batch_of(ADDRESS OWNER, &want);
        assert_non_null(strstr(body, "<Action>CREATE</Action><ResourceRecordSet><Name>app.dr.test.</Name><Type>A</Type><TTL>30"));
}

/* What one of two sets has says nothing of the other: agents would keep the address of a dead plane for an hour. */
static void sets_of_two_times_to_live_are_made_anew(void **state)
{
        (void)state;
        struct target_want want = want_value("A 192.0.2.1 + AAAA 2001:db8::1");
        CLEANUP(cleanup_free) char *body = batch_of(
            "<ResourceRecordSet><Name>app.dr.test.</Name><Type>A</Type><TTL>3600</TTL>" VALUES(VALUE("192.0.2.1")) "</ResourceRecordSet>"
            SET("app.dr.test.", "AAAA", VALUES(VALUE("2001:db8::1"))), &want);
        CLEANUP(cleanup_free) char *lines = lines_of(body);
        assert_non_null(strstr(lines, "DELETE A app.dr.test. 3600 192.0.2.1"));
        assert_non_null(strstr(lines, "CREATE A app.dr.test 30 192.0.2.1"));
}

static enum err open_with(const struct target_setting *settings, size_t count, struct errmsg *error)
{
        const struct aws_environment none = {0};
        const struct target_config config = {.settings = settings, .setting_count = count, .aws = &none};
        struct target_session *session = NULL;
        enum err err = route53_driver.open(&config, &session, error);
        target_close(session);
        return err;
}

static void zones_of_one_name_are_told_apart(void **state)
{
        (void)state;
        static const struct {
                struct target_setting settings[2];
                size_t count;
                const char *identity;
        } rows[] = {
            {{{0}}, 0, "https://route53.amazonaws.com"},
            {{{"private", "true"}}, 1, "https://route53.amazonaws.com#private"},
            {{{"private", "false"}}, 1, "https://route53.amazonaws.com"},
            {{{"hostedZoneID", "/hostedzone/Z0EXAMPLE"}, {"private", "true"}}, 2, "https://route53.amazonaws.com#Z0EXAMPLE"},
            {{{"endpoint", "https://x.test"}, {"hostedZoneID", "no zone"}}, 2, "https://x.test#no zone"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct target_config config = {.settings = rows[i].settings, .setting_count = rows[i].count};
                CLEANUP(cleanup_free) char *identity = route53_driver.identify(&config);
                assert_string_equal(identity, rows[i].identity);
        }
}

/* A plan that is under way stays in its zone, whatever the spec says by now. */
static void an_identity_outranks_what_the_spec_says(void **state)
{
        (void)state;
        struct errmsg error;
        const struct target_setting edited[] = {{"hostedZoneID", "no zone"}, {TARGET_IDENTITY, "https://route53.amazonaws.com"}};
        assert_int_equal(open_with(edited, 1, &error), ERR_INVALID);
        assert_non_null(strstr(error.text, "hostedZoneID \"no zone\""));
        assert_int_equal(open_with(edited, 2, &error), ERR_OK);
}

static void a_health_check_goes_on_to_the_next_set(void **state)
{
        (void)state;
        const struct target_want want = want_value("A 198.51.100.7");
        assert_batch(SET("app.dr.test.", "A", VALUES(VALUE("192.0.2.1")) "<HealthCheckId>c-1</HealthCheckId>"), &want,
                     "DELETE A app.dr.test. 30 192.0.2.1 check c-1\nCREATE A app.dr.test 30 198.51.100.7 check c-1\n"
                     "CREATE TXT _planekeeper.app.dr.test 30 " NEW_STAMP);
}

static void an_alias_is_deleted_to_the_letter_and_made_anew(void **state)
{
        (void)state;
        static const char alias[] = SET("app.dr.test.", "A",
                                        "<AliasTarget><HostedZoneId>ZOWN</HostedZoneId><DNSName>LB.internal.</DNSName>"
                                        "<EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>");
        struct target_want want = want_value("ALIAS b.eu-west-1.elb.amazonaws.com");
        assert_batch(alias, &want,
                     "DELETE A app.dr.test. alias ZOWN LB.internal. true\n"
                     "CREATE A app.dr.test alias Z32O12XQLNTSW2 b.eu-west-1.elb.amazonaws.com false\n"
                     "CREATE TXT _planekeeper.app.dr.test 30 " NEW_STAMP);
        CLEANUP(answer_clear) struct answer answer = {0};
        struct errmsg error = {0};
        const struct route53_names names = names_of("app.dr.test");
        struct route53_sets made = {0};
        assert_int_equal(read_answer(alias, &answer, &error), ERR_OK);
        assert_int_equal(route53_sets_from_text("ALIAS lb.internal", &names, 30, &answer.sets, &answer.arena, &made, &error), ERR_OK);
        assert_string_equal(made.list[0].alias_zone, "ZOWN");
        const struct route53_sets none = {0};
        assert_int_equal(route53_sets_from_text("ALIAS lb.internal", &names, 30, &none, &answer.arena, &made, &error), ERR_INVALID);
        assert_non_null(strstr(error.text, "set route53.aliasHostedZoneID"));
        struct route53_names told = names;
        told.alias_zone = "Z0TOLD"; /* for what no table knows, and for nothing else */
        assert_int_equal(route53_sets_from_text("ALIAS lb.internal + ALIAS6 b.elb.eu-west-1.amazonaws.com", &told, 30, &none,
                                                &answer.arena, &made, &error),
                         ERR_OK);
        assert_int_equal(made.count, 2);
        assert_string_equal(made.list[0].alias_zone, "Z0TOLD");
        assert_string_equal(made.list[0].type, "A");
        assert_string_equal(made.list[1].alias_zone, "Z2IFOLAFXWLO4F");
        assert_string_equal(made.list[1].type, "AAAA");
}

static void nonsense_is_no_rrset_text(void **state)
{
        (void)state;
        static const char *const texts[] = {"B 192.0.2.1", "A", "A 192.0.2.1,", "A x", "AAAA 192.0.2.1", "CNAME <a>", "A 192.0.2.1 + ",
                                            "A 1.1.1.1 + A 1.1.1.1 + A 1.1.1.1 + A 1.1.1.1 + A 1.1.1.1 + A 1.1.1.1 + A 1.1.1.1"};
        const struct route53_names names = names_of("app.dr.test");
        const struct route53_sets none = {0};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                CLEANUP(arena_deinit) struct arena arena = {0};
                struct route53_sets made = {0};
                struct errmsg error = {0};
                if (route53_sets_from_text(texts[i], &names, 30, &none, &arena, &made, &error) != ERR_INVALID)
                        fail_msg("taken: %s", texts[i]);
        }
}

static void texts_in_a_batch_are_escaped(void **state)
{
        (void)state;
        struct target_want want = want_value("A 198.51.100.7");
        CLEANUP(cleanup_free) char *body = batch_of(
            SET("_planekeeper.app.dr.test.", "TXT", VALUES(VALUE("\"a&lt;b&gt;&amp;c &quot;]]&gt;\""))), &want);
        CLEANUP(cleanup_free) char *lines = lines_of(body);
        assert_non_null(strstr(lines, "DELETE TXT _planekeeper.app.dr.test. 30 \"a<b>&c \"]]>\""));
}

static void alive_text_replaces_only_itself(void **state)
{
        (void)state;
        CLEANUP(answer_clear) struct answer answer = {0};
        struct errmsg error = {0};
        static const char sets[] = SET("_planekeeper-alive.app.dr.test.", "TXT", VALUES(VALUE("\"one\""))) OWNER;
        const struct route53_names names = names_of("app.dr.test");
        assert_int_equal(read_answer(sets, &answer, &error), ERR_OK);
        CLEANUP(cleanup_free) char *heard = route53_only_text(&answer.sets, names.alive);
        assert_string_equal(heard, "one");
        CLEANUP(strbuf_deinit) struct strbuf body = STRBUF_INIT(ROUTE53_BATCH_MAX_BYTES);
        route53_batch_text(&answer.sets, names.alive, "two", 30, &body);
        CLEANUP(cleanup_free) char *lines = lines_of(strbuf_text(&body));
        assert_string_equal(lines, "DELETE TXT _planekeeper-alive.app.dr.test. 30 \"one\"\n"
                                   "CREATE TXT _planekeeper-alive.app.dr.test 30 \"two\"\n");
        CLEANUP(cleanup_free) char *nothing = route53_only_text(&answer.sets, "other.dr.test");
        assert_string_equal(nothing, "");
}

static void names_need_room_for_what_stands_beside_them(void **state)
{
        (void)state;
        struct route53_names names;
        struct errmsg error;
        char name[256];
        memset(name, 'a', sizeof(name));
        for (size_t i = 50; i < sizeof(name); i += 51)
                name[i] = '.';
        name[240] = '\0';
        assert_int_equal(route53_names_init(name, &names, &error), ERR_OK);
        assert_int_equal(strlen(names.stamp), 253);
        assert_string_equal(names.alive, "");
        name[240] = 'a';
        name[241] = '\0';
        assert_int_equal(route53_names_init(name, &names, &error), ERR_INVALID);
        assert_int_equal(route53_names_init("not a name", &names, &error), ERR_INVALID);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_are_compared_without_escapes_and_case),
            cmocka_unit_test(text_values_are_joined_and_unescaped),
            cmocka_unit_test(long_text_goes_into_strings_of_255_bytes),
            cmocka_unit_test(sets_become_the_texts_of_a_state),
            cmocka_unit_test(stamps_are_ours_foreign_or_unreadable),
            cmocka_unit_test(sets_that_are_chosen_among_are_refused),
            cmocka_unit_test(malformed_answers_are_refused),
            cmocka_unit_test(the_longest_zone_of_the_wanted_kind_is_chosen),
            cmocka_unit_test(aliases_know_the_zone_of_a_balancer),
            cmocka_unit_test(a_batch_deletes_what_was_read_and_creates_what_is_wanted),
            cmocka_unit_test(a_batch_asserts_addresses_that_stay),
            cmocka_unit_test(sets_of_two_times_to_live_are_made_anew),
            cmocka_unit_test(zones_of_one_name_are_told_apart),
            cmocka_unit_test(an_identity_outranks_what_the_spec_says),
            cmocka_unit_test(a_health_check_goes_on_to_the_next_set),
            cmocka_unit_test(an_alias_is_deleted_to_the_letter_and_made_anew),
            cmocka_unit_test(nonsense_is_no_rrset_text),
            cmocka_unit_test(texts_in_a_batch_are_escaped),
            cmocka_unit_test(alive_text_replaces_only_itself),
            cmocka_unit_test(names_need_room_for_what_stands_beside_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
