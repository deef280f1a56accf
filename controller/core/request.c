/* request.c -- the requests of people by annotation. */
#include "core/request.h"

#include <string.h>

#include "core/election.h"
#include "core/texts.h"
#include "core/remedy.h"
#include "core/targets.h"

enum { REQUEST_TEXT_MAX = 300, EXCERPT_MAX = 120 }; /* an object name and an epoch fit */

static bool parse_epoch(const char *text, size_t length, epoch_t *ret_epoch)
{
        epoch_t epoch = 0;
        for (size_t i = 0; i < length; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return false;
                epoch = epoch * 10 + (epoch_t)(text[i] - '0');
                if (epoch > EPOCH_MAX)
                        return false;
        }
        *ret_epoch = epoch;
        return length > 0;
}

/* "<plane>/<epoch>" or "<epoch>", then "/<Word>" or not, then "/again" or not. */
struct wish {
        const char *plane; /* not terminated */
        size_t plane_bytes;
        epoch_t epoch;
        enum unfit confirmed; /* UNFIT_NOT: no word is there */
};

/* Where the last slash within @length is; @length where there is none. */
static size_t last_slash(const char *text, size_t length)
{
        for (size_t i = length; i > 0; i--)
                if (text[i - 1] == '/')
                        return i - 1;
        return length;
}

/* Which unfitness the word of @length bytes is of; UNFIT_NOT: of none. */
static enum unfit unfit_of_word(const char *word, size_t length)
{
        for (unsigned kind = 0; kind < UNFIT_COUNT; kind++) {
                const char *known = election_unfit_word((enum unfit)kind);
                if (known && strlen(known) == length && memcmp(known, word, length) == 0)
                        return (enum unfit)kind;
        }
        return UNFIT_NOT;
}

static bool parse_wish(const char *text, enum request_key key, struct wish *ret)
{
        *ret = (struct wish){.plane = text};
        size_t length = strlen(text);
        if (length > REQUEST_TEXT_MAX)
                return false;
        size_t slash = last_slash(text, length);
        if (strcmp(text + slash, "/" REQUEST_AGAIN) == 0)
                length = slash;
        slash = last_slash(text, length);
        if (key == REQUEST_KEY_SWITCH && slash < length)
                ret->confirmed = unfit_of_word(text + slash + 1, length - slash - 1);
        if (ret->confirmed != UNFIT_NOT)
                length = slash;
        if (key == REQUEST_KEY_ACK)
                return parse_epoch(text, length, &ret->epoch);
        ret->plane_bytes = last_slash(text, length);
        return ret->plane_bytes < length &&
               parse_epoch(text + ret->plane_bytes + 1, length - ret->plane_bytes - 1, &ret->epoch);
}

bool request_may_be_refused(const struct view *view)
{
        return view->record_read && !view->record_error[0] && targets_are_read(view) && !view->policy.is_asked_unread;
}

static void refuse(struct request *request, const char *answer)
{
        request->answer = answer;
        request->is_final = true;
}

/* An answer is final only where it rests on certain facts; any other one waits. */
static void refuse_or_wait(const struct view *view, struct request *request, const char *answer)
{
        if (request_may_be_refused(view))
                refuse(request, answer);
        else
                request->answer = "waiting: the record and the targets have not been read since it was asked";
}

/* "; to ask again: <the command>", where that would be carried out now; else "". */
static const char *ask_again(const struct view *view, const struct request *request, struct arena *arena)
{
        if (!request->plane)
                return request->key == REQUEST_KEY_ACK ? remedy_ack(view, "; to ask again: ", arena) : "";
        const struct remedy remedy = request->key == REQUEST_KEY_SWITCH
                                         ? remedy_switch_to(view, request->plane, arena)
                                         : remedy_adopt(view, request->plane, arena);
        if (remedy.command)
                return arena_printf(arena, "; to ask again: %s", remedy.command);
        return remedy.later ? arena_printf(arena, "; to ask again, and be held for now (%s): %s", remedy.why_not,
                                           remedy.later)
                            : "";
}

/* The epoch was decided: by this request, or before it. */
static const char *answer_past(const struct view *view, const struct request *request, const char *plane,
                               struct arena *arena)
{
        const struct record *record = view->record;
        const bool is_its = record && (record->epoch == request->epoch || record->given_up == request->epoch);
        if (is_its && !record->automatic && strcmp(record->to, plane) == 0)
                return arena_printf(arena, "accepted: epoch %llu", (unsigned long long)request->epoch);
        return arena_printf(arena, "past: epoch %llu was decided already%s", (unsigned long long)request->epoch,
                            ask_again(view, request, arena));
}

/* A request that was answered, or may have been. */
static const char *answer_again(const struct view *view, const struct request *request, struct arena *arena)
{
        const char *why = view->policy.past[request->key] == REQUEST_HANDLED
                              ? "it had its answer already"
                              : "it stood here when the status was lost, so that it may have been answered before";
        return arena_printf(arena, "refused: %s%s", why, ask_again(view, request, arena));
}

static struct request begin(const struct view *view, enum request_key key, struct arena *arena)
{
        const char *text = request_shown(&view->policy, key);
        if (!text[0])
                return (struct request){.key = key, .text = "", .answer = ""};
        return (struct request){
            .key = key,
            .text = arena_printf(arena, "%s=%s", request_key_name(key), texts_excerpt(text, REQUEST_TEXT_MAX, arena)),
            .is_old = view->policy.past[key] == REQUEST_HANDLED,
            .answer = ""};
}

/* It was prepared and never decided: a person who asked for it could not know, and gets the next one. */
static bool was_only_prepared(const struct view *view, epoch_t epoch)
{
        return view->record && epoch > view->record->epoch && epoch <= record_highest_epoch(view->record);
}

static struct request parse(const struct view *view, enum request_key key, epoch_t current, struct arena *arena)
{
        struct request request = begin(view, key, arena);
        struct wish wish;
        unsigned long long next = current + 1;
        if (!request.text[0])
                return request;
        if (current >= EPOCH_MAX) {
                refuse(&request, "refused: no epoch is left to decide");
                return request;
        }
        if (!parse_wish(request_shown(&view->policy, key), key, &wish)) {
                refuse(&request, arena_printf(arena, "not understood: write %s=<plane>/<epoch>, now <plane>/%llu",
                                              request_key_name(key), next));
                return request;
        }
        const char *plane = arena_printf(arena, "%.*s", (int)wish.plane_bytes, wish.plane);
        request.epoch = wish.epoch;
        request.confirmed = wish.confirmed;
        request.plane = view_plane(view, plane);
        const bool is_prepared = was_only_prepared(view, request.epoch);
        if (request.epoch <= current && !is_prepared)
                refuse(&request, answer_past(view, &request, plane, arena));
        else if (view->policy.past[key] == REQUEST_HANDLED ||
                 (view->policy.past[key] == REQUEST_INHERITED && view->record))
                refuse(&request, answer_again(view, &request, arena));
        else if (request.epoch != current + 1 && !is_prepared)
                refuse_or_wait(view, &request,
                               arena_printf(arena, "refused: the next epoch is %llu, not %llu%s", next,
                                            (unsigned long long)request.epoch, ask_again(view, &request, arena)));
        else if (!request.plane)
                refuse(&request, arena_printf(arena, "refused: spec.planes does not name \"%s\"", plane));
        else
                request.kind = key == REQUEST_KEY_SWITCH ? REQUEST_SWITCH : REQUEST_ADOPT;
        return request;
}

bool request_is_acknowledged(const struct view *view)
{
        struct wish wish;
        return view->record && view->policy.past[REQUEST_KEY_ACK] == REQUEST_NEW &&
               parse_wish(view->policy.ack, REQUEST_KEY_ACK, &wish) && wish.epoch == view->record->epoch;
}

/* Nothing is done for it: the gates that it opens look at it themselves. */
static struct request parse_ack(const struct view *view, struct arena *arena)
{
        struct request request = begin(view, REQUEST_KEY_ACK, arena);
        struct wish wish;
        epoch_t in_force = view->record ? view->record->epoch : 0;
        if (!request.text[0])
                return request;
        if (!parse_wish(view->policy.ack, REQUEST_KEY_ACK, &wish)) {
                refuse(&request, arena_printf(arena, "not understood: write ack=<epoch>, now ack=%llu",
                                              (unsigned long long)in_force));
                return request;
        }
        request.epoch = wish.epoch;
        if (request_is_acknowledged(view))
                request.answer =
                    arena_printf(arena, "accepted: epoch %llu is acknowledged", (unsigned long long)in_force);
        else if (view->record && request.epoch < in_force)
                refuse(&request, arena_printf(arena, "past: the epoch in force is %llu", (unsigned long long)in_force));
        else if (view->record && view->policy.past[REQUEST_KEY_ACK] != REQUEST_NEW)
                refuse(&request, answer_again(view, &request, arena));
        else if (view->record)
                refuse_or_wait(view, &request,
                               arena_printf(arena, "refused: the epoch in force is %llu, and none to come can be "
                                                   "acknowledged",
                                            (unsigned long long)in_force));
        else
                refuse_or_wait(view, &request, "refused: nothing is recorded yet that could be acknowledged");
        return request;
}

/*
 * It causes no action of its own: stamps with the ids that it names count as this policy's. A stamp that was written
 * since has another id, so nothing is taken from an operator that still decides.
 */
static struct request parse_takeover(const struct view *view, struct arena *arena)
{
        struct request request = begin(view, REQUEST_KEY_TAKEOVER, arena);
        if (!request.text[0])
                return request;
        const struct stamp *taken = targets_taken_over(view), *other = targets_split_owner(view);
        request.epoch = other ? other->epoch : taken ? taken->epoch : 1;
        if (other && request.is_old)
                refuse(&request,
                       arena_printf(arena, "refused: it had its answer already; to take over what is there: %s",
                                    request_takeover_command(view, arena)));
        else if (other)
                refuse_or_wait(
                    view, &request,
                    arena_printf(arena,
                                 "refused: it does not name the ownership record of epoch %llu of %s; to take "
                                 "over what is there: %s",
                                 (unsigned long long)other->epoch, texts_excerpt(other->store, EXCERPT_MAX, arena),
                                 request_takeover_command(view, arena)));
        else if (taken)
                request.answer = arena_printf(arena, "accepted: epoch %llu of %s is taken over",
                                              (unsigned long long)taken->epoch,
                                              texts_excerpt(taken->store, EXCERPT_MAX, arena));
        else
                refuse_or_wait(view, &request, "past: no target carries the ownership record of another Planekeeper");
        return request;
}

/*
 * A request that may act goes first, then one that waits for an answer, then one that was not understood (it has no
 * epoch), then the one with the later epoch.
 */
static bool is_heard_before(const struct request *a, const struct request *b)
{
        if (!a->text[0] || !b->text[0])
                return a->text[0] != '\0';
        if (a->kind != REQUEST_NONE || b->kind != REQUEST_NONE)
                return b->kind == REQUEST_NONE;
        if (a->is_old != b->is_old)
                return b->is_old;
        return b->epoch && (!a->epoch || a->epoch > b->epoch);
}

struct request request_read(const struct view *view, epoch_t current, struct arena *arena)
{
        /* An epoch can be acknowledged only once it was decided, so of two that name the same the ack is the later. */
        const struct request requests[] = {parse_takeover(view, arena), parse_ack(view, arena),
                                           parse(view, REQUEST_KEY_SWITCH, current, arena),
                                           parse(view, REQUEST_KEY_ADOPT, current, arena)};
        struct request heard = {.text = "", .answer = ""};
        for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
                if (is_heard_before(&requests[i], &heard))
                        heard = requests[i];
        return heard;
}

epoch_t request_highest_epoch(const struct view *view, epoch_t limit)
{
        epoch_t highest = 0;
        for (unsigned key = REQUEST_KEY_SWITCH; key <= REQUEST_KEY_ADOPT; key++) {
                struct wish wish;
                if (parse_wish(request_shown(&view->policy, (enum request_key)key), (enum request_key)key, &wish) &&
                    wish.epoch > highest && wish.epoch <= limit)
                        highest = wish.epoch;
        }
        return highest;
}
