/* plan.c -- what the effects of one epoch will use. */
#include "core/plan.h"

#include <string.h>

#include "core/fence.h"
#include "core/targets.h"
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

/*
 * Keeps the newest: an overflow drops the oldest, whose late packet then shows as Drift instead of being overwritten.
 */
static void add_old(const char **values, unsigned *count, const char *value)
{
        for (unsigned i = 0; i < *count; i++)
                if (strcmp(values[i], value) == 0)
                        return;
        if (*count < PLAN_OLD_MAX)
                values[(*count)++] = value;
}

static void add_all_old(const char **values, unsigned *count, const char *const *older, unsigned older_count)
{
        for (unsigned i = 0; i < older_count; i++)
                add_old(values, count, older[i]);
}

static void add_old_rrsets(const struct view *view, const struct record *before, struct plan *plan)
{
        if (view->dns_health.read_at)
                add_old(plan->old_rrsets, &plan->old_rrset_count, view->dns.rrset);
        if (!before)
                return;
        add_old(plan->old_rrsets, &plan->old_rrset_count, before->plan.to_rrset);
        /* Only a server that has shown the record's epoch is safe from the packets of the epochs before it. */
        if (fence_dns(before, view) != FENCE_MET)
                add_all_old(plan->old_rrsets, &plan->old_rrset_count, before->plan.old_rrsets,
                            before->plan.old_rrset_count);
}

static void add_old_locks(const struct view *view, const struct record *before, struct plan *plan)
{
        if (!plan->lock_server[0])
                return;
        if (view->lock_health.read_at && view->lock.present)
                add_old(plan->old_locks, &plan->old_lock_count, view->lock.value);
        if (!before || !before->plan.lock_server[0])
                return;
        add_old(plan->old_locks, &plan->old_lock_count, before->plan.to_lock);
        /* Always, because Redis may lose its last write and then shows the epoch before the one that it had shown. */
        add_all_old(plan->old_locks, &plan->old_lock_count, before->plan.old_locks, before->plan.old_lock_count);
}

struct plan plan_values(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena)
{
        const struct targets targets = targets_of_spec(view);
        bool has_lock = targets.lock_server[0] != '\0';
        return (struct plan){
            .dns_provider = targets.dns_provider,
            .dns_server = targets.dns_server,
            .dns_name = targets.dns_name,
            .dns_ttl_s = view->policy.dns_ttl_s,
            .to_rrset = to->rrset,
            .lock_server = targets.lock_server,
            .lock_key = targets.lock_key,
            .lock_db = targets.lock_db,
            .to_lock = has_lock ? plan_lock_value(view, to, epoch, arena) : "",
        };
}

struct plan plan_for(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena)
{
        struct plan plan = plan_values(view, to, epoch, arena);
        INVARIANT(to->rrset[0]);
        /*
         * What is recorded of other targets says nothing of these, unless an unfinished switch is carried over to them
         * by a person. A plan that is not known says nothing at all.
         */
        bool is_related = view->record && view->plan_proof == PLAN_PROVEN &&
                          (view->record->phase == PHASE_SWITCHING || !targets_moved(view));
        const struct record *before = is_related ? view->record : NULL;
        add_old_rrsets(view, before, &plan);
        add_old_locks(view, before, &plan);
        return plan;
}

bool plan_is_outdated(const struct view *view, const struct plane_view *active, struct arena *arena)
{
        const struct record *record = view->record;
        if (!active->rrset[0] || targets_moved(view))
                return false; /* nothing better is known, or other targets have to be adopted first */
        if (strcmp(record->plan.to_rrset, active->rrset) != 0 || record->plan.dns_ttl_s != view->policy.dns_ttl_s)
                return true;
        /* The template's {epoch} is filled with the record's own epoch, so that only an edit makes a difference. */
        return targets_use_lock(view) &&
               strcmp(record->plan.to_lock, plan_lock_value(view, active, record->epoch, arena)) != 0;
}

size_t plan_bytes(const struct plan *plan)
{
        enum { QUOTES = sizeof(",\"\"") - 1 };
        size_t bytes = strlen(plan->dns_name) + strlen(plan->dns_server) + strlen(plan->lock_server) +
                       strlen(plan->lock_key) + strlen(plan->to_rrset) + strlen(plan->to_lock);
        for (unsigned i = 0; i < plan->old_rrset_count; i++)
                bytes += strlen(plan->old_rrsets[i]) + QUOTES;
        for (unsigned i = 0; i < plan->old_lock_count; i++)
                bytes += strlen(plan->old_locks[i]) + QUOTES;
        return bytes;
}
