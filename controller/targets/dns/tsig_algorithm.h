/* tsig_algorithm.h -- the algorithms that a key may name. */
#ifndef PK_TARGETS_DNS_TSIG_ALGORITHM_H
#define PK_TARGETS_DNS_TSIG_ALGORITHM_H

#include <openssl/evp.h>

#include "targets/dns/tsig.h"

const EVP_MD *tsig_algorithm_digest(const struct tsig_algorithm *algorithm);

#endif
