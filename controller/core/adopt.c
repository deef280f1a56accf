/* adopt.c -- what the live targets say about who is active. */
#include "core/adopt.h"

#include <string.h>

#include "core/election.h"
#include "core/phrase.h"
#include "core/plan.h"
#include "core/remedy.h"
#include "core/request.h"
#include "core/targets.h"
#include "util/mem.h"

static bool dns_names(const struct view *view, const struct plane_view *plane)
{
        return plane->known && plane->rrset[0] && strcmp(plane->rrset, view->dns.rrset) == 0;
}

const struct plane_view *adopt_plane_shown(const struct view *view)
{
        const struct plane_view *shown = NULL;
        for (unsigned i = 0; i < view->plane_count; i++) {
                if (!dns_names(view, &view->planes[i]))
                        continue;
                if (shown)
                        return NULL;
                shown = &view->planes[i];
        }
        return shown;
}

/*
 * The value as an epoch that is known made it: that of its stamp, or, where a person has put a lost value back and
 * there is no stamp beside it, that of the record or of the name. Or as the runbook tells a person to write it, with
 * the next epoch.
 */
static bool lock_names(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        const epoch_t epochs[] = {view->lock.stamp.epoch, view->record ? view->record->epoch : 0,
                                  view->dns.stamp.epoch, targets_highest_epoch(view) + 1};
        bool is_named = false;
        for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]) && view->lock.present && !is_named; i++)
                is_named = strcmp(view->lock.value, plan_lock_value(view, plane, epochs[i], arena)) == 0;
        return is_named;
}

/* What a person would have to write for that plane: one of the values that name it. */
static const char *lock_expected(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        epoch_t highest = targets_highest_epoch(view), epoch = view->lock.stamp.epoch ? view->lock.stamp.epoch : highest;
        return plan_lock_value(view, plane, epoch ? epoch : highest + 1, arena);
}

bool adopt_matches(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        if (!dns_names(view, plane))
                return false;
        return !targets_use_lock(view) || !view->lock.present || lock_names(view, plane, arena);
}

const struct plane_view *adopt_by_hand(const struct view *view, const struct plane_view *active, struct arena *arena)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (&view->planes[i] != active && view->planes[i].rrset[0])
                        return &view->planes[i];
        bool is_to_write = active && active->rrset[0] && (!targets_are_read(view) || !adopt_matches(view, active, arena));
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
        if (targets_unshared(view)) /* until that is said nothing else that a person asks for is done */
                return arena_printf(arena, "Correct what is wrong; or, if the cluster that decided before is no more: %s",
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
        const struct targets targets = targets_in_force(view);
        const struct plane_view *by_dns = adopt_plane_shown(view);
        const char *next = how_to_go_on(view, by_dns, arena);
        if (!by_dns)
                return arena_printf(arena, "%s shows \"%s\", which is not exactly one plane's address: %s. %s%s%s",
                                    targets.dns_name, phrase_excerpt(view->dns.rrset, 200, arena),
                                    describe_planes(view, arena), view->dns.doubt ? view->dns.doubt : "",
                                    view->dns.doubt ? ". " : "", next);
        if (view->dns.stamp.presence == STAMP_OURS && strcmp(view->dns.stamp.plane, by_dns->name) != 0)
                return arena_printf(arena, "%s shows %s, but epoch %llu was %s. %s", targets.dns_name, by_dns->name,
                                    (unsigned long long)view->dns.stamp.epoch,
                                    phrase_excerpt(view->dns.stamp.plane, 100, arena), next);
        if (!view->lock.present)
                return arena_printf(arena, "%s shows %s, but lock %s is absent at %s. %s", targets.dns_name,
                                    by_dns->name, targets.lock_key, targets.lock_server, next);
        return arena_printf(arena, "%s shows %s, but lock %s holds \"%s\" at %s, where \"%s\" is expected. %s",
                            targets.dns_name, by_dns->name, targets.lock_key,
                            phrase_excerpt(view->lock.value, 100, arena), targets.lock_server,
                            lock_expected(view, by_dns, arena), next);
}

/* What the targets at the highest epoch of ours name: they must agree on one plane and show its value. */
static const struct plane_view *plane_by_stamps(const struct view *view, epoch_t highest, struct arena *arena)
{
        const struct stamp *dns = &view->dns.stamp, *lock = &view->lock.stamp;
        const struct plane_view *named = NULL;
        if (dns->presence == STAMP_OURS && dns->epoch == highest) {
                named = election_find(view, dns->plane);
                if (!named || !dns_names(view, named))
                        return NULL;
        }
        if (targets_use_lock(view) && lock->presence == STAMP_OURS && lock->epoch == highest) {
                const struct plane_view *by_lock = election_find(view, lock->plane);
                if (!by_lock || (named && named != by_lock) || !lock_names(view, by_lock, arena))
                        return NULL;
                named = by_lock;
        }
        INVARIANT(named); /* one of the two carries the highest epoch */
        return named->known && named->rrset[0] ? named : NULL;
}

/* A value without a stamp was never ours to replace: it has to be the plane's already, or (the lock) nobody's. */
static bool unstamped_agree(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        if (view->dns.stamp.presence == STAMP_ABSENT && !dns_names(view, plane))
                return false;
        return !targets_use_lock(view) || view->lock.stamp.presence != STAMP_ABSENT || !view->lock.present ||
               lock_names(view, plane, arena);
}

static epoch_t highest_stamp(const struct view *view)
{
        epoch_t highest = view->dns.stamp.presence == STAMP_OURS ? view->dns.stamp.epoch : 0;
        if (targets_use_lock(view) && view->lock.stamp.presence == STAMP_OURS && view->lock.stamp.epoch > highest)
                highest = view->lock.stamp.epoch;
        return highest;
}

static const char *describe_foreign(const struct view *view, const char *where, const struct stamp *stamp,
                                    struct arena *arena)
{
        if (stamp->claim)
                return arena_printf(arena, "%s %s", where, stamp->claim);
        return arena_printf(arena,
                            "%s belongs to another owner: \"%s\"; I am %s. Remove its policy and then that stamp, or "
                            "choose another name",
                            where, phrase_excerpt(stamp->raw[0] ? stamp->raw : stamp->store, 120, arena), view->store);
}

static const char *describe_unreadable(const struct view *view, bool is_lock, struct arena *arena)
{
        const struct stamp *stamp = is_lock ? &view->lock.stamp : &view->dns.stamp;
        const char *place = phrase_stamp_place(view, is_lock, arena);
        return arena_printf(arena,
                            "%s cannot be read: \"%s\". A stamp is v=pk1 e=<1 to %llu> id=<16 hexadecimal digits> "
                            "p=<plane> s=%s. Put back what was there, or delete it: then the record is written there "
                            "again, and where there is none what is shown is adopted",
                            place, phrase_excerpt(stamp->raw, 200, arena), (unsigned long long)EPOCH_MAX, view->store);
}

/* Whoever decides apart from us is respected in everything: all that is left to us is to look. */
static struct adoption inquire_theirs(const struct view *view, struct arena *arena)
{
        const struct plane_view *plane = adopt_plane_shown(view);
        if (!plane)
                return (struct adoption){.outcome = ADOPTION_UNKNOWN, .text = describe_unknown(view, arena)};
        return (struct adoption){.outcome = ADOPTION_THEIRS, .plane = plane, .text = ""};
}

static bool is_of_nobody_known(const struct view *view, const struct stamp *stamp)
{
        return targets_stamp_is_foreign(view, stamp) && !targets_stamp_is_unshared(view, stamp);
}

struct adoption adopt_inquire(const struct view *view, struct arena *arena)
{
        const struct targets targets = targets_in_force(view);
        bool use_lock = targets_use_lock(view);
        if (is_of_nobody_known(view, &view->dns.stamp))
                return (struct adoption){.outcome = ADOPTION_FOREIGN,
                                         .text = describe_foreign(view, targets.dns_name, &view->dns.stamp, arena)};
        if (use_lock && is_of_nobody_known(view, &view->lock.stamp))
                return (struct adoption){.outcome = ADOPTION_FOREIGN,
                                         .text = describe_foreign(view, targets.lock_key, &view->lock.stamp, arena)};
        for (unsigned is_lock = 0; is_lock < 1U + use_lock; is_lock++)
                if ((is_lock ? &view->lock.stamp : &view->dns.stamp)->presence == STAMP_UNREADABLE)
                        return (struct adoption){.outcome = ADOPTION_UNREADABLE,
                                                 .text = describe_unreadable(view, is_lock, arena)};
        if (targets_unshared(view))
                return inquire_theirs(view, arena);
        epoch_t highest = highest_stamp(view);
        const struct plane_view *plane = adopt_plane_shown(view);
        if (highest)
                plane = plane_by_stamps(view, highest, arena);
        else if (plane && use_lock && !lock_names(view, plane, arena))
                plane = NULL;
        if (!plane || !unstamped_agree(view, plane, arena))
                return (struct adoption){.outcome = ADOPTION_UNKNOWN, .text = describe_unknown(view, arena)};
        return (struct adoption){.outcome = ADOPTION_NAMED,
                                 .plane = plane,
                                 .complete = dns_names(view, plane) && (!use_lock || lock_names(view, plane, arena)),
                                 .text = ""};
}
