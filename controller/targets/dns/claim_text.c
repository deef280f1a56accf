/* claim_text.c -- the owner in a claim, and how the name is handed over. */
#include "targets/dns/claim_text.h"

#include <ctype.h>
#include <string.h>

#include "util/strbuf.h"
#include "util/text.h"

const char *const claim_prefixes[CLAIM_PLACES] = {"", "a-", "aaaa-", "cname-"};

enum { CLAIM_BYTES = 2048, WORD_BYTES = 128 };

bool claim_is_heritage(const char *text)
{
        return text_has_prefix(text, "heritage=") || text_has_prefix(text, "\"heritage=");
}

/* The value of one of the fields "key=value,key=value"; "" where it is missing. */
static void field_of(const char *claim, const char *key, char ret[static WORD_BYTES])
{
        size_t key_bytes = strlen(key), at = 0;
        ret[0] = '\0';
        for (const char *field = claim; field; field = strchr(field, ',') ? strchr(field, ',') + 1 : NULL) {
                if (strncmp(field, key, key_bytes) != 0 || field[key_bytes] != '=')
                        continue;
                for (const char *c = field + key_bytes + 1; *c && *c != ',' && *c != '"' && at + 1 < WORD_BYTES; c++)
                        ret[at++] = *c;
                ret[at] = '\0';
                return;
        }
}

/* "kind/namespace/name", of which a command may be made. */
static bool split_resource(char *resource, const char **ret_kind, const char **ret_namespace, const char **ret_name)
{
        for (const char *c = resource; *c; c++)
                if (!isalnum((unsigned char)*c) && !strchr("-./", *c))
                        return false;
        char *first = strchr(resource, '/'), *second = first ? strchr(first + 1, '/') : NULL;
        if (!second || strchr(second + 1, '/') || resource[0] == '-')
                return false;
        *first = *second = '\0';
        *ret_kind = resource;
        *ret_namespace = first + 1;
        *ret_name = second + 1;
        return **ret_namespace && **ret_name && **ret_namespace != '-' && **ret_name != '-';
}

static void tell_source(const char *claim, struct strbuf *text)
{
        char resource[WORD_BYTES];
        const char *kind, *namespace_name, *name;
        field_of(claim, "external-dns/resource", resource);
        if (!split_resource(resource, &kind, &namespace_name, &name))
                (void)strbuf_printf(text, ", then take the name out of its source");
        else if (strcmp(kind, "service") == 0)
                (void)strbuf_printf(
                    text, " && kubectl annotate -n %s service/%s external-dns.alpha.kubernetes.io/hostname-",
                    namespace_name, name);
        else
                (void)strbuf_printf(text, " && kubectl edit -n %s %s/%s # take the name out", namespace_name, kind,
                                    name);
}

char *claim_tell(const char *claim, const char *place, const char *needs, const char *command)
{
        char tool[WORD_BYTES], owner[WORD_BYTES], resource[WORD_BYTES];
        field_of(claim, "heritage", tool);
        field_of(claim, "external-dns/owner", owner);
        field_of(claim, "external-dns/resource", resource);
        bool is_external_dns = strcmp(tool, "external-dns") == 0;
        struct strbuf text = STRBUF_INIT(CLAIM_BYTES);
        (void)strbuf_printf(&text, "is managed by %.40s: TXT %.120s says owner \"%.60s\"%s%.100s. ", tool, place, owner,
                            resource[0] ? ", for " : "", resource);
        (void)strbuf_printf(&text, "To hand it over%s (%s): %s",
                            is_external_dns ? ", in this order, else it deletes the address, too" : "", needs, command);
        if (is_external_dns)
                tell_source(claim, &text);
        return strbuf_take(&text);
}
