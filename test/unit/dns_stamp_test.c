/* dns_stamp_test.c -- the text that carries epoch and owner beside a value, and the rules that it stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/fence.h"
#include "targets/target.h"

#define STORE "k8s/8c6f5d4e/default/gloo"

static const struct target_want sample = {
    .value = "A 192.0.2.1", .epoch = 42, .id = 0x00ab, .plane = "eu-west-1", .store = STORE};

static void printed_stamp_reads_back(void **state)
{
        (void)state;
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(&sample, text, sizeof(text));
        assert_string_equal(text, "v=pk1 e=42 id=00000000000000ab p=eu-west-1 s=" STORE);
        struct stamp stamp = {0};
        dns_stamp_parse(text, &stamp);
        assert_int_equal(stamp.presence, STAMP_OURS);
        assert_int_equal(stamp.epoch, 42);
        assert_int_equal(stamp.id, 0xab);
        assert_string_equal(stamp.plane, "eu-west-1");
        assert_string_equal(stamp.store, STORE);
        assert_string_equal(stamp.raw, text);
        target_stamp_clear(&stamp);
}

static void anything_else_is_foreign_or_unreadable(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "",
            "v=spf1 -all",
            "v=pk2 e=1 id=0000000000000001 p=a s=b",
            "v=pk1 e=0 id=0000000000000001 p=a s=b",
            "v=pk1 e=01 id=0000000000000001 p=a s=b",
            "v=pk1 e=-1 id=0000000000000001 p=a s=b",
            "v=pk1 e=9007199254740992 id=0000000000000001 p=a s=b",
            "v=pk1 e=99999999999999999999 id=0000000000000001 p=a s=b",
            "v=pk1 e=1 id=1 p=a s=b",
            "v=pk1 e=1 id=000000000000000G p=a s=b",
            "v=pk1 e=1 id=000000000000000A p=a s=b",
            "v=pk1 e=1 id=00000000000000001 p=a s=b",
            "v=pk1 e=1 id=0000000000000001 p=a",
            "v=pk1 e=1 id=0000000000000001 s=b p=a",
            "v=pk1 e=1 id=0000000000000001 p=a s=b ",
            "v=pk1 e=1 id=0000000000000001 p=a s=b x",
            "v=pk1 e=1 id=0000000000000001 p=a s=b x=y ",
            "v=pk1 e=1 id=0000000000000001 p=a s=b  x=y",
            "v=pk1 e=1 id=0000000000000001 p=a s=b 9=y",
            "v=pk1 e=1 id=0000000000000001 p=a s=b r=2",
            "v=pk1 e=1 id=0000000000000001 p=a s=b r=01",
            "v=pk1 e=1 id=0000000000000001 p=a s=b r=",
            "v=pk1 e=1 id=0000000000000001 p=a s=b r=1 r=1",
            "v=pk1  e=1 id=0000000000000001 p=a s=b",
            " v=pk1 e=1 id=0000000000000001 p=a s=b",
            "v=pk1 e=1 id=0000000000000001 p=a\tb s=b",
            "v=pk1 e=1 id=0000000000000001 p=\xff s=b",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct stamp stamp = {0};
                dns_stamp_parse(texts[i], &stamp);
                bool is_dialect = strncmp(texts[i], "v=pk", 4) == 0; /* then it is ours, and cannot be read */
                if (stamp.presence != (is_dialect ? STAMP_UNREADABLE : STAMP_FOREIGN) || stamp.epoch != 0 || stamp.id != 0 || stamp.decided != 0)
                        fail_msg("taken for ours: \"%s\"", texts[i]);
                assert_string_equal(stamp.raw, texts[i]);
                target_stamp_clear(&stamp);
        }
}

/* Whose it is can be told of one that cannot be read: another owner's is not to be thrown away. */
static void the_owner_of_an_unreadable_stamp_is_known(void **state)
{
        (void)state;
        static const char *const rows[][2] = {
            {"v=pk1 e=9223372036854775807 id=0000000000000001 p=a s=" STORE, STORE},
            {"v=pk1 e=1 id=1 p=a s=" STORE " r=0", STORE},
            {"v=pk2 whatever", ""},
            {"heritage=external-dns s=x", ""},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct stamp stamp = {0};
                dns_stamp_parse(rows[i][0], &stamp);
                assert_string_equal(stamp.store, rows[i][1]);
                target_stamp_clear(&stamp);
        }
}

static void further_fields_are_left_alone(void **state)
{
        (void)state;
        static const struct {
                const char *further;
                epoch_t epoch, decided;
        } cases[] = {
            {" x=y", 42, 0},
            {" x= y=z", 42, 0},
            {" r=42", 42, 42},
            {" r=0 phase=Switching", 0, 42},
            {" phase=None r=41", 41, 42},
            {" x=y=z r=1 v=pk2", 1, 42},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[TARGET_STAMP_BYTES];
                struct stamp stamp = {0};
                (void)snprintf(text, sizeof(text), "v=pk1 e=42 id=00000000000000ab p=b s=" STORE "%s",
                               cases[i].further);
                dns_stamp_parse(text, &stamp);
                assert_int_equal(stamp.presence, STAMP_OURS);
                assert_int_equal(stamp.epoch, cases[i].epoch);
                assert_int_equal(stamp.decided, cases[i].decided);
                assert_string_equal(stamp.store, STORE);
                assert_string_equal(stamp.raw, text);
                target_stamp_clear(&stamp);
        }
}

/* Where the text is the decision record: its epoch and the value's own, which follows. */
static void fence_holds_for_records(void **state)
{
        (void)state;
        enum { KEEPS = 1, MOVES = 0 };
#define RECORD(e, r) "v=pk1 e=" #e " id=00000000000000ab p=b s=" STORE " r=" #r " phase=Switching"
        static const struct {
                const char *stored;
                bool has_value;
                const char *record;
                epoch_t epoch;
                int keeps;
                enum err wanted;
        } cases[] = {
            {NULL, true, RECORD(1, 0), 1, KEEPS, ERR_OK},
            {NULL, false, RECORD(1, 0), 1, KEEPS, ERR_CONFLICT},
            {NULL, true, RECORD(2, 1), 2, KEEPS, ERR_CONFLICT},    /* it would give the value an epoch */
            {RECORD(7, 7), true, RECORD(8, 7), 8, KEEPS, ERR_OK},  /* Intent */
            {RECORD(8, 7), false, RECORD(8, 8), 8, MOVES, ERR_OK}, /* Route */
            {RECORD(8, 8), true, RECORD(8, 8), 8, KEEPS, ERR_OK},  /* Commit */
            {RECORD(8, 8), false, RECORD(8, 8), 8, MOVES, ERR_CONFLICT},
            {RECORD(8, 8), true, RECORD(8, 7), 8, KEEPS, ERR_CONFLICT}, /* the value's epoch would fall */
            {RECORD(8, 7), false, RECORD(7, 7), 7, MOVES, ERR_CONFLICT},
            {RECORD(8, 7), true, RECORD(9, 8), 9, KEEPS, ERR_CONFLICT},
            {RECORD(8, 7), false, RECORD(8, 7), 8, MOVES, ERR_INVALID}, /* a move that keeps the old epoch */
            {"v=pk1 e=7 id=0000000000000001 p=b s=" STORE, true, RECORD(8, 7), 8, KEEPS, ERR_OK},
            {"v=pk1 e=8 id=0000000000000001 p=b s=" STORE, true, RECORD(8, 8), 8, KEEPS, ERR_CONFLICT},
            {"v=pk1 e=7 id=0000000000000001 p=b s=k8s/before", true, RECORD(8, 7), 8, KEEPS, ERR_OK},
            {"v=pk1 e=7 id=0000000000000001 p=b s=k8s/other", true, RECORD(8, 7), 8, KEEPS, ERR_INVALID},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct stamp stored = {.presence = STAMP_ABSENT};
                if (cases[i].stored)
                        dns_stamp_parse(cases[i].stored, &stored);
                const struct target_want want = {.value = "A 192.0.2.1",
                                              .epoch = cases[i].epoch,
                                              .id = 0xab,
                                              .plane = "b",
                                              .store = STORE,
                                              .former = "k8s/before",
                                              .record = cases[i].record,
                                              .keeps_value = cases[i].keeps};
                struct errmsg why = {0};
                enum err err = target_check_stamp(&stored, cases[i].has_value, &want, &why);
                if (err != cases[i].wanted)
                        fail_msg("case %zu is %s, not %s: %s", i, err_name(err), err_name(cases[i].wanted), why.text);
                if (cases[i].stored)
                        target_stamp_clear(&stored);
        }
}

static void endless_text_is_bounded(void **state)
{
        (void)state;
        char text[4 * TARGET_STAMP_BYTES];
        memset(text, 'x', sizeof(text));
        memcpy(text, "v=pk1 e=1 id=0000000000000001 p=a s=", 36);
        text[sizeof(text) - 1] = '\0';
        struct stamp stamp = {0};
        dns_stamp_parse(text, &stamp);
        assert_int_equal(stamp.presence, STAMP_UNREADABLE);
        assert_in_range(strlen(stamp.raw), 1, TARGET_STAMP_BYTES);
        target_stamp_clear(&stamp);
}

static void names_that_no_stamp_carries_are_refused(void **state)
{
        (void)state;
        char endless[2 * TARGET_STAMP_BYTES];
        memset(endless, 'x', sizeof(endless));
        endless[sizeof(endless) - 1] = '\0';
        const struct stamp absent = {.presence = STAMP_ABSENT};
        struct target_want wants[] = {sample, sample, sample, sample};
        wants[0].plane = "two words";
        wants[1].store = endless;
        wants[2].epoch = EPOCH_MAX + 1;
        wants[3].epoch = 0;
        for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
                assert_int_equal(target_check_stamp(&absent, false, &wants[i], NULL), ERR_INVALID);
        assert_int_equal(target_check_stamp(&absent, false, &sample, NULL), ERR_OK);
}

static void fence_refuses_what_is_not_newer(void **state)
{
        (void)state;
        static const struct {
                enum stamp_presence presence;
                epoch_t epoch;
                decision_id id;
                const char *store;
                bool has_value;
                enum err wanted;
        } cases[] = {
            {STAMP_ABSENT, 0, 0, "", false, ERR_OK},
            {STAMP_ABSENT, 0, 0, "", true, ERR_OK},
            {STAMP_OURS, 41, 7, STORE, false, ERR_OK},
            {STAMP_OURS, 41, 7, STORE, true, ERR_OK}, /* the epoch reaches the target even where the value is right */
            {STAMP_OURS, 42, 0xab, STORE, true, ERR_OK},
            {STAMP_OURS, 42, 0xab, STORE, false, ERR_CONFLICT},
            {STAMP_OURS, 42, 0xac, STORE, true, ERR_CONFLICT},
            {STAMP_OURS, 43, 0xab, STORE, true, ERR_CONFLICT},
            {STAMP_OURS, 1, 7, "k8s/other/default/gloo", false, ERR_INVALID},
            {STAMP_FOREIGN, 0, 0, "", true, ERR_INVALID},
            {STAMP_UNREADABLE, 0, 0, STORE, true, ERR_INVALID},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct stamp stored = {.presence = cases[i].presence,
                                             .epoch = cases[i].epoch,
                                             .id = cases[i].id,
                                             .plane = "",
                                             .store = cases[i].store,
                                             .raw = ""};
                if (target_check_stamp(&stored, cases[i].has_value, &sample, NULL) != cases[i].wanted)
                        fail_msg("case %zu is not %s", i, err_name(cases[i].wanted));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(printed_stamp_reads_back),
            cmocka_unit_test(anything_else_is_foreign_or_unreadable),
            cmocka_unit_test(the_owner_of_an_unreadable_stamp_is_known),
            cmocka_unit_test(further_fields_are_left_alone),
            cmocka_unit_test(fence_holds_for_records),
            cmocka_unit_test(endless_text_is_bounded),
            cmocka_unit_test(names_that_no_stamp_carries_are_refused),
            cmocka_unit_test(fence_refuses_what_is_not_newer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
