/* map_test.c -- keys to values, in the order of the keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/map.h"

enum { ENTRIES = 1000 };

struct entry {
        char key[16];
        unsigned visits;
};

static struct entry entries[ENTRIES];
static char last_key[16];

static void fill(struct map *map)
{
        for (unsigned i = 0; i < ENTRIES; i++) {
                entries[i] = (struct entry){0};
                (void)snprintf(entries[i].key, sizeof(entries[i].key), "key-%04u", i * 617 % ENTRIES);
                map_put(map, entries[i].key, &entries[i]);
        }
}

static void visit(void *value, void *ctx)
{
        struct entry *entry = value;
        unsigned *count = ctx;
        assert_true(strcmp(last_key, entry->key) < 0);
        memcpy(last_key, entry->key, sizeof(last_key));
        entry->visits++;
        (*count)++;
}

static void test_find_put_remove(void **state)
{
        (void)state;
        struct map map = {0};
        assert_null(map_find(&map, "a"));
        assert_null(map_remove(&map, "a"));
        fill(&map);
        assert_int_equal(map.count, ENTRIES);
        for (unsigned i = 0; i < ENTRIES; i++)
                assert_ptr_equal(map_find(&map, entries[i].key), &entries[i]);
        assert_null(map_find(&map, "key-"));
        for (unsigned i = 0; i < ENTRIES; i += 2)
                assert_ptr_equal(map_remove(&map, entries[i].key), &entries[i]);
        assert_int_equal(map.count, ENTRIES / 2);
        for (unsigned i = 0; i < ENTRIES; i++)
                assert_ptr_equal(map_find(&map, entries[i].key), i % 2 ? &entries[i] : NULL);
        while (map_take_any(&map))
                ;
}

static void test_each_goes_in_order_and_to_all(void **state)
{
        (void)state;
        struct map map = {0};
        unsigned count = 0;
        map_each(&map, visit, &count);
        assert_int_equal(count, 0);
        fill(&map);
        last_key[0] = '\0';
        map_each(&map, visit, &count);
        assert_int_equal(count, ENTRIES);
        for (unsigned i = 0; i < ENTRIES; i++)
                assert_int_equal(entries[i].visits, 1);
        while (map_take_any(&map))
                ;
}

static void test_take_any_empties(void **state)
{
        (void)state;
        struct map map = {0};
        assert_null(map_take_any(&map));
        fill(&map);
        for (struct entry *entry = map_take_any(&map); entry; entry = map_take_any(&map))
                entry->visits++;
        assert_int_equal(map.count, 0);
        for (unsigned i = 0; i < ENTRIES; i++)
                assert_int_equal(entries[i].visits, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find_put_remove),
                cmocka_unit_test(test_each_goes_in_order_and_to_all),
                cmocka_unit_test(test_take_any_empties),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
