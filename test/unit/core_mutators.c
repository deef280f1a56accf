/* core_mutators.c -- ways in which a world may differ from the ordinary one. */
#include "core_mutators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/maintenance.h"
#include "core/roles.h"
#include "core/targets.h"

/* clang-format off */
#define LONG_AGO 200000

static void active_fails(struct world *w) { world_fail(w, 0, LONG_AGO); }
static void active_fails_lately(struct world *w) { world_fail(w, 0, 15000); w->view.policy.detection.failover_delay_ms = 600000; }
static void active_fails_once(struct world *w) { world_fail(w, 0, 100); world_count(w, 0, 0, 1); }
static void active_fails_at_first_sight(struct world *w) { active_fails_once(w); w->view.planes[0].was = VERDICT_UNKNOWN; }
static void active_recovers(struct world *w) { world_pass(w, 0, 5000); world_count(w, 0, 2, 0); w->view.planes[0].was = VERDICT_DOWN; }
static void active_is_back(struct world *w) { world_pass(w, 0, LONG_AGO); }
static void active_is_blind(struct world *w) { world_blind(w, 0); }
static void active_is_stale(struct world *w) { world_stale(w, 0); }
static void active_is_missing(struct world *w) { w->view.planes[0].known = false; w->view.planes[0].rrset = ""; }
static void active_is_half_missing(struct world *w) { w->view.planes[0].known = false; }
static void active_left_the_spec(struct world *w) { w->record.to = "gone"; }
static void active_has_no_address(struct world *w) { w->view.planes[0].rrset = ""; }
static void active_moved(struct world *w) { w->view.planes[0].rrset = "A 192.0.2.77"; }
static void active_moved_unseen(struct world *w) { active_moved(w); world_count(w, 0, 1, 0); }
static void active_deployment_up(struct world *w) { active_fails_lately(w); world_deployment(w, 0, 3, 3); }
static void active_lost_a_replica(struct world *w) { world_deployment(w, 0, 2, 3); }
static void active_certificate_ends(struct world *w) { w->view.planes[0].checks[0].certificate_not_after = WORLD_WALL + 864000000; }
static void b_fails(struct world *w) { world_fail(w, 1, LONG_AGO); }
static void b_is_stale(struct world *w) { world_stale(w, 1); }
static void b_is_missing(struct world *w) { w->view.planes[1].known = false; w->view.planes[1].rrset = ""; }
static void b_has_no_address(struct world *w) { w->view.planes[1].rrset = ""; w->view.planes[1].address_error = "Service has no ingress"; }
static void b_shares_the_address(struct world *w) { w->view.planes[1].rrset = WORLD_RRSET_A; }
static void b_is_a_name(struct world *w)
{
        if (strcmp(w->record.to, "b") == 0)
                NAME(w->record.plan).to = "CNAME lb-b.example.com";
        w->view.planes[1].rrset = "CNAME lb-b.example.com";
        w->view.planes[1].name_confirmed_at = w->view.now;
}
static void b_is_no_name(struct world *w)
{
        b_is_a_name(w);
        w->view.planes[1].name_absent = true;
        w->view.planes[1].name_error = "DNS says that there is no such name";
}
static void b_is_an_unasked_name(struct world *w) { b_is_a_name(w); w->view.planes[1].name_confirmed_at = 0; }
static void b_is_without_a_copy(struct world *w) { w->view.planes[1].obstacle = (struct obstacle){"no copy", "NotSynced", false, 0}; }
static void b_is_behind(struct world *w) { w->view.planes[1].obstacle = (struct obstacle){"behind", "Behind", true, 0}; }
static void b_was_cut_off(struct world *w) { b_is_behind(w); w->view.planes[1].obstacle.lost_after = w->view.now - LONG_AGO / 2; }
static void b_is_half_dead(struct world *w) { w->view.planes[1].checks[0].partial = "192.0.2.12: timeout"; }
/* One more target, where it still has a place; it must stand in spec and record alike. */
static unsigned one_more(struct world *w, enum target_kind kind)
{
        const struct plan *plan = &w->record.plan;
        bool is_alike = w->view.policy.target_count == plan->target_count && w->view.target_count == plan->target_count;
        for (unsigned i = 0; is_alike && i < plan->target_count; i++)
                is_alike = target_ref_equal(&plan->targets[i].ref, &w->view.policy.targets[i].ref);
        return is_alike && w->view.record && plan->target_count < TARGETS_MAX - 1 ? world_add(w, kind) : TARGETS_MAX;
}
static void has_a_fence(struct world *w) { (void)one_more(w, TARGET_FENCE); }
static void has_a_pipeline(struct world *w) { (void)one_more(w, TARGET_PIPELINE); }
static void has_a_second_name(struct world *w) { (void)one_more(w, TARGET_NAME); }
static void has_a_promotion(struct world *w) { (void)one_more(w, TARGET_PROMOTION); }
static void has_a_pending_promotion(struct world *w)
{
        const unsigned place = one_more(w, TARGET_PROMOTION);
        if (place < TARGETS_MAX)
                w->view.targets[place].shows.settling = true;
}
static void has_a_lost_pipeline(struct world *w)
{
        const unsigned place = one_more(w, TARGET_PIPELINE);
        if (place < TARGETS_MAX)
                world_show(w, place, "", 0, "");
}
static void told_apart(struct world *w)
{
        for (unsigned i = 0; i < w->view.plane_count; i++) {
                struct plane_view *plane = &w->view.planes[i];
                plane->check_count = 2;
                plane->checks[1] = plane->checks[0];
                plane->checks[0].when = WHEN_ACTIVE;
                plane->checks[1].when = WHEN_STANDBY;
                plane->checks[1].role = CHECK_ROLE_PATH;
        }
        roles_begin(&w->view, &w->arena);
}
static void active_has_a_bad_signal(struct world *w)
{
        struct plane_view *plane = &w->view.planes[0];
        plane->checks[1] = plane->checks[0];
        plane->checks[1].role = CHECK_ROLE_SIGNAL;
        plane->checks[1].fails = 9;
        plane->checks[1].passes = 0;
        plane->checks[0].signal = SIGNAL_NO_ALPN;
        plane->check_count = 2;
}
static void b_is_unready_by_design(struct world *w) { told_apart(w); world_fail(w, 1, LONG_AGO); }
static void b_has_just_taken_over(struct world *w)
{
        b_is_unready_by_design(w);
        w->view.planes[1].mark = (struct role_mark){.is_known = true, .role = ROLE_ACTIVE, .since = w->view.now - 1, .fails = {2}};
}
static void a_fails_since_it_took_over(struct world *w)
{
        told_apart(w);
        world_fail(w, 0, LONG_AGO);
        w->view.planes[0].mark.since = w->view.now - LONG_AGO / 2;
}
static void b_has_two_families(struct world *w) { w->view.planes[1].left_out = "2001:db8::2"; }
static void c_is_no_name(struct world *w)
{
        w->view.planes[2].name_absent = true;
        w->view.planes[2].name_error = "DNS has no address for this name";
}
static void c_fails(struct world *w) { world_fail(w, 2, LONG_AGO); }
static void c_is_ineligible(struct world *w) { w->view.planes[2].eligible = false; }
static void one_plane(struct world *w) { w->view.plane_count = 1; }
static void everything_fails(struct world *w) { active_fails(w); b_fails(w); c_fails(w); }
static void operator_inside(struct world *w) { w->view.planes[1].holds_operator = true; }
static void advise(struct world *w) { w->view.policy.mode = MODE_ADVISE; }
static void suspended(struct world *w) { w->view.policy.suspended = true; }
static void kill_switch(struct world *w) { w->view.kill_switch = true; }
static void blast(struct world *w) { w->view.blast_limit_reached = true; }
static void cooling(struct world *w) { w->record.cooldown_until = WORLD_WALL + 600000; }
static void limited(struct world *w)
{
        w->record.recent_count = 2;
        w->record.recent[0] = w->record.recent[1] = WORLD_WALL - 7200000;
}
static void dns_inside_a(struct world *w) { NAME(w->view.policy).plane = "a"; }
static void redis_inside_a(struct world *w) { LOCK(w->view.policy).plane = "a"; }
static void acknowledged(struct world *w) { w->view.policy.ack = "5"; }
static void no_arbiter(struct world *w) { w->view.arbiter_answered_at = 0; }
static void no_record_yet(struct world *w) { w->view.record = NULL; w->view.record_read = false; }
static void record_unreadable(struct world *w) { w->view.record = NULL; w->view.record_error = "version 9 is not known"; }
static void plan_mismatched(struct world *w) { w->view.plan_proof = PLAN_MISMATCHED; w->view.plan_text = "the plans differ"; }
static void plan_pending(struct world *w) { w->view.plan_proof = PLAN_PENDING; w->view.plan_text = "waiting for an address"; }
static void shared_store(struct world *w) { w->view.alive = (struct alive_view){.is_used = true, .plane = ""}; }
static void somebody_speaks(struct world *w)
{
        w->view.alive = (struct alive_view){.is_used = true, .seen_at = WORLD_NOW - 1000, .read_at = WORLD_NOW, .every_ms = 10000, .plane = "a"};
}
static void nobody_speaks_any_more(struct world *w) { somebody_speaks(w); w->view.alive.seen_at = WORLD_NOW - LONG_AGO; }
static void dns_unshared(struct world *w) { NAME(w->view).shows.stamp.presence = STAMP_OURS; NAME(w->view).shows.stamp.store = "k8s/uid-9/default/gloo"; }
static void no_credentials(struct world *w) { w->view.policy.credentials_error = "Secret tsig: not found"; }
static void rival(struct world *w) { w->view.policy.rival = "policy other/gloo is older and holds gloo.example.com"; }
static void dns_never_read(struct world *w) { NAME(w->view).health = (struct target_health){.error = ""}; world_dns(w, "", 0, ""); }
static void dns_unreachable(struct world *w) { world_dns_fails(w, ERR_TRANSIENT, "timeout", false); }
static void dns_lost(struct world *w) { world_dns_fails(w, ERR_TRANSIENT, "timeout", true); }
static void dns_refused(struct world *w) { world_dns_fails(w, ERR_DENIED, "NOTAUTH (BADKEY)", false); }
static void dns_refused_now(struct world *w) { world_dns_fails(w, ERR_DENIED, "NOTAUTH (BADKEY)", true); }
static void lock_unreachable(struct world *w) { world_lock_fails(w, ERR_TRANSIENT, "connection refused", false); }
static void lock_lost(struct world *w) { world_lock_fails(w, ERR_TRANSIENT, "connection refused", true); }
static void lock_refused(struct world *w) { world_lock_fails(w, ERR_DENIED, "NOAUTH", true); }
static void lock_moved_away(struct world *w) { world_lock_fails(w, ERR_CONFLICT, "moved", false); }
static void no_lock(struct world *w) { world_without_lock(w); }
static void dns_shows_b(struct world *w) { world_dns(w, WORLD_RRSET_B, WORLD_EPOCH, "b"); }
static void dns_by_hand(struct world *w) { world_dns(w, "A 203.0.113.9", WORLD_EPOCH, "a"); }
static void dns_without_stamp(struct world *w) { world_dns(w, WORLD_RRSET_A, 0, ""); }
static void dns_of_nobody(struct world *w) { world_dns(w, "A 203.0.113.9", 0, ""); }
static void dns_empty(struct world *w) { world_dns(w, "", 0, ""); }
static void dns_ahead(struct world *w) { world_dns(w, WORLD_RRSET_B, WORLD_EPOCH + 3, "b"); }
static void dns_ahead_of_nobody(struct world *w) { world_dns(w, "A 203.0.113.9", WORLD_EPOCH + 3, "b"); }
static void dns_foreign(struct world *w) { dns_ahead(w); NAME(w->view).shows.stamp.store = WORLD_OTHER; }
static void lock_absent(struct world *w) { world_lock(w, NULL, 0, ""); }
static void lock_by_hand(struct world *w) { world_lock(w, "by hand", WORLD_EPOCH, "a"); }
static void lock_behind(struct world *w) { world_lock(w, "cluster-b", WORLD_EPOCH - 1, "b"); }
static void lock_ahead(struct world *w) { world_lock(w, "cluster-b", WORLD_EPOCH + 3, "b"); }
static void lock_foreign(struct world *w) { LOCK(w->view).shows.stamp = (struct stamp){STAMP_FOREIGN, 0, 0, "", "", "x", 0, NULL}; }
static void dns_unreadable(struct world *w) { NAME(w->view).shows.stamp = (struct stamp){STAMP_UNREADABLE, 0, 0, "", WORLD_STORE, "v=pk1 e=x", 0, NULL}; }
static void lock_unreadable(struct world *w) { LOCK(w->view).shows.stamp = (struct stamp){STAMP_UNREADABLE, 0, 0, "", "", "v=pk2", 0, NULL}; }
static void last_epoch(struct world *w)
{
        w->record.epoch = w->view.confirmed_epoch = EPOCH_MAX;
        world_dns(w, NAME(w->view).shows.value, EPOCH_MAX, w->record.to);
        NAME(w->view).shows.stamp.id = w->record.id;
}
static void record_edited(struct world *w) { w->record.to = "c"; }
static void lock_taken(struct world *w) { world_lock(w, "cluster-b", WORLD_EPOCH + 1, "b"); }
static void lock_settling(struct world *w) { lock_taken(w); LOCK(w->view).shows.settling = true; }
static void lock_half(struct world *w) { LOCK(w->view).shows.is_half = LOCK(w->view).is_weak = true; }
static void lock_half_settling(struct world *w) { lock_taken(w); lock_half(w); LOCK(w->view).shows.settling = true; }
static void dns_routed(struct world *w) { lock_taken(w); world_dns(w, WORLD_RRSET_B, WORLD_EPOCH + 1, "b"); }
static void lock_sharing_epoch(struct world *w) { LOCK(w->view).shows.stamp.id = 77; }
static void switch_requested(struct world *w) { w->view.policy.switch_to = "b/6"; }
static void b_is_asked_for_all_the_same(struct world *w) { b_fails(w); w->view.policy.switch_to = "b/6/Unhealthy"; }
static void b_is_asked_for_all_the_same_next(struct world *w) { b_fails(w); w->view.policy.switch_to = "b/7/Unhealthy"; }
static void b_is_asked_for_first_all_the_same(struct world *w) { b_fails(w); w->view.policy.switch_to = "b/1/Unhealthy"; }
static void was_confirmed(struct world *w) { w->record.reason = "SwitchConfirmed"; roles_begin(&w->view, &w->arena); }
static void switch_requested_next(struct world *w) { w->view.policy.switch_to = "c/7"; }
static void switch_requested_after_ahead(struct world *w) { w->view.policy.switch_to = "a/9"; }
static void switch_requested_first(struct world *w) { w->view.policy.switch_to = "c/1"; }
static void adopt_requested(struct world *w) { w->view.policy.adopt = "a/6"; }
static void adopt_requested_first(struct world *w) { lock_absent(w); w->view.policy.adopt = "a/1"; }
static void moved_to_c_by_hand(struct world *w)
{
        world_dns(w, WORLD_RRSET_C, WORLD_EPOCH, "a");
        world_lock(w, "cluster-c", WORLD_EPOCH, "a");
}
static void adopt_c_requested(struct world *w) { moved_to_c_by_hand(w); w->view.policy.adopt = "c/7"; }
static void adopt_b_requested(struct world *w) { w->view.policy.adopt = "b/7"; }
static void nonsense_requested(struct world *w) { w->view.policy.switch_to = "what/ever"; }
static void failback_wanted(struct world *w)
{
        w->record.from = "a";
        w->record.to = "b";
        NAME(w->record.plan).to = WORLD_RRSET_B;
        LOCK(w->record.plan).to = "cluster-b";
        world_dns(w, WORLD_RRSET_B, WORLD_EPOCH, "b");
        world_lock(w, "cluster-b", WORLD_EPOCH, "b");
        w->view.policy.failback = FAILBACK_AUTOMATIC;
}
static void after_a_failover(struct world *w)
{
        failback_wanted(w);
        w->record.automatic = true;
        w->record.detected_at = WORLD_WALL - 900000;
        world_pass(w, 0, 300000);
}
static void unconfirmed(struct world *w) { w->view.confirmed_epoch = 0; }
static void ttl_edited(struct world *w) { NAME(w->view.policy).ttl_s = 60; }
static void name_edited(struct world *w) { NAME(w->view.policy).ref.name = "new.example.com"; }
static void lock_dropped_from_spec(struct world *w)
{
        world_spec_without_lock(w);
}
static void server_behind(struct world *w)
{
        w->view.verify_count = 2;
        w->view.verify[0] = (struct verify_view){.server = "192.0.2.54", .shown = "", .misses = 1};
        w->view.verify[1] = (struct verify_view){.server = "192.0.2.55", .shown = "A 192.0.2.99", .seen_at = w->view.now};
        NAME(w->view).met_epoch = w->record.epoch;
        NAME(w->view).met_at = w->view.now - 5000;
}
static void server_behind_for_long(struct world *w) { server_behind(w); NAME(w->view).met_at = w->view.now - LONG_AGO; }
static void enforce(struct world *w) { w->view.policy.drift = DRIFT_ENFORCE; }
static void edited_by_hand(struct world *w) { enforce(w); lock_by_hand(w); }
static void enforced_before(struct world *w) { w->record.enforced_count = 1; w->record.enforced[0] = WORLD_WALL - 600000; }
static void enforced_lately(struct world *w) { w->record.enforced_count = 2; w->record.enforced[0] = WORLD_WALL + 600000; }
static void fought_back(struct world *w)
{
        w->record.enforced_count = 3;
        for (unsigned i = 0; i < 3; i++)
                w->record.enforced[i] = WORLD_WALL - 900000 - (unix_ms)i * 120000;
}
static void maintain(struct world *w, unsigned plane, mono_ms until)
{
        const struct maintenance maintenance = {until > 0 ? MAINTENANCE_HOLDS : MAINTENANCE_ENDED, w->view.wall + until};
        maintenance_set(&w->view.planes[plane], &maintenance, w->view.wall, w->view.now);
}
static void active_in_maintenance(struct world *w) { maintain(w, 0, 3600000); }
static void active_fails_in_maintenance(struct world *w) { active_fails(w); active_in_maintenance(w); }
static void b_in_maintenance(struct world *w) { maintain(w, 1, 3600000); }
static void active_was_in_maintenance(struct world *w) { maintain(w, 0, -3600000); }
static void late(struct world *w) { w->view.late_until = w->view.now + 600000; }

/* The next failure would decide: everything was read since the first one. */
static void fails_nearly(struct world *w)
{
        w->view.may_prepare = true;
        world_fail(w, 0, WORLD_DELAY_MS - WORLD_INTERVAL_MS);
}
/* Only beside a record at rest, of as many targets as it has. */
static void prepared(struct world *w)
{
        if (!w->view.record || w->record.phase != PHASE_STEADY || w->record.epoch >= EPOCH_MAX)
                return;
        w->record.prepared = (struct prepared){.epoch = w->record.epoch + 1, .id = 0x3333, .to = "b", .at = WORLD_WALL};
        for (unsigned i = 0; i < TARGETS_MAX; i++) /* more targets may come yet */
                w->record.prepared.values[i] = w->record.plan.targets[i].ref.kind == TARGET_NAME ? WORLD_RRSET_B : "cluster-b";
        w->record.version = record_version(&w->record);
}
static void prepared_here(struct world *w) { prepared(w); w->view.owns_prepared = w->record.prepared.epoch; }
static void prepared_and_begun(struct world *w)
{
        prepared(w);
        if (!w->record.prepared.epoch)
                return;
        world_dns(w, WORLD_RRSET_B, w->record.prepared.epoch, "b");
        NAME(w->view).shows.stamp.id = w->record.prepared.id;
}
static void assumed(struct world *w) { w->view.is_record_assumed = w->view.record && w->record.phase == PHASE_SWITCHING; }

#define MUTATOR(name) {#name, name}
const struct mutator core_mutators[] = {
        MUTATOR(fails_nearly), MUTATOR(prepared), MUTATOR(prepared_here), MUTATOR(prepared_and_begun), MUTATOR(assumed),
        MUTATOR(active_fails), MUTATOR(active_fails_lately), MUTATOR(active_fails_once), MUTATOR(active_fails_at_first_sight),
        MUTATOR(active_recovers), MUTATOR(active_is_back), MUTATOR(active_is_blind), MUTATOR(active_is_stale), MUTATOR(active_is_missing),
        MUTATOR(active_is_half_missing), MUTATOR(active_left_the_spec), MUTATOR(active_has_no_address), MUTATOR(active_moved),
        MUTATOR(active_moved_unseen), MUTATOR(active_deployment_up), MUTATOR(active_lost_a_replica), MUTATOR(active_certificate_ends),
        MUTATOR(b_fails), MUTATOR(b_is_stale), MUTATOR(b_is_missing), MUTATOR(b_has_no_address), MUTATOR(b_shares_the_address),
        MUTATOR(b_is_a_name), MUTATOR(b_is_no_name), MUTATOR(b_is_an_unasked_name), MUTATOR(b_is_half_dead), MUTATOR(b_is_without_a_copy), MUTATOR(b_is_behind), MUTATOR(b_was_cut_off), MUTATOR(b_is_asked_for_all_the_same), MUTATOR(b_is_asked_for_all_the_same_next), MUTATOR(b_is_asked_for_first_all_the_same), MUTATOR(was_confirmed), MUTATOR(told_apart), MUTATOR(active_has_a_bad_signal), MUTATOR(b_is_unready_by_design), MUTATOR(b_has_just_taken_over), MUTATOR(a_fails_since_it_took_over), MUTATOR(b_has_two_families),
        MUTATOR(c_is_no_name), MUTATOR(c_fails), MUTATOR(c_is_ineligible), MUTATOR(one_plane), MUTATOR(everything_fails), MUTATOR(operator_inside),
        MUTATOR(advise), MUTATOR(suspended), MUTATOR(kill_switch), MUTATOR(blast), MUTATOR(cooling), MUTATOR(limited),
        MUTATOR(dns_inside_a), MUTATOR(redis_inside_a), MUTATOR(acknowledged), MUTATOR(no_arbiter), MUTATOR(no_record_yet), MUTATOR(record_unreadable), MUTATOR(plan_mismatched),
        MUTATOR(plan_pending), MUTATOR(shared_store), MUTATOR(somebody_speaks), MUTATOR(nobody_speaks_any_more), MUTATOR(dns_unshared), MUTATOR(no_credentials),
        MUTATOR(rival), MUTATOR(dns_never_read), MUTATOR(dns_unreachable), MUTATOR(dns_lost), MUTATOR(dns_refused),
        MUTATOR(dns_refused_now), MUTATOR(lock_unreachable), MUTATOR(lock_lost), MUTATOR(lock_refused), MUTATOR(lock_moved_away),
        MUTATOR(no_lock), MUTATOR(dns_shows_b), MUTATOR(dns_by_hand), MUTATOR(dns_without_stamp), MUTATOR(dns_of_nobody),
        MUTATOR(dns_empty), MUTATOR(dns_ahead), MUTATOR(dns_ahead_of_nobody), MUTATOR(dns_foreign), MUTATOR(dns_routed),
        MUTATOR(lock_absent), MUTATOR(lock_by_hand), MUTATOR(lock_behind), MUTATOR(lock_ahead), MUTATOR(lock_foreign),
        MUTATOR(dns_unreadable), MUTATOR(lock_unreadable), MUTATOR(last_epoch), MUTATOR(record_edited),
        MUTATOR(lock_taken), MUTATOR(lock_settling), MUTATOR(lock_half), MUTATOR(lock_half_settling), MUTATOR(lock_sharing_epoch), MUTATOR(switch_requested), MUTATOR(switch_requested_next),
        MUTATOR(switch_requested_after_ahead), MUTATOR(switch_requested_first), MUTATOR(adopt_requested),
        MUTATOR(adopt_requested_first), MUTATOR(adopt_b_requested), MUTATOR(moved_to_c_by_hand), MUTATOR(adopt_c_requested), MUTATOR(nonsense_requested), MUTATOR(failback_wanted),
        MUTATOR(after_a_failover), MUTATOR(unconfirmed), MUTATOR(ttl_edited), MUTATOR(name_edited), MUTATOR(lock_dropped_from_spec),
        MUTATOR(server_behind), MUTATOR(server_behind_for_long), MUTATOR(enforce), MUTATOR(edited_by_hand), MUTATOR(enforced_before),
        MUTATOR(enforced_lately), MUTATOR(fought_back), MUTATOR(active_in_maintenance), MUTATOR(active_fails_in_maintenance), MUTATOR(b_in_maintenance),
        MUTATOR(active_was_in_maintenance), MUTATOR(late),
        MUTATOR(has_a_fence), MUTATOR(has_a_promotion), MUTATOR(has_a_pending_promotion), MUTATOR(has_a_second_name),
        MUTATOR(has_a_pipeline), MUTATOR(has_a_lost_pipeline),
};
const size_t core_mutator_count = sizeof(core_mutators) / sizeof(core_mutators[0]);
/* clang-format on */

static void renew_check(struct check_view *check, mono_ms was_now, mono_ms now)
{
        if (check->sampled_at != was_now)
                return;
        check->sampled_at = now;
        if (check->counted_at == was_now) {
                check->counted_at = now;
                check->fails += check->fails > 0;
                check->passes += check->passes > 0;
        }
}

static void renew_mechanism(struct target_health *health, mono_ms was_now, mono_ms now)
{
        if (health->reach == REACH_OK && health->read_at == was_now)
                health->read_at = health->looked_at = now;
        else if (health->read_at && targets_refusal_lasts(health, was_now)) /* it goes on being read */
                health->read_at += now - was_now, health->looked_at += now - was_now;
}

void core_renew(struct world *world, mono_ms by_ms)
{
        struct view *view = &world->view;
        mono_ms was_now = view->now;
        world_later(world, by_ms);
        for (unsigned i = 0; i < view->plane_count; i++) {
                if (view->planes[i].name_confirmed_at == was_now)
                        view->planes[i].name_confirmed_at = view->now;
                for (unsigned j = 0; j < view->planes[i].check_count; j++)
                        renew_check(&view->planes[i].checks[j], was_now, view->now);
        }
        for (unsigned i = 0; i < view->target_count; i++)
                renew_mechanism(&view->targets[i].health, was_now, view->now);
        if (view->arbiter_answered_at == was_now)
                view->arbiter_answered_at = view->now;
        if (view->alive.read_at == was_now)
                view->alive.read_at = view->now;
}

/* splitmix64, by Sebastiano Vigna (public domain). */
uint64_t core_random(uint64_t *seed)
{
        uint64_t z = *seed += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
}

unsigned core_pick(uint64_t *seed, unsigned below)
{
        return (unsigned)(core_random(seed) % below);
}

uint64_t core_chosen_seed(uint64_t otherwise)
{
        const char *wish = getenv("PK_SEED");
        const uint64_t chosen = wish ? strtoull(wish, NULL, 10) : otherwise;
        print_message("PK_SEED=%llu\n", (unsigned long long)chosen);
        return chosen;
}

void core_arbitrary_world(struct world *world, uint64_t seed, char *ret_name, size_t size)
{
        enum { MUTATIONS_MAX = 5 };
        (void)snprintf(ret_name, size, "PK_SEED=%llu:", (unsigned long long)seed);
        world_init(world);
        unsigned kind = core_pick(&seed, 5);
        if (kind == 0)
                world_without_record(world);
        else if (kind >= 2)
                world_switching(world);
        if (kind >= 3)
                world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        if (kind >= 4)
                world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        (void)snprintf(ret_name + strlen(ret_name), size - strlen(ret_name), " kind %u", kind);
        for (unsigned left = core_pick(&seed, MUTATIONS_MAX + 1); left > 0; left--) {
                const struct mutator *mutator = &core_mutators[core_pick(&seed, (unsigned)core_mutator_count)];
                mutator->apply(world);
                (void)snprintf(ret_name + strlen(ret_name), size - strlen(ret_name), " %s", mutator->name);
        }
}
