/*
 * kill_switch.h -- the operator-wide kill switch: ConfigMap planekeeper in the operator's own namespace.
 *
 * It fails closed: no ConfigMap and killSwitch "false" are off; "true", whatever is not understood, and a ConfigMap
 * that may not be read are on. An API server that does not answer changes nothing, in either direction.
 *
 * Threads: loop thread only; kill_switch_read() is pure.
 */
#ifndef PK_RECONCILE_KILL_SWITCH_H
#define PK_RECONCILE_KILL_SWITCH_H

#include <jansson.h>
#include <stdbool.h>

#include "kube/client.h"

struct manager;

enum { KILL_SWITCH_WHY_BYTES = 1024 };

struct kill_switch {
        void (*changed)(struct manager *manager, bool is_news); /* settled at first, or it says something else */
        bool is_on;
        bool is_settled;                 /* asked, and something came of it: no pass before */
        char why[KILL_SWITCH_WHY_BYTES]; /* on although nobody has said so in so many words: what is wrong, and the
                                            remedy; "" else */
        struct kube_call *call;
        mono_ms asked_at;
        mono_ms answered_at;  /* when the API server last said anything to the question */
        mono_ms failing_since; /* answers that say neither yes nor no; 0: the last one did */
};

/* Whether @config_map says on; *ret_why as above. */
bool kill_switch_read(const json_t *config_map, const char *namespace_name, char ret_why[KILL_SWITCH_WHY_BYTES]);
/* Ask where it is time to; called once a second. */
void kill_switch_tick(struct manager *manager);

#endif
