/* group_rights.c -- the rights of the user of each Redis. */
#include "targets/redis/group_rights.h"

#include "runtime/clock.h"
#include "targets/redis/user_rights.h"

static enum err check(struct member *member, const char *wanted, mono_ms deadline, struct errmsg *reterr)
{
        /* It runs on a replica too, also on one that has lost its primary. */
        const struct user_rights_question question = {.flags = "flags=no-writes,allow-stale", .wanted = wanted};
        struct user_rights_answer answer;
        enum err err = user_rights_ask(member->connection, &question, deadline, &answer, reterr);
        if (err != ERR_OK)
                return err;
        if (answer.error[0])
                return err_set(reterr, ERR_TRANSIENT,
                               "%s: it does not say what a user may do (Redis before 7.0, or no right to +eval)",
                               member->address);
        if (answer.lacking[0])
                return err_set(reterr, ERR_DENIED, "%s: its user may not %s: grant %s", member->address,
                               answer.lacking, member->grants);
        return ERR_OK;
}

enum err group_rights_check(struct group *group, const char *wanted, mono_ms deadline, struct errmsg *reterr)
{
        enum err worst = ERR_TRANSIENT;
        for (unsigned i = 0; i < group->count && worst != ERR_DENIED; i++) {
                struct errmsg why = {0};
                const mono_ms now = clock_mono(), share = (deadline - now) / (mono_ms)(group->count - i);
                const enum err err = check(&group->members[i], wanted, now + share, &why);
                if (err == ERR_OK || err == ERR_DENIED)
                        worst = err;
                if (err != ERR_OK)
                        (void)err_set(reterr, err, "%s", why.text);
        }
        return worst;
}
