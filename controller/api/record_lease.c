/* record_lease.c -- the Lease that carries the decision record. */
#include "api/record.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

char *record_lease_name(const char *policy)
{
        struct strbuf name = STRBUF_INIT(512);
        (void)strbuf_append_text(&name, RECORD_LEASE_PREFIX);
        (void)strbuf_append_text(&name, policy);
        return strbuf_take(&name);
}

/* The body of both create and patch. The label is in each: the watch selects by it, so a removed one must come back. */
static json_t *lease_body(const struct record *record, const char *text)
{
        json_t *body = json_pack("{s:{s:{s:s}, s:{s:s}}, s:{}}", "metadata", "labels", RECORD_LABEL_KEY,
                                 RECORD_LABEL_VALUE, "annotations", RECORD_ANNOTATION, text, "spec");
        INVARIANT(body);
        if (record->holder && record->holder[0] != '\0') /* an empty holder is refused by the API server */
                INVARIANT(json_object_set_new(json_object_get(body, "spec"), "holderIdentity",
                                              json_string(record->holder)) == 0);
        return body;
}

enum err record_lease_new(const char *namespace_name, const char *policy, const struct record *record, json_t **ret,
                          struct errmsg *reterr)
{
        char *text;
        enum err err = record_encode(record, &text, reterr);
        if (err != ERR_OK)
                return err;
        json_t *lease = lease_body(record, text);
        free(text);
        char *name = record_lease_name(policy);
        json_t *metadata = json_object_get(lease, "metadata");
        INVARIANT(json_object_set_new(lease, "apiVersion", json_string("coordination.k8s.io/v1")) == 0);
        INVARIANT(json_object_set_new(lease, "kind", json_string("Lease")) == 0);
        INVARIANT(json_object_set_new(metadata, "namespace", json_string(namespace_name)) == 0);
        INVARIANT(json_object_set_new(metadata, "name", json_string(name)) == 0);
        free(name);
        *ret = lease;
        return ERR_OK;
}

enum err record_lease_patch(const struct record *record, const char *resource_version, json_t **ret,
                            struct errmsg *reterr)
{
        INVARIANT(resource_version[0] != '\0'); /* without it the API server would not compare */
        char *text;
        enum err err = record_encode(record, &text, reterr);
        if (err != ERR_OK)
                return err;
        json_t *patch = lease_body(record, text);
        free(text);
        json_t *metadata = json_object_get(patch, "metadata");
        INVARIANT(json_object_set_new(metadata, "resourceVersion", json_string(resource_version)) == 0);
        *ret = patch;
        return ERR_OK;
}

static void decode_annotation(const json_t *lease, struct record_lease *ret)
{
        struct errmsg why;
        const char *text = object_annotation(lease, RECORD_ANNOTATION);
        if (!text)
                ret->why = mem_strdup("the Lease has no annotation " RECORD_ANNOTATION);
        else if (record_decode(text, strlen(text), &ret->record, &why) != ERR_OK)
                ret->why = mem_strdup(why.text);
}

const char *record_lease_policy(const json_t *lease)
{
        const char *name = object_meta(lease, "name");
        bool is_record = text_has_prefix(name, RECORD_LEASE_PREFIX) && name[strlen(RECORD_LEASE_PREFIX)] != '\0' &&
                         text_equal(object_label(lease, RECORD_LABEL_KEY), RECORD_LABEL_VALUE);
        return is_record ? name + strlen(RECORD_LEASE_PREFIX) : NULL;
}

enum err record_lease_decode(const json_t *lease, struct record_lease *ret, struct errmsg *reterr)
{
        const char *name = object_meta(lease, "name");
        const char *policy = record_lease_policy(lease);
        const char *resource_version = object_meta(lease, "resourceVersion");
        if (!policy)
                return err_set(reterr, ERR_NOT_FOUND, "lease %.200s carries no record", name);
        if (resource_version[0] == '\0')
                return err_set(reterr, ERR_INVALID, "lease %.200s has no resourceVersion", name);
        *ret = (struct record_lease){
            .namespace_name = mem_strdup(object_meta(lease, "namespace")),
            .policy = mem_strdup(policy),
            .resource_version = mem_strdup(resource_version),
            .uid = mem_strdup(object_meta(lease, "uid")),
        };
        decode_annotation(lease, ret);
        return ERR_OK;
}

void record_lease_clear(struct record_lease *lease)
{
        free(lease->namespace_name);
        free(lease->policy);
        free(lease->resource_version);
        free(lease->uid);
        free(lease->why);
        record_free(lease->record);
        *lease = (struct record_lease){0};
}
