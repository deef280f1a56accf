/*
 * resolve.h -- names to addresses: by DNS in the executor (stub.h), cached, so that the probes go on in an outage of
 * DNS.
 *
 * Cache:     an answer is fresh for fresh_ms; afterwards it is still given at once while a look-up renews it. Where
 *            that fails, the last good answer is given for keep_ms and says so (is_stale); a failure is not tried again
 *            for retry_ms.
 * Bounds:    RESOLVE_JOBS_MAX look-ups at a time, because one may block for seconds and the executor is also needed to
 *            switch: it must have more threads than that.
 * Ownership: names are counted; the same host is shared by all who open it. Answers are borrowed until control returns
 *            to the loop.
 * Threads:   loop thread only; `lookup` is called on a worker.
 */
#ifndef PK_PROBE_RESOLVE_H
#define PK_PROBE_RESOLVE_H

#include <stdbool.h>

#include "probe/address.h"
#include "runtime/executor.h"
#include "runtime/loop.h"
#include "util/err.h"
#include "util/units.h"

enum { RESOLVE_ADDRESSES_MAX = 8, RESOLVE_JOBS_MAX = 2 };

struct resolve_answer {
        unsigned count; /* 0: it does not resolve */
        struct address addresses[RESOLVE_ADDRESSES_MAX];
        bool is_stale;   /* the last look-up failed: these are older addresses */
        bool is_absent;  /* it failed because DNS says that there is no such name, or no address of it */
        mono_ms good_at; /* when the addresses came; 0 never */
        char why[80];    /* of the last look-up, where it failed, else "" */
};

struct resolve_policy {
        mono_ms fresh_ms;
        mono_ms retry_ms;
        mono_ms keep_ms;
        const char *servers; /* outlives the resolver; see stub_lookup() */
        /* Fills count and addresses, or why and is_absent. */
        void (*lookup)(const char *host, const char *servers, struct resolve_answer *ret);
};
extern const struct resolve_policy resolve_defaults; /* 30 s, 5 s, 10 min, by DNS */

struct resolver;
struct resolver *resolver_open(struct loop *loop, struct executor *executor, const struct resolve_policy *policy);
void resolver_close(struct resolver *resolver); /* all names must be closed; running look-ups end by themselves */

struct resolve_name;
struct resolve_name *resolve_open(struct resolver *resolver, const char *host);
void resolve_close(struct resolve_name *name); /* NULL is a no-op */

struct resolve_wait { /* embedded in the struct that waits */
        void (*done)(struct resolve_wait *self, const struct resolve_answer *answer);
        struct resolve_wait *next, *previous; /* private to resolve.c from here */
        struct resolve_name *name;            /* NULL while not waiting */
};
/* The answer where there is one now (also a negative one); else NULL, and @wait->done() is called once, later. */
const struct resolve_answer *resolve_start(struct resolve_name *name, struct resolve_wait *wait);
void resolve_cancel(struct resolve_wait *wait); /* no-op while not waiting */

#endif
