/* event.c -- Kubernetes Events: queued, de-duplicated into series, paced. */
#include "kube/event.h"

#include <stdlib.h>
#include <string.h>

#include "kube/event_entry.h"
#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        QUEUE_MAX = 1000,
        RECENT_MAX = 256,
        IN_FLIGHT_MAX = 4,
        KNOWN_SLOTS = 1024,
        BURST = 50,
        EVERY_MS = 50, /* 20 per second */
        SERIES_MS = 5 * 60 * 1000,
        RETRY_FIRST_MS = 250,
        RETRIES_DOUBLED = 5, /* then every 8 s */
        TIMEOUT_MS = 5 * 1000,
        INSTANCE_BYTES = 128 + 1, /* bound of the API, with the NUL */
};

static const struct kube_resource events = {"events.k8s.io", "v1", "events", "Event"};

struct entry_list {
        struct event_entry *first;
        struct event_entry **end;
        size_t count;
};

/* An entry is in exactly one list (waiting, in flight or recent), and in the table by the hash of its facts. */
struct event_recorder {
        struct loop *loop;
        struct kube *kube;
        char *controller;
        char *instance;
        struct entry_list waiting; /* to be written, oldest first */
        struct entry_list recent;  /* written, may become a series; the one seen longest ago first */
        struct event_entry *in_flight[IN_FLIGHT_MAX];
        struct event_entry *known[KNOWN_SLOTS]; /* a mass switch records thousands, each compared with all there are */
        mono_ms full_at;                        /* when the burst is whole again: a token bucket as one time */
        mono_ms retry_at;  /* nothing is written before: the API server did not take the last one */
        unsigned failures; /* in a row */
        struct loop_timer pace;
        struct yield yield;
        void (*troubled)(void *ctx, enum err err, const char *why); /* may be NULL */
        void *troubled_ctx;
};

static struct metric_family dropped_total = {
    .name = "planekeeper_events_dropped_total",
    .help = "Kubernetes Events that could not be written or did not fit into the queue.",
    .type = METRIC_COUNTER,
};

static void pump(struct event_recorder *recorder);

/* ---- lists ---- */

static void append(struct entry_list *list, struct event_entry *entry)
{
        entry->next = NULL;
        *list->end = entry;
        list->end = &entry->next;
        list->count++;
}

static struct event_entry *take(struct entry_list *list, struct event_entry *entry)
{
        struct event_entry **link = &list->first;
        while (*link != entry)
                link = &(*link)->next;
        *link = entry->next;
        if (list->end == &entry->next)
                list->end = link;
        list->count--;
        return entry;
}

static struct event_entry *find(const struct event_recorder *recorder, const struct event_facts *facts)
{
        struct event_entry *entry = recorder->known[facts->hash % KNOWN_SLOTS];
        while (entry && !entry_has_facts(entry, facts))
                entry = entry->next_known;
        return entry;
}

static void remember(struct event_recorder *recorder, struct event_entry *entry)
{
        struct event_entry **slot = &recorder->known[entry->hash % KNOWN_SLOTS];
        entry->next_known = *slot;
        *slot = entry;
}

static void forget(struct event_recorder *recorder, struct event_entry *entry)
{
        struct event_entry **link = &recorder->known[entry->hash % KNOWN_SLOTS];
        while (*link != entry)
                link = &(*link)->next_known;
        *link = entry->next_known;
        entry_free(entry);
}

static void forget_old(struct event_recorder *recorder)
{
        struct entry_list *recent = &recorder->recent;
        mono_ms now = loop_now(recorder->loop);
        while (recent->first && (recent->count > RECENT_MAX || now - recent->first->seen_at >= SERIES_MS))
                forget(recorder, take(recent, recent->first));
}

/* ---- writing ---- */

static struct event_entry **slot_of(struct event_recorder *recorder, const struct event_entry *entry)
{
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
                if (recorder->in_flight[i] == entry)
                        return &recorder->in_flight[i];
        return NULL;
}

static void drop(struct event_recorder *recorder, struct event_entry *entry)
{
        metric_add(METRIC(&dropped_total, NULL), 1);
        forget(recorder, entry);
}

/* An Event is sent again where the API server did not answer, as in the very outage that Events report. One that it
 * refused is dropped. */
static bool try_again(struct event_recorder *recorder, struct event_entry *entry, enum err err)
{
        if ((err != ERR_TRANSIENT && err != ERR_UNKNOWN) || recorder->waiting.count >= QUEUE_MAX)
                return false;
        mono_ms delay = (mono_ms)RETRY_FIRST_MS
                        << (recorder->failures < RETRIES_DOUBLED ? recorder->failures : RETRIES_DOUBLED);
        recorder->failures++;
        recorder->retry_at = loop_now(recorder->loop) + delay;
        entry->written = 0;
        append(&recorder->waiting, entry);
        return true;
}

static void tell_trouble(struct event_recorder *recorder, enum err err, const char *why)
{
        if (recorder->troubled)
                recorder->troubled(recorder->troubled_ctx, err, why);
}

static void on_written(void *ctx, const struct kube_reply *reply)
{
        struct event_entry *entry = ctx;
        struct event_recorder *recorder = entry->owner;
        struct event_entry **slot = slot_of(recorder, entry);
        INVARIANT(slot);
        *slot = NULL;
        entry->call = NULL;
        bool is_gone =
            reply->err == ERR_NOT_FOUND && entry->is_stored; /* its time to live ended: the series begins anew */
        if (reply->err != ERR_OK && !is_gone) {
                tell_trouble(recorder, reply->err, reply->why.text);
                if (!try_again(recorder, entry, reply->err))
                        drop(recorder, entry);
                pump(recorder);
                return;
        }
        if (is_gone)
                entry->written = 0;
        entry->is_stored = !is_gone;
        recorder->failures = 0;
        tell_trouble(recorder, ERR_OK, "");
        append(entry->seen > entry->written ? &recorder->waiting : &recorder->recent, entry);
        pump(recorder);
}

static void write_entry(struct event_entry *entry)
{
        struct event_recorder *recorder = entry->owner;
        bool is_new = !entry->is_stored;
        if (is_new)
                entry_set_new_name(entry);
        char *path = kube_path(&events, entry_namespace(entry), is_new ? NULL : entry->name, NULL);
        json_t *object =
            is_new ? entry_object(entry, recorder->controller, recorder->instance) : entry_series_patch(entry);
        entry->written = entry->seen;
        entry->call = is_new ? kube_create(recorder->kube, path, object, TIMEOUT_MS, on_written, entry)
                             : kube_patch(recorder->kube, path, object, TIMEOUT_MS, on_written, entry);
        json_decref(object);
        free(path);
}

/* Writes what the rate allows: Leases and records go to the same API server, and must not queue behind Events. */
static void pump(struct event_recorder *recorder)
{
        mono_ms now = loop_now(recorder->loop);
        struct event_entry **slot;
        forget_old(recorder);
        if (recorder->waiting.first && now < recorder->retry_at) {
                loop_timer_set(recorder->loop, &recorder->pace, recorder->retry_at);
                return;
        }
        if (recorder->waiting.first && yield_must_wait(&recorder->yield, now)) {
                loop_timer_set(recorder->loop, &recorder->pace, now + YIELD_LOOK_MS);
                return;
        }
        while (recorder->waiting.first && (slot = slot_of(recorder, NULL)) != NULL) {
                mono_ms full_at = (recorder->full_at > now ? recorder->full_at : now) + EVERY_MS;
                if (full_at > now + BURST * EVERY_MS) {
                        loop_timer_set(recorder->loop, &recorder->pace, full_at - BURST * EVERY_MS);
                        return;
                }
                recorder->full_at = full_at;
                *slot = take(&recorder->waiting, recorder->waiting.first);
                write_entry(*slot);
        }
}

static void on_pace(struct loop_timer *timer)
{
        pump(CONTAINER_OF(timer, struct event_recorder, pace));
}

/* ---- recording ---- */

/* The entry with these facts wherever it is, NULL where there is none; a remembered one is put into the queue again. */
static struct event_entry *find_series(struct event_recorder *recorder, const struct event_facts *facts)
{
        struct event_entry *entry = find(recorder, facts);
        bool is_recent = entry && !entry->call && entry->seen == entry->written;
        if (is_recent)
                append(&recorder->waiting, take(&recorder->recent, entry));
        return entry;
}

void event_record(struct event_recorder *recorder, const struct event_subject *subject, bool warning,
                  const char *reason, const char *action, const char *message)
{
        struct event_facts facts;
        event_facts_set(&facts, subject, warning, reason, action, message);
        forget_old(recorder);
        struct event_entry *entry = find_series(recorder, &facts);
        if (!entry && recorder->waiting.count >= QUEUE_MAX) {
                metric_add(METRIC(&dropped_total, NULL), 1);
                return;
        }
        if (!entry) {
                entry = entry_new(&facts);
                entry->owner = recorder;
                entry->first_seen = clock_wall();
                append(&recorder->waiting, entry);
                remember(recorder, entry);
        }
        entry->seen++;
        entry->last_seen = clock_wall();
        entry->seen_at = loop_now(recorder->loop);
        pump(recorder);
}

struct event_recorder *event_recorder_open(struct loop *loop, struct kube *kube, const char *controller,
                                           const char *instance)
{
        struct event_recorder *recorder = mem_new(recorder);
        char short_instance[INSTANCE_BYTES];
        metrics_register(&dropped_total);
        (void)METRIC(&dropped_total, NULL); /* an alert needs the counter from the start */
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

void event_recorder_yield(struct event_recorder *recorder, const struct yield *yield)
{
        recorder->yield = *yield;
}

void event_recorder_on_trouble(struct event_recorder *recorder,
                               void (*troubled)(void *ctx, enum err err, const char *why), void *ctx)
{
        recorder->troubled = troubled;
        recorder->troubled_ctx = ctx;
}

static void free_list(struct entry_list *list)
{
        while (list->first)
                entry_free(take(list, list->first));
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
                entry_free(recorder->in_flight[i]);
        }
        free_list(&recorder->waiting);
        free_list(&recorder->recent);
        free(recorder->controller);
        free(recorder->instance);
        free(recorder);
}
