/* answers_contract.c -- answers about something else than is stored where updates go; against real servers. */
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

static void assert_refused(const char *address, const char *name, const char *part)
{
        struct dns_target *target = open_at(address, name);
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_INVALID, &error, part);
        dns_target_close(target);
}

static void assert_reads(const char *address, const char *name, const char *rrset, const char *doubt)
{
        struct dns_target *target = open_at(address, name);
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, rrset);
        if (!doubt && now.doubt)
                fail_msg("doubt: %s", now.doubt);
        if (doubt && (!now.doubt || !strstr(now.doubt, doubt)))
                fail_msg("doubt: \"%s\", wanted \"%s\"", now.doubt ? now.doubt : "", doubt);
        assert_int_equal(now.stamp.presence, STAMP_ABSENT);
        target_state_clear(&now);
        dns_target_close(target);
}

/* What a plain question is answered, first line. */
static void assert_served(const char *address, const char *name, const char *wanted)
{
        char *got = shell("dig @127.0.0.1 -p %s +norec +short %s A | head -1", port_of(address), name);
        assert_string_equal(got, wanted);
        free(got);
}

/* ---- zones ---- */

static void zone_is_the_names_own_and_not_its_targets_at(const char *address)
{
        static const char *const names[] = {"app.mesh.around.test", "deep.app.mesh.around.test", "far.mesh.around.test"};
        static const char *const shown[] = {"CNAME lb.around.test", "CNAME lb.around.test", "CNAME lb.far.test"};
        for (size_t i = 0; i < 3; i++) {
                struct dns_target *target = open_at(address, names[i]);
                struct target_state now = {0};
                read_name(target, &now);
                assert_string_equal(now.value, shown[i]);
                assert_string_equal(now.version, "mesh.around.test.");
                assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
                assert_served(address, names[i], "192.0.2.7");
                target_state_clear(&now);
                dns_target_close(target);
        }
}

static void zone_is_the_names_own_and_not_its_targets(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", zone_is_the_names_own_and_not_its_targets_at);
}

static void stamp_in_a_zone_of_its_own_is_refused_at(const char *address)
{
        assert_refused(address, "cut.around.test", "_planekeeper.cut.around.test. is in zone");
}

static void stamp_in_a_zone_of_its_own_is_refused(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", stamp_in_a_zone_of_its_own_is_refused_at);
}

static void heartbeat_in_a_zone_of_its_own_is_refused_at(const char *address)
{
        struct dns_target *target = open_at(address, "beat.around.test");
        char *heard = NULL;
        struct errmsg error = {0};
        assert_error(dns_alive(target, "v=pk1 p=a", in_ms(PATIENCE_MS), &heard, &error), ERR_INVALID, &error,
                     "_planekeeper-alive.beat.around.test. is in zone");
        dns_target_close(target);
}

static void heartbeat_in_a_zone_of_its_own_is_refused(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", heartbeat_in_a_zone_of_its_own_is_refused_at);
}

static void zone_that_is_set_must_be_the_names_at(const char *address)
{
        struct dns_target *target = open_name_with(
            "app.mesh.around.test",
            (struct target_options){.nameserver = address, .zone = "around.test"});
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_INVALID, &error,
                     "the server has the name in zone mesh.around.test.");
        dns_target_close(target);
}

static void zone_that_is_set_must_be_the_names(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", zone_that_is_set_must_be_the_names_at);
}

/* ---- what is stored ---- */

static void wildcard_is_no_record_of_the_name_at(const char *address)
{
        assert_reads(address, "app.wild.around.test", "", "by the wildcard *.wild.around.test.");
        assert_reads(address, "a.b.c.wild.around.test", "", "by the wildcard *.wild.around.test.");
        assert_reads(address, "x.alias.wild.around.test", "", "by the wildcard *.alias.wild.around.test.");
        struct dns_target *target = open_at(address, "app.wild.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        assert_served(address, "app.wild.around.test", "192.0.2.7");
        dns_target_close(target);
}

static void wildcard_is_no_record_of_the_name(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", wildcard_is_no_record_of_the_name_at);
}

static void record_with_a_wildcard_below_is_stored_at(const char *address)
{
        assert_reads(address, "alias.wild.around.test", "A 192.0.2.1", NULL);
        struct dns_target *target = open_at(address, "alias.wild.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        dns_target_close(target);
}

static void record_with_a_wildcard_below_is_stored(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", record_with_a_wildcard_below_is_stored_at);
}

static void wildcard_text_is_no_stamp_at(const char *address)
{
        assert_reads(address, "texts.wild.around.test", "A 192.0.2.1", NULL);
        struct dns_target *target = open_at(address, "texts.wild.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        dns_target_close(target);
}

static void wildcard_text_is_no_stamp(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", wildcard_text_is_no_stamp_at);
}

static void alias_in_place_of_the_stamp_is_refused_at(const char *address)
{
        assert_refused(address, "both.around.test", "_planekeeper.both.around.test. is a CNAME to");
}

static void alias_in_place_of_the_stamp_is_refused(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", alias_in_place_of_the_stamp_is_refused_at);
}

static void name_below_a_dname_is_refused_at(const char *address)
{
        assert_refused(address, "app.old.around.test", "by the DNAME at old.around.test.");
        assert_refused(address, "old.around.test", "by the DNAME at old.around.test.");
}

static void name_below_a_dname_is_refused(void **state)
{
        (void)state;
        on_each("CONTRACT_AROUNDS", name_below_a_dname_is_refused_at);
}

/* ---- views ---- */

static void view_of_the_key_is_told_from_the_users(void **state)
{
        (void)state;
        assert_reads(server("CONTRACT_VIEWS"), "app.around.test", "A 192.0.2.1", "unsigned ones, as users ask, with \"A 192.0.2.2\"");
        assert_reads(server("CONTRACT_VIEWS"), "same.around.test", "A 192.0.2.1", NULL);
        struct dns_target *target = open_at(server("CONTRACT_VIEWS"), "same.around.test");
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, "A 192.0.2.7");
        assert_non_null(now.doubt);
        assert_non_null(strstr(now.doubt, "with \"A 192.0.2.7\", and unsigned ones, as users ask, with \"A 192.0.2.1\""));
        target_state_clear(&now);
        dns_target_close(target);
        assert_served(server("CONTRACT_VIEWS"), "same.around.test", "192.0.2.1");
}

/* Unsigned questions are answered from a cache there, signed ones are not: that is no view. */
static void cache_is_no_view(void **state)
{
        (void)state;
        const char *address = server("CONTRACT_DNS_CACHING");
        static const char *const values[] = {"A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1", "CNAME lb.example.net"};
        enum { MOVES = 12 };
        struct dns_target *target = open_at(address, "cached.dr.test");
        struct target_state now = {0};
        for (epoch_t epoch = 1; epoch <= MOVES; epoch++) {
                assert_name_moves(target, want_rrset(values[epoch % 4], epoch));
                read_name(target, &now);
                assert_string_equal(now.value, values[epoch % 4]);
                if (now.doubt)
                        fail_msg("doubt: %s", now.doubt);
        }
        target_state_clear(&now);
        dns_target_close(target);
}

/* ---- a secondary that forwards updates ---- */

static void forwarded_update_is_waited_for(void **state)
{
        (void)state;
        struct dns_target *target = open_at(server("CONTRACT_FORWARDER"), "soon.around.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        free(shell("(sleep 0.5; %s refresh around.test) >/dev/null 2>&1 &", server("CONTRACT_FORWARDER_RNDC")));
        if (move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error) != ERR_OK)
                fail_msg("move: %s", error.text);
        assert_served(server("CONTRACT_ORIGIN"), "soon.around.test", "192.0.2.7");
        target_state_clear(&now);
        dns_target_close(target);
}

static void forwarder_that_lags_is_no_liar(void **state)
{
        (void)state;
        struct dns_target *target = open_at(server("CONTRACT_FORWARDER"), "late.around.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error), ERR_UNKNOWN, &error,
                     "a secondary that forwards updates");
        assert_served(server("CONTRACT_ORIGIN"), "late.around.test", "192.0.2.7");
        /* Once more before the transfer: refused where the zone is kept, and said to be that. */
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.7", 1), &error), ERR_INVALID, &error,
                     "a secondary that forwards them and lags behind");
        free(shell("%s refresh around.test 2>&1", server("CONTRACT_FORWARDER_RNDC")));
        mono_ms deadline = in_ms(PATIENCE_MS);
        do
                read_name(target, &now);
        while (now.stamp.epoch != 1 && clock_mono() < deadline);
        assert_string_equal(now.value, "A 192.0.2.7");
        target_state_clear(&now);
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
            cmocka_unit_test(cache_is_no_view),
            cmocka_unit_test(forwarded_update_is_waited_for),
            cmocka_unit_test(forwarder_that_lags_is_no_liar),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
