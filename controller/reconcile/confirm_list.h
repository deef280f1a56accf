/*
 * confirm_list.h -- one consistent LIST in place of the uncached reads of many policies that are due at once (decision
 * 058).
 *
 * It is sent when all of them were asked for, and each takes from it what its own read would have brought: its object,
 * or that there is none. One that was asked for while it is under way is not in it. Where it fails they are read one by
 * one.
 *
 * Ownership: embedded in the manager; zeroed it is ready, confirm_list_close() before the client is closed.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_CONFIRM_LIST_H
#define PK_RECONCILE_CONFIRM_LIST_H

#include <stdbool.h>

#include "kube/client.h"

struct manager;
struct policy;

/* The read of @policy has ended so; the body is its object, NULL where there is none. */
typedef void confirm_answered(struct policy *policy, const struct kube_reply *reply);

/* So many policies, and an eighth of all, are read by one LIST: a single read costs the API server nine times a page's
 * share. */
enum { CONFIRM_LIST_MIN = 32, CONFIRM_LIST_SHARE = 8 };

struct confirm_list {
        struct kube_call *call; /* NULL: none is under way */
        char *continue_token;   /* of the page that is asked for; NULL: the first */
        unsigned pages;         /* that were asked for */
        mono_ms retry_at;       /* not before, because the last one failed */
        confirm_answered *answered;
};

/* The policies whose read is due (confirmation.is_due) go together, where they are enough and none is under way. False:
 * they go one by one. */
bool confirm_list_begin(struct manager *manager, unsigned due, confirm_answered *answered);
void confirm_list_close(struct manager *manager);

#endif
