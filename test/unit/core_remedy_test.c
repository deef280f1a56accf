/*
 * core_remedy_test.c -- every command that a status, an answer or the runbook prints is carried out in the state that
 * printed it, and has to do what it was printed for. PK_SEED chooses other views.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/election.h"
#include "core/plan.h"
#include "core/runbook.h"
#include "core/targets.h"
#include "core_mutators.h"
#include "util/text.h"

enum { DEFAULT_SEED = 20261129, VIEWS = 50000, TEXTS_MAX = 64, VALUE_BYTES = 128 };

static char current[1024];

/* Everything that people read of one decision. */
struct texts {
        const char *items[TEXTS_MAX];
        unsigned count;
        unsigned runbook; /* from here on they are its lines */
};

static void add_text(struct texts *texts, const char *text)
{
        assert_true(texts->count < TEXTS_MAX);
        if (text && text[0])
                texts->items[texts->count++] = text;
}

static void collect(struct world *world, const struct decision *decision, struct texts *ret)
{
        const struct report report = world_report(world, decision);
        struct runbook runbook;
        *ret = (struct texts){.count = 0};
        for (unsigned i = 0; i < report.condition_count; i++)
                add_text(ret, report.conditions[i].message);
        add_text(ret, decision->why);
        add_text(ret, decision->answer);
        add_text(ret, decision->lost);
        add_text(ret, decision->held_return);
        add_text(ret, decision->held_update);
        for (unsigned i = 0; decision->has_gates && i < decision->gates.count; i++)
                add_text(ret, decision->gates.verdicts[i].text);
        runbook_build(&world->view, decision, &world_tools, &world->arena, &runbook);
        ret->runbook = ret->count;
        for (unsigned i = 0; i < runbook.count; i++)
                add_text(ret, runbook.lines[i]);
}

/* The same state in a world of its own, which borrows the texts of @world. */
static void copy_world(const struct world *world, struct world *ret)
{
        *ret = *world;
        ret->arena = (struct arena){0};
        if (world->view.record == &world->record)
                ret->view.record = &ret->record;
}

struct command {
        enum request_key key;
        char value[VALUE_BYTES];
        const char *rest; /* what follows the value */
};

static const char *const key_names[REQUEST_KEY_COUNT] = {"switch-to", "adopt", "ack", "takeover"};

static const char **annotation(struct world *world, enum request_key key)
{
        struct policy_view *policy = &world->view.policy;
        const char **const values[REQUEST_KEY_COUNT] = {&policy->switch_to, &policy->adopt, &policy->ack,
                                                        &policy->takeover};
        return values[key];
}

/* "planekeeper.io/adopt=b/6" in @text. */
static bool parse_command(const char *text, struct command *ret)
{
        static const char prefix[] = "planekeeper.io/";
        if (!text_has_prefix(text, prefix))
                return false;
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++) {
                const char *value = text + strlen(prefix) + strlen(key_names[key]) + 1;
                if (!text_has_prefix(text + strlen(prefix), key_names[key]))
                        continue;
                if (value[-1] == '-') /* it is taken away */
                        return false;
                assert_int_equal(value[-1], '=');
                size_t length = strcspn(value, " ;,)");
                while (length && value[length - 1] == '.')
                        length--;
                assert_true(length && length < VALUE_BYTES);
                *ret = (struct command){.key = (enum request_key)key, .rest = value + length};
                memcpy(ret->value, value, length);
                return true;
        }
        fail_msg("%s: an annotation that does not exist is named: %s", current, text);
        return false;
}

static void annotate(struct world *world, const struct command *command)
{
        const char **value = annotation(world, command->key);
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++) {
                const char *removal = arena_printf(&world->arena, " planekeeper.io/%s-", key_names[key]);
                if (text_has_prefix(command->rest, removal)) {
                        *annotation(world, (enum request_key)key) = "";
                        world->view.policy.past[key] = REQUEST_NEW;
                }
        }
        if (*value && strcmp(*value, command->value) == 0)
                return;
        *value = command->value;
        world->view.policy.past[command->key] = REQUEST_NEW;
        world->view.policy.is_asked_unread = false; /* the targets are read again before it is answered */
}

static void complain(const struct command *command, const char *text, const struct decision *after)
{
        fail_msg("%s\nprinted: %s\ncarried out: %s=%s\nthen: %s %s\nanswer to %s: %s", current, text,
                 key_names[command->key], command->value, finding_name(after->finding), after->why,
                 after->request.text, after->answer);
}

static bool is_heard(const struct command *command, const struct decision *after)
{
        const char *text = after->request.text;
        size_t name = strlen(key_names[command->key]);
        return strncmp(text, key_names[command->key], name) == 0 && text[name] == '=' &&
               strcmp(text + name + 1, command->value) == 0;
}

/* Held, and the same text says before the command what it is held by. */
static bool is_held_as_said(const char *text, const struct decision *after)
{
        return text_has_prefix(after->answer, "waiting: ") && strstr(text, "held");
}

static void expect_accepted(struct world *world, const struct command *command, const char *text)
{
        struct decision after = world_decide(world);
        bool is_advised = world->view.policy.mode == MODE_ADVISE; /* nothing that a person asks for is done */
        bool is_asked = after.finding == FINDING_SWITCH_REQUESTED || after.finding == FINDING_SWITCH_CONFIRMED || after.finding == FINDING_ADOPT_REQUESTED ||
                        after.finding == FINDING_LOOK_OLD;
        switch (command->key) {
        case REQUEST_KEY_ACK:
                if (!request_is_acknowledged(&world->view) || is_advised)
                        complain(command, text, &after);
                break;
        case REQUEST_KEY_TAKEOVER:
                if (targets_split_owner(&world->view))
                        complain(command, text, &after);
                break;
        default:
                if (!is_heard(command, &after) || (!is_asked && !is_held_as_said(text, &after)))
                        complain(command, text, &after);
                break;
        }
}

/* What the runbook does before its last line, or "once it is" wants: the targets show the plane that is named. */
static void move_by_hand(struct world *world, const struct command *command)
{
        struct view *view = &world->view;
        const char *name = arena_printf(&world->arena, "%.*s", (int)strcspn(command->value, "/"), command->value);
        const struct plane_view *plane = view_plane(view, name);
        assert_non_null(plane);
        for (unsigned i = 0; i < view->target_count; i++) {
                struct target_view *target = &view->targets[i];
                if (!target_traits(target->ref.kind)->names_plane)
                        continue;
                target->shows.value = plan_value_at(view, target, plane, targets_highest_epoch(view) + 1, &world->arena);
                target->shows.present = target->shows.value[0];
        }
}

static unsigned annotated[REQUEST_KEY_COUNT];

static void try_commands(const struct world *world, const char *text, bool is_runbook)
{
        for (const char *at = text; (at = strstr(at, "planekeeper.io/")); at++) {
                struct command command;
                struct world tried;
                const char *once = strstr(text, "once it is: ");
                if (at == text || at[-1] != ' ' || !parse_command(at, &command))
                        continue;
                copy_world(world, &tried);
                if (command.key == REQUEST_KEY_ADOPT && (is_runbook || (once && once < at)))
                        move_by_hand(&tried, &command);
                annotated[command.key]++;
                annotate(&tried, &command);
                expect_accepted(&tried, &command, text);
                world_clear(&tried);
        }
}

/* ---- other commands, and words that lead to the runbook ---- */

struct patch {
        const char *command; /* how it begins */
        void (*apply)(struct world *world);
        const char *armed[2]; /* reasons that it takes away */
};

static void resume(struct world *world)
{
        world->view.policy.suspended = false;
}

static void arm(struct world *world)
{
        world->view.policy.mode = MODE_AUTOMATIC;
}

static void release(struct world *world)
{
        world->view.kill_switch = false;
}

static void forget_record(struct world *world)
{
        world->view.record = NULL;
        world->view.record_error = "";
}

static const struct patch patches[] = {
    {"kubectl patch fop gloo -n default --type merge -p '{\"spec\":{\"suspend\":false}}'", resume, {"Suspended"}},
    {"kubectl patch fop gloo -n default --type merge -p '{\"spec\":{\"mode\":\"Automatic\"}}'",
     arm,
     {"Advise", "AutomaticUnsafe"}},
    {"kubectl patch configmap planekeeper -n planekeeper --type merge -p '{\"data\":{\"killSwitch\":\"false\"}}'",
     release,
     {"KillSwitch"}},
    {"kubectl delete lease planekeeper-gloo -n default)", forget_record, {"RecordUnreadable"}},
};

static void try_patch(const struct world *world, const struct patch *patch, const char *text)
{
        struct world tried;
        copy_world(world, &tried);
        patch->apply(&tried);
        const struct decision after = world_decide(&tried);
        const struct report_armed armed = report_armed_of(&tried.view, &after, &tried.arena);
        for (unsigned i = 0; i < 2 && patch->armed[i]; i++)
                if (strcmp(armed.reason, patch->armed[i]) == 0)
                        fail_msg("%s\nprinted: %s\nthen: %s %s", current, text, armed.reason, armed.message);
        world_clear(&tried);
}

static unsigned patched[sizeof(patches) / sizeof(patches[0])];

/* Every command is one that is known here, and whole. */
static void try_patches(const struct world *world, const char *text)
{
        static const char annotate_begins[] = "kubectl annotate fop gloo -n default --overwrite planekeeper.io/";
        for (const char *at = text; (at = strstr(at, "kubectl ")); at++) {
                unsigned known = text_has_prefix(at, annotate_begins);
                for (unsigned i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
                        if (!text_has_prefix(at, patches[i].command))
                                continue;
                        known++;
                        patched[i]++;
                        try_patch(world, &patches[i], text);
                }
                if (!known)
                        fail_msg("%s: a command that nobody tries: %s", current, text);
        }
}

/* Where a text sends people to the runbook, there is something in it. */
static void try_runbook(struct world *world, const struct decision *decision, const char *text)
{
        struct runbook runbook;
        if (!strstr(text, "status.runbook"))
                return;
        runbook_build(&world->view, decision, &world_tools, &world->arena, &runbook);
        if (runbook.count < 3)
                fail_msg("%s\nprinted: %s\nrunbook: %s", current, text, runbook.lines[0]);
}

static void every_command_does_what_it_is_printed_for(void **state)
{
        (void)state;
        static unsigned reached[PHASE_COUNT][FINDING_COUNT];
        const uint64_t chosen = core_chosen_seed(DEFAULT_SEED);
        for (unsigned number = 0; number < VIEWS; number++) {
                struct world world;
                struct texts texts;
                core_arbitrary_world(&world, chosen + number, current, sizeof(current));
                const struct decision decision = world_decide(&world);
                collect(&world, &decision, &texts);
                for (unsigned i = 0; i < texts.count; i++) {
                        try_commands(&world, texts.items[i], i >= texts.runbook);
                        try_patches(&world, texts.items[i]);
                        try_runbook(&world, &decision, texts.items[i]);
                }
                reached[decision.phase][decision.finding]++;
                world_clear(&world);
        }
        current[0] = '\0';
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++)
                assert_true(annotated[key] > 0);
        for (unsigned i = 0; i < sizeof(patches) / sizeof(patches[0]); i++)
                assert_true(patched[i] > 0);
        for (size_t i = 0; rule_at(i); i++)
                if (!reached[rule_at(i)->phase][rule_at(i)->finding])
                        fail_msg("no view reaches %s %s", phase_name(rule_at(i)->phase),
                                 finding_name(rule_at(i)->finding));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_command_does_what_it_is_printed_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
