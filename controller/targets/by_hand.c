/* by_hand.c -- the commands that a person would type, from whichever driver serves the target. */
#include "targets/by_hand.h"

#include <string.h>

#include "targets/target.h"
#include "util/text.h"

const char *by_hand_quote(const char *text, struct arena *arena)
{
        const char *quoted = "";
        for (const char *at = text; *at;) {
                size_t run = strcspn(at, "'");
                quoted = arena_printf(arena, "%s%.*s%s", quoted, (int)run, at, at[run] ? "'\\''" : "");
                at += run + (at[run] != '\0');
        }
        return arena_printf(arena, "'%s'", quoted);
}

struct by_hand_endpoint by_hand_endpoint(const char *address, struct arena *arena)
{
        if (address[0] == '[') {
                size_t length = strcspn(address + 1, "]");
                const char *rest = address + 1 + length;
                return (struct by_hand_endpoint){arena_printf(arena, "%.*s", (int)length, address + 1),
                                                 strncmp(rest, "]:", 2) == 0 ? arena_strdup(arena, rest + 2) : ""};
        }
        const char *colon = strchr(address, ':');
        if (!colon || strchr(colon + 1, ':'))
                return (struct by_hand_endpoint){address, ""};
        return (struct by_hand_endpoint){arena_printf(arena, "%.*s", (int)(colon - address), address), colon + 1};
}

const char *by_hand_look_up(const struct by_hand_write *write, struct arena *arena)
{
        return arena_printf(arena, "dig +short %s %.*s # wants %s", write->target->ref.name,
                            (int)strcspn(write->value, " "), write->value, write->value);
}

/* Whatever tool its provider has: what is to be done is all the same. */
static struct by_hand by_any_tool(const struct by_hand_write *write, struct arena *arena)
{
        const struct target_ref *ref = &write->target->ref;
        const bool is_name = target_traits(ref->kind)->leads_agents;
        struct by_hand hand = {.needs = arena_printf(arena, "the tool of %s is at hand", ref->driver)};
        hand.move = is_name ? arena_printf(arena, "# at %s make %s: %s, TTL %u, and nothing else", ref->endpoint,
                                           ref->name, write->value, write->ttl_s)
                            : arena_printf(arena, "# at %s make %s: %s", ref->endpoint, ref->name, write->value);
        hand.look = is_name ? by_hand_look_up(write, arena) : NULL;
        return hand;
}

struct by_hand target_by_hand(const struct target_config *config, const struct by_hand_write *write,
                              struct arena *arena)
{
        const struct target_driver *driver = target_driver_find(write->target->ref.driver);
        return driver && driver->by_hand ? driver->by_hand(config, write, arena) : by_any_tool(write, arena);
}
