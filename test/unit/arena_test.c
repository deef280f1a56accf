/* arena_test.c -- memory that is zeroed, aligned, apart, and gone at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "util/arena.h"

static void test_blocks_are_zeroed_aligned_and_apart(void **state)
{
        (void)state;
        struct arena arena = {0};
        unsigned char *blocks[300];
        for (size_t i = 0; i < 300; i++) {
                size_t bytes = i * 37 % 5000;
                blocks[i] = arena_alloc(&arena, bytes);
                assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
                for (size_t j = 0; j < bytes; j++)
                        assert_int_equal(blocks[i][j], 0);
                memset(blocks[i], (int)i, bytes);
        }
        for (size_t i = 0; i < 300; i++)
                for (size_t j = 0; j < i * 37 % 5000; j++)
                        assert_int_equal(blocks[i][j], (unsigned char)i);
        arena_deinit(&arena);
}

static void test_texts(void **state)
{
        (void)state;
        struct arena arena = {0};
        char source[] = "gloo";
        const char *copy = arena_strdup(&arena, source);
        source[0] = 'x';
        assert_string_equal(copy, "gloo");
        assert_string_equal(arena_strdup(&arena, ""), "");
        assert_string_equal(arena_printf(&arena, "%s/%d", "a", 7), "a/7");
        assert_int_equal(strlen(arena_printf(&arena, "%9000s", "wide")), 9000);
        arena_deinit(&arena);
}

static void test_deinit_leaves_an_empty_arena(void **state)
{
        (void)state;
        struct arena arena = {0};
        arena_deinit(&arena);
        (void)arena_alloc(&arena, 1 << 20);
        arena_deinit(&arena);
        assert_null(arena.chunk);
        assert_string_equal(arena_strdup(&arena, "again"), "again");
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_blocks_are_zeroed_aligned_and_apart),
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_deinit_leaves_an_empty_arena),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
