/*
 * mechanism.h -- an (endpoint, credential) that many policies switch through. They share the knowledge whether it
 * answers, its sessions and its rate limit.
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

/* The visits that wait for it, and the calls in flight; private to batch.c. */
struct mechanism_queue {
        struct batch_lane *first; /* the one that is served next */
        unsigned in_flight;       /* calls */
        mono_ms permit_at;          /* from when the permit of the next call is valid; 0: none was taken */
        struct loop_timer send;
};

struct mechanism {
        char *key; /* "<kind> <endpoint> <namespace>/<secret>" */
        struct loop *loop;
        struct map *map;
        unsigned users, visits;
        /* The last good visit of any policy; 0 never. A failure is not shared, because it may be one record's own. */
        mono_ms answered_at;
        mono_ms asked_at;
        mono_ms broken_at;    /* the last visit of any policy that was cut or not answered: older looks are doubtful */
        mono_ms paid_until;   /* the token bucket as one time: the requests so far are paid for until then */
        mono_ms paused_until; /* by a Retry-After of the server */
        struct kept_session kept[SESSIONS_KEPT_MAX];
        unsigned kept_count;
        struct loop_timer idle; /* closes unused ones */
        struct mechanism_queue queue;
};

/* The one for @key in place of *@held (which is dropped where it is another; NULL: none). */
void mechanism_hold(struct loop *loop, struct map *map, struct mechanism **held, const char *key);
void mechanism_drop(struct mechanism **held);

/*
 * The token bucket of all requests with one credential: @per_minute of target_limits, and a second's worth of them at
 * once; 0: as many as come.
 */
/* Takes a permit, and returns the time from which it is valid. Permits are given in the order of the calls. */
mono_ms mechanism_permit(struct mechanism *mechanism, unsigned per_minute, mono_ms now);
/* Whether half of the bucket is left: a read that is merely due must leave permits for a switch. */
bool mechanism_has_room(const struct mechanism *mechanism, unsigned per_minute, mono_ms now);
mono_ms mechanism_room_at(const struct mechanism *mechanism, unsigned per_minute); /* since when, or from when on */
/* A visit made @requests more than its permit was for. */
void mechanism_charge(struct mechanism *mechanism, unsigned per_minute, unsigned requests, mono_ms now);
/* The server wants no visit before @until. */
void mechanism_pause(struct mechanism *mechanism, mono_ms until);

/* A visit in flight keeps the mechanism, also where no policy uses it any more. */
void mechanism_begin(struct mechanism *mechanism);
void mechanism_end(struct mechanism *mechanism);

/*
 * A session that was opened with these @settings, by the @versions of its Secrets; NULL: none is kept. Those of other
 * versions are closed: a rotated credential must be tried before a failover needs it.
 */
struct target_session *mechanism_take(struct mechanism *mechanism, const char *settings, const char *versions,
                                      mono_ms now);
/* Takes @session, which a visit left in order. */
void mechanism_keep(struct mechanism *mechanism, struct target_session *session, const char *settings,
                    const char *versions, mono_ms now);

#endif
