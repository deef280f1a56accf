/*
 * tsig.h -- the shared key of RFC 8945: read from a Secret, signs requests, proves answers. hmac-sha256, -384
 * and -512 only.
 *
 * Own code on OpenSSL's HMAC where ldns has functions of that name: those of 1.8 know no hmac-sha384 (a misspelt
 * table), do not lower-case the key name as section 4.3.3 asks, and leave copies of the key in freed memory.
 *
 * Ownership: tsig_key_clear() wipes. Wire buffers are the caller's.
 * Threads:   no shared state.
 */
#ifndef PK_TARGETS_DNS_TSIG_H
#define PK_TARGETS_DNS_TSIG_H

#include <stdint.h>

#include "targets/target.h"

enum {
        TSIG_NAME_MAX = 255,
        TSIG_MAC_MAX = 64,
        TSIG_FUDGE_S = 300, /* how far the clocks may differ; also the only bound on a late packet's life */
};

/* Error field of a TSIG record, RFC 8945 section 3. */
enum { TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18 };

struct tsig_algorithm;

/* A name as it stands in a message: uncompressed and in lower case. */
struct tsig_name {
        uint8_t bytes[TSIG_NAME_MAX];
        size_t count;
};

struct tsig_key {
        const struct tsig_algorithm *algorithm;
        char text[256]; /* its name for people; lower case, final dot */
        struct tsig_name name;
        struct tsig_name algorithm_name;
        struct secret bytes;
};

struct tsig_mac {
        uint8_t bytes[TSIG_MAC_MAX];
        size_t count;
};

enum tsig_verdict { TSIG_ABSENT, TSIG_BOGUS, TSIG_VALID };

/* The fields of the record at the end of an answer; they count only where the verdict is TSIG_VALID. */
struct tsig_proof {
        enum tsig_verdict verdict;
        uint16_t error;
        int64_t server_ahead_s; /* BADTIME: the server's clock minus this machine's */
};

/* From the credentials: one entry with the text of tsig-keygen, or entries name, key (or secret), algorithm. */
MUST_CHECK enum err tsig_key_from_config(const struct target_config *config, struct tsig_key *ret,
                                         struct errmsg *reterr);
void tsig_key_clear(struct tsig_key *key);
const char *tsig_key_algorithm_name(const struct tsig_key *key); /* "hmac-sha256" */

/* The bytes that tsig_sign() adds at most. */
size_t tsig_overhead(void);

/* Appends the record to the message of *bytes in @wire, which has room for tsig_overhead() more. */
void tsig_sign(const struct tsig_key *key, int64_t unix_s, uint8_t *wire, size_t *bytes, struct tsig_mac *ret_mac);

/* Verifies an answer to the request that carried @request_mac. Any bytes are safe. */
struct tsig_proof tsig_verify(const struct tsig_key *key, const struct tsig_mac *request_mac, const uint8_t *wire,
                              size_t bytes);

#endif
