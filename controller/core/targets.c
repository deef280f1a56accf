/* targets.c -- which registers the view shows and the effects use. */
#include "core/targets.h"

#include <string.h>

struct targets targets_of_spec(const struct view *view)
{
        const struct policy_view *policy = &view->policy;
        bool has_lock = policy->lock_server[0] != '\0';
        return (struct targets){.dns_provider = policy->dns_provider,
                                .dns_server = policy->dns_server,
                                .dns_name = policy->dns_name,
                                .lock_server = policy->lock_server,
                                .lock_key = has_lock ? policy->lock_key : "",
                                .lock_db = has_lock ? policy->lock_db : 0};
}

struct targets targets_of_plan(const struct plan *plan)
{
        return (struct targets){.dns_provider = plan->dns_provider,
                                .dns_server = plan->dns_server,
                                .dns_name = plan->dns_name,
                                .lock_server = plan->lock_server,
                                .lock_key = plan->lock_key,
                                .lock_db = plan->lock_db};
}

struct targets targets_in_force(const struct view *view)
{
        bool is_switching = view->record && view->record->phase == PHASE_SWITCHING;
        return is_switching ? targets_of_plan(&view->record->plan) : targets_of_spec(view);
}

bool targets_are_same(const struct targets *a, const struct targets *b)
{
        return strcmp(a->dns_provider, b->dns_provider) == 0 && strcmp(a->dns_server, b->dns_server) == 0 &&
               strcmp(a->dns_name, b->dns_name) == 0 && strcmp(a->lock_server, b->lock_server) == 0 &&
               strcmp(a->lock_key, b->lock_key) == 0 && a->lock_db == b->lock_db;
}

bool targets_use_lock(const struct view *view)
{
        return targets_in_force(view).lock_server[0] != '\0';
}

bool targets_moved(const struct view *view)
{
        if (!view->record)
                return false;
        struct targets recorded = targets_of_plan(&view->record->plan);
        struct targets wanted = targets_of_spec(view);
        return !targets_are_same(&recorded, &wanted);
}

bool targets_are_read(const struct view *view)
{
        return view->dns_health.read_at && (!targets_use_lock(view) || view->lock_health.read_at);
}

bool targets_name_is_empty(const struct view *view)
{
        return view->dns_health.read_at && !view->dns.rrset[0];
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

/* Where "/<namespace>/<name>" begins in a store text; NULL where it is none of ours. */
static const char *policy_part(const char *store)
{
        if (strncmp(store, "dns/", 4) == 0)
                return store + 3;
        return strncmp(store, "k8s/", 4) == 0 ? strchr(store + 4, '/') : NULL;
}

bool targets_are_kin(const char *store, const char *other)
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

bool targets_takeover_names(const char *takeover, decision_id id)
{
        for (const char *at = takeover; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
                decision_id named;
                if (parse_id(at, &named) && named == id)
                        return true;
        }
        return false;
}

static bool is_kin(const struct view *view, const struct stamp *stamp)
{
        return stamp->presence == STAMP_OURS && !is_own_store(view, stamp->store) &&
               targets_are_kin(stamp->store, view->store);
}

/* Only as they were seen since a person said so: who wrote one may have written another meanwhile. */
static bool is_taken_over(const struct view *view, const struct stamp *stamp)
{
        const struct policy_view *policy = &view->policy;
        bool has_say = policy->past[REQUEST_KEY_TAKEOVER] != REQUEST_HANDLED && !policy->is_asked_unread;
        const char *takeover = has_say ? policy->takeover : NULL;
        return is_kin(view, stamp) && targets_takeover_names(takeover, stamp->id);
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
        epoch_t highest = later_epoch(view, &view->dns.stamp, view->record ? view->record->epoch : 0);
        return targets_use_lock(view) ? later_epoch(view, &view->lock.stamp, highest) : highest;
}

bool targets_stamp_is_foreign(const struct view *view, const struct stamp *stamp)
{
        if (stamp->claim)
                return true;
        if (stamp->presence == STAMP_UNREADABLE)
                return stamp->store[0] && !is_own_store(view, stamp->store);
        return stamp->presence == STAMP_FOREIGN || (stamp->presence == STAMP_OURS && !is_own(view, stamp));
}

bool targets_stamp_is_unshared(const struct view *view, const struct stamp *stamp)
{
        return !stamp->claim && is_kin(view, stamp) && !is_taken_over(view, stamp);
}

/* The first stamp in force of which @holds. */
static const struct stamp *first_stamp(const struct view *view,
                                       bool (*holds)(const struct view *, const struct stamp *))
{
        if (view->dns_health.read_at && holds(view, &view->dns.stamp))
                return &view->dns.stamp;
        if (targets_use_lock(view) && view->lock_health.read_at && holds(view, &view->lock.stamp))
                return &view->lock.stamp;
        return NULL;
}

const struct stamp *targets_unshared(const struct view *view)
{
        return first_stamp(view, targets_stamp_is_unshared);
}

const struct stamp *targets_taken_over(const struct view *view)
{
        return first_stamp(view, is_taken_over);
}

const char *targets_unshared_ids(const struct view *view, struct arena *arena)
{
        const struct stamp *first = targets_unshared(view), *lock = &view->lock.stamp;
        if (!first)
                return "";
        bool is_second = first != lock && first->id != lock->id && targets_use_lock(view) &&
                         view->lock_health.read_at && targets_stamp_is_unshared(view, lock);
        const char *id = arena_printf(arena, "%016llx", (unsigned long long)first->id);
        return is_second ? arena_printf(arena, "%s,%016llx", id, (unsigned long long)lock->id) : id;
}
