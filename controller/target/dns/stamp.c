/* stamp.c -- the text that carries epoch and owner beside a value. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/fence.h"
#include "target/target.h"
#include "util/mem.h"
#include "util/text.h"

void dns_stamp_print(const struct dns_want *want, char *ret_text, size_t size)
{
        (void)snprintf(ret_text, size, "v=pk1 e=%" PRIu64 " id=%016" PRIx64 " p=%s s=%s", want->epoch, want->id,
                       want->plane, want->store);
}

/* Takes "<key>=<value>" off the front of *at, with the space that ends it; NULL where it is not there. The value is the
 * caller's. */
static char *take_field(const char **at, const char *key)
{
        size_t key_bytes = strlen(key);
        if (strncmp(*at, key, key_bytes) != 0 || (*at)[key_bytes] != '=')
                return NULL;
        const char *value = *at + key_bytes + 1;
        size_t bytes = strcspn(value, " ");
        for (size_t i = 0; i < bytes; i++)
                if (!isgraph((unsigned char)value[i]))
                        return NULL;
        *at = value + bytes + (value[bytes] == ' ');
        return mem_strndup(value, bytes);
}

/* Only the digits that dns_stamp_print() would write: one text for one value, so texts can be compared. */
static bool parse_epoch(const char *text, epoch_t *ret)
{
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 16 || text[digits] || text[0] == '0')
                return false;
        *ret = strtoull(text, NULL, 10);
        return *ret <= TARGET_EPOCH_MAX;
}

static bool parse_id(const char *text, decision_id *ret)
{
        if (strspn(text, "0123456789abcdef") != 16 || text[16])
                return false;
        *ret = strtoull(text, NULL, 16);
        return true;
}

static bool parse_fields(const char *text, struct stamp *stamp)
{
        const char *at = text;
        char *version = take_field(&at, "v");
        char *epoch = version ? take_field(&at, "e") : NULL;
        char *id = epoch ? take_field(&at, "id") : NULL;
        stamp->plane = id ? take_field(&at, "p") : NULL;
        stamp->store = stamp->plane ? take_field(&at, "s") : NULL;
        bool is_ours = stamp->store && *at == '\0' && at[-1] != ' ' && text_equal(version, "pk1") &&
                       parse_epoch(epoch, &stamp->epoch) && parse_id(id, &stamp->id);
        free(version);
        free(epoch);
        free(id);
        return is_ours;
}

void dns_stamp_parse(const char *text, struct stamp *ret)
{
        char bounded[TARGET_STAMP_BYTES];
        bool fits = TEXT_COPY(bounded, text);
        struct stamp stamp = {0};
        bool is_ours = fits && parse_fields(bounded, &stamp);
        if (!is_ours) {
                target_stamp_clear(&stamp);
                stamp.plane = mem_strdup("");
                stamp.store = mem_strdup("");
        }
        stamp.presence = is_ours ? STAMP_OURS : STAMP_FOREIGN;
        stamp.raw = mem_strdup(bounded);
        *ret = stamp;
}
