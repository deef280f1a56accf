/* tell_armed.c -- whether a failover would happen by itself, as an Event on each change. */
#include <stdlib.h>
#include <string.h>

#include "reconcile/tell.h"
#include "reconcile/tell_parts.h"
#include "util/mem.h"
#include "util/text.h"

/* A state that mostly ends by itself (a start, a switch, one lost answer) is reported once it has lasted so long. */
enum { PASSING_MS = 10000 };

static void remember(char **word, const char *reason)
{
        free(*word);
        *word = mem_strdup(reason);
}

static void note(struct policy *policy, bool is_armed, const char *reason)
{
        tell_metrics_armed(policy, is_armed, reason);
        if (text_equal(policy->told.armed, reason))
                return;
        remember(&policy->told.armed, reason);
        policy->told.armed_since = loop_now(policy->manager->loop);
}

/* The Event of the finding says it already. */
void tell_armed_invalid(struct policy *policy)
{
        note(policy, false, "InvalidSpec");
        remember(&policy->told.armed_told, "InvalidSpec");
}

/* The finding, the late loop and the kill switch are told by this word already. */
static bool has_its_own_event(const struct view *view, const struct decision *decision, const char *word)
{
        const char *blocked = report_blocked_by(view, decision);
        return strcmp(word, blocked ? blocked : decision->rule->reason) == 0 || strcmp(word, "LoopLate") == 0 ||
               strcmp(word, "KillSwitch") == 0;
}

void tell_armed(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena)
{
        const struct report_armed armed = report_armed_of(view, decision, arena);
        note(policy, armed.is_armed, armed.reason);
        if (text_equal(policy->told.armed_told, armed.reason))
                return;
        bool may_pass = armed.is_passing || (!armed.is_armed && !policy->told.armed_told);
        mono_ms due = may_pass ? policy->told.armed_since + PASSING_MS : 0;
        if (view->now < due) {
                workqueue_add_after(policy->manager->policies_queue, &policy->work, due - view->now);
                return;
        }
        remember(&policy->told.armed_told, armed.reason);
        if (!has_its_own_event(view, decision, armed.reason))
                tell_event(policy, !armed.is_armed, armed.is_armed ? "Armed" : "NotArmed", "Judge",
                           armed.is_armed ? armed.message : arena_printf(arena, "%s: %s", armed.reason, armed.message));
}
