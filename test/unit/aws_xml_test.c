/* aws_xml_test.c -- XML of a service as a bounded tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/aws/xml.h"
#include "util/strbuf.h"

static struct xml parse(const char *text)
{
        struct xml xml = {0};
        struct errmsg why = {0};
        if (xml_parse(text, strlen(text), &xml, &why) != ERR_OK)
                fail_msg("%s", why.text);
        return xml;
}

static void assert_refused(const char *bytes, size_t count, const char *part)
{
        struct xml xml = {0};
        struct errmsg why = {0};
        assert_int_equal(xml_parse(bytes, count, &xml, &why), ERR_INVALID);
        assert_null(xml.root);
        if (!strstr(why.text, part))
                fail_msg("\"%s\" says nothing of \"%s\"", why.text, part);
}

static void elements_are_found_by_path(void **state)
{
        (void)state;
        struct xml xml = parse(
            "<?xml version=\"1.0\"?>\n<List xmlns=\"https://x/\">\n <Sets>\n  "
            "<Set><Name>a&#46;test.</Name><TTL>30</TTL></Set>\n"
            "  <Other/>\n  <Set><Name>b\\052 &lt;&amp;&gt;</Name></Set></Sets>\n <More>false</More><Empty/></List>");
        assert_string_equal(xml.root->name, "List");
        assert_null(xml.root->text);
        const struct xml_node *set = xml_find(xml.root, "Sets/Set");
        assert_string_equal(xml_text(set, "Name"), "a.test.");
        assert_string_equal(xml_text(set, "TTL"), "30");
        assert_null(xml_text(set, "TT"));
        assert_null(xml_text(set, "TTL/x"));
        set = xml_next(set);
        assert_string_equal(xml_text(set, "Name"), "b\\052 <&>");
        assert_null(xml_next(set));
        assert_string_equal(xml_text(xml.root, "More"), "false");
        assert_string_equal(xml_text(xml.root, "Empty"), "");
        assert_null(xml_text(xml.root, "Sets"));
        assert_null(xml_find(NULL, "Sets"));
        assert_ptr_equal(xml_find(xml.root, ""), xml.root);
        xml_clear(&xml);
        xml_clear(&xml);
}

static void text_in_pieces_is_one_text(void **state)
{
        (void)state;
        struct xml xml = parse("<a><b>one<![CDATA[ <two> ]]>&quot;<!-- no -->three</b>lost<c/>lost</a>");
        assert_string_equal(xml_text(xml.root, "b"), "one <two> \"three");
        assert_null(xml.root->text);
        xml_clear(&xml);
}

static void entities_are_refused(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"http://127.0.0.1:1/\">]><a>&x;</a>",
            "<!DOCTYPE a><a/>",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_refused(texts[i], strlen(texts[i]), "document type");
        static const char undefined[] = "<a>\n&b;</a>";
        assert_refused(undefined, strlen(undefined), "undefined entity");
}

static void what_is_no_document_is_refused(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "", " ", "{}", "<a>", "<a></b>", "<a/><b/>", "<html><br></html>", "<a>\xff</a>", "<a b=c/>"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_refused(texts[i], strlen(texts[i]), "cannot be used: ");
        assert_refused("<a>\0</a>", 8, "cannot be used: ");
}

static void repeat(struct strbuf *buf, const char *text, size_t count)
{
        for (size_t i = 0; i < count; i++)
                assert_true(strbuf_append_text(buf, text));
}

/* @count times @open, @middle, @count times @close. */
static void assert_bound(const char *open, size_t count, const char *middle, const char *close, const char *part)
{
        struct strbuf text = STRBUF_INIT(2 * XML_MAX_BYTES);
        repeat(&text, open, count);
        repeat(&text, middle, 1);
        repeat(&text, close, count);
        struct xml xml = {0};
        struct errmsg why = {0};
        enum err err = xml_parse(text.text, text.bytes, &xml, &why);
        assert_int_equal(err, part ? ERR_INVALID : ERR_OK);
        if (part && !strstr(why.text, part))
                fail_msg("\"%s\" says nothing of \"%s\"", why.text, part);
        xml_clear(&xml);
        strbuf_deinit(&text);
}

static void bounds_are_exact(void **state)
{
        (void)state;
        assert_bound("<a>", 24, "", "</a>", NULL);
        assert_bound("<a>", 25, "", "</a>", "nested too deeply");
        struct strbuf many = STRBUF_INIT(XML_MAX_BYTES);
        repeat(&many, "<b/>", 49999);
        assert_bound("<a>", 1, many.text, "</a>", NULL);
        repeat(&many, "<b/>", 1);
        assert_bound("<a>", 1, many.text, "</a>", "too many elements");
        strbuf_clear(&many);
        repeat(&many, "x", 64 * 1024);
        assert_bound("<a>", 1, many.text, "</a>", NULL);
        repeat(&many, "x", 1);
        assert_bound("<a>", 1, many.text, "</a>", "too long");
        strbuf_clear(&many);
        repeat(&many, "x", 129);
        struct strbuf name = STRBUF_INIT(1024);
        assert_true(strbuf_printf(&name, "<%s/>", many.text));
        assert_bound("", 0, name.text, "", "too long a name");
        strbuf_deinit(&name);
        strbuf_deinit(&many);
        struct strbuf large = STRBUF_INIT(2 * XML_MAX_BYTES);
        repeat(&large, " ", XML_MAX_BYTES - 4);
        repeat(&large, "<a/>", 1);
        assert_bound("", 0, large.text, "", NULL);
        repeat(&large, " ", 1);
        assert_bound("", 0, large.text, "", "more than 1048576 bytes");
        strbuf_deinit(&large);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(elements_are_found_by_path), cmocka_unit_test(text_in_pieces_is_one_text),
            cmocka_unit_test(entities_are_refused),       cmocka_unit_test(what_is_no_document_is_refused),
            cmocka_unit_test(bounds_are_exact),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
