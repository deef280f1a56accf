/* following.c -- the mark on an object whose controller was asked to act on a target. */
#include "targets/kube/following.h"

#include <inttypes.h>
#include <stdio.h>

#include "api/object.h"
#include "util/mem.h"
#include "util/text.h"

void following_token(const struct stamp *stamp, char ret[static FOLLOWING_TOKEN_BYTES])
{
        (void)snprintf(ret, FOLLOWING_TOKEN_BYTES, "%" PRIu64 "-%016" PRIx64, stamp->epoch, stamp->id);
}

bool following_is_asked(const json_t *item, const struct stamp *stamp)
{
        char token[FOLLOWING_TOKEN_BYTES];
        following_token(stamp, token);
        return text_equal(object_annotation(item, FOLLOWING_MARK), token);
}

json_t *following_mark(const struct stamp *stamp)
{
        char token[FOLLOWING_TOKEN_BYTES];
        following_token(stamp, token);
        json_t *annotations = json_pack("{s:s}", FOLLOWING_MARK, token);
        INVARIANT(annotations);
        return annotations;
}
