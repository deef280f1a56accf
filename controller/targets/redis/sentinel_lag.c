/* sentinel_lag.c -- how far the planes' Redis are behind the primary that Sentinel names, by their own word. */
#include <stdlib.h>

#include "targets/redis/lag.h"
#include "targets/redis/sentinel_session.h"
#include "util/mem.h"
#include "util/text.h"

static bool is_told(const struct target_state *state, const char *value)
{
        for (unsigned i = 0; i < state->unready_count; i++)
                if (text_equal(state->unready[i].value, value))
                        return true;
        return false;
}

/* Sentinel reaches what it orders about, also where the operator does not: that is not for the operator to say. */
static bool is_known(struct group *planes, const char *value)
{
        const struct member *member = group_find(planes, value);
        return member && member->err == ERR_OK;
}

/* Moves what is known by the samples alone behind what Sentinel has said. */
static void add(struct group *planes, struct target_state *lags, struct target_state *ret)
{
        struct unready *list = mem_calloc(UNREADY_MAX, sizeof(*list)), *more = (struct unready *)lags->unready;
        unsigned count = 0;
        for (; count < ret->unready_count; count++)
                list[count] = ret->unready[count];
        for (unsigned i = 0; i < lags->unready_count && count < UNREADY_MAX; i++) {
                if (is_told(ret, more[i].value) || !is_known(planes, more[i].value))
                        continue;
                list[count++] = more[i];
                more[i] = (struct unready){0};
        }
        free((struct unready *)ret->unready); /* its texts are in the new list */
        ret->unready = list;
        ret->unready_count = count;
}

void sentinel_tell_lag(struct sentinel_session *self, const struct sentinel_look *look, const char *kept,
                       mono_ms deadline, struct target_state *ret)
{
        struct target_state lags = {0};
        if (!self->planes)
                return;
        if (look->is_settling) { /* while the primary changes no sample is taken, and none is forgotten */
                ret->version = kept ? mem_strdup(kept) : NULL;
                return;
        }
        group_look(self->planes, false, deadline);
        const struct member *primary = look->takes_writes ? group_find(self->planes, look->view.primary) : NULL;
        if (primary && (primary->err != ERR_OK || !primary->is_primary))
                primary = NULL;
        lag_tell(self->planes, primary, kept, deadline, &lags);
        ret->version = lags.version;
        lags.version = NULL;
        add(self->planes, &lags, ret);
        target_state_clear(&lags);
}
