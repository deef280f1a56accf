/* look.c -- the state of a register. */
#include "targets/dns/look.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/clock.h"
#include "targets/dns/state.h"
#include "targets/dns/synthesis.h"
#include "targets/dns/zone.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

/* Beside the three of a state: in which zone the stamp's name is. */
enum { ASK_STAMP_ZONE = ASK_COUNT, LOOK_COUNT };

enum { UNSIGNED_WAITS_MS = 500, DOUBT_BYTES = 1024 };

static void clear_all(struct message *messages, size_t count)
{
        for (size_t i = 0; i < count; i++)
                message_clear(&messages[i]);
}

enum err look_quickly(const struct asking *asking, const struct names *names, struct target_state *ret,
                      struct errmsg *reterr)
{
        struct message messages[ASK_COUNT];
        state_ask(names, asking->key, messages);
        enum err err = ask_all(asking, messages, ASK_COUNT, reterr);
        if (err == ERR_OK)
                err = state_from_answers(messages, ret, reterr);
        clear_all(messages, ASK_COUNT);
        return err;
}

/* The answer to users, who ask without a key; false where users do not ask this server: no answer, a refusal, or none
 * with authority. */
static bool ask_as_users(const struct asking *asking, const struct names *names, char **ret)
{
        mono_ms soon = clock_mono() + UNSIGNED_WAITS_MS;
        const struct asking as_users = {.channel = asking->channel,
                                        .key = NULL,
                                        .deadline = soon < asking->deadline ? soon : asking->deadline};
        struct errmsg ignored;
        return ask_rrset(&as_users, names->address, ret, &ignored) == ERR_OK;
}

/*
 * Each signed question has an unsigned one beside it: a key can lead to a view of its own, in which every write
 * succeeds and no user sees it. The two differ for a moment during a change, so a difference is looked at twice.
 */
static void compare_views(const struct asking *asking, const struct names *names, struct target_state *state)
{
        CLEANUP(cleanup_free) char *theirs = NULL, *ours = NULL, *again = NULL;
        struct errmsg ignored;
        if (!ask_as_users(asking, names, &theirs) || text_equal(theirs, state->value))
                return;
        if (ask_rrset(asking, names->address, &ours, &ignored) != ERR_OK || !text_equal(ours, state->value))
                return;
        if (!ask_as_users(asking, names, &again) || text_equal(again, state->value))
                return;
        char text[DOUBT_BYTES];
        (void)snprintf(
            text, sizeof(text),
            "%s answers questions signed with key %.80s with \"%.80s\", and unsigned ones, as users ask, with "
            "\"%.80s\": the key leads to another view. Use a key that reaches the view of the users (BIND: "
            "match-clients of the views), or serve one zone in both (BIND: in-view)",
            asking->channel->server.text, asking->key->text, state->value, again);
        state->doubt = mem_strdup(text);
}

enum err look_closely(const struct asking *asking, const struct names *names, const ldns_rdf *zone,
                      struct target_state *ret, struct errmsg *reterr)
{
        struct target_state state = {0};
        struct message messages[LOOK_COUNT];
        state_ask(names, asking->key, messages);
        message_ask(names->stamp, LDNS_RR_TYPE_SOA, asking->key, &messages[ASK_STAMP_ZONE]);
        enum err err = ask_all(asking, messages, LOOK_COUNT, reterr);
        if (err == ERR_OK)
                err = zone_check(asking, &messages[ASK_STAMP_ZONE], zone, names->address, reterr);
        if (err == ERR_OK)
                err = state_from_answers(messages, &state, reterr);
        if (err == ERR_OK)
                compare_views(asking, names, &state);
        if (err == ERR_OK)
                err = synthesis_take_out(asking, names, zone, messages, &state, reterr);
        clear_all(messages, LOOK_COUNT);
        if (err == ERR_OK)
                *ret = state;
        else
                target_state_clear(&state);
        return err;
}
