/* record_io.c -- the decision record at the arbiter, and the uncached read before the first effect. */
#include "reconcile/record_io.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/tell.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { TIMEOUT_MS = 3000, RETRY_MS = 250 };

bool record_io_is_busy(const struct policy *policy)
{
        return policy->record_call || policy->confirm_call;
}

static char *lease_path(const struct policy *policy, bool is_named)
{
        char *name = record_lease_name(policy->name);
        char *path = kube_path(&kube_leases, policy->namespace_name, is_named ? name : NULL, NULL);
        free(name);
        return path;
}

static void call_ended(struct policy *policy)
{
        policy->record_call = NULL;
        manager_give_slot(policy->manager);
        policy_wake(policy);
}

static void read_again(struct policy *policy);

static void read_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND) {
                call_ended(policy);
                policy_set_record(policy, reply->err == ERR_OK ? reply->body : NULL);
                return;
        }
        /* Until it is read again nobody knows what is recorded: nothing may be decided, so keep asking. */
        policy->record_call = NULL;
        manager_give_slot(policy->manager);
        read_again(policy);
}

static void read_again(struct policy *policy)
{
        policy->manager->api_slots_used++; /* a read that must happen does not wait in the line */
        char *path = lease_path(policy, true);
        policy->record_call = kube_get(policy->manager->kube, path, TIMEOUT_MS, read_answered, policy);
        free(path);
}

static void write_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        struct record *written = policy->record_pending;
        policy->record_pending = NULL;
        if (reply->err == ERR_OK) {
                call_ended(policy);
                policy_set_record(policy, reply->body);
                tell_recorded(policy, written, policy->record_action);
        } else {
                log_line(LOG_WARN, "record", "decision not recorded, reading it again", LOG_TEXT_FIELD("policy", policy->key),
                         LOG_NUMBER_FIELD("epoch", (int64_t)written->epoch), LOG_TEXT_FIELD("error", reply->why.text));
                policy->record_call = NULL;
                manager_give_slot(policy->manager);
                policy->record_retry_at = loop_now(policy->manager->loop) + RETRY_MS;
                read_again(policy);
        }
        record_free(written);
}

void record_io_write(struct policy *policy, const struct record *next, const struct decision *decision)
{
        struct manager *manager = policy->manager;
        if (loop_now(manager->loop) < policy->record_retry_at) {
                workqueue_add_after(manager->policies_queue, &policy->work, policy->record_retry_at - loop_now(manager->loop));
                return;
        }
        if (!manager_take_slot(manager, policy))
                return;
        json_t *body = NULL;
        struct errmsg why;
        enum err err = policy->record_version ? record_lease_patch(next, policy->record_version, &body, &why)
                                              : record_lease_new(policy->namespace_name, policy->name, next, &body, &why);
        if (err != ERR_OK) {
                manager_give_slot(manager);
                log_line(LOG_ERROR, "record", "decision cannot be written down", LOG_TEXT_FIELD("policy", policy->key),
                         LOG_TEXT_FIELD("error", why.text));
                return;
        }
        tell_decided(policy, next, decision);
        policy->record_pending = record_copy(next);
        policy->record_action = decision->rule->then;
        char *path = lease_path(policy, policy->record_version != NULL);
        policy->record_call = policy->record_version ? kube_patch(manager->kube, path, body, TIMEOUT_MS, write_answered, policy)
                                                     : kube_create(manager->kube, path, body, TIMEOUT_MS, write_answered, policy);
        free(path);
        json_decref(body);
}

static void confirm_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        policy->confirm_call = NULL;
        manager_give_slot(policy->manager);
        if (reply->err == ERR_OK) {
                bool is_same = text_equal(policy->uid, object_meta(reply->body, "uid"));
                bool is_deleting = object_meta(reply->body, "deletionTimestamp")[0] != '\0';
                policy_set(policy, reply->body); /* suspend and mode as they are now */
                if (is_same && !is_deleting && policy->record) {
                        policy->confirmed_epoch = policy->record->epoch;
                        policy->times.confirmed_us = clock_mono_us();
                }
                policy_wake(policy);
        } else {
                workqueue_add_after(policy->manager->policies_queue, &policy->work, RETRY_MS);
        }
}

void record_io_confirm(struct policy *policy)
{
        if (!manager_take_slot(policy->manager, policy))
                return;
        char *path = kube_path(&kube_policies, policy->namespace_name, policy->name, NULL);
        policy->confirm_call = kube_get(policy->manager->kube, path, TIMEOUT_MS, confirm_answered, policy);
        free(path);
}

void record_io_cancel(struct policy *policy)
{
        struct kube_call *calls[] = {policy->record_call, policy->confirm_call};
        for (size_t i = 0; i < 2; i++) {
                if (!calls[i])
                        continue;
                kube_cancel(calls[i]);
                manager_give_slot(policy->manager);
        }
        policy->record_call = policy->confirm_call = NULL;
        record_free(policy->record_pending);
        policy->record_pending = NULL;
}
