/*
 * classify_switching.c -- a switch under way: the first unmet step as the targets show it, unless the switch must turn.
 */
#include "core/classify.h"

#include <string.h>

#include "core/election.h"
#include "core/texts.h"
#include "core/targets.h"
#include "core/verify.h"

static enum finding classify_stopped(struct pass *pass)
{
        const struct view *view = pass->view;
        const char *by = view->kill_switch        ? texts_kill_switch(view)
                         : view->policy.suspended ? "spec.suspend is true"
                         : pass->decision->mode.message[0]
                             ? arena_printf(pass->arena, "mode Advise is in effect. %s", pass->decision->mode.message)
                             : "mode Advise is in effect";
        return classify_as(pass, FINDING_STOPPED_MIDWAY,
                           arena_printf(pass->arena, "stopped before the next effect: %s", by));
}

/*
 * A later epoch of this policy at the targets: another operator went on without this record. It is adopted where it
 * names one plane, else a person is asked.
 */
static enum finding classify_ahead(struct pass *pass, enum purpose purpose)
{
        const struct view *view = pass->view;
        enum finding finding;
        pass->adoption = adopt_inquire(view, pass->arena);
        bool is_named = pass->adoption.outcome == ADOPTION_NAMED;
        unsigned long long epoch = pass->decision->epoch;
        if (is_named && purpose == PURPOSE_REQUEST)
                return classify_as(pass, FINDING_EPOCH_AHEAD,
                                   arena_printf(pass->arena, "the targets name %s under epoch %llu",
                                                pass->adoption.plane->name, epoch));
        if (classify_request(pass, purpose == PURPOSE_REQUEST ? PURPOSE_TAKEOVER : purpose, &finding))
                return finding;
        if (!is_named)
                return classify_as(pass, FINDING_UNKNOWN_TARGET, pass->adoption.text);
        const struct remedy offer = classify_offer(pass);
        return classify_as(pass, FINDING_UNKNOWN_TARGET,
                           arena_printf(pass->arena,
                                        "%s carries epoch %llu, and the spec names other targets by now: %s",
                                        targets_name(view)->ref.name, epoch,
                                        offer.command ? offer.command : offer.why_not));
}

/* Stamps that are not below the record's epoch, or values that nobody recorded: no step may be taken on them. */
static bool classify_contradiction(struct pass *pass, enum purpose purpose, enum finding *ret)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        if (failover_is_blocked(view, decision, SYNC_FOREIGN)) {
                *ret = classify_as(pass, FINDING_FOREIGN_OWNER, adopt_inquire(view, pass->arena).text);
                return true;
        }
        if (failover_is_blocked(view, decision, SYNC_UNREADABLE)) {
                *ret = classify_as(pass, FINDING_STAMP_UNREADABLE, adopt_inquire(view, pass->arena).text);
                return true;
        }
        if (failover_is_blocked(view, decision, SYNC_AHEAD)) {
                *ret = classify_ahead(pass, purpose);
                return true;
        }
        unsigned drifted = 0;
        while (drifted < view->target_count &&
               (decision->targets[drifted].sync != SYNC_DRIFT || !decision->targets[drifted].is_blocking))
                drifted++;
        if (drifted == view->target_count)
                return false;
        if (!classify_request(pass, purpose, ret))
                *ret = classify_edit(pass, FINDING_DRIFT, texts_drift(view, drifted, pass->arena),
                                     classify_keep(pass, "put back what was there"));
        return true;
}

static bool has_no_return(const struct view *view, const struct decision *decision)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (target_traits(view->targets[i].ref.kind)->ends_return && decision->targets[i].sync == SYNC_MET)
                        return true;
        return false;
}

/*
 * Before the first applied step an abort is safe. It follows only a failover, because a requested switch or a failback
 * leaves a healthy plane on purpose; and only while the targets still show the old plane (so never once Route is met),
 * else it would be a switch of its own.
 */
static bool classify_recovered(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        const struct decision *decision = pass->decision;
        const struct record *record = view->record;
        const struct plane_view *from = view_plane(view, record->from);
        if (!record->automatic || !record->detected_at || has_no_return(view, decision) || !from ||
            from == decision->active)
                return false;
        if (!adopt_matches(view, from, pass->arena) || election_unfit(view, from, NULL, pass->arena)[0])
                return false;
        pass->to = from;
        *ret = classify_as(pass, FINDING_ACTIVE_RECOVERED,
                           arena_printf(pass->arena, "%s is back before anything was changed", from->name));
        return true;
}

/* An epoch is never undone, only superseded: by the fittest plane, the old one included. */
static bool classify_lost(struct pass *pass, enum finding *ret)
{
        const struct decision *decision = pass->decision;
        if (!decision->active || decision->active_health.verdict != VERDICT_DOWN)
                return false;
        if (record_is_confirmed(pass->view->record)) {
                pass->decision->lost = arena_printf(
                    pass->arena, "%s, where the switch moves to, fails (%s), and a person asked for it all the same",
                    decision->active->name, texts_bad_checks(decision->active, pass->arena));
                return false;
        }
        const struct gate_question question = {PURPOSE_SUPERSEDE, decision->active, decision->candidate,
                                               decision->why_no_candidate};
        if (!classify_gates(pass, &question)) {
                pass->decision->lost = arena_printf(
                    pass->arena, "%s, where the switch moves to, fails (%s), and is not left for another plane: %s",
                    decision->active->name, texts_bad_checks(decision->active, pass->arena), pass->blocked);
                return false;
        }
        pass->to = decision->candidate;
        *ret = classify_as(pass, FINDING_TARGET_LOST,
                           arena_printf(pass->arena, "%s was lost during the switch; %s is fit", decision->active->name,
                                        decision->candidate->name));
        return true;
}

/* The first other authoritative server that still answers old data and may still delay the commit; NULL: none. */
static const struct verify_view *server_behind(struct pass *pass)
{
        const struct view *view = pass->view;
        const mono_ms met_at = pass->decision->targets[targets_name(view) - view->targets].met_at;
        for (unsigned i = 0; i < view->verify_count; i++) {
                const struct verify_view *verify = &view->verify[i];
                enum verify_word word = verify_word(view, verify);
                mono_ms until = met_at + (word == VERIFY_UNASKED ? VERIFY_FIRST_ANSWER_MS : VERIFY_WAIT_MS);
                if ((word == VERIFY_UNASKED || word == VERIFY_BEHIND) && view->now < until) {
                        classify_wake(pass, until);
                        return verify;
                }
        }
        return NULL;
}

/* It is written and answers. It is written again only to learn whether a replica has it, too. */
static bool is_settling(const struct view *view, const struct target_view *target)
{
        return target->shows.settling && target->shows.stamp.epoch == view->record->epoch &&
               target->health.reach != REACH_FAILED;
}

/*
 * A name that is about to be published must still lead agents to the addresses that are probed; "" where it does, or
 * where the record has addresses.
 */
static const char *name_unfit(struct pass *pass, const struct target_view *target)
{
        const struct plane_view *to = pass->decision->active;
        const struct plan_target *name = &pass->view->record->plan.targets[target - pass->view->targets];
        if (!to || strcmp(to->rrset, name->to) != 0)
                return "";
        const char *unfit = election_name_unfit(pass->view, to, pass->arena);
        return unfit[0] ? arena_printf(pass->arena, "%s: %s", to->name, unfit) : "";
}

static enum finding classify_steps(struct pass *pass)
{
        struct decision *decision = pass->decision;
        const struct target_view *next = classify_next(pass);
        pass->writes_beside = true;
        if (next) {
                const struct target_traits *traits = target_traits(next->ref.kind);
                decision->at = next;
                decision->step = traits->step;
                if (decision->targets[next - pass->view->targets].sync == SYNC_SETTLING)
                        return classify_as(pass, FINDING_STEP_PENDING,
                                           next->health.reach == REACH_FAILED ? texts_trouble(next, pass->arena)
                                           : next->shows.obstacle             ? next->shows.obstacle
                                                                              : traits->settling);
                if (is_settling(pass->view, next))
                        return classify_as(pass, FINDING_STEP_SETTLING, traits->settling);
                const char *unfit = traits->leads_agents ? name_unfit(pass, next) : "";
                if (unfit[0])
                        return classify_as(pass, FINDING_NAME_UNFIT, unfit);
                return classify_as(pass, FINDING_STEP_UNMET,
                                   next->health.reach == REACH_FAILED ? texts_trouble(next, pass->arena)
                                                                      : traits->unmet);
        }
        decision->step = STEP_COMMIT;
        const struct verify_view *behind = server_behind(pass);
        if (behind)
                return classify_as(pass, FINDING_SERVER_BEHIND,
                                   verify_word(pass->view, behind) == VERIFY_UNASKED
                                       ? arena_printf(pass->arena, "DNS server %s is being asked", behind->server)
                                       : verify_phrase(pass->view, behind, pass->arena));
        return classify_as(pass, FINDING_ALL_MET, "every target shows the new plane");
}

/*
 * Until a step is found unmet, the one that would be next by what is known: for people, where the classifier ends
 * early.
 */
static enum step step_by_targets(const struct view *view, const struct decision *decision)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (decision->targets[i].is_blocking && decision->targets[i].sync != SYNC_MET)
                        return target_traits(view->targets[i].ref.kind)->step;
        return STEP_COMMIT;
}

/*
 * The record still says that the switch is prepared, and is being told that it was begun. That is intent enough for a
 * target that refuses what is older; everything else waits for the answer.
 */
static enum finding classify_assumed(struct pass *pass)
{
        enum finding finding;
        if (classify_unread(pass, &finding))
                return finding;
        if (pass->view->confirmed_epoch != pass->view->record->epoch)
                return classify_as(pass, FINDING_UNCONFIRMED, "reading the policy once more before the first effect");
        finding = classify_steps(pass);
        pass->writes_beside = false;
        if (finding == FINDING_STEP_UNMET && !targets_is_weak(pass->decision->at))
                return finding;
        return classify_as(pass, FINDING_BEGUN_UNRECORDED, "that it was begun is still being recorded");
}

enum finding classify_switching(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        bool has_moved = targets_moved(view);
        enum purpose purpose = has_moved ? PURPOSE_RETARGET : PURPOSE_REQUEST;
        enum finding finding;
        decision->step = step_by_targets(view, decision);
        if (!decision->may_act) {
                (void)classify_request(pass, purpose, &finding);
                return classify_stopped(pass);
        }
        if (classify_configuration(pass, &finding) || classify_plan(pass, &finding) ||
            classify_contradictory_record(pass, &finding))
                return finding;
        if (view->is_record_assumed)
                return classify_assumed(pass);
        if (has_moved && classify_request(pass, purpose, &finding))
                return finding;
        if (classify_unread(pass, &finding) || classify_contradiction(pass, purpose, &finding))
                return finding;
        if (classify_request(pass, purpose, &finding))
                return finding;
        /* A spec that names other targets takes effect at the next epoch: this one ends on its own targets first. */
        if (!has_moved && (classify_recovered(pass, &finding) || classify_lost(pass, &finding)))
                return finding;
        if (view->confirmed_epoch != view->record->epoch)
                return classify_as(pass, FINDING_UNCONFIRMED, "reading the policy once more before the first effect");
        return classify_steps(pass);
}
