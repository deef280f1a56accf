/* account.c -- the history that a policy's status keeps. */
#include "reconcile/account.h"

#include <stdlib.h>

#include "util/mem.h"

void account_keep(struct packed *packed, json_t *value)
{
        char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
        INVARIANT(text || !value);
        packed_set(packed, text);
        free(text);
        json_decref(value);
}

json_t *account_load(const struct packed *packed)
{
        char *text = packed_text(packed);
        json_t *value = text ? json_loads(text, 0, NULL) : json_null();
        INVARIANT(value);
        free(text);
        return value;
}

void account_forget(struct account *account)
{
        packed_clear(&account->last_switch);
        packed_clear(&account->history);
        packed_clear(&account->last_decision);
        *account = (struct account){.newest_epoch = 0};
}
