/*
 * loop.h -- the one thread that owns all state: epoll over file descriptors, timers and posted completions.
 *
 * Order of one turn, fixed: posted work, due timers, ready descriptors, `idle` hook (dirty keys are run there), poll.
 *
 * Units:     mono_ms everywhere; loop_now() is the time at the start of the turn.
 * Ownership: struct loop_fd and struct loop_timer are embedded in their owner, who must remove them before freeing.
 * Signals:   loop_open() makes the process ignore SIGPIPE.
 * Errors:    setup failures abort with a text (no descriptors left); nothing else can fail.
 * Threads:   loop thread only, except loop_post().
 */
#ifndef PK_RUNTIME_LOOP_H
#define PK_RUNTIME_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/units.h"

struct loop;

struct loop *loop_open(void);
void loop_close(struct loop *loop);

mono_ms loop_now(const struct loop *loop);

/* Run until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* How late the last turn came, in ms: the time between when poll should have returned and when the turn began. TILT
 * feeds on it. */
mono_ms loop_lateness(const struct loop *loop);

/*
 * Calls @on_signal on the loop thread for SIGTERM and SIGINT. They are blocked here, in the calling thread and all that
 * it starts afterwards: call it before executor_open(). Once per loop; loop_close() leaves them blocked.
 */
void loop_on_signal(struct loop *loop, void (*on_signal)(void *ctx, int signal_number), void *ctx);

/* Called once at the end of each turn. */
void loop_set_idle(struct loop *loop, void (*idle)(void *ctx), void *ctx);

struct loop_fd {
        int fd;                                               /* -1 when not registered */
        void (*ready)(struct loop_fd *self, uint32_t events); /* EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP */
};
void loop_fd_add(struct loop *loop, struct loop_fd *fd, uint32_t events);
void loop_fd_change(struct loop *loop, struct loop_fd *fd, uint32_t events);
void loop_fd_remove(struct loop *loop, struct loop_fd *fd); /* no-op when not registered; does not close */

struct loop_timer {
        void (*due)(struct loop_timer *self); /* one-shot; may set itself again */
        mono_ms at;
        size_t heap_index; /* 0 when not set; private to loop.c */
};
void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono_ms at); /* sets or moves */
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);            /* no-op when not set */

struct loop_post {
        void (*run)(struct loop_post *self); /* on the loop thread */
        struct loop_post *next;              /* private to loop.c */
};
/* From any thread: run @post->run in the next turn. The only cross-thread call. */
void loop_post(struct loop *loop, struct loop_post *post);
/* Runs the posted work at once: for shutdown, when there will be no further turn. */
void loop_run_posted(struct loop *loop);

/* The struct that embeds @pointer as @member. */
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
