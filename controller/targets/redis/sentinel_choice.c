/* sentinel_choice.c -- the replica that Sentinel would promote. */
#include "targets/redis/sentinel_choice.h"

#include "core/target.h"

static bool can_be_chosen(const struct sentinel_replica *replica)
{
        return !replica->is_down && replica->priority > 0;
}

/* Of two, one that can be chosen before one that cannot, and the lower priority before the higher. */
static const struct sentinel_replica *better(const struct sentinel_replica *a, const struct sentinel_replica *b)
{
        if (!a || can_be_chosen(a) != can_be_chosen(b))
                return !a || can_be_chosen(b) ? b : a;
        return b->priority < a->priority ? b : a;
}

struct sentinel_choice sentinel_choose(const struct sentinel_answer *answer, const char *wanted)
{
        struct sentinel_choice choice = {0};
        for (size_t i = 0; i < answer->replica_count; i++) {
                const struct sentinel_replica *replica = &answer->replicas[i];
                if (target_is_wanted(TARGET_PROMOTION, wanted, replica->address))
                        choice.wanted = better(choice.wanted, replica);
                else if (can_be_chosen(replica))
                        choice.other = better(choice.other, replica);
        }
        const struct sentinel_replica *own = choice.wanted, *other = choice.other;
        choice.outlook = !own                                   ? OUTLOOK_UNKNOWN
                         : own->is_down                         ? OUTLOOK_DOWN
                         : own->priority == 0                   ? OUTLOOK_NEVER
                         : other && other->priority < own->priority ? OUTLOOK_OTHER
                         : other && other->priority == own->priority ? OUTLOOK_OPEN
                                                                     : OUTLOOK_WANTED;
        return choice;
}
