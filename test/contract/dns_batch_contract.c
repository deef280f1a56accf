/*
 * dns_batch_contract.c -- visits to many names in one call, on every kind of server, with outsiders who ask all the time: one message, one
 * answer, and each name with a result of its own. rfc2136 against BIND, Knot and PowerDNS, route53 against a stand-in.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_hands.h"
#include "outsider.h"
#include "util/mem.h"
#include "util/text.h"

enum { NAMES = 40, WATCHED = 3, CALLS_MAX = 256, CONTENDERS = 12, ROUNDS = 2, LONG_MS = 90000 };

/* Names of one server with one session, and what is known of each. */
struct crowd {
        struct dns_target *target; /* of the first name; its session serves all */
        char names[NAMES][64];
        struct target_state states[NAMES];
        enum err errs[NAMES];
        struct errmsg whys[NAMES];
        unsigned calls;
};

static void crowd_open(struct crowd *crowd, const char *address, const char *word)
{
        *crowd = (struct crowd){0};
        for (unsigned i = 0; i < NAMES; i++)
                (void)snprintf(crowd->names[i], sizeof(crowd->names[i]), "%s-%02u.dr.test", word, i);
        crowd->target = open_name_with(crowd->names[0], (struct target_options){.nameserver = address});
}

static void crowd_close(struct crowd *crowd)
{
        for (unsigned i = 0; i < NAMES; i++)
                target_state_clear(&crowd->states[i]);
        dns_target_close(crowd->target);
}

/* ---- what reconcile/batch.c does with the fates, in one thread ---- */

struct group {
        unsigned members[NAMES];
        size_t count;
};

static void visit_group(struct crowd *crowd, const struct group *group, enum target_verb verb,
                        const struct target_want *wants, mono_ms deadline);

static void visit_again(struct crowd *crowd, const struct group *group, enum target_verb verb,
                        const struct target_want *wants, mono_ms deadline)
{
        if (group->count > 0)
                visit_group(crowd, group, verb, wants, deadline);
}

static void take(struct crowd *crowd, unsigned member, struct target_visit *visit)
{
        crowd->errs[member] = visit->err;
        crowd->whys[member] = visit->why;
        if (visit->err != ERR_OK)
                return;
        target_state_clear(&crowd->states[member]);
        crowd->states[member] = visit->found;
}

static void visit_group(struct crowd *crowd, const struct group *group, enum target_verb verb,
                        const struct target_want *wants, mono_ms deadline)
{
        struct target_visit *visits = mem_calloc(group->count, sizeof(*visits));
        struct group left = {0}, halves[2] = {{{0}, 0}, {{0}, 0}};
        size_t suspects = 0;
        for (size_t i = 0; i < group->count; i++) {
                const unsigned member = group->members[i];
                visits[i] = (struct target_visit){.verb = verb,
                                                  .name = crowd->names[member],
                                                  .expected = &crowd->states[member],
                                                  .want = wants ? &wants[member] : NULL,
                                                  .deadline = deadline};
        }
        assert_true(crowd->calls++ < CALLS_MAX);
        target_visit_all(crowd->target->session, visits, group->count);
        for (size_t i = 0; i < group->count; i++)
                suspects += visits[i].fate == TARGET_SUSPECT;
        assert_true(group->count > 1 || visits[0].fate == TARGET_ENDED);
        for (size_t i = 0, at = 0; i < group->count; i++) {
                struct group *to = visits[i].fate == TARGET_LEFT ? &left : &halves[at >= (suspects + 1) / 2];
                if (visits[i].fate == TARGET_ENDED) {
                        take(crowd, group->members[i], &visits[i]);
                        continue;
                }
                at += visits[i].fate == TARGET_SUSPECT;
                to->members[to->count++] = group->members[i];
        }
        assert_true(left.count < group->count);
        visit_again(crowd, &left, verb, wants, deadline);
        visit_again(crowd, &halves[0], verb, wants, deadline);
        visit_again(crowd, &halves[1], verb, wants, deadline);
        free(visits);
}

static void visit_all(struct crowd *crowd, enum target_verb verb, const struct target_want *wants)
{
        struct group all = {.count = NAMES};
        for (unsigned i = 0; i < NAMES; i++)
                all.members[i] = i;
        crowd->calls = 0;
        visit_group(crowd, &all, verb, wants, in_ms(LONG_MS));
}

static void read_all(struct crowd *crowd)
{
        visit_all(crowd, TARGET_READ, NULL);
        for (unsigned i = 0; i < NAMES; i++)
                if (crowd->errs[i] != ERR_OK)
                        fail_msg("%s: %s", crowd->names[i], crowd->whys[i].text);
}

static void move_all(struct crowd *crowd, const char *value, epoch_t epoch)
{
        struct target_want wants[NAMES];
        for (unsigned i = 0; i < NAMES; i++)
                wants[i] = want_rrset(value, epoch);
        visit_all(crowd, TARGET_SWAP, wants);
}

static void assert_all(const struct crowd *crowd, const char *value, epoch_t epoch)
{
        for (unsigned i = 0; i < NAMES; i++) {
                if (crowd->errs[i] != ERR_OK)
                        fail_msg("%s: %s", crowd->names[i], crowd->whys[i].text);
                assert_string_equal(crowd->states[i].value, value);
                assert_int_equal(crowd->states[i].stamp.epoch, epoch);
        }
}

/* ---- all is well ---- */

static void move_many(const char *address)
{
        /* The stand-in answers the two questions about a name's types at two instants: dns_servers_contract looks at that. */
        const char *const values[] = {"A 192.0.2.10", "A 192.0.2.20,192.0.2.21", uses_route53() ? "A 192.0.2.30" : "AAAA 2001:db8::1",
                                      "A 192.0.2.10"};
        struct crowd crowd;
        struct outsider *outsiders[WATCHED];
        crowd_open(&crowd, address, "many");
        read_all(&crowd);
        move_all(&crowd, values[0], 1);
        assert_all(&crowd, values[0], 1);
        for (unsigned i = 0; i < WATCHED; i++)
                outsiders[i] = outsider_start(address, crowd.names[i * NAMES / WATCHED]);
        for (epoch_t epoch = 2; epoch <= sizeof(values) / sizeof(values[0]); epoch++) {
                for (unsigned i = 0; i < WATCHED; i++)
                        outsider_expect(outsiders[i], values[epoch - 2], values[epoch - 1]);
                move_all(&crowd, values[epoch - 1], epoch);
                assert_true(crowd.calls <= 2);
                assert_all(&crowd, values[epoch - 1], epoch);
                for (unsigned i = 0; i < WATCHED; i++)
                        outsider_await_round(outsiders[i]);
                read_all(&crowd); /* by a look of its own, it is the same */
                assert_all(&crowd, values[epoch - 1], epoch);
        }
        for (unsigned i = 0; i < WATCHED; i++)
                (void)outsider_stop(outsiders[i]);
        crowd_close(&crowd);
}

static void many_names_move_in_one_call_and_none_is_seen_empty(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", move_many);
}

/* ---- one of them is stale ---- */

static void move_with_one_stale(const char *address)
{
        enum { STALE = 17 };
        struct crowd crowd;
        char edit[256];
        crowd_open(&crowd, address, "stale");
        read_all(&crowd);
        move_all(&crowd, "A 192.0.2.1", 1);
        assert_all(&crowd, "A 192.0.2.1", 1);
        struct outsider *innocent = outsider_start(address, crowd.names[0]);
        outsider_expect(innocent, "A 192.0.2.1", "A 192.0.2.2");
        (void)snprintf(edit, sizeof(edit), "update delete %s A\\nupdate add %s 30 A 203.0.113.9", crowd.names[STALE], crowd.names[STALE]);
        edit_at(address, edit);
        struct outsider *stale = outsider_start(address, crowd.names[STALE]);
        outsider_expect(stale, "A 203.0.113.9", "A 203.0.113.9");
        move_all(&crowd, "A 192.0.2.2", 2);
        assert_true(crowd.calls <= 14); /* 1 + 2 log n */
        assert_int_equal(crowd.errs[STALE], ERR_CONFLICT);
        outsider_await_round(innocent);
        outsider_await_round(stale);
        (void)outsider_stop(innocent);
        (void)outsider_stop(stale);
        read_all(&crowd);
        for (unsigned i = 0; i < NAMES; i++) {
                assert_string_equal(crowd.states[i].value, i == STALE ? "A 203.0.113.9" : "A 192.0.2.2");
                assert_int_equal(crowd.states[i].stamp.epoch, i == STALE ? 1 : 2);
        }
        crowd_close(&crowd);
}

static void a_stale_name_is_refused_alone_and_all_others_are_done(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", move_with_one_stale);
}

static void an_older_epoch_among_them_is_refused_alone(void **state)
{
        (void)state;
        enum { OLD = 5 };
        struct crowd crowd;
        struct target_want wants[NAMES];
        crowd_open(&crowd, server("CONTRACT_DNS"), "older");
        read_all(&crowd);
        move_all(&crowd, "A 192.0.2.1", 7);
        for (unsigned i = 0; i < NAMES; i++)
                wants[i] = want_rrset("A 192.0.2.2", i == OLD ? 6 : 8);
        visit_all(&crowd, TARGET_SWAP, wants);
        assert_true(crowd.calls <= 2); /* it is not even sent */
        for (unsigned i = 0; i < NAMES; i++)
                assert_int_equal(crowd.errs[i], i == OLD ? ERR_CONFLICT : ERR_OK);
        crowd_close(&crowd);
}

/* ---- more than one message holds ---- */

static void what_does_not_fit_one_message_goes_in_several(void **state)
{
        (void)state;
        struct crowd crowd;
        struct target_want wants[NAMES];
        char store[1600];
        memset(store, 'n', sizeof(store));
        memcpy(store, "k8s/", 4);
        store[sizeof(store) - 1] = '\0';
        crowd_open(&crowd, server("CONTRACT_DNS"), "large");
        read_all(&crowd);
        for (epoch_t epoch = 1; epoch <= 2; epoch++) {
                for (unsigned i = 0; i < NAMES; i++) {
                        wants[i] = want_rrset("A 192.0.2.1", epoch);
                        wants[i].store = store;
                }
                visit_all(&crowd, TARGET_SWAP, wants);
                assert_all(&crowd, "A 192.0.2.1", epoch);
        }
        assert_in_range(crowd.calls, 2, 8); /* 40 times 3,200 bytes of texts, old and new */
        crowd_close(&crowd);
}

/* ---- no answer ---- */

/* The server is stopped when the message arrives, and takes it when it goes on; the stand-in hangs up. */
static void lose_answers(bool is_lost)
{
        if (uses_route53())
                free(shell("curl -sS -d '{\"lose_reply\": %d}' %s/standin/faults", is_lost, server("CONTRACT_ROUTE53")));
        else
                assert_int_equal(kill(server_pid("CONTRACT_DNS_PID"), is_lost ? SIGSTOP : SIGCONT), 0);
}

static void a_lost_answer_is_unknown_for_each_and_all_or_none_are_moved(void **state)
{
        (void)state;
        struct crowd crowd;
        struct target_want wants[NAMES];
        struct group all = {.count = NAMES};
        crowd_open(&crowd, server("CONTRACT_DNS"), "lost");
        read_all(&crowd);
        move_all(&crowd, "A 192.0.2.1", 1);
        assert_all(&crowd, "A 192.0.2.1", 1);
        for (unsigned i = 0; i < NAMES; i++) {
                wants[i] = want_rrset("A 192.0.2.2", 2);
                all.members[i] = i;
        }
        lose_answers(true);
        crowd.calls = 0;
        visit_group(&crowd, &all, TARGET_SWAP, wants, in_ms(uses_route53() ? PATIENCE_MS : SHORT_MS));
        lose_answers(false);
        assert_int_equal(crowd.calls, 1); /* it is sent once */
        for (unsigned i = 0; i < NAMES; i++)
                assert_int_equal(crowd.errs[i], ERR_UNKNOWN);
        read_all(&crowd);
        assert_all(&crowd, crowd.states[0].value, crowd.states[0].stamp.epoch);
        move_all(&crowd, "A 192.0.2.3", 3);
        assert_all(&crowd, "A 192.0.2.3", 3);
        crowd_close(&crowd);
}

/* ---- a contest ---- */

/* Everybody decides all names under the same epoch, each in an order of its own. */
static const char *contested;

static bool contend(int number, struct barrier *barrier)
{
        struct crowd crowd;
        struct target_want wants[NAMES];
        struct group all = {.count = NAMES};
        char value[64];
        (void)snprintf(value, sizeof(value), "A 192.0.2.%d", number + 1);
        crowd_open(&crowd, server("CONTRACT_DNS"), contested);
        read_all(&crowd);
        for (unsigned i = 0; i < NAMES; i++) {
                wants[i] = want_rrset(value, crowd.states[i].stamp.epoch + 1);
                wants[i].id = 100 + (decision_id)number;
                all.members[i] = (i + (unsigned)number) % NAMES;
        }
        crowd.calls = 0;
        barrier_pass(barrier);
        const mono_ms deadline = in_ms(LONG_MS);
        visit_group(&crowd, &all, TARGET_SWAP, wants, deadline);
        unsigned won = 0;
        for (unsigned i = 0; i < NAMES; i++)
                won += crowd.errs[i] == ERR_OK;
        /* What one believes to have won carries its id, or a later one's: nobody decides these again. */
        read_all(&crowd);
        for (unsigned i = 0; i < NAMES; i++)
                won -= crowd.errs[i] == ERR_OK && crowd.states[i].stamp.id == 100 + (decision_id)number;
        crowd_close(&crowd);
        return won == 0;
}

static void of_twelve_who_decide_each_name_is_decided_once(void **state)
{
        (void)state;
        static char word[32];
        for (unsigned round = 0; round < (uses_route53() ? 1 : ROUNDS); round++) {
                struct crowd crowd;
                (void)snprintf(word, sizeof(word), "race%u", round);
                contested = word;
                crowd_open(&crowd, server("CONTRACT_DNS"), word);
                read_all(&crowd);
                move_all(&crowd, "A 192.0.2.200", 1);
                assert_all(&crowd, "A 192.0.2.200", 1);
                /* Each has in the end exactly what it was told to have won. */
                assert_int_equal(race(CONTENDERS, contend), CONTENDERS);
                read_all(&crowd);
                for (unsigned i = 0; i < NAMES; i++) {
                        char value[64];
                        assert_int_equal(crowd.states[i].stamp.epoch, 2);
                        (void)snprintf(value, sizeof(value), "A 192.0.2.%d", (int)(crowd.states[i].stamp.id - 100 + 1));
                        assert_string_equal(crowd.states[i].value, value);
                }
                crowd_close(&crowd);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(many_names_move_in_one_call_and_none_is_seen_empty),
            cmocka_unit_test(a_stale_name_is_refused_alone_and_all_others_are_done),
            cmocka_unit_test(an_older_epoch_among_them_is_refused_alone),
            cmocka_unit_test(what_does_not_fit_one_message_goes_in_several),
            cmocka_unit_test(a_lost_answer_is_unknown_for_each_and_all_or_none_are_moved),
            cmocka_unit_test(of_twelve_who_decide_each_name_is_decided_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
