/* record.c -- any text as a decision record: what is decoded survives being written and read again. */
#include "api/record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        struct record *record = NULL;
        struct record *again = NULL;
        char *text = NULL;
        if (record_decode((const char *)bytes, count, &record, NULL) != ERR_OK)
                return 0;
        if (record_encode(record, &text, NULL) == ERR_OK) {
                INVARIANT(record_decode(text, strlen(text), &again, NULL) == ERR_OK);
                INVARIANT(again->epoch == record->epoch && again->id == record->id &&
                          strcmp(again->to, record->to) == 0);
        }
        record_free(record_copy(record));
        free(text);
        record_free(again);
        record_free(record);
        return 0;
}
