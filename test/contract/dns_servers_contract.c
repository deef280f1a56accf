/*
 * dns_servers_contract.c -- the swap on every kind of server, plain and signing, with an outsider who asks all the time:
 * BIND, Knot, PowerDNS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_hands.h"
#include "outsider.h"

enum { TYPES = 3, VARIANTS = 2 };

static const char *const values[TYPES][VARIANTS] = {
    {"A 192.0.2.10,192.0.2.11", "A 192.0.2.20"},
    {"AAAA 2001:db8::1,2001:db8::2", "AAAA 2001:db8::3"},
    {"CNAME lb.example.net", "CNAME other.example.net"},
};

static struct dns_target *open_at(const char *address, const char *name)
{
        return open_name_with(name, (struct target_options){.nameserver = address});
}

static void move_watched(struct dns_target *target, struct outsider *outsider, const char **at, const char *to,
                         epoch_t epoch)
{
        outsider_expect(outsider, *at, to);
        assert_name_moves(target, want_rrset(to, epoch));
        outsider_await_round(outsider);
        *at = to;
}

static void swap_nine_pairs(const char *address)
{
        struct dns_target *target = open_at(address, "nine.dr.test");
        struct outsider *outsider = outsider_start(address, "nine.dr.test");
        const char *at = values[0][0];
        epoch_t epoch = 1;
        assert_name_moves(target, want_rrset(at, epoch));
        for (size_t from = 0; from < TYPES; from++) {
                for (size_t to = 0; to < TYPES; to++) {
                        move_watched(target, outsider, &at, values[from][0], ++epoch);
                        move_watched(target, outsider, &at, values[to][1], ++epoch);
                        move_watched(target, outsider, &at, values[to][1], ++epoch); /* only the stamp changes */
                        struct target_state now = {0};
                        read_name(target, &now);
                        assert_string_equal(now.value, values[to][1]);
                        assert_int_equal(now.ttl_s, 30);
                        assert_int_equal(now.stamp.presence, STAMP_OURS);
                        assert_int_equal(now.stamp.epoch, epoch);
                        target_state_clear(&now);
                }
        }
        print_message("      %zu looks\n", outsider_stop(outsider));
        dns_target_close(target);
}

static void nine_pairs_are_never_seen_empty_or_mixed(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", swap_nine_pairs);
}

/* What a policy finds when it starts: a record that somebody made, which is given its stamp and its time to live. */
static void stamp_what_is_there(const char *address)
{
        static const char *const adds[TYPES] = {"A 192.0.2.10", "AAAA 2001:db8::1", "CNAME lb.example.net"};
        static const char *const found[TYPES] = {"A 192.0.2.10", "AAAA 2001:db8::1", "CNAME lb.example.net"};
        for (size_t i = 0; i < 2 * TYPES; i++) {
                char name[64], commands[128];
                (void)snprintf(name, sizeof(name), "found-%zu.dr.test", i);
                (void)snprintf(commands, sizeof(commands), "update add %s %d %s", name, i < TYPES ? 30 : 300,
                               adds[i % TYPES]);
                edit_at(address, commands);
                struct dns_target *target = open_at(address, name);
                struct outsider *outsider = outsider_start(address, name);
                const char *at = found[i % TYPES];
                move_watched(target, outsider, &at, found[i % TYPES], 1);
                (void)outsider_stop(outsider);
                struct target_state now = {0};
                read_name(target, &now);
                assert_string_equal(now.value, found[i % TYPES]);
                assert_int_equal(now.ttl_s, 30);
                assert_int_equal(now.stamp.epoch, 1);
                target_state_clear(&now);
                dns_target_close(target);
        }
}

static void first_stamp_leaves_the_addresses(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", stamp_what_is_there);
}

/* A write of this decision that was half done, or somebody who removed the record: an empty name takes any set. */
static void finish_half_done(const char *address)
{
        struct dns_target *target = open_at(address, "half.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        epoch_t epoch = 1;
        for (size_t to = 0; to < TYPES; to++, epoch++) {
                assert_name_moves(target, want_rrset(values[to][0], epoch));
                edit_at(address, "update delete half.dr.test");
                read_name(target, &now);
                assert_string_equal(now.value, "");
                assert_int_equal(now.stamp.epoch, epoch);
                struct target_want other = want_rrset(values[to][0], epoch);
                other.id = 1;
                assert_error(move_name(target, &now, other, &error), ERR_CONFLICT, &error, "another decision id");
                assert_name_moves(target, want_rrset(values[to][0], epoch));
                read_name(target, &now);
                assert_string_equal(now.value, values[to][0]);
        }
        target_state_clear(&now);
        dns_target_close(target);
}

static void half_done_write_is_finished_under_its_epoch(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", finish_half_done);
}

static void assert_answer(const char *address, const char *name, const char *type, const char *wanted)
{
        char *got = shell("dig @127.0.0.1 -p %s +norec +short %s %s", port_of(address), name, type);
        assert_string_equal(got, wanted);
        free(got);
}

static void keep_company(const char *address)
{
        edit_at(address, "update add company.dr.test 60 MX 10 ns1.dr.test.\\nupdate add company.dr.test 60 TXT hello");
        struct dns_target *target = open_at(address, "company.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_name_moves(target, want_rrset(values[0][0], 1));
        assert_name_moves(target, want_rrset(values[1][0], 2));
        assert_name_moves(target, want_rrset(values[0][1], 3));
        read_name(target, &now);
        assert_error(move_name(target, &now, want_rrset(values[2][0], 4), &error), ERR_INVALID, &error,
                     "so it cannot become a CNAME");
        assert_answer(address, "company.dr.test", "A", "192.0.2.20");
        assert_answer(address, "company.dr.test", "MX", "10 ns1.dr.test.");
        assert_answer(address, "company.dr.test", "TXT", "\"hello\"");
        target_state_clear(&now);
        dns_target_close(target);
}

static void other_records_of_the_name_stay(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", keep_company);
}

/* The commands of status.runbook, in the forms that core_runbook_test.c knows. */
static void move_by_hand(const char *address)
{
        static const char *const commands[] = {
            "update delete hand.dr.test A\\nupdate delete hand.dr.test AAAA\\nupdate delete hand.dr.test CNAME\\n"
            "update add hand.dr.test 30 A 192.0.2.10",
            "prereq nxrrset hand.dr.test MX\\nprereq nxrrset hand.dr.test TXT\\nupdate delete hand.dr.test\\n"
            "update add hand.dr.test 30 CNAME lb.example.net",
            "prereq nxrrset hand.dr.test MX\\nprereq nxrrset hand.dr.test TXT\\nupdate delete hand.dr.test\\n"
            "update add hand.dr.test 30 CNAME other.example.net",
            "update delete hand.dr.test A\\nupdate delete hand.dr.test AAAA\\nupdate delete hand.dr.test CNAME\\n"
            "update add hand.dr.test 30 AAAA 2001:db8::3",
        };
        static const char *const shown[] = {"A 192.0.2.10", "CNAME lb.example.net", "CNAME other.example.net",
                                            "AAAA 2001:db8::3"};
        struct outsider *outsider = outsider_start(address, "hand.dr.test");
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
                outsider_expect(outsider, i ? shown[i - 1] : "", shown[i]);
                edit_at(address, commands[i]);
                if (i) /* nothing was expected before the first */
                        outsider_await_round(outsider); /* the one that is under way may have begun before */
                outsider_expect(outsider, shown[i], shown[i]);
                outsider_await_round(outsider);
        }
        (void)outsider_stop(outsider);
}

static void runbook_never_empties_the_name(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", move_by_hand);
}

/* BIND refuses addresses under a name with an underscore, whatever the key may do; Knot and PowerDNS take them. */
static unsigned refused_for_the_underscore;

static void write_under_a_score(const char *address)
{
        struct dns_target *target = open_at(address, "under_score.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_name_moves(target, want_rrset("CNAME lb_one.example.net", 1)); /* neither such a name nor such a target */
        for (size_t type = 0; type < 2; type++) {
                read_name(target, &now);
                enum err err = move_name(target, &now, want_rrset(values[type][0], 2 + type), &error);
                if (err == ERR_OK)
                        continue;
                assert_error(err, ERR_DENIED, &error, "REFUSED: dns.name has an underscore, and BIND's check-names");
                assert_non_null(strstr(error.text, "or set \"check-names ignore;\" in the zone"));
                assert_answer(address, "under_score.dr.test", "CNAME", "lb_one.example.net.");
                refused_for_the_underscore++;
        }
        target_state_clear(&now);
        dns_target_close(target);
}

static void an_underscore_is_told_as_what_it_is(void **state)
{
        (void)state;
        refused_for_the_underscore = 0;
        on_each("CONTRACT_DNS_SERVERS", write_under_a_score);
        assert_true(refused_for_the_underscore >= 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(nine_pairs_are_never_seen_empty_or_mixed),
            cmocka_unit_test(first_stamp_leaves_the_addresses),
            cmocka_unit_test(half_done_write_is_finished_under_its_epoch),
            cmocka_unit_test(other_records_of_the_name_stay),
        };
        const struct CMUnitTest of_servers[] = {
            cmocka_unit_test(runbook_never_empties_the_name),
            cmocka_unit_test(an_underscore_is_told_as_what_it_is),
        };
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        return uses_route53() ? failed : failed + cmocka_run_group_tests(of_servers, NULL, NULL);
}
