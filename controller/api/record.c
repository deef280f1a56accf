/* record.c -- the decision record as JSON. Its Lease is in record_lease.c. */
#include "api/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "core/targets.h"
#include "util/mem.h"
#include "util/text.h"

/* The words on the wire, which outlive any change of the names for people. */
static const char *const phases[PHASE_COUNT] = {"None", "Steady", "Switching"};
const char *const record_kinds[TARGET_KIND_COUNT] = {
    [TARGET_FENCE] = "fence", [TARGET_PROMOTION] = "promotion", [TARGET_LOCK] = "lock",
    [TARGET_NAME] = "dns",    [TARGET_PIPELINE] = "pipeline"};

static const char *or_empty(const char *text)
{
        return text ? text : "";
}

static json_t *encode_time(unix_ms time)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time_micro(time, text);
        return json_string(text);
}

static void set_time(json_t *object, const char *key, unix_ms time)
{
        if (time != 0)
                INVARIANT(json_object_set_new(object, key, encode_time(time)) == 0);
}

static json_t *encode_texts(const char *const *texts, unsigned count)
{
        json_t *array = json_array();
        for (unsigned i = 0; i < count; i++) {
                if (json_array_append_new(array, json_string(texts[i])) != 0) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

static json_t *encode_list(const struct plan *plan)
{
        json_t *targets = json_array();
        for (unsigned i = 0; i < plan->target_count; i++) {
                const struct plan_target *planned = &plan->targets[i];
                json_t *target = json_pack(
                    "{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:o}", "kind", record_kinds[planned->ref.kind], "driver",
                    planned->ref.driver, "endpoint", planned->ref.endpoint, "name", planned->ref.name, "db",
                    (json_int_t)planned->ref.db, "ttl", (json_int_t)planned->ttl_s, "to", planned->to, "old",
                    encode_texts(planned->old, planned->old_count));
                if (json_array_append_new(targets, target) != 0) {
                        json_decref(targets);
                        return NULL;
                }
        }
        return json_pack("{s:o}", "targets", targets);
}

/* "o" takes its reference and fails the whole where it is NULL. */
static json_t *encode_plan(const struct plan *plan)
{
        if (plan_version(plan) == RECORD_VERSION_LIST)
                return encode_list(plan);
        static const struct plan_target none = {.to = ""};
        const struct plan_target *name = plan_find(plan, TARGET_NAME), *lock = plan_find(plan, TARGET_LOCK);
        lock = lock ? lock : &none;
        return json_pack("{s:{s:s, s:s, s:s, s:I, s:s, s:o}, s:{s:s, s:s, s:I, s:s, s:o}}", "dns", "provider",
                         or_empty(name->ref.driver), "server", or_empty(name->ref.endpoint), "name",
                         or_empty(name->ref.name), "ttl", (json_int_t)name->ttl_s, "to", or_empty(name->to), "old",
                         encode_texts(name->old, name->old_count), "lock", "server", or_empty(lock->ref.endpoint),
                         "key", or_empty(lock->ref.name), "db", (json_int_t)lock->ref.db, "to", or_empty(lock->to),
                         "old", encode_texts(lock->old, lock->old_count));
}

static json_t *encode_times(const unix_ms *times, unsigned count)
{
        json_t *array = json_array();
        for (unsigned i = 0; i < count; i++)
                INVARIANT(json_array_append_new(array, encode_time(times[i])) == 0);
        return array;
}

/* Beside the record in force: what differs from that. */
static void encode_prepared(const struct record *record, json_t *object)
{
        const struct prepared *prepared = &record->prepared;
        char id[17];
        (void)snprintf(id, sizeof(id), "%016" PRIx64, prepared->id);
        json_t *part = json_pack("{s:I, s:s, s:s, s:o, s:o}", "epoch", (json_int_t)prepared->epoch, "id", id, "to",
                                 prepared->to, "at", encode_time(prepared->at), "values",
                                 encode_texts(prepared->values, record->plan.target_count));
        (void)json_object_set_new(object, "prepared", part);
}

/* NULL where a text is not UTF-8, which is the one thing that jansson refuses. */
static json_t *encode(const struct record *record)
{
        char id[17];
        (void)snprintf(id, sizeof(id), "%016" PRIx64, record->id);
        json_t *object =
            json_pack("{s:i, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "v", (int)record->version, "epoch",
                      (json_int_t)record->epoch, "id", id, "phase", phases[record->phase], "from",
                      or_empty(record->from), "to", or_empty(record->to), "reason", or_empty(record->reason), "holder",
                      or_empty(record->holder), "automatic", (int)record->automatic, "recent",
                      encode_times(record->recent, record->recent_count), "plan", encode_plan(&record->plan));
        if (!object)
                return NULL;
        set_time(object, "detectedAt", record->detected_at);
        set_time(object, "startedAt", record->started_at);
        set_time(object, "completedAt", record->completed_at);
        set_time(object, "cooldownUntil", record->cooldown_until);
        if (record->enforced_count)
                INVARIANT(json_object_set_new(object, "enforced",
                                              encode_times(record->enforced, record->enforced_count)) == 0);
        if (record->given_up)
                INVARIANT(json_object_set_new(object, "givenUp", json_integer((json_int_t)record->given_up)) == 0);
        if (record->prepared.epoch)
                encode_prepared(record, object);
        return object;
}

static decision_id decode_id(const struct scope *scope)
{
        const char *text = decode_text(scope, "id", NULL, 16);
        if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
                decode_fail(scope, "id", "must be 16 hexadecimal digits");
        return strtoull(text, NULL, 16);
}

static unsigned decode_texts(const struct scope *scope, const char *key, const char **ret_texts)
{
        struct scope texts = decode_array(scope, key, PLAN_OLD_MAX);
        for (size_t i = 0; i < decode_count(&texts); i++)
                ret_texts[i] = decode_text_item(&texts, i, RECORD_BYTES_MAX);
        return (unsigned)decode_count(&texts);
}

static void decode_lock(const struct scope *scope, struct plan_target *ret)
{
        *ret = (struct plan_target){.ref = {.kind = TARGET_LOCK,
                                            .driver = TARGET_LOCK_DRIVER,
                                            .endpoint = decode_text(scope, "server", "", RECORD_BYTES_MAX),
                                            .name = decode_text(scope, "key", "", RECORD_BYTES_MAX),
                                            .db = (uint32_t)decode_integer(scope, "db", 0, 0, LOCK_DB_MAX)},
                                    .to = decode_text(scope, "to", "", RECORD_BYTES_MAX)};
        ret->old_count = decode_texts(scope, "old", ret->old);
        bool is_used = ret->ref.endpoint[0] != '\0';
        if (is_used != (ret->ref.name[0] != '\0') || is_used != (ret->to[0] != '\0'))
                decode_fail(scope, "server", "stands with key and to, or none of them does");
}

static void decode_name(const struct scope *scope, struct plan_target *ret)
{
        *ret = (struct plan_target){.ref = {.kind = TARGET_NAME,
                                            .driver = decode_text(scope, "provider", NULL, 63),
                                            .endpoint = decode_text(scope, "server", "", RECORD_BYTES_MAX),
                                            .name = decode_text(scope, "name", NULL, DECODE_TEXT_MAX)},
                                    .ttl_s = (uint32_t)decode_integer(scope, "ttl", 30, 1, DNS_TTL_MAX_S),
                                    .to = decode_text(scope, "to", NULL, RECORD_BYTES_MAX)};
        ret->old_count = decode_texts(scope, "old", ret->old);
        if (!ret->to[0])
                decode_fail(scope, "to", "must not be empty");
}

static void decode_target(const struct scope *scope, enum target_kind at_least, struct plan_target *ret)
{
        *ret = (struct plan_target){
            .ref = {.kind = (enum target_kind)decode_choice(scope, "kind", CHOICES(record_kinds), SIZE_MAX),
                    .driver = decode_text(scope, "driver", NULL, 63),
                    .endpoint = decode_text(scope, "endpoint", "", RECORD_BYTES_MAX),
                    .name = decode_text(scope, "name", NULL, RECORD_BYTES_MAX),
                    .db = (uint32_t)decode_integer(scope, "db", 0, 0, LOCK_DB_MAX)},
            .ttl_s = (uint32_t)decode_integer(scope, "ttl", 0, 0, DNS_TTL_MAX_S)};
        /* That of a target which nothing waits for may not have been known at the decision. */
        const bool may_lack = target_traits(ret->ref.kind)->blocks == BLOCKS_NEVER;
        ret->to = decode_text(scope, "to", may_lack ? "" : NULL, RECORD_BYTES_MAX);
        ret->old_count = decode_texts(scope, "old", ret->old);
        if (ret->ref.kind < at_least)
                decode_fail(scope, "kind", "is of a step before the one of the target above it");
}

/* Whatever needs no list is not written as one, so that there is one way to write each plan. */
static void decode_list(const struct scope *scope, struct plan *plan)
{
        struct scope plan_scope = decode_object(scope, "plan");
        struct scope targets = decode_array(&plan_scope, "targets", TARGETS_MAX);
        for (size_t i = 0; i < decode_count(&targets); i++) {
                struct scope target = decode_item(&targets, i);
                decode_target(&target, i ? plan->targets[i - 1].ref.kind : TARGET_FENCE, &plan->targets[i]);
        }
        plan->target_count = (unsigned)decode_count(&targets);
        if (!plan_find(plan, TARGET_NAME))
                decode_fail(&plan_scope, "targets", "must have one of kind %s", record_kinds[TARGET_NAME]);
        else if (plan_version(plan) != RECORD_VERSION_LIST)
                decode_fail(&plan_scope, "targets", "must have another than one %s and one %s",
                            record_kinds[TARGET_LOCK], record_kinds[TARGET_NAME]);
}

static void decode_plan(const struct scope *scope, struct plan *plan)
{
        struct scope plan_scope = decode_object(scope, "plan");
        struct scope dns = decode_object(&plan_scope, "dns");
        struct scope lock = decode_object(&plan_scope, "lock");
        decode_lock(&lock, &plan->targets[0]);
        bool is_used = plan->targets[0].ref.endpoint[0] != '\0';
        decode_name(&dns, &plan->targets[is_used]);
        plan->target_count = 1U + is_used;
}

static void decode_prepared(const struct scope *scope, struct record *record)
{
        struct scope part = decode_object(scope, "prepared");
        struct scope values = decode_array(&part, "values", TARGETS_MAX);
        record->prepared = (struct prepared){
            .epoch = (epoch_t)decode_integer(&part, "epoch", 1, 1, EPOCH_MAX),
            .id = decode_id(&part),
            .to = decode_text(&part, "to", NULL, DECODE_TEXT_MAX),
            .at = decode_time(&part, "at", true),
        };
        for (size_t i = 0; i < decode_count(&values); i++)
                record->prepared.values[i] = decode_text_item(&values, i, RECORD_BYTES_MAX);
        if (decode_count(&values) != record->plan.target_count)
                decode_fail(&part, "values", "must be one for each target of the plan");
        if (record->prepared.epoch <= record->epoch || record->phase != PHASE_STEADY)
                decode_fail(&part, "epoch", "must be above that of a record at rest");
}

/* A plan of more than a name and a lock has a list of targets, whatever the version is. */
static bool has_list(const struct scope *scope)
{
        struct scope plan = decode_object(scope, "plan");
        return decode_has(&plan, "targets");
}

static void *fill(const struct scope *scope)
{
        struct record *record = decode_alloc(scope->decoder, sizeof(*record));
        scope->decoder->takes_any_text = true; /* the old value of a lock is whatever Redis held */
        *record = (struct record){.from = "", .to = "", .reason = "", .holder = ""};
        if (!decode_has(scope, "v"))
                decode_fail(scope, "v", "is required");
        record->version = (unsigned)decode_integer(scope, "v", 0, 0, INT32_MAX);
        bool is_prepared = record->version == RECORD_VERSION_PREPARED;
        bool is_list = record->version == RECORD_VERSION_LIST || (is_prepared && has_list(scope));
        if (decode_has(scope, "v") && record->version != RECORD_VERSION && !is_list && !is_prepared) {
                decode_fail(scope, "v",
                            "is %u, and this version knows only %u to %u: a newer Planekeeper wrote it. Nothing is "
                            "decided until that one runs again",
                            record->version, RECORD_VERSION, RECORD_VERSION_PREPARED);
                return record; /* whatever else stands there has another meaning */
        }
        if (!decode_has(scope, "epoch"))
                decode_fail(scope, "epoch", "is required");
        record->epoch = (epoch_t)decode_integer(scope, "epoch", 1, 1, EPOCH_MAX);
        record->id = decode_id(scope);
        record->phase = (enum phase)decode_choice(scope, "phase", CHOICES(phases), SIZE_MAX);
        record->from = decode_text(scope, "from", "", DECODE_TEXT_MAX);
        record->to = decode_text(scope, "to", NULL, DECODE_TEXT_MAX);
        record->reason = decode_text(scope, "reason", "", DECODE_TEXT_MAX);
        record->holder = decode_text(scope, "holder", "", DECODE_TEXT_MAX);
        record->automatic = decode_bool(scope, "automatic", false);
        record->detected_at = decode_time(scope, "detectedAt", false);
        record->started_at = decode_time(scope, "startedAt", false);
        record->completed_at = decode_time(scope, "completedAt", false);
        record->cooldown_until = decode_time(scope, "cooldownUntil", false);
        record->recent_count = decode_times(scope, "recent", record->recent, RECENT_SWITCHES_MAX);
        record->enforced_count = decode_times(scope, "enforced", record->enforced, ENFORCED_MAX);
        if (is_list)
                decode_list(scope, &record->plan);
        else
                decode_plan(scope, &record->plan);
        record->given_up = (epoch_t)decode_integer(scope, "givenUp", 0, 0, EPOCH_MAX);
        if (is_prepared)
                decode_prepared(scope, record);
        return record;
}

enum err record_decode(const char *text, size_t bytes, struct record **ret, struct errmsg *reterr)
{
        if (bytes > RECORD_BYTES_MAX)
                return err_set(reterr, ERR_INVALID, "record: %zu bytes, at most %d are read", bytes,
                               (int)RECORD_BYTES_MAX);
        json_error_t why;
        json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &why);
        if (!json_is_object(object)) {
                json_decref(object);
                return err_set(reterr, ERR_INVALID, "record: not a JSON object");
        }
        void *record;
        enum err err = decoder_run("record", object, fill, &record, reterr);
        json_decref(object);
        if (err != ERR_OK)
                return err;
        *ret = record_copy(record);
        record_free(record);
        return ERR_OK;
}

/* A record that the next pass cannot read would freeze the policy, so it is decoded before it is written. */
static enum err check_readable(const char *text, size_t bytes, struct errmsg *reterr)
{
        struct record *record = NULL;
        enum err err = record_decode(text, bytes, &record, reterr);
        record_free(record);
        return err;
}

enum err record_encode(const struct record *record, char **ret_text, struct errmsg *reterr)
{
        INVARIANT(record->version == record_version(record) && record->phase < PHASE_COUNT &&
                  record->recent_count <= RECENT_SWITCHES_MAX && record->enforced_count <= ENFORCED_MAX);
        INVARIANT(record->epoch >= 1 && record->epoch <= EPOCH_MAX);
        json_t *object = encode(record);
        if (!object)
                return err_set(reterr, ERR_INVALID, "record: a text is not UTF-8");
        char *text = json_dumps(object, JSON_COMPACT);
        json_decref(object);
        INVARIANT(text);
        size_t bytes = strlen(text);
        if (bytes > RECORD_BYTES_MAX) {
                free(text);
                return err_set(
                    reterr, ERR_INVALID,
                    "record: %zu bytes, at most %d fit; shorten the lock's key or value, or the planes' addresses",
                    bytes, (int)RECORD_BYTES_MAX);
        }
        enum err err = check_readable(text, bytes, reterr);
        if (err == ERR_OK)
                *ret_text = text;
        else
                free(text);
        return err;
}

enum { RECORD_TEXTS_MAX = 5 + TARGETS_MAX * (5 + PLAN_OLD_MAX) };

/* Where a record keeps its texts. */
static size_t texts_of(struct record *record, const char **ret_texts[RECORD_TEXTS_MAX])
{
        const char **fixed[] = {&record->from, &record->to, &record->reason, &record->holder, &record->prepared.to};
        size_t count = sizeof(fixed) / sizeof(fixed[0]);
        memcpy(ret_texts, fixed, sizeof(fixed));
        for (unsigned i = 0; i < record->plan.target_count; i++) {
                struct plan_target *planned = &record->plan.targets[i];
                const char **texts[] = {&planned->ref.driver, &planned->ref.endpoint, &planned->ref.name, &planned->to,
                                        &record->prepared.values[i]};
                memcpy(ret_texts + count, texts, sizeof(texts));
                count += sizeof(texts) / sizeof(texts[0]);
                for (unsigned j = 0; j < planned->old_count; j++)
                        ret_texts[count++] = &planned->old[j];
        }
        return count;
}

struct record *record_copy(const struct record *record)
{
        const char **texts[RECORD_TEXTS_MAX];
        struct record shallow = record_copied(record);
        const size_t values = record_bytes(record);
        size_t bytes = values;
        size_t count = texts_of(&shallow, texts);
        for (size_t i = 0; i < count; i++)
                bytes += strlen(or_empty(*texts[i])) + 1;
        struct record *copy = mem_calloc(1, bytes);
        char *next = (char *)copy + values;
        for (size_t i = 0; i < count; i++) {
                size_t length = strlen(or_empty(*texts[i])) + 1;
                *texts[i] = memcpy(next, or_empty(*texts[i]), length);
                next += length;
        }
        memcpy(copy, &shallow, values);
        return copy;
}

void record_free(struct record *record)
{
        free(record);
}
