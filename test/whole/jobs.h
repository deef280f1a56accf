/*
 * jobs.h -- runtime/executor.h on virtual time: a worker is a fiber, and what blocks in it is jobs_sleep().
 *
 * A killed host gets its jobs back at once, as executor_close() promises; the fibers are forgotten. So nothing on the
 * stack of a job may own memory while it sleeps.
 */
#ifndef PK_TEST_WHOLE_JOBS_H
#define PK_TEST_WHOLE_JOBS_H

#include "host.h"

/* Within a job: until @until by the clock of the world, or longer where the host is paused. */
void jobs_sleep(vtime_us until);

#endif
