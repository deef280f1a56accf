/* rfc2136_by_hand.h -- a name moved by hand with the tools that come with every name server. Pure. */
#ifndef PK_TARGETS_DNS_RFC2136_BY_HAND_H
#define PK_TARGETS_DNS_RFC2136_BY_HAND_H

#include "targets/target.h"

struct by_hand rfc2136_by_hand(const struct target_config *config, const struct by_hand_write *write,
                               struct arena *arena);

#endif
