/* announcement.c -- the Lease that tells a cluster which plane is active. */
#include "api/announcement.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "util/mem.h"
#include "util/text.h"

static char *copy_text(const json_t *value)
{
        const char *text = json_string_value(value);
        return mem_strdup(text ? text : "");
}

static epoch_t read_epoch(const char *text)
{
        char *end = NULL;
        errno = 0;
        unsigned long long epoch = text && text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
        return end && !*end && !errno && epoch <= EPOCH_MAX ? epoch : 0;
}

enum err announcement_read(const json_t *lease, struct announcement *ret, struct errmsg *reterr)
{
        const json_t *annotations = json_object_get(json_object_get(lease, "metadata"), "annotations");
        const json_t *spec = json_object_get(lease, "spec");
        const char *version = object_meta(lease, "resourceVersion");
        const char *owner = json_string_value(json_object_get(annotations, ANNOTATION_OWNER));
        const char *epoch = json_string_value(json_object_get(annotations, ANNOTATION_EPOCH));
        if (!version)
                return err_set(reterr, ERR_INVALID, "a Lease without a resourceVersion");
        if (!owner || !read_epoch(epoch))
                return err_set(reterr, ERR_INVALID,
                               "it is no announcement of Planekeeper, for it lacks " ANNOTATION_OWNER
                               " or " ANNOTATION_EPOCH
                               ": delete it if nobody needs it, or choose another spec.announce.lease");
        *ret = (struct announcement){.version = mem_strdup(version),
                                     .plane = copy_text(json_object_get(spec, "holderIdentity")),
                                     .owner = mem_strdup(owner),
                                     .epoch = read_epoch(epoch),
                                     .transitions = json_integer_value(json_object_get(spec, "leaseTransitions"))};
        return ERR_OK;
}

void announcement_clear(struct announcement *announcement)
{
        free(announcement->version);
        free(announcement->plane);
        free(announcement->owner);
        *announcement = (struct announcement){0};
}

static json_t *micro_time(unix_ms now)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time_micro(now, text);
        return json_string(text);
}

static json_t *metadata_of(const struct announcement_wish *wish)
{
        json_t *metadata = json_pack("{s:{s:s, s:o}}", "annotations", ANNOTATION_OWNER, wish->owner, ANNOTATION_EPOCH,
                                     json_sprintf("%" PRIu64, wish->epoch));
        INVARIANT(metadata);
        return metadata;
}

static json_t *spec_of(const struct announcement_wish *wish)
{
        json_t *spec = json_pack("{s:s, s:I, s:o}", "holderIdentity", wish->plane, "leaseDurationSeconds",
                                 (json_int_t)(wish->lease_ms / 1000), "renewTime", micro_time(wish->now));
        INVARIANT(spec);
        return spec;
}

json_t *announcement_new(const struct announcement_wish *wish)
{
        json_t *metadata = metadata_of(wish), *spec = spec_of(wish);
        json_object_set_new(metadata, "name", json_string(wish->name));
        json_object_set_new(metadata, "namespace", json_string(wish->namespace_name));
        json_object_set_new(spec, "acquireTime", micro_time(wish->now));
        json_object_set_new(spec, "leaseTransitions", json_integer(0));
        return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "coordination.k8s.io/v1", "kind", "Lease", "metadata",
                         metadata, "spec", spec);
}

json_t *announcement_patch(const struct announcement_wish *wish, const struct announcement *there)
{
        json_t *metadata = metadata_of(wish), *spec = spec_of(wish);
        json_object_set_new(metadata, "resourceVersion", json_string(there->version));
        if (!text_equal(there->plane, wish->plane)) {
                const json_int_t before = there->transitions > 0 ? there->transitions : 0;
                json_object_set_new(spec, "acquireTime", micro_time(wish->now));
                json_object_set_new(spec, "leaseTransitions",
                                    json_integer(before < INT32_MAX ? before + 1 : INT32_MAX));
        }
        return json_pack("{s:o, s:o}", "metadata", metadata, "spec", spec);
}
