/*
 * registers.h -- the DNS server and Redis: the fenced registers of targets/target.h on virtual time, as its drivers are
 * measured to behave by test/contract, with requests and answers that are late, lost, twice or refused.
 *
 * One name and one lock for each policy, by its number.
 */
#ifndef PK_TEST_WHOLE_REGISTERS_H
#define PK_TEST_WHOLE_REGISTERS_H

#include "core/types.h"
#include "world.h"

enum { REGISTER_VALUE_BYTES = 256, REGISTER_TEXT_BYTES = 2048 };

struct reg {
        bool is_present;
        uint32_t ttl_s;
        char value[REGISTER_VALUE_BYTES];
        char text[REGISTER_TEXT_BYTES]; /* beside it; "" where none is */
};

/* What an operator knows of a lock: as it was at one time, and since when it knows. */
struct look {
        vtime_us served_at, arrived_at;
};

/* Whose write last left a name empty, and when. */
struct emptied {
        const struct host *by; /* NULL: no operator's */
        uint64_t life;
        vtime_us at;
};

struct registers {
        struct reg dns[POLICIES_MAX], lock[POLICIES_MAX];
        struct reg lock_before[POLICIES_MAX]; /* what is left if Redis loses its last write */
        struct reg dns_before[POLICIES_MAX];  /* and what comes back with a backup of the zone */
        struct emptied emptied[POLICIES_MAX];
        vtime_us lock_changed_at[POLICIES_MAX]; /* when it last became what it is, by whomever */
        struct look looks[HOSTS_MAX][POLICIES_MAX];
        vtime_us trapped_until[POLICIES_MAX];   /* a write of the lock before then springs a trap: see deeds.h */
        char alive[POLICIES_MAX][REGISTER_TEXT_BYTES];
        /* What stands under a mistyped name or key: nothing, until somebody writes it. */
        struct reg stray_dns[POLICIES_MAX], stray_lock[POLICIES_MAX], stray_before;
};
extern struct registers registers;

void registers_begin(void);
/* Redis is as it was before the lock's last write, whenever that was. */
void registers_lose_lock(unsigned policy);
/* A command sets the lock, whatever is there, and knows of no text beside it. */
void registers_command(unsigned policy, const char *value);
void registers_name(unsigned policy, char *ret, size_t size); /* the DNS name */
void registers_key(unsigned policy, char *ret, size_t size);  /* the lock's key */

#endif
