/*
 * runbook.h -- the commands that a person would run now to switch by hand, with the operator dead. Pure.
 *
 * The steps are known here; the commands are of each target's driver, and the caller hands them in. No secrets: key
 * files are named as they are in the policy's Secrets. Values come from names that the API server's schema bounds, and
 * are quoted for a POSIX shell.
 */
#ifndef PK_CORE_RUNBOOK_H
#define PK_CORE_RUNBOOK_H

#include "core/by_hand.h"
#include "core/failover.h"

enum { RUNBOOK_LINES_MAX = 2 * TARGETS_MAX + 2 };

struct runbook {
        const char *lines[RUNBOOK_LINES_MAX];
        unsigned count;
};

void runbook_build(const struct view *view, const struct decision *decision, const struct by_hand_tools *tools,
                   struct arena *arena, struct runbook *ret);

#endif
