/*
 * host.h -- an operator: the production loop and manager of one process, in a fiber, on virtual time.
 *
 * What the process would ask of the kernel is here: clocks, chance, epoll_wait() (wrapped by the linker). A host that
 * is paused does nothing until its time has come; one that is killed is gone in whatever it did, with its connections
 * and its workers, but not what they had sent.
 *
 * Ownership: mail belongs to the host until read() or drop(), which free it.
 */
#ifndef PK_TEST_WHOLE_HOST_H
#define PK_TEST_WHOLE_HOST_H

#include "reconcile/manager.h"
#include "vtime.h"

enum { HOSTS_MAX = 2 };

/* Something that came for a process: read on its loop. */
struct host_mail {
        void (*read)(struct host_mail *self);
        void (*drop)(struct host_mail *self);
        struct host_mail *next;
};

struct job_run;
struct host {
        unsigned index;
        unsigned cluster; /* whose API server it uses */
        bool is_alive, has_services;
        bool is_stopping, starts_again; /* as soon as it has ended */
        uint64_t life; /* counts its starts */
        struct fiber *fiber;
        struct loop *loop;
        struct manager manager;
        struct manager_options options;
        char identity[32];
        vtime_us paused_until;
        int64_t boot_us, wall_skew_ms;
        bool is_asleep;
        uint64_t nap; /* counts its sleeps */
        struct host_mail *first, **end;
        struct loop_post post;
        bool is_posted;
        struct job_run *jobs; /* of its workers */
};

extern struct host hosts[HOSTS_MAX];
extern struct host *host_current; /* whose code is running; NULL: nobody's */

void host_start(struct host *host);
void host_kill(struct host *host); /* no-op for one that is not alive */
void host_stop(struct host *host); /* SIGTERM */
void host_pause(struct host *host, vtime_us until);
/* To @host, as long as it lives the life in which the mail was called for. */
void host_post(struct host *host, uint64_t life, struct host_mail *mail);

/* 2026-11-25 at the beginning of each history, by the clock of everybody whose clock is right. */
#define HOST_EPOCH_MS ((int64_t)1795600000000)

#endif
