/* state.c -- between DNS records and the texts of core/types.h. */
#include "targets/dns/state.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

const ldns_rr_type state_address_types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_CNAME};
static const char *const type_names[] = {"A", "AAAA", "CNAME"};
static const size_t answered_in[] = {ASK_A, ASK_AAAA, ASK_A};

enum {
        STRING_MAX_BYTES = 255,
        VALUE_MAX_BYTES = 256,
        RECORDS_PER_MESSAGE_MAX = 4 * DNS_RECORDS_MAX, /* so that an update always fits a message */
};

bool state_has_type(const char *rrset, size_t type)
{
        const char *name = type_names[type];
        size_t bytes = strlen(name);
        for (const char *at = rrset; at;) {
                if (strncmp(at, name, bytes) == 0 && at[bytes] == ' ')
                        return true;
                const char *next = strstr(at, " + ");
                at = next ? next + strlen(" + ") : NULL;
        }
        return false;
}

void state_ask(const struct names *names, const struct tsig_key *key, struct message ret[static ASK_COUNT])
{
        message_ask(names->address, LDNS_RR_TYPE_A, key, &ret[ASK_A]);
        message_ask(names->address, LDNS_RR_TYPE_AAAA, key, &ret[ASK_AAAA]);
        message_ask(names->stamp, LDNS_RR_TYPE_TXT, key, &ret[ASK_STAMP]);
}

/* ---- records to text ---- */

static bool is_of_set(const ldns_rr *record, const ldns_rdf *owner, ldns_rr_type type)
{
        return ldns_rr_get_type(record) == type && ldns_rr_get_class(record) == LDNS_RR_CLASS_IN &&
               ldns_rr_rd_count(record) > 0 && ldns_dname_compare(ldns_rr_owner(record), owner) == 0;
}

/* The records of the name itself: what a CNAME leads to, and what is added out of courtesy, is not among them. */
static size_t find_set(const struct message *message, ldns_rr_type type, const ldns_rr *ret[static DNS_RECORDS_MAX + 1])
{
        const ldns_rr_list *answers = ldns_pkt_answer(message->answer);
        size_t found = 0;
        for (size_t i = 0; i < ldns_rr_list_rr_count(answers) && found <= DNS_RECORDS_MAX; i++) {
                const ldns_rr *record = ldns_rr_list_rr(answers, i);
                if (is_of_set(record, message->owner, type))
                        ret[found++] = record;
        }
        return found;
}

static bool value_to_text(const ldns_rr *record, char ret_text[static VALUE_MAX_BYTES])
{
        const ldns_rdf *data = ldns_rr_rdf(record, 0);
        ldns_rr_type type = ldns_rr_get_type(record);
        if (type == LDNS_RR_TYPE_A)
                return ldns_rdf_size(data) == 4 && inet_ntop(AF_INET, ldns_rdf_data(data), ret_text, VALUE_MAX_BYTES);
        if (type == LDNS_RR_TYPE_AAAA)
                return ldns_rdf_size(data) == 16 && inet_ntop(AF_INET6, ldns_rdf_data(data), ret_text, VALUE_MAX_BYTES);
        CLEANUP(cleanup_free) char *name = ldns_rdf2str(data);
        if (!name || !text_is_dns_name(name))
                return false;
        size_t bytes = strlen(name) - 1; /* ldns writes the final dot */
        for (size_t i = 0; i < bytes; i++)
                ret_text[i] = (char)tolower((unsigned char)name[i]);
        ret_text[bytes] = '\0';
        return true;
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(a, b);
}

/* Appends "<type> <value>,<value>" of one address type to @text; nothing where the set is empty. */
static enum err append_set(const struct message *message, size_t type, struct strbuf *text, uint32_t *ttl_s,
                           struct errmsg *reterr)
{
        const char *type_name = type_names[type];
        const ldns_rr *records[DNS_RECORDS_MAX + 1];
        size_t count = find_set(message, state_address_types[type], records);
        if (count > DNS_RECORDS_MAX)
                return err_set(reterr, ERR_INVALID, "more than %d %s records", DNS_RECORDS_MAX, type_name);
        if (count == 0)
                return ERR_OK;
        char(*values)[VALUE_MAX_BYTES] = mem_calloc(count, sizeof(*values));
        for (size_t i = 0; i < count; i++) {
                if (!value_to_text(records[i], values[i])) {
                        free(values);
                        return err_set(reterr, ERR_INVALID, "a %s record whose value is no host name or address",
                                       type_name);
                }
        }
        qsort(values, count, sizeof(values[0]), compare_texts);
        (void)strbuf_printf(text, "%s%s ", text->bytes ? " + " : "", type_name);
        for (size_t i = 0; i < count; i++)
                if (i == 0 || strcmp(values[i], values[i - 1]) != 0)
                        (void)strbuf_printf(text, "%s%s", i ? "," : "", values[i]);
        free(values);
        *ttl_s = ldns_rr_ttl(records[0]);
        return ERR_OK;
}

/* The strings of one TXT record joined; false where state_push_stamp() would not have written exactly these. */
static bool join_strings(const ldns_rr *record, char ret_text[static TARGET_STAMP_BYTES])
{
        struct strbuf text = STRBUF_INIT(TARGET_STAMP_BYTES - 1);
        bool is_canonical = true;
        size_t strings = ldns_rr_rd_count(record);
        for (size_t i = 0; i < strings; i++) {
                const ldns_rdf *string = ldns_rr_rdf(record, i);
                const uint8_t *data = ldns_rdf_data(string); /* a length and as many bytes */
                size_t bytes = ldns_rdf_size(string) > 0 ? ldns_rdf_size(string) - 1 : 0;
                is_canonical &= i + 1 == strings ? bytes > 0 : bytes == STRING_MAX_BYTES;
                for (size_t at = 1; at <= bytes; at++) {
                        is_canonical &= isprint(data[at]) != 0;
                        (void)strbuf_append_char(&text, isprint(data[at]) ? (char)data[at] : '?');
                }
        }
        is_canonical &= !text.overflowed;
        (void)text_copy(ret_text, TARGET_STAMP_BYTES, strbuf_text(&text));
        strbuf_deinit(&text);
        return is_canonical;
}

/* Something that is not one stamp, shown for people; sorted, because servers rotate their answers. */
static void foreign_stamp(const ldns_rr *const *records, size_t count, struct stamp *ret)
{
        char(*texts)[TARGET_STAMP_BYTES] = mem_calloc(count, sizeof(*texts));
        for (size_t i = 0; i < count; i++)
                (void)join_strings(records[i], texts[i]);
        qsort(texts, count, sizeof(texts[0]), compare_texts);
        struct strbuf raw = STRBUF_INIT(TARGET_STAMP_BYTES);
        bool is_dialect = false; /* as in dns_stamp_parse() */
        for (size_t i = 0; i < count; i++) {
                (void)strbuf_printf(&raw, "%s%s", i ? " | " : "", texts[i]);
                is_dialect |= text_has_prefix(texts[i], "v=pk");
        }
        free(texts);
        *ret = (struct stamp){
            .presence = is_dialect ? STAMP_UNREADABLE : STAMP_FOREIGN,
            .plane = mem_strdup(""),
            .store = mem_strdup(""),
            .raw = strbuf_take(&raw),
        };
}

enum err state_stamp(const struct message *message, struct stamp *ret, struct errmsg *reterr)
{
        const ldns_rr *records[DNS_RECORDS_MAX + 1];
        size_t count = find_set(message, LDNS_RR_TYPE_TXT, records);
        if (count > DNS_RECORDS_MAX)
                return err_set(reterr, ERR_INVALID, "more than %d TXT records beside the name", DNS_RECORDS_MAX);
        if (count == 0) {
                *ret = (struct stamp){.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")};
                return ERR_OK;
        }
        char text[TARGET_STAMP_BYTES];
        if (count == 1 && join_strings(records[0], text))
                dns_stamp_parse(text, ret);
        else
                /* One of several texts may be a stamp, but no prerequisite could name it exactly. */
                foreign_stamp(records, count, ret);
        return ERR_OK;
}

char *state_record_text(const ldns_rr *record, const ldns_rdf *owner)
{
        char text[TARGET_STAMP_BYTES];
        if (!is_of_set(record, owner, LDNS_RR_TYPE_TXT))
                return NULL;
        (void)join_strings(record, text);
        return mem_strdup(text);
}

char *state_only_text(const struct message *answer)
{
        const ldns_rr *records[DNS_RECORDS_MAX + 1];
        char text[TARGET_STAMP_BYTES];
        size_t count = find_set(answer, LDNS_RR_TYPE_TXT, records);
        if (count == 0)
                return mem_strdup("");
        return count == 1 && join_strings(records[0], text) ? mem_strdup(text) : NULL;
}

char *state_alias(const struct message *answer)
{
        const ldns_rr *records[DNS_RECORDS_MAX + 1];
        char text[VALUE_MAX_BYTES];
        if (find_set(answer, LDNS_RR_TYPE_CNAME, records) == 0)
                return NULL;
        return mem_strdup(value_to_text(records[0], text) ? text : "?");
}

enum err state_rrset(const struct message answers[static ASK_STAMP], char **ret, uint32_t *ret_ttl_s,
                     struct errmsg *reterr)
{
        CLEANUP(strbuf_deinit) struct strbuf text = STRBUF_INIT((size_t)3 * DNS_RECORDS_MAX * VALUE_MAX_BYTES);
        uint32_t ttl_s = 0;
        for (size_t i = 0; i < STATE_ADDRESS_TYPES; i++) {
                enum err err = append_set(&answers[answered_in[i]], i, &text, &ttl_s, reterr);
                if (err != ERR_OK)
                        return err;
        }
        *ret = strbuf_take(&text);
        *ret_ttl_s = ttl_s;
        return ERR_OK;
}

enum err state_from_answers(const struct message answers[static ASK_COUNT], struct target_state *ret,
                            struct errmsg *reterr)
{
        struct target_state state = {0};
        char *rrset = NULL;
        enum err err = state_rrset(answers, &rrset, &state.ttl_s, reterr);
        state.value = rrset;
        state.present = rrset && rrset[0];
        if (err == ERR_OK)
                err = state_stamp(&answers[ASK_STAMP], &state.stamp, reterr);
        if (err == ERR_OK)
                *ret = state;
        else
                target_state_clear(&state);
        return err;
}

/* ---- text to records ---- */

static ldns_rr *record_new(const ldns_rdf *owner, ldns_rr_type type, ldns_rr_class class, uint32_t ttl_s)
{
        ldns_rr *record = ldns_rr_new();
        INVARIANT(record);
        ldns_rr_set_owner(record, ldns_rdf_clone(owner));
        ldns_rr_set_type(record, type);
        ldns_rr_set_class(record, class);
        ldns_rr_set_ttl(record, ttl_s);
        return record;
}

void state_push_empty(const ldns_rdf *owner, ldns_rr_type type, ldns_rr_class class, ldns_rr_list *list)
{
        INVARIANT(ldns_rr_list_push_rr(list, record_new(owner, type, class, 0)));
}

static ldns_rdf *value_from_text(ldns_rr_type type, const char *text)
{
        uint8_t address[16];
        if (type == LDNS_RR_TYPE_CNAME)
                return text_is_dns_name(text) ? ldns_dname_new_frm_str(text) : NULL;
        bool is_v4 = type == LDNS_RR_TYPE_A;
        if (inet_pton(is_v4 ? AF_INET : AF_INET6, text, address) != 1)
                return NULL;
        return is_v4 ? ldns_rdf_new_frm_data(LDNS_RDF_TYPE_A, 4, address)
                     : ldns_rdf_new_frm_data(LDNS_RDF_TYPE_AAAA, 16, address);
}

static bool type_from_name(const char *name, ldns_rr_type *ret)
{
        for (size_t i = 0; i < STATE_ADDRESS_TYPES; i++) {
                if (strcmp(name, type_names[i]) == 0) {
                        *ret = state_address_types[i];
                        return true;
                }
        }
        return false;
}

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

enum err state_push_rrset(const ldns_rdf *owner, const char *rrset, uint32_t ttl_s, ldns_rr_list *list,
                          struct errmsg *reterr)
{
        CLEANUP(cleanup_free) char *copy = mem_strdup(rrset);
        char *sets = rrset[0] ? copy : NULL;
        for (char *set; (set = take_until(&sets, " + "));) {
                ldns_rr_type type;
                const char *name = take_until(&set, " ");
                if (!set || !type_from_name(name, &type))
                        return err_set(reterr, ERR_INVALID, "\"%.100s\" is no set of A, AAAA or CNAME records", rrset);
                for (const char *text; (text = take_until(&set, ","));) {
                        ldns_rdf *value = value_from_text(type, text);
                        if (!value)
                                return err_set(reterr, ERR_INVALID, "\"%.60s\" is no value of %s", text, name);
                        ldns_rr *record = record_new(owner, type, LDNS_RR_CLASS_IN, ttl_s);
                        INVARIANT(ldns_rr_push_rdf(record, value) && ldns_rr_list_push_rr(list, record));
                        if (ldns_rr_list_rr_count(list) > RECORDS_PER_MESSAGE_MAX)
                                return err_set(reterr, ERR_INVALID, "more than %d records", RECORDS_PER_MESSAGE_MAX);
                }
        }
        return ERR_OK;
}

void state_push_stamp(const ldns_rdf *owner, const char *text, uint32_t ttl_s, ldns_rr_list *list)
{
        ldns_rr *record = record_new(owner, LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_IN, ttl_s);
        for (size_t left = strlen(text), bytes; left > 0; text += bytes, left -= bytes) {
                bytes = left < STRING_MAX_BYTES ? left : STRING_MAX_BYTES;
                uint8_t string[1 + STRING_MAX_BYTES];
                string[0] = (uint8_t)bytes;
                memcpy(string + 1, text, bytes);
                INVARIANT(ldns_rr_push_rdf(record, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, bytes + 1, string)));
        }
        INVARIANT(ldns_rr_list_push_rr(list, record));
}
