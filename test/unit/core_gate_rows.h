/*
 * core_gate_rows.h -- tables of what gates say in an outage that everything else lets us act on.
 *
 * Include it once per test; everything is in the header so that other tests do not compile it.
 */
#ifndef PK_TEST_CORE_GATE_ROWS_H
#define PK_TEST_CORE_GATE_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/gates.h"
#include "core_world.h"

enum { LONG_AGO = 200000 };

struct gate_row {
        const char *name;
        void (*arrange)(struct world *world);
        enum gate gate;
        bool passes;
        mono_ms wake_in; /* 0: no wake */
};

/* Whether the gate asks if the active plane is down, and not we; the others ask if a switch could go through. */
static inline bool gate_is_of_outage(enum gate gate)
{
        switch (gate) {
        case GATE_MAINTENANCE:
        case GATE_ACTIVE_DOWN:
        case GATE_CONTRADICTION:
        case GATE_NOT_LATE:
        case GATE_NOT_ISOLATED:
        case GATE_DISSENT:
        case GATE_HELPS:
        case GATE_ROLLOUT:
                return true;
        default:
                return false;
        }
}

/* Plane a failed long ago; b is fit; every gate holds. */
static inline void gate_rows_outage(struct world *world)
{
        world_init(world);
        world_fail(world, 0, LONG_AGO);
}

static inline struct gates gate_rows_ask(struct world *world)
{
        const struct gate_question question = {PURPOSE_FAILOVER, &world->view.planes[0], &world->view.planes[1], ""};
        return gates_evaluate(&world->view, &question, &world->arena);
}

static inline const struct gate_verdict *gate_rows_verdict(const struct gates *gates, enum gate gate)
{
        for (unsigned i = 0; i < gates->count; i++)
                if (gates->verdicts[i].gate == gate)
                        return &gates->verdicts[i];
        return NULL;
}

static inline void gate_rows_check(const struct gate_row *rows, size_t count)
{
        for (const struct gate_row *row = rows; row < rows + count; row++) {
                struct world world;
                gate_rows_outage(&world);
                row->arrange(&world);
                struct gates gates = gate_rows_ask(&world);
                const struct gate_verdict *verdict = gate_rows_verdict(&gates, row->gate);
                mono_ms wake = row->wake_in ? world.view.now + row->wake_in : 0;
                if (verdict->passes != row->passes || verdict->wake_at != wake || !verdict->text[0])
                        fail_msg("%s: %s %s, wake %lld: %s", row->name, gate_name(row->gate),
                                 verdict->passes ? "passes" : "blocks", (long long)verdict->wake_at, verdict->text);
                world_clear(&world);
        }
}

/* @of_outage: which half of the gates the table is about. */
static inline void gate_rows_try_both_ways(const struct gate_row *rows, size_t count, bool of_outage)
{
        for (unsigned gate = 0; gate < GATE_COUNT; gate++) {
                unsigned seen = gate == GATE_CANDIDATE ? 3 : 0; /* in a test of its own */
                for (const struct gate_row *row = rows; row < rows + count; row++)
                        if (row->gate == (enum gate)gate)
                                seen |= row->passes ? 1U : 2U;
                if (seen != 3 && gate_is_of_outage((enum gate)gate) == of_outage)
                        fail_msg("%s is not tried both ways", gate_name((enum gate)gate));
        }
}

/* Texts hold what was fixed at a transition: time alone changes none, unless it opens the gate. */
static inline void gate_rows_stand_still(const struct gate_row *rows, size_t count)
{
        for (const struct gate_row *row = rows; row < rows + count; row++) {
                struct world world;
                gate_rows_outage(&world);
                row->arrange(&world);
                struct gates before = gate_rows_ask(&world);
                const struct gate_verdict *first = gate_rows_verdict(&before, row->gate);
                world_later(&world, 400);
                struct gates after = gate_rows_ask(&world);
                const struct gate_verdict *second = gate_rows_verdict(&after, row->gate);
                if (first->passes == second->passes)
                        assert_string_equal(first->text, second->text);
                world_clear(&world);
        }
}

#endif
