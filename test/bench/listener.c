/*
 * listener.c -- the peer of the probe benchmarks: listener PORT. On PORT it accepts and closes, on PORT + 1 it answers
 * one HTTP request with 200, and PORT + 2 is a black hole (a full queue of connections that nobody accepts: the kernel
 * drops what comes), on every loopback address: a thousand planes are a thousand hosts. Prints "ready", ends with its
 * stdin.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 128, FILLERS = 4 };

static void fail(const char *what)
{
        perror(what);
        exit(1);
}

static struct sockaddr_in address_of(uint32_t host, uint16_t port)
{
        return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
}

static int listen_on(uint16_t port, int backlog)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
        struct sockaddr_in address = address_of(INADDR_ANY, port);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) < 0 || /* seen by nobody else */
            bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, backlog) < 0)
                fail("listen");
        return fd;
}

/* Connections that stay open and unaccepted fill the queue of a listener with backlog 0. */
static void fill(uint16_t port)
{
        struct sockaddr_in address = address_of(INADDR_LOOPBACK, port);
        for (int i = 0; i < FILLERS; i++) {
                int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                if (fd < 0 ||
                    (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS))
                        fail("fill");
        }
}

static void accept_all(int listener, int epoll_fd, bool wants_request)
{
        for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
                if (!wants_request)
                        (void)close(fd);
                else if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
                        fail("epoll_ctl");
        }
}

static void answer(int fd)
{
        static const char text[] =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
        char request[2048];
        ssize_t count = read(fd, request, sizeof(request));
        if (count > 0 && write(fd, text, sizeof(text) - 1) < 0)
                perror("write");
        (void)close(fd);
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: listener PORT\n");
                return 2;
        }
        uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
        int epoll_fd = epoll_create1(EPOLL_CLOEXEC), plain = listen_on(port, 4096),
            http = listen_on((uint16_t)(port + 1), 4096);
        (void)listen_on((uint16_t)(port + 2), 0);
        fill((uint16_t)(port + 2));
        const int watched[] = {STDIN_FILENO, plain, http};
        for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
                struct epoll_event event = {.events = EPOLLIN, .data.fd = watched[i]};
                if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, watched[i], &event) < 0)
                        fail("epoll_ctl");
        }
        puts("ready");
        (void)fflush(stdout);
        for (;;) {
                struct epoll_event events[EVENTS];
                int count = epoll_wait(epoll_fd, events, EVENTS, -1);
                for (int i = 0; i < count; i++) {
                        int fd = events[i].data.fd;
                        if (fd == STDIN_FILENO)
                                return 0;
                        if (fd == plain || fd == http)
                                accept_all(fd, epoll_fd, fd == http);
                        else
                                answer(fd);
                }
        }
}
