/* route53_servers.c -- the name servers that a hosted zone is delegated to. */
#include "targets/dns/route53_session.h"

#include <stdio.h>

#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { PATH_BYTES = 128 };

static void take(const struct xml_node *root, struct target_servers *ret)
{
        const struct xml_node *node = xml_find(root, "DelegationSet/NameServers/NameServer");
        for (; node && ret->count < TARGET_SERVERS_MAX; node = xml_next(node))
                if (node->text && node->text[0])
                        ret->list[ret->count++] = mem_strdup(node->text);
}

/* A private zone has no delegation set: only its VPCs ask there. */
enum err route53_servers(struct route53 *self, const char *name, mono_ms deadline, struct target_servers *ret,
                         struct errmsg *reterr)
{
        struct route53_names names;
        const char *zone_id;
        mono_ms ignored = 0;
        enum err err = route53_names_init(name, &names, reterr);
        if (err == ERR_OK)
                err = route53_find_zone(self, names.address, deadline, &zone_id, &ignored, reterr);
        if (err != ERR_OK)
                return err;
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof(path), "/2013-04-01/hostedzone/%s", zone_id);
        const struct aws_request request = {.method = "GET", .path = path, .action = "route53:GetHostedZone"};
        CLEANUP(aws_answer_clear) struct aws_answer answer = {0};
        err = route53_call(self, &request, zone_id, deadline, &answer, &ignored, reterr);
        if (err == ERR_OK)
                take(answer.xml.root, ret);
        return err;
}
