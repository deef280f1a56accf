/*
 * beside.h -- internal to the core: the targets that the record is written to beside the step under way: those that no
 * later step waits for, as soon as the steps before them are met, in a switch and after it; and of one step with
 * several targets those that need not wait for each other.
 */
#ifndef PK_CORE_BESIDE_H
#define PK_CORE_BESIDE_H

#include "core/classify.h"

/* One that would be written, were the policy read again since the record was made (DO_CONFIRM); NULL: none. */
const struct target_view *beside_unconfirmed(const struct pass *pass);
/* Adds them to the decision, and to its looks_beside what they rest on. */
void beside_add(struct pass *pass);

#endif
