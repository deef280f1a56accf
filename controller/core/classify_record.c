/* classify_record.c -- a record that says two things: whom it makes active, and what that is. */
#include <string.h>

#include "core/classify.h"

#include "core/election.h"
#include "core/phrase.h"
#include "core/plan.h"
#include "core/targets.h"

/* The stamp of this very decision; NULL: the target carries another. */
static const struct stamp *stamp_of_record(const struct view *view, const struct stamp *stamp)
{
        bool is_its = stamp->presence == STAMP_OURS && stamp->epoch == view->record->epoch &&
                      stamp->id == view->record->id && !targets_stamp_is_foreign(view, stamp);
        return is_its ? stamp : NULL;
}

/* The plane, other than the recorded one, whose @value by now is what the plan writes; NULL: there is none. */
static const struct plane_view *owner_of(const struct pass *pass, const struct plane_view *to, bool is_lock)
{
        const struct view *view = pass->view;
        const struct record *record = view->record;
        const char *planned = is_lock ? record->plan.to_lock : record->plan.to_rrset;
        const struct plane_view *owner = NULL;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                const char *value =
                    is_lock ? plan_lock_value(view, plane, record->epoch, pass->arena) : plane->rrset;
                if (strcmp(value, planned) != 0)
                        continue;
                if (plane == to)
                        return NULL;
                owner = plane;
        }
        return owner;
}

/*
 * What the target shows of this decision names its plane, and is believed: it was written with the value. Else the
 * plan's value is some plane's own, or nobody's (its address changed since). NULL: nothing speaks against the record.
 */
static const char *named_by(const struct pass *pass, const struct plane_view *to, bool is_lock)
{
        const struct view *view = pass->view;
        const struct target_health *health = is_lock ? &view->lock_health : &view->dns_health;
        const struct stamp *stamp =
            health->read_at ? stamp_of_record(view, is_lock ? &view->lock.stamp : &view->dns.stamp) : NULL;
        if (stamp)
                return strcmp(stamp->plane, view->record->to) == 0 ? NULL : stamp->plane;
        const struct plane_view *owner = owner_of(pass, to, is_lock);
        return owner ? owner->name : NULL;
}

bool classify_contradictory_record(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        const struct record *record = view->record;
        const struct plane_view *to = election_find(view, record->to);
        if (!to || targets_moved(view))
                return false; /* nothing is done for a plane that is not there; other targets say nothing of these */
        const char *by_dns = named_by(pass, to, false);
        const char *by_lock = record->plan.lock_server[0] ? named_by(pass, to, true) : NULL;
        if (!by_dns && !by_lock)
                return false;
        if (classify_request(pass, PURPOSE_TAKEOVER, ret))
                return true;
        const struct remedy offer = remedy_switch(view, election_find(view, by_dns ? by_dns : by_lock), pass->arena);
        *ret = classify_as(
            pass, FINDING_RECORD_UNREADABLE,
            arena_printf(pass->arena,
                         "The record contradicts itself: epoch %llu made %s active, but its %s is that of %s. Nothing "
                         "is decided on it. Put back what was there (%s)%s%s",
                         (unsigned long long)record->epoch, record->to, by_dns ? "address" : "lock",
                         by_dns ? by_dns : by_lock, phrase_record_place(view, pass->arena),
                         offer.command ? ", or say which plane it shall be: " : "",
                         offer.command ? offer.command : ""));
        return true;
}
