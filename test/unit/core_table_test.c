/*
 * core_table_test.c -- the table of the state machine: its dump is a golden file, its rows are unique, everything has a
 * name. PK_GOLDEN=write renews the golden file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/gates.h"
#include "core/rules.h"

#define GOLDEN_PATH "test/golden/rules.txt"
enum { DUMP_MAX = 65536, FAR_OUT = 1000 };

static char *read_golden(void)
{
        FILE *file = fopen(GOLDEN_PATH, "r");
        char *text = calloc(DUMP_MAX, 1);
        assert_non_null(text);
        if (file) {
                size_t count = fread(text, 1, DUMP_MAX - 1, file);
                assert_true(count < DUMP_MAX - 1);
                fclose(file);
        }
        return text;
}

static void the_dump_is_the_golden_file(void **state)
{
        (void)state;
        struct strbuf dump = STRBUF_INIT(DUMP_MAX);
        rules_print(&dump);
        const char *wish = getenv("PK_GOLDEN");
        if (wish && strcmp(wish, "write") == 0) {
                FILE *file = fopen(GOLDEN_PATH, "w");
                assert_non_null(file);
                assert_int_equal(fputs(strbuf_text(&dump), file) < 0, 0);
                fclose(file);
        }
        char *golden = read_golden();
        assert_string_equal(strbuf_text(&dump), golden); /* a change of the rules has to be a change of the file */
        free(golden);
        strbuf_deinit(&dump);
}

static void rows_are_unique(void **state)
{
        (void)state;
        size_t rows = 0, found = 0;
        for (; rule_at(rows); rows++) {
                assert_ptr_equal(rule_find(rule_at(rows)->phase, rule_at(rows)->finding), rule_at(rows));
                assert_in_range(rule_at(rows)->means, MEANS_PROGRESSING, MEANS_COUNT - 1);
        }
        for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
                for (unsigned finding = 0; finding < FINDING_COUNT; finding++)
                        found += rule_find((enum phase)phase, (enum finding)finding) != NULL;
        assert_int_equal(found, rows);
}

/* What was never meant to be is named, too: a text for a person is never a NULL. */
static void everything_has_a_name(void **state)
{
        (void)state;
        assert_string_equal(step_name(STEP_ROUTE), "Route");
        assert_string_equal(step_name((enum step)FAR_OUT), "Invalid");
        assert_string_equal(phase_name(PHASE_SWITCHING), "Switching");
        assert_string_equal(phase_name((enum phase)FAR_OUT), "Invalid");
        assert_string_equal(finding_name(FINDING_ALL_MET), "FINDING_ALL_MET");
        assert_string_equal(finding_name((enum finding)FAR_OUT), "FINDING_INVALID");
        assert_string_equal(action_name(DO_COMMIT), "DO_COMMIT");
        assert_string_equal(action_name((enum action)FAR_OUT), "DO_INVALID");
        assert_string_equal(gate_name(GATE_COOLDOWN), "CoolingDown");
        assert_string_equal(gate_name((enum gate)FAR_OUT), "Invalid");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_dump_is_the_golden_file),
            cmocka_unit_test(rows_are_unique),
            cmocka_unit_test(everything_has_a_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
