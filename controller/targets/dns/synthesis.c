/* synthesis.c -- answers that a server made up. */
#include "targets/dns/synthesis.h"

#include <stdio.h>
#include <stdlib.h>

#include "targets/dns/zone.h"
#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { WILDCARDS_MAX = 16, DOUBT_BYTES = 1024 };

static const char *server_of(const struct asking *asking)
{
        return asking->channel->server.text;
}

/* ---- DNAME ---- */

/* A DNAME above the name that was asked for says so in the answer itself. */
static enum err check_dname(const struct asking *asking, const struct message *answer, struct errmsg *reterr)
{
        const ldns_rr_list *answers = ldns_pkt_answer(answer->answer);
        for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
                const ldns_rr *record = ldns_rr_list_rr(answers, i);
                if (ldns_rr_get_type(record) != LDNS_RR_TYPE_DNAME ||
                    !ldns_dname_is_subdomain(answer->owner, ldns_rr_owner(record)))
                        continue;
                CLEANUP(cleanup_free) char *name = ldns_rdf2str(answer->owner),
                                           *from = ldns_rdf2str(ldns_rr_owner(record));
                return err_set(
                    reterr, ERR_INVALID,
                    "%s: answers for %.100s by the DNAME at %.100s, so nothing can be stored there; remove the "
                    "DNAME, or use the name that it leads to",
                    server_of(asking), name, from);
        }
        return ERR_OK;
}

/* ---- the stamp ---- */

static ldns_rdf *wildcard_below(const ldns_rdf *parent)
{
        ldns_rdf *star = ldns_dname_new_frm_str("*.");
        ldns_rdf *wildcard = ldns_dname_cat_clone(star, parent);
        ldns_rdf_deep_free(star);
        INVARIANT(wildcard); /* shorter than the stamp's name */
        return wildcard;
}

static bool is_same_stamp(const struct message *a, const struct message *b)
{
        CLEANUP(cleanup_free) char *alias_a = state_alias(a), *alias_b = state_alias(b);
        struct stamp stamp_a = {0}, stamp_b = {0};
        struct errmsg ignored;
        bool is_same = state_stamp(a, &stamp_a, &ignored) == ERR_OK && state_stamp(b, &stamp_b, &ignored) == ERR_OK &&
                       text_equal(alias_a, alias_b) && text_equal(stamp_a.raw, stamp_b.raw);
        target_stamp_clear(&stamp_a);
        target_stamp_clear(&stamp_b);
        return is_same;
}

/* Another record answers for the stamp's name. One that is stored there blocks an update; a wildcard's does not. */
static enum err sort_out_stamp(const struct asking *asking, const struct names *names, const struct message *answer,
                               struct stamp *stamp, struct errmsg *reterr)
{
        CLEANUP(cleanup_free) char *alias = state_alias(answer);
        if (stamp->presence == STAMP_OURS || (stamp->presence == STAMP_ABSENT && !alias))
                return ERR_OK;
        ldns_rdf *owner = wildcard_below(names->address);
        struct message wildcard;
        message_ask(owner, LDNS_RR_TYPE_TXT, asking->key, &wildcard);
        enum err err = ask_all(asking, &wildcard, 1, reterr);
        bool is_wildcard = err == ERR_OK && is_same_stamp(answer, &wildcard);
        message_clear(&wildcard);
        ldns_rdf_deep_free(owner);
        if (is_wildcard) {
                target_stamp_clear(stamp);
                *stamp = (struct stamp){.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")};
        } else if (err == ERR_OK && alias) {
                CLEANUP(cleanup_free) char *name = ldns_rdf2str(names->stamp);
                err = err_set(reterr, ERR_INVALID,
                              "%s: %.120s is a CNAME to %.100s, and the ownership record belongs there; remove it",
                              server_of(asking), name, alias);
        }
        return err;
}

/* ---- the addresses ---- */

/*
 * The topmost wildcard above the name, up to its zone, that is answered in the same way; NULL: none. A lower one may be
 * made up from it, as the name is.
 */
static enum err find_wildcard(const struct asking *asking, const struct names *names, const ldns_rdf *zone,
                              const char *rrset, ldns_rdf **ret, struct errmsg *reterr)
{
        ldns_rdf *parent = ldns_dname_left_chop(names->address);
        enum err err = ERR_OK;
        for (unsigned i = 0; i < WILDCARDS_MAX && err == ERR_OK && parent && zone_holds(zone, parent); i++) {
                CLEANUP(cleanup_free) char *shown = NULL;
                ldns_rdf *owner = wildcard_below(parent), *above = ldns_dname_left_chop(parent);
                err = ask_rrset(asking, owner, &shown, reterr);
                bool is_same = text_equal(shown, rrset);
                ldns_rdf_deep_free(is_same ? *ret : owner);
                *ret = is_same ? owner : *ret;
                ldns_rdf_deep_free(parent);
                parent = above;
        }
        ldns_rdf_deep_free(parent);
        return err;
}

/*
 * Where the name itself does not exist, the wildcard that answers for it answers for every name below it, too. The name
 * of the stamp is one of them: once it is stored, no wildcard above can be mistaken for the record.
 */
static enum err sort_out_rrset(const struct asking *asking, const struct names *names, const ldns_rdf *zone,
                               struct target_state *state, struct errmsg *reterr)
{
        if (state->stamp.presence != STAMP_ABSENT || !state->value[0])
                return ERR_OK;
        CLEANUP(cleanup_free) char *below = NULL;
        ldns_rdf *wildcard = NULL;
        enum err err = ask_rrset(asking, names->stamp, &below, reterr);
        if (err == ERR_OK && text_equal(below, state->value))
                err = find_wildcard(asking, names, zone, state->value, &wildcard, reterr);
        if (err != ERR_OK || !wildcard) {
                ldns_rdf_deep_free(wildcard);
                return err;
        }
        CLEANUP(cleanup_free) char *from = ldns_rdf2str(wildcard), *name = ldns_rdf2str(names->address);
        ldns_rdf_deep_free(wildcard);
        char text[DOUBT_BYTES];
        (void)snprintf(
            text, sizeof(text),
            "%s answers for %.100s with \"%.80s\" by the wildcard %.100s: the name has no record of its own, "
            "until one is added",
            server_of(asking), name, state->value, from);
        target_state_clear(state);
        *state = (struct target_state){
            .value = mem_strdup(""),
            .doubt = mem_strdup(text),
            .stamp = {.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")},
        };
        return ERR_OK;
}

enum err synthesis_take_out(const struct asking *asking, const struct names *names, const ldns_rdf *zone,
                            const struct message answers[static ASK_COUNT], struct target_state *state,
                            struct errmsg *reterr)
{
        enum err err = ERR_OK;
        for (size_t i = 0; i < ASK_COUNT && err == ERR_OK; i++)
                err = check_dname(asking, &answers[i], reterr);
        if (err == ERR_OK)
                err = sort_out_stamp(asking, names, &answers[ASK_STAMP], &state->stamp, reterr);
        return err == ERR_OK ? sort_out_rrset(asking, names, zone, state, reterr) : err;
}
