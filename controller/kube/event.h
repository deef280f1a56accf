/*
 * event.h -- Kubernetes Events (events.k8s.io/v1): queued, de-duplicated into series, paced so that leases and records
 * come first.
 *
 * Bounds:  1,000 wait, 4 are in flight, 20 a second with a burst of 50. The same reason and note about the same uid
 *          within five minutes is counted in one Event (256 are remembered).
 * Errors:  an Event that cannot be written is dropped and counted (metric planekeeper_events_dropped_total); nothing
 *          waits for it.
 * Threads: loop thread only.
 * Source:  kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1
 */
#ifndef PK_KUBE_EVENT_H
#define PK_KUBE_EVENT_H

#include "kube/client.h"
#include "runtime/yield.h"

struct event_subject {
        const struct kube_resource *resource;
        const char *namespace_name;
        const char *name;
        const char *uid;
};

struct event_recorder;
struct event_recorder *event_recorder_open(struct loop *loop, struct kube *kube, const char *controller,
                                           const char *instance);
void event_record(struct event_recorder *recorder, const struct event_subject *subject, bool warning,
                  const char *reason, const char *action, const char *message);
/* A write was refused or not answered (ERR_OK: one was taken again); told each time. */
void event_recorder_on_trouble(struct event_recorder *recorder,
                               void (*troubled)(void *ctx, enum err err, const char *why), void *ctx);
/* No Event is written while @yield says that other writes go first. */
void event_recorder_yield(struct event_recorder *recorder, const struct yield *yield);
void event_recorder_close(struct event_recorder *recorder);

#endif
