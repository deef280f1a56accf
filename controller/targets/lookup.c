/* lookup.c -- getaddrinfo() with a deadline. */
#include "targets/lookup.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

/* Shared by the caller and the helper thread; the last of the two frees it. */
struct lookup {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct net_endpoint endpoint;
        int type;
        bool is_finished;
        bool is_abandoned;
        int status; /* of getaddrinfo() */
        struct addrinfo *found;
};

static int look_up(const struct net_endpoint *endpoint, int type, int flags, struct addrinfo **ret)
{
        const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type, .ai_flags = flags | AI_NUMERICSERV};
        return getaddrinfo(endpoint->host, endpoint->port, &hints, ret);
}

static void lookup_free(struct lookup *lookup)
{
        if (lookup->found)
                freeaddrinfo(lookup->found);
        (void)pthread_cond_destroy(&lookup->changed);
        (void)pthread_mutex_destroy(&lookup->lock);
        free(lookup);
}

static void *lookup_run(void *arg)
{
        struct lookup *lookup = arg;
        struct addrinfo *found = NULL;
        int status = look_up(&lookup->endpoint, lookup->type, 0, &found);
        (void)pthread_mutex_lock(&lookup->lock);
        lookup->status = status;
        lookup->found = status == 0 ? found : NULL;
        lookup->is_finished = true;
        bool is_abandoned = lookup->is_abandoned;
        (void)pthread_cond_signal(&lookup->changed);
        (void)pthread_mutex_unlock(&lookup->lock);
        if (is_abandoned)
                lookup_free(lookup);
        return NULL;
}

static struct lookup *lookup_start(const struct net_endpoint *endpoint, int type)
{
        struct lookup *lookup = mem_new(lookup);
        lookup->endpoint = *endpoint;
        lookup->type = type;
        (void)pthread_mutex_init(&lookup->lock, NULL);
        pthread_condattr_t clock;
        (void)pthread_condattr_init(&clock);
        (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&lookup->changed, &clock);
        (void)pthread_condattr_destroy(&clock);

        pthread_attr_t detached;
        (void)pthread_attr_init(&detached);
        (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        pthread_t thread;
        int failed = pthread_create(&thread, &detached, lookup_run, lookup);
        (void)pthread_attr_destroy(&detached);
        if (failed) {
                lookup_free(lookup);
                return NULL;
        }
        return lookup;
}

/* The deadline on the clock that condition variables can wait on. */
static struct timespec wait_until(mono_ms deadline)
{
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        mono_ms left = deadline - clock_mono();
        if (left > 0) {
                until.tv_sec += left / 1000;
                until.tv_nsec += left % 1000 * 1000000;
                until.tv_sec += until.tv_nsec / 1000000000;
                until.tv_nsec %= 1000000000;
        }
        return until;
}

enum err lookup_host(const struct net_endpoint *endpoint, int type, mono_ms deadline, struct addrinfo **ret,
                     struct errmsg *reterr)
{
        if (text_address_family(endpoint->host) != 0) {
                int status = look_up(endpoint, type, AI_NUMERICHOST, ret);
                return status == 0 ? ERR_OK
                                   : err_set(reterr, ERR_INVALID, "%s: %s", endpoint->text, gai_strerror(status));
        }
        struct lookup *lookup = lookup_start(endpoint, type);
        if (!lookup)
                return err_set(reterr, ERR_TRANSIENT, "%s: no thread to resolve the name", endpoint->text);
        const struct timespec until = wait_until(deadline);
        (void)pthread_mutex_lock(&lookup->lock);
        int late = 0;
        while (!lookup->is_finished && late == 0)
                late = pthread_cond_timedwait(&lookup->changed, &lookup->lock, &until);
        bool is_finished = lookup->is_finished;
        lookup->is_abandoned = !is_finished;
        (void)pthread_mutex_unlock(&lookup->lock);
        if (!is_finished)
                return err_set(reterr, ERR_TRANSIENT, "%s: the name was not resolved in time", endpoint->text);
        enum err err = ERR_OK;
        if (lookup->status == 0) {
                *ret = lookup->found;
                lookup->found = NULL;
        } else {
                err = err_set(reterr, ERR_TRANSIENT, "%s: cannot resolve the name: %s", endpoint->text,
                              gai_strerror(lookup->status));
        }
        lookup_free(lookup);
        return err;
}
