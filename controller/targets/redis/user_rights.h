/*
 * user_rights.h -- which of some commands a server's user may run, asked by a script that runs none of them. It asks
 * of its own user, so that no right to look at ACLs is needed.
 *
 * Threads: may block until the deadline: executor jobs only.
 * Errors:  ERR_TRANSIENT: no answer; a read reports the reason.
 * Source:  redis.io: redis.acl_check_cmd() of a script, and script flags (both 7.0 and later).
 */
#ifndef PK_TARGETS_REDIS_USER_RIGHTS_H
#define PK_TARGETS_REDIS_USER_RIGHTS_H

#include "targets/redis/connection.h"

enum { RIGHTS_KEYS_MAX = 2, RIGHTS_LACKING_BYTES = 24, RIGHTS_ERROR_BYTES = 256 };

struct user_rights_question {
        const char *flags;  /* of the script; "": it is refused where a write would be */
        const char *wanted; /* the commands, as the elements of a table in Lua; KEYS[1] and KEYS[2] are @keys */
        const char *keys[RIGHTS_KEYS_MAX]; /* and after these the ARGV, together no more than there is room for */
        unsigned key_count, argument_count;
};

struct user_rights_answer {
        char lacking[RIGHTS_LACKING_BYTES]; /* the first command that the user may not run; "": none */
        char error[RIGHTS_ERROR_BYTES];     /* the server refused the script with this text; "": it ran */
};

MUST_CHECK enum err user_rights_ask(struct connection *connection, const struct user_rights_question *question,
                                    mono_ms deadline, struct user_rights_answer *ret, struct errmsg *reterr);

/* Whether @error says that the server knows no such question (Redis before 7.0). Pure. */
bool user_rights_is_too_old(const char *error);

#endif
