/* jobs.c -- workers as fibers. */
#include "jobs.h"

#include <stdlib.h>

#include "runtime/executor.h"
#include "util/mem.h"

struct executor {
        struct host *host;
        unsigned threads_max, queue_max;
        unsigned running, waiting;
        struct job *first, **end; /* waiting */
};

struct job_run {
        struct host_mail mail; /* first: it comes back as mail */
        struct executor *executor;
        struct host *host;
        uint64_t life;
        struct job *job; /* NULL: given back, what is left is to be freed */
        struct fiber *fiber;
        bool is_asleep; /* the event that ends its sleep frees it if it was given back */
        struct job_run *next, **link;
};

static struct job_run *running; /* whose fiber runs */

static void unlink_run(struct job_run *run)
{
        *run->link = run->next;
        if (run->next)
                run->next->link = run->link;
}

static void body(void *ctx)
{
        struct job_run *run = ctx;
        run->job->run(run->job);
}

static void go_on(void *ctx)
{
        struct job_run *run = ctx;
        run->is_asleep = false;
        if (!run->job || vtime_is_over()) {
                free(run);
                return;
        }
        if (run->host->paused_until > vtime_now()) {
                run->is_asleep = true;
                vtime_at(run->host->paused_until, go_on, run);
                return;
        }
        host_current = run->host;
        running = run;
        fiber_resume(run->fiber);
        running = NULL;
        host_current = NULL;
        if (!fiber_is_done(run->fiber))
                return;
        fiber_drop(run->fiber);
        run->fiber = NULL;
        host_post(run->host, run->life, &run->mail);
}

void jobs_sleep(vtime_us until)
{
        running->is_asleep = true;
        vtime_at(until, go_on, running);
        fiber_yield();
}

static void start_next(struct executor *executor);

static void read_done(struct host_mail *mail)
{
        struct job_run *run = (struct job_run *)(void *)mail;
        struct executor *executor = run->executor;
        struct job *job = run->job;
        unlink_run(run);
        free(run);
        executor->running--;
        start_next(executor);
        job->done(job);
}

/* executor_close() has given its job back already. */
static void drop_done(struct host_mail *mail)
{
        free(mail);
}

static bool may_run(const struct executor *executor, const struct job *job)
{
        unsigned at_once = 0;
        for (const struct job_run *run = executor->host->jobs; job->group && run; run = run->next)
                at_once += run->job->group == job->group;
        return !job->group || at_once < job->group_max;
}

static void start(struct executor *executor, struct job *job)
{
        struct host *host = executor->host;
        struct job_run *run = mem_new(run);
        *run = (struct job_run){.mail = {.read = read_done, .drop = drop_done},
                                .executor = executor,
                                .host = host,
                                .life = host->life,
                                .job = job,
                                .fiber = fiber_new(body, run),
                                .is_asleep = true,
                                .next = host->jobs,
                                .link = &host->jobs};
        if (host->jobs)
                host->jobs->link = &run->next;
        host->jobs = run;
        executor->running++;
        vtime_at(vtime_now(), go_on, run);
}

static void start_next(struct executor *executor)
{
        for (struct job **at = &executor->first; *at && executor->running < executor->threads_max;) {
                struct job *job = *at;
                if (!may_run(executor, job)) {
                        at = &job->next;
                        continue;
                }
                *at = job->next;
                if (executor->end == &job->next)
                        executor->end = at;
                executor->waiting--;
                start(executor, job);
        }
}

struct executor *executor_open(struct loop *loop, unsigned threads, unsigned queue_max)
{
        (void)loop;
        struct executor *executor = mem_new(executor);
        *executor = (struct executor){.host = host_current, .threads_max = threads, .queue_max = queue_max};
        executor->end = &executor->first;
        return executor;
}

bool executor_submit(struct executor *executor, struct job *job)
{
        if (executor->waiting >= executor->queue_max)
                return false;
        job->next = NULL;
        *executor->end = job;
        executor->end = &job->next;
        executor->waiting++;
        start_next(executor);
        return true;
}

unsigned executor_depth(const struct executor *executor)
{
        return executor->waiting + executor->running;
}

static void give_back(struct job_run *run)
{
        struct job *job = run->job;
        unlink_run(run);
        if (run->fiber)
                fiber_drop(run->fiber);
        run->job = NULL; /* what is still to come for it, an event or mail, frees it */
        job->done(job);
}

void executor_close(struct executor *executor, mono_ms deadline)
{
        (void)deadline;
        if (!executor)
                return;
        while (executor->host->jobs)
                give_back(executor->host->jobs);
        while (executor->first) {
                struct job *job = executor->first;
                executor->first = job->next;
                job->done(job);
        }
        free(executor);
}
