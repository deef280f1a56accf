/* status_fit.c -- keeps a policy's status within its bound. */
#include "reconcile/status_fit.h"

#include <stdbool.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

enum { SENTENCE_MAX = 1024, NUMBER_BYTES = 24 };

/* The longest texts at one level of shortening; 0 leaves them out. */
struct level {
        size_t sample;   /* the text of a check's last sample */
        size_t gate;     /* the text of a gate, and of the decision as a whole */
        size_t sentence; /* of a condition, and the policy's own */
        size_t switches; /* of the history */
        bool has_facts;
};

static const struct level levels[] = {
    {80, 512, SENTENCE_MAX, 5, true}, {40, 300, 512, 5, true}, {16, 200, 300, 5, true},
    {0, 120, 200, 5, true},           {0, 100, 160, 2, true},  {0, 200, 300, 2, false},
};

static void cut_text(json_t *object, const char *key, size_t max)
{
        char kept[SENTENCE_MAX + 1];
        const char *text = json_string_value(json_object_get(object, key));
        if (!text || strlen(text) <= max)
                return;
        INVARIANT(max < sizeof(kept));
        if (max > sizeof("...")) {
                (void)text_copy(kept, max + 1 - strlen("..."), text);
                memcpy(kept + strlen(kept), "...", sizeof("..."));
                INVARIANT(json_object_set_new(object, key, json_string(kept)) == 0);
        } else {
                (void)json_object_del(object, key);
        }
}

static void cut_items(json_t *array, const char *key, size_t max)
{
        size_t i;
        json_t *item;
        json_array_foreach(array, i, item) cut_text(item, key, max);
}

static void cut_decision(json_t *decision, const struct level *level)
{
        json_t *planes = json_object_get(json_object_get(decision, "facts"), "planes"), *plane;
        size_t i;
        cut_text(decision, "message", level->gate);
        cut_items(json_object_get(decision, "gates"), "message", level->gate);
        json_array_foreach(planes, i, plane) cut_items(json_object_get(plane, "checks"), "text", level->sample);
        if (!level->has_facts && json_object_get(decision, "facts"))
                INVARIANT(json_object_set_new(decision, "facts", json_null()) == 0);
}

static void cut(json_t *status, const struct level *level)
{
        json_t *history = json_object_get(status, "history");
        cut_text(status, "message", level->sentence);
        cut_text(status, "effectiveModeMessage", level->sentence);
        cut_items(json_object_get(status, "conditions"), "message", level->sentence);
        cut_decision(json_object_get(status, "lastDecision"), level);
        while (json_array_size(history) > level->switches)
                INVARIANT(json_array_remove(history, level->switches) == 0);
}

/* An escaped character takes at most six bytes (\u001f); no key has a character to escape. */
static size_t text_bytes(const json_t *text)
{
        size_t bytes = sizeof("\"\"") + json_string_length(text);
        for (const char *c = json_string_value(text); *c; c++)
                bytes += (unsigned char)*c < ' ' || *c == '"' || *c == '\\' ? 5 : 0;
        return bytes;
}

/* An upper bound of the printed bytes, mostly a close one: printing it only to count is a third of the cost of building
 * a status. */
static size_t bytes_at_most(const json_t *value)
{
        size_t bytes = sizeof("false,"), i;
        const char *key;
        json_t *item;
        if (json_is_string(value))
                bytes += text_bytes(value);
        else if (json_is_number(value))
                bytes += NUMBER_BYTES;
        json_object_foreach((json_t *)value, key, item) bytes += strlen(key) + sizeof("\"\":") + bytes_at_most(item);
        json_array_foreach(value, i, item) bytes += bytes_at_most(item);
        return bytes;
}

void status_fit(json_t *status)
{
        if (bytes_at_most(status) <= STATUS_BYTES_MAX)
                return;
        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
                if (json_dumpb(status, NULL, 0, JSON_COMPACT) <= STATUS_BYTES_MAX)
                        return;
                cut(status, &levels[i]);
        }
}
