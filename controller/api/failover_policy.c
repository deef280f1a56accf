/* failover_policy.c -- a FailoverPolicy from JSON. */
#include "api/failover_policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "util/mem.h"
#include "util/text.h"

enum { SETTING_BYTES_MAX = 1024, LOCK_TEXT_MAX = 512 };
enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };

static const char *const modes[] = {"Advise", "Automatic"};
static const char *const write_modes[] = {"AllClusters", "SingleCluster"};
static const char *const failbacks[] = {"Manual", "Automatic", "Never"};
static const char *const record_types[] = {"Auto", "A", "AAAA", "CNAME", "ALIAS"};
static const char *const stores[] = {[STORE_KUBERNETES] = "Kubernetes", [STORE_DNS] = "DNS"};
static const char *const drifts[] = {"Report", "Enforce"};

static const char *const *decode_names(const struct scope *array, size_t max, size_t *ret_count)
{
        size_t count = decode_count(array);
        const char **names = decode_alloc(array->decoder, count * sizeof(names[0]));
        for (size_t i = 0; i < count; i++) {
                names[i] = decode_text_item(array, i, max);
                if (names[i][0] == '\0')
                        decode_fail(array, "", "item %zu must not be empty", i);
                for (size_t before = 0; before < i; before++)
                        if (strcmp(names[before], names[i]) == 0)
                                decode_fail(array, "", "names %.60s twice; name each once", names[i]);
        }
        *ret_count = count;
        return names;
}

static void decode_detection(const struct scope *spec, struct failover_policy *policy)
{
        struct scope detection = decode_object(spec, "detection");
        policy->detection = (struct detection){
            .interval_ms = decode_duration(&detection, "interval", 5 * SECOND_MS, 100, 5 * MINUTE_MS),
            .timeout_ms = decode_duration(&detection, "timeout", 3 * SECOND_MS, 10, 5 * MINUTE_MS),
            .failure_threshold = (uint32_t)decode_integer(&detection, "failureThreshold", 3, 1, 20),
            .success_threshold = (uint32_t)decode_integer(&detection, "successThreshold", 3, 1, 20),
            .failover_delay_ms = decode_duration(&detection, "failoverDelay", -1, 0, HOUR_MS),
        };
        if (policy->detection.timeout_ms > policy->detection.interval_ms)
                decode_fail(&detection, "timeout", "is longer than interval: samples would overlap; shorten it");
}

/* A setting's value as text; NULL where it is not a scalar. */
static const char *setting_value(const struct scope *provider, const char *key, const json_t *value)
{
        if (json_is_string(value))
                return decode_text(provider, key, "", SETTING_BYTES_MAX);
        if (json_is_boolean(value))
                return json_is_true(value) ? "true" : "false";
        char number[24];
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return json_is_integer(value) ? decode_keep(provider->decoder, number) : NULL;
}

static bool is_secret_ref(const char *key)
{
        static const char suffix[] = "SecretRef";
        size_t bytes = strlen(key);
        return bytes > sizeof(suffix) - 1 && strcmp(key + bytes - (sizeof(suffix) - 1), suffix) == 0;
}

static void decode_provider(const struct scope *provider, struct policy_dns *dns)
{
        struct policy_setting *settings =
            decode_alloc(provider->decoder, json_object_size(provider->json) * sizeof(settings[0]));
        const char *key;
        json_t *value;
        if (json_object_size(provider->json) > POLICY_SETTINGS_MAX)
                decode_fail(provider, "", "has more than %d fields", (int)POLICY_SETTINGS_MAX);
        json_object_foreach((json_t *)provider->json, key, value)
        {
                const char *text = setting_value(provider, key, value);
                if (is_secret_ref(key) && dns->credentials_secret[0] == '\0') {
                        dns->credentials_secret = decode_secret_ref(provider, key, "").name;
                        dns->credentials_field = decode_keep(provider->decoder, key);
                } else if (text && strlen(key) <= 63)
                        settings[dns->setting_count++] =
                            (struct policy_setting){decode_keep(provider->decoder, key), text};
                else if (!json_is_null(value))
                        decode_fail(provider, key, "is not a text, number or boolean, or a second Secret reference");
        }
        dns->settings = settings;
}

/* The provider is the one object beside the fields that all providers share; its key is the driver's name. */
static void find_provider(const struct scope *dns_scope, struct policy_dns *dns)
{
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)dns_scope->json, key, value)
        {
                if (!json_is_object(value) || strcmp(key, "verify") == 0)
                        continue;
                if (dns->provider[0] != '\0' || strlen(key) > 63) {
                        decode_fail(dns_scope, key, "is a second provider beside %.40s; give exactly one",
                                    dns->provider);
                        return;
                }
                dns->provider = decode_keep(dns_scope->decoder, key);
                struct scope provider = decode_object(dns_scope, key);
                decode_provider(&provider, dns);
        }
        if (dns->provider[0] == '\0')
                decode_fail(dns_scope, "", "names no provider; add one, for example rfc2136");
}

static const char *decode_dns_name(const struct scope *dns_scope)
{
        const char *given = decode_text(dns_scope, "name", NULL, 254);
        const char *fault = text_host_name_fault(given);
        if (fault)
                decode_fail(dns_scope, "name", "%s", text_is_dns_name(given) ? fault : "is not a DNS name");
        char *name = decode_keep(dns_scope->decoder, given);
        size_t bytes = strlen(name);
        if (bytes > 0 && name[bytes - 1] == '.')
                name[bytes - 1] = '\0';
        for (char *c = name; *c; c++)
                *c = (char)tolower((unsigned char)*c);
        return name;
}

/* A name has at most 253 characters, and the longest prefix ("_planekeeper-alive.") must fit before it. */
static void check_dns_name_room(const struct scope *dns_scope, enum decision_store store, const char *name)
{
        const char *before = store == STORE_DNS ? "_planekeeper-alive." : "_planekeeper.";
        size_t room = 253 - strlen(before);
        if (strlen(name) > room)
                decode_fail(dns_scope, "name",
                            "has %zu characters; with decisionStore %s at most %zu leave room for %s before it",
                            strlen(name), stores[store], room, before);
}

static void decode_dns(const struct scope *spec, enum decision_store store, struct policy_dns *dns)
{
        struct scope dns_scope = decode_object(spec, "dns");
        dns->name = decode_dns_name(&dns_scope);
        check_dns_name_room(&dns_scope, store, dns->name);
        dns->record_type = (enum rrset_type)decode_choice(&dns_scope, "recordType", CHOICES(record_types), RRSET_AUTO);
        dns->ttl_s = (uint32_t)decode_integer(&dns_scope, "recordTTL", 30, 1, DNS_TTL_MAX_S);
        dns->plane = decode_text(&dns_scope, "plane", "", DECODE_TEXT_MAX);
        dns->provider = "";
        dns->credentials_secret = dns->credentials_field = "";
        find_provider(&dns_scope, dns);
        struct scope verify = decode_object(&dns_scope, "verify");
        struct scope servers = decode_array(&verify, "servers", VERIFY_SERVERS_MAX);
        dns->verify_servers = decode_names(&servers, DECODE_TEXT_MAX, &dns->verify_count);
}

static const struct tls_refs no_tls = {.ca = {"", "ca.crt"}, .client_certificate = "", .server_name = ""};

/* A list of texts with commas between them, as a setting. */
static const char *joined(const struct scope *object, const char *key)
{
        struct scope array = decode_array(object, key, POLICY_SETTINGS_MAX);
        char text[SETTING_BYTES_MAX + 1];
        size_t used = 0;
        for (size_t i = 0; i < decode_count(&array); i++) {
                const char *item = decode_text_item(&array, i, DECODE_TEXT_MAX);
                const size_t bytes = strlen(item) + (used ? 1 : 0);
                if (used + bytes >= sizeof(text)) {
                        decode_fail(object, key, "has more than %d bytes", (int)SETTING_BYTES_MAX);
                        break;
                }
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? "," : "", item);
        }
        text[used] = '\0';
        return decode_keep(object->decoder, text);
}

static void decode_promoter(const struct scope *promoter, struct policy_promotion *promotion)
{
        struct policy_setting *settings =
            decode_alloc(promoter->decoder, json_object_size(promoter->json) * sizeof(settings[0]));
        const char *key;
        json_t *value;
        if (json_object_size(promoter->json) > POLICY_SETTINGS_MAX)
                decode_fail(promoter, "", "has more than %d fields", (int)POLICY_SETTINGS_MAX);
        json_object_foreach((json_t *)promoter->json, key, value)
        {
                const bool is_known = strcmp(key, "authSecretRef") == 0 || strcmp(key, "tls") == 0 ||
                                      strcmp(key, "credentialsSecretRef") == 0;
                const char *text = is_known                 ? NULL
                                   : json_is_array(value) ? joined(promoter, key)
                                                          : setting_value(promoter, key, value);
                if (text && strlen(key) <= 63)
                        settings[promotion->setting_count++] =
                            (struct policy_setting){decode_keep(promoter->decoder, key), text};
                else if (!is_known && !json_is_null(value))
                        decode_fail(promoter, key, "is not a text, number, boolean or list of texts");
        }
        promotion->settings = settings;
        promotion->auth_secret = decode_secret_ref(promoter, "authSecretRef", "").name;
        promotion->credentials_secret = decode_secret_ref(promoter, "credentialsSecretRef", "").name;
        promotion->uses_tls = decode_has(promoter, "tls");
        promotion->tls = decode_tls_refs(promoter, &no_tls);
}

static void decode_promotion(const struct scope *redis, struct policy_promotion *promotion)
{
        struct scope scope = decode_object(redis, "promotion");
        const char *key;
        json_t *value;
        *promotion =
            (struct policy_promotion){.driver = "", .auth_secret = "", .credentials_secret = "", .tls = no_tls};
        json_object_foreach((json_t *)scope.json, key, value)
        {
                if (!json_is_object(value))
                        continue;
                if (promotion->driver[0] != '\0' || strlen(key) > 63) {
                        decode_fail(&scope, key, "is a second way beside %.40s; give exactly one", promotion->driver);
                        return;
                }
                promotion->driver = decode_keep(scope.decoder, key);
                struct scope promoter = decode_object(&scope, key);
                decode_promoter(&promoter, promotion);
        }
        if (scope.json && promotion->driver[0] == '\0')
                decode_fail(redis, "promotion", "says no way; add one, for example replica: {}");
}

const char *policy_promotion_setting(const struct policy_promotion *promotion, const char *key)
{
        for (size_t i = 0; key && i < promotion->setting_count; i++)
                if (text_equal(promotion->settings[i].key, key))
                        return promotion->settings[i].value;
        return NULL;
}

static const char *decode_redis_address(const struct scope *redis, bool is_promoted)
{
        if (!redis->json)
                return "";
        if (!is_promoted)
                return decode_text(redis, "address", NULL, DECODE_TEXT_MAX);
        if (decode_has(redis, "address"))
                decode_fail(redis, "address",
                            "the Redis is the one that promotion has made the primary; leave address out");
        if (decode_has(redis, "plane"))
                decode_fail(redis, "plane", "the Redis is in the active plane; leave plane out");
        return "";
}

static void decode_redis(const struct scope *spec, struct policy_redis *redis)
{
        struct scope scope = decode_object(spec, "redis");
        struct scope lock = decode_object(&scope, "lock");
        decode_promotion(&scope, &redis->promotion);
        redis->address = decode_redis_address(&scope, redis->promotion.driver[0] != '\0');
        redis->db = (uint32_t)decode_integer(&scope, "db", 0, 0, LOCK_DB_MAX);
        redis->plane = decode_text(&scope, "plane", "", DECODE_TEXT_MAX);
        redis->auth_secret = decode_secret_ref(&scope, "authSecretRef", "").name;
        redis->uses_tls = decode_has(&scope, "tls");
        redis->tls = decode_tls_refs(&scope, &no_tls);
        redis->lock_key = lock.json ? decode_text(&lock, "key", NULL, LOCK_TEXT_MAX) : "";
        redis->lock_value = decode_text(&lock, "value", "{clusterName}", LOCK_TEXT_MAX);
        template_check(&lock, "value", redis->lock_value);
        redis->wait_replicas = (uint32_t)decode_integer(&lock, "waitReplicas", 1, 0, LOCK_REPLICAS_MAX);
        redis->lock_job = pipeline_decode_job(&lock);
}

/* The Lease has its time to live in whole seconds. */
static void decode_announce(const struct scope *spec, const char *own_namespace, const char *own_name,
                            struct policy_announce *announce)
{
        struct scope scope = decode_object(spec, "announce");
        announce->lease = scope.json ? decode_text(&scope, "lease", "planekeeper-active", DECODE_TEXT_MAX) : "";
        announce->namespace_name = decode_text(&scope, "namespace", own_namespace, 63);
        announce->lease_ms = decode_duration(&scope, "leaseDuration", 15000, 3000, 300000) / 1000 * 1000;
        const char prefix[] = "planekeeper-";
        if (text_has_prefix(announce->lease, prefix) && text_equal(announce->lease + strlen(prefix), own_name))
                decode_fail(&scope, "lease", "%s is the decision record of this policy; choose another name",
                            announce->lease);
}

static void decode_identity(const struct scope *object, struct failover_policy *policy)
{
        struct scope meta = decode_object(object, "metadata");
        struct scope annotations = decode_object(&meta, "annotations");
        policy->namespace_name = decode_text(&meta, "namespace", NULL, 63);
        policy->name = decode_text(&meta, "name", NULL, DECODE_NAME_MAX);
        policy->uid = decode_text(&meta, "uid", "", DECODE_UID_MAX);
        policy->generation = decode_integer(&meta, "generation", 0, 0, INT64_MAX);
        policy->deleting = decode_has(&meta, "deletionTimestamp");
        policy->switch_to = decode_annotation(&annotations, ANNOTATION_SWITCH_TO);
        policy->adopt = decode_annotation(&annotations, ANNOTATION_ADOPT);
        policy->ack = decode_annotation(&annotations, ANNOTATION_ACK);
        policy->takeover = decode_annotation(&annotations, ANNOTATION_TAKEOVER);
}

static void decode_limits(const struct scope *spec, struct failover_policy *policy)
{
        struct scope failback = decode_object(spec, "failback");
        policy->cooldown_ms = decode_duration(spec, "cooldown", HOUR_MS, 0, 168 * (mono_ms)HOUR_MS);
        policy->max_switches = (uint32_t)decode_integer(spec, "maxSwitches", 2, 1, 100);
        policy->failback = (enum failback)decode_choice(&failback, "policy", CHOICES(failbacks), FAILBACK_MANUAL);
        policy->stable_for_ms = decode_duration(&failback, "stableFor", 10 * MINUTE_MS, 0, 168 * (mono_ms)HOUR_MS);
        policy->store = (enum decision_store)decode_choice(spec, "decisionStore", CHOICES(stores), STORE_KUBERNETES);
        policy->drift = (enum drift_policy)decode_choice(spec, "drift", CHOICES(drifts), DRIFT_REPORT);
}

/*
 * Operators of several clusters share the record: each would take its own cluster for the one that is meant, and derive
 * another plan where a Secret is another one there.
 */
static void check_pipelines(const struct scope *spec, const struct failover_policy *policy)
{
        for (size_t i = 0; i < policy->pipeline_count && policy->store == STORE_DNS; i++) {
                const struct policy_pipeline *pipeline = &policy->pipelines[i];
                if (!pipeline->kube_config.name[0])
                        decode_fail(spec, "pipeline",
                                    "with decisionStore DNS %.63s needs kubeConfig: the operators run in several "
                                    "clusters, and have to mean one",
                                    pipeline->name);
                if (pipeline->plane_count && pipeline->planes[0].secret.name[0])
                        decode_fail(spec, "pipeline",
                                    "with decisionStore DNS %.63s takes no value from Secrets: the clusters of the "
                                    "operators may have different ones",
                                    pipeline->name);
        }
}

/* Each item of spec.fence is a target in each plane. */
static void check_count(const struct scope *spec, const struct failover_policy *policy)
{
        const size_t others = 1 + policy->pipeline_count + (policy->redis.lock_key[0] ? 1U : 0U) +
                              (failover_policy_promotes(policy) ? 1U : 0U);
        const size_t fences = policy->fence_count * policy->plane_count;
        if (fences && fences + others > TARGETS_MAX)
                decode_fail(spec, "fence",
                            "has %zu objects in %zu planes, and beside them the policy moves %zu more; together they "
                            "are at most %d",
                            policy->fence_count, policy->plane_count, others, (int)TARGETS_MAX);
}

static void check_lock(const struct scope *spec, const struct failover_policy *policy)
{
        const struct policy_redis *redis = &policy->redis;
        if (policy->write_mode == WRITE_SINGLE_CLUSTER && redis->lock_key[0] == '\0')
                decode_fail(spec, "redis",
                            "writeMode SingleCluster needs redis.lock: it names the cluster that may write");
        if (policy->store == STORE_DNS && redis->lock_job && !redis->lock_job->kube_config.name[0])
                decode_fail(spec, "redis",
                            "with decisionStore DNS lock.job needs kubeConfig: the operators run in several clusters, "
                            "and have to mean one");
}

static void *fill(const struct scope *object)
{
        struct failover_policy *policy = decode_alloc(object->decoder, sizeof(*policy));
        struct scope spec = decode_object(object, "spec");
        struct scope planes = decode_array(&spec, "planes", PLANES_MAX);
        decode_identity(object, policy);
        policy->planes = decode_names(&planes, DECODE_NAME_MAX, &policy->plane_count);
        if (policy->plane_count == 0)
                decode_fail(&planes, "", "is required: name at least one ManagementPlane");
        policy->mode = (enum mode)decode_choice(&spec, "mode", CHOICES(modes), SIZE_MAX);
        policy->write_mode =
            (enum write_mode)decode_choice(&spec, "writeMode", CHOICES(write_modes), WRITE_ALL_CLUSTERS);
        policy->suspend = decode_bool(&spec, "suspend", false);
        decode_detection(&spec, policy);
        decode_limits(&spec, policy);
        decode_dns(&spec, policy->store, &policy->dns);
        decode_redis(&spec, &policy->redis);
        decode_announce(&spec, policy->namespace_name, policy->name, &policy->announce);
        policy->pipelines = pipelines_decode(&spec, policy->planes, policy->plane_count, &policy->pipeline_count);
        check_pipelines(&spec, policy);
        policy->fences = fences_decode(&spec, &policy->fence_count);
        check_count(&spec, policy);
        check_lock(&spec, policy);
        return policy;
}

enum err failover_policy_decode(const json_t *object, struct failover_policy **ret, struct errmsg *reterr)
{
        void *policy;
        enum err err = decoder_run("failoverpolicy", object, fill, &policy, reterr);
        if (err == ERR_OK)
                *ret = policy;
        return err;
}

void failover_policy_free(struct failover_policy *policy)
{
        free(policy);
}
