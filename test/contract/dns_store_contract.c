/*
 * dns_store_contract.c -- the decision record in the TXT record beside the name: Intent, Route and Commit as
 * compare-and-swaps; against a real BIND.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/record.h"
#include "api/record_text.h"
#include "dns_hands.h"
#include "util/text.h"

enum { CONTENDERS = 12, ROUNDS = 3, RCODE_YXRRSET = 7, RCODE_NXRRSET = 8 };

#define SHARED  "dns/default/gloo"
#define RRSET_A "A 192.0.2.1"
#define RRSET_B "A 192.0.2.2"

/* A decision and what is wanted of it; the text lives as long as the struct. */
struct write {
        char text[RECORD_TEXT_BYTES];
        struct target_want want;
};

static struct record decision(epoch_t epoch, enum phase phase, decision_id id)
{
        return (struct record){.version = RECORD_VERSION,
                               .epoch = epoch,
                               .id = id,
                               .phase = phase,
                               .from = "eu-west-1",
                               .to = "eu-central-1",
                               .reason = "ThresholdReached",
                               .holder = "planekeeper-0_1",
                               .plan = {.targets = {{.ref = {TARGET_NAME, "rfc2136", "", "gloo", 0},
                                                     .ttl_s = 30,
                                                     .to = RRSET_B,
                                                     .old = {RRSET_A},
                                                     .old_count = 1}},
                                        .target_count = 1}};
}

static void prepare(struct write *write, const struct record *record, epoch_t routed, const char *rrset, bool keeps)
{
        struct errmsg why = {0};
        if (record_text_encode(record, routed, SHARED, "cluster", write->text, &why) != ERR_OK)
                fail_msg("%s", why.text);
        write->want = (struct target_want){.value = rrset,
                                        .ttl_s = 30,
                                        .epoch = record->epoch,
                                        .id = record->id,
                                        .plane = record->to,
                                        .store = SHARED,
                                        .record = write->text,
                                        .keeps_value = keeps};
}

static enum err send_write(struct dns_target *target, const struct target_state *expected, const struct write *write,
                           struct errmsg *reterr)
{
        return swap_name(target, expected, &write->want, in_ms(PATIENCE_MS), reterr);
}

static void decide(const char *name, epoch_t epoch, enum phase phase, epoch_t routed)
{
        struct dns_target *target = open_name(name);
        struct target_state now = {0};
        struct write write;
        struct errmsg why = {0};
        struct record record = decision(epoch, phase, 0xabc0 + epoch);
        read_name(target, &now);
        prepare(&write, &record, routed, now.value, true);
        if (send_write(target, &now, &write, &why) != ERR_OK)
                fail_msg("decide epoch %d: %s", (int)epoch, why.text);
        target_state_clear(&now);
        dns_target_close(target);
}

static enum err route(const char *name, epoch_t epoch, struct errmsg *reterr)
{
        struct dns_target *target = open_name(name);
        struct target_state now = {0};
        struct write write;
        struct record record = decision(epoch, PHASE_SWITCHING, 0xabc0 + epoch);
        read_name(target, &now);
        prepare(&write, &record, epoch, RRSET_B, false);
        enum err err = send_write(target, &now, &write, reterr);
        target_state_clear(&now);
        dns_target_close(target);
        return err;
}

/* The name as a person left it, with another TTL than ours. */
static void lay_out(const char *name)
{
        char commands[512];
        (void)snprintf(commands, sizeof(commands),
                       "update delete %s\\nupdate delete _planekeeper.%s\\nupdate add %s 77 A 192.0.2.1", name, name,
                       name);
        edit_by_hand(commands);
}

static void assert_shows(const char *name, const char *rrset, epoch_t decided, epoch_t routed)
{
        struct dns_target *target = open_name(name);
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, rrset);
        assert_int_equal(now.stamp.decided, decided);
        assert_int_equal(now.stamp.epoch, routed);
        target_state_clear(&now);
        dns_target_close(target);
}

static void a_switch_is_three_swaps(void **state)
{
        (void)state;
        static const char name[] = "store.dr.test";
        struct errmsg why = {0};
        lay_out(name);
        decide(name, 1, PHASE_STEADY, 0); /* an adoption touches no address, not even its TTL */
        struct dns_target *target = open_name(name);
        struct target_state now = {0};
        read_name(target, &now);
        assert_int_equal(now.ttl_s, 77);
        assert_shows(name, RRSET_A, 1, 0);
        decide(name, 2, PHASE_SWITCHING, 0);
        assert_shows(name, RRSET_A, 2, 0);
        assert_int_equal(route(name, 2, &why), ERR_OK);
        assert_shows(name, RRSET_B, 2, 2);
        read_name(target, &now);
        assert_int_equal(now.ttl_s, 30);
        decide(name, 2, PHASE_STEADY, 2);
        assert_shows(name, RRSET_B, 2, 2);
        read_name(target, &now);
        struct record_text read;
        assert_int_equal(record_text_decode(now.stamp.raw, &read, &why), ERR_OK);
        assert_int_equal(read.record->phase, PHASE_STEADY);
        record_free(read.record);
        target_state_clear(&now);
        dns_target_close(target);
}

static bool contend(int number, struct barrier *barrier)
{
        struct dns_target *target = open_name("intent.dr.test");
        struct target_state now = {0};
        struct errmsg why = {0};
        struct write write;
        struct record record = decision(2, PHASE_SWITCHING, (decision_id)number + 1);
        enum err err = dns_read(target, in_ms(PATIENCE_MS), &now, &why);
        prepare(&write, &record, 0, RRSET_A, true);
        barrier_pass(barrier);
        if (err == ERR_OK)
                err = send_write(target, &now, &write, &why);
        if (err != ERR_OK && err != ERR_CONFLICT)
                (void)fprintf(stderr, "contender %d: %s: %s\n", number, err_name(err), why.text);
        target_state_clear(&now);
        dns_target_close(target);
        return err == ERR_OK;
}

static void of_twelve_who_decide_an_epoch_one_does(void **state)
{
        (void)state;
        for (int round = 0; round < ROUNDS; round++) {
                lay_out("intent.dr.test");
                decide("intent.dr.test", 1, PHASE_STEADY, 0);
                assert_int_equal(race(CONTENDERS, contend), 1);
                assert_shows("intent.dr.test", RRSET_A, 2, 0);
        }
}

/* One half routes epoch 2 while the other supersedes it: whichever is first, the other finds out. */
static bool route_or_supersede(int number, struct barrier *barrier)
{
        struct dns_target *target = open_name("turn.dr.test");
        struct target_state now = {0};
        struct errmsg why = {0};
        struct write write;
        bool routes = number % 2;
        struct record record = decision(routes ? 2 : 3, PHASE_SWITCHING, routes ? 0xabc2 : (decision_id)number + 1);
        enum err err = dns_read(target, in_ms(PATIENCE_MS), &now, &why);
        prepare(&write, &record, routes ? 2 : 0, routes ? RRSET_B : RRSET_A, !routes);
        barrier_pass(barrier);
        if (err == ERR_OK)
                err = send_write(target, &now, &write, &why);
        target_state_clear(&now);
        dns_target_close(target);
        return err == ERR_OK && !routes;
}

static void a_route_and_the_decision_after_it_never_cross(void **state)
{
        (void)state;
        for (int round = 0; round < ROUNDS; round++) {
                lay_out("turn.dr.test");
                decide("turn.dr.test", 1, PHASE_STEADY, 0);
                decide("turn.dr.test", 2, PHASE_SWITCHING, 0);
                int superseded = race(CONTENDERS, route_or_supersede);
                assert_in_range(superseded, 0, 1);
                if (superseded)
                        assert_shows("turn.dr.test", RRSET_A, 3, 0);
                else
                        assert_shows("turn.dr.test", RRSET_B, 2, 2);
        }
}

static void a_second_commit_finds_the_first(void **state)
{
        (void)state;
        static const char name[] = "commit.dr.test";
        struct errmsg why = {0};
        struct target_state before = {0};
        struct write first, second;
        lay_out(name);
        decide(name, 1, PHASE_SWITCHING, 0);
        assert_int_equal(route(name, 1, &why), ERR_OK);
        struct dns_target *target = open_name(name);
        read_name(target, &before);
        struct record record = decision(1, PHASE_STEADY, 0xabc1);
        record.completed_at = 1000;
        prepare(&first, &record, 1, RRSET_B, true);
        record.completed_at = 2000;
        prepare(&second, &record, 1, RRSET_B, true);
        assert_int_equal(send_write(target, &before, &first, &why), ERR_OK);
        assert_int_equal(send_write(target, &before, &first, &why), ERR_OK); /* the same again is the same */
        assert_error(send_write(target, &before, &second, &why), ERR_CONFLICT, &why, "RRSET");
        target_state_clear(&before);
        dns_target_close(target);
}

static void a_decision_is_bound_to_the_addresses_as_read(void **state)
{
        (void)state;
        static const char name[] = "bound.dr.test";
        struct errmsg why = {0};
        struct target_state before = {0};
        struct write write;
        lay_out(name);
        decide(name, 1, PHASE_STEADY, 0);
        struct dns_target *target = open_name(name);
        read_name(target, &before);
        edit_by_hand("update add bound.dr.test 30 A 203.0.113.9");
        struct record record = decision(2, PHASE_SWITCHING, 2);
        prepare(&write, &record, 0, RRSET_A, true);
        assert_error(send_write(target, &before, &write, &why), ERR_CONFLICT, &why, "RRSET");
        assert_shows(name, "A 192.0.2.1,203.0.113.9", 1, 0);
        target_state_clear(&before);
        dns_target_close(target);
}

/* What was sent for one decision and arrives after the next one changes nothing. */
static void a_late_route_of_a_superseded_decision_loses(void **state)
{
        (void)state;
        static const char name[] = "belated.dr.test";
        struct relay *relay = relay_start(server("CONTRACT_DNS"), RELAY_NONE);
        struct dns_target *slow = open_name_with(name, (struct target_options){.nameserver = relay_address(relay)});
        struct target_state now = {0};
        struct write write;
        struct errmsg why = {0};
        lay_out(name);
        decide(name, 1, PHASE_SWITCHING, 0);
        struct record record = decision(1, PHASE_SWITCHING, 0xabc1);
        read_name(slow, &now);
        prepare(&write, &record, 1, RRSET_B, false);
        assert_int_equal(send_write(slow, &now, &write, &why), ERR_OK);
        assert_int_equal(relay_replay(relay), RCODE_NXRRSET);
        edit_by_hand("update delete belated.dr.test A\\nupdate add belated.dr.test 30 A 192.0.2.1");
        decide(name, 2, PHASE_STEADY,
               1); /* back to the old address: the packet finds its addresses, and not its text */
        assert_int_equal(relay_replay(relay), RCODE_NXRRSET);
        assert_shows(name, RRSET_A, 2, 1);
        target_state_clear(&now);
        dns_target_close(slow);
        relay_stop(relay);
}

static void the_longest_record_is_written_and_read(void **state)
{
        (void)state;
        static const char name[] = "long.dr.test";
        char plane[254], text[RECORD_TEXT_BYTES];
        memset(plane, 'n', sizeof(plane) - 1);
        plane[sizeof(plane) - 1] = '\0';
        struct record record = decision(1, PHASE_STEADY, 7);
        record.from = record.to = record.holder = plane;
        record.recent_count = RECENT_SWITCHES_MAX;
        for (unsigned i = 0; i < RECENT_SWITCHES_MAX; i++)
                record.recent[i] = 1795402751007;
        lay_out(name);
        struct dns_target *target = open_name(name);
        struct target_state now = {0};
        struct write write;
        struct errmsg why = {0};
        for (enum phase phase = PHASE_STEADY; phase <= PHASE_SWITCHING; phase++) { /* written, and then expected */
                record.phase = phase;
                record.epoch = phase;
                read_name(target, &now);
                prepare(&write, &record, 0, now.value, true);
                if (send_write(target, &now, &write, &why) != ERR_OK)
                        fail_msg("%s", why.text);
        }
        assert_true(strlen(write.text) > 1000);
        read_name(target, &now);
        assert_string_equal(now.stamp.raw, write.text);
        (void)text_copy(text, sizeof(text), now.stamp.raw);
        struct record_text read;
        assert_int_equal(record_text_decode(text, &read, &why), ERR_OK);
        assert_string_equal(read.record->to, plane);
        record_free(read.record);
        target_state_clear(&now);
        dns_target_close(target);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_switch_is_three_swaps),
            cmocka_unit_test(of_twelve_who_decide_an_epoch_one_does),
            cmocka_unit_test(a_route_and_the_decision_after_it_never_cross),
            cmocka_unit_test(a_second_commit_finds_the_first),
            cmocka_unit_test(a_decision_is_bound_to_the_addresses_as_read),
            cmocka_unit_test(a_late_route_of_a_superseded_decision_loses),
            cmocka_unit_test(the_longest_record_is_written_and_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
