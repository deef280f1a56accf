/*
 * core_truth.h -- truth tables of gates. A table names the conditions that a gate rests on and gives its verdict for
 * every combination of them; truth_check() tries all of them on the gate itself, and demands that each condition alone
 * turns the verdict somewhere (MC/DC: what has no say is no condition).
 *
 * Include it once per test; everything is in the header so that other tests do not compile it.
 */
#ifndef PK_TEST_CORE_TRUTH_H
#define PK_TEST_CORE_TRUTH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core_gate_rows.h"

enum { TRUTH_CONDITIONS_MAX = 9, TRUTH_ROWS_MAX = 8 };

/* A world and what is asked of it. */
struct scene {
        struct world world;
        struct gate_question question;
};

struct truth_condition {
        const char *name;
        void (*deny)(struct scene *scene); /* makes it false, and no other */
};

/* The first row that fits counts, so that a table reads like the gate does. */
struct truth_row {
        const char *when; /* a letter per condition, in their order: T, F, or - where it does not matter */
        bool passes;
        const char *text; /* a part of the sentence */
};

struct truth_table {
        enum gate gate;
        const char *name;
        void (*arrange)(struct scene *scene); /* all conditions true */
        struct truth_condition conditions[TRUTH_CONDITIONS_MAX];
        struct truth_row rows[TRUTH_ROWS_MAX];
};

static inline unsigned truth_width(const struct truth_table *table)
{
        unsigned width = 0;
        while (width < TRUTH_CONDITIONS_MAX && table->conditions[width].name)
                width++;
        return width;
}

/* Bit i of @combination: condition i is true. */
static inline const struct truth_row *truth_row_for(const struct truth_table *table, unsigned combination)
{
        for (const struct truth_row *row = table->rows; row < table->rows + TRUTH_ROWS_MAX && row->when; row++) {
                bool fits = true;
                for (unsigned i = 0; row->when[i]; i++)
                        fits = fits && (row->when[i] == '-' || (row->when[i] == 'T') == (combination >> i & 1U));
                if (fits)
                        return row;
        }
        return NULL;
}

static inline bool truth_try(const struct truth_table *table, unsigned combination)
{
        struct scene scene = {.question = {PURPOSE_FAILOVER, NULL, NULL, "nobody is fit"}};
        world_init(&scene.world);
        scene.question.active = &scene.world.view.planes[0];
        scene.question.candidate = &scene.world.view.planes[1];
        table->arrange(&scene);
        char letters[TRUTH_CONDITIONS_MAX + 1] = "";
        for (unsigned i = 0; i < truth_width(table); i++) {
                letters[i] = combination >> i & 1U ? 'T' : 'F';
                if (letters[i] == 'F')
                        table->conditions[i].deny(&scene);
        }
        const struct gates gates = gates_evaluate(&scene.world.view, &scene.question, &scene.world.arena);
        const struct gate_verdict *verdict = gate_rows_verdict(&gates, table->gate);
        const struct truth_row *row = truth_row_for(table, combination);
        if (!row || !verdict || verdict->passes != row->passes || !strstr(verdict->text, row->text))
                fail_msg("%s, %s, %s: %s \"%s\", expected %s \"%s\"", gate_name(table->gate), table->name, letters,
                         verdict && verdict->passes ? "passes" : "blocks", verdict ? verdict->text : "not asked",
                         row && row->passes ? "passes" : "blocks", row ? row->text : "nothing");
        bool passes = verdict->passes;
        world_clear(&scene.world);
        return passes;
}

static inline void truth_check(const struct truth_table *table)
{
        static bool passes[1U << TRUTH_CONDITIONS_MAX];
        const unsigned width = truth_width(table), count = 1U << width;
        for (unsigned combination = 0; combination < count; combination++)
                passes[combination] = truth_try(table, combination);
        for (unsigned i = 0; i < width; i++) {
                bool has_say = false;
                for (unsigned combination = 0; combination < count; combination++)
                        has_say = has_say || passes[combination] != passes[combination ^ (1U << i)];
                if (!has_say)
                        fail_msg("%s, %s: \"%s\" turns no verdict", gate_name(table->gate), table->name,
                                 table->conditions[i].name);
        }
        print_message("%s, %s: %u conditions, %u combinations\n", gate_name(table->gate), table->name, width, count);
}

#endif
