/* route53_start.c -- the sets that a swap deletes, as the last read saw them. */
#include "targets/dns/route53_start.h"

#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"

void route53_start_clear(struct route53_start *start)
{
        xml_clear(&start->xml);
        arena_deinit(&start->arena);
        route53_look_clear(&start->look);
}

bool route53_shows(const struct target_state *a, const struct target_state *b)
{
        bool has_stamp = a->stamp.presence != STAMP_ABSENT;
        return text_equal(a->value, b->value) && has_stamp == (b->stamp.presence != STAMP_ABSENT) &&
               (!has_stamp || text_equal(a->stamp.raw, b->stamp.raw));
}

bool route53_start_from_version(const struct target_visit *visit, const struct route53_names *names,
                                struct route53_start *start)
{
        const char *version = visit->expected->version, *sets = version ? strchr(version, ' ') : NULL;
        struct errmsg ignored;
        if (!sets || (size_t)(sets - version) >= sizeof(start->zone_id) ||
            xml_parse(sets + 1, strlen(sets + 1), &start->xml, &ignored) != ERR_OK ||
            route53_answer_sets(start->xml.root, &start->arena, &start->own, &ignored) != ERR_OK)
                return false;
        CLEANUP(target_state_clear) struct target_state then = {0};
        if (route53_state(&start->own, names, &then, &ignored) != ERR_OK || !route53_shows(&then, visit->expected))
                return false;
        memcpy(start->zone_id, version, (size_t)(sets - version));
        start->zone_id[sets - version] = '\0';
        return route53_zone_id(start->zone_id) != NULL;
}
