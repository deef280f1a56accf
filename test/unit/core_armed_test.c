/* core_armed_test.c -- whether a dead active plane would be left without a person, and in which words why not. */
#include "core_rows.h"

enum { LONG_AGO = 200000, HOUR_MS = 3600000 };

static void ordinary(struct world *world)
{
        (void)world;
}

/* ---- what people have put on ---- */

static void kill_switch(struct world *world)
{
        world->view.kill_switch = true;
}
static void kill_switch_elsewhere(struct world *world)
{
        kill_switch(world);
        world->view.operator_namespace = "ops";
}
static void suspended(struct world *world)
{
        world->view.policy.suspended = true;
}
static void advise(struct world *world)
{
        world->view.policy.mode = MODE_ADVISE;
}
static void inside_a_plane(struct world *world)
{
        world->view.planes[1].holds_operator = true;
}
static void advise_inside_a_plane(struct world *world)
{
        advise(world);
        inside_a_plane(world);
}
static void suspended_without_a_standby(struct world *world)
{
        suspended(world);
        world->view.plane_count = 1;
}
static void advise_without_a_record(struct world *world)
{
        world_without_record(world);
        advise(world);
}

/* ---- what is in the way of every decision ---- */

static void nothing_read(struct world *world)
{
        world_without_record(world);
        world->view.record_read = false;
}
static void not_recorded(struct world *world)
{
        world_without_record(world);
}
static void secret_missing(struct world *world)
{
        world->view.policy.credentials_error = "Secret tsig is missing";
}
static void dns_denies(struct world *world)
{
        world_dns_fails(world, ERR_DENIED, "NOTAUTH", true);
}
static void redis_is_silent(struct world *world)
{
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
}
static void redis_is_silent_and_the_active_plane_fails(struct world *world)
{
        redis_is_silent(world);
        world_fail(world, 0, 10000);
}
static void redis_was_never_read(struct world *world)
{
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", false);
}
static void foreign(struct world *world)
{
        NAME(world->view).shows.stamp.store = WORLD_OTHER;
}
static void active_unobserved(struct world *world)
{
        world_blind(world, 0);
}
static void active_at_first_sight(struct world *world)
{
        world_fail(world, 0, 0);
        world->view.planes[0].was = VERDICT_UNKNOWN;
}
static void active_unobserved_and_lock_behind(struct world *world)
{
        world_stale(world, 0);
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
}
static void record_refused(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
        world->view.record_refusal = "HTTP 403";
}
/* Of a decision that nobody wants any more: whether the next one would be refused is not known. */
static void record_was_refused(struct world *world)
{
        world->view.record_refusal = "HTTP 403";
}
static void active_is_not_named_and_the_targets_moved(struct world *world)
{
        world->record.to = "z";
        NAME(world->view.policy).ref.name = "other.example.com";
        world_dns(world, WORLD_RRSET_A, 0, "");
        world_lock(world, "cluster-a", 0, "");
}
static void switching(struct world *world)
{
        world_switching(world);
}

/* ---- gates ---- */

static void alone(struct world *world)
{
        world->view.plane_count = 1;
}
static void standby_down(struct world *world)
{
        world->view.plane_count = 2;
        world_fail(world, 1, LONG_AGO);
}
static void cooling_down(struct world *world)
{
        world->record.cooldown_until = WORLD_WALL + HOUR_MS;
}
static void cooling_down_acknowledged(struct world *world)
{
        cooling_down(world);
        world->view.policy.ack = "5";
}
static void limit_reached(struct world *world)
{
        world->record.recent_count = 2;
        world->record.recent[0] = WORLD_WALL - HOUR_MS;
        world->record.recent[1] = WORLD_WALL - 2 * HOUR_MS;
}
static void blast_limit(struct world *world)
{
        world->view.blast_limit_reached = true;
}
static void drift(struct world *world)
{
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}
static void drift_and_the_active_plane_fails(struct world *world)
{
        drift(world);
        world_fail(world, 0, LONG_AGO);
}
static void in_maintenance(struct world *world)
{
        world->view.planes[0].maintenance_until = WORLD_WALL + HOUR_MS;
}
static void late(struct world *world)
{
        world->view.late_until = world->view.now + 700;
}
static void store_is_silent(struct world *world)
{
        world->view.arbiter_answered_at = world->view.now - LONG_AGO;
}
static void rollout(struct world *world)
{
        world_deployment(world, 0, 3, 3);
        world->view.planes[0].checks[1].replicas_updated = 1;
}

/* ---- the active plane fails already ---- */

static void failing(struct world *world)
{
        world_fail(world, 0, 20000);
}
static void down(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
}
static void down_but_its_deployment_is_up(struct world *world)
{
        world_fail(world, 0, 60000);
        world_deployment(world, 0, 3, 3);
}
static void every_plane_down(struct world *world)
{
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                world_fail(world, i, LONG_AGO);
}
static void down_and_a_person_asked(struct world *world)
{
        down(world);
        world->view.policy.switch_to = "c/6";
}

/* ---- isolation, as an outage that would begin now ---- */

static void nobody_else(struct world *world)
{
        world->view.plane_count = 2;
        world->view.planes[1].region = "";
        world->view.planes[1].holds_operator = true;
        NAME(world->view.policy).plane = "b";
        LOCK(world->view.policy).plane = "b";
        world->view.alive = (struct alive_view){
            .is_used = true, .seen_at = world->view.now, .read_at = world->view.now, .every_ms = 10000, .plane = "a"};
}
static void witness_came_up_just_now(struct world *world)
{
        for (unsigned i = 1; i < WORLD_PLANES; i++) {
                world->view.planes[i].was_since = world->view.now - 20000;
                world_count(world, i, 5, 0);
        }
}
static void witness_came_up_within_the_outage(struct world *world)
{
        witness_came_up_just_now(world);
        world_fail(world, 0, 60000);
}

/* ---- operators that speak for their planes ---- */

static void heard(struct world *world, const char *plane)
{
        world->view.alive = (struct alive_view){
            .is_used = true, .seen_at = world->view.now, .read_at = world->view.now, .every_ms = 10000, .plane = plane};
}
static void spoken_for(struct world *world)
{
        heard(world, "a");
}
static void another_is_spoken_for(struct world *world)
{
        heard(world, "b");
}
static void text_unread(struct world *world)
{
        heard(world, "a");
        world->view.alive.read_at = world->view.now - LONG_AGO;
}
static void down_but_spoken_for(struct world *world)
{
        heard(world, "a");
        down(world);
}

static const struct condition_row rows[] = {
    {"ordinary", ordinary, "Armed", "True Armed", "if a fails for 30s, agents are moved to b without a person"},

    {"kill switch", kill_switch, "Armed", "False KillSwitch",
     "to arm: kubectl patch configmap planekeeper -n planekeeper --type merge -p "
     "'{\"data\":{\"killSwitch\":\"false\"}}'"},
    {"kill switch elsewhere", kill_switch_elsewhere, "Armed", "False KillSwitch", "configmap planekeeper -n ops"},
    {"suspended", suspended, "Armed", "False Suspended",
     "to arm: kubectl patch fop gloo -n default --type merge -p '{\"spec\":{\"suspend\":false}}'"},
    {"Advise", advise, "Armed", "False Advise",
     "to arm: kubectl patch fop gloo -n default --type merge -p '{\"spec\":{\"mode\":\"Automatic\"}}'"},
    {"Automatic is unsafe", inside_a_plane, "Armed", "False AutomaticUnsafe", "plane b"},
    {"Advise, and unsafe too", advise_inside_a_plane, "Armed", "False Advise", "Automatic would not take effect"},
    {"suspended, alone", suspended_without_a_standby, "Armed", "False Suspended",
     "; also: NoStandby: no plane could take over: the policy names no other plane"},
    {"Advise, no record", advise_without_a_record, "Armed", "False Advise", "a person switches"},

    {"nothing read", nothing_read, "Armed", "False Observing", "waiting for the decision store"},
    {"not recorded", not_recorded, "Armed", "False NotRecorded", "not recorded yet"},
    {"Secret missing", secret_missing, "Armed", "False CredentialsInvalid", "Secret tsig is missing"},
    {"DNS denies", dns_denies, "Armed", "False TargetRefused", "DNS server 192.0.2.53:53: NOTAUTH"},
    {"Redis silent", redis_is_silent, "Armed", "False MechanismUnreachable", "redis.example.com:6379: connection"},
    {"Redis never read", redis_was_never_read, "Armed", "False TargetUnavailable", "redis.example.com:6379: connection"},
    {"Redis silent, a fails", redis_is_silent_and_the_active_plane_fails, "Armed", "False MechanismUnreachable",
     "redis.example.com:6379: connection"},
    {"foreign", foreign, "Armed", "False ForeignOwner", "belongs to another owner"},
    {"active unobserved", active_unobserved, "Armed", "False ActiveUnobserved", "a is not observed: TLS :9900 unknown"},
    {"active at first sight", active_at_first_sight, "Armed", "False ActiveUnobserved", "unknown is not down"},
    {"unobserved, lock behind", active_unobserved_and_lock_behind, "Armed", "False ActiveUnobserved", "a is not"},
    {"record refused", record_refused, "Armed", "False RecordRefused", "a decision cannot be recorded: HTTP 403"},
    {"record was refused", record_was_refused, "Armed", "True Armed", ""},
    {"active not known", active_is_not_named_and_the_targets_moved, "Armed", "False ActiveUnknown", "not known"},
    {"switching", switching, "Armed", "False Switching", "epoch 6 is moving to b"},

    {"alone", alone, "Armed", "False NoStandby", "no plane could take over: the policy names no other plane"},
    {"standby down", standby_down, "Armed", "False NoStandby", "no plane could take over: b: unhealthy"},
    {"cooling down", cooling_down, "Armed", "False CoolingDown",
     "cooling down until 2026-11-23T03:59:11Z; to end it: kubectl annotate fop gloo -n default --overwrite "
     "planekeeper.io/ack=5"},
    {"acknowledged", cooling_down_acknowledged, "Armed", "True Armed", ""},
    {"limit", limit_reached, "Armed", "False LimitReached",
     "maxSwitches 2 in 24h is reached until 2026-11-24T00:59:11Z; to allow one more: kubectl annotate"},
    {"blast", blast_limit, "Armed", "False SwitchRateLimited", "--max-switches-per-minute is reached"},
    {"drift", drift, "Armed", "False Drift", "recorded is \"A 192.0.2.1\": put it back"},
    {"drift and a fails", drift_and_the_active_plane_fails, "Armed", "False Drift", "recorded is"},
    {"maintenance", in_maintenance, "Armed", "False MaintenanceUntil", "a is in maintenance"},
    {"late", late, "Armed", "False LoopLate", "samples are being discarded"},
    {"store silent", store_is_silent, "Armed", "False ArbiterUnreachable", "frozen"},
    {"rollout", rollout, "Armed", "False RolloutInProgress", "a rollout of its Deployment"},

    {"failing", failing, "Armed", "True Armed", ""},
    {"down", down, "Armed", "True Armed", ""},
    {"contradicted", down_but_its_deployment_is_up, "Armed", "False PathDownDeploymentUp", "the path decides after 2m"},
    {"every plane down", every_plane_down, "Armed", "False SameSymptomEverywhere", "also: NoStandby"},
    {"down, and asked for", down_and_a_person_asked, "Armed", "True Armed", ""},

    {"nobody else", nobody_else, "Armed", "False Isolated", "nothing outside the active plane answers"},
    {"witness is new", witness_came_up_just_now, "Armed", "True Armed", ""},
    {"witness came in between", witness_came_up_within_the_outage, "Armed", "False Isolated", "the delay counts from"},

    {"spoken for", spoken_for, "Armed", "True Armed", ""},
    {"another spoken for", another_is_spoken_for, "Armed", "False Dissent", "no operator inside a was heard"},
    {"text unread", text_unread, "Armed", "False Dissent", "its text could not be read"},
    {"down, spoken for", down_but_spoken_for, "Armed", "False Dissent", "says that its checks pass there"},
};

static void armed_says_what_a_dead_active_plane_would_meet(void **state)
{
        (void)state;
        rows_report(rows, ROWS_COUNT(rows));
}

static void it_says_until_when_and_what_passes_by_itself(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        cooling_down(&world);
        struct decision decision = world_decide(&world);
        struct report_armed armed = report_armed_of(&world.view, &decision, &world.arena);
        assert_false(armed.is_passing);
        assert_int_equal(armed.until, world.view.now + HOUR_MS);
        assert_int_equal(gates_cooldown_end(&world.view), world.view.now + HOUR_MS);
        world.record.cooldown_until = 0;
        assert_int_equal(gates_cooldown_end(&world.view), 0);
        late(&world);
        decision = world_decide(&world);
        assert_true(report_armed_of(&world.view, &decision, &world.arena).is_passing);
        world_clear(&world);
}

/* The FAILOVER and ARMED columns. */
static void the_columns_say_it_in_one_word(void **state)
{
        (void)state;
        static const struct {
                void (*arrange)(struct world *world);
                const char *armed, *failover;
        } columns[] = {
            {ordinary, "True", "Possible"}, {suspended, "Suspended", "ByHand"}, {alone, "NoStandby", "NoStandby"},
            {switching, "Switching", "Possible"}};
        for (size_t i = 0; i < ROWS_COUNT(columns); i++) {
                struct world world;
                world_init(&world);
                columns[i].arrange(&world);
                struct decision decision = world_decide(&world);
                struct report report = world_report(&world, &decision);
                assert_string_equal(report.armed, columns[i].armed);
                assert_string_equal(report.failover, columns[i].failover);
                world_clear(&world);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(armed_says_what_a_dead_active_plane_would_meet),
            cmocka_unit_test(it_says_until_when_and_what_passes_by_itself),
            cmocka_unit_test(the_columns_say_it_in_one_word),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
