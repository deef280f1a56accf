/*
 * remedy.h -- the requests that a person can make now. Each one is tried on a copy of the facts in which it stands
 * already, so that no command is offered that would be refused or would wait. Pure.
 *
 * Where view.decide is NULL nothing is tried and nothing is offered.
 */
#ifndef PK_CORE_REMEDY_H
#define PK_CORE_REMEDY_H

#include "core/view.h"
#include "util/arena.h"

struct remedy {
        const char *command; /* ready to paste; NULL: nothing would be done now */
        const char *why_not; /* then what keeps it from being done; "" where nothing was tried */
        const char *later;   /* the command that would wait for that, and be carried out afterwards; NULL: none */
};

/* To make @first active; where that cannot be had, the first plane of the policy that can. NULL: any plane. */
struct remedy remedy_switch(const struct view *view, const struct plane_view *first, struct arena *arena);
/* To make @plane active and no other. */
struct remedy remedy_switch_to(const struct view *view, const struct plane_view *plane, struct arena *arena);
/* To make @plane active in spite of what @word says of it (election.h); NULL: that would not be done now. */
const char *remedy_confirm(const struct view *view, const struct plane_view *plane, const char *word,
                           struct arena *arena);
/* To keep @plane, which the targets show. */
struct remedy remedy_adopt(const struct view *view, const struct plane_view *plane, struct arena *arena);
/* The same once a person has made the targets show @plane. */
struct remedy remedy_adopt_by_hand(const struct view *view, const struct plane_view *plane, struct arena *arena);

/* "; to end it: <the command>", that acknowledges the epoch in force; "" where that would open nothing. */
const char *remedy_ack(const struct view *view, const char *lead, struct arena *arena);

/* "; to return: <the command>", that sends the policy back to @plane; the reason where that cannot be done. */
const char *remedy_to_return(const struct view *view, const struct plane_view *plane, struct arena *arena);

#endif
