/* replica_rights.c -- the user's rights to promote and to demote. */
#include "targets/redis/replica_rights.h"

#include "targets/redis/user_rights.h"

enum err replica_rights_check(struct member *member, mono_ms deadline, struct errmsg *reterr)
{
        /* It runs on a replica too, also on one that has lost its primary. */
        static const struct user_rights_question question = {
            .flags = "flags=no-writes,allow-stale",
            .wanted = "{'INFO', 'replication'}, {'SET', '" MEMBER_PROBE_KEY "', '', 'XX'},\n"
                      "  {'REPLICAOF', 'NO', 'ONE'}, {'FAILOVER', 'TO', 'host', '1', 'TIMEOUT', '1'}"};
        struct user_rights_answer answer;
        enum err err = user_rights_ask(member->connection, &question, deadline, &answer, reterr);
        if (err != ERR_OK)
                return err;
        if (answer.error[0])
                return err_set(reterr, ERR_TRANSIENT,
                               "%s: it does not say what a user may do (Redis before 7.0, or no right to +eval)",
                               member->address);
        if (answer.lacking[0])
                return err_set(reterr, ERR_DENIED,
                               "%s: its user may not %s: grant +info +set +replicaof +failover ~" MEMBER_PROBE_KEY,
                               member->address, answer.lacking);
        return ERR_OK;
}
