/* api_backup.c -- a store that goes back in time, with everything in it. */
#include <stdlib.h>
#include <string.h>

#include "api_parts.h"
#include "judge.h"
#include "util/mem.h"

void api_forget_objects(struct object **objects)
{
        while (*objects) {
                struct object *object = *objects;
                *objects = object->next;
                json_decref(object->json);
                free(object);
        }
}

void api_forget_changes(struct api *api)
{
        for (unsigned i = 0; i < api->log_count; i++)
                json_decref(api->log[(api->log_first + i) % LOG_MAX].json);
        api->log_count = 0;
}

static struct object *copied(const struct object *objects)
{
        struct object *first = NULL, **last = &first;
        for (; objects; objects = objects->next) {
                *last = mem_new(*last);
                (*last)->kind = objects->kind;
                (*last)->json = json_deep_copy(objects->json);
                last = &(*last)->next;
        }
        return first;
}

void api_back_up(unsigned cluster)
{
        struct api *api = &apis[cluster];
        api_forget_objects(&api->backup);
        api->backup = copied(api->objects);
        api->backup_version = api->version;
        api->has_backup = true;
}

/* What nobody had when the backup was made is gone without a trace: no watch says so. */
static void tell_what_is_lost(const struct api *api)
{
        for (const struct object *object = api->objects; object; object = object->next)
                judge_deleted(api->cluster, object->kind, object->json);
}

void api_restore(unsigned cluster)
{
        struct api *api = &apis[cluster];
        if (!api->has_backup)
                return;
        api_cut_watches(cluster, false);
        tell_what_is_lost(api);
        judge_went_back(cluster);
        api_forget_objects(&api->objects);
        api_forget_changes(api);
        api->objects = copied(api->backup);
        api->version = api->compacted = api->backup_version;
        api->refuses_future = chance(500);
        for (struct object *object = api->objects; object; object = object->next) {
                api_count(api, object->json);
                judge_object(cluster, object->kind, object->json, NULL);
        }
}
