/* update.c -- prerequisites and changes of the swap. */
#include "targets/dns/update.h"

#include "targets/dns/company.h"
#include "targets/fence.h"
#include "util/mem.h"
#include "util/text.h"

/* The three sections of an update that carry records. */
struct sections {
        ldns_rr_list *prerequisites;
        ldns_rr_list *changes;
};

static void sections_free(struct sections *sections)
{
        ldns_rr_list_deep_free(sections->prerequisites);
        ldns_rr_list_deep_free(sections->changes);
}

/* Among those from @from on. */
static bool has_type(const ldns_rr_list *list, size_t from, ldns_rr_type type)
{
        for (size_t i = from; i < ldns_rr_list_rr_count(list); i++)
                if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == type)
                        return true;
        return false;
}

/* Section 2.4.2: a set with data in class IN must exist with exactly this data; section 2.4.3: an empty one of class
 * NONE must not exist. */
static enum err require_as_read(const struct names *names, const struct target_state *expected, ldns_rr_list *list,
                                struct errmsg *reterr)
{
        const size_t from = ldns_rr_list_rr_count(list);
        enum err err = state_push_rrset(names->address, expected->value, 0, list, reterr);
        if (err != ERR_OK)
                return err;
        for (size_t i = 0; i < STATE_ADDRESS_TYPES; i++)
                if (!has_type(list, from, state_address_types[i]))
                        state_push_empty(names->address, state_address_types[i], LDNS_RR_CLASS_NONE, list);
        if (expected->stamp.presence == STAMP_ABSENT)
                state_push_empty(names->stamp, LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_NONE, list);
        else
                state_push_stamp(names->stamp, expected->stamp.raw, 0, list);
        return ERR_OK;
}

static void replace_stamp(const struct names *names, const struct target_want *want, ldns_rr_list *list)
{
        state_push_empty(names->stamp, LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_ANY, list);
        char stamp[TARGET_STAMP_BYTES];
        dns_stamp_print(want, stamp, sizeof(stamp));
        state_push_stamp(names->stamp, stamp, want->ttl_s, list);
}

static bool is_cname(const char *rrset)
{
        return text_has_prefix(rrset, "CNAME ");
}

/* Only the stamp is written: the addresses, with their time to live, are already as wanted. */
static bool keeps_addresses(const struct target_state *expected, const struct target_want *want)
{
        return want->keeps_value || (text_equal(expected->value, want->value) && expected->ttl_s == want->ttl_s);
}

/* In any label: the length bytes before them are below the letters. */
static bool has_underscore(const ldns_rdf *name)
{
        return memchr(ldns_rdf_data(name), '_', ldns_rdf_size(name)) != NULL;
}

const char *update_suspect(const struct names *names, const struct target_state *expected,
                           const struct target_want *want)
{
        bool writes_addresses = !keeps_addresses(expected, want) && !is_cname(want->value);
        return writes_addresses && has_underscore(names->address)
                   ? "dns.name has an underscore, and BIND's check-names refuses A and AAAA records of such a name: "
                     "choose "
                     "a dns.name without one, or set \"check-names ignore;\" in the zone; else let the key write there"
                   : NULL;
}

bool update_makes_cname(const struct target_state *expected, const struct target_want *want)
{
        return !keeps_addresses(expected, want) && is_cname(want->value) && !is_cname(expected->value);
}

/*
 * Addresses take the place of addresses set by set, so that what else is at the name (its MX) stays. For a CNAME the
 * name is deleted as a whole: done set by set, a server that signs counts the signatures as other records, beside which
 * it ignores a CNAME in silence (section 3.4.2.2), and the name is left empty.
 */
static void delete_addresses(const struct names *names, const char *expected, const char *want, ldns_rr_list *list)
{
        if (is_cname(want) && expected[0]) {
                state_push_empty(names->address, LDNS_RR_TYPE_ANY, LDNS_RR_CLASS_ANY, list);
                return;
        }
        for (size_t i = 0; i < STATE_ADDRESS_TYPES; i++)
                if (state_has_type(expected, i))
                        state_push_empty(names->address, state_address_types[i], LDNS_RR_CLASS_ANY, list);
}

/* Deleting first: an address beside a CNAME is silently ignored. What stays as it is is not touched at all. */
static enum err replace_all(const struct names *names, const struct target_state *expected,
                            const struct target_want *want, ldns_rr_list *list, struct errmsg *reterr)
{
        bool keeps = keeps_addresses(expected, want);
        if (!keeps)
                delete_addresses(names, expected->value, want->value, list);
        replace_stamp(names, want, list);
        return keeps ? ERR_OK : state_push_rrset(names->address, want->value, want->ttl_s, list, reterr);
}

enum err update_push(const struct names *names, const struct target_state *expected, const struct target_want *want,
                     ldns_rr_list *prerequisites, ldns_rr_list *changes, struct errmsg *reterr)
{
        enum err err = require_as_read(names, expected, prerequisites, reterr);
        if (err == ERR_OK)
                err = replace_all(names, expected, want, changes, reterr);
        /* The whole name is deleted for a CNAME, so a record that was added since must refuse the update. */
        if (err == ERR_OK && update_makes_cname(expected, want))
                company_forbid(names->address, prerequisites);
        return err;
}

ldns_pkt *update_pack(const ldns_rdf *zone, ldns_rr_list *prerequisites, ldns_rr_list *changes)
{
        ldns_pkt *update = ldns_update_pkt_new(ldns_rdf_clone(zone), LDNS_RR_CLASS_IN, prerequisites, changes, NULL);
        INVARIANT(update);
        return update;
}

enum err update_new(const struct names *names, const ldns_rdf *zone, const struct target_state *expected,
                    const struct target_want *want, ldns_pkt **ret, struct errmsg *reterr)
{
        struct sections sections = {.prerequisites = ldns_rr_list_new(), .changes = ldns_rr_list_new()};
        enum err err = update_push(names, expected, want, sections.prerequisites, sections.changes, reterr);
        if (err == ERR_OK)
                *ret = update_pack(zone, sections.prerequisites, sections.changes);
        sections_free(&sections);
        return err;
}

/* One of each address type: unusable addresses, and a name below a domain that never exists (RFC 6761). */
static const char *const nobodys[STATE_ADDRESS_TYPES] = {"A 0.0.0.1", "AAAA 100::1",
                                                         "CNAME planekeeper-preflight.invalid"};
#define NOBODYS_TEXT "planekeeper-preflight"

static bool any_has_type(const char *const *values, size_t count, size_t type)
{
        for (size_t i = 0; i < count; i++)
                if (state_has_type(values[i], type))
                        return true;
        return false;
}

ldns_pkt *update_trial_new(const struct names *names, const ldns_rdf *zone, const char *const *values, size_t count)
{
        struct sections sections = {.prerequisites = ldns_rr_list_new(), .changes = ldns_rr_list_new()};
        struct errmsg ignored;
        state_push_stamp(names->stamp, NOBODYS_TEXT, 0, sections.prerequisites);
        state_push_stamp(names->stamp, NOBODYS_TEXT, 0, sections.changes);
        for (size_t i = 0; i < STATE_ADDRESS_TYPES; i++)
                if (any_has_type(values, count, i))
                        INVARIANT(state_push_rrset(names->address, nobodys[i], 0, sections.changes, &ignored) ==
                                  ERR_OK);
        for (size_t i = 0; i < ldns_rr_list_rr_count(sections.changes);
             i++) /* section 2.5.4: delete exactly this one */
                ldns_rr_set_class(ldns_rr_list_rr(sections.changes, i), LDNS_RR_CLASS_NONE);
        ldns_pkt *update =
            ldns_update_pkt_new(ldns_rdf_clone(zone), LDNS_RR_CLASS_IN, sections.prerequisites, sections.changes, NULL);
        INVARIANT(update);
        sections_free(&sections);
        return update;
}

ldns_pkt *update_text_new(const ldns_rdf *owner, const ldns_rdf *zone, const char *expected, const char *want,
                          uint32_t ttl_s)
{
        struct sections sections = {.prerequisites = ldns_rr_list_new(), .changes = ldns_rr_list_new()};
        if (expected[0])
                state_push_stamp(owner, expected, 0, sections.prerequisites);
        else
                state_push_empty(owner, LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_NONE, sections.prerequisites);
        state_push_empty(owner, LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_ANY, sections.changes);
        state_push_stamp(owner, want, ttl_s, sections.changes);
        ldns_pkt *update = update_pack(zone, sections.prerequisites, sections.changes);
        sections_free(&sections);
        return update;
}
