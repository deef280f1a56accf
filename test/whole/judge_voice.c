/*
 * judge_voice.c -- where nobody leads. What can be done is done: an API server that answers, however late, has a leader
 * soon. What cannot be done is said: every process that is up says in /readyz why, and the status of what nobody judges
 * says so as soon as it can be written.
 */
#include <stdio.h>
#include <string.h>

#include "judge_parts.h"

enum {
        LEADS_S = 25,   /* with answers that are late by seconds, too */
        SPEAKS_S = 25,  /* the lease of one that is gone, and a lease of trouble after it */
        QUIET_S = 6,    /* it sees another's claim taken, whose answer is late */
        WRITTEN_S = 35,
};

static struct {
        vtime_us led_at[CLUSTERS_MAX];   /* when somebody last did */
        vtime_us clear_at[CLUSTERS_MAX]; /* when something was last wrong that no write of ours can get through */
        vtime_us refused_at[CLUSTERS_MAX];
        vtime_us sick_at[HOSTS_MAX]; /* when it was last down, stopping or paused */
        vtime_us cut_at[HOSTS_MAX];  /* or when its way to its API server was not clear */
        vtime_us spoke_at[HOSTS_MAX]; /* when it was last not ready, and said why */
        bool is_counted[CLUSTERS_MAX];
        unsigned count;
} voice;

void judge_voice_begin(void)
{
        memset(&voice, 0, sizeof(voice));
}

unsigned judge_voices(void)
{
        return voice.count;
}

/* Nothing is wrong there but what is looked at by itself. */
static bool is_clear(const struct trouble *trouble)
{
        struct trouble others = *trouble;
        const struct trouble none = {0};
        others.late_ms = others.election_refused = others.records_refused = 0;
        return memcmp(&others, &none, sizeof(none)) == 0;
}

static bool is_for(vtime_us at, unsigned seconds)
{
        return vtime_now() - at >= (vtime_us)seconds * VTIME_S;
}

static void note_host(const struct host *host)
{
        bool is_up = host->is_alive && host->has_services && !host->is_stopping && host->paused_until <= vtime_now();
        if (!is_up || !is_for(voice.led_at[host->cluster], SPEAKS_S))
                voice.spoke_at[host->index] = vtime_now();
        if (!is_up)
                voice.sick_at[host->index] = vtime_now();
        if (!is_clear(&world.ways[host->index][AT_API + host->cluster]))
                voice.cut_at[host->index] = vtime_now();
        if (is_up && host->manager.is_leader)
                voice.led_at[host->cluster] = vtime_now();
}

static void note_cluster(unsigned cluster)
{
        const struct trouble *trouble = &world.places[AT_API + cluster];
        if (!is_clear(trouble))
                voice.clear_at[cluster] = vtime_now();
        if (trouble->election_refused > 0)
                voice.refused_at[cluster] = vtime_now();
        if (!is_for(voice.led_at[cluster], SPEAKS_S))
                voice.is_counted[cluster] = false;
}

/* V1: a process that is up and cannot lead, nor follow, is not ready, and says why. */
static void check_readiness(const struct host *host)
{
        struct strbuf why = STRBUF_INIT(1024);
        bool is_ready = manager_is_ready(&host->manager, &why);
        if (!is_ready && strbuf_text(&why)[0])
                voice.spoke_at[host->index] = vtime_now();
        else if (is_for(voice.spoke_at[host->index], QUIET_S))
                world_violated("V1: nobody leads cluster %u for %d s, and operator %u says that it is ready",
                               host->cluster, SPEAKS_S, host->index);
        strbuf_deinit(&why);
        voice.count += !voice.is_counted[host->cluster];
        voice.is_counted[host->cluster] = true;
}

/*
 * V2: what nobody judges says so, and not what was so when somebody did. Where the store went back under a watch that
 * says nothing, it takes a period of that watch, which is minutes, until it is seen.
 */
static void check_status(const struct host *host)
{
        for (unsigned i = 0; i < world.policy_count; i++) {
                const json_t *object = api_find(host->cluster, API_POLICIES, NAMESPACE, world.policies[i].name);
                const json_t *status = json_object_get(object, "status");
                const char *state = json_string_value(json_object_get(status, "state"));
                if (state && strcmp(state, "NoLeader") != 0)
                        world_violated("V2: nobody leads cluster %u for %d s, and policy %u says %s", host->cluster,
                                       WRITTEN_S, i, state);
        }
}

static void check_host(const struct host *host)
{
        const unsigned i = host->index, cluster = host->cluster;
        bool is_near = is_for(voice.cut_at[i], LEADS_S) && is_for(voice.clear_at[cluster], LEADS_S);
        if (is_for(voice.led_at[cluster], SPEAKS_S) && is_for(voice.sick_at[i], SPEAKS_S))
                check_readiness(host);
        if (is_for(voice.led_at[cluster], LEADS_S) && is_for(voice.sick_at[i], LEADS_S) && is_near &&
            is_for(voice.refused_at[cluster], LEADS_S))
                world_violated("V3: nobody leads cluster %u for %d s, and its API server answers", cluster, LEADS_S);
        if (is_for(voice.led_at[cluster], WRITTEN_S) && is_for(voice.sick_at[i], WRITTEN_S) &&
            is_for(voice.cut_at[i], WRITTEN_S) && is_for(voice.clear_at[cluster], WRITTEN_S) && !world.went_back)
                check_status(host);
}

void judge_voice(void)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                note_cluster(cluster);
        for (unsigned i = 0; i < world.host_count; i++)
                note_host(&hosts[i]);
        for (unsigned i = 0; i < world.host_count; i++)
                check_host(&hosts[i]);
}
