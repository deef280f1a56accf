/* tell_event.c -- one Event and one log line with the same words. */
#include "reconcile/tell_parts.h"
#include "runtime/log.h"

void tell_event(struct policy *policy, bool is_warning, const char *reason, const char *action, const char *message)
{
        const struct event_subject subject = {&kube_policies, policy->namespace_name, policy->name,
                                              policy->uid ? policy->uid : ""};
        event_record(policy->manager->events, &subject, is_warning, reason, action, message);
        log_line(is_warning ? LOG_WARN : LOG_INFO, "policy", message, LOG_TEXT_FIELD("policy", policy->key),
                 LOG_TEXT_FIELD("reason", reason),
                 LOG_NUMBER_FIELD("epoch", policy->keeper.record ? (int64_t)policy->keeper.record->epoch : 0));
}
