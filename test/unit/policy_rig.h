/*
 * policy_rig.h -- whole passes of policies: a scripted API server, DNS in memory, a clock of our own, and everything
 * between them as shipped.
 *
 * Linked in place of runtime/clock.c and targets/dns/registry.c, so only with tests that include this. Two planes,
 * "a" healthy and "b" not, and a policy "gloo" in namespace "ns". The rig owns everything; rig_close() frees it.
 * Threads: the test's own, but for struct rig_dns, which jobs look at under its lock.
 */
#ifndef PK_TEST_POLICY_RIG_H
#define PK_TEST_POLICY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <pthread.h>

#include "fake_api.h"
#include "leap_clock.h"
#include "reconcile/manager.h"
#include "reconcile/policy.h"
#include "targets/fence.h"

/* A minute passes at once, and none while the machine is busy. */

/* One name. */
struct rig_dns {
        pthread_mutex_t lock;
        char rrset[64], stamp[TARGET_STAMP_BYTES];
        char claim[64]; /* what another tool says of the name; "" none */
        unsigned reads, writes, preflights;
        enum err rights; /* what a preflight is answered */
        enum err read_refusal, write_refusal; /* ERR_OK: none */
        bool halves;                          /* the next write leaves its stamp and an empty name */
        bool is_weak; /* its driver says that nothing there refuses what is older */
};
extern struct rig_dns rig_dns;

/* The name as somebody left it, without a stamp. */
void rig_dns_set(const char *rrset, enum err read_refusal, enum err write_refusal);

struct rig {
        struct loop *loop;
        struct fake_api *api;
        struct manager manager;
        const char *kill_switch; /* the ConfigMap; NULL: it says nothing */
        int kill_switch_status;  /* of the answer; 0: 200 */
        const char *date;  /* header with the API server's clock, or "" */
        int lease_refusal; /* HTTP status of everything about record Leases; 0: none */
        bool is_mute;      /* nothing is answered any more */
        json_t *lease;     /* the record Lease of policy gloo; NULL: none */
        json_t *announced; /* Lease planekeeper-active in namespace told; NULL: none */
        unsigned announcements; /* writes of it */
        json_t *policy;    /* policy gloo, for uncached reads */
        json_t *secret;    /* whatever its name; NULL: there is none */
        bool hub_is_new;   /* namespace kube-system has the UID hub-2, and not hub */
        json_t *objects;   /* planes and policies as they are listed */
        bool is_paged;     /* lists have one object a page */
        int list_refusal;  /* HTTP status of each list of policies; 0: none */
        unsigned policy_lists; /* pages of policies that were asked for */
        struct fake_peer *watches[3];
        long version;
        unsigned lease_requests, lease_writes, confirms, statuses, events;
        char last_event[1024];
        char last_status[32768]; /* of a policy */
        unsigned late_events;
};

/* For cmocka's setup and teardown. */
int rig_open(void **state);
int rig_close(void **state);

void rig_start(struct rig *rig); /* the operator, and its two planes */
/* Time passes in small steps; in each, everything that is due, and every job, is done. */
void rig_pass(struct rig *rig, mono_ms duration_ms);

json_t *rig_new_policy(const char *name, const char *uid, long version, const char *created);
struct policy *rig_set_policy(struct rig *rig, json_t *object);
void rig_keep(struct rig *rig, json_t *object); /* a plane or a policy that lists name from now on */
/* etcd was restored: from now on that is policy gloo, and no watch says so. It is moved in. */
void rig_restore_gloo(struct rig *rig, json_t *object);
struct policy *rig_set_gloo(struct rig *rig, const char *uid, long version);

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

#endif
