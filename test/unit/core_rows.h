/*
 * core_rows.h -- tables of views: what is decided on each, or what one condition says of it.
 *
 * Include it once per test; everything is in the header so that other tests do not compile it.
 */
#ifndef PK_TEST_CORE_ROWS_H
#define PK_TEST_CORE_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core_world.h"

struct decision_row {
        const char *name;
        void (*arrange)(struct world *world); /* from the ordinary world */
        enum finding finding;
        enum action action;
        const char *why;    /* a part of the sentence */
        const char *answer; /* how what is said to a person's request begins; NULL: there is none */
};

struct condition_row {
        const char *name;
        void (*arrange)(struct world *world);
        const char *type;
        const char *status;  /* "True Drift" */
        const char *message; /* a part of it */
};

#define ROWS_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static inline void rows_decide(const struct decision_row *rows, size_t count)
{
        for (const struct decision_row *row = rows; row < rows + count; row++) {
                struct world world;
                world_init(&world);
                row->arrange(&world);
                struct decision decision = world_decide(&world);
                const char *answer = row->answer ? row->answer : "";
                bool is_answered =
                    row->answer ? strncmp(decision.answer, answer, strlen(answer)) == 0 : !decision.answer[0];
                if (decision.finding != row->finding || decision.rule->then != row->action ||
                    !strstr(decision.why, row->why) || !is_answered)
                        fail_msg("%s: %s %s \"%s\", answer \"%s\"; expected %s %s \"%s\", answer \"%s\"", row->name,
                                 finding_name(decision.finding), action_name(decision.rule->then), decision.why,
                                 decision.answer, finding_name(row->finding), action_name(row->action), row->why,
                                 answer);
                world_clear(&world);
        }
}

static inline void rows_report(const struct condition_row *rows, size_t count)
{
        for (const struct condition_row *row = rows; row < rows + count; row++) {
                struct world world;
                world_init(&world);
                row->arrange(&world);
                struct decision decision = world_decide(&world);
                struct report report = world_report(&world, &decision);
                const struct report_condition *condition = world_condition(&report, row->type);
                const char *status = world_condition_text(&world, &report, row->type);
                if (!condition || strcmp(status, row->status) != 0 || !strstr(condition->message, row->message))
                        fail_msg("%s: %s is %s \"%s\"; expected %s \"%s\"", row->name, row->type, status,
                                 condition ? condition->message : "", row->status, row->message);
                world_clear(&world);
        }
}

#endif
