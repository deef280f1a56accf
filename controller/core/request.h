/*
 * request.h -- the requests of people by annotation: switch-to and adopt, each "<plane>/<epoch>", and ack, an epoch.
 * Pure.
 *
 * A request names the epoch that it wants decided (status.epoch + 1), so it acts once: an epoch is decided once. A
 * value that stands there afterwards is stale, and is answered as such.
 *
 * An answer is final or it waits. What begins with "waiting" acts as soon as what it waits for is there; every other
 * answer is the last one, and the shell hands it back as view.policy.past for as long as the annotation keeps its
 * value. A person who wants the same once more writes "/again" behind it, which is another value.
 *
 * A plane that is not fit is moved to only in spite of what was told: its word (election.h) stands behind the epoch,
 * "switch-to=<plane>/<epoch>/Unhealthy".
 */
#ifndef PK_CORE_REQUEST_H
#define PK_CORE_REQUEST_H

#include "core/view.h"
#include "util/arena.h"

enum request_kind { REQUEST_NONE, REQUEST_SWITCH, REQUEST_ADOPT };

#define REQUEST_AGAIN "again" /* behind a value, to ask for the same once more */

struct request {
        enum request_kind kind; /* NONE: nothing to act on; `answer` may still say why */
        enum request_key key;   /* which annotation; where `text` is not empty */
        const char *text;       /* "switch-to=eu-west-1/3"; "" where no annotation is there */
        const struct plane_view *plane;
        epoch_t epoch;
        enum unfit confirmed; /* the word behind the epoch; UNFIT_NOT: there is none */
        const char
            *answer; /* the result, or why it will not act (stale, malformed, unknown plane); "" while it may */
        bool is_final; /* the answer is its last: what was refused, is past or was done never acts again */
        bool is_old;   /* and was given before */
};

/*
 * The one annotation that may still act, or else the one to answer. @current is the epoch in force (0: there is none).
 */
struct request request_read(const struct view *view, epoch_t current, struct arena *arena);

/* Whether annotation ack names the epoch in force: gates that wait for a person may pass once. */
bool request_is_acknowledged(const struct view *view);

/*
 * The highest epoch that an annotation names, if at most @limit: what stands there at the first adoption counts as
 * handled.
 */
epoch_t request_highest_epoch(const struct view *view, epoch_t limit);

/* Whether everything was looked at that an answer for good may rest on: the record, and the targets since it was asked.
 */
bool request_may_be_refused(const struct view *view);

/*
 * The value of @key that asks for @plane ("" for an acknowledgement) under @epoch: another value than the one that
 * stands there. Whether it would be carried out is asked in remedy.h.
 */
const char *request_value(const struct view *view, enum request_key key, const char *plane, epoch_t epoch,
                          struct arena *arena);
/* The same in spite of what @word says of the plane. */
const char *request_confirmation(const struct view *view, const char *plane, epoch_t epoch, const char *word,
                                 struct arena *arena);
/* The command that writes @value. */
const char *request_command_of(const struct view *view, enum request_key key, const char *value, struct arena *arena);
/* The same as the command to paste. */
const char *request_command(const struct view *view, enum request_key key, const char *plane, epoch_t epoch,
                            struct arena *arena);
/* The command by which a person says that the writer of the stamps at the targets no longer decides. */
const char *request_takeover_command(const struct view *view, struct arena *arena);
/* "planekeeper.io/switch-to" */
const char *request_annotation(enum request_key key, struct arena *arena);
const char *request_key_name(enum request_key key); /* "switch-to" */
/* The value that stands there; "" where there is none. */
const char *request_shown(const struct policy_view *policy, enum request_key key);

#endif
