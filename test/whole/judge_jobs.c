/* judge_jobs.c -- a lock whose value a Job's command sets: whose Pods run, what they set, and when that counts. */
#include <string.h>

#include "judge_parts.h"

static struct judged_job newest; /* that ever began */

void judge_jobs_begin(void)
{
        newest = (struct judged_job){0};
}

static bool is_later(const struct judged_job *job, const struct judged_job *than)
{
        return job->epoch > than->epoch || (job->epoch == than->epoch && job->attempt > than->attempt);
}

void judge_job_begins(unsigned policy, const struct judged_job *job, bool is_beside_another)
{
        if (!world.went_back) /* else Jobs come back that were over */
                judge_holds(law_job_begins(is_beside_another, is_later(&newest, job)), policy, job->epoch);
        if (is_later(job, &newest))
                newest = *job;
}

void judge_jobs_deleted(void)
{
        newest.attempt = 0;
}

/* The lock counts: epoch and value are there, and the Job that set it is complete. */
static void note_locked(unsigned policy)
{
        const struct shown shown = shown_by(&registers.lock[policy]);
        struct decision *decided = (struct decision *)find_decision(policy, shown.decided, shown.id);
        if (decided && decided->is_commanded && is_shown(policy, true, decided))
                decided->was_locked = true;
}

void judge_job_sets(unsigned policy, const struct judged_job *job, const char *set)
{
        struct decision *decided = (struct decision *)find_decision(policy, job->epoch, job->id);
        char value[REGISTER_VALUE_BYTES] = "";
        world_trace("the lock of policy %u: \"%s\" by the Job of epoch %llu", policy, set,
                    (unsigned long long)job->epoch);
        if (!decided) {
                world_violated("S5: a Job of epoch %llu of policy %u runs, which nobody decided",
                               (unsigned long long)job->epoch, policy);
                return;
        }
        const struct law_decision known = {decided->uses_lock, decided->was_locked, decided->was_routed};
        value_of(policy, true, decided, value, sizeof(value));
        judge_holds(law_target_is_given(&known, true, set, value), policy, job->epoch);
        note_locked(policy);
}

void judge_job_completes(unsigned policy, const struct judged_job *job)
{
        struct decision *decided = (struct decision *)find_decision(policy, job->epoch, job->id);
        if (decided)
                decided->is_commanded = true;
        note_locked(policy);
}

void judge_claimed(unsigned policy, const struct reg *old, const struct reg *now)
{
        const struct shown before = shown_by(old), after = shown_by(now);
        world_trace("the lock of policy %u, \"%s\", is of epoch %llu (%.120s)", policy, now->value, after.epoch,
                    now->text);
        const struct law_shown was = {before.is_ours, before.epoch, before.decided};
        const struct law_shown is = {after.is_ours, after.epoch, after.decided};
        judge_holds(law_target_changes(&was, &is, false), policy, after.epoch);
        if (!after.is_ours || !find_decision(policy, after.decided, after.id))
                world_violated("S5: the lock of policy %u is of \"%.60s\", which nobody decided", policy, now->text);
        note_locked(policy);
}
