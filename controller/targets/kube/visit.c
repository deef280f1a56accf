/* visit.c -- the visit under way: begun, forgotten, refused, ended. */
#include "targets/kube/visit.h"

#include <string.h>

#include "api/object.h"
#include "targets/fence.h"
#include "util/mem.h"

void visit_begin(struct visit_under_way *now, struct target_visit *visit, target_done *done, void *ctx)
{
        INVARIANT(!now->visit);
        now->visit = visit;
        now->done = done;
        now->ctx = ctx;
}

void visit_forget(struct visit_under_way *now)
{
        kube_cancel(now->call);
        rights_cancel(&now->rights);
        *now = (struct visit_under_way){0};
}

void visit_end(const struct visit_under_way *ended, enum err err)
{
        ended->visit->err = err;
        ended->done(ended->ctx, ended->visit);
}

static const char *remedy_of(const struct visit_remedies *remedies, enum err err)
{
        const char *remedy = err == ERR_NOT_FOUND ? remedies->not_found
                             : err == ERR_DENIED  ? remedies->denied
                             : err == ERR_INVALID ? remedies->invalid
                                                  : NULL;
        return remedy ? remedy : "";
}

enum err visit_refused(const struct visit_under_way *now, const char *what, const struct kube_reply *reply,
                       const struct visit_remedies *remedies)
{
        struct target_visit *visit = now->visit;
        const enum err err = now->has_written               ? ERR_UNKNOWN
                             : reply->err == ERR_NOT_FOUND ? ERR_INVALID
                                                           : reply->err;
        visit->retry_after_ms = err == ERR_TRANSIENT ? reply->retry_after_ms : 0;
        return err_set(&visit->why, err, "%.160s: %.200s%s", what, reply->why.text,
                       remedy_of(remedies, reply->err));
}

void visit_read_stamp(const json_t *object, struct stamp *ret)
{
        const char *text = object_annotation(object, OBJECT_STAMP);
        if (text && strlen(text) < TARGET_STAMP_BYTES)
                dns_stamp_parse(text, ret);
        else if (text)
                *ret = (struct stamp){.presence = STAMP_UNREADABLE, .raw = mem_strdup("(longer than any is)")};
}
