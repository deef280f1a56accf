/* account.c -- the history that a policy's status keeps. */
#include "reconcile/account.h"

#include <stdlib.h>

#include "util/mem.h"

/* How the reports of most policies look, so that each keeps little more than what is its own. */
static const char alike[] =
    "{\"at\":\"2026-01-01T00:00:00.000000Z\",\"completedAt\":\"\",\"duration\":\"\",\"detectedAt\":\"\",\"fro"
    "m\":\"\",\"id\":\"\",\"reason\":\"ActiveUnhealthy\",\"result\":\"Completed\",\"steps\":[{\"age\":\"2s\","
    "\"failures\":3,\"for\":\"1s\",\"name\":\"TLS :443\",\"text\":\"refused\"}],\"name\":\"\",\"port\":9900,"
    "\"was\":\"Down\",\"wasFor\":\"2s\"},{\"at\":\"2026-01-01T00:00:00.000000Z\",\"automatic\":true,\"decisio"
    "n\":\"Switch\",\"epoch\":1,\"facts\":{\"at\":\"2026-01-01T00:00:00.000000Z\",\"dns\":{\"age\":\"0s\",\"n"
    "ame\":\"mgmt.example.com\",\"provider\":\"rfc2136\",\"reach\":\"Ok\",\"server\":\"\",\"stamp\":\"None\","
    "\"value\":\"CNAME \"},\"operator\":{\"storeAge\":\"298ms\",\"storePeriod\":\"3s\"},\"planes\":[{\"addres"
    "s\":\"A \",\"checks\":[{\"age\":\"1s\",\"for\":\"6s\",\"name\":\"TLS :443\",\"passes\":2,\"text\":\"ok\""
    "}],\"name\":\"\",\"port\":443,\"was\":\"Up\",\"wasFor\":\"6s\"},{\"address\":\"A \",\"checks\":[{\"age\""
    ":\"2s\",\"for\":\"7s\",\"name\":\"TCP :9900\",\"passes\":2,\"text\":\"ok\"}],\"name\":\"\",\"port\":9900"
    ",\"was\":\"Up\",\"wasFor\":\"7s\"}],\"policy\":{\"cooldown\":\"0s\",\"drift\":\"Report\",\"failback\":\""
    "Manual\",\"failoverDelay\":\"0s\",\"failureThreshold\":3,\"interval\":\"5s\",\"maxSwitches\":3,\"mode\":"
    "\"Automatic\",\"recordTTL\":30,\"stableFor\":\"10m\",\"successThreshold\":2,\"timeout\":\"3s\"},\"versio"
    "n\":1},\"from\":\"\",\"gates\":[],\"message\":\"the targets name : recorded as they are\",\"reason\":\"A"
    "dopted\",\"to\":\"\"}";

void account_keep(struct packed *packed, json_t *value)
{
        char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
        INVARIANT(text || !value);
        packed_set(packed, text, alike);
        free(text);
        json_decref(value);
}

json_t *account_load(const struct packed *packed)
{
        char *text = packed_text(packed, alike);
        json_t *value = text ? json_loads(text, 0, NULL) : json_null();
        INVARIANT(value);
        free(text);
        return value;
}

void account_forget(struct account *account)
{
        packed_clear(&account->last_switch);
        packed_clear(&account->history);
        packed_clear(&account->last_decision);
        *account = (struct account){.newest_epoch = 0};
}
