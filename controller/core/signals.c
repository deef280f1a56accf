/* signals.c -- the faults that a passing check can show. */
#include "core/signals.h"

#include "core/health.h"

static const struct {
        const char *word, *sentence;
} signals[SIGNAL_COUNT] = {
    [SIGNAL_NONE] = {"", ""},
    [SIGNAL_NO_ALPN] = {"NoALPN",
                        "the server does not choose h2 by ALPN, and gRPC clients of today refuse such a server "
                        "(grpc-go since 1.67), so agents could not connect. Let the server, or the proxy in "
                        "front of it that ends TLS, offer h2 by ALPN"},
};

const char *signal_word(enum check_signal signal)
{
        return signals[signal].word;
}

const char *signal_phrase(const struct check_view *check, struct arena *arena)
{
        return arena_printf(arena, "%s: %s", check->label, signals[check->signal].sentence);
}

const struct check_view *signal_of(const struct plane_view *plane)
{
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                if (check->passes && check->signal != SIGNAL_NONE && health_counts(check, plane->mark.role))
                        return check;
        }
        return NULL;
}
