/*
 * judge_names.c -- the name's other authoritative servers: how long they delay what is complete, and whether the status
 * names those that are ill.
 */
#include <stdio.h>
#include <string.h>

#include "beside.h"
#include "judge_parts.h"
#include "nameservers.h"

enum {
        BEHIND_S = 30, /* as long as one that answers old data may delay a commit */
        SLACK_S = 8,
};

static vtime_us later(vtime_us a, vtime_us b)
{
        return a > b ? a : b;
}

/* Until when something befell anybody but the plane that is left, and the servers that only show. */
static vtime_us calm_since(const struct decision *decided)
{
        vtime_us since = world.servers_until;
        for (unsigned i = 0; i < world.host_count; i++)
                since = later(since, world.host_until[i]);
        for (unsigned i = 0; i < world.plane_count; i++)
                if (judge_plane(decided->from) != (int)i)
                        since = later(since, world.plane_until[i]);
        return since;
}

/* L6: a switch whose targets all show it is complete, however the other servers are. */
static void check_delay(unsigned policy)
{
        const struct decision *decided = latest_decision(policy);
        if (!decided || decided->is_steady || !decided->was_routed || judge.policies[policy].is_touched)
                return;
        bool agree = nameservers_agree_since() < decided->routed_at;
        const vtime_us bound = (vtime_us)(agree ? SLACK_S : BEHIND_S + SLACK_S) * VTIME_S;
        const bool is_calm =
            calm_since(decided) < decided->routed_at && beside_is_quiet_since(policy, decided->routed_at);
        if (is_calm && vtime_now() - decided->routed_at > bound)
                world_violated("L6: policy %u shows epoch %llu for %lld s, and it is not complete", policy,
                               (unsigned long long)decided->epoch, (long long)(bound / VTIME_S));
}

void judge_names(void)
{
        for (unsigned i = 0; i < world.policy_count; i++)
                check_delay(i);
}

/* What was cut from a list is told by its number: "and 2 more". */
static bool is_named(const json_t *conditions, unsigned server)
{
        char name[48];
        size_t i;
        const json_t *condition;
        (void)snprintf(name, sizeof(name), "%s", nameservers_address(server));
        json_array_foreach((json_t *)conditions, i, condition)
        {
                const char *text = json_string_value(json_object_get(condition, "message"));
                const char *found = text ? strstr(text, name) : NULL;
                if (text && ((found && strstr(found, nameservers_illness(server))) || strstr(text, " more")))
                        return true;
        }
        return false;
}

bool judge_names_are_told(unsigned policy, char *ret_why, size_t size)
{
        const struct decision *decided = latest_decision(policy);
        if (!decided || judge.policies[policy].is_touched)
                return true;
        (void)snprintf(ret_why, size, "epoch %llu of policy %u is not complete", (unsigned long long)decided->epoch, policy);
        if (!decided->is_steady)
                return false;
        const unsigned cluster = world.is_recorded_in_dns && judge_plane(decided->from) == 0;
        const json_t *object = api_find(cluster, API_POLICIES, NAMESPACE, world.policies[policy].name);
        const json_t *conditions = json_object_get(json_object_get(object, "status"), "conditions");
        for (unsigned i = 0; i < world.nameserver_count; i++) {
                (void)snprintf(ret_why, size, "nothing in the status of policy %u says that %s %s", policy,
                               nameservers_address(i), nameservers_illness(i));
                if (nameservers_illness(i) && !is_named(conditions, i))
                        return false;
        }
        return true;
}
