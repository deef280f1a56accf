/* core_truth_outage_test.c -- truth tables of the gates that ask whether the active plane is down, and not we. */
#include "core_truth.h"

static struct plane_view *plane(struct scene *scene, unsigned i)
{
        return &scene->world.view.planes[i];
}

/* ---- MaintenanceUntil ---- */

static void worked_on(struct scene *scene)
{
        plane(scene, 0)->maintenance_until = WORLD_WALL + 1;
}
static void work_is_over(struct scene *scene)
{
        plane(scene, 0)->maintenance_until = WORLD_WALL;
}
static void active_not_known(struct scene *scene)
{
        scene->question.active = NULL;
}

/* ---- ActiveDown ---- */

static void outage(struct scene *scene)
{
        world_fail(&scene->world, 0, LONG_AGO);
}
static void not_observed(struct scene *scene)
{
        world_stale(&scene->world, 0);
}
static void below_threshold(struct scene *scene)
{
        world_count(&scene->world, 0, 0, 2);
}
static void within_delay(struct scene *scene)
{
        plane(scene, 0)->checks[0].run_since = scene->world.view.now - WORLD_DELAY_MS + 1;
}
/* 45 s of failing: more than one delay, less than the others. */
static void outage_of_45_s(struct scene *scene)
{
        world_fail(&scene->world, 0, 45000);
        scene->world.view.policy.detection.failover_delay_ms = 50000;
}
static void delay_not_said(struct scene *scene)
{
        scene->world.view.policy.detection.failover_delay_ms = -1;
}
static void regions_differ(struct scene *scene)
{
        plane(scene, 2)->region = "eu-central-1";
}

/* ---- PathDownDeploymentUp ---- */

static void outage_with_replicas(struct scene *scene)
{
        world_fail(&scene->world, 0, CONTRADICTION_DELAY_MS);
        world_deployment(&scene->world, 0, 3, 3);
}
static void deployment_not_observed(struct scene *scene)
{
        plane(scene, 0)->checks[1].last_unknown = true;
        plane(scene, 0)->checks[1].unknowns = 3;
        plane(scene, 0)->checks[1].counted_at -= 60000;
}
static void no_replica_available(struct scene *scene)
{
        plane(scene, 0)->checks[1].fails = 3;
        plane(scene, 0)->checks[1].passes = 0;
}
static void path_answers(struct scene *scene)
{
        world_count(&scene->world, 0, 3, 0);
}
static void within_contradiction(struct scene *scene)
{
        plane(scene, 0)->checks[0].run_since = scene->world.view.now - CONTRADICTION_DELAY_MS + 1;
}

/* ---- LoopLate ---- */

static void late(struct scene *scene)
{
        scene->world.view.late_until = scene->world.view.now + 1;
}

/* ---- Isolated ---- */

/* a fails for 6 s; of the others only b, by one of its two paths, DNS and Redis have answered since. */
static void all_answer(struct scene *scene)
{
        world_fail(&scene->world, 0, 6000);
        world_stale(&scene->world, 2);
        plane(scene, 1)->check_count = 2;
        plane(scene, 1)->checks[1] = plane(scene, 0)->checks[0];
}
/* b, which I run in, is no witness; DNS and Redis have answered, and are said to be in c. */
static void mechanisms_answer(struct scene *scene)
{
        all_answer(scene);
        plane(scene, 1)->holds_operator = true;
        NAME(scene->world.view.policy).plane = LOCK(scene->world.view.policy).plane = plane(scene, 2)->name;
}
static void dns_is_beside_me(struct scene *scene)
{
        NAME(scene->world.view.policy).plane = plane(scene, 1)->name;
}
static void redis_is_beside_me(struct scene *scene)
{
        LOCK(scene->world.view.policy).plane = plane(scene, 1)->name;
}
static void holds_operator(struct scene *scene)
{
        plane(scene, 1)->holds_operator = true;
}
static void one_path_is_stale(struct scene *scene)
{
        plane(scene, 1)->checks[1].counted_at = scene->world.view.now - 600000;
}
static void passed_before(struct scene *scene)
{
        plane(scene, 1)->checks[0].counted_at = scene->world.view.now - 6001;
}
static void dns_fails(struct scene *scene)
{
        NAME(scene->world.view).health.reach = REACH_FAILED;
}
static void dns_read_before(struct scene *scene)
{
        NAME(scene->world.view).health.read_at = scene->world.view.now - 6001;
}
static void lock_not_used(struct scene *scene)
{
        world_spec_without_lock(&scene->world);
}
static void lock_fails(struct scene *scene)
{
        LOCK(scene->world.view).health.reach = REACH_FAILED;
}
static void lock_read_before(struct scene *scene)
{
        LOCK(scene->world.view).health.read_at = scene->world.view.now - 6001;
}
/* Only b answers, and nothing says since when it would have to. */
static void b_alone_answers(struct scene *scene)
{
        world_stale(&scene->world, 0);
        world_stale(&scene->world, 2);
        dns_fails(scene);
        lock_fails(scene);
}
static void b_is_the_active(struct scene *scene)
{
        scene->question.active = plane(scene, 1);
}
static void b_never_passed(struct scene *scene)
{
        world_count(&scene->world, 1, 0, 3);
}

/* a fails for 40 s; b, the only other plane, is up again for 1 s; DNS has answered all the time. */
static void b_is_back_lately(struct scene *scene)
{
        world_fail(&scene->world, 0, 40000);
        world_stale(&scene->world, 2);
        plane(scene, 1)->was_since = scene->world.view.now - 1000;
}
static void b_is_down(struct scene *scene)
{
        world_fail(&scene->world, 1, 40000);
}
static void b_was_never_away(struct scene *scene)
{
        plane(scene, 1)->was_since = 0;
}
static void a_fails_since_b_is_back(struct scene *scene)
{
        plane(scene, 0)->checks[0].run_since = scene->world.view.now - 1000;
}
static void delay_of_1_s(struct scene *scene)
{
        scene->world.view.policy.detection.failover_delay_ms = 1000;
}

/* ---- SameSymptomEverywhere ---- */

/* b fails as a does and would be the only standby; c is not there. */
static void b_fails_too(struct scene *scene)
{
        world_fail(&scene->world, 1, LONG_AGO);
        plane(scene, 2)->known = false;
}
static void b_is_not_known(struct scene *scene)
{
        plane(scene, 1)->known = false;
}
static void b_is_not_eligible(struct scene *scene)
{
        plane(scene, 1)->eligible = false;
}
static void b_is_worked_on(struct scene *scene)
{
        plane(scene, 1)->maintenance_until = WORLD_WALL + 1;
}
static void b_is_not_observed(struct scene *scene)
{
        world_stale(&scene->world, 1);
}
static void b_passes(struct scene *scene)
{
        world_count(&scene->world, 1, 3, 0);
}
static void c_is_well(struct scene *scene)
{
        plane(scene, 2)->known = true;
}

/* ---- RolloutInProgress ---- */

static void rollout_for_10_min(struct scene *scene)
{
        world_fail(&scene->world, 0, ROLLOUT_LIMIT_MS);
        world_deployment(&scene->world, 0, 1, 3);
        plane(scene, 0)->checks[1].replicas_updated = 1;
}
static void rollout_is_over(struct scene *scene)
{
        plane(scene, 0)->checks[1].replicas_updated = 3;
}
static void updated_not_said(struct scene *scene)
{
        plane(scene, 0)->checks[1].replicas_updated = -1;
}
static void within_rollout(struct scene *scene)
{
        plane(scene, 0)->checks[0].run_since = scene->world.view.now - ROLLOUT_LIMIT_MS + 1;
}
/* Asked for a failback from a to b, while Deployments of both roll. */
static void both_roll(struct scene *scene)
{
        scene->question.purpose = PURPOSE_FAILBACK;
        for (unsigned i = 0; i < 2; i++) {
                world_deployment(&scene->world, i, 3, 3);
                plane(scene, i)->checks[1].replicas_updated = 1;
        }
}
static void failover_is_asked_for(struct scene *scene)
{
        scene->question.purpose = PURPOSE_FAILOVER;
}
static void nobody_is_fit(struct scene *scene)
{
        scene->question.candidate = NULL;
}
static void b_does_not_roll(struct scene *scene)
{
        plane(scene, 1)->checks[1].replicas_updated = 3;
}

static void contradicted(struct scene *scene)
{
        world_fail(&scene->world, 0, LONG_AGO);
        scene->world.view.alive = (struct alive_view){
            .is_used = true, .seen_at = WORLD_NOW - 1000, .read_at = WORLD_NOW, .every_ms = 10000, .plane = "a"};
}
static void not_shared(struct scene *scene)
{
        scene->world.view.alive.is_used = false;
}
static void never_heard(struct scene *scene)
{
        scene->world.view.alive.seen_at = 0;
}
static void for_another_plane(struct scene *scene)
{
        scene->world.view.alive.plane = "b";
}
static void in_my_cluster(struct scene *scene)
{
        plane(scene, 0)->holds_operator = true;
}
static void silent_for_the_delay(struct scene *scene)
{
        if (scene->world.view.alive.seen_at)
                scene->world.view.alive.seen_at = WORLD_NOW - WORLD_DELAY_MS;
}
static void not_listened_for(struct scene *scene)
{
        scene->world.view.alive.read_at = WORLD_NOW - MECHANISM_FRESH_MS - 1;
}
static void in_a_switch(struct scene *scene)
{
        scene->question.purpose = PURPOSE_SUPERSEDE;
}

static const struct truth_table tables[] = {
    {GATE_MAINTENANCE,
     "of the active",
     worked_on,
     {{"active known", active_not_known}, {"not over", work_is_over}},
     {{"TT", false, "a is in maintenance until 2026-11-23T02:59:11Z"}, {"--", true, "not in maintenance"}}},
    {GATE_ACTIVE_DOWN,
     "failing",
     outage,
     {{"observed", not_observed}, {"threshold", below_threshold}, {"failoverDelay", within_delay}},
     {{"TTT", true, "3 probes in a row and more failed"},
      {"TT-", false, "switching at "},
      {"T--", false, "fewer than 3 probes"},
      {"---", false, "not observed"}}},
    {GATE_ACTIVE_DOWN,
     "which delay",
     outage_of_45_s,
     {{"said", delay_not_said}, {"same region", regions_differ}},
     {{"FT", true, "failed on every path"}, {"--", false, "switching at "}}},
    {GATE_CONTRADICTION,
     "replicas",
     outage_with_replicas,
     {{"observed", deployment_not_observed},
      {"available", no_replica_available},
      {"path down", path_answers},
      {"2 min", within_contradiction}},
     {{"F---", true, "cannot be observed"},
      {"-F--", true, "no replica is available"},
      {"--TT", true, "no path reached them for 2m"},
      {"----", false, "its Deployment says replicas are available"}}},
    {GATE_DISSENT,
     "somebody inside the active plane speaks for it",
     contradicted,
     {{"the store is shared", not_shared},
      {"somebody was heard", never_heard},
      {"I am outside", in_my_cluster},
      {"who is inside the active plane", for_another_plane},
      {"at rest", in_a_switch},
      {"lately", silent_for_the_delay},
      {"listened for", not_listened_for}},
     {{"TTF----", true, "the operator runs inside the active plane itself"},
      {"TTTFF--", true, "no operator inside the new plane was heard yet"},
      {"TTTFT--", false, "no operator inside a was heard since it became active"},
      {"TTTT--F", false, "its text could not be read since 2026-11-23T"},
      {"TTTT-TT", false, "the operator inside a says that its checks pass there; it must have been silent for 30s"},
      {"TTTT-FT", true, "the operator inside a is silent"},
      {"-------", true, "no operator inside a plane was ever heard"}}},
    {GATE_NOT_LATE, "loop", outage, {{"on time", late}}, {{"T", true, "on time"}, {"F", false, "suspended or late"}}},
    {GATE_NOT_ISOLATED,
     "who answers",
     all_answer,
     {{"b is outside", holds_operator},
      {"b is observed", one_path_is_stale},
      {"b passed since", passed_before},
      {"DNS answers", dns_fails},
      {"DNS read since", dns_read_before},
      {"lock used", lock_not_used},
      {"Redis answers", lock_fails},
      {"Redis read since", lock_read_before}},
     {{"TTT-----", true, "b answers"},
      {"---TT---", true, "the DNS server answers"},
      {"-----TTT", true, "Redis answers"},
      {"--------", false, "may be the one that is cut off"}}},
    {GATE_NOT_ISOLATED,
     "where they are",
     mechanisms_answer,
     {{"DNS is elsewhere", dns_is_beside_me}, {"Redis is elsewhere", redis_is_beside_me}},
     {{"T-", true, "the DNS server answers"},
      {"-T", true, "Redis answers"},
      {"--", false, "may be the one that is cut off"}}},
    {GATE_NOT_ISOLATED,
     "not since when",
     b_alone_answers,
     {{"b is not the active", b_is_the_active}, {"b has passed", b_never_passed}},
     {{"TT", true, "b answers"}, {"--", false, "may be the one that is cut off"}}},
    {GATE_NOT_ISOLATED,
     "all were gone",
     b_is_back_lately,
     {{"b is not the active", b_is_the_active},
      {"b is outside", holds_operator},
      {"b is up", b_is_down},
      {"b was away", b_was_never_away},
      {"in the outage", a_fails_since_b_is_back},
      {"within the delay", delay_of_1_s}},
     {{"TTTTTT", false, "no other plane answered until 2026-11-23T02:59:10Z"}, {"------", true, "answers"}}},
    {GATE_HELPS,
     "standbys",
     b_fails_too,
     {{"b is not the active", b_is_the_active},
      {"b is known", b_is_not_known},
      {"b is eligible", b_is_not_eligible},
      {"b is judged", b_is_worked_on},
      {"b is observed", b_is_not_observed},
      {"b fails", b_passes},
      {"no other", c_is_well}},
     {{"TTTTTTT", false, "every standby fails too"}, {"-------", true, "the active plane's alone"}}},
    {GATE_ROLLOUT,
     "of the active",
     rollout_for_10_min,
     {{"observed", deployment_not_observed},
      {"not updated", rollout_is_over},
      {"updated said", updated_not_said},
      {"path down", path_answers},
      {"10 min", within_rollout}},
     {{"TTTTF", false, "may take 10m"}, {"TTTF-", false, "may take 10m"}, {"-----", true, "no rollout"}}},
    {GATE_ROLLOUT,
     "whose",
     both_roll,
     {{"failback", failover_is_asked_for},
      {"candidate", nobody_is_fit},
      {"a rolls", rollout_is_over},
      {"b rolls", b_does_not_roll}},
     {{"TT-T", false, "is in progress"},
      {"TT-F", true, "no rollout"},
      {"--T-", false, "is in progress"},
      {"----", true, "no rollout"}}},
};

static void each_condition_has_a_say(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
                truth_check(&tables[i]);
}

static void every_gate_has_a_table(void **state)
{
        (void)state;
        bool has_table[GATE_COUNT] = {false};
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
                has_table[tables[i].gate] = true;
        for (unsigned gate = 0; gate < GATE_COUNT; gate++)
                if (!has_table[gate] && gate_is_of_outage((enum gate)gate))
                        fail_msg("%s has no truth table", gate_name((enum gate)gate));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_condition_has_a_say),
            cmocka_unit_test(every_gate_has_a_table),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
