/* core_proof_test.c -- whether a plan of which only the digest is recorded is ours to carry out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"
#include "core/proof.h"
#include "core/targets.h"
#include "core_world.h"

static uint64_t mix(uint64_t hash, const char *text)
{
        for (; *text; text++)
                hash = (hash ^ (unsigned char)*text) * 1099511628211U;
        return hash;
}

static void digest_of(const struct plan *plan, char ret_digest[static PLAN_DIGEST_BYTES])
{
        uint64_t hash = 14695981039346656037U;
        for (unsigned i = 0; i < plan->target_count; i++)
                hash = mix(mix(hash + plan->targets[i].ttl_s, plan->targets[i].ref.name), plan->targets[i].to);
        (void)snprintf(ret_digest, PLAN_DIGEST_BYTES, "%016llx", (unsigned long long)hash);
}

static struct proof prove(struct world *world, const struct plan *recorded, bool is_own)
{
        char digest[PLAN_DIGEST_BYTES];
        digest_of(recorded, digest);
        const struct plan_claim claim = {.digest = digest, .is_own = is_own, .digest_of = digest_of};
        return proof_of(&world->view, &world->record, &claim, &world->arena);
}

static struct plan plan_of(struct world *world, unsigned plane)
{
        return plan_values(&world->view, &world->view.planes[plane], WORLD_EPOCH, &world->arena);
}

static void our_own_plan_is_ours(void **state)
{
        struct world *world = *state;
        const struct plan plan = plan_of(world, 0);
        struct proof proof = prove(world, &plan, false);
        assert_int_equal(proof.outcome, PLAN_PROVEN);
        assert_string_equal(proof.text, "");
        assert_string_equal(NAME(proof.plan).to, WORLD_RRSET_A);
        assert_string_equal(NAME(proof.plan).old[0], WORLD_RRSET_B);
        assert_int_equal(LOCK(proof.plan).old_count, 1);
        world->record.plan.targets[0] = NAME(world->record.plan); /* which carries nothing of a lock */
        world->record.plan.target_count = 1;
        proof = prove(world, &plan, false);
        assert_int_equal(proof.outcome, PLAN_PROVEN);
        assert_int_equal(LOCK(proof.plan).old_count, 0);
}

/* What carries only digests names kinds, so that two of one kind are told apart by their places. */
static void two_of_a_kind_are_told_apart_by_their_places(void **state)
{
        struct world *world = *state;
        const unsigned second = world_add(world, TARGET_NAME);
        world->record.plan.targets[second].old[0] = WORLD_RRSET_C;
        struct plan plan = plan_of(world, 0);
        struct proof proof = prove(world, &plan, false);
        assert_string_equal(proof.plan.targets[second - 1].old[0], WORLD_RRSET_B);
        assert_string_equal(proof.plan.targets[second].old[0], WORLD_RRSET_C);
        world_show(world, second, "A 192.0.2.99", WORLD_EPOCH, "a");
        plan.targets[second].to = "A 192.0.2.99";
        plan.targets[second].ttl_s = 0;
        proof = prove(world, &plan, true);
        assert_int_equal(proof.outcome, PLAN_PROVEN);
        assert_string_equal(proof.plan.targets[second].to, "A 192.0.2.99");
        assert_string_equal(proof.plan.targets[second - 1].to, WORLD_RRSET_A);
}

static void what_others_decided_otherwise_is_to_be_compared(void **state)
{
        struct world *world = *state;
        struct plan plan = plan_of(world, 1);
        struct proof proof = prove(world, &plan, false);
        assert_int_equal(proof.outcome, PLAN_MISMATCHED);
        assert_non_null(strstr(proof.text, "Epoch 5 (a by operator-1) was decided for another plan than the one here"));
        assert_non_null(strstr(proof.text, "TTL 30s, lock mgmt-active in redis.example.com:6379/0 \"cluster-a\""));
        world_without_lock(world);
        world->record.holder = "";
        plan = plan_of(world, 1);
        proof = prove(world, &plan, false);
        assert_non_null(strstr(proof.text, "(a by ?)"));
        assert_null(strstr(proof.text, "lock "));
}

static void what_our_own_cluster_recorded_is_still_shown(void **state)
{
        struct world *world = *state;
        struct plan before = plan_of(world, 0);
        NAME(before).to = "A 192.0.2.77";
        world_dns(world, "A 192.0.2.77", WORLD_EPOCH, "a"); /* a's address is another by now */
        struct proof proof = prove(world, &before, true);
        assert_int_equal(proof.outcome, PLAN_PROVEN);
        assert_string_equal(NAME(proof.plan).to, "A 192.0.2.77");
        assert_int_equal(prove(world, &before, false).outcome, PLAN_MISMATCHED);
        NAME(before).to = "A 192.0.2.78";
        assert_int_equal(prove(world, &before, true).outcome, PLAN_MISMATCHED);
        LOCK(world->view).health.read_at = 0;
        proof = prove(world, &before, true);
        assert_int_equal(proof.outcome, PLAN_PENDING);
        assert_string_equal(proof.text, "waiting for an answer of Redis, to compare the recorded plan");
        world->view.targets[0] = NAME(world->view); /* a lock that is not even in force yet */
        world->view.target_count = 1;
        assert_int_equal(prove(world, &before, true).outcome, PLAN_PENDING);
}

static void a_plane_that_is_gone_is_known_by_its_name(void **state)
{
        struct world *world = *state;
        const struct plan plan = plan_of(world, 0);
        world->view.planes[0].rrset = "";
        struct proof proof = prove(world, &plan, false);
        assert_int_equal(proof.outcome, PLAN_PROVEN);
        assert_string_equal(NAME(proof.plan).to, WORLD_RRSET_A);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        proof = prove(world, &plan, false);
        assert_int_equal(proof.outcome, PLAN_PENDING);
        assert_string_equal(proof.text, "waiting for an address of a, to compare the recorded plan");
        world_dns(world, "", WORLD_EPOCH, "a");
        assert_int_equal(prove(world, &plan, false).outcome, PLAN_PENDING);
        world->record.to = "z";
        proof = prove(world, &plan, false);
        assert_int_equal(proof.outcome, PLAN_MISMATCHED);
        assert_non_null(strstr(proof.text, "plane z, which spec.planes does not name here"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(our_own_plan_is_ours),
            CASE(two_of_a_kind_are_told_apart_by_their_places),
            CASE(what_others_decided_otherwise_is_to_be_compared),
            CASE(what_our_own_cluster_recorded_is_still_shown),
            CASE(a_plane_that_is_gone_is_known_by_its_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
