/* effect_run.c -- the visit itself, on a worker: it touches nothing but its own effect. */
#include <string.h>

#include "reconcile/effect.h"
#include "runtime/clock.h"
#include "util/text.h"

/* A server whose visits end by their deadlines keeps its workers: a decision, and a name that follows a lock, that
 * waited longer for one rests on what is not so any more. */
enum { WAITS_MS = LOOK_STEP_MS };

static void run_visit(struct effect *effect, mono_ms deadline)
{
        struct target_session *session = effect->session;
        struct target_visit visit = {.verb = effect->kind == EFFECT_READ ? TARGET_READ : TARGET_SWAP,
                                     .name = effect->ref.name,
                                     .expected = &effect->expected,
                                     .want = &effect->want,
                                     .deadline = deadline};
        target_visit(session, &visit);
        effect->err = visit.err;
        effect->why = visit.why;
        effect->found = visit.found;
        effect->retry_after_ms = visit.retry_after_ms;
        char *claim = NULL;
        if (effect->err == ERR_OK && effect->asks_claims) {
                effect->err = target_claims(session, effect->ref.name, deadline, &claim, &effect->why);
                effect->found.stamp.claim = claim;
        }
}

static void run_alive(struct effect *effect, mono_ms deadline)
{
        const struct target_alive alive = {
            .name = effect->ref.name, .say = effect->say, .ttl_s = effect->want.ttl_s, .deadline = deadline};
        effect->err = target_hear(effect->session, &alive, &effect->heard, &effect->why);
}

static void run_preflight(struct effect *effect, mono_ms deadline)
{
        struct target_preflight preflight = {
            .name = effect->ref.name, .values = effect->values, .value_count = effect->value_count, .deadline = deadline};
        effect->err = target_may_write(effect->session, &preflight, &effect->why);
        effect->retry_after_ms = preflight.retry_after_ms;
}

/* Servers that do not answer cost a second each, in a job of their own: they delay nothing else. */
static void run_verify(struct effect *effect)
{
        for (unsigned i = 0; i < effect->server_count; i++) {
                struct verify_slot *look = &effect->verify[i];
                struct target_state state = {0};
                struct errmsg ignored;
                enum err err = dns_observe(effect->servers[i], effect->ref.name, clock_mono() + VERIFY_DEADLINE_MS,
                                           &state, &ignored);
                if (err != ERR_OK)
                        continue;
                look->has_answered = true;
                look->shows_record = strcmp(state.value, effect->want.value) == 0 &&
                                     state.stamp.presence == STAMP_OURS && state.stamp.epoch == effect->want.epoch;
                (void)TEXT_COPY(look->shown, state.value);
                target_state_clear(&state);
        }
        effect->err = ERR_OK;
}

static bool is_outdated(struct effect *effect)
{
        int64_t waited_ms = (effect->started_us - effect->submitted_us) / 1000;
        if (!effect->rests_on_looks || waited_ms <= WAITS_MS)
                return false;
        effect->err = err_set(&effect->why, ERR_TRANSIENT,
                              "it waited %lld ms for a worker, so it is decided anew: the server answers too slowly",
                              (long long)waited_ms);
        return true;
}

static bool open_session(struct effect *effect)
{
        effect->err = effect->driver->open(&effect->config, &effect->session, &effect->why);
        if (effect->err == ERR_OK)
                effect->session->opened_at = effect->started_us / 1000;
        return effect->err == ERR_OK;
}

static void visit(struct effect *effect)
{
        if (effect->kind == EFFECT_VERIFY) {
                run_verify(effect);
                return;
        }
        const mono_ms deadline = clock_mono() + effect->driver->limits.visit_ms;
        if (!effect->session && !open_session(effect))
                return;
        effect->session->requests = 0;
        if (effect->kind == EFFECT_ALIVE)
                run_alive(effect, deadline);
        else if (effect->kind == EFFECT_PREFLIGHT)
                run_preflight(effect, deadline);
        else
                run_visit(effect, deadline);
        effect->requests = effect->session->requests;
}

void effect_run(struct job *job)
{
        struct effect *effect = CONTAINER_OF(job, struct effect, job);
        effect->started_us = clock_mono_us();
        if (effect->err == ERR_OK && !is_outdated(effect))
                visit(effect);
        effect->ended_us = clock_mono_us();
}
