/*
 * mechanism.h -- an (endpoint, credential) that many policies switch through: whether it answers is known once for all
 * of them.
 *
 * A mechanism is visited every 10 s by whichever policy is due; a policy's own records are read every 30 s, and at a
 * decision.
 *
 * Ownership: counted by its users: mechanism_hold() / mechanism_drop(). Threads: loop thread only.
 */
#ifndef PK_RECONCILE_MECHANISM_H
#define PK_RECONCILE_MECHANISM_H

#include "util/map.h"
#include "util/units.h"

enum { MECHANISM_EVERY_MS = 10000, RECORDS_EVERY_MS = 30000 };

struct mechanism {
        char *key; /* "<kind> <endpoint> <namespace>/<secret>" */
        struct map *map;
        unsigned users;
        mono_ms
            answered_at; /* last good visit by anybody; 0 never. A failure may be one record's own: it is not shared */
        mono_ms asked_at;
        mono_ms broken_at; /* the last visit of anybody that was cut or not answered: what was seen before is doubtful */
};

/* The one for @key in place of *@held (which is dropped where it is another; NULL: none). */
void mechanism_hold(struct map *map, struct mechanism **held, const char *key);
void mechanism_drop(struct mechanism **held);

#endif
