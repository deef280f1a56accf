/* lease_record.c -- a Lease as a struct, and the objects that change it. */
#include "kube/lease_record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kube/watch_line.h"
#include "util/mem.h"
#include "util/text.h"

static char *copy_text(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        return mem_strdup(text ? text : "");
}

static mono_ms seconds_in(const json_t *value)
{
        json_int_t seconds = json_integer_value(value);
        return seconds < 0 ? 0 : seconds > INT32_MAX ? INT32_MAX : seconds;
}

bool lease_record_read(const json_t *lease, struct lease_record *ret)
{
        const char *version = object_resource_version(lease);
        const json_t *spec = json_object_get(lease, "spec");
        if (!version)
                return false;
        lease_record_clear(ret);
        *ret = (struct lease_record){
            .resource_version = mem_strdup(version),
            .holder = copy_text(spec, "holderIdentity"),
            .renew_time = copy_text(spec, "renewTime"),
            .acquire_time = copy_text(spec, "acquireTime"),
            .transitions = json_integer_value(json_object_get(spec, "leaseTransitions")),
            .lease_ms = seconds_in(json_object_get(spec, "leaseDurationSeconds")) * 1000,
        };
        return true;
}

void lease_record_clear(struct lease_record *record)
{
        free(record->resource_version);
        free(record->holder);
        free(record->renew_time);
        free(record->acquire_time);
        *record = (struct lease_record){0};
}

bool lease_record_is_renewed(const struct lease_record *before, const struct lease_record *after)
{
        return !text_equal(before->holder, after->holder) || !text_equal(before->renew_time, after->renew_time) ||
               !text_equal(before->acquire_time, after->acquire_time) || before->transitions != after->transitions;
}

static json_t *micro_time(unix_ms now)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time_micro(now, text);
        return json_string(text);
}

static json_int_t duration_s(const struct lease_claim *claim)
{
        return claim->lease_ms > 1000 ? (claim->lease_ms + 999) / 1000 : 1;
}

static json_t *new_metadata(const struct lease_claim *claim)
{
        json_t *metadata = json_object();
        if (claim->label_key)
                json_object_set_new(metadata, "labels", json_pack("{s:s}", claim->label_key, claim->label_value));
        return metadata;
}

static json_t *guard(json_t *metadata, const struct lease_record *known)
{
        json_object_set_new(metadata, "resourceVersion", json_string(known->resource_version));
        return metadata;
}

json_t *lease_object_new(const struct lease_claim *claim)
{
        json_t *metadata = new_metadata(claim);
        json_object_set_new(metadata, "name", json_string(claim->name));
        json_object_set_new(metadata, "namespace", json_string(claim->namespace_name));
        return json_pack("{s:s, s:s, s:o, s:{s:s, s:I, s:o, s:o, s:i}}", "apiVersion", "coordination.k8s.io/v1", "kind",
                         "Lease", "metadata", metadata, "spec", "holderIdentity", claim->identity,
                         "leaseDurationSeconds", duration_s(claim), "acquireTime", micro_time(claim->now), "renewTime",
                         micro_time(claim->now), "leaseTransitions", 0);
}

/* The API server takes an int32. A full count stays full: an overflow would be refused, and no replica could lead. */
static json_int_t next_transition(const struct lease_record *known)
{
        return known->transitions < 0 ? 0 : known->transitions < INT32_MAX ? known->transitions + 1 : INT32_MAX;
}

json_t *lease_patch_acquire(const struct lease_claim *claim, const struct lease_record *known)
{
        bool is_ours = strcmp(known->holder, claim->identity) == 0; /* before a restart under the same name */
        return json_pack("{s:o, s:{s:s, s:I, s:o, s:o, s:I}}", "metadata", guard(new_metadata(claim), known), "spec",
                         "holderIdentity", claim->identity, "leaseDurationSeconds", duration_s(claim), "acquireTime",
                         micro_time(claim->now), "renewTime", micro_time(claim->now), "leaseTransitions",
                         is_ours ? known->transitions : next_transition(known));
}

json_t *lease_patch_renew(const struct lease_claim *claim, const struct lease_record *known)
{
        return json_pack("{s:o, s:{s:s, s:I, s:o}}", "metadata", guard(json_object(), known), "spec", "holderIdentity",
                         claim->identity, "leaseDurationSeconds", duration_s(claim), "renewTime",
                         micro_time(claim->now));
}

json_t *lease_patch_release(const struct lease_claim *claim, const struct lease_record *known)
{
        return json_pack("{s:o, s:{s:n, s:i, s:o}}", "metadata", guard(json_object(), known), "spec", "holderIdentity",
                         "leaseDurationSeconds", 1, "renewTime", micro_time(claim->now));
}
