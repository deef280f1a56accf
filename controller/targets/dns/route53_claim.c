/* route53_claim.c -- the claims of other tools on a name, by TXT records beside it in its hosted zone. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "targets/dns/claim_text.h"
#include "targets/dns/route53_index.h"
#include "targets/dns/route53_session.h"
#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { COMMAND_BYTES = 1536 };

/* One place where a claim may be. */
struct place {
        struct route53_look look;
        char name[ROUTE53_NAME_BYTES + 8];
        const struct route53_set *set; /* NULL: nothing claims there */
        char claim[TARGET_STAMP_BYTES];
};

static void look_for_heritage(struct place *place)
{
        for (size_t i = 0; i < place->look.sets.count && !place->set; i++) {
                const struct route53_set *set = &place->look.sets.list[i];
                if (strcmp(set->type, "TXT") != 0 || !route53_name_is(set->name, place->name))
                        continue;
                for (size_t j = 0; j < set->value_count && !place->set; j++)
                        if (route53_txt_read(set->values[j], place->claim, sizeof(place->claim)) &&
                            claim_is_heritage(place->claim))
                                place->set = set;
        }
}

static json_t *change_of(const struct route53_set *set)
{
        json_t *values = json_array();
        for (size_t i = 0; i < set->value_count; i++)
                (void)json_array_append_new(values, json_pack("{s:s}", "Value", set->values[i]));
        return json_pack("{s:s, s:{s:s, s:s, s:i, s:o}}", "Action", "DELETE", "ResourceRecordSet", "Name", set->name,
                         "Type", set->type, "TTL", (int)set->ttl_s, "ResourceRecords", values);
}

/* The command that deletes what claims the name, to be pasted into a shell. */
static char *command_of(const struct place places[static CLAIM_PLACES], const char *zone_id)
{
        json_t *changes = json_array();
        for (size_t i = 0; i < CLAIM_PLACES; i++)
                if (places[i].set)
                        (void)json_array_append_new(changes, change_of(places[i].set));
        json_t *batch = json_pack("{s:o}", "Changes", changes);
        char *text = batch ? json_dumps(batch, JSON_COMPACT) : NULL;
        struct strbuf command = STRBUF_INIT(COMMAND_BYTES);
        (void)strbuf_printf(&command, "aws route53 change-resource-record-sets --hosted-zone-id %s --change-batch '",
                            zone_id);
        for (const char *c = text ? text : ""; *c; c++)
                (void)(*c == '\'' ? strbuf_append_text(&command, "'\\''") : strbuf_append_char(&command, *c));
        (void)strbuf_append_char(&command, '\'');
        free(text);
        json_decref(batch);
        return strbuf_take(&command);
}

static enum err look_at(struct route53 *self, const char *zone_id, struct place *place,
                        const struct route53_index *index, mono_ms deadline, struct errmsg *reterr)
{
        mono_ms ignored = 0;
        enum err err = ERR_OK;
        if (index)
                place->look.sets = route53_index_find(index, &place->look.arena, place->name, NULL);
        else
                err = route53_list(self, zone_id, place->name, "", deadline, &place->look, &ignored, reterr);
        if (err == ERR_OK)
                look_for_heritage(place);
        return err;
}

enum err route53_claim(struct route53 *self, const char *zone_id, const char *name, const struct route53_index *index,
                       mono_ms deadline, char **ret, struct errmsg *reterr)
{
        struct place *places = mem_calloc(CLAIM_PLACES, sizeof(*places)), *first = NULL;
        enum err err = ERR_OK;
        for (size_t i = 0; i < CLAIM_PLACES && err == ERR_OK; i++) {
                struct strbuf text = STRBUF_INIT(sizeof(places[i].name) - 1);
                (void)strbuf_printf(&text, "%s%s", claim_prefixes[i], name);
                (void)TEXT_COPY(places[i].name, strbuf_text(&text));
                strbuf_deinit(&text);
                if (strcspn(places[i].name, ".") <= 63 && strlen(places[i].name) <= 253)
                        err = look_at(self, zone_id, &places[i], index, deadline, reterr);
                first = !first && places[i].set ? &places[i] : first;
        }
        if (err == ERR_OK && first) {
                CLEANUP(cleanup_free) char *command = command_of(places, zone_id);
                const char *claim = first->claim + (first->claim[0] == '"');
                *ret = claim_tell(claim, first->name, "with credentials that may change the zone", command);
        } else if (err == ERR_OK) {
                *ret = NULL;
        }
        for (size_t i = 0; i < CLAIM_PLACES; i++)
                route53_look_clear(&places[i].look);
        free(places);
        return err;
}
