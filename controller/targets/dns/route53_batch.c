/* route53_batch.c -- DELETE what was read, CREATE what is wanted. */
#include "targets/dns/route53_batch.h"

#include <string.h>

#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/text.h"

static void begin(const char *comment, struct strbuf *out)
{
        (void)strbuf_append_text(
            out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                 "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
                 "<ChangeBatch><Comment>");
        route53_xml_escape(comment, out);
        (void)strbuf_append_text(out, "</Comment><Changes>");
}

static void end(struct strbuf *out)
{
        (void)strbuf_append_text(out, "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>");
}

static void change(const char *action, const struct route53_set *set, struct strbuf *out)
{
        (void)strbuf_printf(out, "<Change><Action>%s</Action>", action);
        route53_set_print(set, out);
        (void)strbuf_append_text(out, "</Change>");
}

static bool is_stamp(const struct route53_set *set)
{
        return strcmp(set->type, "TXT") == 0;
}

static const char *health_check_of(const struct route53_sets *own)
{
        for (size_t i = 0; i < own->count; i++)
                if (!is_stamp(&own->list[i]) && own->list[i].health_check[0])
                        return own->list[i].health_check;
        return "";
}

static bool has_ttl(const struct route53_sets *own, uint32_t ttl_s)
{
        for (size_t i = 0; i < own->count; i++)
                if (!is_stamp(&own->list[i]) && !own->list[i].alias_zone[0] && own->list[i].ttl_s != ttl_s)
                        return false;
        return true;
}

static bool keeps_addresses(const struct route53_sets *own, const struct target_state *expected,
                            const struct target_want *want)
{
        return want->keeps_value || (text_equal(expected->value, want->value) && has_ttl(own, want->ttl_s));
}

/* The address sets after the batch; the stamp is added separately. */
static enum err addresses_after(const struct route53_sets *own, const struct target_state *expected,
                                const struct target_want *want, const struct route53_names *names, struct arena *arena,
                                struct route53_sets *ret, struct errmsg *reterr)
{
        if (!keeps_addresses(own, expected, want)) {
                const char *health_check = health_check_of(own);
                enum err err = route53_sets_from_text(want->value, names, want->ttl_s, own, arena, ret, reterr);
                for (size_t i = 0; err == ERR_OK && i < ret->count; i++)
                        ret->list[i].health_check = health_check;
                return err;
        }
        struct route53_sets kept = {.list = arena_alloc(arena, (own->count + 1) * sizeof(*kept.list))};
        for (size_t i = 0; i < own->count; i++)
                if (!is_stamp(&own->list[i]))
                        kept.list[kept.count++] = own->list[i];
        *ret = kept;
        return ERR_OK;
}

/* All sets of the name afterwards, the stamp last. */
static enum err sets_after(const struct route53_sets *own, const struct target_state *expected,
                           const struct target_want *want, const struct route53_names *names, struct arena *arena,
                           struct route53_sets *ret, struct errmsg *reterr)
{
        struct route53_sets after = {0};
        enum err err = addresses_after(own, expected, want, names, arena, &after, reterr);
        if (err != ERR_OK)
                return err;
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(want, text, sizeof(text));
        struct route53_set *list = arena_alloc(arena, (after.count + 1) * sizeof(*list));
        if (after.count)
                memcpy(list, after.list, after.count * sizeof(*list));
        list[after.count] = route53_text_set(names->stamp, text, want->ttl_s, arena);
        *ret = (struct route53_sets){.list = list, .count = after.count + 1};
        return ERR_OK;
}

static void change_all(const char *action, const struct route53_sets *sets, struct strbuf *out)
{
        for (size_t i = 0; i < sets->count; i++)
                change(action, &sets->list[i], out);
}

enum err route53_batch_swap(const struct route53_sets *own, const struct target_state *expected,
                            const struct target_want *want, const struct route53_names *names, struct strbuf *ret,
                            struct errmsg *reterr)
{
        CLEANUP(arena_deinit) struct arena arena = {0};
        struct route53_sets after = {0};
        enum err err = sets_after(own, expected, want, names, &arena, &after, reterr);
        if (err != ERR_OK)
                return err;
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(want, text, sizeof(text));
        begin(text, ret);
        change_all("DELETE", own, ret);
        change_all("CREATE", &after, ret);
        end(ret);
        return ret->overflowed ? err_set(reterr, ERR_INVALID, "the records of the name do not fit one change") : ERR_OK;
}

/* ---- many names ---- */

void route53_batch_begin(struct route53_batch *batch, const char *comment)
{
        *batch = (struct route53_batch){.body = STRBUF_INIT(ROUTE53_BATCH_CHANGES * 1024)};
        begin(comment, &batch->body);
}

void route53_batch_end(struct route53_batch *batch)
{
        end(&batch->body);
}

void route53_batch_clear(struct route53_batch *batch)
{
        strbuf_deinit(&batch->body);
}

static void count(const struct route53_sets *sets, struct route53_batch *load)
{
        for (size_t i = 0; i < sets->count; i++) {
                load->changes++;
                load->records += sets->list[i].value_count;
                for (size_t j = 0; j < sets->list[i].value_count; j++)
                        load->characters += strlen(sets->list[i].values[j]);
        }
}

static bool has_room(const struct route53_batch *batch, const struct route53_batch *more)
{
        return batch->changes + more->changes <= ROUTE53_BATCH_CHANGES &&
               batch->records + more->records <= ROUTE53_BATCH_RECORDS &&
               batch->characters + more->characters <= ROUTE53_BATCH_CHARACTERS;
}

/* One name more, if it fits: the first one does. */
static bool take_room(struct route53_batch *batch, const struct route53_batch *more)
{
        if (batch->names && !has_room(batch, more))
                return false;
        batch->names++;
        batch->changes += more->changes;
        batch->records += more->records;
        batch->characters += more->characters;
        return true;
}

enum err route53_batch_add(struct route53_batch *batch, const struct route53_sets *own,
                           const struct target_state *expected, const struct target_want *want,
                           const struct route53_names *names, struct arena *arena, struct route53_sets *ret_after,
                           bool *ret_fits, struct errmsg *reterr)
{
        struct route53_batch load = {0};
        enum err err = sets_after(own, expected, want, names, arena, ret_after, reterr);
        if (err != ERR_OK)
                return err;
        count(own, &load);
        count(ret_after, &load);
        *ret_fits = take_room(batch, &load);
        if (!*ret_fits)
                return ERR_OK;
        change_all("DELETE", own, &batch->body);
        change_all("CREATE", ret_after, &batch->body);
        return batch->body.overflowed ? err_set(reterr, ERR_INVALID, "the records of the name do not fit one change")
                                      : ERR_OK;
}

void route53_batch_text(const struct route53_sets *sets, const char *name, const char *text, uint32_t ttl_s,
                        struct strbuf *ret)
{
        CLEANUP(arena_deinit) struct arena arena = {0};
        struct route53_set set = route53_text_set(name, text, ttl_s, &arena);
        begin("Planekeeper", ret);
        for (size_t i = 0; i < sets->count; i++)
                if (is_stamp(&sets->list[i]) && route53_name_is(sets->list[i].name, name))
                        change("DELETE", &sets->list[i], ret);
        change("CREATE", &set, ret);
        end(ret);
}

/* One of each address type: unusable addresses, and a name below a domain that never exists (RFC 6761). */
static const struct nobody {
        const char *type, *value;
} nobodys[] = {{"A", "A 0.0.0.1"}, {"AAAA", "AAAA 100::1"}, {"CNAME", "CNAME planekeeper-preflight.invalid"}};

/* An alias is a set of A or AAAA. */
static bool has_type(const char *value, const char *type)
{
        if (text_has_prefix(value, "ALIAS"))
                return strcmp(type, text_has_prefix(value, "ALIAS6 ") ? "AAAA" : "A") == 0;
        return text_has_prefix(value, type) && value[strlen(type)] == ' ';
}

static void add_nobodys(const struct nobody *nobody, const struct route53_names *names, struct arena *arena,
                        struct route53_sets *sets)
{
        static const struct route53_sets none;
        struct route53_sets one = {0};
        struct errmsg ignored;
        if (route53_sets_from_text(nobody->value, names, 1, &none, arena, &one, &ignored) == ERR_OK)
                sets->list[sets->count++] = one.list[0];
}

bool route53_batch_try(struct route53_batch *batch, const char *const *values, size_t value_count,
                       const struct route53_names *names)
{
        enum { TYPES = sizeof(nobodys) / sizeof(nobodys[0]) };
        CLEANUP(arena_deinit) struct arena arena = {0};
        struct route53_batch load = {0};
        struct route53_sets sets = {.list = arena_alloc(&arena, (TYPES + 1) * sizeof(*sets.list))};
        sets.list[sets.count++] = route53_text_set(names->stamp, "planekeeper-preflight", 1, &arena);
        for (size_t i = 0; i < TYPES; i++)
                for (size_t value = 0; value < value_count; value++)
                        if (has_type(values[value], nobodys[i].type)) {
                                add_nobodys(&nobodys[i], names, &arena, &sets);
                                break;
                        }
        count(&sets, &load);
        if (!take_room(batch, &load))
                return false;
        change_all("DELETE", &sets, &batch->body);
        return true;
}
