/* adopt.c -- what the live targets say about who is active. */
#include "core/adopt.h"

#include <string.h>

#include "core/election.h"
#include "core/plan.h"

const struct plane_view *adopt_plane_shown(const struct view *view)
{
        const struct plane_view *shown = NULL;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                if (!plane->rrset[0] || strcmp(plane->rrset, view->dns.rrset) != 0)
                        continue;
                if (shown)
                        return NULL;
                shown = plane;
        }
        return shown;
}

static bool uses_lock(const struct view *view)
{
        return view->policy.lock_server[0] != '\0';
}

static bool lock_names(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        return view->lock.present && strcmp(view->lock.value, plan_lock_value(view, plane, view->lock.stamp.epoch, arena)) == 0;
}

bool adopt_matches(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        return plane->rrset[0] && strcmp(plane->rrset, view->dns.rrset) == 0 &&
               (!uses_lock(view) || !view->lock.present || lock_names(view, plane, arena));
}

static bool is_foreign(const struct stamp *stamp, const char *store)
{
        return stamp->presence == STAMP_FOREIGN || (stamp->presence == STAMP_OURS && strcmp(stamp->store, store) != 0);
}

static const char *how_to_go_on(const struct view *view, epoch_t next, struct arena *arena)
{
        return arena_printf(arena,
                            "Correct the target or the plane's address, or take it over: kubectl annotate fop %s -n %s --overwrite "
                            "planekeeper.io/switch-to=%s/%llu",
                            view->policy.name, view->policy.namespace_name, view->plane_count ? view->planes[0].name : "<plane>",
                            (unsigned long long)next);
}

static const char *describe_unknown(const struct view *view, const struct plane_view *by_dns, epoch_t next, struct arena *arena)
{
        if (by_dns && uses_lock(view)) {
                if (!view->lock.present)
                        return arena_printf(arena, "%s shows %s, but lock %s is absent at %s. %s", view->policy.dns_name, by_dns->name,
                                            view->policy.lock_key, view->policy.lock_server, how_to_go_on(view, next, arena));
                return arena_printf(arena, "%s shows %s, but lock %s holds \"%.100s\", expected \"%s\". %s", view->policy.dns_name,
                                    by_dns->name, view->policy.lock_key, view->lock.value,
                                    plan_lock_value(view, by_dns, view->lock.stamp.epoch, arena), how_to_go_on(view, next, arena));
        }
        const char *planes = "";
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                const char *address = plane->rrset[0] ? plane->rrset : plane->address_error[0] ? plane->address_error : "no address yet";
                planes = arena_printf(arena, "%s%s%s is \"%s\"", planes, i ? ", " : "", plane->name, address);
        }
        return arena_printf(arena, "%s shows \"%.200s\", which is not exactly one plane's address: %s. %s", view->policy.dns_name,
                            view->dns.rrset[0] ? view->dns.rrset : "nothing", planes, how_to_go_on(view, next, arena));
}

/* With stamps of ours, those at the highest epoch must agree on one plane and show its value. */
static const struct plane_view *plane_by_stamps(const struct view *view, epoch_t highest, struct arena *arena)
{
        const struct plane_view *named = NULL;
        if (view->dns.stamp.presence == STAMP_OURS && view->dns.stamp.epoch == highest) {
                named = election_find(view, view->dns.stamp.plane);
                if (!named || strcmp(named->rrset, view->dns.rrset) != 0)
                        return NULL;
        }
        if (uses_lock(view) && view->lock.stamp.presence == STAMP_OURS && view->lock.stamp.epoch == highest) {
                const struct plane_view *by_lock = election_find(view, view->lock.stamp.plane);
                if (!by_lock || (named && named != by_lock) || !lock_names(view, by_lock, arena))
                        return NULL;
                named = by_lock;
        }
        return named;
}

struct adoption adopt_inquire(const struct view *view, struct arena *arena)
{
        struct adoption adoption = {.outcome = ADOPTION_UNKNOWN, .seen = view->record ? view->record->epoch : 0, .text = ""};
        const struct stamp *stamps[] = {&view->dns.stamp, &view->lock.stamp};
        epoch_t highest = 0;
        for (unsigned i = 0; i < (uses_lock(view) ? 2U : 1U); i++) {
                if (is_foreign(stamps[i], view->store)) {
                        adoption.outcome = ADOPTION_FOREIGN;
                        adoption.text = arena_printf(arena,
                                                     "%s belongs to another owner: \"%.120s\"; I am %s. Remove its policy and then that "
                                                     "stamp, or choose another name",
                                                     i == 0 ? view->policy.dns_name : view->policy.lock_key, stamps[i]->raw, view->store);
                        return adoption;
                }
                if (stamps[i]->presence == STAMP_OURS && stamps[i]->epoch > highest)
                        highest = stamps[i]->epoch;
        }
        adoption.seen = highest > adoption.seen ? highest : adoption.seen;
        const struct plane_view *by_dns = adopt_plane_shown(view);
        if (highest)
                adoption.plane = plane_by_stamps(view, highest, arena);
        else if (by_dns && (!uses_lock(view) || lock_names(view, by_dns, arena)))
                adoption.plane = by_dns;
        if (adoption.plane) {
                adoption.outcome = ADOPTION_NAMED;
                adoption.complete = adoption.plane == by_dns && (!uses_lock(view) || lock_names(view, by_dns, arena));
        } else {
                adoption.text = describe_unknown(view, by_dns, adoption.seen + 1, arena);
        }
        return adoption;
}
