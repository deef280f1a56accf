/* policy_pass_test.c -- whole passes of policies: a scripted API server, DNS in memory, and everything between them as
 * shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake_api.h"
#include "reconcile/caches.h"
#include "reconcile/manager.h"
#include "reconcile/plane.h"
#include "reconcile/policy.h"
#include "runtime/clock.h"
#include "target/fence.h"
#include "util/mem.h"
#include "util/text.h"

/* Our own clock in place of runtime/clock.c: a minute passes at once, and none while the machine is busy. */
static _Atomic mono_ms leap_ms;

int64_t clock_mono_us(void)
{
        const int64_t booted_us = 3600 * INT64_C(1000000);
        return booted_us + leap_ms * 1000;
}

mono_ms clock_mono(void)
{
        return clock_mono_us() / 1000;
}

static _Atomic int64_t wall_step_ms; /* what somebody set the machine's wall clock by */

unix_ms clock_wall(void)
{
        return 1795402751412 + clock_mono() + wall_step_ms;
}

/* ---- DNS in memory: one name; jobs look at it from their threads ---- */

static struct {
        pthread_mutex_t lock;
        char rrset[64], stamp[TARGET_STAMP_BYTES];
        unsigned reads, writes;
        enum err read_refusal, write_refusal; /* ERR_OK: none */
} dns = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void dns_set(const char *rrset, enum err read_refusal, enum err write_refusal)
{
        (void)pthread_mutex_lock(&dns.lock);
        TEXT_COPY(dns.rrset, rrset);
        dns.stamp[0] = '\0';
        dns.read_refusal = read_refusal;
        dns.write_refusal = write_refusal;
        (void)pthread_mutex_unlock(&dns.lock);
}

static enum err memory_open(const struct target_config *config, struct dns_target **ret, struct errmsg *reterr);

static enum err memory_read(struct dns_target *target, mono_ms deadline, struct dns_state *ret, struct errmsg *reterr)
{
        (void)target, (void)deadline;
        (void)pthread_mutex_lock(&dns.lock);
        dns.reads++;
        enum err err = dns.read_refusal ? err_set(reterr, dns.read_refusal, "REFUSED") : ERR_OK;
        if (err == ERR_OK)
                *ret = (struct dns_state){.rrset = mem_strdup(dns.rrset), .ttl_s = 30};
        if (err == ERR_OK && dns.stamp[0])
                dns_stamp_parse(dns.stamp, &ret->stamp);
        (void)pthread_mutex_unlock(&dns.lock);
        return err;
}

static enum err memory_set(struct dns_target *target, const struct dns_state *expected, const struct dns_want *want,
                           mono_ms deadline, struct errmsg *reterr)
{
        (void)target, (void)expected, (void)deadline;
        (void)pthread_mutex_lock(&dns.lock);
        dns.writes++;
        enum err err = dns.write_refusal ? err_set(reterr, dns.write_refusal, "REFUSED") : ERR_OK;
        if (err == ERR_OK) {
                TEXT_COPY(dns.rrset, want->rrset);
                dns_stamp_print(want, dns.stamp, sizeof(dns.stamp));
        }
        (void)pthread_mutex_unlock(&dns.lock);
        return err;
}

static enum err memory_alive(struct dns_target *target, const char *say, mono_ms deadline, char **ret_heard,
                             struct errmsg *reterr)
{
        (void)target, (void)deadline, (void)reterr;
        *ret_heard = mem_strdup(say ? say : "");
        return ERR_OK;
}

static void memory_close(struct dns_target *target)
{
        free(target);
}

static const struct dns_driver memory_driver = {.name = "rfc2136",
                                                .where = "nameserver",
                                                .fenced = true,
                                                .open = memory_open,
                                                .read = memory_read,
                                                .compare_and_set = memory_set,
                                                .alive = memory_alive,
                                                .close = memory_close};

static enum err memory_open(const struct target_config *config, struct dns_target **ret, struct errmsg *reterr)
{
        (void)config, (void)reterr;
        *ret = mem_new(*ret);
        (*ret)->driver = &memory_driver;
        return ERR_OK;
}

/* In place of target/dns/registry.c. */
const struct dns_driver *dns_driver_find(const char *name)
{
        return strcmp(name, memory_driver.name) == 0 ? &memory_driver : NULL;
}

/* ---- the API server ---- */

struct rig {
        struct loop *loop;
        struct fake_api *api;
        struct manager manager;
        bool kill_switch;
        const char *date;  /* header with the API server's clock, or "" */
        int lease_refusal; /* HTTP status of everything about record Leases; 0: none */
        bool is_mute;      /* nothing is answered any more */
        json_t *lease;     /* the record Lease of policy gloo; NULL: none */
        json_t *policy;    /* policy gloo, for uncached reads */
        long version;
        unsigned lease_requests, confirms, statuses, events;
        char last_event[1024];
        char last_status[32768]; /* of a policy */
        unsigned late_events;
};

static void answer_json(struct fake_peer *peer, int status, const json_t *body)
{
        char *text = json_dumps(body, JSON_COMPACT);
        assert_non_null(text);
        fake_answer(peer, status, "", text);
        free(text);
}

static void answer_status(struct fake_peer *peer, int status)
{
        fake_answer(peer, status, "", "{\"kind\":\"Status\",\"message\":\"no\"}");
}

static void store_lease(struct rig *rig, const char *text)
{
        json_t *body = json_loads(text, 0, NULL);
        json_t *lease = rig->lease ? rig->lease : body;
        if (rig->lease) {
                json_object_update_recursive(rig->lease, body);
                json_decref(body);
        }
        rig->lease = lease;
        json_object_set_new(json_object_get(lease, "metadata"), "resourceVersion", json_sprintf("%ld", ++rig->version));
}

static void on_lease(struct rig *rig, struct fake_peer *peer, const struct fake_request *request)
{
        rig->lease_requests++;
        bool is_read = strcmp(request->method, "GET") == 0;
        if (rig->lease_refusal || (is_read && !rig->lease)) {
                answer_status(peer, rig->lease_refusal ? rig->lease_refusal : 404);
                return;
        }
        if (!is_read)
                store_lease(rig, request->body);
        answer_json(peer, is_read ? 200 : 201, rig->lease);
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        const char *target = request->target;
        if (rig->is_mute)
                return;
        if (strstr(target, "watch="))
                fake_begin(peer, 200);
        else if (strstr(target, "limit="))
                fake_answer(peer, 200, "",
                            "{\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[]}");
        else if (strstr(target, "/namespaces/kube-system"))
                fake_answer(peer, 200, rig->date, "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"hub\"}}");
        else if (strstr(target, "/configmaps/planekeeper"))
                fake_answer(peer, 200, "", rig->kill_switch ? "{\"data\":{\"killSwitch\":\"on\"}}" : "{\"data\":{}}");
        else if (strstr(target, "/leases"))
                on_lease(rig, peer, request);
        else if (strstr(target, "/events")) {
                rig->events++;
                rig->late_events += strstr(request->body, "LoopLate") != NULL;
                (void)snprintf(rig->last_event, sizeof(rig->last_event), "%s", request->body);
                fake_answer(peer, 201, "", "{}");
        } else if (strstr(target, "/status")) {
                rig->statuses++;
                if (strstr(target, "/failoverpolicies/"))
                        (void)snprintf(rig->last_status, sizeof(rig->last_status), "%s", request->body);
                fake_answer(peer, 200, "", "{\"metadata\":{\"resourceVersion\":\"11\"}}");
        } else if (strstr(target, "/failoverpolicies/gloo") && rig->policy) {
                rig->confirms++;
                answer_json(peer, 200, rig->policy);
        } else {
                answer_status(peer, 404);
        }
}

/* For what comes by itself, however busy the machine is. */
static bool is_waiting(const struct rig *rig)
{
        const struct manager *manager = &rig->manager;
        bool is_asking = manager->line.turns || manager->identity_call || manager->kill_switch_call;
        return executor_depth(manager->executor) || (is_asking && !rig->is_mute);
}

/* Time passes in small steps; in each, everything that is due, and every job, is done. */
static void pass(struct rig *rig, mono_ms duration_ms)
{
        enum { STEP_MS = 50, TURNS = 20, TURNS_MAX = 20000 };
        const struct timespec pause = {.tv_nsec = 100000};
        for (mono_ms left = duration_ms; left > 0; left -= STEP_MS) {
                leap_ms += STEP_MS;
                for (unsigned i = 0; i < TURNS || (is_waiting(rig) && i < TURNS_MAX); i++) {
                        if (i >= TURNS)
                                (void)nanosleep(&pause, NULL);
                        fake_turn(rig->loop);
                        workqueue_turn(rig->manager.planes_queue);
                        workqueue_turn(rig->manager.policies_queue);
                }
        }
}

static json_t *new_policy(const char *name, const char *uid, long version, const char *created)
{
        json_t *policy =
            json_pack("{s:{s:s, s:s, s:s, s:o, s:i, s:s}, s:{s:s, s:[s, s], s:{s:s, s:{s:s}}}}", "metadata", "name",
                      name, "namespace", "ns", "uid", uid, "resourceVersion", json_sprintf("%ld", version),
                      "generation", 1, "creationTimestamp", created, "spec", "mode", "Automatic", "planes", "a", "b",
                      "dns", "name", "gloo.example.com", "rfc2136", "nameserver", "192.0.2.53");
        assert_non_null(policy);
        return policy;
}

static struct policy *set_policy(struct rig *rig, json_t *object)
{
        struct policy *policy = policy_obtain(
            &rig->manager, "ns", json_string_value(json_object_get(json_object_get(object, "metadata"), "name")));
        policy_set(policy, object);
        return policy;
}

static struct policy *set_gloo(struct rig *rig, const char *uid, long version)
{
        json_decref(rig->policy);
        rig->policy = new_policy("gloo", uid, version, "2026-11-01T00:00:00Z");
        return set_policy(rig, rig->policy);
}

static void set_plane(struct rig *rig, const char *name, const char *address)
{
        json_t *plane = json_pack("{s:{s:s, s:s, s:s, s:s, s:i}, s:{s:{s:s, s:i}}}", "metadata", "name", name,
                                  "namespace", "ns", "uid", name, "resourceVersion", "12", "generation", 1, "spec",
                                  "server", "address", address, "port", fake_api_port(rig->api));
        plane_set(plane_obtain(&rig->manager, "ns", name), plane);
        json_decref(plane);
}

static const struct manager_options options = {.namespace_name = "ns",
                                               .own_namespace = "ns",
                                               .identity = "test_1",
                                               .region = "",
                                               .election_id = "planekeeper",
                                               .lease_ms = 5000,
                                               .renew_deadline_ms = 3000,
                                               .retry_ms = 1000,
                                               .standby_probes = true};

static struct kube_config config_of(const struct rig *rig)
{
        char server[64];
        (void)snprintf(server, sizeof(server), "http://127.0.0.1:%d", fake_api_port(rig->api));
        return (struct kube_config){.server = mem_strdup(server), .namespace_name = mem_strdup("ns")};
}

static int open_rig(void **state)
{
        struct rig *rig = mem_new(rig);
        leap_ms = 0;
        wall_step_ms = 0;
        dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        dns.reads = dns.writes = 0;
        rig->version = 100;
        rig->date = "";
        rig->loop = loop_open();
        rig->api = fake_api_open(rig->loop, on_request, rig);
        *state = rig;
        return 0;
}

static void start(struct rig *rig)
{
        struct kube_config config = config_of(rig), election_config = config_of(rig);
        manager_open(&rig->manager, rig->loop, &config, &election_config, &options);
        pass(rig, 500);                   /* the lists, which name nothing; what comes afterwards stays */
        set_plane(rig, "a", "127.0.0.1"); /* where the API server listens: healthy */
        set_plane(rig, "b", "127.0.0.2"); /* where nobody does */
        pass(rig, 200);
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        manager_close(&rig->manager);
        fake_api_close(rig->api);
        loop_close(rig->loop);
        json_decref(rig->lease);
        json_decref(rig->policy);
        free(rig);
        return 0;
}

/* ---- tests ---- */

static void test_live_name_is_adopted(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct policy *policy = set_gloo(rig, "u1", 20);
        pass(rig, 3000);
        assert_non_null(policy->record);
        assert_int_equal(policy->record->epoch, 1);
        assert_string_equal(policy->record->to, "a");
        assert_int_equal(policy->confirmed_epoch, 1);
        assert_non_null(strstr(dns.stamp, "e=1"));
        assert_int_equal(dns.writes, 1);
        assert_int_equal(rig->lease_requests, 1);
        assert_int_equal(rig->manager.line.turns, 0);
        pass(rig, 30000); /* until the verdict on every plane stands */
        unsigned statuses = rig->statuses;
        pass(rig, 60000);
        assert_int_equal(rig->statuses, statuses); /* nothing is new, nothing is written */
        assert_int_equal(dns.writes, 1);
        unsigned reads = dns.reads;
        pass(rig, 100000);
        assert_in_range(dns.reads - reads, 9, 11); /* the mechanism is looked at every 10 s */
}

/* Our own clock is wrong by days: records and people get the API server's time. */
static void test_wall_time_is_the_api_servers(void **state)
{
        struct rig *rig = *state;
        unix_ms wanted;
        assert_int_equal(text_to_time("2026-12-31T12:00:00Z", &wanted), ERR_OK);
        rig->date = "Date: Thu, 31 Dec 2026 12:00:00 GMT\r\n";
        start(rig);
        struct policy *policy = set_gloo(rig, "u1", 20);
        assert_in_range(manager_wall(&rig->manager) - wanted, 0, 2000);
        pass(rig, 3000);
        assert_in_range(policy->record->started_at - wanted, 0, 5000);
}

/* Somebody sets the machine's clock while we run: nothing that is written or judged moves with it. */
static void test_wall_clock_steps_shift_nothing(void **state)
{
        struct rig *rig = *state;
        const int64_t year_ms = (int64_t)365 * 24 * 3600000;
        start(rig);
        struct policy *policy = set_gloo(rig, "u1", 20);
        pass(rig, 30000);
        const int64_t steps[] = {year_ms, -year_ms, 3000};
        for (size_t i = 0; i < 3; i++) {
                unix_ms wall = manager_wall(&rig->manager);
                unsigned statuses = rig->statuses;
                wall_step_ms = steps[i];
                pass(rig, 5000);
                assert_in_range(manager_wall(&rig->manager) - wall, 5000, 8000);
                assert_int_equal(rig->statuses, statuses); /* not even a time in the status */
        }
        assert_int_equal(policy->record->epoch, 1);
        assert_int_equal(dns.writes, 1);
}

/* The process stood still for half a minute: said in the status while it lasts, as one Event, and over by itself. */
static void test_a_late_loop_is_said_once_and_is_over(void **state)
{
        struct rig *rig = *state;
        start(rig);
        (void)set_gloo(rig, "u1", 20);
        pass(rig, 30000);
        for (unsigned i = 0; i < 3; i++) { /* late three times in a row: one fact */
                leap_ms += 30000;
                fake_turn(rig->loop);
                manager_was_late(&rig->manager, 30000);
                pass(rig, 500);
        }
        assert_non_null(strstr(rig->last_status, "LoopLate"));
        assert_non_null(strstr(rig->last_status, "my own loop was"));
        assert_int_equal(rig->late_events, 1);
        mono_ms until = rig->manager.late_until;
        assert_in_range(until - loop_now(rig->loop), 1, 1000);
        pass(rig, 2000);
        assert_null(strstr(rig->last_status, "LoopLate"));
        assert_int_equal(rig->manager.late_until, until); /* it was not prolonged */
        assert_int_equal(rig->late_events, 1);
        assert_int_equal(dns.writes, 1);
}

static void test_nothing_is_recorded_while_the_kill_switch_is_on(void **state)
{
        struct rig *rig = *state;
        rig->kill_switch = true;
        start(rig);
        struct policy *policy = set_gloo(rig, "u1", 20);
        pass(rig, 5000);
        assert_null(policy->record);
        assert_int_equal(rig->lease_requests, 0);
        assert_int_equal(dns.writes, 0);
        rig->kill_switch = false;
        pass(rig, 5000);
        assert_non_null(policy->record);
}

static void test_silent_arbiter_is_not_hammered(void **state)
{
        struct rig *rig = *state;
        start(rig);
        rig->lease_refusal = 503;
        struct policy *policy = set_gloo(rig, "u1", 20);
        pass(rig, 60000);
        assert_in_range(rig->lease_requests, 5, 30);
        assert_int_equal(dns.writes, 0); /* no effect without a recorded decision */
        rig->lease_refusal = 0;
        pass(rig, 6000);
        assert_int_equal(policy->record->epoch, 1);
        assert_int_equal(dns.writes, 1);
        assert_int_equal(rig->manager.line.turns, 0);
}

/* Read fine, written never: visible all the time, and tried at the pace of the back-off. */
/* The name has lost its stamp, and may not be written for a minute. */
static struct policy *start_refused(struct rig *rig)
{
        start(rig);
        struct policy *policy = set_gloo(rig, "u1", 20);
        while (!policy->record)
                pass(rig, 50);
        dns_set("A 127.0.0.1", ERR_OK, ERR_DENIED);
        pass(rig, 60000);
        assert_int_equal(policy->dns_slot.reach, REACH_FAILED);
        return policy;
}

static void test_refused_update_is_backed_off(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = start_refused(rig);
        assert_in_range(dns.writes, 5, 25);
        dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        pass(rig, 11000);
        assert_int_equal(policy->dns_slot.reach, REACH_OK);
        assert_non_null(strstr(dns.stamp, "e=1"));
}

/* Nobody writes it any more, so nobody would have found out that we may again. */
static void test_refused_update_of_a_record_that_is_gone_is_forgotten(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = start_refused(rig);
        json_decref(rig->lease);
        rig->lease = NULL;
        dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        policy_set_record(policy, NULL);
        pass(rig, 20000);
        assert_int_equal(policy->dns_slot.reach, REACH_OK);
        assert_non_null(policy->record);
        assert_string_equal(policy->last_reason, "Steady");
}

static void test_recreated_policy_inherits_nothing_but_the_record(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct policy *policy = set_gloo(rig, "u1", 20);
        pass(rig, 3000);
        policy->last_request = mem_strdup("b/7");
        policy->last_answer = mem_strdup("accepted: epoch 7");
        policy->history = mem_strdup("[]");
        policy->was[1].verdict = VERDICT_DOWN;
        assert_ptr_equal(set_gloo(rig, "u2", 21), policy);
        assert_null(policy->last_request);
        assert_null(policy->history);
        assert_int_equal(policy->confirmed_epoch, 0);
        assert_int_equal(policy->was[1].verdict, VERDICT_UNKNOWN);
        assert_int_equal(policy->dns_slot.reach, REACH_NEVER);
        assert_int_equal(policy->record->epoch, 1);
        pass(rig, 3000);
        assert_int_equal(policy->record->epoch, 1); /* it goes on under the record that is there */
        assert_int_equal(dns.writes, 1);
        assert_string_equal(policy->active, "a");
}

static void test_policy_in_deletion_is_left_alone(void **state)
{
        struct rig *rig = *state;
        start(rig);
        rig->policy = new_policy("gloo", "u1", 20, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(rig->policy, "metadata"), "deletionTimestamp",
                            json_string("2026-11-01T00:00:01Z"));
        (void)set_policy(rig, rig->policy);
        pass(rig, 30000);
        assert_int_equal(rig->lease_requests, 0);
        assert_int_equal(dns.writes, 0);
}

/* Deleted, or no longer leader, with a write to the arbiter, a read of DNS and a status under way. */
static void test_gone_with_everything_under_way(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct policy *policy = set_gloo(rig, "u1", 20);
        while (!policy->dns_slot.read_at)
                pass(rig, 50);
        rig->is_mute = true;
        policy->record_is_doubtful = true;
        policy_wake(policy);
        pass(rig, 200);
        assert_int_equal(rig->manager.line.turns, 1);
        rig->manager.is_leader = false;
        caches_leadership_changed(&rig->manager);
        assert_int_equal(rig->manager.line.turns, 0);
        rig->manager.is_leader = true;
        caches_leadership_changed(&rig->manager);
        workqueue_turn(rig->manager.policies_queue); /* reads DNS, and the record */
        assert_non_null(policy->dns_slot.effect);
        assert_int_equal(rig->manager.line.turns, 1);
        policy_set_record(policy, NULL);
        policy_set(policy, NULL); /* freed: the sanitizers watch what comes back for it */
        assert_int_equal(rig->manager.line.turns, 0);
        assert_null(map_find(&rig->manager.policies, "ns/gloo"));
        pass(rig, 10000);
}

static void test_spec_that_cannot_be_read_stops_everything(void **state)
{
        struct rig *rig = *state;
        start(rig);
        dns_set("A 127.0.0.1", ERR_DENIED, ERR_DENIED);
        struct policy *policy = set_gloo(rig, "u1", 20);
        workqueue_turn(rig->manager.policies_queue); /* a read is under way that will be refused */
        json_t *broken = new_policy("gloo", "u1", 21, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(broken, "spec"), "mode", json_string("Sometimes"));
        (void)set_policy(rig, broken);
        json_decref(broken);
        pass(rig, 2000);
        assert_null(policy->spec);
        assert_non_null(strstr(policy->spec_error, "mode"));
        assert_non_null(strstr(rig->last_event, "InvalidSpec"));
        assert_int_equal(policy->plane_count, 0);
}

static void test_second_claim_is_told_to_both(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct policy *first = set_gloo(rig, "u1", 20);
        pass(rig, 3000);
        unsigned events = rig->events;
        json_t *object = new_policy("late", "u9", 22, "2026-11-05T00:00:00Z");
        struct policy *late = set_policy(rig, object);
        json_decref(object);
        pass(rig, 3000);
        assert_int_equal(rig->events, events + 2 + 4); /* and of each of their two planes, to both */
        assert_string_equal(late->last_reason, "DuplicateTarget");
        assert_string_equal(first->last_reason, "Steady");
        assert_null(late->record);
}

/* A Lease that lost its label is seen by reads and not by the watch: that must not become a loop of creations. */
static void test_unlabelled_record_freezes(void **state)
{
        struct rig *rig = *state;
        start(rig);
        rig->lease = json_pack("{s:{s:s, s:s, s:s}}", "metadata", "name", "planekeeper-gloo", "namespace", "ns",
                               "resourceVersion", "50");
        struct policy *policy = set_gloo(rig, "u1", 20);
        policy->record_is_doubtful = true; /* as after a creation that was answered with 409 */
        pass(rig, 30000);
        assert_int_equal(rig->lease_requests, 1);
        assert_non_null(strstr(policy->record_error, "put the label back"));
        assert_string_equal(policy->last_reason, "RecordUnreadable");
}

/* ---- the record beside the name ---- */

static struct policy *set_shared(struct rig *rig, long version, const char *store, int ttl)
{
        json_decref(rig->policy);
        rig->policy = new_policy("gloo", "u1", version, "2026-11-01T00:00:00Z");
        json_t *spec = json_object_get(rig->policy, "spec");
        json_object_set_new(spec, "decisionStore", json_string(store));
        json_object_set_new(json_object_get(spec, "dns"), "recordTTL", json_integer(ttl));
        json_object_set_new(json_object_get(rig->policy, "metadata"), "generation", json_integer(version));
        return set_policy(rig, rig->policy);
}

/* What an operator in another cluster has decided, for a TTL of its own. */
static void decide_elsewhere(epoch_t epoch, uint32_t ttl_s)
{
        const struct record record = {.version = RECORD_VERSION,
                                      .epoch = epoch,
                                      .id = 7,
                                      .phase = PHASE_STEADY,
                                      .from = "b",
                                      .to = "a",
                                      .reason = "ThresholdReached",
                                      .holder = "other_1",
                                      .plan = {.dns_name = "gloo.example.com",
                                               .dns_ttl_s = ttl_s,
                                               .to_rrset = "A 127.0.0.1",
                                               .lock_server = "",
                                               .lock_key = "",
                                               .to_lock = ""}};
        char text[RECORD_TEXT_BYTES];
        assert_int_equal(record_text_encode(&record, epoch, "dns/ns/gloo", "other", text, NULL), ERR_OK);
        (void)pthread_mutex_lock(&dns.lock);
        TEXT_COPY(dns.stamp, text);
        (void)pthread_mutex_unlock(&dns.lock);
}

static void test_record_beside_the_name(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        pass(rig, 4000);
        assert_non_null(policy->record);
        assert_int_equal(policy->record->epoch, 1);
        assert_non_null(strstr(dns.stamp, " p=a s=dns/ns/gloo r=1 phase=Steady"));
        assert_non_null(strstr(dns.stamp, " author=hub "));
        assert_int_equal(dns.writes, 2); /* the decision, and then its epoch at the addresses */
        assert_int_equal(rig->lease_requests, 0);
        pass(rig, 60000);
        assert_int_equal(dns.writes, 2);
        assert_string_equal(policy->last_reason, "Steady");
        assert_non_null(strstr(rig->last_status, "\"store\":\"DNS\""));
}

static void test_decision_of_another_cluster_is_followed(void **state)
{
        struct rig *rig = *state;
        start(rig);
        decide_elsewhere(5, 30);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        pass(rig, 20000);
        assert_int_equal(policy->record->epoch, 5);
        assert_string_equal(policy->record->plan.to_rrset, "A 127.0.0.1");
        assert_string_equal(policy->last_reason, "Steady");
        decide_elsewhere(6, 30);
        pass(rig, 10000);
        assert_int_equal(policy->record->epoch, 6);
        assert_int_equal(dns.writes, 0);
        /* Having agreed, what is new is new on our side. */
        (void)set_shared(rig, 21, "DNS", 60);
        pass(rig, 10000);
        assert_int_equal(policy->record->epoch, 7);
        assert_string_equal(policy->record->reason, "PlanOutdated");
        assert_non_null(strstr(dns.stamp, "e=7 "));
}

static void test_plan_of_another_cluster_is_not_carried_out(void **state)
{
        struct rig *rig = *state;
        start(rig);
        decide_elsewhere(5, 60);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        pass(rig, 20000);
        assert_int_equal(policy->record->epoch, 5);
        assert_string_equal(policy->last_reason, "PlanMismatch");
        assert_non_null(strstr(policy->last_why, "TTL 30s"));
        assert_int_equal(dns.writes, 0);
        (void)set_shared(rig, 21, "DNS", 60); /* what Git says everywhere by now */
        pass(rig, 2000);
        assert_string_equal(policy->last_reason, "Steady");
        assert_int_equal(dns.writes, 0);
}

/* Restarted with an edited policy: the record is our own cluster's, and the name still shows what it says. */
static void test_own_plan_is_known_by_what_the_name_shows(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        pass(rig, 4000);
        assert_int_equal(policy->record->epoch, 1);
        policy_set(policy, NULL);
        policy = set_shared(rig, 21, "DNS", 45);
        pass(rig, 10000);
        assert_int_equal(policy->record->epoch, 2);
        assert_string_equal(policy->record->reason, "PlanOutdated");
}

static void test_unreadable_record_beside_the_name_freezes(void **state)
{
        struct rig *rig = *state;
        start(rig);
        (void)pthread_mutex_lock(&dns.lock);
        TEXT_COPY(dns.stamp, "v=pk1 e=5 id=00000000000000ab p=a s=dns/ns/gloo r=5 phase=Other plan=0123456789abcdef");
        (void)pthread_mutex_unlock(&dns.lock);
        struct policy *policy = set_shared(rig, 20, "DNS", 30);
        pass(rig, 10000);
        assert_null(policy->record);
        assert_string_equal(policy->last_reason, "RecordUnreadable");
        assert_int_equal(dns.writes, 0);
}

static void test_from_one_store_to_the_other(void **state)
{
        struct rig *rig = *state;
        start(rig);
        struct policy *policy = set_shared(rig, 20, "Kubernetes", 30);
        pass(rig, 3000);
        assert_non_null(strstr(dns.stamp, "e=1 "));
        assert_non_null(strstr(dns.stamp, "s=k8s/hub/ns/gloo"));
        (void)set_shared(rig, 21, "DNS", 30); /* our own stamp is taken over */
        pass(rig, 10000);
        assert_int_equal(policy->record->epoch, 2);
        assert_non_null(strstr(dns.stamp, "s=dns/ns/gloo r=2 phase=Steady"));
        unsigned writes = dns.writes;
        (void)set_shared(rig, 22, "Kubernetes", 30); /* others may share it by now */
        pass(rig, 10000);
        assert_non_null(policy->record);
        assert_int_equal(policy->record->epoch, 1); /* the Lease's */
        assert_non_null(strstr(rig->last_status, "AutomaticUnsafe"));
        assert_int_equal(dns.writes, writes);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_live_name_is_adopted),
            RIG_TEST(test_wall_time_is_the_api_servers),
            RIG_TEST(test_wall_clock_steps_shift_nothing),
            RIG_TEST(test_a_late_loop_is_said_once_and_is_over),
            RIG_TEST(test_nothing_is_recorded_while_the_kill_switch_is_on),
            RIG_TEST(test_silent_arbiter_is_not_hammered),
            RIG_TEST(test_refused_update_is_backed_off),
            RIG_TEST(test_refused_update_of_a_record_that_is_gone_is_forgotten),
            RIG_TEST(test_recreated_policy_inherits_nothing_but_the_record),
            RIG_TEST(test_policy_in_deletion_is_left_alone),
            RIG_TEST(test_gone_with_everything_under_way),
            RIG_TEST(test_spec_that_cannot_be_read_stops_everything),
            RIG_TEST(test_second_claim_is_told_to_both),
            RIG_TEST(test_unlabelled_record_freezes),
            RIG_TEST(test_record_beside_the_name),
            RIG_TEST(test_decision_of_another_cluster_is_followed),
            RIG_TEST(test_plan_of_another_cluster_is_not_carried_out),
            RIG_TEST(test_own_plan_is_known_by_what_the_name_shows),
            RIG_TEST(test_unreadable_record_beside_the_name_freezes),
            RIG_TEST(test_from_one_store_to_the_other),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
