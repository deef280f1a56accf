/* addresses_contract.c -- servers of several addresses, of which some are dead or silent; real BIND and Redis behind one. */
#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dns_hands.h"
#include "lock_hands.h"
#include "util/mem.h"

/* What "two.test" resolves to, first to last; 127.0.0.1 is where the real servers listen. */
enum { TWO = 2, PRIMING_EPOCH = 1 };
static const char *addresses[TWO];

/* The resolver of this program: literal addresses, and the one name. */
static void add(struct addrinfo **list, const char *address, const char *port, int type)
{
        struct sockaddr_in *socket = mem_new(socket);
        socket->sin_family = AF_INET;
        socket->sin_port = htons((uint16_t)strtoul(port, NULL, 10));
        assert_int_equal(inet_pton(AF_INET, address, &socket->sin_addr), 1);
        struct addrinfo *found = mem_new(found);
        *found = (struct addrinfo){.ai_family = AF_INET,
                                   .ai_socktype = type,
                                   .ai_addrlen = sizeof(*socket),
                                   .ai_addr = (struct sockaddr *)socket,
                                   .ai_next = *list};
        *list = found;
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret)
{
        bool is_named = strcmp(host, "two.test") == 0;
        *ret = NULL;
        for (int i = is_named ? TWO - 1 : 0; i >= 0; i--)
                add(ret, is_named ? addresses[i] : host, port, hints->ai_socktype);
        return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
        while (list) {
                struct addrinfo *next = list->ai_next;
                free(list->ai_addr);
                free(list);
                list = next;
        }
}

/* A socket that takes everything and never answers; a TCP one lets the kernel accept. */
static int silent(const char *address, const char *port, int type)
{
        int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
        assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
        assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
        if (type == SOCK_STREAM)
                assert_int_equal(listen(fd, 8), 0);
        return fd;
}

static const char *by_name(const char *address, char ret[static 64])
{
        (void)snprintf(ret, 64, "two.test:%s", port_of(address));
        return ret;
}

/* Read, and move by a second target that has read nothing, as visits of the operator do. */
static void assert_name_is_served(const char *name)
{
        char nameserver[64];
        struct target_options options = {.nameserver = by_name(server("CONTRACT_DNS"), nameserver)};
        struct dns_target *reader = open_name_with(name, options), *writer = open_name_with(name, options);
        struct target_state now = {0};
        struct errmsg error = {0};
        read_name(reader, &now);
        epoch_t epoch = now.stamp.epoch + PRIMING_EPOCH;
        if (move_name(writer, &now, want_rrset("A 192.0.2.1", epoch), &error) != ERR_OK)
                fail_msg("move: %s", error.text);
        read_name(reader, &now);
        assert_int_equal(now.stamp.epoch, epoch);
        target_state_clear(&now);
        dns_target_close(reader);
        dns_target_close(writer);
}

static void nameserver_is_found_behind_a_dead_address(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.2";
        addresses[1] = "127.0.0.1";
        assert_name_is_served("dead.dr.test");
}

static void nameserver_is_found_behind_a_silent_address(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.2";
        addresses[1] = "127.0.0.1";
        int udp = silent("127.0.0.2", port_of(server("CONTRACT_DNS")), SOCK_DGRAM);
        int tcp = silent("127.0.0.2", port_of(server("CONTRACT_DNS")), SOCK_STREAM);
        assert_name_is_served("silent.dr.test");
        (void)close(udp);
        (void)close(tcp);
}

static void first_address_is_enough(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.1";
        addresses[1] = "127.0.0.2";
        assert_name_is_served("first.dr.test");
}

/* Truncated answers and large updates go over TCP, where a silent address accepts, too. */
static void large_sets_pass_by_a_silent_address(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.2";
        addresses[1] = "127.0.0.1";
        free(shell("(echo server 127.0.0.1 %s; for i in $(seq 60); do echo update add large.dr.test 30 AAAA "
                   "2001:db8::$i; done; echo send) | nsupdate -k %s/planekeeper 2>&1",
                   port_of(server("CONTRACT_DNS")), server("CONTRACT_DNS_KEYS")));
        int udp = silent("127.0.0.2", port_of(server("CONTRACT_DNS")), SOCK_DGRAM);
        int tcp = silent("127.0.0.2", port_of(server("CONTRACT_DNS")), SOCK_STREAM);
        assert_name_is_served("large.dr.test");
        assert_dig("large.dr.test", "AAAA", "");
        (void)close(udp);
        (void)close(tcp);
}

static void no_address_that_answers_is_transient_by_the_deadline(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.2";
        addresses[1] = "127.0.0.3";
        char nameserver[64];
        struct target_options options = {.nameserver = by_name(server("CONTRACT_DNS"), nameserver)};
        struct dns_target *target = open_name_with("none.dr.test", options);
        struct target_state now = {0};
        struct errmsg error = {0};
        assert_error(dns_read(target, in_ms(PATIENCE_MS), &now, &error), ERR_TRANSIENT, &error, "refused");
        int udp = silent("127.0.0.3", port_of(server("CONTRACT_DNS")), SOCK_DGRAM);
        mono_ms start = clock_mono();
        assert_error(dns_read(target, in_ms(SHORT_MS), &now, &error), ERR_TRANSIENT, &error, "two.test");
        assert_in_range(clock_mono() - start, 0, SHORT_MS + 200);
        (void)close(udp);
        dns_target_close(target);
}

static void assert_lock_is_served(const char *key, epoch_t epoch)
{
        char address[64];
        const char *real = server("CONTRACT_REDIS_PLAIN");
        struct lock_options options = {.address = by_name(real, address), .key = key};
        struct lock_target *lock = open_lock_with(options);
        assert_lock_moves(lock, want_value("a", epoch));
        lock_close(lock);
}

static void redis_is_found_behind_a_dead_address(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.2";
        addresses[1] = "127.0.0.1";
        assert_lock_is_served("dead-address", 1);
}

static void redis_is_found_behind_a_silent_address(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.2";
        addresses[1] = "127.0.0.1";
        int tcp = silent("127.0.0.2", port_of(server("CONTRACT_REDIS_PLAIN")), SOCK_STREAM);
        assert_lock_is_served("silent-address", 1);
        (void)close(tcp);
}

/* A user who may not PING gets an answer all the same, which is proof enough. */
static void redis_user_needs_no_right_to_ping(void **state)
{
        (void)state;
        addresses[0] = "127.0.0.2";
        addresses[1] = "127.0.0.1";
        char address[64];
        struct lock_target *lock = open_lock_with((struct lock_options){.address = by_name(server("CONTRACT_REDIS_SECURED"), address),
                                                                        .username = "keeper",
                                                                        .password = "keep-it",
                                                                        .key = "no-ping"});
        assert_lock_moves(lock, want_value("a", 1));
        lock_close(lock);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(nameserver_is_found_behind_a_dead_address),
            cmocka_unit_test(nameserver_is_found_behind_a_silent_address),
            cmocka_unit_test(first_address_is_enough),
            cmocka_unit_test(large_sets_pass_by_a_silent_address),
            cmocka_unit_test(no_address_that_answers_is_transient_by_the_deadline),
            cmocka_unit_test(redis_is_found_behind_a_dead_address),
            cmocka_unit_test(redis_is_found_behind_a_silent_address),
            cmocka_unit_test(redis_user_needs_no_right_to_ping),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
