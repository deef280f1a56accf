/* plan.c -- the values that the effects of one epoch use. */
#include "core/plan.h"

#include <string.h>

#include "core/sync.h"
#include "core/targets.h"
#include "util/mem.h"

enum { OLD_KEPT = 2 }; /* the value shown, and the one that the last epoch wrote */

struct token {
        const char *name;
        const char *value;
};

static const char *fill_template(const char *template, const struct plane_view *plane, epoch_t epoch,
                                 struct arena *arena)
{
        const struct token tokens[] = {
            {"{clusterName}", plane->cluster_name},
            {"{name}", plane->name},
            {"{uid}", plane->uid},
            {"{epoch}", arena_printf(arena, "%llu", (unsigned long long)epoch)},
        };
        const char *value = "";
        for (const char *at = template; *at;) {
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

const char *plan_value(const struct wanted_target *wanted, const struct plane_view *plane, epoch_t epoch,
                       struct arena *arena)
{
        for (unsigned i = 0; i < wanted->value_count; i++)
                if (strcmp(wanted->values[i].plane, plane->name) == 0)
                        return wanted->values[i].value;
        return wanted->value ? fill_template(wanted->value, plane, epoch, arena) : plane->rrset;
}

const char *plan_value_at(const struct view *view, const struct target_view *target, const struct plane_view *plane,
                          epoch_t epoch, struct arena *arena)
{
        const struct wanted_target *wanted = targets_wanted(view, target);
        return wanted ? plan_value(wanted, plane, epoch, arena) : "";
}

/*
 * Keeps the newest: an overflow drops the oldest, whose late packet then shows as Drift instead of being overwritten.
 */
static void add_old(struct plan_target *planned, const char *value)
{
        if (!plan_may_replace(planned, value) && planned->old_count < PLAN_OLD_MAX)
                planned->old[planned->old_count++] = value;
}

/*
 * Only a server that has shown the record's epoch refuses the packets of earlier epochs. One that may lose a write
 * shows an earlier value again, and a weak one takes a packet of any epoch, so neither is ever safe from them.
 */
static bool may_show_older(const struct view *view, const struct record *before, unsigned i)
{
        const struct target_view *target = &view->targets[i];
        return target_traits(target->ref.kind)->may_lose_writes || targets_is_weak(target) ||
               sync_of(view, before, i) != SYNC_MET;
}

/* A person's edit of what no decision waits for is reported, and stays: nobody was asked about it (gate Drift). */
static bool is_edit_to_keep(const struct view *view, const struct record *before, unsigned i)
{
        const struct target_view *target = &view->targets[i];
        return before && view->policy.drift != DRIFT_ENFORCE &&
               target_traits(target->ref.kind)->blocks == BLOCKS_NEVER && sync_of(view, before, i) == SYNC_DRIFT;
}

static bool is_planned(const struct plan *plan, const struct target_ref *ref)
{
        for (unsigned i = 0; i < plan->target_count; i++)
                if (target_ref_equal(&plan->targets[i].ref, ref))
                        return true;
        return false;
}

static bool is_in_force(const struct view *view, const struct target_ref *ref)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (target_ref_equal(&view->targets[i].ref, ref))
                        return true;
        return false;
}

/* The same register; or one that is left for this one, where neither is on both sides. */
static bool precedes(const struct view *view, const struct target_view *target, const struct plan *plan,
                     const struct plan_target *planned)
{
        if (target->ref.kind != planned->ref.kind)
                return false;
        return target_ref_equal(&target->ref, &planned->ref) ||
               (!is_planned(plan, &target->ref) && !is_in_force(view, &planned->ref));
}

/* @before: the record of view->targets; NULL: it says nothing of them. */
static void add_old_values(const struct view *view, const struct record *before, const struct plan *plan,
                           struct plan_target *planned)
{
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                if (!precedes(view, target, plan, planned))
                        continue;
                if (target->health.read_at && target->shows.present && !is_edit_to_keep(view, before, i))
                        add_old(planned, target->shows.value);
                if (!before)
                        continue;
                const struct plan_target *recorded = &before->plan.targets[i];
                add_old(planned, recorded->to);
                if (before->prepared.epoch) /* the process that prepared it may have begun it */
                        add_old(planned, before->prepared.values[i]);
                for (unsigned j = 0; j < recorded->old_count && may_show_older(view, before, i); j++)
                        add_old(planned, recorded->old[j]);
        }
}

/* A fence is open or closed: neither is what a person has asked to keep, unless it is an edit under the epoch. */
static void add_own_values(const struct wanted_target *wanted, struct plan_target *planned)
{
        for (unsigned i = 0; target_traits(planned->ref.kind)->owns_values && i < wanted->value_count; i++)
                add_old(planned, wanted->values[i].value);
}

/* As it stands in JSON. */
static size_t text_bytes(const char *text)
{
        size_t bytes = 0;
        for (; *text; text++)
                bytes += *text == '"' || *text == '\\' || *text == '\n' ? 2 : 1;
        return bytes;
}

size_t plan_bytes(const struct plan *plan)
{
        enum { QUOTES = sizeof(",\"\"") - 1, NAMED = 100 }; /* for the names of the fields of a target in a list */
        size_t bytes = plan_version(plan) == RECORD_VERSION ? 0 : (size_t)NAMED * plan->target_count;
        for (unsigned i = 0; i < plan->target_count; i++) {
                const struct plan_target *planned = &plan->targets[i];
                bytes += text_bytes(planned->ref.name) + text_bytes(planned->ref.endpoint) + text_bytes(planned->to);
                for (unsigned j = 0; j < planned->old_count; j++)
                        bytes += text_bytes(planned->old[j]) + QUOTES;
        }
        return bytes;
}

static bool is_written_out(const struct view *view)
{
        return strncmp(view->store, "dns/", strlen("dns/")) != 0;
}

/* As digests in a TXT record of 2 KiB, or written out on a Lease. */
static bool is_too_long(const struct plan *plan, bool is_written)
{
        enum { DIGESTS_MAX = 40 };
        unsigned digests = 0;
        for (unsigned i = 0; i < plan->target_count; i++)
                digests += plan->targets[i].old_count;
        return is_written ? plan_bytes(plan) > PLAN_BYTES_MAX : digests > DIGESTS_MAX;
}

/* The oldest of the longest list goes; where no list can be shortened any more, the plan is too long for good. */
static void leave_out_what_does_not_fit(struct plan *plan, bool is_written)
{
        while (is_too_long(plan, is_written)) {
                struct plan_target *longest = &plan->targets[0];
                for (unsigned i = 1; i < plan->target_count; i++)
                        if (plan->targets[i].old_count > longest->old_count)
                                longest = &plan->targets[i];
                if (longest->old_count <= OLD_KEPT)
                        return;
                longest->old_count--;
        }
}

struct plan plan_values(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena)
{
        const struct policy_view *policy = &view->policy;
        struct plan plan = {.target_count = policy->target_count};
        for (unsigned i = 0; i < plan.target_count; i++)
                plan.targets[i] = (struct plan_target){.ref = policy->targets[i].ref,
                                                       .ttl_s = policy->targets[i].ttl_s,
                                                       .to = plan_value(&policy->targets[i], to, epoch, arena)};
        return plan;
}

struct plan plan_for(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena)
{
        struct plan plan = plan_values(view, to, epoch, arena);
        INVARIANT(to->rrset[0]);
        /*
         * A record of other targets has no old values of these, unless a person carries an unfinished switch over to
         * them. A plan that is not proven has none at all.
         */
        bool is_related = view->record && view->plan_proof == PLAN_PROVEN &&
                          (view->record->phase == PHASE_SWITCHING || !targets_moved(view));
        for (unsigned i = 0; i < plan.target_count; i++) {
                add_old_values(view, is_related ? view->record : NULL, &plan, &plan.targets[i]);
                add_own_values(&view->policy.targets[i], &plan.targets[i]);
        }
        leave_out_what_does_not_fit(&plan, is_written_out(view));
        return plan;
}

size_t plan_bytes_at_most(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        struct plan plan = plan_values(view, plane, EPOCH_MAX, arena);
        for (unsigned i = 0; i < plan.target_count; i++) {
                struct plan_target *planned = &plan.targets[i];
                while (planned->old_count < OLD_KEPT && planned->old_count + 1 < view->plane_count)
                        planned->old[planned->old_count++] = planned->to;
        }
        return is_written_out(view) ? plan_bytes(&plan) : 0;
}

bool plan_is_outdated(const struct view *view, const struct plane_view *active, struct arena *arena)
{
        const struct record *record = view->record;
        if (!active->rrset[0] || targets_moved(view))
                return false; /* nothing better is known, or other targets have to be adopted first */
        /* The template's {epoch} is filled with the record's own epoch, so that only an edit makes a difference. */
        const struct plan wanted = plan_values(view, active, record->epoch, arena);
        for (unsigned i = 0; i < wanted.target_count; i++) {
                const struct plan_target *now = &wanted.targets[i], *recorded = &record->plan.targets[i];
                if (now->to[0] && (strcmp(now->to, recorded->to) != 0 || now->ttl_s != recorded->ttl_s))
                        return true;
        }
        return false;
}
