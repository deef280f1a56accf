/* verify.c -- looks at the other authoritative servers of a policy's name. */
#include "reconcile/verify.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/effect.h"
#include "reconcile/manager.h"
#include "reconcile/policy.h"
#include "reconcile/policy_targets.h"
#include "util/mem.h"
#include "util/text.h"

/* During a switch a commit may wait for these servers, so they are asked each second; at rest they only confirm. */
enum { VERIFY_EVERY_MS = 1000, VERIFY_STEADY_MS = 30000, ROUNDS_UNHEARD = 3 };

static size_t servers_of(const struct policy *policy, const char *ret[static VERIFY_SERVERS_MAX])
{
        const struct policy_dns *dns = &policy->spec->dns;
        const struct verify *verify = &policy->verify;
        for (size_t i = 0; i < dns->verify_count; i++)
                ret[i] = dns->verify_servers[i];
        for (unsigned i = 0; !dns->verify_count && i < verify->found_count; i++)
                ret[i] = verify->found[i].server;
        return dns->verify_count ? dns->verify_count : verify->found_count;
}

/* The last word of server @i under the epoch of the record. */
static const struct verify_slot *heard_of(const struct policy *policy, unsigned i)
{
        static const struct verify_slot unasked = {.epoch = 0};
        const struct verify_slot *slot = policy->verify.slots ? &policy->verify.slots[i] : &unasked;
        return policy->keeper.record && slot->epoch == policy->keeper.record->epoch ? slot : &unasked;
}

/* A provider's server that never answered cannot be asked from here, and says nothing. */
static bool counts(const struct policy *policy, unsigned i)
{
        return policy->spec->dns.verify_count || policy->verify.found[i].answers;
}

/* A person who names servers wants them watched for ever; the provider's own are watched until they show the record. */
static bool is_over(const struct policy *policy)
{
        const struct verify *verify = &policy->verify;
        bool any = false, all = true;
        if (policy->spec->dns.verify_count)
                return false;
        for (unsigned i = 0; i < verify->found_count; i++) {
                any |= verify->found[i].answers;
                all &= !verify->found[i].answers || heard_of(policy, i)->shows_record;
        }
        return any ? all : verify->rounds >= ROUNDS_UNHEARD;
}

void verify_turn(struct policy *policy)
{
        mono_ms now = loop_now(policy->manager->loop);
        const char *servers[VERIFY_SERVERS_MAX];
        const size_t count = servers_of(policy, servers);
        if (!policy->keeper.record || !count || policy->verify.effect || is_over(policy))
                return;
        mono_ms every = policy->keeper.record->phase == PHASE_SWITCHING ? VERIFY_EVERY_MS : VERIFY_STEADY_MS;
        if (policy->keeper.record->phase == PHASE_SWITCHING && !policy_name(policy)->met_at)
                return; /* the name is not written yet, so they can only show the old one */
        if (policy->verify.asked_at && now - policy->verify.asked_at < every) {
                workqueue_add_after(policy->manager->policies_queue, &policy->work,
                                    every - (now - policy->verify.asked_at));
                return;
        }
        policy->verify.asked_at = now;
        effect_verify(policy, servers, count);
}

static bool is_same(const struct verify *verify, const struct target_servers *servers)
{
        bool same = verify->found_count == servers->count;
        for (unsigned i = 0; same && i < verify->found_count; i++)
                same = text_equal(verify->found[i].server, servers->list[i]);
        return same;
}

static void forget_found(struct verify *verify)
{
        for (unsigned i = 0; i < verify->found_count; i++)
                free(verify->found[i].server);
        memset(verify->found, 0, sizeof(verify->found));
        verify->found_count = 0;
}

void verify_restart(struct policy *policy)
{
        struct verify *verify = &policy->verify;
        verify->asked_at = 0;
        verify->rounds = 0;
        for (unsigned i = 0; verify->slots && i < VERIFY_SERVERS_MAX; i++)
                free(verify->slots[i].shown);
        free(verify->slots);
        verify->slots = NULL;
}

void verify_abandon(struct policy *policy)
{
        effect_abandon(policy->verify.effect);
        policy->verify.effect = NULL;
        verify_restart(policy);
}

void verify_forget(struct policy *policy)
{
        forget_found(&policy->verify);
        verify_abandon(policy);
}

void verify_found(struct policy *policy, const struct target_servers *servers)
{
        struct verify *verify = &policy->verify;
        if (policy->spec->dns.verify_count || is_same(verify, servers))
                return;
        verify_forget(policy);
        for (; verify->found_count < servers->count && verify->found_count < VERIFY_SERVERS_MAX; verify->found_count++)
                verify->found[verify->found_count].server = mem_strdup(servers->list[verify->found_count]);
}

static void take_look(struct verify_slot *slot, const struct verify_look *look, epoch_t epoch, mono_ms now)
{
        if (slot->epoch != epoch) {
                free(slot->shown);
                *slot = (struct verify_slot){.epoch = epoch};
        }
        if (!look->has_answered) {
                slot->misses++;
                return;
        }
        free(slot->shown);
        *slot = (struct verify_slot){
            .epoch = epoch, .shows_record = look->shows_record, .shown = mem_strdup(look->shown), .seen_at = now};
}

void verify_take(struct policy *policy, const struct effect *effect)
{
        struct verify *verify = &policy->verify;
        if (!policy->keeper.record || effect->epoch != policy->keeper.record->epoch) {
                verify->asked_at = 0; /* the answer is about an older epoch */
                return;
        }
        verify->rounds++;
        if (!verify->slots)
                verify->slots = mem_calloc(VERIFY_SERVERS_MAX, sizeof(*verify->slots));
        for (unsigned i = 0; i < effect->server_count; i++) {
                verify->found[i].answers |= effect->looks[i].has_answered;
                take_look(&verify->slots[i], &effect->looks[i], effect->epoch, loop_now(policy->manager->loop));
        }
}

void verify_gather(const struct policy *policy, struct arena *arena, struct view *ret)
{
        const char *servers[VERIFY_SERVERS_MAX];
        const size_t count = servers_of(policy, servers);
        ret->verify_count = 0;
        for (unsigned i = 0; i < count && !is_over(policy); i++) {
                const struct verify_slot *slot = heard_of(policy, i);
                if (!counts(policy, i))
                        continue;
                ret->verify[ret->verify_count++] = (struct verify_view){
                    .server = servers[i],
                    .shows_record = slot->shows_record,
                    .shown = arena_strdup(arena, slot->shown ? slot->shown : ""),
                    .seen_at = slot->seen_at,
                    .misses = slot->misses};
        }
}
