/* explain.c -- any file as a saved decision: explained and replayed, under itself as a policy too, or refused by field. */
#include "explain/explain.h"

#include <stdint.h>

#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        json_t *object = NULL;
        struct errmsg why = {""};
        if (explain_parse((const char *)bytes, count, &object, &why) != ERR_OK) {
                INVARIANT(why.text[0] != '\0');
                return 0;
        }
        struct strbuf text = STRBUF_INIT(EXPLAIN_TEXT_MAX);
        if (explain_text(object, NULL, &text, &why) == ERR_OK)
                for (const char *at = strbuf_text(&text); *at; at++)
                        INVARIANT((unsigned char)*at >= 0x20 || *at == '\n');
        strbuf_clear(&text);
        (void)explain_text(object, object, &text, &why);
        strbuf_deinit(&text);
        json_decref(object);
        return 0;
}
