/* runbook.c -- the commands that a person would run now. */
#include "core/runbook.h"

#include <string.h>

#include "core/election.h"
#include "core/phrase.h"
#include "core/plan.h"
#include "core/remedy.h"
#include "core/runbook_parts.h"
#include "core/targets.h"
#include "util/mem.h"
#include "util/text.h"

static void add(struct runbook *runbook, const char *line)
{
        INVARIANT(runbook->count < RUNBOOK_LINES_MAX);
        runbook->lines[runbook->count++] = line;
}

const char *runbook_quote(const char *text, struct arena *arena)
{
        const char *quoted = "";
        for (const char *at = text; *at;) {
                size_t run = strcspn(at, "'");
                quoted = arena_printf(arena, "%s%.*s%s", quoted, (int)run, at, at[run] ? "'\\''" : "");
                at += run + (at[run] != '\0');
        }
        return arena_printf(arena, "'%s'", quoted);
}

struct endpoint {
        const char *host;
        const char *port; /* "" where not said */
};

/* "host", "host:port", "[v6]:port", "[v6]" or a bare v6 address, which has two colons and no port. */
static struct endpoint split(const char *address, struct arena *arena)
{
        if (address[0] == '[') {
                size_t length = strcspn(address + 1, "]");
                const char *rest = address + 1 + length;
                return (struct endpoint){arena_printf(arena, "%.*s", (int)length, address + 1),
                                         strncmp(rest, "]:", 2) == 0 ? arena_strdup(arena, rest + 2) : ""};
        }
        const char *colon = strchr(address, ':');
        if (!colon || strchr(colon + 1, ':'))
                return (struct endpoint){address, ""};
        return (struct endpoint){arena_printf(arena, "%.*s", (int)(colon - address), address), colon + 1};
}

/* Each line of the update is one quoted argument of printf: no value is ever read as a format or by the shell. */
static const char *with_line(const char *lines, const char *line, struct arena *arena)
{
        return arena_printf(arena, "%s %s", lines, runbook_quote(line, arena));
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
static const char *nsupdate_command(const struct view *view, const char *rrset, struct arena *arena)
{
        const struct target_ref *ref = &targets_name(view)->ref;
        const struct endpoint server = split(ref->endpoint, arena);
        const char *lines =
            with_line("printf '%s\\n'",
                      arena_printf(arena, "server %s%s%s", server.host, server.port[0] ? " " : "", server.port), arena);
        lines = with_deletions(lines, ref->name, text_has_prefix(rrset, "CNAME "), arena);
        size_t type = strcspn(rrset, " ");
        for (const char *at = rrset + type; *at;) {
                at++;
                size_t length = strcspn(at, ",");
                lines = with_line(lines,
                                  arena_printf(arena, "update add %s %u %.*s %.*s", ref->name,
                                               wanted_find(&view->policy, TARGET_NAME)->ttl_s, (int)type, rrset, (int)length, at),
                                  arena);
                at += length;
        }
        return arena_printf(arena, "%s send | nsupdate -k tsig.key", lines);
}

static const char *dig_command(const struct view *view, const char *rrset, struct arena *arena)
{
        const struct target_ref *ref = &targets_name(view)->ref;
        const struct endpoint server = split(ref->endpoint, arena);
        return arena_printf(arena, "dig +norecurse @%s%s%s %s %.*s # wants %s", server.host,
                            server.port[0] ? " -p " : "", server.port, ref->name, (int)strcspn(rrset, " "),
                            rrset, rrset);
}

static struct runbook_name by_rfc2136(const struct view *view, const char *rrset, struct arena *arena)
{
        return (struct runbook_name){.needs = "tsig.key is the policy's TSIG Secret as a file",
                                     .move = nsupdate_command(view, rrset, arena),
                                     .look = dig_command(view, rrset, arena)};
}

/* Whatever tool its provider has: what is to be done is all the same. */
static struct runbook_name by_any_tool(const struct view *view, const char *rrset, struct arena *arena)
{
        const struct target_ref *ref = &targets_name(view)->ref;
        return (struct runbook_name){
            .needs = arena_printf(arena, "the tool of %s is at hand", ref->driver),
            .move = arena_printf(arena, "# at %s make %s: %s, TTL %u, and nothing else", ref->endpoint, ref->name, rrset,
                                 wanted_find(&view->policy, TARGET_NAME)->ttl_s),
            .look = arena_printf(arena, "dig +short %s %.*s # wants %s", ref->name, (int)strcspn(rrset, " "), rrset, rrset)};
}

static struct runbook_name name_by_hand(const struct view *view, const char *rrset, struct arena *arena)
{
        static const struct {
                const char *driver;
                struct runbook_name (*by_hand)(const struct view *view, const char *rrset, struct arena *arena);
        } rows[] = {{"rfc2136", by_rfc2136}, {"route53", runbook_route53}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (text_equal(targets_name(view)->ref.driver, rows[i].driver))
                        return rows[i].by_hand(view, rrset, arena);
        return by_any_tool(view, rrset, arena);
}

static const char *redis_command(const struct target_view *target, const char *value, struct arena *arena)
{
        const struct target_ref *ref = &target->ref;
        const struct endpoint server = split(ref->endpoint, arena);
        return arena_printf(arena, "redis-cli -h %s -p %s -n %u SET %s %s", runbook_quote(server.host, arena),
                            server.port[0] ? server.port : "6379", ref->db, runbook_quote(ref->name, arena),
                            runbook_quote(value, arena));
}

/* The plane that agents are led to while the lock, or the record, names another; NULL: there is none. */
static const struct plane_view *half_shown(const struct view *view, const struct decision *decision,
                                           struct arena *arena)
{
        bool is_edited = decision->finding == FINDING_DRIFT || decision->finding == FINDING_UNKNOWN_TARGET ||
                         decision->finding == FINDING_STEADY;
        if (decision->phase == PHASE_SWITCHING || !is_edited)
                return NULL;
        const struct plane_view *shown = decision->active ? decision->active : adopt_plane_shown(view);
        return shown && shown->rrset[0] && !adopt_matches(view, shown, arena) ? shown : NULL;
}

/*
 * A switch under way is finished by hand, a name that leads nowhere is written again; else it goes to whom the operator
 * would choose, or at least to somebody with an address.
 */
static const struct plane_view *destination(const struct view *view, const struct decision *decision,
                                            struct arena *arena)
{
        bool is_unwritten = decision->phase == PHASE_SWITCHING || decision->finding == FINDING_NAME_EMPTY;
        if (is_unwritten && decision->active && decision->active->rrset[0])
                return decision->active;
        const struct plane_view *half = half_shown(view, decision, arena);
        if (half || decision->candidate)
                return half ? half : decision->candidate;
        return adopt_by_hand(view, decision->active, arena);
}

static bool is_fit(const struct view *view, const struct decision *decision, const struct plane_view *plane,
                   struct arena *arena)
{
        return decision->verdicts[plane - view->planes] == VERDICT_UP && !election_name_unfit(view, plane, arena)[0];
}

/* How the operator hears of it, or why it need not. */
static const char *last_line(const struct view *view, const struct decision *decision, const struct plane_view *to,
                             struct arena *arena)
{
        struct view released = *view; /* what people have stopped goes on where they release it, and is held until then */
        released.policy.suspended = released.kill_switch = false;
        const struct remedy adopt = remedy_adopt_by_hand(&released, to, arena);
        const char *held = view->kill_switch ? phrase_kill_switch(view) : "spec.suspend is true";
        if (adopt.command)
                return arena_printf(arena, "%s --field-manager=oncall%s%s", adopt.command,
                                    view->kill_switch || view->policy.suspended ? " # held as long as " : "",
                                    view->kill_switch || view->policy.suspended ? held : "");
        if (view->policy.mode == MODE_ADVISE)
                return "# nothing to annotate: mode Advise records nothing, its status follows the name";
        if (decision->phase == PHASE_SWITCHING && to == decision->active)
                return "# nothing to annotate: the operator goes on from there by itself";
        return arena_printf(arena, "# nothing to annotate now: %s", adopt.why_not);
}

void runbook_build(const struct view *view, const struct decision *decision, struct arena *arena, struct runbook *ret)
{
        const struct plane_view *to = destination(view, decision, arena);
        *ret = (struct runbook){0};
        if (!to) {
                add(ret, "# no other plane has an address: nothing can be switched by hand either");
                return;
        }
        unsigned long long next = decision->epoch + 1;
        const struct target_view *lock = targets_find(view, TARGET_LOCK);
        const struct runbook_name name = name_by_hand(view, to->rrset, arena);
        add(ret,
            arena_printf(arena, "# to %s by hand (healthy now: %s); %s%s", to->name,
                         is_fit(view, decision, to, arena) ? "yes" : "no, check it first", name.needs,
                         lock ? ", REDISCLI_AUTH the password of its Redis Secret" : ""));
        if (lock)
                add(ret, redis_command(lock, plan_value_at(view, lock, to, next, arena), arena));
        add(ret, name.move);
        add(ret, name.look);
        add(ret, last_line(view, decision, to, arena));
}
