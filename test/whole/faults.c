/* faults.c -- the kinds of fault. */
#include "faults.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "deeds.h"
#include "redis_servers.h"
#include "util/mem.h"

/* ---- troubles of places and ways ---- */

static int *field(struct trouble *trouble, size_t offset)
{
        return (int *)(void *)((char *)trouble + offset);
}

struct trouble_kind {
        size_t offset;
        int amount;
        bool is_way;         /* of one operator; else the place itself */
        enum locality first; /* AT_API and AT_PLANE: the fault's cluster, plane */
        unsigned count;      /* of places from there on; 0: just that one */
};

static void add(const struct fault *fault, const struct trouble_kind *kind, int sign)
{
        unsigned first = kind->first;
        if (kind->first == AT_PLANE && !kind->count)
                first += fault->plane;
        if (kind->first == AT_PLANE_API && !kind->count)
                first += fault->plane;
        if (kind->first == AT_PLANE_REDIS && !kind->count)
                first += fault->plane;
        if (kind->first == AT_NAMESERVER)
                first += fault->plane % NAMESERVERS_MAX;
        if (kind->first == AT_API && !kind->count)
                first += fault->cluster;
        for (unsigned place = first; place < first + (kind->count ? kind->count : 1); place++) {
                struct trouble *trouble = kind->is_way ? &world.ways[fault->host->index][place] : &world.places[place];
                *field(trouble, kind->offset) += sign * kind->amount;
        }
}

/* ---- all of them ---- */

#define FIELD(name) offsetof(struct trouble, name)
#define PLACE(name_, field_, amount_, first_)                                                            \
        {                                                                                                \
                .name = name_, .trouble = {.offset = FIELD(field_), .amount = amount_, .first = first_ } \
        }
/* Until the history's own end: what is tried again must find its voice. */
#define LASTING(name_, field_, amount_, first_)                                                        \
        {                                                                                              \
                .name = name_, .trouble = {.offset = FIELD(field_), .amount = amount_, .first = first_}, \
                .is_lasting = true                                                                     \
        }
#define WAY(name_, field_, amount_, first_, count_)                                        \
        {                                                                                  \
                .name = name_, .trouble = { FIELD(field_), amount_, true, first_, count_ } \
        }
#define DEED(name_, begin_)                    \
        {                                      \
                .name = name_, .begin = begin_ \
        }
#define STATE(name_, begin_, end_)                          \
        {                                                   \
                .name = name_, .begin = begin_, .end = end_ \
        }

static const struct fault_kind {
        const char *name;
        struct trouble_kind trouble; /* amount 0: none */
        deed *begin, *end;
        bool is_lasting;
} kinds[] = {
    PLACE("plane-refuses", refused, 1, AT_PLANE),
    PLACE("plane-silent", silent, 1, AT_PLANE),
    PLACE("plane-slow", slow_ms, 900, AT_PLANE),
    PLACE("plane-503", broken, 1, AT_PLANE),
    PLACE("plane-loses-packets", lost_requests, 300, AT_PLANE),
    PLACE("api-refuses", refused, 1, AT_API),
    PLACE("api-silent", silent, 1, AT_API),
    PLACE("api-slow", slow_ms, 1500, AT_API),
    PLACE("api-loses-requests", lost_requests, 300, AT_API),
    PLACE("api-loses-replies", lost_replies, 300, AT_API),
    PLACE("api-late-requests", late_requests, 200, AT_API),
    PLACE("api-503", broken, 1, AT_API),
    PLACE("api-500-but-done", broken_replies, 1, AT_API),
    PLACE("api-429", throttled, 1, AT_API),
    PLACE("api-403", denied, 1, AT_API),
    LASTING("api-answers-late", late_ms, 2000, AT_API),
    LASTING("election-refused", election_refused, 1, AT_API),
    LASTING("records-refused", records_refused, 1, AT_API),
    PLACE("dns-refuses", refused, 1, AT_DNS),
    PLACE("dns-silent", silent, 1, AT_DNS),
    PLACE("dns-loses-replies", lost_replies, 400, AT_DNS),
    PLACE("dns-late-updates", late_requests, 300, AT_DNS),
    PLACE("dns-servfail", broken, 1, AT_DNS),
    PLACE("dns-denies-us", denied, 1, AT_DNS),
    PLACE("dns-empties-the-name", half_writes, 1, AT_DNS),
    PLACE("redis-refuses", refused, 1, AT_REDIS),
    PLACE("redis-silent", silent, 1, AT_REDIS),
    PLACE("redis-loses-replies", lost_replies, 400, AT_REDIS),
    PLACE("redis-late-writes", late_requests, 300, AT_REDIS),
    PLACE("redis-denies-us", denied, 1, AT_REDIS),
    PLACE("resolver-silent", silent, 1, AT_RESOLVER),
    WAY("operator-cut-from-plane", silent, 1, AT_PLANE, 0),
    WAY("operator-cut-from-api", silent, 1, AT_API, CLUSTERS_MAX),
    WAY("operator-cut-from-all-but-api", silent, 1, AT_DNS, PLACE_COUNT - AT_DNS),
    WAY("operator-cut-from-all", silent, 1, AT_API, PLACE_COUNT),
    WAY("operator-cut-by-refusal", refused, 1, AT_DNS, PLACE_COUNT - AT_DNS),
    WAY("operator-loses-packets", lost_requests, 300, AT_API, PLACE_COUNT),
    DEED("operator-killed", kill_host),
    DEED("operator-stopped", stop_host),
    DEED("operator-paused", pause_host),
    DEED("operator-clock-jumps", jump_host),
    DEED("api-clock-jumps", jump_api),
    DEED("watches-cut", cut_watches),
    DEED("watches-half-open", silence_watches),
    DEED("watches-expire", compact),
    DEED("election-lost", lose_election),
    DEED("redis-loses-last-write", lose_last_write),
    DEED("redis-forgets-behind-a-frozen-zone", freeze_and_forget),
    DEED("redis-loses-all", lose_all),
    STATE("redis-replica-lags", lag_replica, end_lag),
    DEED("redis-replica-cut-by-a-move", cut_replica),
    DEED("redis-replica-promoted", promote_replica),
    DEED("record-deleted", lose_record),
    DEED("hub-rebuilt", rebuild_hub),
    DEED("status-wiped", lose_status),
    DEED("zone-restored", restore_zone),
    DEED("name-moved-by-hand", move_name_by_hand),
    DEED("name-removed-by-hand", remove_name_by_hand),
    DEED("lock-moved-by-hand", move_lock_by_hand),
    DEED("stamp-removed-by-hand", remove_stamp_by_hand),
    STATE("suspended", suspend, resume),
    STATE("advised", advise, automate),
    DEED("ttl-edited", edit_ttl),
    DEED("detection-edited", edit_delay),
    DEED("switch-requested", ask_for_switch),
    DEED("adoption-requested", ask_for_adoption),
    STATE("switch-requested-in-advise", ask_in_advise, automate),
    DEED("request-mistyped", mistype_request),
    STATE("kill-switch", throw_kill_switch, release_kill_switch),
    STATE("policy-deleted", delete_policy, put_policy),
    STATE("plane-set-aside", set_aside, take_back),
    {.name = "name-lost", .begin = lose_name, .end = find_name, .is_lasting = true},
    STATE("store-restored", back_up, restore),
    /* From here on in wide histories only. */
    PLACE("plane-api-silent", silent, 1, AT_PLANE_API),
    PLACE("plane-api-blinks", lost_requests, 200, AT_PLANE_API),
    STATE("path-cut-and-looks-blink", cut_path, mend_path),
    STATE("deployment-without-replicas", lose_replicas, find_replicas),
    PLACE("nameserver-silent", silent, 1, AT_NAMESERVER),
    PLACE("nameserver-blinks", lost_requests, 300, AT_NAMESERVER),
    STATE("nameserver-lags", lag_nameserver, mend_lag),
    STATE("nameserver-astray", lead_astray, lead_back),
    STATE("another-tool-claims", claim_name, yield_name),
    STATE("users-answered-otherwise", divert_users, lead_users),
    STATE("dns-passes-updates-on", forward_updates, take_updates),
    STATE("text-mistyped", mistype, correct), /* the last of those */
    /* From here on only where a Redis primary moves. */
    STATE("region-dies", kill_region, start_region),
    STATE("region-redis-dies", kill_redis, start_redis),
    STATE("region-redis-cut-off", cut_redis, mend_redis),
    STATE("region-redis-copy-hangs", hold_copies, end_copies),
    PLACE("region-redis-silent", silent, 1, AT_PLANE_REDIS),
    PLACE("region-redis-loses-replies", lost_replies, 300, AT_PLANE_REDIS),
    PLACE("region-redis-late-commands", late_requests, 200, AT_PLANE_REDIS),
    {.name = "pipeline-refused", .begin = refuse_pipeline, .end = take_pipeline, .is_lasting = true},
    /* From here on only where a Job sets the lock. */
    STATE("job-finds-no-node", hold_pods, let_pods),
    STATE("job-fails", fail_jobs, mend_jobs),
    STATE("job-cannot-be-ended", lose_nodes, find_nodes),
    STATE("job-of-another-owner", squat_job, yield_job),
};
enum {
        KINDS = sizeof(kinds) / sizeof(kinds[0]),
        KINDS_JOBS = 4,
        KINDS_PROMOTED = 8,
        KINDS_OTHERS = KINDS - KINDS_JOBS - KINDS_PROMOTED,
        KINDS_WIDE = 12
};

uint64_t faults_counts[KINDS];

unsigned faults_kinds(void)
{
        return KINDS;
}

const char *faults_name(unsigned kind)
{
        return kinds[kind].name;
}

static void end_fault(void *ctx)
{
        struct fault *fault = ctx;
        const struct fault_kind *kind = &kinds[fault->kind];
        if (!vtime_is_over()) {
                world_trace("over: %s", kind->name);
                if (kind->trouble.amount)
                        add(fault, &kind->trouble, -1);
                if (fault->takes_replicas)
                        find_replicas(fault);
                if (kind->end)
                        kind->end(fault);
        }
        free(fault);
}

static void extend(vtime_us *until, vtime_us to)
{
        if (*until < to)
                *until = to;
}

/* Who is not what it should be, and until when. */
static void note_who_suffers(const struct fault *fault, const struct fault_kind *kind)
{
        const struct trouble_kind *trouble = &kind->trouble;
        bool is_of_host = trouble->is_way || deed_is_of_host(kind->begin);
        if (kind->begin == mistype) /* what is said of a plane, perhaps */
                extend(&world.plane_until[fault->plane], fault->ends_at);
        if (is_of_host)
                extend(&world.host_until[fault->host->index], fault->ends_at);
        else if ((trouble->amount && trouble->first == AT_PLANE) || deed_is_of_plane(kind->begin))
                extend(&world.plane_until[fault->plane], fault->ends_at);
        else if (deed_is_of_nameserver(kind->begin) ||
                 (trouble->amount && (trouble->first == AT_PLANE_API || trouble->first == AT_NAMESERVER)))
                return; /* what only shows, or is not known of a Deployment, harms nobody */
        else
                extend(&world.servers_until, fault->ends_at);
}

static void begin_fault(void *ctx)
{
        struct fault *fault = ctx;
        const struct fault_kind *kind = &kinds[fault->kind];
        if (vtime_is_over()) {
                free(fault);
                return;
        }
        world_trace("fault: %s (operator %u, plane %s, policy %u) for %.1f s", kind->name, fault->host->index,
                    world_plane(fault->plane), fault->policy, (double)(fault->ends_at - vtime_now()) / VTIME_S);
        faults_counts[fault->kind]++;
        note_who_suffers(fault, kind);
        if (kind->trouble.amount)
                add(fault, &kind->trouble, 1);
        if (fault->takes_replicas)
                lose_replicas(fault);
        if (kind->begin)
                kind->begin(fault);
        vtime_at(fault->ends_at, end_fault, fault);
}

int faults_find(const char *name)
{
        for (unsigned i = 0; i < KINDS; i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return (int)i;
        return -1;
}

void faults_begin(const struct fault *given)
{
        struct fault *fault = mem_new(fault);
        *fault = *given;
        begin_fault(fault);
}

/* A plane's are what it is all about, and a typo can be in many texts. */
static unsigned draw_kind(void)
{
        if (world.policies[0].is_promoted && chance(500))
                return KINDS_OTHERS + chance_below(KINDS_PROMOTED);
        if (world.policies[0].has_lock_job && chance(500))
                return KINDS - KINDS_JOBS + chance_below(KINDS_JOBS);
        if (world.policies[0].has_fence && chance(300))
                return (unsigned)faults_find(chance(500) ? "plane-api-silent" : "plane-api-blinks");
        if (chance(300))
                return chance_below(5);
        if (!world.is_wide)
                return chance_below(KINDS_OTHERS - KINDS_WIDE);
        return chance(60) ? KINDS_OTHERS - 1 : chance_below(KINDS_OTHERS);
}

void faults_draw(unsigned count, vtime_us until)
{
        enum { LONGEST_S = 20 };
        const vtime_us from = vtime_now();
        for (unsigned i = 0; i < count; i++) {
                struct fault *fault = mem_new(fault);
                vtime_us begins = from + (vtime_us)(chance_bits() % (uint64_t)(until - from));
                vtime_us lasts = (vtime_us)(chance_bits() % (uint64_t)(LONGEST_S * VTIME_S));
                *fault = (struct fault){
                    .kind = draw_kind(),
                    .host = &hosts[chance_below(world.host_count)],
                    .cluster = chance_below(world.cluster_count),
                    .plane = chance_below(world.plane_count),
                    .policy = chance_below(world.policy_count),
                    .ends_at = begins + lasts < until ? begins + lasts : until,
                };
                const struct trouble_kind *trouble = &kinds[fault->kind].trouble;
                fault->takes_replicas = trouble->amount && !trouble->is_way && trouble->first == AT_PLANE &&
                                        world.is_wide && chance(700);
                if (kinds[fault->kind].is_lasting)
                        fault->ends_at = until;
                vtime_at(begins, begin_fault, fault);
        }
}

void faults_strike(unsigned plane)
{
        world_trace("for good: %s is dead", world_plane(plane));
        if (chance(500))
                world.places[AT_PLANE + plane].refused++;
        else
                world.places[AT_PLANE + plane].silent++;
        world.plane_until[plane] = INT64_MAX;
        if (world.policies[0].is_promoted && chance(500))
                redis_servers_die(plane);
        if (world.is_wide && chance(500))
                world.replicas_lost[plane]++;
        else
                world.places[AT_PLANE_API + plane].silent++;
}

void faults_heal(void)
{
        for (unsigned i = 0; i < world.host_count; i++)
                host_start(&hosts[i]);
        world.is_healed = true;
        if (world.went_back)
                apply_again();
}
