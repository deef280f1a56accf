/*
 * err.h -- error classes and their text. A class answers "what should the caller do", not "what broke".
 *
 * Ownership: struct errmsg is the caller's own buffer; every reterr may be NULL.
 * Text:      one line of valid UTF-8, whatever was put in; cut where it is too long.
 * Errors:    on anything but ERR_OK the ret_* parameters of a function are untouched and *reterr says why.
 * Threads:   no shared state.
 */
#ifndef PK_UTIL_ERR_H
#define PK_UTIL_ERR_H

#include <stdarg.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define ERR_LIST(X)                                                                                                    \
        X(ERR_OK, "ok")                                                                                                \
        X(ERR_TRANSIENT, "transient") /* nothing was changed; try again after a back-off */                            \
        X(ERR_UNKNOWN, "unknown")     /* no answer in time: it may or may not have been applied; read before acting */ \
        X(ERR_PENDING, "pending")     /* accepted, and not yet so: progress, no failure; look or ask again */         \
        X(ERR_CONFLICT, "conflict")   /* another writer changed it: read and decide again */                        \
        X(ERR_NOT_FOUND, "not found") /* the thing named is absent */                                                  \
        X(ERR_INVALID, "invalid")     /* input that only a person can mend */                                          \
        X(ERR_DENIED, "denied")       /* credentials or rights were refused */                                     \
        X(ERR_EXPIRED, "expired")     /* the position is too old (HTTP 410): list again */                      \
        X(ERR_CANCELLED, "cancelled") /* the caller withdrew it */

#define ERR_ENUM(name, text) name,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

struct errmsg {
        char text[512]; /* room for a server, a name and a remedy */
};

/* The class as a lower-case word, for logs and metrics. */
const char *err_name(enum err err);

/* Set the text and return @err, so that a failure is one line: return err_set(reterr, ERR_INVALID, "..."). */
enum err err_set(struct errmsg *reterr, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

/* Prefix the text on the way up ("policy default/gloo: <text>") and return @err. */
enum err err_wrap(struct errmsg *reterr, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
