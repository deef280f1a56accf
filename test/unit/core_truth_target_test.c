/*
 * core_truth_target_test.c -- truth tables of the gates that ask whether a switch could go through, and may now. Every
 * gate has to have a table here or in core_truth_outage_test.c.
 */
#include "core_truth.h"

static struct view *view_of(struct scene *scene)
{
        return &scene->world.view;
}
static void ordinary(struct scene *scene)
{
        (void)scene;
}

/* ---- ArbiterUnreachable ---- */

/* Soon after the machine started, so that "never" is not long ago. */
static void asked_early(struct scene *scene)
{
        view_of(scene)->now = WORLD_INTERVAL_MS;
        view_of(scene)->arbiter_answered_at = WORLD_INTERVAL_MS;
}
static void never_answered(struct scene *scene)
{
        view_of(scene)->arbiter_answered_at = 0;
}
static void long_ago(struct scene *scene)
{
        view_of(scene)->now = WORLD_INTERVAL_MS + WORLD_INTERVAL_MS + 1001;
}

/* ---- NoFitStandby ---- */

static void nobody(struct scene *scene)
{
        scene->question.candidate = NULL;
}

/* ---- MechanismUnreachable ---- */

enum { EARLY_MS = 10000, LATER_MS = 30000 };

static void mechanisms_asked_early(struct scene *scene)
{
        view_of(scene)->now = EARLY_MS;
        NAME(*view_of(scene)).health.read_at = LOCK(*view_of(scene)).health.read_at = EARLY_MS;
}
static void dns_fails(struct scene *scene)
{
        NAME(*view_of(scene)).health.reach = REACH_FAILED;
        NAME(*view_of(scene)).health.error = "timeout";
}
static void lock_fails(struct scene *scene)
{
        LOCK(*view_of(scene)).health.reach = REACH_FAILED;
        LOCK(*view_of(scene)).health.error = "refused";
}
static void dns_never_read(struct scene *scene)
{
        NAME(*view_of(scene)).health.read_at = 0;
}
static void dns_read_long_ago(struct scene *scene)
{
        NAME(*view_of(scene)).health.read_at = 1;
        view_of(scene)->now = LATER_MS;
}
/* Both live inside the plane that is left; it takes DNS along, or Redis. */
static void dns_fails_with_the_plane(struct scene *scene)
{
        dns_fails(scene);
        NAME(view_of(scene)->policy).plane = "a";
        LOCK(view_of(scene)->policy).plane = "a";
}
static void lock_fails_with_the_plane(struct scene *scene)
{
        lock_fails(scene);
        NAME(view_of(scene)->policy).plane = "a";
        LOCK(view_of(scene)->policy).plane = "a";
}
static void lock_elsewhere(struct scene *scene)
{
        LOCK(view_of(scene)->policy).plane = "";
}
static void lock_inside_standby(struct scene *scene)
{
        LOCK(view_of(scene)->policy).plane = "b";
}
static void dns_elsewhere(struct scene *scene)
{
        NAME(view_of(scene)->policy).plane = "";
}
static void dns_inside_standby(struct scene *scene)
{
        NAME(view_of(scene)->policy).plane = "b";
}
static void active_not_known(struct scene *scene)
{
        scene->question.active = NULL;
}
static void lock_not_used(struct scene *scene)
{
        world_spec_without_lock(&scene->world);
}
static void lock_never_read(struct scene *scene)
{
        LOCK(*view_of(scene)).health.read_at = 0;
}
static void lock_read_long_ago(struct scene *scene)
{
        LOCK(*view_of(scene)).health.read_at = 1;
        view_of(scene)->now = LATER_MS;
}

/* ---- Drift ---- */

static void nothing_recorded(struct scene *scene)
{
        view_of(scene)->record = NULL;
}
static void targets_moved(struct scene *scene)
{
        NAME(view_of(scene)->policy).ref.name = "other.example.com";
}
static void dns_edited(struct scene *scene)
{
        NAME(*view_of(scene)).shows.value = "A 203.0.113.9";
}
static void dns_stamp_of_another(struct scene *scene)
{
        NAME(*view_of(scene)).shows.stamp.store = WORLD_OTHER;
}
static void lock_edited(struct scene *scene)
{
        LOCK(*view_of(scene)).shows.value = "by hand";
}
static void lock_stamp_of_another(struct scene *scene)
{
        LOCK(*view_of(scene)).shows.stamp.store = WORLD_OTHER;
}

/* ---- CoolingDown ---- */

/* The record asks for one more minute, but has been known for a whole cooldown, and a person acknowledged it. */
static void cooling_down(struct scene *scene)
{
        scene->world.record.cooldown_until = WORLD_WALL + 60000;
        view_of(scene)->record_seen_at = view_of(scene)->now - view_of(scene)->policy.cooldown_ms;
        view_of(scene)->policy.ack = "5";
}
static void cooled_down(struct scene *scene)
{
        scene->world.record.cooldown_until = WORLD_WALL;
}
static void seen_lately(struct scene *scene)
{
        view_of(scene)->record_seen_at = view_of(scene)->now - 1000;
}
static void seen_not_said(struct scene *scene)
{
        view_of(scene)->record_seen_at = 0;
}
static void acknowledged_before(struct scene *scene)
{
        view_of(scene)->policy.ack = "4";
}
static void acknowledged_in_words(struct scene *scene)
{
        view_of(scene)->policy.ack = "yes";
}

/* ---- MaxSwitchesReached ---- */

static void two_in_a_day(struct scene *scene)
{
        scene->world.record.recent_count = 2;
        scene->world.record.recent[0] = WORLD_WALL - 3600000;
        scene->world.record.recent[1] = WORLD_WALL - 86400000 + 1;
        view_of(scene)->policy.ack = "5";
}
static void one_recorded(struct scene *scene)
{
        scene->world.record.recent_count = 1;
}
static void one_left_the_window(struct scene *scene)
{
        scene->world.record.recent[1] = WORLD_WALL - 86400000;
}

/* ---- SwitchRateLimited ---- */

static void blast(struct scene *scene)
{
        view_of(scene)->blast_limit_reached = true;
}

static const struct truth_table tables[] = {
    {GATE_ARBITER,
     "answers",
     asked_early,
     {{"ever", never_answered}, {"recently", long_ago}},
     {{"TT", true, "the decision store answers"}, {"--", false, "frozen"}}},
    {GATE_CANDIDATE, "fit", ordinary, {{"somebody", nobody}}, {{"T", true, "b is fit"}, {"F", false, "nobody is fit"}}},
    {GATE_MECHANISMS,
     "answer",
     mechanisms_asked_early,
     {{"DNS answers", dns_fails},
      {"DNS read", dns_never_read},
      {"DNS recently", dns_read_long_ago},
      {"lock used", lock_not_used},
      {"Redis answers", lock_fails},
      {"Redis read", lock_never_read},
      {"Redis recently", lock_read_long_ago}},
     {{"TTTF---", true, "answered recently"},
      {"TTTTTTT", true, "answered recently"},
      {"TTTTT--", false, "Redis redis.example.com:6379: not read recently"},
      {"TTT----", false, "Redis redis.example.com:6379: refused"},
      {"T------", false, "DNS server 192.0.2.53:53: not read recently"},
      {"-------", false, "DNS server 192.0.2.53:53: timeout"}}},
    {GATE_MECHANISMS,
     "DNS lost with the plane",
     dns_fails_with_the_plane,
     {{"a plane is named", dns_elsewhere},
      {"it is the active", dns_inside_standby},
      {"which is known", active_not_known}},
     {{"TTT", true, "answered recently"}, {"---", false, "DNS server 192.0.2.53:53: timeout"}}},
    {GATE_MECHANISMS,
     "Redis lost with the plane",
     lock_fails_with_the_plane,
     {{"a plane is named", lock_elsewhere},
      {"it is the active", lock_inside_standby},
      {"which is known", active_not_known}},
     {{"TTT", true, "answered recently"}, {"---", false, "Redis redis.example.com:6379: refused"}}},
    {GATE_NO_DRIFT,
     "as recorded",
     ordinary,
     {{"recorded", nothing_recorded},
      {"same targets", targets_moved},
      {"address", dns_edited},
      {"DNS stamp", dns_stamp_of_another},
      {"lock", lock_edited},
      {"lock stamp", lock_stamp_of_another}},
     {{"F-----", true, "nothing is recorded"},
      {"-F----", true, "nothing is recorded"},
      {"--TTTT", true, "show what was recorded"},
      {"--TT--", false, "lock mgmt-active holds"},
      {"------", false, "gloo.example.com shows"}}},
    {GATE_COOLDOWN,
     "waits",
     cooling_down,
     {{"recorded", nothing_recorded},
      {"not over", cooled_down},
      {"seen a cooldown ago", seen_lately},
      {"seen is said", seen_not_said},
      {"this epoch", acknowledged_before},
      {"ack is an epoch", acknowledged_in_words}},
     {{"F-----", true, "not cooling down"},
      {"-F----", true, "not cooling down"},
      {"--TT--", true, "not cooling down"},
      {"----TT", true, "not cooling down"},
      {"------", false, "planekeeper.io/ack=5"}}},
    {GATE_LIMIT,
     "counts",
     two_in_a_day,
     {{"recorded", nothing_recorded},
      {"two", one_recorded},
      {"in a day", one_left_the_window},
      {"this epoch", acknowledged_before},
      {"ack is an epoch", acknowledged_in_words}},
     {{"TTTF-", false, "maxSwitches 2 in 24h is reached"},
      {"TTT-F", false, "planekeeper.io/ack=5"},
      {"-----", true, "below the limit"}}},
    {GATE_BLAST, "rate", ordinary, {{"below", blast}}, {{"T", true, "below --max"}, {"F", false, "is reached"}}},
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
                if (!has_table[gate] && !gate_is_of_outage((enum gate)gate))
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
