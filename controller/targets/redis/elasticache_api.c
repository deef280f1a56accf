/* elasticache_api.c -- calls by the Query protocol, and what their answers say. */
#include "targets/redis/elasticache_api.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"
#include "util/text.h"

#define VERSION "2015-02-02"
#define GROUP_PATH "DescribeGlobalReplicationGroupsResult/GlobalReplicationGroups/GlobalReplicationGroup"

enum { FORM_MAX_BYTES = 2048 };

bool elasticache_place_parse(const char *text, struct elasticache_place *ret)
{
        *ret = (struct elasticache_place){0};
        return sscanf(text, "%299s %63s %63s %255s", ret->address, ret->region, ret->group_id, ret->endpoint) >= 3;
}

const struct elasticache_member *elasticache_find(const struct elasticache_view *view,
                                                  const struct elasticache_place *place)
{
        for (unsigned i = 0; i < view->count; i++)
                if (text_equal(view->members[i].region, place->region) &&
                    text_equal(view->members[i].group_id, place->group_id))
                        return &view->members[i];
        return NULL;
}

const struct elasticache_member *elasticache_primary(const struct elasticache_view *view)
{
        for (unsigned i = 0; i < view->count; i++)
                if (view->members[i].is_primary)
                        return &view->members[i];
        return NULL;
}

static enum err explain(const struct elasticache_site *site, const struct aws_answer *answer, enum err err,
                        struct errmsg *reterr)
{
        if (text_equal(answer->code, "GlobalReplicationGroupNotFoundFault"))
                return err_set(reterr, ERR_INVALID,
                               "ElastiCache %s: it knows no global datastore %.80s (%s): correct "
                               "redis.promotion.elastiCacheGlobal.globalReplicationGroupID, as `aws elasticache "
                               "describe-global-replication-groups` tells it, or spec.redis.elastiCache.region of the "
                               "ManagementPlane",
                               site->region, site->id, answer->code);
        if (text_equal(answer->code, "InvalidGlobalReplicationGroupState"))
                return err_set(reterr, ERR_TRANSIENT,
                               "ElastiCache %s: the global datastore %.80s takes no failover now (%s: %.200s); it is "
                               "asked again; where that lasts, see its status and add a secondary region if it has "
                               "none",
                               site->region, site->id, answer->code, answer->message);
        return err_wrap(reterr, err, "ElastiCache %s", site->region);
}

static enum err run(const struct elasticache_site *site, const struct aws_parameter *parameters, size_t count,
                    const char *action, bool changes, struct elasticache_call *call, struct aws_answer *answer,
                    struct errmsg *reterr)
{
        CLEANUP(strbuf_deinit) struct strbuf form = STRBUF_INIT(FORM_MAX_BYTES);
        if (!aws_encode(parameters, count, &form))
                return err_set(reterr, ERR_INVALID, "the names are too long for a request to ElastiCache");
        const struct aws_request request = {.method = "POST",
                                            .path = "/",
                                            .body = strbuf_text(&form),
                                            .body_bytes = form.bytes,
                                            .content_type = "application/x-www-form-urlencoded; charset=utf-8",
                                            .action = action,
                                            .changes = changes};
        enum err err = aws_call(site->client, &request, call->deadline, answer, reterr);
        (void)TEXT_COPY(call->code, answer->code);
        call->retry_after_ms = aws_retry_after(err, answer);
        return err == ERR_OK ? ERR_OK : explain(site, answer, err, reterr);
}

/* ---- an answer ---- */

static bool copy(char ret[static ELASTICACHE_TEXT_BYTES], const struct xml_node *node, const char *name)
{
        const char *text = xml_text(node, name);
        return text && text_copy(ret, ELASTICACHE_TEXT_BYTES, text);
}

static bool read_member(const struct xml_node *node, struct elasticache_member *ret)
{
        const char *role = xml_text(node, "Role");
        *ret = (struct elasticache_member){.is_primary = role && strcasecmp(role, "PRIMARY") == 0};
        return role && copy(ret->region, node, "ReplicationGroupRegion") &&
               copy(ret->group_id, node, "ReplicationGroupId") && copy(ret->status, node, "Status");
}

static enum err read_group(const struct elasticache_site *site, const struct xml_node *group,
                           struct elasticache_view *ret, struct errmsg *reterr)
{
        const char *id = xml_text(group, "GlobalReplicationGroupId"), *cluster = xml_text(group, "ClusterEnabled");
        bool is_whole = text_equal(id, site->id) && copy(ret->status, group, "Status");
        const struct xml_node *member = xml_find(group, "Members/GlobalReplicationGroupMember");
        ret->is_cluster = text_equal(cluster, "true");
        for (; member && is_whole && ret->count < ELASTICACHE_MEMBERS_MAX; member = xml_next(member))
                is_whole = read_member(member, &ret->members[ret->count++]);
        if (!is_whole || member)
                return err_set(reterr, ERR_INVALID,
                               "ElastiCache %s: an answer that DescribeGlobalReplicationGroups never gives",
                               site->region);
        return ERR_OK;
}

enum err elasticache_describe(const struct elasticache_site *site, struct elasticache_call *call,
                              struct elasticache_view *ret, struct errmsg *reterr)
{
        const struct aws_parameter parameters[] = {{"Action", "DescribeGlobalReplicationGroups"},
                                                   {"Version", VERSION},
                                                   {"GlobalReplicationGroupId", site->id},
                                                   {"ShowMemberInfo", "true"}};
        CLEANUP(aws_answer_clear) struct aws_answer answer = {0};
        *ret = (struct elasticache_view){0};
        enum err err = run(site, parameters, sizeof(parameters) / sizeof(parameters[0]),
                           "elasticache:DescribeGlobalReplicationGroups", false, call, &answer, reterr);
        return err == ERR_OK ? read_group(site, xml_find(answer.xml.root, GROUP_PATH), ret, reterr) : err;
}

enum err elasticache_failover(const struct elasticache_site *site, const char *region, const char *group_id,
                              struct elasticache_call *call, struct errmsg *reterr)
{
        const struct aws_parameter parameters[] = {{"Action", "FailoverGlobalReplicationGroup"},
                                                   {"Version", VERSION},
                                                   {"GlobalReplicationGroupId", site->id},
                                                   {"PrimaryRegion", region},
                                                   {"PrimaryReplicationGroupId", group_id}};
        CLEANUP(aws_answer_clear) struct aws_answer answer = {0};
        return run(site, parameters, sizeof(parameters) / sizeof(parameters[0]),
                   "elasticache:FailoverGlobalReplicationGroup", true, call, &answer, reterr);
}
