/*
 * kube_rig.h -- one object on a scripted API server, and a session of a driver that visits it: what tests of targets/kube/
 * begin with. The server merges patches and refuses old versions as a real one does.
 */
#ifndef PK_TEST_KUBE_RIG_H
#define PK_TEST_KUBE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_hub.h"
#include "targets/kube/environment.h"
#include "targets/target.h"

#define KUBE_RIG_STORE "k8s/uid-1/ns/gloo"

struct kube_rig {
        struct fake_hub hub;
        struct kube_environment environment;
        const struct target_driver *driver;
        struct target_session *session;
        json_t *object;     /* NULL: there is none */
        const char *path;   /* of the object */
        json_t *followers;  /* the list under follow_path; NULL: none */
        const char *follow_path;
        uint64_t version;
        int status;         /* of every answer about the object; 0: as it is */
        int patch_status;   /* of patches alone */
        bool is_mute;
        unsigned gets, patches, asked; /* asked: patches of followers */
        json_t *last_patch;
        void (*before_patch)(struct kube_rig *rig); /* somebody else comes first; once */
        void (*after_patch)(struct kube_rig *rig);  /* something on the way makes another object of it */
        const char *denied; /* verb that a review refuses; NULL: none */
        bool is_done;
        struct target_visit visit;
};

/* @settings: pairs, NULL-terminated. The object is JSON with single quotes. */
void kube_rig_open(struct kube_rig *rig, const struct target_driver *driver, const char *path, const char *object,
                   const struct target_setting *settings, const struct target_credential *credentials, size_t credential_count);
void kube_rig_close(struct kube_rig *rig);

/* Until the visit has ended; its `found` is the rig's until the next one. */
enum err kube_rig_read(struct kube_rig *rig);
/* From what the last visit found to @value by @plane's @epoch. */
enum err kube_rig_swap(struct kube_rig *rig, const char *value, const char *plane, epoch_t epoch);
enum err kube_rig_ask(struct kube_rig *rig);
void kube_rig_changed(struct kube_rig *rig); /* the object has another version */
const json_t *kube_rig_at(const json_t *object, const char *pointer); /* NULL where absent */

#endif
