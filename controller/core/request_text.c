/* request_text.c -- the annotations: their texts, and the commands that write them. */
#include <string.h>

#include "core/request.h"
#include "core/targets.h"

static const char *const names[REQUEST_KEY_COUNT] = {
    [REQUEST_KEY_SWITCH] = "switch-to", [REQUEST_KEY_ADOPT] = "adopt", [REQUEST_KEY_ACK] = "ack",
    [REQUEST_KEY_TAKEOVER] = "takeover"};

const char *request_key_name(enum request_key key)
{
        return names[key];
}

const char *request_shown(const struct policy_view *policy, enum request_key key)
{
        const char *const texts[REQUEST_KEY_COUNT] = {[REQUEST_KEY_SWITCH] = policy->switch_to,
                                                      [REQUEST_KEY_ADOPT] = policy->adopt,
                                                      [REQUEST_KEY_ACK] = policy->ack,
                                                      [REQUEST_KEY_TAKEOVER] =
                                                          policy->takeover ? policy->takeover : ""};
        return texts[key];
}

/* Another value than the one that stands there. */
static const char *other_value(const struct view *view, enum request_key key, const char *value, struct arena *arena)
{
        return strcmp(request_shown(&view->policy, key), value) == 0 ? arena_printf(arena, "%s/" REQUEST_AGAIN, value)
                                                                    : value;
}

const char *request_value(const struct view *view, enum request_key key, const char *plane, epoch_t epoch,
                          struct arena *arena)
{
        const char *value = arena_printf(arena, "%s%s%llu", plane, plane[0] ? "/" : "", (unsigned long long)epoch);
        return other_value(view, key, value, arena);
}

const char *request_confirmation(const struct view *view, const char *plane, epoch_t epoch, const char *word,
                                 struct arena *arena)
{
        const char *value = arena_printf(arena, "%s/%llu/%s", plane, (unsigned long long)epoch, word);
        return other_value(view, REQUEST_KEY_SWITCH, value, arena);
}

const char *request_annotation(enum request_key key, struct arena *arena)
{
        return arena_printf(arena, "planekeeper.io/%s", names[key]);
}

const char *request_command_of(const struct view *view, enum request_key key, const char *value, struct arena *arena)
{
        return arena_printf(arena, "kubectl annotate fop %s -n %s --overwrite planekeeper.io/%s=%s", view->policy.name,
                            view->policy.namespace_name, names[key], value);
}

const char *request_command(const struct view *view, enum request_key key, const char *plane, epoch_t epoch,
                            struct arena *arena)
{
        return request_command_of(view, key, request_value(view, key, plane, epoch, arena), arena);
}

const char *request_takeover_command(const struct view *view, struct arena *arena)
{
        return request_command_of(view, REQUEST_KEY_TAKEOVER, targets_split_ids(view, arena), arena);
}
