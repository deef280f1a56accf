/* outsider.c -- questions by ldns on a socket of its own, so that nothing of the product is part of the judgement. */
#include "outsider.h"

#include <arpa/inet.h>
#include <ctype.h>
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
#include <ldns/ldns.h>

#include "contract.h"
#include "util/mem.h"

enum { EVERY_MS = 1, ANSWER_MS = 2000, TEXT_BYTES = 512, SAID_BYTES = 6 * TEXT_BYTES, VALUES_MAX = 8, ASKED = 3 };

struct outsider {
        pthread_t thread;
        pthread_mutex_t lock;
        int socket;
        const char *name;
        bool has_expectation, is_stopping;
        char right[2][TEXT_BYTES];
        size_t rounds;
        char wrong[SAID_BYTES]; /* "" as long as all was right */
};

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends " + <type> <value>,<value>" for the records of one type at the name itself. */
static void append_values(const ldns_rr_list *records, const ldns_rdf *owner, ldns_rr_type type, char text[TEXT_BYTES])
{
        char *values[VALUES_MAX];
        size_t count = 0;
        for (size_t i = 0; i < ldns_rr_list_rr_count(records) && count < VALUES_MAX; i++) {
                const ldns_rr *record = ldns_rr_list_rr(records, i);
                if (ldns_rr_get_type(record) == type && ldns_dname_compare(ldns_rr_owner(record), owner) == 0)
                        values[count++] = ldns_rdf2str(ldns_rr_rdf(record, 0));
        }
        qsort(values, count, sizeof(values[0]), compare_texts);
        char *type_name = ldns_rr_type2str(type);
        for (size_t i = 0; i < count; i++) {
                size_t used = strlen(text), bytes = strlen(values[i]);
                if (bytes > 0 && values[i][bytes - 1] == '.')
                        values[i][bytes - 1] = '\0';
                (void)snprintf(text + used, TEXT_BYTES - used, "%s%s%s%s", i == 0 && used ? " + " : "",
                               i ? "," : type_name, i ? "" : " ", values[i]);
                free(values[i]);
        }
        free(type_name);
}

/* What one question is answered: an rrset text, "" for an empty answer, "?" and a word for what is no answer. */
static void ask(const struct outsider *outsider, ldns_rr_type type, char text[TEXT_BYTES])
{
        ldns_pkt *question = NULL, *answer = NULL;
        uint8_t *wire = NULL, got[4096];
        size_t bytes = 0;
        (void)ldns_pkt_query_new_frm_str(&question, outsider->name, type, LDNS_RR_CLASS_IN, 0);
        ldns_pkt_set_random_id(question);
        INVARIANT(ldns_pkt2wire(&wire, question, &bytes) == LDNS_STATUS_OK);
        (void)send(outsider->socket, wire, bytes, 0);
        free(wire);
        (void)snprintf(text, TEXT_BYTES, "?no answer");
        struct pollfd ready = {.fd = outsider->socket, .events = POLLIN};
        ssize_t length = poll(&ready, 1, ANSWER_MS) == 1 ? recv(outsider->socket, got, sizeof(got), 0) : -1;
        if (length > 0 && ldns_wire2pkt(&answer, got, (size_t)length) == LDNS_STATUS_OK) {
                ldns_rdf *owner = ldns_dname_new_frm_str(outsider->name);
                text[0] = '\0';
                if (ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
                        (void)snprintf(text, TEXT_BYTES, "?response code %d", (int)ldns_pkt_get_rcode(answer));
                append_values(ldns_pkt_answer(answer), owner, type, text);
                append_values(ldns_pkt_answer(answer), owner, LDNS_RR_TYPE_CNAME, text);
                ldns_rdf_deep_free(owner);
                ldns_pkt_free(answer);
        }
        ldns_pkt_free(question);
}

static bool is_right(const struct outsider *outsider, const char *text)
{
        return !text[0] || strcmp(text, outsider->right[0]) == 0 || strcmp(text, outsider->right[1]) == 0;
}

/*
 * A, AAAA, A: whatever one change does between two of these, one of the three is answered, and they are never all
 * answered unless the name is a CNAME.
 */
static void judge(struct outsider *outsider, char said[ASKED][TEXT_BYTES])
{
        bool is_empty = !said[0][0] && !said[1][0] && !said[2][0];
        bool is_mixed = said[0][0] == 'A' && said[1][0] == 'A' && said[2][0] == 'A';
        bool is_strange =
            !is_right(outsider, said[0]) || !is_right(outsider, said[1]) || !is_right(outsider, said[2]);
        if (!outsider->wrong[0] && (is_empty || is_mixed || is_strange))
                (void)snprintf(outsider->wrong, SAID_BYTES,
                               "between \"%s\" and \"%s\" an outsider was answered: \"%s\", \"%s\", \"%s\"",
                               outsider->right[0], outsider->right[1], said[0], said[1], said[2]);
        outsider->rounds++;
}

static void *ask_on(void *argument)
{
        struct outsider *outsider = argument;
        for (bool is_expecting = false;;) {
                char said[ASKED][TEXT_BYTES];
                ask(outsider, LDNS_RR_TYPE_A, said[0]);
                ask(outsider, LDNS_RR_TYPE_AAAA, said[1]);
                ask(outsider, LDNS_RR_TYPE_A, said[2]);
                (void)pthread_mutex_lock(&outsider->lock);
                if (is_expecting)
                        judge(outsider, said);
                is_expecting = outsider->has_expectation;
                bool is_stopping = outsider->is_stopping;
                (void)pthread_mutex_unlock(&outsider->lock);
                if (is_stopping)
                        return NULL;
                (void)poll(NULL, 0, EVERY_MS);
        }
}

struct outsider *outsider_start(const char *address, const char *name)
{
        struct outsider *outsider = mem_new(outsider);
        outsider->name = name;
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)strtoul(port_of(address), NULL, 10)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        outsider->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(outsider->socket, (const struct sockaddr *)&to, sizeof(to)), 0);
        (void)pthread_mutex_init(&outsider->lock, NULL);
        assert_int_equal(pthread_create(&outsider->thread, NULL, ask_on, outsider), 0);
        return outsider;
}

void outsider_expect(struct outsider *outsider, const char *before, const char *after)
{
        (void)pthread_mutex_lock(&outsider->lock);
        (void)snprintf(outsider->right[0], TEXT_BYTES, "%s", before);
        (void)snprintf(outsider->right[1], TEXT_BYTES, "%s", after);
        outsider->has_expectation = before[0] != '\0';
        (void)pthread_mutex_unlock(&outsider->lock);
}

static size_t rounds_of(struct outsider *outsider)
{
        (void)pthread_mutex_lock(&outsider->lock);
        size_t rounds = outsider->rounds;
        (void)pthread_mutex_unlock(&outsider->lock);
        return rounds;
}

void outsider_await_round(struct outsider *outsider)
{
        size_t rounds = rounds_of(outsider); /* the one that is under way may have begun before */
        while (rounds_of(outsider) < rounds + 2)
                (void)poll(NULL, 0, EVERY_MS);
}

size_t outsider_stop(struct outsider *outsider)
{
        (void)pthread_mutex_lock(&outsider->lock);
        outsider->is_stopping = true;
        (void)pthread_mutex_unlock(&outsider->lock);
        (void)pthread_join(outsider->thread, NULL);
        char wrong[SAID_BYTES];
        (void)snprintf(wrong, sizeof(wrong), "%s", outsider->wrong);
        size_t rounds = outsider->rounds;
        (void)close(outsider->socket);
        (void)pthread_mutex_destroy(&outsider->lock);
        free(outsider);
        if (wrong[0])
                fail_msg("%s", wrong);
        return rounds;
}
