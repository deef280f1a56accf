/* status_share.c -- a token bucket, and a number of writes in flight that the answers set. */
#include "reconcile/status_share.h"

void status_share_init(struct status_share *share, mono_ms now)
{
        *share = (struct status_share){
            .allowed = STATUS_IN_FLIGHT_FIRST, .tokens = STATUS_BURST, .filled_at = now};
}

static double capacity(const struct status_share *share)
{
        const double of_objects = (double)share->objects * STATUS_OBJECT_BURST;
        return of_objects > STATUS_BURST ? of_objects : STATUS_BURST;
}

/* An object that is new brings what may be written of it. */
void status_share_count(struct status_share *share, bool is_there)
{
        share->objects += is_there ? 1 : -1U;
        if (is_there)
                share->tokens += STATUS_OBJECT_BURST;
        if (share->tokens > capacity(share))
                share->tokens = capacity(share);
}

bool status_share_has_place(const struct status_share *share)
{
        return share->in_flight < (unsigned)share->allowed;
}

mono_ms status_share_free_at(struct status_share *share, mono_ms now)
{
        share->tokens += (double)(now - share->filled_at) * STATUS_PER_SECOND / 1000.0;
        if (share->tokens > capacity(share))
                share->tokens = capacity(share);
        share->filled_at = now;
        return share->tokens >= 1 ? now : now + 1000 / STATUS_PER_SECOND;
}

void status_share_sent(struct status_share *share)
{
        share->tokens -= 1;
        share->in_flight++;
}

void status_share_answered(struct status_share *share, enum err err, mono_ms took)
{
        const bool is_overloaded = err == ERR_TRANSIENT || err == ERR_UNKNOWN || took >= STATUS_SLOW_MS;
        share->in_flight--;
        if (is_overloaded)
                share->allowed /= 2;
        else if (took <= STATUS_QUICK_MS)
                share->allowed += 1 / share->allowed;
        if (share->allowed < 1)
                share->allowed = 1;
        if (share->allowed > STATUS_IN_FLIGHT_MAX)
                share->allowed = STATUS_IN_FLIGHT_MAX;
}

void status_share_cancelled(struct status_share *share)
{
        share->in_flight--;
}
