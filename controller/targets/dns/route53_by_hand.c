/* route53_by_hand.c -- a name in Amazon Route 53 moved by hand. */
#include "targets/dns/route53_by_hand.h"

#include <string.h>

#include "targets/by_hand.h"
#include "targets/dns/route53_alias.h"
#include "util/text.h"

static const struct type {
        const char *name;
        const char *alias; /* how an alias of that type is written in an rrset text; NULL: there is none */
} types[] = {{"A", "ALIAS"}, {"AAAA", "ALIAS6"}, {"CNAME", NULL}};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

/* The values behind @word in an rrset text ("192.0.2.1,192.0.2.2"), of *ret_bytes; NULL: it has none. */
static const char *values_of(const char *rrset, const char *word, size_t *ret_bytes)
{
        size_t word_bytes = word ? strlen(word) : 0;
        for (const char *at = word ? rrset : NULL; at; at = strstr(at, " + "), at = at ? at + strlen(" + ") : NULL) {
                if (strncmp(at, word, word_bytes) != 0 || at[word_bytes] != ' ')
                        continue;
                at += word_bytes + 1;
                *ret_bytes = strcspn(at, " ");
                return at;
        }
        return NULL;
}

static bool has_type(const char *rrset, const struct type *type)
{
        size_t ignored;
        return values_of(rrset, type->name, &ignored) || values_of(rrset, type->alias, &ignored);
}

/* The contents of one set are its records, or where it leads. */
static const char *contents_of(const char *rrset, const struct type *type, uint32_t ttl_s, const char *unknown_zone,
                               struct arena *arena)
{
        size_t bytes = 0;
        const char *alias = values_of(rrset, type->alias, &bytes), *records = "";
        if (alias) {
                const char *name = arena_printf(arena, "%.*s", (int)bytes, alias), *zone = route53_alias_zone(name);
                return arena_printf(arena,
                                    "\"AliasTarget\":{\"HostedZoneId\":\"%s\",\"DNSName\":\"%s\","
                                    "\"EvaluateTargetHealth\":false}",
                                    zone ? zone : unknown_zone, name);
        }
        const char *values = values_of(rrset, type->name, &bytes);
        for (size_t at = 0; at < bytes;) {
                size_t length = strcspn(values + at, ", ");
                records =
                    arena_printf(arena, "%s%s{\"Value\":\"%.*s\"}", records, at ? "," : "", (int)length, values + at);
                at += length + 1;
        }
        return arena_printf(arena, "\"TTL\":%u,\"ResourceRecords\":[%s]", ttl_s, records);
}

/* One change as JSON. Values are addresses and host names, in which nothing needs to be escaped. */
static const char *with_change(const char *changes, const char *action, const char *name, const struct type *type,
                               const char *contents, struct arena *arena)
{
        return arena_printf(arena, "%s%s{\"Action\":\"%s\",\"ResourceRecordSet\":{\"Name\":\"%s\",\"Type\":\"%s\",%s}}",
                            changes, changes[0] ? "," : "", action, name, type->name, contents);
}

/* Sets of other types are deleted as last seen: a CNAME stands alone, and an old address would still answer. */
static const char *changes_of(const struct by_hand_write *write, const char *unknown_zone, struct arena *arena)
{
        const struct target_view *target = write->target;
        const char *changes = "", *shown = target->shows.value ? target->shows.value : "", *name = target->ref.name;
        for (size_t i = 0; i < TYPES; i++)
                if (has_type(shown, &types[i]) && !has_type(write->value, &types[i]))
                        changes = with_change(
                            changes, "DELETE", name, &types[i],
                            contents_of(shown, &types[i], target->shows.ttl_s, unknown_zone, arena), arena);
        for (size_t i = 0; i < TYPES; i++)
                if (has_type(write->value, &types[i]))
                        changes = with_change(
                            changes, "UPSERT", name, &types[i],
                            contents_of(write->value, &types[i], write->ttl_s, unknown_zone, arena), arena);
        return changes;
}

/* The hosted zone that the spec names, else in a shell the one with the longest name that holds it (JMESPath): @zone is
 * what follows the endpoint in the target's server, "#Z0EXAMPLE", "#private" or nothing. */
static const char *zone_of(const struct target_ref *ref, const char *zone, const char *aws, struct arena *arena)
{
        bool is_private = text_equal(zone, "#private");
        if (zone[0] && !is_private)
                return by_hand_quote(zone + 1, arena);
        const char *query = arena_printf(arena,
                                         "max_by(HostedZones[?ends_with(`\".%s.\"`, join(`\"\"`, [`\".\"`, Name])) && "
                                         "Config.PrivateZone==`%s`], &length(Name)).Id",
                                         ref->name, is_private ? "true" : "false");
        return arena_printf(arena, "$(%s list-hosted-zones --query %s | tr -d '\"')", aws, by_hand_quote(query, arena));
}

struct by_hand route53_by_hand(const struct target_config *config, const struct by_hand_write *write,
                               struct arena *arena)
{
        const char *alias_zone = target_setting_find(config, "aliasHostedZoneID");
        const struct target_ref *ref = &write->target->ref;
        const size_t bytes = strcspn(ref->endpoint, "#");
        const char *endpoint = arena_printf(arena, "%.*s", (int)bytes, ref->endpoint);
        const char *aws =
            arena_printf(arena, "aws route53 --output json --endpoint-url %s", by_hand_quote(endpoint, arena));
        const char *batch = arena_printf(arena, "{\"Changes\":[%s]}",
                                         changes_of(write, alias_zone ? alias_zone : "ITS-HOSTED-ZONE", arena));
        return (struct by_hand){
            .needs = "AWS credentials that may change the hosted zone are in the environment",
            .move = arena_printf(arena, "%s change-resource-record-sets --hosted-zone-id %s --change-batch %s", aws,
                                 zone_of(ref, ref->endpoint + bytes, aws, arena), by_hand_quote(batch, arena)),
            .look = by_hand_look_up(write, arena),
        };
}
