/*
 * nameservers.h -- the name's other authoritative servers: each serves what the one that is written does, unless it lags
 * behind, shows a stranger's address, or is dead.
 */
#ifndef PK_TEST_WHOLE_NAMESERVERS_H
#define PK_TEST_WHOLE_NAMESERVERS_H

#include "registers.h"

void nameservers_begin(void); /* draws them, where the history has any */
const char *nameservers_address(unsigned server); /* as in spec.dns.verify.servers */

/* Where @address is, and what is answered there now. */
enum locality nameservers_place(const char *address);
void nameservers_show(enum locality place, unsigned policy, struct reg *ret);

void nameservers_lag(unsigned server, int more);   /* > 0: one reason more to show what was there when the first came */
void nameservers_stray(unsigned server, int more); /* the same, to show an address of no plane */

/* The word that a status has to say of it, where it is ill from the beginning to the end; NULL: it is well. */
const char *nameservers_illness(unsigned server);
/* Since when none of them may be heard to show anything but the record; INT64_MAX: one may be. */
vtime_us nameservers_agree_since(void);

#endif
