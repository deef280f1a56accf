/* told.c -- the last reported state of a policy. */
#include "reconcile/told.h"

#include <stdlib.h>

void told_forget(struct told *told)
{
        free(told->reason);
        free(told->why);
        free(told->armed);
        free(told->armed_told);
        *told = (struct told){.finding = FINDING_COUNT};
}
