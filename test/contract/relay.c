/* relay.c -- a UDP relay in front of a DNS server that remembers updates and can spoil packets. */
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
#include "targets/net.h"
#include "util/mem.h"

enum { PACKET_BYTES = 4096, OPCODE_UPDATE = 5 };

struct relay {
        enum relay_fault fault;
        int front;   /* clients send here */
        int back;    /* connected to the server */
        int stop[2]; /* a byte here ends the thread */
        char address[32];
        pthread_t thread;
        uint8_t update[PACKET_BYTES];
        size_t update_bytes;
        unsigned passed;
};

static void spoil(const struct relay *relay, uint8_t *packet, size_t *bytes)
{
        if (relay->fault == RELAY_SPOIL_ANSWERS)
                packet[*bytes - 10] ^= 1; /* within the signature */
        if (relay->fault == RELAY_STRIP_ANSWERS) {
                memset(packet + 6, 0, 6); /* says: no records */
                packet[3] &= 0xF0;        /* and: no error */
        }
}

static void *relay_run(void *arg)
{
        struct relay *relay = arg;
        struct sockaddr_in client = {0};
        for (;;) {
                struct pollfd ready[] = {{.fd = relay->stop[0], .events = POLLIN},
                                         {.fd = relay->front, .events = POLLIN},
                                         {.fd = relay->back, .events = POLLIN}};
                if (poll(ready, 3, -1) < 0 || ready[0].revents)
                        return NULL;
                uint8_t packet[PACKET_BYTES];
                if (ready[1].revents) {
                        socklen_t size = sizeof(client);
                        ssize_t got =
                            recvfrom(relay->front, packet, sizeof(packet), 0, (struct sockaddr *)&client, &size);
                        bool is_lost = relay->fault == RELAY_LOSE_FIRST && relay->passed++ == 0;
                        if (got > 12 && (packet[2] >> 3 & 15) == OPCODE_UPDATE) {
                                relay->update_bytes = (size_t)got;
                                memcpy(relay->update, packet, (size_t)got);
                        }
                        if (got > 0 && !is_lost)
                                (void)send(relay->back, packet, (size_t)got, 0);
                }
                if (ready[2].revents) {
                        ssize_t got = recv(relay->back, packet, sizeof(packet), 0);
                        size_t bytes = got > 12 ? (size_t)got : 0;
                        if (bytes > 0) {
                                spoil(relay, packet, &bytes);
                                (void)sendto(relay->front, packet, bytes, 0, (struct sockaddr *)&client,
                                             sizeof(client));
                        }
                }
        }
}

static int connect_to(const char *address)
{
        struct net_endpoint endpoint;
        struct net_addresses found;
        int fd = -1;
        assert_int_equal(net_endpoint_parse(address, 0, &endpoint, NULL), ERR_OK);
        assert_int_equal(net_look_up(&endpoint, in_ms(1000), &found, NULL), ERR_OK);
        assert_int_equal(net_connect(&endpoint, &found.list[0], SOCK_DGRAM, in_ms(1000), &fd, NULL), ERR_OK);
        return fd;
}

struct relay *relay_start(const char *server_address, enum relay_fault fault)
{
        struct relay *relay = mem_new(relay);
        relay->fault = fault;
        relay->back = connect_to(server_address);
        relay->front = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(any);
        assert_int_equal(bind(relay->front, (struct sockaddr *)&any, size), 0);
        assert_int_equal(getsockname(relay->front, (struct sockaddr *)&any, &size), 0);
        (void)snprintf(relay->address, sizeof(relay->address), "127.0.0.1:%u", ntohs(any.sin_port));
        assert_int_equal(pipe(relay->stop), 0);
        assert_int_equal(pthread_create(&relay->thread, NULL, relay_run, relay), 0);
        return relay;
}

const char *relay_address(const struct relay *relay)
{
        return relay->address;
}

void relay_stop(struct relay *relay)
{
        assert_int_equal(write(relay->stop[1], "", 1), 1);
        assert_int_equal(pthread_join(relay->thread, NULL), 0);
        (void)close(relay->front);
        (void)close(relay->back);
        (void)close(relay->stop[0]);
        (void)close(relay->stop[1]);
        free(relay);
}

int relay_replay(struct relay *relay)
{
        assert_true(relay->update_bytes > 0);
        int fd = connect_to(server("CONTRACT_DNS"));
        assert_int_equal(send(fd, relay->update, relay->update_bytes, 0), (ssize_t)relay->update_bytes);
        uint8_t answer[PACKET_BYTES];
        assert_true(net_wait(fd, POLLIN, in_ms(PATIENCE_MS)));
        assert_true(recv(fd, answer, sizeof(answer), 0) > 12);
        (void)close(fd);
        return answer[3] & 15;
}
