/* stamp.c -- the text that carries epoch and owner beside a value. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/fence.h"
#include "targets/target.h"
#include "util/fields.h"
#include "util/mem.h"
#include "util/text.h"

void dns_stamp_print(const struct target_want *want, char *ret_text, size_t size)
{
        if (want->record)
                (void)text_copy(ret_text, size, want->record);
        else
                (void)snprintf(ret_text, size, "v=pk1 e=%" PRIu64 " id=%016" PRIx64 " p=%s s=%s", want->epoch, want->id,
                               want->plane, want->store);
}

static char *copy_value(const struct field *field)
{
        return mem_strndup(field->value, field->value_bytes);
}

static bool parse_id(const struct field *field, decision_id *ret)
{
        char text[17];
        if (!field_copy(field, text, sizeof(text)) || strspn(text, "0123456789abcdef") != 16)
                return false;
        *ret = strtoull(text, NULL, 16);
        return true;
}

/* Takes the field @key off the front of *at. */
static bool take(const char **at, const char *key, struct field *ret)
{
        return fields_next(at, ret) && field_is(ret, key);
}

/* The fields of a record after those of the stamp. The value's own epoch may still be lower than the record's. */
static bool parse_further(const char *at, struct stamp *stamp)
{
        struct field field;
        epoch_t routed;
        while (fields_next(&at, &field)) {
                if (!field_is(&field, "r"))
                        continue;
                if (stamp->decided || !field_number(&field, stamp->epoch, &routed))
                        return false;
                stamp->decided = stamp->epoch;
                stamp->epoch = routed;
        }
        return *at == '\0';
}

static bool parse_fields(const char *text, struct stamp *stamp)
{
        const char *at = text;
        struct field version, epoch, id, plane, store;
        if (!take(&at, "v", &version) || !take(&at, "e", &epoch) || !take(&at, "id", &id) || !take(&at, "p", &plane) ||
            !take(&at, "s", &store))
                return false;
        stamp->plane = copy_value(&plane);
        stamp->store = copy_value(&store);
        char word[8];
        return field_copy(&version, word, sizeof(word)) && text_equal(word, "pk1") &&
               field_number(&epoch, EPOCH_MAX, &stamp->epoch) && stamp->epoch > 0 && parse_id(&id, &stamp->id) &&
               parse_further(at, stamp);
}

/* Whose it says it is, where all else of it makes no sense. */
static char *store_of(const char *text)
{
        struct field field;
        while (fields_next(&text, &field))
                if (field_is(&field, "s"))
                        return copy_value(&field);
        return mem_strdup("");
}

void dns_stamp_parse(const char *text, struct stamp *ret)
{
        char bounded[TARGET_STAMP_BYTES];
        bool fits = TEXT_COPY(bounded, text);
        struct stamp stamp = {0};
        bool is_ours = fits && parse_fields(bounded, &stamp), is_dialect = text_has_prefix(bounded, "v=pk");
        if (!is_ours) {
                target_stamp_clear(&stamp);
                stamp.plane = mem_strdup("");
                stamp.store = is_dialect ? store_of(bounded) : mem_strdup("");
        }
        stamp.presence = is_ours ? STAMP_OURS : is_dialect ? STAMP_UNREADABLE : STAMP_FOREIGN;
        stamp.raw = mem_strdup(bounded);
        *ret = stamp;
}
