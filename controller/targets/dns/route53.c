/* route53.c -- a DNS name as a fenced register in a hosted zone of Amazon Route 53. */
#include "targets/dns/route53.h"

#include <stdlib.h>
#include <string.h>

#include "targets/dns/route53_by_hand.h"
#include "targets/dns/route53_many.h"
#include "targets/dns/route53_session.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

#define GLOBAL_ENDPOINT "https://route53.amazonaws.com"

enum {
        ENDPOINT_BYTES = 512,
        IDENTITY_BYTES = 2048, /* two settings, each bounded where the spec is read */
        VISIT_MS = 5000,
        READ_EVERY_MS = 30000,
        SESSION_MS = 600000,      /* zones are listed anew, and temporary keys renewed, within a session */
        PREFLIGHT_EVERY_MS = 3600000, /* each takes a request of all that an account has */
        BATCH_MAX = 1000,         /* a change takes as many as fit, a look all of one zone */
        REQUESTS_PER_MINUTE = 300 /* 5 a second an account, all zones together */
};

/* The service is one for all regions of a partition, but its requests are signed for one of them. */
static const struct partition {
        const char *endpoint_part; /* of the host */
        const char *name;
        const char *region;
} partitions[] = {
    {".amazonaws.com.cn", "aws-cn", "cn-northwest-1"},
    {".us-gov.", "aws-us-gov", "us-gov-west-1"},
    {"", "aws", "us-east-1"}, /* the last one */
};

static struct route53 *route53_of(struct target_session *session)
{
        return (struct route53 *)session; /* its first member */
}

static void route53_close(struct target_session *session)
{
        struct route53 *self = route53_of(session);
        aws_close(self->client);
        arena_deinit(&self->arena);
        target_servers_clear(&self->servers);
        free(self->zone_id);
        free(self->alias_zone);
        free(self);
}

static const struct partition *partition_of(const char *endpoint)
{
        const struct partition *partition = partitions;
        while (!strstr(endpoint, partition->endpoint_part))
                partition++;
        return partition;
}

static enum err set_zone(struct route53 *self, const char *setting, struct errmsg *reterr)
{
        const char *id = setting ? route53_zone_id(setting) : NULL;
        if (setting && !id)
                return err_set(
                    reterr, ERR_INVALID,
                    "hostedZoneID \"%.60s\" is no id of a hosted zone: it has capital letters and digits, as in "
                    "Z2FDTNDATAQYW2",
                    setting);
        self->zone_id = id ? mem_strdup(id) : NULL;
        return ERR_OK;
}

/* "<endpoint>#<hosted zone>" or "<endpoint>#private": zones of one name are told apart by it. */
static char *route53_identify(const struct target_config *config)
{
        const char *endpoint = target_setting_find(config, "endpoint"),
                   *id = target_setting_find(config, "hostedZoneID");
        bool is_private = text_equal(target_setting_find(config, "private"), "true");
        const char *zone = id && id[0] ? (route53_zone_id(id) ? route53_zone_id(id) : id) : is_private ? "private" : "";
        struct strbuf text = STRBUF_INIT(IDENTITY_BYTES);
        (void)strbuf_printf(&text, "%s%s%s", endpoint && endpoint[0] ? endpoint : GLOBAL_ENDPOINT, zone[0] ? "#" : "",
                            zone);
        return strbuf_take(&text);
}

/* The settings as they are, or as they were when the plan was made. */
static enum err take_identity(struct route53 *self, const struct target_config *config, char *ret_endpoint,
                              size_t size, struct errmsg *reterr)
{
        const char *given = target_setting_find(config, TARGET_IDENTITY);
        CLEANUP(cleanup_free) char *identity = given ? mem_strdup(given) : route53_identify(config);
        const char *zone = strchr(identity, '#');
        size_t bytes = zone ? (size_t)(zone - identity) : strlen(identity);
        if (bytes >= size)
                return err_set(reterr, ERR_INVALID, "endpoint is longer than %zu characters", size - 1);
        memcpy(ret_endpoint, identity, bytes);
        ret_endpoint[bytes] = '\0';
        self->wants_private = zone && text_equal(zone, "#private");
        return set_zone(self, zone && !self->wants_private ? zone + 1 : NULL, reterr);
}

static enum err configure(struct route53 *self, const struct target_config *config, struct errmsg *reterr)
{
        const char *region = target_setting_find(config, "region");
        char endpoint[ENDPOINT_BYTES];
        enum err err = take_identity(self, config, endpoint, sizeof(endpoint), reterr);
        if (err != ERR_OK)
                return err;
        const char *alias_zone = target_setting_find(config, "aliasHostedZoneID");
        self->alias_zone = alias_zone && route53_zone_id(alias_zone) ? mem_strdup(route53_zone_id(alias_zone)) : NULL;
        const struct partition *partition = partition_of(endpoint);
        self->partition = partition->name;
        const struct aws_config aws = {.service = "route53",
                                       .region = region ? region : partition->region,
                                       .endpoint = endpoint,
                                       .credentials = config->credentials,
                                       .credential_count = config->credential_count,
                                       .environment = config->aws,
                                       .role_arn = target_setting_find(config, "roleARN"),
                                       .external_id = target_setting_find(config, "externalID")};
        return aws_open(&aws, &self->client, reterr);
}

static enum err route53_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        struct route53 *self = mem_new(self);
        self->base.driver = &route53_driver;
        enum err err = configure(self, config, reterr);
        if (err != ERR_OK) {
                route53_close(&self->base);
                return err;
        }
        *ret = &self->base;
        return ERR_OK;
}

static enum err route53_check_credentials(const struct target_config *config, struct errmsg *reterr)
{
        return aws_credentials_check(config->credentials, config->credential_count, reterr);
}

static enum err read_name(struct route53 *self, const struct route53_names *names, struct target_visit *visit)
{
        const char *zone_id;
        enum err err =
            route53_find_zone(self, names->address, visit->deadline, &zone_id, &visit->retry_after_ms, &visit->why);
        if (err == ERR_OK)
                err = route53_read(self, zone_id, names, visit->deadline, &visit->found, &visit->retry_after_ms,
                                   &visit->why);
        return err;
}

static enum err visit_name(struct route53 *self, struct target_visit *visit)
{
        struct route53_names names;
        enum err err = route53_names_init(visit->name, &names, &visit->why);
        if (err != ERR_OK)
                return err;
        names.alias_zone = self->alias_zone;
        return visit->verb == TARGET_READ ? read_name(self, &names, visit) : route53_swap(self, &names, visit);
}

static void route53_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        struct route53 *self = route53_of(session);
        if (count == 1)
                visits->err = visit_name(self, visits);
        else if (visits->verb == TARGET_READ)
                route53_read_all(self, visits, count);
        else
                route53_swap_all(self, visits, count);
}

static enum err route53_claims(struct target_session *session, const char *name, mono_ms deadline, char **ret_claim,
                               struct errmsg *reterr)
{
        struct route53_names names;
        const char *zone_id;
        mono_ms ignored = 0;
        enum err err = route53_names_init(name, &names, reterr);
        if (err == ERR_OK)
                err = route53_find_zone(route53_of(session), names.address, deadline, &zone_id, &ignored, reterr);
        if (err == ERR_OK)
                err = route53_claim(route53_of(session), zone_id, names.address, NULL, deadline, ret_claim, reterr);
        return err;
}

/* Puts @say in the place of what @look found, if it is still there. */
static enum err say_instead(struct route53 *self, const char *zone_id, const char *name,
                            const struct route53_look *look, const struct target_alive *alive, struct errmsg *reterr)
{
        CLEANUP(strbuf_deinit) struct strbuf body = STRBUF_INIT(ROUTE53_BATCH_MAX_BYTES);
        char code[64];
        mono_ms ignored = 0;
        route53_batch_text(&look->sets, name, alive->say, alive->ttl_s, &body);
        enum err err = route53_change(self, zone_id, &body, alive->deadline, code, &ignored, reterr);
        return err == ERR_INVALID && text_equal(code, "InvalidChangeBatch") ? ERR_CONFLICT : err;
}

static enum err hear(struct route53 *self, const struct route53_names *names, const struct target_alive *alive,
                     char **ret_heard, struct errmsg *reterr)
{
        CLEANUP(route53_look_clear) struct route53_look look = {0};
        const char *zone_id;
        mono_ms ignored = 0;
        enum err err = route53_find_zone(self, names->address, alive->deadline, &zone_id, &ignored, reterr);
        if (err == ERR_OK)
                err = route53_list(self, zone_id, names->alive, "", alive->deadline, &look, &ignored, reterr);
        if (err != ERR_OK)
                return err;
        CLEANUP(cleanup_free) char *heard = route53_only_text(&look.sets, names->alive);
        if (!heard)
                return err_set(reterr, ERR_INVALID,
                               "Route 53, hosted zone %s: the TXT record there is not Planekeeper's; remove it",
                               zone_id);
        if (alive->say)
                err = say_instead(self, zone_id, names->alive, &look, alive, reterr);
        if (err == ERR_OK)
                *ret_heard = mem_strdup(alive->say ? alive->say : heard);
        return err;
}

static enum err route53_alive(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                              struct errmsg *reterr)
{
        struct route53_names names;
        enum err err = route53_names_init(alive->name, &names, reterr);
        if (err != ERR_OK)
                return err;
        if (!names.alive[0])
                return err_set(reterr, ERR_INVALID, "\"%.100s\" leaves no room for _planekeeper-alive. before it",
                               alive->name);
        return hear(route53_of(session), &names, alive, ret_heard, reterr);
}

static enum err route53_preflight(struct target_session *session, struct target_preflight *preflight,
                                  struct errmsg *reterr)
{
        route53_try_all(route53_of(session), preflight, 1);
        *reterr = preflight->why;
        return preflight->err;
}

static void route53_preflight_all(struct target_session *session, struct target_preflight *preflights, size_t count)
{
        route53_try_all(route53_of(session), preflights, count);
}

static enum err route53_find_servers(struct target_session *session, const char *name, mono_ms deadline,
                                     struct target_servers *ret, struct errmsg *reterr)
{
        return route53_servers(route53_of(session), name, deadline, ret, reterr);
}

const struct target_driver route53_driver = {
    .name = "route53",
    .kind = TARGET_NAME,
    .limits = {.visit_ms = VISIT_MS,
               .read_every_ms = READ_EVERY_MS,
               .preflight_every_ms = PREFLIGHT_EVERY_MS,
               .session_ms = SESSION_MS,
               .at_once = 3,
               .per_minute = REQUESTS_PER_MINUTE,
               .batch_max = BATCH_MAX,
               .preflight_max = BATCH_MAX,
               .may_halve = true, /* it cannot, but an address that a person removed is nobody's value here either */
               .fenced = true,
               .has_aliases = true,
               .can_arbitrate = true},
    .where = "endpoint",
    .where_default = GLOBAL_ENDPOINT,
    .identify = route53_identify,
    .check_credentials = route53_check_credentials,
    .credentials_wanted = AWS_CREDENTIALS_WANTED,
    .open = route53_open,
    .visit = route53_visit,
    .preflight = route53_preflight,
    .preflight_all = route53_preflight_all,
    .servers = route53_find_servers,
    .by_hand = route53_by_hand,
    .claims = route53_claims,
    .alive = route53_alive,
    .close = route53_close,
};
