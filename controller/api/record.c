/* record.c -- the decision record as JSON. Its Lease is in record_lease.c. */
#include "api/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "util/mem.h"
#include "util/text.h"

/* The words on the wire, which outlive any change of the names for people. */
static const char *const phases[PHASE_COUNT] = {"None", "Steady", "Switching"};

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

/* "o" takes its reference and fails the whole where it is NULL. */
static json_t *encode_plan(const struct plan *plan)
{
        return json_pack("{s:{s:s, s:s, s:s, s:I, s:s, s:o}, s:{s:s, s:s, s:I, s:s, s:o}}", "dns", "provider",
                         or_empty(plan->dns_provider), "server", or_empty(plan->dns_server), "name",
                         or_empty(plan->dns_name), "ttl", (json_int_t)plan->dns_ttl_s, "to", or_empty(plan->to_rrset),
                         "old", encode_texts(plan->old_rrsets, plan->old_rrset_count), "lock", "server",
                         or_empty(plan->lock_server), "key", or_empty(plan->lock_key), "db", (json_int_t)plan->lock_db,
                         "to", or_empty(plan->to_lock), "old", encode_texts(plan->old_locks, plan->old_lock_count));
}

static json_t *encode_times(const unix_ms *times, unsigned count)
{
        json_t *array = json_array();
        for (unsigned i = 0; i < count; i++)
                INVARIANT(json_array_append_new(array, encode_time(times[i])) == 0);
        return array;
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

static void decode_plan(const struct scope *scope, struct plan *plan)
{
        struct scope plan_scope = decode_object(scope, "plan");
        struct scope dns = decode_object(&plan_scope, "dns");
        struct scope lock = decode_object(&plan_scope, "lock");
        plan->dns_provider = decode_text(&dns, "provider", NULL, 63);
        plan->dns_server = decode_text(&dns, "server", "", RECORD_BYTES_MAX);
        plan->dns_name = decode_text(&dns, "name", NULL, DECODE_TEXT_MAX);
        plan->dns_ttl_s = (uint32_t)decode_integer(&dns, "ttl", 30, 1, DNS_TTL_MAX_S);
        plan->to_rrset = decode_text(&dns, "to", NULL, RECORD_BYTES_MAX);
        plan->old_rrset_count = decode_texts(&dns, "old", plan->old_rrsets);
        plan->lock_server = decode_text(&lock, "server", "", RECORD_BYTES_MAX);
        plan->lock_key = decode_text(&lock, "key", "", RECORD_BYTES_MAX);
        plan->lock_db = (uint32_t)decode_integer(&lock, "db", 0, 0, LOCK_DB_MAX);
        plan->to_lock = decode_text(&lock, "to", "", RECORD_BYTES_MAX);
        plan->old_lock_count = decode_texts(&lock, "old", plan->old_locks);
        bool has_lock = plan->lock_server[0] != '\0';
        if (has_lock != (plan->lock_key[0] != '\0') || has_lock != (plan->to_lock[0] != '\0'))
                decode_fail(&lock, "server", "stands with key and to, or none of them does");
        if (!plan->to_rrset[0])
                decode_fail(&dns, "to", "must not be empty");
}

static void *fill(const struct scope *scope)
{
        struct record *record = decode_alloc(scope->decoder, sizeof(*record));
        scope->decoder->takes_any_text = true; /* the old value of a lock is whatever Redis held */
        *record = (struct record){.from = "", .to = "", .reason = "", .holder = ""};
        record->plan = (struct plan){.dns_provider = "",
                                     .dns_server = "",
                                     .dns_name = "",
                                     .to_rrset = "",
                                     .lock_server = "",
                                     .lock_key = "",
                                     .to_lock = ""};
        if (!decode_has(scope, "v"))
                decode_fail(scope, "v", "is required");
        record->version = (unsigned)decode_integer(scope, "v", 0, 0, INT32_MAX);
        if (decode_has(scope, "v") && record->version != RECORD_VERSION) {
                decode_fail(
                    scope, "v",
                    "is %u, and I know only %u: a newer Planekeeper wrote it. Nothing is decided until that one "
                    "runs again",
                    record->version, RECORD_VERSION);
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
        decode_plan(scope, &record->plan);
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
        if (err == ERR_OK)
                *ret = record;
        return err;
}

/* What is written must be readable by the next pass, else the policy would be frozen by its own decision. */
static enum err check_readable(const char *text, size_t bytes, struct errmsg *reterr)
{
        struct record *record = NULL;
        enum err err = record_decode(text, bytes, &record, reterr);
        record_free(record);
        return err;
}

enum err record_encode(const struct record *record, char **ret_text, struct errmsg *reterr)
{
        INVARIANT(record->version == RECORD_VERSION && record->phase < PHASE_COUNT &&
                  record->recent_count <= RECENT_SWITCHES_MAX && record->enforced_count <= ENFORCED_MAX);
        INVARIANT(record->epoch >= 1 && record->epoch <= EPOCH_MAX);
        INVARIANT(record->plan.old_rrset_count <= PLAN_OLD_MAX && record->plan.old_lock_count <= PLAN_OLD_MAX);
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

enum { RECORD_TEXTS_MAX = 11 + 2 * PLAN_OLD_MAX };

/* Where a record keeps its texts. */
static size_t texts_of(struct record *record, const char **ret_texts[RECORD_TEXTS_MAX])
{
        struct plan *plan = &record->plan;
        const char **fixed[] = {&record->from,       &record->to,       &record->reason, &record->holder,
                                &plan->dns_provider, &plan->dns_server, &plan->dns_name, &plan->to_rrset,
                                &plan->lock_server,  &plan->lock_key,   &plan->to_lock};
        size_t count = sizeof(fixed) / sizeof(fixed[0]);
        memcpy(ret_texts, fixed, sizeof(fixed));
        for (unsigned i = 0; i < plan->old_rrset_count; i++)
                ret_texts[count++] = &plan->old_rrsets[i];
        for (unsigned i = 0; i < plan->old_lock_count; i++)
                ret_texts[count++] = &plan->old_locks[i];
        return count;
}

struct record *record_copy(const struct record *record)
{
        const char **texts[RECORD_TEXTS_MAX];
        struct record shallow = *record;
        size_t bytes = sizeof(shallow);
        size_t count = texts_of(&shallow, texts);
        for (size_t i = 0; i < count; i++)
                bytes += strlen(or_empty(*texts[i])) + 1;
        struct record *copy = mem_calloc(1, bytes);
        char *next = (char *)(copy + 1);
        for (size_t i = 0; i < count; i++) {
                size_t length = strlen(or_empty(*texts[i])) + 1;
                *texts[i] = memcpy(next, or_empty(*texts[i]), length);
                next += length;
        }
        *copy = shallow;
        return copy;
}

void record_free(struct record *record)
{
        free(record);
}
