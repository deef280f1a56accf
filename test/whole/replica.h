/*
 * replica.h -- Redis' one replica of each lock: it has a write a moment later, later still while it lags, and is
 * promoted where the primary is lost, with what it has.
 */
#ifndef PK_TEST_WHOLE_REPLICA_H
#define PK_TEST_WHOLE_REPLICA_H

#include <stdbool.h>

#include "vtime.h"

void replica_begin(void); /* it has what the primary has */
void replica_written(unsigned policy);
/* It is cut off by the next write, if that comes before @until, and has it seconds later. */
void replica_cut(unsigned policy, vtime_us until);
void replica_lags(unsigned policy);
void replica_catches_up(unsigned policy);
void replica_promote(unsigned policy);

bool replica_is_in_sync(unsigned policy); /* as the primary sees it: it was heard from lately */
/* Of the server at the lock's address: another one by now has other connections. */
unsigned replica_reign(unsigned policy);
/* Whether it has what the primary has now, at once or before @until: waits, and no longer than this reign. */
bool replica_await(unsigned policy, vtime_us until);

#endif
