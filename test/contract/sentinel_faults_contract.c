/* sentinel_faults_contract.c -- Sentinels that refuse, are none, or lie; passwords, rights and TLS of both kinds of server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sentinel_hands.h"

static const char *secured_node(unsigned i)
{
        const char *nodes = server("CONTRACT_SENTINEL_SECURED_NODES");
        static char first[64];
        (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(nodes, ","), nodes);
        return i == 0 ? first : strchr(nodes, ',') + 1;
}

static struct sentinel_options secured(const struct secret *ca)
{
        return (struct sentinel_options){.addresses = server("CONTRACT_SENTINEL_SECURED"),
                                         .password = "open-sentinel",
                                         .node_username = "keeper",
                                         .node_password = "keep-node",
                                         .ca = ca};
}

static void both_kinds_of_server_want_their_own_password(void **state)
{
        (void)state;
        struct secret ca = {0};
        read_file(server("CONTRACT_SENTINEL_CA"), &ca);
        struct sentinel_options options = secured(&ca);
        struct sentinel_target *target = open_sentinel(options);
        struct target_state now = {0};
        read_surely(target, &now);
        assert_true(now.present);
        const char *wanted = strcmp(now.value, secured_node(0)) == 0 ? secured_node(1) : secured_node(0);
        (void)move_until(target, wanted); /* over TLS, with the rights that the documentation names */
        target_state_clear(&now);
        sentinel_close(target);
        options.password = "wrong";
        assert_sentinel_fails(options, ERR_DENIED, "WRONGPASS");
        options.password = NULL;
        assert_sentinel_fails(options, ERR_DENIED, "set redis.promotion.sentinel.authSecretRef");
        options = secured(&ca);
        options.node_password = "wrong";
        assert_sentinel_fails(options, ERR_DENIED, "WRONGPASS");
        options.node_username = options.node_password = NULL;
        assert_sentinel_fails(options, ERR_DENIED, "set redis.authSecretRef");
        secret_clear(&ca);
}

static void tls_of_both_is_verified(void **state)
{
        (void)state;
        const struct secret none = {0};
        struct secret ca = {0};
        struct sentinel_options options = secured(&none);
        assert_sentinel_fails(options, ERR_INVALID, "certificate is refused");
        options.ca = NULL;
        assert_sentinel_fails(options, ERR_TRANSIENT, "closed the connection");
        read_file(server("CONTRACT_SENTINEL_CA"), &ca);
        assert_sentinel_fails((struct sentinel_options){.ca = &ca, .patience_ms = 1000}, ERR_TRANSIENT,
                              "does it speak TLS?");
        secret_clear(&ca);
}

static enum err preflight(struct sentinel_options options, const char *value, struct errmsg *reterr)
{
        struct sentinel_target *target = open_sentinel(options);
        struct target_preflight question = {
            .name = "mymaster", .values = &value, .value_count = 1, .deadline = in_ms(PATIENCE_MS)};
        enum err err = target_may_write(target->session, &question, reterr);
        sentinel_close(target);
        return err;
}

static void rights_are_told_before_a_failover(void **state)
{
        (void)state;
        group_is_whole();
        struct errmsg error = {0};
        struct sentinel_options options = {.username = "keeper", .password = "keep-it"};
        const char *primary = primary_now(), *replica = other_than(primary, primary);
        if (preflight(options, replica, &error) != ERR_OK)
                fail_msg("preflight: %s", error.text);
        assert_int_equal(preflight(options, primary, &error), ERR_OK);
        options = (struct sentinel_options){.username = "reader", .password = "read-it"};
        assert_error(preflight(options, replica, &error), ERR_DENIED, &error, "+sentinel|failover");
        assert_string_equal(primary_now(), primary);
}

static void what_is_no_group_of_ours_is_told(void **state)
{
        (void)state;
        assert_sentinel_fails((struct sentinel_options){.name = "another"}, ERR_INVALID, "masterName");
        assert_sentinel_fails((struct sentinel_options){.addresses = node(0)}, ERR_INVALID, "it is not a Sentinel");
        assert_sentinel_fails((struct sentinel_options){.addresses = "127.0.0.1:1"}, ERR_TRANSIENT, "refused");
        assert_sentinel_fails((struct sentinel_options){.name = ""}, ERR_INVALID, "1 to 128 bytes");
}

static void assert_lie(const char *answers, enum liar_fault fault, enum err wanted, const char *part)
{
        struct liar *liar = liar_start(answers, fault);
        assert_sentinel_fails((struct sentinel_options){.addresses = liar_address(liar), .patience_ms = 600}, wanted,
                              part);
        liar_stop(liar);
}

#define PRIMARY "*6\r\n$4\r\nname\r\n$8\r\nmymaster\r\n$5\r\nflags\r\n$6\r\nmaster\r\n$2\r\nip\r\n$1\r\nx\r\n"

static void lies_are_bounded_and_told(void **state)
{
        (void)state;
        assert_lie("*2\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n" PRIMARY "*0\r\n+id\r\n", LIAR_TRICKLES, ERR_INVALID,
                   "Sentinel never gives");
        assert_lie("+a\r\n+b\r\n+c\r\n+d\r\n", LIAR_TRICKLES, ERR_INVALID, "Sentinel never gives");
        assert_lie("*0\r\n*0\r\n*0\r\n*0\r\n", LIAR_TRICKLES, ERR_INVALID, "Sentinel never gives");
        assert_lie("*1073741824\r\n", LIAR_FLOODS, ERR_INVALID, "not the Redis protocol");
        assert_lie("$1073741824\r\n", LIAR_FLOODS, ERR_INVALID, "more than");
        assert_lie("HTTP/1.1 400 Bad Request\r\n\r\n", LIAR_CLOSES, ERR_INVALID, "not the Redis protocol");
        assert_lie("*2\r\n", LIAR_CLOSES, ERR_TRANSIENT, "closed the connection");
        assert_lie("$1000\r\n", LIAR_TRICKLES, ERR_TRANSIENT, "no reply in time");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(both_kinds_of_server_want_their_own_password),
            cmocka_unit_test(tls_of_both_is_verified),
            cmocka_unit_test(rights_are_told_before_a_failover),
            cmocka_unit_test(what_is_no_group_of_ours_is_told),
            cmocka_unit_test(lies_are_bounded_and_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
