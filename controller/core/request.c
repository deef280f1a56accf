/* request.c -- what a person asked for by annotation. */
#include "core/request.h"

#include <string.h>

#include "core/election.h"

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

static struct request parse(const struct view *view, enum request_kind kind, const char *name, const char *text, epoch_t current,
                            struct arena *arena)
{
        struct request request = {.text = arena_printf(arena, "%s=%.200s", name, text), .answer = ""};
        const char *slash = strrchr(text, '/');
        if (!slash || !request_parse_epoch(slash + 1, &request.epoch)) {
                request.answer = arena_printf(arena, "not understood: write %s=<plane>/<epoch>, now <plane>/%llu", name,
                                              (unsigned long long)(current + 1));
                return request;
        }
        const char *plane = arena_printf(arena, "%.*s", (int)(slash - text), text);
        request.plane = election_find(view, plane);
        if (request.epoch <= current) {
                request.answer = arena_printf(arena, "past: epoch %llu was decided already; to ask again write %s/%llu",
                                              (unsigned long long)request.epoch, plane, (unsigned long long)(current + 1));
                return request;
        }
        if (request.epoch != current + 1) {
                request.answer = arena_printf(arena, "not yet: the next epoch is %llu, not %llu", (unsigned long long)(current + 1),
                                              (unsigned long long)request.epoch);
                return request;
        }
        if (!request.plane) {
                request.answer = arena_printf(arena, "refused: spec.planes does not name \"%.100s\"", plane);
                return request;
        }
        request.kind = kind;
        return request;
}

struct request request_read(const struct view *view, epoch_t current, struct arena *arena)
{
        struct request request = {.text = "", .answer = ""};
        if (view->policy.switch_to[0])
                request = parse(view, REQUEST_SWITCH, "switch-to", view->policy.switch_to, current, arena);
        if (request.kind == REQUEST_NONE && view->policy.adopt[0]) {
                struct request adopt = parse(view, REQUEST_ADOPT, "adopt", view->policy.adopt, current, arena);
                if (adopt.kind != REQUEST_NONE || !request.text[0] || adopt.epoch > request.epoch)
                        request = adopt;
        }
        return request;
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
