/*
 * redis_lag_test.c -- how far replicas are behind, by samples that are kept as a text from one look to the next; and
 * what min-replicas-to-write means for a promotion.
 */
#include "targets/redis/lag.h"
#include "targets/redis/min_replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/target.h"
#include "util/text.h"

enum { A, B, C, MAX_S = 30, START = 1000000 };

struct rig {
        struct group group;
        char *kept;
        mono_ms now;
        struct target_state shows;
};

static char planned[] = "a:6379";

/* A is the primary and the one that the record wants; B and C follow it and have what it has. */
static int set_up(void **state)
{
        struct rig *rig = calloc(1, sizeof(*rig));
        static const char *const addresses[] = {"a:6379", "b:6379", "c:6379"};
        rig->now = START;
        rig->group = (struct group){.count = 3, .planned = planned, .max_lag_s = MAX_S};
        for (unsigned i = A; i <= C; i++) {
                struct member *member = &rig->group.members[i];
                *member = (struct member){.address = addresses[i], .offset = 100};
                member->is_primary = i == A;
                member->is_linked = i != A;
                (void)TEXT_COPY(member->stream, "5eed");
                (void)TEXT_COPY(member->follows, i == A ? "" : "a:6379");
        }
        *state = rig;
        return 0;
}

static int tear_down(void **state)
{
        struct rig *rig = *state;
        target_state_clear(&rig->shows);
        free(rig->kept);
        free(rig);
        return 0;
}

/* One look, @after_ms after the last. */
static void look(struct rig *rig, mono_ms after_ms)
{
        const struct member *primary = group_primary(&rig->group);
        struct lag lag;
        rig->now += after_ms;
        lag_parse(rig->kept, &lag);
        lag_observe(&lag, &rig->group, primary, rig->now);
        target_state_clear(&rig->shows);
        lag_judge(&lag, &rig->group, primary, rig->now, &rig->shows);
        free(rig->kept);
        rig->kept = lag_text(&lag);
}

static void write(struct rig *rig, bool reaches_b)
{
        rig->group.members[A].offset += 50;
        rig->group.members[C].offset += 50;
        if (reaches_b)
                rig->group.members[B].offset += 50;
}

static void lose(struct rig *rig)
{
        struct member *primary = &rig->group.members[A];
        primary->err = ERR_TRANSIENT;
        (void)err_set(&primary->why, ERR_TRANSIENT, "a:6379: no answer");
        for (unsigned i = B; i <= C; i++) {
                rig->group.members[i].is_linked = false;
                rig->group.members[i].unlinked_s = 1;
        }
}

static void expect(const struct rig *rig, const char *reason, const char *words)
{
        if (!reason) {
                if (rig->shows.unready_count)
                        fail_msg("unready: %s", rig->shows.unready[0].why);
                return;
        }
        assert_int_equal(rig->shows.unready_count, 1);
        assert_string_equal(rig->shows.unready[0].value, "b:6379");
        assert_string_equal(rig->shows.unready[0].reason, reason);
        assert_int_equal(rig->shows.unready[0].is_loss, strcmp(reason, "RedisReplicaBehind") == 0);
        if (!strstr(rig->shows.unready[0].why, words))
                fail_msg("no \"%s\" in: %s", words, rig->shows.unready[0].why);
}

static void one_that_keeps_up_is_ready_also_when_the_primary_is_lost(void **state)
{
        struct rig *rig = *state;
        for (unsigned i = 0; i < 10; i++) {
                look(rig, 10000);
                write(rig, true);
                expect(rig, NULL, "");
        }
        lose(rig);
        look(rig, 10000);
        expect(rig, NULL, "");
        look(rig, 600000); /* for how long that lasts says nothing */
        expect(rig, NULL, "");
}

/* What it lacks at each look it has at the next one: never more than a look behind. */
static void one_that_is_never_level_and_follows_is_a_look_behind(void **state)
{
        struct rig *rig = *state;
        look(rig, 10000);
        write(rig, false);
        for (unsigned i = 0; i < 20; i++) {
                look(rig, 10000);
                write(rig, true);
                expect(rig, NULL, "");
        }
        lose(rig);
        look(rig, 10000);
        expect(rig, NULL, "");
}

static void one_that_stands_still_is_behind_before_and_after_the_loss(void **state)
{
        struct rig *rig = *state;
        look(rig, 10000);
        for (unsigned i = 0; i < 3; i++) {
                write(rig, false);
                look(rig, 10000);
                expect(rig, NULL, "");
        }
        look(rig, 1000);
        expect(rig, "RedisReplicaBehind", "Redis b:6379 is 31 s behind the primary a:6379, and");
        lose(rig);
        look(rig, 10000);
        expect(rig, "RedisReplicaBehind", "Redis b:6379 was 31 s behind the primary a:6379 when that last answered");
        assert_int_equal(rig->shows.unready[0].lost_after, 0);
}

static void one_that_catches_up_is_ready_again(void **state)
{
        struct rig *rig = *state;
        look(rig, 10000);
        write(rig, false);
        look(rig, 31000);
        look(rig, 31000);
        expect(rig, "RedisReplicaBehind", "62 s");
        rig->group.members[B].offset = rig->group.members[A].offset;
        look(rig, 10000);
        expect(rig, NULL, "");
}

static void an_idle_primary_leaves_nobody_behind(void **state)
{
        struct rig *rig = *state;
        for (unsigned i = 0; i < 10; i++)
                look(rig, 60000);
        expect(rig, NULL, "");
}

/* It has another stream: a copy of something else, or of what was there before. */
static void one_with_another_stream_is_not_level(void **state)
{
        struct rig *rig = *state;
        look(rig, 10000);
        (void)TEXT_COPY(rig->group.members[B].stream, "0ther");
        look(rig, 31000);
        expect(rig, "RedisReplicaBehind", "31 s");
}

static void a_primary_that_begins_anew_is_another(void **state)
{
        struct rig *rig = *state;
        look(rig, 10000);
        write(rig, false);
        look(rig, 31000);
        expect(rig, "RedisReplicaBehind", "31 s");
        for (unsigned i = A; i <= C; i++) {
                (void)TEXT_COPY(rig->group.members[i].stream, "fre5h");
                rig->group.members[i].offset = 1;
        }
        look(rig, 10000);
        expect(rig, NULL, "");
}

/* Nobody has looked for an hour: the sample says nothing, and the replica's own word counts. */
static void a_stale_sample_does_not_count(void **state)
{
        struct rig *rig = *state;
        look(rig, 10000);
        lose(rig);
        rig->group.members[C].unlinked_s = 5;
        rig->group.members[B].unlinked_s = 1800;
        look(rig, LAG_SAMPLE_MS);
        expect(rig, NULL, "");
        free(rig->kept);
        rig->kept = NULL;
        rig->group.members[A].err = ERR_OK;
        look(rig, 10000);
        rig->group.members[A].err = ERR_TRANSIENT;
        look(rig, LAG_SAMPLE_MS + 1);
        expect(rig, "RedisReplicaBehind", "has had no link to its primary a:6379 for 1800 s");
        assert_int_equal(rig->shows.unready[0].lost_after, 1); /* older than this clock */
}

static void without_a_sample_the_replica_says_since_when_it_gets_nothing(void **state)
{
        struct rig *rig = *state;
        lose(rig);
        rig->group.members[B].unlinked_s = MAX_S;
        look(rig, 0);
        expect(rig, NULL, "");
        rig->group.members[B].unlinked_s = MAX_S + 5;
        look(rig, 0);
        expect(rig, "RedisReplicaBehind", "how much a promotion would lose (maxLagSeconds 30)");
        assert_int_equal(rig->shows.unready[0].lost_after, START - 5000);
}

static void one_that_does_not_answer_or_has_no_copy_cannot_take_over(void **state)
{
        struct rig *rig = *state;
        rig->group.members[B].is_empty = true;
        rig->group.members[B].is_linked = false;
        look(rig, 10000);
        expect(rig, "RedisReplicaNotSynced", "has no copy of the data, because its synchronisation with a:6379 is not");
        rig->group.members[B].err = ERR_TRANSIENT;
        (void)err_set(&rig->group.members[B].why, ERR_TRANSIENT, "b:6379: refused");
        look(rig, 10000);
        expect(rig, "RedisUnreachableOnStandby", "its Redis does not answer: b:6379: refused");
}

/* A record wants it, or it says that it is the primary: what becomes of it is told otherwise. */
static void what_is_wanted_or_came_back_is_not_judged(void **state)
{
        struct rig *rig = *state;
        rig->group.members[B].err = ERR_TRANSIENT;
        rig->group.planned = (char *)rig->group.members[B].address;
        look(rig, 10000);
        expect(rig, NULL, "");
        rig->group.planned = planned;
        rig->group.members[B].err = ERR_OK;
        rig->group.members[B].is_primary = true;
        look(rig, 10000);
        expect(rig, NULL, "");
}

static void what_is_kept_reads_back_and_anything_else_is_nothing(void **state)
{
        struct rig *rig = *state;
        static const char *const wrong[] = {"", "zone example.com", "lag a:6379", "lag a:6379 5eed 1 x\nb:6379 1 1 1\n"};
        struct lag lag;
        look(rig, 10000);
        lag_parse(rig->kept, &lag);
        assert_string_equal(lag.primary, "a:6379");
        assert_string_equal(lag.stream, "5eed");
        assert_int_equal(lag.seen_at, rig->now);
        assert_int_equal(lag.count, 2);
        assert_string_equal(lag.replicas[1].address, "c:6379");
        assert_int_equal(lag.replicas[1].mark_offset, 100);
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                lag_parse(wrong[i], &lag);
                assert_string_equal(lag.primary, "");
                assert_int_equal(lag.count, 0);
        }
}

static void expect_doubt(const struct rig *rig, const char *words)
{
        char *doubt = min_replicas_doubt(&rig->group, group_primary(&rig->group), 10);
        if (!words)
                assert_null(doubt);
        else if (!doubt || !strstr(doubt, words))
                fail_msg("no \"%s\" in: %s", words, doubt ? doubt : "nothing");
        free(doubt);
}

static void a_primary_that_does_not_stop_alone_is_told_where_it_could(void **state)
{
        struct rig *rig = *state;
        struct member *primary = &rig->group.members[A];
        primary->replicas = 1;
        expect_doubt(rig, NULL);
        primary->replicas = 2;
        expect_doubt(rig, "Redis a:6379, the primary, has 2 replicas and no min-replicas-to-write: once it is cut off");
        expect_doubt(rig, "up to 10 s more until it is demoted");
        primary->stops_alone = true;
        expect_doubt(rig, NULL);
        lose(rig);
        expect_doubt(rig, NULL);
}

static void one_that_would_refuse_writes_alone_is_told(void **state)
{
        struct rig *rig = *state;
        rig->group.members[B].stops_alone = true;
        expect_doubt(rig, NULL); /* C is left */
        rig->group.count = 2;
        expect_doubt(rig, "Redis b:6379 has min-replicas-to-write and would have no replica without a:6379");
        rig->group.members[B].replicas = 1;
        expect_doubt(rig, NULL);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIGGED(one_that_keeps_up_is_ready_also_when_the_primary_is_lost),
            RIGGED(one_that_is_never_level_and_follows_is_a_look_behind),
            RIGGED(one_that_stands_still_is_behind_before_and_after_the_loss),
            RIGGED(one_that_catches_up_is_ready_again),
            RIGGED(an_idle_primary_leaves_nobody_behind),
            RIGGED(one_with_another_stream_is_not_level),
            RIGGED(a_primary_that_begins_anew_is_another),
            RIGGED(a_stale_sample_does_not_count),
            RIGGED(without_a_sample_the_replica_says_since_when_it_gets_nothing),
            RIGGED(one_that_does_not_answer_or_has_no_copy_cannot_take_over),
            RIGGED(what_is_wanted_or_came_back_is_not_judged),
            RIGGED(what_is_kept_reads_back_and_anything_else_is_nothing),
            RIGGED(a_primary_that_does_not_stop_alone_is_told_where_it_could),
            RIGGED(one_that_would_refuse_writes_alone_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
