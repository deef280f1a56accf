/* effect_run.c -- the visit itself, on a worker: it touches nothing but its own effect. */
#include <string.h>

#include "reconcile/effect.h"
#include "runtime/clock.h"

/* A server whose visits end by their deadlines keeps its workers: a decision, and a name that follows a lock, that
 * waited longer for one rests on what is not so any more. */
enum { WAITS_MS = LOOK_STEP_MS };

static struct target_swap swap_of(const struct effect *effect, mono_ms deadline)
{
        return (struct target_swap){.expected = &effect->expected, .want = &effect->want, .deadline = deadline};
}

static void run_dns(struct effect *effect, mono_ms deadline)
{
        struct target_swap swap = swap_of(effect, deadline);
        struct dns_target *target;
        effect->err = effect->driver->open(&effect->config, &target, &effect->why);
        if (effect->err != ERR_OK)
                return;
        if (effect->kind == EFFECT_READ)
                effect->err = dns_read(target, deadline, &swap.found, &effect->why);
        else
                effect->err = dns_swap(target, &swap, &effect->why);
        effect->found = swap.found;
        char *claim = NULL;
        if (effect->err == ERR_OK && effect->asks_claims) {
                effect->err = dns_claims(target, deadline, &claim, &effect->why);
                effect->found.stamp.claim = claim;
        }
        dns_target_close(target);
}

static void run_alive(struct effect *effect, mono_ms deadline)
{
        struct dns_target *target;
        effect->err = effect->driver->open(&effect->config, &target, &effect->why);
        if (effect->err != ERR_OK)
                return;
        effect->err = dns_alive(target, effect->say, deadline, &effect->heard, &effect->why);
        dns_target_close(target);
}

static void run_lock(struct effect *effect, mono_ms deadline)
{
        struct target_swap swap = swap_of(effect, deadline);
        struct lock_target *target;
        effect->err = lock_open(&effect->lock, &target, &effect->why);
        if (effect->err != ERR_OK)
                return;
        if (effect->kind == EFFECT_READ)
                effect->err = lock_read(target, deadline, &swap.found, &effect->why);
        else
                effect->err = lock_swap(target, &swap, &effect->why);
        effect->found = swap.found;
        lock_close(target);
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

static void visit(struct effect *effect)
{
        mono_ms deadline = clock_mono() + EFFECT_DEADLINE_MS;
        if (effect->kind == EFFECT_VERIFY)
                verify_run(effect);
        else if (effect->kind == EFFECT_ALIVE)
                run_alive(effect, deadline);
        else if (effect->driver)
                run_dns(effect, deadline);
        else
                run_lock(effect, deadline);
}

void effect_run(struct job *job)
{
        struct effect *effect = CONTAINER_OF(job, struct effect, job);
        effect->started_us = clock_mono_us();
        if (effect->err == ERR_OK && !is_outdated(effect))
                visit(effect);
        effect->ended_us = clock_mono_us();
}
