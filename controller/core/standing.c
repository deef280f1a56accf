/* standing.c -- the standing of all targets together. */
#include "core/failover.h"

bool failover_stands(const struct view *view, const struct decision *decision, enum sync sync)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (decision->targets[i].sync == sync)
                        return true;
        return false;
}

bool failover_is_blocked(const struct view *view, const struct decision *decision, enum sync sync)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (decision->targets[i].is_blocking && decision->targets[i].sync == sync)
                        return true;
        return false;
}

unsigned failover_first_drift(const struct view *view, const struct decision *decision)
{
        unsigned found = view->target_count;
        for (unsigned i = view->target_count; i-- > 0;) {
                if (decision->targets[i].sync != SYNC_DRIFT)
                        continue;
                if (target_traits(view->targets[i].ref.kind)->leads_agents)
                        return i;
                found = found == view->target_count || decision->targets[i].is_blocking ? i : found;
        }
        return found;
}

bool failover_names_stand(const struct view *view, const struct decision *decision, enum sync sync)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (target_traits(view->targets[i].ref.kind)->leads_agents && decision->targets[i].sync == sync)
                        return true;
        return false;
}

bool failover_names_are_met(const struct view *view, const struct decision *decision)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (target_traits(view->targets[i].ref.kind)->leads_agents && decision->targets[i].sync != SYNC_MET)
                        return false;
        return true;
}
