/* target.c -- the kinds of targets: one row for each. */
#include "core/target.h"

#include <string.h>

#define ANNOTATION_OF "annotation planekeeper.io/stamp of "

static const struct target_traits traits[TARGET_KIND_COUNT] = {
    [TARGET_FENCE] = {.step = STEP_FENCE,
                      .absence = ABSENT_IS_MET,
                      .blocks = BLOCKS_WHILE_LEFT_ANSWERS,
                      .is_stamped = true,
                      .owns_values = true,
                      .word = "fence",
                      .server_word = "API server of",
                      .shows_words = {"fence ", " shows"},
                      .stamp_place = ANNOTATION_OF,
                      .value_word = "fence",
                      .answers = "the fence's API server answers",
                      .unmet = "the plane that is left is to be fenced",
                      .settling = "the fence is accepted, and is not seen to hold yet",
                      .unsettled = "is accepted and not seen to hold yet, under",
                      .stale_reason = "FenceStale",
                      .doubt_reason = "FenceContested",
                      .refused_reason = "FenceRefused",
                      .silent_reason = "FenceUnavailable",
                      .excerpt_bytes = 100},
    [TARGET_PROMOTION] = {.step = STEP_PROMOTE,
                          .absence = ABSENT_IS_FREE,
                          .names_plane = true,
                          .ends_return = true,
                          .may_lose_writes = true,
                          .word = "promotion",
                          .server_word = "Redis",
                          .shows_words = {"primary of ", " is"},
                          .stamp_place = "",
                          .value_word = "Redis primary",
                          .answers = "the Redis to be promoted answers",
                          .unmet = "the Redis primary is to be moved",
                          .settling = "the promotion is accepted, and the new primary does not show yet",
                          .unsettled = "is accepted and does not show yet, under",
                          .doubt_reason = "PrimaryDoubtful",
                          .refused_reason = "PromotionRefused",
                          .silent_reason = "PromotionUnavailable",
                          .excerpt_bytes = 100},
    [TARGET_LOCK] = {.step = STEP_LOCK,
                     .absence = ABSENT_IS_FREE,
                     .is_stamped = true,
                     .names_plane = true,
                     .ends_return = true,
                     .may_lose_writes = true,
                     .settles_by_writing = true,
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
                     .is_stamped = true,
                     .names_plane = true,
                     .leads_agents = true,
                     .word = "dns",
                     .server_word = "DNS server",
                     .shows_words = {"", " shows"},
                     .stamp_place = "TXT _planekeeper.",
                     .value_word = "address",
                     .answers = "the DNS server answers",
                     .unmet = "the name is to be moved",
                     .settling = "the change is accepted, and the DNS server does not show it yet",
                     .unsettled = "is accepted and does not show yet, under",
                     .doubt_reason = "DNSAnswersDiffer",
                     .refused_reason = "DNSRefused",
                     .silent_reason = "DNSUnavailable",
                     .excerpt_bytes = 200},
    [TARGET_PIPELINE] = {.step = STEP_PIPELINE,
                         .absence = ABSENT_IS_FREE,
                         .blocks = BLOCKS_NEVER,
                         .is_stamped = true,
                         .word = "pipeline",
                         .server_word = "pipeline in",
                         .shows_words = {"pipeline ", " delivers to"},
                         .stamp_place = ANNOTATION_OF,
                         .value_word = "pipeline",
                         .answers = "the pipeline answers",
                         .unmet = "the pipeline is to be moved",
                         .settling = "the pipeline is moved, and has not delivered yet",
                         .unsettled = "has not delivered yet, under",
                         .stale_reason = "PipelineStale",
                         .doubt_reason = "PipelineContested",
                         .refused_reason = "PipelineRefused",
                         .silent_reason = "PipelineUnavailable",
                         .excerpt_bytes = 100},
};

const struct target_traits *target_traits(enum target_kind kind)
{
        return &traits[kind];
}

const char *step_name(enum step step)
{
        static const char *const names[STEP_COUNT] = {
            [STEP_INTENT] = "Intent", [STEP_FENCE] = "Fence",       [STEP_PROMOTE] = "Promote",
            [STEP_LOCK] = "Lock",     [STEP_ROUTE] = "Route",       [STEP_PIPELINE] = "Pipeline",
            [STEP_COMMIT] = "Commit"};
        return (unsigned)step < STEP_COUNT ? names[step] : "Invalid";
}

bool target_ref_equal(const struct target_ref *a, const struct target_ref *b)
{
        return a->kind == b->kind && a->db == b->db && strcmp(a->driver, b->driver) == 0 &&
               strcmp(a->endpoint, b->endpoint) == 0 && strcmp(a->name, b->name) == 0;
}

/* A weak target's `to` is one value, or several of which each will do, a line each. */
bool target_is_wanted(enum target_kind kind, const char *to, const char *value)
{
        if (strcmp(to, value) == 0)
                return true;
        const size_t bytes = strlen(value);
        for (const char *at = to; at && bytes && !traits[kind].is_stamped;) {
                const size_t line = strcspn(at, "\n");
                if (line == bytes && strncmp(at, value, bytes) == 0)
                        return true;
                at = at[line] ? at + line + 1 : NULL;
        }
        return false;
}
