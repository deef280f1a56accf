/* route53_session.c -- calls to Route 53, the account's zones, and the sets of a name. */
#include "targets/dns/route53_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

#define API "/2013-04-01"

enum {
        ZONES_KNOWN_MS = 300000, /* a zone that is cut out of another one is noticed by then */
        PAGES_MAX = 20,
        ZONES_A_PAGE = 100,
        PATH_BYTES = 128,
        PAGE_SETS = 30, /* enough that both names of a register are mostly on one page with their neighbours */
};

/* One call about @zone_id (NULL: none in particular). @ret_retry_ms: how long all calls of the account are to wait. */
enum err route53_call(struct route53 *self, const struct aws_request *request, const char *zone_id, mono_ms deadline,
                      struct aws_answer *ret, mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        self->base.requests++;
        enum err err = aws_call(self->client, request, deadline, ret, reterr);
        if (err == ERR_OK)
                return ERR_OK;
        const mono_ms wait_ms = aws_retry_after(err, ret);
        if (wait_ms > 0)
                *ret_retry_ms = wait_ms;
        if (text_equal(ret->code, "NoSuchHostedZone"))
                self->zones_at = 0;
        if (!zone_id)
                return err_wrap(reterr, err, "Route 53");
        return err == ERR_DENIED
                   ? err_wrap(reterr, err, "Route 53, arn:%s:route53:::hostedzone/%s", self->partition, zone_id)
                   : err_wrap(reterr, err, "Route 53, hosted zone %s", zone_id);
}

/* ---- zones ---- */

static void forget_zones(struct route53 *self)
{
        arena_deinit(&self->arena);
        self->arena = (struct arena){0};
        self->zones =
            (struct route53_zones){.list = arena_alloc(&self->arena, ROUTE53_ZONES_MAX * sizeof(struct route53_zone))};
        self->zones_at = 0;
}

/* In their order by name, page after page, where a name and an id say where the next one begins. */
static enum err list_zones(struct route53 *self, mono_ms deadline, mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        char *next_name = NULL, *next_id = NULL;
        bool goes_on = true;
        enum err err = ERR_OK;
        for (unsigned page = 0; goes_on && page < PAGES_MAX && err == ERR_OK; page++) {
                const struct aws_parameter parameters[] = {
                    {"maxitems", "100"}, {"dnsname", next_name}, {"hostedzoneid", next_id}};
                const struct aws_request request = {.method = "GET",
                                                    .path = API "/hostedzonesbyname",
                                                    .parameters = parameters,
                                                    .parameter_count = next_name ? 3 : 1,
                                                    .action = "route53:ListHostedZonesByName"};
                CLEANUP(aws_answer_clear) struct aws_answer answer = {0};
                err = route53_call(self, &request, NULL, deadline, &answer, ret_retry_ms, reterr);
                if (err == ERR_OK)
                        err = route53_answer_zones(answer.xml.root, &self->arena, &self->zones, reterr);
                if (err != ERR_OK)
                        break;
                const char *name = xml_text(answer.xml.root, "NextDNSName"),
                           *id = xml_text(answer.xml.root, "NextHostedZoneId");
                goes_on = name && id && route53_answer_goes_on(answer.xml.root);
                if (!goes_on && text_equal(xml_text(answer.xml.root, "IsTruncated"), "true"))
                        err = err_set(reterr, ERR_TRANSIENT, "Route 53: the list of hosted zones breaks off");
                free(next_name);
                free(next_id);
                next_name = name ? mem_strdup(name) : NULL;
                next_id = id ? mem_strdup(route53_zone_id(id) ? route53_zone_id(id) : id) : NULL;
        }
        free(next_name);
        free(next_id);
        if (err == ERR_OK && goes_on)
                return err_set(
                    reterr, ERR_INVALID,
                    "the account has more hosted zones than the %d that are looked through: set route53.hostedZoneID",
                    PAGES_MAX * ZONES_A_PAGE);
        return err;
}

static enum err get_zone(struct route53 *self, mono_ms deadline, mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof(path), API "/hostedzone/%s", self->zone_id);
        const struct aws_request request = {.method = "GET", .path = path, .action = "route53:GetHostedZone"};
        CLEANUP(aws_answer_clear) struct aws_answer answer = {0};
        enum err err = route53_call(self, &request, self->zone_id, deadline, &answer, ret_retry_ms, reterr);
        if (err == ERR_OK)
                err = route53_answer_zone(xml_find(answer.xml.root, "HostedZone"), &self->arena, &self->zones.list[0],
                                          reterr);
        if (err == ERR_OK)
                self->zones.count = 1;
        return err;
}

static enum err choose_zone(struct route53 *self, const char *name, const char **ret, struct errmsg *reterr)
{
        const struct route53_zone *zone = &self->zones.list[0];
        if (!self->zone_id) {
                enum err err = route53_zone_choose(&self->zones, name, self->wants_private, &zone, reterr);
                if (err != ERR_OK)
                        return err;
        } else if (!route53_name_is_in(name, zone->name)) {
                return err_set(
                    reterr, ERR_INVALID,
                    "hosted zone %s is %.100s, which does not hold %.100s: correct route53.hostedZoneID, or leave it "
                    "out",
                    zone->id, zone->name, name);
        }
        *ret = zone->id;
        return ERR_OK;
}

enum err route53_find_zone(struct route53 *self, const char *name, mono_ms deadline, const char **ret,
                           mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        mono_ms now = clock_mono();
        enum err err = ERR_OK;
        bool is_known = self->zones_at && now - self->zones_at < ZONES_KNOWN_MS;
        if (!is_known) {
                forget_zones(self);
                err = self->zone_id ? get_zone(self, deadline, ret_retry_ms, reterr)
                                    : list_zones(self, deadline, ret_retry_ms, reterr);
        }
        if (err != ERR_OK)
                return err;
        self->zones_at = is_known ? self->zones_at : now;
        err = choose_zone(self, name, ret, reterr);
        if (err != ERR_OK)
                self->zones_at = 0; /* it may be made any moment, and then is to be seen */
        return err;
}

/* ---- sets ---- */

void route53_look_clear(struct route53_look *look)
{
        for (size_t i = 0; i < ROUTE53_PAGES; i++)
                aws_answer_clear(&look->answers[i]);
        arena_deinit(&look->arena);
        *look = (struct route53_look){0};
}

enum err route53_list_page(struct route53 *self, const char *zone_id, const struct route53_start_at *at, unsigned most,
                           mono_ms deadline, struct aws_answer *ret, mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        char path[PATH_BYTES], count[16];
        (void)snprintf(path, sizeof(path), API "/hostedzone/%s/rrset", zone_id);
        (void)snprintf(count, sizeof(count), "%u", most);
        const struct aws_parameter parameters[] = {
            {"maxitems", count}, {"name", at->name}, {"type", at->type}, {"identifier", at->identifier}};
        const size_t parameter_count = !at->name ? 1 : !at->type ? 2 : !at->identifier ? 3 : 4;
        const struct aws_request request = {.method = "GET",
                                            .path = path,
                                            .parameters = parameters,
                                            .parameter_count = parameter_count,
                                            .action = "route53:ListResourceRecordSets"};
        return route53_call(self, &request, zone_id, deadline, ret, ret_retry_ms, reterr);
}

static bool holds(const struct route53_sets *sets, const char *name)
{
        for (size_t i = 0; i < sets->count; i++)
                if (route53_name_is(sets->list[i].name, name))
                        return true;
        return false;
}

/* Of @more what is at @name: the rest may be among the first ones. */
static void append_sets(struct route53_look *look, const struct route53_sets *more, const char *name)
{
        struct route53_set *list = arena_alloc(&look->arena, (look->sets.count + more->count + 1) * sizeof(*list));
        memcpy(list, look->sets.list, look->sets.count * sizeof(*list));
        for (size_t i = 0; i < more->count; i++)
                if (route53_name_is(more->list[i].name, name))
                        list[look->sets.count++] = more->list[i];
        look->sets.list = list;
}

enum err route53_list(struct route53 *self, const char *zone_id, const char *first, const char *last, mono_ms deadline,
                      struct route53_look *ret, mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        unsigned most = last[0] ? PAGE_SETS : 1;
        const struct route53_start_at at = {.name = first, .type = last[0] ? NULL : "TXT"};
        enum err err = route53_list_page(self, zone_id, &at, most, deadline, &ret->answers[0], ret_retry_ms, reterr);
        if (err == ERR_OK)
                err = route53_answer_sets(ret->answers[0].xml.root, &ret->arena, &ret->sets, reterr);
        if (err != ERR_OK || !last[0] || !route53_answer_goes_on(ret->answers[0].xml.root) || holds(&ret->sets, last))
                return err;
        struct route53_sets more = {0};
        const struct route53_start_at stamp = {.name = last, .type = "TXT"};
        err = route53_list_page(self, zone_id, &stamp, 1, deadline, &ret->answers[1], ret_retry_ms, reterr);
        if (err == ERR_OK)
                err = route53_answer_sets(ret->answers[1].xml.root, &ret->arena, &more, reterr);
        if (err == ERR_OK)
                append_sets(ret, &more, last);
        return err;
}

char *route53_version(const char *zone_id, const struct route53_sets *own)
{
        struct strbuf text = STRBUF_INIT(ROUTE53_BATCH_MAX_BYTES);
        (void)strbuf_printf(&text, "%s <Sets><ResourceRecordSets>", zone_id);
        for (size_t i = 0; i < own->count; i++)
                route53_set_print(&own->list[i], &text);
        (void)strbuf_append_text(&text, "</ResourceRecordSets></Sets>");
        if (!text.overflowed)
                return strbuf_take(&text);
        strbuf_deinit(&text);
        return mem_strdup(zone_id);
}

enum err route53_read(struct route53 *self, const char *zone_id, const struct route53_names *names, mono_ms deadline,
                      struct target_state *ret, mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        CLEANUP(route53_look_clear) struct route53_look look = {0};
        enum err err = route53_list(self, zone_id, names->address, names->stamp, deadline, &look, ret_retry_ms, reterr);
        if (err != ERR_OK)
                return err;
        struct route53_sets own = route53_own(&look.sets, names, &look.arena);
        err = route53_state(&own, names, ret, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "hosted zone %s", zone_id);
        ret->version = route53_version(zone_id, &own);
        return ERR_OK;
}

enum err route53_change(struct route53 *self, const char *zone_id, const struct strbuf *body, mono_ms deadline,
                        char ret_code[static 64], mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof(path), API "/hostedzone/%s/rrset/", zone_id);
        const struct aws_request request = {.method = "POST",
                                            .path = path,
                                            .body = strbuf_text(body),
                                            .body_bytes = body->bytes,
                                            .content_type = "application/xml",
                                            .action = "route53:ChangeResourceRecordSets",
                                            .changes = true};
        CLEANUP(aws_answer_clear) struct aws_answer answer = {0};
        enum err err = route53_call(self, &request, zone_id, deadline, &answer, ret_retry_ms, reterr);
        (void)text_copy(ret_code, 64, answer.code);
        return err;
}
