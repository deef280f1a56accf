/* kill_switch.c -- the operator-wide kill switch, which fails closed. */
#include "reconcile/kill_switch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reconcile/manager.h"

enum {
        HTTP_FORBIDDEN = 403,
        EVERY_MS = 2000,
        TIMEOUT_MS = 3000,
        UNREAD_MAX_MS = 30000, /* after so long with nothing but error answers it counts as on: "true" may be stored */
};

static const char config_map_name[] = "planekeeper";
static const char key_name[] = "killSwitch";
static const struct kube_resource config_maps = {
    .group = "", .version = "v1", .plural = "configmaps", .kind = "ConfigMap"};

/* ---- what it says ---- */

/* Keys of a ConfigMap are letters, digits, '-', '_' and '.', so the command can be pasted. */
static bool refuse_key(const char *key, const char *field, const char *namespace_name, char *ret_why)
{
        (void)snprintf(ret_why, KILL_SWITCH_WHY_BYTES,
                       "ConfigMap %s/%s has key \"%.253s\", and killSwitch is the only one that is known. To go on: "
                       "kubectl patch configmap %s -n %s --type=merge -p '{\"%s\":{\"%.253s\":null}}'; to stop "
                       "everything, set killSwitch to \"true\" in the same way",
                       namespace_name, config_map_name, key, config_map_name, namespace_name, field, key);
        return true;
}

static bool refuse_value(const char *value, const char *namespace_name, char *ret_why)
{
        (void)snprintf(ret_why, KILL_SWITCH_WHY_BYTES,
                       "killSwitch of ConfigMap %s/%s is \"%.40s\", neither true nor false. To go on: kubectl patch "
                       "configmap %s -n %s --type=merge -p '{\"data\":{\"killSwitch\":\"false\"}}'",
                       namespace_name, config_map_name, value, config_map_name, namespace_name);
        return true;
}

bool kill_switch_read(const json_t *config_map, const char *namespace_name, char ret_why[KILL_SWITCH_WHY_BYTES])
{
        const char *key;
        json_t *value;
        ret_why[0] = '\0';
        json_object_foreach(json_object_get(config_map, "binaryData"), key, value)
                return refuse_key(key, "binaryData", namespace_name, ret_why);
        json_object_foreach(json_object_get(config_map, "data"), key, value)
                if (strcmp(key, key_name) != 0)
                        return refuse_key(key, "data", namespace_name, ret_why);
        value = json_object_get(json_object_get(config_map, "data"), key_name);
        const char *text = value ? json_string_value(value) : "false";
        if (!text || (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0))
                return refuse_value(text ? text : "", namespace_name, ret_why);
        return strcasecmp(text, "true") == 0;
}

/* ---- asking ---- */

static bool refuse_unread(const struct kube_reply *reply, const char *namespace_name, char *ret_why)
{
        static const char right[] = "planekeeper-kill-switch";
        if (reply->status == HTTP_FORBIDDEN)
                (void)snprintf(
                    ret_why, KILL_SWITCH_WHY_BYTES,
                    "ConfigMap %s/%s may not be read (%s). Grant it: kubectl create role %s -n %s --verb=get "
                    "--resource=configmaps --resource-name=%s && kubectl create rolebinding %s -n %s "
                    "--role=%s --serviceaccount=%s:planekeeper",
                    namespace_name, config_map_name, reply->why.text, right, namespace_name, config_map_name, right,
                    namespace_name, right, namespace_name);
        else
                (void)snprintf(ret_why, KILL_SWITCH_WHY_BYTES,
                               "ConfigMap %s/%s cannot be read: %s. It is asked for again every 2s; see: kubectl get "
                               "configmap %s -n %s",
                               namespace_name, config_map_name, reply->why.text, config_map_name, namespace_name);
        return true;
}

/* Whether @reply says anything; then *ret_is_on and @ret_why are what it says. */
static bool judge(struct manager *manager, const struct kube_reply *reply, bool *ret_is_on, char *ret_why)
{
        struct kill_switch *kill_switch = &manager->kill_switch;
        const char *namespace_name = manager->options.own_namespace;
        mono_ms now = loop_now(manager->loop);
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND) {
                kill_switch->failing_since = 0;
                trouble_over(manager, TROUBLE_KILL_SWITCH, NULL);
                *ret_is_on = kill_switch_read(reply->err == ERR_OK ? reply->body : NULL, namespace_name, ret_why);
                return true;
        }
        if (!kill_switch->failing_since)
                kill_switch->failing_since = now;
        trouble_note(manager, TROUBLE_KILL_SWITCH, NULL, reply->why.text);
        bool lasts = reply->status != 0 && now - kill_switch->failing_since >= UNREAD_MAX_MS;
        bool is_definite = reply->status == HTTP_FORBIDDEN || reply->err == ERR_INVALID;
        if (kill_switch->is_settled && !is_definite && !lasts)
                return false;
        *ret_is_on = refuse_unread(reply, namespace_name, ret_why);
        return true;
}

static void answered(void *ctx, const struct kube_reply *reply)
{
        struct manager *manager = ctx;
        struct kill_switch *kill_switch = &manager->kill_switch;
        bool is_on;
        char why[KILL_SWITCH_WHY_BYTES] = "";
        kill_switch->call = NULL;
        if (reply->status != 0)
                kill_switch->answered_at = loop_now(manager->loop);
        if (!judge(manager, reply, &is_on, why))
                return;
        bool is_news = is_on != kill_switch->is_on || strcmp(why, kill_switch->why) != 0;
        bool is_first = !kill_switch->is_settled;
        kill_switch->is_settled = true;
        if (!is_news && !is_first)
                return;
        kill_switch->is_on = is_on;
        memcpy(kill_switch->why, why, sizeof(why));
        kill_switch->changed(manager, is_news);
}

void kill_switch_tick(struct manager *manager)
{
        struct kill_switch *kill_switch = &manager->kill_switch;
        mono_ms now = loop_now(manager->loop);
        if (kill_switch->call || (kill_switch->asked_at && now - kill_switch->asked_at < EVERY_MS))
                return;
        kill_switch->asked_at = now;
        char *path = kube_path(&config_maps, manager->options.own_namespace, config_map_name, NULL);
        kill_switch->call = kube_get(manager->kube, path, TIMEOUT_MS, answered, manager);
        free(path);
}
