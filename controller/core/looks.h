/*
 * looks.h -- how old a look at a target may be when something is done that rests on it. Pure.
 *
 * A server behind one address may have lost a write, been restored, or be another server by now. A write is fenced at
 * its own target; the state of another target that it rests on is only remembered (decision 016).
 */
#ifndef PK_CORE_LOOKS_H
#define PK_CORE_LOOKS_H

#include "core/rules.h"
#include "core/view.h"

enum {
        LOOK_STEP_MS = 1000,  /* one target before a write to another: read and written in a row */
        LOOK_VISIT_MS = 5000, /* all before a record: as long as a visit may take, so that all can be had within it */
        LOOK_WEAK_MS = 30000, /* a weak target at rest: a late write of an older epoch is not refused there */
};

/*
 * The targets that @then (DO_WRITE: at @at) rests on and that have to be looked at again before it: a bit for each of
 * view->targets.
 */
unsigned looks_due(const struct view *view, enum action then, const struct target_view *at);

/* The same for one more write to @at, beside whatever is done. */
unsigned looks_before_write(const struct view *view, const struct target_view *at);

/* Those that are due by the passing of time, whatever is done; *ret_wake: when the next is, 0: none will be. */
unsigned looks_by_age(const struct view *view, unsigned settling, mono_ms *ret_wake);

#endif
