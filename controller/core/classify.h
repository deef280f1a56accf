/*
 * classify.h -- internal to the core: from the facts to one finding, one file per phase of the record. Use
 * failover_decide() instead.
 *
 * A classifier returns the first finding that holds, in the order in which it reads, and leaves in the pass what its
 * action will need.
 */
#ifndef PK_CORE_CLASSIFY_H
#define PK_CORE_CLASSIFY_H

#include "core/failover.h"
#include "core/remedy.h"

/* One evaluation: the facts, the answer under construction, and what the action will need. */
struct pass {
        const struct view *view;
        struct arena *arena;
        struct decision *decision;
        struct adoption adoption;    /* for DO_ADOPT */
        const char *blocked;         /* the gate that classify_gates() was refused by, and why */
        const char *confirmed;       /* why the plane that a person asks for all the same is not fit; NULL: it is */
        const struct plane_view *to; /* the plane that DO_DECIDE or DO_ABORT makes active */
        bool writes_beside;          /* nothing that was found stands in the way of writing the record to targets */
};

enum finding classify_none(struct pass *pass);      /* no record: what do the targets show? */
enum finding classify_steady(struct pass *pass);    /* is the active plane well, and do the targets show the record? */
enum finding classify_switching(struct pass *pass); /* the first unmet step, unless the switch must turn */

/* ---- shared by them, in classify.c; those that return bool set *ret only when true ---- */

enum finding classify_as(struct pass *pass, enum finding finding, const char *why);
void classify_wake(struct pass *pass, mono_ms at);
/* A Secret or a rival: no target is touched until a person mends it. */
bool classify_configuration(struct pass *pass, enum finding *ret);
/* A record with only the digest of its plan, which this operator cannot derive (yet). A person may go on from it. */
bool classify_plan(struct pass *pass, enum finding *ret);
/* A record that says two things: whom it makes active, and what that is. A person may go on from it. */
bool classify_contradictory_record(struct pass *pass, enum finding *ret);
/* The target to be written or waited for next, in step order; NULL: none is, or one before it cannot be. */
const struct target_view *classify_next(const struct pass *pass);
/* A target that later steps wait for, which was not read yet or refuses the credentials. */
bool classify_unread(struct pass *pass, enum finding *ret);
/* A person's annotation, if it may act now; else it is answered and everything else goes on. */
bool classify_request(struct pass *pass, enum purpose purpose, enum finding *ret);
/* How a person names the plane that it shall be: the one that is active, or else the candidate, or any other. */
struct remedy classify_offer(struct pass *pass);
/* @put_back, and where the targets show exactly one plane the command that keeps what is there. */
const char *classify_keep(struct pass *pass, const char *put_back);
/* The health of the active plane and what follows from it; FINDING_STEADY: it is healthy. */
enum finding classify_active(struct pass *pass);
/*
 * A value that nobody recorded is put back, where the policy says so and @what (it, for people) may be; else it is
 * @reported, with @way_out for a person.
 */
enum finding classify_edit(struct pass *pass, enum finding reported, const char *what, const char *way_out);
/* The kill switch, suspend or the mode, in a word. */
const char *classify_why_not_acting(const struct pass *pass);
/* The record, as it is written to @target. */
struct target_write classify_write(const struct view *view, const struct target_view *target);
/* Evaluates the gates; true where all pass, and then they are part of the decision. */
bool classify_gates(struct pass *pass, const struct gate_question *question);

#endif
