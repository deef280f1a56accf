/* route53_contract.c -- the driver for Amazon Route 53 where the service, the keys or the zone are not as they should be; against a stand-in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_hands.h"
#include "util/cleanup.h"
#include "util/mem.h"

static const struct route53_options plain;

/* What the stand-in is asked for (test/contract/aws/route53.py), and its answer. */
static char *standin(const char *verb, const char *json)
{
        return shell("curl -sS -d '%s' %s/standin/%s", json, server("CONTRACT_ROUTE53"), verb);
}

static void want_faults(const char *json)
{
        free(standin("faults", json));
}

static int all_is_well(void **state)
{
        (void)state;
        char keys[512];
        const char *key = server("CONTRACT_ROUTE53_KEY"), *secret = strchr(key, ':') + 1;
        (void)snprintf(keys, sizeof(keys), "{\"%.*s\": {\"secret\": \"%s\"}, \"AKIAHAND0000000000HD\": {\"secret\": \"the-hand\"}}",
                       (int)(secret - key - 1), key, secret);
        free(standin("keys", keys));
        want_faults("{}");
        return 0;
}

/* The first key is given @more of its properties. */
static void want_key(const char *more)
{
        char keys[512];
        const char *key = server("CONTRACT_ROUTE53_KEY"), *secret = strchr(key, ':') + 1;
        (void)snprintf(keys, sizeof(keys), "{\"%.*s\": {\"secret\": \"%s\", %s}}", (int)(secret - key - 1), key, secret, more);
        free(standin("keys", keys));
}

/* Changes sets in the public zone by AWS's SDK; @changes is the JSON of its list. */
static char *change_by_sdk(const char *changes)
{
        return shell("curl -sS -d '{\"operation\": \"change_resource_record_sets\", \"parameters\": {\"HostedZoneId\": \"%s\", "
                     "\"ChangeBatch\": {\"Changes\": [%s]}}}' %s/standin/boto",
                     server("CONTRACT_ROUTE53_ZONE"), changes, server("CONTRACT_ROUTE53"));
}

static void create_by_sdk(const char *set)
{
        char change[1024];
        (void)snprintf(change, sizeof(change), "{\"Action\": \"CREATE\", \"ResourceRecordSet\": {%s}}", set);
        CLEANUP(cleanup_free) char *answer = change_by_sdk(change);
        if (!strstr(answer, "ChangeInfo"))
                fail_msg("%s", answer);
}

static void assert_fails_to_read(const char *name, const struct route53_options *options, enum err err, const char *part)
{
        struct dns_target *target = open_route53(name, options);
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), err, &error, part);
        assert_null(now.value);
        dns_target_close(target);
}

/* ---- which zone ---- */

static void the_zone_is_found_by_name_and_kind(void **state)
{
        (void)state;
        const struct route53_options private_zone = {.is_private = true}, by_id = {.zone = server("CONTRACT_ROUTE53_PRIVATE")};
        struct dns_target *in_public = open_route53("split.dr.test", &plain), *in_private = open_route53("split.dr.test", &private_zone);
        struct target_state now = {0};
        assert_name_moves(in_public, want_rrset("A 192.0.2.1", 1));
        assert_name_moves(in_private, want_rrset("A 10.0.0.1", 1));
        read_name(in_public, &now);
        assert_string_equal(now.value, "A 192.0.2.1");
        struct dns_target *same = open_route53("split.dr.test", &by_id);
        read_name(same, &now);
        assert_string_equal(now.value, "A 10.0.0.1");
        target_state_clear(&now);
        dns_target_close(same);
        dns_target_close(in_public);
        dns_target_close(in_private);
}

static void a_zone_that_is_wrong_is_named(void **state)
{
        (void)state;
        const struct route53_options missing = {.zone = "Z00000000000000000000"}, other = {.zone = server("CONTRACT_ROUTE53_ZONE")};
        assert_fails_to_read("app.twin.test", &plain, ERR_INVALID, "two public hosted zones are named twin.test.");
        assert_fails_to_read("app.inner.test", &plain, ERR_INVALID, "set route53.private: true");
        assert_fails_to_read("app.nowhere.test", &plain, ERR_INVALID, "no hosted zone of this account holds app.nowhere.test");
        assert_fails_to_read("app.dr.test", &missing, ERR_INVALID, "NoSuchHostedZone");
        assert_fails_to_read("app.twin.test", &other, ERR_INVALID, "does not hold app.twin.test: correct route53.hostedZoneID");
}

/* ---- keys and rights ---- */

static void keys_that_do_not_work_are_told(void **state)
{
        (void)state;
        const struct route53_options stranger = {.key = "AKIDSTRANGER:c2VjcmV0"}, impostor = {.key = "AKIAIOSFODNN7EXAMPLE:another"};
        assert_fails_to_read("app.dr.test", &stranger, ERR_DENIED, "InvalidClientTokenId");
        assert_fails_to_read("app.dr.test", &impostor, ERR_DENIED, "the secret access key does not fit");
        want_key("\"expired\": true");
        assert_fails_to_read("app.dr.test", &plain, ERR_DENIED, "expired");
}

static void a_missing_right_names_action_and_zone(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("rights.dr.test", &plain);
        struct target_state now = {0};
        struct errmsg error = {0};
        char arn[128];
        (void)snprintf(arn, sizeof(arn), "arn:aws:route53:::hostedzone/%s", server("CONTRACT_ROUTE53_ZONE"));
        read_name(target, &now);
        want_key("\"denied\": [\"ChangeResourceRecordSets\"]");
        enum err err = move_name(target, &now, want_rrset("A 192.0.2.1", 1), &error);
        assert_error(err, ERR_DENIED, &error, "allow route53:ChangeResourceRecordSets");
        assert_error(err, ERR_DENIED, &error, arn);
        want_key("\"denied\": [\"ListResourceRecordSets\"]");
        assert_fails_to_read("rights.dr.test", &plain, ERR_DENIED, "allow route53:ListResourceRecordSets");
        want_key("\"denied\": [\"ListHostedZonesByName\"]");
        assert_fails_to_read("rights.dr.test", &plain, ERR_DENIED, "allow route53:ListHostedZonesByName");
        target_state_clear(&now);
        dns_target_close(target);
}

static void new_keys_work_where_old_ones_were_taken_away(void **state)
{
        (void)state;
        struct dns_target *before = open_route53("rotated.dr.test", &plain);
        assert_name_moves(before, want_rrset("A 192.0.2.1", 1));
        free(standin("keys", "{\"AKIANEW\": {\"secret\": \"n3w\"}}"));
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_error(dns_read(before, in_ms(PATIENCE_MS), &now, &error), ERR_DENIED, &error, "AWS does not know the access key id");
        const struct route53_options options = {.key = "AKIANEW:n3w"};
        struct dns_target *after = open_route53("rotated.dr.test", &options);
        assert_name_moves(after, want_rrset("A 192.0.2.2", 2));
        dns_target_close(before);
        dns_target_close(after);
}

/* ---- answers that do not come ---- */

static void assert_shows(struct dns_target *target, const char *value, epoch_t epoch)
{
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, value);
        assert_int_equal(now.stamp.epoch, epoch);
        target_state_clear(&now);
}

static void a_lost_answer_is_unknown_and_a_lost_request_too(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("lost.dr.test", &plain);
        struct target_state before = {0};
        struct errmsg error = {0};
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        read_name(target, &before);
        want_faults("{\"lose_request\": 2}"); /* what was sent on a kept connection is sent once more */
        assert_int_equal(move_name(target, &before, want_rrset("A 192.0.2.2", 2), &error), ERR_UNKNOWN);
        want_faults("{}");
        assert_shows(target, "A 192.0.2.1", 1);
        want_faults("{\"lose_reply\": 2}");
        assert_int_equal(move_name(target, &before, want_rrset("A 192.0.2.2", 2), &error), ERR_UNKNOWN);
        want_faults("{}");
        assert_shows(target, "A 192.0.2.2", 2);
        target_state_clear(&before);
        dns_target_close(target);
}

static void a_change_out_of_time_is_unknown_and_may_apply_late(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("slow.dr.test", &plain);
        struct target_state before = {0}, now = {0};
        struct errmsg error = {0};
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        read_name(target, &before);
        want_faults("{\"hold_changes\": true}");
        struct target_want late = want_rrset("A 192.0.2.2", 2);
        mono_ms start = clock_mono();
        assert_int_equal(swap_name(target, &before, &late, in_ms(SHORT_MS), &error), ERR_UNKNOWN);
        assert_in_range(clock_mono() - start, SHORT_MS - 50, SHORT_MS + 300);
        want_faults("{}");
        mono_ms deadline = in_ms(PATIENCE_MS);
        do
                read_name(target, &now);
        while (now.stamp.epoch != 2 && clock_mono() < deadline);
        assert_string_equal(now.value, "A 192.0.2.2");
        assert_error(move_name(target, &before, want_rrset("A 192.0.2.3", 3), &error), ERR_CONFLICT, &error, "A 192.0.2.2");
        target_state_clear(&before);
        target_state_clear(&now);
        dns_target_close(target);
}

static void assert_replay_is_refused(void)
{
        CLEANUP(cleanup_free) char *answer = standin("replay", "{}");
        if (!strstr(answer, "\"status\": 400") || !strstr(answer, "InvalidChangeBatch"))
                fail_msg("%s", answer);
}

static void a_late_duplicate_loses(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("late.dr.test", &plain), *quick = open_route53("late.dr.test", &plain);
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        assert_replay_is_refused(); /* it expected nothing, and there is something now */
        assert_name_moves(target, want_rrset("A 192.0.2.2", 2));
        CLEANUP(cleanup_free) char *ignored = standin("state", "{}");
        assert_replay_is_refused();
        assert_shows(target, "A 192.0.2.2", 2);
        assert_name_moves(quick, want_rrset("A 192.0.2.1", 3)); /* an abort: the old value under a new epoch */
        assert_replay_is_refused();
        assert_shows(target, "A 192.0.2.1", 3);
        dns_target_close(target);
        dns_target_close(quick);
}

static void what_is_no_answer_changes_nothing(void **state)
{
        (void)state;
        static const struct {
                const char *faults;
                enum err err;
        } cases[] = {
            {"{\"body\": \"<html>sign in</html>\"}", ERR_INVALID},
            {"{\"body\": \"\"}", ERR_INVALID},
            {"{\"body\": \"<a><b></a>\"}", ERR_INVALID},
            {"{\"flood\": true}", ERR_INVALID},
            {"{\"refuse\": [[\"InternalFailure\", \"try again\", 500]]}", ERR_TRANSIENT},
            {"{\"refuse\": [[\"ServiceUnavailable\", \"try again\", 503]]}", ERR_TRANSIENT},
        };
        struct dns_target *target = open_route53("odd.dr.test", &plain);
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct target_state now = {0};
                struct errmsg error = {0};
                want_faults(cases[i].faults);
                enum err err = dns_read(target, in_ms(PATIENCE_MS), &now, &error);
                want_faults("{}");
                if (err != cases[i].err && !(cases[i].err == ERR_INVALID && err == ERR_TRANSIENT))
                        fail_msg("%s: %s, %s", cases[i].faults, err_name(err), error.text);
                assert_shows(target, "A 192.0.2.1", 1);
        }
        dns_target_close(target);
}

static void a_broken_answer_to_a_change_is_unknown(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("broken.dr.test", &plain);
        struct target_state now = {0};
        struct errmsg error = {0};
        static const char *const faults[] = {"{\"flood\": true}", "{\"body\": \"<a><b></a>\"}",
                                             "{\"refuse_changes\": [[\"InternalFailure\", \"try again\", 500]]}"};
        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
                read_name(target, &now);
                want_faults(faults[i]);
                enum err err = move_name(target, &now, want_rrset("A 192.0.2.1", 1 + i), &error);
                want_faults("{}");
                if (err != ERR_UNKNOWN)
                        fail_msg("%s: %s, %s", faults[i], err_name(err), error.text);
        }
        target_state_clear(&now);
        dns_target_close(target);
}

/* ---- limits ---- */

/* Reads two names in one call: ERR_OK for both, or the error of both. */
static enum err read_two(struct dns_target *target, mono_ms deadline)
{
        struct target_visit visits[] = {{.verb = TARGET_READ, .name = "two-a.dr.test", .deadline = deadline},
                                        {.verb = TARGET_READ, .name = "two-b.dr.test", .deadline = deadline}};
        target_visit_all(target->session, visits, 2);
        assert_int_equal(visits[0].err, visits[1].err);
        for (size_t i = 0; i < 2 && visits[i].err == ERR_OK; i++)
                target_state_clear(&visits[i].found);
        return visits[0].err;
}

/* Route 53 may answer a list of 300 sets more slowly than a visit lasts: the names are then read by themselves. */
static void a_zone_that_lists_slowly_is_read_by_its_names(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("two-a.dr.test", &plain);
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        assert_int_equal(read_two(target, in_ms(PATIENCE_MS)), ERR_OK);
        want_faults("{\"slow_lists_s\": 2}");
        assert_int_not_equal(read_two(target, in_ms(1000)), ERR_OK);
        assert_int_equal(read_two(target, in_ms(1000)), ERR_OK);
        want_faults("{}");
        dns_target_close(target);
}

static void throttling_says_when_to_come_back(void **state)
{
        (void)state;
        static const char *const codes[] = {"Throttling", "PriorRequestNotComplete"};
        struct dns_target *target = open_route53("busy.dr.test", &plain);
        struct target_state now = {0};
        read_name(target, &now);
        for (size_t i = 0; i < 2; i++) {
                char faults[128];
                (void)snprintf(faults, sizeof(faults), "{\"refuse_changes\": [[\"%s\", \"Rate exceeded\", 400]]}", codes[i]);
                want_faults(faults);
                const struct target_want want = want_rrset("A 192.0.2.1", 1);
                struct target_visit swap = {.verb = TARGET_SWAP, .name = target->name, .expected = &now, .want = &want,
                                            .deadline = in_ms(PATIENCE_MS)};
                target_visit(target->session, &swap);
                assert_error(swap.err, ERR_TRANSIENT, &swap.why, codes[i]);
                assert_in_range(swap.retry_after_ms, 1000, 60000);
                assert_shows(target, "", 0);
        }
        want_faults("{\"rate\": 1}");
        unsigned refused = 0;
        for (unsigned i = 0; i < 5; i++) {
                struct target_visit read = {.verb = TARGET_READ, .name = target->name, .deadline = in_ms(PATIENCE_MS)};
                target_visit(target->session, &read);
                assert_true(read.err == ERR_OK || (read.err == ERR_TRANSIENT && read.retry_after_ms >= 1000));
                refused += read.err == ERR_TRANSIENT;
                target_state_clear(&read.found);
        }
        assert_true(refused >= 3);
        target_state_clear(&now);
        dns_target_close(target);
}

static void both_documents_of_a_refused_batch_are_a_conflict(void **state)
{
        (void)state;
        static const char *const faults[] = {"{}", "{\"batch_root\": true}"};
        struct dns_target *target = open_route53("refused.dr.test", &plain);
        for (epoch_t i = 0; i < 2; i++) {
                struct target_state before = {0};
                struct errmsg error = {0};
                read_name(target, &before);
                assert_name_moves(target, want_rrset("A 192.0.2.1", 1 + 2 * i));
                want_faults(faults[i]);
                assert_error(move_name(target, &before, want_rrset("A 192.0.2.2", 2 + 2 * i), &error), ERR_CONFLICT, &error,
                             "A 192.0.2.1");
                target_state_clear(&before);
        }
        dns_target_close(target);
}

/* ---- what the SDK writes ---- */

static void a_time_to_live_changed_by_hand_is_a_conflict(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("ttl.dr.test", &plain);
        struct target_state before = {0};
        struct errmsg error = {0};
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        read_name(target, &before);
        free(change_by_sdk("{\"Action\": \"UPSERT\", \"ResourceRecordSet\": {\"Name\": \"ttl.dr.test\", \"Type\": \"A\", \"TTL\": 300, "
                           "\"ResourceRecords\": [{\"Value\": \"192.0.2.1\"}]}}"));
        assert_error(move_name(target, &before, want_rrset("A 192.0.2.2", 2), &error), ERR_CONFLICT, &error, "somebody changed it");
        assert_name_moves(target, want_rrset("A 192.0.2.2", 2));
        target_state_clear(&before);
        dns_target_close(target);
}

static void sets_that_are_chosen_among_are_never_touched(void **state)
{
        (void)state;
        create_by_sdk("\"Name\": \"weighted.dr.test\", \"Type\": \"A\", \"TTL\": 60, \"SetIdentifier\": \"blue\", \"Weight\": 10, "
                      "\"ResourceRecords\": [{\"Value\": \"192.0.2.1\"}]");
        assert_fails_to_read("weighted.dr.test", &plain, ERR_INVALID, "by weight (SetIdentifier \"blue\")");
        struct dns_target *target = open_route53("weighted.dr.test", &plain);
        const struct target_state absent = {.value = "", .stamp = {.presence = STAMP_ABSENT}};
        struct errmsg error = {0};
        assert_error(move_name(target, &absent, want_rrset("A 192.0.2.2", 1), &error), ERR_INVALID, &error, "weight");
        assert_fails_to_read("weighted.dr.test", &plain, ERR_INVALID, "by weight");
        dns_target_close(target);
}

static void an_alias_and_a_health_check_are_replaced_to_the_letter(void **state)
{
        (void)state;
        create_by_sdk("\"Name\": \"alias.dr.test\", \"Type\": \"A\", \"AliasTarget\": {\"HostedZoneId\": \"Z32O12XQLNTSW2\", \"DNSName\": "
                      "\"dualstack.Gloo-1.eu-west-1.elb.amazonaws.com\", \"EvaluateTargetHealth\": true}");
        struct dns_target *target = open_route53("alias.dr.test", &plain);
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, "ALIAS dualstack.gloo-1.eu-west-1.elb.amazonaws.com");
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        read_name(target, &now);
        assert_string_equal(now.value, "A 192.0.2.1");
        target_state_clear(&now);
        dns_target_close(target);
        create_by_sdk("\"Name\": \"checked.dr.test\", \"Type\": \"A\", \"TTL\": 60, \"HealthCheckId\": \"abcdef11-2222-3333-4444-555555fedcba\", "
                      "\"ResourceRecords\": [{\"Value\": \"192.0.2.1\"}]");
        target = open_route53("checked.dr.test", &plain);
        assert_name_moves(target, want_rrset("A 192.0.2.2", 1));
        CLEANUP(cleanup_free) char *there =
            shell("curl -sS -d '{\"operation\": \"list_resource_record_sets\", \"parameters\": {\"HostedZoneId\": \"%s\", "
                  "\"StartRecordName\": \"checked.dr.test\", \"MaxItems\": \"1\"}}' %s/standin/boto",
                  server("CONTRACT_ROUTE53_ZONE"), server("CONTRACT_ROUTE53"));
        assert_non_null(strstr(there, "192.0.2.2"));
        assert_non_null(strstr(there, "abcdef11-2222-3333-4444-555555fedcba"));
        dns_target_close(target);
}

/* Whatever type follows another, no version of the zone has the name empty, and a late swap is refused. */
static void aliases_are_written_and_never_leave_the_name_empty(void **state)
{
        (void)state;
        static const char balancer[] = "ALIAS gloo-1.eu-west-1.elb.amazonaws.com";
        static const char *const wanted[] = {
            "A 192.0.2.1", balancer, "CNAME lb.example.net",
            "ALIAS dualstack.a.elb.eu-central-1.amazonaws.com + ALIAS6 dualstack.a.elb.eu-central-1.amazonaws.com",
            "AAAA 2001:db8::1", "ALIAS other.dr.test", balancer};
        struct dns_target *target = open_route53("aliases.dr.test", &(struct route53_options){.alias_zone = server("CONTRACT_ROUTE53_ZONE")});
        struct target_state now = {0}, late = {0};
        struct errmsg error = {0};
        create_by_sdk("\"Name\": \"other.dr.test\", \"Type\": \"A\", \"TTL\": 60, \"ResourceRecords\": [{\"Value\": \"192.0.2.9\"}]");
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
                if (i == 1)
                        read_name(target, &late);
                assert_name_moves(target, want_rrset(wanted[i], (epoch_t)i + 1));
                read_name(target, &now);
                assert_string_equal(now.value, wanted[i]);
                assert_int_equal(now.stamp.epoch, i + 1);
                assert_int_equal(now.ttl_s, 30);
        }
        assert_int_equal(move_name(target, &late, want_rrset("A 192.0.2.2", 20), &error), ERR_CONFLICT);
        CLEANUP(cleanup_free) char *versions =
            shell("curl -sS -d '{\"zone\": \"%s\", \"names\": [\"aliases.dr.test\"]}' %s/standin/history",
                  server("CONTRACT_ROUTE53_ZONE"), server("CONTRACT_ROUTE53"));
        const char *first = strstr(versions, "192.0.2.1");
        assert_non_null(first);
        assert_null(strstr(first, "[]"));
        assert_non_null(strstr(first, "Z3F0SRJ5LGBH90"));
        target_state_clear(&now);
        target_state_clear(&late);
        dns_target_close(target);
}

static void claims_of_external_dns_are_told(void **state)
{
        (void)state;
        create_by_sdk("\"Name\": \"cname-claimed.dr.test\", \"Type\": \"TXT\", \"TTL\": 300, \"ResourceRecords\": [{\"Value\": "
                      "\"\\\"heritage=external-dns,external-dns/owner=eu,external-dns/resource=service/gloo-mesh/mgmt\\\"\"}]");
        struct dns_target *target = open_route53("claimed.dr.test", &plain), *free_one = open_route53("unclaimed.dr.test", &plain);
        CLEANUP(cleanup_free) char *claim = NULL, *nothing = NULL;
        struct errmsg error = {0};
        assert_int_equal(dns_claims(target, in_ms(PATIENCE_MS), &claim, &error), ERR_OK);
        assert_non_null(strstr(claim, "is managed by external-dns: TXT cname-claimed.dr.test says owner \"eu\", for service/gloo-mesh/mgmt"));
        assert_non_null(strstr(claim, "kubectl annotate -n gloo-mesh service/mgmt"));
        /* The command hands it over: what the SDK is told is what it prints. */
        const char *batch = strstr(claim, "--change-batch '{\"Changes\":[");
        assert_non_null(batch);
        CLEANUP(cleanup_free) char *changes = mem_strdup(batch + strlen("--change-batch '{\"Changes\":["));
        *strstr(changes, "]}'") = '\0';
        CLEANUP(cleanup_free) char *answer = change_by_sdk(changes);
        assert_non_null(strstr(answer, "ChangeInfo"));
        assert_int_equal(dns_claims(target, in_ms(PATIENCE_MS), &nothing, &error), ERR_OK);
        assert_null(nothing);
        assert_int_equal(dns_claims(free_one, in_ms(PATIENCE_MS), &nothing, &error), ERR_OK);
        assert_null(nothing);
        dns_target_close(target);
        dns_target_close(free_one);
}

static void alive_text_is_heard_and_replaced(void **state)
{
        (void)state;
        struct dns_target *one = open_route53("alive.dr.test", &plain), *other = open_route53("alive.dr.test", &plain);
        struct errmsg error = {0};
        static const struct {
                const char *say, *heard;
        } turns[] = {{NULL, ""}, {"v=pka1 e=1 a", "v=pka1 e=1 a"}, {NULL, "v=pka1 e=1 a"}, {"v=pka1 e=1 b", "v=pka1 e=1 b"}, {NULL, "v=pka1 e=1 b"}};
        for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
                CLEANUP(cleanup_free) char *heard = NULL;
                assert_int_equal(dns_alive(i % 2 ? one : other, turns[i].say, in_ms(PATIENCE_MS), &heard, &error), ERR_OK);
                assert_string_equal(heard, turns[i].heard);
        }
        create_by_sdk("\"Name\": \"_planekeeper-alive.foreign.dr.test\", \"Type\": \"TXT\", \"TTL\": 30, \"ResourceRecords\": "
                      "[{\"Value\": \"\\\"a\\\"\"}, {\"Value\": \"\\\"b\\\"\"}]");
        struct dns_target *foreign = open_route53("foreign.dr.test", &plain);
        char *heard = NULL;
        assert_error(dns_alive(foreign, "v=pka1", in_ms(PATIENCE_MS), &heard, &error), ERR_INVALID, &error, "not Planekeeper");
        dns_target_close(one);
        dns_target_close(other);
        dns_target_close(foreign);
}

/* ---- what users see ---- */

static void what_is_pending_is_read_at_once_and_seen_by_users_later(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("pending.dr.test", &plain);
        struct target_state seen = {0};
        struct errmsg error = {0};
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        want_faults("{\"pending_s\": 0.7}");
        assert_name_moves(target, want_rrset("CNAME lb.example.net", 2)); /* the API shows what is meant */
        assert_int_equal(dns_observe(server("CONTRACT_ROUTE53_DNS"), "pending.dr.test", in_ms(PATIENCE_MS), &seen, &error), ERR_OK);
        assert_string_equal(seen.value, "A 192.0.2.1");
        assert_int_equal(seen.stamp.epoch, 1);
        mono_ms deadline = in_ms(PATIENCE_MS);
        do {
                target_state_clear(&seen);
                assert_int_equal(dns_observe(server("CONTRACT_ROUTE53_DNS"), "pending.dr.test", in_ms(PATIENCE_MS), &seen, &error), ERR_OK);
        } while (strcmp(seen.value, "CNAME lb.example.net") != 0 && clock_mono() < deadline); /* each question is one moment */
        assert_string_equal(seen.value, "CNAME lb.example.net");
        assert_int_equal(seen.stamp.epoch, 2);
        target_state_clear(&seen);
        dns_target_close(target);
}

/* ---- answers of the real service, as others recorded them ---- */

static void recorded_answers_are_read(void **state)
{
        (void)state;
        const struct route53_options by_id = {.zone = "47234"};
        static const struct {
                const char *name;
                const char *value;
        } cases[] = {{"www.t.com", "A 208.111.35.173"}, {"wibble.t.com", "CNAME t.com"}, {"absent.t.com", ""}};
        want_faults("{\"recorded\": true}");
        for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
                struct dns_target *target = open_route53(cases[i / 2].name, i % 2 ? &by_id : &plain);
                struct target_state now = {0};
                read_name(target, &now);
                assert_string_equal(now.value, cases[i / 2].value);
                struct errmsg error = {0};
                assert_error(move_name(target, &now, want_rrset("A 192.0.2.1", 1), &error), ERR_INVALID, &error, "Invalid change");
                target_state_clear(&now);
                dns_target_close(target);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(the_zone_is_found_by_name_and_kind, all_is_well),
            cmocka_unit_test_setup(a_zone_that_is_wrong_is_named, all_is_well),
            cmocka_unit_test_setup(keys_that_do_not_work_are_told, all_is_well),
            cmocka_unit_test_setup(a_missing_right_names_action_and_zone, all_is_well),
            cmocka_unit_test_setup(new_keys_work_where_old_ones_were_taken_away, all_is_well),
            cmocka_unit_test_setup(a_lost_answer_is_unknown_and_a_lost_request_too, all_is_well),
            cmocka_unit_test_setup(a_change_out_of_time_is_unknown_and_may_apply_late, all_is_well),
            cmocka_unit_test_setup(a_late_duplicate_loses, all_is_well),
            cmocka_unit_test_setup(what_is_no_answer_changes_nothing, all_is_well),
            cmocka_unit_test_setup(a_broken_answer_to_a_change_is_unknown, all_is_well),
            cmocka_unit_test_setup(a_zone_that_lists_slowly_is_read_by_its_names, all_is_well),
            cmocka_unit_test_setup(throttling_says_when_to_come_back, all_is_well),
            cmocka_unit_test_setup(both_documents_of_a_refused_batch_are_a_conflict, all_is_well),
            cmocka_unit_test_setup(a_time_to_live_changed_by_hand_is_a_conflict, all_is_well),
            cmocka_unit_test_setup(sets_that_are_chosen_among_are_never_touched, all_is_well),
            cmocka_unit_test_setup(aliases_are_written_and_never_leave_the_name_empty, all_is_well),
            cmocka_unit_test_setup(an_alias_and_a_health_check_are_replaced_to_the_letter, all_is_well),
            cmocka_unit_test_setup(claims_of_external_dns_are_told, all_is_well),
            cmocka_unit_test_setup(alive_text_is_heard_and_replaced, all_is_well),
            cmocka_unit_test_setup(what_is_pending_is_read_at_once_and_seen_by_users_later, all_is_well),
            cmocka_unit_test_setup(recorded_answers_are_read, all_is_well),
        };
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        (void)all_is_well(NULL);
        return failed;
}
