/* sim_text.c -- actions and states of the simulated world as text, and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_parts.h"

const char *sim_verb_name(enum sim_verb verb)
{
        static const char *const texts[SIM_VERB_COUNT] = {
#define VERB_NAME(verb, text) [verb] = text,
            SIM_VERB_LIST(VERB_NAME)
#undef VERB_NAME
        };
        return (unsigned)verb < SIM_VERB_COUNT ? texts[verb] : "invalid";
}

const char *sim_ending_name(enum sim_ending ending)
{
        static const char *const texts[SIM_ENDING_COUNT] = {[SIM_ANSWERED] = "answered",
                                                            [SIM_UNANSWERED] = "unanswered",
                                                            [SIM_DELAYED] = "delayed",
                                                            [SIM_LOST] = "lost",
                                                            [SIM_CRASHED] = "crashed"};
        return (unsigned)ending < SIM_ENDING_COUNT ? texts[ending] : "invalid";
}

static bool names_plane(enum sim_verb verb)
{
        return verb == SIM_UNREACH || verb == SIM_BLINK;
}

void sim_action_print(struct sim_action action, char *ret_text, size_t size)
{
        if (action.verb == SIM_PASS)
                (void)snprintf(ret_text, size, "pass.%u.%s.%u", action.who, sim_ending_name(action.ending),
                               action.down);
        else if (names_plane(action.verb))
                (void)snprintf(ret_text, size, "%s.%u.%u", sim_verb_name(action.verb), action.who, action.plane);
        else
                (void)snprintf(ret_text, size, "%s.%u", sim_verb_name(action.verb), action.who);
}

/* Takes one of @count names off *text. */
static bool take_name(const char **text, const char *(*name_of)(unsigned), unsigned count, unsigned *ret)
{
        for (unsigned i = 0; i < count; i++) {
                const size_t length = strlen(name_of(i));
                const char after = strncmp(*text, name_of(i), length) == 0 ? (*text)[length] : 'x';
                if (after != '.' && after != '\0')
                        continue;
                *ret = i;
                *text += length;
                return true;
        }
        return false;
}

/* Takes ".<number>" off *text. */
static bool take_number(const char **text, unsigned *ret)
{
        if ((*text)[0] != '.' || (*text)[1] < '0' || (*text)[1] > '9')
                return false;
        char *end = NULL;
        *ret = (unsigned)strtoul(*text + 1, &end, 10);
        *text = end;
        return true;
}

static const char *verb_at(unsigned index)
{
        return sim_verb_name((enum sim_verb)index);
}

static const char *ending_at(unsigned index)
{
        return sim_ending_name((enum sim_ending)index);
}

bool sim_action_parse(const char *text, struct sim_action *ret)
{
        unsigned verb = 0, ending = SIM_ANSWERED;
        *ret = (struct sim_action){.verb = SIM_TICK};
        if (!take_name(&text, verb_at, SIM_VERB_COUNT, &verb) || !take_number(&text, &ret->who))
                return false;
        if (names_plane((enum sim_verb)verb) && !take_number(&text, &ret->plane))
                return false;
        if (verb == SIM_PASS && (*text++ != '.' || !take_name(&text, ending_at, SIM_ENDING_COUNT, &ending) ||
                                 !take_number(&text, &ret->down)))
                return false;
        ret->verb = (enum sim_verb)verb;
        ret->ending = (enum sim_ending)ending;
        return *text == '\0';
}

static void print_register(const char *label, const struct sim_register *shown, char *ret_text, size_t size)
{
        (void)snprintf(ret_text, size, "%s %s@%llu", label, shown->present ? shown->value : "nothing",
                       (unsigned long long)(shown->stamp.presence == STAMP_OURS ? shown->stamp.epoch : 0));
}

void sim_print(const struct sim *sim, char *ret_text, size_t size)
{
        char dns[64], lock[64], third[80] = "", record[96] = "no record";
        print_register("dns", &sim->dns, dns, sizeof(dns));
        print_register("lock", &sim->lock, lock, sizeof(lock));
        if (sim->has_record)
                (void)snprintf(record, sizeof(record), "record %llu %s->%s %s (%s)",
                               (unsigned long long)sim->record.epoch, sim->record.from, sim->record.to,
                               phase_name(sim->record.phase), sim->record.reason);
        if (sim->config.third)
                print_register(sim->third_lies ? ", lying third" : ", third", &sim->third, third, sizeof(third));
        (void)snprintf(ret_text, size, "%s, %s%s%s%s", record, dns, sim->config.uses_lock ? ", " : "",
                       sim->config.uses_lock ? lock : "", third);
}
