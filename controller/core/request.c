/* request.c -- what a person asked for by annotation. */
#include "core/request.h"

#include <string.h>

#include "core/election.h"
#include "core/phrase.h"

enum { REQUEST_TEXT_MAX = 300 };       /* an object name and an epoch fit */
#define EPOCH_LIMIT ((epoch_t)1 << 53) /* exact in Lua and JSON numbers */

bool request_parse_epoch(const char *text, epoch_t *ret_epoch)
{
        epoch_t epoch = 0;
        if (!*text)
                return false;
        for (; *text; text++) {
                if (*text < '0' || *text > '9')
                        return false;
                epoch = epoch * 10 + (epoch_t)(*text - '0');
                if (epoch > EPOCH_LIMIT)
                        return false;
        }
        *ret_epoch = epoch;
        return true;
}

/* The epoch was decided: by this request, or before it. */
static const char *answer_past(const struct view *view, const struct request *request, epoch_t current,
                               const char *plane, struct arena *arena)
{
        const struct record *record = view->record;
        if (record && record->epoch == request->epoch && !record->automatic && strcmp(record->to, plane) == 0)
                return arena_printf(arena, "accepted: epoch %llu", (unsigned long long)request->epoch);
        return arena_printf(arena, "past: epoch %llu was decided already; to ask again write %s/%llu",
                            (unsigned long long)request->epoch, plane, (unsigned long long)(current + 1));
}

static struct request parse(const struct view *view, enum request_kind kind, epoch_t current, struct arena *arena)
{
        const char *name = kind == REQUEST_SWITCH ? "switch-to" : "adopt";
        const char *text = kind == REQUEST_SWITCH ? view->policy.switch_to : view->policy.adopt;
        if (!text[0])
                return (struct request){.text = "", .answer = ""};
        const char *excerpt = phrase_excerpt(text, REQUEST_TEXT_MAX, arena);
        struct request request = {.text = arena_printf(arena, "%s=%s", name, excerpt), .answer = ""};
        const char *slash = strrchr(text, '/');
        unsigned long long next = current + 1;
        if (!slash || strlen(text) > REQUEST_TEXT_MAX || !request_parse_epoch(slash + 1, &request.epoch)) {
                request.answer =
                    arena_printf(arena, "not understood: write %s=<plane>/<epoch>, now <plane>/%llu", name, next);
                return request;
        }
        const char *plane = arena_printf(arena, "%.*s", (int)(slash - text), text);
        request.plane = election_find(view, plane);
        if (request.epoch <= current)
                request.answer = answer_past(view, &request, current, plane, arena);
        else if (request.epoch != current + 1)
                request.answer = arena_printf(arena, "not yet: the next epoch is %llu, not %llu", next,
                                              (unsigned long long)request.epoch);
        else if (!request.plane)
                request.answer = arena_printf(arena, "refused: spec.planes does not name \"%s\"", plane);
        else
                request.kind = kind;
        return request;
}

bool request_is_acknowledged(const struct view *view)
{
        epoch_t acknowledged;
        return view->record && request_parse_epoch(view->policy.ack, &acknowledged) &&
               acknowledged == view->record->epoch;
}

/* Nothing is done for it: the gates that it opens look at it themselves. */
static struct request parse_ack(const struct view *view, struct arena *arena)
{
        if (!view->policy.ack[0])
                return (struct request){.text = "", .answer = ""};
        struct request request = {
            .text = arena_printf(arena, "ack=%s", phrase_excerpt(view->policy.ack, REQUEST_TEXT_MAX, arena))};
        unsigned long long in_force = view->record ? view->record->epoch : 0;
        if (!request_parse_epoch(view->policy.ack, &request.epoch))
                request.answer = arena_printf(arena, "not understood: write ack=<epoch>, now ack=%llu", in_force);
        else if (request_is_acknowledged(view))
                request.answer = arena_printf(arena, "accepted: epoch %llu is acknowledged", in_force);
        else
                request.answer = arena_printf(arena, "%s: the epoch in force is %llu",
                                              request.epoch < in_force ? "past" : "not yet", in_force);
        return request;
}

/* What may act goes first, then what was not understood (it has no epoch), then what speaks of the later epoch. */
static bool is_heard_before(const struct request *a, const struct request *b)
{
        if (!a->text[0] || !b->text[0])
                return a->text[0] != '\0';
        if (a->kind != REQUEST_NONE || b->kind != REQUEST_NONE)
                return b->kind == REQUEST_NONE;
        return b->epoch && (!a->epoch || a->epoch > b->epoch);
}

struct request request_read(const struct view *view, epoch_t current, struct arena *arena)
{
        /* An epoch can be acknowledged only once it was decided, so of two that name the same the ack is the later. */
        const struct request requests[] = {parse_ack(view, arena), parse(view, REQUEST_SWITCH, current, arena),
                                           parse(view, REQUEST_ADOPT, current, arena)};
        struct request heard = {.text = "", .answer = ""};
        for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
                if (is_heard_before(&requests[i], &heard))
                        heard = requests[i];
        return heard;
}

epoch_t request_highest_epoch(const struct view *view, epoch_t limit)
{
        epoch_t highest = 0;
        const char *const texts[] = {view->policy.switch_to, view->policy.adopt};
        for (unsigned i = 0; i < 2; i++) {
                const char *slash = strrchr(texts[i], '/');
                epoch_t epoch;
                if (slash && request_parse_epoch(slash + 1, &epoch) && epoch > highest && epoch <= limit)
                        highest = epoch;
        }
        return highest;
}
