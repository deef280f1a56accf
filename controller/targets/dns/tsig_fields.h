/*
 * tsig_fields.h -- name, algorithm and key as text, in whichever form a tool put them into a Secret: the file that
 * tsig-keygen prints, the line that keymgr prints and dig -y takes, or entries of their own.
 *
 * Ownership: tsig_fields_clear() wipes.
 * Errors:    ERR_INVALID; a text never shows a value.
 */
#ifndef PK_TARGETS_DNS_TSIG_FIELDS_H
#define PK_TARGETS_DNS_TSIG_FIELDS_H

#include "targets/target.h"

struct tsig_fields {
        struct secret name;
        struct secret algorithm; /* empty where not said */
        struct secret key;       /* base64 */
};

/* Fields that are not there stay empty. */
MUST_CHECK enum err tsig_fields_read(const struct target_config *config, struct tsig_fields *ret,
                                     struct errmsg *reterr);
void tsig_fields_clear(struct tsig_fields *fields);

#endif
