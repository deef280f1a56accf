/* runbook_parts.h -- how a name is moved by hand, by the driver that serves it. Pure. */
#ifndef PK_CORE_RUNBOOK_PARTS_H
#define PK_CORE_RUNBOOK_PARTS_H

#include "core/view.h"
#include "util/arena.h"

/* Commands of one driver, in the arena. */
struct runbook_name {
        const char *needs; /* what must be at hand */
        const char *move;
        const char *look;
};

/* 'text', with ' itself as '\''. */
const char *runbook_quote(const char *text, struct arena *arena);

/* Amazon Route 53, by AWS's command line: @rrset in the place of what was last seen there. */
struct runbook_name runbook_route53(const struct view *view, const char *rrset, struct arena *arena);

#endif
