/* stub.c -- the addresses of an absolute name, by DNS. */
#include "probe/stub.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

/* 1,232 bytes pass without fragments on every path with the IPv6 minimum MTU (DNS flag day 2020). */
enum { DNS_PORT = 53, UDP_BYTES_MAX = 1232, TRY_FIRST_MS = 700, TRIES = 2 };

/* The result of the questions for one record type. */
enum outcome { FOUND, NO_SUCH_TYPE, NO_SUCH_NAME, NO_ANSWER };

struct question {
        const struct stub_server *servers;
        unsigned server_count;
        mono_ms deadline;
        struct resolve_answer *answer; /* addresses are added; why of the last server that gave none */
};

static bool wait_for(int fd, short events, mono_ms until)
{
        for (;;) {
                mono_ms left = until - clock_mono();
                if (left <= 0)
                        return false;
                struct pollfd poller = {.fd = fd, .events = events};
                if (poll(&poller, 1, (int)left) > 0)
                        return true;
        }
}

static int open_socket(const struct address *address, uint16_t port, int type)
{
        struct sockaddr_storage peer;
        socklen_t bytes = address_to_socket(address, port, &peer);
        int fd = socket(peer.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&peer, bytes) < 0 && errno != EINPROGRESS)
                cleanup_fd(&fd), fd = -1;
        return fd;
}

/* The answer to @query in @wire; NULL: it is something else. The caller frees. */
static ldns_pkt *accept_answer(const ldns_pkt *query, const uint8_t *wire, size_t bytes)
{
        ldns_pkt *packet = NULL;
        if (ldns_wire2pkt(&packet, wire, bytes) != LDNS_STATUS_OK)
                return NULL;
        const ldns_rr *asked = ldns_rr_list_rr(ldns_pkt_question(query), 0);
        const ldns_rr_list *repeated = ldns_pkt_question(packet);
        const ldns_rr *about = ldns_rr_list_rr_count(repeated) == 1 ? ldns_rr_list_rr(repeated, 0) : NULL;
        if (ldns_pkt_qr(packet) && ldns_pkt_id(packet) == ldns_pkt_id(query) && about &&
            ldns_rr_get_type(about) == ldns_rr_get_type(asked) &&
            ldns_dname_compare(ldns_rr_owner(about), ldns_rr_owner(asked)) == 0)
                return packet;
        ldns_pkt_free(packet);
        return NULL;
}

static ldns_pkt *ask_udp(const struct stub_server *server, const ldns_pkt *query, const uint8_t *wire, size_t bytes,
                         mono_ms deadline)
{
        CLEANUP(cleanup_fd) int fd = open_socket(&server->address, server->port, SOCK_DGRAM);
        uint8_t received[UDP_BYTES_MAX];
        ldns_pkt *answer = NULL;
        for (int i = 0; fd >= 0 && !answer && i < TRIES; i++) {
                mono_ms until = clock_mono() + (TRY_FIRST_MS << i);
                until = until < deadline ? until : deadline;
                if (send(fd, wire, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
                        return NULL;
                while (!answer && wait_for(fd, POLLIN, until)) {
                        ssize_t got = recv(fd, received, sizeof(received), 0);
                        if (got < 0 && errno != EAGAIN && errno != EINTR)
                                return NULL; /* no server listens there */
                        if (got > 0)
                                answer = accept_answer(query, received, (size_t)got);
                }
        }
        return answer;
}

static bool move_all(int fd, uint8_t *bytes, size_t count, bool is_send, mono_ms deadline)
{
        for (size_t done = 0; done < count;) {
                if (!wait_for(fd, is_send ? POLLOUT : POLLIN, deadline))
                        return false;
                ssize_t moved = is_send ? send(fd, bytes + done, count - done, MSG_NOSIGNAL)
                                        : recv(fd, bytes + done, count - done, 0);
                if (moved > 0)
                        done += (size_t)moved;
                else if (moved == 0 || (errno != EAGAIN && errno != EINTR))
                        return false;
        }
        return true;
}

static ldns_pkt *ask_tcp(const struct stub_server *server, const ldns_pkt *query, const uint8_t *wire, size_t bytes,
                         mono_ms deadline)
{
        CLEANUP(cleanup_fd) int fd = open_socket(&server->address, server->port, SOCK_STREAM);
        uint8_t *framed = mem_calloc(bytes + 2, 1);
        uint8_t length[2];
        ldns_pkt *answer = NULL;
        framed[0] = (uint8_t)(bytes >> 8);
        framed[1] = (uint8_t)bytes;
        memcpy(framed + 2, wire, bytes);
        if (fd >= 0 && move_all(fd, framed, bytes + 2, true, deadline) &&
            move_all(fd, length, sizeof(length), false, deadline)) {
                size_t expected = (size_t)length[0] << 8 | length[1];
                uint8_t *received = mem_calloc(expected + 1, 1);
                if (move_all(fd, received, expected, false, deadline))
                        answer = accept_answer(query, received, expected);
                free(received);
        }
        free(framed);
        return answer;
}

/* The answer of the first server that says yes or no. SERVFAIL and REFUSED are neither, so the next server is asked, as
 * a resolver does; NULL: none of them does, and @why has the last one's answer. */
static ldns_pkt *ask(const struct question *question, const ldns_rdf *owner, ldns_rr_type type)
{
        ldns_pkt *query = ldns_pkt_query_new(ldns_rdf_clone(owner), type, LDNS_RR_CLASS_IN, LDNS_RD);
        INVARIANT(query);
        uint16_t id;
        INVARIANT(getrandom(&id, sizeof(id), 0) == (ssize_t)sizeof(id));
        ldns_pkt_set_id(query, id);
        ldns_pkt_set_edns_udp_size(query, UDP_BYTES_MAX);
        uint8_t *wire = NULL;
        size_t bytes = 0;
        INVARIANT(ldns_pkt2wire(&wire, query, &bytes) == LDNS_STATUS_OK);
        ldns_pkt *answer = NULL;
        for (unsigned i = 0; i < question->server_count && !answer; i++) {
                const struct stub_server *server = &question->servers[i];
                char text[ADDRESS_PORT_TEXT_BYTES];
                address_print(&server->address, server->port, text);
                answer = ask_udp(server, query, wire, bytes, question->deadline);
                if (answer && ldns_pkt_tc(answer)) {
                        ldns_pkt_free(answer);
                        answer = ask_tcp(server, query, wire, bytes, question->deadline);
                }
                ldns_pkt_rcode rcode = answer ? ldns_pkt_get_rcode(answer) : LDNS_RCODE_NOERROR;
                if (answer && (rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN))
                        break;
                (void)snprintf(question->answer->why, sizeof(question->answer->why),
                               answer ? "DNS server %s cannot say (code %d)" : "DNS server %s does not answer", text,
                               (int)rcode);
                ldns_pkt_free(answer);
                answer = NULL;
        }
        free(wire);
        ldns_pkt_free(query);
        return answer;
}

static void add_address(const ldns_rdf *data, sa_family_t family, struct resolve_answer *ret)
{
        struct address address = {.family = family};
        size_t bytes = family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);
        if (!data || ldns_rdf_size(data) != bytes || ret->count == RESOLVE_ADDRESSES_MAX)
                return;
        memcpy(family == AF_INET ? (void *)&address.v4 : (void *)&address.v6, ldns_rdf_data(data), bytes);
        ret->addresses[ret->count++] = address;
}

/* Follows the CNAMEs of @packet from *name, which it moves along, and takes the addresses at their end. */
static bool take_addresses(const ldns_pkt *packet, ldns_rr_type type, ldns_rdf **name, struct resolve_answer *ret)
{
        const ldns_rr_list *answers = ldns_pkt_answer(packet);
        unsigned before = ret->count;
        bool has_moved = true;
        for (int link = 0; has_moved && link < STUB_CHAIN_MAX; link++) {
                has_moved = false;
                for (size_t i = 0; i < ldns_rr_list_rr_count(answers) && !has_moved; i++) {
                        const ldns_rr *record = ldns_rr_list_rr(answers, i);
                        if (ldns_rr_get_type(record) != LDNS_RR_TYPE_CNAME || !ldns_rr_rdf(record, 0) ||
                            ldns_dname_compare(ldns_rr_owner(record), *name) != 0)
                                continue;
                        ldns_rdf *next = ldns_rdf_clone(ldns_rr_rdf(record, 0));
                        ldns_rdf_deep_free(*name);
                        *name = next;
                        has_moved = true;
                }
        }
        for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
                const ldns_rr *record = ldns_rr_list_rr(answers, i);
                if (ldns_rr_get_type(record) == type && ldns_dname_compare(ldns_rr_owner(record), *name) == 0)
                        add_address(ldns_rr_rdf(record, 0), type == LDNS_RR_TYPE_A ? AF_INET : AF_INET6, ret);
        }
        return ret->count > before;
}

static enum outcome look_up(const struct question *question, const ldns_rdf *host, ldns_rr_type type)
{
        ldns_rdf *name = ldns_rdf_clone(host);
        enum outcome outcome = NO_ANSWER;
        for (int link = 0; link < STUB_CHAIN_MAX; link++) {
                ldns_rdf *asked = ldns_rdf_clone(name);
                ldns_pkt *packet = ask(question, asked, type);
                bool is_found = packet && take_addresses(packet, type, &name, question->answer);
                bool has_moved = ldns_dname_compare(asked, name) != 0;
                outcome = is_found                                            ? FOUND
                          : !packet                                           ? NO_ANSWER
                          : ldns_pkt_get_rcode(packet) == LDNS_RCODE_NXDOMAIN ? NO_SUCH_NAME
                                                                              : NO_SUCH_TYPE;
                ldns_pkt_free(packet);
                ldns_rdf_deep_free(asked);
                if (outcome != NO_SUCH_TYPE || !has_moved)
                        break;
        }
        ldns_rdf_deep_free(name);
        return outcome;
}

/* Whether this machine has a route there: on one without IPv6 a failed probe of an IPv6 address says nothing. */
static bool has_route(const struct address *address)
{
        int fd = open_socket(address, DNS_PORT, SOCK_DGRAM); /* nothing is sent */
        bool is_open = fd >= 0;
        cleanup_fd(&fd);
        return is_open;
}

static void leave_out_unroutable(struct resolve_answer *answer)
{
        struct resolve_answer kept = *answer;
        kept.count = 0;
        for (unsigned i = 0; i < answer->count; i++)
                if (has_route(&answer->addresses[i]))
                        kept.addresses[kept.count++] = answer->addresses[i];
        if (kept.count > 0)
                *answer = kept;
}

void stub_lookup(const char *host, const char *servers, struct resolve_answer *ret)
{
        struct stub_server list[STUB_SERVERS_MAX];
        const struct question question = {
            .servers = list,
            .server_count =
                servers ? stub_servers_parse(servers, list) : stub_servers_from_file("/etc/resolv.conf", list),
            .deadline = clock_mono() + STUB_DEADLINE_MS,
            .answer = ret,
        };
        ldns_rdf *name = ldns_dname_new_frm_str(host); /* absolute, with or without its final dot */
        if (!name) {
                (void)TEXT_COPY(ret->why, "it is not a DNS name");
                return;
        }
        enum outcome v4 = look_up(&question, name, LDNS_RR_TYPE_A);
        enum outcome v6 = v4 == NO_SUCH_NAME ? NO_SUCH_NAME : look_up(&question, name, LDNS_RR_TYPE_AAAA);
        ldns_rdf_deep_free(name);
        /* Only a server's word makes a name absent: an outage of DNS must not make a plane unfit at once (decision
         * 013). */
        ret->is_absent = v4 == NO_SUCH_NAME || v6 == NO_SUCH_NAME || (v4 == NO_SUCH_TYPE && v6 == NO_SUCH_TYPE);
        if (ret->count > 0) {
                ret->is_absent = false;
                ret->why[0] = '\0';
                leave_out_unroutable(ret);
        } else if (ret->is_absent) {
                (void)TEXT_COPY(ret->why, v4 == NO_SUCH_TYPE && v6 == NO_SUCH_TYPE
                                              ? "DNS has no address for this name"
                                              : "DNS says that there is no such name");
        }
}
