/* election.c -- which plane may take over. */
#include "core/election.h"

#include <string.h>

#include "core/maintenance.h"
#include "core/texts.h"
#include "core/plan.h"

/* "" when every check of the path that counts in @role passes for long enough. */
static const char *unfit_path(const struct view *view, const struct plane_view *plane, enum plane_role role,
                              struct arena *arena)
{
        const struct detection *detection = &view->policy.detection;
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                if (check->role != CHECK_ROLE_PATH || !health_counts(check, role))
                        continue;
                if (health_fails(plane, check, detection, view->now))
                        return arena_printf(arena, "unhealthy (%s)", texts_bad_checks(plane, arena));
                if (check->passes < detection->success_threshold)
                        return arena_printf(arena, "recovering: %s has not yet passed %u times in a row", check->label,
                                            detection->success_threshold);
        }
        return "";
}

static struct unfitness unfit(enum unfit kind, const char *why)
{
        return (struct unfitness){.kind = why[0] ? kind : UNFIT_NOT, .why = why};
}

static struct unfitness unfit_health(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        const struct detection *detection = &view->policy.detection;
        struct plane_health health = health_of(plane, detection, view->now);
        if (!health.fresh)
                return unfit(UNFIT_UNOBSERVED,
                             arena_printf(arena, "not observed (%s)", texts_bad_checks(plane, arena)));
        bool is_either = plane->mark.is_known && plane->mark.role == ROLE_EITHER;
        const char *path = unfit_path(view, plane, is_either ? ROLE_ACTIVE : plane->mark.role, arena);
        if (path[0] && is_either)
                path = unfit_path(view, plane, ROLE_STANDBY, arena);
        if (path[0])
                return unfit(UNFIT_UNHEALTHY, path);
        if (health.deployment == DEPLOYMENT_UNAVAILABLE)
                return unfit(UNFIT_NO_REPLICAS,
                             arena_printf(arena, "no replica available (%s)", texts_bad_checks(plane, arena)));
        if (health.certificate_not_after && health.certificate_not_after <= view->wall)
                return unfit(UNFIT_CERTIFICATE, arena_printf(arena, "its certificate expired %s",
                                                             texts_time(health.certificate_not_after, arena)));
        return unfit(UNFIT_NOT, "");
}

const char *election_name_unfit(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        const char *name = texts_leads_to(plane->rrset, arena);
        if (!name)
                return "";
        const char *why = plane->name_error ? plane->name_error : "it was not looked up yet";
        if (plane->name_absent)
                return arena_printf(
                    arena,
                    "its address %s leads agents nowhere: %s; correct server.address, or the record of that "
                    "name",
                    name, why);
        if (!plane->name_confirmed_at)
                return arena_printf(arena, "its address %s is not confirmed by DNS: %s", name, why);
        if (view->now - plane->name_confirmed_at > NAME_CONFIRMED_MS + view->policy.detection.interval_ms)
                return arena_printf(arena, "its address %s is not confirmed by DNS since %s: %s", name,
                                    texts_instant(view, plane->name_confirmed_at, arena), why);
        return "";
}

/* The decision for it must fit the record, or it cannot be made. */
static const char *unfit_record(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        const struct plan plan = plan_for(view, plane, 1, arena);
        size_t at_most = plan_bytes_at_most(view, plane, arena);
        size_t bytes = at_most > PLAN_BYTES_MAX || !at_most ? at_most : plan_bytes(&plan);
        if (bytes <= PLAN_BYTES_MAX)
                return "";
        return arena_printf(
            arena,
            "a decision for it could not be recorded: names of the targets, its addresses and lock value, and those "
            "that they may replace, take %u bytes of %u; shorten redis.lock.key, redis.lock.value or clusterName, or "
            "publish fewer addresses",
            (unsigned)bytes, (unsigned)PLAN_BYTES_MAX);
}

/* The reasons that a person cannot confirm. */
static const char *unfit_for_good(const struct view *view, const struct plane_view *plane,
                                  const struct plane_view *active, struct arena *arena)
{
        if (!plane->known)
                return "no ManagementPlane of this name";
        if (!plane->eligible)
                return "eligible: false";
        if (maintenance_holds(view, plane))
                return maintenance_phrase(plane, arena);
        if (!plane->rrset[0])
                return plane->address_error[0] ? plane->address_error : "no address yet";
        if (active && active != plane && active->port && plane->port != active->port)
                return arena_printf(arena, "port %u, agents use %u", plane->port, active->port);
        if (active && active != plane && strcmp(active->rrset, plane->rrset) == 0)
                return arena_printf(arena, "same address as %s", active->name);
        const char *name = election_name_unfit(view, plane, arena);
        return name[0] ? name : unfit_record(view, plane, arena);
}

const char *election_unfit_word(enum unfit kind)
{
        static const char *const words[UNFIT_COUNT] = {[UNFIT_UNOBSERVED] = "Unobserved",
                                                       [UNFIT_UNHEALTHY] = "Unhealthy",
                                                       [UNFIT_NO_REPLICAS] = "NoReplicas",
                                                       [UNFIT_CERTIFICATE] = "CertificateExpired",
                                                       [UNFIT_LOSS] = "DataBehind"};
        return words[kind];
}

/*
 * The missing data was written after a time by which the plane that is left was failing already: nobody wrote it there.
 */
static bool is_lost(const struct view *view, const struct obstacle *obstacle, const struct plane_view *active)
{
        if (!obstacle->lost_after || !active)
                return true;
        const mono_ms since = health_of(active, &view->policy.detection, view->now).failing_since;
        return !since || since > obstacle->lost_after;
}

/*
 * A person who takes a loss upon himself by its word has to have been told of the plane's health with it, since one
 * word is all that a request has.
 */
static struct unfitness add_obstacle(const struct view *view, const struct plane_view *plane,
                                     const struct plane_view *active, struct unfitness found, struct arena *arena)
{
        const struct obstacle *obstacle = &plane->obstacle;
        if (!obstacle->why || plane == active || found.kind == UNFIT_CANNOT)
                return found;
        if (obstacle->is_loss && !is_lost(view, obstacle, active))
                return found;
        return (struct unfitness){.kind = obstacle->is_loss ? UNFIT_LOSS : UNFIT_CANNOT,
                                  .why = found.why[0] ? arena_printf(arena, "%s; also %s", obstacle->why, found.why)
                                                      : obstacle->why,
                                  .reason = obstacle->reason};
}

struct unfitness election_unfitness(const struct view *view, const struct plane_view *plane,
                                    const struct plane_view *active, struct arena *arena)
{
        struct unfitness found = unfit(UNFIT_CANNOT, unfit_for_good(view, plane, active, arena));
        bool has_path = plane->known && plane->rrset[0];
        if (found.kind == UNFIT_NOT)
                found = unfit_health(view, plane, arena);
        found = add_obstacle(view, plane, active, found, arena);
        if (found.kind != UNFIT_NOT && has_path && plane->left_out)
                found.why = arena_printf(arena, "%s; the record leaves out %s", found.why, plane->left_out);
        return found;
}

const char *election_unfit(const struct view *view, const struct plane_view *plane, const struct plane_view *active,
                           struct arena *arena)
{
        return election_unfitness(view, plane, active, arena).why;
}

/*
 * The plane that the last failover left behind; 0: it may be chosen. A switch under way is exempt: it has to end
 * somewhere.
 */
static mono_ms quarantine_end(const struct view *view, const struct plane_view *plane)
{
        const struct record *record = view->record;
        if (!record || record->phase != PHASE_STEADY || !record->automatic || !record->detected_at ||
            strcmp(record->from, plane->name) != 0)
                return 0;
        mono_ms until =
            health_of(plane, &view->policy.detection, view->now).healthy_since + view->policy.failback_stable_ms;
        return view->now < until ? until : 0;
}

static const char *quarantined(const struct view *view, const struct plane_view *plane, struct arena *arena)
{
        mono_ms until = quarantine_end(view, plane);
        return until ? arena_printf(arena, "quarantined until %s", texts_instant(view, until, arena)) : "";
}

mono_ms election_quarantine_end(const struct view *view)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (quarantine_end(view, &view->planes[i]))
                        return quarantine_end(view, &view->planes[i]);
        return 0;
}

const char *election_unready(const struct view *view, const struct plane_view *plane, const struct plane_view *active,
                             struct arena *arena)
{
        const char *unfit = election_unfit(view, plane, active, arena);
        return unfit[0] ? unfit : quarantined(view, plane, arena);
}

const struct plane_view *election_choose(const struct view *view, const struct plane_view *active, struct arena *arena,
                                         const char **ret_why)
{
        const char *why = "";
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                if (plane == active)
                        continue;
                const char *unready = election_unready(view, plane, active, arena);
                if (!unready[0])
                        return plane;
                why = arena_printf(arena, "%s%s%s: %s", why, why[0] ? "; " : "", plane->name, unready);
        }
        *ret_why = why[0] ? why : "the policy names no other plane";
        return NULL;
}
