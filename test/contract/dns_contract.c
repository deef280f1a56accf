/*
 * dns_contract.c -- a driver of names as a register: swaps, edits by hand, the fence, races. rfc2136 against a real BIND, route53 against a
 * stand-in, where nsupdate and dig are answered by what serves its zones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_hands.h"

enum { CONTENDERS = 12, ROUNDS = 200, RCODE_YXRRSET = 7, RCODE_NXRRSET = 8 };

/* ---- the swap ---- */

static const struct {
        const char *rrset;
        const char *type;
        const char *dig;
} sets[] = {
    {"A 192.0.2.10,192.0.2.11", "A", "192.0.2.10 192.0.2.11"},
    {"AAAA 2001:db8::1,2001:db8::2", "AAAA", "2001:db8::1 2001:db8::2"},
    {"CNAME lb.example.net", "CNAME", "lb.example.net."},
};

static void nine_pairs_swap_whole(void **state)
{
        (void)state;
        struct dns_target *target = open_name("pairs.dr.test");
        epoch_t epoch = 1;
        for (size_t from = 0; from < 3; from++) {
                for (size_t to = 0; to < 3; to++) {
                        assert_name_moves(target, want_rrset(sets[from].rrset, epoch++));
                        assert_name_moves(target, want_rrset(sets[to].rrset, epoch));
                        for (size_t i = 0; i < 3; i++)
                                assert_dig("pairs.dr.test", sets[i].type, i == to ? sets[to].dig : "");
                        struct target_state now = {0};
                        read_name(target, &now);
                        assert_string_equal(now.value, sets[to].rrset);
                        assert_int_equal(now.ttl_s, 30);
                        assert_int_equal(now.stamp.presence, STAMP_OURS);
                        assert_int_equal(now.stamp.epoch, epoch);
                        assert_int_equal(now.stamp.id, 0xabc0 + epoch);
                        assert_string_equal(now.stamp.plane, "eu-west-1");
                        assert_string_equal(now.stamp.store, STORE);
                        target_state_clear(&now);
                        epoch++;
                }
        }
        assert_dig("_planekeeper.pairs.dr.test", "TXT", "v=pk1 e=18 id=000000000000abd2 p=eu-west-1 s=" STORE);
        dns_target_close(target);
}

static void absent_name_reads_empty(void **state)
{
        (void)state;
        struct dns_target *target = open_name("nowhere.dr.test");
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, "");
        assert_int_equal(now.stamp.presence, STAMP_ABSENT);
        target_state_clear(&now);
        dns_target_close(target);
}

static void edit_by_hand_is_not_overwritten(void **state)
{
        (void)state;
        static const char *const edits[] = {
            "update add edit.dr.test 30 A 203.0.113.9",
            "update delete edit.dr.test A 192.0.2.1",
            "update delete edit.dr.test A\\nupdate add edit.dr.test 30 CNAME by.hand.test",
            "update add edit.dr.test 30 AAAA 2001:db8::9",
            "update delete _planekeeper.edit.dr.test TXT",
            "update add _planekeeper.edit.dr.test 30 TXT by-hand",
        };
        enum { SECOND_TYPE = 3 };
        struct dns_target *target = open_name("edit.dr.test");
        for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
                edit_by_hand("update delete edit.dr.test\\nupdate delete _planekeeper.edit.dr.test");
                assert_name_moves(target, want_rrset("A 192.0.2.1,192.0.2.2", 1));
                struct target_state before = {0}, edited = {0}, after = {0};
                read_name(target, &before);
                edit_by_hand(edits[i]);
                read_name(target, &edited);
                struct errmsg error = {0};
                assert_error(move_name(target, &before, want_rrset("A 192.0.2.3", 2), &error), ERR_CONFLICT, &error,
                             word_of_conflict());
                read_name(target, &after);
                if (i == SECOND_TYPE && uses_route53()) { /* no batch can demand that there is no set: it is told afterwards, and stays */
                        assert_string_equal(after.value, "A 192.0.2.3 + AAAA 2001:db8::9");
                } else {
                        assert_string_equal(after.value, edited.value);
                        assert_string_equal(after.stamp.raw, edited.stamp.raw);
                }
                target_state_clear(&before);
                target_state_clear(&edited);
                target_state_clear(&after);
        }
        dns_target_close(target);
}

static void mixed_and_large_sets_are_read_and_replaced(void **state)
{
        (void)state;
        struct dns_target *target = open_name("many.dr.test");
        struct target_state now = {0};
        edit_by_hand("update add many.dr.test 30 A 192.0.2.1\\nupdate add many.dr.test 30 AAAA 2001:db8::1");
        read_name(target, &now);
        assert_string_equal(now.value, "A 192.0.2.1 + AAAA 2001:db8::1");
        assert_name_moves(target, want_rrset("A 192.0.2.5", 1));
        assert_dig("many.dr.test", "AAAA", "");
        /* 60 addresses do not fit a datagram: the server truncates and the answer comes by TCP, as does the update. */
        char commands[3600] = "";
        for (int number = 1; number <= 60; number++) {
                size_t used = strlen(commands);
                (void)snprintf(commands + used, sizeof(commands) - used, "%supdate add many.dr.test 30 AAAA 2001:db8::%d",
                               used ? "\\n" : "", number);
        }
        edit_by_hand(commands);
        read_name(target, &now);
        assert_non_null(strstr(now.value, "A 192.0.2.5 + AAAA 2001:db8::1,2001:db8::10,"));
        assert_name_moves(target, want_rrset("A 192.0.2.6", 2));
        assert_dig("many.dr.test", "AAAA", "");
        target_state_clear(&now);
        dns_target_close(target);
}

static void stamp_beyond_one_string_survives(void **state)
{
        (void)state;
        char store[400];
        memset(store, 'n', sizeof(store));
        memcpy(store, "k8s/", 4);
        store[sizeof(store) - 1] = '\0';
        struct dns_target *target = open_name("long.dr.test");
        struct target_want to = want_rrset("A 192.0.2.1", 1);
        to.store = store;
        assert_name_moves(target, to);
        to.epoch = 2;
        assert_name_moves(target, to);
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.stamp.store, store);
        target_state_clear(&now);
        dns_target_close(target);
}

static void upper_case_cname_is_lowered_and_replaced(void **state)
{
        (void)state;
        struct dns_target *target = open_name("loud.dr.test");
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, "CNAME target.example.net");
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        target_state_clear(&now);
        dns_target_close(target);
}

static void cname_beside_other_records_is_refused_unchanged(void **state)
{
        (void)state;
        struct dns_target *target = open_name("mixed.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        assert_error(move_name(target, &now, want_rrset("CNAME lb.example.net", 1), &error), ERR_INVALID, &error, "MX");
        assert_dig("mixed.dr.test", "A", "192.0.2.1");
        target_state_clear(&now);
        dns_target_close(target);
}

/* ---- the fence ---- */

static void older_or_equal_epoch_is_refused(void **state)
{
        (void)state;
        struct dns_target *target = open_name("fence.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_name_moves(target, want_rrset("A 192.0.2.1", 7));
        read_name(target, &now);
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.2", 6), &error), ERR_CONFLICT, &error,
                     "epoch 7 is stored");
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.2", 7), &error), ERR_CONFLICT, &error,
                     "another value");
        struct target_want other = want_rrset("A 192.0.2.1", 7);
        other.id = 1;
        assert_error(move_name(target, &now, other, &error), ERR_CONFLICT, &error, "another decision id");
        assert_error(move_name(target, &now, want_rrset("", 8), &error), ERR_INVALID, &error, "empty");
        assert_name_moves(target, want_rrset("A 192.0.2.1", 7)); /* the same once more is the same */
        assert_dig("fence.dr.test", "A", "192.0.2.1");
        target_state_clear(&now);
        dns_target_close(target);
}

static void stamp_of_another_owner_is_refused(void **state)
{
        (void)state;
        struct dns_target *target = open_name("owned.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        struct target_want theirs = want_rrset("A 192.0.2.1", 1);
        theirs.store = "k8s/other/default/gloo";
        assert_name_moves(target, theirs);
        read_name(target, &now);
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.2", 2), &error), ERR_INVALID, &error, "k8s/other");
        edit_by_hand("update delete _planekeeper.owned.dr.test\\nupdate add _planekeeper.owned.dr.test 30 TXT v=spf1");
        read_name(target, &now);
        assert_int_equal(now.stamp.presence, STAMP_FOREIGN);
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.2", 2), &error), ERR_INVALID, &error, "v=spf1");
        assert_dig("owned.dr.test", "A", "192.0.2.1");
        target_state_clear(&now);
        dns_target_close(target);
}

static void second_worker_of_one_decision_succeeds(void **state)
{
        (void)state;
        struct dns_target *first = open_name("twice.dr.test");
        struct dns_target *second = open_name("twice.dr.test");
        struct target_state before = {0};
        struct errmsg error = {0};
        read_name(first, &before);
        assert_int_equal(move_name(first, &before, want_rrset("A 192.0.2.1", 1), &error), ERR_OK);
        assert_int_equal(move_name(second, &before, want_rrset("A 192.0.2.1", 1), &error), ERR_OK);
        target_state_clear(&before);
        dns_target_close(first);
        dns_target_close(second);
}

static bool contend(int number, struct barrier *barrier)
{
        struct dns_target *target = open_name("race.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        char rrset[32];
        (void)snprintf(rrset, sizeof(rrset), "A 192.0.2.%d", 100 + number);
        struct target_want to = want_rrset(rrset, 2);
        to.id = (decision_id)number + 1;
        enum err err = dns_read(target, in_ms(PATIENCE_MS), &now, &error);
        barrier_pass(barrier);
        if (err == ERR_OK)
                err = move_name(target, &now, to, &error);
        if (err != ERR_OK && err != ERR_CONFLICT)
                (void)fprintf(stderr, "contender %d: %s: %s\n", number, err_name(err), error.text);
        target_state_clear(&now);
        dns_target_close(target);
        return err == ERR_OK;
}

static void of_twelve_contenders_one_wins(void **state)
{
        (void)state;
        for (int round = 0; round < 3; round++) {
                edit_by_hand("update delete race.dr.test\\nupdate delete _planekeeper.race.dr.test");
                struct dns_target *target = open_name("race.dr.test");
                assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
                assert_int_equal(race(CONTENDERS, contend), 1);
                struct target_state now = {0};
                read_name(target, &now);
                char rrset[32];
                (void)snprintf(rrset, sizeof(rrset), "A 192.0.2.%d", 99 + (int)now.stamp.id);
                assert_string_equal(now.value, rrset);
                target_state_clear(&now);
                dns_target_close(target);
        }
}

static void late_duplicate_loses(void **state)
{
        (void)state;
        struct relay *relay = relay_start(server("CONTRACT_DNS"), RELAY_NONE);
        struct dns_target *slow =
            open_name_with("late.dr.test", (struct target_options){.nameserver = relay_address(relay)});
        struct dns_target *quick = open_name("late.dr.test");
        assert_name_moves(slow, want_rrset("A 192.0.2.1", 1));
        assert_int_equal(relay_replay(relay), RCODE_YXRRSET); /* it expected nothing, and there is something now */
        assert_name_moves(slow, want_rrset("A 192.0.2.2", 2));
        assert_name_moves(quick, want_rrset("A 192.0.2.1", 3)); /* an abort: the old value under a new epoch */
        assert_int_equal(relay_replay(relay), RCODE_NXRRSET);
        assert_dig("late.dr.test", "A", "192.0.2.1");
        dns_target_close(slow);
        dns_target_close(quick);
        relay_stop(relay);
}

static void swap_is_quick(void **state)
{
        (void)state;
        struct dns_target *target = open_name("quick.dr.test");
        struct target_state now = {0};
        int64_t read_us[ROUNDS], swap_us[ROUNDS], cold_us[ROUNDS];
        for (size_t i = 0; i < ROUNDS; i++) {
                struct errmsg error = {0};
                int64_t start = clock_mono_us();
                read_name(target, &now);
                read_us[i] = clock_mono_us() - start;
                enum err err =
                    move_name(target, &now, want_rrset(i % 2 ? "A 192.0.2.1" : "A 192.0.2.2", 1 + i), &error);
                swap_us[i] = clock_mono_us() - start - read_us[i];
                assert_int_equal(err, ERR_OK);
                start = clock_mono_us();
                struct dns_target *cold = open_name("quick.dr.test");
                read_name(cold, &now);
                dns_target_close(cold);
                cold_us[i] = clock_mono_us() - start;
        }
        print_times("read", read_us, ROUNDS);
        print_times("update and read again", swap_us, ROUNDS);
        print_times("open, read, close", cold_us, ROUNDS);
        target_state_clear(&now);
        dns_target_close(target);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(nine_pairs_swap_whole),
            cmocka_unit_test(absent_name_reads_empty),
            cmocka_unit_test(edit_by_hand_is_not_overwritten),
            cmocka_unit_test(mixed_and_large_sets_are_read_and_replaced),
            cmocka_unit_test(stamp_beyond_one_string_survives),
            cmocka_unit_test(upper_case_cname_is_lowered_and_replaced),
            cmocka_unit_test(cname_beside_other_records_is_refused_unchanged),
            cmocka_unit_test(older_or_equal_epoch_is_refused),
            cmocka_unit_test(stamp_of_another_owner_is_refused),
            cmocka_unit_test(second_worker_of_one_decision_succeeds),
            cmocka_unit_test(of_twelve_contenders_one_wins),
        };
        const struct CMUnitTest of_packets[] = {cmocka_unit_test(late_duplicate_loses), cmocka_unit_test(swap_is_quick)};
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        return uses_route53() ? failed : failed + cmocka_run_group_tests(of_packets, NULL, NULL);
}
