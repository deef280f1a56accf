/* condition.c -- a bounded list of metav1.Condition. */
#include "api/condition.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

static const char *const names[] = {"False", "True", "Unknown"};

static const char *condition_status_name(enum condition_status status)
{
        return (unsigned)status < sizeof(names) / sizeof(names[0]) ? names[status] : "Unknown";
}

const struct condition *condition_list_find(const struct condition_list *list, const char *type)
{
        for (size_t i = 0; i < list->count; i++)
                if (strcmp(list->items[i].type, type) == 0)
                        return &list->items[i];
        return NULL;
}

static void copy_texts(struct condition *condition, const char *type, const char *reason, const char *message)
{
        char cut[CONDITION_MESSAGE_MAX + 1];
        (void)TEXT_COPY(cut, message);
        const size_t type_bytes = strlen(type) + 1, reason_bytes = strlen(reason) + 1, message_bytes = strlen(cut) + 1;
        char *block = mem_calloc(type_bytes + reason_bytes + message_bytes, 1);
        condition->type = memcpy(block, type, type_bytes);
        condition->reason = memcpy(block + type_bytes, reason, reason_bytes);
        condition->message = memcpy(block + type_bytes + reason_bytes, cut, message_bytes);
}

/* Thousands of lists are kept, most of two or three conditions: each has the room that it needs. */
static struct condition *append(struct condition_list *list)
{
        INVARIANT(list->count < CONDITIONS_MAX);
        list->items = mem_realloc(list->items, list->count + 1, sizeof(*list->items));
        return &list->items[list->count++];
}

static struct condition *slot_for(struct condition_list *list, const char *type)
{
        for (size_t i = 0; i < list->count; i++) {
                if (strcmp(list->items[i].type, type) == 0) {
                        free(list->items[i].type);
                        return &list->items[i];
                }
        }
        return append(list);
}

void condition_list_set(struct condition_list *list, const struct condition_list *previous,
                        const struct condition_value *value, unix_ms now)
{
        INVARIANT(list != previous && value->reason[0] != '\0');
        const struct condition *before = previous ? condition_list_find(previous, value->type) : NULL;
        bool is_unchanged = before && before->status == value->status && before->last_transition_at != 0;
        struct condition fresh = {
            .status = value->status,
            .observed_generation = value->observed_generation,
            .last_transition_at = is_unchanged ? before->last_transition_at : now,
        };
        copy_texts(&fresh, value->type, value->reason, value->message);
        *slot_for(list, value->type) = fresh;
}

void condition_list_clear(struct condition_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i].type);
        free(list->items);
        *list = (struct condition_list){0};
}

json_t *condition_list_encode(const struct condition_list *list)
{
        json_t *conditions = json_array();
        for (size_t i = 0; i < list->count; i++) {
                const struct condition *c = &list->items[i];
                char time[TEXT_TIME_BYTES + 4];
                text_from_time(c->last_transition_at, time);
                json_t *encoded =
                    json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "type", c->type, "status",
                              condition_status_name(c->status), "reason", c->reason, "message", c->message,
                              "lastTransitionTime", time, "observedGeneration", (json_int_t)c->observed_generation);
                INVARIANT(encoded && json_array_append_new(conditions, encoded) == 0);
        }
        return conditions;
}

static bool decode_one(const json_t *entry, struct condition *ret)
{
        const char *type = json_string_value(json_object_get(entry, "type"));
        const char *status = json_string_value(json_object_get(entry, "status"));
        const char *time = json_string_value(json_object_get(entry, "lastTransitionTime"));
        const char *reason = json_string_value(json_object_get(entry, "reason"));
        const char *message = json_string_value(json_object_get(entry, "message"));
        struct condition condition = {.status = CONDITION_UNKNOWN};
        if (!type || !status || !time || text_to_time(time, &condition.last_transition_at) != ERR_OK ||
            condition.last_transition_at < 0)
                return false;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(status, names[i]) == 0)
                        condition.status = (enum condition_status)i;
        copy_texts(&condition, type, reason ? reason : "", message ? message : "");
        condition.observed_generation = json_integer_value(json_object_get(entry, "observedGeneration"));
        *ret = condition;
        return true;
}

void condition_list_decode(const json_t *conditions, struct condition_list *ret)
{
        *ret = (struct condition_list){0};
        for (size_t i = 0; i < json_array_size(conditions) && ret->count < CONDITIONS_MAX; i++) {
                struct condition found;
                if (decode_one(json_array_get(conditions, i), &found))
                        *append(ret) = found;
        }
}
