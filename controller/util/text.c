/* text.c -- small bounded text helpers. */
#include "util/text.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "util/mem.h"

enum { BASE64_MAX_BYTES = 1 << 22 };

bool text_copy(char *to, size_t size, const char *from)
{
        size_t length = strlen(from);
        bool fits = length < size;
        if (!fits) {
                length = size - 1;
                while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80)
                        length--;
        }
        memcpy(to, from, length);
        to[length] = '\0';
        return fits;
}

bool text_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

uint64_t text_hash(const char *text)
{
        uint64_t hash = 14695981039346656037U;
        for (; *text; text++)
                hash = (hash ^ (unsigned char)*text) * 1099511628211U;
        return hash;
}

bool text_has_prefix(const char *text, const char *prefix)
{
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* How many bytes a character takes that begins with @lead, 0 where none does. */
static size_t utf8_length(unsigned char lead)
{
        if (lead < 0x80)
                return 1;
        if (lead >= 0xC2 && lead <= 0xDF)
                return 2;
        if (lead >= 0xE0 && lead <= 0xEF)
                return 3;
        return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/* Unicode table 3-7: the bounds of the second byte keep out overlong forms, surrogates and what is beyond U+10FFFF. */
size_t text_utf8_step(const char *bytes, size_t count)
{
        const unsigned char *s = (const unsigned char *)bytes;
        size_t length = utf8_length(s[0]);
        if (length <= 1 || length > count)
                return length <= count ? length : 0;
        unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
        unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
        if (s[1] < low || s[1] > high)
                return 0;
        for (size_t i = 2; i < length; i++)
                if ((s[i] & 0xC0) != 0x80)
                        return 0;
        return length;
}

bool text_is_utf8(const char *bytes, size_t count)
{
        for (size_t at = 0; at < count;) {
                size_t step = text_utf8_step(bytes + at, count - at);
                if (step == 0)
                        return false;
                at += step;
        }
        return true;
}

static bool is_label_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool text_is_dns_name(const char *name)
{
        size_t length = strlen(name);
        if (length > 0 && name[length - 1] == '.')
                length--;
        if (length == 0 || length > 253)
                return false;
        size_t label = 0;
        for (size_t i = 0; i < length; i++) {
                if (name[i] == '.') {
                        if (label == 0)
                                return false;
                        label = 0;
                } else if (!is_label_char(name[i]) || ++label > 63) {
                        return false;
                }
        }
        return label > 0;
}

/* Whether every label begins and ends with a letter, a digit or "_". @name is a DNS name. */
static bool has_good_hyphens(const char *name)
{
        for (const char *at = name; *at; at++) {
                bool is_edge = at == name || at[-1] == '.' || at[1] == '.' || at[1] == '\0';
                if (*at == '-' && is_edge)
                        return false;
        }
        return true;
}

/* The URL standard's "ends in a number": the last label is decimal (octal included), or hexadecimal behind 0x. */
static bool ends_in_number(const char *name)
{
        size_t end = strlen(name);
        if (end > 0 && name[end - 1] == '.')
                end--;
        size_t begin = end;
        while (begin > 0 && name[begin - 1] != '.')
                begin--;
        const char *label = name + begin;
        size_t bytes = end - begin;
        if (bytes >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
                return strspn(label + 2, "0123456789abcdefABCDEF") >= bytes - 2;
        return strspn(label, "0123456789") >= bytes;
}

const char *text_host_name_fault(const char *text)
{
        if (!text_is_dns_name(text) || !has_good_hyphens(text))
                return "is neither an IP address nor a host name";
        if (ends_in_number(text))
                return "ends in a number: resolvers read it as an address, DNS does not; write four numbers from 0 to "
                       "255, or a "
                       "host name";
        return NULL;
}

const char *text_address_fault(const char *text)
{
        int family = text_address_family(text);
        if (family == 6 && strchr(text, '.'))
                return "is an IPv4 address written as IPv6; write the IPv4 address itself";
        return family != 0 ? NULL : text_host_name_fault(text);
}

static bool has_suffix(const char *text, size_t bytes, const char *suffix)
{
        size_t suffix_bytes = strlen(suffix);
        return bytes > suffix_bytes && strncasecmp(text + bytes - suffix_bytes, suffix, suffix_bytes) == 0;
}

static bool is_known_to_some_alone(const char *name)
{
        static const char *const suffixes[] = {".svc", ".cluster.local", ".clusterset.local", ".localhost"};
        size_t bytes = strlen(name);
        if (name[bytes - 1] == '.')
                bytes--;
        bool is_known = !memchr(name, '.', bytes);
        for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
                is_known |= has_suffix(name, bytes, suffixes[i]);
        return is_known;
}

const char *text_published_fault(const char *text)
{
        const char *fault = text_address_fault(text);
        if (!fault && text_address_family(text) == 0 && is_known_to_some_alone(text))
                return "is known inside one cluster or machine alone: agents elsewhere find nothing there; write an IP "
                       "address, or a name that DNS has everywhere";
        return fault;
}

/* RFC 3339 has no form for times outside 1970 to 9999; they are shown as the nearer end. */
static unix_ms presentable_time(unix_ms time)
{
        static const unix_ms last = 253402300799999;
        if (time < 0)
                return 0;
        return time < last ? time : last;
}

static void format_time(unix_ms time, char *ret_text, size_t size, bool micro)
{
        time = presentable_time(time);
        time_t seconds = (time_t)(time / 1000);
        struct tm parts = {0};
        char stem[sizeof("2026-11-23T02:59:11")];
        INVARIANT(gmtime_r(&seconds, &parts) && strftime(stem, sizeof(stem), "%Y-%m-%dT%H:%M:%S", &parts) > 0);
        if (micro)
                (void)snprintf(ret_text, size, "%s.%03d000Z", stem, (int)(time % 1000));
        else
                (void)snprintf(ret_text, size, "%sZ", stem);
}

void text_from_time(unix_ms time, char ret_text[static TEXT_TIME_BYTES + 4])
{
        format_time(time, ret_text, TEXT_TIME_BYTES + 4, false);
}

void text_from_time_micro(unix_ms time, char ret_text[static TEXT_TIME_BYTES + 4])
{
        format_time(time, ret_text, TEXT_TIME_BYTES + 4, true);
}

/* Whether @text begins as @form does, where 0 stands for any digit. */
static bool has_form(const char *text, const char *form)
{
        for (; *form; text++, form++)
                if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
                        return false;
        return true;
}

/* ".123456" at *@at, moved past it, in milliseconds; what is finer is cut off. */
static int64_t take_fraction(const char **at)
{
        int64_t millis = 0;
        int64_t scale = 100;
        for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
                millis += (**at - '0') * scale;
        return millis;
}

/* "Z" or "+01:30" to the end of the text. */
static bool read_offset(const char *text, int64_t *ret_s)
{
        *ret_s = 0;
        if (strcmp(text, "Z") == 0)
                return true;
        if ((!has_form(text, "+00:00") && !has_form(text, "-00:00")) || text[6] != '\0')
                return false;
        int64_t hours = (text[1] - '0') * 10 + (text[2] - '0');
        int64_t minutes = (text[4] - '0') * 10 + (text[5] - '0');
        *ret_s = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
        return hours < 24 && minutes < 60;
}

enum err text_to_time(const char *text, unix_ms *ret_time)
{
        struct tm parts = {0};
        int64_t millis = 0;
        int64_t offset_s = 0;
        if (!has_form(text, "0000-00-00T00:00:00")) /* strptime() alone takes spaces, signs and short numbers as well */
                return ERR_INVALID;
        const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
        if (!rest || parts.tm_sec > 59) /* Kubernetes and people write no leap seconds */
                return ERR_INVALID;
        if (has_form(rest, ".0"))
                millis = take_fraction(&rest);
        if (!read_offset(rest, &offset_s))
                return ERR_INVALID;
        const int day = parts.tm_mday;
        int64_t seconds = timegm(&parts);
        if (parts.tm_mday != day) /* 30 February became 2 March */
                return ERR_INVALID;
        *ret_time = (seconds - offset_s) * 1000 + millis;
        return ERR_OK;
}

/* How many '=' end the text; -1: it is no base64. EVP_DecodeBlock() alone skips white space and takes '=' anywhere. */
static int base64_padding(const char *base64, size_t count)
{
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        int padding = 0;
        while (padding < 2 && count > 0 && base64[count - 1] == '=') {
                padding++;
                count--;
        }
        for (size_t i = 0; i < count; i++)
                if (!memchr(alphabet, base64[i], sizeof(alphabet) - 1))
                        return -1;
        return padding;
}

enum err text_from_base64(const char *base64, size_t count, struct secret *ret_bytes, struct errmsg *reterr)
{
        if (count % 4 != 0 || count > BASE64_MAX_BYTES)
                return err_set(reterr, ERR_INVALID, "base64 of %zu characters: not a multiple of 4 below 4 MiB", count);
        int padding = base64_padding(base64, count);
        if (padding < 0)
                return err_set(reterr, ERR_INVALID, "not base64");
        size_t room = count / 4 * 3 + 1;
        unsigned char *bytes = mem_calloc(room, 1);
        int decoded = count ? EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)count) : 0;
        if (decoded >= padding)
                secret_set(ret_bytes, bytes, (size_t)(decoded - padding));
        secret_wipe(bytes, room);
        free(bytes);
        return decoded >= padding ? ERR_OK : err_set(reterr, ERR_INVALID, "not base64");
}

int text_address_family(const char *address)
{
        struct in6_addr any;
        if (inet_pton(AF_INET, address, &any) == 1)
                return 4;
        return inet_pton(AF_INET6, address, &any) == 1 ? 6 : 0;
}

/* One "<number><unit>" at *@at, moved past it; -1 where there is none. Nine digits of hours still fit 64 bits of
 * milliseconds. */
static int64_t duration_part(const char **at)
{
        static const struct {
                const char *unit;
                int64_t ms;
        } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
        int64_t number = 0;
        size_t digits = strspn(*at, "0123456789");
        if (digits == 0 || digits > 9)
                return -1;
        for (size_t i = 0; i < digits; i++)
                number = number * 10 + ((*at)[i] - '0');
        *at += digits;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                if (!text_has_prefix(*at, units[i].unit))
                        continue;
                *at += strlen(units[i].unit);
                return number * units[i].ms;
        }
        return -1;
}

mono_ms text_to_duration(const char *text)
{
        int64_t total = 0;
        size_t parts = 0;
        do {
                int64_t part = duration_part(&text);
                if (part < 0 || ++parts > 8)
                        return -1;
                total += part;
        } while (*text != '\0');
        return total;
}

void text_from_duration(mono_ms duration_ms, char ret_text[static TEXT_DURATION_BYTES])
{
        static const struct {
                const char *unit;
                mono_ms ms;
        } units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
        const mono_ms longest = 999999 * (mono_ms)3600000;
        mono_ms left = duration_ms < 0 ? 0 : duration_ms > longest ? longest : duration_ms;
        size_t at = 0;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                mono_ms part = left / units[i].ms;
                left -= part * units[i].ms;
                if (part)
                        at += (size_t)snprintf(ret_text + at, TEXT_DURATION_BYTES - at, "%lld%s", (long long)part,
                                               units[i].unit);
        }
        if (!at)
                memcpy(ret_text, "0s", sizeof("0s"));
}
