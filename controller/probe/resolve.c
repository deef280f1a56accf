/* resolve.c -- names to addresses, cached and renewed in the background. */
#include "probe/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "probe/stub.h"
#include "runtime/clock.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/text.h"

struct lookup;

struct resolver {
        struct loop *loop;
        struct executor *executor;
        struct resolve_policy policy;
        struct map names;
        struct resolve_name *queue_head, *queue_tail; /* names that wait for one of the RESOLVE_JOBS_MAX jobs */
        unsigned job_count;
        bool is_closed; /* freed with the last job */
};

struct resolve_name {
        struct resolver *resolver;
        char *host;
        unsigned ref_count;
        bool is_queued;
        struct resolve_name *queue_next;
        struct lookup *running; /* NULL where none */
        mono_ms tried_at;       /* when the last look-up ended; 0 never */
        struct resolve_answer answer;
        struct resolve_wait *waiting;
};

struct lookup { /* moved to a worker and back */
        struct job job;
        struct resolver *resolver;
        struct resolve_name *name; /* loop thread only; NULL once nobody wants it */
        void (*run)(const char *host, const char *servers, struct resolve_answer *ret);
        const char *servers;
        struct resolve_answer answer;
        char host[];
};

const struct resolve_policy resolve_defaults = {
    .fresh_ms = 30 * 1000,
    .retry_ms = 5 * 1000,
    .keep_ms = 10 * 60 * 1000,
    .lookup = stub_lookup,
};

struct resolver *resolver_open(struct loop *loop, struct executor *executor, const struct resolve_policy *policy)
{
        struct resolver *resolver = mem_new(resolver);
        resolver->loop = loop;
        resolver->executor = executor;
        resolver->policy = *policy;
        return resolver;
}

static void resolver_unref(struct resolver *resolver)
{
        if (resolver->is_closed && resolver->job_count == 0)
                free(resolver);
}

void resolver_close(struct resolver *resolver)
{
        INVARIANT(resolver->names.count == 0);
        resolver->is_closed = true;
        resolver_unref(resolver);
}

static void queue_push(struct resolver *resolver, struct resolve_name *name)
{
        name->is_queued = true;
        name->queue_next = NULL;
        if (resolver->queue_tail != NULL)
                resolver->queue_tail->queue_next = name;
        else
                resolver->queue_head = name;
        resolver->queue_tail = name;
}

static void queue_remove(struct resolver *resolver, struct resolve_name *name)
{
        struct resolve_name *before = NULL;
        for (struct resolve_name *one = resolver->queue_head; one != name; one = one->queue_next)
                before = one;
        if (before != NULL)
                before->queue_next = name->queue_next;
        else
                resolver->queue_head = name->queue_next;
        if (resolver->queue_tail == name)
                resolver->queue_tail = before;
        name->is_queued = false;
}

static void name_unref(struct resolve_name *name)
{
        if (--name->ref_count > 0)
                return;
        INVARIANT(name->waiting == NULL);
        if (name->is_queued)
                queue_remove(name->resolver, name);
        if (name->running != NULL)
                name->running->name = NULL;
        (void)map_remove(&name->resolver->names, name->host);
        free(name->host);
        free(name);
}

struct resolve_name *resolve_open(struct resolver *resolver, const char *host)
{
        struct resolve_name *name = map_find(&resolver->names, host);
        if (name == NULL) {
                name = mem_new(name);
                name->resolver = resolver;
                name->host = mem_strdup(host);
                map_put(&resolver->names, name->host, name);
        }
        name->ref_count++;
        return name;
}

void resolve_close(struct resolve_name *name)
{
        if (name != NULL)
                name_unref(name);
}

static void name_settle(struct resolve_name *name, const struct resolve_answer *found)
{
        mono_ms now = clock_mono();
        name->tried_at = now;
        if (found->count > 0) {
                name->answer = *found;
                name->answer.good_at = now;
        } else {
                name->answer.is_stale = name->answer.count > 0;
                name->answer.is_absent = found->is_absent;
                memcpy(name->answer.why, found->why, sizeof(name->answer.why));
        }
        name->ref_count++; /* those who wait may close it */
        while (name->waiting != NULL) {
                struct resolve_wait *wait = name->waiting;
                resolve_cancel(wait);
                wait->done(wait, &name->answer);
        }
        name_unref(name);
}

static void lookup_run(struct job *job)
{
        struct lookup *lookup = CONTAINER_OF(job, struct lookup, job);
        lookup->run(lookup->host, lookup->servers, &lookup->answer);
}

static void queue_run(struct resolver *resolver);

static void lookup_done(struct job *job)
{
        struct lookup *lookup = CONTAINER_OF(job, struct lookup, job);
        struct resolver *resolver = lookup->resolver;
        if (lookup->name != NULL) {
                lookup->name->running = NULL;
                name_settle(lookup->name, &lookup->answer);
        }
        free(lookup);
        resolver->job_count--;
        queue_run(resolver);
        resolver_unref(resolver);
}

static void lookup_start(struct resolver *resolver, struct resolve_name *name)
{
        size_t bytes = strlen(name->host) + 1;
        struct lookup *lookup = mem_calloc(1, sizeof(*lookup) + bytes);
        lookup->job = (struct job){.run = lookup_run, .done = lookup_done};
        lookup->resolver = resolver;
        lookup->name = name;
        lookup->run = resolver->policy.lookup;
        lookup->servers = resolver->policy.servers;
        memcpy(lookup->host, name->host, bytes);
        if (executor_submit(resolver->executor, &lookup->job)) {
                name->running = lookup;
                resolver->job_count++;
                return;
        }
        free(lookup);
        name_settle(name, &(const struct resolve_answer){.why = "all workers of this operator are busy"});
}

static void queue_run(struct resolver *resolver)
{
        while (resolver->queue_head != NULL && resolver->job_count < RESOLVE_JOBS_MAX) {
                struct resolve_name *name = resolver->queue_head;
                queue_remove(resolver, name);
                lookup_start(resolver, name);
        }
}

const struct resolve_answer *resolve_start(struct resolve_name *name, struct resolve_wait *wait)
{
        const struct resolve_policy *policy = &name->resolver->policy;
        mono_ms now = clock_mono();
        bool has_failed = name->answer.why[0] != '\0';
        bool is_due = name->tried_at == 0 || now - name->tried_at >= (has_failed ? policy->retry_ms : policy->fresh_ms);
        if (is_due && !name->is_queued && name->running == NULL) {
                queue_push(name->resolver, name);
                queue_run(name->resolver);
        }
        if (name->answer.count > 0 && now - name->answer.good_at >= policy->keep_ms) {
                name->answer.count = 0;
                name->answer.is_stale = false;
        }
        if (name->answer.count > 0 || (!name->is_queued && name->running == NULL))
                return &name->answer;
        wait->name = name;
        wait->previous = NULL;
        wait->next = name->waiting;
        if (wait->next != NULL)
                wait->next->previous = wait;
        name->waiting = wait;
        return NULL;
}

void resolve_cancel(struct resolve_wait *wait)
{
        if (wait->name == NULL)
                return;
        if (wait->previous != NULL)
                wait->previous->next = wait->next;
        else
                wait->name->waiting = wait->next;
        if (wait->next != NULL)
                wait->next->previous = wait->previous;
        wait->name = NULL;
}
