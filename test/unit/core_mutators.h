/*
 * core_mutators.h -- ways in which a world may differ from the ordinary one. Any of them may follow any other, so that
 * random sequences reach states that nobody thought of. None of them brings about a fact that is only due within the
 * next minute.
 */
#ifndef PK_TEST_CORE_MUTATORS_H
#define PK_TEST_CORE_MUTATORS_H

#include "core_world.h"

struct mutator {
        const char *name;
        void (*apply)(struct world *world);
};

extern const struct mutator core_mutators[];
extern const size_t core_mutator_count;

/*
 * @by_ms pass, and everything that was being observed at the beginning has been observed again with the same outcome.
 */
void core_renew(struct world *world, mono_ms by_ms);

/* PK_SEED, or @otherwise; it is printed. */
uint64_t core_chosen_seed(uint64_t otherwise);
/* A world of its own for every @seed; @ret_name says which, so that a failure can be looked at again. */
void core_arbitrary_world(struct world *world, uint64_t seed, char *ret_name, size_t size);

/* A small seeded generator: equal seeds, equal worlds, everywhere. */
uint64_t core_random(uint64_t *seed);
unsigned core_pick(uint64_t *seed, unsigned below);

#endif
