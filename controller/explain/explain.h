/*
 * explain.h -- `planekeeper explain FILE`: why the operator acted, or did not, from what it left in
 * status.lastDecision; and with --policy what it would have done under a changed FailoverPolicy. The core itself is
 * asked; nothing is contacted.
 *
 * Bounds:    files of EXPLAIN_BYTES_MAX; what is printed is one line per fact, without control characters.
 * Errors:    ERR_INVALID with the field.
 */
#ifndef PK_EXPLAIN_H
#define PK_EXPLAIN_H

#include <jansson.h>

#include "util/err.h"
#include "util/strbuf.h"

enum { EXPLAIN_BYTES_MAX = 2 << 20, EXPLAIN_TEXT_MAX = 256 << 10 };

/* The command; @argv[0] is its name. The exit code: 0, 1 for a file that cannot be explained, 2 for bad usage. */
int explain_main(int argc, char **argv);

/*
 * @object: a FailoverPolicy, a List of one, or a status.lastDecision. @changed: a FailoverPolicy whose spec the saved
 * facts are held against; NULL: none.
 */
MUST_CHECK enum err explain_text(const json_t *object, const json_t *changed, struct strbuf *text,
                                 struct errmsg *reterr);
/* JSON, or one document of YAML. The reference is the caller's. */
MUST_CHECK enum err explain_parse(const char *bytes, size_t count, json_t **ret, struct errmsg *reterr);

#endif
