/*
 * file.h -- read one small file whole: kubeconfigs, tokens, certificates.
 *
 * Blocks: a pipe is refused, but a regular file on a mount that hangs holds the caller: workers, and the start of the
 *         process.
 */
#ifndef PK_RUNTIME_FILE_H
#define PK_RUNTIME_FILE_H

#include "util/err.h"
#include "util/secret.h"

/* ERR_NOT_FOUND, ERR_DENIED, or ERR_INVALID where it is no regular file or larger than @max_bytes. */
MUST_CHECK enum err file_read(const char *path, size_t max_bytes, struct secret *ret, struct errmsg *reterr);

/* Like file_read() for a bearer token: white space around it goes; an empty one is ERR_INVALID. */
MUST_CHECK enum err file_read_token(const char *path, struct secret *ret, struct errmsg *reterr);

#endif
