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

void sim_action_print(struct sim_action action, char *ret_text, size_t size)
{
        if (action.verb == SIM_PASS)
                (void)snprintf(ret_text, size, "pass.%u.%s.%u", action.who, sim_ending_name(action.ending),
                               action.down);
        else if (action.verb == SIM_UNREACH)
                (void)snprintf(ret_text, size, "unreach.%u.%u", action.who, action.plane);
        else
                (void)snprintf(ret_text, size, "%s.%u", sim_verb_name(action.verb), action.who);
}

static bool parse_ending(const char *text, size_t length, enum sim_ending *ret)
{
        for (unsigned i = 0; i < SIM_ENDING_COUNT; i++) {
                const char *name = sim_ending_name((enum sim_ending)i);
                if (strlen(name) == length && strncmp(name, text, length) == 0) {
                        *ret = (enum sim_ending)i;
                        return true;
                }
        }
        return false;
}

bool sim_action_parse(const char *text, struct sim_action *ret)
{
        size_t length = strcspn(text, ".");
        *ret = (struct sim_action){.verb = SIM_VERB_COUNT};
        for (unsigned i = 0; i < SIM_VERB_COUNT; i++)
                if (strlen(sim_verb_name((enum sim_verb)i)) == length &&
                    strncmp(sim_verb_name((enum sim_verb)i), text, length) == 0)
                        ret->verb = (enum sim_verb)i;
        if (ret->verb == SIM_VERB_COUNT || text[length] != '.')
                return false;
        char *end = NULL;
        ret->who = (unsigned)strtoul(text + length + 1, &end, 10);
        if (ret->verb == SIM_UNREACH && *end == '.')
                ret->plane = (unsigned)strtoul(end + 1, &end, 10);
        if (ret->verb == SIM_PASS && *end == '.') {
                const char *ending = end + 1;
                length = strcspn(ending, ".");
                if (!parse_ending(ending, length, &ret->ending) || ending[length] != '.')
                        return false;
                ret->down = (unsigned)strtoul(ending + length + 1, &end, 10);
        }
        return *end == '\0';
}

static void print_register(const char *label, const struct sim_register *shown, char *ret_text, size_t size)
{
        (void)snprintf(ret_text, size, "%s %s@%llu", label, shown->present ? shown->value : "nothing",
                       (unsigned long long)(shown->stamp.presence == STAMP_OURS ? shown->stamp.epoch : 0));
}

void sim_print(const struct sim *sim, char *ret_text, size_t size)
{
        char dns[64], lock[64], record[96] = "no record";
        print_register("dns", &sim->dns, dns, sizeof(dns));
        print_register("lock", &sim->lock, lock, sizeof(lock));
        if (sim->has_record)
                (void)snprintf(record, sizeof(record), "record %llu %s->%s %s (%s)",
                               (unsigned long long)sim->record.epoch, sim->record.from, sim->record.to,
                               phase_name(sim->record.phase), sim->record.reason);
        (void)snprintf(ret_text, size, "%s, %s%s%s", record, dns, sim->config.uses_lock ? ", " : "",
                       sim->config.uses_lock ? lock : "");
}
