/* alive.c -- the heartbeat of the active plane: renewed from inside, observed from elsewhere. */
#include "reconcile/alive.h"

#include <stdlib.h>
#include <string.h>

#include "core/gates.h"
#include "reconcile/effect.h"
#include "reconcile/policy.h"
#include "reconcile/record_store.h"
#include "runtime/log.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/text.h"

enum { RENEWALS_PER_DELAY = 3 };

static mono_ms renewal(const struct view *view)
{
        mono_ms every = gates_failover_delay(view) / RENEWALS_PER_DELAY;
        return every < ALIVE_EVERY_MIN_MS   ? ALIVE_EVERY_MIN_MS
               : every > ALIVE_EVERY_MAX_MS ? ALIVE_EVERY_MAX_MS
                                            : every;
}

/* The next heartbeat; NULL where this operator is not inside the active plane, or where it is too early. */
static char *what_to_say(const struct policy *policy, const struct view *view, const struct decision *decision)
{
        const struct alive *alive = &policy->alive;
        mono_ms now = loop_now(policy->manager->loop), every = renewal(view);
        /* The renewal goes with a read. Without the slack a read that comes a little early would renew one period
         * later. */
        mono_ms slack = policy->keeper.store->reads_every(policy) / 2;
        if (!decision->vouches || !policy->manager->identity.uid ||
            (alive->said_at && now - alive->said_at + slack < every))
                return NULL;
        struct alive_text next = {.counter = alive->heard ? alive->heard->counter + 1 : 1, .every_ms = every};
        char text[ALIVE_TEXT_BYTES];
        struct alive_text again;
        bool fits = TEXT_COPY(next.plane, decision->active->name) && TEXT_COPY(next.by, policy->manager->identity.uid);
        alive_text_print(&next, text);
        return fits && alive_text_parse(text, &again) ? mem_strdup(text) : NULL;
}

/* A failover may wait for this read alone: silence counts only where the text was read after the window. */
static bool is_awaited(const struct alive *alive, const struct view *view, mono_ms now)
{
        mono_ms due = alive->seen_at + gates_dissent_window(view);
        return alive->seen_at && !alive->failures && now >= due && alive->read_at < due;
}

static void stop_waiting(struct alive *alive)
{
        if (!alive->effect || effect_is_sent(alive->effect))
                return;
        effect_abandon(alive->effect);
        alive->effect = NULL;
}

void alive_turn(struct policy *policy, const struct view *view, const struct decision *decision)
{
        struct alive *alive = &policy->alive;
        mono_ms now = loop_now(policy->manager->loop), every = policy->keeper.store->reads_every(policy);
        if (!view->alive.is_used || policy->manager->stopping) {
                stop_waiting(alive);
                return;
        }
        const bool waits = alive->effect && !effect_is_sent(alive->effect); /* queued, with a text that may be old */
        const bool is_due =
            !alive->asked_at || now - alive->asked_at >= every / 2 || is_awaited(alive, view, now);
        if (effect_is_sent(alive->effect) || (!waits && !is_due))
                return;
        alive->asked_at = now;
        char *say = what_to_say(policy, view, decision);
        effect_start_alive(policy, say);
        free(say);
}

static void hear(struct alive *alive, const char *text, mono_ms now)
{
        struct alive_text heard;
        if (!alive_text_parse(text, &heard) || text_equal(text, alive->raw))
                return;
        free(alive->raw);
        alive->raw = mem_strdup(text);
        if (!alive->heard)
                alive->heard = mem_new(alive->heard);
        *alive->heard = heard;
        alive->seen_at = now;
}

void alive_done(struct policy *policy, struct effect *effect)
{
        struct alive *alive = &policy->alive;
        alive->effect = NULL;
        if (effect->err != ERR_OK) {
                if (alive->failures++ == 0)
                        log_line(LOG_WARN, "alive", effect->why.text, LOG_TEXT_FIELD("policy", policy->key),
                                 LOG_TEXT_FIELD("class", err_name(effect->err)));
                return;
        }
        alive->failures = 0;
        alive->read_at = alive->asked_at; /* the text is at least as new as the question, and may be no newer */
        if (effect->say)
                alive->said_at = loop_now(policy->manager->loop);
        hear(alive, effect->heard ? effect->heard : "", loop_now(policy->manager->loop));
}

void alive_show(const struct policy *policy, struct alive_view *ret)
{
        const struct alive *alive = &policy->alive;
        *ret = (struct alive_view){.is_used = true,
                                   .seen_at = alive->seen_at,
                                   .read_at = alive->read_at,
                                   .every_ms = alive->heard ? alive->heard->every_ms : 0,
                                   .plane = alive->heard ? alive->heard->plane : ""};
}

void alive_forget(struct policy *policy)
{
        effect_abandon(policy->alive.effect);
        free(policy->alive.raw);
        free(policy->alive.heard);
        policy->alive = (struct alive){0};
}
