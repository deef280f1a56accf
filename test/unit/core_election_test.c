/* core_election_test.c -- who may take over, and why another may not; and in which mode it is done by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/election.h"
#include "core/mode.h"
#include "core/plan.h"
#include "core_world.h"

static void fit(struct world *world)
{
        (void)world;
}
static void unknown(struct world *world)
{
        world->view.planes[1].known = false;
}
static void ineligible(struct world *world)
{
        world->view.planes[1].eligible = false;
}
static void no_address(struct world *world)
{
        world->view.planes[1].rrset = "";
}
static void address_error(struct world *world)
{
        no_address(world);
        world->view.planes[1].address_error = "Service has no ingress";
}
static void other_port(struct world *world)
{
        world->view.planes[1].port = 9901;
}
static void active_without_port(struct world *world)
{
        other_port(world);
        world->view.planes[0].port = 0;
}
static void same_address(struct world *world)
{
        world->view.planes[1].rrset = WORLD_RRSET_A;
}
static void stale(struct world *world)
{
        world_stale(world, 1);
}
static void one_fail(struct world *world)
{
        world_count(world, 1, 0, 1);
        world->view.planes[1].checks[0].text = "timeout";
}
static void two_passes(struct world *world)
{
        world_count(world, 1, 2, 0);
}
static void three_passes(struct world *world)
{
        world_count(world, 1, 3, 0);
}
static void no_replica(struct world *world)
{
        world_deployment(world, 1, 0, 3);
}
static void some_replicas(struct world *world)
{
        world_deployment(world, 1, 1, 3);
}
static void replicas_unknown(struct world *world)
{
        no_replica(world);
        world->view.planes[1].checks[1].last_unknown = true;
        world->view.planes[1].checks[1].unknowns = 3;
        world->view.planes[1].checks[1].counted_at -= 60000;
}
static void expired(struct world *world)
{
        world->view.planes[1].checks[0].certificate_not_after = WORLD_WALL;
}
static void expires_soon(struct world *world)
{
        world->view.planes[1].checks[0].certificate_not_after = WORLD_WALL + 1;
}

/* b's address is a name: what DNS says of it is what agents will be told. */
static void named(struct world *world)
{
        world->view.planes[1].rrset = "CNAME lb-b.example.com";
        world->view.planes[1].name_confirmed_at = WORLD_NOW;
}
static void named_never_asked(struct world *world)
{
        named(world);
        world->view.planes[1].name_confirmed_at = 0;
}
static void aliased_to_nowhere(struct world *world)
{
        named(world);
        world->view.planes[1].rrset = "ALIAS dualstack.lb-b.example.com + ALIAS6 dualstack.lb-b.example.com";
        world->view.planes[1].name_absent = true;
}
static void named_absent(struct world *world)
{
        named(world);
        world->view.planes[1].name_absent = true;
        world->view.planes[1].name_error = "DNS says that there is no such name";
}
static void named_confirmed_lately(struct world *world)
{
        named(world);
        world->view.planes[1].name_confirmed_at = WORLD_NOW - NAME_CONFIRMED_MS - WORLD_INTERVAL_MS;
        world->view.planes[1].name_error = "DNS server 192.0.2.53:53 does not answer";
}
static void named_confirmed_long_ago(struct world *world)
{
        named_confirmed_lately(world);
        world->view.planes[1].name_confirmed_at--;
}
static void absent_without_a_name(struct world *world)
{
        world->view.planes[1].name_absent = true;
}
/* What a decision takes of a record on a Lease: here by the addresses of b. */
static void addresses_of(struct world *world, size_t bytes)
{
        char *rrset = arena_alloc(&world->arena, bytes + 1);
        memset(rrset, '1', bytes);
        memcpy(rrset, "A ", 2);
        rrset[bytes] = '\0';
        world->view.planes[1].rrset = rrset;
}
static void addresses_that_fit(struct world *world)
{
        addresses_of(world, PLAN_BYTES_MAX / 3 - 100);
}
/* They fit once; after two more switches they would not. */
static void too_many_addresses(struct world *world)
{
        addresses_of(world, PLAN_BYTES_MAX / 3 + 1);
}
static void a_name_that_a_stranger_filled(struct world *world)
{
        char *shown = arena_alloc(&world->arena, PLAN_BYTES_MAX + 1);
        memset(shown, '1', PLAN_BYTES_MAX);
        memcpy(shown, "A ", 2);
        shown[PLAN_BYTES_MAX] = '\0';
        world_dns(world, shown, 6, "a");
}
static void a_lock_key_of_quotes(struct world *world)
{
        char *key = arena_alloc(&world->arena, 513);
        memset(key, '"', 512);
        key[512] = '\0';
        LOCK(world->view.policy).ref.name = LOCK(world->view).ref.name = key;
        addresses_of(world, (PLAN_BYTES_MAX - 2 * 512) / 3 + 1);
}
static void too_many_addresses_but_in_dns(struct world *world)
{
        too_many_addresses(world);
        world->view.store = "dns/default/gloo";
}
static void left_out_and_fit(struct world *world)
{
        world->view.planes[1].left_out = "192.0.2.2";
}
static void left_out_and_failing(struct world *world)
{
        left_out_and_fit(world);
        one_fail(world);
}

static void without_a_copy(struct world *world)
{
        world->view.planes[1].obstacle = (struct obstacle){"Redis b has no copy", "NotSynced", false, 0};
}
static void without_a_copy_and_ineligible(struct world *world)
{
        without_a_copy(world);
        ineligible(world);
}
static void behind(struct world *world)
{
        world->view.planes[1].obstacle = (struct obstacle){"Redis b is behind", "Behind", true, 0};
}
static void behind_and_failing(struct world *world)
{
        behind(world);
        one_fail(world);
}
/* What was written in the last minute is missing. */
static void behind_by_a_minute(struct world *world)
{
        behind(world);
        world->view.planes[1].obstacle.lost_after = WORLD_NOW - 60000;
}
static void behind_since_the_outage(struct world *world)
{
        behind_by_a_minute(world);
        world_fail(world, 0, 60000);
}
static void behind_before_the_outage(struct world *world)
{
        behind_by_a_minute(world);
        world_fail(world, 0, 59999);
}

static const struct {
        void (*arrange)(struct world *world);
        const char *why; /* how the reason begins; "" fit */
} rows[] = {
    {fit, ""},
    {unknown, "no ManagementPlane"},
    {ineligible, "eligible: false"},
    {no_address, "no address yet"},
    {address_error, "Service has no ingress"},
    {other_port, "port 9901, agents use 9900"},
    {active_without_port, ""},
    {same_address, "same address as a"},
    {stale, "not observed"},
    {one_fail, "unhealthy (TLS :9900 timeout)"},
    {two_passes, "recovering: TLS :9900 has not yet passed 3 times"},
    {three_passes, ""},
    {no_replica, "no replica available"},
    {some_replicas, ""},
    {replicas_unknown, ""},
    {expired, "its certificate expired 2026-11-23T02:59:11Z"},
    {expires_soon, ""},
    {named, ""},
    {named_never_asked, "its address lb-b.example.com is not confirmed by DNS: it was not looked up yet"},
    {aliased_to_nowhere, "its address dualstack.lb-b.example.com leads agents nowhere: "},
    {named_absent, "its address lb-b.example.com leads agents nowhere: DNS says that there is no such name; correct "
                   "server.address, or the record of that name"},
    {named_confirmed_lately, ""},
    {named_confirmed_long_ago,
     "its address lb-b.example.com is not confirmed by DNS since 2026-11-23T02:54:05Z: DNS server"},
    {absent_without_a_name, ""},
    {addresses_that_fit, ""},
    {too_many_addresses,
     "a decision for it could not be recorded: names of the targets, its addresses and lock value, and those "
     "that they may replace, take "},
    {too_many_addresses_but_in_dns, ""},
    {left_out_and_fit, ""},
    {left_out_and_failing, "unhealthy (TLS :9900 timeout); the record leaves out 192.0.2.2"},
    {without_a_copy, "Redis b has no copy"},
    {without_a_copy_and_ineligible, "eligible: false"},
    {behind, "Redis b is behind"},
    {behind_and_failing, "Redis b is behind; also unhealthy (TLS :9900 timeout)"},
    {behind_by_a_minute, "Redis b is behind"},
    {behind_since_the_outage, ""},
    {behind_before_the_outage, "Redis b is behind"},
};

/* A plane that is active has what it writes to, and one that nobody leaves loses nothing to an outage. */
static void an_obstacle_is_of_a_plane_that_is_to_become_active(void **state)
{
        struct world *world = *state;
        struct view *view = &world->view;
        behind_since_the_outage(world);
        assert_string_equal(election_unfit(view, &view->planes[1], &view->planes[1], &world->arena), "");
        assert_string_equal(election_unfit(view, &view->planes[1], NULL, &world->arena), "Redis b is behind");
        assert_string_equal(election_unfit_word(UNFIT_LOSS), "DataBehind");
        without_a_copy(world);
        const struct unfitness unfit = election_unfitness(view, &view->planes[1], &view->planes[0], &world->arena);
        assert_int_equal(unfit.kind, UNFIT_CANNOT); /* nobody can ask for it all the same */
        assert_string_equal(unfit.reason, "NotSynced");
}

/* What a stranger wrote has to be recorded as what is replaced; a quote takes two bytes of JSON. */
static void what_makes_every_decision_too_long(void **state)
{
        (void)state;
        static void (*const arrangements[])(struct world *) = {a_name_that_a_stranger_filled, a_lock_key_of_quotes};
        for (size_t i = 0; i < sizeof(arrangements) / sizeof(arrangements[0]); i++) {
                struct world world;
                world_init(&world);
                arrangements[i](&world);
                const char *why =
                    election_unfit(&world.view, &world.view.planes[1], &world.view.planes[0], &world.arena);
                assert_non_null(strstr(why, "a decision for it could not be recorded: names of the targets, "));
                world.view.store = "dns/default/gloo";
                why = election_unfit(&world.view, &world.view.planes[1], &world.view.planes[0], &world.arena);
                assert_string_equal(why, "");
                world_clear(&world);
        }
}

static void every_reason_not_to_be_chosen(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                rows[i].arrange(&world);
                const struct plane_view *active = &world.view.planes[0], *b = &world.view.planes[1],
                                        *c = &world.view.planes[2];
                const char *why = election_unfit(&world.view, b, active, &world.arena), *why_none = "";
                if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0 || !why[0] != !rows[i].why[0])
                        fail_msg("row %zu: \"%s\", expected \"%s\"", i, why, rows[i].why);
                assert_ptr_equal(election_choose(&world.view, active, &world.arena, &why_none), rows[i].why[0] ? c : b);
                c = &world.view.planes[2];
                world.view.planes[2].eligible = false;
                assert_ptr_equal(election_choose(&world.view, active, &world.arena, &why_none),
                                 rows[i].why[0] ? NULL : b);
                assert_true(rows[i].why[0] == '\0' ||
                            (strstr(why_none, "b: ") && strstr(why_none, "; c: eligible: false")));
                world_clear(&world);
        }
}

static void preference_is_the_order_of_the_spec(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        const char *why;
        assert_ptr_equal(election_choose(&world.view, &world.view.planes[2], &world.arena, &why),
                         &world.view.planes[0]);
        assert_ptr_equal(election_choose(&world.view, NULL, &world.arena, &why), &world.view.planes[0]);
        world.view.plane_count = 1;
        assert_null(election_choose(&world.view, &world.view.planes[0], &world.arena, &why));
        assert_string_equal(why, "the policy names no other plane");
        world_clear(&world);
}

/* b took over from a, which is healthy again for five of the ten minutes that are wanted. */
static void the_old_active_is_quarantined(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.record.from = "a";
        world.record.to = "b";
        world.record.automatic = true;
        world.record.detected_at = WORLD_WALL - 900000;
        world_pass(&world, 0, 300000);
        world.view.planes[2].eligible = false;
        const struct plane_view *a = &world.view.planes[0], *b = &world.view.planes[1];
        const char *why;
        assert_null(election_choose(&world.view, b, &world.arena, &why));
        assert_non_null(strstr(why, "a: quarantined until 2026-11-23T03:04:11Z"));
        assert_int_equal(election_quarantine_end(&world.view), world.view.now + 300000);
        assert_int_equal(world_decide(&world).wake_at, world.view.now + 300000);  /* nothing else would come then */
        assert_string_equal(election_unfit(&world.view, a, b, &world.arena), ""); /* a person may */
        world_later(&world, 300000);
        world_pass(&world, 0, 600000);
        assert_ptr_equal(election_choose(&world.view, b, &world.arena, &why), a);
        assert_int_equal(election_quarantine_end(&world.view), 0);
        world_pass(&world, 0, 300000);
        world.record.phase = PHASE_SWITCHING; /* a switch has to end somewhere */
        assert_ptr_equal(election_choose(&world.view, b, &world.arena, &why), a);
        world.record.phase = PHASE_STEADY;
        world.record.detected_at = 0; /* a failback left a healthy plane */
        assert_ptr_equal(election_choose(&world.view, b, &world.arena, &why), a);
        world_clear(&world);
}

static void automatic_only_where_it_is_safe(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct effective_mode mode = mode_in_effect(&world.view, &world.arena);
        assert_int_equal(mode.mode, MODE_AUTOMATIC);
        assert_string_equal(mode.reason, "SingleVantage");

        world.view.region = "eu-west-1";
        world.view.planes[2].region = "eu-west-1";
        mode = mode_in_effect(&world.view, &world.arena);
        assert_int_equal(mode.mode, MODE_ADVISE);
        assert_string_equal(mode.reason, "OperatorSharesRegion");
        assert_non_null(strstr(mode.message, "region eu-west-1, that of plane c"));

        world.view.planes[1].holds_operator = true;
        mode = mode_in_effect(&world.view, &world.arena);
        assert_string_equal(mode.reason, "OperatorInsidePlane");
        assert_non_null(strstr(mode.message, "inside plane b"));

        world.view.policy.mode = MODE_ADVISE;
        mode = mode_in_effect(&world.view, &world.arena);
        assert_int_equal(mode.mode, MODE_ADVISE);
        assert_string_equal(mode.reason, "AsRequested");
        world_clear(&world);
}

static void an_unknown_region_is_nobodys(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        assert_int_equal(mode_in_effect(&world.view, &world.arena).mode, MODE_AUTOMATIC); /* "" equals no plane's "" */
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(an_obstacle_is_of_a_plane_that_is_to_become_active, world_set_up,
                                            world_tear_down),
            cmocka_unit_test(every_reason_not_to_be_chosen),
            cmocka_unit_test(what_makes_every_decision_too_long), cmocka_unit_test(preference_is_the_order_of_the_spec),
            cmocka_unit_test(the_old_active_is_quarantined), cmocka_unit_test(automatic_only_where_it_is_safe),
            cmocka_unit_test(an_unknown_region_is_nobodys),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
