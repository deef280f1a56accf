/* record_test.c -- the decision record and its Lease: round trip, bounds, unknown versions, the two write bodies. */
#include "api/record.h"
#include "core/plan.h"
#include "two_targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"
#include "util/mem.h"

static const struct record sample = {
    .version = RECORD_VERSION,
    .epoch = EPOCH_MAX,
    .id = 0x8f00000000000a01,
    .phase = PHASE_SWITCHING,
    .from = "eu-west-1",
    .to = "eu-central-1",
    .reason = "ActiveDown",
    .holder = "planekeeper-7d_1f",
    .automatic = true,
    .detected_at = 1795402721412,
    .started_at = 1795402751007,
    .cooldown_until = 1795406351000,
    .recent_count = 2,
    .recent = {1795402751007, 1795302751000},
    .enforced_count = 3,
    .enforced = {1795402751007, 1795402691007, 1795402631007},
    .plan = {.targets = {{.ref = {TARGET_LOCK, TARGET_LOCK_DRIVER, "redis:6379", "mgmt-active", 3},
                          .to = "eu-central-1 \"quoted\" \u00e9",
                          .old = {"eu-west-1"},
                          .old_count = 1},
                         {.ref = {TARGET_NAME, "rfc2136", "192.0.2.53:53", "gloo-mgmt.mesh.example.com", 0},
                          .ttl_s = 30,
                          .to = "A 198.51.100.7,198.51.100.8",
                          .old = {"A 203.0.113.20", ""},
                          .old_count = 2}},
             .target_count = 2},
};

static void assert_same(const struct record *a, const struct record *b)
{
        assert_int_equal(a->version, b->version);
        assert_true(a->epoch == b->epoch && a->id == b->id);
        assert_int_equal(a->phase, b->phase);
        assert_string_equal(a->from, b->from);
        assert_string_equal(a->to, b->to);
        assert_string_equal(a->reason, b->reason);
        assert_string_equal(a->holder, b->holder);
        assert_int_equal(a->automatic, b->automatic);
        assert_int_equal(a->detected_at, b->detected_at);
        assert_int_equal(a->started_at, b->started_at);
        assert_int_equal(a->completed_at, b->completed_at);
        assert_int_equal(a->cooldown_until, b->cooldown_until);
        assert_int_equal(a->recent_count, b->recent_count);
        assert_memory_equal(a->recent, b->recent, sizeof(a->recent));
        assert_int_equal(a->enforced_count, b->enforced_count);
        assert_memory_equal(a->enforced, b->enforced, sizeof(a->enforced));
        assert_string_equal(NAME(a->plan).ref.driver, NAME(b->plan).ref.driver);
        assert_string_equal(NAME(a->plan).ref.endpoint, NAME(b->plan).ref.endpoint);
        assert_string_equal(NAME(a->plan).ref.name, NAME(b->plan).ref.name);
        assert_int_equal(NAME(a->plan).ttl_s, NAME(b->plan).ttl_s);
        assert_string_equal(NAME(a->plan).to, NAME(b->plan).to);
        assert_int_equal(NAME(a->plan).old_count, NAME(b->plan).old_count);
        for (unsigned i = 0; i < NAME(a->plan).old_count; i++)
                assert_string_equal(NAME(a->plan).old[i], NAME(b->plan).old[i]);
        assert_string_equal(LOCK(a->plan).ref.endpoint, LOCK(b->plan).ref.endpoint);
        assert_string_equal(LOCK(a->plan).ref.name, LOCK(b->plan).ref.name);
        assert_int_equal(LOCK(a->plan).ref.db, LOCK(b->plan).ref.db);
        assert_string_equal(LOCK(a->plan).to, LOCK(b->plan).to);
        assert_int_equal(LOCK(a->plan).old_count, LOCK(b->plan).old_count);
        for (unsigned i = 0; i < LOCK(a->plan).old_count; i++)
                assert_string_equal(LOCK(a->plan).old[i], LOCK(b->plan).old[i]);
}

static void test_round_trip_loses_nothing(void **state)
{
        (void)state;
        char *text;
        struct record *back;
        assert_int_equal(record_encode(&sample, &text, NULL), ERR_OK);
        assert_int_equal(record_decode(text, strlen(text), &back, NULL), ERR_OK);
        assert_same(&sample, back);
        char *again;
        assert_int_equal(record_encode(back, &again, NULL), ERR_OK);
        assert_string_equal(text, again);
        free(again);
        free(text);
        record_free(back);
        record_free(NULL);
}

/* What every release so far reads and writes: a byte more, and replicas of two releases do not understand each other. */
static void test_a_pair_is_written_as_ever(void **state)
{
        (void)state;
        static const char golden[] =
            "{\"v\":1,\"epoch\":9007199254740991,\"id\":\"8f00000000000a01\",\"phase\":\"Switching\",\"from\":\"e"
            "u-west-1\",\"to\":\"eu-central-1\",\"reason\":\"ActiveDown\",\"holder\":\"planekeeper-7d_1f\",\"auto"
            "matic\":true,\"recent\":[\"2026-11-23T02:59:11.007000Z\",\"2026-11-21T23:12:31.000000Z\"],\"plan\":{"
            "\"dns\":{\"provider\":\"rfc2136\",\"server\":\"192.0.2.53:53\",\"name\":\"gloo-mgmt.mesh.example.com"
            "\",\"ttl\":30,\"to\":\"A 198.51.100.7,198.51.100.8\",\"old\":[\"A 203.0.113.20\",\"\"]},\"lock\":{\""
            "server\":\"redis:6379\",\"key\":\"mgmt-active\",\"db\":3,\"to\":\"eu-central-1 \\\"quoted\\\" é\",\""
            "old\":[\"eu-west-1\"]}},\"detectedAt\":\"2026-11-23T02:58:41.412000Z\",\"startedAt\":\"2026-11-23T02"
            ":59:11.007000Z\",\"cooldownUntil\":\"2026-11-23T03:59:11.000000Z\",\"enforced\":[\"2026-11-23T02:59:"
            "11.007000Z\",\"2026-11-23T02:58:11.007000Z\",\"2026-11-23T02:57:11.007000Z\"]}";
        char *text;
        assert_int_equal(record_encode(&sample, &text, NULL), ERR_OK);
        assert_string_equal(text, golden);
        free(text);
}

/* A switch that is prepared beside a record at rest. */
static void test_what_is_prepared_goes_round(void **state)
{
        (void)state;
        struct record record = sample;
        record.phase = PHASE_STEADY;
        record.epoch = 7;
        record.given_up = 8;
        record.prepared = (struct prepared){.epoch = 9, .id = 0x1234, .to = "us-east-1", .at = sample.started_at,
                                            .values = {"us-east-1", "A 203.0.113.77"}};
        record.version = record_version(&record);
        assert_int_equal(record.version, RECORD_VERSION_PREPARED);
        char *text;
        struct record *back;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_OK);
        assert_non_null(strstr(text, "\"v\":3,"));
        assert_int_equal(record_decode(text, strlen(text), &back, NULL), ERR_OK);
        assert_same(&record, back);
        assert_true(back->given_up == 8 && back->prepared.epoch == 9 && back->prepared.id == 0x1234);
        assert_true(back->prepared.at == sample.started_at && back->version == RECORD_VERSION_PREPARED);
        assert_string_equal(back->prepared.to, "us-east-1");
        assert_string_equal(back->prepared.values[0], "us-east-1");
        assert_string_equal(back->prepared.values[1], "A 203.0.113.77");
        struct record *copy = record_copy(back);
        record_free(back);
        assert_string_equal(copy->prepared.values[1], "A 203.0.113.77");
        record_free(copy);
        free(text);
}

/* Beside a switch under way, below its epoch, or with a value too few, it says nothing that could be begun. */
static void test_what_is_prepared_is_checked(void **state)
{
        (void)state;
        struct record record = sample;
        record.epoch = 7;
        record.prepared =
            (struct prepared){.epoch = 9, .id = 1, .to = "c", .at = 1000, .values = {"c", "A 203.0.113.77"}};
        record.version = record_version(&record);
        char *text;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_INVALID); /* it switches */
        record.phase = PHASE_STEADY;
        record.prepared.epoch = 7;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_INVALID);
        record.prepared.epoch = 8;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_OK);
        char *values = strstr(text, "\"values\":[\"c\",");
        assert_non_null(values);
        memset(values + strlen("\"values\":["), ' ', strlen("\"c\","));
        struct record *back;
        assert_int_equal(record_decode(text, strlen(text), &back, NULL), ERR_INVALID);
        free(text);
}

static struct record listed(void)
{
        struct record record = sample;
        struct plan *plan = &record.plan;
        record.version = RECORD_VERSION_LIST;
        plan->targets[2] = plan->targets[1];
        plan->targets[2].ref.name = "private.example.com";
        plan->targets[3] = (struct plan_target){.ref = {TARGET_PIPELINE, "object", "hub", "apps/gloo", 0}, .to = "b\nc"};
        plan->target_count = 4;
        return record;
}

static void test_any_other_plan_is_a_list(void **state)
{
        (void)state;
        static const char golden[] =
            "\"plan\":{\"targets\":[{\"kind\":\"lock\",\"driver\":\"redisLock\",\"endpoint\":\"redis:6379\",\"nam"
            "e\":\"mgmt-active\",\"db\":3,\"ttl\":0,\"to\":\"eu-central-1 \\\"quoted\\\" é\",\"old\":[\"eu-west-1"
            "\"]},{\"kind\":\"dns\",\"driver\":\"rfc2136\",\"endpoint\":\"192.0.2.53:53\",\"name\":\"gloo-mgmt.me"
            "sh.example.com\",\"db\":0,\"ttl\":30,";
        const struct record record = listed();
        char *text;
        struct record *back;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_OK);
        const char *plan = strstr(text, "\"plan\"");
        assert_non_null(plan);
        assert_int_equal(strncmp(plan, golden, strlen(golden)), 0);
        assert_int_equal(record_decode(text, strlen(text), &back, NULL), ERR_OK);
        assert_same(&record, back);
        assert_int_equal(back->plan.target_count, 4);
        for (unsigned i = 0; i < 4; i++) {
                assert_true(target_ref_equal(&record.plan.targets[i].ref, &back->plan.targets[i].ref));
                assert_string_equal(record.plan.targets[i].to, back->plan.targets[i].to);
                assert_int_equal(record.plan.targets[i].old_count, back->plan.targets[i].old_count);
        }
        record_free(back);
        free(text);
}

/* Read as an older release reads it: of another version nothing else is looked at, and it freezes. */
static void test_a_list_says_that_it_is_one(void **state)
{
        (void)state;
        const struct record record = listed();
        char *text;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_OK);
        assert_non_null(strstr(text, "\"v\":2,"));
        assert_null(strstr(text, "\"dns\":{"));
        free(text);
}

#define LIST_HEAD "{\"v\":2,\"epoch\":1,\"id\":\"00000000000000ff\",\"phase\":\"Steady\",\"to\":\"a\",\"plan\":{\"targets\":["
#define LIST_NAME "{\"kind\":\"dns\",\"driver\":\"rfc2136\",\"name\":\"a.b\",\"to\":\"A 192.0.2.1\"}"
#define LIST_PIPE "{\"kind\":\"pipeline\",\"driver\":\"object\",\"name\":\"x\",\"to\":\"a\"}"

static void test_malformed_lists_are_refused(void **state)
{
        (void)state;
        static const struct {
                const char *text, *why;
        } rows[] = {
            {LIST_HEAD LIST_NAME "]}}", "record: plan.targets: must have another than one lock and one dns"},
            {LIST_HEAD LIST_PIPE "]}}", "record: plan.targets: must have one of kind dns"},
            {LIST_HEAD "]}}", "record: plan.targets: must have one of kind dns"},
            {LIST_HEAD LIST_PIPE "," LIST_NAME "]}}", "is of a step before the one of the target above it"},
            {LIST_HEAD LIST_NAME ",{\"kind\":\"moon\",\"driver\":\"d\",\"name\":\"x\",\"to\":\"a\"}]}}", "kind"},
            {LIST_HEAD "{\"kind\":\"promotion\",\"driver\":\"d\",\"name\":\"x\",\"to\":\"\"}," LIST_NAME "]}}",
             "to: must not be empty"},
            {LIST_HEAD LIST_NAME ",{\"kind\":\"pipeline\",\"name\":\"x\",\"to\":\"a\"}]}}", "driver"},
            {LIST_HEAD LIST_NAME "," LIST_NAME "," LIST_NAME "," LIST_NAME "," LIST_NAME "," LIST_NAME "," LIST_NAME "," LIST_NAME
                                 "," LIST_NAME "]}}",
             "plan.targets"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct record *record = NULL;
                struct errmsg why = {0};
                assert_int_equal(record_decode(rows[i].text, strlen(rows[i].text), &record, &why), ERR_INVALID);
                if (!strstr(why.text, rows[i].why))
                        fail_msg("%s: not %s", why.text, rows[i].why);
        }
}

/* Nothing waits for a pipeline, not even the decision for its value. */
static void test_the_value_of_what_blocks_nothing_may_be_unknown(void **state)
{
        (void)state;
        const char text[] = LIST_HEAD LIST_NAME ",{\"kind\":\"pipeline\",\"driver\":\"d\",\"name\":\"x\",\"to\":\"\"}]}}";
        struct record *record = NULL;
        assert_int_equal(record_decode(text, strlen(text), &record, NULL), ERR_OK);
        assert_string_equal(record->plan.targets[1].to, "");
        record_free(record);
}

static void test_copy_is_deep(void **state)
{
        (void)state;
        char *text;
        struct record *first;
        assert_int_equal(record_encode(&sample, &text, NULL), ERR_OK);
        assert_int_equal(record_decode(text, strlen(text), &first, NULL), ERR_OK);
        struct record *copy = record_copy(first);
        record_free(first);
        assert_same(&sample, copy);
        record_free(copy);
        free(text);
        struct record *bare = record_copy(&(struct record){.version = RECORD_VERSION});
        assert_int_equal(bare->plan.target_count, 0);
        record_free(bare);
}

static void test_full_of_old_values(void **state)
{
        (void)state;
        struct record record = sample;
        NAME(record.plan).old_count = LOCK(record.plan).old_count = PLAN_OLD_MAX;
        for (unsigned i = 0; i < PLAN_OLD_MAX; i++)
                NAME(record.plan).old[i] = LOCK(record.plan).old[i] = "A 198.51.100.7";
        char *text;
        struct record *back;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_OK);
        assert_int_equal(record_decode(text, strlen(text), &back, NULL), ERR_OK);
        assert_same(&record, back);
        struct record *copy = record_copy(back);
        assert_same(&record, copy);
        record_free(copy);
        record_free(back);
        free(text);
}

static char *repeated(char letter, size_t count)
{
        char *text = mem_calloc(count + 1, 1);
        memset(text, letter, count);
        return text;
}

/* What PLAN_BYTES_MAX lets through is never refused afterwards, however long the rest of the record is. */
static void test_the_longest_plan_fits_beside_the_longest_rest(void **state)
{
        (void)state;
        struct record record = sample;
        char *name = repeated('n', 63), *holder = repeated('h', 159), *key = repeated('"', 512), *endpoint = repeated('e', 300);
        record.epoch = EPOCH_MAX;
        record.from = record.to = name;
        record.reason = name;
        record.holder = holder;
        record.recent_count = RECENT_SWITCHES_MAX;
        record.enforced_count = ENFORCED_MAX;
        record.detected_at = record.started_at = record.completed_at = record.cooldown_until = sample.started_at;
        for (unsigned i = 0; i < RECENT_SWITCHES_MAX; i++)
                record.recent[i] = sample.started_at;
        for (unsigned i = 0; i < ENFORCED_MAX; i++)
                record.enforced[i] = sample.started_at;
        LOCK(record.plan).ref.name = key;
        LOCK(record.plan).ref.endpoint = NAME(record.plan).ref.endpoint = endpoint;
        NAME(record.plan).ttl_s = DNS_TTL_MAX_S;
        LOCK(record.plan).old_count = NAME(record.plan).old_count = PLAN_OLD_MAX;
        for (unsigned i = 0; i < PLAN_OLD_MAX; i++)
                LOCK(record.plan).old[i] = NAME(record.plan).old[i] = "A 198.51.100.7";
        LOCK(record.plan).to = "";
        size_t room = PLAN_BYTES_MAX - plan_bytes(&record.plan);
        char *value = repeated('v', room), *text = NULL;
        LOCK(record.plan).to = value;
        assert_int_equal(plan_bytes(&record.plan), PLAN_BYTES_MAX);
        struct errmsg why = {0};
        if (record_encode(&record, &text, &why) != ERR_OK)
                fail_msg("%s", why.text);
        char *const texts[] = {name, holder, key, endpoint, value, text};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                free(texts[i]);
}

static void test_too_large_is_refused_before_it_is_written(void **state)
{
        (void)state;
        struct record record = sample;
        char *huge = mem_calloc(4097, 1);
        memset(huge, 'x', 4096);
        LOCK(record.plan).to = huge;
        char *text = NULL;
        struct errmsg why;
        assert_int_equal(record_encode(&record, &text, &why), ERR_INVALID);
        assert_null(text);
        assert_non_null(strstr(why.text, "at most 4096 fit; shorten the lock's key or value"));
        free(huge);
}

static void test_text_that_is_not_utf8_is_refused(void **state)
{
        (void)state;
        static const char *const bad = "\xff";
        for (int field = 0; field < 3; field++) {
                struct record record = sample;
                if (field == 0)
                        record.from = bad;
                else if (field == 1)
                        NAME(record.plan).old[1] = bad;
                else
                        LOCK(record.plan).to = bad;
                char *text = NULL;
                struct errmsg why;
                assert_int_equal(record_encode(&record, &text, &why), ERR_INVALID);
                assert_string_equal(why.text, "record: a text is not UTF-8");
                assert_null(text);
        }
}

static void test_whatever_a_lock_held_can_be_recorded(void **state)
{
        (void)state;
        struct record record = sample;
        LOCK(record.plan).old[0] = "set by\tredis-cli -x\n\x01";
        char *text;
        struct record *back;
        assert_int_equal(record_encode(&record, &text, NULL), ERR_OK);
        assert_int_equal(record_decode(text, strlen(text), &back, NULL), ERR_OK);
        assert_same(&record, back);
        record_free(back);
        free(text);
}

static void test_what_could_not_be_read_is_not_written(void **state)
{
        (void)state;
        struct record record = sample;
        char *text = NULL;
        struct errmsg why;
        record.to = "";
        assert_int_equal(record_encode(&record, &text, &why), ERR_INVALID);
        assert_string_equal(why.text, "record: to: must not be empty");
        char name[300] = "";
        memset(name, 'n', sizeof(name) - 1);
        record.to = name;
        assert_int_equal(record_encode(&record, &text, &why), ERR_INVALID);
        assert_string_equal(why.text, "record: to: has 299 bytes, at most 253 are allowed");
        assert_null(text);
}

/* It was once read as no record at all, and the targets were adopted over it. */
static void test_unknown_version_is_an_error(void **state)
{
        (void)state;
        static const char text[] = "{\"v\":4,\"epoch\":\"not a number\",\"to\":5}";
        struct record *record = NULL;
        struct errmsg why;
        assert_int_equal(record_decode(text, strlen(text), &record, &why), ERR_INVALID);
        assert_null(record);
        assert_non_null(strstr(why.text, "v: is 4, and this version knows only 1 to 3: a newer Planekeeper wrote it"));
}

static void test_unknown_fields_are_ignored(void **state)
{
        (void)state;
        static const char text[] =
            "{\"v\":1,\"epoch\":1,\"id\":\"00000000000000ff\",\"phase\":\"Steady\",\"to\":\"a\",\"new\":{},"
            "\"plan\":{\"dns\":{\"provider\":\"rfc2136\",\"name\":\"a.b\",\"to\":\"A 192.0.2.1\"},\"more\":[]}}";
        struct record *record;
        assert_int_equal(record_decode(text, strlen(text), &record, NULL), ERR_OK);
        assert_true(record->id == 255);
        assert_int_equal(NAME(record->plan).ttl_s, 30);
        assert_int_equal(record->plan.target_count, 1);
        assert_int_equal(record->started_at, 0);
        record_free(record);
}

#define PLAN "\"plan\":{\"dns\":{\"provider\":\"p\",\"name\":\"n\",\"to\":\"t\"}}"

static void test_malformed_is_refused_with_the_field(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                const char *why;
        } cases[] = {
            {"", "record: not a JSON object"},
            {"[]", "record: not a JSON object"},
            {"{\"v\":1,\"v\":1}", "record: not a JSON object"},
            {"{}", "record: v: is required"},
            {"{\"v\":\"1\"}", "record: v: must be a whole number from 0 to 2147483647"},
            {"{\"v\":1,\"id\":\"0000000000000001\",\"phase\":\"Steady\",\"to\":\"a\"," PLAN "}",
             "record: epoch: is required"},
            {"{\"v\":1,\"epoch\":0}", "record: epoch: must be a whole number from 1 to 9007199254740991"},
            {"{\"v\":1,\"epoch\":18446744073709551615}", "record: not a JSON object"},
            {"{\"v\":1,\"epoch\":1,\"id\":\"XYZ\"}", "record: id: must be 16 hexadecimal digits"},
            {"{\"v\":1,\"epoch\":1,\"id\":\"0000000000000001\",\"phase\":\"Lost\"}",
             "record: phase: must be one of None, Steady, Switching"},
            {"{\"v\":1,\"epoch\":1,\"id\":\"0000000000000001\",\"phase\":\"Steady\"}", "record: to: is required"},
            {"{\"v\":1,\"epoch\":1,\"id\":\"0000000000000001\",\"phase\":\"Steady\",\"to\":\"a\"}",
             "record: plan.dns.provider: is required"},
            {"{\"v\":1,\"epoch\":1,\"id\":\"0000000000000001\",\"phase\":\"Steady\",\"to\":\"a\",\"startedAt\":"
             "\"noon\"," PLAN "}",
             "record: startedAt: must be a time such as 2026-11-23T02:59:11.412Z"},
            {"{\"v\":1,\"epoch\":1,\"id\":\"0000000000000001\",\"phase\":\"Steady\",\"to\":\"a\",\"startedAt\":\"1013-"
             "01-01T00:00:00.4Z\"," PLAN "}",
             "record: startedAt: must be a time such as 2026-11-23T02:59:11.412Z"},
            {"{\"v\":1,\"epoch\":1,\"id\":\"0000000000000001\",\"phase\":\"Steady\",\"to\":\"a\",\"recent\":[1,2,3,4,5,"
             "6,7,8,9]," PLAN "}",
             "record: recent: has 9 items, at most 8 are allowed"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct record *record = NULL;
                struct errmsg why = {""};
                assert_int_equal(record_decode(cases[i].text, strlen(cases[i].text), &record, &why), ERR_INVALID);
                assert_string_equal(why.text, cases[i].why);
                assert_null(record);
        }
}

static void test_lease_bodies(void **state)
{
        (void)state;
        json_t *lease;
        assert_int_equal(record_lease_new("mesh", "gloo", &sample, &lease, NULL), ERR_OK);
        json_t *patch;
        assert_int_equal(record_lease_patch(&sample, "17", &patch, NULL), ERR_OK);
        json_t *expected = json_text(
            "{'apiVersion': 'coordination.k8s.io/v1', 'kind': 'Lease', 'metadata': {'namespace': 'mesh', 'name':"
            " 'planekeeper-gloo', 'labels': {'planekeeper.io/lease': 'record'}},"
            " 'spec': {'holderIdentity': 'planekeeper-7d_1f'}}");
        json_t *metadata = json_object_get(lease, "metadata");
        json_t *annotations = json_incref(json_object_get(metadata, "annotations"));
        assert_true(json_equal(annotations, json_object_get(json_object_get(patch, "metadata"), "annotations")));
        assert_string_equal(json_string_value(json_object_get(json_object_get(patch, "metadata"), "resourceVersion")),
                            "17");
        assert_null(json_object_get(json_object_get(patch, "metadata"), "name"));
        json_object_del(metadata, "annotations");
        assert_true(json_equal(lease, expected));
        json_decref(annotations);
        json_decref(expected);
        json_decref(patch);
        json_decref(lease);
}

static void test_lease_round_trip(void **state)
{
        (void)state;
        json_t *json;
        assert_int_equal(record_lease_new("mesh", "gloo", &sample, &json, NULL), ERR_OK);
        json_t *metadata = json_object_get(json, "metadata");
        json_object_set_new(metadata, "resourceVersion", json_string("42"));
        json_object_set_new(metadata, "uid", json_string("u"));
        struct record_lease lease;
        assert_int_equal(record_lease_decode(json, &lease, NULL), ERR_OK);
        assert_string_equal(lease.namespace_name, "mesh");
        assert_string_equal(lease.policy, "gloo");
        assert_string_equal(lease.resource_version, "42");
        assert_string_equal(lease.uid, "u");
        assert_null(lease.why);
        assert_same(lease.record, &sample);
        record_lease_clear(&lease);
        json_decref(json);
}

static void test_leases_that_are_not_usable(void **state)
{
        (void)state;
        static const struct {
                const char *metadata;
                enum err err;
                const char *why;
        } cases[] = {
            {"{'name': 'kube-scheduler', 'labels': {'planekeeper.io/lease': 'record'}}", ERR_NOT_FOUND, NULL},
            {"{'name': 'planekeeper-', 'labels': {'planekeeper.io/lease': 'record'}}", ERR_NOT_FOUND, NULL},
            {"{'name': 'planekeeper-x', 'labels': {'planekeeper.io/lease': 'election'}}", ERR_NOT_FOUND, NULL},
            {"{'name': 'planekeeper-x'}", ERR_NOT_FOUND, NULL},
            {"{'name': 'planekeeper-x', 'labels': {'planekeeper.io/lease': 'record'}}", ERR_INVALID, NULL},
            {"{'name': 'planekeeper-x', 'resourceVersion': '1', 'labels': {'planekeeper.io/lease': 'record'}}", ERR_OK,
             "the Lease has no annotation planekeeper.io/record"},
            {"{'name': 'planekeeper-x', 'resourceVersion': '1', 'labels': {'planekeeper.io/lease': 'record'},"
             " 'annotations': {'planekeeper.io/record': '{}'}}",
             ERR_OK, "record: v: is required"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_t *json = json_text("{'metadata': %s}", cases[i].metadata);
                struct record_lease lease = {0};
                assert_int_equal(record_lease_decode(json, &lease, NULL), cases[i].err);
                assert_null(lease.record);
                if (cases[i].why)
                        assert_string_equal(lease.why, cases[i].why);
                record_lease_clear(&lease);
                json_decref(json);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip_loses_nothing),
            cmocka_unit_test(test_the_value_of_what_blocks_nothing_may_be_unknown), cmocka_unit_test(test_copy_is_deep),
            cmocka_unit_test(test_a_pair_is_written_as_ever),
            cmocka_unit_test(test_what_is_prepared_goes_round),
            cmocka_unit_test(test_what_is_prepared_is_checked),
            cmocka_unit_test(test_any_other_plan_is_a_list),
            cmocka_unit_test(test_a_list_says_that_it_is_one),
            cmocka_unit_test(test_malformed_lists_are_refused),
            cmocka_unit_test(test_full_of_old_values),
            cmocka_unit_test(test_the_longest_plan_fits_beside_the_longest_rest),
            cmocka_unit_test(test_too_large_is_refused_before_it_is_written),
            cmocka_unit_test(test_text_that_is_not_utf8_is_refused),
            cmocka_unit_test(test_whatever_a_lock_held_can_be_recorded),
            cmocka_unit_test(test_what_could_not_be_read_is_not_written),
            cmocka_unit_test(test_unknown_version_is_an_error),
            cmocka_unit_test(test_unknown_fields_are_ignored),
            cmocka_unit_test(test_malformed_is_refused_with_the_field),
            cmocka_unit_test(test_lease_bodies),
            cmocka_unit_test(test_lease_round_trip),
            cmocka_unit_test(test_leases_that_are_not_usable),
        };
        return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
