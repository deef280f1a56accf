/*
 * object.h -- a target that is part of an object on an API server. What the drivers of this folder share: a session
 * that reads the object, and changes it by a merge patch that carries metadata.resourceVersion, so that the server
 * refuses it (409) where anything was changed since. Beside the value the patch writes annotation planekeeper.io/stamp.
 *
 * Nothing is created, and nothing is removed: a patch names the profile's fields and that annotation, and no more.
 *
 * Units:     visits end by their deadline, since each request is given what is left of it.
 * Ownership: a session owns its texts, its credentials (wiped on close) and, where a kubeconfig is given, its client.
 * Errors:    as target.h says; 404 is ERR_INVALID, because the operator creates nothing.
 * Threads:   loop thread only.
 * Source:    kubernetes.io/docs/reference/using-api/api-concepts (resourceVersion, merge patches), RFC 7396
 */
#ifndef PK_TARGETS_KUBE_OBJECT_H
#define PK_TARGETS_KUBE_OBJECT_H

#include "core/view.h"
#include "targets/kube/hub.h"
#include "targets/kube/field.h"
#include "targets/kube/visit.h"
#include "targets/target.h"

enum { OBJECT_KEYS_MAX = 2, OBJECT_FOLLOWERS_MAX = 100, OBJECT_RIGHTS_MAX = 4 };

struct object_session;

/* The differences between the drivers. */
struct object_profile {
        const char *api_version, *resource; /* NULL: the settings of these names */
        const char *const *plane_keys;      /* target_driver.plane_keys */
        const char *pointer;                /* the field; NULL: the setting "path", or by resolve() */
        /* Completes the session from its settings; NULL: nothing is left. */
        MUST_CHECK enum err (*resolve)(struct object_session *session, const struct target_config *config,
                                       struct errmsg *reterr);
        /* The value that @object shows, the caller's; *ret NULL: none. */
        MUST_CHECK enum err (*show)(const struct object_session *session, const json_t *object, char **ret,
                                    struct errmsg *reterr);
        /* Adds to @patch what makes it @want's. */
        MUST_CHECK enum err (*set)(const struct object_session *session, const struct target_want *want, json_t *patch,
                                   struct errmsg *reterr);
        /* Whether what the object says is still to come true; NULL: never. */
        bool (*is_settling)(const struct object_session *session, const json_t *object);
        const struct object_following *following; /* NULL: no other object has to follow */
};

enum follow_state {
        FOLLOW_OTHER,
        FOLLOW_UNASKED,
        FOLLOW_WAITS,
        FOLLOW_FAILED, /* its controller could not, and does not try again for long: it is asked once more */
        FOLLOW_DONE
};

/* Objects whose controller has to act on the value, in the target's namespace: it is asked by their annotations. */
struct object_following {
        struct kube_resource resource;
        /* How @item stands to the target @object; the stamp in force is @stamp. */
        enum follow_state (*state)(const struct object_session *session, const json_t *object,
                                   const struct stamp *stamp, const json_t *item);
        /* The annotations of the request, the caller's. */
        json_t *(*request)(const struct stamp *stamp);
};

/* The entries of one plane's Secret, in the order of the profile's keys. */
struct object_material {
        char *plane;
        struct secret entries[OBJECT_KEYS_MAX];
};

struct object_session {
        struct target_session base;
        const struct object_profile *profile;
        struct hub hub;
        char *group, *version, *resource, *namespace_name, *name, *path;
        char *what;    /* for people: "applications.argoproj.io argocd/gloo" */
        char *pointer; /* of the field, or of the first of them */
        char *key;     /* of a Secret's entry, where the settings name it */
        char *unset;   /* the value that an absent field stands for (one_field.c); NULL: it has none */
        enum field_type type;
        struct object_material materials[PLANES_MAX];
        unsigned material_count;
        /* The visit under way. */
        struct visit_under_way now;
        struct right wanted_rights[OBJECT_RIGHTS_MAX];
        unsigned tries; /* patches that were sent */
        json_t *object;    /* as last answered */
        json_t *followers; /* names that are still to be asked; NULL: not listed */
        bool is_following; /* one of them is not done yet */
        mono_ms again_at;  /* when those that failed are asked again */
};

/* For target_driver. */
#define OBJECT_LIMITS                                                                                                  \
        {                                                                                                              \
                .visit_ms = 5000, .read_every_ms = 30000, .preflight_every_ms = 600000, .session_ms = 600000,          \
                .at_once = 3, .batch_max = 1, .fenced = true                                                           \
        }
MUST_CHECK enum err object_open(const struct target_driver *driver, const struct object_profile *profile,
                                const struct target_config *config, struct target_session **ret, struct errmsg *reterr);
void object_close(struct target_session *session);
void object_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx);
char *object_name_of(const struct object_profile *profile, const struct target_config *config);

/* A session without a client, for its words: what settings and credentials say. object_clear() also of a failure. */
MUST_CHECK enum err object_fill(struct object_session *ret, const struct object_profile *profile,
                                const struct target_config *config, struct errmsg *reterr);
void object_clear(struct object_session *session); /* wipes */

/* NULL where the plane has none. */
const struct secret *object_entry(const struct object_session *session, const char *plane, unsigned key);

/* ---- one_field.c: show(), set() and is_settling() of a value that the field at the pointer holds ---- */

MUST_CHECK enum err object_show_field(const struct object_session *session, const json_t *object, char **ret,
                                      struct errmsg *reterr);
MUST_CHECK enum err object_set_field(const struct object_session *session, const struct target_want *want,
                                     json_t *patch, struct errmsg *reterr);
/* For object_profile.resolve: the type of the field is the setting of that name; default String. */
MUST_CHECK enum err object_take_type(struct object_session *session, const struct target_config *config,
                                     struct errmsg *reterr);
/* Its controller says which generation it has seen, and that is an older one. */
bool object_is_unobserved(const struct object_session *session, const json_t *object);

/* ---- object_visit.c ---- */

struct object_session *object_session_of(struct target_session *session);
void object_cancel(struct object_session *session); /* the visit under way, if any: done() is not called */

#endif
