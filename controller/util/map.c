/* map.c -- text key to pointer on POSIX tsearch(). */
#include "util/map.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct map_entry {
        const char *key;
        void *value;
};

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct map_entry *)a)->key, ((const struct map_entry *)b)->key);
}

void *map_find(const struct map *map, const char *key)
{
        const struct map_entry probe = {.key = key};
        void *const *found = tfind(&probe, &map->root, compare);
        return found ? ((const struct map_entry *)*found)->value : NULL;
}

void map_put(struct map *map, const char *key, void *value)
{
        struct map_entry *entry = mem_new(entry);
        *entry = (struct map_entry){.key = key, .value = value};
        void **slot = tsearch(entry, &map->root, compare);
        INVARIANT(slot && *slot == entry);
        map->count++;
}

void *map_remove(struct map *map, const char *key)
{
        struct map_entry probe = {.key = key};
        void *const *found = tfind(&probe, &map->root, compare);
        if (!found)
                return NULL;
        struct map_entry *entry = *found;
        void *value = entry->value;
        (void)tdelete(&probe, &map->root, compare);
        free(entry);
        map->count--;
        return value;
}

struct walk {
        void (*visit)(void *value, void *ctx);
        void *ctx;
};

static void walk_node(const void *node, VISIT which, void *closure)
{
        const struct walk *walk = closure;
        if (which == postorder || which == leaf) /* tsearch's names: these two together are the in-order walk */
                walk->visit((*(struct map_entry *const *)node)->value, walk->ctx);
}

void map_each(const struct map *map, void (*visit)(void *value, void *ctx), void *ctx)
{
        struct walk walk = {.visit = visit, .ctx = ctx};
        twalk_r(map->root, walk_node, &walk);
}

void *map_take_any(struct map *map)
{
        if (!map->root)
                return NULL;
        struct map_entry *entry = *(struct map_entry **)map->root;
        return map_remove(map, entry->key);
}
