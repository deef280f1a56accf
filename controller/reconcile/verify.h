/* verify.h -- looks at the other authoritative servers of a policy's name. */
#ifndef PK_RECONCILE_VERIFY_H
#define PK_RECONCILE_VERIFY_H

#include "core/view.h"

struct policy;
struct effect;
struct target_servers;

/* The answer of one server. */
struct verify_look {
        bool has_answered;
        bool shows_record;
        const char *shown; /* its addresses, cut at VERIFY_SHOWN_BYTES; NULL where it did not answer */
};

/* One server: its last answer, and the questions since then that it did not answer. */
struct verify_slot {
        epoch_t epoch; /* of the record that it was held against; another's says nothing */
        bool shows_record;
        char *shown;     /* NULL: it never answered */
        mono_ms seen_at; /* 0: it never answered */
        unsigned misses;
};

struct verify {
        /* VERIFY_SERVERS_MAX, as in spec.dns.verify, or else as in found; NULL: none was asked about this epoch. */
        struct verify_slot *slots;
        struct verify_found {
                char *server;
                bool answers; /* it has answered once: a network may keep all of them from being asked */
        } found[VERIFY_SERVERS_MAX]; /* by the provider, where the spec names none */
        unsigned found_count;
        unsigned rounds;              /* of questions to those, since the name was met */
        struct effect *effect;                        /* in flight; NULL otherwise */
        mono_ms asked_at;                             /* 0: not since the name was met */
};

void verify_turn(struct policy *policy);   /* asks, where it is time to */
void verify_restart(struct policy *policy); /* of the new epoch nothing was seen yet */
void verify_abandon(struct policy *policy); /* the answers under way are of no use any more */
void verify_forget(struct policy *policy);  /* and drops the result of a visit in flight */
/* The provider's servers, taken over. */
void verify_found(struct policy *policy, const struct target_servers *servers);
void verify_take(struct policy *policy, const struct effect *effect);
/* The view gets copies: its own pass may forget what was shown, when it begins another epoch. */
void verify_gather(const struct policy *policy, struct arena *arena, struct view *ret);

#endif
