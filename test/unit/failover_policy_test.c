/* failover_policy_test.c -- decoding a FailoverPolicy: defaults, every field, providers without code, refusals, the
 * lock's value. */
#include "api/failover_policy.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"

#define META "'metadata': {'namespace': 'mesh', 'name': 'gloo', 'uid': 'u', 'resourceVersion': '7', 'generation': 2}"
#define DNS                                                                                                    \
        "'dns': {'name': 'G.Example.com.', 'rfc2136': {'nameserver': '192.0.2.53', 'tsigSecretRef': {'name': " \
        "'tsig'}}}"
#define SMALL "'mode': 'Automatic', 'planes': ['west', 'east'], " DNS

static struct failover_policy *decoded(const char *spec)
{
        json_t *object = json_text("{" META ", 'spec': {%s}}", spec);
        struct failover_policy *policy = NULL;
        struct errmsg why = {""};
        enum err err = failover_policy_decode(object, &policy, &why);
        json_decref(object);
        assert_string_equal(why.text, "");
        assert_int_equal(err, ERR_OK);
        return policy;
}

static void test_smallest_policy_has_the_documented_defaults(void **state)
{
        (void)state;
        struct failover_policy *policy = decoded(SMALL);
        assert_string_equal(policy->namespace_name, "mesh");
        assert_string_equal(policy->name, "gloo");
        assert_int_equal(policy->generation, 2);
        assert_int_equal(policy->mode, MODE_AUTOMATIC);
        assert_int_equal(policy->write_mode, WRITE_ALL_CLUSTERS);
        assert_int_equal(policy->failback, FAILBACK_MANUAL);
        assert_int_equal(policy->plane_count, 2);
        assert_string_equal(policy->planes[0], "west");
        assert_string_equal(policy->planes[1], "east");
        assert_int_equal(policy->detection.interval_ms, 5000);
        assert_int_equal(policy->detection.timeout_ms, 3000);
        assert_int_equal(policy->detection.failure_threshold, 3);
        assert_int_equal(policy->detection.success_threshold, 3);
        assert_int_equal(policy->detection.failover_delay_ms, -1);
        assert_int_equal(policy->cooldown_ms, 3600000);
        assert_int_equal(policy->max_switches, 2);
        assert_int_equal(policy->stable_for_ms, 600000);
        assert_string_equal(policy->dns.name, "g.example.com");
        assert_int_equal(policy->dns.record_type, RRSET_AUTO);
        assert_int_equal(policy->dns.ttl_s, 30);
        assert_string_equal(policy->dns.provider, "rfc2136");
        assert_string_equal(policy->dns.credentials_secret, "tsig");
        assert_int_equal(policy->dns.setting_count, 1);
        assert_string_equal(policy->dns.settings[0].key, "nameserver");
        assert_string_equal(policy->dns.settings[0].value, "192.0.2.53");
        assert_int_equal(policy->dns.verify_count, 0);
        assert_string_equal(policy->redis.address, "");
        assert_string_equal(policy->redis.lock_key, "");
        assert_string_equal(policy->switch_to, "");
        assert_string_equal(policy->adopt, "");
        assert_string_equal(policy->ack, "");
        failover_policy_free(policy);
}

static void test_every_field(void **state)
{
        (void)state;
        struct failover_policy *policy = decoded(
            "'mode': 'Advise', 'planes': ['a'], 'suspend': true, 'writeMode': 'SingleCluster', 'cooldown': '1h30m', "
            "'maxSwitches': 9,"
            "'detection': {'interval': '200ms', 'timeout': '150ms', 'failureThreshold': 1, 'successThreshold': 20, "
            "'failoverDelay': '0s'},"
            "'failback': {'policy': 'Automatic', 'stableFor': '1h'}, 'decisionStore': 'Kubernetes', 'drift': 'Enforce',"
            "'dns': {'name': 'a.b', 'recordType': 'CNAME', 'recordTTL': 300, 'rfc2136': {'nameserver': 'ns', 'zone': "
            "'b'},"
            " 'verify': {'servers': ['192.0.2.1', 'ns2:53']}},"
            "'redis': {'address': 'r:6379', 'db': 3, 'authSecretRef': {'name': 'auth'}, 'lock': {'key': 'k', 'value': "
            "'v'},"
            " 'tls': {'caSecretRef': {'name': 'ca'}, 'clientCertificateSecretRef': {'name': 'cc'}, 'serverName': "
            "'sn'}}");
        assert_int_equal(policy->mode, MODE_ADVISE);
        assert_true(policy->suspend);
        assert_int_equal(policy->write_mode, WRITE_SINGLE_CLUSTER);
        assert_int_equal(policy->cooldown_ms, 5400000);
        assert_int_equal(policy->max_switches, 9);
        assert_int_equal(policy->detection.interval_ms, 200);
        assert_int_equal(policy->detection.timeout_ms, 150);
        assert_int_equal(policy->detection.failure_threshold, 1);
        assert_int_equal(policy->detection.success_threshold, 20);
        assert_int_equal(policy->detection.failover_delay_ms, 0);
        assert_int_equal(policy->failback, FAILBACK_AUTOMATIC);
        assert_int_equal(policy->stable_for_ms, 3600000);
        assert_int_equal(policy->dns.record_type, RRSET_CNAME);
        assert_int_equal(policy->dns.ttl_s, 300);
        assert_int_equal(policy->dns.verify_count, 2);
        assert_string_equal(policy->dns.verify_servers[1], "ns2:53");
        assert_string_equal(policy->dns.credentials_secret, "");
        assert_int_equal(policy->redis.db, 3);
        assert_string_equal(policy->redis.auth_secret, "auth");
        assert_true(policy->redis.uses_tls);
        assert_string_equal(policy->redis.tls.ca.key, "ca.crt");
        assert_string_equal(policy->redis.tls.client_certificate, "cc");
        assert_string_equal(policy->redis.tls.server_name, "sn");
        assert_string_equal(policy->redis.lock_key, "k");
        assert_string_equal(policy->redis.lock_value, "v");
        failover_policy_free(policy);
}

static void test_an_announcement_is_asked_for(void **state)
{
        (void)state;
        struct failover_policy *policy = decoded("'mode': 'Advise', 'planes': ['a'], 'dns': {'name': 'a.b', 'rfc2136': {}}");
        assert_string_equal(policy->announce.lease, "");
        failover_policy_free(policy);
        policy = decoded("'mode': 'Advise', 'planes': ['a'], 'dns': {'name': 'a.b', 'rfc2136': {}}, 'announce': {}");
        assert_string_equal(policy->announce.lease, "planekeeper-active");
        assert_string_equal(policy->announce.namespace_name, policy->namespace_name);
        assert_int_equal(policy->announce.lease_ms, 15000);
        failover_policy_free(policy);
        policy = decoded("'mode': 'Advise', 'planes': ['a'], 'dns': {'name': 'a.b', 'rfc2136': {}}, 'announce': {'lease': "
                         "'who', 'namespace': 'mesh', 'leaseDuration': '4s500ms'}");
        assert_string_equal(policy->announce.lease, "who");
        assert_string_equal(policy->announce.namespace_name, "mesh");
        assert_int_equal(policy->announce.lease_ms, 4000); /* a Lease counts whole seconds */
        failover_policy_free(policy);
}

static void test_a_command_that_sets_the_lock(void **state)
{
        (void)state;
        struct failover_policy *policy = decoded(SMALL ", 'redis': {'address': 'r:1', 'lock': {'key': 'k'}}");
        assert_null(policy->redis.lock_job);
        failover_policy_free(policy);
        policy = decoded(SMALL ", 'redis': {'address': 'r:1', 'lock': {'key': 'k', 'job': {'namespace': 'ci', 'name': 'set', "
                               "'kubeConfig': {'secretRef': {'name': 'hub'}}, 'template': {'spec': {'template': {}}}}}}");
        const struct policy_pipeline *job = policy->redis.lock_job;
        assert_string_equal(job->kube_config.name, "hub");
        assert_string_equal(job->kube_config.key, "kubeconfig");
        assert_int_equal(job->setting_count, 3);
        assert_string_equal(job->settings[1].value, "set");
        assert_string_equal(job->settings[2].key, "template");
        assert_string_equal(job->settings[2].value, "{\"spec\":{\"template\":{}}}");
        failover_policy_free(policy);
}

static void test_a_promotion_needs_no_code(void **state)
{
        (void)state;
        struct failover_policy *policy =
            decoded(SMALL ", 'redis': {'lock': {'key': 'k'}, 'promotion': {'sentry': {'masterName': 'm', 'quorum': 2, "
                          "'addresses': ['a:1', 'b:2'], 'authSecretRef': {'name': 'auth'}, 'tls': {'serverName': "
                          "'sn'}, 'credentialsSecretRef': {'name': 'keys'}, 'nothing': null}}}");
        const struct policy_promotion *promotion = &policy->redis.promotion;
        assert_string_equal(promotion->driver, "sentry");
        assert_int_equal(promotion->setting_count, 3);
        assert_string_equal(promotion->settings[0].value, "m");
        assert_string_equal(promotion->settings[1].value, "2");
        assert_string_equal(promotion->settings[2].key, "addresses");
        assert_string_equal(promotion->settings[2].value, "a:1,b:2");
        assert_string_equal(promotion->auth_secret, "auth");
        assert_string_equal(promotion->credentials_secret, "keys");
        assert_true(promotion->uses_tls);
        assert_string_equal(promotion->tls.server_name, "sn");
        assert_string_equal(policy->redis.address, "");
        failover_policy_free(policy);
}

static void test_unknown_provider_needs_no_code(void **state)
{
        (void)state;
        struct failover_policy *policy =
            decoded("'mode': 'Advise', 'planes': ['a'], 'dns': {'name': 'a.b', 'route53': {'hostedZoneID': 'Z1',"
                    " 'healthChecks': true, 'batch': 25, 'credentialsSecretRef': {'name': 'aws'}, 'nothing': null}}");
        assert_string_equal(policy->dns.provider, "route53");
        assert_string_equal(policy->dns.credentials_secret, "aws");
        assert_int_equal(policy->dns.setting_count, 3);
        assert_string_equal(policy->dns.settings[0].value, "Z1");
        assert_string_equal(policy->dns.settings[1].value, "true");
        assert_string_equal(policy->dns.settings[2].key, "batch");
        assert_string_equal(policy->dns.settings[2].value, "25");
        failover_policy_free(policy);
}

static void test_annotations_are_kept_as_written(void **state)
{
        (void)state;
        json_t *object = json_text(
            "{'metadata': {'namespace': 'n', 'name': 'p', 'annotations': {'planekeeper.io/switch-to': 'east/2',"
            " 'planekeeper.io/adopt': 'west/1', 'planekeeper.io/ack': '7', 'other': 5}}, 'spec': {" SMALL "}}");
        struct failover_policy *policy;
        assert_int_equal(failover_policy_decode(object, &policy, NULL), ERR_OK);
        assert_string_equal(policy->switch_to, "east/2");
        assert_string_equal(policy->adopt, "west/1");
        assert_string_equal(policy->ack, "7");
        failover_policy_free(policy);
        json_decref(object);
}

#define REFUSED_DNS(dns)     "'mode': 'Advise', 'planes': ['a'], 'dns': " dns
#define REFUSED_SPEC(fields) SMALL ", " fields

static void test_refusals_name_object_field_and_remedy(void **state)
{
        (void)state;
        static const struct {
                const char *spec;
                const char *text;
        } cases[] = {
            {"'planes': ['a'], " DNS, "spec.mode: must be one of Advise, Automatic"},
            {"'mode': 'Auto', 'planes': ['a'], " DNS, "spec.mode: must be one of Advise, Automatic"},
            {"'mode': 'Advise', " DNS, "spec.planes: is required: name at least one ManagementPlane"},
            {"'mode': 'Advise', 'planes': ['a', 'b', 'a'], " DNS, "spec.planes: names a twice; name each once"},
            {"'mode': 'Advise', 'planes': ['a', 1], " DNS, "spec.planes: must be a text"},
            {"'mode': 'Advise', 'planes': ['a'], 'announce': {'lease': 'planekeeper-gloo'}, " DNS,
             "spec.announce.lease: planekeeper-gloo is the decision record of this policy; choose another name"},
            {"'mode': 'Advise', 'planes': ['a']", "spec.dns.name: is required"},
            {REFUSED_DNS("{'name': 'a b', 'rfc2136': {}}"), "spec.dns.name: is not a DNS name"},
            {REFUSED_DNS("{'name': 'gloo.127.1', 'rfc2136': {}}"),
             "spec.dns.name: ends in a number: resolvers read it as an address, DNS does not; write four numbers from "
             "0 to 255, or "
             "a host name"},
            {REFUSED_DNS("{'name': 'a.b'}"), "spec.dns: names no provider; add one, for example rfc2136"},
            {REFUSED_DNS("{'name': 'a.b', 'rfc2136': {}, 'route53': {}}"),
             "spec.dns.route53: is a second provider beside rfc2136; give exactly one"},
            {REFUSED_DNS("{'name': 'a.b', 'rfc2136': {'list': []}}"),
             "spec.dns.rfc2136.list: is not a text, number or boolean, or a second Secret reference"},
            {REFUSED_DNS("{'name': 'a.b', 'recordTTL': 301, 'rfc2136': {}}"),
             "spec.dns.recordTTL: must be a whole number from 1 to 300"},
            {REFUSED_SPEC("'detection': {'interval': '1s'}"),
             "spec.detection.timeout: is longer than interval: samples would overlap; shorten it"},
            {REFUSED_SPEC("'detection': {'interval': '5'}"),
             "spec.detection.interval: must be a duration such as 5s, 200ms or 1h30m, from 100 ms to 300 s"},
            {REFUSED_SPEC("'cooldown': '99999999999999999999h'"),
             "spec.cooldown: must be a duration such as 5s, 200ms or 1h30m, from 0 ms to 604800 s"},
            {REFUSED_SPEC("'cooldown': ''"),
             "spec.cooldown: must be a duration such as 5s, 200ms or 1h30m, from 0 ms to 604800 s"},
            {REFUSED_SPEC("'cooldown': 5"),
             "spec.cooldown: must be a duration such as 5s, 200ms or 1h30m, from 0 ms to 604800 s"},
            {REFUSED_SPEC("'maxSwitches': 0"), "spec.maxSwitches: must be a whole number from 1 to 100"},
            {REFUSED_SPEC("'writeMode': 'SingleCluster'"),
             "spec.redis: writeMode SingleCluster needs redis.lock: it names the cluster that may write"},
            {REFUSED_SPEC("'redis': {'address': 'r:1', 'lock': {'key': 'k', 'value': '{nmae}'}}"),
             "spec.redis.lock.value: knows the tokens {clusterName}, {name}, {uid} and {epoch} only"},
            {REFUSED_SPEC("'redis': {'address': 'r:1', 'lock': {'key': 'k', 'job': {'namespace': 'ci', 'name': 'set'}}}"),
             "spec.redis.lock.job.template.spec: is required: a Job's spec"},
            {REFUSED_SPEC("'redis': {'address': 'r:1', 'lock': {'key': 'k', 'job': {'namespace': 'ci', 'name': 'set', 'kubeConfig': "
                          "{}, 'template': {'spec': {}}}}}"),
             "spec.redis.lock.job.kubeConfig.secretRef: is required"},
            {REFUSED_SPEC("'decisionStore': 'DNS', 'redis': {'address': 'r:1', 'lock': {'key': 'k', 'job': {'namespace': 'ci', "
                          "'name': 'set', 'template': {'spec': {}}}}}"),
             "spec.redis: with decisionStore DNS lock.job needs kubeConfig: the operators run in several clusters, and have to mean "
             "one"},
            {REFUSED_SPEC("'redis': {}"), "spec.redis.address: is required"},
            {REFUSED_SPEC("'redis': {'promotion': {}}"),
             "spec.redis.promotion: says no way; add one, for example replica: {}"},
            {REFUSED_SPEC("'redis': {'promotion': {'a': {}, 'b': {}}}"),
             "spec.redis.promotion.b: is a second way beside a; give exactly one"},
            {REFUSED_SPEC("'redis': {'promotion': {'a': {'b': {}}}}"),
             "spec.redis.promotion.a.b: is not a text, number, boolean or list of texts"},
            {REFUSED_SPEC("'redis': {'address': 'r:1', 'promotion': {'replica': {}}}"),
             "spec.redis.address: the Redis is the one that promotion has made the primary; leave address out"},
            {REFUSED_SPEC("'redis': {'plane': 'west', 'promotion': {'replica': {}}}"),
             "spec.redis.plane: the Redis is in the active plane; leave plane out"},
            {REFUSED_SPEC("'decisionStore': 'Quorum'"), "spec.decisionStore: must be one of Kubernetes, DNS"},
            {REFUSED_SPEC("'drift': 'Ignore'"), "spec.drift: must be one of Report, Enforce"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_t *object = json_text("{" META ", 'spec': {%s}}", cases[i].spec);
                struct failover_policy *policy = NULL;
                struct errmsg why = {""};
                assert_int_equal(failover_policy_decode(object, &policy, &why), ERR_INVALID);
                assert_null(policy);
                char expected[256];
                (void)snprintf(expected, sizeof(expected), "failoverpolicy mesh/gloo: %s", cases[i].text);
                assert_string_equal(why.text, expected);
                json_decref(object);
        }
        failover_policy_free(NULL);
}

/* A limit is the last user's: with decisions in DNS the longest name of ours is that of the heartbeat. */
static void test_a_name_leaves_room_for_ours(void **state)
{
        (void)state;
        static const struct {
                const char *store;
                size_t characters;
                const char *why; /* NULL: taken */
        } cases[] = {
            {"Kubernetes", 240, NULL},
            {"Kubernetes", 241, "with decisionStore Kubernetes at most 240 leave room for _planekeeper. before it"},
            {"DNS", 234, NULL},
            {"DNS", 235, "with decisionStore DNS at most 234 leave room for _planekeeper-alive. before it"},
            {"DNS", 240, "with decisionStore DNS at most 234 leave room for _planekeeper-alive. before it"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char name[256];
                memset(name, 'a', sizeof(name));
                for (size_t dot = 50; dot < sizeof(name); dot += 50)
                        name[dot] = '.';
                name[cases[i].characters] = '\0';
                json_t *object =
                    json_text("{" META ", 'spec': {'mode': 'Advise', 'planes': ['a'], 'decisionStore': '%s', 'dns': "
                              "{'name': '%s', 'rfc2136': {}}}}",
                              cases[i].store, name);
                struct failover_policy *policy = NULL;
                struct errmsg why = {""};
                enum err err = failover_policy_decode(object, &policy, &why);
                assert_int_equal(err, cases[i].why ? ERR_INVALID : ERR_OK);
                if (cases[i].why)
                        assert_non_null(strstr(why.text, cases[i].why));
                failover_policy_free(policy);
                json_decref(object);
        }
}

static void test_provider_with_too_many_fields(void **state)
{
        (void)state;
        json_t *object = json_text("{" META ", 'spec': {" SMALL "}}");
        json_t *provider = json_object_get(json_object_get(json_object_get(object, "spec"), "dns"), "rfc2136");
        for (int i = 0; i < 40; i++) {
                char key[24];
                (void)snprintf(key, sizeof(key), "field%d", i);
                json_object_set_new(provider, key, json_true());
        }
        struct failover_policy *policy = NULL;
        struct errmsg why;
        assert_int_equal(failover_policy_decode(object, &policy, &why), ERR_INVALID);
        assert_string_equal(why.text, "failoverpolicy mesh/gloo: spec.dns.rfc2136: has more than 16 fields");
        json_decref(object);
}

static void test_one_thousand_fit(void **state)
{
        (void)state;
        struct failover_policy *policy = decoded(
            SMALL
            ", 'writeMode': 'SingleCluster', 'redis': {'address': 'redis.example.com:6379', 'db': 0,"
            " 'authSecretRef': {'name': 'redis-auth'}, 'lock': {'key': 'mgmt-active', 'value': '{clusterName}'}}");
        assert_true(malloc_usable_size(policy) <= 1024);
        failover_policy_free(policy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_name_leaves_room_for_ours),
            cmocka_unit_test(test_smallest_policy_has_the_documented_defaults),
            cmocka_unit_test(test_every_field),
            cmocka_unit_test(test_an_announcement_is_asked_for),
            cmocka_unit_test(test_a_command_that_sets_the_lock),
            cmocka_unit_test(test_a_promotion_needs_no_code),
            cmocka_unit_test(test_unknown_provider_needs_no_code),
            cmocka_unit_test(test_annotations_are_kept_as_written),
            cmocka_unit_test(test_refusals_name_object_field_and_remedy),
            cmocka_unit_test(test_provider_with_too_many_fields),
            cmocka_unit_test(test_one_thousand_fit),
        };
        return cmocka_run_group_tests_name("failover_policy", tests, NULL, NULL);
}
