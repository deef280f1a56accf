/* group.c -- the Redis of all planes: who is primary. */
#include "targets/redis/group.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/target.h"
#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { SETTINGS_MAX = 4, VALUE_BYTES = 2400 };

/* The settings that are of every server, and the address of one. */
static enum err add_member(struct group *group, const struct target_config *config, const char *address,
                           struct errmsg *reterr)
{
        static const char *const shared[] = {"tls", "serverName"};
        struct target_setting settings[SETTINGS_MAX] = {{"address", address}};
        size_t count = 1;
        if (group->count == PLANES_MAX)
                return err_set(reterr, ERR_INVALID, "more than %d planes with a Redis", (int)PLANES_MAX);
        for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
                const char *value = target_setting_find(config, shared[i]);
                if (value)
                        settings[count++] = (struct target_setting){shared[i], value};
        }
        const struct target_config one = {.settings = settings,
                                          .setting_count = count,
                                          .credentials = config->credentials,
                                          .credential_count = config->credential_count};
        struct member *member = &group->members[group->count++];
        member->address = mem_strdup(address);
        member->grants = group->grants;
        return connection_new(&one, &member->connection, reterr);
}

enum err group_open(const struct target_driver *driver, const char *grants, const struct target_config *config,
                    struct target_session **ret, struct errmsg *reterr)
{
        struct group *group = mem_new(group);
        const char *planned = target_setting_find(config, "planned"),
                   *lag = target_setting_find(config, "maxLagSeconds");
        enum err err = ERR_OK;
        *group = (struct group){.base.driver = driver,
                                .grants = grants,
                                .planned = mem_strdup(planned ? planned : ""),
                                .is_settled = text_equal(target_setting_find(config, "isSettled"), "true"),
                                .is_confirmed = text_equal(target_setting_find(config, "isConfirmed"), "true"),
                                .max_lag_s = lag ? strtoll(lag, NULL, 10) : GROUP_MAX_LAG_S};
        for (size_t i = 0; i < config->setting_count && err == ERR_OK; i++)
                if (text_equal(config->settings[i].key, "server"))
                        err = add_member(group, config, config->settings[i].value, reterr);
        if (err == ERR_OK && group->count == 0)
                err = err_set(reterr, ERR_INVALID,
                              "no plane has a Redis: write spec.redis.address of each ManagementPlane");
        if (err != ERR_OK) {
                group_close(&group->base);
                return err;
        }
        *ret = &group->base;
        return ERR_OK;
}

struct group *group_of(struct target_session *session)
{
        return (struct group *)session; /* its first member */
}

void group_close(struct target_session *session)
{
        struct group *group = group_of(session);
        for (unsigned i = 0; i < group->count; i++) {
                free((char *)group->members[i].address); /* const for those that only read it */
                member_clear(&group->members[i]);
        }
        free(group->planned);
        free(group);
}

void group_look(struct group *group, bool only_answering, mono_ms deadline)
{
        for (unsigned i = 0; i < group->count; i++) {
                struct member *member = &group->members[i];
                const mono_ms now = clock_mono(), share = (deadline - now) / (mono_ms)(group->count - i);
                if (!only_answering || member->err == ERR_OK)
                        member_look(member, now + (share < GROUP_LOOK_MS ? share : GROUP_LOOK_MS));
        }
}

struct member *group_find(struct group *group, const char *address)
{
        for (unsigned i = 0; i < group->count; i++)
                if (text_equal(group->members[i].address, address))
                        return &group->members[i];
        return NULL;
}

struct member *group_wanted(struct group *group, const char *lines)
{
        struct member *found = NULL;
        for (unsigned i = 0; i < group->count; i++) {
                struct member *member = &group->members[i];
                if (!target_is_wanted(TARGET_PROMOTION, lines, member->address))
                        continue;
                const bool is_primary = member->err == ERR_OK && member->is_primary;
                if (is_primary || !found || (found->err != ERR_OK && member->err == ERR_OK))
                        found = member;
                if (is_primary)
                        break;
        }
        return found;
}

enum err group_check(const struct group *group, const struct member *to, const struct member *from,
                     struct errmsg *reterr)
{
        if (to->is_empty)
                return err_set(reterr, ERR_TRANSIENT,
                               "%s: it has no copy of the data, because its synchronisation with %s is not over: a "
                               "promotion would lose everything; it is promoted when it has one",
                               to->address, to->follows);
        if (from && !group->is_confirmed && to->unlinked_s > group->max_lag_s)
                return err_set(reterr, ERR_TRANSIENT,
                               "%s: its link to the primary %s is down for %" PRId64 " s, which a promotion would "
                               "lose, and the primary answers; mend the link, or raise maxLagSeconds (%" PRId64 ")",
                               to->address, from->address, to->unlinked_s, group->max_lag_s);
        return ERR_OK;
}

/* The replica is loading a copy, or has a link: to whomever, it gets what it gets. */
bool group_is_stray(const struct member *member, const struct member *primary, mono_ms deadline)
{
        if (member->err != ERR_OK || member == primary)
                return false;
        if (member->is_primary)
                return true;
        return !member->is_linked && !member_is_at(primary, member->follows, deadline);
}

/* The primary that those that answer follow, where none of them is one. NULL: it is none of the planes' own. */
static const struct member *followed(const struct group *group, mono_ms deadline)
{
        for (unsigned i = 0; i < group->count; i++) {
                const struct member *replica = &group->members[i];
                for (unsigned j = 0; replica->err == ERR_OK && j < group->count; j++)
                        if (j != i && group->members[j].err != ERR_OK &&
                            member_is_at(&group->members[j], replica->follows, deadline))
                                return &group->members[j];
        }
        return NULL;
}

void group_show(struct target_state *ret, const char *value)
{
        *ret = (struct target_state){
            .present = value[0] != '\0',
            .value = mem_strdup(value),
            .stamp = {.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")}};
}

static enum err set_value(struct target_state *ret, const char *value)
{
        group_show(ret, value);
        return ERR_OK;
}

/* All answer, and none is the primary: a circle of replicas has none, and else it is one that is no plane's. */
static const char *foreign_primary(const struct group *group, mono_ms deadline)
{
        for (unsigned i = 0; i < group->count; i++)
                if (member_is_at(&group->members[i], group->members[0].follows, deadline))
                        return "";
        return group->members[0].follows;
}

static enum err judge_without(const struct group *group, const struct member *planned, mono_ms deadline,
                              struct target_state *ret, struct errmsg *reterr)
{
        const struct member *lost = followed(group, deadline);
        if (lost)
                return set_value(ret, lost->address);
        if (planned && planned->err != ERR_OK && group->is_settled)
                return set_value(ret, planned->address);
        for (unsigned i = 0; i < group->count; i++)
                if (group->members[i].err != ERR_OK)
                        return err_set(reterr, ERR_TRANSIENT,
                                       "%s: no other Redis says that it is the primary, nor which one is",
                                       group->members[i].why.text);
        return set_value(ret, foreign_primary(group, deadline)); /* of no plane: a person has made it so */
}

/* None that the record wants is among them: all are shown, and a person says which one it is. */
static enum err judge_many(const struct group *group, struct target_state *ret)
{
        struct strbuf text = STRBUF_INIT(VALUE_BYTES);
        for (unsigned i = 0; i < group->count; i++)
                if (group->members[i].err == ERR_OK && group->members[i].is_primary)
                        (void)strbuf_printf(&text, "%s%s", strbuf_text(&text)[0] ? " and " : "",
                                            group->members[i].address);
        char why[VALUE_BYTES + 200];
        enum err err = set_value(ret, strbuf_text(&text));
        (void)snprintf(why, sizeof(why),
                       "%s each say that they are the primary, and no decision says which is: demote the one whose "
                       "data is not wanted (REPLICAOF the other one), which loses what was written to it",
                       strbuf_text(&text));
        ret->doubt = mem_strdup(why);
        strbuf_deinit(&text);
        return err;
}

/* One that came back as a primary, and a replica that follows what is gone, are put right by a swap. */
static bool is_in_order(const struct group *group, const struct member *primary, mono_ms deadline)
{
        for (unsigned i = 0; i < group->count; i++)
                if (group_is_stray(&group->members[i], primary, deadline))
                        return false;
        return true;
}

const struct member *group_primary(const struct group *group)
{
        const struct member *found = NULL;
        for (unsigned i = 0; i < group->count; i++) {
                const struct member *member = &group->members[i];
                if (member->err == ERR_OK && member->is_primary &&
                    (!found || text_equal(member->address, group->planned)))
                        found = member;
        }
        return found;
}

enum err group_judge(struct group *group, mono_ms deadline, struct target_state *ret, struct errmsg *reterr)
{
        const struct member *planned = group_find(group, group->planned), *primary = NULL;
        unsigned answers = 0, primaries = 0;
        *ret = (struct target_state){0};
        for (unsigned i = 0; i < group->count; i++) {
                const struct member *member = &group->members[i];
                if (member->err == ERR_DENIED || member->err == ERR_INVALID)
                        return err_set(reterr, member->err, "%s", member->why.text);
                if (member->err == ERR_OK && member->is_cluster)
                        return err_set(reterr, ERR_INVALID,
                                       "%s: it is in cluster mode, where the cluster moves its primaries itself: leave "
                                       "redis.promotion out, or name a server without cluster mode",
                                       member->address);
                answers += member->err == ERR_OK;
                if (member->err != ERR_OK || !member->is_primary)
                        continue;
                primaries++;
                primary = member;
        }
        if (!answers)
                return err_set(reterr, ERR_TRANSIENT, "%s", group->members[0].why.text);
        if (!primaries)
                return judge_without(group, planned, deadline, ret, reterr);
        if (primaries > 1 && !(planned && planned->err == ERR_OK && planned->is_primary))
                return judge_many(group, ret);
        if (primaries > 1)
                return set_value(ret, "");
        group_show(ret, primary == planned && !is_in_order(group, primary, deadline) ? "" : primary->address);
        ret->settling = !primary->takes_writes || primary->is_handing_over;
        return ERR_OK;
}
