/*
 * account.h -- the history that a policy's status keeps: the last switch, those before it, the last decision, and the
 * times of the epoch under way.
 *
 * Ownership: the kept JSON is owned; account_forget() frees it.
 */
#ifndef PK_RECONCILE_ACCOUNT_H
#define PK_RECONCILE_ACCOUNT_H

#include <jansson.h>

#include "core/target.h"
#include "util/packed.h"

enum { HISTORY_MAX = 5 };

struct step_times { /* microseconds on the monotonic clock, of the epoch under way; for people and metrics */
        epoch_t epoch;
        int64_t decided_us, recorded_us, confirmed_us;
        int64_t met_us[STEP_COUNT]; /* when each step was; 0 not yet */
};

struct account {
        struct step_times times;
        epoch_t newest_epoch;      /* of the newest entry of history */
        struct packed last_switch; /* status.lastSwitch, history and lastDecision as compact JSON */
        struct packed history;
        struct packed last_decision;
};

void account_keep(struct packed *packed, json_t *value); /* consumed; NULL: none */
json_t *account_load(const struct packed *packed);       /* the caller's; null where there is none */
void account_forget(struct account *account);

#endif
