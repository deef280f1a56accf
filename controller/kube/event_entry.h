/*
 * event_entry.h -- one Event: what was recorded, how often, and how it is written. Private to event.c.
 *
 * Ownership: entry_new() copies every text; entry_free(). json_t returned is the caller's.
 * Bounds:    those of the API: note 1 kB, reason and action 128 bytes; longer ones are cut between characters, and
 *            invalid UTF-8 becomes '?'.
 * Source:    events.k8s.io/v1
 */
#ifndef PK_KUBE_EVENT_ENTRY_H
#define PK_KUBE_EVENT_ENTRY_H

#include "kube/event.h"

/* The facts of an Event; two with equal facts belong to one series. Texts within the bounds. */
struct event_facts {
        const struct event_subject *subject;
        uint64_t hash; /* of what makes a series */
        bool is_warning;
        char reason[128 + 1];
        char action[128 + 1];
        char note[1024 + 1];
};

struct event_entry {
        struct event_entry *next;       /* in a list of its owner */
        struct event_entry *next_known; /* in its owner's table of all */
        void *owner;
        struct kube_call *call; /* while it is being written */
        mono_ms seen_at;        /* last */
        unsigned seen;          /* times recorded */
        unsigned written;       /* times that the API server knows of */
        unix_ms first_seen;
        unix_ms last_seen;
        char *name;     /* of the Event object */
        bool is_stored; /* the API server has it */
        bool is_warning;
        uint64_t hash;     /* as in the facts */
        char *api_version; /* of the object that it is about */
        char *kind;
        char *namespace_name; /* NULL: cluster-wide */
        char *subject_name;
        char *uid;
        char *reason;
        char *action;
        char *note;
};

/* @action may be NULL: the reason is taken, because the API wants one. @ret borrows @subject. */
void event_facts_set(struct event_facts *ret, const struct event_subject *subject, bool is_warning, const char *reason,
                     const char *action, const char *message);

struct event_entry *entry_new(const struct event_facts *facts);
void entry_free(struct event_entry *entry);
bool entry_has_facts(const struct event_entry *entry, const struct event_facts *facts);
void entry_set_new_name(struct event_entry *entry);

const char *entry_namespace(const struct event_entry *entry); /* where its Event object goes */
json_t *entry_object(const struct event_entry *entry, const char *controller, const char *instance);
json_t *entry_series_patch(const struct event_entry *entry);

#endif
