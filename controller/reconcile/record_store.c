/* record_store.c -- the arbiters; a new kind is one file and one row. */
#include "reconcile/record_store.h"

const struct record_store *record_store_find(enum decision_store kind)
{
        static const struct record_store *const stores[] = {
            [STORE_KUBERNETES] = &store_lease, [STORE_DNS] = &store_dns};
        return stores[kind];
}
