/*
 * claim_text.h -- the texts by which other tools say that a name is theirs, whatever server holds them. Pure.
 *
 * Ownership: texts returned are the caller's.
 * Threads:   no shared state.
 * Source:    the TXT registry of external-dns, as in targets/dns/claim.h.
 */
#ifndef PK_TARGETS_DNS_CLAIM_TEXT_H
#define PK_TARGETS_DNS_CLAIM_TEXT_H

#include <stdbool.h>

enum { CLAIM_PLACES = 4 };
/* Before the first label of the name; "" is the older format. */
extern const char *const claim_prefixes[CLAIM_PLACES];

bool claim_is_heritage(const char *text);

/*
 * claim_tell() - "is managed by ...", of a claim found as the TXT record at @place, and how the name is handed over:
 * @command deletes what claims it, and needs @needs.
 */
char *claim_tell(const char *claim, const char *place, const char *needs, const char *command);

#endif
