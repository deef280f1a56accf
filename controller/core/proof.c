/* proof.c -- whether a recorded digest is that of the plan which this operator derives. */
#include "core/proof.h"

#include <string.h>

#include "core/election.h"
#include "core/plan.h"
#include "core/targets.h"

/* A record with digests only names the kinds, in step order. */
static const struct plan_target *same_place(const struct plan *plan, unsigned i, const struct plan *carried)
{
        const enum target_kind kind = plan->targets[i].ref.kind;
        unsigned place = plan_place_in_kind(plan, i);
        for (unsigned at = 0; at < carried->target_count; at++)
                if (carried->targets[at].ref.kind == kind && place-- == 0)
                        return &carried->targets[at];
        return NULL;
}

struct plan proof_with_old_values(struct plan plan, const struct plan *carried)
{
        for (unsigned i = 0; i < plan.target_count; i++) {
                struct plan_target *planned = &plan.targets[i];
                const struct plan_target *old = same_place(&plan, i, carried);
                planned->old_count = old ? old->old_count : 0;
                for (unsigned j = 0; j < planned->old_count; j++)
                        planned->old[j] = old->old[j];
        }
        return plan;
}

static bool is_claimed(const struct plan_claim *claim, const struct plan *plan)
{
        char digest[PLAN_DIGEST_BYTES];
        claim->digest_of(plan, digest);
        return strcmp(digest, claim->digest) == 0;
}

static struct proof proven(const struct record *record, const struct plan *plan)
{
        return (struct proof){PLAN_PROVEN, proof_with_old_values(*plan, &record->plan), ""};
}

static struct proof unproven(enum plan_proof outcome, const char *text)
{
        return (struct proof){.outcome = outcome, .text = text};
}

static const char *what_to_compare(const struct record *record, const struct plan_claim *claim, const struct plan *plan,
                                   struct arena *arena)
{
        char digest[PLAN_DIGEST_BYTES];
        claim->digest_of(plan, digest);
        const struct plan_target *name = plan_find(plan, TARGET_NAME), *lock = plan_find(plan, TARGET_LOCK);
        const char *also = lock ? arena_printf(arena, ", lock %s in %s/%u \"%s\"", lock->ref.name, lock->ref.endpoint,
                                               lock->ref.db, lock->to)
                                : "";
        return arena_printf(
            arena,
            "Epoch %llu (%s by %s) was decided for another plan than the one here (digest %s, here %s): compare "
            "spec.dns, spec.redis and the address of %s in every cluster; here that is %s \"%s\" TTL %us%s",
            (unsigned long long)record->epoch, record->to, record->holder[0] ? record->holder : "?", claim->digest,
            digest, record->to, name->ref.name, name->to, (unsigned)name->ttl_s, also);
}

/* The derived plan with the values that the targets show in place of its own; false: not every target was read. */
static bool plan_shown(const struct view *view, struct plan *plan)
{
        bool is_all_read = true;
        for (unsigned i = 0; i < plan->target_count; i++) {
                const struct target_view *target = targets_shown(view, plan, i);
                bool is_read = target && target->health.read_at;
                is_all_read &= is_read;
                if (!is_read)
                        continue;
                plan->targets[i].to = target->shows.value;
                plan->targets[i].ttl_s = target->shows.ttl_s;
        }
        return is_all_read;
}

/*
 * The plan is proven where this operator's spec and planes give the recorded digest; or where the values at the targets
 * do and its own cluster made the record, because then the inputs have changed here since. A record of another cluster
 * that cannot be derived is not carried on, because that cluster may have another spec.
 */
static struct proof by_address(const struct view *view, const struct record *record, const struct plan_claim *claim,
                               const struct plane_view *to, struct arena *arena)
{
        const struct plan plan = plan_values(view, to, record->epoch, arena);
        struct plan shown = plan;
        bool is_all_read = plan_shown(view, &shown);
        if (is_claimed(claim, &plan))
                return proven(record, &plan);
        if (claim->is_own && is_claimed(claim, &shown))
                return proven(record, &shown);
        if (claim->is_own && !is_all_read)
                return unproven(PLAN_PENDING, "waiting for an answer of Redis, to compare the recorded plan");
        return unproven(PLAN_MISMATCHED, what_to_compare(record, claim, &plan, arena));
}

/*
 * The address of a plane whose cluster is gone cannot be discovered. The name shows it: it is proven where it gives the
 * recorded digest together with all other inputs. Else a plane that was lost before this process started could never be
 * left.
 */
static struct proof by_name(const struct view *view, const struct record *record, const struct plan_claim *claim,
                            const struct plane_view *to, struct arena *arena)
{
        struct plane_view assumed = *to;
        assumed.rrset = targets_name(view)->shows.value;
        const struct plan plan = plan_values(view, &assumed, record->epoch, arena);
        if (assumed.rrset[0] && is_claimed(claim, &plan))
                return proven(record, &plan);
        return unproven(PLAN_PENDING, arena_printf(arena, "waiting for an address of %s, to compare the recorded plan",
                                                   to->name));
}

struct proof proof_of(const struct view *view, const struct record *record, const struct plan_claim *claim,
                      struct arena *arena)
{
        const struct plane_view *to = view_plane(view, record->to);
        if (!to)
                return unproven(
                    PLAN_MISMATCHED,
                    arena_printf(arena,
                                 "Epoch %llu was decided for plane %s, which spec.planes does not name here: "
                                 "compare it in every cluster",
                                 (unsigned long long)record->epoch, record->to));
        return to->rrset[0] ? by_address(view, record, claim, to, arena) : by_name(view, record, claim, to, arena);
}
