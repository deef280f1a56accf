/* lock_hands.h -- how the lock contract tests touch a key: by the target and by redis-cli. */
#ifndef PK_TEST_LOCK_HANDS_H
#define PK_TEST_LOCK_HANDS_H

#include "contract.h"
#include "targets/target.h"

/* PEM; empty: none, of the CA the system's trust store. */
struct lock_tls {
        struct secret ca, certificate, key;
        const char *server_name; /* NULL: the host of the address */
};

/* A key, as one session of the driver reaches it. */
struct lock_target {
        struct target_session *session;
        char *key;
};

struct lock_options {
        const char *variable; /* of the server; NULL: the plain one */
        const char *address;  /* instead of that server's */
        const char *key;      /* NULL: mgmt-active */
        const char *username;
        const char *password;
        const struct lock_tls *tls;
        uint32_t db;
        unsigned wait_replicas;
        bool by_command; /* a command sets the value */
        int64_t patience_ms; /* 0: long */
};

struct lock_target *open_lock_with(struct lock_options options);
struct lock_target *open_lock(const char *key);
struct lock_target *open_lock_at(const char *address, const char *key);
void lock_close(struct lock_target *lock);
enum err lock_read(struct lock_target *lock, mono_ms deadline, struct target_state *ret, struct errmsg *reterr);
void read_lock(struct lock_target *lock, struct target_state *ret); /* clears what @ret held */
struct target_want want_value(const char *value, epoch_t epoch);
/* A swap as the driver does it; where it is done, what it says that it saw must be what was wanted. */
enum err swap_lock(struct lock_target *lock, const struct target_state *expected, const struct target_want *to,
                   mono_ms deadline, struct errmsg *reterr);
enum err move_lock(struct lock_target *lock, const struct target_state *expected, struct target_want to,
                   struct errmsg *reterr);
void assert_lock_moves(struct lock_target *lock, struct target_want to); /* read, then move */
void assert_read_fails(struct lock_options options, enum err wanted, const char *part);

/* One redis-cli command at the plain server. */
void assert_cli(const char *command, const char *wanted);
void cli(const char *command);

#endif
