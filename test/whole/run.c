/* run.c -- time goes on, and the judges look every now and then. */
#include "run.h"

#include "judge.h"
#include "world.h"

void run_until(vtime_us until)
{
        while (!world.violation[0] && vtime_now() < until) {
                const vtime_us look = vtime_now() + LOOK_EVERY_MS * VTIME_MS;
                while (!world.violation[0] && vtime_step(look < until ? look : until))
                        ;
                judge_voice();
                judge_names();
        }
}

bool comes_to_rest(unsigned seconds, char *ret_why, size_t size)
{
        const vtime_us until = vtime_now() + (vtime_us)seconds * VTIME_S;
        while (!judge_is_settled(ret_why, size)) {
                if (vtime_now() >= until || world.violation[0])
                        return false;
                run_until(vtime_now() + LOOK_EVERY_MS * VTIME_MS);
        }
        return true;
}
