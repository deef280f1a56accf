/* dns_hands.c -- how the DNS contract tests touch a name: by the driver, by nsupdate, by dig. */
#include "dns_hands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/mem.h"

bool uses_route53(void)
{
        const char *driver = getenv("CONTRACT_DRIVER");
        return driver && strcmp(driver, "route53") == 0;
}

static struct dns_target *open_by(const char *driver, const char *name, const struct target_config *config)
{
        struct dns_target *target = mem_new(target);
        struct errmsg error = {0};
        if (target_driver_find(driver)->open(config, &target->session, &error) != ERR_OK)
                fail_msg("open: %s", error.text);
        target->name = mem_strdup(name);
        return target;
}

struct dns_target *open_route53(const char *name, const struct route53_options *options)
{
        struct target_credential credentials[] = {{.key = "aws_access_key_id"}, {.key = "aws_secret_access_key"}};
        const char *key = options->key ? options->key : server("CONTRACT_ROUTE53_KEY"), *secret = strchr(key, ':') + 1;
        secret_set(&credentials[0].value, key, (size_t)(secret - key - 1));
        secret_set(&credentials[1].value, secret, strlen(secret));
        struct target_setting settings[4] = {
            {"endpoint", options->endpoint ? options->endpoint : server("CONTRACT_ROUTE53")}};
        size_t count = 1;
        if (options->zone)
                settings[count++] = (struct target_setting){"hostedZoneID", options->zone};
        if (options->alias_zone)
                settings[count++] = (struct target_setting){"aliasHostedZoneID", options->alias_zone};
        if (options->is_private)
                settings[count++] = (struct target_setting){"private", "true"};
        const struct target_config config = {
            .settings = settings, .setting_count = count, .credentials = credentials, .credential_count = 2};
        struct dns_target *target = open_by("route53", name, &config);
        for (size_t i = 0; i < 2; i++)
                secret_clear(&credentials[i].value);
        return target;
}

struct dns_target *open_name_with(const char *name, struct target_options options)
{
        if (uses_route53())
                return open_route53(name, &(struct route53_options){0});
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", server("CONTRACT_DNS_KEYS"),
                       options.key ? options.key : "planekeeper");
        struct target_credential credential = {.key = "tsig.key"};
        read_file(path, &credential.value);
        const struct target_setting settings[] = {
            {"nameserver", options.nameserver ? options.nameserver : server("CONTRACT_DNS")},
            {"zone", options.zone ? options.zone : ""},
        };
        const struct target_config config = {
            .settings = settings, .setting_count = 2, .credentials = &credential, .credential_count = 1};
        struct dns_target *target = open_by("rfc2136", name, &config);
        secret_clear(&credential.value);
        return target;
}

void dns_target_close(struct dns_target *target)
{
        target_close(target->session);
        free(target->name);
        free(target);
}

enum err dns_read(struct dns_target *target, mono_ms deadline, struct target_state *ret, struct errmsg *reterr)
{
        struct target_visit visit = {.verb = TARGET_READ, .name = target->name, .deadline = deadline};
        target_visit(target->session, &visit);
        *reterr = visit.why;
        *ret = visit.found;
        return visit.err;
}

enum err dns_claims(struct dns_target *target, mono_ms deadline, char **ret_claim, struct errmsg *reterr)
{
        return target_claims(target->session, target->name, deadline, ret_claim, reterr);
}

enum err dns_alive(struct dns_target *target, const char *say, mono_ms deadline, char **ret_heard, struct errmsg *reterr)
{
        const struct target_alive alive = {.name = target->name, .say = say, .ttl_s = 30, .deadline = deadline};
        return target_hear(target->session, &alive, ret_heard, reterr);
}

struct dns_target *open_name(const char *name)
{
        return open_name_with(name, (struct target_options){0});
}

void read_name(struct dns_target *target, struct target_state *ret)
{
        struct errmsg error = {0};
        target_state_clear(ret);
        if (dns_read(target, in_ms(PATIENCE_MS), ret, &error) != ERR_OK)
                fail_msg("read: %s", error.text);
}

struct target_want want_rrset(const char *rrset, epoch_t epoch)
{
        return (struct target_want){
            .value = rrset, .ttl_s = 30, .epoch = epoch, .id = 0xabc0 + epoch, .plane = "eu-west-1", .store = STORE};
}

enum err swap_name(struct dns_target *target, const struct target_state *expected, const struct target_want *to,
                   mono_ms deadline, struct errmsg *reterr)
{
        struct target_visit swap = {
            .verb = TARGET_SWAP, .name = target->name, .expected = expected, .want = to, .deadline = deadline};
        target_visit(target->session, &swap);
        const enum err err = swap.err;
        *reterr = swap.why;
        if (err != ERR_OK) {
                assert_null(swap.found.value);
                return err;
        }
        assert_string_equal(swap.found.value, to->keeps_value ? expected->value : to->value);
        assert_true(swap.found.present);
        assert_int_equal(swap.found.stamp.id, to->id);
        assert_int_equal(swap.found.ttl_s, to->keeps_value ? expected->ttl_s : to->ttl_s);
        target_state_clear(&swap.found);
        return ERR_OK;
}

enum err move_name(struct dns_target *target, const struct target_state *expected, struct target_want to,
                   struct errmsg *reterr)
{
        return swap_name(target, expected, &to, in_ms(PATIENCE_MS), reterr);
}

void assert_name_moves(struct dns_target *target, struct target_want to)
{
        struct target_state state = {0};
        struct errmsg error = {0};
        read_name(target, &state);
        if (move_name(target, &state, to, &error) != ERR_OK)
                fail_msg("move to %s: %s", to.value, error.text);
        target_state_clear(&state);
}

void on_each(const char *variable, void (*test)(const char *address))
{
        char *list = strdup(server(variable)), *rest = NULL;
        for (char *one = strtok_r(list, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
                char *address = strchr(one, '=');
                *address++ = '\0';
                print_message("    on %s\n", one);
                test(address);
        }
        free(list);
}

const char *word_of_conflict(void)
{
        return uses_route53() ? "somebody changed it since it was read" : "RRSET";
}

/* What BIND serves by dig's account, as sorted words on one line. */
void assert_dig(const char *name, const char *type, const char *wanted)
{
        const char *address = server("CONTRACT_DNS");
        char *got =
            shell("dig @127.0.0.1 -p %s +norec +noall +answer %s %s | awk '$4 == \"%s\" {$1=$2=$3=$4=\"\"; print}' | "
                  "sort | xargs",
                  port_of(address), name, type, type);
        assert_string_equal(got, wanted);
        free(got);
}

/* Who is to edit by nsupdate: the stand-in for Route 53 takes its updates unsigned. */
static const char *key_option(void)
{
        static char option[512];
        (void)snprintf(option, sizeof(option), uses_route53() ? "" : "-k %s/planekeeper", server("CONTRACT_DNS_KEYS"));
        return option;
}

void edit_at(const char *address, const char *commands)
{
        free(shell("printf 'server 127.0.0.1 %s\\nzone dr.test\\n%s\\nsend\\n' | nsupdate %s 2>&1", port_of(address), commands,
                   key_option()));
}

void edit_by_hand(const char *commands)
{
        if (uses_route53())
                edit_at(server("CONTRACT_DNS"), commands);
        else
                free(shell("printf 'server 127.0.0.1 %s\\n%s\\nsend\\n' | nsupdate %s 2>&1", port_of(server("CONTRACT_DNS")), commands,
                           key_option()));
}
