/* claims.c -- a DNS name, a lock and a Redis to be promoted belong to one policy each. */
#include "reconcile/claims.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/policy.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_store.h"
#include "reconcile/target_config.h"
#include "util/mem.h"
#include "util/text.h"

/* A text of one policy. Those of the same text are a ring, of which the map of the manager has one. */
struct claim {
        struct policy *policy;
        const char *what; /* static, for people */
        struct claim *next, *previous;
        char key[];
};

static void add(struct policy *policy, const char *what, const char *key)
{
        const size_t bytes = strlen(key) + 1;
        struct claim *claim = mem_calloc(1, sizeof(*claim) + bytes);
        claim->policy = policy;
        claim->what = what;
        memcpy(claim->key, key, bytes);
        claim->next = claim->previous = claim;
        struct claim *first = map_find(&policy->manager->claims, key);
        if (first) {
                claim->next = first->next;
                claim->previous = first;
                first->next->previous = claim;
                first->next = claim;
        } else {
                map_put(&policy->manager->claims, claim->key, claim);
        }
        struct claims *claims = &policy->claims;
        claims->list = mem_realloc(claims->list, claims->count + 1, sizeof(struct claim *));
        claims->list[claims->count++] = claim;
}

static void drop(struct map *map, struct claim *claim)
{
        if (map_find(map, claim->key) == claim) { /* the map's key is in it */
                (void)map_remove(map, claim->key);
                if (claim->next != claim)
                        map_put(map, claim->next->key, claim->next);
        }
        claim->next->previous = claim->previous;
        claim->previous->next = claim->next;
        free(claim);
}

void claims_drop(struct policy *policy)
{
        for (size_t i = 0; i < policy->claims.count; i++)
                drop(&policy->manager->claims, policy->claims.list[i]);
        free(policy->claims.list);
        policy->claims = (struct claims){0};
}

/* Two that promote one Redis would each demote what the other has promoted. */
static void add_primaries(struct policy *policy, struct arena *arena)
{
        for (size_t i = 0; i < policy->plane_count; i++) {
                const struct management_plane *plane = policy->planes[i].plane->spec;
                if (plane && plane->redis_address[0])
                        add(policy, "Redis to be promoted", arena_printf(arena, "redis %s", plane->redis_address));
        }
}

/*
 * One primary under one name, at servers that both ask (a list with commas between them), or where the name is enough:
 * whichever planes they name, each would move the other's.
 */
static void add_group(struct policy *policy, struct arena *arena)
{
        const struct policy_promotion *promotion = &policy->spec->redis.promotion;
        const struct target_driver *driver = target_driver_find(promotion->driver);
        const char *which = driver && driver->which ? policy_promotion_setting(promotion, driver->which) : NULL;
        if (!which)
                return;
        if (!driver->where) {
                add(policy, "Redis to be promoted", arena_printf(arena, "group %s %s", promotion->driver, which));
                return;
        }
        const char *where = policy_promotion_setting(promotion, driver->where);
        for (const char *at = where ? where : ""; *at;) {
                const size_t bytes = strcspn(at, ",");
                char *key = arena_printf(arena, "group %s %s at %.*s", promotion->driver, which, (int)bytes, at);
                for (char *letter = key + strlen(key) - bytes; *letter; letter++)
                        *letter = (char)tolower((unsigned char)*letter);
                add(policy, "Redis to be promoted", key);
                at += bytes + (at[bytes] == ',');
        }
}

void claims_renew(struct policy *policy)
{
        claims_drop(policy);
        const struct failover_policy *spec = policy->spec;
        if (!spec)
                return;
        struct arena arena = {0};
        add(policy, "DNS name", arena_printf(&arena, "name %s at %s", spec->dns.name, policy->dns_server));
        if (spec->redis.lock_key[0] && spec->redis.address[0])
                add(policy, "lock", arena_printf(&arena, "lock %d %s %s", (int)spec->redis.db, spec->redis.address,
                                                 spec->redis.lock_key));
        if (failover_policy_promotes(spec)) {
                add_primaries(policy, &arena);
                add_group(policy, &arena);
        }
        arena_deinit(&arena);
}

static bool is_older(const struct policy *a, const struct policy *b)
{
        return a->created_at != b->created_at ? a->created_at < b->created_at : strcmp(a->key, b->key) < 0;
}

static struct policy *oldest_rival(const struct policy *policy, const char **ret_what)
{
        struct policy *rival = NULL;
        for (size_t i = 0; i < policy->claims.count; i++) {
                const struct claim *own = policy->claims.list[i];
                for (const struct claim *other = own->next; other != own; other = other->next) {
                        if (!is_older(other->policy, rival ? rival : policy))
                                continue;
                        rival = other->policy;
                        *ret_what = own->what;
                }
        }
        return rival;
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
        const char *what = "";
        struct policy *rival = oldest_rival(policy, &what);
        if (!rival)
                return NULL;
        /* The ownership record at the target decides, and age only where there is none: the older policy is the
         * newcomer here. */
        if (owns(&policy_name(policy)->state.stamp, store) && strcmp(what, "DNS name") == 0)
                return NULL;
        *ret_what = what;
        return rival;
}

const struct policy *claims_claimant(const struct policy *owner)
{
        const struct policy *last = NULL;
        for (size_t i = 0; i < owner->claims.count; i++)
                for (const struct claim *other = owner->claims.list[i]->next; other != owner->claims.list[i];
                     other = other->next)
                        if (other->policy != owner && (!last || strcmp(last->key, other->policy->key) < 0))
                                last = other->policy;
        return last;
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
