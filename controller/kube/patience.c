/* patience.c -- how long an answer is waited for. */
#include "kube/patience.h"

static mono_ms bounded(const struct patience *patience, mono_ms timeout)
{
        mono_ms most = patience->base * PATIENCE_GROWTH_MAX;
        return timeout < patience->base ? patience->base : timeout > most ? most : timeout;
}

/* The time-out grows at once and shrinks slowly, because one quick answer between slow ones proves little. */
void patience_answered(struct patience *patience, mono_ms latency)
{
        mono_ms wanted = bounded(patience, latency + latency / 2);
        patience->timeout = wanted >= patience->timeout ? wanted : (patience->timeout * 3 + wanted) / 4;
}

void patience_timed_out(struct patience *patience)
{
        patience->timeout = bounded(patience, patience->timeout * 2);
}

mono_ms patience_stretch(const struct patience *patience, mono_ms span)
{
        return span * patience->timeout / patience->base;
}
