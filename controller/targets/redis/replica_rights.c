/* replica_rights.c -- the user's rights to promote and to demote. */
#include "targets/redis/replica_rights.h"

#include "util/cleanup.h"
#include "util/text.h"

/* It runs on a replica too, also on one that has lost its primary. */
static const char script[] =
    "#!lua flags=no-writes,allow-stale\n"
    "local wanted = {{'INFO', 'replication'}, {'SET', '" MEMBER_PROBE_KEY "', '', 'XX'}, {'REPLICAOF', 'NO', 'ONE'},\n"
    "  {'FAILOVER', 'TO', 'host', '1', 'TIMEOUT', '1'}}\n"
    "for _, command in ipairs(wanted) do\n"
    "  if not redis.acl_check_cmd(unpack(command)) then return command[1] end\n"
    "end\n"
    "return 'may'\n";

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

enum err replica_rights_check(struct member *member, mono_ms deadline, struct errmsg *reterr)
{
        CLEANUP(free_reply) redisReply *reply = NULL;
        const char *argv[] = {"EVAL", script, "0"};
        enum err err = connection_ready(member->connection, deadline, reterr);
        if (err == ERR_OK)
                err = connection_command(member->connection, 3, argv, deadline, &reply, reterr);
        if (err != ERR_OK)
                return ERR_TRANSIENT; /* a read reports the reason */
        if (!reply_is_text(reply))
                return err_set(reterr, ERR_TRANSIENT,
                               "%s: it does not say what a user may do (Redis before 7.0, or no right to +eval)",
                               member->address);
        if (text_equal(reply->str, "may"))
                return ERR_OK;
        return err_set(reterr, ERR_DENIED,
                       "%s: its user may not %.20s: grant +info +set +replicaof +failover ~" MEMBER_PROBE_KEY,
                       member->address, reply->str);
}
