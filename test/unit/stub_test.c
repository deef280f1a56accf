/* stub_test.c -- names as agents are told them: a DNS server that is asked directly, and what its answers mean. */
#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/stub.h"
#include "util/mem.h"
#include "util/text.h"

/* What the server knows; a name that is not in it does not exist. */
static const char *const zone[] = {
    "one.test. 30 IN A 127.0.0.1",       "two.test. 30 IN A 127.0.0.2",       "two.test. 30 IN A 127.0.0.1",
    "both.test. 30 IN A 127.0.0.1",      "both.test. 30 IN AAAA ::1",         "alias.test. 30 IN CNAME one.test.",
    "lost.test. 30 IN CNAME gone.test.", "loop.test. 30 IN CNAME loop.test.", "text.test. 30 IN TXT \"no address\"",
    "many.test. 30 IN A 127.0.0.1",      "many.test. 30 IN A 127.0.0.2",      "many.test. 30 IN A 127.0.0.3",
    "many.test. 30 IN A 127.0.0.4",      "many.test. 30 IN A 127.0.0.5",      "many.test. 30 IN A 127.0.0.6",
    "many.test. 30 IN A 127.0.0.7",      "many.test. 30 IN A 127.0.0.8",      "many.test. 30 IN A 127.0.0.9",
};

struct server {
        pthread_t thread;
        int fd;
        char address[32]; /* for --resolver */
        ldns_pkt_rcode refusal;
        bool is_noisy; /* first an answer to another question */
};

static void send_packet(int fd, ldns_pkt *packet, const struct sockaddr_storage *to, socklen_t bytes)
{
        uint8_t *wire;
        size_t count;
        assert_int_equal(ldns_pkt2wire(&wire, packet, &count), LDNS_STATUS_OK);
        (void)sendto(fd, wire, count, 0, (const struct sockaddr *)to, bytes);
        free(wire);
}

static ldns_pkt *answer_of(const struct server *server, const ldns_pkt *query)
{
        const ldns_rr *asked = ldns_rr_list_rr(ldns_pkt_question(query), 0);
        ldns_pkt *answer = ldns_pkt_new();
        bool exists = false;
        ldns_pkt_set_id(answer, ldns_pkt_id(query));
        ldns_pkt_set_qr(answer, true);
        (void)ldns_pkt_push_rr(answer, LDNS_SECTION_QUESTION, ldns_rr_clone(asked));
        for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++) {
                ldns_rr *record;
                assert_int_equal(ldns_rr_new_frm_str(&record, zone[i], 0, NULL, NULL), LDNS_STATUS_OK);
                bool is_owner = ldns_dname_compare(ldns_rr_owner(record), ldns_rr_owner(asked)) == 0;
                exists |= is_owner;
                if (is_owner && (ldns_rr_get_type(record) == ldns_rr_get_type(asked) ||
                                 ldns_rr_get_type(record) == LDNS_RR_TYPE_CNAME))
                        (void)ldns_pkt_push_rr(answer, LDNS_SECTION_ANSWER, record);
                else
                        ldns_rr_free(record);
        }
        ldns_pkt_set_rcode(answer, (uint8_t)(server->refusal ? server->refusal
                                             : exists        ? LDNS_RCODE_NOERROR
                                                             : LDNS_RCODE_NXDOMAIN));
        return answer;
}

static void *serve(void *arg)
{
        struct server *server = arg;
        for (;;) {
                uint8_t wire[2048];
                struct sockaddr_storage from;
                socklen_t bytes = sizeof(from);
                ssize_t got = recvfrom(server->fd, wire, sizeof(wire), 0, (struct sockaddr *)&from, &bytes);
                ldns_pkt *query;
                if (got <= 1) /* the word to stop */
                        return NULL;
                assert_int_equal(ldns_wire2pkt(&query, wire, (size_t)got), LDNS_STATUS_OK);
                ldns_pkt *answer = answer_of(server, query);
                if (server->is_noisy) {
                        ldns_pkt_set_id(answer, (uint16_t)(ldns_pkt_id(query) + 1));
                        send_packet(server->fd, answer, &from, bytes);
                        ldns_pkt_set_id(answer, ldns_pkt_id(query));
                }
                send_packet(server->fd, answer, &from, bytes);
                ldns_pkt_free(answer);
                ldns_pkt_free(query);
        }
}

static struct server *start(ldns_pkt_rcode refusal, bool is_noisy)
{
        struct server *server = mem_new(server);
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t bytes = sizeof(at);
        server->refusal = refusal;
        server->is_noisy = is_noisy;
        server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &bytes), 0);
        (void)snprintf(server->address, sizeof(server->address), "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
        assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
        return server;
}

static void stop(struct server *server)
{
        struct sockaddr_in at;
        socklen_t bytes = sizeof(at);
        assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &bytes), 0);
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(sendto(fd, "", 1, 0, (struct sockaddr *)&at, bytes), 1);
        (void)close(fd);
        assert_int_equal(pthread_join(server->thread, NULL), 0);
        (void)close(server->fd);
        free(server);
}

static struct resolve_answer ask(const struct server *server, const char *host)
{
        struct resolve_answer answer = {0};
        stub_lookup(host, server->address, &answer);
        return answer;
}

static void names_lead_to_their_addresses(void **state)
{
        (void)state;
        static const struct {
                const char *host;
                unsigned count;
                bool is_absent;
                const char *why;
        } rows[] = {
            {"one.test", 1, false, ""},
            {"one.test.", 1, false, ""},
            {"ONE.Test", 1, false, ""},
            {"two.test", 2, false, ""},
            {"alias.test", 1, false, ""},
            {"many.test", RESOLVE_ADDRESSES_MAX, false, ""},
            {"gone.test", 0, true, "DNS says that there is no such name"},
            {"lost.test", 0, true, "DNS says that there is no such name"},
            {"text.test", 0, true, "DNS has no address for this name"},
            {"loop.test", 0, true, "DNS has no address for this name"},
            {"localhost", 0, true,
             "DNS says that there is no such name"}, /* every hosts file has it, and no agent asks ours */
        };
        for (unsigned noise = 0; noise < 2; noise++) {
                struct server *server = start(LDNS_RCODE_NOERROR, noise == 1);
                for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                        struct resolve_answer answer = ask(server, rows[i].host);
                        if (answer.count != rows[i].count || answer.is_absent != rows[i].is_absent ||
                            strcmp(answer.why, rows[i].why) != 0)
                                fail_msg("%s: %u addresses, absent %d, \"%s\"", rows[i].host, answer.count,
                                         (int)answer.is_absent, answer.why);
                }
                assert_true(ask(server, "both.test").count >= 1); /* ::1 only where this machine has IPv6 */
                stop(server);
        }
}

static void no_answer_is_not_an_absence(void **state)
{
        (void)state;
        struct server *refusing = start(LDNS_RCODE_SERVFAIL, false), *good = start(LDNS_RCODE_NOERROR, false);
        struct resolve_answer answer = ask(refusing, "one.test");
        assert_int_equal(answer.count, 0);
        assert_false(answer.is_absent);
        assert_non_null(strstr(answer.why, "cannot say (code 2)"));
        char both[80];
        (void)snprintf(both, sizeof(both), "%s,%s", refusing->address, good->address);
        answer = (struct resolve_answer){0};
        stub_lookup("one.test", both, &answer); /* the next one can */
        assert_int_equal(answer.count, 1);
        assert_string_equal(answer.why, "");
        char silent[32];
        (void)TEXT_COPY(silent, good->address);
        stop(refusing);
        stop(good);
        answer = (struct resolve_answer){0};
        stub_lookup("one.test", silent, &answer); /* nobody listens there any more */
        assert_int_equal(answer.count, 0);
        assert_false(answer.is_absent);
        assert_non_null(strstr(answer.why, "does not answer"));
}

static void servers_are_addresses(void **state)
{
        (void)state;
        struct stub_server servers[STUB_SERVERS_MAX];
        static const struct {
                const char *text;
                unsigned count;
                uint16_t port; /* of the last */
        } rows[] = {
            {"192.0.2.53", 1, 53},
            {"192.0.2.53:5353", 1, 5353},
            {"2001:db8::53", 1, 53},
            {"[2001:db8::53]:5353", 1, 5353},
            {"192.0.2.53,192.0.2.54:54,::1", 3, 53},
            {"192.0.2.53,192.0.2.54,192.0.2.55,192.0.2.56", 0, 0},
            {"", 0, 0},
            {"192.0.2.53,", 0, 0},
            {"ns.example.com", 0, 0},
            {"127.1", 0, 0},
            {"192.0.2.53:0", 0, 0},
            {"192.0.2.53:65536", 0, 0},
            {"[192.0.2.53]:53", 0, 0},
            {"[::1:53", 0, 0},
            {"192.0.2.53:5353:5353:5353:5353:5353:5353:5353:5353:5353:5353:5353:5353:5353", 0, 0},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unsigned count = stub_servers_parse(rows[i].text, servers);
                if (count != rows[i].count || (count && servers[count - 1].port != rows[i].port))
                        fail_msg("\"%s\": %u", rows[i].text, count);
        }
}

static void resolv_conf_names_them(void **state)
{
        (void)state;
        struct stub_server servers[STUB_SERVERS_MAX];
        char path[] = "/tmp/stub-test-XXXXXX", text[ADDRESS_PORT_TEXT_BYTES];
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        static const char conf[] =
            "# a comment\nsearch svc.cluster.local\nnameservers 1.2.3.4\nnameserver\t10.96.0.10\r\n"
            "nameserver fe80::1%eth0 \nnameserver nonsense\noptions ndots:5\nnameserver 192.0.2.1";
        assert_int_equal(write(fd, conf, sizeof(conf) - 1), sizeof(conf) - 1);
        (void)close(fd);
        static const char *const wanted[] = {"10.96.0.10:53", "[fe80::1]:53", "192.0.2.1:53"};
        assert_int_equal(stub_servers_from_file(path, servers), 3);
        for (unsigned i = 0; i < 3; i++) {
                address_print(&servers[i].address, servers[i].port, text);
                assert_string_equal(text, wanted[i]);
        }
        (void)unlink(path);
        assert_int_equal(stub_servers_from_file(path, servers), 1); /* as the C library has it */
        address_print(&servers[0].address, servers[0].port, text);
        assert_string_equal(text, "127.0.0.1:53");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_lead_to_their_addresses),
            cmocka_unit_test(no_answer_is_not_an_absence),
            cmocka_unit_test(servers_are_addresses),
            cmocka_unit_test(resolv_conf_names_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
