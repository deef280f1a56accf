/* remedy.c -- the requests that a person can make now. */
#include "core/remedy.h"

#include <string.h>

#include "core/failover.h"
#include "core/plan.h"
#include "core/targets.h"

static void look_again(struct target_health *health, mono_ms now)
{
        if (health->reach == REACH_OK)
                health->looked_at = now;
}

/* The facts in which @value stands at @key, and everything was looked at since it was written. */
static struct view with_request(const struct view *view, enum request_key key, const char *value)
{
        struct view asked = *view;
        const char **const texts[REQUEST_KEY_COUNT] = {[REQUEST_KEY_SWITCH] = &asked.policy.switch_to,
                                                       [REQUEST_KEY_ADOPT] = &asked.policy.adopt,
                                                       [REQUEST_KEY_ACK] = &asked.policy.ack,
                                                       [REQUEST_KEY_TAKEOVER] = &asked.policy.takeover};
        *texts[key] = value;
        asked.policy.past[key] = REQUEST_NEW;
        asked.policy.is_asked_unread = false;
        for (unsigned i = 0; i < asked.target_count; i++)
                look_again(&asked.targets[i].health, view->now);
        asked.decide = NULL;
        return asked;
}

static bool is_done(const struct decision *decision, enum request_key key)
{
        enum finding wanted = key == REQUEST_KEY_SWITCH ? FINDING_SWITCH_REQUESTED : FINDING_ADOPT_REQUESTED;
        return decision->finding == wanted;
}

/* Without the prefix "refused" or "waiting", because the request was not made. */
static const char *reason_of(const char *answer)
{
        const char *after = answer + strcspn(answer, ":");
        return after + strspn(after, ": ");
}

static struct remedy try_request(const struct view *view, enum request_key key, const struct plane_view *plane,
                                 struct arena *arena)
{
        if (!view->decide)
                return (struct remedy){.why_not = ""};
        epoch_t next = targets_highest_epoch(view) + 1;
        struct view asked = with_request(view, key, request_value(view, key, plane->name, next, arena));
        struct decision decision;
        view->decide(&asked, arena, &decision);
        const char *command = request_command(view, key, plane->name, next, arena);
        bool is_kept_back = decision.request.kind != REQUEST_NONE && decision.request.key != key;
        if (is_kept_back) { /* another request is answered before it */
                command = arena_printf(arena, "%s %s-", command, request_annotation(decision.request.key, arena));
                asked = with_request(&asked, decision.request.key, "");
                view->decide(&asked, arena, &decision);
        }
        if (is_done(&decision, key))
                return (struct remedy){.command = command};
        return (struct remedy){.why_not = reason_of(decision.answer), .later = decision.is_final ? NULL : command};
}

struct remedy remedy_switch_to(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        return try_request(view, REQUEST_KEY_SWITCH, plane, arena);
}

struct remedy remedy_switch(const struct view *view, const struct plane_view *first, struct arena *arena)
{
        struct remedy none = {.why_not = ""};
        if (first) {
                none = remedy_switch_to(view, first, arena);
                if (none.command)
                        return none;
        }
        for (unsigned i = 0; i < view->plane_count; i++) {
                if (&view->planes[i] == first)
                        continue;
                const struct remedy remedy = remedy_switch_to(view, &view->planes[i], arena);
                if (remedy.command)
                        return remedy;
                if (!none.why_not[0])
                        none = remedy;
        }
        return none;
}

const char *remedy_confirm(const struct view *view, const struct plane_view *plane, const char *word,
                           struct arena *arena)
{
        if (!view->decide)
                return NULL;
        const char *value = request_confirmation(view, plane->name, targets_highest_epoch(view) + 1, word, arena);
        const struct view asked = with_request(view, REQUEST_KEY_SWITCH, value);
        struct decision decision;
        view->decide(&asked, arena, &decision);
        return decision.finding == FINDING_SWITCH_CONFIRMED ? request_command_of(view, REQUEST_KEY_SWITCH, value, arena)
                                                            : NULL;
}

struct remedy remedy_adopt(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        return try_request(view, REQUEST_KEY_ADOPT, plane, arena);
}

struct remedy remedy_adopt_by_hand(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        struct view moved = *view;
        for (unsigned i = 0; i < moved.target_count; i++) {
                struct target_view *target = &moved.targets[i];
                target->shows.value = plan_value_at(view, target, plane, targets_highest_epoch(view) + 1, arena);
                target->shows.present = target->shows.value[0];
        }
        return try_request(&moved, REQUEST_KEY_ADOPT, plane, arena);
}

const char *remedy_ack(const struct view *view, const char *lead, struct arena *arena)
{
        if (view->policy.mode == MODE_ADVISE)
                return "";
        return arena_printf(arena, "%s%s", lead,
                            request_command(view, REQUEST_KEY_ACK, "", view->record->epoch, arena));
}

const char *remedy_to_return(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        const struct remedy back = remedy_switch_to(view, plane, arena);
        if (back.command)
                return arena_printf(arena, "; to return: %s --field-manager=oncall", back.command);
        return back.why_not[0] ? arena_printf(arena, "; no return to %s now: %s", plane->name, back.why_not) : "";
}
