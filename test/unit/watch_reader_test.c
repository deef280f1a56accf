/* watch_reader_test.c -- what others stored does not stop what is told of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kube/watch_line.h"
#include "kube/watch_reader.h"
#include "runtime/metrics.h"

#define OBJECT(name)        "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"5\"}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define HUNDRED "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
#define ODD     "{\"metadata\":{\"name\":\"odd\",\"note\":\"\xff\"}}"
#define CUT     "{\"metadata\":{\"name\":\"cut\"},\"x\":nul}"
#define LONG    OBJECT(HUNDRED HUNDRED HUNDRED)

static char said[2048];

static void on_object(void *ctx, enum watch_change change, const json_t *object)
{
        (void)ctx;
        (void)change;
        size_t used = strlen(said);
        (void)snprintf(said + used, sizeof(said) - used, "+%s ", object_name(object));
}

static void on_passed_over(void *ctx, const char *name, size_t bytes, const char *why, bool is_told)
{
        (void)ctx;
        (void)bytes;
        size_t used = strlen(said);
        (void)snprintf(said + used, sizeof(said) - used, "%s%.5s %s! ", is_told ? "told " : "", name, why);
}

static const struct kube_resource planes = {"planekeeper.io", "v1alpha1", "managementplanes", "ManagementPlane"};
static const struct watch_config config = {.resource = &planes, .object = on_object, .passed_over = on_passed_over};

static bool read_all(struct watch_reader *reader, enum json_split_mode mode, const char *text)
{
        said[0] = '\0';
        reader_open(reader, &config);
        reader_begin(reader, mode);
        return reader_feed(reader, text, strlen(text));
}

static void one_item_that_cannot_be_used_is_passed_over(void **state)
{
        (void)state;
        struct watch_reader reader;
        assert_true(read_all(&reader, JSON_SPLIT_LIST,
                             "{\"items\":[" OBJECT("a") "," ODD "," LONG "," CUT ",{\"metadata\":{}}," OBJECT("b") "],"
                             "\"metadata\":{\"resourceVersion\":\"7\"}}"));
        assert_string_equal(said, "+a odd is not JSON in UTF-8! 12345 has no name that an object may have! "
                                  "cut is not JSON in UTF-8!  has no name that an object may have! +b ");
        assert_int_equal(reader_end_page(&reader, NULL), ERR_OK);
        reader_deinit(&reader);
}

static void one_event_that_cannot_be_used_is_passed_over(void **state)
{
        (void)state;
        struct watch_reader reader;
        assert_true(read_all(&reader, JSON_SPLIT_STREAM,
                             EVENT("ADDED", OBJECT("a")) EVENT("MODIFIED", ODD) EVENT("ADDED", LONG)
                                 EVENT("DELETED", CUT) EVENT("ADDED", OBJECT("b"))));
        assert_string_equal(said, "+a told odd is not JSON in UTF-8! told 12345 has no name that an object may have! "
                                  "told cut is not JSON in UTF-8! +b ");
        reader_deinit(&reader);
}

static void what_is_no_object_ends_the_answer(void **state)
{
        (void)state;
        static const char *const texts[] = {"{\"type\":\"ADDED\",}\n", "<html>\n", "[]\n"};
        struct watch_reader reader;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                assert_false(read_all(&reader, JSON_SPLIT_STREAM, texts[i]));
                assert_int_equal(reader.verdict, ERR_INVALID);
                assert_string_equal(said, "");
                reader_deinit(&reader);
        }
}

static void each_is_counted(void **state)
{
        (void)state;
        struct strbuf page = STRBUF_INIT(1 << 20);
        metrics_print(&page);
        assert_non_null(strstr(page.text, "{resource=\"managementplanes\",reason=\"unreadable\"} 4\n"));
        assert_non_null(strstr(page.text, "{resource=\"managementplanes\",reason=\"nameless\"} 3\n"));
        strbuf_deinit(&page);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(one_item_that_cannot_be_used_is_passed_over),
            cmocka_unit_test(one_event_that_cannot_be_used_is_passed_over),
            cmocka_unit_test(what_is_no_object_ends_the_answer),
            cmocka_unit_test(each_is_counted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
