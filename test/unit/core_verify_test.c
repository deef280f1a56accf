/* core_verify_test.c -- what is believed and said of the other authoritative servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/verify.h"
#include "core_world.h"

static void assert_word(struct world *world, enum verify_word word)
{
        const struct verify_view *verify = &world->view.verify[0];
        assert_int_equal(verify_word(&world->view, verify), word);
        assert_int_equal(verify_is_lacking(&world->view, verify), word == VERIFY_BEHIND || word == VERIFY_SILENT);
}

static void an_answer_counts_until_as_many_looks_were_missed(void **state)
{
        struct world *world = *state;
        static const bool answers[] = {true, false};
        for (size_t i = 0; i < 2; i++) {
                enum verify_word heard = answers[i] ? VERIFY_SHOWS : VERIFY_BEHIND;
                for (unsigned misses = 0; misses < VERIFY_MISSES_MAX; misses++) {
                        world_verify(world, WORLD_RRSET_A, answers[i], misses);
                        assert_word(world, heard);
                }
                world_verify(world, WORLD_RRSET_A, answers[i], VERIFY_MISSES_MAX);
                assert_word(world, VERIFY_SILENT);
        }
        world_verify(world, NULL, false, 0);
        assert_word(world, VERIFY_UNASKED);
        world_verify(world, NULL, false, 1);
        assert_word(world, VERIFY_SILENT);
}

static void an_answer_counts_while_it_is_fresh(void **state)
{
        struct world *world = *state;
        world_verify(world, WORLD_RRSET_A, true, 0);
        world->view.now += VERIFY_COUNTS_MS;
        assert_word(world, VERIFY_SHOWS);
        world->view.now++;
        assert_word(world, VERIFY_SILENT);
        const char *text = verify_phrase(&world->view, &world->view.verify[0], &world->arena);
        assert_non_null(strstr(text, "DNS server 192.0.2.54:53 was last heard at 20"));
}

static void what_it_shows_is_told_by_whose_it_is(void **state)
{
        struct world *world = *state;
        char long_set[VERIFY_SHOWN_BYTES + 64], shown[VERIFY_SHOWN_BYTES];
        memset(long_set, '1', sizeof(long_set));
        long_set[sizeof(long_set) - 1] = '\0';
        memcpy(shown, long_set, sizeof(shown));
        shown[sizeof(shown) - 1] = '\0';
        world->view.planes[2].rrset = long_set;
        NAME(world->record.plan).old_count = 1;
        NAME(world->record.plan).old[0] = "A 192.0.2.77";
        const struct {
                const char *shown;
                bool is_astray;
                const char *text;
        } rows[] = {
            {WORLD_RRSET_B, false, "still answers old data: \"A 192.0.2.2\", the address of b"},
            {WORLD_RRSET_A, false, "still answers old data: the address is right, its ownership record is not that of epoch 5"},
            {"A 192.0.2.77", false, "still answers old data: \"A 192.0.2.77\", an address of before"},
            {"A 192.0.2.99", true, "shows \"A 192.0.2.99\", which belongs to no plane; correct its zone, or take it out of"},
            {"A 192.0.2.1,192.0.2.99", true, "which belongs to no plane"},
            {"", true, "shows \"nothing\", which belongs to no plane"},
            {shown, false, "the address of c"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                world_verify(world, rows[i].shown, false, 0);
                const struct verify_view *verify = &world->view.verify[0];
                const char *text = verify_phrase(&world->view, verify, &world->arena);
                assert_int_equal(verify_leads_astray(&world->view, verify), rows[i].is_astray);
                if (!strstr(text, rows[i].text))
                        fail_msg("\"%s\", wanted \"%s\"", text, rows[i].text);
        }
        NAME(world->record.plan).to = "A 192.0.2.66"; /* and no plane's by now */
        world_verify(world, "A 192.0.2.66", false, 0);
        assert_false(verify_leads_astray(&world->view, &world->view.verify[0]));
        world->view.planes[0].rrset = ""; /* not known yet */
        world_verify(world, "A 192.0.2.99", false, VERIFY_MISSES_MAX);
        assert_false(verify_leads_astray(&world->view, &world->view.verify[0]));
        world->view.verify[0].misses = 0;
        assert_true(verify_leads_astray(&world->view, &world->view.verify[0]));
        NAME(world->record.plan).to = "ALIAS lb-a.example.com"; /* it is answered with addresses that nobody here knows */
        assert_false(verify_leads_astray(&world->view, &world->view.verify[0]));
        assert_non_null(strstr(verify_phrase(&world->view, &world->view.verify[0], &world->arena),
                               "still answers old data: its ownership record is not that of epoch 5"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(an_answer_counts_until_as_many_looks_were_missed, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(an_answer_counts_while_it_is_fresh, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(what_it_shows_is_told_by_whose_it_is, world_set_up, world_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
