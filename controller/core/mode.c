/* mode.c -- the mode in effect: Automatic only where it is safe. */
#include "core/mode.h"

#include <string.h>

#include "core/gates.h"
#include "core/texts.h"
#include "core/request.h"
#include "core/targets.h"

static bool is_dns_store(const char *store)
{
        return strncmp(store, "dns/", 4) == 0;
}

/* Split ownership: two operators decide independently about one name. */
static const char *describe_split(const struct view *view, const struct stamp *stamp, struct arena *arena)
{
        const char *name = targets_name(view)->ref.name;
        const char *theirs = texts_excerpt(stamp->store, 120, arena);
        if (is_dns_store(stamp->store))
                return arena_printf(
                    arena,
                    "Operators of other clusters share their decisions for %s in DNS (%s), of which "
                    "this one would not know: set spec.decisionStore: DNS here, too, or remove this policy",
                    name, theirs);
        if (is_dns_store(view->store))
                return arena_printf(
                    arena,
                    "The Planekeeper of another cluster (%s) still decides for %s on a Lease of its "
                    "own: set spec.decisionStore: DNS there, too, or remove its policy. If that cluster is "
                    "no more: %s",
                    theirs, name, request_takeover_command(view, arena));
        return arena_printf(arena,
                            "The Planekeeper of another cluster (%s) has decided for %s on a Lease of its own, and may "
                            "do so again: set spec.decisionStore: DNS in both clusters, or remove the policy from one. "
                            "If that cluster is no more, as where this one was built anew in its place: %s",
                            theirs, name, request_takeover_command(view, arena));
}

static const struct plane_view *plane_around_me(const struct view *view)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (view->planes[i].holds_operator)
                        return &view->planes[i];
        return NULL;
}

static const struct plane_view *plane_in_my_region(const struct view *view)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (view->region[0] && strcmp(view->region, view->planes[i].region) == 0)
                        return &view->planes[i];
        return NULL;
}

/* The operator beside the planes, or the only one: what is lost together with it. */
static struct effective_mode alone(const struct view *view, struct arena *arena)
{
        const struct plane_view *around = plane_around_me(view), *near = plane_in_my_region(view);
        if (around)
                return (struct effective_mode){
                    .mode = MODE_ADVISE,
                    .reason = "OperatorInsidePlane",
                    .message = arena_printf(
                        arena,
                        "The operator runs inside plane %s; if that is lost nobody switches. Run it in a third "
                        "cluster, or in every plane with decisionStore: DNS",
                        around->name)};
        if (near)
                return (struct effective_mode){
                    .mode = MODE_ADVISE,
                    .reason = "OperatorSharesRegion",
                    .message = arena_printf(arena,
                                            "The operator runs in region %s, that of plane %s; if the "
                                            "region is lost nobody switches. Run it in "
                                            "a third region",
                                            view->region, near->name)};
        return (struct effective_mode){.mode = MODE_AUTOMATIC,
                                       .reason = "SingleVantage",
                                       .message = "One operator location judges the planes; a network cut between it "
                                                  "and a healthy plane looks like an outage to it"};
}

/* Operators inside the planes, with decisions shared in DNS: safe as soon as the active plane has a heartbeat. */
static struct effective_mode among_others(const struct view *view, struct arena *arena)
{
        const struct alive_view *alive = &view->alive;
        const char *name = targets_name(view)->ref.name;
        if (!alive->seen_at)
                return (struct effective_mode){
                    .mode = MODE_ADVISE,
                    .may_pass = true,
                    .reason = "SingleVantage",
                    .message = arena_printf(arena,
                                            "No operator inside the active plane has renewed TXT _planekeeper-alive.%s "
                                            "yet, so a network cut would look like an outage: run one in every plane, "
                                            "with the same policy, and let its key write that name",
                                            name)};
        mono_ms silent_at = alive->seen_at + 2 * gates_dissent_window(view);
        if (view->now >= silent_at)
                return (struct effective_mode){
                    .mode = MODE_AUTOMATIC,
                    .reason = "SingleVantage",
                    .message = arena_printf(arena,
                                            "Nobody has renewed TXT _planekeeper-alive.%s since %s: a network cut to a "
                                            "healthy plane would look like an outage",
                                            name, texts_instant(view, alive->seen_at, arena))};
        return (struct effective_mode){.mode = MODE_AUTOMATIC,
                                       .reason = "SharedVantage",
                                       .message = "Operators in several clusters share their decisions; the one inside "
                                                  "the active plane blocks a failover while its own checks pass",
                                       .wake_at = silent_at};
}

struct effective_mode mode_in_effect(const struct view *view, struct arena *arena)
{
        const struct stamp *split = targets_split_owner(view);
        if (view->policy.mode == MODE_ADVISE)
                return (struct effective_mode){.mode = MODE_ADVISE, .reason = "AsRequested", .message = ""};
        if (split)
                return (struct effective_mode){.mode = MODE_ADVISE,
                                               .reason = "AutomaticUnsafe",
                                               .message = describe_split(view, split, arena)};
        bool is_beside_a_plane = plane_around_me(view) || plane_in_my_region(view);
        if (view->alive.is_used && (is_beside_a_plane || view->alive.seen_at))
                return among_others(view, arena);
        return alone(view, arena);
}
