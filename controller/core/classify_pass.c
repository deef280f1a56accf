/* classify_pass.c -- the result of a classifier in the pass: its finding, and when to look again. */
#include "core/classify.h"

enum finding classify_as(struct pass *pass, enum finding finding, const char *why)
{
        pass->decision->why = why;
        return finding;
}

void classify_wake(struct pass *pass, mono_ms at)
{
        if (at && (!pass->decision->wake_at || at < pass->decision->wake_at))
                pass->decision->wake_at = at;
}
