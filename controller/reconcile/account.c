/* account.c -- the history that a policy's status keeps. */
#include "reconcile/account.h"

#include <stdlib.h>

void account_forget(struct account *account)
{
        free(account->last_switch);
        free(account->history);
        free(account->last_decision);
        *account = (struct account){.newest_epoch = 0};
}
