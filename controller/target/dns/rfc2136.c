/* rfc2136.c -- a DNS name as a fenced register, by DNS UPDATE with TSIG. */
#include "target/dns/rfc2136.h"

#include <stdlib.h>
#include <time.h>

#include "runtime/clock.h"
#include "target/dns/claim.h"
#include "target/dns/company.h"
#include "target/dns/look.h"
#include "target/dns/state.h"
#include "target/dns/update.h"
#include "target/dns/verdict.h"
#include "target/dns/zone.h"
#include "target/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { DNS_PORT = 53, SETTLES_WITHIN_MS = 3000, SETTLE_FIRST_MS = 25 };

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

static enum err set_zone(struct rfc2136 *self, const char *zone, const char *name, struct errmsg *reterr)
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

static enum err rfc2136_check_credentials(const struct target_config *config, struct errmsg *reterr)
{
        struct tsig_key key = {0};
        enum err err = tsig_key_from_config(config, &key, reterr);
        tsig_key_clear(&key);
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

static struct asking asking_of(struct rfc2136 *self, mono_ms deadline)
{
        return (struct asking){.channel = &self->channel, .key = &self->key, .deadline = deadline};
}

static enum err find_zone(struct rfc2136 *self, mono_ms deadline, struct errmsg *reterr)
{
        const struct asking asking = asking_of(self, deadline);
        return self->zone ? ERR_OK : zone_find(&asking, self->names.address, &self->zone, reterr);
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
        if (self->zone && !zone_holds(self->zone, self->names.address)) {
                ldns_rdf_deep_free(self->zone);
                self->zone = NULL;
        }
}

static enum err read_state(struct rfc2136 *self, mono_ms deadline, struct target_state *ret, struct errmsg *reterr)
{
        const struct asking asking = asking_of(self, deadline);
        return look_quickly(&asking, &self->names, ret, reterr);
}

static enum err rfc2136_read(struct dns_target *target, mono_ms deadline, struct target_state *ret, struct errmsg *reterr)
{
        struct rfc2136 *self = rfc2136_of(target);
        const struct asking asking = asking_of(self, deadline);
        enum err err = find_zone(self, deadline, reterr); /* here, so that a swap need not */
        if (err == ERR_OK)
                err = look_closely(&asking, &self->names, self->zone, ret, reterr);
        if (err == ERR_OK)
                ret->version = ldns_rdf2str(self->zone);
        return err;
}

static enum err rfc2136_claims(struct dns_target *target, mono_ms deadline, char **ret_claim, struct errmsg *reterr)
{
        struct rfc2136 *self = rfc2136_of(target);
        const struct asking asking = asking_of(self, deadline);
        return claim_find(&asking, self->names.address, ret_claim, reterr);
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

/* Takes @update, which is of our zone. @suspect: as in verdict.h. */
static enum err deliver(struct rfc2136 *self, ldns_pkt *update, const char *suspect, mono_ms deadline,
                        struct errmsg *reterr)
{
        struct message message;
        message_update(update, self->zone, &self->key, &message);
        enum err err = choose_address(self, deadline, reterr);
        if (err == ERR_OK)
                err = channel_update(&self->channel, &message, deadline, reterr);
        if (err == ERR_OK)
                err = verdict_on_update(&message, &self->channel.server, suspect, reterr);
        message_clear(&message);
        if (err == ERR_INVALID && !self->zone_is_setting) { /* perhaps the zone was split since: find it anew */
                ldns_rdf_deep_free(self->zone);
                self->zone = NULL;
        }
        return err;
}

static enum err send_update(struct rfc2136 *self, const struct target_swap *swap, struct errmsg *reterr)
{
        ldns_pkt *update = NULL;
        enum err err = update_new(&self->names, self->zone, swap->expected, swap->want, &update, reterr);
        const char *suspect = update_suspect(&self->names, swap->expected, swap->want);
        return err == ERR_OK ? deliver(self, update, suspect, swap->deadline, reterr) : err;
}

/* Whether what was refused in @zone may be accepted in another, which is then the one to use: nothing was applied. */
static bool has_moved(struct rfc2136 *self, const char *zone, mono_ms deadline)
{
        struct errmsg ignored;
        return zone && !self->zone && find_zone(self, deadline, &ignored) == ERR_OK && !is_zone(self, zone);
}

/* The very text, not only its epoch and id: a record changes under one epoch when it is committed. */
static bool shows_text(const struct target_state *state, const struct target_want *want)
{
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(want, text, sizeof(text));
        return state->stamp.presence == STAMP_OURS && text_equal(state->stamp.raw, text);
}

static bool shows(const struct target_state *state, const struct target_want *want)
{
        return shows_text(state, want) && text_equal(state->value, want->value);
}

static bool is_same(const struct target_state *a, const struct target_state *b)
{
        return text_equal(a->value, b->value) && a->stamp.presence == b->stamp.presence &&
               (a->stamp.presence == STAMP_ABSENT || text_equal(a->stamp.raw, b->stamp.raw));
}

static enum err verify(struct rfc2136 *self, struct target_swap *swap, struct errmsg *reterr);

/* The server has left the name empty, @now: half of the write is done, and the other half cannot wait. */
static enum err finish(struct rfc2136 *self, const struct target_state *now, struct target_swap *swap,
                       struct errmsg *reterr)
{
        struct target_swap rest = {.expected = now, .want = swap->want, .deadline = swap->deadline};
        enum err err = send_update(self, &rest, reterr);
        if (err == ERR_OK)
                err = verify(self, &rest, reterr);
        if (err == ERR_OK)
                swap->found = rest.found;
        return err;
}

/*
 * Reads until the server shows something else than @expected, or until it has had its time: a secondary that passes
 * updates on to its primary shows them after its next transfer.
 */
static enum err settle(struct rfc2136 *self, const struct target_state *expected, mono_ms deadline, struct target_state *ret,
                       struct errmsg *reterr)
{
        mono_ms until = clock_mono() + SETTLES_WITHIN_MS;
        until = until < deadline ? until : deadline;
        for (mono_ms pause = SETTLE_FIRST_MS;; pause *= 2) {
                enum err err = read_state(self, deadline, ret, reterr);
                if (err != ERR_OK || !is_same(ret, expected) || clock_mono() + pause >= until)
                        return err;
                const struct timespec wait = {.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000};
                (void)nanosleep(&wait, NULL);
                target_state_clear(ret);
        }
}

static void move_state(struct target_state *from, struct target_state *to)
{
        *to = *from;
        *from = (struct target_state){0};
}

/* The server said that it did it; what it serves now is the proof. */
static enum err verify(struct rfc2136 *self, struct target_swap *swap, struct errmsg *reterr)
{
        const struct target_state *expected = swap->expected;
        const struct target_want *want = swap->want;
        CLEANUP(target_state_clear) struct target_state now = {0};
        enum err err = settle(self, expected, swap->deadline, &now, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, ERR_UNKNOWN, "updated, but not seen afterwards");
        if (shows(&now, want)) {
                move_state(&now, &swap->found);
                return ERR_OK;
        }
        if (shows_text(&now, want) && !now.value[0] && expected->value[0])
                return finish(self, &now, swap, reterr);
        const char *server = self->channel.server.text;
        if (shows_text(&now, want))
                return err_set(reterr, ERR_INVALID, "%s: took the update but serves \"%.80s\" instead of \"%.80s\"",
                               server, now.value, want->value);
        if (is_same(&now, expected))
                return err_set(reterr, ERR_UNKNOWN,
                               "%s: said yes to the update but still serves \"%.80s\"; a secondary that forwards updates "
                               "shows them after its next transfer: name the primary in nameserver, or let it notify "
                               "this server",
                               server, now.value);
        return err_set(reterr, ERR_CONFLICT, "%s: it was changed right after this write: \"%.80s\", ownership record \"%.60s\"",
                       server, now.value, now.stamp.raw);
}

/* A prerequisite fails although the server shows what was expected: not where it keeps the zone, or not yet here. */
static enum err explain_conflict(struct rfc2136 *self, struct target_swap *swap, struct errmsg *reterr)
{
        const struct target_state *expected = swap->expected;
        CLEANUP(target_state_clear) struct target_state now = {0};
        struct errmsg ignored = {0};
        if (update_makes_cname(expected, swap->want) &&
            company_check(&self->channel, &self->key, self->names.address, swap->deadline, reterr) == ERR_INVALID)
                return ERR_INVALID; /* it came since we looked */
        if (settle(self, expected, swap->deadline, &now, &ignored) != ERR_OK)
                return ERR_CONFLICT;
        if (shows(&now, swap->want)) { /* another worker of this decision was quicker, or our own update is seen now */
                move_state(&now, &swap->found);
                return ERR_OK;
        }
        if (is_same(&now, expected))
                return err_set(reterr, ERR_INVALID,
                               "%s: answers \"%.80s\", but what takes its updates has other records: a secondary that "
                               "forwards them and lags behind, a wildcard, or a view; name the primary in nameserver",
                               self->channel.server.text, now.value);
        return ERR_CONFLICT;
}

static enum err rfc2136_swap(struct dns_target *target, struct target_swap *swap, struct errmsg *reterr)
{
        struct rfc2136 *self = rfc2136_of(target);
        const char *zone = swap->expected->version;
        recall_zone(self, zone);
        enum err err = find_zone(self, swap->deadline, reterr);
        if (err == ERR_OK && update_makes_cname(swap->expected, swap->want))
                err = company_check(&self->channel, &self->key, self->names.address, swap->deadline, reterr);
        if (err == ERR_OK)
                err = send_update(self, swap, reterr);
        if (err == ERR_INVALID && has_moved(self, zone, swap->deadline))
                err = send_update(self, swap, reterr);
        if (err == ERR_CONFLICT)
                err = explain_conflict(self, swap, reterr);
        else if (err == ERR_OK)
                err = verify(self, swap, reterr);
        if (err == ERR_OK && self->zone)
                swap->found.version = ldns_rdf2str(self->zone);
        return err;
}

/* What is at @owner, which must be in our zone where something is to be said there. */
static enum err hear(struct rfc2136 *self, const ldns_rdf *owner, mono_ms deadline, char **ret, struct errmsg *reterr)
{
        struct message messages[2];
        const struct asking asking = asking_of(self, deadline);
        message_ask(owner, LDNS_RR_TYPE_TXT, &self->key, &messages[0]);
        message_ask(owner, LDNS_RR_TYPE_SOA, &self->key, &messages[1]);
        enum err err = ask_all(&asking, messages, 2, reterr);
        if (err == ERR_OK && self->zone)
                err = zone_check(&asking, &messages[1], self->zone, self->names.address, reterr);
        char *text = err == ERR_OK ? state_only_text(&messages[0]) : NULL;
        message_clear(&messages[0]);
        message_clear(&messages[1]);
        if (err == ERR_OK && !text)
                err = err_set(reterr, ERR_INVALID, "%s: the TXT record there is not Planekeeper's; remove it",
                              self->channel.server.text);
        *ret = text;
        return err;
}

static enum err say_instead(struct rfc2136 *self, const ldns_rdf *owner, const char *say, mono_ms deadline,
                            char **heard, struct errmsg *reterr)
{
        enum err err = deliver(self, update_text_new(owner, self->zone, *heard, say, self->ttl_s), NULL, deadline, reterr);
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
        enum err err = say ? find_zone(self, deadline, reterr) : ERR_OK;
        if (err == ERR_OK)
                err = hear(self, owner, deadline, &heard, reterr);
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
    .check_credentials = rfc2136_check_credentials,
    .credentials_wanted = "the output of tsig-keygen under any key, or the keys name, key and algorithm",
    .read = rfc2136_read,
    .swap = rfc2136_swap,
    .claims = rfc2136_claims,
    .alive = rfc2136_alive,
    .close = rfc2136_close,
};
