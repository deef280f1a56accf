/*
 * fence.c -- driver fence.object: one field of an object in a plane's own cluster, which says whether that plane is the
 * active one. An absent field fences nothing, so that it shows what the field says in the active plane.
 */
#include <stdlib.h>

#include "targets/kube/by_hand.h"
#include "targets/kube/drivers.h"
#include "targets/kube/object.h"
#include "util/mem.h"
#include "util/strbuf.h"

/* One object in several planes is as many registers, and people are told which. */
static void name_plane(struct object_session *session, const char *plane)
{
        struct strbuf what = STRBUF_INIT(2048);
        (void)strbuf_printf(&what, "%s in %s", session->what, plane);
        free(session->what);
        session->what = strbuf_take(&what);
}

static enum err resolve(struct object_session *session, const struct target_config *config, struct errmsg *reterr)
{
        const char *active = target_setting_find(config, "active"), *plane = target_setting_find(config, "plane");
        session->unset = active ? mem_strdup(active) : NULL;
        if (plane)
                name_plane(session, plane);
        return object_take_type(session, config, reterr);
}

/*
 * Not whether its controller has seen the new value: controllers of suspended objects leave status.observedGeneration
 * as it is (Flux), and a fence is waited for.
 */
static const struct object_profile profile = {.resolve = resolve, .show = object_show_field, .set = object_set_field};

/* A plane whose cluster is not known is told at each visit. */
static enum err fence_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        const char *lacks = target_setting_find(config, "lacks");
        return lacks ? err_set(reterr, ERR_INVALID, "%s", lacks)
                     : object_open(&fence_object_driver, &profile, config, ret, reterr);
}

static char *fence_name_of(const struct target_config *config)
{
        return object_name_of(&profile, config);
}

static struct by_hand fence_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                    struct arena *arena)
{
        return object_by_hand(&profile, config, write, arena);
}

const struct target_driver fence_object_driver = {.name = "fence.object",
                                                  .kind = TARGET_FENCE,
                                                  .limits = OBJECT_LIMITS,
                                                  .name_of = fence_name_of,
                                                  .check_credentials = hub_check,
                                                  .open = fence_open,
                                                  .start = object_start,
                                                  .by_hand = fence_by_hand,
                                                  .close = object_close};
