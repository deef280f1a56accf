/* liar.c -- a TCP server that answers nonsense, too much or too slowly. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract.h"
#include "util/mem.h"

enum { CHUNK_BYTES = 65536, TRICKLE_MS = 20 };

struct liar {
        const char *greeting;
        enum liar_fault fault;
        int listener;
        char address[32];
        pthread_t thread;
};

/* Until the client is gone; false then. */
static bool go_on(const struct liar *liar, int client)
{
        static const char chunk[CHUNK_BYTES];
        if (liar->fault == LIAR_CLOSES)
                return false;
        if (liar->fault == LIAR_FLOODS)
                return send(client, chunk, sizeof(chunk), MSG_NOSIGNAL) > 0;
        struct pollfd left = {.fd = client, .events = POLLRDHUP};
        return poll(&left, 1, TRICKLE_MS) == 0 && send(client, "x", 1, MSG_NOSIGNAL) == 1;
}

static void *liar_run(void *arg)
{
        const struct liar *liar = arg;
        for (int client; (client = accept(liar->listener, NULL, NULL)) >= 0;) {
                char request[CHUNK_BYTES];
                if (recv(client, request, sizeof(request), 0) > 0 &&
                    send(client, liar->greeting, strlen(liar->greeting), MSG_NOSIGNAL) >= 0)
                        while (go_on(liar, client))
                                ;
                (void)close(client);
        }
        return NULL;
}

struct liar *liar_start(const char *greeting, enum liar_fault fault)
{
        struct liar *liar = mem_new(liar);
        liar->greeting = greeting;
        liar->fault = fault;
        liar->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(any);
        assert_int_equal(bind(liar->listener, (struct sockaddr *)&any, size), 0);
        assert_int_equal(getsockname(liar->listener, (struct sockaddr *)&any, &size), 0);
        assert_int_equal(listen(liar->listener, 8), 0);
        (void)snprintf(liar->address, sizeof(liar->address), "127.0.0.1:%u", ntohs(any.sin_port));
        assert_int_equal(pthread_create(&liar->thread, NULL, liar_run, liar), 0);
        return liar;
}

const char *liar_address(const struct liar *liar)
{
        return liar->address;
}

void liar_stop(struct liar *liar)
{
        (void)shutdown(liar->listener, SHUT_RDWR); /* wakes accept() */
        assert_int_equal(pthread_join(liar->thread, NULL), 0);
        (void)close(liar->listener);
        free(liar);
}
