/* by_hand_test.c -- the commands for a person, driver by driver: right for the tools, and quoted for the shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core_world.h"
#include "targets/target.h"

static struct by_hand tell(const struct by_hand_tools *tools, const struct by_hand_write *write, struct arena *arena)
{
        (void)tools;
        static const struct target_config config;
        return target_by_hand(&config, write, arena);
}

static const struct by_hand_tools of_drivers = {tell};

static struct runbook build(struct world *world)
{
        return world_runbook(world, &of_drivers);
}

static void the_ordinary_runbook(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct runbook runbook = build(&world);
        assert_int_equal(runbook.count, 5);
        assert_string_equal(runbook.lines[0], "# to b by hand (healthy now: yes); tsig.key is the policy's TSIG Secret as a file, "
                                              "REDISCLI_AUTH the password of its Redis Secret");
        assert_string_equal(runbook.lines[1],
                            "redis-cli -h 'redis.example.com' -p 6379 -n 0 SET 'mgmt-active' 'cluster-b'");
        assert_string_equal(runbook.lines[2], "printf '%s\\n' 'server 192.0.2.53 53' 'update delete gloo.example.com "
                                              "A' 'update delete gloo.example.com AAAA' "
                                              "'update delete gloo.example.com CNAME' 'update add gloo.example.com 30 "
                                              "A 192.0.2.2' send | nsupdate -k tsig.key");
        assert_string_equal(runbook.lines[3],
                            "dig +norecurse @192.0.2.53 -p 53 gloo.example.com A # wants A 192.0.2.2");
        assert_string_equal(
            runbook.lines[4],
            "kubectl annotate fop gloo -n default --overwrite planekeeper.io/adopt=b/6 --field-manager=oncall");
        world_clear(&world);
}

static void a_name_in_route53_is_moved_by_the_tool_of_aws(void **state)
{
        (void)state;
        static const struct {
                const char *shown, *server, *zone, *rrset, *changes;
        } rows[] = {
            {"A 192.0.2.1", "https://route53.amazonaws.com#Z0EXAMPLE", "--hosted-zone-id 'Z0EXAMPLE' --change-batch", "A 192.0.2.2,192.0.2.3",
             "{\"Changes\":[{\"Action\":\"UPSERT\",\"ResourceRecordSet\":{\"Name\":\"gloo.example.com\",\"Type\":\"A\",\"TTL\":30,"
             "\"ResourceRecords\":[{\"Value\":\"192.0.2.2\"},{\"Value\":\"192.0.2.3\"}]}}]}"},
            {"A 192.0.2.1 + AAAA 2001:db8::1", "https://route53.amazonaws.com#private", "Config.PrivateZone==`true`", "CNAME lb.example.net",
             "{\"Changes\":[{\"Action\":\"DELETE\",\"ResourceRecordSet\":{\"Name\":\"gloo.example.com\",\"Type\":\"A\",\"TTL\":60,"
             "\"ResourceRecords\":[{\"Value\":\"192.0.2.1\"}]}},{\"Action\":\"DELETE\",\"ResourceRecordSet\":{\"Name\":"
             "\"gloo.example.com\",\"Type\":\"AAAA\",\"TTL\":60,\"ResourceRecords\":[{\"Value\":\"2001:db8::1\"}]}},{\"Action\":"
             "\"UPSERT\",\"ResourceRecordSet\":{\"Name\":\"gloo.example.com\",\"Type\":\"CNAME\",\"TTL\":30,\"ResourceRecords\":"
             "[{\"Value\":\"lb.example.net\"}]}}]}"},
            {"ALIAS gone.example.net + ALIAS6 gone.example.net", "https://route53.amazonaws.com#Z0EXAMPLE", "Z0EXAMPLE",
             "ALIAS a.eu-west-1.elb.amazonaws.com",
             "{\"Changes\":[{\"Action\":\"DELETE\",\"ResourceRecordSet\":{\"Name\":\"gloo.example.com\",\"Type\":\"AAAA\","
             "\"AliasTarget\":{\"HostedZoneId\":\"ITS-HOSTED-ZONE\",\"DNSName\":\"gone.example.net\",\"EvaluateTargetHealth\":"
             "false}}},{\"Action\":\"UPSERT\",\"ResourceRecordSet\":{\"Name\":\"gloo.example.com\",\"Type\":\"A\",\"AliasTarget\":"
             "{\"HostedZoneId\":\"Z32O12XQLNTSW2\",\"DNSName\":\"a.eu-west-1.elb.amazonaws.com\",\"EvaluateTargetHealth\":false}}}]}"},
            {NULL, "https://route53.amazonaws.com", "Config.PrivateZone==`false`", "AAAA 2001:db8::2",
             "{\"Changes\":[{\"Action\":\"UPSERT\",\"ResourceRecordSet\":{\"Name\":\"gloo.example.com\",\"Type\":\"AAAA\",\"TTL\":30,"
             "\"ResourceRecords\":[{\"Value\":\"2001:db8::2\"}]}}]}"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                struct target_view *name = &NAME(world.view);
                name->ref.driver = NAME(world.view.policy).ref.driver = NAME(world.record.plan).ref.driver = "route53";
                name->ref.endpoint = NAME(world.view.policy).ref.endpoint = NAME(world.record.plan).ref.endpoint =
                    rows[i].server;
                world.view.planes[1].rrset = rows[i].rrset;
                name->shows.value = rows[i].shown;
                name->shows.ttl_s = 60;
                struct decision decision = {.epoch = 5, .candidate = &world.view.planes[1]};
                struct runbook runbook;
                runbook_build(&world.view, &decision, &of_drivers, &world.arena, &runbook);
                assert_non_null(strstr(runbook.lines[0], "AWS credentials that may change the hosted zone"));
                const char *line = world_line_with(&runbook, "aws route53");
                assert_non_null(strstr(line, "aws route53 --output json --endpoint-url 'https://route53.amazonaws.com' change-resource-record-sets"));
                assert_non_null(strstr(line, rows[i].zone));
                assert_non_null(strstr(line, rows[i].changes));
                assert_string_equal(world_line_with(&runbook, "nsupdate"), "");
                assert_non_null(strstr(world_line_with(&runbook, "dig +short gloo.example.com"), rows[i].rrset));
                world_clear(&world);
        }
}

static void a_name_at_another_provider_is_told_and_no_command_is_made_up(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct target_view *name = &NAME(world.view);
        name->ref.driver = NAME(world.view.policy).ref.driver = NAME(world.record.plan).ref.driver = "acme";
        name->ref.endpoint = NAME(world.view.policy).ref.endpoint = NAME(world.record.plan).ref.endpoint = "https://dns.acme.test";
        struct decision decision = {.epoch = 5, .candidate = &world.view.planes[1]};
        struct runbook runbook;
        runbook_build(&world.view, &decision, &of_drivers, &world.arena, &runbook);
        assert_string_equal(runbook.lines[2],
                            "# at https://dns.acme.test make gloo.example.com: A 192.0.2.2, TTL 30, and nothing else");
        assert_string_equal(world_line_with(&runbook, "nsupdate"), "");
        world_clear(&world);
}

static void a_global_datastore_is_failed_over_by_the_tool_of_aws(void **state)
{
        (void)state;
        struct arena arena = {0};
        const struct target_setting settings[] = {
            {"globalReplicationGroupID", "ldgnf-gloo"},
            {"member", "redis-a.example.com:6379 eu-west-1 gloo-a "},
            {"member", "redis-b.example.com:6379 eu-central-1 gloo-b https://vpce.example.com"}};
        const struct target_config config = {.settings = settings, .setting_count = 3};
        const struct target_view target = {
            .ref = {TARGET_PROMOTION, "elastiCacheGlobal", "planes of default/gloo", "ldgnf-gloo", 0}};
        struct by_hand_write write = {.target = &target, .value = "redis-a.example.com:6379"};
        struct by_hand told = target_by_hand(&config, &write, &arena);
        assert_string_equal(told.move, "aws elasticache failover-global-replication-group --region 'eu-west-1' "
                                       "--global-replication-group-id 'ldgnf-gloo' --primary-region 'eu-west-1' "
                                       "--primary-replication-group-id 'gloo-a'");
        assert_non_null(strstr(told.look, "redis-cli -e -h 'redis-a.example.com' -p 6379 ROLE"));
        write.value = "redis-b.example.com:6379";
        told = target_by_hand(&config, &write, &arena);
        assert_non_null(strstr(told.move, "--region 'eu-central-1' --endpoint-url 'https://vpce.example.com' "));
        write.value = "redis-c.example.com:6379"; /* its plane does not say which group it is */
        told = target_by_hand(&config, &write, &arena);
        assert_non_null(strstr(told.move, "the member that redis-c.example.com:6379 is in"));
        arena_deinit(&arena);
}

static void a_lock_of_another_driver_is_told_too(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        LOCK(world.view).ref.driver = LOCK(world.view.policy).ref.driver = LOCK(world.record.plan).ref.driver = "acmeLock";
        struct decision decision = {.epoch = 5, .candidate = &world.view.planes[1]};
        struct runbook runbook;
        runbook_build(&world.view, &decision, &of_drivers, &world.arena, &runbook);
        assert_string_equal(runbook.lines[1], "# at redis.example.com:6379 make mgmt-active: cluster-b");
        assert_non_null(strstr(runbook.lines[2], "nsupdate"));
        world_clear(&world);
}

static void addresses_are_split_as_the_tools_want_them(void **state)
{
        (void)state;
        static const struct {
                const char *address, *nsupdate, *dig, *redis;
        } rows[] = {
            {"192.0.2.53", "'server 192.0.2.53'", "@192.0.2.53 ", "-h '192.0.2.53' -p 6379"},
            {"ns1.example.com:5353", "'server ns1.example.com 5353'", "@ns1.example.com -p 5353 ",
             "-h 'ns1.example.com' -p 5353"},
            {"[2001:db8::53]:5353", "'server 2001:db8::53 5353'", "@2001:db8::53 -p 5353 ",
             "-h '2001:db8::53' -p 5353"},
            {"[2001:db8::53]", "'server 2001:db8::53'", "@2001:db8::53 ", "-h '2001:db8::53' -p 6379"},
            {"2001:db8::53", "'server 2001:db8::53'", "@2001:db8::53 ", "-h '2001:db8::53' -p 6379"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                NAME(world.view.policy).ref.endpoint = NAME(world.record.plan).ref.endpoint = rows[i].address;
                LOCK(world.view.policy).ref.endpoint = LOCK(world.record.plan).ref.endpoint = rows[i].address;
                struct runbook runbook = build(&world);
                assert_non_null(strstr(world_line_with(&runbook, "nsupdate"), rows[i].nsupdate));
                assert_non_null(strstr(world_line_with(&runbook, "dig "), rows[i].dig));
                assert_non_null(strstr(world_line_with(&runbook, "redis-cli"), rows[i].redis));
                world_clear(&world);
        }
}

static void values_are_quoted(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        LOCK(world.view.policy).ref.name = LOCK(world.record.plan).ref.name = "it's; rm -rf $HOME";
        LOCK(world.view.policy).value = "`id`'{name}";
        struct runbook runbook = build(&world);
        assert_non_null(strstr(world_line_with(&runbook, "redis-cli"), "SET 'it'\\''s; rm -rf $HOME' '`id`'\\''b'"));
        world_clear(&world);
}

static void every_value_of_a_set_is_added(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.planes[1].rrset = "AAAA 2001:db8::1,2001:db8::2";
        struct runbook runbook = build(&world);
        assert_non_null(strstr(world_line_with(&runbook, "nsupdate"),
                               "'update add gloo.example.com 30 AAAA 2001:db8::1' "
                               "'update add gloo.example.com 30 AAAA 2001:db8::2' send"));
        world_clear(&world);
}

/* Deleted type by type, a server that signs would be left with an empty name. */
static void for_a_cname_the_whole_name_is_deleted(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.planes[1].rrset = "CNAME lb.example.net";
        struct runbook runbook = build(&world);
        assert_non_null(strstr(world_line_with(&runbook, "nsupdate"),
                               "'prereq nxrrset gloo.example.com MX' 'prereq nxrrset gloo.example.com TXT' "
                               "'update delete gloo.example.com' "
                               "'update add gloo.example.com 30 CNAME lb.example.net' send"));
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_ordinary_runbook),
            cmocka_unit_test(a_name_in_route53_is_moved_by_the_tool_of_aws),
            cmocka_unit_test(a_name_at_another_provider_is_told_and_no_command_is_made_up),
            cmocka_unit_test(a_global_datastore_is_failed_over_by_the_tool_of_aws),
            cmocka_unit_test(a_lock_of_another_driver_is_told_too),
            cmocka_unit_test(addresses_are_split_as_the_tools_want_them),
            cmocka_unit_test(values_are_quoted),
            cmocka_unit_test(every_value_of_a_set_is_added),
            cmocka_unit_test(for_a_cname_the_whole_name_is_deleted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
