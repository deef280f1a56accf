/* route53_servers.c -- the name servers that a hosted zone is delegated to. */
#include "targets/dns/route53_session.h"

#include <stdio.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { PATH_BYTES = 128, SERVERS_KNOWN_MS = 60000 /* a call's names and those that come after it */ };

static void take(const struct xml_node *root, struct target_servers *ret)
{
        const struct xml_node *node = xml_find(root, "DelegationSet/NameServers/NameServer");
        for (; node && ret->count < TARGET_SERVERS_MAX; node = xml_next(node))
                if (node->text && node->text[0])
                        ret->list[ret->count++] = mem_strdup(node->text);
}

static void copy(const struct target_servers *from, struct target_servers *ret)
{
        for (; ret->count < from->count; ret->count++)
                ret->list[ret->count] = mem_strdup(from->list[ret->count]);
}

/* A private zone has no delegation set: only its VPCs ask there. */
static enum err ask(struct route53 *self, const char *zone_id, mono_ms deadline, struct errmsg *reterr)
{
        char path[PATH_BYTES];
        mono_ms ignored = 0;
        (void)snprintf(path, sizeof(path), "/2013-04-01/hostedzone/%s", zone_id);
        const struct aws_request request = {.method = "GET", .path = path, .action = "route53:GetHostedZone"};
        CLEANUP(aws_answer_clear) struct aws_answer answer = {0};
        enum err err = route53_call(self, &request, zone_id, deadline, &answer, &ignored, reterr);
        if (err != ERR_OK)
                return err;
        target_servers_clear(&self->servers);
        take(answer.xml.root, &self->servers);
        self->servers_at = TEXT_COPY(self->servers_zone, zone_id) ? clock_mono() : 0;
        return ERR_OK;
}

enum err route53_servers(struct route53 *self, const char *name, mono_ms deadline, struct target_servers *ret,
                         struct errmsg *reterr)
{
        struct route53_names names;
        const char *zone_id;
        mono_ms ignored = 0;
        enum err err = route53_names_init(name, &names, reterr);
        if (err == ERR_OK)
                err = route53_find_zone(self, names.address, deadline, &zone_id, &ignored, reterr);
        const bool is_known = err == ERR_OK && self->servers_at && text_equal(self->servers_zone, zone_id) &&
                              clock_mono() - self->servers_at < SERVERS_KNOWN_MS;
        if (err == ERR_OK && !is_known)
                err = ask(self, zone_id, deadline, reterr);
        if (err == ERR_OK)
                copy(&self->servers, ret);
        return err;
}
