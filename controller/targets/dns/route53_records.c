/* route53_records.c -- from the record sets of a name to texts, and back. */
#include "targets/dns/route53_records.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/dns/route53_alias.h"
#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        NAME_MAX_CHARACTERS = 253, /* RFC 1035 section 2.3.4, without the final dot */
        VALUE_BYTES = 256,
        VALUES_MAX = 64, /* of an address set, as in targets/dns/state.h; more are refused */
        TYPES = 3,
};
static const char *const types[TYPES] = {"A", "AAAA", "CNAME"};
/* How an alias of that type is written. */
static const char *const alias_words[TYPES] = {"ALIAS", "ALIAS6", "ALIAS of a CNAME"};

enum err route53_names_init(const char *name, struct route53_names *ret, struct errmsg *reterr)
{
        struct route53_names names = {0};
        size_t bytes = strlen(name);
        if (bytes > 0 && name[bytes - 1] == '.')
                bytes--;
        bool fits = text_is_dns_name(name) && bytes + strlen("_planekeeper.") <= NAME_MAX_CHARACTERS;
        if (!fits)
                return err_set(reterr, ERR_INVALID, "\"%.100s\" is no DNS name with room for _planekeeper. before it",
                               name);
        for (size_t i = 0; i < bytes; i++)
                names.address[i] = (char)tolower((unsigned char)name[i]);
        (void)snprintf(names.stamp, sizeof(names.stamp), "_planekeeper.%.240s", names.address);
        if (bytes + strlen("_planekeeper-alive.") <= NAME_MAX_CHARACTERS)
                (void)snprintf(names.alive, sizeof(names.alive), "_planekeeper-alive.%.234s", names.address);
        *ret = names;
        return ERR_OK;
}

/* ---- which sets ---- */

static size_t address_type(const struct route53_set *set)
{
        size_t type = 0;
        while (type < TYPES && strcmp(set->type, types[type]) != 0)
                type++;
        return type; /* TYPES: none */
}

static bool is_address(const struct route53_set *set, const struct route53_names *names)
{
        return address_type(set) < TYPES && route53_name_is(set->name, names->address);
}

static bool is_text(const struct route53_set *set, const char *name)
{
        return strcmp(set->type, "TXT") == 0 && route53_name_is(set->name, name);
}

struct route53_sets route53_own(const struct route53_sets *all, const struct route53_names *names, struct arena *arena)
{
        struct route53_sets own = {.list = arena_alloc(arena, (all->count + 1) * sizeof(*own.list))};
        for (size_t i = 0; i < all->count; i++)
                if (is_address(&all->list[i], names) || is_text(&all->list[i], names->stamp))
                        own.list[own.count++] = all->list[i];
        return own;
}

const char *route53_company(const struct route53_sets *sets, const struct route53_names *names)
{
        for (size_t i = 0; i < sets->count; i++)
                if (address_type(&sets->list[i]) == TYPES && route53_name_is(sets->list[i].name, names->address))
                        return sets->list[i].type;
        return NULL;
}

/* One of several sets of a name and type: a swap would have to move all of them, and mean them all. */
static enum err check_routing(const struct route53_set *set, struct errmsg *reterr)
{
        if (!set->identifier[0] && !set->routing[0])
                return ERR_OK;
        return err_set(
            reterr, ERR_INVALID,
            "Route 53 answers %.100s %s by %s (SetIdentifier \"%.60s\"): such sets are never touched; replace "
            "them by one simple record, or give dns.name another name",
            set->name, set->type, set->routing[0] ? set->routing : "several sets", set->identifier);
}

/* ---- sets to text ---- */

struct value {
        char text[VALUE_BYTES];
};

static int compare_values(const void *a, const void *b)
{
        return strcmp(((const struct value *)a)->text, ((const struct value *)b)->text);
}

static void lower_name(const char *name, char *ret_text, size_t size)
{
        (void)text_copy(ret_text, size, name);
        for (char *c = ret_text; *c; c++)
                *c = (char)tolower((unsigned char)*c);
        size_t bytes = strlen(ret_text);
        if (bytes > 0 && ret_text[bytes - 1] == '.')
                ret_text[bytes - 1] = '\0';
}

static bool canonical(const char *type, const char *written, struct value *ret)
{
        unsigned char binary[sizeof(struct in6_addr)];
        int family = strcmp(type, "A") == 0 ? AF_INET : AF_INET6;
        if (strcmp(type, "CNAME") != 0)
                return inet_pton(family, written, binary) == 1 &&
                       inet_ntop(family, binary, ret->text, sizeof(ret->text)) != NULL;
        lower_name(written, ret->text, sizeof(ret->text));
        return text_is_dns_name(written);
}

static enum err append_values(const struct route53_set *set, struct strbuf *text, struct errmsg *reterr)
{
        struct value *values = mem_calloc(set->value_count + 1, sizeof(*values));
        enum err err = ERR_OK;
        if (set->value_count > VALUES_MAX)
                err = err_set(reterr, ERR_INVALID, "more than %d %s records", VALUES_MAX, set->type);
        for (size_t i = 0; i < set->value_count && err == ERR_OK; i++)
                if (!canonical(set->type, set->values[i], &values[i]))
                        err = err_set(reterr, ERR_INVALID,
                                      "a %s record whose value is no host name or address: \"%.60s\"", set->type,
                                      set->values[i]);
        if (err == ERR_OK)
                qsort(values, set->value_count, sizeof(*values), compare_values);
        for (size_t i = 0; i < set->value_count && err == ERR_OK; i++)
                if (i == 0 || compare_values(&values[i - 1], &values[i]) != 0)
                        (void)strbuf_printf(text, "%s%s", i ? "," : "", values[i].text);
        free(values);
        return err;
}

/* Appends " + <type> <value>,<value>", or "ALIAS <name>" for an A set that is one, "ALIAS6 <name>" for an AAAA set. */
static enum err append_set(const struct route53_set *set, struct strbuf *text, struct errmsg *reterr)
{
        (void)strbuf_append_text(text, text->bytes ? " + " : "");
        if (!set->alias_zone[0]) {
                (void)strbuf_printf(text, "%s ", set->type);
                return append_values(set, text, reterr);
        }
        char name[VALUE_BYTES];
        lower_name(set->alias_name, name, sizeof(name));
        (void)strbuf_printf(text, "%s %s", alias_words[address_type(set)], name);
        return ERR_OK;
}

static enum err addresses_to_text(const struct route53_sets *sets, const struct route53_names *names,
                                  struct target_state *state, struct errmsg *reterr)
{
        struct strbuf text = STRBUF_INIT((size_t)TYPES * VALUES_MAX * VALUE_BYTES);
        enum err err = ERR_OK;
        for (size_t type = 0; type < TYPES; type++) {
                for (size_t i = 0; i < sets->count && err == ERR_OK; i++) {
                        const struct route53_set *set = &sets->list[i];
                        if (address_type(set) != type || !is_address(set, names))
                                continue;
                        err = check_routing(set, reterr);
                        if (err == ERR_OK)
                                err = append_set(set, &text, reterr);
                        if (!set->alias_zone[0])
                                state->ttl_s = set->ttl_s;
                }
        }
        for (size_t i = 0; i < sets->count && text.bytes && !state->ttl_s; i++) /* an alias has none: the stamp's */
                state->ttl_s = is_text(&sets->list[i], names->stamp) ? sets->list[i].ttl_s : 0;
        state->value = strbuf_take(&text);
        state->present = state->value[0] != '\0';
        return err;
}

static struct stamp foreign_stamp(const struct route53_set *set)
{
        struct strbuf raw = STRBUF_INIT(TARGET_STAMP_BYTES);
        bool is_dialect = false; /* as in dns_stamp_parse() */
        for (size_t i = 0; i < set->value_count; i++) {
                char text[TARGET_STAMP_BYTES];
                bool is_read = route53_txt_read(set->values[i], text, sizeof(text));
                (void)strbuf_printf(&raw, "%s%s", i ? " | " : "", is_read ? text : set->values[i]);
                is_dialect |= is_read && text_has_prefix(text, "v=pk");
        }
        return (struct stamp){.presence = is_dialect ? STAMP_UNREADABLE : STAMP_FOREIGN,
                              .plane = mem_strdup(""),
                              .store = mem_strdup(""),
                              .raw = strbuf_take(&raw)};
}

static enum err read_stamp(const struct route53_sets *sets, const char *name, struct stamp *ret, struct errmsg *reterr)
{
        char text[TARGET_STAMP_BYTES];
        for (size_t i = 0; i < sets->count; i++) {
                const struct route53_set *set = &sets->list[i];
                if (!is_text(set, name))
                        continue;
                enum err err = check_routing(set, reterr);
                if (err != ERR_OK)
                        return err;
                if (set->value_count == 1 && route53_txt_read(set->values[0], text, sizeof(text)))
                        dns_stamp_parse(text, ret);
                else
                        *ret = foreign_stamp(set);
                return ERR_OK;
        }
        *ret = (struct stamp){.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")};
        return ERR_OK;
}

enum err route53_state(const struct route53_sets *sets, const struct route53_names *names, struct target_state *ret,
                       struct errmsg *reterr)
{
        struct target_state state = {0};
        enum err err = addresses_to_text(sets, names, &state, reterr);
        if (err == ERR_OK)
                err = read_stamp(sets, names->stamp, &state.stamp, reterr);
        if (err == ERR_OK)
                *ret = state;
        else
                target_state_clear(&state);
        return err;
}

char *route53_only_text(const struct route53_sets *sets, const char *name)
{
        char text[TARGET_STAMP_BYTES];
        for (size_t i = 0; i < sets->count; i++) {
                const struct route53_set *set = &sets->list[i];
                if (!is_text(set, name))
                        continue;
                bool is_one = !set->identifier[0] && set->value_count == 1 &&
                              route53_txt_read(set->values[0], text, sizeof(text));
                return is_one ? mem_strdup(text) : NULL;
        }
        return mem_strdup("");
}

/* ---- text to sets ---- */

/* Takes the text up to @separator off the front of *at. */
static char *take_until(char **at, const char *separator)
{
        char *piece = *at;
        char *end = piece ? strstr(piece, separator) : NULL;
        if (end)
                *end = '\0';
        *at = end ? end + strlen(separator) : NULL;
        return piece;
}

static struct route53_set new_set(const char *name, const char *type, uint32_t ttl_s, struct arena *arena)
{
        return (struct route53_set){.name = name,
                                    .type = type,
                                    .ttl_s = ttl_s,
                                    .identifier = "",
                                    .routing = "",
                                    .health_check = "",
                                    .alias_zone = "",
                                    .alias_name = "",
                                    .values = arena_alloc(arena, VALUES_MAX * sizeof(const char *))};
}

/* The balancer's own hosted zone and whether its health counts, as it was; of a new one it does not. */
static bool fill_alias(struct route53_set *set, const char *name, const char *unknown_zone,
                       const struct route53_sets *old)
{
        set->alias_name = name;
        set->ttl_s = 0;
        for (size_t i = 0; i < old->count; i++) {
                char there[VALUE_BYTES];
                lower_name(old->list[i].alias_name, there, sizeof(there));
                if (!old->list[i].alias_zone[0] || strcmp(there, name) != 0)
                        continue;
                set->alias_zone = old->list[i].alias_zone;
                set->alias_evaluates = old->list[i].alias_evaluates;
                return true;
        }
        const char *zone = route53_alias_zone(name);
        zone = zone ? zone : unknown_zone;
        set->alias_zone = zone ? zone : "";
        return zone != NULL;
}

static enum err fill_values(struct route53_set *set, char *values, struct errmsg *reterr)
{
        struct value ignored;
        for (char *text; (text = take_until(&values, ","));) {
                if (set->value_count == VALUES_MAX)
                        return err_set(reterr, ERR_INVALID, "more than %d %s records", VALUES_MAX, set->type);
                if (!canonical(set->type, text, &ignored))
                        return err_set(reterr, ERR_INVALID, "\"%.60s\" is no value of %s", text, set->type);
                set->values[set->value_count++] = text;
        }
        return ERR_OK;
}

enum err route53_sets_from_text(const char *rrset, const struct route53_names *names, uint32_t ttl_s,
                                const struct route53_sets *old, struct arena *arena, struct route53_sets *ret,
                                struct errmsg *reterr)
{
        struct route53_sets made = {.list = arena_alloc(arena, 2 * TYPES * sizeof(*made.list))};
        char *copy = arena_strdup(arena, rrset), *rest = rrset[0] ? copy : NULL;
        enum err err = ERR_OK;
        for (char *values; err == ERR_OK && (values = take_until(&rest, " + "));) {
                const char *word = take_until(&values, " ");
                size_t type = 0;
                while (type < TYPES && strcmp(word, types[type]) != 0 && strcmp(word, alias_words[type]) != 0)
                        type++;
                if (!values || type == TYPES || made.count == (size_t)2 * TYPES)
                        return err_set(reterr, ERR_INVALID, "\"%.100s\" is no set of A, AAAA, CNAME or ALIAS", rrset);
                struct route53_set *set = &made.list[made.count++];
                *set = new_set(names->address, types[type], ttl_s, arena);
                if (strcmp(word, types[type]) == 0)
                        err = fill_values(set, values, reterr);
                else if (!fill_alias(set, values, names->alias_zone, old))
                        err = err_set(reterr, ERR_INVALID,
                                      "the hosted zone of %.100s is not known, so no alias can lead there; set "
                                      "route53.aliasHostedZoneID, or use CNAME",
                                      values);
        }
        if (err == ERR_OK)
                *ret = made;
        return err;
}

struct route53_set route53_text_set(const char *name, const char *text, uint32_t ttl_s, struct arena *arena)
{
        struct route53_set set = new_set(name, "TXT", ttl_s, arena);
        struct strbuf value = STRBUF_INIT(4 * TARGET_STAMP_BYTES);
        route53_txt_print(text, &value);
        set.values[set.value_count++] = arena_strdup(arena, strbuf_text(&value));
        strbuf_deinit(&value);
        return set;
}
