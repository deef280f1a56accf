/*
 * identity.h -- which cluster the operator's own API server is: the UID of namespace kube-system.
 *
 * It is asked again every 10 s, because a store may be replaced under a running process, and at once where there is a
 * sign of it (a policy appears, the store's versions fall, this replica leads again): nothing is decided until it is
 * known then.
 *
 * Ownership: embedded in the manager; identity_close() before the API client is closed.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_IDENTITY_H
#define PK_RECONCILE_IDENTITY_H

#include "kube/client.h"

enum identity_news {
        IDENTITY_FIRST,  /* it is known from now on */
        IDENTITY_OTHER,  /* another cluster than before: all that was known is void */
        IDENTITY_PROVEN, /* the same, and it was in doubt */
        IDENTITY_SAME
};

struct identity_hooks {
        /* An answer: what it says, and the API server's clock; 0: not known. */
        void (*answered)(void *ctx, enum identity_news news, unix_ms date);
        void (*failed)(void *ctx, const char *why); /* it is asked again */
        void *ctx;
};

struct identity {
        struct loop *loop;
        struct kube *kube;
        struct identity_hooks hooks;
        char *uid;    /* NULL until known */
        char *former; /* the one before; NULL: it was never another */
        uint64_t doubts, proven; /* how many there were, and how many of them an answer has settled */
        uint64_t asked_for;      /* those that the call under way settles */
        uint64_t wanted_by_all;
        mono_ms asked_at;
        struct kube_call *call;
};

void identity_init(struct identity *identity, struct loop *loop, struct kube *kube, const struct identity_hooks *hooks);
void identity_tick(struct identity *identity);  /* asks, where it is time to; once a second */
/* Something looks as if it were another cluster: asks at once. The doubt is over once identity_is_proven() says so of
 * its number; until then the policy that raised it decides nothing. */
uint64_t identity_doubt(struct identity *identity);
void identity_doubt_for_all(struct identity *identity); /* no policy decides until then */
bool identity_is_proven(const struct identity *identity, uint64_t doubt);
void identity_close(struct identity *identity);

#endif
