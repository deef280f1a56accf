/*
 * sentinel_session.h -- a look at the primary: what the Sentinels say, held against what it says itself.
 *
 * Ownership: sentinel_look_clear() frees.
 * Threads:   may block until the deadline: executor jobs only, one at a time per session.
 */
#ifndef PK_TARGETS_REDIS_SENTINEL_SESSION_H
#define PK_TARGETS_REDIS_SENTINEL_SESSION_H

#include "targets/redis/group.h"
#include "targets/redis/node.h"
#include "targets/redis/sentinel_view.h"

struct sentinel_session {
        struct target_session base;
        struct sentinel_group *group;
        struct connection *node; /* to whichever data node is asked */
        struct group *planes;    /* each plane's Redis as the spec has it; NULL: none has one */
        bool is_settled;         /* the record is at rest */
        char *planned;           /* the addresses that it wants, a line each; "": none */
};

struct sentinel_look {
        struct sentinel_view view;
        struct node primary;
        bool takes_writes; /* the primary says that it is one, and took the probe */
        bool is_settling;  /* a failover is under way, or about to be */
        struct errmsg why; /* where it does not take writes */
};
void sentinel_look_clear(struct sentinel_look *look);

/* ERR_DENIED, ERR_INVALID: a person has to mend what the operator is given. A primary that is away is no error. */
MUST_CHECK enum err sentinel_look(struct sentinel_session *session, const char *name, mono_ms deadline,
                                  struct sentinel_look *ret, struct errmsg *reterr);

/* The state that a visit shows; the caller's. */
struct target_state sentinel_state_of(const struct sentinel_session *session, const struct sentinel_look *look);

/*
 * Fills the values that Sentinel would not promote now: the planes' Redis, but the primary and the one that the record
 * wants.
 */
void sentinel_tell_unready(const struct sentinel_session *session, const struct sentinel_look *look,
                           struct target_state *ret);

/*
 * Takes a sample of how far those are behind, and adds what all samples say to what Sentinel has: lag.h. @kept and
 * ret->version are its text.
 */
void sentinel_tell_lag(struct sentinel_session *session, const struct sentinel_look *look, const char *kept,
                       mono_ms deadline, struct target_state *ret);

/* Makes one of the addresses of @visit->want the primary. */
void sentinel_swap(struct sentinel_session *session, struct target_visit *visit);

/* Whether the operator may, and each of the values can. */
MUST_CHECK enum err sentinel_preflight(struct sentinel_session *session, const struct target_preflight *preflight,
                                       struct errmsg *reterr);

struct by_hand sentinel_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                struct arena *arena); /* pure */

#endif
