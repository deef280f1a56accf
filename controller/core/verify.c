/* verify.c -- the answers of the other authoritative servers of the name. */
#include "core/verify.h"

#include <string.h>

#include "core/texts.h"
#include "core/targets.h"
#include "util/text.h"

enum verify_word verify_word(const struct view *view, const struct verify_view *verify)
{
        bool counts = verify->seen_at && verify->misses < VERIFY_MISSES_MAX &&
                      view->now - verify->seen_at <= VERIFY_COUNTS_MS;
        if (counts)
                return verify->shows_record ? VERIFY_SHOWS : VERIFY_BEHIND;
        return verify->seen_at || verify->misses ? VERIFY_SILENT : VERIFY_UNASKED;
}

bool verify_is_lacking(const struct view *view, const struct verify_view *verify)
{
        enum verify_word word = verify_word(view, verify);
        return word == VERIFY_BEHIND || word == VERIFY_SILENT;
}

/* The answer may have been cut: then it is compared as far as it goes. */
static bool is_shown(const struct verify_view *verify, const char *rrset)
{
        return rrset[0] && strncmp(verify->shown, rrset, VERIFY_SHOWN_BYTES - 1) == 0;
}

/* The plane whose address it shows; NULL: none of those that have one now. */
static const char *plane_shown(const struct view *view, const struct verify_view *verify)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (is_shown(verify, view->planes[i].rrset))
                        return view->planes[i].name;
        return NULL;
}

static bool is_recorded(const struct view *view, const struct verify_view *verify)
{
        const struct plan_target *name = plan_find(&view->record->plan, TARGET_NAME);
        bool is_old = false;
        for (unsigned i = 0; i < name->old_count; i++)
                is_old |= is_shown(verify, name->old[i]);
        return is_old || is_shown(verify, name->to);
}

/* The servers answer an alias with addresses that only the provider knows: then the ownership record alone tells. */
static bool is_alias(const struct view *view)
{
        return text_has_prefix(plan_find(&view->record->plan, TARGET_NAME)->to, "ALIAS");
}

bool verify_leads_astray(const struct view *view, const struct verify_view *verify)
{
        return verify_word(view, verify) == VERIFY_BEHIND && !is_alias(view) && !plane_shown(view, verify) &&
               !is_recorded(view, verify);
}

static const char *texts_behind(const struct view *view, const struct verify_view *verify, struct arena *arena)
{
        const struct record *record = view->record;
        const char *plane = plane_shown(view, verify), *shown = texts_excerpt(verify->shown, 100, arena);
        if (is_alias(view))
                return arena_printf(arena, "still answers old data: its ownership record is not that of epoch %llu",
                                    (unsigned long long)record->epoch);
        if (is_shown(verify, plan_find(&record->plan, TARGET_NAME)->to))
                return arena_printf(
                    arena,
                    "still answers old data: the address is right, its ownership record is not that of epoch %llu",
                    (unsigned long long)record->epoch);
        if (plane)
                return arena_printf(arena, "still answers old data: \"%s\", the address of %s", shown, plane);
        if (is_recorded(view, verify))
                return arena_printf(arena, "still answers old data: \"%s\", an address of before", shown);
        return arena_printf(arena, "shows \"%s\", which belongs to no plane; correct its zone, or take it out of %s",
                            shown, "spec.dns.verify.servers");
}

const char *verify_phrase(const struct view *view, const struct verify_view *verify, struct arena *arena)
{
        const char *what = "does not answer";
        if (verify_word(view, verify) == VERIFY_BEHIND)
                what = texts_behind(view, verify, arena);
        else if (!verify->misses)
                what = arena_printf(arena, "was last heard at %s", texts_instant(view, verify->seen_at, arena));
        return arena_printf(arena, "DNS server %s %s", verify->server, what);
}
