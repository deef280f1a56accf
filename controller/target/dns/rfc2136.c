/* rfc2136.c -- a DNS name as a fenced register, by DNS UPDATE with TSIG. */
#include "target/dns/rfc2136.h"

#include <stdlib.h>

#include "target/dns/channel.h"
#include "target/dns/company.h"
#include "target/dns/state.h"
#include "target/dns/update.h"
#include "target/dns/verdict.h"
#include "target/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { DNS_PORT = 53 };

struct rfc2136 {
        struct dns_target base;
        struct channel channel;
        struct tsig_key key;
        struct names names;
        ldns_rdf *zone; /* NULL until found */
        uint32_t ttl_s;
        bool zone_is_setting; /* else it is looked for again when the server says that it is wrong */
};

static struct rfc2136 *rfc2136_of(struct dns_target *target)
{
        return (struct rfc2136 *)target; /* its first member */
}

static void rfc2136_close(struct dns_target *target)
{
        if (!target)
                return;
        struct rfc2136 *self = rfc2136_of(target);
        channel_close(&self->channel);
        tsig_key_clear(&self->key);
        names_clear(&self->names);
        ldns_rdf_deep_free(self->zone);
        free(self);
}

static bool holds(const ldns_rdf *zone, const ldns_rdf *name)
{
        return ldns_dname_compare(zone, name) == 0 || ldns_dname_is_subdomain(name, zone);
}

static enum err set_zone(struct rfc2136 *self, const char *zone, const char *name, struct errmsg *reterr)
{
        if (!zone || !zone[0])
                return ERR_OK;
        if (text_is_dns_name(zone))
                self->zone = ldns_dname_new_frm_str(zone);
        self->zone_is_setting = true;
        if (!self->zone || !holds(self->zone, self->names.address))
                return err_set(reterr, ERR_INVALID, "zone \"%.80s\" does not hold the name %.80s", zone, name);
        return ERR_OK;
}

static enum err configure(struct rfc2136 *self, const struct target_config *config, struct errmsg *reterr)
{
        const char *nameserver = target_setting_find(config, "nameserver");
        if (!nameserver)
                return err_set(reterr, ERR_INVALID, "nameserver is missing");
        struct net_endpoint server;
        enum err err = net_endpoint_parse(nameserver, DNS_PORT, &server, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "nameserver");
        channel_init(&self->channel, &server);
        err = names_init(config->name, &self->names, reterr);
        if (err == ERR_OK)
                err = set_zone(self, target_setting_find(config, "zone"), config->name, reterr);
        if (err == ERR_OK)
                err = tsig_key_from_config(config, &self->key, reterr);
        return err;
}

static enum err rfc2136_open(const struct target_config *config, struct dns_target **ret, struct errmsg *reterr)
{
        struct rfc2136 *self = mem_new(self);
        self->base.driver = &rfc2136_driver;
        self->channel.udp = -1;
        self->ttl_s = config->ttl_s;
        enum err err = configure(self, config, reterr);
        if (err != ERR_OK) {
                rfc2136_close(&self->base);
                return err;
        }
        *ret = &self->base;
        return ERR_OK;
}

static enum err ask_one(struct rfc2136 *self, struct message *message, mono_ms deadline, struct errmsg *reterr)
{
        enum err err = channel_ask(&self->channel, message, 1, deadline, reterr);
        return err == ERR_OK ? verdict_on_answer(message, &self->channel.server, reterr) : err;
}

/* The zone that an answer to an SOA question names, in either section; NULL where it names none. */
static ldns_rdf *zone_in_answer(const struct message *message)
{
        const ldns_rr_list *sections[] = {ldns_pkt_answer(message->answer), ldns_pkt_authority(message->answer)};
        for (size_t s = 0; s < 2; s++) {
                for (size_t i = 0; i < ldns_rr_list_rr_count(sections[s]); i++) {
                        const ldns_rr *record = ldns_rr_list_rr(sections[s], i);
                        const ldns_rdf *owner = ldns_rr_owner(record);
                        if (ldns_rr_get_type(record) == LDNS_RR_TYPE_SOA &&
                            (ldns_dname_compare(owner, message->owner) == 0 ||
                             ldns_dname_is_subdomain(message->owner, owner)))
                                return ldns_rdf_clone(owner);
                }
        }
        return NULL;
}

/* Walk up from the name: mostly the first answer names the zone, at a CNAME the second. */
static enum err find_zone(struct rfc2136 *self, mono_ms deadline, struct errmsg *reterr)
{
        ldns_rdf *at = self->zone ? NULL : ldns_rdf_clone(self->names.address);
        enum err err = ERR_OK;
        while (at && !self->zone && err == ERR_OK) {
                struct message message;
                message_ask(at, LDNS_RR_TYPE_SOA, &self->key, &message);
                err = ask_one(self, &message, deadline, reterr);
                if (err == ERR_OK)
                        self->zone = zone_in_answer(&message);
                message_clear(&message);
                ldns_rdf *parent = ldns_dname_label_count(at) > 1 ? ldns_dname_left_chop(at) : NULL;
                ldns_rdf_deep_free(at);
                at = parent;
        }
        ldns_rdf_deep_free(at);
        if (err == ERR_OK && !self->zone)
                err =
                    err_set(reterr, ERR_INVALID, "%s: names no zone for the name; set zone", self->channel.server.text);
        return err;
}

static bool is_zone(const struct rfc2136 *self, const char *text)
{
        CLEANUP(cleanup_free) char *zone = self->zone ? ldns_rdf2str(self->zone) : NULL;
        return text_equal(zone, text);
}

/* Where it was found when it was read, unless somebody has said where it is. */
static void recall_zone(struct rfc2136 *self, const char *zone)
{
        if (self->zone || !zone || !text_is_dns_name(zone))
                return;
        self->zone = ldns_dname_new_frm_str(zone);
        if (self->zone && !holds(self->zone, self->names.address)) {
                ldns_rdf_deep_free(self->zone);
                self->zone = NULL;
        }
}

static enum err read_state(struct rfc2136 *self, mono_ms deadline, struct dns_state *ret, struct errmsg *reterr)
{
        struct message messages[ASK_COUNT];
        state_ask(&self->names, &self->key, messages);
        enum err err = channel_ask(&self->channel, messages, ASK_COUNT, deadline, reterr);
        for (size_t i = 0; i < ASK_COUNT && err == ERR_OK; i++)
                err = verdict_on_answer(&messages[i], &self->channel.server, reterr);
        if (err == ERR_OK)
                err = state_from_answers(messages, ret, reterr);
        for (size_t i = 0; i < ASK_COUNT; i++)
                message_clear(&messages[i]);
        return err;
}

static enum err rfc2136_read(struct dns_target *target, mono_ms deadline, struct dns_state *ret, struct errmsg *reterr)
{
        struct rfc2136 *self = rfc2136_of(target);
        enum err err = find_zone(self, deadline, reterr); /* here, so that a swap need not */
        if (err == ERR_OK)
                err = read_state(self, deadline, ret, reterr);
        if (err == ERR_OK)
                ret->zone = ldns_rdf2str(self->zone);
        return err;
}

/* Which of the server's addresses answers, where that is not known: the question itself does not matter. */
static enum err choose_address(struct rfc2136 *self, mono_ms deadline, struct errmsg *reterr)
{
        if (channel_may_update(&self->channel, deadline))
                return ERR_OK;
        struct message message;
        message_ask(self->zone, LDNS_RR_TYPE_SOA, &self->key, &message);
        enum err err = channel_ask(&self->channel, &message, 1, deadline, reterr);
        message_clear(&message);
        return err;
}

/* Takes @update, which is of our zone. */
static enum err deliver(struct rfc2136 *self, ldns_pkt *update, mono_ms deadline, struct errmsg *reterr)
{
        struct message message;
        message_update(update, self->zone, &self->key, &message);
        enum err err = choose_address(self, deadline, reterr);
        if (err == ERR_OK)
                err = channel_update(&self->channel, &message, deadline, reterr);
        if (err == ERR_OK)
                err = verdict_on_update(&message, &self->channel.server, reterr);
        message_clear(&message);
        if (err == ERR_INVALID && !self->zone_is_setting) { /* perhaps the zone was split since: find it anew */
                ldns_rdf_deep_free(self->zone);
                self->zone = NULL;
        }
        return err;
}

static enum err send_update(struct rfc2136 *self, const struct dns_state *expected, const struct dns_want *want,
                            mono_ms deadline, struct errmsg *reterr)
{
        ldns_pkt *update = NULL;
        enum err err = update_new(&self->names, self->zone, expected, want, &update, reterr);
        return err == ERR_OK ? deliver(self, update, deadline, reterr) : err;
}

/* Whether what was refused in @zone may be accepted in another, which is then the one to use: nothing was applied. */
static bool has_moved(struct rfc2136 *self, const char *zone, mono_ms deadline)
{
        struct errmsg ignored;
        return zone && !self->zone && find_zone(self, deadline, &ignored) == ERR_OK && !is_zone(self, zone);
}

/* The very text, not only its epoch and id: a record changes under one epoch when it is committed. */
static bool shows_text(const struct dns_state *state, const struct dns_want *want)
{
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(want, text, sizeof(text));
        return state->stamp.presence == STAMP_OURS && text_equal(state->stamp.raw, text);
}

static bool shows(const struct dns_state *state, const struct dns_want *want)
{
        return shows_text(state, want) && text_equal(state->rrset, want->rrset);
}

static bool is_same(const struct dns_state *a, const struct dns_state *b)
{
        return text_equal(a->rrset, b->rrset) && a->stamp.presence == b->stamp.presence &&
               (a->stamp.presence == STAMP_ABSENT || text_equal(a->stamp.raw, b->stamp.raw));
}

static enum err verify(struct rfc2136 *self, const struct dns_state *expected, const struct dns_want *want,
                       mono_ms deadline, struct errmsg *reterr);

/* The server has left the name empty: half of the write is done, and the other half cannot wait. */
static enum err finish(struct rfc2136 *self, const struct dns_state *now, const struct dns_want *want, mono_ms deadline,
                       struct errmsg *reterr)
{
        enum err err = send_update(self, now, want, deadline, reterr);
        return err == ERR_OK ? verify(self, now, want, deadline, reterr) : err;
}

/* The server said that it did it; what it serves now is the proof. */
static enum err verify(struct rfc2136 *self, const struct dns_state *expected, const struct dns_want *want,
                       mono_ms deadline, struct errmsg *reterr)
{
        CLEANUP(dns_state_clear) struct dns_state now = {0};
        enum err err = read_state(self, deadline, &now, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, ERR_UNKNOWN, "updated, but not seen afterwards");
        if (shows(&now, want))
                return ERR_OK;
        if (shows_text(&now, want) && !now.rrset[0] && expected->rrset[0])
                return finish(self, &now, want, deadline, reterr);
        const char *server = self->channel.server.text;
        if (shows_text(&now, want))
                return err_set(reterr, ERR_INVALID, "%s: took the update but serves \"%.80s\" instead of \"%.80s\"",
                               server, now.rrset, want->rrset);
        if (is_same(&now, expected))
                return err_set(reterr, ERR_INVALID, "%s: said yes to the update but still serves \"%.80s\"", server,
                               now.rrset);
        return err_set(reterr, ERR_CONFLICT, "%s: somebody changed it right after us: \"%.80s\", stamp \"%.60s\"",
                       server, now.rrset, now.stamp.raw);
}

/* A prerequisite that fails although the server shows what was expected will fail for ever: say why. */
static enum err explain_conflict(struct rfc2136 *self, const struct dns_state *expected, const struct dns_want *want,
                                 mono_ms deadline, struct errmsg *reterr)
{
        CLEANUP(dns_state_clear) struct dns_state now = {0};
        struct errmsg ignored = {0};
        if (read_state(self, deadline, &now, &ignored) != ERR_OK)
                return ERR_CONFLICT;
        if (shows(&now, want))
                return ERR_OK; /* another worker of this very decision was quicker */
        if (is_same(&now, expected) && update_makes_cname(expected, want) &&
            company_check(&self->channel, &self->key, self->names.address, deadline, reterr) == ERR_INVALID)
                return ERR_INVALID; /* since we looked */
        if (is_same(&now, expected))
                return err_set(reterr, ERR_INVALID,
                               "%s: answers \"%.80s\" but has no such records of its own: a wildcard or a view?",
                               self->channel.server.text, now.rrset);
        return ERR_CONFLICT;
}

static enum err rfc2136_compare_and_set(struct dns_target *target, const struct dns_state *expected,
                                        const struct dns_want *want, mono_ms deadline, struct errmsg *reterr)
{
        struct rfc2136 *self = rfc2136_of(target);
        recall_zone(self, expected->zone);
        enum err err = find_zone(self, deadline, reterr);
        if (err == ERR_OK && update_makes_cname(expected, want))
                err = company_check(&self->channel, &self->key, self->names.address, deadline, reterr);
        if (err == ERR_OK)
                err = send_update(self, expected, want, deadline, reterr);
        if (err == ERR_INVALID && has_moved(self, expected->zone, deadline))
                err = send_update(self, expected, want, deadline, reterr);
        if (err == ERR_CONFLICT)
                return explain_conflict(self, expected, want, deadline, reterr);
        return err == ERR_OK ? verify(self, expected, want, deadline, reterr) : err;
}

static enum err hear(struct rfc2136 *self, const ldns_rdf *owner, mono_ms deadline, char **ret, struct errmsg *reterr)
{
        struct message message;
        message_ask(owner, LDNS_RR_TYPE_TXT, &self->key, &message);
        enum err err = ask_one(self, &message, deadline, reterr);
        char *text = err == ERR_OK ? state_only_text(&message) : NULL;
        message_clear(&message);
        if (err == ERR_OK && !text)
                err = err_set(reterr, ERR_INVALID, "%s: the TXT record there is not ours; remove it",
                              self->channel.server.text);
        *ret = text;
        return err;
}

static enum err say_instead(struct rfc2136 *self, const ldns_rdf *owner, const char *say, mono_ms deadline,
                            char **heard, struct errmsg *reterr)
{
        enum err err = find_zone(self, deadline, reterr);
        if (err == ERR_OK)
                err = deliver(self, update_text_new(owner, self->zone, *heard, say, self->ttl_s), deadline, reterr);
        free(*heard);
        *heard = err == ERR_OK ? mem_strdup(say) : NULL;
        return err;
}

static enum err rfc2136_alive(struct dns_target *target, const char *say, mono_ms deadline, char **ret_heard,
                              struct errmsg *reterr)
{
        struct rfc2136 *self = rfc2136_of(target);
        CLEANUP(cleanup_free) char *name = ldns_rdf2str(self->names.address);
        ldns_rdf *owner = names_alive(name);
        if (!owner)
                return err_set(reterr, ERR_INVALID, "\"%.100s\" leaves no room for _planekeeper-alive. before it",
                               name);
        char *heard = NULL;
        enum err err = hear(self, owner, deadline, &heard, reterr);
        if (err == ERR_OK && say)
                err = say_instead(self, owner, say, deadline, &heard, reterr);
        ldns_rdf_deep_free(owner);
        if (err == ERR_OK)
                *ret_heard = heard;
        return err;
}

const struct dns_driver rfc2136_driver = {
    .name = "rfc2136",
    .where = "nameserver",
    .fenced = true,
    .open = rfc2136_open,
    .read = rfc2136_read,
    .compare_and_set = rfc2136_compare_and_set,
    .alive = rfc2136_alive,
    .close = rfc2136_close,
};
