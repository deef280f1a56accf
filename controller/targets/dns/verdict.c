/* verdict.c -- response codes to error classes and remedies. */
#include "targets/dns/verdict.h"

#include <inttypes.h>
#include <stdlib.h>

#include "util/cleanup.h"

/* One row per response code; %s of the remedy is the name of the question or zone. */
struct meaning {
        ldns_pkt_rcode rcode;
        const char *name;
        enum err err;
        const char *remedy;
};

static const struct meaning answer_meanings[] = {
    {LDNS_RCODE_FORMERR, "FORMERR", ERR_INVALID, "the server does not understand signed questions"},
    {LDNS_RCODE_SERVFAIL, "SERVFAIL", ERR_TRANSIENT, "the server cannot answer now; see its log"},
    {LDNS_RCODE_NOTIMPL, "NOTIMP", ERR_INVALID, "the server does not support this"},
    {LDNS_RCODE_REFUSED, "REFUSED", ERR_INVALID,
     "the server has no zone for the name, or does not let this key ask (BIND allow-query, Knot acl); check nameserver "
     "and zone"},
    {LDNS_RCODE_NOTAUTH, "NOTAUTH", ERR_INVALID, "the server is not authoritative for the name; check nameserver"},
};

static const struct meaning update_meanings[] = {
    {LDNS_RCODE_FORMERR, "FORMERR", ERR_INVALID, "the server does not understand the update"},
    {LDNS_RCODE_SERVFAIL, "SERVFAIL", ERR_TRANSIENT, "the server cannot write the zone now; see its log"},
    {LDNS_RCODE_NXDOMAIN, "NXDOMAIN", ERR_CONFLICT, "somebody changed the records since they were read"},
    {LDNS_RCODE_NOTIMPL, "NOTIMP", ERR_INVALID,
     "the server takes no dynamic updates for the zone: switch them on (BIND allow-update or update-policy; PowerDNS "
     "dnsupdate=yes) or name another server"},
    {LDNS_RCODE_REFUSED, "REFUSED", ERR_DENIED,
     "the server does not let this key write A, AAAA, CNAME and TXT here. BIND: update-policy or allow-update of the "
     "zone, which must not be frozen; Knot: an acl with action update; PowerDNS: dnsupdate=yes, allow-dnsupdate-from "
     "and "
     "TSIG-ALLOW-DNSUPDATE of the zone"},
    {LDNS_RCODE_YXDOMAIN, "YXDOMAIN", ERR_CONFLICT, "somebody changed the records since they were read"},
    {LDNS_RCODE_YXRRSET, "YXRRSET", ERR_CONFLICT, "somebody changed the records since they were read"},
    {LDNS_RCODE_NXRRSET, "NXRRSET", ERR_CONFLICT, "somebody changed the records since they were read"},
    {LDNS_RCODE_NOTAUTH, "NOTAUTH", ERR_INVALID,
     "the server does not take updates of the zone: it is not its primary, or (Knot) no acl with action update is for "
     "this key; check nameserver, zone and acl"},
    {LDNS_RCODE_NOTZONE, "NOTZONE", ERR_INVALID, "the name is not in the zone; check zone"},
};

static enum err find_meaning(const struct meaning *table, size_t count, const struct message *message,
                             const struct net_endpoint *server, struct errmsg *reterr)
{
        ldns_pkt_rcode rcode = ldns_pkt_get_rcode(message->answer);
        CLEANUP(cleanup_free) char *name = ldns_rdf2str(message->owner);
        for (size_t i = 0; i < count; i++)
                if (table[i].rcode == rcode)
                        return err_set(reterr, table[i].err, "%s: %s for %.80s: %s", server->text, table[i].name, name,
                                       table[i].remedy);
        return err_set(reterr, ERR_INVALID, "%s: unexpected response code %d for %.80s", server->text, (int)rcode,
                       name);
}

/* An error that the key does not prove may come from any sender: it ends this attempt, and nothing else follows from
 * it. */
static enum err unproven(const struct message *message, const struct net_endpoint *server, struct errmsg *reterr)
{
        const struct tsig_key *key = message->key;
        if (message->proof.error == TSIG_BADKEY)
                return err_set(reterr, ERR_DENIED,
                               "%s: BADKEY: the server has no key \"%s\" of %s, or (Knot) no acl gives it this right; "
                               "check name and algorithm of the TSIG Secret, then the acl of the zone (Knot: its key, "
                               "and action: update)",
                               server->text, key->text, tsig_key_algorithm_name(key));
        if (message->proof.error == TSIG_BADSIG)
                return err_set(reterr, ERR_DENIED,
                               "%s: BADSIG: the server's key \"%s\" has another secret; check key of the TSIG Secret",
                               server->text, key->text);
        if (ldns_pkt_get_rcode(message->answer) == LDNS_RCODE_NOTAUTH)
                return err_set(
                    reterr, ERR_DENIED,
                    "%s: NOTAUTH without a signature: PowerDNS answers so where it has no key \"%s\" of %s with "
                    "this secret; check the TSIG Secret, then whether nameserver serves the zone",
                    server->text, key->text, tsig_key_algorithm_name(key));
        return err_set(reterr, ERR_DENIED,
                       "%s: response code %d without the key's signature; is this the right server?", server->text,
                       (int)ldns_pkt_get_rcode(message->answer));
}

static enum err check_proof(const struct message *message, const struct net_endpoint *server,
                            struct errmsg *reterr)
{
        if (!message->key)
                return ERR_OK;
        if (message->proof.verdict != TSIG_VALID)
                return unproven(message, server, reterr);
        if (message->proof.error != TSIG_BADTIME)
                return ERR_OK;
        int64_t ahead_s = message->proof.server_ahead_s;
        return err_set(
            reterr, ERR_DENIED,
            "%s: BADTIME: its clock is %" PRId64 " s %s the operator's and %d s is allowed; set the clocks right",
            server->text, ahead_s < 0 ? -ahead_s : ahead_s, ahead_s < 0 ? "behind" : "ahead of", TSIG_FUDGE_S);
}

enum err verdict_on_answer(const struct message *message, const struct net_endpoint *server,
                           struct errmsg *reterr)
{
        enum err err = check_proof(message, server, reterr);
        if (err != ERR_OK)
                return err;
        ldns_pkt_rcode rcode = ldns_pkt_get_rcode(message->answer);
        if (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN)
                return find_meaning(answer_meanings, sizeof(answer_meanings) / sizeof(answer_meanings[0]), message,
                                    server, reterr);
        if (ldns_pkt_aa(message->answer))
                return ERR_OK;
        CLEANUP(cleanup_free) char *name = ldns_rdf2str(message->owner);
        return err_set(reterr, ERR_INVALID, "%s: not authoritative for %.100s; name a server of the zone, no resolver",
                       server->text, name);
}

enum err verdict_on_update(const struct message *message, const struct net_endpoint *server, const char *suspect,
                           struct errmsg *reterr)
{
        enum err err = check_proof(message, server, reterr);
        if (err != ERR_OK || ldns_pkt_get_rcode(message->answer) == LDNS_RCODE_NOERROR)
                return err;
        if (suspect && ldns_pkt_get_rcode(message->answer) == LDNS_RCODE_REFUSED)
                return err_set(reterr, ERR_DENIED, "%s: REFUSED: %s", server->text, suspect);
        return find_meaning(update_meanings, sizeof(update_meanings) / sizeof(update_meanings[0]), message, server,
                            reterr);
}
