/*
 * looks.h -- how old a look at a target may be when something is done that rests on it. Pure.
 *
 * What a server behind one address showed once is not what it shows for ever: it may have lost a write, been restored,
 * or be another server by now. A write is fenced at its own target; what it rests on at another one is only remembered.
 */
#ifndef PK_CORE_LOOKS_H
#define PK_CORE_LOOKS_H

#include "core/rules.h"
#include "core/view.h"

enum { LOOK_DNS = 1, LOOK_LOCK = 2 };

enum {
        LOOK_STEP_MS = 1000,  /* one target before a write to another: read and written in a row */
        LOOK_VISIT_MS = 5000, /* both before a record: as long as a visit may take, so that both can be had within it */
};

/* LOOK_*: the targets that @then (for DO_REASSERT, of @step) rests on and that have to be looked at again before it. */
unsigned looks_due(const struct view *view, enum action then, enum step step);

#endif
