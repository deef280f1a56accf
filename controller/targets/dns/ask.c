/* ask.c -- questions to one server. */
#include "targets/dns/ask.h"

#include "targets/dns/state.h"
#include "targets/dns/verdict.h"

enum err ask_all(const struct asking *asking, struct message *messages, size_t count, struct errmsg *reterr)
{
        enum err err = channel_ask(asking->channel, messages, count, asking->deadline, reterr);
        for (size_t i = 0; i < count && err == ERR_OK; i++)
                err = verdict_on_answer(&messages[i], &asking->channel->server, reterr);
        return err;
}

enum err ask_rrset(const struct asking *asking, const ldns_rdf *owner, char **ret, struct errmsg *reterr)
{
        struct message messages[ASK_STAMP];
        uint32_t ttl_s;
        message_ask(owner, LDNS_RR_TYPE_A, asking->key, &messages[ASK_A]);
        message_ask(owner, LDNS_RR_TYPE_AAAA, asking->key, &messages[ASK_AAAA]);
        enum err err = ask_all(asking, messages, ASK_STAMP, reterr);
        if (err == ERR_OK)
                err = state_rrset(messages, ret, &ttl_s, reterr);
        for (size_t i = 0; i < ASK_STAMP; i++)
                message_clear(&messages[i]);
        return err;
}
