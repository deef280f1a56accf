/* core_world.c -- builds the views that the core decides on. */
#include "core_world.h"

#include "core/targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"a", "b", "c"};
static const char *const clusters[] = {"cluster-a", "cluster-b", "cluster-c"};
static const char *const rrsets[] = {WORLD_RRSET_A, WORLD_RRSET_B, WORLD_RRSET_C};

static struct by_hand tell(const struct by_hand_tools *tools, const struct by_hand_write *write, struct arena *arena)
{
        (void)tools;
        const struct target_ref *ref = &write->target->ref;
        return (struct by_hand){
            .needs = strcmp(ref->driver, "nothing") == 0 ? NULL : arena_printf(arena, "the tool of %s", ref->driver),
            .move = arena_printf(arena, "set %s %s %u", ref->name, write->value, write->ttl_s),
            .look = target_traits(ref->kind)->leads_agents ? arena_printf(arena, "look at %s", ref->name) : NULL};
}

const struct by_hand_tools world_tools = {tell};

struct runbook world_runbook(struct world *world, const struct by_hand_tools *tools)
{
        struct decision decision = world_decide(world);
        struct runbook runbook;
        runbook_build(&world->view, &decision, tools, &world->arena, &runbook);
        return runbook;
}

const char *world_line_with(const struct runbook *runbook, const char *word)
{
        for (unsigned i = 0; i < runbook->count; i++)
                if (strstr(runbook->lines[i], word) && runbook->lines[i][0] != '#')
                        return runbook->lines[i];
        return "";
}

static struct check_view *path(struct world *world, unsigned plane)
{
        return &world->view.planes[plane].checks[0];
}

void world_pass(struct world *world, unsigned plane, mono_ms since_ms)
{
        struct check_view *check = path(world, plane);
        check->fails = 0;
        check->passes = (uint32_t)(since_ms / WORLD_INTERVAL_MS) + 1;
        check->run_since = world->view.now - since_ms;
        check->counted_at = check->sampled_at = world->view.now;
        check->last_unknown = false;
        check->text = "ok";
        world->view.planes[plane].was = VERDICT_UP;
}

void world_fail(struct world *world, unsigned plane, mono_ms since_ms)
{
        world_pass(world, plane, since_ms);
        struct check_view *check = path(world, plane);
        check->fails = check->passes;
        check->passes = 0;
        check->text = "timeout";
}

void world_count(struct world *world, unsigned plane, uint32_t passes, uint32_t fails)
{
        path(world, plane)->passes = passes;
        path(world, plane)->fails = fails;
}

void world_stale(struct world *world, unsigned plane)
{
        for (unsigned i = 0; i < world->view.planes[plane].check_count; i++) {
                struct check_view *check = &world->view.planes[plane].checks[i];
                check->counted_at = check->sampled_at = world->view.now - 600000;
        }
}

void world_blind(struct world *world, unsigned plane)
{
        world_stale(world, plane);
        path(world, plane)->sampled_at = world->view.now;
        path(world, plane)->last_unknown = true;
        path(world, plane)->text = "own CA is not readable";
}

void world_deployment(struct world *world, unsigned plane, int available, int wanted)
{
        struct plane_view *view = &world->view.planes[plane];
        view->check_count = 2;
        view->checks[1] = (struct check_view){
            .label = "Deployment",
            .fails = available ? 0 : 3,
            .passes = available ? 3 : 0,
            .run_since = world->view.now - 60000,
            .counted_at = world->view.now,
            .sampled_at = world->view.now,
            .text = available ? "ok" : "0 available",
            .replicas_available = available,
            .replicas_wanted = wanted,
            .replicas_updated = wanted,
        };
}

static void add_plane(struct world *world, unsigned i)
{
        struct plane_view *plane = &world->view.planes[i];
        *plane = (struct plane_view){
            .name = names[i],
            .region = "",
            .cluster_name = clusters[i],
            .uid = "",
            .known = true,
            .eligible = true,
            .port = 9900,
            .rrset = rrsets[i],
.name_confirmed_at = WORLD_NOW,
            .address_error = "",
            .check_count = 1,
        };
        plane->checks[0] = (struct check_view){.label = "TLS :9900",
                                               .role = CHECK_ROLE_PATH,
                                               .replicas_available = -1,
                                               .replicas_wanted = -1,
                                               .replicas_updated = -1};
        world_pass(world, i, 3600000);
}

static struct policy_view ordinary_policy(void)
{
        return (struct policy_view){
            .namespace_name = "default",
            .name = "gloo",
            .uid = "uid-p",
            .generation = 1,
            .mode = MODE_AUTOMATIC,
            .single_writer = true,
            .detection = {WORLD_INTERVAL_MS, WORLD_TIMEOUT_MS, 3, 3, WORLD_DELAY_MS},
            .cooldown_ms = 3600000,
            .max_switches = 2,
            .failback = FAILBACK_MANUAL,
            .failback_stable_ms = 600000,
            .targets = {{.ref = {TARGET_LOCK, TARGET_LOCK_DRIVER, "redis.example.com:6379", "mgmt-active", 0},
                         .value = "{clusterName}",
                         .plane = ""},
                        {.ref = {TARGET_NAME, "rfc2136", "192.0.2.53:53", "gloo.example.com", 0},
                         .ttl_s = 30,
                         .plane = ""}},
            .target_count = 2,
            .switch_to = "",
            .adopt = "",
            .ack = "",
            .credentials_error = "",
            .rival = "",
        };
}

static struct target_health answering(mono_ms now)
{
        return (struct target_health){.reach = REACH_OK, .error = "", .read_at = now, .looked_at = now};
}

static struct record ordinary_record(void)
{
        return (struct record){
            .version = RECORD_VERSION,
            .epoch = WORLD_EPOCH,
            .id = WORLD_ID,
            .phase = PHASE_STEADY,
            .from = "b",
            .to = "a",
            .reason = "SwitchRequested",
            .holder = "operator-1",
            .started_at = WORLD_WALL - 7200000,
            .completed_at = WORLD_WALL - 7200000,
            .plan = {.targets = {{.ref = {TARGET_LOCK, TARGET_LOCK_DRIVER, "redis.example.com:6379", "mgmt-active", 0},
                                  .to = "cluster-a",
                                  .old = {"cluster-b"},
                                  .old_count = 1},
                                 {.ref = {TARGET_NAME, "rfc2136", "192.0.2.53:53", "gloo.example.com", 0},
                                  .ttl_s = 30,
                                  .to = WORLD_RRSET_A,
                                  .old = {WORLD_RRSET_B},
                                  .old_count = 1}},
                     .target_count = 2},
        };
}

void world_init(struct world *world)
{
        *world = (struct world){.record = ordinary_record()};
        world->view = (struct view){
            .policy = ordinary_policy(),
            .plane_count = WORLD_PLANES,
            .record_read = true,
            .record = &world->record,
            .record_error = "",
            .decide = failover_decide,
            .now = WORLD_NOW,
            .wall = WORLD_WALL,
            .identity = "operator-1",
            .store = WORLD_STORE,
            .region = "",
            .arbiter_answered_at = WORLD_NOW,
            .arbiter_period_ms = 1000,
            .confirmed_epoch = WORLD_EPOCH,
            .fresh_id = WORLD_FRESH_ID,
        };
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                add_plane(world, i);
        targets_place(&world->view);
        LOCK(world->view).health = NAME(world->view).health = answering(WORLD_NOW);
        NAME(world->view).met_epoch = WORLD_EPOCH;
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        world_lock(world, "cluster-a", WORLD_EPOCH, "a");
}

void world_clear(struct world *world)
{
        arena_deinit(&world->arena);
}

int world_set_up(void **state)
{
        static struct world world;
        world_init(&world);
        *state = &world;
        return 0;
}

int world_tear_down(void **state)
{
        world_clear(*state);
        return 0;
}

static struct stamp stamp_of(epoch_t epoch, const char *plane)
{
        if (!epoch)
                return (struct stamp){.plane = "", .store = "", .raw = ""};
        return (struct stamp){STAMP_OURS, epoch, epoch > WORLD_EPOCH ? WORLD_FRESH_ID : WORLD_ID, plane, WORLD_STORE,
                              "v=pk1",    0, NULL};
}

void world_dns(struct world *world, const char *rrset, epoch_t epoch, const char *plane)
{
        NAME(world->view).shows = (struct target_state){
            .present = rrset[0], .value = rrset, .ttl_s = 30, .stamp = stamp_of(epoch, plane)};
}

void world_lock(struct world *world, const char *value, epoch_t epoch, const char *plane)
{
        LOCK(world->view).shows = (struct target_state){
            .present = value, .value = value ? value : "", .stamp = stamp_of(epoch, plane)};
}

static struct target_health failing(const struct world *world, enum err class, const char *error, bool was_read)
{
        return (struct target_health){.reach = REACH_FAILED,
                                      .error_class = class,
                                      .error = error,
                                      .read_at = was_read ? world->view.now - 20000 : 0,
                                      .failed_since = world->view.now - 10000,
                                      .failed_since_wall = world->view.wall - 10000};
}

void world_dns_fails(struct world *world, enum err class, const char *error, bool was_read)
{
        NAME(world->view).health = failing(world, class, error, was_read);
        if (!was_read)
                world_dns(world, "", 0, "");
}

void world_lock_fails(struct world *world, enum err class, const char *error, bool was_read)
{
        LOCK(world->view).health = failing(world, class, error, was_read);
        if (!was_read)
                world_lock(world, NULL, 0, "");
}

static void drop_lock_of_spec(struct policy_view *policy)
{
        const struct wanted_target *lock = wanted_find(policy, TARGET_LOCK);
        const unsigned at = lock ? (unsigned)(lock - policy->targets) : policy->target_count;
        for (unsigned i = at; i + 1 < policy->target_count; i++)
                policy->targets[i] = policy->targets[i + 1];
        policy->target_count -= lock != NULL;
}

static void drop_lock_of_plan(struct plan *plan)
{
        const struct plan_target *lock = plan_find(plan, TARGET_LOCK);
        const unsigned at = lock ? (unsigned)(lock - plan->targets) : plan->target_count;
        for (unsigned i = at; i + 1 < plan->target_count; i++)
                plan->targets[i] = plan->targets[i + 1];
        plan->target_count -= lock != NULL;
}

void world_without_lock(struct world *world)
{
        world->view.policy.single_writer = false;
        drop_lock_of_spec(&world->view.policy);
        drop_lock_of_plan(&world->record.plan);
        targets_place(&world->view);
}

void world_spec_without_lock(struct world *world)
{
        drop_lock_of_spec(&world->view.policy);
        targets_place(&world->view);
}

void world_without_record(struct world *world)
{
        world->view.record = NULL;
        world_dns(world, WORLD_RRSET_A, 0, "");
        if (world->view.target_count > 1)
                world_lock(world, "cluster-a", 0, "");
}

void world_switching(struct world *world)
{
        struct record *record = &world->record;
        record->epoch = WORLD_EPOCH + 1;
        record->id = WORLD_FRESH_ID;
        record->phase = PHASE_SWITCHING;
        record->from = "a";
        record->to = "b";
        record->reason = "ThresholdReached";
        record->automatic = true;
        record->detected_at = WORLD_WALL - 40000;
        record->started_at = WORLD_WALL - 1000;
        record->completed_at = 0;
        record->recent_count = 1;
        record->recent[0] = record->started_at;
        NAME(record->plan).to = WORLD_RRSET_B;
        NAME(record->plan).old[0] = WORLD_RRSET_A;
        if (record->plan.target_count > 1) {
                LOCK(record->plan).to = "cluster-b";
                LOCK(record->plan).old[0] = "cluster-a";
        }
        world->view.confirmed_epoch = record->epoch;
        world_fail(world, 0, 40000);
}

void world_show(struct world *world, unsigned place, const char *value, epoch_t epoch, const char *plane)
{
        world->view.targets[place].shows = (struct target_state){
            .present = value[0], .value = value, .stamp = stamp_of(epoch, plane)};
}

static unsigned place_for(const struct policy_view *policy, enum target_kind kind)
{
        unsigned place = policy->target_count;
        while (place > 0 && policy->targets[place - 1].ref.kind > kind)
                place--;
        return place;
}

unsigned world_add(struct world *world, enum target_kind kind)
{
        struct policy_view *policy = &world->view.policy;
        struct plan *plan = &world->record.plan;
        const bool is_name = kind == TARGET_NAME, is_switching = world->record.phase == PHASE_SWITCHING;
        const unsigned place = place_for(policy, kind), after = policy->target_count - place;
        const char *const values[] = {is_name ? WORLD_RRSET_A : "a", is_name ? WORLD_RRSET_B : "b"};
        const struct target_ref ref = {kind, "test", arena_printf(&world->arena, "%s.example.com", target_traits(kind)->word),
                                       arena_printf(&world->arena, "thing-%u", policy->target_count), 0};
        memmove(&policy->targets[place + 1], &policy->targets[place], after * sizeof(policy->targets[0]));
        memmove(&plan->targets[place + 1], &plan->targets[place], after * sizeof(plan->targets[0]));
        policy->targets[place] = (struct wanted_target){.ref = ref, .value = is_name ? NULL : "{name}", .plane = ""};
        plan->targets[place] = (struct plan_target){
            .ref = ref, .to = values[is_switching], .old = {values[!is_switching]}, .old_count = 1};
        policy->target_count = ++plan->target_count;
        world->record.version = plan_version(plan);
        targets_place(&world->view);
        world->view.targets[place].health = answering(world->view.now);
        world->view.targets[place].met_epoch = WORLD_EPOCH;
        world_show(world, place, values[0], target_traits(kind)->is_stamped ? WORLD_EPOCH : 0, "a");
        return place;
}

void world_later(struct world *world, mono_ms by_ms)
{
        world->view.now += by_ms;
        world->view.wall += by_ms;
}

void world_verify(struct world *world, const char *shown, bool shows_record, unsigned misses)
{
        world->view.verify_count = 1;
        world->view.verify[0] = (struct verify_view){.server = "192.0.2.54:53",
                                                     .shown = shown ? shown : "",
                                                     .shows_record = shows_record,
                                                     .seen_at = shown ? world->view.now : 0,
                                                     .misses = misses};
}

struct decision world_decide(struct world *world)
{
        struct decision decision;
        targets_place(&world->view);
        failover_decide(&world->view, &world->arena, &decision);
        return decision;
}

struct report world_report(struct world *world, const struct decision *decision)
{
        struct report report;
        report_build(&world->view, decision, &world->arena, &report);
        return report;
}

const struct report_condition *world_condition(const struct report *report, const char *type)
{
        for (unsigned i = 0; i < report->condition_count; i++)
                if (strcmp(report->conditions[i].type, type) == 0)
                        return &report->conditions[i];
        return NULL;
}

const char *world_condition_text(struct world *world, const struct report *report, const char *type)
{
        static const char *const statuses[] = {"False", "True", "Unknown"};
        const struct report_condition *condition = world_condition(report, type);
        return condition ? arena_printf(&world->arena, "%s %s", statuses[condition->status], condition->reason)
                         : "absent";
}

void world_expect(struct world *world, enum finding finding, enum action action, const char *file, int line)
{
        struct decision decision = world_decide(world);
        if (decision.finding == finding && decision.rule->then == action)
                return;
        print_error("%s:%d: found %s (%s: %s), expected %s (%s)\n", file, line, finding_name(decision.finding),
                    action_name(decision.rule->then), decision.why, finding_name(finding), action_name(action));
        fail();
}
