/* api_parts.h -- what the files of the API servers share. */
#ifndef PK_TEST_WHOLE_API_PARTS_H
#define PK_TEST_WHOLE_API_PARTS_H

#include "api.h"

enum { LOG_MAX = 512 };

struct api_resource {
        const char *plural, *kind, *api_version;
        bool has_status;
};
extern const struct api_resource api_resources[API_KIND_COUNT];

struct object {
        enum api_kind kind;
        json_t *json; /* never changed in place: a change is a new one */
        struct object *next;
};

struct change {
        uint64_t version;
        enum api_kind kind;
        const char *type; /* ADDED, MODIFIED, DELETED */
        json_t *json;
};

struct api_watch {
        struct exchange *exchange;
        enum api_kind kind;
        bool is_labelled; /* only what has the label of the operator's Leases */
        uint64_t version; /* what was sent last */
        struct api_watch *next;
};

struct api {
        unsigned cluster;
        uint64_t version;
        uint64_t serial; /* of the newest change: unlike a version it never falls, and only the judge reads it */
        struct object *objects;
        struct object *backup; /* of an earlier moment, with its version */
        uint64_t backup_version;
        bool has_backup;
        bool refuses_future; /* a watch that asks for what is still to come is answered 504; else it is silent */
        struct change log[LOG_MAX]; /* a ring; versions rise */
        unsigned log_count, log_first;
        uint64_t compacted; /* what was before it is forgotten */
        struct api_watch *watches;
};

enum { APIS = CLUSTERS_MAX + WORLD_PLANES_MAX };
extern struct api apis[APIS];

bool api_is_labelled(const json_t *object); /* as the operator labels its Leases, and its Jobs */
/* Where the object is, or would be. */
struct object **api_slot(struct api *api, enum api_kind kind, const char *namespace_name, const char *name);
void api_complete(struct api *api, enum api_kind kind, json_t *object); /* what a server adds to a new one */
void api_replace(struct api *api, struct object **at, enum api_kind kind, json_t *json,
                 struct host *by); /* takes @json */
/* What is there afterwards. */
const json_t *api_patch(struct api *api, struct object **at, const json_t *patch, bool is_status, struct host *by);
void api_watch(struct api *api, struct exchange *exchange, enum api_kind kind);
void api_count(struct api *api, json_t *object); /* one more state of that object for the judge */
void api_forget_objects(struct object **objects);
void api_forget_changes(struct api *api);

#endif
