/* rfc2136_name.c -- one DNS name during one visit: its zone, and how an update gets to its server. */
#include "targets/dns/rfc2136_name.h"

#include "targets/dns/look.h"
#include "targets/dns/verdict.h"
#include "targets/dns/zone.h"
#include "util/text.h"

static enum err set_zone(struct rfc2136_name *self, const char *zone, const char *name, struct errmsg *reterr)
{
        if (!zone || !zone[0])
                return ERR_OK;
        if (text_is_dns_name(zone))
                self->zone = ldns_dname_new_frm_str(zone);
        self->zone_is_setting = true;
        if (!self->zone || !zone_holds(self->zone, self->names.address))
                return err_set(reterr, ERR_INVALID, "zone \"%.80s\" does not hold the name %.80s", zone, name);
        return ERR_OK;
}

enum err rfc2136_name_begin(const struct net_endpoint *server, const struct tsig_key *key, const char *name,
                            const char *zone, mono_ms deadline, struct rfc2136_name *ret, struct errmsg *reterr)
{
        *ret = (struct rfc2136_name){.key = key, .deadline = deadline};
        channel_init(&ret->channel, server);
        enum err err = names_init(name, &ret->names, reterr);
        return err == ERR_OK ? set_zone(ret, zone, name, reterr) : err;
}

void rfc2136_name_end(struct rfc2136_name *self)
{
        channel_close(&self->channel);
        names_clear(&self->names);
        ldns_rdf_deep_free(self->zone);
}

struct asking rfc2136_asking(struct rfc2136_name *self)
{
        return (struct asking){.channel = &self->channel, .key = self->key, .deadline = self->deadline};
}

enum err rfc2136_find_zone(struct rfc2136_name *self, struct errmsg *reterr)
{
        const struct asking asking = rfc2136_asking(self);
        return self->zone ? ERR_OK : zone_find(&asking, self->names.address, &self->zone, reterr);
}

enum err rfc2136_read(struct rfc2136_name *self, struct target_visit *visit)
{
        const struct asking asking = rfc2136_asking(self);
        enum err err = rfc2136_find_zone(self, &visit->why); /* here, so that a swap need not */
        if (err == ERR_OK)
                err = look_closely(&asking, &self->names, self->zone, &visit->found, &visit->why);
        if (err == ERR_OK)
                visit->found.version = ldns_rdf2str(self->zone);
        return err;
}

/* Which of the server's addresses answers, where that is not known: the question itself does not matter. */
static enum err choose_address(struct rfc2136_name *self, struct errmsg *reterr)
{
        if (channel_may_update(&self->channel, self->deadline))
                return ERR_OK;
        struct message message;
        message_ask(self->zone, LDNS_RR_TYPE_SOA, self->key, &message);
        enum err err = channel_ask(&self->channel, &message, 1, self->deadline, reterr);
        message_clear(&message);
        return err;
}

enum err rfc2136_deliver(struct rfc2136_name *self, ldns_pkt *update, const char *suspect, struct errmsg *reterr)
{
        struct message message;
        message_update(update, self->zone, self->key, &message);
        enum err err = choose_address(self, reterr);
        if (err == ERR_OK)
                err = channel_update(&self->channel, &message, self->deadline, reterr);
        if (err == ERR_OK)
                err = verdict_on_update(&message, &self->channel.server, suspect, reterr);
        self->was_unproven = message.key && message.answer &&
                             (message.proof.verdict != TSIG_VALID || message.proof.error == TSIG_BADTIME);
        message_clear(&message);
        if (err == ERR_INVALID && !self->zone_is_setting) { /* perhaps the zone was split since: find it anew */
                ldns_rdf_deep_free(self->zone);
                self->zone = NULL;
        }
        return err;
}
