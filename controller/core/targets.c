/* targets.c -- which registers the view shows and the effects use. */
#include "core/targets.h"

#include <string.h>

#include "core/election.h"
#include "util/mem.h"

unsigned targets_in_force(const struct record *record, const struct policy_view *policy, struct target_ref *ret)
{
        const struct plan *plan = record && record->phase == PHASE_SWITCHING ? &record->plan : NULL;
        unsigned count = plan ? plan->target_count : policy->target_count;
        for (unsigned i = 0; i < count; i++)
                ret[i] = plan ? plan->targets[i].ref : policy->targets[i].ref;
        return count;
}

static struct target_view nothing_known(void)
{
        return (struct target_view){.health = {.error = ""},
                                    .shows = {.value = "", .stamp = {.plane = "", .store = "", .raw = ""}}};
}

/* Those known before, each of which is taken once. */
struct known {
        struct target_view targets[TARGETS_MAX];
        unsigned count, taken; /* taken: a bit for each */
};

/* The very same register. */
static bool take_same(struct known *known, const struct target_ref *ref, struct target_view *ret)
{
        for (unsigned i = 0; i < known->count; i++) {
                if (known->taken & 1U << i || !target_ref_equal(&known->targets[i].ref, ref))
                        continue;
                known->taken |= 1U << i;
                *ret = known->targets[i];
                return true;
        }
        return false;
}

/* The first of its kind that is left. */
static void take_kind(struct known *known, struct target_view *ret)
{
        const struct target_ref ref = ret->ref;
        for (unsigned i = 0; i < known->count; i++) {
                if (known->taken & 1U << i || known->targets[i].ref.kind != ref.kind)
                        continue;
                known->taken |= 1U << i;
                *ret = known->targets[i];
                ret->ref = ref;
                return;
        }
}

void targets_place(struct view *view)
{
        struct known known = {.count = view->target_count};
        struct target_ref refs[TARGETS_MAX];
        unsigned same = 0;
        memcpy(known.targets, view->targets, sizeof(known.targets));
        view->target_count = targets_in_force(view->record, &view->policy, refs);
        for (unsigned i = 0; i < view->target_count; i++)
                same |= take_same(&known, &refs[i], &view->targets[i]) ? 1U << i : 0;
        for (unsigned i = 0; i < view->target_count; i++) {
                if (same & 1U << i)
                        continue;
                view->targets[i] = nothing_known();
                view->targets[i].ref = refs[i];
                take_kind(&known, &view->targets[i]);
        }
}

const struct target_view *targets_find(const struct view *view, enum target_kind kind)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (view->targets[i].ref.kind == kind)
                        return &view->targets[i];
        return NULL;
}

const struct plan_target *plan_find(const struct plan *plan, enum target_kind kind)
{
        for (unsigned i = 0; i < plan->target_count; i++)
                if (plan->targets[i].ref.kind == kind)
                        return &plan->targets[i];
        return NULL;
}

const struct wanted_target *wanted_find(const struct policy_view *policy, enum target_kind kind)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                if (policy->targets[i].ref.kind == kind)
                        return &policy->targets[i];
        return NULL;
}

const struct target_view *targets_name(const struct view *view)
{
        const struct target_view *name = targets_find(view, TARGET_NAME);
        INVARIANT(name);
        return name;
}

/* How many of its kind are before it. */
static unsigned place_in_kind(const struct view *view, const struct target_view *target)
{
        unsigned place = 0;
        for (unsigned i = 0; i < view->target_count && !target_ref_equal(&view->targets[i].ref, &target->ref); i++)
                place += view->targets[i].ref.kind == target->ref.kind;
        return place;
}

const struct plan_target *targets_planned(const struct view *view, const struct target_view *target)
{
        const struct plan *plan = &view->record->plan;
        const struct plan_target *beside = NULL;
        unsigned place = place_in_kind(view, target);
        for (unsigned i = 0; i < plan->target_count; i++) {
                if (target_ref_equal(&plan->targets[i].ref, &target->ref))
                        return &plan->targets[i];
                if (plan->targets[i].ref.kind == target->ref.kind && place-- == 0)
                        beside = &plan->targets[i];
        }
        return beside;
}

const struct wanted_target *targets_wanted(const struct view *view, const struct target_view *target)
{
        const struct policy_view *policy = &view->policy;
        const struct wanted_target *beside = NULL;
        unsigned place = place_in_kind(view, target);
        for (unsigned i = 0; i < policy->target_count; i++) {
                if (target_ref_equal(&policy->targets[i].ref, &target->ref))
                        return &policy->targets[i];
                if (policy->targets[i].ref.kind == target->ref.kind && place-- == 0)
                        beside = &policy->targets[i];
        }
        return beside;
}

unsigned plan_place_in_kind(const struct plan *plan, unsigned i)
{
        unsigned place = 0;
        for (unsigned before = 0; before < i; before++)
                place += plan->targets[before].ref.kind == plan->targets[i].ref.kind;
        return place;
}

const struct target_view *targets_shown(const struct view *view, const struct plan *plan, unsigned i)
{
        unsigned place = plan_place_in_kind(plan, i);
        for (unsigned at = 0; at < view->target_count; at++)
                if (view->targets[at].ref.kind == plan->targets[i].ref.kind && place-- == 0)
                        return &view->targets[at];
        return NULL;
}

const char *targets_plane_of(const struct view *view, const struct target_view *target)
{
        const struct wanted_target *wanted = targets_wanted(view, target);
        if (wanted && wanted->is_moved)
                return view->record ? view->record->to : "";
        return wanted ? wanted->plane : "";
}

bool targets_is_weak(const struct target_view *target)
{
        return target->is_weak || !target_traits(target->ref.kind)->is_stamped;
}

bool targets_moved(const struct view *view)
{
        if (!view->record)
                return false;
        const struct plan *plan = &view->record->plan;
        const struct policy_view *policy = &view->policy;
        bool is_same = plan->target_count == policy->target_count;
        for (unsigned i = 0; is_same && i < plan->target_count; i++)
                is_same = target_ref_equal(&plan->targets[i].ref, &policy->targets[i].ref);
        return !is_same;
}

bool targets_are_read(const struct view *view)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (target_traits(view->targets[i].ref.kind)->names_plane && !view->targets[i].health.read_at)
                        return false;
        return true;
}

const struct target_view *targets_empty_name(const struct view *view)
{
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                if (target_traits(target->ref.kind)->leads_agents && target->health.read_at && !target->shows.present)
                        return target;
        }
        return NULL;
}

bool targets_name_is_empty(const struct view *view)
{
        return targets_empty_name(view);
}

bool targets_refuses(const struct target_health *health)
{
        return health->reach == REACH_FAILED &&
               (health->error_class == ERR_DENIED || health->error_class == ERR_INVALID);
}

bool targets_refusal_lasts(const struct target_health *health, mono_ms now)
{
        return targets_refuses(health) && now - health->failed_since >= REFUSAL_LASTS_MS;
}

mono_ms targets_refusal_due(const struct target_health *health, mono_ms now)
{
        bool has_begun = targets_refuses(health) && !targets_refusal_lasts(health, now);
        return has_begun ? health->failed_since + REFUSAL_LASTS_MS : 0;
}

static bool is_own_store(const struct view *view, const char *store)
{
        return strcmp(store, view->store) == 0 ||
               (view->former_store && view->former_store[0] && strcmp(store, view->former_store) == 0);
}

/* Where "/<namespace>/<name>" begins in a store text; NULL where it is not a store text. */
static const char *policy_part(const char *store)
{
        if (strncmp(store, "dns/", 4) == 0)
                return store + 3;
        return strncmp(store, "k8s/", 4) == 0 ? strchr(store + 4, '/') : NULL;
}

/* Whether two store texts are of the same policy by namespace and name, in any cluster or store. */
static bool is_same_policy(const char *store, const char *other)
{
        const char *theirs = policy_part(store), *mine = policy_part(other);
        return theirs && mine && strcmp(theirs, mine) == 0;
}

enum { ID_BYTES = 16 };

static bool parse_id(const char *text, decision_id *ret)
{
        static const char digits[] = "0123456789abcdef";
        *ret = 0;
        for (unsigned i = 0; i < ID_BYTES; i++) {
                const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
                if (!digit)
                        return false;
                *ret = *ret << 4 | (decision_id)(digit - digits);
        }
        return text[ID_BYTES] == ',' || text[ID_BYTES] == '\0';
}

/* Whether annotation takeover, "<id>[,<id>]", names @id. A stamp that was written since has another id. */
static bool takeover_names(const char *takeover, decision_id id)
{
        for (const char *at = takeover; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
                decision_id named;
                if (parse_id(at, &named) && named == id)
                        return true;
        }
        return false;
}

static bool is_of_other_owner(const struct view *view, const struct stamp *stamp)
{
        return stamp->presence == STAMP_OURS && !is_own_store(view, stamp->store) &&
               is_same_policy(stamp->store, view->store);
}

/* Only as they were read since a person said so: their writer may have written another one meanwhile. */
static bool is_taken_over(const struct view *view, const struct stamp *stamp)
{
        const struct policy_view *policy = &view->policy;
        bool counts = policy->past[REQUEST_KEY_TAKEOVER] != REQUEST_HANDLED && !policy->is_asked_unread;
        const char *takeover = counts ? policy->takeover : NULL;
        return is_of_other_owner(view, stamp) && takeover_names(takeover, stamp->id);
}

static bool is_own(const struct view *view, const struct stamp *stamp)
{
        return is_own_store(view, stamp->store) || is_taken_over(view, stamp);
}

static epoch_t later_epoch(const struct view *view, const struct stamp *stamp, epoch_t epoch)
{
        bool is_ours = stamp->presence == STAMP_OURS && is_own(view, stamp);
        return is_ours && stamp->epoch > epoch ? stamp->epoch : epoch;
}

epoch_t targets_highest_epoch(const struct view *view)
{
        epoch_t highest = view->record ? record_highest_epoch(view->record) : 0;
        for (unsigned i = 0; i < view->target_count; i++)
                highest = later_epoch(view, &view->targets[i].shows.stamp, highest);
        return highest;
}

bool targets_stamp_is_foreign(const struct view *view, const struct stamp *stamp)
{
        if (stamp->claim)
                return true;
        if (stamp->presence == STAMP_UNREADABLE)
                return stamp->store[0] && !is_own_store(view, stamp->store);
        return stamp->presence == STAMP_FOREIGN || (stamp->presence == STAMP_OURS && !is_own(view, stamp));
}

const char *targets_former(const struct view *view, const struct stamp *stamp)
{
        if (view->former_store && view->former_store[0])
                return view->former_store;
        return is_taken_over(view, stamp) ? stamp->store : "";
}

bool targets_stamp_splits(const struct view *view, const struct stamp *stamp)
{
        return !stamp->claim && is_of_other_owner(view, stamp) && !is_taken_over(view, stamp);
}

/* The first stamp in force of which @holds: the name's before others, since it is what people look at. */
static const struct stamp *first_stamp(const struct view *view,
                                       bool (*holds)(const struct view *, const struct stamp *))
{
        for (unsigned i = view->target_count; i-- > 0;)
                if (view->targets[i].health.read_at && holds(view, &view->targets[i].shows.stamp))
                        return &view->targets[i].shows.stamp;
        return NULL;
}

const struct stamp *targets_split_owner(const struct view *view)
{
        return first_stamp(view, targets_stamp_splits);
}

const struct stamp *targets_taken_over(const struct view *view)
{
        return first_stamp(view, is_taken_over);
}

const char *targets_split_ids(const struct view *view, struct arena *arena)
{
        const char *ids = "";
        for (unsigned i = view->target_count; i-- > 0;) {
                const struct target_view *target = &view->targets[i];
                if (!target->health.read_at || !targets_stamp_splits(view, &target->shows.stamp))
                        continue;
                const char *id = arena_printf(arena, "%016llx", (unsigned long long)target->shows.stamp.id);
                if (!strstr(ids, id))
                        ids = arena_printf(arena, "%s%s%s", ids, ids[0] ? "," : "", id);
        }
        return ids;
}
