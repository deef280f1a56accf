/* tsig.c -- sign and verify DNS messages with a shared key. */
#include "targets/dns/tsig.h"

#include <ldns/ldns.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "targets/dns/tsig_algorithm.h"
#include "util/mem.h"

enum {
        HEADER_BYTES = 12,
        ARCOUNT_AT = 10,
        TYPE_TSIG = 250,
        CLASS_ANY = 255,
        FIXED_RDATA_BYTES = 16, /* of TSIG rdata beside algorithm name, MAC and other data: 6 + 2 + 2 + 2 + 2 + 2 */
        OTHER_MAX_BYTES = 6,    /* the server's time, with BADTIME */
};

/* The fields of one TSIG record. */
struct tsig_record {
        struct tsig_name owner;
        struct tsig_name algorithm;
        uint64_t time_s; /* 48 bits */
        uint16_t fudge_s;
        uint16_t original_id;
        uint16_t error;
        struct tsig_mac mac;
        uint8_t other[OTHER_MAX_BYTES];
        uint16_t other_bytes;
};

static uint16_t get16(const uint8_t *at)
{
        return (uint16_t)(at[0] << 8 | at[1]);
}

static uint64_t get48(const uint8_t *at)
{
        return (uint64_t)get16(at) << 32 | (uint64_t)get16(at + 2) << 16 | get16(at + 4);
}

static uint8_t *put16(uint8_t *at, uint16_t value)
{
        at[0] = (uint8_t)(value >> 8);
        at[1] = (uint8_t)value;
        return at + 2;
}

static uint8_t *put48(uint8_t *at, uint64_t value)
{
        return put16(put16(put16(at, (uint16_t)(value >> 32)), (uint16_t)(value >> 16)), (uint16_t)value);
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t count)
{
        memcpy(at, bytes, count);
        return at + count;
}

/* RFC 8945 section 4.3: the request's MAC (in answers), the message, then the record's variables. */
static void compute_mac(const struct tsig_key *key, const struct tsig_mac *request_mac, const uint8_t *message,
                        size_t message_bytes, const struct tsig_record *record, struct tsig_mac *ret_mac)
{
        size_t max = 2 + TSIG_MAC_MAX + message_bytes + 2 * TSIG_NAME_MAX + 6 + FIXED_RDATA_BYTES + OTHER_MAX_BYTES;
        uint8_t *input = mem_calloc(max, 1);
        uint8_t *at = input;
        if (request_mac) {
                at = put16(at, (uint16_t)request_mac->count);
                at = put_bytes(at, request_mac->bytes, request_mac->count);
        }
        at = put_bytes(at, message, message_bytes);
        at = put_bytes(at, record->owner.bytes, record->owner.count);
        at = put16(at, CLASS_ANY);
        at = put16(put16(at, 0), 0); /* TTL */
        at = put_bytes(at, record->algorithm.bytes, record->algorithm.count);
        at = put48(at, record->time_s);
        at = put16(at, record->fudge_s);
        at = put16(at, record->error);
        at = put16(at, record->other_bytes);
        at = put_bytes(at, record->other, record->other_bytes);

        unsigned count = 0;
        INVARIANT(HMAC(tsig_algorithm_digest(key->algorithm), key->bytes.bytes, (int)key->bytes.count, input,
                       (size_t)(at - input), ret_mac->bytes, &count));
        ret_mac->count = count;
        free(input);
}

size_t tsig_overhead(void)
{
        return 2 * TSIG_NAME_MAX + 10 + FIXED_RDATA_BYTES + TSIG_MAC_MAX;
}

void tsig_sign(const struct tsig_key *key, int64_t unix_s, uint8_t *wire, size_t *bytes, struct tsig_mac *ret_mac)
{
        struct tsig_record record = {.owner = key->name,
                                     .algorithm = key->algorithm_name,
                                     .time_s = (uint64_t)unix_s,
                                     .fudge_s = TSIG_FUDGE_S,
                                     .original_id = get16(wire)};
        compute_mac(key, NULL, wire, *bytes, &record, &record.mac);

        uint8_t *at = put_bytes(wire + *bytes, record.owner.bytes, record.owner.count);
        at = put16(put16(at, TYPE_TSIG), CLASS_ANY);
        at = put16(put16(at, 0), 0); /* TTL */
        at = put16(at, (uint16_t)(record.algorithm.count + FIXED_RDATA_BYTES + record.mac.count));
        at = put_bytes(at, record.algorithm.bytes, record.algorithm.count);
        at = put16(put48(at, record.time_s), record.fudge_s);
        at = put_bytes(put16(at, (uint16_t)record.mac.count), record.mac.bytes, record.mac.count);
        at = put16(put16(put16(at, record.original_id), record.error), 0);
        *bytes = (size_t)(at - wire);
        put16(wire + ARCOUNT_AT, (uint16_t)(get16(wire + ARCOUNT_AT) + 1));
        *ret_mac = record.mac;
}

/* Past one name, compressed or not. */
static bool skip_name(const uint8_t *wire, size_t bytes, size_t *at)
{
        while (*at < bytes) {
                uint8_t length = wire[*at];
                if (length >= 0xC0) {
                        *at += 2;
                        return *at <= bytes;
                }
                if (length > 63)
                        return false;
                *at += 1 + (size_t)length;
                if (length == 0)
                        return true;
        }
        return false;
}

/* Where the last record begins; false if the message is not whole. */
static bool find_last_record(const uint8_t *wire, size_t bytes, size_t *ret_at)
{
        size_t at = HEADER_BYTES;
        for (unsigned i = 0; i < get16(wire + 4); i++) {
                if (!skip_name(wire, bytes, &at) || bytes - at < 4)
                        return false;
                at += 4;
        }
        unsigned records = (unsigned)get16(wire + 6) + get16(wire + 8) + get16(wire + ARCOUNT_AT);
        for (unsigned i = 0; i < records; i++) {
                *ret_at = at;
                if (!skip_name(wire, bytes, &at) || bytes - at < 10)
                        return false;
                size_t rdata_bytes = get16(wire + at + 8);
                at += 10;
                if (bytes - at < rdata_bytes)
                        return false;
                at += rdata_bytes;
        }
        return records > 0 && at == bytes;
}

static bool read_name(const uint8_t *wire, size_t bytes, size_t *at, struct tsig_name *ret)
{
        ldns_rdf *name = NULL;
        if (ldns_wire2dname(&name, wire, bytes, at) != LDNS_STATUS_OK)
                return false;
        ldns_dname2canonical(name);
        bool fits = ldns_rdf_size(name) <= TSIG_NAME_MAX;
        if (fits) {
                ret->count = ldns_rdf_size(name);
                memcpy(ret->bytes, ldns_rdf_data(name), ret->count);
        }
        ldns_rdf_deep_free(name);
        return fits;
}

static bool same_name(const struct tsig_name *a, const struct tsig_name *b)
{
        return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

/* The record that begins at @at and ends with the message. */
static bool read_record(const uint8_t *wire, size_t bytes, size_t at, struct tsig_record *ret)
{
        if (!read_name(wire, bytes, &at, &ret->owner) || bytes - at < 10)
                return false;
        if (get16(wire + at) != TYPE_TSIG || get16(wire + at + 2) != CLASS_ANY || get16(wire + at + 4) ||
            get16(wire + at + 6)) /* the TTL is zero */
                return false;
        at += 10;
        if (!read_name(wire, bytes, &at, &ret->algorithm) || bytes - at < FIXED_RDATA_BYTES)
                return false;
        ret->time_s = get48(wire + at);
        ret->fudge_s = get16(wire + at + 6);
        ret->mac.count = get16(wire + at + 8);
        at += 10;
        if (ret->mac.count > TSIG_MAC_MAX || bytes - at < ret->mac.count + 6)
                return false;
        memcpy(ret->mac.bytes, wire + at, ret->mac.count);
        at += ret->mac.count;
        ret->original_id = get16(wire + at);
        ret->error = get16(wire + at + 2);
        ret->other_bytes = get16(wire + at + 4);
        at += 6;
        if (ret->other_bytes > OTHER_MAX_BYTES || bytes - at != ret->other_bytes)
                return false;
        memcpy(ret->other, wire + at, ret->other_bytes);
        return true;
}

/* Whether the key made it, over exactly this message, in answer to exactly that request. */
static bool is_genuine(const struct tsig_key *key, const struct tsig_mac *request_mac, const uint8_t *message,
                       size_t bytes, const struct tsig_record *record)
{
        if (!same_name(&record->owner, &key->name) || !same_name(&record->algorithm, &key->algorithm_name))
                return false;
        struct tsig_mac mac;
        compute_mac(key, request_mac, message, bytes, record, &mac);
        return mac.count == record->mac.count && CRYPTO_memcmp(mac.bytes, record->mac.bytes, mac.count) == 0;
}

struct tsig_proof tsig_verify(const struct tsig_key *key, const struct tsig_mac *request_mac, const uint8_t *wire,
                              size_t bytes)
{
        struct tsig_proof proof = {.verdict = TSIG_ABSENT};
        size_t at = 0;
        struct tsig_record record = {0};
        if (bytes < HEADER_BYTES || get16(wire + ARCOUNT_AT) == 0 || !find_last_record(wire, bytes, &at) ||
            !read_record(wire, bytes, at, &record))
                return proof;
        proof.error = record.error;
        if (record.error == TSIG_BADTIME && record.other_bytes == OTHER_MAX_BYTES)
                proof.server_ahead_s = (int64_t)get48(record.other) - (int64_t)record.time_s;
        /*
         * As it was before the record was put on; under its first ID too, because a secondary that forwards updates
         * asks, and is answered, under one of its own (section 4.3.2 of RFC 8945).
         */
        uint8_t *message = mem_calloc(at, 1);
        memcpy(message, wire, at);
        put16(message, record.original_id);
        put16(message + ARCOUNT_AT, (uint16_t)(get16(wire + ARCOUNT_AT) - 1));
        proof.verdict = is_genuine(key, request_mac, message, at, &record) ? TSIG_VALID : TSIG_BOGUS;
        free(message);
        return proof;
}
