/* any_object.c -- driver object: one field of any object, named by the policy. */
#include "targets/kube/by_hand.h"
#include "targets/kube/drivers.h"
#include "targets/kube/object.h"

static const struct object_profile profile = {.resolve = object_take_type,
                                              .show = object_show_field,
                                              .set = object_set_field,
                                              .is_settling = object_is_unobserved};

static enum err any_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        return object_open(&object_driver, &profile, config, ret, reterr);
}

static char *any_name_of(const struct target_config *config)
{
        return object_name_of(&profile, config);
}

static struct by_hand any_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                  struct arena *arena)
{
        return object_by_hand(&profile, config, write, arena);
}

const struct target_driver object_driver = {.name = "object",
                                            .kind = TARGET_PIPELINE,
                                            .limits = OBJECT_LIMITS,
                                            .where = "kubeConfig",
                                            .where_default = "this cluster",
                                            .name_of = any_name_of,
                                            .check_credentials = hub_check,
                                            .open = any_open,
                                            .start = object_start,
                                            .by_hand = any_by_hand,
                                            .close = object_close};
