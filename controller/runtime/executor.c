/* executor.c -- a small pool of threads for blocking jobs. */
#include "runtime/executor.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/clock.h"
#include "util/mem.h"

enum { STACK_BYTES = 256 * 1024 };

struct executor {
        struct loop *loop;
        unsigned threads_max;
        unsigned queue_max;
        atomic_uint depth; /* waiting or running */

        pthread_mutex_t lock; /* everything below */
        pthread_cond_t has_job;
        pthread_cond_t has_ended; /* a worker left; on CLOCK_MONOTONIC */
        struct job *first;
        struct job **end;
        unsigned waiting;
        unsigned idle; /* workers that wait for a job */
        unsigned live; /* workers that have not left; after executor_close() has given up also that call itself */
        bool is_closing;
        bool is_abandoned; /* executor_close() has given up: the last one out frees, and nobody touches the loop */
        unsigned started;
        uint64_t *groups; /* of the jobs that run, as many as threads; 0: none */
        pthread_t threads[];
};

static void destroy(struct executor *executor)
{
        (void)pthread_cond_destroy(&executor->has_job);
        (void)pthread_cond_destroy(&executor->has_ended);
        (void)pthread_mutex_destroy(&executor->lock);
        free(executor->groups);
        free(executor);
}

static void on_job_done(struct loop_post *post)
{
        struct job *job = CONTAINER_OF(post, struct job, post);
        job->done(job);
}

/* With the lock held. */
static bool may_run(const struct executor *executor, const struct job *job)
{
        unsigned at_once = 0;
        for (unsigned i = 0; job->group && i < executor->threads_max; i++)
                at_once += executor->groups[i] == job->group;
        return !job->group || at_once < job->group_max;
}

/* With the lock held. The first job in order whose group is below its share of threads; NULL: none. */
static struct job *unlink_runnable(struct executor *executor)
{
        struct job **link = &executor->first;
        while (*link && !may_run(executor, *link))
                link = &(*link)->next;
        struct job *job = *link;
        if (!job)
                return NULL;
        *link = job->next;
        if (!*link)
                executor->end = link;
        executor->waiting--;
        return job;
}

/* With the lock held. NULL: the executor is closing. */
static struct job *take_job(struct executor *executor)
{
        struct job *job = unlink_runnable(executor);
        executor->idle++;
        while (!job && !executor->is_closing) {
                (void)pthread_cond_wait(&executor->has_job, &executor->lock);
                job = unlink_runnable(executor);
        }
        executor->idle--;
        return job;
}

/* With the lock held. A place for the group of a job that runs; every thread has at most one. */
static uint64_t *note_group(struct executor *executor, const struct job *job)
{
        uint64_t *place = executor->groups;
        while (*place)
                place++;
        *place = job->group;
        return place;
}

static void *work(void *arg)
{
        struct executor *executor = arg;
        (void)pthread_mutex_lock(&executor->lock);
        for (struct job *job = take_job(executor); job; job = take_job(executor)) {
                uint64_t *group = note_group(executor, job);
                (void)pthread_mutex_unlock(&executor->lock);
                job->run(job);
                atomic_fetch_sub(&executor->depth, 1);
                (void)pthread_mutex_lock(&executor->lock);
                *group = 0;
                if (!executor->is_abandoned)
                        loop_post(executor->loop, &job->post); /* from here on the job is the owner's again */
        }
        bool is_last_one_out = --executor->live == 0 && executor->is_abandoned;
        /* An abandoned executor cannot be joined: the loop may be gone, so the last thread frees the rest. */
        (void)pthread_cond_signal(&executor->has_ended);
        (void)pthread_mutex_unlock(&executor->lock);
        if (is_last_one_out)
                destroy(executor);
        return NULL;
}

/* With the lock held. Signals stay with the loop thread, so that they never interrupt a job; those that a fault raises
 * must reach the thread that is at fault, or nobody is told why the process died. */
static bool start_worker(struct executor *executor)
{
        sigset_t all;
        sigset_t before;
        (void)sigfillset(&all);
        static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
                (void)sigdelset(&all, faults[i]);
        pthread_attr_t attributes;
        if (pthread_attr_init(&attributes))
                return false;
        (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        bool is_started = !pthread_create(&executor->threads[executor->started], &attributes, work, executor);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void)pthread_attr_destroy(&attributes);
        if (is_started) {
                executor->started++;
                executor->live++;
        }
        return is_started;
}

struct executor *executor_open(struct loop *loop, unsigned threads, unsigned queue_max)
{
        INVARIANT(threads > 0);
        struct executor *executor = mem_calloc(1, sizeof(*executor) + threads * sizeof(pthread_t));
        executor->loop = loop;
        executor->threads_max = threads;
        executor->queue_max = queue_max;
        executor->end = &executor->first;
        executor->groups = mem_calloc(threads + 1, sizeof(*executor->groups));
        pthread_condattr_t attributes;
        int failed = pthread_condattr_init(&attributes) || pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) ||
                     pthread_cond_init(&executor->has_ended, &attributes) ||
                     pthread_cond_init(&executor->has_job, NULL) || pthread_mutex_init(&executor->lock, NULL);
        INVARIANT(!failed);
        (void)pthread_condattr_destroy(&attributes);
        return executor;
}

/* With the lock held. A thread costs memory for ever, so one is started only where no idle worker takes the job. */
static bool can_take_more(struct executor *executor, const struct job *job)
{
        if (executor->is_closing || executor->waiting >= executor->queue_max)
                return false;
        if (executor->waiting < executor->idle || executor->started == executor->threads_max)
                return true;
        if (executor->started && !may_run(executor, job))
                return true; /* a thread of its group takes it */
        return start_worker(executor) || executor->started > 0;
}

bool executor_submit(struct executor *executor, struct job *job)
{
        job->post.run = on_job_done;
        job->next = NULL;
        (void)pthread_mutex_lock(&executor->lock);
        bool is_taken = can_take_more(executor, job);
        if (is_taken) {
                *executor->end = job;
                executor->end = &job->next;
                executor->waiting++;
                atomic_fetch_add(&executor->depth, 1);
                (void)pthread_cond_signal(&executor->has_job);
        }
        (void)pthread_mutex_unlock(&executor->lock);
        return is_taken;
}

unsigned executor_depth(const struct executor *executor)
{
        return atomic_load(&executor->depth);
}

/* With the lock held: until all workers have left or @deadline. */
static void wait_for_workers(struct executor *executor, mono_ms deadline)
{
        mono_ms left_ms = deadline - clock_mono();
        if (left_ms < 0)
                left_ms = 0;
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        int64_t nanoseconds = until.tv_nsec + left_ms % 1000 * 1000000;
        until.tv_sec += left_ms / 1000 + nanoseconds / 1000000000;
        until.tv_nsec = nanoseconds % 1000000000;
        while (executor->live > 0)
                if (pthread_cond_timedwait(&executor->has_ended, &executor->lock, &until))
                        return;
}

static void give_back(struct job *job)
{
        while (job) {
                struct job *next = job->next;
                job->done(job);
                job = next;
        }
}

static void leave(struct executor *executor)
{
        (void)pthread_mutex_lock(&executor->lock);
        bool is_last_one_out = --executor->live == 0;
        (void)pthread_mutex_unlock(&executor->lock);
        if (is_last_one_out)
                destroy(executor);
}

void executor_close(struct executor *executor, mono_ms deadline)
{
        if (!executor)
                return;
        (void)pthread_mutex_lock(&executor->lock);
        executor->is_closing = true;
        struct job *never_ran = executor->first;
        executor->first = NULL;
        executor->end = &executor->first;
        (void)pthread_cond_broadcast(&executor->has_job);
        wait_for_workers(executor, deadline);
        bool have_all_left = executor->live == 0;
        for (unsigned i = 0; !have_all_left && i < executor->started; i++)
                (void)pthread_detach(executor->threads[i]);
        /* From here on no thread may post to the loop, which the caller closes next. */
        executor->is_abandoned = !have_all_left;
        executor->live++; /* executor_close() itself, until the jobs are back */
        (void)pthread_mutex_unlock(&executor->lock);
        give_back(never_ran);
        loop_run_posted(executor->loop);
        for (unsigned i = 0; have_all_left && i < executor->started; i++)
                (void)pthread_join(executor->threads[i], NULL);
        leave(executor);
}
