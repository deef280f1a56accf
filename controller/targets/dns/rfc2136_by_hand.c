/* rfc2136_by_hand.c -- a name moved by hand with nsupdate, and looked at with dig. */
#include "targets/dns/rfc2136_by_hand.h"

#include <string.h>

#include "targets/by_hand.h"
#include "util/text.h"

/* Each line of the update is one quoted argument of printf: no value is ever read as a format or by the shell. */
static const char *with_line(const char *lines, const char *line, struct arena *arena)
{
        return arena_printf(arena, "%s %s", lines, by_hand_quote(line, arena));
}

/*
 * As the operator itself does it, so that no server is left with an empty name: for a CNAME the name is deleted as a
 * whole, provided that it holds nothing else that people put beside addresses.
 */
static const char *with_deletions(const char *lines, const char *name, bool is_cname, struct arena *arena)
{
        static const struct line {
                const char *verb;
                const char *type;
        } cname[] = {{"prereq nxrrset", " MX"}, {"prereq nxrrset", " TXT"}, {"update delete", ""}},
          addresses[] = {{"update delete", " A"}, {"update delete", " AAAA"}, {"update delete", " CNAME"}};
        const struct line *form = is_cname ? cname : addresses;
        for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
                lines = with_line(lines, arena_printf(arena, "%s %s%s", form[i].verb, name, form[i].type), arena);
        return lines;
}

/* nsupdate wants "server host port", and one "update add" per value of the set. */
static const char *update_command(const struct by_hand_write *write, const struct by_hand_endpoint *server,
                                  struct arena *arena)
{
        const char *name = write->target->ref.name, *rrset = write->value;
        const char *lines = with_line(
            "printf '%s\\n'",
            arena_printf(arena, "server %s%s%s", server->host, server->port[0] ? " " : "", server->port), arena);
        lines = with_deletions(lines, name, text_has_prefix(rrset, "CNAME "), arena);
        size_t type = strcspn(rrset, " ");
        for (const char *at = rrset + type; *at;) {
                at++;
                size_t length = strcspn(at, ",");
                lines = with_line(lines,
                                  arena_printf(arena, "update add %s %u %.*s %.*s", name, write->ttl_s, (int)type,
                                               rrset, (int)length, at),
                                  arena);
                at += length;
        }
        return arena_printf(arena, "%s send | nsupdate -k tsig.key", lines);
}

struct by_hand rfc2136_by_hand(const struct target_config *config, const struct by_hand_write *write,
                               struct arena *arena)
{
        (void)config;
        const struct target_ref *ref = &write->target->ref;
        const struct by_hand_endpoint server = by_hand_endpoint(ref->endpoint, arena);
        return (struct by_hand){.needs = "tsig.key is the policy's TSIG Secret as a file",
                                .move = update_command(write, &server, arena),
                                .look = arena_printf(arena, "dig +norecurse @%s%s%s %s %.*s # wants %s", server.host,
                                                     server.port[0] ? " -p " : "", server.port, ref->name,
                                                     (int)strcspn(write->value, " "), write->value, write->value)};
}
