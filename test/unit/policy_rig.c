/* policy_rig.c -- a policy's surroundings, in memory. */
#include "policy_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_object.h"
#include "reconcile/caches.h"
#include "reconcile/plane.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

/* ---- DNS in memory: one name; jobs look at it from their threads ---- */

struct rig_dns rig_dns = {.lock = PTHREAD_MUTEX_INITIALIZER};

void rig_dns_set(const char *rrset, enum err read_refusal, enum err write_refusal)
{
        (void)pthread_mutex_lock(&rig_dns.lock);
        TEXT_COPY(rig_dns.rrset, rrset);
        rig_dns.stamp[0] = '\0';
        rig_dns.claim[0] = '\0';
        rig_dns.halves = false;
        rig_dns.read_refusal = read_refusal;
        rig_dns.write_refusal = write_refusal;
        (void)pthread_mutex_unlock(&rig_dns.lock);
}

static void fill_state(struct target_state *ret)
{
        *ret = (struct target_state){.present = rig_dns.rrset[0], .value = mem_strdup(rig_dns.rrset), .ttl_s = 30};
        if (rig_dns.stamp[0])
                dns_stamp_parse(rig_dns.stamp, &ret->stamp);
}

static enum err memory_read(struct target_visit *visit)
{
        rig_dns.reads++;
        if (rig_dns.read_refusal)
                return err_set(&visit->why, rig_dns.read_refusal, "REFUSED");
        fill_state(&visit->found);
        return ERR_OK;
}

static enum err memory_swap(struct target_visit *visit)
{
        rig_dns.writes++;
        if (rig_dns.write_refusal)
                return err_set(&visit->why, rig_dns.write_refusal, "REFUSED");
        if (strcmp(visit->expected->value, rig_dns.rrset) != 0)
                return err_set(&visit->why, ERR_CONFLICT, "somebody changed it since it was read");
        const bool halves = rig_dns.halves;
        TEXT_COPY(rig_dns.rrset, halves ? "" : visit->want->value);
        rig_dns.halves = false;
        dns_stamp_print(visit->want, rig_dns.stamp, sizeof(rig_dns.stamp));
        if (halves)
                return err_set(&visit->why, ERR_INVALID, "took the update but serves \"\"");
        fill_state(&visit->found);
        return ERR_OK;
}

static void memory_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        (void)session;
        assert_int_equal(count, 1);
        (void)pthread_mutex_lock(&rig_dns.lock);
        visits->err = visits->verb == TARGET_READ ? memory_read(visits) : memory_swap(visits);
        (void)pthread_mutex_unlock(&rig_dns.lock);
}

static enum err memory_claims(struct target_session *session, const char *name, mono_ms deadline, char **ret_claim,
                              struct errmsg *reterr)
{
        (void)session, (void)name, (void)deadline, (void)reterr;
        (void)pthread_mutex_lock(&rig_dns.lock);
        *ret_claim = rig_dns.claim[0] ? mem_strdup(rig_dns.claim) : NULL;
        (void)pthread_mutex_unlock(&rig_dns.lock);
        return ERR_OK;
}

static enum err memory_alive(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                             struct errmsg *reterr)
{
        (void)session, (void)reterr;
        *ret_heard = mem_strdup(alive->say ? alive->say : "");
        return ERR_OK;
}

static enum err memory_preflight(struct target_session *session, struct target_preflight *preflight, struct errmsg *reterr)
{
        (void)session;
        assert_true(preflight->value_count > 0 && strncmp(preflight->values[0], "A ", 2) == 0);
        (void)pthread_mutex_lock(&rig_dns.lock);
        rig_dns.preflights++;
        enum err err = rig_dns.rights;
        (void)pthread_mutex_unlock(&rig_dns.lock);
        return err == ERR_OK ? err : err_set(reterr, err, "192.0.2.53:53: the key may not write");
}

static enum err memory_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr);

static void memory_close(struct target_session *session)
{
        free(session);
}

static struct target_driver memory_driver = {.name = "rfc2136",
                                                   .kind = TARGET_NAME,
                                                   .limits = {.visit_ms = 5000,
                                                              .read_every_ms = 30000,
                                                              .preflight_every_ms = 600000,
                                                              .session_ms = 60000,
                                                              .at_once = 3,
                                                              .batch_max = 1,
                                                              .may_halve = true,
                                                              .fenced = true,
                                                              .can_arbitrate = true},
                                                   .where = "nameserver",
                                                   .open = memory_open,
                                                   .visit = memory_visit,
                                                   .claims = memory_claims,
                                                   .alive = memory_alive,
                                                   .preflight = memory_preflight,
                                                   .close = memory_close};

static enum err memory_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)config, (void)reterr;
        *ret = mem_new(*ret);
        (*ret)->driver = &memory_driver;
        return ERR_OK;
}

/* In place of targets/registry.c. */
const struct target_driver *target_driver_find(const char *name)
{
        memory_driver.limits.fenced = !rig_dns.is_weak;
        return strcmp(name, memory_driver.name) == 0 ? &memory_driver : NULL;
}

/* ---- the API server ---- */

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

enum watched { WATCHED_PLANES, WATCHED_POLICIES, WATCHED_LEASES };

static enum watched kind_in(const char *target)
{
        return strstr(target, "/managementplanes")   ? WATCHED_PLANES
               : strstr(target, "/failoverpolicies") ? WATCHED_POLICIES
                                                     : WATCHED_LEASES;
}

/* A policy has planes. */
static enum watched kind_of(const json_t *object)
{
        return json_object_get(json_object_get(object, "spec"), "planes") ? WATCHED_POLICIES : WATCHED_PLANES;
}

void rig_keep(struct rig *rig, json_t *object)
{
        size_t i;
        json_t *kept;
        json_array_foreach(rig->objects, i, kept)
        {
                if (kind_of(kept) == kind_of(object) && strcmp(api_object_meta(kept, "name"), api_object_meta(object, "name")) == 0) {
                        json_array_set(rig->objects, i, object);
                        return;
                }
        }
        json_array_append(rig->objects, object);
}

static void change(struct rig *rig, json_t *object, enum watched kind)
{
        api_object_set_version(object, (uint64_t)++rig->version);
        struct fake_peer *watch = rig->watches[kind];
        if (!watch || !fake_is_open(rig->api, watch))
                return;
        char *line = api_object_event("MODIFIED", object);
        fake_text(watch, line);
        free(line);
}

/* One policy a page, where the rig says so: the token is the number of the next one. */
static json_t *take_page(struct rig *rig, json_t *items, const char *target, char ret_token[static 24])
{
        const char *token = strstr(target, "continue=");
        const size_t at = token ? strtoul(token + strlen("continue="), NULL, 10) : 0;
        ret_token[0] = '\0';
        if (!rig->is_paged || json_array_size(items) <= 1)
                return items;
        json_t *page = json_pack("[O]", json_array_get(items, at));
        if (at + 1 < json_array_size(items))
                (void)snprintf(ret_token, 24, "%zu", at + 1);
        json_decref(items);
        return page;
}

static void on_list(struct rig *rig, struct fake_peer *peer, const char *target)
{
        const enum watched kind = kind_in(target);
        json_t *items = json_array(), *object;
        char token[24];
        size_t i;
        rig->policy_lists += kind == WATCHED_POLICIES;
        if (kind == WATCHED_POLICIES && rig->list_refusal) {
                json_decref(items);
                answer_status(peer, rig->list_refusal);
                return;
        }
        json_array_foreach(rig->objects, i, object)
        {
                if (kind == kind_of(object))
                        json_array_append(items, object);
        }
        if (kind == WATCHED_LEASES && rig->lease)
                json_array_append(items, rig->lease);
        items = take_page(rig, items, target, token);
        json_t *list = api_object_list(items, "planekeeper.io/v1alpha1", (uint64_t)rig->version);
        json_object_set_new(json_object_get(list, "metadata"), "continue", json_string(token));
        answer_json(peer, 200, list);
        json_decref(list);
}

static void on_status(struct rig *rig, struct fake_peer *peer, const struct fake_request *request)
{
        json_t *patch = json_loads(request->body, 0, NULL), *object;
        const enum watched kind = kind_in(request->target);
        size_t i;
        rig->statuses++;
        if (kind == WATCHED_POLICIES)
                (void)snprintf(rig->last_status, sizeof(rig->last_status), "%s", request->body);
        json_array_foreach(rig->objects, i, object)
        {
                char path[128];
                (void)snprintf(path, sizeof(path), "/%s/status", api_object_meta(object, "name"));
                if (kind_of(object) != kind || !strstr(request->target, path))
                        continue;
                if (!api_object_admits(object, patch)) {
                        answer_status(peer, 409);
                        break;
                }
                json_object_set(object, "status", json_object_get(patch, "status"));
                change(rig, object, kind);
                answer_json(peer, 200, object);
                break;
        }
        if (i == json_array_size(rig->objects))
                answer_status(peer, 404);
        json_decref(patch);
}

static void store_lease(struct rig *rig, const char *text)
{
        json_t *body = json_loads(text, 0, NULL);
        json_t *lease = rig->lease ? rig->lease : body;
        if (rig->lease) {
                api_object_merge(rig->lease, body);
                json_decref(body);
        }
        rig->lease = lease;
        change(rig, lease, WATCHED_LEASES);
}

static void on_lease(struct rig *rig, struct fake_peer *peer, const struct fake_request *request)
{
        rig->lease_requests++;
        bool is_read = strcmp(request->method, "GET") == 0;
        if (rig->lease_refusal || (is_read && !rig->lease)) {
                answer_status(peer, rig->lease_refusal ? rig->lease_refusal : 404);
                return;
        }
        rig->lease_writes += !is_read;
        if (!is_read)
                store_lease(rig, request->body);
        answer_json(peer, is_read ? 200 : 201, rig->lease);
}

static void on_announcement(struct rig *rig, struct fake_peer *peer, const struct fake_request *request)
{
        const bool is_read = strcmp(request->method, "GET") == 0, is_new = strcmp(request->method, "POST") == 0;
        json_t *body = is_read ? NULL : json_loads(request->body, 0, NULL);
        if (is_new == (rig->announced != NULL) || (body && !is_new && !api_object_admits(rig->announced, body))) {
                answer_status(peer, rig->announced ? 409 : 404);
        } else {
                if (is_new)
                        rig->announced = json_incref(body);
                else if (body)
                        api_object_merge(rig->announced, body);
                rig->announcements += !is_read;
                if (body)
                        api_object_set_version(rig->announced, (uint64_t)++rig->version);
                answer_json(peer, is_new ? 201 : 200, rig->announced);
        }
        json_decref(body);
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        const char *target = request->target;
        if (rig->is_mute)
                return;
        if (strstr(target, "watch=")) {
                rig->watches[kind_in(target)] = peer;
                fake_begin(peer, 200);
        } else if (strstr(target, "limit="))
                on_list(rig, peer, target);
        else if (strstr(target, "/namespaces/kube-system"))
                fake_answer(peer, 200, rig->date,
                            rig->hub_is_new ? "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"hub-2\"}}"
                                            : "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"hub\"}}");
        else if (strstr(target, "/secrets/") && rig->secret)
                answer_json(peer, 200, rig->secret);
        else if (strstr(target, "/configmaps/planekeeper"))
                fake_answer(peer, rig->kill_switch_status ? rig->kill_switch_status : 200, "",
                            rig->kill_switch ? rig->kill_switch : "{\"data\":{}}");
        else if (strstr(target, "/namespaces/told/leases"))
                on_announcement(rig, peer, request);
        else if (strstr(target, "/leases"))
                on_lease(rig, peer, request);
        else if (strstr(target, "/events")) {
                rig->events++;
                rig->late_events += strstr(request->body, "LoopLate") != NULL;
                (void)snprintf(rig->last_event, sizeof(rig->last_event), "%s", request->body);
                fake_answer(peer, 201, "", "{}");
        } else if (strstr(target, "/status")) {
                on_status(rig, peer, request);
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
        bool is_asking = manager->admission.permits || manager->identity.call || manager->kill_switch.call;
        return executor_depth(manager->executor) || (is_asking && !rig->is_mute);
}

void rig_pass(struct rig *rig, mono_ms duration_ms)
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

json_t *rig_new_policy(const char *name, const char *uid, long version, const char *created)
{
        json_t *policy =
            json_pack("{s:{s:s, s:s, s:s, s:o, s:i, s:s}, s:{s:s, s:[s, s], s:{s:s, s:{s:s}}}}", "metadata", "name",
                      name, "namespace", "ns", "uid", uid, "resourceVersion", json_sprintf("%ld", version),
                      "generation", 1, "creationTimestamp", created, "spec", "mode", "Automatic", "planes", "a", "b",
                      "dns", "name", "gloo.example.com", "rfc2136", "nameserver", "192.0.2.53");
        assert_non_null(policy);
        return policy;
}

/* What the API server told before is taken before what it tells now: a line on its way would bring an old object back. */
static void settle(struct rig *rig)
{
        enum { QUIET_TURNS = 100 };
        const struct timespec pause = {.tv_nsec = 300000};
        for (unsigned turn = 0; turn < QUIET_TURNS; turn++) {
                (void)nanosleep(&pause, NULL);
                fake_turn(rig->loop);
        }
}

struct policy *rig_set_policy(struct rig *rig, json_t *object)
{
        settle(rig);
        struct policy *policy = policy_obtain(
            &rig->manager, "ns", json_string_value(json_object_get(json_object_get(object, "metadata"), "name")));
        rig_keep(rig, object);
        rig->manager.policy_list = ++rig->manager.list_generation; /* as a list that was begun by now names it */
        policy_set(policy, object);
        return policy;
}

void rig_restore_gloo(struct rig *rig, json_t *object)
{
        json_decref(rig->policy);
        rig->policy = object;
        rig_keep(rig, object);
}

struct policy *rig_set_gloo(struct rig *rig, const char *uid, long version)
{
        json_decref(rig->policy);
        rig->policy = rig_new_policy("gloo", uid, version, "2026-11-01T00:00:00Z");
        return rig_set_policy(rig, rig->policy);
}

static void rig_set_plane(struct rig *rig, const char *name, const char *address)
{
        json_t *plane = json_pack("{s:{s:s, s:s, s:s, s:s, s:i}, s:{s:{s:s, s:i}}}", "metadata", "name", name,
                                  "namespace", "ns", "uid", name, "resourceVersion", "12", "generation", 1, "spec",
                                  "server", "address", address, "port", fake_api_port(rig->api));
        rig_keep(rig, plane);
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

int rig_open(void **state)
{
        struct rig *rig = mem_new(rig);
        clock_stands_still = true; /* none passes while the machine is busy */
        leap_ms = 0;
        clock_wall_step_ms = 0;
        rig_dns_set("A 127.0.0.1", ERR_OK, ERR_OK);
        rig_dns.reads = rig_dns.writes = 0;
        rig->version = 100;
        rig->date = "";
        rig->objects = json_array();
        rig->loop = loop_open();
        rig->api = fake_api_open(rig->loop, on_request, rig);
        *state = rig;
        return 0;
}

void rig_start(struct rig *rig)
{
        struct kube_config config = config_of(rig), election_config = config_of(rig);
        manager_open(&rig->manager, rig->loop, &config, &election_config, &options);
        rig_pass(rig, 500);                   /* the lists, which name nothing; what comes afterwards stays */
        rig_set_plane(rig, "a", "127.0.0.1"); /* where the API server listens: healthy */
        rig_set_plane(rig, "b", "127.0.0.2"); /* where nobody does */
        rig_pass(rig, 200);
}

int rig_close(void **state)
{
        struct rig *rig = *state;
        manager_close(&rig->manager);
        fake_api_close(rig->api);
        loop_close(rig->loop);
        json_decref(rig->lease);
        json_decref(rig->announced);
        json_decref(rig->policy);
        json_decref(rig->objects);
        json_decref(rig->secret);
        free(rig);
        return 0;
}
