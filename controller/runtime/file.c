/* file.c -- read one small file whole. */
#include "runtime/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/mem.h"

enum { TOKEN_BYTES_MAX = 64 * 1024 };

static enum err refuse(const char *path, int error, struct errmsg *reterr)
{
        enum err err = error == ENOENT || error == ENOTDIR ? ERR_NOT_FOUND
                       : error == EACCES || error == EPERM ? ERR_DENIED
                                                           : ERR_INVALID;
        return err_set(reterr, err, "%.160s: %s", path, strerror(error));
}

enum err file_read(const char *path, size_t max_bytes, struct secret *ret, struct errmsg *reterr)
{
        CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat status;
        if (fd < 0 || fstat(fd, &status) < 0)
                return refuse(path, errno, reterr);
        if (!S_ISREG(status.st_mode))
                return err_set(reterr, ERR_INVALID, "%.160s: not a regular file", path);
        if (status.st_size < 0 || (size_t)status.st_size > max_bytes)
                return err_set(reterr, ERR_INVALID, "%.160s: larger than %zu bytes", path, max_bytes);
        size_t size = (size_t)status.st_size;
        char *bytes = mem_calloc(size + 1, 1);
        size_t count = 0;
        ssize_t got = 0;
        while (count < size && (got = read(fd, bytes + count, size - count)) > 0)
                count += (size_t)got;
        int error = errno;
        if (got >= 0)
                secret_set(ret, bytes, count);
        secret_wipe(bytes, size);
        free(bytes);
        return got >= 0 ? ERR_OK : refuse(path, error, reterr);
}

enum err file_read_token(const char *path, struct secret *ret, struct errmsg *reterr)
{
        CLEANUP(secret_clear) struct secret raw = {0};
        enum err err = file_read(path, TOKEN_BYTES_MAX, &raw, reterr);
        if (err != ERR_OK)
                return err;
        const char *first = raw.bytes;
        size_t count = raw.count;
        for (; count > 0 && isspace((unsigned char)*first); count--)
                first++;
        while (count > 0 && isspace((unsigned char)first[count - 1]))
                count--;
        if (count == 0)
                return err_set(reterr, ERR_INVALID, "%.160s: holds no token", path);
        for (size_t i = 0; i < count; i++)
                if (!isgraph((unsigned char)first[i]))
                        return err_set(reterr, ERR_INVALID, "%.160s: holds more than one word, so no token", path);
        secret_set(ret, first, count);
        return ERR_OK;
}
