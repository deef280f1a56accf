/* sentinel_hands.h -- how the Sentinel contract tests touch a group: by the target, by redis-cli and by signals. */
#ifndef PK_TEST_SENTINEL_HANDS_H
#define PK_TEST_SENTINEL_HANDS_H

#include "contract.h"
#include "targets/target.h"

enum { NODES = 3, GROUP_PATIENCE_MS = 30000 };

struct sentinel_options {
        const char *addresses; /* NULL: of the plain group */
        const char *name;      /* NULL: mymaster */
        const char *username, *password;           /* of the Sentinels */
        const char *node_username, *node_password; /* of the data nodes */
        const struct secret *ca;                   /* of both; NULL: no TLS */
        int64_t patience_ms;                       /* 0: long */
        bool is_settled;                           /* the record is at rest */
        const char *max_lag;                       /* NULL: as by default */
        bool calls_nodes_localhost;                /* as planes that have a name for their Redis */
};

/* The primary of a group, as one session of the driver reaches it. */
struct sentinel_target {
        struct target_session *session;
        const char *name;
};

struct sentinel_target *open_sentinel(struct sentinel_options options);
struct sentinel_target *open_plain(void); /* without any option */
void sentinel_close(struct sentinel_target *target);
/* The value that a read shows, without an ownership record. */
void assert_shows(struct sentinel_target *target, const char *value);
/* The server's own word, asked by redis-cli. */
void assert_role(const char *address, const char *role);
/* One read, with a deadline of @patience_ms. */
enum err sentinel_read(struct sentinel_target *target, int64_t patience_ms, struct target_state *ret,
                       struct errmsg *reterr);
/* Until one succeeds: a busy machine may not answer in time, and what it answers then is what counts. */
void read_surely(struct sentinel_target *target, struct target_state *ret);
/* A swap from what a read of this moment shows to one of @wanted, a line each. */
enum err sentinel_move(struct sentinel_target *target, const char *wanted, struct errmsg *reterr);
/* Moves until a read shows @wanted. Whatever happens on the way must be progress. Returns how many swaps it took. */
unsigned move_until(struct sentinel_target *target, const char *wanted);
void assert_sentinel_fails(struct sentinel_options options, enum err wanted, const char *part);

const char *node(unsigned i);      /* host:port */
pid_t node_pid(const char *address);
pid_t sentinel_pid(unsigned i);
const char *sentinel_port(unsigned i);
const char *primary_now(void);     /* one of node(), as the first Sentinel that answers has it */
const char *other_than(const char *a, const char *b);
char *node_cli(const char *address, const char *command); /* the caller frees it */
void node_does(const char *address, const char *command);
void node_restarts(const char *address);
void sentinel_mistrusts_its_clock(unsigned i, bool does);
/* Until each Sentinel knows of that replica-priority. */
void give_priority(const char *address, unsigned priority);
/* All three nodes are in sync under one primary, with the priorities of a new server, and each Sentinel knows. */
void group_is_whole(void);
/* After each test, also one that failed half-way: nobody is left stopped for the next one. */
int group_goes_on(void **state);

#endif
