/*
 * report_troubles.c -- everything that is lacking, worst first, so that no trouble hides another. To add one: a
 * function that looks for it, and its place in the table.
 */
#include <string.h>

#include "core/addresses.h"
#include "core/election.h"
#include "core/maintenance.h"
#include "core/texts.h"
#include "core/signals.h"
#include "core/report_parts.h"
#include "core/targets.h"
#include "core/verify.h"
#include "util/mem.h"
#include "util/text.h"

enum { CERTIFICATE_WARNING_DAYS = 21 };
#define DAY_MS ((int64_t)86400000)

void troubles_add(struct troubles *troubles, const char *reason, const char *text)
{
        INVARIANT(troubles->count < TROUBLES_MAX);
        troubles->items[troubles->count++] = (struct trouble){reason, text};
}

/* Cut where it is too long, but never within a command: half of one does something else, or nothing. */
static const char *brief(const char *text, size_t max_bytes, struct arena *arena)
{
        size_t length = strlen(text), end = length < max_bytes ? length : max_bytes;
        for (const char *at = text; length > max_bytes && (at = strstr(at, "kubectl ")) && at < text + end; at++) {
                const char *close = strstr(at, "; ");
                if (!close || close > text + end)
                        end = (size_t)(at - text);
        }
        return texts_excerpt(text, end, arena);
}

const char *troubles_text(const struct troubles *troubles, struct arena *arena)
{
        INVARIANT(troubles->count);
        if (troubles->count == 1)
                return troubles->items[0].text;
        unsigned told = troubles->count < TROUBLES_TOLD_MAX ? troubles->count : TROUBLES_TOLD_MAX;
        const char *text =
            arena_printf(arena, "%s; also: ", brief(troubles->items[0].text, WORST_BYTES_MAX, arena));
        for (unsigned i = 1; i < told; i++)
                text = arena_printf(arena, "%s%s%s: %s", text, i > 1 ? "; " : "", troubles->items[i].reason,
                                    brief(troubles->items[i].text, TROUBLE_BYTES_MAX, arena));
        return told < troubles->count ? arena_printf(arena, "%s; and %u more", text, troubles->count - told) : text;
}

/* The next thing that happens to a switch under way, or does not. */
static void look_at_destination(const struct report_subject *s, struct troubles *ret)
{
        const struct decision *decision = s->decision;
        bool is_down = decision->phase == PHASE_SWITCHING && decision->active &&
                       decision->active_health.verdict == VERDICT_DOWN && decision->finding != FINDING_TARGET_LOST;
        if (!is_down)
                return;
        const char *text = decision->lost[0]
                               ? decision->lost
                               : arena_printf(s->arena, "%s, where the switch moves to, fails (%s)",
                                              decision->active->name, texts_bad_checks(decision->active, s->arena));
        troubles_add(ret, "DestinationDown", text);
}

static void look_at_held_update(const struct report_subject *s, struct troubles *ret)
{
        if (s->decision->held_update[0])
                troubles_add(ret, "PlanOutdated", s->decision->held_update);
}

static void look_at_switch(const struct report_subject *s, struct troubles *ret)
{
        if (s->decision->phase == PHASE_SWITCHING)
                troubles_add(ret, "SwitchInProgress",
                             "Configuration changes are not propagated; traffic in the mesh is not affected");
}

static void look_at_doubts(const struct report_subject *s, bool leads_agents, struct troubles *ret)
{
        for (unsigned i = 0; i < s->view->target_count; i++) {
                const struct target_view *target = &s->view->targets[i];
                const struct target_traits *traits = target_traits(target->ref.kind);
                if (traits->leads_agents == leads_agents && target->health.read_at && target->shows.doubt)
                        troubles_add(ret, traits->doubt_reason, target->shows.doubt);
        }
}

/* An authoritative server that answers something else than what is recorded leads agents elsewhere now. */
static void look_at_wrong_answers(const struct report_subject *s, struct troubles *ret)
{
        const struct view *view = s->view;
        if (failover_names_stand(view, s->decision, SYNC_EMPTY))
                troubles_add(ret, "NameEmpty", texts_name_empty(view, s->arena));
        bool is_met = failover_names_are_met(view, s->decision);
        for (unsigned i = 0; i < view->verify_count && is_met; i++)
                if (verify_word(view, &view->verify[i]) == VERIFY_BEHIND)
                        troubles_add(
                            ret, verify_leads_astray(view, &view->verify[i]) ? "DNSServerAstray" : "DNSServerBehind",
                            verify_phrase(view, &view->verify[i], s->arena));
        look_at_doubts(s, true, ret);
}

static void look_at_standbys(const struct report_subject *s, struct troubles *ret)
{
        if (s->decision->phase != PHASE_SWITCHING && s->roles->active && !s->roles->candidate)
                troubles_add(ret, "NoStandby", "No plane could take over now");
}

static void look_at_maintenance(const struct report_subject *s, struct troubles *ret)
{
        const struct plane_view *active = s->roles->active;
        if (active && maintenance_holds(s->view, active))
                troubles_add(ret, "MaintenanceUntil",
                             arena_printf(s->arena, "%s is %s: nothing moves away from it by itself", active->name,
                                          maintenance_phrase(active, s->arena)));
}

static void look_at_checks(const struct report_subject *s, struct troubles *ret)
{
        const struct plane_health *health = &s->roles->health;
        if (s->roles->active && (health->failing_checks || health->unknown_checks))
                troubles_add(ret, "CheckLacking",
                             arena_printf(s->arena, "%s: %s", s->roles->active_name,
                                          texts_bad_checks(s->roles->active, s->arena)));
}

static void look_at_addresses_of(const struct report_subject *s, const struct plane_view *plane, struct troubles *ret)
{
        const char *failing = addresses_failing(plane, s->arena);
        if (failing)
                troubles_add(ret, "AddressFailing", failing);
}

/* Faults of a plane's host name in DNS, the active plane's before a standby's. */
static void look_at_addresses(const struct report_subject *s, struct troubles *ret)
{
        const struct plane_view *active = s->roles->active;
        const char *unfit = active ? election_name_unfit(s->view, active, s->arena) : "";
        if (unfit[0])
                troubles_add(ret, "NameUnfit", arena_printf(s->arena, "%s: %s", active->name, unfit));
        if (active)
                look_at_addresses_of(s, active, ret);
        for (unsigned i = 0; i < s->view->plane_count; i++)
                if (&s->view->planes[i] != active)
                        look_at_addresses_of(s, &s->view->planes[i], ret);
}

/* Where the spec names the record type, the addresses that it leaves out are left out on purpose. */
static void look_at_what_is_left_out(const struct report_subject *s, const struct plane_view *plane,
                                     struct troubles *ret)
{
        if (texts_leads_to(plane->rrset, s->arena))
                troubles_add(ret, "NameLeftOut",
                             arena_printf(s->arena,
                                          "%s: the record leaves out %s, because %s leads to one name; give the one "
                                          "that agents are to use in server.address",
                                          plane->name, plane->left_out,
                                          plane->rrset[0] == 'C' ? "a CNAME" : "an ALIAS"));
        else if (!s->view->policy.dns_type_chosen)
                troubles_add(
                    ret, "FamilyLeftOut",
                    arena_printf(s->arena,
                                 "%s: the record leaves out %s, because it carries one family; name the family in "
                                 "dns.recordType",
                                 plane->name, plane->left_out));
}

static void look_at_records(const struct report_subject *s, struct troubles *ret)
{
        for (unsigned i = 0; i < s->view->plane_count; i++)
                if (s->view->planes[i].left_out)
                        look_at_what_is_left_out(s, &s->view->planes[i], ret);
}

static void look_at_replicas(const struct report_subject *s, struct troubles *ret)
{
        const struct plane_health *health = &s->roles->health;
        if (s->roles->active && health->replicas_available >= 0 && health->replicas_available < health->replicas_wanted)
                troubles_add(ret, "ReplicasMissing",
                             arena_printf(s->arena, "%s: %d/%d replicas", s->roles->active_name,
                                          (int)health->replicas_available, (int)health->replicas_wanted));
}

static void look_at_mechanisms(const struct report_subject *s, struct troubles *ret)
{
        const struct view *view = s->view;
        for (unsigned i = view->target_count; i-- > 0;)
                if (view->targets[i].health.reach == REACH_FAILED)
                        troubles_add(ret, "MechanismUnreachable", texts_trouble(&view->targets[i], s->arena));
}

/* Troubles that the next switch would meet. */
static void look_at_rights(const struct report_subject *s, struct troubles *ret)
{
        const char *denied = texts_write_denied(s->view, s->arena);
        if (denied)
                troubles_add(ret, "WriteDenied", denied);
        for (unsigned i = 0; i < s->view->target_count; i++) {
                const struct target_view *target = &s->view->targets[i];
                if (target_traits(target->ref.kind)->blocks != BLOCKS_ALWAYS && target->health.write_denied)
                        troubles_add(ret, "WriteDenied", texts_denied(target, s->arena));
        }
}

/* Why a target does not show the record's epoch; "" where it does, or the condition Drift says why. */
static const char *stale_text(const struct report_subject *s, const struct target_view *target, enum sync sync)
{
        const struct stamp *stamp = &target->shows.stamp;
        const char *what = texts_target(target, s->arena), *place = texts_stamp_place(target, s->arena);
        const unsigned long long epoch = (unsigned long long)s->view->record->epoch;
        switch (sync) {
        case SYNC_BEHIND:
                return arena_printf(s->arena, "%s lacks epoch %llu", what, epoch);
        case SYNC_SETTLING:
                return arena_printf(s->arena, "%s %s epoch %llu%s%s", what, target_traits(target->ref.kind)->unsettled,
                                    epoch, target->shows.obstacle ? ": " : "",
                                    target->shows.obstacle ? target->shows.obstacle : "");
        case SYNC_FOREIGN:
        case SYNC_UNREADABLE:
                return arena_printf(s->arena, "%s is not written: the %s %s: \"%s\". Remove it where nobody needs it",
                                    what, place,
                                    sync == SYNC_FOREIGN ? "is another owner's" : "cannot be read",
                                    texts_excerpt(stamp->raw[0] ? stamp->raw : stamp->store, 120, s->arena));
        case SYNC_AHEAD:
                return arena_printf(s->arena, "%s shows epoch %llu, which this record (%llu) does not know: the next "
                                    "decision writes it", what, (unsigned long long)stamp->epoch, epoch);
        default:
                return "";
        }
}

/* A target that no step waited for lags behind a complete switch. */
static void look_at_stale(const struct report_subject *s, struct troubles *ret)
{
        const struct view *view = s->view;
        for (unsigned i = 0; i < view->target_count && s->decision->phase == PHASE_STEADY; i++) {
                const struct target_view *target = &view->targets[i];
                const struct target_traits *traits = target_traits(target->ref.kind);
                if (!traits->stale_reason || !target->health.read_at)
                        continue;
                const char *text = stale_text(s, target, s->decision->targets[i].sync);
                if (text[0])
                        troubles_add(ret, traits->stale_reason, text);
        }
        look_at_doubts(s, false, ret);
}

static bool is_expiring(const struct report_subject *s, const struct plane_view *plane, unix_ms *ret_end)
{
        *ret_end = health_of(plane, &s->view->policy.detection, s->view->now).certificate_not_after;
        return *ret_end && *ret_end - s->view->wall < CERTIFICATE_WARNING_DAYS * DAY_MS;
}

static void look_at_certificate(const struct report_subject *s, const struct plane_view *plane, struct troubles *ret)
{
        unix_ms end;
        if (is_expiring(s, plane, &end))
                troubles_add(
                    ret, "CertificateExpires",
                    arena_printf(s->arena, "%s: certificate expires %s", plane->name, texts_time(end, s->arena)));
}

/* The active plane's before a standby's. */
static void look_at_certificates(const struct report_subject *s, struct troubles *ret)
{
        if (s->roles->active)
                look_at_certificate(s, s->roles->active, ret);
        for (unsigned i = 0; i < s->view->plane_count; i++)
                if (&s->view->planes[i] != s->roles->active)
                        look_at_certificate(s, &s->view->planes[i], ret);
}

/* Signals of the active plane come before those of a standby. */
static void look_at_signals(const struct report_subject *s, struct troubles *ret)
{
        const struct plane_view *active = s->roles->active;
        const struct check_view *shown = active ? signal_of(active) : NULL;
        if (shown)
                troubles_add(ret, signal_word(shown->signal),
                             arena_printf(s->arena, "%s: %s", active->name, signal_phrase(shown, s->arena)));
        for (unsigned i = 0; i < s->view->plane_count; i++) {
                const struct plane_view *plane = &s->view->planes[i];
                shown = plane != active ? signal_of(plane) : NULL;
                if (shown)
                        troubles_add(ret, signal_word(shown->signal),
                                     arena_printf(s->arena, "%s: %s", plane->name, signal_phrase(shown, s->arena)));
        }
}

/* A standby's configuration counts when it takes over. That of the active plane is among its own checks. */
static void look_at_standby_configuration(const struct report_subject *s, struct troubles *ret)
{
        const char *text = "";
        for (unsigned i = 0; i < s->view->plane_count; i++) {
                const struct plane_view *plane = &s->view->planes[i];
                for (unsigned j = 0; j < plane->check_count && plane != s->roles->active; j++) {
                        const struct check_view *check = &plane->checks[j];
                        if (check->role == CHECK_ROLE_SIGNAL && check->fails)
                                text = arena_printf(s->arena, "%s%s%s: %s %s", text, text[0] ? "; " : "", plane->name,
                                                    check->label, check->text);
                }
        }
        if (text[0])
                troubles_add(ret, "ConfigurationBehind", text);
}

/* For people: the names that servers were installed with cannot be changed by a switch. */
static void look_at_cluster_names(const struct report_subject *s, struct troubles *ret)
{
        const struct view *view = s->view;
        const struct plane_view *first = NULL;
        for (unsigned i = 0; i < view->plane_count && view->policy.single_writer; i++) {
                const struct plane_view *plane = &view->planes[i];
                if (!plane->says_cluster_name)
                        continue;
                first = first ? first : plane;
                if (strcmp(first->cluster_name, plane->cluster_name) == 0)
                        continue;
                troubles_add(ret, "ClusterNamesDiffer",
                             arena_printf(s->arena,
                                          "%s is installed as cluster %s and %s as %s: a single writer wants one name "
                                          "in all planes, because the shared Redis and the pipeline name the cluster "
                                          "that owns the configuration; install them under one (common.cluster, "
                                          "spec.clusterName) and let the lock's value have {name}",
                                          first->name, first->cluster_name, plane->name, plane->cluster_name));
                return;
        }
}

/* For people: no decision looks at announcements. */
static void look_at_announcements(const struct report_subject *s, struct troubles *ret)
{
        if (s->view->announce_lags)
                troubles_add(ret, "AnnouncementStale", s->view->announce_lags);
}

static void look_at_silent_servers(const struct report_subject *s, struct troubles *ret)
{
        const struct view *view = s->view;
        bool is_met = failover_names_are_met(view, s->decision);
        for (unsigned i = 0; i < view->verify_count && is_met; i++)
                if (verify_word(view, &view->verify[i]) == VERIFY_SILENT)
                        troubles_add(ret, "DNSServerBehind", verify_phrase(view, &view->verify[i], s->arena));
}

void report_troubles(const struct report_subject *subject, struct troubles *ret)
{
        /* Worst first: where agents are led wrong, then what a failure would meet, then what lacks. */
        static void (*const looks[])(const struct report_subject *, struct troubles *) = {
            look_at_destination,  look_at_switch,         look_at_wrong_answers, look_at_addresses,
            look_at_held_update,  look_at_standbys,       look_at_maintenance,   look_at_checks,
            look_at_mechanisms,   look_at_rights,         look_at_stale,         look_at_replicas,
            look_at_certificates, look_at_signals,        look_at_silent_servers, look_at_records,
            look_at_announcements, look_at_cluster_names, look_at_standby_configuration,
        };
        for (unsigned i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
                looks[i](subject, ret);
}
