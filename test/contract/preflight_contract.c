/* preflight_contract.c -- what credentials may do is told before a failover needs it, and asking changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_hands.h"
#include "lock_hands.h"
#include "util/mem.h"

static const char *const values[] = {"A 192.0.2.1", "AAAA 2001:db8::1", "CNAME lb.example.net"};

static enum err ask(struct target_session *session, const char *name, struct errmsg *error)
{
        struct target_preflight preflight = {.name = name, .values = values, .value_count = 3, .deadline = in_ms(PATIENCE_MS)};
        return target_may_write(session, &preflight, error);
}

static char *zone_at(const char *address)
{
        char host[64];
        (void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(address, ":"), address);
        return shell("dig @%s -p %s +short +norec SOA dr.test; dig @%s -p %s +norec +noall +answer ANY preflight.dr.test; "
                     "dig @%s -p %s +norec +noall +answer TXT _planekeeper.preflight.dr.test",
                     host, port_of(address), host, port_of(address), host, port_of(address));
}

static void asked_with(const char *address, const char *key, enum err wanted, const char *part)
{
        struct dns_target *target =
            open_name_with("preflight.dr.test", (struct target_options){.nameserver = address, .key = key});
        struct errmsg error = {0};
        char *before = zone_at(address);
        enum err err = ask(target->session, target->name, &error);
        char *after = zone_at(address);
        if (err != wanted)
                fail_msg("%s, key %s: %s: %s", address, key ? key : "planekeeper", err_name(err), error.text);
        if (wanted != ERR_OK)
                assert_error(err, wanted, &error, part);
        assert_string_equal(before, after);
        free(before);
        free(after);
        dns_target_close(target);
}

/* With nothing at the name, and then with something. */
static void asked_at(const char *address)
{
        asked_with(address, NULL, ERR_OK, NULL);
        asked_with(address, "powerless", ERR_DENIED, "Knot");
        struct dns_target *target = open_name_with("preflight.dr.test", (struct target_options){.nameserver = address});
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        asked_with(address, NULL, ERR_OK, NULL);
        asked_with(address, "powerless", ERR_DENIED, "Knot");
        struct target_state now = {0};
        read_name(target, &now);
        assert_string_equal(now.value, "A 192.0.2.7");
        target_state_clear(&now);
        dns_target_close(target);
}

static void a_key_that_may_not_write_is_told_by_every_server(void **state)
{
        (void)state;
        on_each("CONTRACT_DNS_SERVERS", asked_at);
}

static void a_frozen_zone_is_told(void **state)
{
        (void)state;
        struct dns_target *target = open_name("app.frozen.test");
        struct errmsg error = {0};
        free(shell("%s freeze frozen.test", server("CONTRACT_DNS_RNDC")));
        enum err frozen = ask(target->session, target->name, &error);
        free(shell("%s thaw frozen.test 2>&1", server("CONTRACT_DNS_RNDC")));
        assert_error(frozen, ERR_DENIED, &error, "frozen");
        assert_int_equal(ask(target->session, target->name, &error), ERR_OK);
        dns_target_close(target);
}

/* What is not known is no accusation. */
static void a_silent_server_says_nothing_of_rights(void **state)
{
        (void)state;
        struct dns_target *target = open_name_with("app.dr.test", (struct target_options){.nameserver = "127.0.0.1:9"});
        struct target_preflight preflight = {.name = target->name, .values = values, .value_count = 1, .deadline = in_ms(SHORT_MS)};
        struct errmsg error = {0};
        assert_int_equal(target_may_write(target->session, &preflight, &error), ERR_TRANSIENT);
        dns_target_close(target);
}

static void assert_lock(struct lock_options options, enum err wanted, const char *part)
{
        struct lock_target *lock = open_lock_with(options);
        struct errmsg error = {0};
        enum err err = ask(lock->session, lock->key, &error);
        if (err != wanted)
                fail_msg("%s: %s", err_name(err), error.text);
        if (wanted != ERR_OK)
                assert_error(err, wanted, &error, part);
        lock_close(lock);
}

static void a_user_of_redis_who_may_not_write_is_told(void **state)
{
        (void)state;
        const char *secured = "CONTRACT_REDIS_SECURED";
        char *before = shell("redis-cli -p %s -a open-sesame --no-auth-warning INFO persistence | grep changes_since",
                             port_of(server(secured)));
        assert_lock((struct lock_options){.variable = secured, .username = "keeper", .password = "keep-it", .key = "p"}, ERR_OK, NULL);
        assert_lock((struct lock_options){.variable = secured, .username = "reader", .password = "read-it", .key = "p"}, ERR_DENIED,
                    "grant +MSET on the keys p and {p}:planekeeper");
        assert_lock((struct lock_options){.variable = secured, .username = "keeper", .password = "keep-it", .key = "p", .wait_replicas = 1},
                    ERR_DENIED, "grant +WAIT");
        assert_lock((struct lock_options){.variable = secured, .username = "narrow", .password = "narrow-it", .key = "p"}, ERR_DENIED,
                    "p");
        char *after = shell("redis-cli -p %s -a open-sesame --no-auth-warning INFO persistence | grep changes_since",
                            port_of(server(secured)));
        assert_string_equal(before, after);
        free(before);
        free(after);
        assert_lock((struct lock_options){.key = "p"}, ERR_OK, NULL);
        assert_lock((struct lock_options){.variable = "CONTRACT_REDIS_REPLICA", .key = "p"}, ERR_INVALID, "replica");
}

static void an_identity_that_may_only_read_route53_is_told(void **state)
{
        (void)state;
        struct dns_target *target = open_route53("preflight.dr.test", &(struct route53_options){0});
        struct errmsg error = {0};
        struct target_state before = {0}, after = {0};
        assert_int_equal(ask(target->session, target->name, &error), ERR_OK);
        assert_name_moves(target, want_rrset("A 192.0.2.7", 1));
        read_name(target, &before);
        assert_int_equal(ask(target->session, target->name, &error), ERR_OK);
        const char *key = server("CONTRACT_ROUTE53_KEY"), *secret = strchr(key, ':') + 1;
        free(shell("curl -sS -d '{\"%.*s\": {\"secret\": \"%s\"}, \"AKIAREADER\": {\"secret\": \"r\", \"denied\": "
                   "[\"ChangeResourceRecordSets\"]}}' %s/standin/keys",
                   (int)(secret - key - 1), key, secret, server("CONTRACT_ROUTE53")));
        struct dns_target *reader = open_route53("preflight.dr.test", &(struct route53_options){.key = "AKIAREADER:r"});
        assert_error(ask(reader->session, reader->name, &error), ERR_DENIED, &error, "allow route53:ChangeResourceRecordSets");
        read_name(target, &after);
        assert_string_equal(after.value, before.value);
        assert_string_equal(after.version, before.version);
        target_state_clear(&before);
        target_state_clear(&after);
        dns_target_close(reader);
        dns_target_close(target);
}

static unsigned long asked_of_route53(void)
{
        char *text = shell("curl -sS -d '{}' %s/standin/state", server("CONTRACT_ROUTE53"));
        const char *at = strstr(text, "\"asked\": ");
        assert_non_null(at);
        const unsigned long asked = strtoul(at + strlen("\"asked\": "), NULL, 10);
        free(text);
        return asked;
}

/* One batch for all of them, and the name servers of the zone once. */
static void the_rights_of_many_names_of_route53_are_one_request(void **state)
{
        (void)state;
        enum { NAMES = 50 };
        struct dns_target *target = open_route53("preflight.dr.test", &(struct route53_options){0});
        char names[NAMES][32];
        struct target_preflight preflights[NAMES];
        struct target_servers servers = {0};
        struct errmsg error = {0};
        assert_int_equal(ask(target->session, target->name, &error), ERR_OK); /* the zones are known now */
        for (unsigned i = 0; i < NAMES; i++) {
                (void)snprintf(names[i], sizeof(names[i]), "may-%u.dr.test", i);
                preflights[i] = (struct target_preflight){
                    .name = names[i], .values = values, .value_count = 3, .deadline = in_ms(PATIENCE_MS)};
        }
        const unsigned long before = asked_of_route53();
        target_may_write_all(target->session, preflights, NAMES);
        for (unsigned i = 0; i < NAMES; i++) {
                assert_int_equal(preflights[i].err, ERR_OK);
                assert_int_equal(preflights[i].fate, TARGET_ENDED);
                assert_int_equal(target_find_servers(target->session, names[i], in_ms(PATIENCE_MS), &servers, &error), ERR_OK);
                assert_int_equal(servers.count, 1);
                target_servers_clear(&servers);
        }
        assert_int_equal(asked_of_route53() - before, 2);
        dns_target_close(target);
}

/* A private zone has no servers that anybody outside could ask. */
static void a_public_zone_of_route53_tells_its_servers(void **state)
{
        (void)state;
        struct target_servers servers = {0};
        struct errmsg error = {0};
        struct dns_target *target = open_route53("app.dr.test", &(struct route53_options){0});
        assert_int_equal(target_find_servers(target->session, target->name, in_ms(PATIENCE_MS), &servers, &error), ERR_OK);
        assert_int_equal(servers.count, 1);
        assert_string_equal(servers.list[0], server("CONTRACT_ROUTE53_DNS"));
        target_servers_clear(&servers);
        dns_target_close(target);
        target = open_route53("app.dr.test", &(struct route53_options){.is_private = true});
        assert_int_equal(target_find_servers(target->session, target->name, in_ms(PATIENCE_MS), &servers, &error), ERR_OK);
        assert_int_equal(servers.count, 0);
        dns_target_close(target);
        target = open_name("app.dr.test");
        assert_int_equal(target_find_servers(target->session, target->name, in_ms(PATIENCE_MS), &servers, &error), ERR_OK);
        assert_int_equal(servers.count, 0);
        dns_target_close(target);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_key_that_may_not_write_is_told_by_every_server),
            cmocka_unit_test(a_frozen_zone_is_told),
            cmocka_unit_test(a_silent_server_says_nothing_of_rights),
            cmocka_unit_test(a_user_of_redis_who_may_not_write_is_told),
            cmocka_unit_test(an_identity_that_may_only_read_route53_is_told),
            cmocka_unit_test(the_rights_of_many_names_of_route53_are_one_request),
            cmocka_unit_test(a_public_zone_of_route53_tells_its_servers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
