/* rfc2136.h -- DNS UPDATE with TSIG (BIND, Knot, PowerDNS and others): the driver behind spec.dns.rfc2136. */
#ifndef PK_TARGETS_DNS_RFC2136_H
#define PK_TARGETS_DNS_RFC2136_H

#include "targets/target.h"

/*
 * Settings: nameserver (host, host:port, [v6]:port; 53), zone (else the server is asked), tsigAlgorithm (where the
 * Secret names none). Credentials: see tsig_key_from_config().
 */
extern const struct target_driver rfc2136_driver;

#endif
