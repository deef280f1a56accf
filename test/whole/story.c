/* story.c -- reads a story and lets it happen. */
#include "story.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deeds.h"
#include "faults.h"
#include "judge.h"
#include "run.h"
#include "util/text.h"

enum { LINE_BYTES = 400, LINES_MAX = 200, LONGEST_S = 24 * 3600, DELAY_MS = 3000, DELAY_OF_TWO_SITES_MS = 6000 };

struct story {
        const char *path;
        unsigned line;
        bool has_world;
        uint64_t seed;
        char why[600]; /* "" while it goes as it says */
        char check[24]; /* what failed: "S7", "expect", "story" */
};

static void failed(struct story *story, const char *check, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void failed(struct story *story, const char *check, const char *format, ...)
{
        if (story->why[0])
                return;
        const int at = snprintf(story->why, sizeof(story->why), "%.200s:%u: ", story->path, story->line);
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(story->why + at, sizeof(story->why) - (size_t)at, format, arguments);
        va_end(arguments);
        (void)snprintf(story->check, sizeof(story->check), "%.*s", (int)strcspn(check, ":"), check);
}

static bool goes_on(struct story *story)
{
        if (world.violation[0])
                failed(story, world.violation, "%s", world.violation);
        return !story->why[0];
}

/* ---- words ---- */

/* Words are parted by spaces; what is between quotes is one. */
static bool cut(char *text, struct story_line *ret)
{
        *ret = (struct story_line){.rest = text + strlen(text)};
        for (char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
                if (ret->count == STORY_WORDS_MAX)
                        return false;
                if (ret->count == 2)
                        ret->rest = at;
                const bool is_quoted = *at == '"';
                at += is_quoted;
                ret->words[ret->count++] = at;
                at += strcspn(at, is_quoted ? "\"" : " ");
                if (is_quoted && !*at)
                        return false;
                if (*at)
                        *at++ = '\0';
        }
        return true;
}

static bool parse_number(const char *text, double most, double *ret)
{
        char *end;
        errno = 0;
        *ret = strtod(text, &end);
        return end != text && !*end && !errno && isfinite(*ret) && *ret >= 0 && *ret <= most;
}

static const char *value_for(const char *word, const char *key)
{
        const size_t count = strlen(key);
        return strncmp(word, key, count) == 0 && word[count] == '=' ? word + count + 1 : NULL;
}

/* ---- the world ---- */

struct setting {
        const char *key;
        double least, most;
        const char *const *words; /* of which it takes one; NULL: a number */
};

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const modes[] = {"Automatic", "Advise", NULL};
static const char *const drifts[] = {"Report", "Enforce", NULL};
static const char *const failbacks[] = {"Manual", "Automatic", "Never", NULL};

enum key { OPERATORS, SITES, PLANES, LOCK, MODE, DRIFT, FAILBACK, COOLDOWN, SWITCHES, STABLE_FOR, DELAY, DEPLOYMENTS, NAMED, PROMOTION, PIPELINE, FENCE, LOCK_JOB, PREPARE, LIST, SEED, KEYS };

static const struct setting settings[KEYS] = {
    [OPERATORS] = {"operators", 1, HOSTS_MAX, NULL},
    [SITES] = {"sites", 1, CLUSTERS_MAX, NULL},
    [PLANES] = {"planes", 2, WORLD_PLANES_MAX, NULL},
    [LOCK] = {"lock", 0, 0, no_yes},
    [MODE] = {"mode", 0, 0, modes},
    [DRIFT] = {"drift", 0, 0, drifts},
    [FAILBACK] = {"failback", 0, 0, failbacks},
    [COOLDOWN] = {"cooldown", 0, 3600, NULL},
    [SWITCHES] = {"max-switches", 1, 9, NULL},
    [STABLE_FOR] = {"stable-for", 0, 600, NULL},
    [DELAY] = {"delay", 0, 600, NULL},
    [DEPLOYMENTS] = {"deployments", 0, 0, no_yes},
    [NAMED] = {"named", 0, 0, no_yes},
    [PROMOTION] = {"promotion", 0, 0, no_yes},
    [PIPELINE] = {"pipeline", 0, 0, no_yes},
    [FENCE] = {"fence", 0, 0, no_yes},
    [LOCK_JOB] = {"lock-job", 0, 0, no_yes},
    [PREPARE] = {"prepare", 0, 0, no_yes},
    [LIST] = {"list", 0, 0, no_yes},
    [SEED] = {"seed", 0, 1e9, NULL},
};

static bool parse_setting(const struct setting *setting, const char *text, double *ret)
{
        if (!setting->words)
                return parse_number(text, setting->most, ret) && *ret >= setting->least;
        for (unsigned i = 0; setting->words[i]; i++) {
                *ret = i;
                if (text_equal(setting->words[i], text))
                        return true;
        }
        return false;
}

static bool set(struct story *story, const char *word, double values[KEYS])
{
        for (unsigned i = 0; i < KEYS; i++) {
                const char *text = value_for(word, settings[i].key);
                if (text && parse_setting(&settings[i], text, &values[i]))
                        return true;
                if (text)
                        failed(story, "story", "%s cannot be \"%s\"", settings[i].key, text);
        }
        failed(story, "story", "a world has no \"%s\"; story.c has what it can have", word);
        return false;
}

static void configure(const double values[KEYS])
{
        world_clear();
        world.is_recorded_in_dns = values[SITES] > 1;
        world.host_count = world.is_recorded_in_dns ? 2 : (unsigned)values[OPERATORS];
        world.cluster_count = (unsigned)values[SITES];
        world.plane_count = world.is_recorded_in_dns ? 2 : (unsigned)values[PLANES];
        world.policy_count = 1;
        world.lease_status = 403;
        world.failover_delay_ms = values[DELAY] >= 0              ? (unsigned)(values[DELAY] * 1000)
                                  : world.is_recorded_in_dns ? DELAY_OF_TWO_SITES_MS
                                                             : DELAY_MS;
        world.is_wide = values[DEPLOYMENTS] > 0;
        world.prepares = values[PREPARE] > 0;
        world.lists = values[LIST] > 0;
        for (unsigned i = 0; i < world.plane_count; i++) {
                world.is_watched[i] = values[DEPLOYMENTS] > 0;
                world.is_named[i] = values[NAMED] > 0;
        }
        world.policies[0] = (struct policy_config){.uses_lock = values[LOCK] > 0,
                                                   .is_promoted = values[PROMOTION] > 0,
                                                   .has_pipeline = values[PIPELINE] > 0,
                                                   .has_fence = values[FENCE] > 0,
                                                   .has_lock_job = values[LOCK_JOB] > 0,
                                                   .is_advised = values[MODE] > 0,
                                                   .is_enforced = values[DRIFT] > 0,
                                                   .failback = failbacks[(unsigned)values[FAILBACK]],
                                                   .cooldown_s = (unsigned)values[COOLDOWN],
                                                   .max_switches = (unsigned)values[SWITCHES],
                                                   .stable_for_s = (unsigned)values[STABLE_FOR]};
}

static void begin(struct story *story, const struct story_line *line)
{
        double values[KEYS] = {[OPERATORS] = 2, [SITES] = 1, [PLANES] = 2, [LOCK] = 1, [SWITCHES] = 9, [STABLE_FOR] = 5, [DELAY] = -1, [SEED] = 1};
        for (unsigned i = 1; i < line->count; i++)
                if (!set(story, line->words[i], values))
                        return;
        vtime_begin((uint64_t)values[SEED]);
        configure(values);
        world_begin();
        story->has_world = true;
}

/* ---- what befalls ---- */

static int numbered(const char *text, unsigned bound)
{
        double number;
        return parse_number(text, bound - 1, &number) ? (int)number : -1;
}

static int plane_of(const char *name)
{
        for (unsigned i = 0; i < world.plane_count; i++)
                if (text_equal(world_plane(i), name))
                        return (int)i;
        return -1;
}

/* "plane=eu-west-1", "operator=1", "site=0", "for=20": false where it is none of them. */
static bool aim(const char *word, struct fault *fault)
{
        const char *text;
        int which = -1;
        double seconds;
        if ((text = value_for(word, "plane")) && (which = plane_of(text)) >= 0)
                fault->plane = (unsigned)which;
        else if ((text = value_for(word, "operator")) && (which = numbered(text, world.host_count)) >= 0)
                fault->host = &hosts[which];
        else if ((text = value_for(word, "site")) && (which = numbered(text, world.cluster_count)) >= 0)
                fault->cluster = (unsigned)which;
        else if ((text = value_for(word, "for")) && parse_number(text, LONGEST_S, &seconds))
                fault->ends_at = vtime_now() + (vtime_us)(seconds * VTIME_S);
        else
                return false;
        return true;
}

static void befall(struct story *story, const struct story_line *line)
{
        const int kind = faults_find(line->words[1]);
        struct fault fault = {.kind = (unsigned)kind, .host = &hosts[0], .ends_at = (vtime_us)LONGEST_S * 2 * VTIME_S};
        if (kind < 0) {
                failed(story, "story", "there is no fault or deed \"%s\"; faults.c has their names", line->words[1]);
                return;
        }
        for (unsigned i = 2; i < line->count; i++)
                if (!aim(line->words[i], &fault)) {
                        failed(story, "story", "\"%s\" is no plane=, operator=, site= or for= of this world", line->words[i]);
                        return;
                }
        faults_begin(&fault);
}

static void annotate(struct story *story, const struct story_line *line)
{
        if (line->count != 4) {
                failed(story, "story", "annotate takes a key and a value, \"-\" to remove it");
                return;
        }
        char key[64];
        (void)snprintf(key, sizeof(key), "planekeeper.io/%.40s", line->words[2]);
        deed_annotate(0, key, text_equal(line->words[3], "-") ? NULL : line->words[3]);
}

static void edit(struct story *story, const char *text)
{
        json_error_t error;
        json_t *spec = json_loads(text, 0, &error);
        if (json_is_object(spec))
                deed_edit(0, spec);
        else
                failed(story, "story", "edit takes a JSON object to be merged into spec: %s", spec ? text : error.text);
        if (!json_is_object(spec))
                json_decref(spec);
}

/* ---- what must be so ---- */

/* The word after "within=" or "during=", and how long. */
static bool take_patience(struct story_line *line, const char *key, double *ret)
{
        const char *text = value_for(line->words[line->count - 1], key);
        if (!text || !parse_number(text, LONGEST_S, ret))
                return false;
        line->count--;
        return true;
}

static void expect(struct story *story, struct story_line *line)
{
        double within = 0, during = 0;
        char seen[400];
        (void)(take_patience(line, "within", &within) || take_patience(line, "during", &during));
        char *const *words = line->words + 2;
        const unsigned count = line->count - 2;
        if (!story_can_expect(words, count, seen, sizeof(seen))) {
                failed(story, "story", "%s", seen);
                return;
        }
        const vtime_us until = vtime_now() + (vtime_us)((within + during) * VTIME_S);
        bool is_so = story_is_so(words, count, seen, sizeof(seen));
        while (is_so == (during > 0) && vtime_now() < until && goes_on(story)) {
                const vtime_us look = vtime_now() + LOOK_EVERY_MS * VTIME_MS;
                run_until(look < until ? look : until);
                is_so = story_is_so(words, count, seen, sizeof(seen));
        }
        if (!is_so && goes_on(story))
                failed(story, "expect", "expected %s %s, and after %.1f s it is %s", words[0], count > 1 ? words[count - 1] : "",
                       (double)vtime_now() / VTIME_S, seen);
}

/* ---- a line, a story, all of them ---- */

static void wait_for(struct story *story, const char *text)
{
        const bool is_relative = text[0] == '+';
        double seconds;
        if (!parse_number(text + is_relative, LONGEST_S, &seconds)) {
                failed(story, "story", "\"%s\" is no time in seconds", text);
                return;
        }
        const vtime_us at = (vtime_us)(seconds * VTIME_S) + (is_relative ? vtime_now() : 0);
        if (at < vtime_now())
                failed(story, "story", "it is %.1f s by now; begin the time with + to count from the line before",
                       (double)vtime_now() / VTIME_S);
        else
                run_until(at);
}

static void take_line(struct story *story, char *text)
{
        char whole[LINE_BYTES];
        struct story_line line;
        (void)TEXT_COPY(whole, text);
        if (text[strspn(text, " ")] == '#' || !text[strspn(text, " ")])
                return;
        if (!cut(text, &line)) {
                failed(story, "story", "too many words, or a quote that does not end");
                return;
        }
        const bool is_world = text_equal(line.words[0], "world");
        if (is_world == story->has_world || (!is_world && line.count < 2)) {
                failed(story, "story", "a story begins with one line \"world …\"; each other line is a time and what happens then");
                return;
        }
        if (is_world) {
                begin(story, &line);
                return;
        }
        wait_for(story, line.words[0]);
        if (!goes_on(story))
                return;
        if (text_equal(line.words[1], "expect"))
                expect(story, &line);
        else if (text_equal(line.words[1], "annotate"))
                annotate(story, &line);
        else if (text_equal(line.words[1], "edit"))
                edit(story, whole + (line.rest - text));
        else
                befall(story, &line);
}

static void tell(struct story *story)
{
        char text[LINE_BYTES];
        FILE *file = fopen(story->path, "re");
        if (!file) {
                failed(story, "story", "it cannot be read: %s", strerror(errno));
                return;
        }
        while (goes_on(story) && fgets(text, sizeof(text), file)) {
                const size_t count = strlen(text);
                if (++story->line > LINES_MAX || (count == sizeof(text) - 1 && text[count - 1] != '\n'))
                        failed(story, "story", "a story has at most %d lines of %d bytes", LINES_MAX, LINE_BYTES - 2);
                text[strcspn(text, "\n")] = '\0';
                take_line(story, text);
        }
        (void)fclose(file);
        if (!story->has_world)
                failed(story, "story", "it has no line \"world …\"");
}

int stories_run(int count, char **paths)
{
        int bad = 0;
        char first[24] = "";
        for (int i = 0; i < count; i++) {
                struct story story = {.path = paths[i]};
                world_clear();
                tell(&story);
                const double seconds = story.has_world ? (double)vtime_now() / VTIME_S : 0;
                if (story.has_world)
                        world_end();
                printf("%s %s  %.1f s\n", story.why[0] ? "FAILED" : "ok    ", story.why[0] ? story.why : story.path, seconds);
                if (story.why[0] && !bad++)
                        (void)TEXT_COPY(first, story.check);
        }
        printf("{\"stories\": %d, \"failed\": %d, \"first\": \"%s\"}\n", count, bad, first);
        return bad != 0;
}
