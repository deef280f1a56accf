/* event.c -- Kubernetes Events: queued, de-duplicated into series, paced. */
#include "kube/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        QUEUE_MAX = 1000,
        RECENT_MAX = 256,
        IN_FLIGHT_MAX = 4,
        BURST = 50,
        EVERY_MS = 50, /* 20 per second */
        SERIES_MS = 5 * 60 * 1000,
        TIMEOUT_MS = 5 * 1000,
        NOTE_BYTES = 1024 + 1, /* bounds of the API, with the NUL */
        REASON_BYTES = 128 + 1,
        NAME_BYTES_MAX = 253,
        SUFFIX_BYTES = 17, /* ".0123456789abcdef" */
};

static const struct kube_resource events = {"events.k8s.io", "v1", "events", "Event"};

/* One Event, from event_record() until five minutes after it was last seen: waiting, being written or remembered. */
struct event {
        struct event_recorder *recorder;
        struct event *next; /* in `waiting` or `recent` */
        char *api_version;  /* of the object it is about */
        char *kind;
        char *namespace_name; /* NULL: cluster-wide */
        char *subject_name;
        char *uid;
        char *reason;
        char *action;
        char *note;
        bool is_warning;
        char *name;       /* of the Event object; NULL until it was created */
        unsigned seen;    /* times recorded */
        unsigned written; /* times the API server knows of */
        unix_ms first_seen;
        unix_ms last_seen;
        mono_ms seen_at;
        struct kube_call *call;
};

struct event_list {
        struct event *first;
        struct event **end;
        size_t count;
};

struct event_recorder {
        struct loop *loop;
        struct kube *kube;
        char *controller;
        char *instance;
        struct event_list waiting; /* to be written, oldest first */
        struct event_list recent;  /* written, may become a series, oldest first */
        struct event *in_flight[IN_FLIGHT_MAX];
        mono_ms full_at; /* when the burst would be whole again: a token bucket as one time */
        struct loop_timer pace;
};

static struct metric_family dropped_total = {
    .name = "planekeeper_events_dropped_total",
    .help = "Kubernetes Events that could not be written or did not fit into the queue.",
    .type = METRIC_COUNTER,
};

static void pump(struct event_recorder *recorder);

/* ---- lists ---- */

static void append(struct event_list *list, struct event *event)
{
        event->next = NULL;
        *list->end = event;
        list->end = &event->next;
        list->count++;
}

static struct event *take_first(struct event_list *list)
{
        struct event *event = list->first;
        if (!event)
                return NULL;
        list->first = event->next;
        if (!list->first)
                list->end = &list->first;
        list->count--;
        return event;
}

static void free_event(struct event *event)
{
        free(event->api_version);
        free(event->kind);
        free(event->namespace_name);
        free(event->subject_name);
        free(event->uid);
        free(event->reason);
        free(event->action);
        free(event->note);
        free(event->name);
        free(event);
}

static bool is_same(const struct event *event, const char *uid, const char *reason, const char *note)
{
        return strcmp(event->reason, reason) == 0 && strcmp(event->uid, uid) == 0 && strcmp(event->note, note) == 0;
}

static struct event *find_in(const struct event_list *list, const char *uid, const char *reason, const char *note)
{
        for (struct event *event = list->first; event; event = event->next)
                if (is_same(event, uid, reason, note))
                        return event;
        return NULL;
}

static struct event *find_in_flight(const struct event_recorder *recorder, const char *uid, const char *reason,
                                    const char *note)
{
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
                if (recorder->in_flight[i] && is_same(recorder->in_flight[i], uid, reason, note))
                        return recorder->in_flight[i];
        return NULL;
}

static struct event *take_out(struct event_list *list, struct event *event)
{
        struct event **link = &list->first;
        while (*link != event)
                link = &(*link)->next;
        *link = event->next;
        if (list->end == &event->next)
                list->end = link;
        list->count--;
        return event;
}

static void forget_old(struct event_recorder *recorder)
{
        mono_ms now = loop_now(recorder->loop);
        while (recorder->recent.first &&
               (recorder->recent.count > RECENT_MAX || now - recorder->recent.first->seen_at >= SERIES_MS))
                free_event(take_first(&recorder->recent));
}

/* ---- writing ---- */

static json_t *micro_time(unix_ms time)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time_micro(time, text);
        return json_string(text);
}

static json_t *series_of(const struct event *event)
{
        return json_pack("{s:i, s:o}", "count", (int)event->seen, "lastObservedTime", micro_time(event->last_seen));
}

static json_t *regarding(const struct event *event)
{
        json_t *object = json_pack("{s:s, s:s, s:s}", "apiVersion", event->api_version, "kind", event->kind, "name",
                                   event->subject_name);
        if (event->namespace_name)
                json_object_set_new(object, "namespace", json_string(event->namespace_name));
        if (event->uid[0])
                json_object_set_new(object, "uid", json_string(event->uid));
        return object;
}

static const char *event_namespace(const struct event *event)
{
        return event->namespace_name ? event->namespace_name
                                     : "default"; /* where Events about cluster-wide objects go */
}

static json_t *event_object(const struct event *event)
{
        const struct event_recorder *recorder = event->recorder;
        json_t *object = json_pack("{s:s, s:s, s:{s:s, s:s}, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "apiVersion",
                                   "events.k8s.io/v1", "kind", "Event", "metadata", "name", event->name, "namespace",
                                   event_namespace(event), "eventTime", micro_time(event->first_seen), "regarding",
                                   regarding(event), "reportingController", recorder->controller, "reportingInstance",
                                   recorder->instance, "reason", event->reason, "action", event->action, "note",
                                   event->note, "type", event->is_warning ? "Warning" : "Normal");
        if (event->seen > 1)
                json_object_set_new(object, "series", series_of(event));
        return object;
}

static void drop(struct event *event)
{
        metric_add(METRIC(&dropped_total, NULL), 1);
        free_event(event);
}

static void on_written(void *ctx, const struct kube_reply *reply)
{
        struct event *event = ctx;
        struct event_recorder *recorder = event->recorder;
        event->call = NULL;
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
                if (recorder->in_flight[i] == event)
                        recorder->in_flight[i] = NULL;
        bool is_gone =
            reply->err == ERR_NOT_FOUND && event->written > 0; /* its time to live ended: the series begins anew */
        if (is_gone) {
                event->written = 0;
                free(event->name);
                event->name = NULL;
        }
        if (reply->err != ERR_OK && !is_gone)
                drop(event);
        else if (is_gone || event->seen > event->written)
                append(&recorder->waiting, event);
        else
                append(&recorder->recent, event);
        pump(recorder);
}

static void write_event(struct event *event)
{
        struct event_recorder *recorder = event->recorder;
        bool is_new = event->name == NULL;
        if (is_new) {
                char name[NAME_BYTES_MAX + 1];
                uint64_t suffix = (uint64_t)arc4random() << 32 | arc4random();
                (void)snprintf(name, sizeof(name), "%.*s.%016" PRIx64, NAME_BYTES_MAX - SUFFIX_BYTES,
                               event->subject_name, suffix);
                event->name = mem_strdup(name);
        }
        char *path = kube_path(&events, event_namespace(event), is_new ? NULL : event->name, NULL);
        json_t *object = is_new ? event_object(event) : json_pack("{s:o}", "series", series_of(event));
        event->written = event->seen;
        event->call = is_new ? kube_create(recorder->kube, path, object, TIMEOUT_MS, on_written, event)
                             : kube_patch(recorder->kube, path, object, TIMEOUT_MS, on_written, event);
        json_decref(object);
        free(path);
}

static struct event **free_slot(struct event_recorder *recorder)
{
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
                if (!recorder->in_flight[i])
                        return &recorder->in_flight[i];
        return NULL;
}

/* Write what may be written now; the pace is part of the bargain: leases and records use the same API server. */
static void pump(struct event_recorder *recorder)
{
        mono_ms now = loop_now(recorder->loop);
        struct event **slot;
        forget_old(recorder);
        while (recorder->waiting.first && (slot = free_slot(recorder)) != NULL) {
                mono_ms full_at = (recorder->full_at > now ? recorder->full_at : now) + EVERY_MS;
                if (full_at > now + BURST * EVERY_MS) {
                        loop_timer_set(recorder->loop, &recorder->pace, full_at - BURST * EVERY_MS);
                        return;
                }
                recorder->full_at = full_at;
                *slot = take_first(&recorder->waiting);
                write_event(*slot);
        }
}

static void on_pace(struct loop_timer *timer)
{
        pump(CONTAINER_OF(timer, struct event_recorder, pace));
}

/* ---- recording ---- */

/* True where the same was recorded within five minutes: it is counted there. */
static bool count_again(struct event_recorder *recorder, const char *uid, const char *reason, const char *note)
{
        struct event *event = find_in(&recorder->waiting, uid, reason, note);
        if (!event)
                event = find_in_flight(recorder, uid, reason, note);
        struct event *recent = event ? NULL : find_in(&recorder->recent, uid, reason, note);
        if (!event && !recent)
                return false;
        if (recent) {
                event = take_out(&recorder->recent, recent);
                append(&recorder->waiting, event);
        }
        event->seen++;
        event->last_seen = clock_wall();
        event->seen_at = loop_now(recorder->loop);
        return true;
}

static struct event *new_event(struct event_recorder *recorder, const struct event_subject *subject, const char *reason,
                               const char *action, const char *note)
{
        struct event *event = mem_new(event);
        const struct kube_resource *resource = subject->resource;
        char api_version[160];
        (void)snprintf(api_version, sizeof(api_version), "%s%s%s", resource->group, resource->group[0] ? "/" : "",
                       resource->version);
        event->recorder = recorder;
        event->api_version = mem_strdup(api_version);
        event->kind = mem_strdup(resource->kind);
        event->namespace_name = subject->namespace_name ? mem_strdup(subject->namespace_name) : NULL;
        event->subject_name = mem_strdup(subject->name);
        event->uid = mem_strdup(subject->uid ? subject->uid : "");
        event->reason = mem_strdup(reason);
        event->action = mem_strdup(action);
        event->note = mem_strdup(note);
        event->seen = 1;
        event->first_seen = event->last_seen = clock_wall();
        event->seen_at = loop_now(recorder->loop);
        return event;
}

/* A text that was cut in the middle of a character, or that came from a hostile peer, must not cost the Event. */
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

void event_record(struct event_recorder *recorder, const struct event_subject *subject, bool warning,
                  const char *reason, const char *action, const char *message)
{
        char short_reason[REASON_BYTES], short_action[REASON_BYTES], note[NOTE_BYTES];
        (void)TEXT_COPY(short_reason, reason);
        (void)TEXT_COPY(short_action, action && action[0] ? action : reason); /* the API wants one */
        (void)TEXT_COPY(note, message);
        make_utf8(note);
        forget_old(recorder);
        if (!count_again(recorder, subject->uid ? subject->uid : "", short_reason, note)) {
                struct event *event = new_event(recorder, subject, short_reason, short_action, note);
                event->is_warning = warning;
                if (recorder->waiting.count >= QUEUE_MAX)
                        drop(event);
                else
                        append(&recorder->waiting, event);
        }
        pump(recorder);
}

struct event_recorder *event_recorder_open(struct loop *loop, struct kube *kube, const char *controller,
                                           const char *instance)
{
        struct event_recorder *recorder = mem_new(recorder);
        char short_instance[REASON_BYTES];
        metrics_register(&dropped_total);
        (void)METRIC(&dropped_total, NULL); /* a counter that is not there cannot be alerted on */
        (void)TEXT_COPY(short_instance, instance);
        recorder->loop = loop;
        recorder->kube = kube;
        recorder->controller = mem_strdup(controller);
        recorder->instance = mem_strdup(short_instance);
        recorder->waiting.end = &recorder->waiting.first;
        recorder->recent.end = &recorder->recent.first;
        recorder->pace.due = on_pace;
        return recorder;
}

static void free_list(struct event_list *list)
{
        for (struct event *event = take_first(list); event; event = take_first(list))
                free_event(event);
}

void event_recorder_close(struct event_recorder *recorder)
{
        if (!recorder)
                return;
        loop_timer_stop(recorder->loop, &recorder->pace);
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
                if (!recorder->in_flight[i])
                        continue;
                kube_cancel(recorder->in_flight[i]->call);
                free_event(recorder->in_flight[i]);
        }
        free_list(&recorder->waiting);
        free_list(&recorder->recent);
        free(recorder->controller);
        free(recorder->instance);
        free(recorder);
}
