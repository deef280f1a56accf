/* texts.c -- the pieces that sentences for people are made of. */
#include "core/texts.h"

#include <string.h>

#include "core/health.h"
#include "core/remedy.h"
#include "core/targets.h"
#include "util/text.h"

const char *texts_excerpt(const char *text, size_t max_bytes, struct arena *arena)
{
        if (!text[0])
                return "nothing";
        char *copy = arena_alloc(arena, max_bytes + 1);
        return text_copy(copy, max_bytes + 1, text) ? copy : arena_printf(arena, "%s...", copy);
}

const char *texts_time(unix_ms at, struct arena *arena)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time(at, text);
        return arena_strdup(arena, text);
}

const char *texts_instant(const struct view *view, mono_ms at, struct arena *arena)
{
        return texts_time(view->wall - (view->now - at), arena);
}

static bool is_bad(const struct check_view *check)
{
        return check->fails || check->last_unknown || !check->counted_at;
}

static const char *texts_check(const struct check_view *check, struct arena *arena)
{
        bool is_set_up = !check->last_unknown || !check->text[0]; /* else a Secret is missing, and it never was */
        if (!check->sampled_at && is_set_up)
                return arena_printf(arena, "%s not sampled yet", check->label);
        if (check->last_unknown)
                return arena_printf(arena, "%s unknown: %s", check->label, check->text);
        if (check->fails)
                return arena_printf(arena, "%s %s", check->label, check->text);
        if (check->role == CHECK_ROLE_REPLICAS && check->replicas_available >= 0)
                return arena_printf(arena, "%d/%d replicas", (int)check->replicas_available,
                                    (int)check->replicas_wanted);
        return arena_printf(arena, "%s ok", check->label);
}

const char *texts_bad_checks(const struct plane_view *plane, struct arena *arena)
{
        const char *text = "";
        for (unsigned i = 0; i < plane->check_count; i++)
                if (is_bad(&plane->checks[i]) && health_counts(&plane->checks[i], plane->mark.role))
                        text = arena_printf(arena, "%s%s%s", text, text[0] ? "; " : "",
                                            texts_check(&plane->checks[i], arena));
        if (text[0])
                return text;
        return plane->check_count ? "every check passes" : "no check is set up";
}

const char *texts_all_checks(const struct plane_view *plane, struct arena *arena)
{
        const char *text = "";
        for (unsigned i = 0; i < plane->check_count; i++)
                if (health_counts(&plane->checks[i], plane->mark.role))
                        text = arena_printf(arena, "%s%s%s", text, text[0] ? ", " : "",
                                            texts_check(&plane->checks[i], arena));
        return text;
}

const char *texts_new_role(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        return arena_printf(arena, "%s is active since %s and has not passed its checks as the active plane yet (%s)",
                            plane->name, texts_instant(view, plane->mark.since, arena),
                            texts_bad_checks(plane, arena));
}

const char *texts_server(const struct target_view *target, struct arena *arena)
{
        return arena_printf(arena, "%s %s", target_traits(target->ref.kind)->server_word, target->ref.endpoint);
}

const char *texts_trouble(const struct target_view *target, struct arena *arena)
{
        const char *error = target->health.error;
        if (!error[0])
                return arena_printf(arena, "%s: not read recently", texts_server(target, arena));
        if (text_has_prefix(error, target->ref.endpoint))
                return arena_printf(arena, "%s %s", target_traits(target->ref.kind)->server_word, error);
        return arena_printf(arena, "%s: %s", texts_server(target, arena), error);
}

const char *texts_target(const struct target_view *target, struct arena *arena)
{
        return arena_printf(arena, "%s%s", target_traits(target->ref.kind)->shows_words[0], target->ref.name);
}

const char *texts_leads_to(const char *rrset, struct arena *arena)
{
        const bool leads_on = text_has_prefix(rrset, "CNAME ") || text_has_prefix(rrset, "ALIAS ");
        const char *name = rrset + sizeof("CNAME ") - 1; /* both words are of that length */
        return leads_on ? arena_printf(arena, "%.*s", (int)strcspn(name, " "), name) : NULL;
}

const char *texts_denied(const struct target_view *target, struct arena *arena)
{
        return arena_printf(arena, "%s cannot be written: %s", texts_target(target, arena),
                            target->health.write_denied);
}

const char *texts_write_denied(const struct view *view, struct arena *arena)
{
        for (unsigned i = view->target_count; i-- > 0;) {
                const struct target_view *target = &view->targets[i];
                if (target->health.write_denied && target_traits(target->ref.kind)->blocks == BLOCKS_ALWAYS)
                        return texts_denied(target, arena);
        }
        return NULL;
}

const char *texts_value(const struct target_view *target, struct arena *arena)
{
        return texts_excerpt(target->shows.value, target_traits(target->ref.kind)->excerpt_bytes, arena);
}

const char *texts_shows(const struct target_view *target, struct arena *arena)
{
        return arena_printf(arena, "%s%s \"%s\"", texts_target(target, arena),
                            target_traits(target->ref.kind)->shows_words[1], texts_value(target, arena));
}

const char *texts_record_place(const struct view *view, struct arena *arena)
{
        if (strncmp(view->store, "dns/", 4) == 0)
                return arena_printf(arena, "TXT _planekeeper.%s", targets_name(view)->ref.name);
        return arena_printf(arena, "Lease planekeeper-%s (kubectl delete lease planekeeper-%s -n %s)",
                            view->policy.name, view->policy.name, view->policy.namespace_name);
}

/* As targets/redis makes it: value and stamp in one hash slot. */
const char *texts_stamp_place(const struct target_view *target, struct arena *arena)
{
        const struct target_ref *ref = &target->ref;
        const char *beside = target_traits(ref->kind)->stamp_place;
        if (beside)
                return arena_printf(arena, "%s%s", beside, ref->name);
        const char *open = strchr(ref->name, '{'), *close = open ? strchr(open, '}') : NULL;
        const char *key =
            arena_printf(arena, close && close > open + 1 ? "%s:planekeeper" : "{%s}:planekeeper", ref->name);
        return arena_printf(arena, "key %s in database %u of %s", key, (unsigned)ref->db, texts_server(target, arena));
}

static bool is_kill_switch_clear(const struct view *view)
{
        return !view->kill_switch_why || !view->kill_switch_why[0];
}

const char *texts_kill_switch(const struct view *view)
{
        return is_kill_switch_clear(view) ? "the kill switch is on"
                                          : "the kill switch is not understood, condition Armed says why";
}

const char *texts_kill_switch_remedy(const struct view *view, struct arena *arena)
{
        if (is_kill_switch_clear(view))
                return arena_printf(arena,
                                    "The operator-wide kill switch is on: nothing decides anywhere; to arm: kubectl "
                                    "patch configmap planekeeper -n %s --type merge -p '{\"data\":{\"killSwitch\":"
                                    "\"false\"}}'",
                                    view->operator_namespace ? view->operator_namespace : "planekeeper");
        return arena_printf(arena, "The kill switch is not understood, so nothing decides anywhere. %s",
                            view->kill_switch_why);
}

const char *texts_drift(const struct view *view, unsigned i, struct arena *arena)
{
        const char *obstacle = view->targets[i].shows.obstacle;
        return arena_printf(arena, "%s, recorded is \"%s\"%s%s", texts_shows(&view->targets[i], arena),
                            view->record->plan.targets[i].to, obstacle ? ": " : "", obstacle ? obstacle : "");
}

const char *texts_name_empty(const struct view *view, struct arena *arena)
{
        const struct plan_target *name = targets_planned(view, targets_empty_name(view));
        return arena_printf(arena, "%s has no address, so agents find no plane; recorded is \"%s\"", name->ref.name,
                            texts_excerpt(name->to, 200, arena));
}
