/* effect_run.c -- the visits of a batch, on a worker: they touch nothing but their own effects and their session. */
#include <stdlib.h>
#include <string.h>

#include "reconcile/batch.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { COSTLY_PART_OF_MINUTE = 30 /* two seconds' worth of requests */ };

void effect_free(struct effect *effect)
{
        if (effect->mechanism)
                mechanism_end(effect->mechanism);
        target_state_clear(&effect->expected);
        target_state_clear(&effect->found);
        target_servers_clear(&effect->found_servers);
        arena_deinit(&effect->arena);
        free(effect->heard);
        free(effect);
}

/* Servers that do not answer cost a second each, in a job of their own: they delay nothing else. */
static void run_verify(struct effect *effect)
{
        for (unsigned i = 0; i < effect->server_count; i++) {
                struct verify_look *look = &effect->looks[i];
                struct target_state state = {0};
                struct errmsg ignored;
                enum err err = dns_observe(effect->servers[i], effect->ref.name, clock_mono() + VERIFY_DEADLINE_MS,
                                           &state, &ignored);
                if (err != ERR_OK)
                        continue;
                look->has_answered = true;
                const bool is_alias = text_has_prefix(effect->want.value, "ALIAS"); /* its answers are addresses */
                look->shows_record = (is_alias || strcmp(state.value, effect->want.value) == 0) &&
                                     state.stamp.presence == STAMP_OURS && state.stamp.epoch == effect->want.epoch;
                look->shown = arena_printf(&effect->arena, "%.*s", VERIFY_SHOWN_BYTES - 1, state.value);
                target_state_clear(&state);
        }
        effect->err = ERR_OK;
}

static void run_alive(struct target_session *session, struct effect *effect, mono_ms deadline)
{
        const struct target_alive alive = {
            .name = effect->ref.name, .say = effect->say, .ttl_s = effect->want.ttl_s, .deadline = deadline};
        effect->err = target_hear(session, &alive, &effect->heard, &effect->why);
}

/* Servers that cannot be found are not watched, as before; where one name's cannot, the others' are not asked for. */
static void find_servers(struct target_session *session, struct effect *const *members, size_t count, mono_ms deadline)
{
        bool can_be_found = true;
        for (size_t i = 0; i < count && can_be_found; i++) {
                struct effect *effect = members[i];
                struct errmsg ignored;
                if (!effect->asks_servers || effect->fate != TARGET_ENDED)
                        continue;
                can_be_found = target_find_servers(session, effect->ref.name, deadline, &effect->found_servers,
                                                   &ignored) == ERR_OK;
                effect->has_found_servers = can_be_found;
        }
}

static void run_preflights(struct target_session *session, struct effect *const *members, size_t count,
                           mono_ms deadline)
{
        struct target_preflight *preflights = mem_calloc(count, sizeof(*preflights));
        for (size_t i = 0; i < count; i++)
                preflights[i] = (struct target_preflight){.name = members[i]->ref.name,
                                                          .values = members[i]->values,
                                                          .value_count = members[i]->value_count,
                                                          .deadline = deadline};
        target_may_write_all(session, preflights, count);
        for (size_t i = 0; i < count; i++) {
                members[i]->fate = preflights[i].fate;
                members[i]->err = preflights[i].err;
                members[i]->why = preflights[i].why;
                members[i]->retry_after_ms = preflights[i].retry_after_ms;
        }
        free(preflights);
        find_servers(session, members, count, deadline);
}

/* ---- reads and swaps ---- */

void batch_take_result(struct effect *effect, struct target_visit *visit)
{
        effect->fate = visit->fate;
        effect->err = visit->err;
        effect->why = visit->why;
        effect->found = visit->found;
        effect->retry_after_ms = visit->retry_after_ms;
}

/* A call that lasts or costs too much leaves the rest to the next one. */
static void ask_claims(struct target_session *session, struct effect *effect, mono_ms deadline, bool is_first)
{
        char *claim = NULL;
        const struct target_limits *limits = &session->driver->limits;
        const bool is_late = clock_mono() > deadline - limits->visit_ms / 2;
        const bool is_costly = limits->per_minute && session->requests > limits->per_minute / COSTLY_PART_OF_MINUTE;
        if (!is_first && (is_late || is_costly)) {
                target_state_clear(&effect->found);
                effect->fate = TARGET_LEFT;
                return;
        }
        effect->err = target_claims(session, effect->ref.name, deadline, &claim, &effect->why);
        effect->found.stamp.claim = claim;
}

static void run_visits(struct target_session *session, struct effect *const *members, size_t count, mono_ms deadline)
{
        struct target_visit *visits = mem_calloc(count, sizeof(*visits));
        for (size_t i = 0; i < count; i++)
                visits[i] = (struct target_visit){.verb = members[i]->kind == EFFECT_READ ? TARGET_READ : TARGET_SWAP,
                                                  .name = members[i]->ref.name,
                                                  .expected = &members[i]->expected,
                                                  .want = &members[i]->want,
                                                  .deadline = deadline,
                                                  .kept = members[i]->kept,
                                                  .wants_claims = members[i]->asks_claims};
        target_visit_all(session, visits, count);
        bool has_asked = false;
        for (size_t i = 0; i < count; i++) {
                batch_take_result(members[i], &visits[i]);
                if (members[i]->fate != TARGET_ENDED || members[i]->err != ERR_OK || !members[i]->asks_claims ||
                    visits[i].has_claims)
                        continue;
                ask_claims(session, members[i], deadline, !has_asked);
                has_asked = true;
        }
        free(visits);
}

/* ---- the batch ---- */

/* A server whose visits end by their deadlines keeps its workers. */
static bool is_outdated(struct effect *effect)
{
        int64_t waited_ms = (effect->started_us - effect->decided_us) / 1000;
        if (!effect->rests_on_looks || waited_ms <= EFFECT_WAITS_MS)
                return false;
        effect->err = err_set(&effect->why, ERR_TRANSIENT,
                              "it waited %lld ms for a worker, so it is decided anew: the server answers too slowly",
                              (long long)waited_ms);
        return true;
}

enum err batch_open_session(struct batch *batch, const struct effect *first, struct errmsg *reterr)
{
        if (batch->err != ERR_OK || batch->session) {
                if (batch->err != ERR_OK)
                        *reterr = batch->why;
                return batch->err;
        }
        struct target_config config = first->config;
        config.credentials = batch->credentials.list;
        config.credential_count = batch->credentials.count;
        enum err err = batch->driver->open(&config, &batch->session, reterr);
        if (err == ERR_OK)
                batch->session->opened_at = first->started_us / 1000;
        return err;
}

static void fail_all(struct effect *const *members, size_t count, enum err err, const struct errmsg *why)
{
        for (size_t i = 0; i < count; i++) {
                members[i]->err = err;
                members[i]->why = *why;
        }
}

static void visit(struct batch *batch, struct effect *const *members, size_t count)
{
        if (members[0]->kind == EFFECT_VERIFY) {
                run_verify(members[0]);
                return;
        }
        const mono_ms deadline = clock_mono() + batch->driver->limits.visit_ms;
        struct errmsg why = {0};
        enum err err = batch_open_session(batch, members[0], &why);
        if (err != ERR_OK) {
                fail_all(members, count, err, &why);
                return;
        }
        batch->session->requests = 0;
        if (members[0]->kind == EFFECT_ALIVE)
                run_alive(batch->session, members[0], deadline);
        else if (members[0]->kind == EFFECT_PREFLIGHT)
                run_preflights(batch->session, members, count, deadline);
        else
                run_visits(batch->session, members, count, deadline);
        batch->requests = batch->session->requests;
}

void batch_run(struct job *job)
{
        struct batch *batch = CONTAINER_OF(job, struct batch, job);
        const int64_t started_us = clock_mono_us();
        size_t count = 0, sent = 0;
        for (struct effect *effect = batch->members; effect; effect = effect->next)
                count++;
        struct effect **members = mem_calloc(count, sizeof(struct effect *));
        for (struct effect *effect = batch->members; effect; effect = effect->next) {
                effect->started_us = started_us;
                if (effect->err == ERR_OK && !is_outdated(effect))
                        members[sent++] = effect;
        }
        if (sent > 0)
                visit(batch, members, sent);
        free(members);
        const int64_t ended_us = clock_mono_us();
        for (struct effect *effect = batch->members; effect; effect = effect->next)
                effect->ended_us = ended_us;
}
