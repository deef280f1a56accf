/* answers_contract.c -- answers about something else than is stored where updates go; against real BIND servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_hands.h"

static struct dns_target *open_at(const char *variable, const char *name)
{
        return open_name_with(name, (struct target_options){.nameserver = server(variable)});
}

static void assert_refused(const char *variable, const char *name, const char *part)
{
        struct dns_target *target = open_at(variable, name);
        struct dns_state now = {0};
        struct errmsg error = {0};
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_INVALID, &error, part);
        dns_target_close(target);
}

static void assert_reads(const char *variable, const char *name, const char *rrset, const char *doubt)
{
        struct dns_target *target = open_at(variable, name);
        struct dns_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.rrset, rrset);
        if (!doubt && now.doubt)
                fail_msg("doubt: %s", now.doubt);
        if (doubt && (!now.doubt || !strstr(now.doubt, doubt)))
                fail_msg("doubt: \"%s\", wanted \"%s\"", now.doubt ? now.doubt : "", doubt);
        assert_int_equal(now.stamp.presence, STAMP_ABSENT);
        dns_state_clear(&now);
        dns_target_close(target);
}

/* What a plain question is answered, first line. */
static void assert_served(const char *variable, const char *name, const char *wanted)
{
        char *got = shell("dig @127.0.0.1 -p %s +norec +short %s A | head -1", port_of(server(variable)), name);
        assert_string_equal(got, wanted);
        free(got);
}

static void edit_server(const char *variable, const char *commands)
{
        free(shell("printf 'server 127.0.0.1 %s\\n%s\\nsend\\n' | nsupdate -k %s/planekeeper 2>&1",
                   port_of(server(variable)), commands, server("CONTRACT_DNS_KEYS")));
}

/* ---- zones ---- */

static void zone_is_the_names_own_and_not_its_targets(void **state)
{
        (void)state;
        static const char *const names[] = {"app.mesh.around.test", "deep.app.mesh.around.test"};
        for (size_t i = 0; i < 2; i++) {
                struct dns_target *target = open_at("CONTRACT_AROUND", names[i]);
                struct dns_state now = {0};
                read_name(target, &now);
                assert_string_equal(now.rrset, "CNAME lb.around.test");
                assert_string_equal(now.zone, "mesh.around.test.");
                assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
                assert_served("CONTRACT_AROUND", names[i], "192.0.2.7");
                dns_state_clear(&now);
                dns_target_close(target);
        }
}

static void stamp_in_a_zone_of_its_own_is_refused(void **state)
{
        (void)state;
        assert_refused("CONTRACT_AROUND", "cut.around.test", "_planekeeper.cut.around.test. is in zone");
}

static void heartbeat_in_a_zone_of_its_own_is_refused(void **state)
{
        (void)state;
        struct dns_target *target = open_at("CONTRACT_AROUND", "beat.around.test");
        char *heard = NULL;
        struct errmsg error = {0};
        assert_error(dns_alive(target, "v=pk1 p=a", in_ms(PATIENCE_MS), &heard, &error), ERR_INVALID, &error,
                     "_planekeeper-alive.beat.around.test. is in zone");
        dns_target_close(target);
}

static void zone_that_is_set_must_be_the_names(void **state)
{
        (void)state;
        struct dns_target *target = open_name_with(
            "app.mesh.around.test",
            (struct target_options){.nameserver = server("CONTRACT_AROUND"), .zone = "around.test"});
        struct dns_state now = {0};
        struct errmsg error = {0};
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_INVALID, &error,
                     "the server has the name in zone mesh.around.test.");
        dns_target_close(target);
}

/* ---- what is stored ---- */

static void wildcard_is_no_record_of_the_name(void **state)
{
        (void)state;
        assert_reads("CONTRACT_AROUND", "app.wild.around.test", "", "by the wildcard *.wild.around.test.");
        assert_reads("CONTRACT_AROUND", "a.b.c.wild.around.test", "", "by the wildcard *.wild.around.test.");
        assert_reads("CONTRACT_AROUND", "x.alias.wild.around.test", "", "by the wildcard *.alias.wild.around.test.");
        struct dns_target *target = open_at("CONTRACT_AROUND", "app.wild.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        assert_served("CONTRACT_AROUND", "app.wild.around.test", "192.0.2.7");
        dns_target_close(target);
}

static void record_with_a_wildcard_below_is_stored(void **state)
{
        (void)state;
        assert_reads("CONTRACT_AROUND", "alias.wild.around.test", "A 192.0.2.1", NULL);
        struct dns_target *target = open_at("CONTRACT_AROUND", "alias.wild.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        dns_target_close(target);
}

static void wildcard_text_is_no_stamp(void **state)
{
        (void)state;
        assert_reads("CONTRACT_AROUND", "texts.wild.around.test", "A 192.0.2.1", NULL);
        struct dns_target *target = open_at("CONTRACT_AROUND", "texts.wild.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        dns_target_close(target);
}

static void alias_in_place_of_the_stamp_is_refused(void **state)
{
        (void)state;
        assert_refused("CONTRACT_AROUND", "both.around.test", "_planekeeper.both.around.test. is a CNAME to");
}

static void name_below_a_dname_is_refused(void **state)
{
        (void)state;
        assert_refused("CONTRACT_AROUND", "app.old.around.test", "by the DNAME at old.around.test.");
        assert_refused("CONTRACT_AROUND", "old.around.test", "by the DNAME at old.around.test.");
}

/* ---- views ---- */

static void view_of_the_key_is_told_from_the_users(void **state)
{
        (void)state;
        assert_reads("CONTRACT_VIEWS", "app.around.test", "A 192.0.2.1", "unsigned ones, as users ask, with \"A 192.0.2.2\"");
        assert_reads("CONTRACT_VIEWS", "same.around.test", "A 192.0.2.1", NULL);
        struct dns_target *target = open_at("CONTRACT_VIEWS", "same.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        struct dns_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.rrset, "A 192.0.2.7");
        assert_non_null(now.doubt);
        assert_non_null(strstr(now.doubt, "with \"A 192.0.2.7\", and unsigned ones, as users ask, with \"A 192.0.2.1\""));
        dns_state_clear(&now);
        dns_target_close(target);
        assert_served("CONTRACT_VIEWS", "same.around.test", "192.0.2.1");
}

/* ---- a secondary that forwards updates ---- */

static void forwarded_update_is_waited_for(void **state)
{
        (void)state;
        struct dns_target *target = open_at("CONTRACT_FORWARDER", "soon.around.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        free(shell("(sleep 0.5; %s refresh around.test) >/dev/null 2>&1 &", server("CONTRACT_FORWARDER_RNDC")));
        if (move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error) != ERR_OK)
                fail_msg("move: %s", error.text);
        assert_served("CONTRACT_ORIGIN", "soon.around.test", "192.0.2.7");
        dns_state_clear(&now);
        dns_target_close(target);
}

static void forwarder_that_lags_is_no_liar(void **state)
{
        (void)state;
        struct dns_target *target = open_at("CONTRACT_FORWARDER", "late.around.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error), ERR_UNKNOWN, &error,
                     "a secondary that forwards updates");
        assert_served("CONTRACT_ORIGIN", "late.around.test", "192.0.2.7");
        /* Once more before the transfer: refused where the zone is kept, and said to be that. */
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error), ERR_INVALID, &error,
                     "a secondary that forwards them and lags behind");
        free(shell("%s refresh around.test 2>&1", server("CONTRACT_FORWARDER_RNDC")));
        mono_ms deadline = in_ms(PATIENCE_MS);
        do
                read_name(target, &now);
        while (now.stamp.epoch != 1 && clock_mono() < deadline);
        assert_string_equal(now.rrset, "A 192.0.2.7");
        dns_state_clear(&now);
        dns_target_close(target);
}

/* ---- other tools ---- */

static void assert_claimed(const char *name, const char *part)
{
        struct dns_target *target = open_at("CONTRACT_AROUND", name);
        char *claim = NULL;
        struct errmsg error = {0};
        if (dns_claims(target, in_ms(PATIENCE_MS), &claim, &error) != ERR_OK)
                fail_msg("claims: %s", error.text);
        if (!part && claim)
                fail_msg("claimed: %s", claim);
        if (part && (!claim || !strstr(claim, part)))
                fail_msg("claim \"%s\", wanted \"%s\"", claim ? claim : "", part);
        free(claim);
        dns_target_close(target);
}

#define HERITAGE "\\\"heritage=external-dns,external-dns/owner=prod,external-dns/resource="

static void claim_of_external_dns_is_found(void **state)
{
        (void)state;
        assert_claimed("plain.around.test", NULL);
        edit_server("CONTRACT_AROUND", "update add plain.around.test 60 A 192.0.2.1\\n"
                                   "update add plain.around.test 60 TXT " HERITAGE "service/default/web\\\"");
        assert_claimed("plain.around.test", "by external-dns: TXT plain.around.test. says owner \"prod\"");
        assert_claimed("plain.around.test", "kubectl annotate -n default service/web");
        edit_server("CONTRACT_AROUND", "update add cname-new.around.test 60 TXT other\\n"
                                   "update add cname-new.around.test 60 TXT " HERITAGE "ingress/shop/front\\\"");
        assert_claimed("new.around.test", "update delete cname-new.around.test. TXT");
        assert_claimed("new.around.test", "kubectl edit -n shop ingress/front");
        edit_server("CONTRACT_AROUND", "update add a-odd.around.test 60 TXT " HERITAGE "service/x;reboot/y\\\"");
        assert_claimed("odd.around.test", "then take the name out of its source");
        edit_server("CONTRACT_AROUND", "update add a-text.around.test 60 TXT \\\"v=spf1 -all\\\"");
        assert_claimed("text.around.test", NULL);
}

/* What the printed commands do is what they are printed for. */
static void claim_is_gone_after_what_is_printed(void **state)
{
        (void)state;
        edit_server("CONTRACT_AROUND", "update add hand.around.test 60 A 192.0.2.1\\n"
                                   "update add a-hand.around.test 60 TXT " HERITAGE "service/default/web\\\"");
        struct dns_target *target = open_at("CONTRACT_AROUND", "hand.around.test");
        char *claim = NULL;
        struct errmsg error = {0};
        assert_int_equal(dns_claims(target, in_ms(PATIENCE_MS), &claim, &error), ERR_OK);
        assert_non_null(claim);
        char *command = strstr(claim, "printf '"), *end = strstr(claim, " -k tsig.key");
        assert_true(command && end);
        *end = '\0';
        free(shell("%s -k %s/planekeeper 2>&1", command, server("CONTRACT_DNS_KEYS")));
        free(claim);
        dns_target_close(target);
        assert_claimed("hand.around.test", NULL);
        assert_served("CONTRACT_AROUND", "hand.around.test", "192.0.2.1");
}

/* external-dns owns *.shop: its text answers for every sibling that does not exist. */
static void claim_on_a_wildcard_is_not_on_its_siblings(void **state)
{
        (void)state;
        edit_server("CONTRACT_AROUND", "update add *.shop.around.test 60 TXT " HERITAGE "ingress/shop/front\\\"\\n"
                                   "update add own.shop.around.test 60 A 192.0.2.1");
        assert_claimed("own.shop.around.test", NULL);
}

static void claimed_name_is_not_written(void **state)
{
        (void)state;
        struct dns_target *target = open_at("CONTRACT_AROUND", "claimed.around.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        now.stamp.claim = strdup("is managed by external-dns");
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error), ERR_INVALID, &error,
                     "is managed by external-dns");
        dns_state_clear(&now);
        dns_target_close(target);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(zone_is_the_names_own_and_not_its_targets),
            cmocka_unit_test(stamp_in_a_zone_of_its_own_is_refused),
            cmocka_unit_test(heartbeat_in_a_zone_of_its_own_is_refused),
            cmocka_unit_test(zone_that_is_set_must_be_the_names),
            cmocka_unit_test(wildcard_is_no_record_of_the_name),
            cmocka_unit_test(record_with_a_wildcard_below_is_stored),
            cmocka_unit_test(wildcard_text_is_no_stamp),
            cmocka_unit_test(alias_in_place_of_the_stamp_is_refused),
            cmocka_unit_test(name_below_a_dname_is_refused),
            cmocka_unit_test(view_of_the_key_is_told_from_the_users),
            cmocka_unit_test(forwarded_update_is_waited_for),
            cmocka_unit_test(forwarder_that_lags_is_no_liar),
            cmocka_unit_test(claim_of_external_dns_is_found),
            cmocka_unit_test(claim_is_gone_after_what_is_printed),
            cmocka_unit_test(claim_on_a_wildcard_is_not_on_its_siblings),
            cmocka_unit_test(claimed_name_is_not_written),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
