/* record_text.c -- any text as a TXT record: what is taken for a decision record survives being written and read again.
 */
#include "api/record_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/alive_text.h"
#include "api/record.h"
#include "targets/fence.h"
#include "targets/target.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        char *text = mem_strndup((const char *)bytes, count);
        char written[RECORD_TEXT_BYTES];
        struct record_text record, again;
        struct alive_text alive;
        struct stamp stamp = {0};
        dns_stamp_parse(text, &stamp);
        (void)alive_text_parse(text, &alive);
        if (record_text_decode(text, &record, NULL) == ERR_OK) {
                if (record_text_encode(record.record, record.routed, record.store, record.author, written, NULL) ==
                    ERR_OK) {
                        INVARIANT(record_text_decode(written, &again, NULL) == ERR_OK);
                        INVARIANT(again.record->epoch == record.record->epoch && again.routed == record.routed &&
                                  strcmp(again.record->to, record.record->to) == 0);
                        record_free(again.record);
                }
                record_free(record.record);
        }
        target_stamp_clear(&stamp);
        free(text);
        return 0;
}
