/* company.c -- other records of a name that is to become a CNAME. */
#include "targets/dns/company.h"

#include "targets/dns/state.h"
#include "targets/dns/verdict.h"
#include "util/cleanup.h"

/* Asked for one by one as well, because there are servers that answer ANY with one set of several. */
static const ldns_rr_type types[] = {
    LDNS_RR_TYPE_MX,    LDNS_RR_TYPE_TXT,  LDNS_RR_TYPE_NS,    LDNS_RR_TYPE_CAA, LDNS_RR_TYPE_SRV,   LDNS_RR_TYPE_SVCB,
    LDNS_RR_TYPE_HTTPS, LDNS_RR_TYPE_PTR,  LDNS_RR_TYPE_SSHFP, LDNS_RR_TYPE_LOC, LDNS_RR_TYPE_NAPTR, LDNS_RR_TYPE_URI,
    LDNS_RR_TYPE_HINFO, LDNS_RR_TYPE_TLSA, LDNS_RR_TYPE_RP,
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static bool may_stay(ldns_rr_type type)
{
        return type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA || type == LDNS_RR_TYPE_CNAME ||
               type == LDNS_RR_TYPE_RRSIG || type == LDNS_RR_TYPE_NSEC;
}

static enum err check_answer(const struct message *message, const struct net_endpoint *server, struct errmsg *reterr)
{
        const ldns_rr_list *answers = ldns_pkt_answer(message->answer);
        for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
                const ldns_rr *record = ldns_rr_list_rr(answers, i);
                if (may_stay(ldns_rr_get_type(record)) ||
                    ldns_dname_compare(ldns_rr_owner(record), message->owner) != 0)
                        continue;
                CLEANUP(cleanup_free) char *text = ldns_rr_type2str(ldns_rr_get_type(record));
                return err_set(reterr, ERR_INVALID,
                               "%s: the name also holds %s records, so it cannot become a CNAME; remove them or use A",
                               server->text, text);
        }
        return ERR_OK;
}

enum err company_check(struct channel *channel, const struct tsig_key *key, const ldns_rdf *owner, mono_ms deadline,
                       struct errmsg *reterr)
{
        struct message messages[1 + TYPES];
        message_ask(owner, LDNS_RR_TYPE_ANY, key, &messages[0]);
        messages[0].use_tcp = true; /* where servers that cut it short on UDP give all */
        for (size_t i = 0; i < TYPES; i++)
                message_ask(owner, types[i], key, &messages[1 + i]);
        enum err err = channel_ask(channel, messages, 1 + TYPES, deadline, reterr);
        for (size_t i = 0; i < 1 + TYPES && err == ERR_OK; i++) {
                err = verdict_on_answer(&messages[i], &channel->server, reterr);
                if (err == ERR_OK)
                        err = check_answer(&messages[i], &channel->server, reterr);
        }
        for (size_t i = 0; i < 1 + TYPES; i++)
                message_clear(&messages[i]);
        return err;
}

void company_forbid(const ldns_rdf *owner, ldns_rr_list *prerequisites)
{
        for (size_t i = 0; i < TYPES; i++)
                state_push_empty(owner, types[i], LDNS_RR_CLASS_NONE, prerequisites);
}
