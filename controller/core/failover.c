/* failover.c -- the decision: classify the facts, look the finding up in the rules, fill in the action. */
#include "core/failover.h"

#include "core/beside.h"
#include "core/classify.h"
#include "core/election.h"
#include "core/looks.h"
#include "core/maintenance.h"
#include "core/texts.h"
#include "core/next_record.h"
#include "core/prepare.h"
#include "core/roles.h"
#include "core/targets.h"
#include "core/waiting.h"
#include "util/mem.h"

static struct target_standing standing_of(const struct view *view, unsigned i)
{
        const struct target_view *target = &view->targets[i];
        struct target_standing standing = {.sync = sync_of(view, view->record, i), .met_epoch = target->met_epoch};
        standing.is_write_over =
            standing.sync != SYNC_BEHIND && standing.sync != SYNC_SETTLING && standing.sync != SYNC_UNREAD;
        if (standing.sync != SYNC_MET)
                return standing;
        bool is_news = target->met_epoch != view->record->epoch || !target->met_at;
        standing.met_epoch = view->record->epoch;
        standing.met_at = is_news ? view->now : target->met_at;
        return standing;
}

static void look_at_targets(const struct view *view, struct decision *decision)
{
        bool is_comparable = view->record && view->plan_proof == PLAN_PROVEN &&
                             (decision->phase == PHASE_SWITCHING || !targets_moved(view));
        for (unsigned i = 0; i < view->target_count; i++) {
                decision->targets[i].met_epoch = view->targets[i].met_epoch;
                if (is_comparable)
                        decision->targets[i] = standing_of(view, i);
                decision->targets[i].is_blocking = waiting_is_for(view, &view->targets[i]);
        }
}

/*
 * All targets are read when an outage begins: an answer from outside tells it from this operator's own isolation, and a
 * person's edit is found before the decision (decision 009).
 */
static unsigned looks_beside(const struct view *view, const struct decision *decision)
{
        const mono_ms failing_since = decision->active_health.failing_since;
        unsigned looks = 0;
        for (unsigned i = 0; i < view->target_count; i++) {
                const mono_ms read_at = view->targets[i].health.read_at;
                looks |= !read_at || read_at < failing_since ? 1U << i : 0;
        }
        return looks;
}

/* An accepted write is looked at until it shows, and a weak target for ever. */
static unsigned looks_in_time(struct pass *pass)
{
        const struct view *view = pass->view;
        unsigned settling = 0;
        mono_ms wake;
        for (unsigned i = 0; i < view->target_count; i++)
                settling |= pass->decision->targets[i].sync == SYNC_SETTLING ? 1U << i : 0;
        const unsigned looks = looks_by_age(view, settling, &wake);
        classify_wake(pass, wake);
        return looks;
}

static void look_around(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        decision->phase = view->record ? view->record->phase : PHASE_NONE;
        decision->mode = mode_in_effect(view, pass->arena);
        classify_wake(pass, decision->mode.wake_at);
        decision->may_act = decision->mode.mode == MODE_AUTOMATIC && !roles_is_stopped(view);
        decision->epoch = targets_highest_epoch(view);
        for (unsigned i = 0; i < view->plane_count; i++) {
                struct plane_health health = health_of(&view->planes[i], &view->policy.detection, view->now);
                decision->verdicts[i] = health.verdict;
                decision->verdicts_since[i] = health_verdict_since(&view->planes[i], &health, view->now);
                if (maintenance_holds(view, &view->planes[i]))
                        classify_wake(pass, maintenance_end(view, &view->planes[i]));
                classify_wake(pass, health_settles_at(&view->planes[i], &view->policy.detection, view->now));
        }
        look_at_targets(view, decision);
        decision->active = roles_active(view, decision->may_act);
        if (decision->active) {
                decision->active_health = health_of(decision->active, &view->policy.detection, view->now);
                decision->candidate = election_choose(view, decision->active, pass->arena, &decision->why_no_candidate);
        }
        decision->looks_beside = looks_beside(view, decision) | looks_in_time(pass);
        classify_wake(pass, election_quarantine_end(view));
        for (unsigned i = 0; i < view->target_count; i++)
                classify_wake(pass, targets_refusal_due(&view->targets[i].health, view->now));
        if (view->now < view->late_until) /* the status shows it until then */
                classify_wake(pass, view->late_until);
        decision->request = request_read(view, decision->epoch, pass->arena);
        decision->answer = decision->request.answer;
        decision->is_final = decision->request.is_final;
}

static enum finding classify(struct pass *pass)
{
        switch (pass->decision->phase) {
        case PHASE_STEADY:
                return classify_steady(pass);
        case PHASE_SWITCHING:
                return classify_switching(pass);
        default:
                return classify_none(pass);
        }
}

/* The place of the last possible epoch that a person has to repair first. */
static const char *place_of_epoch(const struct view *view, epoch_t epoch, struct arena *arena)
{
        if (view->record && view->record->epoch == epoch)
                return texts_record_place(view, arena);
        const struct target_view *at = targets_name(view);
        for (unsigned i = view->target_count; i-- > 0 && at->shows.stamp.epoch != epoch;)
                at = &view->targets[i];
        return texts_stamp_place(at, arena);
}

/*
 * Nothing can be decided after the last possible epoch. That is reported before a failover needs it; a switch under way
 * goes on.
 */
static enum finding need_epoch(struct pass *pass, enum finding finding)
{
        const struct decision *decision = pass->decision;
        const enum action then = rule_find(decision->phase, finding)->then;
        bool needs_one = then == DO_ADOPT || then == DO_DECIDE || then == DO_ABORT || then == DO_PREPARE ||
                         finding == FINDING_STEADY;
        if (!needs_one || decision->epoch < EPOCH_MAX)
                return finding;
        return classify_as(
            pass, FINDING_EPOCHS_EXHAUSTED,
            arena_printf(
                pass->arena,
                "epoch %llu is the last one, so nothing can be decided any more. Nobody comes to it by deciding: "
                "somebody wrote it. Delete what carries it: %s; what the targets show is then taken up again",
                (unsigned long long)decision->epoch, place_of_epoch(pass->view, decision->epoch, pass->arena)));
}

/*
 * No action may rest on a look at another target that is too old: the target is read first, and the next pass decides
 * anew.
 */
static enum finding read_first(struct pass *pass, enum finding finding)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        decision->looks = looks_due(view, rule_find(decision->phase, finding)->then, decision->at);
        if (!decision->looks)
                return finding;
        /* Such a read takes an instant, so nothing new is reported for it. */
        decision->at = NULL;
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                if (!(decision->looks & 1U << i) || target->health.reach != REACH_FAILED)
                        continue;
                decision->at = target;
                decision->why = arena_printf(pass->arena, "%s; what it rests on is read again first: %s", decision->why,
                                             texts_trouble(target, pass->arena));
                break;
        }
        return classify_as(pass, FINDING_LOOK_OLD, decision->why);
}

/* In a switch, while a target is not as recorded, and while the active plane fails, servers are left to the switch. */
static bool rests(const struct decision *decision)
{
        return decision->phase == PHASE_STEADY && decision->finding == FINDING_STEADY && decision->may_act &&
               decision->active_health.fails == 0;
}

/* Also where Automatic waits for the heartbeat; never where nothing outside status may be written. */
static bool vouches(const struct view *view, const struct decision *decision)
{
        const struct plane_view *active = decision->active;
        const struct plane_health *health = &decision->active_health;
        bool may_write = view->policy.mode == MODE_AUTOMATIC && !view->policy.suspended && !view->kill_switch &&
                         !targets_split_owner(view) && !failover_names_stand(view, decision, SYNC_FOREIGN) &&
                         !failover_names_stand(view, decision, SYNC_UNREADABLE);
        return may_write && view->alive.is_used && active && active->holds_operator && health->fresh &&
               health->verdict == VERDICT_UP && health->fails == 0;
}

static const struct record *write_down(struct pass *pass)
{
        switch (pass->decision->rule->then) {
        case DO_ADOPT:
                return next_adoption(pass->view, pass->decision, &pass->adoption, pass->arena);
        case DO_DECIDE:
                if (pass->decision->is_prepared || pass->decision->finding == FINDING_PREPARED_SHOWN)
                        return next_begun(pass->view, pass->decision, pass->arena);
                return next_switch(pass->view, pass->decision, pass->to, pass->arena);
        case DO_PREPARE:
                return next_prepared(pass->view, pass->decision, pass->to, pass->arena);
        case DO_GIVE_UP:
                return next_given_up(pass->view, pass->arena);
        case DO_ABORT:
                return next_abort(pass->view, pass->decision, pass->to, pass->arena);
        case DO_COMMIT:
                return next_commit(pass->view, pass->arena);
        default:
                return NULL;
        }
}

static void decide(const struct view *view, struct arena *arena, struct decision *ret)
{
        *ret = (struct decision){
            .why = "", .why_no_candidate = "", .lost = "", .held_return = "", .held_update = "", .answer = ""};
        struct pass pass = {.view = view, .arena = arena, .decision = ret};
        look_around(&pass);
        ret->finding = read_first(&pass, need_epoch(&pass, classify(&pass)));
        ret->rule = rule_find(ret->phase, ret->finding);
        INVARIANT(ret->rule);
        ret->next = write_down(&pass);
        if (ret->next)
                INVARIANT(ret->may_act);
        if (ret->rule->then == DO_WRITE)
                ret->write = classify_write(view, ret->at);
        beside_add(&pass);
        ret->vouches = vouches(view, ret);
        ret->rests = rests(ret);
        ret->is_next = prepare_decides_next(&pass);
        /*
         * A request that is being recorded is answered by the record. One that this pass did not reach stays as it is.
         */
        bool is_accepted = ret->finding == FINDING_SWITCH_REQUESTED || ret->finding == FINDING_SWITCH_CONFIRMED ||
                           ret->finding == FINDING_ADOPT_REQUESTED;
        if (ret->request.kind != REQUEST_NONE && !ret->answer[0] && !is_accepted)
                ret->answer = arena_printf(arena, "waiting: %s", ret->why);
}

/* The target that refused to record the last decision; NULL: none did. */
static const struct target_view *refusing_store(const struct view *view)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (view->targets[i].health.refuses_record)
                        return &view->targets[i];
        return NULL;
}

/*
 * The write names the state that was read, and is refused where that has changed. NULL: there is nothing left to
 * decide.
 */
static const struct attempt *try_again(const struct view *view, const struct target_view *store, struct arena *arena)
{
        struct attempt *attempt = arena_alloc(arena, sizeof(*attempt));
        attempt->view = *view;
        attempt->view.targets[store - view->targets].health = (struct target_health){
            .reach = REACH_OK, .error = "", .read_at = store->health.read_at, .looked_at = view->now};
        decide(&attempt->view, arena, &attempt->decision);
        return attempt->decision.next || attempt->decision.looks ? attempt : NULL;
}

void failover_decide(const struct view *view, struct arena *arena, struct decision *ret)
{
        decide(view, arena, ret);
        const struct target_view *store = refusing_store(view);
        if (!store)
                return;
        ret->attempt = ret->next ? NULL : try_again(view, store, arena);
        ret->targets[store - view->targets].is_write_over = !ret->next && !ret->attempt;
}
