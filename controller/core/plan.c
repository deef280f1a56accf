/* plan.c -- what the effects of one epoch will use. */
#include "core/plan.h"

#include <string.h>

#include "core/fence.h"
#include "util/mem.h"

struct token {
        const char *name;
        const char *value;
};

const char *plan_lock_value(const struct view *view, const struct plane_view *plane, epoch_t epoch, struct arena *arena)
{
        const struct token tokens[] = {
                {"{clusterName}", plane->cluster_name},
                {"{name}", plane->name},
                {"{uid}", plane->uid},
                {"{epoch}", arena_printf(arena, "%llu", (unsigned long long)epoch)},
        };
        const char *value = "";
        for (const char *at = view->policy.lock_template; *at;) {
                size_t step = 0;
                for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]) && !step; i++) {
                        size_t length = strlen(tokens[i].name);
                        if (strncmp(at, tokens[i].name, length) == 0) {
                                value = arena_printf(arena, "%s%s", value, tokens[i].value);
                                step = length;
                        }
                }
                if (!step) {
                        step = 1 + strcspn(at + 1, "{");
                        value = arena_printf(arena, "%s%.*s", value, (int)step, at);
                }
                at += step;
        }
        return value;
}

/* Keeps the newest: an overflow drops the oldest, whose late packet then shows as Drift instead of being overwritten. */
static void add_old(const char **values, unsigned *count, const char *value)
{
        for (unsigned i = 0; i < *count; i++)
                if (strcmp(values[i], value) == 0)
                        return;
        if (*count < PLAN_OLD_MAX)
                values[(*count)++] = value;
}

static void add_old_values(const struct view *view, struct plan *plan)
{
        if (view->dns_health.read_at)
                add_old(plan->old_rrsets, &plan->old_rrset_count, view->dns.rrset);
        if (plan->lock_server[0] && view->lock_health.read_at && view->lock.present)
                add_old(plan->old_locks, &plan->old_lock_count, view->lock.value);
        const struct record *before = view->record;
        if (!before || plan_names_other_targets(view, before))
                return;
        add_old(plan->old_rrsets, &plan->old_rrset_count, before->plan.to_rrset);
        if (plan->lock_server[0])
                add_old(plan->old_locks, &plan->old_lock_count, before->plan.to_lock);
        /* Only a target that has shown the record's epoch is safe from the packets of the epochs before it. */
        if (fence_dns(before, view) != FENCE_MET)
                for (unsigned i = 0; i < before->plan.old_rrset_count; i++)
                        add_old(plan->old_rrsets, &plan->old_rrset_count, before->plan.old_rrsets[i]);
        if (plan->lock_server[0] && fence_lock(before, view) != FENCE_MET)
                for (unsigned i = 0; i < before->plan.old_lock_count; i++)
                        add_old(plan->old_locks, &plan->old_lock_count, before->plan.old_locks[i]);
}

struct plan plan_for(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena)
{
        const struct policy_view *policy = &view->policy;
        struct plan plan = {
                .dns_provider = policy->dns_provider,
                .dns_server = policy->dns_server,
                .dns_name = policy->dns_name,
                .dns_ttl_s = policy->dns_ttl_s,
                .to_rrset = to->rrset,
                .lock_server = policy->lock_server,
                .lock_key = "",
                .to_lock = "",
        };
        INVARIANT(to->rrset[0]);
        if (policy->lock_server[0]) {
                plan.lock_key = policy->lock_key;
                plan.lock_db = policy->lock_db;
                plan.to_lock = plan_lock_value(view, to, epoch, arena);
        }
        add_old_values(view, &plan);
        return plan;
}

bool plan_names_other_targets(const struct view *view, const struct record *record)
{
        const struct policy_view *policy = &view->policy;
        const struct plan *plan = &record->plan;
        return strcmp(plan->dns_name, policy->dns_name) != 0 || strcmp(plan->dns_server, policy->dns_server) != 0 ||
               strcmp(plan->dns_provider, policy->dns_provider) != 0 || strcmp(plan->lock_server, policy->lock_server) != 0 ||
               (policy->lock_server[0] && (strcmp(plan->lock_key, policy->lock_key) != 0 || plan->lock_db != policy->lock_db));
}

/* The template's {epoch} is filled with the record's own epoch, so that only an edit makes a difference. */
bool plan_is_outdated(const struct view *view, const struct record *record, const struct plane_view *active)
{
        if (!active->rrset[0])
                return false; /* nothing better is known; what is live stays */
        if (strcmp(record->plan.to_rrset, active->rrset) != 0 || record->plan.dns_ttl_s != view->policy.dns_ttl_s)
                return true;
        if (!view->policy.lock_server[0] || !active->known)
                return false;
        struct arena scratch = {0};
        const char *value = plan_lock_value(view, active, record->epoch, &scratch);
        bool differs = strcmp(record->plan.to_lock, value) != 0;
        arena_deinit(&scratch);
        return differs;
}
