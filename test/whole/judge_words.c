/* judge_words.c -- what records, registers and names say. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge_parts.h"
#include "util/text.h"

static void copy_name(const json_t *record, const char *key, char ret[static NAME_BYTES])
{
        const char *text = json_string_value(json_object_get(record, key));
        (void)text_copy(ret, NAME_BYTES, text ? text : "");
}

/* The key of the lock in a plan that is a list; NULL: there is none. */
static const char *listed_key(const json_t *plan)
{
        size_t i;
        json_t *target;
        json_array_foreach((json_t *)json_object_get(plan, "targets"), i, target)
        {
                const char *kind = json_string_value(json_object_get(target, "kind"));
                if (kind && strcmp(kind, "lock") == 0)
                        return json_string_value(json_object_get(target, "name"));
        }
        return NULL;
}

static void read_prepared(const json_t *record, struct prepared_beside *ret)
{
        const json_t *prepared = json_object_get(record, "prepared");
        const char *id = json_string_value(json_object_get(prepared, "id"));
        *ret = (struct prepared_beside){.epoch = (uint64_t)json_integer_value(json_object_get(prepared, "epoch")),
                                        .id = strtoull(id ? id : "0", NULL, 16)};
        copy_name(prepared, "to", ret->to);
}

bool record_on_lease(const json_t *lease, struct decision *ret)
{
        const json_t *annotations = json_object_get(json_object_get(lease, "metadata"), "annotations");
        const char *text = json_string_value(json_object_get(annotations, "planekeeper.io/record"));
        json_t *record = text ? json_loads(text, 0, NULL) : NULL;
        if (!record)
                return false;
        const char *id = json_string_value(json_object_get(record, "id"));
        const char *phase = json_string_value(json_object_get(record, "phase"));
        const json_t *plan = json_object_get(record, "plan");
        const char *single = json_string_value(json_object_get(json_object_get(plan, "lock"), "key"));
        const char *key = single ? single : listed_key(plan);
        *ret = (struct decision){.epoch = (uint64_t)json_integer_value(json_object_get(record, "epoch")),
                                 .id = strtoull(id ? id : "0", NULL, 16),
                                 .is_automatic = json_is_true(json_object_get(record, "automatic")),
                                 .is_steady = phase && strcmp(phase, "Steady") == 0,
                                 .uses_lock = key && strncmp(key, "lock-", 5) == 0}; /* not a mistyped one */
        copy_name(record, "from", ret->from);
        copy_name(record, "to", ret->to);
        copy_name(record, "reason", ret->reason);
        read_prepared(record, &ret->beside);
        json_decref(record);
        return true;
}

/* "/apis/coordination.k8s.io/v1/namespaces/gloo-mesh/leases[/planekeeper-<policy>]" */
int policy_of_lease(const json_t *lease, const char *target)
{
        static const char prefix[] = "planekeeper-";
        const char *name = json_string_value(json_object_get(json_object_get(lease, "metadata"), "name"));
        if (!name && strrchr(target, '/'))
                name = strrchr(target, '/') + 1;
        return name && strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? judge_policy(name + sizeof(prefix) - 1) : -1;
}

static struct shown shown_by_text(const char *text)
{
        struct shown shown = {0};
        shown.is_ours = sscanf(text, "v=pk1 e=%llu id=%llx", &shown.decided, &shown.id) == 2;
        shown.epoch = shown.decided;
        const char *routed = strstr(text, " r=");
        if (routed)
                shown.epoch = strtoull(routed + 3, NULL, 10);
        return shown;
}

struct shown shown_by(const struct reg *reg)
{
        return shown_by_text(reg->text);
}

static bool field_of(const char *text, const char *key, char ret[static NAME_BYTES])
{
        const char *found = strstr(text, key);
        ret[0] = '\0';
        if (!found)
                return false;
        found += strlen(key);
        size_t count = strcspn(found, " ");
        if (count >= NAME_BYTES)
                return false;
        memcpy(ret, found, count);
        ret[count] = '\0';
        return true;
}

void value_of(unsigned policy, bool is_lock, const struct decision *decided, char *ret, size_t size)
{
        const int plane = judge_plane(decided->to);
        if (!is_lock)
                (void)snprintf(ret, size, "%s", plane >= 0 ? world_rrset((unsigned)plane) : "?");
        else if (world.policies[policy].has_epoch_in_lock)
                (void)snprintf(ret, size, "%s-%" PRIu64, decided->to, decided->epoch);
        else
                (void)snprintf(ret, size, "%s", decided->to);
}

const char *judge_armed(unsigned policy, unsigned plane)
{
        const unsigned cluster = world.is_recorded_in_dns && plane == 0; /* operator i lives in plane i */
        const json_t *object = api_find(cluster, API_POLICIES, NAMESPACE, world.policies[policy].name);
        const char *word = json_string_value(json_object_get(json_object_get(object, "status"), "armed"));
        return word ? word : "";
}

bool judge_is_disarmed(const char *word)
{
        static const char *const words[] = {"Suspended", "KillSwitch", "Advise", "NoStandby", "LimitReached"};
        /* The other site's API server may say that the day is over. */
        if (world.has_odd_clocks && strcmp(word, "LimitReached") == 0)
                return false;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(word, words[i]) == 0)
                        return true;
        return false;
}

/* The record that is a text beside the name. */
bool record_in_text(const char *text, unsigned policy, struct decision *ret)
{
        const struct shown shown = shown_by_text(text);
        char phase[NAME_BYTES];
        if (!shown.is_ours || !field_of(text, " phase=", phase))
                return false;
        *ret = (struct decision){.epoch = shown.decided,
                                 .id = shown.id,
                                 .is_automatic = strstr(text, " auto=1") != NULL,
                                 .is_steady = strcmp(phase, "Steady") == 0,
                                 .uses_lock = world.policies[policy].uses_lock};
        (void)field_of(text, " from=", ret->from);
        (void)field_of(text, " p=", ret->to);
        (void)field_of(text, " reason=", ret->reason);
        return true;
}

bool is_shown(unsigned policy, bool is_lock, const struct decision *decided)
{
        const struct reg *reg = is_lock ? &registers.lock[policy] : &registers.dns[policy];
        const struct shown shown = shown_by(reg);
        char value[REGISTER_VALUE_BYTES];
        value_of(policy, is_lock, decided, value, sizeof(value));
        return shown.is_ours && shown.decided == decided->epoch && shown.epoch == decided->epoch &&
               shown.id == decided->id && strcmp(reg->value, value) == 0;
}
