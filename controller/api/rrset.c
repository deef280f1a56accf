/* rrset.c -- canonical rrset text. */
#include "api/rrset.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/strbuf.h"
#include "util/text.h"

struct value {
        char text[256];
};

static const char *const names[] = {"Auto", "A", "AAAA", "CNAME", "ALIAS"};

const char *rrset_type_name(enum rrset_type type)
{
        return (unsigned)type < sizeof(names) / sizeof(names[0]) ? names[type] : "invalid";
}

static enum rrset_type type_of(const char *address)
{
        int family = text_address_family(address);
        return family == 4 ? RRSET_A : family == 6 ? RRSET_AAAA : RRSET_CNAME;
}

static enum rrset_type choose(const char *const *addresses, size_t count)
{
        enum rrset_type best = RRSET_CNAME;
        for (size_t i = 0; i < count; i++)
                if (type_of(addresses[i]) < best)
                        best = type_of(addresses[i]);
        return best;
}

/* Addresses in the one spelling that inet_ntop gives, names lower-case without the final dot. */
static void canonical(const char *address, struct value *ret)
{
        unsigned char binary[sizeof(struct in6_addr)];
        int family = text_address_family(address) == 4 ? AF_INET : AF_INET6;
        if (text_address_family(address) != 0 && inet_pton(family, address, binary) == 1 &&
            inet_ntop(family, binary, ret->text, sizeof(ret->text)))
                return;
        (void)TEXT_COPY(ret->text, address);
        for (char *c = ret->text; *c; c++)
                *c = (char)tolower((unsigned char)*c);
        size_t bytes = strlen(ret->text);
        if (bytes > 0 && ret->text[bytes - 1] == '.')
                ret->text[bytes - 1] = '\0';
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct value *)a)->text, ((const struct value *)b)->text);
}

static size_t collect(enum rrset_type type, const char *const *addresses, size_t count, struct value *values)
{
        size_t found = 0;
        for (size_t i = 0; i < count; i++)
                if (type_of(addresses[i]) == type && (type != RRSET_CNAME || !text_host_name_fault(addresses[i])))
                        canonical(addresses[i], &values[found++]);
        qsort(values, found, sizeof(values[0]), compare);
        size_t unique = 0;
        for (size_t i = 0; i < found; i++)
                if (i == 0 || compare(&values[unique - 1], &values[i]) != 0)
                        values[unique++] = values[i];
        return unique;
}

enum err rrset_from_addresses(enum rrset_type type, const char *const *addresses, size_t count, char **ret_text,
                              struct errmsg *reterr)
{
        struct value values[RRSET_VALUES_MAX];
        if (count == 0)
                return err_set(reterr, ERR_INVALID, "no address is known");
        if (count > RRSET_VALUES_MAX)
                return err_set(reterr, ERR_INVALID, "%zu addresses, at most %d go into one record", count,
                               (int)RRSET_VALUES_MAX);
        enum rrset_type wanted = type == RRSET_AUTO ? choose(addresses, count) : type;
        const bool leads_on = wanted == RRSET_CNAME || wanted == RRSET_ALIAS;
        size_t found = collect(leads_on ? RRSET_CNAME : wanted, addresses, count, values);
        if (found == 0)
                return err_set(
                    reterr, ERR_INVALID,
                    "record type %s does not fit address %.100s; change dns.recordType or the plane's address",
                    rrset_type_name(wanted), addresses[0]);
        if (leads_on && found > 1)
                return err_set(reterr, ERR_INVALID, "%s %s holds one name, there are %zu: %.80s, %.80s",
                               wanted == RRSET_CNAME ? "a" : "an", rrset_type_name(wanted), found, values[0].text,
                               values[1].text);
        struct strbuf text = STRBUF_INIT(sizeof(values) + 32);
        (void)strbuf_printf(&text, "%s ", rrset_type_name(wanted));
        for (size_t i = 0; i < found; i++)
                (void)strbuf_printf(&text, "%s%s", i ? "," : "", values[i].text);
        if (wanted == RRSET_ALIAS && text_has_prefix(values[0].text, "dualstack."))
                (void)strbuf_printf(&text, " + ALIAS6 %s", values[0].text);
        *ret_text = strbuf_take(&text);
        return ERR_OK;
}
