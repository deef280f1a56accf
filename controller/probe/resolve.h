/*
 * resolve.h -- names to addresses: by DNS in the executor (stub.h), cached; an outage of DNS does not blind us.
 *
 * Cache:     an answer is fresh for fresh_ms; afterwards it is still given at once while a look-up renews it. Where
 *            that fails, the last good answer is given for keep_ms and says so (is_stale); a failure is not tried again
 * for retry_ms. Bounds:    RESOLVE_JOBS_MAX look-ups at a time, because one may block for seconds and the executor is
 *            also needed to switch: it must have more threads than that.
 * Ownership: names are counted; the same host is shared by all who open it. Answers are borrowed until control returns
 *            to the loop.
 * Threads:   loop thread only; `lookup` is called on a worker.
 */
#ifndef PK_PROBE_RESOLVE_H
#define PK_PROBE_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "runtime/executor.h"
#include "runtime/loop.h"
#include "util/err.h"
#include "util/units.h"

enum { RESOLVE_ADDRESSES_MAX = 8, RESOLVE_JOBS_MAX = 2 };

struct address {
        sa_family_t family; /* AF_INET or AF_INET6 */
        union {
                struct in_addr v4;
                struct in6_addr v6;
        };
};

/* A literal; ERR_INVALID where @text is none (a name). */
MUST_CHECK enum err address_parse(const char *text, struct address *ret);
socklen_t address_to_socket(const struct address *address, uint16_t port, struct sockaddr_storage *ret);
/* "192.0.2.1:443", "[2001:db8::1]:443" */
enum { ADDRESS_PORT_TEXT_BYTES = INET6_ADDRSTRLEN + 8 };
void address_print(const struct address *address, uint16_t port, char ret_text[static ADDRESS_PORT_TEXT_BYTES]);

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

struct resolve_wait { /* embedded in whoever waits */
        void (*done)(struct resolve_wait *self, const struct resolve_answer *answer);
        struct resolve_wait *next, *previous; /* private to resolve.c from here */
        struct resolve_name *name;            /* NULL while not waiting */
};
/* The answer where there is one now (also a negative one); else NULL, and @wait->done() is called once, later. */
const struct resolve_answer *resolve_start(struct resolve_name *name, struct resolve_wait *wait);
void resolve_cancel(struct resolve_wait *wait); /* no-op while not waiting */
/* What resolve_start() gave last, without asking anew. */
const struct resolve_answer *resolve_last(const struct resolve_name *name);

#endif
