/* loop.c -- the one thread that owns all state. */
#include "runtime/loop.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "util/mem.h"

enum {
        EVENTS_PER_TURN = 128,
        TIMERS_AT_FIRST = 64,
        /* epoll_wait() does not count the time of a suspended machine, CLOCK_BOOTTIME does: the loop has to look. */
        SLEEP_MAX_MS = 1000,
};

/* A timer's heap_index while it is among those due; the low bits are its index there. */
#define DUE_MARK (~(SIZE_MAX >> 1))

struct loop {
        int epoll_fd;
        bool is_stopping;
        mono_ms now;
        mono_ms lateness_ms;

        struct epoll_event events[EVENTS_PER_TURN]; /* of the last poll; data.ptr NULL: removed since */
        size_t event_count;

        struct loop_timer **timers; /* binary heap by `at`, from index 1 */
        struct loop_timer **due;    /* those of this turn; NULL: stopped since */
        size_t timer_count;
        size_t timer_capacity; /* of both arrays */
        size_t due_count;

        struct loop_fd wake; /* eventfd: work was posted */
        pthread_mutex_t posted_lock;
        struct loop_post *posted; /* under posted_lock */
        struct loop_post **posted_end;

        struct loop_fd signals;
        void (*on_signal)(void *ctx, int signal_number);
        void *signal_ctx;

        void (*idle)(void *ctx);
        void *idle_ctx;
};

static _Noreturn void setup_failed(const char *what)
{
        (void)fprintf(stderr, "planekeeper: %s: %s; aborting, look at the limits on open files and memory\n", what,
                      strerror(errno));
        abort();
}

/* ---- timers ---- */

static void heap_place(struct loop *loop, size_t index, struct loop_timer *timer)
{
        loop->timers[index] = timer;
        timer->heap_index = index;
}

static void heap_sift(struct loop *loop, size_t index, struct loop_timer *timer)
{
        while (index > 1 && loop->timers[index / 2]->at > timer->at) {
                heap_place(loop, index, loop->timers[index / 2]);
                index /= 2;
        }
        for (size_t child = index * 2; child <= loop->timer_count; child = index * 2) {
                if (child < loop->timer_count && loop->timers[child + 1]->at < loop->timers[child]->at)
                        child++;
                if (loop->timers[child]->at >= timer->at)
                        break;
                heap_place(loop, index, loop->timers[child]);
                index = child;
        }
        heap_place(loop, index, timer);
}

static void heap_remove(struct loop *loop, size_t index)
{
        struct loop_timer *last = loop->timers[loop->timer_count--];
        if (index <= loop->timer_count)
                heap_sift(loop, index, last);
}

static void heap_reserve(struct loop *loop)
{
        if (loop->timer_count + 1 < loop->timer_capacity)
                return;
        loop->timer_capacity = loop->timer_capacity ? loop->timer_capacity * 2 : TIMERS_AT_FIRST;
        loop->timers = mem_realloc(loop->timers, loop->timer_capacity, sizeof(struct loop_timer *));
        loop->due = mem_realloc(loop->due, loop->timer_capacity, sizeof(struct loop_timer *));
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
        if (timer->heap_index == 0)
                return;
        if (timer->heap_index & DUE_MARK)
                loop->due[timer->heap_index & ~DUE_MARK] = NULL;
        else
                heap_remove(loop, timer->heap_index);
        timer->heap_index = 0;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono_ms at)
{
        bool is_in_heap = timer->heap_index != 0 && !(timer->heap_index & DUE_MARK);
        if (!is_in_heap) {
                loop_timer_stop(loop, timer);
                heap_reserve(loop);
                timer->heap_index = ++loop->timer_count;
        }
        timer->at = at;
        heap_sift(loop, timer->heap_index, timer);
}

/* The due timers are taken out first, so that one that sets itself again for now runs in the next turn. */
static void run_due_timers(struct loop *loop)
{
        loop->due_count = 0;
        while (loop->timer_count > 0 && loop->timers[1]->at <= loop->now) {
                struct loop_timer *timer = loop->timers[1];
                heap_remove(loop, 1);
                timer->heap_index = DUE_MARK | loop->due_count;
                loop->due[loop->due_count++] = timer;
        }
        for (size_t i = 0; i < loop->due_count; i++) {
                struct loop_timer *timer = loop->due[i];
                if (!timer)
                        continue;
                timer->heap_index = 0;
                timer->due(timer);
        }
        loop->due_count = 0;
}

/* ---- descriptors ---- */

void loop_fd_add(struct loop *loop, struct loop_fd *fd, uint32_t events)
{
        struct epoll_event event = {.events = events, .data.ptr = fd};
        if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd->fd, &event))
                setup_failed("cannot watch a descriptor");
}

void loop_fd_change(struct loop *loop, struct loop_fd *fd, uint32_t events)
{
        struct epoll_event event = {.events = events, .data.ptr = fd};
        int failed = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd->fd, &event);
        INVARIANT(!failed);
}

void loop_fd_remove(struct loop *loop, struct loop_fd *fd)
{
        if (fd->fd < 0)
                return;
        /* A descriptor that its owner closed already has left the epoll set by itself. */
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd->fd, NULL);
        for (size_t i = 0; i < loop->event_count; i++)
                if (loop->events[i].data.ptr == fd)
                        loop->events[i].data.ptr = NULL;
        fd->fd = -1;
}

static void run_ready_descriptors(struct loop *loop)
{
        for (size_t i = 0; i < loop->event_count; i++) {
                struct loop_fd *fd = loop->events[i].data.ptr;
                if (fd)
                        fd->ready(fd, loop->events[i].events);
        }
        loop->event_count = 0;
}

/* ---- posted work ---- */

void loop_post(struct loop *loop, struct loop_post *post)
{
        post->next = NULL;
        (void)pthread_mutex_lock(&loop->posted_lock);
        bool was_empty = !loop->posted;
        *loop->posted_end = post;
        loop->posted_end = &post->next;
        (void)pthread_mutex_unlock(&loop->posted_lock);
        if (was_empty)
                (void)eventfd_write(loop->wake.fd, 1); /* it can only fail by being full, and then it wakes as well */
}

void loop_run_posted(struct loop *loop)
{
        (void)pthread_mutex_lock(&loop->posted_lock);
        struct loop_post *post = loop->posted;
        loop->posted = NULL;
        loop->posted_end = &loop->posted;
        (void)pthread_mutex_unlock(&loop->posted_lock);
        while (post) {
                struct loop_post *next = post->next;
                post->run(post);
                post = next;
        }
}

static bool has_posted(struct loop *loop)
{
        (void)pthread_mutex_lock(&loop->posted_lock);
        bool any = loop->posted != NULL;
        (void)pthread_mutex_unlock(&loop->posted_lock);
        return any;
}

static void on_wake(struct loop_fd *self, uint32_t events)
{
        (void)events;
        eventfd_t count;
        (void)eventfd_read(self->fd, &count);
}

/* ---- signals ---- */

static void on_signal_ready(struct loop_fd *self, uint32_t events)
{
        (void)events;
        struct loop *loop = CONTAINER_OF(self, struct loop, signals);
        struct signalfd_siginfo info;
        if (read(self->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
                loop->on_signal(loop->signal_ctx, (int)info.ssi_signo);
}

void loop_on_signal(struct loop *loop, void (*on_signal)(void *ctx, int signal_number), void *ctx)
{
        INVARIANT(loop->signals.fd < 0);
        sigset_t set;
        /* Every signal that ends the process by default, but for those of a fault, and those that cannot be blocked. */
        static const int ours[] = {SIGTERM, SIGINT,    SIGHUP,  SIGQUIT, SIGUSR1,   SIGUSR2,
                                   SIGALRM, SIGVTALRM, SIGPROF, SIGIO,   SIGSTKFLT, SIGPWR};
        (void)sigemptyset(&set);
        for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
                (void)sigaddset(&set, ours[i]);
        for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
                (void)sigaddset(&set, number);
        (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
        int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        loop->signals = (struct loop_fd){.fd = fd, .ready = on_signal_ready};
        if (fd < 0)
                setup_failed("cannot listen for signals");
        loop->on_signal = on_signal;
        loop->signal_ctx = ctx;
        loop_fd_add(loop, &loop->signals, EPOLLIN);
}

/* ---- turns ---- */

struct loop *loop_open(void)
{
        /* A peer that hangs up must fail the write and not kill the process; OpenSSL has no flag for a single write. */
        (void)signal(SIGPIPE, SIG_IGN);
        struct loop *loop = mem_new(loop);
        loop->posted_end = &loop->posted;
        loop->signals.fd = -1;
        loop->now = clock_mono();
        loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        loop->wake = (struct loop_fd){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_wake};
        if (loop->epoll_fd < 0 || loop->wake.fd < 0 || pthread_mutex_init(&loop->posted_lock, NULL))
                setup_failed("cannot set up the event loop");
        loop_fd_add(loop, &loop->wake, EPOLLIN);
        heap_reserve(loop);
        return loop;
}

void loop_close(struct loop *loop)
{
        if (!loop)
                return;
        if (loop->signals.fd >= 0)
                (void)close(loop->signals.fd);
        (void)close(loop->wake.fd);
        (void)close(loop->epoll_fd);
        (void)pthread_mutex_destroy(&loop->posted_lock);
        free(loop->timers);
        free(loop->due);
        free(loop);
}

mono_ms loop_now(const struct loop *loop)
{
        return loop->now;
}

mono_ms loop_lateness(const struct loop *loop)
{
        return loop->lateness_ms;
}

void loop_set_idle(struct loop *loop, void (*idle)(void *ctx), void *ctx)
{
        loop->idle = idle;
        loop->idle_ctx = ctx;
}

/* Rounded up: waking before the timer is due would make the loop spin for the rest of the millisecond. */
static int poll_timeout_ms(struct loop *loop, int64_t now_us)
{
        if (has_posted(loop))
                return 0;
        if (loop->timer_count == 0 || loop->timers[1]->at > now_us / 1000 + SLEEP_MAX_MS)
                return SLEEP_MAX_MS;
        int64_t left_us = loop->timers[1]->at * 1000 - now_us;
        return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

/*
 * Sleeps until something is to be done, then begins the next turn. A turn is late by what its earliest timer waited,
 * and by the length of the turn before it: what became ready meanwhile waited up to that long.
 */
static void begin_next_turn(struct loop *loop)
{
        int64_t turn_ended_us = clock_mono_us();
        int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, poll_timeout_ms(loop, turn_ended_us));
        INVARIANT(count >= 0 || errno == EINTR);
        loop->event_count = count > 0 ? (size_t)count : 0;

        mono_ms turn_began = loop->now;
        loop->now = clock_mono();
        loop->lateness_ms = turn_ended_us / 1000 - turn_began;
        mono_ms due_at = loop->timer_count > 0 ? loop->timers[1]->at : MONO_NEVER;
        if (due_at < turn_began)
                due_at = turn_began; /* set for the past during that turn: it means "at once" */
        if (due_at < loop->now && loop->now - due_at > loop->lateness_ms)
                loop->lateness_ms = loop->now - due_at;
}

void loop_run(struct loop *loop)
{
        loop->now = clock_mono();
        while (!loop->is_stopping) {
                loop_run_posted(loop);
                run_due_timers(loop);
                run_ready_descriptors(loop);
                if (loop->idle)
                        loop->idle(loop->idle_ctx);
                if (!loop->is_stopping)
                        begin_next_turn(loop);
        }
        loop->is_stopping = false;
}

void loop_stop(struct loop *loop)
{
        loop->is_stopping = true;
}
