/* record_text.c -- the decision record as the text of one TXT record. */
#include "api/record_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "core/targets.h"
#include "util/fields.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

static const char mark_prefix[] = "sha256:";
static const char *const phases[PHASE_COUNT] = {"None", "Steady", "Switching"};
enum { NAME_BYTES = 254, REASON_BYTES = 64, DIGEST_DIGITS = RECORD_DIGEST_BYTES - 1 };
#define TIME_MAX  ((uint64_t)253402300799999) /* the end of the year 9999 */

/* ---- digests ---- */

static void hash(const char *bytes, size_t count, char ret_digest[static RECORD_DIGEST_BYTES])
{
        unsigned char full[SHA256_DIGEST_LENGTH];
        INVARIANT(SHA256((const unsigned char *)bytes, count, full));
        for (size_t i = 0; i < DIGEST_DIGITS / 2; i++)
                (void)snprintf(ret_digest + 2 * i, 3, "%02x", full[i]);
}

/* With its length before it, so that no two plans have one text. */
static void add_part(struct strbuf *text, const char *part)
{
        INVARIANT(strbuf_printf(text, "%zu:%s,", strlen(part), part));
}

static void add_pair(struct strbuf *text, const struct plan *plan)
{
        const struct plan_target *name = plan_find(plan, TARGET_NAME), *lock = plan_find(plan, TARGET_LOCK);
        char numbers[32];
        (void)snprintf(numbers, sizeof(numbers), "%" PRIu32 " %" PRIu32, name->ttl_s, lock ? lock->ref.db : 0);
        add_part(text, numbers);
        add_part(text, name->ref.name);
        add_part(text, name->to);
        add_part(text, lock ? lock->ref.endpoint : "");
        add_part(text, lock ? lock->ref.name : "");
        add_part(text, lock ? lock->to : "");
}

static void add_list(struct strbuf *text, const struct plan *plan)
{
        for (unsigned i = 0; i < plan->target_count; i++) {
                const struct plan_target *planned = &plan->targets[i];
                char numbers[32];
                (void)snprintf(numbers, sizeof(numbers), "%" PRIu32 " %" PRIu32, planned->ttl_s, planned->ref.db);
                add_part(text, record_kinds[planned->ref.kind]);
                add_part(text, numbers);
                add_part(text, target_traits(planned->ref.kind)->leads_agents ? "" : planned->ref.endpoint);
                add_part(text, planned->ref.name);
                add_part(text, planned->to);
        }
}

void record_text_digest(const struct plan *plan, char ret_digest[static RECORD_DIGEST_BYTES])
{
        struct strbuf text = STRBUF_INIT(65536);
        if (plan_version(plan) == RECORD_VERSION)
                add_pair(&text, plan);
        else
                add_list(&text, plan);
        hash(strbuf_text(&text), text.bytes, ret_digest);
        strbuf_deinit(&text);
}

static bool is_digest(const char *text)
{
        return strlen(text) == DIGEST_DIGITS && strspn(text, "0123456789abcdef") == DIGEST_DIGITS;
}

static bool is_mark(const char *value)
{
        return text_has_prefix(value, mark_prefix) && is_digest(value + strlen(mark_prefix));
}

void record_text_mark(const char *value, char ret_mark[static RECORD_MARK_BYTES])
{
        if (is_mark(value)) {
                (void)text_copy(ret_mark, RECORD_MARK_BYTES, value);
                return;
        }
        memcpy(ret_mark, mark_prefix, sizeof(mark_prefix));
        hash(value, strlen(value), ret_mark + strlen(mark_prefix));
}

/* ---- to text ---- */

/* The field of the old values of each kind, and of each target of a list. */
static const char *const old_keys[TARGET_KIND_COUNT] = {[TARGET_NAME] = "old", [TARGET_LOCK] = "locks"};
static const char *const list_keys[TARGETS_MAX] = {"olda", "oldb", "oldc", "oldd", "olde", "oldf", "oldg", "oldh"};

/* Names of Kubernetes have nothing but printable characters; an operator may be given any identity. */
static void add_text(struct strbuf *text, const char *key, const char *value)
{
        if (!value || !value[0])
                return;
        (void)strbuf_printf(text, " %s=", key);
        for (const char *c = value; *c; c++)
                (void)strbuf_append_char(text, isgraph((unsigned char)*c) ? *c : '_');
}

static void add_time(struct strbuf *text, const char *key, unix_ms time)
{
        if (time > 0)
                (void)strbuf_printf(text, " %s=%" PRId64, key, time);
}

static void add_times(struct strbuf *text, const char *key, const unix_ms *times, unsigned count)
{
        for (unsigned i = 0; i < count; i++)
                (void)strbuf_printf(text, "%s%s%s%" PRId64, i ? "," : " ", i ? "" : key, i ? "" : "=", times[i]);
}

/* A value that is known both in the clear and as a mark is written once. */
static void add_marks(struct strbuf *text, const char *key, const char *const *values, unsigned count)
{
        char marks[PLAN_OLD_MAX][RECORD_MARK_BYTES];
        bool is_first = true;
        for (unsigned i = 0; i < count; i++) {
                bool is_new = true;
                record_text_mark(values[i], marks[i]);
                for (unsigned j = 0; j < i; j++)
                        is_new &= strcmp(marks[i], marks[j]) != 0;
                if (!is_new)
                        continue;
                const char *digest = marks[i] + strlen(mark_prefix);
                if (is_first)
                        add_text(text, key, digest);
                else
                        (void)strbuf_printf(text, ",%s", digest);
                is_first = false;
        }
}

static void add_record(struct strbuf *text, const struct record *record, const char *author)
{
        char digest[RECORD_DIGEST_BYTES];
        record_text_digest(&record->plan, digest);
        add_text(text, "phase", phases[record->phase]);
        add_text(text, "from", record->from);
        add_text(text, "reason", record->reason);
        add_text(text, "holder", record->holder);
        add_text(text, "author", author);
        add_text(text, "auto", record->automatic ? "1" : "");
        add_time(text, "detected", record->detected_at);
        add_time(text, "started", record->started_at);
        add_time(text, "completed", record->completed_at);
        add_time(text, "cooldown", record->cooldown_until);
        add_times(text, "recent", record->recent, record->recent_count);
        add_times(text, "enforced", record->enforced, record->enforced_count);
        add_text(text, "plan", digest);
        const bool is_list = record->version == RECORD_VERSION_LIST;
        for (unsigned i = 0; i < record->plan.target_count && is_list; i++)
                (void)strbuf_printf(text, "%s%s", i ? "," : " targets=",
                                    record_kinds[record->plan.targets[i].ref.kind]);
        for (unsigned i = record->plan.target_count; i-- > 0;) {
                const struct plan_target *planned = &record->plan.targets[i];
                add_marks(text, is_list ? list_keys[i] : old_keys[planned->ref.kind], planned->old, planned->old_count);
        }
}

enum err record_text_encode(const struct record *record, epoch_t routed, const char *store, const char *author,
                            char ret_text[static RECORD_TEXT_BYTES], struct errmsg *reterr)
{
        INVARIANT(record->version == plan_version(&record->plan) && record->phase < PHASE_COUNT);
        INVARIANT(!record->prepared.epoch);
        INVARIANT(routed <= record->epoch);
        INVARIANT(record->recent_count <= RECENT_SWITCHES_MAX && record->enforced_count <= ENFORCED_MAX);
        struct strbuf text = STRBUF_INIT(RECORD_TEXT_BYTES - 1);
        (void)strbuf_printf(&text, "v=pk1 e=%" PRIu64 " id=%016" PRIx64 " p=%s s=%s r=%" PRIu64, record->epoch,
                            record->id, record->to, store, routed);
        add_record(&text, record, author);
        bool fits = !text.overflowed;
        (void)text_copy(ret_text, RECORD_TEXT_BYTES, strbuf_text(&text));
        strbuf_deinit(&text);
        if (!fits)
                return err_set(reterr, ERR_INVALID, "record: more than %d bytes; shorten the names of the planes",
                               RECORD_TEXT_BYTES - 1);
        /* A record that the next pass cannot read would freeze the policy, so it is decoded before it is written. */
        struct record_text again;
        enum err err = record_text_decode(ret_text, &again, reterr);
        if (err == ERR_OK)
                record_free(again.record);
        return err;
}

/* ---- from text ---- */

/* Texts and numbers of a record under construction; each field may come once. */
struct parts {
        struct record record;
        struct record_text *ret;
        char from[NAME_BYTES], to[NAME_BYTES], reason[REASON_BYTES], holder[NAME_BYTES + 16];
        char old[TARGETS_MAX][PLAN_OLD_MAX][RECORD_MARK_BYTES];
        struct plan pair, list; /* which of them it is, targets= says */
        bool has_epoch, has_routed;
};

static bool take_time(const struct field *field, unix_ms *ret)
{
        uint64_t number;
        if (*ret || !field_number(field, TIME_MAX, &number))
                return false;
        *ret = (unix_ms)number;
        return true;
}

static bool take_epoch(const struct field *field, bool *has_it, epoch_t *ret)
{
        bool is_first = !*has_it;
        *has_it = true;
        return is_first && field_number(field, EPOCH_MAX, ret);
}

static bool take_text(const struct field *field, char *ret_text, size_t size)
{
        return ret_text[0] == '\0' && field_copy(field, ret_text, size);
}

static bool take_phase(const struct field *field, enum phase *ret)
{
        for (unsigned i = PHASE_STEADY; i < PHASE_COUNT; i++) {
                if (!field_is(&(struct field){field->value, field->value_bytes, NULL, 0}, phases[i]))
                        continue;
                bool is_first = *ret == PHASE_NONE;
                *ret = (enum phase)i;
                return is_first;
        }
        return false;
}

static bool take_id(const struct field *field, decision_id *ret)
{
        char text[RECORD_DIGEST_BYTES];
        if (*ret || !field_copy(field, text, sizeof(text)) || !is_digest(text))
                return false;
        *ret = strtoull(text, NULL, 16);
        return true;
}

/* The items of a list as fields without a key. */
static bool next_item(const struct field *field, size_t *at, struct field *ret)
{
        if (*at > field->value_bytes)
                return false;
        const char *start = field->value + *at;
        size_t left = field->value_bytes - *at;
        const char *comma = memchr(start, ',', left);
        size_t bytes = comma ? (size_t)(comma - start) : left;
        *ret = (struct field){.value = start, .value_bytes = bytes};
        *at += bytes + 1;
        return true;
}

static bool take_times(const struct field *field, unsigned max, unix_ms *times, unsigned *count)
{
        struct field item;
        for (size_t at = 0; next_item(field, &at, &item);) {
                unix_ms time = 0;
                if (*count == max || !take_time(&item, &time))
                        return false;
                times[(*count)++] = time;
        }
        return true;
}

static bool take_marks(const struct field *field, char (*marks)[RECORD_MARK_BYTES], struct plan_target *planned)
{
        struct field item;
        for (size_t at = 0; next_item(field, &at, &item);) {
                char digest[RECORD_DIGEST_BYTES];
                if (planned->old_count == PLAN_OLD_MAX || !field_copy(&item, digest, sizeof(digest)) ||
                    !is_digest(digest))
                        return false;
                char *mark = marks[planned->old_count];
                (void)snprintf(mark, RECORD_MARK_BYTES, "%s%s", mark_prefix, digest);
                planned->old[planned->old_count++] = mark;
        }
        return true;
}

static bool take_kind(const struct field *item, enum target_kind at_least, enum target_kind *ret)
{
        for (unsigned kind = at_least; kind < TARGET_KIND_COUNT; kind++) {
                if (!field_is(&(struct field){item->value, item->value_bytes, NULL, 0}, record_kinds[kind]))
                        continue;
                *ret = (enum target_kind)kind;
                return true;
        }
        return false;
}

/* In step order, and only once. */
static bool take_kinds(const struct field *field, struct plan *list)
{
        struct field item;
        bool is_first = !list->target_count;
        enum target_kind kind = TARGET_FENCE;
        for (size_t at = 0; next_item(field, &at, &item);) {
                if (!is_first || list->target_count == TARGETS_MAX || !take_kind(&item, kind, &kind))
                        return false;
                list->targets[list->target_count++].ref.kind = kind;
        }
        return true;
}

static bool take_plan_field(struct parts *parts, const struct field *field)
{
        if (field_is(field, "plan"))
                return take_text(field, parts->ret->digest, sizeof(parts->ret->digest)) &&
                       is_digest(parts->ret->digest);
        if (field_is(field, "targets"))
                return take_kinds(field, &parts->list);
        for (unsigned i = 0; i < parts->pair.target_count; i++)
                if (field_is(field, old_keys[parts->pair.targets[i].ref.kind]))
                        return take_marks(field, parts->old[i], &parts->pair.targets[i]);
        for (unsigned i = 0; i < TARGETS_MAX; i++)
                if (field_is(field, list_keys[i]))
                        return take_marks(field, parts->old[i], &parts->list.targets[i]);
        return true; /* of a later version */
}

static bool take_flag(const struct field *field, bool *ret)
{
        *ret = true;
        return field->value_bytes == 1 && field->value[0] == '1';
}

static bool take_field(struct parts *parts, const struct field *field)
{
        struct record *record = &parts->record;
        const struct {
                const char *key;
                unix_ms *time;
        } times[] = {{"detected", &record->detected_at},
                     {"started", &record->started_at},
                     {"completed", &record->completed_at},
                     {"cooldown", &record->cooldown_until}};
        const struct {
                const char *key;
                char *text;
                size_t size;
        } texts[] = {{"p", parts->to, sizeof(parts->to)},
                     {"from", parts->from, sizeof(parts->from)},
                     {"reason", parts->reason, sizeof(parts->reason)},
                     {"holder", parts->holder, sizeof(parts->holder)},
                     {"s", parts->ret->store, sizeof(parts->ret->store)},
                     {"author", parts->ret->author, sizeof(parts->ret->author)}};
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
                if (field_is(field, times[i].key))
                        return take_time(field, times[i].time);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (field_is(field, texts[i].key))
                        return take_text(field, texts[i].text, texts[i].size);
        if (field_is(field, "e"))
                return take_epoch(field, &parts->has_epoch, &record->epoch);
        if (field_is(field, "id"))
                return take_id(field, &record->id);
        if (field_is(field, "r"))
                return take_epoch(field, &parts->has_routed, &parts->ret->routed);
        if (field_is(field, "phase"))
                return take_phase(field, &record->phase);
        if (field_is(field, "auto"))
                return take_flag(field, &record->automatic);
        if (field_is(field, "recent"))
                return take_times(field, RECENT_SWITCHES_MAX, record->recent, &record->recent_count);
        if (field_is(field, "enforced"))
                return take_times(field, ENFORCED_MAX, record->enforced, &record->enforced_count);
        return take_plan_field(parts, field);
}

/* NULL: nothing is missing. */
static const char *missing_part(const struct parts *parts)
{
        const struct record *record = &parts->record;
        return !record->epoch                       ? "e"
               : !parts->to[0]                      ? "p"
               : !parts->ret->store[0]              ? "s"
               : parts->ret->routed > record->epoch ? "r (not above e)"
               : record->phase == PHASE_NONE        ? "phase"
               : !parts->ret->digest[0]             ? "plan"
               : parts->list.target_count && !plan_find(&parts->list, TARGET_NAME) ? "targets"
                                                    : NULL;
}

static enum err finish(struct parts *parts, struct errmsg *reterr)
{
        const char *missing = missing_part(parts);
        if (missing)
                return err_set(reterr, ERR_INVALID, "record: field %s is missing or wrong", missing);
        struct record *record = &parts->record;
        record->version = parts->list.target_count ? RECORD_VERSION_LIST : RECORD_VERSION;
        record->plan = parts->list.target_count ? parts->list : parts->pair;
        record->from = parts->from;
        record->to = parts->to;
        record->reason = parts->reason;
        record->holder = parts->holder;
        parts->ret->record = record_copy(record);
        return ERR_OK;
}

enum err record_text_decode(const char *text, struct record_text *ret, struct errmsg *reterr)
{
        *ret = (struct record_text){0};
        struct parts parts = {
            .ret = ret,
            .pair = {.targets = {{.ref = {.kind = TARGET_LOCK, .driver = TARGET_LOCK_DRIVER}},
                                 {.ref.kind = TARGET_NAME}},
                     .target_count = 2}};
        struct field field;
        const char *at = text;
        if (strlen(text) >= RECORD_TEXT_BYTES)
                return err_set(reterr, ERR_INVALID, "record: more than %d bytes", RECORD_TEXT_BYTES - 1);
        if (!fields_next(&at, &field) || !field_is(&field, "v") || field.value_bytes != 3 ||
            memcmp(field.value, "pk1", 3) != 0)
                return err_set(reterr, ERR_INVALID, "record: does not begin with v=pk1");
        while (fields_next(&at, &field))
                if (!take_field(&parts, &field))
                        return err_set(reterr, ERR_INVALID, "record: field %.*s=%.*s is wrong or there twice",
                                       (int)(field.key_bytes < 20 ? field.key_bytes : 20), field.key,
                                       (int)(field.value_bytes < 60 ? field.value_bytes : 60), field.value);
        if (*at)
                return err_set(reterr, ERR_INVALID, "record: \"%.40s\" is no field", at);
        if (!parts.has_routed)
                return err_set(reterr, ERR_NOT_FOUND, "an ownership record, not a decision");
        return finish(&parts, reterr);
}
