/* sim_check.c -- the invariants of DESIGN section 1 (S1 to S13), watched while the simulated world moves. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/election.h"
#include "sim_parts.h"

static void violated(struct sim *sim, const char *format, ...) PRINTF_LIKE(2, 3);

static void violated(struct sim *sim, const char *format, ...)
{
        va_list args;
        if (sim->violation[0])
                return;
        va_start(args, format);
        (void)vsnprintf(sim->violation, sizeof(sim->violation), format, args);
        va_end(args);
}

static struct sim_decision *find_decision(struct sim *sim, epoch_t epoch, decision_id id)
{
        for (unsigned i = sim->decision_count; i > 0; i--)
                if (sim->decisions[i - 1].epoch == epoch && sim->decisions[i - 1].id == id)
                        return &sim->decisions[i - 1];
        return NULL;
}

/* S13: suspended, in Advise or without a record of it, nothing is done. */
void sim_check_decision(struct sim *sim, unsigned who, const struct view *view, const struct decision *decision)
{
        enum action action = decision->rule->then;
        bool is_quiet = action == DO_WAIT || action == DO_HOLD;
        if ((view->policy.suspended || view->policy.mode == MODE_ADVISE) && !is_quiet)
                violated(sim, "S13: operator %u does %s while it may not", who, action_name(action));
        bool is_effect = action == DO_LOCK || action == DO_ROUTE || action == DO_REASSERT;
        if (is_effect && view->confirmed_epoch != view->record->epoch)
                violated(sim, "S13: operator %u does %s without having read the policy again", who,
                         action_name(action));
        if (action == DO_ABORT &&
            (decision->dns == FENCE_MET || (view->record->plan.lock_server[0] && decision->lock == FENCE_MET)))
                violated(sim, "S10: epoch %llu is undone after its first effect",
                         (unsigned long long)view->record->epoch);
}

static void check_automatic(struct sim *sim, unsigned who, const struct view *view, const struct decision *decision,
                            const struct record *next)
{
        struct arena arena = {0};
        const struct plane_view *to = election_find(view, next->to);
        const char *unfit = to ? election_unfit(view, to, decision->active, &arena) : "unknown";
        if (unfit[0])
                violated(sim, "S8: epoch %llu goes to %s: %s", (unsigned long long)next->epoch, next->to, unfit);
        arena_deinit(&arena);
        if (sim->operators[who].has_sampled_isolated)
                violated(sim, "S7: operator %u decides while it is cut off", who);
        bool is_first = decision->finding != FINDING_TARGET_LOST && sim->last_automatic_commit;
        char ack[32];
        (void)snprintf(ack, sizeof(ack), "%llu", (unsigned long long)(view->record ? view->record->epoch : 0));
        if (is_first && sim_wall(sim) < sim->last_automatic_commit + sim->config.cooldown_ms &&
            strcmp(view->policy.ack, ack) != 0 && !sim->config.has_amnesia)
                violated(sim, "S9: epoch %llu is decided within the cooldown", (unsigned long long)next->epoch);
}

/* S1: an epoch is decided once and only rises; a commit changes nothing else. */
void sim_check_record(struct sim *sim, unsigned who, const struct view *view, const struct decision *decision,
                      const struct record *next)
{
        unsigned long long epoch = next->epoch;
        const struct sim_decision *decided = find_decision(sim, next->epoch, next->id);
        if (decision->rule->then == DO_COMMIT) {
                if (!decided || !decided->was_routed || (decided->uses_lock && !decided->was_locked))
                        violated(sim, "L2: epoch %llu is committed before every target has shown it", epoch);
                if (!sim->has_record || sim->record.epoch != next->epoch || sim->record.id != next->id ||
                    sim->record.phase != PHASE_SWITCHING || next->phase != PHASE_STEADY)
                        violated(sim, "S1: the commit of epoch %llu is of another decision", epoch);
                return;
        }
        if (sim->has_record && next->epoch <= sim->record.epoch)
                violated(sim, "S1: epoch %llu after %llu", epoch, (unsigned long long)sim->record.epoch);
        for (unsigned i = 0; i < sim->decision_count && !sim->config.has_amnesia; i++)
                if (sim->decisions[i].epoch == next->epoch)
                        violated(sim, "S1: epoch %llu is decided twice", epoch);
        if (next->automatic)
                check_automatic(sim, who, view, decision, next);
}

/* S5: what is sent was decided, as it was decided. S4: the address only after the lock. */
void sim_check_effect(struct sim *sim, unsigned who, const struct sim_packet *packet)
{
        const struct sim_register *want = &packet->want;
        unsigned long long epoch = want->stamp.epoch;
        const struct sim_decision *decided = find_decision(sim, want->stamp.epoch, want->stamp.id);
        if (!decided) {
                violated(sim, "S5: operator %u writes epoch %llu, which nobody decided", who, epoch);
                return;
        }
        if (strcmp(want->value, packet->is_lock ? decided->to_lock : decided->to_rrset) != 0)
                violated(sim, "S5: operator %u writes \"%s\" for epoch %llu", who, want->value, epoch);
        if (!packet->is_lock && decided->uses_lock && !decided->was_locked)
                violated(sim, "S4: epoch %llu is routed before it is locked", epoch);
        if (packet->expected.stamp.presence == STAMP_OURS && packet->expected.stamp.epoch > want->stamp.epoch)
                violated(sim, "S6: operator %u would overwrite epoch %llu by %llu", who,
                         (unsigned long long)packet->expected.stamp.epoch, epoch);
}

/* S2, S3, S6: one member's value at all times, and the epoch beside it never falls. */
void sim_check_arrival(struct sim *sim, const struct sim_packet *packet, const struct sim_register *before)
{
        const struct sim_register *now = &packet->want;
        if (before->stamp.presence == STAMP_OURS && before->stamp.epoch > now->stamp.epoch)
                violated(sim, "S6: epoch %llu replaces %llu", (unsigned long long)now->stamp.epoch,
                         (unsigned long long)before->stamp.epoch);
        bool is_member = packet->is_lock;
        for (unsigned i = 0; i < sim->config.plane_count && !is_member; i++)
                is_member = strcmp(now->value, sim_rrset(i)) == 0;
        if (!is_member)
                violated(sim, "S2: the name shows \"%s\"", now->value);
        struct sim_decision *decided = find_decision(sim, now->stamp.epoch, now->stamp.id);
        if (decided)
                *(packet->is_lock ? &decided->was_locked : &decided->was_routed) = true;
}
