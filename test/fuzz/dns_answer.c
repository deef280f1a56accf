/* dns_answer.c -- whatever anybody sends as an answer; the first byte chooses the question. */
#include <stdlib.h>

#include "targets/dns/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        if (count < 1 + LDNS_HEADER_SIZE)
                return 0;
        struct names names = {0};
        struct message questions[ASK_COUNT], asked[ASK_COUNT];
        struct target_state state = {0};
        struct tsig_key key = {0};
        const struct target_credential credentials[] = {{.key = "name", .value = {"planekeeper", 11}},
                                                        {.key = "key", .value = {"c2VjcmV0", 8}}};
        const struct target_config config = {.credentials = credentials, .credential_count = 2};
        if (names_init("app.dr.test", &names, NULL) != ERR_OK || tsig_key_from_config(&config, &key, NULL) != ERR_OK)
                abort();
        const struct tsig_key *signer = bytes[0] & 4 ? &key : NULL;
        state_ask(&names, signer, questions);
        size_t accepted = 0;
        for (size_t i = 0; i < ASK_COUNT; i++) {
                asked[i] = (struct message){.owner = questions[bytes[0] % ASK_COUNT].owner,
                                            .type = questions[bytes[0] % ASK_COUNT].type,
                                            .key = signer};
                asked[i].id = LDNS_ID_WIRE(bytes + 1);
                accepted += message_accept(&asked[i], bytes + 1, count - 1) == MESSAGE_ACCEPTED;
        }
        if (accepted == ASK_COUNT && state_from_answers(asked, &state, NULL) == ERR_OK)
                target_state_clear(&state);
        for (size_t i = 0; i < ASK_COUNT; i++) {
                message_clear(&asked[i]);
                message_clear(&questions[i]);
        }
        tsig_key_clear(&key);
        names_clear(&names);
        return 0;
}
