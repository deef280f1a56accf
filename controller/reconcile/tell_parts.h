/* tell_parts.h -- internal to tell: one Event and one log line with the same reason word. */
#ifndef PK_RECONCILE_TELL_PARTS_H
#define PK_RECONCILE_TELL_PARTS_H

#include "reconcile/policy.h"

void tell_event(struct policy *policy, bool is_warning, const char *reason, const char *action, const char *message);

#endif
