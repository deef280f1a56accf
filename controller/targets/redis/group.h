/*
 * group.h -- the Redis of all planes, of which one is the primary and the others are its replicas.
 *
 * Who is primary is the servers' own word. Where several say that they are, the one that the record wants is, and the
 * others came back from before: nobody is *the* primary until they have been demoted. Where the record wants none of
 * them, which one holds the data is for a person to say. Where none says so, the last known one is: it is down, and has
 * not been replaced.
 *
 * Settings:    server (host:port, once for each plane), planned (what the record wants), isSettled ("true": the record
 *              is at rest), isConfirmed ("true": a person wants it in spite of a loss), maxLagSeconds, tls ("true"),
 *              serverName (else the host).
 * Credentials: as in lock.h; the same for all servers.
 * Ownership:   group_open() copies the configuration; group_close() wipes what is secret of it.
 * Threads:     may block until the deadline: executor jobs only, one at a time.
 */
#ifndef PK_TARGETS_REDIS_GROUP_H
#define PK_TARGETS_REDIS_GROUP_H

#include "core/types.h"
#include "core/view.h"
#include "targets/redis/member.h"

enum { GROUP_MAX_LAG_S = 30, GROUP_LOOK_MS = 1000 };

struct group {
        struct target_session base;
        struct member members[PLANES_MAX];
        unsigned count;
        const char *grants;
        char *planned; /* a line; "" none */
        bool is_settled, is_confirmed;
        int64_t max_lag_s;
};

/* As a driver's open() and close(): the group is the session. @grants as in struct member, static. */
MUST_CHECK enum err group_open(const struct target_driver *driver, const char *grants,
                               const struct target_config *config, struct target_session **ret,
                               struct errmsg *reterr);
void group_close(struct target_session *session);
struct group *group_of(struct target_session *session);

/*
 * Looks at each, one after the other, so that one that is dead costs no more than GROUP_LOOK_MS. @only_answering: those
 * that did not answer the last time are left out.
 */
void group_look(struct group *group, bool only_answering, mono_ms deadline);

/* The one at @address, and of those that @lines would do the one that is primary, or else answers; NULL: none. */
struct member *group_find(struct group *group, const char *address);
struct member *group_wanted(struct group *group, const char *lines);

/*
 * Whether @to may become primary at all. @from: the primary, where it answers. ERR_TRANSIENT: it has no copy of the
 * data, or would lose more than maxLagSeconds of what @from has.
 */
MUST_CHECK enum err group_check(const struct group *group, const struct member *to, const struct member *from,
                                struct errmsg *reterr);

/* @ret shows @value, "" for none, and nothing else. */
void group_show(struct target_state *ret, const char *value);

/* The one that is the primary by its own word, the planned one before others; NULL: none that answers is. */
const struct member *group_primary(const struct group *group);

/*
 * The state of the promotion, of what was seen: the caller's. ERR_TRANSIENT: nobody answers, or what does cannot tell
 * who is primary. ERR_DENIED, ERR_INVALID: of one that a person has to mend.
 */
MUST_CHECK enum err group_judge(struct group *group, mono_ms deadline, struct target_state *ret,
                                struct errmsg *reterr);

/* Whether @member is a replica that is not, and does not become, one of @primary. */
bool group_is_stray(const struct member *member, const struct member *primary, mono_ms deadline);

#endif
