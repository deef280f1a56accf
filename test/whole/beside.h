/*
 * beside.h -- what can be so of a name besides its records: another tool claims it, users are answered something else
 * than we are, a wildcard answers where there is no address, the server passes updates on and shows them late.
 *
 * And what each operator was told of that, which is all that it can be held to.
 */
#ifndef PK_TEST_WHOLE_BESIDE_H
#define PK_TEST_WHOLE_BESIDE_H

#include "registers.h"

void beside_begin(void);

void beside_claim(unsigned policy, int more);
void beside_divert(unsigned policy, int more);  /* users are answered otherwise */
void beside_forward(unsigned policy, int more); /* updates are passed on */

const struct reg *beside_served(unsigned policy); /* what the server shows */
void beside_written(unsigned policy, const struct reg *old); /* the name is what it is now, and was @old */
bool beside_is_quiet_since(unsigned policy, vtime_us since); /* nothing of all that has been so of the name since then */
/* When the server that passes updates on shows what is there by now; 0: it does. */
vtime_us beside_shows_at(unsigned policy);

/* What a look is told, once it has come back; borrowed, NULL: nothing. A claim is asked about apart. */
const char *beside_tell_doubt(const struct host *host, unsigned policy, const struct reg *seen);
const char *beside_tell_claim(const struct host *host, unsigned policy);
void beside_untold(const struct host *host, unsigned policy); /* the question for a claim went unanswered */
bool beside_has_claims(void); /* in this history */

/* Whether @host knows, or by what it was told must know, that another tool claims the name. */
bool beside_knows_claim(const struct host *host, unsigned policy);
/* Since when @host has been told at each look that users are answered otherwise; 0: it was not. */
vtime_us beside_doubted_since(const struct host *host, unsigned policy);

#endif
