/*
 * watch.h -- list and watch one resource for ever: paged list (limit 25, continue), watch with bookmarks, resume at the
 * last resourceVersion, back-off with jitter on every trouble. Parsed as a stream: memory is bounded by one object, not
 * by the answer. The position is given up for a new list on 410 and where the server calls it too large, after an API
 * server that was away, after a watch that ended without a word (four to eight minutes), and every half hour: a store
 * that was put back to an earlier moment is silent about it.
 *
 * Contract:  list_begin, object(SET)*, list_end (what was not named since list_begin is gone), then object(SET |
 *            DELETE)* until the next list_begin. A broken list is begun anew without list_end.
 * Bounds:    one object up to 4 MiB (more than an API server accepts); a larger one is reported by `passed_over`,
 *            everything else of the same list or watch still arrives. Above 64 MiB it is taken to have no end, and the
 *            list is begun anew.
 * Ownership: the object is borrowed for the call. The config's texts are copied.
 * Threads:   loop thread only.
 * Source:    kubernetes.io/docs/reference/using-api/api-concepts (efficient detection of changes, bookmarks, chunks).
 */
#ifndef PK_KUBE_WATCH_H
#define PK_KUBE_WATCH_H

#include "kube/client.h"

enum watch_change { WATCH_SET, WATCH_DELETE };

struct watch_config {
        const struct kube_resource *resource;
        const char *namespace_name; /* NULL: all namespaces */
        const char *label_selector; /* NULL: none */
        void (*list_begin)(void *ctx);
        void (*object)(void *ctx, enum watch_change change, const json_t *object);
        void (*list_end)(void *ctx);
        /* Trouble and recovery, once per change of state: @err ERR_OK when it flows again. ERR_NOT_FOUND: the CRD is
         * not installed. */
        void (*state)(void *ctx, enum err err, const char *why);
        /*
         * One object cannot be used and must not stop the others: it is too large, too deep or not readable, or has no
         * valid name. It is not gone, so what was known of it stays. @is_told: it came in an event, which is lost.
         */
        void (*passed_over)(void *ctx, const char *name_or_empty, size_t bytes, const char *why, bool is_told);
        void *ctx;
};

struct watch;
struct watch *watch_open(struct loop *loop, struct kube *kube, const struct watch_config *config);
void watch_close(struct watch *watch);        /* NULL is a no-op */
/* The position is given up, whatever is under way: what the next list names stands. Not from a callback. */
void watch_list_anew(struct watch *watch);
/* Whether a list was of a lower version than what was told before it: the store went back in time. Says so once. */
bool watch_take_fall(struct watch *watch);
bool watch_is_synced(const struct watch *watch); /* a list has completed at least once */

#endif
