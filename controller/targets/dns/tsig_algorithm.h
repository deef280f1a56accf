/* tsig_algorithm.h -- the algorithms that a key may name. */
#ifndef PK_TARGETS_DNS_TSIG_ALGORITHM_H
#define PK_TARGETS_DNS_TSIG_ALGORITHM_H

#include <openssl/evp.h>

#include "targets/dns/tsig.h"

/* ERR_INVALID, with the remedy, for the broken and the unknown ones. */
MUST_CHECK enum err tsig_algorithm_find(const char *name, const struct tsig_algorithm **ret, struct errmsg *reterr);
const EVP_MD *tsig_algorithm_digest(const struct tsig_algorithm *algorithm);

#endif
