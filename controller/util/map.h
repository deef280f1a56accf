/*
 * map.h -- text key to pointer, iterated in key order (so that every dump is stable). A thin face of POSIX tsearch().
 *
 * Ownership: keys are borrowed and must live inside (or as long as) the value; values are the caller's.
 * Threads:   one at a time.
 */
#ifndef PK_UTIL_MAP_H
#define PK_UTIL_MAP_H

#include <stddef.h>

struct map {
        void *root; /* a zeroed struct is an empty map */
        size_t count;
};

void *map_find(const struct map *map, const char *key); /* NULL where absent */
void map_put(struct map *map, const char *key, void *value); /* the key must be absent */
void *map_remove(struct map *map, const char *key);     /* the value, or NULL where absent */

/* Calls @visit for each entry in key order; @visit must not change the map. */
void map_each(const struct map *map, void (*visit)(void *value, void *ctx), void *ctx);

/* Removes and hands over any one entry; NULL where empty. For tearing down. */
void *map_take_any(struct map *map);

#endif
