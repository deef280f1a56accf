/* judge_rest.c -- whether all has come to rest, and whether what is dead is left. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge_parts.h"
#include "redis_servers.h"
#include "replica.h"
#include "util/text.h"

/* ---- rest ---- */

static const char *text_at(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        return text ? text : "";
}

/* The status agrees with the record, is of the newest spec, and says that all is well. */
static bool is_told_in(unsigned cluster, unsigned policy, const struct decision *decided, char *ret_why, size_t size)
{
        const json_t *object = api_find(cluster, API_POLICIES, NAMESPACE, world.policies[policy].name);
        const json_t *status = json_object_get(object, "status");
        json_int_t generation = json_integer_value(json_object_get(json_object_get(object, "metadata"), "generation"));
        bool is_fresh = json_integer_value(json_object_get(status, "observedGeneration")) == generation;
        bool is_right = !decided || strcmp(text_at(status, "activePlane"), decided->to) == 0;
        if (!is_fresh || !is_right)
                (void)snprintf(ret_why, size, "status of %s: active \"%s\", %s: %.150s", world.policies[policy].name,
                               text_at(status, "activePlane"), text_at(status, "state"), text_at(status, "message"));
        return is_fresh && is_right;
}

static bool is_told(unsigned policy, const struct decision *decided, char *ret_why, size_t size)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                if (!is_told_in(cluster, policy, decided, ret_why, size))
                        return false;
        return true;
}

bool judge_is_at_rest(unsigned policy, char *ret_why, size_t size)
{
        const struct judged_policy *judged = &judge.policies[policy];
        const json_t *status =
            json_object_get(api_find(0, API_POLICIES, NAMESPACE, world.policies[policy].name), "status");
        if (world.policies[policy].is_advised)
                return is_told(policy, NULL, ret_why, size);
        const struct decision *decided = latest_decision(policy);
        if (decided && decided->epoch == judged->epoch && decided->is_steady && is_shown(policy, false, decided) &&
            (!decided->uses_lock || is_shown(policy, true, decided)) &&
            decided->uses_lock == world.policies[policy].uses_lock && judge_follows(policy, decided))
                return is_told(policy, decided, ret_why, size);
        (void)snprintf(ret_why, size, "%s: epoch %" PRIu64 " %s; name \"%s\", lock \"%s\"; %s: %.150s",
                       world.policies[policy].name, judged->epoch,
                       decided && decided->is_steady ? "Steady" : "not steady", registers.dns[policy].value,
                       registers.lock[policy].value, text_at(status, "state"), text_at(status, "message"));
        return false;
}

void judge_restore(unsigned policy)
{
        const struct judged_policy *judged = &judge.policies[policy];
        const struct decision *decided = latest_decision(policy); /* which may have come back with a backup */
        const struct decision *last = decided ? decided : judged->count ? &judged->decisions[judged->count - 1] : NULL;
        if (world.policies[policy].is_promoted && judged->is_touched && last && judge_plane(last->to) >= 0)
                redis_servers_put_back((unsigned)judge_plane(last->to));
        if (!decided || !judged->is_touched)
                return;
        struct reg *lock = &registers.lock[policy];
        value_of(policy, false, decided, registers.dns[policy].value, REGISTER_VALUE_BYTES);
        if (decided->uses_lock)
                value_of(policy, true, decided, lock->value, REGISTER_VALUE_BYTES);
        registers.lock_changed_at[policy] = vtime_now();
        lock->is_present |= decided->uses_lock;
        replica_written(policy);
}

void judge_describe(unsigned policy, char *ret_text, size_t size)
{
        const json_t *object = api_find(0, API_POLICIES, NAMESPACE, world.policies[policy].name);
        const json_t *status = json_object_get(object, "status");
        (void)snprintf(ret_text, size, "%s: %.220s", text_at(status, "state"), text_at(status, "message"));
}

int judge_bound_to_leave(unsigned policy)
{
        const struct policy_config *config = &world.policies[policy];
        const struct decision *decided = latest_decision(policy);
        bool may_hold =
            config->is_advised || config->cooldown_s || config->max_switches < 9 || judge.policies[policy].is_touched;
        return decided && !may_hold ? judge_plane(decided->to) : -1;
}

bool judge_is_switching(unsigned policy)
{
        const struct decision *decided = latest_decision(policy);
        return decided && !decided->is_steady;
}

int judge_active(unsigned policy)
{
        const struct decision *decided = latest_decision(policy);
        if (decided)
                return judge_plane(decided->to);
        const json_t *object = api_find(0, API_POLICIES, NAMESPACE, world.policies[policy].name);
        return judge_plane(text_at(json_object_get(object, "status"), "activePlane"));
}

bool judge_has_left(unsigned policy, unsigned plane)
{
        const struct decision *decided = latest_decision(policy);
        return decided && strcmp(decided->to, world_plane(plane)) != 0 && is_shown(policy, false, decided) && judge_is_primary(policy, decided) &&
               (!decided->uses_lock || is_shown(policy, true, decided));
}

/* As kubectl and /readyz would tell: all are ready, and one of each cluster leads. */
static bool is_staffed(char *ret_why, size_t size)
{
        unsigned leaders[CLUSTERS_MAX] = {0};
        for (unsigned i = 0; i < world.host_count; i++) {
                struct strbuf why = STRBUF_INIT(256);
                bool is_ready = hosts[i].is_alive && hosts[i].has_services && manager_is_ready(&hosts[i].manager, &why);
                (void)snprintf(ret_why, size, "operator %u is not ready: %s", i, strbuf_text(&why));
                strbuf_deinit(&why);
                if (!is_ready)
                        return false;
                leaders[hosts[i].cluster] += hosts[i].manager.is_leader;
        }
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++) {
                (void)snprintf(ret_why, size, "cluster %u has %u leaders", cluster, leaders[cluster]);
                if (leaders[cluster] != 1)
                        return false;
        }
        return true;
}

bool judge_is_settled(char *ret_why, size_t size)
{
        if (!is_staffed(ret_why, size))
                return false;
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++) {
                if (api_flows(cluster))
                        continue;
                (void)snprintf(ret_why, size, "a watch of cluster %u stands still", cluster);
                return false;
        }
        for (unsigned i = 0; i < world.policy_count; i++)
                if (!judge_is_at_rest(i, ret_why, size))
                        return false;
        return true;
}
