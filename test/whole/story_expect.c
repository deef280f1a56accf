/* story_expect.c -- what a story can expect, as the servers show it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "fences.h"
#include "pipeline.h"
#include "redis_servers.h"
#include "story.h"
#include "util/text.h"

static int plane_named(const char *name)
{
        for (unsigned i = 0; i < world.plane_count; i++)
                if (text_equal(world_plane(i), name))
                        return (int)i;
        return -1;
}

static const json_t *status(void)
{
        return json_object_get(api_find(0, API_POLICIES, NAMESPACE, world.policies[0].name), "status");
}

static const char *text_of(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        return text ? text : "";
}

/* ---- one function for each ---- */

static bool is_at_rest(char *const *words, char *ret_seen, size_t size)
{
        (void)words;
        return judge_is_settled(ret_seen, size);
}

static bool is_active(char *const *words, char *ret_seen, size_t size)
{
        const int active = judge_active(0);
        (void)snprintf(ret_seen, size, "%s", active < 0 ? "nothing" : world_plane((unsigned)active));
        return text_equal(ret_seen, words[0]);
}

static bool is_epoch(char *const *words, char *ret_seen, size_t size)
{
        (void)snprintf(ret_seen, size, "%" PRIu64, judge_epoch(0));
        return text_equal(ret_seen, words[0]);
}

static bool shows(const struct reg *reg, const char *wanted, char *ret_seen, size_t size)
{
        (void)snprintf(ret_seen, size, "\"%s\"", reg->value);
        return strcmp(reg->value, wanted) == 0;
}

static bool is_name(char *const *words, char *ret_seen, size_t size)
{
        const int plane = plane_named(words[0]);
        return shows(&registers.dns[0], plane < 0 ? "" : world_rrset((unsigned)plane), ret_seen, size);
}

static bool is_lock(char *const *words, char *ret_seen, size_t size)
{
        return shows(&registers.lock[0], plane_named(words[0]) < 0 ? "" : words[0], ret_seen, size);
}

/* The plane whose Redis is the only primary; "nothing" where none or several are. */
static bool is_redis(char *const *words, char *ret_seen, size_t size)
{
        unsigned count = 0;
        (void)snprintf(ret_seen, size, "nothing");
        for (unsigned i = 0; i < world.plane_count; i++)
                if (redis_servers_is_primary(i) && count++ == 0)
                        (void)snprintf(ret_seen, size, "%s", world_plane(i));
        if (count > 1)
                (void)snprintf(ret_seen, size, "nothing");
        return text_equal(ret_seen, words[0]);
}

static bool is_pipeline(char *const *words, char *ret_seen, size_t size)
{
        (void)snprintf(ret_seen, size, "%s", pipeline_shows());
        return text_equal(ret_seen, words[0]);
}

/* The one plane that is open; "nothing" where none is, or several are. */
static bool is_fence(char *const *words, char *ret_seen, size_t size)
{
        unsigned count = 0;
        (void)snprintf(ret_seen, size, "nothing");
        for (unsigned i = 0; i < world.plane_count; i++)
                if (text_equal(fences_show(i), FENCE_OPEN) && count++ == 0)
                        (void)snprintf(ret_seen, size, "%s", world_plane(i));
        if (count > 1)
                (void)snprintf(ret_seen, size, "nothing");
        return text_equal(ret_seen, words[0]);
}

/* "state", "lastSwitch.reason": a text of the status; "" where there is none. */
static bool is_status(char *const *words, char *ret_seen, size_t size)
{
        char key[40];
        const json_t *at = status();
        for (const char *from = words[0]; from; from = strchr(from, '.') ? strchr(from, '.') + 1 : NULL) {
                (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(from, "."), from);
                at = json_object_get(at, key);
        }
        const char *text = json_string_value(at);
        (void)snprintf(ret_seen, size, "%s", text ? text : "");
        return text_equal(ret_seen, words[1]);
}

/* The gates that block, in their order: "SameSymptomEverywhere,NoFitStandby"; "none". */
static bool are_gates(char *const *words, char *ret_seen, size_t size)
{
        size_t i, at = 0;
        json_t *gate;
        (void)snprintf(ret_seen, size, "none");
        json_array_foreach(json_object_get(json_object_get(status(), "lastDecision"), "gates"), i, gate)
        {
                if (!json_is_true(json_object_get(gate, "holds")) && at < size)
                        at += (size_t)snprintf(ret_seen + at, size - at, "%s%s", at ? "," : "", text_of(gate, "name"));
        }
        return text_equal(ret_seen, words[0]);
}

static const json_t *condition(const char *type)
{
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(status(), "conditions"), i, item)
        {
                if (text_equal(text_of(item, "type"), type))
                        return item;
        }
        return NULL;
}

/* "Ready", "False/ActiveUnhealthy" or only "False"; "nothing" where it is not there. */
static bool is_condition(char *const *words, char *ret_seen, size_t size)
{
        const json_t *found = condition(words[0]);
        (void)snprintf(ret_seen, size, "%s/%s", found ? text_of(found, "status") : "nothing", text_of(found, "reason"));
        const size_t count = strlen(words[1]);
        const bool has_reason = strchr(words[1], '/') != NULL;
        return strncmp(ret_seen, words[1], count) == 0 && ret_seen[count] == (has_reason ? '\0' : '/');
}

static bool has_text(const char *text, const char *wanted, char *ret_seen, size_t size)
{
        (void)snprintf(ret_seen, size, "\"%s\"", text);
        return strstr(text, wanted) != NULL;
}

static bool has_message(char *const *words, char *ret_seen, size_t size)
{
        return has_text(text_of(condition(words[0]), "message"), words[1], ret_seen, size);
}

static bool has_answer(char *const *words, char *ret_seen, size_t size)
{
        return has_text(text_of(json_object_get(status(), "lastRequest"), "answer"), words[0], ret_seen, size);
}

/* Operators that lead: "0", "nobody", or of two sites "0,1". */
static bool is_leader(char *const *words, char *ret_seen, size_t size)
{
        (void)snprintf(ret_seen, size, "nobody");
        size_t at = 0;
        for (unsigned i = 0; i < world.host_count; i++)
                if (hosts[i].is_alive && hosts[i].has_services && hosts[i].manager.is_leader)
                        at += (size_t)snprintf(ret_seen + at, size - at, "%s%u", at ? "," : "", i);
        return text_equal(ret_seen, words[0]);
}

static const struct expectation {
        const char *name;
        bool (*is_so)(char *const *words, char *ret_seen, size_t size);
        unsigned words;
        bool names_plane; /* or "nothing" */
} expectations[] = {
    {"rest", is_at_rest, 0, false},
    {"active", is_active, 1, true},
    {"epoch", is_epoch, 1, false},
    {"name", is_name, 1, true},
    {"lock", is_lock, 1, true},
    {"redis", is_redis, 1, true},
    {"pipeline", is_pipeline, 1, true},
    {"fence", is_fence, 1, true},
    {"status", is_status, 2, false},
    {"gates", are_gates, 1, false},
    {"condition", is_condition, 2, false},
    {"message", has_message, 2, false},
    {"answer", has_answer, 1, false},
    {"leader", is_leader, 1, false},
};

static const struct expectation *find(const char *name)
{
        for (unsigned i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++)
                if (text_equal(expectations[i].name, name))
                        return &expectations[i];
        return NULL;
}

bool story_can_expect(char *const *words, unsigned count, char *ret_why, size_t size)
{
        const struct expectation *found = count ? find(words[0]) : NULL;
        if (!found)
                (void)snprintf(ret_why, size, "nothing is known of \"%s\"; story_expect.c has what can be expected",
                               count ? words[0] : "");
        else if (count - 1 != found->words)
                (void)snprintf(ret_why, size, "\"expect %s\" takes %u words, not %u", found->name, found->words, count - 1);
        else if (found->names_plane && plane_named(words[1]) < 0 && !text_equal(words[1], "nothing"))
                (void)snprintf(ret_why, size, "there is no plane %s", words[1]);
        else
                return true;
        return false;
}

bool story_is_so(char *const *words, unsigned count, char *ret_seen, size_t size)
{
        ret_seen[0] = '\0';
        return find(words[0])->is_so(words + (count > 1), ret_seen, size);
}
