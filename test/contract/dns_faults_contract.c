/* dns_faults_contract.c -- the rfc2136 driver where the server, the key or the clock is wrong; against a real BIND. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dns_hands.h"

/* Our wall clock, wrong by this much: the program reads it with clock_gettime(), which is ours here. */
static time_t clock_error_s;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
        long failed = syscall(SYS_clock_gettime, clock, ret);
        if (clock == CLOCK_REALTIME)
                ret->tv_sec += clock_error_s;
        return (int)failed;
}

/* ---- a server that is away, slow or wrong ---- */

static void stopped_server_is_unknown_and_may_apply_late(void **state)
{
        (void)state;
        pid_t named = server_pid("CONTRACT_DNS_PID");
        struct dns_target *target = open_name("stop.dr.test");
        assert_name_moves(target, want_rrset("A 192.0.2.1", 1));
        struct target_state before = {0}, now = {0};
        struct errmsg error = {0};
        read_name(target, &before);
        (void)kill(named, SIGSTOP);
        mono_ms start = clock_mono();
        struct target_want late = want_rrset("A 192.0.2.2", 2);
        enum err written = swap_name(target, &before, &late, in_ms(SHORT_MS), &error);
        enum err seen = dns_read(target, in_ms(SHORT_MS), &now, &error);
        int64_t took_ms = clock_mono() - start;
        (void)kill(named, SIGCONT);
        assert_int_equal(written, ERR_UNKNOWN);
        assert_error(seen, ERR_TRANSIENT, &error, "no answer in time");
        assert_in_range(took_ms, 2 * SHORT_MS, 2 * SHORT_MS + 200);

        mono_ms deadline = in_ms(PATIENCE_MS); /* the datagram waited in the server's socket and is applied now */
        do
                read_name(target, &now);
        while (now.stamp.epoch != 2 && clock_mono() < deadline);
        assert_string_equal(now.value, "A 192.0.2.2");
        assert_error(move_name(target, &before, want_rrset("A 192.0.2.3", 3), &error), ERR_CONFLICT, &error, "RRSET");
        target_state_clear(&before);
        target_state_clear(&now);
        dns_target_close(target);
}

static void dead_port_is_transient_at_once(void **state)
{
        (void)state;
        struct dns_target *target = open_name_with("app.dr.test", (struct target_options){.nameserver = "127.0.0.1:9"});
        struct target_state now = {0};
        struct errmsg error = {0};
        mono_ms start = clock_mono();
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_TRANSIENT, &error, "127.0.0.1:9");
        assert_in_range(clock_mono() - start, 0, 500);
        dns_target_close(target);
}

static void lost_question_is_sent_again(void **state)
{
        (void)state;
        struct relay *relay = relay_start(server("CONTRACT_DNS"), RELAY_LOSE_FIRST);
        struct dns_target *target =
            open_name_with("app.dr.test", (struct target_options){.nameserver = relay_address(relay)});
        struct target_state now = {0};
        read_name(target, &now);
        target_state_clear(&now);
        dns_target_close(target);
        relay_stop(relay);
}

static void answers_without_proof_are_not_believed(void **state)
{
        (void)state;
        static const enum relay_fault faults[] = {RELAY_SPOIL_ANSWERS, RELAY_STRIP_ANSWERS};
        for (size_t i = 0; i < 2; i++) {
                struct relay *relay = relay_start(server("CONTRACT_DNS"), faults[i]);
                struct target_options options = {.nameserver = relay_address(relay), .zone = "dr.test"};
                struct dns_target *target = open_name_with("forged.dr.test", options);
                struct target_state now = {0};
                struct errmsg error = {0};
                assert_error(dns_read(target, in_ms(SHORT_MS), &now, &error), ERR_TRANSIENT, &error, "signature");
                struct target_want to = want_rrset("A 192.0.2.1", 1 + i);
                const struct target_state absent = {.value = "", .stamp = {.presence = STAMP_ABSENT}};
                assert_error(swap_name(target, &absent, &to, in_ms(SHORT_MS), &error), ERR_UNKNOWN, &error,
                             "signature");
                dns_target_close(target);
                relay_stop(relay);
        }
}

static void wrong_keys_are_named(void **state)
{
        (void)state;
        static const struct {
                const char *key;
                const char *text;
        } cases[] = {{"impostor", "BADSIG"}, {"stranger", "BADKEY"}};
        for (size_t i = 0; i < 2; i++) {
                struct dns_target *target = open_name_with("app.dr.test", (struct target_options){.key = cases[i].key});
                struct target_state now = {0};
                struct errmsg error = {0};
                assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_DENIED, &error, cases[i].text);
                dns_target_close(target);
        }
}

static void key_without_rights_is_denied(void **state)
{
        (void)state;
        struct dns_target *target = open_name_with("rights.dr.test", (struct target_options){.key = "powerless"});
        struct target_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        assert_error(move_name(target, &now, want_rrset("A 192.0.2.1", 1), &error), ERR_DENIED, &error,
                     "update-policy");
        target_state_clear(&now);
        dns_target_close(target);
}

static void skewed_clock_is_measured(void **state)
{
        (void)state;
        struct dns_target *target = open_name("clock.dr.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        clock_error_s = 600;
        enum err ahead = dns_read(target, in_ms(PATIENCE_MS), &now, &error);
        clock_error_s = 0;
        assert_error(ahead, ERR_DENIED, &error, "BADTIME");
        assert_true(strstr(error.text, "600 s behind") || strstr(error.text, "599 s behind"));
        clock_error_s = -900;
        enum err behind = dns_read(target, in_ms(PATIENCE_MS), &now, &error);
        clock_error_s = 0;
        assert_error(behind, ERR_DENIED, &error, "s ahead of the operator");
        read_name(target, &now);
        target_state_clear(&now);
        dns_target_close(target);
}

static void frozen_zone_is_denied_until_thawed(void **state)
{
        (void)state;
        struct dns_target *target = open_name("app.frozen.test");
        struct target_state now = {0};
        struct errmsg error = {0};
        read_name(target, &now);
        free(shell("%s freeze frozen.test", server("CONTRACT_DNS_RNDC")));
        enum err frozen = move_name(target, &now, want_rrset("A 192.0.2.2", 1), &error);
        free(shell("%s thaw frozen.test 2>&1", server("CONTRACT_DNS_RNDC")));
        assert_error(frozen, ERR_DENIED, &error, "frozen");
        assert_name_moves(target, want_rrset("A 192.0.2.2", 1));
        target_state_clear(&now);
        dns_target_close(target);
}

static void zone_that_is_not_there_is_invalid(void **state)
{
        (void)state;
        struct target_state now = {0};
        struct errmsg error = {0};
        struct dns_target *target = open_name("app.absent.test");
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_INVALID, &error, "REFUSED");
        dns_target_close(target);
        target = open_name_with("zone.dr.test", (struct target_options){.zone = "zone.dr.test"});
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_INVALID, &error, "in zone dr.test.");
        const struct target_state absent = {.value = "", .stamp = {.presence = STAMP_ABSENT}};
        assert_error(move_name(target, &absent, want_rrset("A 192.0.2.1", 1), &error), ERR_INVALID, &error, "NOTAUTH");
        dns_target_close(target);
}

/* What was remembered from the last read saves a search and is never believed: a wrong zone costs one refusal. */
static void outdated_zone_is_found_anew(void **state)
{
        (void)state;
        static const char *const outdated[] = {"test", "elsewhere.test", "not a name"};
        for (epoch_t i = 0; i < 3; i++) {
                struct target_state now = {0};
                struct errmsg error = {0};
                struct dns_target *reader = open_name("moved.dr.test");
                read_name(reader, &now);
                assert_string_equal(now.version, "dr.test.");
                free((char *)now.version);
                now.version = strdup(outdated[i]);
                struct dns_target *writer = open_name("moved.dr.test");
                if (move_name(writer, &now, want_rrset("A 192.0.2.1", 1 + i), &error) != ERR_OK)
                        fail_msg("zone %s: %s", outdated[i], error.text);
                target_state_clear(&now);
                dns_target_close(reader);
                dns_target_close(writer);
        }
}

static void stronger_algorithms_work(void **state)
{
        (void)state;
        static const char *const keys[] = {"sha384", "sha512"};
        for (size_t i = 0; i < 2; i++) {
                struct dns_target *target = open_name_with("strong.dr.test", (struct target_options){.key = keys[i]});
                assert_name_moves(target, want_rrset("A 192.0.2.1", 1 + i));
                dns_target_close(target);
        }
}

static void secondary_is_observed_until_it_follows(void **state)
{
        (void)state;
        struct dns_target *target = open_name("follow.dr.test");
        assert_name_moves(target, want_rrset("CNAME lb.example.net", 1));
        struct target_state seen = {0};
        struct errmsg error = {0};
        mono_ms deadline = in_ms(PATIENCE_MS);
        do {
                target_state_clear(&seen);
                if (dns_observe(server("CONTRACT_DNS_SECONDARY"), "follow.dr.test", in_ms(PATIENCE_MS), &seen,
                                &error) != ERR_OK)
                        fail_msg("observe: %s", error.text);
        } while (seen.stamp.epoch != 1 && clock_mono() < deadline);
        assert_string_equal(seen.value, "CNAME lb.example.net");
        target_state_clear(&seen);
        assert_int_equal(dns_observe("127.0.0.1:9", "follow.dr.test", in_ms(SHORT_MS), &seen, &error), ERR_TRANSIENT);
        dns_target_close(target);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(stopped_server_is_unknown_and_may_apply_late),
            cmocka_unit_test(dead_port_is_transient_at_once),
            cmocka_unit_test(lost_question_is_sent_again),
            cmocka_unit_test(answers_without_proof_are_not_believed),
            cmocka_unit_test(wrong_keys_are_named),
            cmocka_unit_test(key_without_rights_is_denied),
            cmocka_unit_test(skewed_clock_is_measured),
            cmocka_unit_test(frozen_zone_is_denied_until_thawed),
            cmocka_unit_test(zone_that_is_not_there_is_invalid),
            cmocka_unit_test(outdated_zone_is_found_anew),
            cmocka_unit_test(stronger_algorithms_work),
            cmocka_unit_test(secondary_is_observed_until_it_follows),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
