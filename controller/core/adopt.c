/* adopt.c -- the active plane as the live targets name it. */
#include "core/adopt.h"

#include <string.h>

#include "core/election.h"
#include "core/texts.h"
#include "core/plan.h"
#include "core/remedy.h"
#include "core/request.h"
#include "core/targets.h"
#include "util/mem.h"

static bool is_of_epoch(const struct view *view, const struct target_view *target, const struct plane_view *plane,
                        epoch_t epoch, struct arena *arena)
{
        return target_is_wanted(target->ref.kind, plan_value_at(view, target, plane, epoch, arena),
                                target->shows.value);
}

/*
 * The value of a known epoch: of the stamp, of the record where a person has put back a value without a stamp, or of
 * the next epoch, as the runbook prints it.
 */
static bool shows_plane(const struct view *view, const struct target_view *target, const struct plane_view *plane,
                        struct arena *arena)
{
        if (!plane->known || !target->shows.present)
                return false;
        if (is_of_epoch(view, target, plane, targets_highest_epoch(view) + 1, arena) ||
            is_of_epoch(view, target, plane, view->record ? view->record->epoch : 0, arena))
                return true;
        for (unsigned i = 0; i < view->target_count; i++)
                if (is_of_epoch(view, target, plane, view->targets[i].shows.stamp.epoch, arena))
                        return true;
        return false;
}

/* The values that name the plane, one of which a person would have to write. */
static const char *value_expected(const struct view *view, const struct target_view *target,
                                  const struct plane_view *plane, struct arena *arena)
{
        epoch_t highest = targets_highest_epoch(view), epoch = target->shows.stamp.epoch;
        return plan_value_at(view, target, plane, epoch ? epoch : highest ? highest : 1, arena);
}

/* The same, or nobody's. */
static bool agrees(const struct view *view, const struct target_view *target, const struct plane_view *plane,
                   struct arena *arena)
{
        bool is_free = !target->shows.present && target_traits(target->ref.kind)->absence == ABSENT_IS_FREE;
        return is_free || shows_plane(view, target, plane, arena);
}

static bool names_plane(const struct target_view *target)
{
        return target_traits(target->ref.kind)->names_plane;
}

/* The first target that names a plane and does not agree; NULL: all do. */
static const struct target_view *dissenter(const struct view *view, const struct plane_view *plane, struct arena *arena,
                                           bool (*says)(const struct view *, const struct target_view *,
                                                        const struct plane_view *, struct arena *))
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (names_plane(&view->targets[i]) && !says(view, &view->targets[i], plane, arena))
                        return &view->targets[i];
        return NULL;
}

const struct plane_view *adopt_plane_shown(const struct view *view)
{
        const char *address = targets_name(view)->shows.value;
        const struct plane_view *shown = NULL;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                if (!plane->known || !plane->rrset[0] || strcmp(plane->rrset, address) != 0)
                        continue;
                if (shown)
                        return NULL;
                shown = plane;
        }
        return shown;
}

const struct target_view *adopt_dissenter(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        return dissenter(view, plane, arena, agrees);
}

bool adopt_matches(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        return !adopt_dissenter(view, plane, arena);
}

const struct plane_view *adopt_by_hand(const struct view *view, const struct plane_view *active, struct arena *arena)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (&view->planes[i] != active && view->planes[i].rrset[0])
                        return &view->planes[i];
        bool is_to_write =
            active && active->rrset[0] && (!targets_are_read(view) || !adopt_matches(view, active, arena));
        return is_to_write ? active : NULL;
}

const char *adopt_runbook_text(const struct view *view, const struct plane_view *active, struct arena *arena)
{
        return adopt_by_hand(view, active, arena) ? "follow status.runbook"
                                                  : "no other plane has an address that could be written by hand";
}

static const char *how_to_go_on(const struct view *view, const struct plane_view *by_dns, struct arena *arena)
{
        bool is_so = by_dns && adopt_matches(view, by_dns, arena);
        if (targets_split_owner(view)) /* split ownership is resolved before any other request */
                return arena_printf(arena,
                                    "Correct what is wrong; or, if the cluster that decided before is no more: %s",
                                    request_takeover_command(view, arena));
        struct remedy offer = is_so ? remedy_adopt(view, by_dns, arena) : remedy_switch(view, by_dns, arena);
        if (is_so && !offer.command)
                offer = remedy_switch(view, by_dns, arena);
        if (offer.command)
                return arena_printf(arena, "Correct what is wrong, or say which plane it shall be: %s", offer.command);
        return arena_printf(arena, "Correct what is wrong by hand: %s%s%s", adopt_runbook_text(view, NULL, arena),
                            offer.why_not[0] ? "; a request would not be carried out now: " : "", offer.why_not);
}

static const char *describe_planes(const struct view *view, struct arena *arena)
{
        const char *planes = "";
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                const char *address = plane->rrset[0] ? arena_printf(arena, "is \"%s\"", plane->rrset)
                                      : plane->address_error[0]
                                          ? arena_printf(arena, "has no address (%s)", plane->address_error)
                                          : "has no address yet";
                planes = arena_printf(arena, "%s%s%s %s", planes, i ? ", " : "", plane->name, address);
        }
        return planes;
}

static const char *describe_unknown(const struct view *view, struct arena *arena)
{
        const struct target_view *name = targets_name(view);
        const struct plane_view *by_name = adopt_plane_shown(view);
        const char *next = how_to_go_on(view, by_name, arena);
        if (!by_name)
                return arena_printf(arena, "%s shows \"%s\", which is not exactly one plane's address: %s. %s%s%s",
                                    name->ref.name, texts_value(name, arena), describe_planes(view, arena),
                                    name->shows.doubt ? name->shows.doubt : "", name->shows.doubt ? ". " : "", next);
        if (name->shows.stamp.presence == STAMP_OURS && strcmp(name->shows.stamp.plane, by_name->name) != 0)
                return arena_printf(arena, "%s shows %s, but epoch %llu was %s. %s", name->ref.name, by_name->name,
                                    (unsigned long long)name->shows.stamp.epoch,
                                    texts_excerpt(name->shows.stamp.plane, 100, arena), next);
        const struct target_view *other = dissenter(view, by_name, arena, shows_plane);
        if (!other)
                return arena_printf(arena, "every target shows %s, but their ownership records name other planes. %s",
                                    by_name->name, next);
        if (!other->shows.present)
                return arena_printf(arena, "%s shows %s, but %s is absent at %s. %s", name->ref.name, by_name->name,
                                    texts_target(other, arena), other->ref.endpoint, next);
        return arena_printf(arena, "%s shows %s, but %s at %s, where \"%s\" is expected. %s", name->ref.name,
                            by_name->name, texts_shows(other, arena), other->ref.endpoint,
                            value_expected(view, other, by_name, arena), next);
}

/* The plane that the targets at this policy's highest epoch name: they must agree on it and show its value. */
static const struct plane_view *plane_by_stamps(const struct view *view, epoch_t highest, struct arena *arena)
{
        const struct plane_view *named = NULL;
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                if (!names_plane(target) || target->shows.stamp.presence != STAMP_OURS ||
                    target->shows.stamp.epoch != highest)
                        continue;
                const struct plane_view *by_this = view_plane(view, target->shows.stamp.plane);
                if (!by_this || (named && named != by_this) || !shows_plane(view, target, by_this, arena))
                        return NULL;
                named = by_this;
        }
        INVARIANT(named); /* one of them carries the highest epoch */
        return named->rrset[0] ? named : NULL;
}

/* A value without a stamp was not written by this policy: it has to be the plane's already, or absent. */
static bool agrees_unstamped(const struct view *view, const struct target_view *target, const struct plane_view *plane,
                             struct arena *arena)
{
        return target->shows.stamp.presence != STAMP_ABSENT || agrees(view, target, plane, arena);
}

static epoch_t highest_stamp(const struct view *view)
{
        epoch_t highest = 0;
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct stamp *stamp = &view->targets[i].shows.stamp;
                if (names_plane(&view->targets[i]) && stamp->presence == STAMP_OURS && stamp->epoch > highest)
                        highest = stamp->epoch;
        }
        return highest;
}

static const char *describe_foreign(const struct view *view, const struct target_view *target, struct arena *arena)
{
        const char *where = target->ref.name;
        const struct stamp *stamp = &target->shows.stamp;
        if (stamp->claim)
                return arena_printf(arena, "%s %s", where, stamp->claim);
        return arena_printf(
            arena,
            "%s belongs to another owner: \"%s\"; this policy is %s. Remove the other owner's policy and "
            "then that ownership record, or choose another name",
            where, texts_excerpt(stamp->raw[0] ? stamp->raw : stamp->store, 120, arena), view->store);
}

static const char *describe_unreadable(const struct view *view, const struct target_view *target, struct arena *arena)
{
        const struct stamp *stamp = &target->shows.stamp;
        const char *place = texts_stamp_place(target, arena);
        return arena_printf(
            arena,
            "%s cannot be read: \"%s\". An ownership record is v=pk1 e=<1 to %llu> id=<16 hexadecimal digits> "
            "p=<plane> s=%s. Put back what was there, or delete it: then the record is written there "
            "again, and where there is none what is shown is taken over as it is",
            place, texts_excerpt(stamp->raw, 200, arena), (unsigned long long)EPOCH_MAX, view->store);
}

/* Another Planekeeper that decides for the same policy on its own is not disturbed: this one only reads. */
static struct adoption inquire_theirs(const struct view *view, struct arena *arena)
{
        const struct plane_view *plane = adopt_plane_shown(view);
        if (!plane)
                return (struct adoption){.outcome = ADOPTION_UNKNOWN, .text = describe_unknown(view, arena)};
        return (struct adoption){.outcome = ADOPTION_THEIRS, .plane = plane, .text = ""};
}

static bool is_of_nobody_known(const struct view *view, const struct stamp *stamp)
{
        return targets_stamp_is_foreign(view, stamp) && !targets_stamp_splits(view, stamp);
}

/* The name comes first, because it is what people see. */
static const struct target_view *first_of(const struct view *view,
                                          bool (*holds)(const struct view *, const struct stamp *))
{
        for (unsigned i = view->target_count; i-- > 0;)
                if (names_plane(&view->targets[i]) && holds(view, &view->targets[i].shows.stamp))
                        return &view->targets[i];
        return NULL;
}

static bool is_unreadable(const struct view *view, const struct stamp *stamp)
{
        (void)view;
        return stamp->presence == STAMP_UNREADABLE;
}

/* With stamps of this policy the highest epoch names the plane; without any, all targets together do. */
static const struct plane_view *plane_named(const struct view *view, struct arena *arena)
{
        epoch_t highest = highest_stamp(view);
        if (highest)
                return plane_by_stamps(view, highest, arena);
        const struct plane_view *shown = adopt_plane_shown(view);
        return shown && !dissenter(view, shown, arena, shows_plane) ? shown : NULL;
}

struct adoption adopt_inquire(const struct view *view, struct arena *arena)
{
        const struct target_view *foreign = first_of(view, is_of_nobody_known);
        if (foreign)
                return (struct adoption){.outcome = ADOPTION_FOREIGN, .text = describe_foreign(view, foreign, arena)};
        const struct target_view *unreadable = first_of(view, is_unreadable);
        if (unreadable)
                return (struct adoption){.outcome = ADOPTION_UNREADABLE,
                                         .text = describe_unreadable(view, unreadable, arena)};
        if (targets_split_owner(view))
                return inquire_theirs(view, arena);
        const struct plane_view *plane = plane_named(view, arena);
        if (!plane || dissenter(view, plane, arena, agrees_unstamped))
                return (struct adoption){.outcome = ADOPTION_UNKNOWN, .text = describe_unknown(view, arena)};
        return (struct adoption){.outcome = ADOPTION_NAMED,
                                 .plane = plane,
                                 .complete = !dissenter(view, plane, arena, shows_plane),
                                 .text = ""};
}
