/* route53_set.c -- the texts of Route 53's resource record sets. */
#include "targets/dns/route53_set.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/text.h"

enum { STRING_MAX_BYTES = 255 };

static bool is_octal(const char *text)
{
        return text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' && text[2] >= '0' && text[2] <= '7';
}

/* Takes one character off the front of *at, which is not at its end. */
static char take_character(const char **at)
{
        const char *text = *at;
        if (text[0] == '\\' && is_octal(text + 1)) {
                *at += 4;
                return (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
        }
        if (text[0] == '\\' && text[1])
                text = ++*at;
        ++*at;
        return text[0];
}

static size_t bytes_of_name(const char *name)
{
        size_t bytes = strlen(name);
        return bytes > 0 && name[bytes - 1] == '.' ? bytes - 1 : bytes;
}

bool route53_name_plain(const char *written, char *ret_name, size_t size)
{
        size_t bytes = 0;
        while (*written && bytes < size - 1)
                ret_name[bytes++] = (char)tolower((unsigned char)take_character(&written));
        ret_name[bytes] = '\0';
        ret_name[bytes_of_name(ret_name)] = '\0';
        return !*written;
}

bool route53_name_is(const char *written, const char *name)
{
        char plain[ROUTE53_NAME_BYTES];
        size_t bytes = 0;
        while (*written && bytes < sizeof(plain) - 1)
                plain[bytes++] = take_character(&written);
        plain[bytes] = '\0';
        bytes = bytes_of_name(plain);
        return !*written && bytes == bytes_of_name(name) && strncasecmp(plain, name, bytes) == 0;
}

bool route53_name_is_in(const char *name, const char *zone)
{
        size_t name_bytes = bytes_of_name(name), zone_bytes = bytes_of_name(zone);
        if (zone_bytes == 0 || zone_bytes > name_bytes ||
            strncasecmp(name + name_bytes - zone_bytes, zone, zone_bytes) != 0)
                return false;
        return zone_bytes == name_bytes || name[name_bytes - zone_bytes - 1] == '.';
}

/* Takes one quoted string off the front of *at; false where none begins there, or it does not end. */
static bool take_string(const char **at, struct strbuf *text)
{
        if (**at != '"')
                return false;
        ++*at;
        while (**at && **at != '"')
                if (!strbuf_append_char(text, take_character(at)))
                        return false;
        if (!**at)
                return false;
        ++*at;
        return true;
}

bool route53_txt_read(const char *value, char *ret_text, size_t size)
{
        struct strbuf text = STRBUF_INIT(size - 1);
        const char *at = value;
        bool is_whole = true;
        do {
                is_whole = take_string(&at, &text);
                while (is_whole && *at == ' ')
                        at++;
        } while (is_whole && *at);
        is_whole &= strlen(strbuf_text(&text)) == text.bytes; /* a zero byte would hide what follows it */
        if (is_whole)
                (void)text_copy(ret_text, size, strbuf_text(&text));
        strbuf_deinit(&text);
        return is_whole;
}

void route53_txt_print(const char *text, struct strbuf *out)
{
        size_t in_string = 0;
        (void)strbuf_append_char(out, '"');
        for (const unsigned char *c = (const unsigned char *)text; *c; c++, in_string++) {
                if (in_string == STRING_MAX_BYTES) {
                        (void)strbuf_append_text(out, "\" \"");
                        in_string = 0;
                }
                if (*c == '"' || *c == '\\')
                        (void)strbuf_printf(out, "\\%c", *c);
                else if (isprint(*c))
                        (void)strbuf_append_char(out, (char)*c);
                else
                        (void)strbuf_printf(out, "\\%03o", *c);
        }
        (void)strbuf_append_char(out, '"');
}

void route53_xml_escape(const char *text, struct strbuf *out)
{
        for (const char *c = text; *c; c++) {
                if (*c == '&')
                        (void)strbuf_append_text(out, "&amp;");
                else if (*c == '<')
                        (void)strbuf_append_text(out, "&lt;");
                else if (*c == '>')
                        (void)strbuf_append_text(out, "&gt;");
                else if (*c == '\r' || *c == '\n' || *c == '\t') /* else a parser would make spaces of them */
                        (void)strbuf_printf(out, "&#%d;", *c);
                else
                        (void)strbuf_append_char(out, *c);
        }
}

static void print_element(const char *element, const char *text, struct strbuf *out)
{
        (void)strbuf_printf(out, "<%s>", element);
        route53_xml_escape(text, out);
        (void)strbuf_printf(out, "</%s>", element);
}

static void print_alias(const struct route53_set *set, struct strbuf *out)
{
        (void)strbuf_append_text(out, "<AliasTarget>");
        print_element("HostedZoneId", set->alias_zone, out);
        print_element("DNSName", set->alias_name, out);
        print_element("EvaluateTargetHealth", set->alias_evaluates ? "true" : "false", out);
        (void)strbuf_append_text(out, "</AliasTarget>");
}

static void print_values(const struct route53_set *set, struct strbuf *out)
{
        (void)strbuf_printf(out, "<TTL>%u</TTL><ResourceRecords>", set->ttl_s);
        for (size_t i = 0; i < set->value_count; i++) {
                (void)strbuf_append_text(out, "<ResourceRecord>");
                print_element("Value", set->values[i], out);
                (void)strbuf_append_text(out, "</ResourceRecord>");
        }
        (void)strbuf_append_text(out, "</ResourceRecords>");
}

void route53_set_print(const struct route53_set *set, struct strbuf *out)
{
        (void)strbuf_append_text(out, "<ResourceRecordSet>");
        print_element("Name", set->name, out);
        print_element("Type", set->type, out);
        if (set->alias_zone[0])
                print_alias(set, out);
        else
                print_values(set, out);
        if (set->health_check[0])
                print_element("HealthCheckId", set->health_check, out);
        (void)strbuf_append_text(out, "</ResourceRecordSet>");
}
