/* standby_watch.c -- one slot beside the targets, of a driver that only looks. */
#include "reconcile/standby_watch.h"

#include "reconcile/effect.h"
#include "reconcile/policy.h"
#include "reconcile/policy_targets.h"
#include "util/arena.h"
#include "util/text.h"

static bool is_wanted(const struct policy *policy)
{
        const struct failover_policy *spec = policy->spec;
        if (spec->write_mode == WRITE_SINGLE_CLUSTER || failover_policy_promotes(spec))
                return false;
        for (size_t i = 0; i < policy->plane_count; i++)
                if (policy->planes[i].plane->spec && policy->planes[i].plane->spec->redis_address[0])
                        return true;
        return false;
}

static struct target_slot *obtain(struct policy *policy)
{
        struct arena arena = {0};
        if (!policy->standbys) {
                const char *where = arena_printf(&arena, "planes of %s", policy->key);
                const struct target_ref ref = {TARGET_PROMOTION, TARGET_STANDBY_DRIVER, where, "Redis", 0};
                policy->standbys = slot_new(&ref);
        }
        policy_hold_mechanism(policy, policy->standbys);
        arena_deinit(&arena);
        return policy->standbys;
}

static void forget(struct policy *policy)
{
        if (policy->standbys)
                slot_free(policy->standbys);
        policy->standbys = NULL;
}

void standby_watch_turn(struct policy *policy)
{
        if (!is_wanted(policy)) {
                forget(policy);
                return;
        }
        struct target_slot *slot = obtain(policy);
        const mono_ms now = loop_now(policy->manager->loop);
        const bool is_due = !slot->read_at || now - slot->read_at >= target_limits_of(slot->ref.driver)->read_every_ms;
        if (is_due && now >= slot->retry_at && !policy->manager->stopping && policy->manager->identity.uid)
                effect_look(policy, slot);
}

void standby_watch_show(const struct policy *policy, struct view *ret)
{
        const struct target_slot *slot = policy->standbys;
        for (unsigned i = 0; slot && slot->read_at && i < slot->state.unready_count; i++) {
                const struct unready *unready = &slot->state.unready[i];
                for (size_t j = 0; j < policy->plane_count; j++) {
                        const struct management_plane *plane = policy->planes[j].plane->spec;
                        if (plane && text_equal(plane->redis_address, unready->value))
                                ret->planes[j].obstacle = (struct obstacle){unready->why, unready->reason,
                                                                            unready->is_loss, unready->lost_after};
                }
        }
}
