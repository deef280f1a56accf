/*
 * by_hand.h -- one target written by a person: the value that it must show, and the commands for it, which only its
 * driver knows. Pure.
 */
#ifndef PK_CORE_BY_HAND_H
#define PK_CORE_BY_HAND_H

#include "core/view.h"
#include "util/arena.h"

/* One target that a person is to make show @value. */
struct by_hand_write {
        const struct target_view *target;
        const char *value;
        uint32_t ttl_s;
        const char *plane; /* whose value it is */
        const char *server; /* that a write before this one has put it at; NULL: where the target's endpoint says */
};

/* How that is done with the tools of its server; texts live in the arena. */
struct by_hand {
        const char *needs; /* files and variables that the commands need; NULL: none */
        const char *move;
        const char *look; /* NULL: no command shows it */
};

struct by_hand_tools {
        struct by_hand (*tell)(const struct by_hand_tools *tools, const struct by_hand_write *write,
                               struct arena *arena);
};

#endif
