/*
 * store_dns.c -- the decision record in the TXT record beside the addresses: for operators of several clusters.
 *
 * The register is part of what policy->dns shows, so it is read and written by the visits to the DNS server. It carries
 * no plan, only its digest: the plan is derived from our own spec and planes, and is ours to carry out when its digest
 * is the recorded one.
 */
#include <stdlib.h>
#include <string.h>

#include "core/election.h"
#include "core/plan.h"
#include "core/targets.h"
#include "reconcile/effect.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_io.h"
#include "reconcile/record_store.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { EVERY_MIN_MS = 500, EVERY_MAX_MS = 5000, READS_PER_DELAY = 6 };

static const char *dns_owner(const struct policy *policy, struct arena *arena)
{
        return arena_printf(arena, "dns/%s/%s", policy->namespace_name, policy->name);
}

static const char *dns_former(const struct policy *policy, struct arena *arena)
{
        return store_lease.owner(policy, arena);
}

static const char *own_cluster(const struct policy *policy)
{
        return policy->manager->cluster_uid ? policy->manager->cluster_uid : "";
}

/* ---- what the register shows ---- */

/* What the spec names: until the plan is proven that is what targets are read by. */
static struct plan provisional_plan(const struct policy *policy)
{
        struct wanted_target wanted[TARGETS_MAX];
        struct plan plan = {.target_count = policy->spec ? policy_wanted_targets(policy, wanted) : 0};
        for (unsigned i = 0; i < plan.target_count; i++)
                plan.targets[i] =
                    (struct plan_target){.ref = wanted[i].ref, .ttl_s = wanted[i].ttl_s, .to = ""};
        return plan;
}

/* The plan with the old values that the record carries. */
static struct plan with_old_values(struct plan plan, const struct plan *old)
{
        for (unsigned i = 0; i < plan.target_count; i++) {
                struct plan_target *planned = &plan.targets[i];
                const struct plan_target *carried = plan_find(old, planned->ref.kind);
                planned->old_count = carried ? carried->old_count : 0;
                memcpy(planned->old, carried ? carried->old : planned->old, sizeof(planned->old));
        }
        return plan;
}

static bool is_of_epoch(const struct record *a, const struct record *b)
{
        return a && b && a->epoch == b->epoch && a->id == b->id;
}

/* A plan that is known already: of the record as it was under this epoch, or as it was just written. NULL: none. */
static const struct plan *known_plan(const struct policy *policy, const struct record *record)
{
        if (policy->dns_record.is_proven && is_of_epoch(policy->record, record))
                return &policy->record->plan;
        return is_of_epoch(policy->record_write.record, record) ? &policy->record_write.record->plan : NULL;
}

static void take_text(struct policy *policy, const char *raw)
{
        struct record_text text;
        struct errmsg why;
        if (record_text_decode(raw, &text, &why) != ERR_OK) {
                policy->dns_record.is_proven = false;
                policy_take_record(policy, NULL, mem_strdup(why.text));
                return;
        }
        const struct plan *known = known_plan(policy, text.record);
        struct record record = *text.record;
        record.plan = with_old_values(known ? *known : provisional_plan(policy), &text.record->plan);
        struct record *copy = record_copy(&record);
        policy->dns_record.is_proven = known != NULL;
        (void)TEXT_COPY(policy->dns_record.digest, text.digest);
        (void)TEXT_COPY(policy->dns_record.author, text.author);
        record_free(text.record);
        policy_take_record(policy, copy, NULL);
}

/* What became of a decision that failed was not known; now it is read. */
static void try_again(struct policy *policy)
{
        if (!policy->record_is_doubtful || policy_name(policy)->has_refused_decision ||
            loop_now(policy->manager->loop) < policy->record_retry_at)
                return;
        policy->record_is_doubtful = false;
        if (policy_target(policy, TARGET_NAME))
                slot_forget_write(policy_target(policy, TARGET_NAME));
}

static void dns_dns_seen(struct policy *policy)
{
        try_again(policy);
        struct arena arena = {0};
        const struct stamp *stamp = &policy_name(policy)->state.stamp;
        bool is_record =
            stamp->presence == STAMP_OURS && stamp->decided && text_equal(stamp->store, dns_owner(policy, &arena));
        const char *raw = is_record ? stamp->raw : NULL;
        arena_deinit(&arena);
        if (text_equal(raw, policy->dns_record.raw))
                return;
        free(policy->dns_record.raw);
        policy->dns_record.raw = raw ? mem_strdup(raw) : NULL;
        if (raw) {
                take_text(policy, raw);
        } else {
                policy->dns_record.is_proven = false;
                policy_take_record(policy, NULL, NULL);
        }
}

/* ---- whether its plan is ours ---- */

static bool has_digest(const struct policy *policy, const struct plan *plan)
{
        char digest[RECORD_DIGEST_BYTES];
        record_text_digest(plan, digest);
        return strcmp(digest, policy->dns_record.digest) == 0;
}

static void prove(struct policy *policy, const struct plan *plan)
{
        struct record record = *policy->record;
        record.plan = with_old_values(*plan, &policy->record->plan);
        struct record *copy = record_copy(&record);
        record_free(policy->record);
        policy->record = copy;
        policy->dns_record.is_proven = true;
}

static const char *what_to_compare(const struct policy *policy, const struct plan *plan, struct arena *arena)
{
        char digest[RECORD_DIGEST_BYTES];
        record_text_digest(plan, digest);
        const struct record *record = policy->record;
        const struct plan_target *name = plan_find(plan, TARGET_NAME), *lock = plan_find(plan, TARGET_LOCK);
        const char *also = lock ? arena_printf(arena, ", lock %s in %s/%u \"%s\"", lock->ref.name, lock->ref.endpoint,
                                               lock->ref.db, lock->to)
                                : "";
        return arena_printf(
            arena,
            "Epoch %llu (%s by %s) was decided for another plan than mine (digest %s, mine %s): compare "
            "spec.dns, spec.redis and the address of %s in every cluster; here that is %s \"%s\" TTL "
            "%us%s",
            (unsigned long long)record->epoch, record->to, record->holder[0] ? record->holder : "?",
            policy->dns_record.digest, digest, record->to, name->ref.name, name->to, (unsigned)name->ttl_s,
            also);
}

/*
 * Either our own inputs give the recorded plan; or what the targets show does, and the record is our own cluster's:
 * then it is we who have news since. Anybody else's record that we cannot derive is not ours to carry on from: the
 * others may have been told something else than we were.
 */
static void try_proof(struct policy *policy, struct view *view, const struct plane_view *to, struct arena *arena)
{
        struct plan plan = plan_values(view, to, policy->record->epoch, arena);
        struct plan shown = plan;
        bool is_all_read = true;
        for (unsigned i = 0; i < plan.target_count; i++) {
                const struct target_view *target = targets_find(view, plan.targets[i].ref.kind);
                bool is_read = target && target->health.read_at;
                is_all_read &= is_read;
                if (!is_read)
                        continue;
                shown.targets[i].to = target->shows.value;
                shown.targets[i].ttl_s = target->shows.ttl_s;
        }
        bool is_own = own_cluster(policy)[0] && strcmp(policy->dns_record.author, own_cluster(policy)) == 0;
        if (has_digest(policy, &plan)) {
                prove(policy, &plan);
        } else if (is_own && has_digest(policy, &shown)) {
                prove(policy, &shown);
        } else if (is_own && !is_all_read) {
                view->plan_proof = PLAN_PENDING;
                view->plan_text = "waiting for an answer of Redis, to compare the recorded plan";
        } else {
                view->plan_proof = PLAN_MISMATCHED;
                view->plan_text = what_to_compare(policy, &plan, arena);
        }
}

/*
 * A plane whose cluster is gone has no address that we could find. What the name shows is its address, if all else that
 * we know gives the recorded digest with it: else nobody could leave a plane that was lost before we were started.
 */
static bool prove_by_name(struct policy *policy, const struct view *view, const struct plane_view *to,
                          struct arena *arena)
{
        struct plane_view assumed = *to;
        assumed.rrset = targets_name(view)->shows.value;
        struct plan plan = plan_values(view, &assumed, policy->record->epoch, arena);
        bool is_proven = assumed.rrset[0] && has_digest(policy, &plan);
        if (is_proven)
                prove(policy, &plan);
        return is_proven;
}

static void compare_plan(struct policy *policy, struct view *view, struct arena *arena)
{
        const struct plane_view *to = election_find(view, policy->record->to);
        if (to && to->rrset[0]) {
                try_proof(policy, view, to, arena);
                return;
        }
        if (to && prove_by_name(policy, view, to, arena))
                return;
        view->plan_proof = to ? PLAN_PENDING : PLAN_MISMATCHED;
        view->plan_text =
            to ? arena_printf(arena, "waiting for an address of %s, to compare the recorded plan", to->name)
               : arena_printf(
                     arena,
                     "Epoch %llu was decided for plane %s, which spec.planes does not name here: compare it in "
                     "every cluster",
                     (unsigned long long)policy->record->epoch, policy->record->to);
}

/* An old value that is shown right now is known in the clear. */
static void unmask(struct plan_target *planned, const char *shown)
{
        char mark[RECORD_MARK_BYTES];
        record_text_mark(shown, mark);
        for (unsigned i = 0; i < planned->old_count; i++)
                if (strcmp(planned->old[i], mark) == 0)
                        planned->old[i] = shown;
}

static const struct record *unmasked(const struct record *record, const struct view *view, struct arena *arena)
{
        struct record *copy = arena_alloc(arena, sizeof(*copy));
        *copy = *record;
        for (unsigned i = 0; i < copy->plan.target_count; i++) {
                const struct target_view *target = targets_find(view, copy->plan.targets[i].ref.kind);
                if (target && target->shows.present)
                        unmask(&copy->plan.targets[i], target->shows.value);
        }
        return copy;
}

static mono_ms dns_reads_every(const struct policy *policy)
{
        if (!policy->spec)
                return RECORDS_EVERY_MS;
        mono_ms delay = policy->spec->detection.failover_delay_ms;
        mono_ms every = delay < 0 ? EVERY_MAX_MS : delay / READS_PER_DELAY;
        return every < EVERY_MIN_MS ? EVERY_MIN_MS : every > EVERY_MAX_MS ? EVERY_MAX_MS : every;
}

static void dns_show(struct policy *policy, struct arena *arena, struct view *ret)
{
        const struct manager *manager = policy->manager;
        const struct target_slot *slot = policy_name(policy);
        /* A server that does not answer, or refuses us, is named by what is said of the target. */
        ret->record_read = slot->reach != REACH_NEVER && manager->cluster_uid;
        ret->record_error = policy->record_error ? policy->record_error : "";
        ret->arbiter_answered_at = slot->read_at;
        ret->arbiter_period_ms = 2 * dns_reads_every(policy);
        alive_show(policy, &ret->alive);
        if (!policy->record)
                return;
        if (!policy->dns_record.is_proven)
                compare_plan(policy, ret, arena);
        ret->record = unmasked(policy->record, ret, arena);
}

/* ---- writing ---- */

static bool dns_settle(struct policy *policy)
{
        return policy_name(policy)->read_at && !policy_name(policy)->effect;
}

/* The text of @record; NULL, and logged, where it cannot be written down. */
static char *text_of(const struct policy *policy, const struct record *record, epoch_t routed, const char *author)
{
        char text[RECORD_TEXT_BYTES];
        struct arena arena = {0};
        struct errmsg why;
        enum err err = record_text_encode(record, routed, dns_owner(policy, &arena), author, text, &why);
        arena_deinit(&arena);
        if (err == ERR_OK)
                return mem_strdup(text);
        log_line(LOG_ERROR, "record", "decision cannot be written down", LOG_TEXT_FIELD("policy", policy->key),
                 LOG_TEXT_FIELD("error", why.text));
        return NULL;
}

static void dns_write(struct policy *policy, const struct view *view, const struct decision *decision)
{
        const struct record *next = decision->next;
        const struct stamp *stamp = &policy_name(policy)->state.stamp;
        epoch_t routed = stamp->presence == STAMP_OURS ? stamp->epoch : 0;
        bool is_same = is_of_epoch(policy->record, next);
        char *text = text_of(policy, next, routed, is_same ? policy->dns_record.author : own_cluster(policy));
        if (!text)
                return;
        record_io_begin(policy, view, decision);
        struct target_slot *slot = policy->targets[targets_name(view) - view->targets];
        policy->record_write.text = text;
        policy->record_write.former = mem_strdup(targets_former(view, &targets_name(view)->shows.stamp));
        effect_record(policy, slot);
        /* Every worker is busy, or a Secret is still being read: the pass comes again then, and decides anew. */
        if (!slot->effect && policy->record_write.record)
                record_io_drop(policy);
}

void store_dns_written(struct policy *policy, enum err err, const char *why)
{
        if (policy->record_write.record)
                record_io_written(policy, err, why);
}

static const char *dns_text_beside(const struct policy *policy, struct arena *arena)
{
        char *text = text_of(policy, policy->record, policy->record->epoch, policy->dns_record.author);
        const char *copy = text ? arena_strdup(arena, text) : "";
        free(text);
        return copy;
}

const struct record_store store_dns = {
    .name = "DNS",
    .owner = dns_owner,
    .former = dns_former,
    .settle = dns_settle,
    .write = dns_write,
    .show = dns_show,
    .dns_seen = dns_dns_seen,
    .text_beside = dns_text_beside,
    .reads_every = dns_reads_every,
};
