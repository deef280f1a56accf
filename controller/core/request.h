/*
 * request.h -- what a person asked for by annotation: switch-to and adopt, each "<plane>/<epoch>", and ack, an epoch.
 * Pure.
 *
 * A request names the epoch that it wants decided (status.epoch + 1), so it acts once: an epoch is decided once.
 * Whatever stands there afterwards is stale and is answered as such.
 */
#ifndef PK_CORE_REQUEST_H
#define PK_CORE_REQUEST_H

#include "core/view.h"
#include "util/arena.h"

enum request_kind { REQUEST_NONE, REQUEST_SWITCH, REQUEST_ADOPT };

struct request {
        enum request_kind kind; /* NONE: nothing to act on; `answer` may still say why */
        const char *text;       /* "switch-to=eu-west-1/3"; "" where no annotation is there */
        const struct plane_view *plane;
        epoch_t epoch;
        const char
            *answer; /* what became of it, or why it will not act (stale, malformed, unknown plane); "" while it may */
};

/*
 * The one annotation that may still act, or else the one to answer. @current is the epoch in force (0: there is none).
 */
struct request request_read(const struct view *view, epoch_t current, struct arena *arena);

/* Whether annotation ack names the epoch in force: what holds back until a person has looked may go on once. */
bool request_is_acknowledged(const struct view *view);

/*
 * The highest epoch that an annotation names, if at most @limit: what stands there at the first adoption counts as
 * handled.
 */
epoch_t request_highest_epoch(const struct view *view, epoch_t limit);

/* Digits only, at most 2^53. */
bool request_parse_epoch(const char *text, epoch_t *ret_epoch);

#endif
