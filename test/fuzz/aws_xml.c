/* aws_xml.c -- whatever AWS, or whoever takes its place, sends as a body: a tree of it, and what it says as an error.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "targets/aws/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Everything that a reader may touch is there; a node has a text or children, never both. */
static size_t visit(const struct xml_node *node)
{
        size_t seen = 0;
        for (; node; node = node->next) {
                if (!node->name || (node->first == NULL) != (node->text != NULL))
                        abort();
                seen += strlen(node->name) + (node->text ? strlen(node->text) : 0) + visit(node->first);
                if (xml_next(node) && strcmp(xml_next(node)->name, node->name) != 0)
                        abort();
        }
        return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        struct xml xml = {0};
        if (xml_parse((const char *)bytes, count, &xml, NULL) == ERR_OK && visit(xml.root) == 0)
                abort();
        xml_clear(&xml);
        char *body = strndup((const char *)bytes, count);
        const struct exchange_answer exchanged = {.status = 400, .body = body, .body_bytes = strlen(body)};
        const struct aws_request request = {.action = "route53:ChangeResourceRecordSets", .changes = true};
        struct aws_answer answer = {.status = 400};
        struct errmsg why = {0};
        fault_read(&exchanged, &answer);
        if (fault_judge(&request, &answer, 0, "Secret", &why) == ERR_OK || why.text[0] == '\0')
                abort();
        aws_answer_clear(&answer);
        free(body);
        return 0;
}
