/* target.c -- the kinds of targets: one row for each. */
#include "core/target.h"

#include <string.h>

static const struct target_traits traits[TARGET_KIND_COUNT] = {
    [TARGET_LOCK] = {.step = STEP_LOCK,
                     .absence = ABSENT_IS_FREE,
                     .ends_return = true,
                     .may_lose_writes = true,
                     .word = "lock",
                     .server_word = "Redis",
                     .shows_words = {"lock ", " holds"},
                     .value_word = "lock",
                     .unsettled = "is not known to be at a replica of Redis, under",
                     .answers = "Redis answers",
                     .unmet = "the lock is to be moved",
                     .settling = "the lock is moved, and no replica of Redis is known to have it yet: the name follows "
                                 "when one has (redis.lock.waitReplicas)",
                     .refused_reason = "RedisRefused",
                     .silent_reason = "RedisUnavailable",
                     .excerpt_bytes = 100},
    [TARGET_NAME] = {.step = STEP_ROUTE,
                     .absence = ABSENT_IS_LOSS,
                     .leads_agents = true,
                     .word = "dns",
                     .server_word = "DNS server",
                     .shows_words = {"", " shows"},
                     .stamp_place = "TXT _planekeeper.",
                     .value_word = "address",
                     .answers = "the DNS server answers",
                     .unmet = "the name is to be moved",
                     .refused_reason = "DNSRefused",
                     .silent_reason = "DNSUnavailable",
                     .excerpt_bytes = 200},
};

const struct target_traits *target_traits(enum target_kind kind)
{
        return &traits[kind];
}

const char *step_name(enum step step)
{
        static const char *const names[STEP_COUNT] = {
            [STEP_INTENT] = "Intent", [STEP_LOCK] = "Lock", [STEP_ROUTE] = "Route", [STEP_COMMIT] = "Commit"};
        return (unsigned)step < STEP_COUNT ? names[step] : "Invalid";
}

bool target_ref_equal(const struct target_ref *a, const struct target_ref *b)
{
        return a->kind == b->kind && a->db == b->db && strcmp(a->driver, b->driver) == 0 &&
               strcmp(a->endpoint, b->endpoint) == 0 && strcmp(a->name, b->name) == 0;
}
