/*
 * record_io.h -- the part of a write to an arbiter that all stores share: its Events and log lines, its retries, and
 * the read that comes before the next decision where the outcome of a write is not known.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_RECORD_IO_H
#define PK_RECONCILE_RECORD_IO_H

#include "reconcile/policy.h"

/* Announce that the decision's record is being written, and keep what is told once it is. */
void record_io_begin(struct policy *policy, const struct view *view, const struct decision *decision);
/* The write could not begin: nothing is reported. */
void record_io_drop(struct policy *policy);
/* The decision has no form in which it could be written: told like a refusal, and tried again with its back-off. */
void record_io_misfit(struct policy *policy, const char *why);
/* The write is over; where @err is ERR_OK, policy->keeper.record is what was written. */
void record_io_written(struct policy *policy, enum err err, const char *why);
/* A failed look or write: when the register may be asked again. */
void record_io_retry_later(struct policy *policy, enum err err);
/* Whether it is too early to ask again; then the policy is woken in time. */
bool record_io_must_wait(struct policy *policy);
/* Cancels the calls under way at the arbiter, the confirmation too. */
void record_io_cancel(struct policy *policy);

#endif
