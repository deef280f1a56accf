/* addresses.c -- a check of several addresses as one. */
#include "core/addresses.h"

static bool passes(const struct address_view *one)
{
        return one->check.passes > 0;
}

static bool fails(const struct address_view *one)
{
        return one->check.fails > 0;
}

/* Whether @a tells more of what agents find than @b, both of which pass: judged now, and for longer. */
static bool is_better(const struct check_view *a, const struct check_view *b)
{
        if (a->last_unknown != b->last_unknown)
                return !a->last_unknown;
        return a->passes > b->passes;
}

/* The ones that fail, by name: "198.51.100.8: connection refused"; NULL: none does. */
static const char *name_failing(const struct address_view *each, unsigned count, struct arena *arena)
{
        const char *text = NULL;
        for (unsigned i = 0; i < count; i++)
                if (fails(&each[i]))
                        text = arena_printf(arena, "%s%s%s: %s", text ? text : "", text ? ", " : "", each[i].address,
                                            each[i].check.text);
        return text;
}

static const struct address_view *best_of(const struct address_view *each, unsigned count)
{
        const struct address_view *best = NULL;
        for (unsigned i = 0; i < count; i++)
                if (passes(&each[i]) && (!best || is_better(&each[i].check, &best->check)))
                        best = &each[i];
        return best;
}

static const struct address_view *unjudged_of(const struct address_view *each, unsigned count)
{
        for (unsigned i = 0; i < count; i++)
                if (!fails(&each[i]))
                        return &each[i];
        return NULL;
}

/* All fail: as often as the one that failed least often, since the last began to, judged when the oldest was. */
static struct check_view join_failing(const struct address_view *each, unsigned count, struct arena *arena)
{
        struct check_view all = each[0].check;
        for (unsigned i = 1; i < count; i++) {
                const struct check_view *one = &each[i].check;
                all.fails = one->fails < all.fails ? one->fails : all.fails;
                all.run_since = one->run_since > all.run_since ? one->run_since : all.run_since;
                all.counted_at = one->counted_at < all.counted_at ? one->counted_at : all.counted_at;
                all.last_unknown = all.last_unknown || one->last_unknown;
        }
        all.text = name_failing(each, count, arena);
        return all;
}

struct check_view addresses_join(const struct address_view *each, unsigned count, struct arena *arena)
{
        if (count == 1)
                return each[0].check;
        const struct address_view *best = best_of(each, count), *unjudged = unjudged_of(each, count);
        struct check_view joined = best ? best->check : unjudged ? unjudged->check : join_failing(each, count, arena);
        joined.partial = best ? name_failing(each, count, arena) : NULL;
        for (unsigned i = 0; i < count; i++) {
                const struct check_view *one = &each[i].check;
                if (one->passes && one->signal != SIGNAL_NONE)
                        joined.signal = one->signal;
                joined.sampled_at = one->sampled_at > joined.sampled_at ? one->sampled_at : joined.sampled_at;
                if (one->certificate_not_after &&
                    (!joined.certificate_not_after || one->certificate_not_after < joined.certificate_not_after))
                        joined.certificate_not_after = one->certificate_not_after;
        }
        return joined;
}

const char *addresses_failing(const struct plane_view *plane, struct arena *arena)
{
        for (unsigned i = 0; i < plane->check_count; i++)
                if (plane->checks[i].partial)
                        return arena_printf(arena, "%s: %s fails at %s; agents may be given that address", plane->name,
                                            plane->checks[i].label, plane->checks[i].partial);
        return NULL;
}
