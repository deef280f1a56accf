/* rfc2136.c -- a DNS name as a fenced register, by DNS UPDATE with TSIG. */
#include "targets/dns/rfc2136.h"

#include <stdlib.h>

#include "targets/dns/claim.h"
#include "targets/dns/rfc2136_by_hand.h"
#include "targets/dns/rfc2136_name.h"
#include "targets/dns/state.h"
#include "targets/dns/update.h"
#include "targets/dns/zone.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum { DNS_PORT = 53, BATCH_MAX = 100 /* about what fits one message, with names and texts of usual lengths */ };

/* The session of one server. A socket is opened for each visit, because over UDP there is no connection to keep. */
struct rfc2136 {
        struct target_session base;
        struct net_endpoint server;
        struct tsig_key key;
        char *zone; /* NULL: the server is asked */
};

static struct rfc2136 *rfc2136_of(struct target_session *session)
{
        return (struct rfc2136 *)session; /* its first member */
}

static void rfc2136_close(struct target_session *session)
{
        struct rfc2136 *self = rfc2136_of(session);
        tsig_key_clear(&self->key);
        free(self->zone);
        free(self);
}

static enum err configure(struct rfc2136 *self, const struct target_config *config, struct errmsg *reterr)
{
        const char *nameserver = target_setting_find(config, "nameserver");
        if (!nameserver)
                return err_set(reterr, ERR_INVALID, "nameserver is missing");
        enum err err = net_endpoint_parse(nameserver, DNS_PORT, &self->server, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "nameserver");
        const char *zone = target_setting_find(config, "zone");
        self->zone = zone ? mem_strdup(zone) : NULL;
        return tsig_key_from_config(config, &self->key, reterr);
}

static enum err rfc2136_check_credentials(const struct target_config *config, struct errmsg *reterr)
{
        struct tsig_key key = {0};
        enum err err = tsig_key_from_config(config, &key, reterr);
        tsig_key_clear(&key);
        return err;
}

static enum err rfc2136_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        struct rfc2136 *self = mem_new(self);
        self->base.driver = &rfc2136_driver;
        enum err err = configure(self, config, reterr);
        if (err != ERR_OK) {
                rfc2136_close(&self->base);
                return err;
        }
        *ret = &self->base;
        return ERR_OK;
}

static enum err begin(const struct rfc2136 *self, const char *name, mono_ms deadline, struct rfc2136_name *ret,
                      struct errmsg *reterr)
{
        return rfc2136_name_begin(&self->server, &self->key, name, self->zone, deadline, ret, reterr);
}

static enum err visit_name(const struct rfc2136 *self, struct target_visit *visit)
{
        CLEANUP(rfc2136_name_end) struct rfc2136_name name;
        enum err err = begin(self, visit->name, visit->deadline, &name, &visit->why);
        if (err != ERR_OK)
                return err;
        return visit->verb == TARGET_READ ? rfc2136_read(&name, visit) : rfc2136_swap(&name, visit);
}

static void rfc2136_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        const struct rfc2136 *self = rfc2136_of(session);
        const struct rfc2136_server server = {.endpoint = &self->server, .key = &self->key, .zone = self->zone};
        if (count == 1)
                visits->err = visit_name(self, visits);
        else if (visits->verb == TARGET_READ)
                rfc2136_read_all(&server, visits, count);
        else
                rfc2136_swap_all(&server, visits, count);
}

static enum err rfc2136_claims(struct target_session *session, const char *name, mono_ms deadline, char **ret_claim,
                               struct errmsg *reterr)
{
        CLEANUP(rfc2136_name_end) struct rfc2136_name at;
        enum err err = begin(rfc2136_of(session), name, deadline, &at, reterr);
        const struct asking asking = rfc2136_asking(&at);
        return err == ERR_OK ? claim_find(&asking, at.names.address, ret_claim, reterr) : err;
}

/* The text at @owner, which must be in the name's zone where it is to be renewed. */
static enum err hear(struct rfc2136_name *name, const ldns_rdf *owner, char **ret, struct errmsg *reterr)
{
        struct message messages[2];
        const struct asking asking = rfc2136_asking(name);
        message_ask(owner, LDNS_RR_TYPE_TXT, name->key, &messages[0]);
        message_ask(owner, LDNS_RR_TYPE_SOA, name->key, &messages[1]);
        enum err err = ask_all(&asking, messages, 2, reterr);
        if (err == ERR_OK && name->zone)
                err = zone_check(&asking, &messages[1], name->zone, name->names.address, reterr);
        char *text = err == ERR_OK ? state_only_text(&messages[0]) : NULL;
        message_clear(&messages[0]);
        message_clear(&messages[1]);
        if (err == ERR_OK && !text)
                err = err_set(reterr, ERR_INVALID, "%s: the TXT record there is not Planekeeper's; remove it",
                              name->channel.server.text);
        *ret = text;
        return err;
}

static enum err say_instead(struct rfc2136_name *name, const ldns_rdf *owner, const struct target_alive *alive,
                            char **heard, struct errmsg *reterr)
{
        ldns_pkt *update = update_text_new(owner, name->zone, *heard, alive->say, alive->ttl_s);
        enum err err = rfc2136_deliver(name, update, NULL, reterr);
        free(*heard);
        *heard = err == ERR_OK ? mem_strdup(alive->say) : NULL;
        return err;
}

static enum err hear_and_say(struct rfc2136_name *name, const struct target_alive *alive, char **ret_heard,
                             struct errmsg *reterr)
{
        CLEANUP(cleanup_free) char *text = ldns_rdf2str(name->names.address);
        ldns_rdf *owner = names_alive(text);
        if (!owner)
                return err_set(reterr, ERR_INVALID, "\"%.100s\" leaves no room for _planekeeper-alive. before it",
                               text);
        char *heard = NULL;
        enum err err = alive->say ? rfc2136_find_zone(name, reterr) : ERR_OK;
        if (err == ERR_OK)
                err = hear(name, owner, &heard, reterr);
        if (err == ERR_OK && alive->say)
                err = say_instead(name, owner, alive, &heard, reterr);
        ldns_rdf_deep_free(owner);
        if (err == ERR_OK)
                *ret_heard = heard;
        return err;
}

static enum err rfc2136_alive(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                              struct errmsg *reterr)
{
        CLEANUP(rfc2136_name_end) struct rfc2136_name name;
        enum err err = begin(rfc2136_of(session), alive->name, alive->deadline, &name, reterr);
        return err == ERR_OK ? hear_and_say(&name, alive, ret_heard, reterr) : err;
}

static enum err rfc2136_preflight(struct target_session *session, struct target_preflight *preflight,
                                  struct errmsg *reterr)
{
        CLEANUP(rfc2136_name_end) struct rfc2136_name name;
        enum err err = begin(rfc2136_of(session), preflight->name, preflight->deadline, &name, reterr);
        return err == ERR_OK ? rfc2136_try(&name, preflight, reterr) : err;
}

const struct target_driver rfc2136_driver = {
    .name = "rfc2136",
    .kind = TARGET_NAME,
    .limits = {.visit_ms = 5000,
               .read_every_ms = 30000,
               .preflight_every_ms = 600000,
               .at_once = 3,
               .batch_max = BATCH_MAX,
               .may_halve = true,
               .fenced = true,
               .can_arbitrate = true},
    .where = "nameserver",
    .check_credentials = rfc2136_check_credentials,
    .credentials_wanted = "the output of tsig-keygen under any key, or the keys name, key and algorithm",
    .open = rfc2136_open,
    .visit = rfc2136_visit,
    .preflight = rfc2136_preflight,
    .by_hand = rfc2136_by_hand,
    .claims = rfc2136_claims,
    .alive = rfc2136_alive,
    .close = rfc2136_close,
};
