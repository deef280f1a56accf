/* plane_targets.c -- which addresses are probed: each of the record that would be written. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "api/rrset.h"
#include "core/texts.h"
#include "reconcile/plane_parts.h"
#include "reconcile/policy.h"
#include "util/text.h"

static unsigned family_of(const char *address)
{
        int family = text_address_family(address);
        return family == 4 ? FAMILY_V4 : family == 6 ? FAMILY_V6 : 0;
}

/* The families by record type; behind a CNAME there may be both. */
static unsigned families_of(const char *rrset)
{
        if (text_has_prefix(rrset, "A "))
                return FAMILY_V4;
        return text_has_prefix(rrset, "AAAA ") ? FAMILY_V6 : FAMILY_V4 | FAMILY_V6;
}

unsigned plane_families(const struct plane *plane)
{
        static const unsigned families[] = {
            [RRSET_A] = FAMILY_V4, [RRSET_AAAA] = FAMILY_V6, [RRSET_CNAME] = FAMILY_V4 | FAMILY_V6,
            [RRSET_ALIAS] = FAMILY_V4 | FAMILY_V6};
        const unsigned by_itself = families_of(plane->rrset ? plane->rrset : "");
        unsigned wanted = plane->user_count ? 0 : by_itself;
        for (size_t i = 0; i < plane->user_count; i++) {
                enum rrset_type type = policy_record_type(plane->users[i]);
                wanted |= type == RRSET_AUTO ? by_itself : families[type];
        }
        return wanted;
}

bool plane_target_is_of(const char *address, const char *rrset)
{
        return !address[0] || (family_of(address) & families_of(rrset)) != 0;
}

/* As inet_ntop() spells it, which is how the record has it. */
static void add_target(int family, const void *binary, char (*texts)[PLANE_TEXT_BYTES], size_t *count)
{
        char text[PLANE_TEXT_BYTES];
        if (*count == SERVICE_ADDRESSES_MAX || !inet_ntop(family, binary, text, sizeof(text)))
                return;
        for (size_t i = 0; i < *count; i++)
                if (strcmp(texts[i], text) == 0)
                        return;
        (void)TEXT_COPY(texts[(*count)++], text);
}

size_t plane_targets(const struct plane *plane, char ret_texts[static SERVICE_ADDRESSES_MAX][PLANE_TEXT_BYTES])
{
        size_t count = 0;
        for (unsigned i = 0; i < plane->resolved_count; i++) {
                const struct address *address = &plane->resolved[i];
                const void *binary =
                    address->family == AF_INET ? (const void *)&address->v4 : (const void *)&address->v6;
                add_target(address->family, binary, ret_texts, &count);
        }
        for (size_t i = 0; i < plane->address_count; i++) {
                struct address address;
                if (!(family_of(plane->addresses[i]) & plane->families) ||
                    address_parse(plane->addresses[i], &address) != ERR_OK)
                        continue;
                const void *binary = address.family == AF_INET ? (const void *)&address.v4 : (const void *)&address.v6;
                add_target(address.family, binary, ret_texts, &count);
        }
        return count;
}

const char *plane_left_out(const struct plane *plane, const char *rrset, struct arena *arena)
{
        const char *text = NULL;
        for (size_t i = 0; i < plane->address_count && rrset[0]; i++)
                if (family_of(plane->addresses[i]) && !plane_target_is_of(plane->addresses[i], rrset))
                        text = arena_printf(arena, "%s%s%s", text ? text : "", text ? ", " : "", plane->addresses[i]);
        return !text && texts_leads_to(rrset, arena) ? plane->other_names : text;
}
