/* json_split_test.c -- the splitter at every border that a network can choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "kube/json_split.h"

struct seen {
        struct strbuf log; /* each object in brackets, each oversized one as !name/bytes! */
        size_t stop_after; /* 0: never */
        size_t objects;
};

static bool on_object(void *ctx, const char *text, size_t bytes)
{
        struct seen *seen = ctx;
        seen->objects++;
        (void)strbuf_append_char(&seen->log, '<');
        (void)strbuf_append(&seen->log, text, bytes);
        (void)strbuf_append_char(&seen->log, '>');
        return seen->stop_after == 0 || seen->objects < seen->stop_after;
}

static void on_oversized(void *ctx, const char *name, size_t bytes)
{
        struct seen *seen = ctx;
        (void)strbuf_printf(&seen->log, "!%s/%zu!", name, bytes);
}

static struct json_split make(enum json_split_mode mode, size_t max, struct seen *seen)
{
        *seen = (struct seen){.log = STRBUF_INIT(1 << 20)};
        return (struct json_split){
            .mode = mode, .max_object_bytes = max, .object = on_object, .oversized = on_oversized, .ctx = seen};
}

/* Feeds @text in two pieces cut at every place, then byte by byte; each time the outcome must be the same. */
static void check(enum json_split_mode mode, size_t max, const char *text, const char *want_log,
                  const char *want_skeleton)
{
        size_t count = strlen(text);
        for (size_t cut = 0; cut <= count + 1; cut++) {
                struct seen seen;
                struct json_split split = make(mode, max, &seen);
                if (cut <= count) {
                        assert_int_equal(json_split_feed(&split, text, cut, NULL), ERR_OK);
                        assert_int_equal(json_split_feed(&split, text + cut, count - cut, NULL), ERR_OK);
                } else {
                        for (size_t i = 0; i < count; i++)
                                assert_int_equal(json_split_feed(&split, text + i, 1, NULL), ERR_OK);
                }
                assert_string_equal(strbuf_text(&seen.log), want_log);
                assert_string_equal(json_split_skeleton(&split), want_skeleton);
                assert_true(json_split_is_whole(&split));
                json_split_deinit(&split);
                strbuf_deinit(&seen.log);
        }
}

static void test_stream(void **state)
{
        (void)state;
        check(JSON_SPLIT_STREAM, 1000, "{\"a\":1}\n{\"b\":[{}]}\r\n", "<{\"a\":1}><{\"b\":[{}]}>", "");
        check(JSON_SPLIT_STREAM, 1000, "{\"a\":\"}{\\\"\\\\\"}{}", "<{\"a\":\"}{\\\"\\\\\"}><{}>", "");
        check(JSON_SPLIT_STREAM, 1000, " \n ", "", "");
        check(JSON_SPLIT_STREAM, 1000, "{\"a\":\"\\u007d\\\\\\\"]\",\"b\":{\"c\":[1,[2],{\"d\":\"\xc3\xa4\"}]}}",
              "<{\"a\":\"\\u007d\\\\\\\"]\",\"b\":{\"c\":[1,[2],{\"d\":\"\xc3\xa4\"}]}}>", "");
}

static void test_list(void **state)
{
        (void)state;
        check(JSON_SPLIT_LIST, 1000,
              "{\"kind\":\"L\",\"metadata\":{\"continue\":\"x\"},\"items\":[{\"a\":1},{\"b\":{\"items\":[{}]}}]}\n",
              "<{\"a\":1}><{\"b\":{\"items\":[{}]}}>",
              "{\"kind\":\"L\",\"metadata\":{\"continue\":\"x\"},\"items\":[]}\n");
        check(JSON_SPLIT_LIST, 1000, "{\"items\": [ {} , {} ], \"z\": 2}", "<{}><{}>", "{\"items\": [], \"z\": 2}");
        check(JSON_SPLIT_LIST, 1000, "{\"items\":[],\"metadata\":{\"items\":[{\"q\":1}]}}", "",
              "{\"items\":[],\"metadata\":{\"items\":[{\"q\":1}]}}");
        check(JSON_SPLIT_LIST, 1000, "{\"items\":null}", "", "{\"items\":null}");
        check(JSON_SPLIT_LIST, 1000, "{\"kind\":\"Status\",\"code\":410}", "", "{\"kind\":\"Status\",\"code\":410}");
}

static void test_oversized(void **state)
{
        (void)state;
        check(JSON_SPLIT_STREAM, 30,
              "{\"object\":{\"metadata\":{\"name\":\"big\"},\"x\":\"0123456789012345\"}}{\"a\":1}",
              "!big/61!<{\"a\":1}>", "");
        check(JSON_SPLIT_STREAM, 30,
              "{\"object\":{\"x\":\"01234567890123456789\",\"metadata\":{\"labels\":{\"name\":\"no\"},\"name\":"
              "\"late\"}}}",
              "!late/89!", "");
        check(JSON_SPLIT_STREAM, 30, "{\"object\":[{\"metadata\":{\"name\":\"no\"}},\"0123456789\"]}", "!/52!", "");
        check(JSON_SPLIT_LIST, 20, "{\"items\":[{\"metadata\":{\"name\":\"big\"}},{\"b\":1}],\"c\":1}",
              "!big/27!<{\"b\":1}>", "{\"items\":[],\"c\":1}");
        check(JSON_SPLIT_STREAM, 7, "{\"a\":1}{\"aa\":1}{\"b\":2}", "<{\"a\":1}>!/8!<{\"b\":2}>", "");
}

static void test_large_buffers_are_not_kept(void **state)
{
        (void)state;
        static char text[200 * 1024];
        struct seen seen;
        struct json_split split = make(JSON_SPLIT_STREAM, sizeof(text), &seen);
        seen.log.max = sizeof(text) * 2;
        memset(text, 'x', sizeof(text));
        memcpy(text, "{\"a\":\"", 6);
        memcpy(text + sizeof(text) - 2, "\"}", 2);
        assert_int_equal(json_split_feed(&split, text, 100, NULL), ERR_OK);
        assert_int_equal(json_split_feed(&split, text + 100, sizeof(text) - 100, NULL), ERR_OK);
        assert_int_equal(seen.objects, 1);
        assert_true(split.stored.capacity <= 16 * 1024);
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
}

static void test_an_object_without_end_is_refused(void **state)
{
        (void)state;
        static char text[1024 * 1024];
        struct seen seen;
        struct errmsg why = {""};
        struct json_split split = make(JSON_SPLIT_STREAM, 1000, &seen);
        memset(text, 'x', sizeof(text));
        enum err err = json_split_feed(&split, "{\"a\":\"", 6, &why);
        size_t fed = 0;
        for (; err == ERR_OK && fed <= JSON_SPLIT_ENDLESS_BYTES; fed += sizeof(text))
                err = json_split_feed(&split, text, sizeof(text), &why);
        assert_int_equal(err, ERR_INVALID);
        assert_string_equal(why.text, "an object without end");
        assert_true(fed >= JSON_SPLIT_ENDLESS_BYTES);
        assert_true(split.stored.capacity <= 16 * 1024);
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
}

static void refuse(enum json_split_mode mode, const char *text)
{
        for (size_t cut = 0; cut <= strlen(text); cut++) {
                struct seen seen;
                struct errmsg why = {""};
                struct json_split split = make(mode, 1000, &seen);
                enum err err = json_split_feed(&split, text, cut, &why);
                if (err == ERR_OK)
                        err = json_split_feed(&split, text + cut, strlen(text) - cut, &why);
                assert_int_equal(err, ERR_INVALID);
                assert_string_not_equal(why.text, "");
                json_split_deinit(&split);
                strbuf_deinit(&seen.log);
        }
}

static void test_refused(void **state)
{
        (void)state;
        refuse(JSON_SPLIT_STREAM, "<html>");
        refuse(JSON_SPLIT_STREAM, "{} 3");
        refuse(JSON_SPLIT_STREAM, "<{}>");
        refuse(JSON_SPLIT_STREAM, "{}]");
        refuse(JSON_SPLIT_STREAM, "{\"a\":[}");
        refuse(JSON_SPLIT_STREAM, "{\"a\":\"\n\"}");
        refuse(JSON_SPLIT_LIST, "[]");
        refuse(JSON_SPLIT_LIST, "{}{}");
        refuse(JSON_SPLIT_LIST, "{\"items\":[1]}");
        refuse(JSON_SPLIT_LIST, "{\"items\":[[]]}");
        refuse(JSON_SPLIT_LIST, "{\"items\":[\"x\"]}");
        refuse(JSON_SPLIT_LIST, "{\"items\":[}");
}

static void test_levels(void **state)
{
        (void)state;
        char text[2 * JSON_SPLIT_LEVELS + 16] = "{\"a\":";
        enum { BRACKETS = JSON_SPLIT_LEVELS - 1 };
        memset(text + 5, '[', BRACKETS);
        memset(text + 5 + BRACKETS, ']', BRACKETS);
        text[5 + 2 * BRACKETS] = '}';
        struct seen seen;
        struct json_split split = make(JSON_SPLIT_STREAM, 1000, &seen);
        assert_int_equal(json_split_feed(&split, text, strlen(text), NULL), ERR_OK);
        assert_int_equal(seen.objects, 1);
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
        memmove(text + 6, text + 5, strlen(text + 5) + 1); /* one bracket more */
        split = make(JSON_SPLIT_STREAM, 1000, &seen);
        const size_t end = strlen(text);
        memcpy(text + end - 1, "]}{}", sizeof("]}{}")); /* and an object behind it */
        assert_int_equal(json_split_feed(&split, text, strlen(text), NULL), ERR_OK);
        assert_int_equal(seen.objects, 1);
        assert_non_null(strstr(strbuf_text(&seen.log), "<{}>"));
        assert_non_null(strchr(strbuf_text(&seen.log), '!'));
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
        memset(text, '[', BRACKETS + 2);
        memcpy(text, "{\"a\":", 5); /* around the items nothing is passed over */
        text[BRACKETS + 7] = '\0';
        split = make(JSON_SPLIT_LIST, 1000, &seen);
        assert_int_equal(json_split_feed(&split, text, strlen(text), NULL), ERR_INVALID);
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
}

static void test_cut_is_not_whole(void **state)
{
        (void)state;
        struct seen seen;
        struct json_split split = make(JSON_SPLIT_STREAM, 1000, &seen);
        assert_int_equal(json_split_feed(&split, "{\"a\":1}{\"b", 10, NULL), ERR_OK);
        assert_false(json_split_is_whole(&split));
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
        split = make(JSON_SPLIT_LIST, 1000, &seen);
        assert_false(json_split_is_whole(&split));
        assert_int_equal(json_split_feed(&split, "{\"items\":[{}]", 13, NULL), ERR_OK);
        assert_false(json_split_is_whole(&split));
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
}

static void test_object_may_stop(void **state)
{
        (void)state;
        struct seen seen;
        struct json_split split = make(JSON_SPLIT_STREAM, 1000, &seen);
        seen.stop_after = 1;
        assert_int_equal(json_split_feed(&split, "{}{}", 4, NULL), ERR_CANCELLED);
        assert_int_equal(seen.objects, 1);
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
}

static void test_skeleton_is_bounded(void **state)
{
        (void)state;
        static char blanks[70 * 1024];
        struct seen seen;
        struct json_split split = make(JSON_SPLIT_LIST, 1000, &seen);
        memset(blanks, ' ', sizeof(blanks));
        assert_int_equal(json_split_feed(&split, "{", 1, NULL), ERR_OK);
        assert_int_equal(json_split_feed(&split, blanks, sizeof(blanks), NULL), ERR_INVALID);
        json_split_deinit(&split);
        strbuf_deinit(&seen.log);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_stream),
            cmocka_unit_test(test_list),
            cmocka_unit_test(test_oversized),
            cmocka_unit_test(test_large_buffers_are_not_kept),
            cmocka_unit_test(test_an_object_without_end_is_refused),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_levels),
            cmocka_unit_test(test_cut_is_not_whole),
            cmocka_unit_test(test_object_may_stop),
            cmocka_unit_test(test_skeleton_is_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
