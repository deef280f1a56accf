/*
 * net.h -- runtime/http.h on virtual time: requests go to the API servers and planes of the world.
 *
 * An exchange outlives the call that began it: what was sent arrives although nobody waits any more.
 *
 * Ownership: counted; whoever keeps an exchange refers to it.
 */
#ifndef PK_TEST_WHOLE_NET_H
#define PK_TEST_WHOLE_NET_H

#include "world.h"

struct http_call;
struct exchange {
        unsigned references;
        struct http_call *call; /* NULL: nobody waits */
        struct host *host;
        uint64_t life;
        enum locality place;
        int plane; /* that the operator means to probe; -1: it does not */
        char *method, *target, *body;  /* target: path and query */
        bool wants_metadata, is_muted; /* muted: half open, nothing comes any more */
        vtime_us sent_at, last_at;     /* last_at: nothing of a stream overtakes what was before it */
};

struct exchange *exchange_ref(struct exchange *exchange);
void exchange_unref(struct exchange *exchange);

/* Answers @exchange, unless that is lost. @body is copied. */
void net_reply(struct exchange *exchange, long status, const char *body, long retry_after_s);
/* A stream: its head, then pieces, then its end. False: nobody listens any more. */
void net_head(struct exchange *exchange, long status);
bool net_piece(struct exchange *exchange, const char *text);
void net_mute(struct exchange *exchange); /* nothing comes through any more, and nobody says so */
void net_hang_up(struct exchange *exchange, bool is_broken);

#endif
