/* judge_beside.c -- names that another tool claims, and users who are answered something else. */
#include <stdio.h>
#include <string.h>

#include "beside.h"
#include "judge_parts.h"

/* S11: what another tool claims is not written by whoever was told so, or did not ask for longer than it may. */
void check_claim(const struct host *host, unsigned policy)
{
        if (beside_knows_claim(host, policy))
                world_violated("S11: operator %u writes the name of policy %u, which another tool claims", host->index,
                               policy);
}

static bool says_ready(const json_t *object)
{
        size_t i;
        const json_t *condition;
        json_array_foreach(json_object_get(json_object_get(object, "status"), "conditions"), i, condition)
        {
                const char *type = json_string_value(json_object_get(condition, "type"));
                const char *status = json_string_value(json_object_get(condition, "status"));
                if (type && status && strcmp(type, "Ready") == 0)
                        return strcmp(status, "True") == 0;
        }
        return false;
}

/* W3: nobody says that all is well who knows that users are answered something else. */
void check_ready(const struct exchange *exchange)
{
        enum { TURN_MS = 1500 };
        for (unsigned i = 0; i < world.policy_count; i++) {
                char path[80];
                (void)snprintf(path, sizeof(path), "/failoverpolicies/%s/status", world.policies[i].name);
                const vtime_us since = beside_doubted_since(exchange->host, i);
                if (!exchange->body || !strstr(exchange->target, path) || !since ||
                    vtime_now() - since < TURN_MS * VTIME_MS)
                        continue;
                json_t *object = json_loads(exchange->body, 0, NULL);
                if (says_ready(object))
                        world_violated("W3: operator %u says that policy %u is ready, and users are answered something else",
                                       exchange->host->index, i);
                json_decref(object);
        }
}

bool judge_says_ready(unsigned policy)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                if (says_ready(api_find(cluster, API_POLICIES, NAMESPACE, world.policies[policy].name)))
                        return true;
        return false;
}
