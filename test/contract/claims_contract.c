/* claims_contract.c -- what other tools write beside a name, and how it is handed over; against real servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_hands.h"

static struct dns_target *open_at(const char *address, const char *name)
{
        return open_name_with(name, (struct target_options){.nameserver = address});
}

/* What a plain question is answered, first line. */
static void assert_served(const char *address, const char *name, const char *wanted)
{
        char *got = shell("dig @127.0.0.1 -p %s +norec +short %s A | head -1", port_of(address), name);
        assert_string_equal(got, wanted);
        free(got);
}

static void edit_server(const char *address, const char *commands)
{
        free(shell("printf 'server 127.0.0.1 %s\\n%s\\nsend\\n' | nsupdate -k %s/planekeeper 2>&1",
                   port_of(address), commands, server("CONTRACT_DNS_KEYS")));
}

static void assert_claimed(const char *address, const char *name, const char *part)
{
        struct dns_target *target = open_at(address, name);
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

static void claim_of_external_dns_is_found_at(const char *address)
{
        assert_claimed(address, "plain.around.test", NULL);
        edit_server(address, "update add plain.around.test 60 A 192.0.2.1\\n"
                                   "update add plain.around.test 60 TXT " HERITAGE "service/default/web\\\"");
        assert_claimed(address, "plain.around.test", "by external-dns: TXT plain.around.test. says owner \"prod\"");
        assert_claimed(address, "plain.around.test", "kubectl annotate -n default service/web");
        edit_server(address, "update add cname-new.around.test 60 TXT other\\n"
                                   "update add cname-new.around.test 60 TXT " HERITAGE "ingress/shop/front\\\"");
        assert_claimed(address, "new.around.test", "update delete cname-new.around.test. TXT");
        assert_claimed(address, "new.around.test", "kubectl edit -n shop ingress/front");
        edit_server(address, "update add a-odd.around.test 60 TXT " HERITAGE "service/x;reboot/y\\\"");
        assert_claimed(address, "odd.around.test", "then take the name out of its source");
        edit_server(address, "update add a-text.around.test 60 TXT \\\"v=spf1 -all\\\"");
        assert_claimed(address, "text.around.test", NULL);
}

static void claim_of_external_dns_is_found(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", claim_of_external_dns_is_found_at);
}

/* What the printed commands do is what they are printed for. */
static void claim_is_gone_after_what_is_printed_at(const char *address)
{
        edit_server(address, "update add hand.around.test 60 A 192.0.2.1\\n"
                                   "update add a-hand.around.test 60 TXT " HERITAGE "service/default/web\\\"");
        struct dns_target *target = open_at(address, "hand.around.test");
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
        assert_claimed(address, "hand.around.test", NULL);
        assert_served(address, "hand.around.test", "192.0.2.1");
}

static void claim_is_gone_after_what_is_printed(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", claim_is_gone_after_what_is_printed_at);
}

/* external-dns owns *.shop: its text answers for every sibling that does not exist. */
static void claim_on_a_wildcard_is_not_on_its_siblings_at(const char *address)
{
        edit_server(address, "update add *.shop.around.test 60 TXT " HERITAGE "ingress/shop/front\\\"\\n"
                                   "update add own.shop.around.test 60 A 192.0.2.1");
        assert_claimed(address, "own.shop.around.test", NULL);
}

static void claim_on_a_wildcard_is_not_on_its_siblings(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", claim_on_a_wildcard_is_not_on_its_siblings_at);
}

static void claimed_name_is_not_written_at(const char *address)
{
        struct dns_target *target = open_at(address, "claimed.around.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        now.stamp.claim = strdup("is managed by external-dns");
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error), ERR_INVALID, &error,
                     "is managed by external-dns");
        target_state_clear(&now);
        dns_target_close(target);
}

static void claimed_name_is_not_written(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", claimed_name_is_not_written_at);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(claim_of_external_dns_is_found),
            cmocka_unit_test(claim_is_gone_after_what_is_printed),
            cmocka_unit_test(claim_on_a_wildcard_is_not_on_its_siblings),
            cmocka_unit_test(claimed_name_is_not_written),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
