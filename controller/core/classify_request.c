/* classify_request.c -- whether what a person asked for by annotation can be done now. */
#include "core/classify.h"

#include "core/election.h"
#include "core/phrase.h"
#include "core/targets.h"

/* "" when the targets already show what the person says; an adoption records reality and touches nothing. */
static const char *refuse_adopt(struct pass *pass, enum purpose purpose)
{
        const struct view *view = pass->view;
        const struct plane_view *plane = pass->decision->request.plane;
        const struct targets targets = targets_in_force(view);
        if (purpose == PURPOSE_RETARGET)
                return "waiting: the targets of spec are others than those of the switch under way; switch-to moves to "
                       "them";
        if (pass->decision->phase == PHASE_SWITCHING && pass->decision->dns != FENCE_DRIFT &&
            pass->decision->lock != FENCE_DRIFT && purpose != PURPOSE_TAKEOVER)
                return "waiting: a switch is under way";
        if (!targets_are_read(view))
                return "waiting: the targets have not been read yet";
        if (adopt_matches(view, plane, pass->arena))
                return "";
        const char *lock = targets.lock_server[0]
                               ? arena_printf(pass->arena, " and lock %s holds \"%s\"", targets.lock_key,
                                              phrase_excerpt(view->lock.value, 100, pass->arena))
                               : "";
        return arena_printf(pass->arena, "refused: %s shows \"%s\"%s, which is not %s (\"%s\")", targets.dns_name,
                            phrase_excerpt(view->dns.rrset, 200, pass->arena), lock, plane->name, plane->rrset);
}

/*
 * "" when every gate for @purpose holds. Only what is answered is kept of gates that refuse: the policy's own state
 * goes on.
 */
static const char *refuse_switch(struct pass *pass, enum purpose purpose)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        const struct plane_view *plane = decision->request.plane;
        bool is_named = view->record && plane == decision->active;
        if (is_named && purpose == PURPOSE_REQUEST)
                return arena_printf(pass->arena, "refused: %s is active already", plane->name);
        const char *unfit = election_unfit(view, plane, decision->active, pass->arena);
        const struct gate_question question = {purpose, decision->active, unfit[0] ? NULL : plane,
                                               arena_printf(pass->arena, "%s: %s", plane->name, unfit)};
        struct gates gates = gates_evaluate(view, &question, pass->arena);
        if (gates.refused >= 0) {
                classify_wake(pass, gates.wake_at);
                return arena_printf(pass->arena, "waiting: %s", gates.verdicts[gates.refused].text);
        }
        decision->gates = gates;
        decision->has_gates = true;
        return "";
}

static const char *refuse(struct pass *pass, enum purpose purpose)
{
        const struct decision *decision = pass->decision;
        const struct request *request = &decision->request;
        if (decision->mode.mode == MODE_ADVISE && request->epoch > decision->epoch)
                return "refused: in mode Advise I write nothing; follow status.runbook";
        if (request->kind == REQUEST_NONE)
                return request->answer;
        if (!decision->may_act)
                return pass->view->kill_switch
                           ? arena_printf(pass->arena, "waiting: %s", phrase_kill_switch(pass->view))
                           : "waiting: suspended";
        return request->kind == REQUEST_ADOPT ? refuse_adopt(pass, purpose) : refuse_switch(pass, purpose);
}

bool classify_request(struct pass *pass, enum purpose purpose, enum finding *ret)
{
        struct decision *decision = pass->decision;
        const struct request *request = &decision->request;
        decision->answer = refuse(pass, purpose);
        if (request->kind == REQUEST_NONE || decision->answer[0])
                return false;
        if (request->kind == REQUEST_ADOPT) {
                pass->adoption =
                    (struct adoption){.outcome = ADOPTION_NAMED, .plane = request->plane, .complete = true, .text = ""};
                *ret = classify_as(pass, FINDING_ADOPT_REQUESTED,
                                   arena_printf(pass->arena, "a person says %s is active", request->plane->name));
        } else {
                pass->to = request->plane;
                *ret = classify_as(pass, FINDING_SWITCH_REQUESTED,
                                   arena_printf(pass->arena, "a person asked for %s", request->plane->name));
        }
        return true;
}
