/* record_text_test.c -- the decision record in a TXT record: round trip, bounds, hostile texts, digests of plans. */
#include "api/record_text.h"
#include "two_targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/record.h"
#include "targets/fence.h"
#include "targets/target.h"

#define STORE  "dns/planekeeper/gloo"
#define AUTHOR "8c6f5d4e-0000-4000-8000-000000000001"
#define HEAD   "v=pk1 e=7 id=00000000000000ab p=b s=" STORE
#define WHOLE  HEAD " r=6 phase=Switching plan=0123456789abcdef"

static const struct record sample = {
    .version = RECORD_VERSION,
    .epoch = 7,
    .id = 0x8f00000000000a01,
    .phase = PHASE_SWITCHING,
    .from = "eu-west-1",
    .to = "eu-central-1",
    .reason = "ThresholdReached",
    .holder = "planekeeper-7d_1f",
    .automatic = true,
    .detected_at = 1795402721412,
    .started_at = 1795402751007,
    .cooldown_until = 1795406351000,
    .recent_count = 2,
    .recent = {1795402751007, 1795302751000},
    .enforced_count = 1,
    .enforced = {1795402700000},
    .plan = {.targets = {{.ref = {TARGET_LOCK, TARGET_LOCK_DRIVER, "redis:6379", "mgmt-active", 3},
                          .to = "eu-central-1",
                          .old = {"eu-west-1", "two words", "eu-west-1"},
                          .old_count = 3},
                         {.ref = {TARGET_NAME, "rfc2136", "192.0.2.53:53", "gloo-mgmt.mesh.example.com", 0},
                          .ttl_s = 30,
                          .to = "A 198.51.100.7",
                          .old = {"A 203.0.113.20", "", "sha256:0123456789abcdef"},
                          .old_count = 3}},
             .target_count = 2},
};

static void encode(const struct record *record, epoch_t routed, char text[static RECORD_TEXT_BYTES])
{
        struct errmsg why = {0};
        if (record_text_encode(record, routed, STORE, AUTHOR, text, &why) != ERR_OK)
                fail_msg("%s", why.text);
}

static void decode(const char *text, struct record_text *ret)
{
        struct errmsg why = {0};
        if (record_text_decode(text, ret, &why) != ERR_OK)
                fail_msg("%s", why.text);
}

static void assert_mark(const char *mark, const char *value)
{
        char wanted[RECORD_MARK_BYTES];
        record_text_mark(value, wanted);
        assert_string_equal(mark, wanted);
}

static void all_but_the_plan_is_carried(void **state)
{
        (void)state;
        char text[RECORD_TEXT_BYTES], digest[RECORD_DIGEST_BYTES];
        struct record_text got;
        encode(&sample, 6, text);
        decode(text, &got);
        const struct record *record = got.record;
        assert_true(record->version == RECORD_VERSION && record->epoch == 7 && record->id == sample.id);
        assert_int_equal(record->phase, PHASE_SWITCHING);
        assert_string_equal(record->from, sample.from);
        assert_string_equal(record->to, sample.to);
        assert_string_equal(record->reason, sample.reason);
        assert_string_equal(record->holder, sample.holder);
        assert_true(record->automatic);
        assert_true(record->detected_at == sample.detected_at && record->started_at == sample.started_at);
        assert_true(record->completed_at == 0 && record->cooldown_until == sample.cooldown_until);
        assert_int_equal(record->recent_count, 2);
        assert_memory_equal(record->recent, sample.recent, sizeof(record->recent));
        assert_int_equal(record->enforced_count, 1);
        assert_true(record->enforced[0] == sample.enforced[0]);
        assert_int_equal(got.routed, 6);
        assert_string_equal(got.store, STORE);
        assert_string_equal(got.author, AUTHOR);
        record_text_digest(&sample.plan, digest);
        assert_string_equal(got.digest, digest);
        record_free(got.record);
}

/* What every release so far derives: another byte, and replicas of two releases freeze each other (PlanMismatch). */
static void the_digest_of_a_pair_is_as_ever(void **state)
{
        (void)state;
        char digest[RECORD_DIGEST_BYTES], text[RECORD_TEXT_BYTES];
        record_text_digest(&sample.plan, digest);
        assert_string_equal(digest, "d9990d81f6160e91");
        struct plan bare = sample.plan;
        bare.targets[0] = bare.targets[1];
        bare.target_count = 1;
        record_text_digest(&bare, digest);
        assert_string_equal(digest, "95c7f93ff3951aa9");
        encode(&sample, 6, text);
        assert_string_equal(text,
            "v=pk1 e=7 id=8f00000000000a01 p=eu-central-1 s=dns/planekeeper/gloo r=6 phase=Switching from=eu-west"
            "-1 reason=ThresholdReached holder=planekeeper-7d_1f author=8c6f5d4e-0000-4000-8000-000000000001 auto"
            "=1 detected=1795402721412 started=1795402751007 cooldown=1795406351000 recent=1795402751007,17953027"
            "51000 enforced=1795402700000 plan=d9990d81f6160e91 old=c49ac2b345c52da8,e3b0c44298fc1c14,0123456789a"
            "bcdef locks=d763c2609ba549e2,a03f1d611645eb53");
}

static struct record listed(void)
{
        struct record record = sample;
        struct plan *plan = &record.plan;
        record.version = RECORD_VERSION_LIST;
        plan->targets[2] = plan->targets[1];
        plan->targets[2].ref.name = "private.example.com";
        plan->targets[2].old[0] = "A 203.0.113.99";
        plan->targets[2].old_count = 1;
        plan->targets[3] = (struct plan_target){.ref = {TARGET_PIPELINE, "object", "hub", "gloo", 0}, .to = "b"};
        plan->target_count = 4;
        return record;
}

static void a_list_is_carried_by_kinds_and_marks(void **state)
{
        (void)state;
        char text[RECORD_TEXT_BYTES];
        const struct record record = listed();
        struct record_text got;
        encode(&record, 6, text);
        assert_non_null(strstr(text, " targets=lock,dns,dns,pipeline "));
        assert_null(strstr(text, " old="));
        decode(text, &got);
        assert_int_equal(got.record->version, RECORD_VERSION_LIST);
        const struct plan *plan = &got.record->plan;
        assert_int_equal(plan->target_count, 4);
        assert_int_equal(plan->targets[3].ref.kind, TARGET_PIPELINE);
        assert_int_equal(plan->targets[3].old_count, 0);
        assert_int_equal(plan->targets[0].old_count, 2);
        assert_mark(plan->targets[2].old[0], "A 203.0.113.99");
        record_free(got.record);
}

/* An older release ignores the fields that it does not know, derives the digest of a pair, and freezes. */
static void the_digest_of_a_list_is_no_pairs(void **state)
{
        (void)state;
        char pair[RECORD_DIGEST_BYTES], list[RECORD_DIGEST_BYTES], other[RECORD_DIGEST_BYTES];
        struct record record = listed();
        record_text_digest(&sample.plan, pair);
        record_text_digest(&record.plan, list);
        assert_string_not_equal(pair, list);
        record.plan.targets[1].ref.endpoint = "another way to the same name";
        record_text_digest(&record.plan, other);
        assert_string_equal(list, other);
        record.plan.targets[3].ref.endpoint = "another hub";
        record_text_digest(&record.plan, other);
        assert_string_not_equal(list, other);
}

static void malformed_lists_are_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {" targets=dns,lock",  " targets=moon,dns",
                                          " targets=dns targets=dns,active", " targets=lock,pipeline",
                                          " targets=dns,dns,dns,dns,dns,dns,dns,dns,dns", " targets=dns,"};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                char text[RECORD_TEXT_BYTES];
                struct record_text got;
                struct errmsg why;
                (void)snprintf(text, sizeof(text), "%s%s", WHOLE, bad[i]);
                if (record_text_decode(text, &got, &why) != ERR_INVALID)
                        fail_msg("%s", bad[i]);
        }
}

static void old_values_are_carried_as_marks(void **state)
{
        (void)state;
        char text[RECORD_TEXT_BYTES];
        struct record_text got;
        encode(&sample, 6, text);
        assert_null(strstr(text, "203.0.113.20"));
        assert_null(strstr(text, "redis"));
        decode(text, &got);
        const struct plan *plan = &got.record->plan;
        assert_int_equal(NAME(*plan).old_count, 3);
        assert_mark(NAME(*plan).old[0], "A 203.0.113.20");
        assert_mark(NAME(*plan).old[1], "");
        assert_string_equal(NAME(*plan).old[2], "sha256:0123456789abcdef"); /* not known in the clear: carried on */
        assert_int_equal(LOCK(*plan).old_count, 2);                           /* one of them was there twice */
        assert_mark(LOCK(*plan).old[0], "eu-west-1");
        assert_mark(LOCK(*plan).old[1], "two words");
        record_free(got.record);
}

/* Whoever knows only stamps reads the epoch and the owner. */
static void the_text_is_a_stamp_too(void **state)
{
        (void)state;
        char text[RECORD_TEXT_BYTES];
        struct stamp stamp = {0};
        encode(&sample, 6, text);
        dns_stamp_parse(text, &stamp);
        assert_int_equal(stamp.presence, STAMP_OURS);
        assert_int_equal(stamp.decided, 7);
        assert_int_equal(stamp.epoch, 6);
        assert_true(stamp.id == sample.id);
        assert_string_equal(stamp.plane, "eu-central-1");
        assert_string_equal(stamp.store, STORE);
        target_stamp_clear(&stamp);
}

static void the_longest_names_fit(void **state)
{
        (void)state;
        char name[254], holder[263], store[400], text[RECORD_TEXT_BYTES];
        memset(name, 'n', sizeof(name) - 1);
        memset(holder, 'h', sizeof(holder) - 1);
        memset(store, 's', sizeof(store) - 1);
        name[sizeof(name) - 1] = holder[sizeof(holder) - 1] = store[sizeof(store) - 1] = '\0';
        struct record record = sample;
        record.epoch = EPOCH_MAX;
        record.from = record.to = name;
        record.holder = holder;
        record.completed_at = 253402300799999;
        record.recent_count = RECENT_SWITCHES_MAX;
        record.enforced_count = ENFORCED_MAX;
        for (unsigned i = 0; i < ENFORCED_MAX; i++)
                record.enforced[i] = 253402300799999;
        for (unsigned i = 0; i < RECENT_SWITCHES_MAX; i++)
                record.recent[i] = 253402300799999;
        NAME(record.plan).old_count = LOCK(record.plan).old_count = PLAN_OLD_MAX;
        char values[PLAN_OLD_MAX][8];
        for (unsigned i = 0; i < PLAN_OLD_MAX; i++) {
                (void)snprintf(values[i], sizeof(values[i]), "%u", i);
                NAME(record.plan).old[i] = LOCK(record.plan).old[i] = values[i];
        }
        struct record_text got;
        assert_int_equal(record_text_encode(&record, record.epoch, store, AUTHOR, text, NULL), ERR_OK);
        decode(text, &got);
        assert_string_equal(got.record->holder, holder);
        assert_int_equal(LOCK(got.record->plan).old_count, PLAN_OLD_MAX);
        record_free(got.record);
        struct stamp stamp = {0};
        dns_stamp_parse(text, &stamp);
        assert_int_equal(stamp.presence, STAMP_OURS);
        target_stamp_clear(&stamp);
}

static void an_odd_identity_is_written_in_other_letters(void **state)
{
        (void)state;
        struct record record = sample;
        char text[RECORD_TEXT_BYTES];
        struct record_text got;
        record.holder = "on call \xc3\xa9";
        encode(&record, 0, text);
        decode(text, &got);
        assert_string_equal(got.record->holder, "on_call___");
        record_free(got.record);
}

static void further_fields_are_ignored(void **state)
{
        (void)state;
        struct record_text got;
        decode(WHOLE " later=1 v=pk9", &got);
        assert_int_equal(got.record->epoch, 7);
        record_free(got.record);
}

static void hostile_texts_are_refused(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "",
            "v=pk2 e=7",
            "e=7 v=pk1",
            WHOLE " ",
            WHOLE "  x=y",
            WHOLE " x",
            WHOLE " e=8",
            WHOLE " id=00000000000000ac",
            WHOLE " p=c",
            WHOLE " s=k8s/x",
            WHOLE " r=6",
            WHOLE " phase=Steady",
            WHOLE " plan=0123456789abcdef",
            WHOLE " auto=yes",
            WHOLE " started=-1",
            WHOLE " started=01",
            WHOLE " started=1e3",
            WHOLE " started=",
            WHOLE " started=253402300800000",
            WHOLE " started=1 started=2",
            WHOLE " recent=",
            WHOLE " recent=1,,2",
            WHOLE " recent=1,2,",
            WHOLE " recent=1,2,3,4,5,6,7,8,9",
            WHOLE " enforced=1,2,3,4",
            WHOLE " old=0123456789abcde",
            WHOLE " old=0123456789ABCDEF",
            WHOLE " old=0123456789abcdef,",
            WHOLE " locks=../../etc/passwd",
            HEAD " r=8 phase=Steady plan=0123456789abcdef",
            HEAD " r=6 phase=None plan=0123456789abcdef",
            HEAD " r=6 phase=Other plan=0123456789abcdef",
            HEAD " r=6 plan=0123456789abcdef",
            HEAD " r=6 phase=Steady",
            HEAD " r=6 phase=Steady plan=0123456789abcdefg",
            HEAD " r=06 phase=Steady plan=0123456789abcdef",
            "v=pk1 e=0 id=00000000000000ab p=b s=" STORE " r=0 phase=Steady plan=0123456789abcdef",
            "v=pk1 e=9007199254740992 id=00000000000000ab p=b s=" STORE " r=0 phase=Steady plan=0123456789abcdef",
            "v=pk1 e=7 id=ab p=b s=" STORE " r=0 phase=Steady plan=0123456789abcdef",
            "v=pk1 e=7 id=00000000000000ab p= s=" STORE " r=0 phase=Steady plan=0123456789abcdef",
            "v=pk1 e=7 id=00000000000000ab p=b s= r=0 phase=Steady plan=0123456789abcdef",
            WHOLE " old=0000000000000000,0000000000000001,0000000000000002,0000000000000003,0000000000000004,"
                  "0000000000000005,0000000000000006,0000000000000007,0000000000000008,0000000000000009",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct record_text got;
                struct errmsg why = {0};
                if (record_text_decode(texts[i], &got, &why) != ERR_INVALID || !why.text[0] || got.record)
                        fail_msg("taken for a record: \"%s\"", texts[i]);
        }
        char endless[2 * RECORD_TEXT_BYTES];
        memset(endless, 'x', sizeof(endless) - 1);
        memcpy(endless, WHOLE " x=", sizeof(WHOLE " x=") - 1);
        endless[sizeof(endless) - 1] = '\0';
        struct record_text got;
        assert_int_equal(record_text_decode(endless, &got, NULL), ERR_INVALID);
        assert_int_equal(record_text_decode(HEAD, &got, NULL), ERR_NOT_FOUND);
}

static void every_part_of_the_plan_counts_but_the_way_to_it(void **state)
{
        (void)state;
        char digest[RECORD_DIGEST_BYTES], other[RECORD_DIGEST_BYTES];
        struct plan plans[] = {sample.plan, sample.plan, sample.plan, sample.plan,
                               sample.plan, sample.plan, sample.plan};
        NAME(plans[0]).ref.name = "gloo-mgmt.example.com";
        NAME(plans[1]).ttl_s = 31;
        NAME(plans[2]).to = "A 198.51.100.8";
        LOCK(plans[3]).ref.endpoint = "redis:6380";
        LOCK(plans[4]).ref.name = "mgmt";
        LOCK(plans[5]).ref.db = 4;
        LOCK(plans[6]).to = "";
        record_text_digest(&sample.plan, digest);
        assert_string_equal(digest, "d9990d81f6160e91");
        for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
                record_text_digest(&plans[i], other);
                assert_string_not_equal(digest, other);
        }
        struct plan same = sample.plan;
        NAME(same).ref.endpoint = "ns.example.com";
        NAME(same).ref.driver = "route53";
        NAME(same).old_count = 0;
        record_text_digest(&same, other);
        assert_string_equal(digest, other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(all_but_the_plan_is_carried),
            cmocka_unit_test(old_values_are_carried_as_marks),
            cmocka_unit_test(the_digest_of_a_pair_is_as_ever),
            cmocka_unit_test(a_list_is_carried_by_kinds_and_marks),
            cmocka_unit_test(the_digest_of_a_list_is_no_pairs),
            cmocka_unit_test(malformed_lists_are_refused),
            cmocka_unit_test(the_text_is_a_stamp_too),
            cmocka_unit_test(the_longest_names_fit),
            cmocka_unit_test(an_odd_identity_is_written_in_other_letters),
            cmocka_unit_test(further_fields_are_ignored),
            cmocka_unit_test(hostile_texts_are_refused),
            cmocka_unit_test(every_part_of_the_plan_counts_but_the_way_to_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
