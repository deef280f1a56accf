/*
 * text.h -- small bounded text helpers, RFC 3339 time and base64.
 *
 * Source:  RFC 3339 section 5.6 (Zulu only on output), RFC 4648 section 4 (base64, by OpenSSL).
 * Threads: no shared state.
 */
#ifndef PK_UTIL_TEXT_H
#define PK_UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/secret.h"
#include "util/units.h"

/* Copy @from, cut at a UTF-8 boundary where it does not fit; always terminated. Returns false when it was cut. */
bool text_copy(char *to, size_t size, const char *from);
#define TEXT_COPY(array, from) text_copy((array), sizeof(array), (from))

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_is_utf8(const char *bytes, size_t count);
size_t text_utf8_step(const char *bytes, size_t count); /* bytes of the first character; 0: not UTF-8. @count >= 1 */
bool text_is_dns_name(const char *name); /* RFC 1035 names as used for hosts, underscore allowed, optional final dot */
/*
 * The one grammar of where a server is: a v4 literal, a v6 literal, or a host name as text_is_dns_name() has it whose
 * labels neither begin nor end with "-" and whose last label is no number. NULL where @text is one, else what is wrong
 * with it and what to write.
 *
 * Resolvers read a name that ends in a number as an IPv4 address ("127.1", "0", "0x7f000001"), and DNS reads it as a
 * name: what is checked would not be what is published.
 */
const char *text_address_fault(const char *text);
const char *text_host_name_fault(const char *text); /* the same, of a host name only */
/*
 * The same of what agents are sent to. A name of one label, localhost and the names of Services are known to one
 * machine or one cluster: its own resolver knows them, and DNS elsewhere does not.
 */
const char *text_published_fault(const char *text);
uint64_t text_hash(const char *text); /* FNV-1a: for spreading and for noticing a change, not against an adversary */
bool text_has_prefix(const char *text, const char *prefix);

#define TEXT_TIME_BYTES sizeof("2026-11-23T02:59:11.412Z")
/* Whole seconds ("…11Z", what Kubernetes' metav1.Time wants) or with @micros six digits ("…11.412000Z", MicroTime). */
void text_from_time(unix_ms time, char ret_text[static TEXT_TIME_BYTES + 4]);
void text_from_time_micro(unix_ms time, char ret_text[static TEXT_TIME_BYTES + 4]);
MUST_CHECK enum err text_to_time(const char *text, unix_ms *ret_time);

/* Go's form without fractions ("5s", "200ms", "1h30m") in milliseconds; -1 where it is not that. */
mono_ms text_to_duration(const char *text);
#define TEXT_DURATION_BYTES sizeof("999999h59m59s999ms")
/* The same, written: "41s234ms", "1h0m0s" as "1h", "0s". Negative is 0; cut at 999,999 hours. */
void text_from_duration(mono_ms duration_ms, char ret_text[static TEXT_DURATION_BYTES]);

/* Decoded bytes go into a secret, because that is what Kubernetes carries in base64. */
MUST_CHECK enum err text_from_base64(const char *base64, size_t count, struct secret *ret_bytes, struct errmsg *reterr);

/* The address family of a literal: 4, 6, or 0 for anything else (a name). */
int text_address_family(const char *address);

#endif
