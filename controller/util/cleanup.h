/* cleanup.h -- scoped ownership: CLEANUP(free_text) char *text = ...; releases at the end of the scope. */
#ifndef PK_UTIL_CLEANUP_H
#define PK_UTIL_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void cleanup_free(char **text)
{
        free(*text);
}

static inline void cleanup_fd(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd);
}

#endif
