/* sentinel_by_hand.c -- a failover ordered by a person. */
#include <string.h>

#include "targets/by_hand.h"
#include "targets/redis/sentinel_session.h"
#include "util/text.h"

enum { BY_HAND_SENTINELS = 3 };

struct hands {
        const char *before;  /* the environment of redis-cli */
        const char *options; /* for all of them */
        const char *name;
        struct arena *arena;
};

static const char *client(const struct hands *hands, const char *address)
{
        const struct by_hand_endpoint at = by_hand_endpoint(address, hands->arena);
        return arena_printf(hands->arena, "%sredis-cli -h %s -p %s -e%s", hands->before,
                            by_hand_quote(at.host, hands->arena), at.port[0] ? at.port : "26379", hands->options);
}

/* The first that has a quorum does it. */
static const char *each(const struct hands *hands, const char *addresses, bool is_order)
{
        const char *text = "";
        unsigned count = 0;
        for (const char *at = addresses; *at && count < BY_HAND_SENTINELS; count++) {
                const size_t bytes = strcspn(at, ",");
                const char *ask = client(hands, arena_printf(hands->arena, "%.*s", (int)bytes, at));
                text = is_order ? arena_printf(hands->arena,
                                               "%s%s{ %s SENTINEL CKQUORUM %s && %s SENTINEL FAILOVER %s; }", text,
                                               count ? " || " : "", ask, hands->name, ask, hands->name)
                                : arena_printf(hands->arena, "%s%s%s SENTINEL GET-MASTER-ADDR-BY-NAME %s", text,
                                               count ? "; " : "", ask, hands->name);
                at += bytes + (at[bytes] == ',');
        }
        return text;
}

struct by_hand sentinel_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                struct arena *arena)
{
        const struct target_ref *ref = &write->target->ref;
        const char *addresses = target_setting_find(config, "addresses");
        const bool uses_tls = text_equal(target_setting_find(config, "sentinelTLS"), "true");
        const bool has_auth = text_equal(target_setting_find(config, "sentinelAuth"), "true");
        const struct hands hands = {
            .before = has_auth ? "REDISCLI_AUTH=\"$SENTINEL_PASSWORD\" " : "",
            .options = arena_printf(arena, "%s%s", uses_tls ? " --tls --cacert sentinel-ca.crt" : "",
                                    has_auth ? " --user \"${SENTINEL_USER:-default}\"" : ""),
            .name = by_hand_quote(ref->name, arena),
            .arena = arena};
        return (struct by_hand){
            .needs = arena_printf(arena, "replica-priority 0 in every other Redis than %s%s%s",
                                  by_hand_quote(write->value, arena),
                                  has_auth ? ", SENTINEL_USER and SENTINEL_PASSWORD of the Sentinels' Secret" : "",
                                  uses_tls ? ", sentinel-ca.crt" : ""),
            .move = each(&hands, addresses ? addresses : "", true),
            .look = arena_printf(arena, "%s # go on when all say %s", each(&hands, addresses ? addresses : "", false),
                                 write->value)};
}
