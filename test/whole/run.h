/* run.h -- lets a world go on. */
#ifndef PK_TEST_WHOLE_RUN_H
#define PK_TEST_WHOLE_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "vtime.h"

enum { LOOK_EVERY_MS = 250 };

void run_until(vtime_us until); /* or until a promise is broken */
bool comes_to_rest(unsigned seconds, char *ret_why, size_t size); /* whether all rests within @seconds */

#endif
