/*
 * jobs_rig.h -- the Jobs of a namespace on a scripted API server that keeps them as a real one does, and a session of a driver that
 * visits them.
 */
#ifndef PK_TEST_JOBS_RIG_H
#define PK_TEST_JOBS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_hub.h"
#include "targets/kube/environment.h"
#include "targets/target.h"

#define JOBS_RIG_STORE "k8s/uid-1/ns/gloo"

struct jobs_rig {
        struct fake_hub hub;
        struct kube_environment environment;
        const char *target; /* name of the target that is visited; NULL: none */
        struct target_session *session;
        json_t *jobs; /* an array */
        uint64_t version;
        unsigned creates, patches, lists, rehearsals;
        int create_status, patch_status, list_status; /* 0: as it is */
        const char *denied;
        bool expires; /* something at the server gives each Job a time to live */
        bool is_mute;
        void (*before_release)(struct jobs_rig *rig); /* once */
        void (*before_create)(struct jobs_rig *rig);  /* once */
        bool is_done;
        struct target_visit visit;
};

/* Jobs are in namespace ci, and called switch-<epoch>. @settings: pairs, NULL-terminated, beside those of every Job. */
void jobs_rig_open(struct jobs_rig *rig, const struct target_driver *driver, const struct target_setting *settings);
void jobs_rig_close(struct jobs_rig *rig);

/* Until the visit has ended; its `found` is the rig's until the next one, and what a swap expects. */
enum err jobs_rig_run(struct jobs_rig *rig, enum target_verb verb, const struct target_want *want);
enum err jobs_rig_look(struct jobs_rig *rig);
enum err jobs_rig_swap(struct jobs_rig *rig, const char *plane, epoch_t epoch);

json_t *jobs_rig_job(const struct jobs_rig *rig, const char *name); /* NULL: there is none */
json_t *jobs_rig_at(json_t *object, const char *a, const char *b);  /* @b NULL: the member @a itself */
bool jobs_rig_is_suspended(const struct jobs_rig *rig, const char *name);
/* As the Job controller writes it. */
void jobs_rig_set(struct jobs_rig *rig, const char *name, const char *type, const char *reason, int active);

#endif
