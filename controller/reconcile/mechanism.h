/*
 * mechanism.h -- an (endpoint, credential) that many policies switch through: whether it answers is known once for all
 * of them, and the sessions that reach it are kept for the next visit of any.
 *
 * A mechanism is visited every 10 s by whichever policy is due; a policy's own records are read every 30 s, and at a
 * decision.
 *
 * Ownership: counted by its users: mechanism_hold() / mechanism_drop(), and by the visits on their way:
 *            mechanism_begin() / mechanism_end(). A session that was taken belongs to the visit until it is kept again.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_MECHANISM_H
#define PK_RECONCILE_MECHANISM_H

#include "runtime/loop.h"
#include "targets/target.h"
#include "util/map.h"
#include "util/units.h"

enum { MECHANISM_EVERY_MS = 10000, SESSIONS_KEPT_MAX = 4, SESSION_IDLE_MS = 30000, BURST_MS = 1000 };

struct kept_session {
        struct target_session *session;
        char *settings, *versions;
        mono_ms since;
};

struct batch_lane;

/* What waits for it, and what is on its way: all of it is batch.c's. */
struct mechanism_queue {
        struct batch_lane *first; /* the one whose turn is next */
        unsigned in_flight;       /* calls */
        mono_ms turn_at;          /* of the bucket, which the next call has; 0: none was taken */
        struct loop_timer send;
};

struct mechanism {
        char *key; /* "<kind> <endpoint> <namespace>/<secret>" */
        struct loop *loop;
        struct map *map;
        unsigned users, visits;
        mono_ms
            answered_at; /* last good visit by anybody; 0 never. A failure may be one record's own: it is not shared */
        mono_ms asked_at;
        mono_ms broken_at; /* the last visit of anybody that was cut or not answered: what was seen before is doubtful */
        mono_ms paid_until;  /* the requests so far are those of the time until then, at the rate that is allowed */
        mono_ms hushed_until; /* the server asked to be left alone */
        struct kept_session kept[SESSIONS_KEPT_MAX];
        unsigned kept_count;
        struct loop_timer idle; /* closes those that nobody takes */
        struct mechanism_queue queue;
};

/* The one for @key in place of *@held (which is dropped where it is another; NULL: none). */
void mechanism_hold(struct loop *loop, struct map *map, struct mechanism **held, const char *key);
void mechanism_drop(struct mechanism **held);

/*
 * The token bucket of all requests with one credential: @per_minute of target_limits, and a second's worth of them at
 * once; 0: as many as come.
 */
/* When a visit that arrives now may go: turns are given in the order of arrival, and are paid for by that. */
mono_ms mechanism_turn(struct mechanism *mechanism, unsigned per_minute, mono_ms now);
/* Whether a visit that can as well come later leaves a turn for those that cannot. */
bool mechanism_has_room(const struct mechanism *mechanism, unsigned per_minute, mono_ms now);
/* @requests more were made than turns were given. */
void mechanism_charge(struct mechanism *mechanism, unsigned per_minute, unsigned requests, mono_ms now);
/* The server wants no visit before @until. */
void mechanism_hush(struct mechanism *mechanism, mono_ms until);

/* A visit goes through it, and may come back when nobody uses it any more. */
void mechanism_begin(struct mechanism *mechanism);
void mechanism_end(struct mechanism *mechanism);

/*
 * A session that was opened with these @settings, by the @versions of its Secrets; NULL: none is kept. Those of other
 * versions are closed; those that nobody takes for a while are, too, by a timer.
 */
struct target_session *mechanism_take(struct mechanism *mechanism, const char *settings, const char *versions,
                                      mono_ms now);
/* Takes @session, which a visit left in order. */
void mechanism_keep(struct mechanism *mechanism, struct target_session *session, const char *settings,
                    const char *versions, mono_ms now);

#endif
