/* beside.c -- claims, other answers, late ones. */
#include "beside.h"

#include <string.h>

#include "judge.h"

enum { HAS_CLAIMS = 20, HAS_WILDCARD, ASKED_EVERY_S = 31, SHOWS_LATE_MS = 6000 };

/* What an operator was told, in the life that it has. */
struct told {
        uint64_t life;
        bool is_claimed;
        vtime_us read_at;       /* its last look that was answered, claims and all */
        vtime_us doubted_since; /* 0: by its last look users are answered the same */
};

static struct {
        bool has_claims, has_wildcard;
        struct {
                int claims, diversions, forwards;
                vtime_us claimed_at, shows_at;
                vtime_us changed_at; /* when any of these began or ended; 0 never */
                struct reg before; /* what is shown until then */
                struct told told[HOSTS_MAX];
        } names[POLICIES_MAX];
} beside;

void beside_begin(void)
{
        memset(&beside, 0, sizeof(beside));
        beside.has_claims = world.is_wide && history_has(HAS_CLAIMS, 400);
        beside.has_wildcard = world.is_wide && history_has(HAS_WILDCARD, 300);
}

bool beside_has_claims(void)
{
        return beside.has_claims;
}

/* ---- what is so ---- */

void beside_claim(unsigned policy, int more)
{
        if (!beside.has_claims)
                return;
        if (beside.names[policy].claims == 0)
                beside.names[policy].claimed_at = vtime_now();
        beside.names[policy].claims += more;
        beside.names[policy].changed_at = vtime_now();
}

void beside_divert(unsigned policy, int more)
{
        beside.names[policy].diversions += more;
        beside.names[policy].changed_at = vtime_now();
}

void beside_forward(unsigned policy, int more)
{
        beside.names[policy].forwards += more;
        beside.names[policy].changed_at = vtime_now();
        if (!beside.names[policy].forwards)
                beside.names[policy].shows_at = 0;
}

bool beside_is_quiet_since(unsigned policy, vtime_us since)
{
        bool is_quiet = !beside.names[policy].claims && !beside.names[policy].diversions && !beside.names[policy].forwards;
        return is_quiet && (!beside.names[policy].changed_at || beside.names[policy].changed_at < since);
}

const struct reg *beside_served(unsigned policy)
{
        return beside_shows_at(policy) ? &beside.names[policy].before : &registers.dns[policy];
}

vtime_us beside_shows_at(unsigned policy)
{
        vtime_us at = beside.names[policy].shows_at;
        return at > vtime_now() ? at : 0;
}

void beside_written(unsigned policy, const struct reg *old)
{
        if (beside.names[policy].forwards <= 0 || beside_shows_at(policy))
                return;
        beside.names[policy].before = *old;
        beside.names[policy].shows_at = vtime_now() + (vtime_us)chance_below(SHOWS_LATE_MS) * VTIME_MS;
}

/* ---- what is told ---- */

static struct told *told_to(const struct host *host, unsigned policy)
{
        struct told *told = &beside.names[policy].told[host->index];
        if (told->life != host->life)
                *told = (struct told){.life = host->life};
        return told;
}

const char *beside_tell_doubt(const struct host *host, unsigned policy, const struct reg *seen)
{
        struct told *told = told_to(host, policy);
        bool is_diverted = seen->value[0] && beside.names[policy].diversions > 0;
        told->read_at = vtime_now();
        if (!is_diverted)
                told->doubted_since = 0;
        else if (!told->doubted_since)
                told->doubted_since = vtime_now();
        if (is_diverted)
                return "192.0.2.53 answers unsigned questions, as users ask, with \"A 203.0.113.98\"";
        return !seen->value[0] && beside.has_wildcard ? "192.0.2.53 answers by the wildcard *.example.test" : NULL;
}

const char *beside_tell_claim(const struct host *host, unsigned policy)
{
        struct told *told = told_to(host, policy);
        told->is_claimed = beside.names[policy].claims > 0;
        return told->is_claimed ? "is managed by external-dns (owner \"mesh\"): take it out there" : NULL;
}

void beside_untold(const struct host *host, unsigned policy)
{
        told_to(host, policy)->read_at = 0;
}

bool beside_knows_claim(const struct host *host, unsigned policy)
{
        const struct told *told = told_to(host, policy);
        bool has_stood = beside.names[policy].claims > 0 &&
                         told->read_at > beside.names[policy].claimed_at + (vtime_us)ASKED_EVERY_S * VTIME_S;
        return told->is_claimed || has_stood;
}

vtime_us beside_doubted_since(const struct host *host, unsigned policy)
{
        return told_to(host, policy)->doubted_since;
}
