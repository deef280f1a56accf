/*
 * signals.h -- the faults that a passing check can show, for people: they degrade a plane, and never make it unhealthy.
 * A new one is a row of the table. Pure.
 */
#ifndef PK_CORE_SIGNALS_H
#define PK_CORE_SIGNALS_H

#include "core/view.h"
#include "util/arena.h"

const char *signal_word(enum check_signal signal); /* "NoALPN", the reason of Degraded; "" for SIGNAL_NONE */
/* "TLS :9900: the server does not choose h2 by ALPN: ..., and what to do about it". */
const char *signal_phrase(const struct check_view *check, struct arena *arena);
/* The first check of @plane that shows one, in the role that the plane has; NULL: none does. */
const struct check_view *signal_of(const struct plane_view *plane);

#endif
