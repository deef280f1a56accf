/*
 * vtime.h -- virtual time: events in the order of their times, chance from one seed, and fibers that wait in between.
 *
 * Whatever happens in a history happens in an event or in a fiber that one resumed, so that a seed gives the same
 * history to the bit. A fiber runs until it yields; no time passes while it runs.
 *
 * Units:     microseconds since the beginning of the history.
 * Ownership: an event borrows its ctx; vtime_end() runs what is left with vtime_is_over(), so that it frees and no
 *            more.
 * Threads:   one.
 */
#ifndef PK_TEST_WHOLE_VTIME_H
#define PK_TEST_WHOLE_VTIME_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t vtime_us;
enum { VTIME_MS = 1000, VTIME_S = 1000000 };

void vtime_begin(uint64_t seed);
void vtime_end(void);
bool vtime_is_over(void);
vtime_us vtime_now(void);

void vtime_at(vtime_us at, void (*run)(void *ctx), void *ctx); /* those of one time in the order of these calls */
/* Runs the next event, if it is not after @limit; else the time is @limit. */
bool vtime_step(vtime_us limit);

uint64_t chance_bits(void);
unsigned chance_below(unsigned bound);
bool chance(unsigned per_thousand);
/* Of the history's number alone: whoever asks changes nothing in what else it draws. @what tells one question from another. */
bool history_has(unsigned what, unsigned per_thousand);
/* Each history is a number; of all that happened in it. */
void digest_add(const void *bytes, unsigned count);
uint64_t digest_value(void);

struct fiber;
struct fiber *fiber_new(void (*run)(void *ctx), void *ctx);
void fiber_resume(struct fiber *fiber); /* from an event, not from within another */
bool fiber_is_done(const struct fiber *fiber);
void fiber_yield(void);               /* from within a fiber */
void fiber_drop(struct fiber *fiber); /* done or not: what is on its stack is forgotten */

#endif
