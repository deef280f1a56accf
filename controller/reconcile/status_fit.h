/*
 * status_fit.h -- keeps a policy's status within STATUS_BYTES_MAX, for eight planes with eight checks each and the
 * longest texts: sentences are cut first, the commands of the runbook never.
 */
#ifndef PK_RECONCILE_STATUS_FIT_H
#define PK_RECONCILE_STATUS_FIT_H

#include <jansson.h>

enum { STATUS_BYTES_MAX = 16384 };

/* Cuts as little of @status as is needed, in a fixed order; what fits already stays as it is. */
void status_fit(json_t *status);

#endif
