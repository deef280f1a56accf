/*
 * lag.h -- how far each replica was behind the primary when the primary was last seen, and which of them cannot be made
 * the primary, or not without a loss.
 *
 * A replica is level with the primary when it has as much of the stream as the primary had at a look before. How far it
 * is behind is the time since then. What was seen is kept over visits as a text, because no connection is.
 *
 * A sample of a lost primary counts if it is at most LAG_SAMPLE_MS older than the first look at which the primary did
 * not answer: of what was written in a longer gap nobody knows. Without one, the replica's own word says since when it
 * has got nothing, and that is a loss only if the plane that is left was still well later (unready.lost_after).
 *
 * Units:     times are monotonic; a text that another process has kept means nothing.
 * Ownership: the text and the list are the caller's.
 * Source:    redis.io: INFO replication (master_replid, master_repl_offset, slave_repl_offset,
 *            master_link_down_since_seconds).
 */
#ifndef PK_TARGETS_REDIS_LAG_H
#define PK_TARGETS_REDIS_LAG_H

#include "targets/redis/group.h"

enum { LAG_SAMPLE_MS = 60000 };

struct lag_of {
        char address[sizeof(((struct net_endpoint *)0)->text)];
        mono_ms level_at;    /* when the primary had what the replica has by now */
        mono_ms mark_at;     /* and when it had written more than that */
        int64_t mark_offset; /* which was so much */
};

struct lag {
        char primary[sizeof(((struct net_endpoint *)0)->text)]; /* "" none was seen */
        char stream[MEMBER_STREAM_BYTES];
        mono_ms seen_at; /* when it last answered */
        mono_ms lost_at; /* first look since at which it did not; 0: there is none */
        struct lag_of replicas[PLANES_MAX];
        unsigned count;
};

/* Of a text that is not one of lag_text() nothing is known. */
void lag_parse(const char *text, struct lag *ret); /* NULL as "" */
char *lag_text(const struct lag *lag);

/* Takes a look that was made at @now; @primary: the one that is it and answers, NULL: none does. */
void lag_observe(struct lag *lag, const struct group *group, const struct member *primary, mono_ms now);

/* Fills ret->unready, of all but the primary and the one that the record wants. */
void lag_judge(const struct lag *lag, const struct group *group, const struct member *primary, mono_ms now,
               struct target_state *ret);

/*
 * All of it for a look that was just made: @kept is the text of the look before, and ret->version becomes that of this
 * one. A replica that has not got the primary's last write yet is looked at again. Blocks until @deadline at most.
 */
void lag_tell(struct group *group, const struct member *primary, const char *kept, mono_ms deadline,
              struct target_state *ret);

#endif
