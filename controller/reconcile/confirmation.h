/*
 * confirmation.h -- for which decision a policy was read past every cache (confirm.h asks), and which reads are fresh
 * enough for it (decision 057).
 *
 * A decision that a failed probe brings about is confirmed by any read that was sent when that probe had begun, or
 * later; every other decision by one that was sent when it was made, or later. So whatever was stored before that
 * moment is honoured. That moment stays while the decision waits and while its targets are looked at again, and ends
 * with the outage: the failure of the next one is another.
 *
 * Units:     *_us are those of clock_mono_us().
 * Ownership: embedded in the policy; a call under way is cancelled with those of its record (record_io.h).
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_CONFIRMATION_H
#define PK_RECONCILE_CONFIRMATION_H

#include "core/types.h"
#include "kube/client.h"

struct decision;
struct policy;

struct confirmation {
        struct kube_call *call; /* a read of its own; NULL: none is under way */
        bool is_listed;         /* it waits for a LIST that is under way (confirm_list.h) */
        bool is_early;          /* it was sent before the decision that it may be for, and that has not taken it yet */
        uint64_t turns;         /* status.known.turns when it was sent */
        int64_t sent_us;        /* when it was sent */
        epoch_t asked_epoch;    /* the epoch that it is to confirm */
        epoch_t epoch;          /* for which the policy was read; 0: none */
        bool is_ahead;          /* it was read for asked_epoch, and the record of that is still being written */

        bool is_next;     /* by the last pass: the next failure of the active plane decides */
        bool is_due;      /* such a probe has begun, or it waits for a permit: a read is to be sent */
        int64_t read_us;  /* when the early read that this policy answered was sent; 0: there is none */
        int64_t since_us; /* reads from then on confirm the decision that is due; 0: none is */
        mono_ms failing_since; /* of the active plane: the outage in which since_us is */
};

/* A pass has decided so; it is told before anything is done about it. */
void confirmation_judge(struct policy *policy, const struct decision *decision);
/* Whether a read that was sent at @sent_us confirms the decision that is due. */
bool confirmation_is_fresh(const struct confirmation *confirmation, int64_t sent_us);
bool confirmation_is_under_way(const struct confirmation *confirmation);
/* Whether one is under way that does, and was sent before the decision was made. */
bool confirmation_is_coming(const struct confirmation *confirmation);
/* Whether a read is under way that something waits for. */
bool confirmation_is_awaited(const struct confirmation *confirmation);
/* A read is being sent. */
void confirmation_sent(struct policy *policy);
/* The policy was read for the asked epoch, which is the record's. */
void confirmation_take(struct policy *policy);
/* The same, where the read was answered before the decision was made, and that is the record now. */
void confirmation_take_ahead(struct policy *policy);
/* The write of @written is over; NULL: it failed, and what was read for it confirms nothing. */
void confirmation_recorded(struct policy *policy, const struct record *written);
/* Gives up the read that is under way, where one is. */
void confirmation_abandon(struct policy *policy);
/* The same, and what was read confirms no decision to come. */
void confirmation_forget(struct policy *policy);

#endif
