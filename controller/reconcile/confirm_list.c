/* confirm_list.c -- the uncached reads of many policies, as one LIST. */
#include "reconcile/confirm_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "kube/watch_path.h"
#include "reconcile/policy.h"
#include "runtime/metrics.h"
#include "util/mem.h"

enum {
        TIMEOUT_MS = 3000,
        PAGE_ITEMS = 50, /* 50 of the largest policies are a quarter of what an answer may have */
        PAGES_MAX = 1000,
        TOKEN_BYTES_MAX = 8 * 1024,
        AGAIN_MS = 1000,
};

static struct metric_family lists_total = {
    .name = "planekeeper_policy_lists_total",
    .help = "Consistent LISTs of FailoverPolicies in place of the reads of many that decide at once, by result.",
    .type = METRIC_COUNTER,
    .labels = {"result"},
};

static void ask_for_page(struct manager *manager);

static void end(struct manager *manager)
{
        free(manager->confirm_list.continue_token);
        manager->confirm_list.continue_token = NULL;
}

static void take_item(struct manager *manager, const json_t *object)
{
        char key[512];
        (void)snprintf(key, sizeof(key), "%s/%s", object_meta(object, "namespace"), object_meta(object, "name"));
        struct policy *policy = map_find(&manager->policies, key);
        if (policy && policy->confirmation.is_listed)
                manager->confirm_list.answered(policy, &(struct kube_reply){.err = ERR_OK, .body = object});
}

static void answer_rest(void *value, void *ctx)
{
        struct policy *policy = value;
        if (policy->confirmation.is_listed)
                policy->manager->confirm_list.answered(policy, ctx);
}

/* Those that are left get @reply, as if each had been asked for alone. */
static void end_with(struct manager *manager, const struct kube_reply *reply)
{
        struct kube_reply rest = *reply;
        rest.body = NULL;
        metrics_register(&lists_total);
        metric_add(METRIC(&lists_total, reply->err == ERR_NOT_FOUND ? "ok" : "failed"), 1);
        end(manager);
        map_each(&manager->policies, answer_rest, &rest);
}

/* A policy that no page names is not there. */
static void page_answered(void *ctx, const struct kube_reply *reply)
{
        static const struct kube_reply absent = {.err = ERR_NOT_FOUND};
        struct manager *manager = ctx;
        struct confirm_list *list = &manager->confirm_list;
        const json_t *items = json_object_get(reply->body, "items"), *object;
        const char *token = object_meta(reply->body, "continue");
        size_t i;
        list->call = NULL;
        if (reply->err != ERR_OK || !json_is_array(items) || strlen(token) > TOKEN_BYTES_MAX ||
            (token[0] && list->pages >= PAGES_MAX)) {
                list->retry_at = loop_now(manager->loop) + AGAIN_MS;
                struct kube_reply failed = {.err = ERR_TRANSIENT, .why = reply->why};
                end_with(manager, &failed);
                return;
        }
        json_array_foreach(items, i, object)
                take_item(manager, object);
        end(manager);
        if (!token[0]) {
                end_with(manager, &absent);
                return;
        }
        list->continue_token = mem_strdup(token);
        ask_for_page(manager);
}

static void ask_for_page(struct manager *manager)
{
        struct confirm_list *list = &manager->confirm_list;
        char *all = kube_path(&kube_policies, manager->options.namespace_name, NULL, NULL);
        char *path = watch_path_of_page(all, NULL, PAGE_ITEMS, list->continue_token);
        list->pages++;
        list->call = kube_get(manager->kube, path, TIMEOUT_MS, page_answered, manager);
        free(path);
        free(all);
}

/* Its decision is recorded, so the read confirms that, and none to come. */
static bool waits_to_confirm(const struct policy *policy)
{
        return policy->permit.is_waiting && policy->permit.urgency == URGENCY_CONFIRM;
}

static void join(void *value, void *ctx)
{
        struct policy *policy = value;
        (void)ctx;
        if (policy->confirmation.is_due && !confirmation_is_under_way(&policy->confirmation)) {
                confirmation_sent(policy);
                policy->confirmation.is_listed = true;
                policy->confirmation.is_early = !waits_to_confirm(policy);
        }
        policy->confirmation.is_due = false;
}

bool confirm_list_begin(struct manager *manager, unsigned due, confirm_answered *answered)
{
        struct confirm_list *list = &manager->confirm_list;
        const unsigned least = manager->options.reads_per_list ? manager->options.reads_per_list : CONFIRM_LIST_MIN;
        if (due < least || (size_t)due * CONFIRM_LIST_SHARE < manager->policies.count || list->call ||
            loop_now(manager->loop) < list->retry_at)
                return false;
        list->pages = 0;
        list->answered = answered;
        map_each(&manager->policies, join, NULL);
        ask_for_page(manager);
        return true;
}

void confirm_list_close(struct manager *manager)
{
        kube_cancel(manager->confirm_list.call);
        manager->confirm_list.call = NULL;
        end(manager);
}
