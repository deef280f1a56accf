/* runbook.c -- the commands that a person would run now. */
#include "core/runbook.h"

#include <string.h>

#include "core/plan.h"
#include "core/request.h"

static void add(struct runbook *runbook, const char *line)
{
        if (runbook->count < RUNBOOK_LINES_MAX)
                runbook->lines[runbook->count++] = line;
}

/* 'text', with ' itself as '\''. */
static const char *quote(const char *text, struct arena *arena)
{
        const char *quoted = "";
        for (const char *at = text; *at;) {
                size_t run = strcspn(at, "'");
                quoted = arena_printf(arena, "%s%.*s%s", quoted, (int)run, at, at[run] ? "'\\''" : "");
                at += run + (at[run] != '\0');
        }
        return arena_printf(arena, "'%s'", quoted);
}

/* nsupdate wants one "update add" per value of the set. */
static const char *update_lines(const struct view *view, const char *rrset, struct arena *arena)
{
        const struct policy_view *policy = &view->policy;
        size_t type = strcspn(rrset, " ");
        const char *lines = "";
        for (const char *at = rrset + type; *at;) {
                at++;
                size_t length = strcspn(at, ",");
                lines = arena_printf(arena, "%s\\nupdate add %s %u %.*s %.*s", lines, policy->dns_name, policy->dns_ttl_s, (int)type, rrset,
                                     (int)length, at);
                at += length;
        }
        return lines;
}

static const struct plane_view *destination(const struct view *view, const struct decision *decision)
{
        if (decision->phase == PHASE_SWITCHING && decision->active)
                return decision->active;
        if (decision->candidate)
                return decision->candidate;
        for (unsigned i = 0; i < view->plane_count; i++)
                if (&view->planes[i] != decision->active && view->planes[i].rrset[0])
                        return &view->planes[i];
        return NULL;
}

void runbook_build(const struct view *view, const struct decision *decision, struct arena *arena, struct runbook *ret)
{
        const struct policy_view *policy = &view->policy;
        const struct plane_view *to = destination(view, decision);
        *ret = (struct runbook){0};
        if (!to || !to->rrset[0]) {
                add(ret, "# no other plane has an address: nothing can be switched by hand either");
                return;
        }
        epoch_t next = (view->record ? view->record->epoch : view->dns.stamp.epoch) + 1;
        add(ret, arena_printf(arena, "# to %s by hand (fit now: %s)", to->name, to == decision->candidate ? "yes" : "no, check it first"));
        if (policy->lock_server[0])
                add(ret, arena_printf(arena, "redis-cli -u redis://%s/%u SET %s %s", policy->lock_server, policy->lock_db,
                                      quote(policy->lock_key, arena), quote(plan_lock_value(view, to, next, arena), arena)));
        add(ret, arena_printf(arena,
                              "printf 'server %s\\nupdate delete %s A\\nupdate delete %s AAAA\\nupdate delete %s CNAME%s\\nsend\\n' | nsupdate -k "
                              "tsig.key",
                              policy->dns_server, policy->dns_name, policy->dns_name, policy->dns_name, update_lines(view, to->rrset, arena)));
        add(ret, arena_printf(arena, "dig +norecurse %s # wants %s", policy->dns_name, to->rrset));
        if (view->record)
                add(ret, arena_printf(arena, "kubectl annotate fop %s -n %s --overwrite planekeeper.io/adopt=%s/%llu --field-manager=oncall",
                                      policy->name, policy->namespace_name, to->name, (unsigned long long)next));
}
