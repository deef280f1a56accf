/*
 * message.h -- one DNS message on its way to a server and the answer that was accepted for it.
 *
 * Ownership: message_clear() frees; `owner` and `key` are borrowed and must outlive the message.
 * Threads:   one at a time.
 * Source:    RFC 1035 (messages), RFC 2136 (updates), RFC 6891 (EDNS), RFC 8945 (TSIG).
 */
#ifndef PK_TARGETS_DNS_MESSAGE_H
#define PK_TARGETS_DNS_MESSAGE_H

#include <ldns/ldns.h>

#include "targets/dns/tsig.h"

enum { DNS_UDP_MAX_BYTES = 1232 }; /* a datagram of this size is not fragmented, in either direction */

struct message {
        const ldns_rdf *owner; /* the question: a name, or an update's zone */
        ldns_rr_type type;
        const struct tsig_key *key; /* NULL: unsigned */
        ldns_pkt_opcode opcode;
        uint16_t id;
        uint8_t *wire; /* as sent, signed */
        size_t bytes;
        struct tsig_mac mac; /* of the request: the answer's signature covers it; count 0: unsigned */
        ldns_pkt *answer;    /* NULL until one was accepted */
        struct tsig_proof proof;
        bool use_tcp; /* too large for UDP, or the answer was */
};

/* The result of judging a datagram. */
enum message_match {
        MESSAGE_ACCEPTED,
        MESSAGE_TRUNCATED, /* ask again on TCP */
        MESSAGE_FORGED,    /* an answer to this question whose signature is missing or wrong: drop it */
        MESSAGE_OTHER,     /* not an answer to this message */
};

/* A signed (or with @key NULL an unsigned) question. */
void message_ask(const ldns_rdf *owner, ldns_rr_type type, const struct tsig_key *key, struct message *ret);

/* Takes @update, made by ldns_update_pkt_new() for @zone. */
void message_update(ldns_pkt *update, const ldns_rdf *zone, const struct tsig_key *key, struct message *ret);

/* Judge @bytes of @wire as the answer to @message, and keep it if it is. Any bytes are safe. */
enum message_match message_accept(struct message *message, const uint8_t *wire, size_t bytes);

void message_clear(struct message *message);

#endif
