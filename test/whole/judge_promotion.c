/* judge_promotion.c -- the Redis primary, the pipeline and the fences: what no switch may do with them, and whether they came to rest. */
#include <inttypes.h>
#include <string.h>

#include "judge_parts.h"
#include "fences.h"
#include "pipeline.h"
#include "redis_servers.h"

static struct {
        uint64_t epoch; /* of the last operator that made one the primary */
        unsigned plane;
        bool is_there;
} made;

void judge_promotion_begin(void)
{
        memset(&made, 0, sizeof(made));
}

void judge_promoted(unsigned plane, uint64_t epoch, bool has_copy)
{
        world_trace("the Redis of %s is made the primary in epoch %" PRIu64, world_plane(plane), epoch);
        judge_holds(law_replica_is_promoted(has_copy), 0, epoch);
        const bool is_again = made.is_there && made.epoch == epoch && !judge.policies[0].is_touched;
        judge_holds(law_primary_is_made(is_again && made.plane != plane), 0, epoch);
        made.is_there = true;
        made.epoch = epoch;
        made.plane = plane;
}

void check_promotion(unsigned policy, const struct decision *decided)
{
        const int plane = judge_plane(decided->to);
        if (!world.policies[policy].is_promoted || plane < 0 || judge.policies[policy].is_touched)
                return;
        judge_holds(law_primary_is_followed(redis_servers_was_primary((unsigned)plane, decided->decided_at)), policy,
                    decided->epoch);
}

bool judge_is_primary(unsigned policy, const struct decision *decided)
{
        const int plane = judge_plane(decided->to);
        return !world.policies[policy].is_promoted || (plane >= 0 && redis_servers_is_primary((unsigned)plane));
}

bool judge_follows(unsigned policy, const struct decision *decided)
{
        const int plane = judge_plane(decided->to);
        const struct policy_config *config = &world.policies[policy];
        if (plane < 0)
                return !config->is_promoted && !config->has_pipeline && !config->has_fence;
        if (config->is_promoted && !redis_servers_follow((unsigned)plane))
                return false;
        if (config->has_fence && !fences_are_at(decided->epoch, decided->to))
                return false;
        return !config->has_pipeline || world.pipeline_refused > 0 || pipeline_is_at(decided->epoch, decided->to);
}
