/*
 * raw_epoll.c -- the least that probing can cost: raw_epoll TCP|HTTP RATE SECONDS PORT HOLE_PERCENT. A new connection
 * each to RATE hosts in turn, evenly spread, one epoll set, a timeout of one second; no names, no results but two
 * counts. Prints one JSON line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 128, TIMEOUT_US = 1000000, SLOTS_MAX = 65536, FIRST_HOST = 0x7F030000, HOSTS_PER_NET = 250 };

/* One timeout for all, so the order of starting is the order of deadlines: a ring is the whole timer. */
struct slot {
        int fd; /* -1 when done */
        bool is_sent;
        int64_t started_us;
};

static struct slot slots[SLOTS_MAX];
static size_t oldest, newest;
static unsigned long passed, failed;

static int64_t now_us(void)
{
        struct timespec now;
        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void finish(struct slot *slot, bool ok)
{
        (void)close(slot->fd);
        slot->fd = -1;
        if (ok)
                passed++;
        else
                failed++;
}

/* 127.3.0.1 to 127.3.0.250, then 127.3.1.1 and so on, as the planes of the bench have them. */
static uint32_t host_of(int64_t number)
{
        return (uint32_t)(FIRST_HOST + number / HOSTS_PER_NET * 256 + number % HOSTS_PER_NET + 1);
}

static void start(int epoll_fd, uint32_t host, uint16_t port, int64_t now)
{
        struct slot *slot = &slots[newest++ % SLOTS_MAX];
        struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
        slot->started_us = now;
        slot->is_sent = false;
        slot->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct epoll_event event = {.events = EPOLLOUT, .data.ptr = slot};
        if (connect(slot->fd, (const struct sockaddr *)&peer, sizeof(peer)) < 0 && errno != EINPROGRESS)
                finish(slot, false);
        else if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, slot->fd, &event) < 0)
                finish(slot, false);
}

static void ready(int epoll_fd, struct slot *slot, uint32_t events, bool is_http)
{
        static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n";
        char answer[2048];
        int code = 0;
        socklen_t bytes = sizeof(code);
        if (!is_http || (events & (EPOLLERR | EPOLLHUP) && !slot->is_sent)) {
                bool ok = getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &code, &bytes) == 0 && code == 0;
                finish(slot, ok);
        } else if (!slot->is_sent) {
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};
                slot->is_sent = true;
                if (write(slot->fd, request, sizeof(request) - 1) < 0 ||
                    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, slot->fd, &event) < 0)
                        finish(slot, false);
        } else {
                ssize_t count = read(slot->fd, answer, sizeof(answer));
                finish(slot, count > 12 && memcmp(answer + 9, "200", 3) == 0);
        }
}

static void expire(int64_t now)
{
        for (; oldest < newest; oldest++) {
                struct slot *slot = &slots[oldest % SLOTS_MAX];
                if (slot->fd >= 0 && now - slot->started_us < TIMEOUT_US)
                        return;
                if (slot->fd >= 0)
                        finish(slot, false);
        }
}

int main(int argc, char **argv)
{
        if (argc != 6) {
                fprintf(stderr, "usage: raw_epoll TCP|HTTP RATE SECONDS PORT HOLE_PERCENT\n");
                return 2;
        }
        bool is_http = strcmp(argv[1], "HTTP") == 0;
        int64_t rate = strtol(argv[2], NULL, 10), seconds = strtol(argv[3], NULL, 10),
                holes = strtol(argv[5], NULL, 10);
        uint16_t port = (uint16_t)strtoul(argv[4], NULL, 10);
        int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        int64_t began = now_us(), count = 0;
        for (int64_t now = began; now - began < seconds * 1000000; now = now_us()) {
                expire(now);
                for (; count < (now - began) * rate / 1000000; count++) {
                        bool is_hole = holes > 0 && count % (100 / holes) == 0;
                        start(epoll_fd, host_of(count % rate),
                              (uint16_t)(is_hole   ? port + 2
                                         : is_http ? port + 1
                                                   : port),
                              now);
                }
                struct epoll_event events[EVENTS];
                int64_t next_us = began + (count + 1) * 1000000 / rate - now_us();
                int ready_count =
                    epoll_wait(epoll_fd, events, EVENTS, next_us <= 0 ? 0 : (int)((next_us + 999) / 1000));
                for (int i = 0; i < ready_count; i++)
                        ready(epoll_fd, events[i].data.ptr, events[i].events, is_http);
        }
        struct rusage usage;
        (void)getrusage(RUSAGE_SELF, &usage);
        double user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
        double sys = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
        printf("{\"what\": \"raw %s\", \"seconds\": %ld, \"passed\": %lu, \"failed\": %lu, \"user_s\": %.3f, "
               "\"sys_s\": %.3f, \"core_percent\": %.2f}\n",
               argv[1], (long)seconds, passed, failed, user, sys, (user + sys) / (double)seconds * 100);
        return 0;
}
