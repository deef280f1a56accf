/*
 * sentinel_names.h -- the planes' own words for the servers that Sentinel tells by address.
 *
 * Sentinel tells addresses as the servers announce them, mostly in numbers, and the spec has host names, by which a
 * certificate is verified. Both are one server where a plane's host resolves to what Sentinel tells.
 *
 * Ownership: sentinel_names_new() copies the settings "server" of the configuration; texts found live as long as it.
 * Threads:   may block until the deadline: executor jobs only, one at a time.
 */
#ifndef PK_TARGETS_REDIS_SENTINEL_NAMES_H
#define PK_TARGETS_REDIS_SENTINEL_NAMES_H

#include "targets/target.h"

struct sentinel_names;

MUST_CHECK enum err sentinel_names_new(const struct target_config *config, struct sentinel_names **ret,
                                       struct errmsg *reterr);
void sentinel_names_free(struct sentinel_names *names); /* NULL is a no-op */

/* The @i-th, as the spec has it; NULL: there are not so many. */
const char *sentinel_names_at(const struct sentinel_names *names, size_t i);

/* As the spec has @address, canonical host:port; NULL: it is none of the planes' Redis. */
const char *sentinel_names_find(struct sentinel_names *names, const char *address, mono_ms deadline);

#endif
