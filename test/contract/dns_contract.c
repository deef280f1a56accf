/* dns_contract.c -- the rfc2136 driver against a real BIND; dig, nsupdate and rndc are the other hands. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract.h"
#include "target/target.h"
#include "util/text.h"

enum { PATIENCE_MS = 3000, SHORT_MS = 300, CONTENDERS = 12, ROUNDS = 200, RCODE_YXRRSET = 7, RCODE_NXRRSET = 8 };

#define STORE "k8s/8c6f5d4e-0000-4000-8000-000000000001/default/gloo"

/* Our wall clock, wrong by this much: the program reads it with clock_gettime(), which is ours here. */
static time_t clock_error_s;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
        long failed = syscall(SYS_clock_gettime, clock, ret);
        if (clock == CLOCK_REALTIME)
                ret->tv_sec += clock_error_s;
        return (int)failed;
}

/* ---- hands ---- */

struct target_options {
        const char *nameserver; /* NULL: the primary */
        const char *zone;
        const char *key; /* NULL: planekeeper */
};

static struct dns_target *open_with(const char *name, struct target_options options)
{
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", server("CONTRACT_DNS_KEYS"), options.key ? options.key : "planekeeper");
        struct target_credential credential = {.key = "tsig.key"};
        read_file(path, &credential.value);
        const struct target_setting settings[] = {
                {"nameserver", options.nameserver ? options.nameserver : server("CONTRACT_DNS")},
                {"zone", options.zone ? options.zone : ""},
        };
        const struct target_config config = {.name = name,
                                             .ttl_s = 30,
                                             .settings = settings,
                                             .setting_count = 2,
                                             .credentials = &credential,
                                             .credential_count = 1};
        struct dns_target *target = NULL;
        struct errmsg error = {0};
        if (dns_driver_find("rfc2136")->open(&config, &target, &error) != ERR_OK)
                fail_msg("open: %s", error.text);
        secret_clear(&credential.value);
        return target;
}

static struct dns_target *open_name(const char *name)
{
        return open_with(name, (struct target_options){0});
}

static void read_now(struct dns_target *target, struct dns_state *ret)
{
        struct errmsg error = {0};
        dns_state_clear(ret);
        if (dns_read(target, in_ms(PATIENCE_MS), ret, &error) != ERR_OK)
                fail_msg("read: %s", error.text);
}

static struct dns_want want(const char *rrset, epoch_t epoch)
{
        return (struct dns_want){
                .rrset = rrset, .ttl_s = 30, .epoch = epoch, .id = 0xabc0 + epoch, .plane = "eu-west-1", .store = STORE};
}

static enum err move(struct dns_target *target, const struct dns_state *expected, struct dns_want to,
                     struct errmsg *reterr)
{
        return dns_compare_and_set(target, expected, &to, in_ms(PATIENCE_MS), reterr);
}

static void assert_moves(struct dns_target *target, struct dns_want to)
{
        struct dns_state state = {0};
        struct errmsg error = {0};
        read_now(target, &state);
        if (move(target, &state, to, &error) != ERR_OK)
                fail_msg("move to %s: %s", to.rrset, error.text);
        dns_state_clear(&state);
}

static void assert_error(enum err got, enum err wanted, const struct errmsg *error, const char *part)
{
        if (got != wanted || !strstr(error->text, part))
                fail_msg("got %s \"%s\", wanted %s with \"%s\"", err_name(got), error->text, err_name(wanted), part);
}

/* What BIND serves by dig's account, as sorted words on one line. */
static void assert_dig(const char *name, const char *type, const char *wanted)
{
        const char *address = server("CONTRACT_DNS");
        char *got = shell("dig @127.0.0.1 -p %s +norec +noall +answer %s %s | awk '$4 == \"%s\" {$1=$2=$3=$4=\"\"; print}' | "
                          "sort | xargs",
                          port_of(address), name, type, type);
        assert_string_equal(got, wanted);
        free(got);
}

static void edit_by_hand(const char *commands)
{
        free(shell("printf 'server 127.0.0.1 %s\\n%s\\nsend\\n' | nsupdate -k %s/planekeeper 2>&1",
                   port_of(server("CONTRACT_DNS")), commands, server("CONTRACT_DNS_KEYS")));
}

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
                        assert_moves(target, want(sets[from].rrset, epoch++));
                        assert_moves(target, want(sets[to].rrset, epoch));
                        for (size_t i = 0; i < 3; i++)
                                assert_dig("pairs.dr.test", sets[i].type, i == to ? sets[to].dig : "");
                        struct dns_state now = {0};
                        read_now(target, &now);
                        assert_string_equal(now.rrset, sets[to].rrset);
                        assert_int_equal(now.ttl_s, 30);
                        assert_int_equal(now.stamp.presence, STAMP_OURS);
                        assert_int_equal(now.stamp.epoch, epoch);
                        assert_int_equal(now.stamp.id, 0xabc0 + epoch);
                        assert_string_equal(now.stamp.plane, "eu-west-1");
                        assert_string_equal(now.stamp.store, STORE);
                        dns_state_clear(&now);
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
        struct dns_state now = {0};
        read_now(target, &now);
        assert_string_equal(now.rrset, "");
        assert_int_equal(now.stamp.presence, STAMP_ABSENT);
        dns_state_clear(&now);
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
        struct dns_target *target = open_name("edit.dr.test");
        for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
                edit_by_hand("update delete edit.dr.test\\nupdate delete _planekeeper.edit.dr.test");
                assert_moves(target, want("A 192.0.2.1,192.0.2.2", 1));
                struct dns_state before = {0}, edited = {0}, after = {0};
                read_now(target, &before);
                edit_by_hand(edits[i]);
                read_now(target, &edited);
                struct errmsg error = {0};
                assert_error(move(target, &before, want("A 192.0.2.3", 2), &error), ERR_CONFLICT, &error, "RRSET");
                read_now(target, &after);
                assert_string_equal(after.rrset, edited.rrset);
                assert_string_equal(after.stamp.raw, edited.stamp.raw);
                dns_state_clear(&before);
                dns_state_clear(&edited);
                dns_state_clear(&after);
        }
        dns_target_close(target);
}

static void mixed_and_large_sets_are_read_and_replaced(void **state)
{
        (void)state;
        struct dns_target *target = open_name("many.dr.test");
        struct dns_state now = {0};
        edit_by_hand("update add many.dr.test 30 A 192.0.2.1\\nupdate add many.dr.test 30 AAAA 2001:db8::1");
        read_now(target, &now);
        assert_string_equal(now.rrset, "A 192.0.2.1 + AAAA 2001:db8::1");
        assert_moves(target, want("A 192.0.2.5", 1));
        assert_dig("many.dr.test", "AAAA", "");
        /* 60 addresses do not fit a datagram: the server truncates and the answer comes by TCP, as does the update. */
        free(shell("(echo server 127.0.0.1 %s; for i in $(seq 60); do echo update add many.dr.test 30 AAAA 2001:db8::$i; "
                   "done; echo send) | nsupdate -k %s/planekeeper 2>&1",
                   port_of(server("CONTRACT_DNS")), server("CONTRACT_DNS_KEYS")));
        read_now(target, &now);
        assert_non_null(strstr(now.rrset, "A 192.0.2.5 + AAAA 2001:db8::1,2001:db8::10,"));
        assert_moves(target, want("A 192.0.2.6", 2));
        assert_dig("many.dr.test", "AAAA", "");
        dns_state_clear(&now);
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
        struct dns_want to = want("A 192.0.2.1", 1);
        to.store = store;
        assert_moves(target, to);
        to.epoch = 2;
        assert_moves(target, to);
        struct dns_state now = {0};
        read_now(target, &now);
        assert_string_equal(now.stamp.store, store);
        dns_state_clear(&now);
        dns_target_close(target);
}

static void upper_case_cname_is_lowered_and_replaced(void **state)
{
        (void)state;
        struct dns_target *target = open_name("loud.dr.test");
        struct dns_state now = {0};
        read_now(target, &now);
        assert_string_equal(now.rrset, "CNAME target.example.net");
        assert_moves(target, want("A 192.0.2.1", 1));
        dns_state_clear(&now);
        dns_target_close(target);
}

static void cname_beside_other_records_is_refused_unchanged(void **state)
{
        (void)state;
        struct dns_target *target = open_name("mixed.dr.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        read_now(target, &now);
        assert_error(move(target, &now, want("CNAME lb.example.net", 1), &error), ERR_INVALID, &error, "MX");
        assert_dig("mixed.dr.test", "A", "192.0.2.1");
        dns_state_clear(&now);
        dns_target_close(target);
}

static void wildcard_is_named(void **state)
{
        (void)state;
        struct dns_target *target = open_name("app.wild.dr.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        read_now(target, &now);
        assert_error(move(target, &now, want("A 192.0.2.1", 1), &error), ERR_INVALID, &error, "wildcard");
        dns_state_clear(&now);
        dns_target_close(target);
}

/* ---- the fence ---- */

static void older_or_equal_epoch_is_refused(void **state)
{
        (void)state;
        struct dns_target *target = open_name("fence.dr.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        assert_moves(target, want("A 192.0.2.1", 7));
        read_now(target, &now);
        assert_error(move(target, &now, want("A 192.0.2.2", 6), &error), ERR_CONFLICT, &error, "epoch 7 is stored");
        assert_error(move(target, &now, want("A 192.0.2.2", 7), &error), ERR_CONFLICT, &error, "another value");
        struct dns_want other = want("A 192.0.2.1", 7);
        other.id = 1;
        assert_error(move(target, &now, other, &error), ERR_CONFLICT, &error, "another decision id");
        assert_error(move(target, &now, want("", 8), &error), ERR_INVALID, &error, "empty");
        assert_moves(target, want("A 192.0.2.1", 7)); /* the same once more is the same */
        assert_dig("fence.dr.test", "A", "192.0.2.1");
        dns_state_clear(&now);
        dns_target_close(target);
}

static void stamp_of_another_owner_is_refused(void **state)
{
        (void)state;
        struct dns_target *target = open_name("owned.dr.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        struct dns_want theirs = want("A 192.0.2.1", 1);
        theirs.store = "k8s/other/default/gloo";
        assert_moves(target, theirs);
        read_now(target, &now);
        assert_error(move(target, &now, want("A 192.0.2.2", 2), &error), ERR_INVALID, &error, "k8s/other");
        edit_by_hand("update delete _planekeeper.owned.dr.test\\nupdate add _planekeeper.owned.dr.test 30 TXT v=spf1");
        read_now(target, &now);
        assert_int_equal(now.stamp.presence, STAMP_FOREIGN);
        assert_error(move(target, &now, want("A 192.0.2.2", 2), &error), ERR_INVALID, &error, "v=spf1");
        assert_dig("owned.dr.test", "A", "192.0.2.1");
        dns_state_clear(&now);
        dns_target_close(target);
}

static _Bool contend(int number, struct barrier *barrier)
{
        struct dns_target *target = open_name("race.dr.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        char rrset[32];
        (void)snprintf(rrset, sizeof(rrset), "A 192.0.2.%d", 100 + number);
        struct dns_want to = want(rrset, 2);
        to.id = (decision_id)number + 1;
        enum err err = dns_read(target, in_ms(PATIENCE_MS), &now, &error);
        barrier_pass(barrier);
        if (err == ERR_OK)
                err = move(target, &now, to, &error);
        if (err != ERR_OK && err != ERR_CONFLICT)
                (void)fprintf(stderr, "contender %d: %s: %s\n", number, err_name(err), error.text);
        dns_state_clear(&now);
        dns_target_close(target);
        return err == ERR_OK;
}

static void of_twelve_contenders_one_wins(void **state)
{
        (void)state;
        for (int round = 0; round < 3; round++) {
                edit_by_hand("update delete race.dr.test\\nupdate delete _planekeeper.race.dr.test");
                struct dns_target *target = open_name("race.dr.test");
                assert_moves(target, want("A 192.0.2.1", 1));
                assert_int_equal(race(CONTENDERS, contend), 1);
                struct dns_state now = {0};
                read_now(target, &now);
                char rrset[32];
                (void)snprintf(rrset, sizeof(rrset), "A 192.0.2.%d", 99 + (int)now.stamp.id);
                assert_string_equal(now.rrset, rrset);
                dns_state_clear(&now);
                dns_target_close(target);
        }
}

static void late_duplicate_loses(void **state)
{
        (void)state;
        struct relay *relay = relay_start(server("CONTRACT_DNS"), RELAY_NONE);
        struct dns_target *slow = open_with("late.dr.test", (struct target_options){.nameserver = relay_address(relay)});
        struct dns_target *quick = open_name("late.dr.test");
        assert_moves(slow, want("A 192.0.2.1", 1));
        assert_int_equal(relay_replay(relay), RCODE_YXRRSET); /* it expected nothing, and there is something now */
        assert_moves(slow, want("A 192.0.2.2", 2));
        assert_moves(quick, want("A 192.0.2.1", 3)); /* an abort: the old value under a new epoch */
        assert_int_equal(relay_replay(relay), RCODE_NXRRSET);
        assert_dig("late.dr.test", "A", "192.0.2.1");
        dns_target_close(slow);
        dns_target_close(quick);
        relay_stop(relay);
}

/* ---- a server that is away, slow or wrong ---- */

static void stopped_server_is_unknown_and_may_apply_late(void **state)
{
        (void)state;
        pid_t named = server_pid("CONTRACT_DNS_PID");
        struct dns_target *target = open_name("stop.dr.test");
        assert_moves(target, want("A 192.0.2.1", 1));
        struct dns_state before = {0}, now = {0};
        struct errmsg error = {0};
        read_now(target, &before);
        (void)kill(named, SIGSTOP);
        mono_ms start = clock_mono();
        struct dns_want late = want("A 192.0.2.2", 2);
        enum err written = dns_compare_and_set(target, &before, &late, in_ms(SHORT_MS), &error);
        enum err seen = dns_read(target, in_ms(SHORT_MS), &now, &error);
        int64_t took_ms = clock_mono() - start;
        (void)kill(named, SIGCONT);
        assert_int_equal(written, ERR_UNKNOWN);
        assert_error(seen, ERR_TRANSIENT, &error, "no answer in time");
        assert_in_range(took_ms, 2 * SHORT_MS, 2 * SHORT_MS + 200);

        mono_ms deadline = in_ms(PATIENCE_MS); /* the datagram waited in the server's socket and is applied now */
        do
                read_now(target, &now);
        while (now.stamp.epoch != 2 && clock_mono() < deadline);
        assert_string_equal(now.rrset, "A 192.0.2.2");
        assert_error(move(target, &before, want("A 192.0.2.3", 3), &error), ERR_CONFLICT, &error, "RRSET");
        dns_state_clear(&before);
        dns_state_clear(&now);
        dns_target_close(target);
}

static void dead_port_is_transient_at_once(void **state)
{
        (void)state;
        struct dns_target *target = open_with("app.dr.test", (struct target_options){.nameserver = "127.0.0.1:9"});
        struct dns_state now = {0};
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
        struct dns_target *target = open_with("app.dr.test", (struct target_options){.nameserver = relay_address(relay)});
        struct dns_state now = {0};
        read_now(target, &now);
        dns_state_clear(&now);
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
                struct dns_target *target = open_with("forged.dr.test", options);
                struct dns_state now = {0};
                struct errmsg error = {0};
                assert_error(dns_read(target, in_ms(SHORT_MS), &now, &error), ERR_TRANSIENT, &error, "signature");
                struct dns_want to = want("A 192.0.2.1", 1 + i);
                const struct dns_state absent = {.rrset = "", .stamp = {.presence = STAMP_ABSENT}};
                assert_error(dns_compare_and_set(target, &absent, &to, in_ms(SHORT_MS), &error), ERR_UNKNOWN, &error,
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
                struct dns_target *target = open_with("app.dr.test", (struct target_options){.key = cases[i].key});
                struct dns_state now = {0};
                struct errmsg error = {0};
                assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_DENIED, &error, cases[i].text);
                dns_target_close(target);
        }
}

static void key_without_rights_is_denied(void **state)
{
        (void)state;
        struct dns_target *target = open_with("rights.dr.test", (struct target_options){.key = "powerless"});
        struct dns_state now = {0};
        struct errmsg error = {0};
        read_now(target, &now);
        assert_error(move(target, &now, want("A 192.0.2.1", 1), &error), ERR_DENIED, &error, "update-policy");
        dns_state_clear(&now);
        dns_target_close(target);
}

static void skewed_clock_is_measured(void **state)
{
        (void)state;
        struct dns_target *target = open_name("clock.dr.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        clock_error_s = 600;
        enum err ahead = dns_read(target, in_ms(PATIENCE_MS), &now, &error);
        clock_error_s = 0;
        assert_error(ahead, ERR_DENIED, &error, "BADTIME");
        assert_true(strstr(error.text, "600 s behind") || strstr(error.text, "599 s behind"));
        clock_error_s = -900;
        enum err behind = dns_read(target, in_ms(PATIENCE_MS), &now, &error);
        clock_error_s = 0;
        assert_error(behind, ERR_DENIED, &error, "s ahead of ours");
        read_now(target, &now);
        dns_state_clear(&now);
        dns_target_close(target);
}

static void frozen_zone_is_denied_until_thawed(void **state)
{
        (void)state;
        struct dns_target *target = open_name("app.frozen.test");
        struct dns_state now = {0};
        struct errmsg error = {0};
        read_now(target, &now);
        free(shell("%s freeze frozen.test", server("CONTRACT_DNS_RNDC")));
        enum err frozen = move(target, &now, want("A 192.0.2.2", 1), &error);
        free(shell("%s thaw frozen.test 2>&1", server("CONTRACT_DNS_RNDC")));
        assert_error(frozen, ERR_DENIED, &error, "frozen");
        assert_moves(target, want("A 192.0.2.2", 1));
        dns_state_clear(&now);
        dns_target_close(target);
}

static void zone_that_is_not_there_is_invalid(void **state)
{
        (void)state;
        struct dns_state now = {0};
        struct errmsg error = {0};
        struct dns_target *target = open_name("app.absent.test");
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_INVALID, &error, "REFUSED");
        dns_target_close(target);
        target = open_with("zone.dr.test", (struct target_options){.zone = "zone.dr.test"});
        read_now(target, &now);
        assert_error(move(target, &now, want("A 192.0.2.1", 1), &error), ERR_INVALID, &error, "NOTAUTH");
        dns_state_clear(&now);
        dns_target_close(target);
}

static void stronger_algorithms_work(void **state)
{
        (void)state;
        static const char *const keys[] = {"sha384", "sha512"};
        for (size_t i = 0; i < 2; i++) {
                struct dns_target *target = open_with("strong.dr.test", (struct target_options){.key = keys[i]});
                assert_moves(target, want("A 192.0.2.1", 1 + i));
                dns_target_close(target);
        }
}

static void secondary_is_observed_until_it_follows(void **state)
{
        (void)state;
        struct dns_target *target = open_name("follow.dr.test");
        assert_moves(target, want("CNAME lb.example.net", 1));
        struct dns_state seen = {0};
        struct errmsg error = {0};
        mono_ms deadline = in_ms(PATIENCE_MS);
        do {
                dns_state_clear(&seen);
                if (dns_observe(server("CONTRACT_DNS_SECONDARY"), "follow.dr.test", in_ms(PATIENCE_MS), &seen, &error) != ERR_OK)
                        fail_msg("observe: %s", error.text);
        } while (seen.stamp.epoch != 1 && clock_mono() < deadline);
        assert_string_equal(seen.rrset, "CNAME lb.example.net");
        dns_state_clear(&seen);
        assert_int_equal(dns_observe("127.0.0.1:9", "follow.dr.test", in_ms(SHORT_MS), &seen, &error), ERR_TRANSIENT);
        dns_target_close(target);
}

static int compare_us(const void *a, const void *b)
{
        int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
        return (left > right) - (left < right);
}

static void print_times(const char *what, int64_t took_us[ROUNDS])
{
        qsort(took_us, ROUNDS, sizeof(took_us[0]), compare_us);
        print_message("%s: p50 %.2f ms, p99 %.2f ms\n", what, (double)took_us[ROUNDS / 2] / 1000,
                      (double)took_us[ROUNDS * 99 / 100] / 1000);
}

static void swap_is_quick(void **state)
{
        (void)state;
        struct dns_target *target = open_name("quick.dr.test");
        assert_moves(target, want("A 192.0.2.1", 1));
        struct dns_state now = {0};
        int64_t read_us[ROUNDS], swap_us[ROUNDS];
        for (size_t i = 0; i < ROUNDS; i++) {
                struct errmsg error = {0};
                int64_t start = clock_mono_us();
                read_now(target, &now);
                read_us[i] = clock_mono_us() - start;
                enum err err = move(target, &now, want(i % 2 ? "A 192.0.2.1" : "A 192.0.2.2", 2 + i), &error);
                swap_us[i] = clock_mono_us() - start - read_us[i];
                assert_int_equal(err, ERR_OK);
        }
        print_times("read", read_us);
        print_times("update + re-read", swap_us);
        dns_state_clear(&now);
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
                cmocka_unit_test(wildcard_is_named),
                cmocka_unit_test(older_or_equal_epoch_is_refused),
                cmocka_unit_test(stamp_of_another_owner_is_refused),
                cmocka_unit_test(of_twelve_contenders_one_wins),
                cmocka_unit_test(late_duplicate_loses),
                cmocka_unit_test(stopped_server_is_unknown_and_may_apply_late),
                cmocka_unit_test(dead_port_is_transient_at_once),
                cmocka_unit_test(lost_question_is_sent_again),
                cmocka_unit_test(answers_without_proof_are_not_believed),
                cmocka_unit_test(wrong_keys_are_named),
                cmocka_unit_test(key_without_rights_is_denied),
                cmocka_unit_test(skewed_clock_is_measured),
                cmocka_unit_test(frozen_zone_is_denied_until_thawed),
                cmocka_unit_test(zone_that_is_not_there_is_invalid),
                cmocka_unit_test(stronger_algorithms_work),
                cmocka_unit_test(secondary_is_observed_until_it_follows),
                cmocka_unit_test(swap_is_quick),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
