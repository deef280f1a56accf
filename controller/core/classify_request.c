/* classify_request.c -- whether what a person asked for by annotation can be done now. */
#include "core/classify.h"

#include "core/election.h"
#include "core/texts.h"
#include "core/remedy.h"
#include "core/targets.h"

static const char *waiting(struct pass *pass, const char *why)
{
        return arena_printf(pass->arena, "waiting: %s", why);
}

static const char *refused_for_good(struct pass *pass, const char *why)
{
        pass->decision->is_final = true;
        return arena_printf(pass->arena, "refused: %s", why);
}

/* A final answer, unless a fact that it rests on may have changed since it was last read. */
static const char *refused(struct pass *pass, const char *why)
{
        return request_may_be_refused(pass->view)
                   ? refused_for_good(pass, why)
                   : waiting(pass, "the record and the targets have not been read since it was asked");
}

/* "" when the targets already show what the person says; an adoption records reality and touches nothing. */
static const char *refuse_adopt(struct pass *pass, enum purpose purpose)
{
        const struct view *view = pass->view;
        const struct decision *decision = pass->decision;
        const struct plane_view *plane = decision->request.plane;
        if (purpose == PURPOSE_RETARGET)
                return "waiting: the targets of spec are others than those of the switch under way; switch-to moves to "
                       "them";
        if (decision->phase == PHASE_SWITCHING && !failover_stands(view, decision, SYNC_DRIFT) &&
            purpose != PURPOSE_TAKEOVER)
                return "waiting: a switch is under way";
        if (!targets_are_read(view))
                return "waiting: the targets have not been read yet";
        if (adopt_matches(view, plane, pass->arena))
                return "";
        const struct target_view *name = targets_name(view);
        const char *also = "";
        for (unsigned i = 0; i < view->target_count; i++)
                if (&view->targets[i] != name)
                        also =
                            arena_printf(pass->arena, "%s and %s", also, texts_shows(&view->targets[i], pass->arena));
        const struct remedy again = remedy_adopt_by_hand(view, plane, pass->arena);
        return refused(pass, arena_printf(pass->arena, "%s%s, which is not %s (\"%s\")%s%s",
                                          texts_shows(name, pass->arena), also, plane->name, plane->rrset,
                                          again.command ? "; once it is: " : "", again.command ? again.command : ""));
}

/* The command by which a person confirms this reason; where another reason was confirmed, a note that it was. */
static const char *offer_to_confirm(struct pass *pass, const struct unfitness *unfit)
{
        const struct request *request = &pass->decision->request;
        const char *word = election_unfit_word(unfit->kind);
        const char *was = request->confirmed != UNFIT_NOT
                              ? arena_printf(pass->arena, "; %s was confirmed, which it is not",
                                             election_unfit_word(request->confirmed))
                              : "";
        const char *command = word ? remedy_confirm(pass->view, request->plane, word, pass->arena) : NULL;
        return command ? arena_printf(pass->arena, "%s; to move there all the same: %s", was, command) : was;
}

/*
 * "" when every gate for @purpose passes. Of gates that block only the answer is kept: the policy's own state goes on.
 */
static const char *refuse_switch(struct pass *pass, enum purpose purpose)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        const struct plane_view *plane = decision->request.plane;
        bool is_named = view->record && plane == decision->active;
        if (is_named && !targets_name_is_empty(view) && purpose == PURPOSE_REQUEST)
                return refused(pass, arena_printf(pass->arena, "%s is active already", plane->name));
        const struct unfitness unfit = election_unfitness(view, plane, decision->active, pass->arena);
        bool is_confirmed = unfit.kind != UNFIT_NOT && unfit.kind == decision->request.confirmed;
        pass->confirmed = is_confirmed ? unfit.why : NULL;
        const struct gate_question question = {purpose, decision->active,
                                               unfit.why[0] && !pass->confirmed ? NULL : plane,
                                               arena_printf(pass->arena, "%s: %s", plane->name, unfit.why)};
        struct gates gates = gates_evaluate(view, &question, pass->arena);
        if (gates.blocked >= 0) {
                classify_wake(pass, gates.wake_at);
                const struct gate_verdict *verdict = &gates.verdicts[gates.blocked];
                const char *offer = verdict->gate == GATE_CANDIDATE ? offer_to_confirm(pass, &unfit) : "";
                return waiting(pass, arena_printf(pass->arena, "%s%s", gate_blocks(verdict, pass->arena), offer));
        }
        for (unsigned i = 0; pass->confirmed && i < gates.count; i++)
                if (gates.verdicts[i].gate == GATE_CANDIDATE)
                        gates.verdicts[i].text = arena_printf(
                            pass->arena, "%s is not fit (%s), and a person asks for it all the same", plane->name,
                            pass->confirmed);
        decision->gates = gates;
        decision->has_gates = true;
        return "";
}

static const char *refuse(struct pass *pass, enum purpose purpose)
{
        const struct decision *decision = pass->decision;
        const struct request *request = &decision->request;
        if (request->kind == REQUEST_NONE)
                return request->answer;
        if (pass->view->policy.mode == MODE_ADVISE)
                return refused_for_good(
                    pass, arena_printf(pass->arena, "in mode Advise nothing is written; %s",
                                       adopt_runbook_text(pass->view, decision->active, pass->arena)));
        if (decision->mode.mode == MODE_ADVISE)
                return arena_printf(pass->arena, "waiting: mode Advise is in effect (%s). %s", decision->mode.reason,
                                    decision->mode.message);
        if (!decision->may_act)
                return pass->view->kill_switch
                           ? arena_printf(pass->arena, "waiting: %s", texts_kill_switch(pass->view))
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
                *ret = pass->confirmed
                           ? classify_as(pass, FINDING_SWITCH_CONFIRMED,
                                         arena_printf(pass->arena, "a person asked for %s all the same: %s",
                                                      request->plane->name, pass->confirmed))
                           : classify_as(pass, FINDING_SWITCH_REQUESTED,
                                         arena_printf(pass->arena, "a person asked for %s", request->plane->name));
        }
        return true;
}
