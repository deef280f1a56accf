/*
 * target_slot.h -- the result of the last visit to one target of a policy: its state, whether the server answers, and
 * when it may be visited again.
 *
 * A good read does not end a failed write: a server that shows the record and refuses the update is not healthy, and
 * the back-off goes on until a write succeeds, or until nothing is left to be written (slot_forget_write). The same
 * goes for a refused decision, where the record is kept beside the name.
 *
 * Ownership: a slot belongs to its policy and stays where it is; slot_free().
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_TARGET_SLOT_H
#define PK_RECONCILE_TARGET_SLOT_H

#include "core/target.h"
#include "core/types.h"
#include "reconcile/mechanism.h"
#include "reconcile/preflight.h"
#include "util/err.h"

struct effect;

struct target_slot {
        struct target_ref ref;     /* owned */
        struct target_state state; /* owned, as last seen; {0}: nothing is known */
        epoch_t met_epoch;         /* target_view.met_epoch and met_at */
        mono_ms met_at;
        mono_ms unready_since; /* since when a value is unready there without a break; 0: none is */
        mono_ms claims_at; /* when other tools' claims on it were last looked for; 0: never */
        enum reach reach; /* of the last visit; of a failed write until that is over */
        enum err error_class;
        char *error;     /* NULL after a good one */
        mono_ms read_at; /* of the state; 0: nothing is known */
        mono_ms looked_at; /* when the visit began that the state is from; 0: nothing is known */
        mono_ms sure_at; /* read_at, if no visit failed since: a broken connection may mean another server; 0 none */
        mono_ms failed_since;
        unix_ms failed_since_wall;
        unsigned failures;           /* in a row, for the back-off */
        bool has_failed_write;       /* the last failure was a write, and it is not over */
        bool has_refused_decision;   /* and it was a decision, which the server refused for good */
        mono_ms retry_at;            /* no further effect before */
        struct effect *effect;       /* waiting or in flight; NULL otherwise */
        struct target_rights rights; /* to write it */
        struct mechanism *mechanism; /* of its endpoint and credential */
};

struct visit {
        bool is_write;
        bool is_decision; /* a write too */
        enum err err;
        const char *why;
        mono_ms retry_after_ms; /* as the server asked; 0: it did not */
        mono_ms began;
        mono_ms now;
        unix_ms wall;
};

void slot_failed(struct target_slot *slot, const struct visit *visit);
void slot_answered(struct target_slot *slot, const struct visit *visit);
void slot_forget_write(struct target_slot *slot);
/* Drops the state (another target, another leader since), so that it is read at once; abandons an effect in flight. */
void slot_void(struct target_slot *slot);
struct target_slot *slot_new(const struct target_ref *ref);
void slot_free(struct target_slot *slot);

#endif
