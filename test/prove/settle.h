/*
 * settle.h -- is a state wedged? Once faults stop, it must come to rest where every target shows the record: whatever
 * is on its way arrives or is lost, whoever goes first, and with any one plane dead for good.
 *
 * Each way on is one fair schedule; what is asked is more than that some fair one exists. States that were on a way
 * that came to rest are remembered.
 */
#ifndef PK_TEST_PROVE_SETTLE_H
#define PK_TEST_PROVE_SETTLE_H

#include "seen.h"

enum settled { SETTLED, SETTLED_BY_A_PERSON, NOT_SETTLED };

struct settle {
        struct seen known;  /* by key and way: they come to rest */
        struct seen helped; /* they do with a person's help */
        struct sim end;     /* where the last way ended; its violation says what is wrong with it */
        struct sim next;
};

enum settled settle_try(struct settle *settle, const struct sim *sim);
void settle_deinit(struct settle *settle);

#endif
