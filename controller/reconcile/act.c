/* act.c -- the pass of one policy: gather, decide, act, tell. */
#include "reconcile/act.h"

#include <stdlib.h>
#include <string.h>

#include "core/looks.h"
#include "core/maintenance.h"
#include "reconcile/gather.h"
#include "reconcile/mechanism.h"
#include "reconcile/policy_status.h"
#include "reconcile/record_io.h"
#include "reconcile/record_store.h"
#include "reconcile/secret_cache.h"
#include "reconcile/tell.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "target/fence.h"
#include "util/mem.h"
#include "util/text.h"

/* A state that was read from somewhere else than what is now in force says nothing. */
static bool void_if_moved(struct policy *policy, struct target_slot *slot, const char *source, const char *secret)
{
        char *key = effect_mechanism_key(policy, source, secret);
        mechanism_hold(&policy->manager->mechanisms, &slot->mechanism, key);
        free(key);
        bool has_moved = slot->source && strcmp(slot->source, source) != 0;
        if (has_moved)
                slot_void(slot);
        return has_moved;
}

static void void_moved_targets(struct policy *policy)
{
        char *dns = effect_dns_source(policy), *lock = effect_lock_source(policy);
        if (void_if_moved(policy, &policy->dns_slot, dns, policy->spec->dns.credentials_secret)) {
                dns_state_clear(&policy->dns);
                policy->dns = (struct dns_state){0};
                policy->store->dns_seen(policy);
                alive_forget(policy);
        }
        if (void_if_moved(policy, &policy->lock_slot, lock, policy->spec->redis.auth_secret)) {
                lock_state_clear(&policy->lock);
                policy->lock = (struct lock_state){0};
        }
        free(dns);
        free(lock);
}

static bool uses_lock(const struct policy *policy)
{
        return policy->record && policy->record->phase == PHASE_SWITCHING ? policy->record->plan.lock_server[0] != '\0'
                                                                          : policy->spec->redis.lock_key[0] != '\0';
}

static void read_target(struct policy *policy, enum effect_kind kind)
{
        struct target_slot *slot = kind == EFFECT_READ_DNS ? &policy->dns_slot : &policy->lock_slot;
        mono_ms now = loop_now(policy->manager->loop);
        if (!policy->manager->cluster_uid || now < slot->retry_at || (kind == EFFECT_READ_LOCK && !uses_lock(policy)))
                return;
        if (slot->mechanism)
                slot->mechanism->asked_at = now;
        (void)effect_start(policy, kind);
}

/*
 * Each policy's timer comes every 10 s, spread over them: the next look at the mechanism comes that much sooner the
 * more policies use it. So it is due already when it would be overdue by then. Half a second of slack keeps a visit
 * from slipping to the next round.
 */
static bool is_due(const struct policy *policy, const struct target_slot *slot)
{
        mono_ms now = loop_now(policy->manager->loop) + 500;
        const struct mechanism *mechanism = slot->mechanism;
        mono_ms every = slot == &policy->dns_slot ? policy->store->reads_every(policy) : RECORDS_EVERY_MS;
        if (!mechanism || now - slot->read_at >= every)
                return true;
        return now - mechanism->asked_at >= MECHANISM_EVERY_MS - MECHANISM_EVERY_MS / (mono_ms)mechanism->users;
}

void act_read_due_targets(struct policy *policy)
{
        if (is_due(policy, &policy->dns_slot))
                read_target(policy, EFFECT_READ_DNS);
        if (is_due(policy, &policy->lock_slot))
                read_target(policy, EFFECT_READ_LOCK);
}

static void read_what_is_unknown(struct policy *policy)
{
        /* A person who asks has just looked at the targets, or changed them: so do we, before the 30 s are over. */
        const mono_ms asked_at = policy->requests.asked_at;
        if (policy->reads_wanted || !policy->dns_slot.read_at || policy->dns_slot.looked_at < asked_at)
                read_target(policy, EFFECT_READ_DNS);
        if (policy->reads_wanted || !policy->lock_slot.read_at || policy->lock_slot.looked_at < asked_at)
                read_target(policy, EFFECT_READ_LOCK);
        policy->reads_wanted = false;
}

/*
 * What a decision rests on is read when the trouble begins, not when the next visit is due: whether somebody outside
 * answers tells an outage from our own isolation, and a person's edit is to be found before anything is decided on it.
 */
static void look_outside(struct policy *policy, mono_ms failing_since)
{
        if (policy->dns_slot.read_at < failing_since)
                read_target(policy, EFFECT_READ_DNS);
        if (policy->lock_slot.read_at < failing_since)
                read_target(policy, EFFECT_READ_LOCK);
}

/* What the core wants to be seen again before it goes on. */
static void look_again(struct policy *policy, unsigned looks)
{
        manager_hurry(policy->manager);
        if (looks & LOOK_DNS)
                read_target(policy, EFFECT_READ_DNS);
        if (looks & LOOK_LOCK)
                read_target(policy, EFFECT_READ_LOCK);
}

static void set_target(struct policy *policy, enum effect_kind kind)
{
        struct target_slot *slot = kind == EFFECT_SET_DNS ? &policy->dns_slot : &policy->lock_slot;
        mono_ms now = loop_now(policy->manager->loop);
        if (now < slot->retry_at) {
                workqueue_add_after(policy->manager->policies_queue, &policy->work, slot->retry_at - now);
                return;
        }
        manager_hurry(policy->manager);
        if (kind == EFFECT_SET_DNS)
                policy->dns_met_epoch = 0; /* an empty name is our own write, half done, until the value was seen again */
        (void)effect_start(policy, kind);
}

/* Inside a plane nothing may be written, so nothing is in the instant before that is known: a first record would be for
 * ever. */
static bool may_begin(const struct policy *policy)
{
        if (policy->spec->deleting)
                return false;
        for (size_t i = 0; i < policy->plane_count; i++)
                if (!policy->record && !plane_is_located(policy->planes[i]))
                        return false;
        return true;
}

static void act(struct policy *policy, const struct view *view, const struct decision *decision)
{
        if (policy->manager->stopping || !may_begin(policy) || !record_io_settle(policy))
                return;
        switch (decision->rule->then) {
        case DO_ADOPT:
        case DO_DECIDE:
        case DO_ABORT:
        case DO_COMMIT:
                record_io_write(policy, view, decision);
                break;
        case DO_REASSERT:
                set_target(policy, decision->step == STEP_LOCK ? EFFECT_SET_LOCK : EFFECT_SET_DNS);
                break;
        case DO_READ:
                look_again(policy, decision->looks);
                break;
        case DO_CONFIRM:
                record_io_confirm(policy);
                break;
        case DO_LOCK:
                set_target(policy, EFFECT_SET_LOCK);
                break;
        case DO_ROUTE:
                set_target(policy, EFFECT_SET_DNS);
                break;
        case DO_WAIT:
        case DO_HOLD:
        case DO_COUNT:
                break;
        }
}

/* That the server can be read does not tell whether a decision is still refused: it is tried as if it were not, and
 * people hear that it is until the answer says otherwise. */
static void try_refused_decision(struct policy *policy, const struct view *refused, struct arena *arena)
{
        struct view view = *refused;
        struct decision decision;
        view.dns_health =
            (struct target_health){.reach = REACH_OK, .error = "", .read_at = refused->dns_health.read_at,
                                   .looked_at = refused->now}; /* the write names what was read, and is refused else */
        failover_decide(&view, arena, &decision);
        if (decision.next || decision.looks) {
                act(policy, &view, &decision);
        } else {
                slot_forget_write(&policy->dns_slot); /* there is nothing to be decided any more */
                policy_wake(policy);
        }
}

static void note_dns_met(struct policy *policy, const struct decision *decision)
{
        if (decision->dns == FENCE_MET)
                policy->dns_met_epoch = policy->record->epoch;
        if (decision->dns != FENCE_MET || decision->phase != PHASE_SWITCHING)
                policy->dns_met_at = 0;
        else if (!policy->dns_met_at) {
                policy->dns_met_at = loop_now(policy->manager->loop);
                verify_restart(policy);
        }
}

static void remember(struct policy *policy, const struct view *view, const struct decision *decision)
{
        const char *active = decision->active ? decision->active->name : NULL;
        bool is_new_role = !text_equal(active, policy->active);
        for (size_t i = 0; i < policy->plane_count; i++) {
                struct plane *plane = policy->planes[i];
                bool in_maintenance = maintenance_holds(view, &view->planes[i]);
                if (is_new_role || policy->was[i].verdict != decision->verdicts[i] ||
                    plane->was_in_maintenance != in_maintenance)
                        status_request(&plane->status);
                plane->was_in_maintenance = in_maintenance;
                policy->was[i] = (struct last_verdict){decision->verdicts[i], decision->verdicts_since[i], view->planes[i].mark};
        }
        if (is_new_role) {
                free(policy->active);
                policy->active = active ? mem_strdup(active) : NULL;
        }
}

static bool is_write_over(enum fence fence)
{
        return fence != FENCE_BEHIND && fence != FENCE_UNREAD;
}

void act_pass(struct policy *policy)
{
        int64_t began_us = clock_mono_us();
        if (!policy->spec) {
                tell_invalid(policy);
                status_request(&policy->status);
                return;
        }
        void_moved_targets(policy);
        struct arena arena = {0};
        struct view view;
        struct decision decision;
        gather_view(policy, &arena, &view);
        failover_decide(&view, &arena, &decision);
        bool was_met = policy->dns_met_at != 0;
        note_dns_met(policy, &decision);
        if (!was_met && policy->dns_met_at && view.verify_count) { /* the commit has to know since when */
                view.dns_met_at = policy->dns_met_at;
                verify_gather(policy, &view);
                failover_decide(&view, &arena, &decision);
        }
        if (is_write_over(decision.dns) && !policy->dns_slot.has_refused_decision)
                slot_forget_write(&policy->dns_slot);
        if (is_write_over(decision.lock))
                slot_forget_write(&policy->lock_slot);
        tell_planes(policy, &view, &decision, &arena);
        remember(policy, &view, &decision);
        act(policy, &view, &decision);
        if (policy->dns_slot.has_refused_decision && !decision.next)
                try_refused_decision(policy, &view, &arena);
        read_what_is_unknown(policy);
        look_outside(policy, decision.active_health.failing_since);
        verify_turn(policy);
        alive_turn(policy, &view, &decision);
        tell_pass(policy, &view, &decision, &arena);
        status_request(&policy->status);
        if (decision.wake_at) {
                mono_ms now = loop_now(policy->manager->loop);
                workqueue_add_after(policy->manager->policies_queue, &policy->work,
                                    decision.wake_at > now ? decision.wake_at - now : 1);
        }
        arena_deinit(&arena);
        tell_pass_time(clock_mono_us() - began_us, decision.wake_at != 0);
}

static struct stamp wanted_stamp(const struct effect *effect)
{
        char text[TARGET_STAMP_BYTES];
        struct stamp stamp;
        dns_stamp_print(&effect->want, text, sizeof(text));
        dns_stamp_parse(text,
                        &stamp); /* exactly what a read would show, raw text included: the next change expects it */
        return stamp;
}

/* A read that did not look for claims leaves the one that was found. */
static void take_dns(struct policy *policy, struct effect *effect)
{
        if (effect->asks_claims) {
                policy->dns_claims_at = loop_now(policy->manager->loop);
        } else {
                effect->dns.stamp.claim = policy->dns.stamp.claim;
                policy->dns.stamp.claim = NULL;
        }
        dns_state_clear(&policy->dns);
        policy->dns = effect->dns;
        effect->dns = (struct dns_state){0};
}

/* What a successful compare-and-set was seen to leave behind is the state now: no second read is needed to go on. */
static void take_result(struct policy *policy, struct effect *effect)
{
        const char *doubt;
        switch (effect->kind) {
        case EFFECT_READ_DNS:
                take_dns(policy, effect);
                break;
        case EFFECT_SET_RECORD:
        case EFFECT_SET_DNS:
                doubt = policy->dns.doubt; /* until it is read again */
                policy->dns.doubt = NULL;
                dns_state_clear(&policy->dns);
                policy->dns = (struct dns_state){.rrset = mem_strdup(effect->want.rrset),
                                                 .ttl_s = effect->want.keeps_value ? effect->dns_expected.ttl_s
                                                                                   : effect->want.ttl_s,
                                                 .stamp = wanted_stamp(effect),
                                                 .zone = effect->dns_expected.zone,
                                                 .doubt = doubt};
                effect->dns_expected.zone = NULL;
                break;
        case EFFECT_READ_LOCK:
                lock_state_clear(&policy->lock);
                policy->lock = effect->lock_state;
                effect->lock_state = (struct lock_state){0};
                break;
        case EFFECT_SET_LOCK:
                lock_state_clear(&policy->lock);
                policy->lock = (struct lock_state){
                    .present = true,
                    .value = mem_strdup(effect->lock_value),
                    .stamp = wanted_stamp(effect),
                    .settling = effect->err == ERR_PENDING};
                break;
        case EFFECT_VERIFY:
                verify_take(policy, effect);
                break;
        case EFFECT_ALIVE:
                break;
        }
        if (effect_is_dns(effect->kind))
                policy->store->dns_seen(policy);
}

static void target_failed(struct policy *policy, struct target_slot *slot, const struct visit *visit)
{
        struct manager *manager = policy->manager;
        slot_failed(slot, visit);
        bool is_refused = visit->err == ERR_DENIED || visit->err == ERR_INVALID;
        if (is_refused && policy->spec) {
                secret_cache_refresh(manager->secrets, policy->namespace_name, policy->spec->dns.credentials_secret);
                secret_cache_refresh(manager->secrets, policy->namespace_name, policy->spec->redis.auth_secret);
        }
        workqueue_add_after(manager->policies_queue, &policy->work, slot->retry_at - visit->now);
}

static bool is_write(enum effect_kind kind)
{
        return kind == EFFECT_SET_DNS || kind == EFFECT_SET_RECORD || kind == EFFECT_SET_LOCK;
}

void act_effect_done(struct policy *policy, struct effect *effect)
{
        if (effect->kind == EFFECT_ALIVE) {
                alive_done(policy, effect);
                policy_wake(policy);
                return;
        }
        struct manager *manager = policy->manager;
        struct target_slot *slot = effect->kind == EFFECT_VERIFY ? NULL
                                   : effect_is_dns(effect->kind) ? &policy->dns_slot
                                                                 : &policy->lock_slot;
        const struct visit visit = {.is_write = is_write(effect->kind),
                                    .is_decision = effect->kind == EFFECT_SET_RECORD,
                                    .err = effect->err,
                                    .why = effect->why.text,
                                    .began = effect->submitted_us / 1000,
                                    .now = loop_now(manager->loop),
                                    .wall = manager_wall(manager)};
        if (slot)
                slot->effect = NULL;
        else
                policy->verify_effect = NULL;
        if (slot && effect->err != ERR_OK && effect->err != ERR_PENDING) {
                target_failed(policy, slot, &visit);
                tell_effect_failed(policy, effect);
        } else {
                if (slot)
                        slot_answered(slot, &visit, effect->source);
                effect->source = slot ? NULL : effect->source;
                take_result(policy, effect);
                tell_effect_done(policy, effect);
        }
        if (effect->kind == EFFECT_SET_RECORD)
                store_dns_written(policy, effect->err, effect->why.text);
        policy_wake(policy);
}
