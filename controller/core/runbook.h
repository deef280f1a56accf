/*
 * runbook.h -- the commands that a person would run now to switch by hand, with the operator dead. Pure.
 *
 * No secrets: key files are named as they are in the policy's Secrets. Values come from names that the API server's
 * schema bounds, and are quoted for a POSIX shell.
 */
#ifndef PK_CORE_RUNBOOK_H
#define PK_CORE_RUNBOOK_H

#include "core/failover.h"

enum { RUNBOOK_LINES_MAX = 8 };

struct runbook {
        const char *lines[RUNBOOK_LINES_MAX];
        unsigned count;
};

void runbook_build(const struct view *view, const struct decision *decision, struct arena *arena, struct runbook *ret);

#endif
