/* classify_none.c -- no record yet: look at the targets and adopt what they show. */
#include "core/classify.h"

#include "core/election.h"
#include "core/texts.h"

/* Why the targets may not be understood yet: a plane is being created, or its address is. NULL: nothing is pending. */
static const struct plane_view *pending_plane(const struct view *view)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (!view->planes[i].known)
                        return &view->planes[i];
        for (unsigned i = 0; i < view->plane_count; i++)
                if (!view->planes[i].rrset[0] && !view->planes[i].address_is_wrong)
                        return &view->planes[i];
        return NULL;
}

/* A person may name the plane at any time. Until every plane has an address the operator does not ask for it. */
static enum finding classify_unknown(struct pass *pass)
{
        enum finding finding;
        if (classify_request(pass, PURPOSE_TAKEOVER, &finding))
                return finding;
        const struct plane_view *pending = pending_plane(pass->view);
        if (!pending)
                return classify_as(pass, FINDING_UNKNOWN_TARGET, pass->adoption.text);
        return classify_as(pass, pending->known ? FINDING_ADDRESS_PENDING : FINDING_PLANE_MISSING,
                           arena_printf(pass->arena, "waiting for %s %s. %s",
                                        pending->known ? "an address of" : "ManagementPlane", pending->name,
                                        pass->adoption.text));
}

enum finding classify_none(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        enum finding finding;
        if (view->record_error[0])
                return classify_as(pass, FINDING_RECORD_UNREADABLE,
                                   arena_printf(pass->arena,
                                                "%s. Put back what was there, or begin anew from what the targets "
                                                "show: delete %s",
                                                view->record_error, texts_record_place(view, pass->arena)));
        if (!view->record_read)
                return classify_as(pass, FINDING_OBSERVING, "waiting for the decision store");
        if (classify_configuration(pass, &finding) || classify_unread(pass, &finding))
                return finding;
        pass->adoption = adopt_inquire(view, pass->arena);
        if (pass->adoption.outcome == ADOPTION_FOREIGN)
                return classify_as(pass, FINDING_FOREIGN_OWNER, pass->adoption.text);
        if (pass->adoption.outcome == ADOPTION_UNREADABLE)
                return classify_as(pass, FINDING_STAMP_UNREADABLE, pass->adoption.text);
        if (pass->adoption.outcome == ADOPTION_UNKNOWN)
                return classify_unknown(pass);
        if (decision->may_act)
                return classify_as(
                    pass, FINDING_ADOPTABLE,
                    arena_printf(pass->arena, "the targets name %s: recorded as they are", pass->adoption.plane->name));
        /* Nothing may be recorded, but the next step is judged and reported as if it were. */
        decision->active = pass->adoption.plane;
        decision->active_health = health_of(decision->active, &view->policy.detection, view->now);
        decision->candidate = election_choose(view, decision->active, pass->arena, &decision->why_no_candidate);
        (void)classify_request(pass, PURPOSE_REQUEST, &finding);
        return classify_active(pass);
}
