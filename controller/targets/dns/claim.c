/* claim.c -- the records by which other tools mark a name as theirs. */
#include "targets/dns/claim.h"

#include <stdlib.h>
#include <string.h>

#include "targets/dns/claim_text.h"
#include "targets/dns/state.h"
#include "targets/dns/verdict.h"
#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { COMMAND_BYTES = 1024, NAME_BYTES = 384 };

struct place {
        ldns_rdf *owner; /* NULL: such a name would be too long, so nobody has it */
        char *name;
        char *claim; /* NULL: none */
};

/* ---- asking ---- */

/* The first ownership text among TXT records, which may stand beside others. */
static char *heritage_in(const struct message *message)
{
        const ldns_rr_list *answers = ldns_pkt_answer(message->answer);
        for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
                const ldns_rr *record = ldns_rr_list_rr(answers, i);
                CLEANUP(cleanup_free) char *text = state_record_text(record, message->owner);
                if (text && claim_is_heritage(text))
                        return mem_strdup(text + (text[0] == '"'));
        }
        return NULL;
}

static enum err ask_places(const struct asking *asking, struct place places[static CLAIM_PLACES], struct errmsg *reterr)
{
        struct message messages[CLAIM_PLACES];
        size_t count = 0;
        for (size_t i = 0; i < CLAIM_PLACES; i++)
                if (places[i].owner)
                        message_ask(places[i].owner, LDNS_RR_TYPE_TXT, asking->key, &messages[count++]);
        enum err err = channel_ask(asking->channel, messages, count, asking->deadline, reterr);
        for (size_t i = 0, at = 0; i < CLAIM_PLACES; i++) {
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
static enum err drop_wildcard(const struct asking *asking, const ldns_rdf *name,
                              struct place places[static CLAIM_PLACES], struct errmsg *reterr)
{
        ldns_rdf *star = ldns_dname_new_frm_str("*."), *parent = ldns_dname_left_chop(name);
        struct place wildcard[CLAIM_PLACES] = {{.owner = ldns_dname_cat_clone(star, parent)}};
        enum err err = ask_places(asking, wildcard, reterr);
        for (size_t i = 0; i < CLAIM_PLACES; i++) {
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

static char *tell(const struct asking *asking, const struct place places[static CLAIM_PLACES],
                  const struct place *first)
{
        CLEANUP(strbuf_deinit) struct strbuf command = STRBUF_INIT(COMMAND_BYTES);
        (void)strbuf_printf(&command, "printf '%%s\\n' 'server %s %s'", asking->channel->server.host,
                            asking->channel->server.port);
        for (size_t i = 0; i < CLAIM_PLACES; i++)
                if (places[i].claim)
                        (void)strbuf_printf(&command, " 'update delete %s TXT'", places[i].name);
        (void)strbuf_append_text(&command, " send | nsupdate -k tsig.key");
        return claim_tell(first->claim, first->name, "tsig.key: a key that may delete that TXT", strbuf_text(&command));
}

enum err claim_find(const struct asking *asking, const ldns_rdf *name, char **ret, struct errmsg *reterr)
{
        struct place places[CLAIM_PLACES] = {0};
        CLEANUP(cleanup_free) char *base = ldns_rdf2str(name);
        for (size_t i = 0; i < CLAIM_PLACES; i++) {
                struct strbuf text = STRBUF_INIT(NAME_BYTES);
                (void)strbuf_printf(&text, "%s%s", claim_prefixes[i], base);
                places[i].name = strbuf_take(&text);
                places[i].owner = ldns_dname_new_frm_str(places[i].name);
        }
        enum err err = ask_places(asking, places, reterr);
        bool has_any = false;
        for (size_t i = 0; i < CLAIM_PLACES; i++)
                has_any |= places[i].claim != NULL;
        if (err == ERR_OK && has_any)
                err = drop_wildcard(asking, name, places, reterr);
        const struct place *first = NULL;
        for (size_t i = 0; i < CLAIM_PLACES && !first; i++)
                first = places[i].claim ? &places[i] : NULL;
        if (err == ERR_OK)
                *ret = first ? tell(asking, places, first) : NULL;
        for (size_t i = 0; i < CLAIM_PLACES; i++) {
                ldns_rdf_deep_free(places[i].owner);
                free(places[i].name);
                free(places[i].claim);
        }
        return err;
}
