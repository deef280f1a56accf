/*
 * classify_record.c -- a record that contradicts itself: the plane that it names, and the plane whose values it
 * carries.
 */
#include <string.h>

#include "core/classify.h"

#include "core/election.h"
#include "core/texts.h"
#include "core/plan.h"
#include "core/targets.h"

/* The stamp of this very decision; NULL: the target carries another. */
static const struct stamp *stamp_of_record(const struct view *view, const struct stamp *stamp)
{
        bool is_its = stamp->presence == STAMP_OURS && stamp->epoch == view->record->epoch &&
                      stamp->id == view->record->id && !targets_stamp_is_foreign(view, stamp);
        return is_its ? stamp : NULL;
}

/* The plane, other than the recorded one, whose value by now is what the plan writes; NULL: there is none. */
static const struct plane_view *owner_of(const struct pass *pass, const struct plane_view *to, unsigned target)
{
        const struct view *view = pass->view;
        const struct record *record = view->record;
        const struct plane_view *owner = NULL;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                const char *value = plan_value_at(view, &view->targets[target], plane, record->epoch, pass->arena);
                if (strcmp(value, record->plan.targets[target].to) != 0)
                        continue;
                if (plane == to)
                        return NULL;
                owner = plane;
        }
        return owner;
}

/*
 * The stamp of this very decision names its plane, and counts, because it was written with the value. Without one the
 * plane is the one that has the plan's value by now, if any (its address may have changed). NULL: nothing contradicts
 * the record.
 */
static const char *named_by(const struct pass *pass, const struct plane_view *to, unsigned i)
{
        const struct view *view = pass->view;
        const struct target_view *target = &view->targets[i];
        const struct stamp *stamp = target->health.read_at ? stamp_of_record(view, &target->shows.stamp) : NULL;
        if (stamp)
                return strcmp(stamp->plane, view->record->to) == 0 ? NULL : stamp->plane;
        const struct plane_view *owner = owner_of(pass, to, i);
        return owner ? owner->name : NULL;
}

bool classify_contradictory_record(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        const struct record *record = view->record;
        const struct plane_view *to = view_plane(view, record->to);
        if (!to || targets_moved(view))
                return false; /* nothing is done for a plane that is not there; other targets say nothing of these */
        const char *named = NULL, *by = "";
        for (unsigned i = view->target_count; i-- > 0 && !named;) {
                if (!target_traits(view->targets[i].ref.kind)->names_plane)
                        continue;
                named = named_by(pass, to, i);
                by = target_traits(view->targets[i].ref.kind)->value_word;
        }
        if (!named)
                return false;
        if (classify_request(pass, PURPOSE_TAKEOVER, ret))
                return true;
        const struct remedy offer = remedy_switch(view, view_plane(view, named), pass->arena);
        *ret = classify_as(
            pass, FINDING_RECORD_UNREADABLE,
            arena_printf(
                pass->arena,
                "The record contradicts itself: epoch %llu made %s active, but its %s is that of %s. Nothing "
                "is decided on it. Put back what was there (%s)%s%s",
                (unsigned long long)record->epoch, record->to, by, named, texts_record_place(view, pass->arena),
                offer.command ? ", or say which plane it shall be: " : "", offer.command ? offer.command : ""));
        return true;
}
