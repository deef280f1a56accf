/* route53_answer.c -- from XML elements to structs. */
#include "targets/dns/route53_answer.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

enum { ID_MAX_CHARACTERS = 32, SETS_MAX = 1000 };

/* The routing policies that choose among several sets of one name and type, by their elements. */
static const struct {
        const char *element;
        const char *routing;
} routings[] = {
    {"Weight", "weight"},
    {"Region", "latency"},
    {"GeoLocation", "geolocation"},
    {"GeoProximityLocation", "geoproximity"},
    {"Failover", "failover"},
    {"CidrRoutingConfig", "the asker's network (CIDR)"},
};

static const char *text_or(const struct xml_node *node, const char *path, const char *otherwise)
{
        const char *text = xml_text(node, path);
        return text ? text : otherwise;
}

static const char *routing_of(const struct xml_node *set)
{
        for (size_t i = 0; i < sizeof(routings) / sizeof(routings[0]); i++)
                if (xml_find(set, routings[i].element))
                        return routings[i].routing;
        return text_equal(xml_text(set, "MultiValueAnswer"), "true") ? "multivalue answer" : "";
}

static bool read_ttl(const char *text, uint32_t *ret)
{
        char *end = NULL;
        unsigned long long value = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : UINT64_MAX;
        if (!end || *end || value > INT32_MAX)
                return false;
        *ret = (uint32_t)value;
        return true;
}

static enum err read_values(const struct xml_node *node, struct arena *arena, struct route53_set *set,
                            struct errmsg *reterr)
{
        const struct xml_node *first = xml_find(node, "ResourceRecords/ResourceRecord");
        size_t count = 0;
        for (const struct xml_node *record = first; record; record = xml_next(record))
                count++;
        if (count == 0 || count > ROUTE53_VALUES_MAX || !read_ttl(text_or(node, "TTL", ""), &set->ttl_s))
                return err_set(reterr, ERR_INVALID, "the set %.100s %s in Route 53's answer has no TTL, or %zu values",
                               set->name, set->type, count);
        set->values = arena_alloc(arena, count * sizeof(*set->values));
        for (const struct xml_node *record = first; record; record = xml_next(record))
                set->values[set->value_count++] = text_or(record, "Value", "");
        return ERR_OK;
}

static enum err read_set(const struct xml_node *node, struct arena *arena, struct route53_set *ret,
                         struct errmsg *reterr)
{
        const struct xml_node *alias = xml_find(node, "AliasTarget");
        struct route53_set set = {
            .name = text_or(node, "Name", ""),
            .type = text_or(node, "Type", ""),
            .identifier = text_or(node, "SetIdentifier", ""),
            .routing = routing_of(node),
            .health_check = text_or(node, "HealthCheckId", ""),
            .alias_zone = text_or(alias, "HostedZoneId", ""),
            .alias_name = text_or(alias, "DNSName", ""),
            .alias_evaluates = text_equal(xml_text(alias, "EvaluateTargetHealth"), "true"),
        };
        if (!set.name[0] || !set.type[0] || (alias && (!set.alias_zone[0] || !set.alias_name[0])))
                return err_set(reterr, ERR_INVALID, "a set in Route 53's answer has no name, type or alias target");
        /* A traffic policy puts its own sets back, so they cannot be moved. */
        if (xml_find(node, "TrafficPolicyInstanceId"))
                set.routing = "a traffic policy";
        enum err err = alias ? ERR_OK : read_values(node, arena, &set, reterr);
        if (err == ERR_OK)
                *ret = set;
        return err;
}

enum err route53_answer_sets(const struct xml_node *root, struct arena *arena, struct route53_sets *ret,
                             struct errmsg *reterr)
{
        const struct xml_node *first = xml_find(root, "ResourceRecordSets/ResourceRecordSet");
        size_t count = 0;
        for (const struct xml_node *node = first; node; node = xml_next(node))
                count++;
        if (!xml_find(root, "ResourceRecordSets") || count > SETS_MAX)
                return err_set(reterr, ERR_INVALID, "Route 53's answer has no list of at most %d sets", SETS_MAX);
        struct route53_sets sets = {.list = arena_alloc(arena, (count + 1) * sizeof(*sets.list))};
        enum err err = ERR_OK;
        for (const struct xml_node *node = first; node && err == ERR_OK; node = xml_next(node))
                err = read_set(node, arena, &sets.list[sets.count++], reterr);
        if (err == ERR_OK)
                *ret = sets;
        return err;
}

bool route53_answer_goes_on(const struct xml_node *root)
{
        return !text_equal(xml_text(root, "IsTruncated"), "false");
}

/* ---- zones ---- */

const char *route53_zone_id(const char *text)
{
        static const char prefix[] = "/hostedzone/";
        if (text_has_prefix(text, prefix))
                text += strlen(prefix);
        size_t bytes = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        return bytes > 0 && bytes <= ID_MAX_CHARACTERS && !text[bytes] ? text : NULL;
}

enum err route53_answer_zone(const struct xml_node *hosted_zone, struct arena *arena, struct route53_zone *ret,
                             struct errmsg *reterr)
{
        const char *id = route53_zone_id(text_or(hosted_zone, "Id", "")), *name = text_or(hosted_zone, "Name", "");
        if (!id || !name[0])
                return err_set(reterr, ERR_INVALID, "a hosted zone in Route 53's answer has no id or no name");
        *ret = (struct route53_zone){
            .id = arena_strdup(arena, id),
            .name = arena_strdup(arena, name),
            .is_private = text_equal(xml_text(hosted_zone, "Config/PrivateZone"), "true"),
        };
        return ERR_OK;
}

enum err route53_answer_zones(const struct xml_node *root, struct arena *arena, struct route53_zones *zones,
                              struct errmsg *reterr)
{
        const struct xml_node *node = xml_find(root, "HostedZones/HostedZone");
        if (!xml_find(root, "HostedZones"))
                return err_set(reterr, ERR_INVALID, "Route 53's answer has no list of hosted zones");
        for (; node; node = xml_next(node)) {
                if (zones->count == ROUTE53_ZONES_MAX)
                        return err_set(reterr, ERR_INVALID,
                                       "the account has more than %d hosted zones: set route53.hostedZoneID",
                                       ROUTE53_ZONES_MAX);
                enum err err = route53_answer_zone(node, arena, &zones->list[zones->count], reterr);
                if (err != ERR_OK)
                        return err;
                zones->count++;
        }
        return ERR_OK;
}
