/* claim.c -- what other tools write beside a name to say that its records are theirs. */
#include "target/dns/claim.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "target/dns/state.h"
#include "target/dns/verdict.h"
#include "target/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

/* Before the first label; "" is the older format. */
static const char *const prefixes[] = {"", "a-", "aaaa-", "cname-"};
enum { PLACES = sizeof(prefixes) / sizeof(prefixes[0]), CLAIM_BYTES = 1024, WORD_BYTES = 128 };

struct place {
        ldns_rdf *owner; /* NULL: such a name would be too long, so nobody has it */
        char *name;
        char *claim; /* NULL: none */
};

/* ---- asking ---- */

static bool is_heritage(const char *text)
{
        return text_has_prefix(text, "heritage=") || text_has_prefix(text, "\"heritage=");
}

/* The first ownership text among TXT records, which may stand beside others. */
static char *heritage_in(const struct message *message)
{
        const ldns_rr_list *answers = ldns_pkt_answer(message->answer);
        for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
                const ldns_rr *record = ldns_rr_list_rr(answers, i);
                CLEANUP(cleanup_free) char *text = state_record_text(record, message->owner);
                if (text && is_heritage(text))
                        return mem_strdup(text + (text[0] == '"'));
        }
        return NULL;
}

static enum err ask_places(const struct asking *asking, struct place places[static PLACES], struct errmsg *reterr)
{
        struct message messages[PLACES];
        size_t count = 0;
        for (size_t i = 0; i < PLACES; i++)
                if (places[i].owner)
                        message_ask(places[i].owner, LDNS_RR_TYPE_TXT, asking->key, &messages[count++]);
        enum err err = channel_ask(asking->channel, messages, count, asking->deadline, reterr);
        for (size_t i = 0, at = 0; i < PLACES; i++) {
                if (!places[i].owner)
                        continue;
                struct errmsg ignored;
                if (err == ERR_OK && verdict_on_answer(&messages[at], &asking->channel->server, &ignored) == ERR_OK)
                        places[i].claim = heritage_in(&messages[at]);
                message_clear(&messages[at++]);
        }
        return err;
}

/* external-dns can own a wildcard, whose text then answers for every sibling that does not exist. */
static enum err drop_wildcard(const struct asking *asking, const ldns_rdf *name, struct place places[static PLACES],
                              struct errmsg *reterr)
{
        ldns_rdf *star = ldns_dname_new_frm_str("*."), *parent = ldns_dname_left_chop(name);
        struct place wildcard[PLACES] = {{.owner = ldns_dname_cat_clone(star, parent)}};
        enum err err = ask_places(asking, wildcard, reterr);
        for (size_t i = 0; i < PLACES; i++) {
                if (places[i].claim && text_equal(places[i].claim, wildcard[0].claim)) {
                        free(places[i].claim);
                        places[i].claim = NULL;
                }
        }
        free(wildcard[0].claim);
        ldns_rdf_deep_free(wildcard[0].owner);
        ldns_rdf_deep_free(parent);
        ldns_rdf_deep_free(star);
        return err;
}

/* ---- telling ---- */

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

static char *tell(const struct asking *asking, const struct place places[static PLACES], const struct place *first)
{
        char tool[WORD_BYTES], owner[WORD_BYTES], resource[WORD_BYTES];
        field_of(first->claim, "heritage", tool);
        field_of(first->claim, "external-dns/owner", owner);
        field_of(first->claim, "external-dns/resource", resource);
        bool is_external_dns = strcmp(tool, "external-dns") == 0;
        struct strbuf text = STRBUF_INIT(CLAIM_BYTES);
        (void)strbuf_printf(&text, "is managed by %.40s: TXT %.120s says owner \"%.60s\"%s%.100s. ", tool, first->name,
                            owner, resource[0] ? ", for " : "", resource);
        (void)strbuf_printf(&text,
                            "To hand it over%s (tsig.key: a key that may delete that TXT): printf '%%s\\n' 'server %s %s'",
                            is_external_dns ? ", in this order, else it deletes the address, too" : "",
                            asking->channel->server.host, asking->channel->server.port);
        for (size_t i = 0; i < PLACES; i++)
                if (places[i].claim)
                        (void)strbuf_printf(&text, " 'update delete %s TXT'", places[i].name);
        (void)strbuf_printf(&text, " send | nsupdate -k tsig.key");
        if (is_external_dns)
                tell_source(first->claim, &text);
        return strbuf_take(&text);
}

enum err claim_find(const struct asking *asking, const ldns_rdf *name, char **ret, struct errmsg *reterr)
{
        struct place places[PLACES] = {0};
        CLEANUP(cleanup_free) char *base = ldns_rdf2str(name);
        for (size_t i = 0; i < PLACES; i++) {
                struct strbuf text = STRBUF_INIT(WORD_BYTES * 3);
                (void)strbuf_printf(&text, "%s%s", prefixes[i], base);
                places[i].name = strbuf_take(&text);
                places[i].owner = ldns_dname_new_frm_str(places[i].name);
        }
        enum err err = ask_places(asking, places, reterr);
        bool has_any = false;
        for (size_t i = 0; i < PLACES; i++)
                has_any |= places[i].claim != NULL;
        if (err == ERR_OK && has_any)
                err = drop_wildcard(asking, name, places, reterr);
        const struct place *first = NULL;
        for (size_t i = 0; i < PLACES && !first; i++)
                first = places[i].claim ? &places[i] : NULL;
        if (err == ERR_OK)
                *ret = first ? tell(asking, places, first) : NULL;
        for (size_t i = 0; i < PLACES; i++) {
                ldns_rdf_deep_free(places[i].owner);
                free(places[i].name);
                free(places[i].claim);
        }
        return err;
}
