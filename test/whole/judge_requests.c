/* judge_requests.c -- what people asked for, and what they were told: the last word is the last. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "judge_parts.h"
#include "util/text.h"

static const char *const keys[] = {"switch-to", "adopt"};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static bool is_refusal(const char *answer)
{
        return text_has_prefix(answer, "refused") || text_has_prefix(answer, "not understood");
}

static const char *annotation(const json_t *object, unsigned key)
{
        char name[64];
        (void)snprintf(name, sizeof(name), "planekeeper.io/%s", keys[key]);
        const json_t *annotations = json_object_get(json_object_get(object, "metadata"), "annotations");
        const char *value = json_string_value(json_object_get(annotations, name));
        return value ? value : "";
}

void judge_told(unsigned policy, const char *text)
{
        (void)TEXT_COPY(judge.policies[policy].told, text);
}

/* S15: what a status tells people to write is not refused once they do. */
static void check_told(unsigned policy, const char *text, const char *answer)
{
        struct judged_policy *judged = &judge.policies[policy];
        if (!judged->told[0] || strcmp(judged->told, text) != 0)
                return;
        if (is_refusal(answer))
                world_violated("S15: policy %u tells people to write %s and then: %.200s", policy, text, answer);
        judged->told[0] = '\0';
}

void take_answer(unsigned cluster, unsigned policy, const json_t *object, const struct host *by)
{
        const json_t *last = json_object_get(json_object_get(object, "status"), "lastRequest");
        const char *text = json_string_value(json_object_get(last, "request"));
        const char *answer = json_string_value(json_object_get(last, "answer"));
        const json_t *serial = json_object_get(json_object_get(object, "metadata"), "serial");
        for (unsigned key = 0; key < KEYS; key++) {
                struct refusal *refused = &judge.policies[policy].refused[cluster][key];
                char now[TEXT_BYTES];
                (void)snprintf(now, sizeof(now), "%s=%s", keys[key], annotation(object, key));
                if (strcmp(refused->text, now) != 0)
                        refused->text[0] = '\0';
                if (!by || !text || !answer || strcmp(text, now) != 0)
                        continue;
                check_told(policy, text, answer);
                if (refused->text[0] || !is_refusal(answer))
                        continue;
                *refused = (struct refusal){
                    .serial = (uint64_t)json_integer_value(serial), .by = (int)by->index, .life = by->life};
                (void)TEXT_COPY(refused->text, text);
        }
}

/* S14: what was refused never acts. */
void check_request(const struct host *host, unsigned policy, const struct decision *next)
{
        bool is_switch =
            strcmp(next->reason, "SwitchRequested") == 0 || strcmp(next->reason, "SwitchConfirmed") == 0;
        if (!is_switch && strcmp(next->reason, "AdoptRequested") != 0)
                return;
        const struct refusal *refused = &judge.policies[policy].refused[host->cluster][is_switch ? 0 : 1];
        char asked[TEXT_BYTES];
        (void)snprintf(asked, sizeof(asked), "%s=%s/%" PRIu64, keys[is_switch ? 0 : 1], next->to, next->epoch);
        bool knows = judge.seen_serial[host->index][policy] >= refused->serial ||
                     (refused->by == (int)host->index && refused->life == host->life);
        if (refused->text[0] && knows && text_has_prefix(refused->text, asked))
                world_violated("S14: operator %u does what policy %u says is refused: %s", host->index, policy,
                               refused->text);
}

/* With the status that said so, the refusal is gone: whether it is remembered is as if it had never been said. */
void judge_went_back(unsigned cluster)
{
        for (unsigned i = 0; i < world.policy_count; i++)
                memset(judge.policies[i].refused[cluster], 0, sizeof(judge.policies[i].refused[cluster]));
}
