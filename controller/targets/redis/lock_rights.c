/* lock_rights.c -- the user's rights on a lock's keys. */
#include "targets/redis/lock_rights.h"

#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"

/*
 * The first line makes the server refuse the script where it would refuse a write (on a replica, say), although the
 * script has none. It asks of its own user, so no right to look at ACLs is needed.
 */
static const char script[] =
    "#!lua\n"
    "local wanted = {{'TYPE', KEYS[1]}, {'PTTL', KEYS[1]}, {'GET', KEYS[1]}, {'GET', KEYS[2]},\n"
    "  {'MSET', KEYS[1], '', KEYS[2], ''}}\n"
    "if ARGV[1] == '1' then wanted[6] = {'WAIT', '0', '1'} end\n"
    "for _, command in ipairs(wanted) do\n"
    "  if not redis.acl_check_cmd(unpack(command)) then return command[1] end\n"
    "end\n"
    "return 'may'\n";

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

/* Redis 6 has no such function, and takes the first line for an error. */
static bool is_too_old(const char *error)
{
        return strstr(error, "compiling script") != NULL || strstr(error, "acl_check_cmd") != NULL;
}

static enum err refusal(const struct connection *connection, const char *error, struct errmsg *reterr)
{
        const char *server = connection_server(connection);
        if (is_too_old(error))
                return err_set(reterr, ERR_TRANSIENT, "%s: it does not say what a user may do (Redis before 7.0)",
                               server);
        enum err err = reply_error(server, error, reterr);
        return strstr(error, "READONLY") ? ERR_INVALID : err; /* it stays so until a person promotes it */
}

enum err lock_rights_check(struct connection *connection, const struct lock_rights *rights, mono_ms deadline,
                           struct errmsg *reterr)
{
        CLEANUP(free_reply) redisReply *reply = NULL;
        const char *argv[] = {"EVAL", script, "2", rights->key, rights->stamp_key, rights->wait_replicas ? "1" : "0"};
        enum err err = connection_ready(connection, deadline, reterr);
        if (err == ERR_OK)
                err = connection_command(connection, 6, argv, deadline, &reply, reterr);
        if (err != ERR_OK)
                return ERR_TRANSIENT; /* a read reports the reason */
        if (reply->type == REDIS_REPLY_ERROR)
                return refusal(connection, reply->str, reterr);
        if (!reply_is_text(reply))
                return err_set(reterr, ERR_TRANSIENT, "%s: an answer that the operator's script never gives",
                               connection_server(connection));
        if (text_equal(reply->str, "may"))
                return ERR_OK;
        return err_set(reterr, ERR_DENIED, "%s: its user may not %.20s: grant +%.20s on the keys %.80s and %.80s",
                       connection_server(connection), reply->str, reply->str, rights->key, rights->stamp_key);
}
