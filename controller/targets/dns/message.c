/* message.c -- DNS messages: asked, signed, and matched with their answers. */
#include "targets/dns/message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "runtime/clock.h"
#include "util/mem.h"

static uint16_t random_id(void)
{
        uint16_t id;
        INVARIANT(getrandom(&id, sizeof(id), 0) == (ssize_t)sizeof(id));
        return id;
}

/* To the wire, with room for the signature, and signed. */
static void seal(ldns_pkt *packet, struct message *message)
{
        const struct tsig_key *key = message->key;
        uint8_t *plain = NULL;
        size_t bytes = 0;
        INVARIANT(ldns_pkt2wire(&plain, packet, &bytes) == LDNS_STATUS_OK);
        message->wire = mem_calloc(bytes + (key ? tsig_overhead() : 0), 1);
        memcpy(message->wire, plain, bytes);
        free(plain);
        if (key)
                tsig_sign(key, clock_wall() / 1000, message->wire, &bytes, &message->mac);
        message->bytes = bytes;
        message->use_tcp = bytes > DNS_UDP_MAX_BYTES;
}

void message_ask(const ldns_rdf *owner, ldns_rr_type type, const struct tsig_key *key, struct message *ret)
{
        *ret = (struct message){
            .owner = owner, .type = type, .key = key, .opcode = LDNS_PACKET_QUERY, .id = random_id()};
        ldns_pkt *packet = ldns_pkt_query_new(ldns_rdf_clone(owner), type, LDNS_RR_CLASS_IN, 0);
        INVARIANT(packet);
        ldns_pkt_set_id(packet, ret->id);
        ldns_pkt_set_edns_udp_size(packet, DNS_UDP_MAX_BYTES);
        seal(packet, ret);
        ldns_pkt_free(packet);
}

void message_update(ldns_pkt *update, const ldns_rdf *zone, const struct tsig_key *key, struct message *ret)
{
        *ret = (struct message){
            .owner = zone, .type = LDNS_RR_TYPE_SOA, .key = key, .opcode = LDNS_PACKET_UPDATE, .id = random_id()};
        ldns_pkt_set_id(update, ret->id);
        ldns_pkt_set_rd(update, false);
        seal(update, ret);
        ldns_pkt_free(update);
}

/* Answers to updates may leave the zone section out (RFC 2136 section 3.8). */
static bool repeats_question(const ldns_pkt *answer, const struct message *message)
{
        const ldns_rr_list *questions = ldns_pkt_question(answer);
        if (ldns_rr_list_rr_count(questions) == 0)
                return message->opcode == LDNS_PACKET_UPDATE || ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR;
        const ldns_rr *question = ldns_rr_list_rr(questions, 0);
        return ldns_rr_list_rr_count(questions) == 1 && ldns_rr_get_type(question) == message->type &&
               ldns_rr_get_class(question) == LDNS_RR_CLASS_IN &&
               ldns_dname_compare(ldns_rr_owner(question), message->owner) == 0;
}

/*
 * A server that could not check the signature says so without one of its own (RFC 8945 section 5.2). Such an answer
 * only ends the attempt. Every other answer that the key does not prove is dropped, because the real one may still
 * arrive.
 */
static bool may_be_unproven(const ldns_pkt *answer, const struct tsig_proof *proof)
{
        if (proof->verdict == TSIG_BOGUS && proof->error != TSIG_BADSIG && proof->error != TSIG_BADKEY)
                return false;
        ldns_pkt_rcode rcode = ldns_pkt_get_rcode(answer);
        return rcode == LDNS_RCODE_FORMERR || rcode == LDNS_RCODE_SERVFAIL || rcode == LDNS_RCODE_NOTIMPL ||
               rcode == LDNS_RCODE_REFUSED || rcode == LDNS_RCODE_NOTAUTH;
}

enum message_match message_accept(struct message *message, const uint8_t *wire, size_t bytes)
{
        const struct tsig_key *key = message->key;
        if (bytes < LDNS_HEADER_SIZE || LDNS_ID_WIRE(wire) != message->id || !LDNS_QR_WIRE(wire) ||
            LDNS_OPCODE_WIRE(wire) != message->opcode)
                return MESSAGE_OTHER;
        struct tsig_proof proof = {.verdict = TSIG_ABSENT};
        if (key)
                proof = tsig_verify(key, &message->mac, wire, bytes);
        ldns_pkt *answer = NULL;
        if (ldns_wire2pkt(&answer, wire, bytes) != LDNS_STATUS_OK)
                return MESSAGE_OTHER;
        enum message_match match = MESSAGE_ACCEPTED;
        if (!repeats_question(answer, message))
                match = MESSAGE_OTHER;
        else if (ldns_pkt_tc(answer) && message->opcode == LDNS_PACKET_QUERY && !message->use_tcp)
                match = MESSAGE_TRUNCATED;
        else if (key && proof.verdict != TSIG_VALID && !may_be_unproven(answer, &proof))
                match = MESSAGE_FORGED;
        if (match != MESSAGE_ACCEPTED) {
                ldns_pkt_free(answer);
                return match;
        }
        message->answer = answer;
        message->proof = proof;
        return match;
}

void message_clear(struct message *message)
{
        ldns_pkt_free(message->answer);
        free(message->wire);
        *message = (struct message){0};
}
