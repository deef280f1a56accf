/* lock_rights.c -- the user's rights on a lock's keys. */
#include "targets/redis/lock_rights.h"

#include <string.h>

#include "targets/redis/user_rights.h"

#define WAIT ", {'WAIT', '0', '1'}"
#define WRITES_BOTH                                                                                                    \
        "{'TYPE', KEYS[1]}, {'PTTL', KEYS[1]}, {'GET', KEYS[1]}, {'GET', KEYS[2]},\n"                                  \
        "  {'MSET', KEYS[1], '', KEYS[2], ''}"
/* The value's key is no key of the script, since a script may write all of those. */
#define WRITES_STAMP                                                                                                   \
        "{'TYPE', ARGV[1]}, {'PTTL', ARGV[1]}, {'GET', ARGV[1]}, {'GET', KEYS[1]}, {'SET', KEYS[1], ''}"

static enum err refusal(const struct connection *connection, const char *error, struct errmsg *reterr)
{
        const char *server = connection_server(connection);
        if (user_rights_is_too_old(error))
                return err_set(reterr, ERR_TRANSIENT, "%s: it does not say what a user may do (Redis before 7.0)",
                               server);
        enum err err = reply_error(server, error, reterr);
        return strstr(error, "READONLY") ? ERR_INVALID : err; /* it stays so until a person promotes it */
}

enum err lock_rights_check(struct connection *connection, const struct lock_rights *rights, mono_ms deadline,
                           struct errmsg *reterr)
{
        /* Without flags the server refuses the script where it would refuse a write (on a replica, say). */
        struct user_rights_question question = {
            .flags = "",
            .wanted = rights->wait_replicas ? WRITES_BOTH WAIT : WRITES_BOTH,
            .keys = {rights->key, rights->stamp_key},
            .key_count = 2};
        if (rights->is_value_read_only)
                question = (struct user_rights_question){
                    .flags = "",
                    .wanted = rights->wait_replicas ? WRITES_STAMP WAIT : WRITES_STAMP,
                    .keys = {rights->stamp_key, rights->key},
                    .key_count = 1,
                    .argument_count = 1};
        struct user_rights_answer answer;
        enum err err = user_rights_ask(connection, &question, deadline, &answer, reterr);
        if (err != ERR_OK)
                return err;
        if (answer.error[0])
                return refusal(connection, answer.error, reterr);
        if (answer.lacking[0])
                return err_set(reterr, ERR_DENIED,
                               "%s: its user may not %s: grant +%s on the keys %.80s and %.80s",
                               connection_server(connection), answer.lacking, answer.lacking, rights->key,
                               rights->stamp_key);
        return ERR_OK;
}
