/* mechanism.c -- an (endpoint, credential) that many policies switch through. */
#include "reconcile/mechanism.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

void mechanism_hold(struct map *map, struct mechanism **held, const char *key)
{
        if (*held && strcmp((*held)->key, key) == 0)
                return;
        mechanism_drop(held);
        struct mechanism *mechanism = map_find(map, key);
        if (!mechanism) {
                mechanism = mem_new(mechanism);
                *mechanism = (struct mechanism){.key = mem_strdup(key), .map = map};
                map_put(map, mechanism->key, mechanism);
        }
        mechanism->users++;
        *held = mechanism;
}

void mechanism_drop(struct mechanism **held)
{
        struct mechanism *mechanism = *held;
        *held = NULL;
        if (!mechanism || --mechanism->users)
                return;
        (void)map_remove(mechanism->map, mechanism->key);
        free(mechanism->key);
        free(mechanism);
}
