/*
 * wiping_heap.h -- the heap that libcurl and jansson use: what they free is wiped, because keys and tokens are among
 * it.
 *
 * libcurl copies what it signs with and jansson what it parses, and both free that as it is: a core dump would hold it.
 *
 * Threads:   any, after wiping_heap_install(), which is called before the first thread and the first use of either.
 * Source:    curl_global_init_mem(3), json_set_alloc_funcs() of jansson, malloc_usable_size(3)
 */
#ifndef PK_RUNTIME_WIPING_HEAP_H
#define PK_RUNTIME_WIPING_HEAP_H

#include <stddef.h>

void wiping_heap_install(void);

/* As free() and realloc(). */
void wiping_heap_free(void *block);
void *wiping_heap_realloc(void *block, size_t bytes);
/* All of @block, which stays allocated; NULL is a no-op. */
void wiping_heap_wipe(void *block);

#endif
