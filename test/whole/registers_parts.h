/* registers_parts.h -- what the drivers of this world share: a visit, and a write. */
#ifndef PK_TEST_WHOLE_REGISTERS_PARTS_H
#define PK_TEST_WHOLE_REGISTERS_PARTS_H

#include "registers.h"
#include "targets/target.h"

struct update {
        struct reg *reg, *before; /* before: what comes back where the last write is lost */
        bool is_lock, is_stray;
        enum locality place;
        unsigned policy;
        struct reg expected, want;
        bool keeps_value;  /* the lock's, which something else sets: only the text is written */
        struct reg *shown; /* where it is told what is there afterwards; NULL: nowhere */
};

unsigned registers_number(const char *text); /* of the policy whose name or key it is, mistyped or not */
vtime_us registers_time(mono_ms deadline);   /* of the world, where the operator that asks means its own */
bool registers_are_same(const struct reg *a, const struct reg *b);
void registers_fill_stamp(const char *text, struct stamp *ret);

/* The way to @place; ERR_OK: we are there. A request that arrives after @deadline does so at *ret_late. */
enum err registers_go_to(enum locality place, vtime_us deadline, bool is_write, vtime_us *ret_late, struct errmsg *reterr);
enum err registers_come_back(enum locality place, vtime_us deadline, bool is_write, struct errmsg *reterr);
/* Nobody answers: waits until then. */
enum err registers_unanswered(vtime_us until, bool was_sent, struct errmsg *reterr);

enum err registers_read(const struct reg *reg, enum locality place, vtime_us deadline, struct reg *ret,
                        struct errmsg *reterr);
enum err registers_write(const struct update *update, vtime_us deadline, struct errmsg *reterr);
/* Several of one place in one message, wholly or not at all. */
enum err registers_write_all(const struct update *updates, size_t count, vtime_us deadline, struct errmsg *reterr);

#endif
