/*
 * store_dns.c -- the decision record in the TXT record beside the addresses: for operators of several clusters.
 *
 * The register is part of what policy->dns shows, so it is read and written by the visits to the DNS server. It carries
 * no plan, only its digest: each operator derives the plan from its own spec and planes, and may carry it out where its
 * digest is the recorded one.
 */
#include <stdlib.h>
#include <string.h>

#include "core/proof.h"
#include "core/targets.h"
#include "reconcile/effect.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_io.h"
#include "reconcile/record_keeper.h"
#include "reconcile/record_store.h"
#include "reconcile/target_config.h"
#include "reconcile/trouble.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

/* Another site's decision, and the heartbeat, must be seen well within failoverDelay, whatever that is set to. */
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
        return policy->manager->identity.uid ? policy->manager->identity.uid : "";
}

/* ---- what the register shows ---- */

/* The targets that the spec names: they are read by this plan until the recorded one is proven. */
static struct plan provisional_plan(const struct policy *policy, struct arena *arena)
{
        struct wanted_target wanted[TARGETS_MAX];
        struct plan plan = {.target_count = policy->spec ? target_config_wanted(policy, arena, wanted) : 0};
        for (unsigned i = 0; i < plan.target_count; i++)
                plan.targets[i] =
                    (struct plan_target){.ref = wanted[i].ref, .ttl_s = wanted[i].ttl_s, .to = ""};
        return plan;
}

static bool is_of_epoch(const struct record *a, const struct record *b)
{
        return a && b && a->epoch == b->epoch && a->id == b->id;
}

/* A plan that needs no proof: this process has proven it under this epoch, or has just written it. NULL: none. */
static const struct plan *known_plan(const struct policy *policy, const struct record *record)
{
        if (policy->keeper.dns.is_proven && is_of_epoch(policy->keeper.record, record))
                return &policy->keeper.record->plan;
        return is_of_epoch(policy->keeper.write.record, record) ? &policy->keeper.write.record->plan : NULL;
}

/* The store shows a decision, of whichever operator: a failed write is not repeated, and a lost race is no trouble. */
static void end_trouble(struct policy *policy)
{
        policy->keeper.failures = 0;
        trouble_over(policy->manager, TROUBLE_RECORDS, policy);
}

static void take_text(struct policy *policy, const char *raw)
{
        struct record_text text;
        struct errmsg why;
        if (record_text_decode(raw, &text, &why) != ERR_OK) {
                policy->keeper.dns.is_proven = false;
                record_keeper_take(policy, NULL, mem_strdup(why.text));
                return;
        }
        const struct plan *known = known_plan(policy, text.record);
        struct record record = record_copied(text.record);
        struct arena arena = {0};
        const struct plan plan = known ? plan_copied(known) : provisional_plan(policy, &arena);
        record.plan = proof_with_old_values(plan, &text.record->plan);
        struct record *copy = record_copy(&record);
        arena_deinit(&arena);
        policy->keeper.dns.is_proven = known != NULL;
        (void)TEXT_COPY(policy->keeper.dns.digest, text.digest);
        (void)TEXT_COPY(policy->keeper.dns.author, text.author);
        record_free(text.record);
        record_keeper_take(policy, copy, NULL);
        end_trouble(policy);
}

/* The outcome of a failed write was unknown until this read; now a decision may be made again. */
static void try_again(struct policy *policy)
{
        if (!policy->keeper.is_doubtful || policy_name(policy)->has_refused_decision ||
            loop_now(policy->manager->loop) < policy->keeper.retry_at)
                return;
        policy->keeper.is_doubtful = false;
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
        if (text_equal(raw, policy->keeper.dns.raw))
                return;
        free(policy->keeper.dns.raw);
        policy->keeper.dns.raw = raw ? mem_strdup(raw) : NULL;
        if (raw) {
                take_text(policy, raw);
        } else {
                policy->keeper.dns.is_proven = false;
                record_keeper_take(policy, NULL, NULL);
        }
}

/* ---- the proof of its plan ---- */

static void compare_plan(struct policy *policy, struct view *view, struct arena *arena)
{
        const struct plan_claim claim = {
            .digest = policy->keeper.dns.digest,
            .is_own = own_cluster(policy)[0] && strcmp(policy->keeper.dns.author, own_cluster(policy)) == 0,
            .digest_of = record_text_digest};
        const struct proof proof = proof_of(view, policy->keeper.record, &claim, arena);
        view->plan_proof = proof.outcome;
        view->plan_text = proof.text;
        if (proof.outcome != PLAN_PROVEN)
                return;
        struct record record = record_copied(policy->keeper.record);
        record.plan = proof.plan;
        struct record *copy = record_copy(&record);
        record_free(policy->keeper.record);
        policy->keeper.record = copy;
        policy->keeper.dns.is_proven = true;
}

/* A recorded old value is a digest; where the target shows that very value, it is known in the clear. */
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
        *copy = record_copied(record);
        for (unsigned i = 0; i < copy->plan.target_count; i++) {
                const struct target_view *target = targets_shown(view, &copy->plan, i);
                if (target && target->shows.present)
                        unmask(&copy->plan.targets[i], target->shows.value);
        }
        return copy;
}

static mono_ms dns_reads_every(const struct policy *policy)
{
        if (!policy->spec)
                return target_limits_of(policy_name(policy)->ref.driver)->read_every_ms;
        mono_ms delay = policy->spec->detection.failover_delay_ms;
        mono_ms every = delay < 0 ? EVERY_MAX_MS : delay / READS_PER_DELAY;
        return every < EVERY_MIN_MS ? EVERY_MIN_MS : every > EVERY_MAX_MS ? EVERY_MAX_MS : every;
}

static void dns_show(struct policy *policy, struct arena *arena, struct view *ret)
{
        const struct manager *manager = policy->manager;
        const struct target_slot *slot = policy_name(policy);
        /* A server that does not answer, or refuses the credentials, is named in the conditions of the target. */
        ret->record_read = slot->reach != REACH_NEVER && manager->identity.uid;
        ret->record_error = policy->keeper.error ? policy->keeper.error : "";
        ret->arbiter_answered_at = slot->read_at;
        ret->arbiter_period_ms = 2 * dns_reads_every(policy);
        alive_show(policy, &ret->alive);
        if (!policy->keeper.record)
                return;
        if (!policy->keeper.dns.is_proven)
                compare_plan(policy, ret, arena);
        ret->record = unmasked(policy->keeper.record, ret, arena);
}

/* ---- writing ---- */

static bool dns_settle(struct policy *policy)
{
        return policy_name(policy)->read_at && !effect_is_sent(policy_name(policy)->effect);
}

/* The text of @record; NULL where it cannot be written down, with the reason. */
static char *text_of(const struct policy *policy, const struct record *record, epoch_t routed, const char *author,
                     struct errmsg *reterr)
{
        char text[RECORD_TEXT_BYTES];
        struct arena arena = {0};
        enum err err = record_text_encode(record, routed, dns_owner(policy, &arena), author, text, reterr);
        arena_deinit(&arena);
        return err == ERR_OK ? mem_strdup(text) : NULL;
}

static void dns_write(struct policy *policy, const struct view *view, const struct decision *decision)
{
        const struct record *next = decision->next;
        const struct stamp *stamp = &policy_name(policy)->state.stamp;
        epoch_t routed = stamp->presence == STAMP_OURS ? stamp->epoch : 0;
        bool is_same = is_of_epoch(policy->keeper.record, next);
        struct errmsg why;
        char *text = text_of(policy, next, routed, is_same ? policy->keeper.dns.author : own_cluster(policy), &why);
        if (!text) {
                record_io_misfit(policy, why.text);
                return;
        }
        record_io_begin(policy, view, decision);
        struct target_slot *slot = policy->targets[targets_name(view) - view->targets];
        policy->keeper.write.text = text;
        policy->keeper.write.former = mem_strdup(targets_former(view, &targets_name(view)->shows.stamp));
        effect_record(policy, slot);
        /* A Secret is still being read, or cannot be used: the pass comes again then, and decides anew. */
        const bool is_on_its_way = slot->effect && !slot->effect->is_recalled;
        if (!is_on_its_way && policy->keeper.write.record)
                record_io_drop(policy);
}

void store_dns_written(struct policy *policy, enum err err, const char *why)
{
        if (policy->keeper.write.record)
                record_io_written(policy, err, why);
}

static const char *dns_text_beside(const struct policy *policy, struct arena *arena)
{
        struct errmsg why;
        char *text =
            text_of(policy, policy->keeper.record, policy->keeper.record->epoch, policy->keeper.dns.author, &why);
        if (!text) /* the text was read or written before, so it fits, but for a longer identity of this cluster */
                log_line(LOG_ERROR, "record", "record cannot be kept beside the name",
                         LOG_TEXT_FIELD("policy", policy->key), LOG_TEXT_FIELD("error", why.text));
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
