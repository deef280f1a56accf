/*
 * object.h -- private to probe/: a check that reads one object on the plane's own API server.
 *
 * A kind of object is a const struct object_kind; its driver has probe_object_start(), _cancel() and _close().
 *
 * Threads: loop thread only.
 */
#ifndef PK_PROBE_OBJECT_H
#define PK_PROBE_OBJECT_H

#include <jansson.h>

#include "kube/client.h"
#include "probe/driver.h"

struct object_kind {
        struct kube_resource resource;
        const char *field; /* of the spec that names the object, for people */
        /* Makes @sample, a PASS, what @object says. */
        void (*judge)(const json_t *object, struct sample *sample);
};

MUST_CHECK enum err probe_object_open(const struct object_kind *kind, const struct probe_spec *spec,
                                      struct probe **ret, struct errmsg *reterr);
void probe_object_start(struct probe *probe);
void probe_object_cancel(struct probe *probe);
void probe_object_close(struct probe *probe);

#endif
