/*
 * route53_set.h -- resource record sets as Route 53 lists them, and the texts in which it writes names and values.
 * Pure.
 *
 * Ownership: the texts of a set are borrowed from the arena of the answer that it was read from.
 * Errors:    ERR_INVALID for what cannot be a set: too many values, escapes that stand for nothing.
 * Threads:   no shared state.
 * Source:    Route 53 API Reference 2013-04-01, ResourceRecordSet; Developer Guide, "DNS domain name format" and "TXT
 *            record type": octal escapes \ooo, strings of at most 255 characters in quotes.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_SET_H
#define PK_TARGETS_DNS_ROUTE53_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/strbuf.h"

enum {
        ROUTE53_NAME_BYTES = 256,
        ROUTE53_VALUES_MAX = 400,      /* of one set, by the service's own quota */
        ROUTE53_SET_MAX_BYTES = 65536, /* of one set as XML; the service takes 32,000 characters of values */
};

struct route53_set {
        const char *name; /* as Route 53 writes it, with escapes and the final dot */
        const char *type;
        uint32_t ttl_s;           /* 0 for an alias */
        const char *identifier;   /* SetIdentifier; "" for a set that every client is answered */
        const char *routing;      /* the policy that chooses among several sets ("weighted"); "" none */
        const char *health_check; /* id; "" none */
        const char *alias_zone;   /* hosted zone of what an alias leads to; "" no alias */
        const char *alias_name;
        bool alias_evaluates; /* EvaluateTargetHealth */
        const char **values;  /* exactly as listed: a DELETE must repeat them */
        size_t value_count;
};

/* Whether @written, a name with escapes, is @name, which has none. Case and a final dot do not matter. */
bool route53_name_is(const char *written, const char *name);
/* The name without escapes and final dot, in lower case; false where it does not fit. */
bool route53_name_plain(const char *written, char *ret_name, size_t size);
/* Whether @name is @zone or below it; both without escapes. */
bool route53_name_is_in(const char *name, const char *zone);

/* The strings of a TXT value joined; false where it is no list of quoted strings, or does not fit @size. */
bool route53_txt_read(const char *value, char *ret_text, size_t size);
/* Appends the TXT value of @text: strings of 255 bytes, the last one shorter. */
void route53_txt_print(const char *text, struct strbuf *out);

/* Appends @text with what XML reserves replaced. */
void route53_xml_escape(const char *text, struct strbuf *out);
/* Appends <ResourceRecordSet>. */
void route53_set_print(const struct route53_set *set, struct strbuf *out);

#endif
