/* event_entry.c -- one Event: what was recorded, how often, and how it is written. */
#include "kube/event_entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

enum {
        NAME_BYTES_MAX = 253,
        SUFFIX_BYTES = 17, /* ".0123456789abcdef" */
};

/* A text may be cut within a character, or come from a hostile peer: the API server would refuse the whole Event. */
static void make_utf8(char *text)
{
        size_t left = strlen(text);
        while (left > 0) {
                size_t step = 1;
                while (step <= 4 && step <= left && !text_is_utf8(text, step))
                        step++;
                if (step > 4 || step > left) {
                        *text = '?';
                        step = 1;
                }
                text += step;
                left -= step;
        }
}

void event_facts_set(struct event_facts *ret, const struct event_subject *subject, bool is_warning, const char *reason,
                     const char *action, const char *message)
{
        ret->subject = subject;
        ret->is_warning = is_warning;
        (void)TEXT_COPY(ret->reason, reason);
        (void)TEXT_COPY(ret->action, action && action[0] ? action : reason);
        (void)TEXT_COPY(ret->note, message);
        make_utf8(ret->note);
        ret->hash = text_hash(ret->note) ^ text_hash(subject->uid ? subject->uid : "");
}

struct event_entry *entry_new(const struct event_facts *facts)
{
        struct event_entry *entry = mem_new(entry);
        const struct event_subject *subject = facts->subject;
        const struct kube_resource *resource = subject->resource;
        char api_version[160];
        (void)snprintf(api_version, sizeof(api_version), "%s%s%s", resource->group, resource->group[0] ? "/" : "",
                       resource->version);
        entry->is_warning = facts->is_warning;
        entry->hash = facts->hash;
        entry->api_version = mem_strdup(api_version);
        entry->kind = mem_strdup(resource->kind);
        entry->namespace_name = subject->namespace_name ? mem_strdup(subject->namespace_name) : NULL;
        entry->subject_name = mem_strdup(subject->name);
        entry->uid = mem_strdup(subject->uid ? subject->uid : "");
        entry->reason = mem_strdup(facts->reason);
        entry->action = mem_strdup(facts->action);
        entry->note = mem_strdup(facts->note);
        return entry;
}

void entry_free(struct event_entry *entry)
{
        free(entry->api_version);
        free(entry->kind);
        free(entry->namespace_name);
        free(entry->subject_name);
        free(entry->uid);
        free(entry->reason);
        free(entry->action);
        free(entry->note);
        free(entry->name);
        free(entry);
}

bool entry_has_facts(const struct event_entry *entry, const struct event_facts *facts)
{
        const char *uid = facts->subject->uid ? facts->subject->uid : "";
        return entry->hash == facts->hash && strcmp(entry->reason, facts->reason) == 0 &&
               strcmp(entry->uid, uid) == 0 && strcmp(entry->note, facts->note) == 0;
}

/* As client-go names them: the subject and a unique suffix. */
void entry_set_new_name(struct event_entry *entry)
{
        char name[NAME_BYTES_MAX + 1];
        uint64_t suffix = (uint64_t)arc4random() << 32 | arc4random();
        (void)snprintf(name, sizeof(name), "%.*s.%016" PRIx64, NAME_BYTES_MAX - SUFFIX_BYTES, entry->subject_name,
                       suffix);
        free(entry->name);
        entry->name = mem_strdup(name);
}

const char *entry_namespace(const struct event_entry *entry)
{
        return entry->namespace_name ? entry->namespace_name
                                     : "default"; /* where Events about cluster-wide objects go */
}

static json_t *micro_time(unix_ms time)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time_micro(time, text);
        return json_string(text);
}

static json_t *series_of(const struct event_entry *entry)
{
        return json_pack("{s:i, s:o}", "count", (int)entry->seen, "lastObservedTime", micro_time(entry->last_seen));
}

static json_t *regarding(const struct event_entry *entry)
{
        json_t *object = json_pack("{s:s, s:s, s:s}", "apiVersion", entry->api_version, "kind", entry->kind, "name",
                                   entry->subject_name);
        if (entry->namespace_name)
                json_object_set_new(object, "namespace", json_string(entry->namespace_name));
        if (entry->uid[0])
                json_object_set_new(object, "uid", json_string(entry->uid));
        return object;
}

json_t *entry_object(const struct event_entry *entry, const char *controller, const char *instance)
{
        json_t *object = json_pack("{s:s, s:s, s:{s:s, s:s}, s:o, s:o}", "apiVersion", "events.k8s.io/v1", "kind",
                                   "Event", "metadata", "name", entry->name, "namespace", entry_namespace(entry),
                                   "eventTime", micro_time(entry->first_seen), "regarding", regarding(entry));
        json_object_set_new(object, "reportingController", json_string(controller));
        json_object_set_new(object, "reportingInstance", json_string(instance));
        json_object_set_new(object, "type", json_string(entry->is_warning ? "Warning" : "Normal"));
        json_object_set_new(object, "reason", json_string(entry->reason));
        json_object_set_new(object, "action", json_string(entry->action));
        json_object_set_new(object, "note", json_string(entry->note));
        if (entry->seen > 1)
                json_object_set_new(object, "series", series_of(entry));
        return object;
}

json_t *entry_series_patch(const struct event_entry *entry)
{
        return json_pack("{s:o}", "series", series_of(entry));
}
