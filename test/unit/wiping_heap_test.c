/* wiping_heap_test.c -- what libraries free holds no key any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <jansson.h>

#include "runtime/wiping_heap.h"

static void a_block_is_wiped_to_its_last_byte(void **state)
{
        (void)state;
        static const char key[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        char *block = malloc(sizeof(key));
        assert_non_null(block);
        memcpy(block, key, sizeof(key));
        wiping_heap_wipe(block);
        for (size_t i = 0; i < sizeof(key); i++)
                assert_int_equal(block[i], 0);
        wiping_heap_free(block);
        wiping_heap_free(NULL);
        wiping_heap_wipe(NULL);
}

static void a_block_keeps_its_contents_when_it_moves(void **state)
{
        (void)state;
        char *block = wiping_heap_realloc(NULL, 4);
        memcpy(block, "abc", 4);
        block = wiping_heap_realloc(block, 100000);
        assert_string_equal(block, "abc");
        block = wiping_heap_realloc(block, 2);
        assert_memory_equal(block, "ab", 2);
        wiping_heap_free(wiping_heap_realloc(block, 0));
}

/* Both libraries hand their blocks over to whoever frees them with free(). */
static void both_libraries_work_with_it(void **state)
{
        (void)state;
        wiping_heap_install();
        json_t *json = json_loads("{\"a\": [1, \"two\"]}", 0, NULL);
        assert_non_null(json);
        char *text = json_dumps(json, JSON_COMPACT);
        assert_string_equal(text, "{\"a\":[1,\"two\"]}");
        free(text);
        json_decref(json);
        CURL *easy = curl_easy_init();
        assert_non_null(easy);
        assert_int_equal(curl_easy_setopt(easy, CURLOPT_PASSWORD, "secret"), CURLE_OK);
        char *escaped = curl_easy_escape(easy, "a b", 0);
        assert_string_equal(escaped, "a%20b");
        curl_free(escaped);
        curl_easy_cleanup(easy);
        curl_global_cleanup();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(both_libraries_work_with_it),
            cmocka_unit_test(a_block_is_wiped_to_its_last_byte),
            cmocka_unit_test(a_block_keeps_its_contents_when_it_moves),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
