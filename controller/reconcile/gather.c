/* gather.c -- every fact that the core looks at, from the caches. */
#include "reconcile/gather.h"

#include <openssl/rand.h>
#include <string.h>

#include "api/rrset.h"
#include "core/failover.h"
#include "core/plan.h"
#include "core/roles.h"
#include "core/targets.h"
#include "reconcile/claims.h"
#include "reconcile/target_secrets.h"
#include "reconcile/effect.h"
#include "reconcile/mechanism.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_store.h"
#include "reconcile/standby_watch.h"
#include "reconcile/target_config.h"
#include "util/mem.h"
#include "util/text.h"

static void gather_policy(struct policy *policy, struct arena *arena, struct policy_view *ret)
{
        const struct failover_policy *spec = policy->spec;
        *ret = (struct policy_view){
            .namespace_name = policy->namespace_name,
            .name = policy->name,
            .uid = policy->uid,
            .generation = policy->generation,
            .mode = spec->mode,
            .suspended = spec->suspend,
            .single_writer = spec->write_mode == WRITE_SINGLE_CLUSTER,
            .detection = spec->detection,
            .cooldown_ms = spec->cooldown_ms,
            .max_switches = spec->max_switches,
            .failback = spec->failback,
            .drift = spec->drift,
            .failback_stable_ms = spec->stable_for_ms,
            .dns_type_chosen = spec->dns.record_type != RRSET_AUTO,
            .switch_to = spec->switch_to,
            .adopt = spec->adopt,
            .ack = spec->ack,
            .takeover = spec->takeover,
            .credentials_error = target_secrets_error(policy, arena),
            .rival = claims_rival(policy, arena),
        };
        ret->target_count = target_config_wanted(policy, arena, ret->targets);
        target_secrets_values(policy, arena, ret->targets, ret->target_count);
}

static void gather_health(const struct target_slot *slot, struct arena *arena, struct target_health *ret)
{
        *ret = (struct target_health){
            .reach = slot->reach,
            .error_class = slot->error_class,
            .error =
                slot->error ? arena_strdup(arena, slot->error) : "", /* a visit that ends within the pass replaces it */
            .read_at = slot->read_at,
            .looked_at = slot->sure_at,
            .failed_since = slot->failed_since,
            .failed_since_wall = slot->failed_since_wall,
            .refuses_record = slot->has_refused_decision,
            .write_denied = slot->rights.refusal ? arena_strdup(arena, slot->rights.refusal) : NULL,
        };
        /* A newer visit of another policy through the same endpoint and credential shows that it answers. The state of
         * this target is known from this policy's own visits only. */
        const struct mechanism *mechanism = slot->mechanism;
        if (slot->reach == REACH_OK && mechanism && mechanism->answered_at > slot->read_at)
                ret->read_at = mechanism->answered_at;
        if (mechanism && mechanism->broken_at > slot->sure_at)
                ret->looked_at = 0;
}

static void fill_stamp(struct stamp *stamp)
{
        stamp->plane = stamp->plane ? stamp->plane : "";
        stamp->store = stamp->store ? stamp->store : "";
        stamp->raw = stamp->raw ? stamp->raw : "";
}

/* A driver that is not built in writes nothing. */
static bool is_weak(const struct target_slot *slot)
{
        const struct target_driver *driver = target_driver_find(slot->ref.driver);
        return driver && !driver->limits.fenced;
}

static bool moves_itself(const struct target_slot *slot)
{
        const struct target_driver *driver = target_driver_find(slot->ref.driver);
        return driver && driver->limits.moves_itself;
}

static void gather_targets(const struct policy *policy, struct arena *arena, struct view *ret)
{
        ret->target_count = policy->target_count;
        for (unsigned i = 0; i < ret->target_count; i++) {
                const struct target_slot *slot = policy->targets[i];
                struct target_view *target = &ret->targets[i];
                *target = (struct target_view){.ref = slot->ref,
                                               .is_weak = is_weak(slot),
                                               .moves_itself = moves_itself(slot),
                                               .shows = slot->state,
                                               .met_epoch = slot->met_epoch,
                                               .met_at = slot->met_at};
                gather_health(slot, arena, &target->health);
                target->shows.value = target->shows.value ? target->shows.value : "";
                fill_stamp(&target->shows.stamp);
        }
        verify_gather(policy, arena, ret);
        ret->announce_lags = announce_lags(policy, arena);
}

/* NULL in the common case: the policy wants the record type that the plane's addresses have by themselves. */
static const char *wanted_rrset(const struct policy *policy, const struct plane *plane, struct arena *arena,
                                const char **ret_error)
{
        if (policy->spec->dns.record_type == RRSET_AUTO || !plane->address_count)
                return NULL;
        char *text;
        struct errmsg why;
        if (rrset_from_addresses(policy->spec->dns.record_type, (const char *const *)plane->addresses,
                                 plane->address_count, &text, &why) != ERR_OK) {
                *ret_error = arena_strdup(arena, why.text);
                return "";
        }
        const char *copy = arena_strdup(arena, text);
        free(text);
        return copy;
}

/* Why @plane, which has an address, lacks a Redis to be promoted; NULL: it has one, or none is promoted. */
static const char *lacks_primary(const struct policy *policy, size_t place, struct arena *arena)
{
        const struct plane *plane = policy->planes[place].plane;
        if (!failover_policy_promotes(policy->spec) || !plane->spec)
                return NULL;
        if (!plane->spec->redis_address[0])
                return arena_printf(arena,
                                    "ManagementPlane %s has no spec.redis.address, which spec.redis.promotion.%s of "
                                    "this policy needs: write the host:port of the Redis in that plane",
                                    plane->name, policy->spec->redis.promotion.driver);
        for (size_t i = 0; i < place; i++) {
                const struct management_plane *other = policy->planes[i].plane->spec;
                if (other && strcmp(other->redis_address, plane->spec->redis_address) == 0)
                        return arena_printf(arena,
                                            "ManagementPlane %s has the same spec.redis.address as %s: write that of "
                                            "the Redis in its own plane",
                                            plane->name, other->name);
        }
        return NULL;
}

/* The value that each plane would need is known to be one that cannot be had now. */
static void gather_obstacles(struct view *view, struct arena *arena)
{
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                for (unsigned j = 0; j < view->plane_count * target->shows.unready_count; j++) {
                        struct plane_view *plane = &view->planes[j / target->shows.unready_count];
                        const struct unready *unready = &target->shows.unready[j % target->shows.unready_count];
                        const char *value = plan_value_at(view, target, plane, 1, arena);
                        if (text_equal(value, unready->value))
                                plane->obstacle =
                                    (struct obstacle){unready->why, unready->reason, unready->is_loss,
                                                      unready->lost_after};
                }
        }
}

static void gather_planes(struct policy *policy, struct arena *arena, struct view *ret)
{
        ret->plane_count = (unsigned)policy->plane_count;
        for (unsigned i = 0; i < ret->plane_count; i++) {
                const struct plane *plane = policy->planes[i].plane;
                const char *error = NULL;
                const char *rrset = wanted_rrset(policy, plane, arena, &error);
                const char *lacks = lacks_primary(policy, i, arena);
                if (lacks && !error) {
                        error = lacks;
                        rrset = "";
                }
                plane_view_fill(plane, rrset, arena, &ret->planes[i]);
                if (error) {
                        ret->planes[i].address_error = error;
                        ret->planes[i].address_is_wrong = true;
                }
                ret->planes[i].was = policy->planes[i].was.verdict;
                ret->planes[i].was_since = policy->planes[i].was.since;
                ret->planes[i].mark = policy->planes[i].was.mark;
        }
}

/* When the oldest of the reads of the targets in force began; 0: one was never read. */
static mono_ms looked_at(const struct policy *policy)
{
        mono_ms oldest = policy->targets[0]->looked_at;
        for (unsigned i = 1; i < policy->target_count; i++)
                oldest = policy->targets[i]->looked_at < oldest ? policy->targets[i]->looked_at : oldest;
        return oldest;
}

void gather_view(struct policy *policy, struct arena *arena, struct view *ret)
{
        struct manager *manager = policy->manager;
        policy_place_targets(policy);
        *ret = (struct view){
            .decide = failover_decide,
            .now = loop_now(manager->loop),
            .wall = pace_wall(&manager->pace),
            .identity = manager->options.identity,
            .store = policy->keeper.store->owner(policy, arena),
            .former_store = policy->keeper.store->former(policy, arena),
            .region = manager->options.region,
            .late_until = manager->pace.late_until,
            .late_by = manager->pace.late_by,
            .operator_namespace = manager->options.own_namespace,
            .kill_switch = manager->kill_switch.is_on,
            .kill_switch_why = manager->kill_switch.why,
            .blast_limit_reached = pace_limit_reached(&manager->pace),
            .confirmed_epoch = policy->confirmation.epoch,
            .record_refusal = policy->keeper.refusal ? arena_strdup(arena, policy->keeper.refusal) : NULL,
            .record_seen_at = policy->keeper.seen_at,
        };
        INVARIANT(RAND_bytes((unsigned char *)&ret->fresh_id, sizeof(ret->fresh_id)) == 1);
        gather_policy(policy, arena, &ret->policy);
        gather_planes(policy, arena, ret);
        gather_targets(policy, arena, ret);
        gather_obstacles(ret, arena);
        standby_watch_show(policy, ret);
        policy->keeper.store->show(policy, arena, ret);
        record_keeper_show(policy, ret);
        requests_show(&policy->requests, looked_at(policy), &ret->policy);
        roles_begin(ret, arena);
}
