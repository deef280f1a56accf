/* claims.c -- a DNS name and a lock belong to one policy each. */
#include "reconcile/claims.h"

#include <string.h>
#include <strings.h>

#include "reconcile/policy_targets.h"
#include "reconcile/record_store.h"
#include "reconcile/target_config.h"
#include "util/text.h"

struct search {
        const struct policy *policy;
        struct policy *rival;
        const char *what;
};

static bool same_name(const struct policy *a, const struct policy *b)
{
        return strcmp(a->spec->dns.name, b->spec->dns.name) == 0 &&
               strcmp(a->dns_server, b->dns_server) == 0;
}

static bool same_lock(const struct policy *a, const struct policy *b)
{
        const struct policy_redis *x = &a->spec->redis, *y = &b->spec->redis;
        return x->lock_key[0] && strcmp(x->lock_key, y->lock_key) == 0 && x->db == y->db &&
               x->address[0] && strcmp(x->address, y->address) == 0;
}

/* Two that promote one Redis would each demote what the other has promoted. */
static bool same_primary(const struct policy *a, const struct policy *b)
{
        if (!failover_policy_promotes(a->spec) || !failover_policy_promotes(b->spec))
                return false;
        for (size_t i = 0; i < a->plane_count; i++) {
                const struct management_plane *x = a->planes[i].plane->spec;
                for (size_t j = 0; x && x->redis_address[0] && j < b->plane_count; j++) {
                        const struct management_plane *y = b->planes[j].plane->spec;
                        if (y && strcmp(x->redis_address, y->redis_address) == 0)
                                return true;
                }
        }
        return false;
}

/* Whether two lists with commas between them share a host. */
static bool share_one(const char *a, const char *b)
{
        for (const char *at = a; *at;) {
                const size_t bytes = strcspn(at, ",");
                for (const char *other = b; *other;) {
                        const size_t other_bytes = strcspn(other, ",");
                        if (bytes == other_bytes && strncasecmp(at, other, bytes) == 0)
                                return true;
                        other += other_bytes + (other[other_bytes] == ',');
                }
                at += bytes + (at[bytes] == ',');
        }
        return false;
}

/*
 * One primary under one name, at servers that both ask, or where the name is enough: whichever planes they name, each
 * would move the other's.
 */
static bool same_group(const struct policy *a, const struct policy *b)
{
        const struct policy_promotion *x = &a->spec->redis.promotion, *y = &b->spec->redis.promotion;
        const struct target_driver *driver =
            failover_policy_promotes(a->spec) && failover_policy_promotes(b->spec) && text_equal(x->driver, y->driver)
                ? target_driver_find(x->driver)
                : NULL;
        if (!driver || !driver->which)
                return false;
        const char *which = policy_promotion_setting(x, driver->which);
        const char *where = policy_promotion_setting(x, driver->where);
        const char *others = policy_promotion_setting(y, driver->where);
        return which && text_equal(which, policy_promotion_setting(y, driver->which)) &&
               (!driver->where || (where && others && share_one(where, others)));
}

static bool is_older(const struct policy *a, const struct policy *b)
{
        return a->created_at != b->created_at ? a->created_at < b->created_at : strcmp(a->key, b->key) < 0;
}

static void compare(void *value, void *ctx)
{
        struct policy *other = value;
        struct search *search = ctx;
        if (other == search->policy || !other->spec || !is_older(other, search->policy))
                return;
        if (search->rival && !is_older(other, search->rival))
                return;
        if (same_name(other, search->policy))
                search->what = "DNS name";
        else if (same_lock(other, search->policy))
                search->what = "lock";
        else if (same_primary(other, search->policy) || same_group(other, search->policy))
                search->what = "Redis to be promoted";
        else
                return;
        search->rival = other;
}

static bool owns(const struct stamp *stamp, const char *store)
{
        return stamp->presence == STAMP_OURS && text_equal(stamp->store, store);
}

struct policy *claims_find(const struct policy *policy, const char **ret_what, struct arena *arena)
{
        const char *store = policy->keeper.store->owner(policy, arena);
        bool owns_all = policy->target_count > 0;
        for (unsigned i = 0; i < policy->target_count; i++)
                owns_all &= !target_traits(policy->targets[i]->ref.kind)->is_stamped ||
                            owns(&policy->targets[i]->state.stamp, store);
        if (owns_all)
                return NULL;
        struct search search = {.policy = policy};
        map_each(&policy->manager->policies, compare, &search);
        if (!search.rival)
                return NULL;
        /* The ownership record at the target decides, and age only where there is none: the older policy is the
         * newcomer here. */
        if (owns(&policy_name(policy)->state.stamp, store) && strcmp(search.what, "DNS name") == 0)
                return NULL;
        *ret_what = search.what;
        return search.rival;
}

struct claim_search {
        const struct policy *owner;
        const struct policy *claimant;
};

static void look_for_claimant(void *value, void *ctx)
{
        const struct policy *other = value;
        struct claim_search *search = ctx;
        if (other != search->owner && other->spec &&
            (same_name(other, search->owner) || same_lock(other, search->owner) ||
             same_primary(other, search->owner) || same_group(other, search->owner)))
                search->claimant = other;
}

const struct policy *claims_claimant(const struct policy *owner)
{
        struct claim_search search = {.owner = owner};
        map_each(&owner->manager->policies, look_for_claimant, &search);
        return search.claimant;
}

void claims_changed(struct policy *policy)
{
        struct arena arena = {0};
        const char *what;
        struct policy *owner = policy->spec ? claims_find(policy, &what, &arena) : NULL;
        if (owner)
                status_request(&owner->status);
        arena_deinit(&arena);
}

const char *claims_rival(const struct policy *policy, struct arena *arena)
{
        const char *what;
        const struct policy *rival = claims_find(policy, &what, arena);
        if (!rival)
                return "";
        return arena_printf(arena, "the older policy %s has the same %s: give this one another, or delete one of them",
                            rival->key, what);
}
