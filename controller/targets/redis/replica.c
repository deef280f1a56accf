/* replica.c -- REPLICAOF NO ONE and FAILOVER TO, and demoting what comes back. */
#include "targets/redis/replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/clock.h"
#include "targets/redis/credentials.h"
#include "targets/redis/group.h"
#include "targets/redis/group_rights.h"
#include "targets/redis/lag.h"
#include "targets/redis/min_replicas.h"
#include "targets/redis/replica_by_hand.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

#define GRANTS "+info +set +replicaof +failover +eval ~" MEMBER_PROBE_KEY

enum { SETTLE_MS = 2000, AGAIN_MS = 20, READ_EVERY_MS = 10000 };

/* Another one that says that it is primary, the expected one before others; NULL: none answers. */
static struct member *primary_beside(struct group *group, const struct member *to, const char *expected)
{
        struct member *found = NULL;
        for (unsigned i = 0; i < group->count; i++) {
                struct member *member = &group->members[i];
                if (member == to || member->err != ERR_OK || !member->is_primary)
                        continue;
                if (!found || text_equal(member->address, expected))
                        found = member;
        }
        return found;
}

/* A server before 6.2 knows no FAILOVER, and one that cannot name its replica cannot hand over to it. */
static enum err hand_over(struct member *from, struct member *to, mono_ms deadline, struct errmsg *reterr)
{
        struct net_endpoint known;
        if (!to->is_linked || !member_known_as(from, to, deadline, &known))
                return member_promote(to, deadline, reterr);
        enum err err = from->is_handing_over ? ERR_OK : member_hand_over(from, &known, deadline, reterr);
        if (err == ERR_INVALID && strstr(reterr->text, "unknown command"))
                return member_promote(to, deadline, reterr);
        return err;
}

static void pause_briefly(void)
{
        const struct timespec wait = {.tv_nsec = AGAIN_MS * 1000000L};
        (void)nanosleep(&wait, NULL);
}

/* It says that it is primary and takes a write, now or soon. */
static bool await_primary(struct member *to, mono_ms deadline)
{
        const mono_ms most = clock_mono() + SETTLE_MS, until = deadline < most ? deadline : most;
        for (;;) {
                member_look(to, until);
                if (to->err == ERR_OK && to->is_primary && to->takes_writes)
                        return true;
                if (clock_mono() + AGAIN_MS >= until || to->err == ERR_DENIED)
                        return false;
                pause_briefly();
        }
}

/* Only once the new one is primary beyond doubt: what the others have written since is lost with this. */
static enum err demote_others(struct group *group, const struct member *to, mono_ms deadline, struct errmsg *reterr)
{
        enum err worst = ERR_OK;
        for (unsigned i = 0; i < group->count; i++) {
                struct member *member = &group->members[i];
                struct errmsg why = {0};
                if (!group_is_stray(member, to, deadline))
                        continue;
                const enum err err = member_follow(member, to->address, deadline, &why);
                if (err != ERR_OK && worst == ERR_OK) {
                        worst = err;
                        (void)err_set(reterr, err, "%s", why.text);
                }
        }
        return worst;
}

/* Fills which values are unready, and the text that the next visit is given. */
static void tell(struct group *group, const char *kept, mono_ms deadline, struct target_state *found)
{
        const struct member *primary = group_primary(group);
        lag_tell(group, primary, kept, deadline, found);
        if (!found->doubt)
                found->doubt = min_replicas_doubt(group, primary, READ_EVERY_MS / 1000);
}

static enum err make_primary(struct group *group, struct member *to, const char *expected, mono_ms deadline,
                             struct errmsg *reterr)
{
        struct member *from = primary_beside(group, to, expected);
        if (to->err != ERR_OK)
                return err_set(reterr, to->err, "%s", to->why.text);
        enum err err = to->is_primary ? ERR_OK : group_check(group, to, from, reterr);
        if (err == ERR_OK && !to->is_primary)
                err = from ? hand_over(from, to, deadline, reterr) : member_promote(to, deadline, reterr);
        if (err != ERR_OK)
                return err;
        if (await_primary(to, deadline))
                return ERR_OK;
        if (to->err == ERR_DENIED)
                return err_set(reterr, to->err, "%s", to->why.text);
        return err_set(reterr, ERR_PENDING, "%s: it is being promoted and does not take writes yet", to->address);
}

static enum err swap(struct group *group, struct target_visit *visit)
{
        struct errmsg *why = &visit->why;
        group_look(group, false, visit->deadline);
        struct member *to = group_wanted(group, visit->want->value);
        if (!to)
                return err_set(why, ERR_INVALID,
                               "%.200s is the Redis of no plane: write it as spec.redis.address of the ManagementPlane",
                               visit->want->value);
        free(group->planned);
        group->planned = mem_strdup(to->address);
        struct target_state before = {0};
        enum err err = group_judge(group, visit->deadline, &before, why);
        target_state_clear(&before);
        if (err == ERR_DENIED || err == ERR_INVALID)
                return err; /* of a server that a person has to mend: nothing is begun that could not be ended */
        err = make_primary(group, to, visit->expected->value, visit->deadline, why);
        if (err != ERR_OK && err != ERR_PENDING)
                return err;
        group_look(group, true, visit->deadline);
        const enum err demoted =
            err == ERR_OK ? demote_others(group, to, visit->deadline, why) : ERR_OK;
        if (demoted != ERR_OK)
                return demoted;
        if (err == ERR_OK)
                group_look(group, true, visit->deadline);
        const enum err seen = group_judge(group, visit->deadline, &visit->found, why);
        if (seen != ERR_OK)
                return ERR_UNKNOWN; /* it was sent: a look says what became of it */
        tell(group, visit->expected->version, visit->deadline, &visit->found);
        if (err == ERR_OK && (!text_equal(visit->found.value, to->address) || visit->found.settling))
                err = err_set(why, ERR_PENDING, "%s: it is promoted, and another one does not follow it yet",
                              to->address);
        return err;
}

static void visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        struct group *group = group_of(session);
        INVARIANT(count == 1);
        if (visits->verb == TARGET_SWAP) {
                visits->err = swap(group, visits);
                if (visits->err != ERR_OK && visits->err != ERR_PENDING)
                        target_state_clear(&visits->found);
                return;
        }
        group_look(group, false, visits->deadline);
        visits->err = group_judge(group, visits->deadline, &visits->found, &visits->why);
        if (visits->err == ERR_OK)
                tell(group, visits->kept, visits->deadline, &visits->found);
}

static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        return group_open(&redis_replica_driver, GRANTS, config, ret, reterr);
}

static enum err preflight(struct target_session *session, struct target_preflight *preflight, struct errmsg *reterr)
{
        static const char wanted[] =
            "{'INFO', 'replication'}, {'SET', '" MEMBER_PROBE_KEY "', '', 'XX'},\n"
            "  {'REPLICAOF', 'NO', 'ONE'}, {'FAILOVER', 'TO', 'host', '1', 'TIMEOUT', '1'}";
        return group_rights_check(group_of(session), wanted, preflight->deadline, reterr);
}

const struct target_driver redis_replica_driver = {
    .name = "replica",
    .kind = TARGET_PROMOTION,
    .limits = {.visit_ms = 8000,
               .read_every_ms = READ_EVERY_MS,
               .preflight_every_ms = 600000,
               .at_once = 3,
               .batch_max = 1},
    .check_credentials = redis_check_credentials,
    .open = open_session,
    .visit = visit,
    .preflight = preflight,
    .by_hand = redis_replica_by_hand,
    .close = group_close,
};
