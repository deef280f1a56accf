/* host.c -- processes of the operator. */
#include "host.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "runtime/clock.h"
#include "util/mem.h"
#include "world.h"

enum { STOP_LIMIT_MS = 1500 /* as in main.c */, BOOT_SPREAD_S = 1000000 };

struct host hosts[HOSTS_MAX];
struct host *host_current;

/* ---- what a process asks of the kernel ---- */

int64_t clock_mono_us(void)
{
        return vtime_now() + (host_current ? host_current->boot_us : 0);
}

mono_ms clock_mono(void)
{
        return clock_mono_us() / 1000;
}

unix_ms clock_wall(void)
{
        return HOST_EPOCH_MS + vtime_now() / 1000 + (host_current ? host_current->wall_skew_ms : 0);
}

int RAND_bytes(unsigned char *bytes, int count)
{
        for (int i = 0; i < count; i++)
                bytes[i] = (unsigned char)chance_bits();
        return 1;
}

uint32_t arc4random(void)
{
        return (uint32_t)chance_bits();
}

uint32_t arc4random_uniform(uint32_t bound)
{
        return chance_below(bound);
}

/* ---- sleep and mail ---- */

static void start_again(void *ctx)
{
        struct host *host = ctx;
        if (!vtime_is_over())
                host_start(host);
}

static void ended(struct host *host)
{
        host->is_alive = false;
        if (host->starts_again)
                vtime_at(vtime_now(), start_again, host);
}

static void let_run(struct host *host)
{
        host_current = host;
        fiber_resume(host->fiber);
        host_current = NULL;
        if (!fiber_is_done(host->fiber))
                return;
        fiber_drop(host->fiber);
        ended(host);
}

static void wake(void *ctx)
{
        const uintptr_t which = (uintptr_t)ctx;
        struct host *host = &hosts[which % HOSTS_MAX];
        if (vtime_is_over() || !host->is_alive || !host->is_asleep || host->nap != which / HOSTS_MAX)
                return;
        if (host->paused_until > vtime_now()) {
                vtime_at(host->paused_until, wake, ctx);
                return;
        }
        host->is_asleep = false;
        let_run(host);
}

static void wake_at(struct host *host, vtime_us at)
{
        vtime_at(at, wake, (void *)(uintptr_t)(host->nap * HOSTS_MAX + host->index));
}

int __wrap_epoll_wait(int epoll_fd, struct epoll_event *events, int count, int timeout_ms);
int __wrap_epoll_wait(int epoll_fd, struct epoll_event *events, int count, int timeout_ms)
{
        (void)epoll_fd, (void)events, (void)count;
        struct host *host = host_current;
        if (timeout_ms == 0)
                return 0;
        host->nap++;
        host->is_asleep = true;
        wake_at(host, vtime_now() + (vtime_us)timeout_ms * VTIME_MS);
        fiber_yield();
        return 0;
}

/* Posted work is looked for before each sleep, and host_post() ends the sleep. */
int __wrap_eventfd_write(int fd, eventfd_t value);
int __wrap_eventfd_write(int fd, eventfd_t value)
{
        (void)fd, (void)value;
        return 0;
}

static void read_mail(struct loop_post *post)
{
        struct host *host = CONTAINER_OF(post, struct host, post);
        struct host_mail *mail = host->first;
        host->is_posted = false;
        host->first = NULL;
        host->end = &host->first;
        while (mail) {
                struct host_mail *next = mail->next;
                mail->read(mail);
                mail = next;
        }
}

static void drop_mail(struct host *host)
{
        while (host->first) {
                struct host_mail *mail = host->first;
                host->first = mail->next;
                mail->drop(mail);
        }
        host->end = &host->first;
}

void host_post(struct host *host, uint64_t life, struct host_mail *mail)
{
        if (vtime_is_over() || !host->is_alive || host->life != life) {
                mail->drop(mail);
                return;
        }
        mail->next = NULL;
        *host->end = mail;
        host->end = &mail->next;
        if (host->is_posted)
                return;
        host->is_posted = true;
        host->post.run = read_mail;
        loop_post(host->loop, &host->post);
        wake_at(host, vtime_now());
}

/* ---- life ---- */

static struct kube_config config_of(const struct host *host)
{
        char server[64];
        (void)snprintf(server, sizeof(server), "https://api-%u.test:6443", host->cluster);
        return (struct kube_config){.server = mem_strdup(server), .namespace_name = mem_strdup(OWN_NAMESPACE)};
}

static void live(void *ctx)
{
        struct host *host = ctx;
        struct kube_config config = config_of(host), election_config = config_of(host);
        host->loop = loop_open();
        manager_open(&host->manager, host->loop, &config, &election_config, &host->options);
        host->has_services = true;
        loop_run(host->loop);
        host->has_services = false;
        manager_close(&host->manager);
        loop_close(host->loop);
        host->loop = NULL;
        drop_mail(host);
}

void host_start(struct host *host)
{
        host->starts_again = host->is_alive && host->is_stopping;
        if (host->is_alive)
                return;
        host->is_stopping = false;
        host->life++;
        (void)snprintf(host->identity, sizeof(host->identity), "operator-%u_%u", host->index, (unsigned)host->life);
        host->options = (struct manager_options){
            .own_namespace = OWN_NAMESPACE,
            .identity = host->identity,
            .region = "",
            .election_id = ELECTION_ID,
            .leader_elect = true,
            .lease_ms = 5000,
            .renew_deadline_ms = 3000,
            .retry_ms = 1000,
            .standby_probes = true,
            .max_switches_per_minute = 10,
            .prepares_failovers = world.prepares,
            .reads_per_list = world.lists ? 1 : 0,
        };
        host->boot_us = (int64_t)(1 + chance_below(BOOT_SPREAD_S)) * VTIME_S;
        host->paused_until = 0;
        host->is_posted = host->is_asleep = host->has_services = false;
        host->first = NULL;
        host->end = &host->first;
        host->jobs = NULL;
        host->is_alive = true;
        host->fiber = fiber_new(live, host);
        let_run(host);
}

void host_kill(struct host *host)
{
        if (!host->is_alive)
                return;
        INVARIANT(host->is_asleep && host->has_services);
        host->is_alive = false;
        host_current = host;
        manager_close(&host->manager);
        loop_close(host->loop);
        host->loop = NULL;
        drop_mail(host);
        host_current = NULL;
        fiber_drop(host->fiber);
        ended(host);
}

void host_pause(struct host *host, vtime_us until)
{
        if (host->paused_until < until)
                host->paused_until = until;
}

static void stopped(void *ctx)
{
        struct host *host = ctx;
        if (host->has_services)
                loop_stop(host->loop);
}

struct stop {
        struct host_mail mail; /* first */
        struct host *host;
        uint64_t life;
};

static void drop_stop(struct host_mail *mail)
{
        free(mail);
}

static void read_stop(struct host_mail *mail)
{
        struct stop *stop = (struct stop *)(void *)mail;
        manager_stop(&stop->host->manager, stopped, stop->host);
        free(stop);
}

static void stop_limit(void *ctx)
{
        struct stop *stop = ctx;
        if (!vtime_is_over() && stop->host->life == stop->life)
                host_kill(stop->host);
        free(stop);
}

static struct stop *new_stop(struct host *host)
{
        struct stop *stop = mem_new(stop);
        *stop = (struct stop){.mail = {.read = read_stop, .drop = drop_stop}, .host = host, .life = host->life};
        return stop;
}

void host_stop(struct host *host)
{
        if (!host->is_alive || host->is_stopping)
                return;
        host->is_stopping = true;
        host_post(host, host->life, &new_stop(host)->mail);
        vtime_at(vtime_now() + STOP_LIMIT_MS * VTIME_MS, stop_limit, new_stop(host));
}
