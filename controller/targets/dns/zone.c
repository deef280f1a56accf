/* zone.c -- in which zone of a server a name lives. */
#include "targets/dns/zone.h"

#include "util/cleanup.h"

bool zone_holds(const ldns_rdf *zone, const ldns_rdf *name)
{
        return ldns_dname_compare(zone, name) == 0 || ldns_dname_is_subdomain(name, zone);
}

static const ldns_rdf *soa_owner(const ldns_rr_list *section)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++)
                if (ldns_rr_get_type(ldns_rr_list_rr(section, i)) == LDNS_RR_TYPE_SOA)
                        return ldns_rr_owner(ldns_rr_list_rr(section, i));
        return NULL;
}

/* An apex answers with its own SOA; any other name with nothing, and the SOA of its zone as authority. */
ldns_rdf *zone_of_answer(const struct message *answer)
{
        const ldns_rr_list *answers = ldns_pkt_answer(answer->answer);
        const ldns_rdf *apex = soa_owner(answers);
        if (apex && ldns_dname_compare(apex, answer->owner) == 0)
                return ldns_rdf_clone(apex);
        const ldns_rdf *above =
            ldns_rr_list_rr_count(answers) == 0 ? soa_owner(ldns_pkt_authority(answer->answer)) : NULL;
        return above && zone_holds(above, answer->owner) ? ldns_rdf_clone(above) : NULL;
}

enum err zone_find(const struct asking *asking, const ldns_rdf *name, ldns_rdf **ret, struct errmsg *reterr)
{
        ldns_rdf *zone = NULL;
        enum err err = ERR_OK;
        for (ldns_rdf *at = ldns_rdf_clone(name), *parent; at; at = parent) {
                struct message message;
                message_ask(at, LDNS_RR_TYPE_SOA, asking->key, &message);
                err = ask_all(asking, &message, 1, reterr);
                if (err == ERR_OK)
                        zone = zone_of_answer(&message);
                message_clear(&message);
                bool goes_on = err == ERR_OK && !zone && ldns_dname_label_count(at) > 1;
                parent = goes_on ? ldns_dname_left_chop(at) : NULL;
                ldns_rdf_deep_free(at);
        }
        if (err == ERR_OK && !zone)
                return err_set(reterr, ERR_INVALID, "%s: names no zone for the name; set zone",
                               asking->channel->server.text);
        if (err == ERR_OK)
                *ret = zone;
        return err;
}

enum err zone_check(const struct asking *asking, const struct message *answer, const ldns_rdf *zone,
                    const ldns_rdf *address, struct errmsg *reterr)
{
        ldns_rdf *found = zone_of_answer(answer);
        if (!found || ldns_dname_compare(found, zone) == 0) {
                ldns_rdf_deep_free(found);
                return ERR_OK;
        }
        CLEANUP(cleanup_free) char *theirs = ldns_rdf2str(found), *ours = ldns_rdf2str(zone),
                                   *owner = ldns_rdf2str(answer->owner);
        bool is_of_name = zone_holds(found, address);
        ldns_rdf_deep_free(found);
        if (is_of_name)
                return err_set(reterr, ERR_INVALID,
                               "%s: zone is \"%.80s\", but the server has the name in zone %.80s; set zone to that, or "
                               "leave it out",
                               asking->channel->server.text, ours, theirs);
        return err_set(reterr, ERR_INVALID,
                       "%s: %.100s is in zone %.80s, and the name in zone %.80s: one update cannot change both; remove "
                       "that zone from the server, or its records to the zone of the name",
                       asking->channel->server.text, owner, theirs, ours);
}
