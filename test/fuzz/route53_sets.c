/* route53_sets.c -- whatever is listed of a hosted zone: what is read of it as a state can be written as a batch, and that be read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "targets/dns/route53_answer.h"
#include "targets/dns/route53_batch.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* The batch is well-formed, and has each set that is deleted as it was. */
static void write_and_read(const struct route53_sets *own, const struct target_state *state, const struct route53_names *names)
{
        const struct target_want want = {.value = "A 192.0.2.1", .ttl_s = 30, .epoch = 2, .id = 1, .plane = "a", .store = "b"};
        struct strbuf body = STRBUF_INIT(ROUTE53_BATCH_MAX_BYTES);
        struct xml xml = {0};
        if (route53_batch_swap(own, state, &want, names, &body, NULL) == ERR_OK) {
                INVARIANT(xml_parse(strbuf_text(&body), body.bytes, &xml, NULL) == ERR_OK);
                const struct xml_node *change = xml_find(xml.root, "ChangeBatch/Changes/Change");
                for (size_t i = 0; i < own->count; i++, change = xml_next(change)) {
                        INVARIANT(strcmp(xml_text(change, "Action"), "DELETE") == 0);
                        INVARIANT(strcmp(xml_text(change, "ResourceRecordSet/Name"), own->list[i].name) == 0);
                        const struct xml_node *record = xml_find(change, "ResourceRecordSet/ResourceRecords/ResourceRecord");
                        for (size_t j = 0; j < own->list[i].value_count && !own->list[i].alias_zone[0]; j++, record = xml_next(record))
                                INVARIANT(strcmp(xml_text(record, "Value"), own->list[i].values[j]) == 0);
                }
        }
        xml_clear(&xml);
        strbuf_deinit(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        struct xml xml = {0};
        struct arena arena = {0};
        struct route53_sets sets = {0};
        struct route53_names names;
        struct target_state state = {0};
        INVARIANT(route53_names_init("app.dr.test", &names, NULL) == ERR_OK);
        if (xml_parse((const char *)bytes, count, &xml, NULL) == ERR_OK &&
            route53_answer_sets(xml.root, &arena, &sets, NULL) == ERR_OK) {
                struct route53_sets own = route53_own(&sets, &names, &arena);
                if (route53_state(&own, &names, &state, NULL) == ERR_OK)
                        write_and_read(&own, &state, &names);
                free(route53_only_text(&sets, names.alive));
                (void)route53_company(&sets, &names);
        }
        target_state_clear(&state);
        arena_deinit(&arena);
        xml_clear(&xml);
        return 0;
}
