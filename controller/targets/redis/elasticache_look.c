/* elasticache_look.c -- the primary of a global datastore, and which planes' Redis could be made it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "targets/redis/elasticache_session.h"
#include "targets/redis/lag.h"
#include "util/mem.h"
#include "util/text.h"

enum { REGION_MS = 2500, WHY_BYTES = 1024, LIST_BYTES = 300 };

#define NO_MEMBER "RedisNotInGlobalDatastore"
#define BUSY "GlobalDatastoreNotAvailable"

/* ---- a look ---- */

static enum err describe(struct elasticache *self, const struct elasticache_region *region, mono_ms deadline,
                         struct target_visit *visit, struct elasticache_view *ret, struct errmsg *why)
{
        const struct elasticache_site site = elasticache_site_of(self, region);
        const mono_ms most = clock_mono() + REGION_MS;
        struct elasticache_call call = {.deadline = deadline < most ? deadline : most};
        self->base.requests++;
        enum err err = elasticache_describe(&site, &call, ret, why);
        if (call.retry_after_ms > visit->retry_after_ms)
                visit->retry_after_ms = call.retry_after_ms;
        return err;
}

/* The first error is told: it is of the region that matters most. A refusal there is not passed over. */
static enum err ask_regions(struct elasticache *self, const struct elasticache_region *first,
                            struct target_visit *visit, struct elasticache_view *ret)
{
        struct errmsg why = {0};
        enum err err = first ? describe(self, first, net_share(visit->deadline, self->count), visit, ret, &visit->why)
                             : ERR_TRANSIENT;
        bool is_told = first != NULL;
        for (unsigned i = 0; i < self->count && err == ERR_TRANSIENT; i++) {
                if (&self->regions[i] == first)
                        continue;
                err = describe(self, &self->regions[i], net_share(visit->deadline, self->count - i), visit, ret, &why);
                if (!is_told || err != ERR_TRANSIENT)
                        visit->why = why;
                is_told = true;
        }
        if (err == ERR_OK)
                visit->retry_after_ms = 0; /* another region answered: nothing has to wait */
        return err;
}

/* A kept connection stays with the server that it began with, and the address may lead to another one by now. */
static void ask_servers(struct group *group, mono_ms deadline)
{
        for (unsigned i = 0; i < group->count; i++)
                if (connection_point(group->members[i].connection, group->members[i].address, NULL) != ERR_OK)
                        group->members[i].err = ERR_INVALID; /* the look tells it */
        group_look(group, false, deadline);
}

enum err elasticache_look_at(struct elasticache *self, const struct elasticache_region *first,
                             struct target_visit *visit, struct elasticache_look *ret)
{
        struct group *group = self->group;
        *ret = (struct elasticache_look){0};
        ask_servers(group, net_share(visit->deadline, 2));
        for (unsigned i = 0; i < group->count; i++) {
                const struct member *member = &group->members[i];
                if (member->err == ERR_DENIED || member->err == ERR_INVALID)
                        return err_set(&visit->why, member->err, "%s", member->why.text);
        }
        enum err err = ask_regions(self, first, visit, &ret->view);
        if (err != ERR_OK)
                return err;
        if (ret->view.is_cluster)
                return err_set(&visit->why, ERR_INVALID,
                               "the global datastore %.80s is in cluster mode, where no one server takes all writes: "
                               "leave redis.promotion out, or use one without cluster mode",
                               self->id);
        ret->told = elasticache_primary(&ret->view);
        for (unsigned i = 0; i < self->count; i++)
                if (ret->told && elasticache_find(&ret->view, &self->regions[i].place) == ret->told)
                        ret->primary = group_find(group, self->regions[i].place.address);
        if (ret->primary)
                (void)TEXT_COPY(ret->shown, ret->primary->address);
        else if (ret->told)
                (void)snprintf(ret->shown, sizeof(ret->shown), "%s/%s", ret->told->region, ret->told->group_id);
        ret->takes_writes = ret->primary && ret->primary->err == ERR_OK && ret->primary->takes_writes;
        ret->is_modifying = text_equal(ret->view.status, "modifying");
        return ERR_OK;
}

/* ---- planes whose Redis cannot be made the primary ---- */

static const char *listed(const struct elasticache_view *view, char ret[static LIST_BYTES])
{
        size_t at = 0;
        ret[0] = '\0';
        for (unsigned i = 0; i < view->count && at < LIST_BYTES; i++)
                at += (size_t)snprintf(ret + at, LIST_BYTES - at, "%s%s in %s", i ? ", " : "",
                                       view->members[i].group_id, view->members[i].region);
        return ret[0] ? ret : "none";
}

/* The reason why ElastiCache would not promote the Redis at @address, and the text with the remedy; NULL: none. */
static const char *obstacle(const struct elasticache *self, const struct elasticache_look *look, const char *address,
                            char why[static WHY_BYTES])
{
        char members[LIST_BYTES];
        const struct elasticache_region *region = elasticache_region_of(self, address);
        const struct elasticache_member *member = region ? elasticache_find(&look->view, &region->place) : NULL;
        if (!region) {
                (void)snprintf(why, WHY_BYTES,
                               "which replication group its Redis %.150s is in is not known: write "
                               "spec.redis.elastiCache of the ManagementPlane",
                               address);
                return NO_MEMBER;
        }
        if (!member) {
                (void)snprintf(why, WHY_BYTES,
                               "its Redis %.150s is said to be of %s in %s, and the global datastore %.80s has %s: add "
                               "it there, or correct spec.redis.elastiCache of the ManagementPlane",
                               address, region->place.group_id, region->place.region, self->id,
                               listed(&look->view, members));
                return NO_MEMBER;
        }
        if (!text_equal(member->status, "associated")) {
                (void)snprintf(why, WHY_BYTES, "its replication group %s in %s is %s in the global datastore %.80s",
                               member->group_id, member->region, member->status, self->id);
                return NO_MEMBER;
        }
        if (text_equal(look->view.status, "available") || (look->is_modifying && !self->group->is_settled))
                return NULL;
        (void)snprintf(why, WHY_BYTES,
                       "the global datastore %.80s is \"%s\" and takes no failover until it is available again",
                       self->id, look->view.status);
        return BUSY;
}

/* Only where the servers write one stream can their offsets be compared; else a replica's own word is all there is. */
static bool are_comparable(const struct group *group, const struct member *primary)
{
        for (unsigned i = 0; primary && i < group->count; i++) {
                const struct member *member = &group->members[i];
                if (member->err == ERR_OK && !member->is_primary && !member->is_empty &&
                    !text_equal(member->stream, primary->stream))
                        return false;
        }
        return true;
}

static struct unready *place_for(struct target_state *state, const char *address)
{
        for (unsigned i = 0; i < state->unready_count; i++)
                if (text_equal(state->unready[i].value, address)) {
                        struct unready *found = (struct unready *)&state->unready[i];
                        free((char *)found->value);
                        free((char *)found->why);
                        free((char *)found->reason);
                        return found;
                }
        return state->unready_count < UNREADY_MAX ? (struct unready *)&state->unready[state->unready_count++] : NULL;
}

static void tell_unready(struct elasticache *self, const struct elasticache_look *look, const char *kept,
                         mono_ms deadline, struct target_state *ret)
{
        struct group *group = self->group;
        const struct member *primary =
            look->primary && look->primary->err == ERR_OK && look->primary->is_primary ? look->primary : NULL;
        const bool is_sample = are_comparable(group, primary);
        if (is_sample) {
                lag_tell(group, primary, kept, deadline, ret);
        } else {
                lag_judge(&(const struct lag){0}, group, primary, clock_mono(), ret);
                ret->version = mem_strdup("");
        }
        for (unsigned i = 0; i < group->count; i++) {
                char why[WHY_BYTES];
                const char *address = group->members[i].address;
                const bool is_asked = &group->members[i] != look->primary && !text_equal(address, group->planned);
                const char *reason = is_asked ? obstacle(self, look, address, why) : NULL;
                struct unready *place = reason ? place_for(ret, address) : NULL;
                if (place)
                        *place = (struct unready){
                            .value = mem_strdup(address), .why = mem_strdup(why), .reason = mem_strdup(reason)};
        }
}

/* ---- the state ---- */

static const struct member *find_zombie(const struct group *group, const struct elasticache_look *look)
{
        for (unsigned i = 0; i < group->count; i++) {
                const struct member *member = &group->members[i];
                if (member != look->primary && member->err == ERR_OK && member->is_primary)
                        return member;
        }
        return NULL;
}

static char *doubt(const struct elasticache *self, const struct elasticache_look *look, bool is_settling)
{
        char text[WHY_BYTES];
        const struct member *primary = look->primary, *zombie = is_settling ? NULL : find_zombie(self->group, look);
        if (!look->told)
                (void)snprintf(text, sizeof(text), "ElastiCache names no primary of the global datastore %.80s",
                               self->id);
        else if (!primary)
                (void)snprintf(text, sizeof(text),
                               "ElastiCache names %s in %s the primary, which is no plane's: write "
                               "spec.redis.elastiCache and spec.redis.address of the ManagementPlane there",
                               look->told->group_id, look->told->region);
        else if (!look->takes_writes && !is_settling)
                (void)snprintf(text, sizeof(text),
                               "ElastiCache names %.150s the primary, and it takes no writes: %.300s", primary->address,
                               primary->err != ERR_OK || primary->is_primary ? primary->why.text
                                                                             : "it is a replica still");
        else if (zombie)
                (void)snprintf(text, sizeof(text),
                               "%.150s still calls itself primary beside %.150s: what is written to it is lost when "
                               "ElastiCache makes it a secondary",
                               zombie->address, primary->address);
        else
                return NULL;
        return mem_strdup(text);
}

void elasticache_state(struct elasticache *self, const struct elasticache_look *look, const char *kept,
                       mono_ms deadline, struct target_state *ret)
{
        const struct group *group = self->group;
        const bool is_planned = look->primary && text_equal(look->primary->address, group->planned);
        /* At rest it is modified for other reasons, too: a node type, a parameter. That moves no primary. */
        const bool is_settling = look->is_modifying && !(group->is_settled && is_planned);
        const bool is_shown = !look->primary || look->takes_writes || (group->is_settled && !is_settling);
        group_show(ret, is_shown ? look->shown : "");
        ret->settling = is_settling;
        ret->doubt = doubt(self, look, is_settling);
        tell_unready(self, look, kept, deadline, ret);
}
