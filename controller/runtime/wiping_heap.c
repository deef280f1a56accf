/* wiping_heap.c -- free() that leaves nothing behind. */
#include "runtime/wiping_heap.h"

#include <curl/curl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/secret.h"

void wiping_heap_wipe(void *block)
{
        if (block)
                secret_wipe(block, malloc_usable_size(block));
}

void wiping_heap_free(void *block)
{
        wiping_heap_wipe(block);
        free(block);
}

/* realloc() would free the old block itself, as it is. */
void *wiping_heap_realloc(void *block, size_t bytes)
{
        const size_t had = block ? malloc_usable_size(block) : 0;
        void *moved = malloc(bytes ? bytes : 1);
        if (!moved)
                return NULL;
        if (block)
                memcpy(moved, block, had < bytes ? had : bytes);
        wiping_heap_free(block);
        return moved;
}

void wiping_heap_install(void)
{
        json_set_alloc_funcs(malloc, wiping_heap_free);
        INVARIANT(curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_heap_free, wiping_heap_realloc, strdup,
                                       calloc) == CURLE_OK);
}
