/*
 * lock_job_test.c -- a lock that a Job sets: Jobs on a scripted API server, and in place of Redis a register that a driver of the
 * test visits on a worker. No server of a bench can be stopped between two steps of one visit; here each can.
 */
#include "jobs_rig.h"

#include <stdlib.h>
#include <string.h>

#include "targets/fence.h"
#include "targets/kube/drivers.h"
#include "util/mem.h"
#include "util/text.h"

enum { STAMP_BYTES = 256 };

#define KEY "mgmt-active"

/* What Redis has. Touched by one worker at a time, and by the test while none is at work. */
static struct {
        char value[64], stamp[STAMP_BYTES];
        enum err read_err, swap_err;
        unsigned reads, swaps, asks, opened, closed;
        unsigned rewrites; /* of a stamp that was there */
        bool is_unreplicated;
} redis;

static void show(struct target_visit *visit)
{
        visit->found = (struct target_state){.present = redis.value[0], .value = mem_strdup(redis.value)};
        if (redis.stamp[0])
                dns_stamp_parse(redis.stamp, &visit->found.stamp);
        else
                visit->found.stamp =
                    (struct stamp){.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")};
        visit->found.settling = redis.is_unreplicated;
}

/* As the script of the real one, in the mode in which a command writes the value. */
static enum err swap_stamp(const struct target_visit *visit)
{
        char stamp[TARGET_STAMP_BYTES];
        const struct target_state *expected = visit->expected;
        target_stamp_text(expected, visit->want, stamp);
        if (redis.swap_err != ERR_OK)
                return redis.swap_err;
        if (text_equal(redis.stamp, stamp)) {
                redis.rewrites++;
                return ERR_OK;
        }
        struct stamp stored = {0};
        if (redis.stamp[0])
                dns_stamp_parse(redis.stamp, &stored);
        const char *raw = expected->stamp.presence == STAMP_ABSENT ? "" : expected->stamp.raw;
        const bool is_as_expected = text_equal(redis.value, expected->present ? expected->value : "") &&
                                    text_equal(redis.stamp, raw) && stored.epoch < visit->want->epoch;
        target_stamp_clear(&stored);
        if (!is_as_expected)
                return ERR_CONFLICT;
        (void)TEXT_COPY(redis.stamp, stamp);
        return redis.is_unreplicated ? ERR_PENDING : ERR_OK;
}

static void fake_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        (void)session;
        assert_int_equal(count, 1);
        assert_string_equal(visits->name, KEY);
        if (visits->verb == TARGET_READ) {
                redis.reads++;
                visits->err = redis.read_err;
        } else {
                redis.swaps++;
                visits->err = swap_stamp(visits);
        }
        if (visits->err == ERR_OK || visits->err == ERR_PENDING)
                show(visits);
        else
                (void)err_set(&visits->why, visits->err, "Redis says no");
}

static enum err fake_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)reterr;
        assert_string_equal(target_setting_find(config, "byCommand"), "true");
        *ret = mem_new(*ret);
        **ret = (struct target_session){.driver = target_driver_find(TARGET_LOCK_DRIVER)};
        redis.opened++;
        return ERR_OK;
}

static void fake_close(struct target_session *session)
{
        redis.closed++;
        free(session);
}

static enum err fake_preflight(struct target_session *session, struct target_preflight *preflight, struct errmsg *reterr)
{
        (void)session;
        assert_string_equal(preflight->name, KEY);
        redis.asks++;
        return redis.read_err == ERR_OK ? ERR_OK : err_set(reterr, redis.read_err, "grant +set");
}

/* In place of the registry. */
const struct target_driver *target_driver_find(const char *name)
{
        static const struct target_driver fake = {.name = TARGET_LOCK_DRIVER,
                                                  .kind = TARGET_LOCK,
                                                  .limits = {.visit_ms = 1000, .at_once = 1, .batch_max = 1, .fenced = true},
                                                  .open = fake_open,
                                                  .visit = fake_visit,
                                                  .preflight = fake_preflight,
                                                  .close = fake_close};
        return text_equal(name, TARGET_LOCK_DRIVER) ? &fake : NULL;
}

static void open_lock(struct jobs_rig *rig)
{
        static const struct target_setting settings[] = {
            {"address", "redis:6379"}, {"byCommand", "true"}, {"isReadBack", "true"}, {NULL, NULL}};
        memset(&redis, 0, sizeof(redis));
        jobs_rig_open(rig, &lock_job_driver, settings);
        rig->target = KEY;
        (void)TEXT_COPY(redis.value, "west");
        assert_int_equal(jobs_rig_look(rig), ERR_OK);
}

static void close_lock(struct jobs_rig *rig)
{
        jobs_rig_close(rig);
        assert_int_equal(redis.opened, redis.closed);
}

/* What the command does, and then its Job. */
static void complete(struct jobs_rig *rig, const char *job, const char *value)
{
        (void)TEXT_COPY(redis.value, value);
        jobs_rig_set(rig, job, "Complete", "Done", 0);
}

static void assert_shows(struct jobs_rig *rig, const char *value, epoch_t epoch, bool is_half, bool is_settling)
{
        const struct target_state *found = &rig->visit.found;
        assert_string_equal(found->value, value);
        assert_int_equal(found->stamp.epoch, epoch);
        assert_int_equal(found->is_half, is_half);
        assert_int_equal(found->settling, is_settling);
}

static void assert_obstacle(struct jobs_rig *rig, const char *says)
{
        assert_non_null(rig->visit.found.obstacle);
        assert_non_null(strstr(rig->visit.found.obstacle, says));
}

static const char *variable(json_t *job, const char *name)
{
        json_t *containers = json_object_get(json_object_get(jobs_rig_at(job, "spec", "template"), "spec"), "containers"), *entry;
        size_t i;
        json_array_foreach(json_object_get(json_array_get(containers, 0), "env"), i, entry)
                if (text_equal(json_string_value(json_object_get(entry, "name")), name))
                        return json_string_value(json_object_get(entry, "value"));
        return NULL;
}

static void test_a_lock_that_nobody_stamped_is_half(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_shows(&rig, "west", 0, true, false);
        close_lock(&rig);
}

static void test_the_epoch_is_there_before_the_job(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        redis.swap_err = ERR_CONFLICT; /* a newer one is stored */
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_CONFLICT);
        assert_int_equal(rig.creates, 0);
        redis.swap_err = ERR_UNKNOWN;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_UNKNOWN);
        assert_int_equal(rig.creates, 0);
        redis.swap_err = ERR_OK;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        assert_shows(&rig, "west", 3, true, true);
        assert_obstacle(&rig, "Job switch-3, which sets it, has not ended yet");
        close_lock(&rig);
}

static void test_a_job_waits_until_a_replica_has_the_epoch(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        redis.is_unreplicated = true;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        assert_int_equal(rig.creates, 0);
        assert_shows(&rig, "west", 3, true, false);
        redis.is_unreplicated = false;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        assert_int_equal(rig.creates, 1);
        close_lock(&rig);
}

static void test_a_complete_job_and_the_key_are_both_needed(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        (void)TEXT_COPY(redis.value, "east"); /* the command has set it, and its Job is still at work */
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_shows(&rig, "east", 3, true, true);
        complete(&rig, "switch-3", "west"); /* and now not */
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_shows(&rig, "west", 3, true, false);
        assert_obstacle(&rig, "Job switch-3 is complete, and the key holds \"west\" where \"east\" was to be set");
        complete(&rig, "switch-3", "east");
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_shows(&rig, "east", 3, false, false);
        assert_null(rig.visit.found.obstacle);
        close_lock(&rig);
}

/* The write of the command is older than that of the epoch, which WAIT speaks of. */
static void test_the_epoch_is_written_once_more_after_the_job(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        complete(&rig, "switch-3", "east");
        redis.rewrites = 0;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_OK);
        assert_int_equal(redis.rewrites, 2);
        assert_shows(&rig, "east", 3, false, false);
        assert_int_equal(json_array_size(rig.jobs), 1);
        close_lock(&rig);
}

static void test_a_command_that_did_nothing_is_run_again(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        complete(&rig, "switch-3", "west");
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_CONFLICT); /* it was still at work when last looked at */
        assert_non_null(strstr(rig.visit.why.text, "Job switch-3 is complete, and the key holds"));
        assert_int_equal(json_array_size(rig.jobs), 1);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        assert_non_null(jobs_rig_job(&rig, "switch-3-2"));
        assert_false(jobs_rig_is_suspended(&rig, "switch-3-2"));
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING); /* and once at a time */
        assert_int_equal(json_array_size(rig.jobs), 2);
        complete(&rig, "switch-3-2", "east");
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_shows(&rig, "east", 3, false, false);
        close_lock(&rig);
}

static void test_the_last_of_the_failed_jobs_is_told(void **state)
{
        static const char *const names[] = {"switch-3", "switch-3-2", "switch-3-3", "switch-3-4", "switch-3-5"};
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
                jobs_rig_set(&rig, names[i], "Failed", "BackoffLimitExceeded", 0);
                (void)TEXT_COPY(redis.value, "east"); /* a failed Job counts as little where the value is right */
                assert_int_equal(jobs_rig_look(&rig), ERR_OK);
                assert_shows(&rig, "east", 3, true, false);
        }
        assert_obstacle(&rig, "Job switch-3-5 failed (BackoffLimitExceeded: so it is) and is not run again");
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "delete the Job to have it run again"));
        assert_int_equal(json_array_size(rig.jobs), 5);
        close_lock(&rig);
}

static void test_an_older_command_is_waited_for(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "west", 3), ERR_PENDING);
        jobs_rig_set(&rig, "switch-3", "Suspended", "", 1);
        assert_int_equal(jobs_rig_swap(&rig, "east", 4), ERR_PENDING);
        assert_true(jobs_rig_is_suspended(&rig, "switch-4"));
        assert_obstacle(&rig, "switch-4 begins when switch-3 of an older epoch has ended");
        jobs_rig_set(&rig, "switch-3", "Failed", "DeadlineExceeded", 0);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_false(jobs_rig_is_suspended(&rig, "switch-4"));
        close_lock(&rig);
}

/* A backup, or a replica that lacked the last writes, was promoted. */
static void test_what_redis_has_lost_is_set_again(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        complete(&rig, "switch-3", "east");
        (void)TEXT_COPY(redis.value, "west");
        redis.stamp[0] = '\0';
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_shows(&rig, "west", 0, true, false);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        assert_non_null(jobs_rig_job(&rig, "switch-3-2"));
        assert_int_equal(rig.visit.found.stamp.epoch, 3);
        close_lock(&rig);
}

static void test_a_job_that_was_deleted_is_missed(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        complete(&rig, "switch-3", "east");
        json_array_clear(rig.jobs);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_shows(&rig, "east", 3, true, false);
        assert_obstacle(&rig, "no Job of epoch 3 has set it");
        close_lock(&rig);
}

static void test_the_job_is_told_what_to_set_and_where(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        json_t *job = jobs_rig_job(&rig, "switch-3");
        assert_string_equal(variable(job, "PLANEKEEPER_LOCK_VALUE"), "east");
        assert_string_equal(variable(job, "PLANEKEEPER_REDIS_ADDRESS"), "redis:6379");
        assert_string_equal(variable(job, "PLANEKEEPER_EPOCH"), "3");
        assert_string_equal(json_string_value(json_object_get(jobs_rig_at(job, "metadata", "annotations"), "planekeeper.io/stamp")),
                            redis.stamp);
        close_lock(&rig);
}

static void rename_owner(struct jobs_rig *rig)
{
        json_object_set_new(jobs_rig_at(jobs_rig_job(rig, "switch-3"), "metadata", "annotations"), "planekeeper.io/stamp",
                            json_string("v=pk1 e=3 id=0000000000000001 p=west s=k8s/uid-1/ns/other"));
}

static void test_the_jobs_of_another_policy_are_left_alone(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_swap(&rig, "west", 3), ERR_PENDING);
        rename_owner(&rig);
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        assert_string_equal(rig.visit.found.stamp.store, "k8s/uid-1/ns/other");
        target_state_clear(&rig.visit.found);
        rig.visit.found = (struct target_state){.present = true, .value = mem_strdup("west"), .is_half = true};
        dns_stamp_parse(redis.stamp, &rig.visit.found.stamp);
        assert_int_equal(jobs_rig_swap(&rig, "east", 4), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "Job switch-3 is of another owner"));
        assert_true(jobs_rig_is_suspended(&rig, "switch-4"));
        close_lock(&rig);
}

static void test_either_silence_is_told(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        redis.read_err = ERR_TRANSIENT;
        assert_int_equal(jobs_rig_look(&rig), ERR_TRANSIENT);
        assert_string_equal(rig.visit.why.text, "Redis says no");
        redis.read_err = ERR_OK;
        rig.list_status = 403;
        assert_int_equal(jobs_rig_look(&rig), ERR_DENIED);
        assert_int_equal(redis.reads, 2);
        rig.list_status = 0;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_PENDING);
        complete(&rig, "switch-3", "east");
        assert_int_equal(jobs_rig_look(&rig), ERR_OK);
        redis.swap_err = ERR_UNKNOWN;
        assert_int_equal(jobs_rig_swap(&rig, "east", 3), ERR_UNKNOWN);
        close_lock(&rig);
}

static void test_both_are_asked_about_rights(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_OK);
        assert_int_equal(rig.rehearsals, 1);
        assert_int_equal(redis.asks, 1);
        redis.read_err = ERR_DENIED;
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_DENIED);
        assert_string_equal(rig.visit.why.text, "grant +set");
        rig.denied = "create";
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_DENIED);
        assert_int_equal(redis.asks, 2);
        rig.denied = NULL;
        rig.create_status = 422;
        assert_int_equal(jobs_rig_run(&rig, TARGET_ASK, NULL), ERR_INVALID);
        assert_non_null(strstr(rig.visit.why.text, "mend job.template in spec.redis.lock"));
        close_lock(&rig);
}

static void must_not_be_called(void *ctx, struct target_visit *visit)
{
        (void)ctx;
        (void)visit;
        abort();
}

/* A worker has the session of Redis then, and closes it. */
static void test_closing_ends_a_visit_silently(void **state)
{
        struct jobs_rig rig;
        (void)state;
        open_lock(&rig);
        const struct target_want want = {.value = "east", .epoch = 3, .id = 1, .plane = "east", .store = JOBS_RIG_STORE};
        struct target_visit visit = {
            .verb = TARGET_SWAP, .name = KEY, .expected = &rig.visit.found, .want = &want, .deadline = INT64_MAX};
        assert_true(target_start(rig.session, &visit, must_not_be_called, NULL));
        target_close(rig.session);
        rig.session = NULL;
        while (!redis.closed)
                fake_turn(rig.hub.loop);
        close_lock(&rig);
}

static void test_a_person_runs_it_with_kubectl(void **state)
{
        static const struct target_view lock = {.ref = {TARGET_LOCK, TARGET_LOCK_JOB_DRIVER, "redis:6379", KEY, 0}};
        static const struct target_setting settings[] = {{"namespace", "ci"}, {"name", "switch"}, {"policy", "planekeeper/gloo"},
                                                         {"isReadBack", "true"}, {"address", "redis:6379"}};
        const struct target_config config = {.settings = settings, .setting_count = 5};
        const struct by_hand_write write = {.target = &lock, .value = "east", .plane = "east"};
        struct arena arena = {0};
        (void)state;
        const struct by_hand hand = lock_job_driver.by_hand(&config, &write, &arena);
        assert_non_null(strstr(hand.move, "{.spec.redis.lock.job.template.spec}"));
        assert_non_null(strstr(hand.move, "PLANEKEEPER_LOCK_VALUE='east' PLANEKEEPER_REDIS_ADDRESS='redis:6379'"));
        assert_non_null(strstr(hand.look, "wants Complete, and mgmt-active in Redis to be 'east'"));
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_lock_that_nobody_stamped_is_half),
            cmocka_unit_test(test_the_epoch_is_there_before_the_job),
            cmocka_unit_test(test_a_job_waits_until_a_replica_has_the_epoch),
            cmocka_unit_test(test_a_complete_job_and_the_key_are_both_needed),
            cmocka_unit_test(test_the_epoch_is_written_once_more_after_the_job),
            cmocka_unit_test(test_a_command_that_did_nothing_is_run_again),
            cmocka_unit_test(test_the_last_of_the_failed_jobs_is_told),
            cmocka_unit_test(test_an_older_command_is_waited_for),
            cmocka_unit_test(test_what_redis_has_lost_is_set_again),
            cmocka_unit_test(test_a_job_that_was_deleted_is_missed),
            cmocka_unit_test(test_the_job_is_told_what_to_set_and_where),
            cmocka_unit_test(test_the_jobs_of_another_policy_are_left_alone),
            cmocka_unit_test(test_either_silence_is_told),
            cmocka_unit_test(test_both_are_asked_about_rights),
            cmocka_unit_test(test_closing_ends_a_visit_silently),
            cmocka_unit_test(test_a_person_runs_it_with_kubectl),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
