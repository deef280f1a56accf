/* vtime.c -- events, chance, fibers. */
#include "vtime.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "util/mem.h"

enum { STACK_BYTES = 256 * 1024 };

struct event {
        vtime_us at;
        uint64_t order;
        void (*run)(void *ctx);
        void *ctx;
};

static struct {
        vtime_us now;
        uint64_t order;
        bool is_over;
        struct event *heap; /* from index 1 */
        size_t count, capacity;
        uint64_t seed, chance, digest;
} vt;

/* ---- chance ---- */

uint64_t chance_bits(void)
{
        uint64_t bits = vt.chance += 0x9E3779B97F4A7C15U; /* splitmix64 */
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
        return bits ^ (bits >> 31);
}

unsigned chance_below(unsigned bound)
{
        return bound ? (unsigned)(chance_bits() % bound) : 0;
}

bool chance(unsigned per_thousand)
{
        return chance_below(1000) < per_thousand;
}

bool history_has(unsigned what, unsigned per_thousand)
{
        uint64_t bits = (vt.seed * 64 + what + 1) * 0x9E3779B97F4A7C15U;
        bits = (bits ^ (bits >> 32)) * 0xD6E8FEB86659FD93U;
        return (bits ^ (bits >> 32)) % 1000 < per_thousand;
}

void digest_add(const void *bytes, unsigned count)
{
        const unsigned char *at = bytes;
        for (unsigned i = 0; i < count; i++)
                vt.digest = (vt.digest ^ at[i]) * 1099511628211U;
}

uint64_t digest_value(void)
{
        return vt.digest;
}

/* ---- events ---- */

static bool is_before(const struct event *a, const struct event *b)
{
        return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void vtime_at(vtime_us at, void (*run)(void *ctx), void *ctx)
{
        INVARIANT(!vt.is_over);
        if (vt.count + 1 >= vt.capacity) {
                vt.capacity = vt.capacity ? vt.capacity * 2 : 256;
                vt.heap = mem_realloc(vt.heap, vt.capacity, sizeof(vt.heap[0]));
        }
        const struct event event = {.at = at > vt.now ? at : vt.now, .order = vt.order++, .run = run, .ctx = ctx};
        size_t index = ++vt.count;
        for (; index > 1 && is_before(&event, &vt.heap[index / 2]); index /= 2)
                vt.heap[index] = vt.heap[index / 2];
        vt.heap[index] = event;
}

static struct event take_first(void)
{
        const struct event first = vt.heap[1];
        const struct event last = vt.heap[vt.count--];
        size_t index = 1;
        for (size_t child = 2; child <= vt.count; child = index * 2) {
                if (child < vt.count && is_before(&vt.heap[child + 1], &vt.heap[child]))
                        child++;
                if (is_before(&last, &vt.heap[child]))
                        break;
                vt.heap[index] = vt.heap[child];
                index = child;
        }
        vt.heap[index] = last;
        return first;
}

bool vtime_step(vtime_us limit)
{
        if (vt.count == 0 || vt.heap[1].at > limit) {
                vt.now = limit;
                return false;
        }
        const struct event event = take_first();
        vt.now = event.at;
        digest_add(&vt.now, sizeof(vt.now));
        event.run(event.ctx);
        return true;
}

void vtime_begin(uint64_t seed)
{
        vt.now = 0;
        vt.order = 0;
        vt.is_over = false;
        vt.seed = seed;
        vt.chance = seed * 0xD1342543DE82EF95U + 1;
        vt.digest = 14695981039346656037U;
}

void vtime_end(void)
{
        vt.is_over = true;
        while (vt.count > 0) {
                const struct event event = take_first();
                event.run(event.ctx);
        }
}

bool vtime_is_over(void)
{
        return vt.is_over;
}

vtime_us vtime_now(void)
{
        return vt.now;
}

/* ---- fibers ---- */

struct fiber {
        ucontext_t context, back;
        void (*run)(void *ctx);
        void *ctx;
        bool is_done;
        struct fiber *next; /* of those that may be used again */
        char stack[STACK_BYTES];
};

static struct fiber *current;
static struct fiber *unused; /* a stack is expensive to get and to touch */

static void enter(void)
{
        struct fiber *self = current;
        self->run(self->ctx);
        self->is_done = true;
        fiber_yield();
}

static void prepare(struct fiber *const fiber)
{
        INVARIANT(getcontext(&fiber->context) == 0);
        fiber->context.uc_stack.ss_sp = fiber->stack;
        fiber->context.uc_stack.ss_size = sizeof(fiber->stack);
        fiber->context.uc_link = NULL;
        makecontext(&fiber->context, enter, 0);
}

struct fiber *fiber_new(void (*run)(void *ctx), void *ctx)
{
        struct fiber *fiber = unused;
        if (fiber)
                unused = fiber->next;
        else
                fiber = mem_calloc(1, sizeof(*fiber));
        fiber->run = run;
        fiber->ctx = ctx;
        fiber->is_done = false;
        prepare(fiber);
        return fiber;
}

void fiber_resume(struct fiber *fiber)
{
        INVARIANT(!current && !fiber->is_done);
        current = fiber;
        INVARIANT(swapcontext(&fiber->back, &fiber->context) == 0);
        current = NULL;
}

bool fiber_is_done(const struct fiber *fiber)
{
        return fiber->is_done;
}

void fiber_yield(void)
{
        struct fiber *self = current;
        INVARIANT(self);
        INVARIANT(swapcontext(&self->context, &self->back) == 0);
}

void fiber_drop(struct fiber *fiber)
{
        fiber->next = unused;
        unused = fiber;
}
