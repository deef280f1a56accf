/*
 * account.h -- the history that a policy's status keeps: the last switch, those before it, the last decision, and the
 * times of the epoch under way.
 *
 * Ownership: texts are owned; account_forget() frees them.
 */
#ifndef PK_RECONCILE_ACCOUNT_H
#define PK_RECONCILE_ACCOUNT_H

#include "core/target.h"

enum { HISTORY_MAX = 5 };

struct step_times { /* microseconds on the monotonic clock, of the epoch under way; for people and metrics */
        epoch_t epoch;
        int64_t decided_us, recorded_us, confirmed_us;
        int64_t met_us[STEP_COUNT]; /* when each step was; 0 not yet */
};

struct account {
        struct step_times times;
        epoch_t newest_epoch; /* of the newest entry of history */
        char *last_switch;    /* status.lastSwitch, history and lastDecision as compact JSON text; NULL none */
        char *history;
        char *last_decision;
};

void account_forget(struct account *account);

#endif
