/* elasticache_swap.c -- FailoverGlobalReplicationGroup, all the reasons not to ask for it, and whether it may be. */
#include <string.h>

#include "runtime/clock.h"
#include "targets/redis/elasticache_session.h"
#include "targets/redis/group_rights.h"
#include "util/text.h"

/* No replication group has this name, so that asking for it can promote none. */
#define NO_GROUP "planekeeper-preflight"

/* ---- the swap ---- */

static enum err await_writes(const struct member *to, struct errmsg *reterr)
{
        if (to->err != ERR_OK)
                return err_set(reterr, to->err, "%s", to->why.text);
        return err_set(reterr, ERR_PENDING, "%s: ElastiCache names it the primary, and it %s", to->address,
                       to->is_primary ? "takes no writes yet" : "is a replica still");
}

static enum err order(struct elasticache *self, const struct elasticache_region *to, struct target_visit *visit)
{
        const struct elasticache_site site = elasticache_site_of(self, to);
        struct elasticache_call call = {.deadline = visit->deadline};
        self->base.requests++;
        enum err err = elasticache_failover(&site, to->place.region, to->place.group_id, &call, &visit->why);
        visit->retry_after_ms = call.retry_after_ms;
        if (err == ERR_OK)
                return err_set(&visit->why, ERR_PENDING, "ElastiCache %s makes %s the primary of %.80s",
                               to->place.region, to->place.group_id, self->id);
        if (text_equal(call.code, "InvalidParameterValue") || text_equal(call.code, "InvalidParameterCombination"))
                return err_wrap(&visit->why, err,
                                "%s in %s is refused as the primary: correct spec.redis.elastiCache of the "
                                "ManagementPlane",
                                to->place.group_id, to->place.region);
        return err;
}

/* Whether ElastiCache could promote it now. */
static enum err check_member(const struct elasticache *self, const struct elasticache_look *look,
                             const struct elasticache_place *to, struct errmsg *reterr)
{
        const struct elasticache_member *member = elasticache_find(&look->view, to);
        if (!member)
                return err_set(reterr, ERR_INVALID,
                               "the global datastore %.80s has no replication group %s in %s: add it there, or correct "
                               "spec.redis.elastiCache of the ManagementPlane",
                               self->id, to->group_id, to->region);
        if (!text_equal(look->view.status, "available"))
                return err_set(reterr, ERR_TRANSIENT, "the global datastore %.80s is \"%s\", not available", self->id,
                               look->view.status);
        if (!text_equal(member->status, "associated"))
                return err_set(reterr, ERR_TRANSIENT,
                               "%s in %s is \"%s\" in the global datastore %.80s, not associated", to->group_id,
                               to->region, member->status, self->id);
        return ERR_OK;
}

static enum err decide(struct elasticache *self, const struct elasticache_look *look, const struct member *to,
                       const struct elasticache_region *region, struct target_visit *visit)
{
        struct errmsg *why = &visit->why;
        const struct target_state *expected = visit->expected;
        const struct member *primary = look->primary;
        if (look->is_modifying)
                return err_set(why, ERR_PENDING, "ElastiCache %s is modifying the global datastore %.80s",
                               region->place.region, self->id);
        if (primary == to)
                return look->takes_writes ? ERR_OK : await_writes(to, why);
        /* One that was silent at the look before may take writes by now; one that fell silent since may be left. */
        if (expected->present ? !text_equal(expected->value, look->shown) : look->takes_writes)
                return err_set(why, ERR_CONFLICT, "the primary is \"%.100s\" by now", look->shown);
        if (to->err != ERR_OK)
                return err_set(why, to->err, "%s", to->why.text);
        enum err err = check_member(self, look, &region->place, why);
        if (err == ERR_OK)
                err = group_check(self->group, to, look->takes_writes ? primary : NULL, why);
        return err == ERR_OK ? order(self, region, visit) : err;
}

void elasticache_swap(struct elasticache *self, struct target_visit *visit)
{
        const struct member *to = group_wanted(self->group, visit->want->value);
        const struct elasticache_region *region = to ? elasticache_region_of(self, to->address) : NULL;
        struct elasticache_look look;
        if (!region) {
                visit->err = err_set(&visit->why, ERR_INVALID,
                                     "%.200s is the Redis of no plane that says where it is in ElastiCache: write "
                                     "spec.redis.address and spec.redis.elastiCache of the ManagementPlane",
                                     visit->want->value);
                return;
        }
        visit->err = elasticache_look_at(self, region, visit, &look);
        if (visit->err != ERR_OK)
                return;
        visit->err = decide(self, &look, to, region, visit);
        if (visit->err == ERR_PENDING)
                look.is_modifying = true; /* until a read shows what came of it */
        if (visit->err == ERR_OK || visit->err == ERR_PENDING)
                elasticache_state(self, &look, visit->expected->version, visit->deadline, &visit->found);
}

/* ---- before a switch ---- */

/*
 * Whether the keys may ask for a failover is known by one that no service could carry out. ElastiCache looks at rights
 * first; a policy that allows named replication groups only refuses this one, which says nothing of the others.
 */
static enum err try_failover(struct elasticache *self, const struct elasticache_region *region,
                             const struct elasticache_member *primary, mono_ms deadline, struct errmsg *reterr)
{
        const struct elasticache_site site = elasticache_site_of(self, region);
        struct elasticache_call call = {.deadline = deadline};
        struct errmsg why = {0};
        self->base.requests++;
        enum err err = elasticache_failover(&site, primary->region, NO_GROUP, &call, &why);
        if (err == ERR_INVALID || strstr(why.text, NO_GROUP))
                return ERR_OK;
        return err == ERR_DENIED ? err_set(reterr, err, "%s", why.text) : ERR_TRANSIENT;
}

static enum err check_region(struct elasticache *self, const struct elasticache_region *region, mono_ms deadline,
                             struct errmsg *reterr)
{
        const struct elasticache_site site = elasticache_site_of(self, region);
        struct elasticache_call call = {.deadline = net_share(deadline, 2)};
        struct elasticache_view view;
        self->base.requests++;
        enum err err = elasticache_describe(&site, &call, &view, reterr);
        const struct elasticache_member *primary = err == ERR_OK ? elasticache_primary(&view) : NULL;
        if (err != ERR_OK)
                return err == ERR_DENIED || err == ERR_INVALID ? err : ERR_TRANSIENT;
        if (!primary || !text_equal(view.status, "available"))
                return ERR_TRANSIENT;
        return try_failover(self, region, primary, deadline, reterr);
}

enum err elasticache_preflight(struct elasticache *self, struct target_preflight *preflight, struct errmsg *reterr)
{
        static const char wanted[] = "{'INFO', 'replication'}, {'SET', '" MEMBER_PROBE_KEY "', '', 'XX'}";
        enum err known = group_rights_check(self->group, wanted, net_share(preflight->deadline, 2), reterr);
        for (unsigned i = 0; i < self->count && known != ERR_DENIED && known != ERR_INVALID; i++) {
                const mono_ms most = net_share(preflight->deadline, self->count - i);
                struct errmsg why = {0};
                enum err err = check_region(self, &self->regions[i], most, &why);
                if (err != ERR_TRANSIENT)
                        known = err;
                if (err == ERR_DENIED || err == ERR_INVALID)
                        (void)err_set(reterr, err, "%s", why.text);
        }
        return known;
}
