/*
 * channel.h -- the way to one DNS server: a connected UDP socket that is kept warm, TCP for what does not fit. Of a
 * server with several addresses the one that answers is used; that a UDP socket is connected proves nothing.
 *
 * Ownership: channel_close() closes the socket.
 * Threads:   one at a time.
 */
#ifndef PK_TARGETS_DNS_CHANNEL_H
#define PK_TARGETS_DNS_CHANNEL_H

#include "targets/dns/message.h"
#include "targets/net.h"

struct channel {
        struct net_endpoint server;
        struct net_addresses addresses; /* none: not looked up yet */
        unsigned at;                    /* the address in use */
        bool is_proven;                 /* it has answered */
        int udp;                        /* -1: not open */
};

void channel_init(struct channel *channel, const struct net_endpoint *server);
void channel_close(struct channel *channel);

/*
 * channel_ask() - send @count questions at once and wait until each has its answer; lost packets are sent again, to the
 * next address where this one gave no answer at all.
 *
 * ERR_OK says only that every message has an answer. ERR_TRANSIENT: no answer.
 */
MUST_CHECK enum err channel_ask(struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                                struct errmsg *reterr);

/*
 * Whether an update may be sent now: it is sent to one address and only once, so where the server has several, one must
 * have answered a question before.
 */
bool channel_may_update(struct channel *channel, mono_ms deadline);

/*
 * channel_update() - send an update, exactly once, and wait for the answer.
 *
 * ERR_TRANSIENT: it was never sent. ERR_UNKNOWN: it was, and nothing came back: it may be applied now, later or never.
 */
MUST_CHECK enum err channel_update(struct channel *channel, struct message *update, mono_ms deadline,
                                   struct errmsg *reterr);

#endif
