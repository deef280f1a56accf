/* observe.c -- the answer of another authoritative server. */
#include <sys/socket.h>

#include "targets/dns/channel.h"
#include "targets/dns/state.h"
#include "targets/dns/verdict.h"
#include "util/cleanup.h"

enum { DNS_PORT = 53 };

static enum err observe_names(struct channel *channel, const struct names *names, mono_ms deadline,
                              struct target_state *ret, struct errmsg *reterr)
{
        struct message messages[ASK_COUNT];
        state_ask(names, NULL, messages);
        enum err err = channel_ask(channel, messages, ASK_COUNT, deadline, reterr);
        for (size_t i = 0; i < ASK_COUNT && err == ERR_OK; i++)
                err = verdict_on_answer(&messages[i], &channel->server, reterr);
        if (err == ERR_OK)
                err = state_from_answers(messages, ret, reterr);
        for (size_t i = 0; i < ASK_COUNT; i++)
                message_clear(&messages[i]);
        return err;
}

enum err dns_observe(const char *server, const char *name, mono_ms deadline, struct target_state *ret,
                     struct errmsg *reterr)
{
        struct net_endpoint endpoint;
        enum err err = net_endpoint_parse(server, DNS_PORT, &endpoint, reterr);
        if (err != ERR_OK)
                return err;
        CLEANUP(names_clear) struct names names = {0};
        err = names_init(name, &names, reterr);
        if (err != ERR_OK)
                return err;
        CLEANUP(channel_close) struct channel channel;
        channel_init(&channel, &endpoint);
        return observe_names(&channel, &names, deadline, ret, reterr);
}
