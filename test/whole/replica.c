/* replica.c -- one replica of each lock. */
#include "replica.h"

#include <string.h>

#include "jobs.h"
#include "judge.h"
#include "registers.h"

enum { COPY_MS = 2, UNHEARD_S = 10, CUT_S = 4 };

static struct {
        struct reg has;
        unsigned reign;
        int lags;               /* how many things hold it up */
        vtime_us heard_from_at; /* last, while it lags */
        vtime_us cut_until;     /* a write before then is one that it has only seconds later */
} replicas[POLICIES_MAX];

void replica_begin(void)
{
        memset(replicas, 0, sizeof(replicas));
        for (unsigned i = 0; i < POLICIES_MAX; i++)
                replicas[i].has = registers.lock[i];
}

static void copy(unsigned policy)
{
        if (replicas[policy].lags > 0)
                return;
        replicas[policy].has = registers.lock[policy];
        judge_replicated(policy, &replicas[policy].has);
}

static void copy_later(void *lock)
{
        if (!vtime_is_over())
                copy((unsigned)((struct reg *)lock - registers.lock));
}

static void catch_up(void *lock)
{
        if (!vtime_is_over())
                replica_catches_up((unsigned)((struct reg *)lock - registers.lock));
}

void replica_cut(unsigned policy, vtime_us until)
{
        replicas[policy].cut_until = until;
}

void replica_written(unsigned policy)
{
        if (vtime_now() < replicas[policy].cut_until) {
                replicas[policy].cut_until = 0;
                replica_lags(policy);
                vtime_at(vtime_now() + (vtime_us)CUT_S * VTIME_S, catch_up, &registers.lock[policy]);
        }
        vtime_at(vtime_now() + (vtime_us)COPY_MS * VTIME_MS, copy_later, &registers.lock[policy]);
}

void replica_lags(unsigned policy)
{
        if (replicas[policy].lags++ == 0)
                replicas[policy].heard_from_at = vtime_now();
}

void replica_catches_up(unsigned policy)
{
        if (--replicas[policy].lags == 0)
                copy(policy);
}

void replica_promote(unsigned policy)
{
        registers.lock[policy] = replicas[policy].has;
        registers.lock_changed_at[policy] = vtime_now();
        replicas[policy].reign++;
        judge_touched(policy);
}

bool replica_is_in_sync(unsigned policy)
{
        return replicas[policy].lags == 0 ||
               vtime_now() - replicas[policy].heard_from_at <= (vtime_us)UNHEARD_S * VTIME_S;
}

static bool has_it(unsigned policy)
{
        const struct reg *primary = &registers.lock[policy], *has = &replicas[policy].has;
        return primary->is_present == has->is_present && strcmp(primary->value, has->value) == 0 &&
               strcmp(primary->text, has->text) == 0;
}

unsigned replica_reign(unsigned policy)
{
        return replicas[policy].reign;
}

bool replica_await(unsigned policy, vtime_us until)
{
        const unsigned reign = replicas[policy].reign;
        while (replica_is_in_sync(policy) && !has_it(policy)) {
                if (vtime_now() >= until || reign != replicas[policy].reign)
                        return false;
                jobs_sleep(vtime_now() + (vtime_us)COPY_MS * VTIME_MS);
        }
        return true;
}
