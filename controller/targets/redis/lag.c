/* lag.c -- samples of replication, and what they say of a promotion. */
#include "targets/redis/lag.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { TEXT_BYTES = 4096, WHY_BYTES = 512 };

#define NOT_SYNCED  "RedisReplicaNotSynced"
#define UNREACHABLE "RedisUnreachableOnStandby"
#define BEHIND      "RedisReplicaBehind"

/* ---- as a text: one line for the primary, and one for each replica ---- */

void lag_parse(const char *text, struct lag *ret)
{
        int used = 0;
        *ret = (struct lag){0};
        if (!text || sscanf(text, "lag %299s %40s %" SCNd64 " %" SCNd64 "\n%n", ret->primary, ret->stream,
                            &ret->seen_at, &ret->lost_at, &used) != 4 ||
            !used) {
                *ret = (struct lag){0};
                return;
        }
        for (text += used; ret->count < PLANES_MAX; text += used) {
                struct lag_of *of = &ret->replicas[ret->count];
                used = 0;
                if (sscanf(text, "%299s %" SCNd64 " %" SCNd64 " %" SCNd64 "\n%n", of->address, &of->level_at,
                           &of->mark_at, &of->mark_offset, &used) != 4 ||
                    !used)
                        break;
                ret->count++;
        }
}

char *lag_text(const struct lag *lag)
{
        struct strbuf text = STRBUF_INIT(TEXT_BYTES);
        if (!lag->primary[0])
                return mem_strdup("");
        (void)strbuf_printf(&text, "lag %s %s %" PRId64 " %" PRId64 "\n", lag->primary, lag->stream, lag->seen_at,
                            lag->lost_at);
        for (unsigned i = 0; i < lag->count; i++)
                (void)strbuf_printf(&text, "%s %" PRId64 " %" PRId64 " %" PRId64 "\n", lag->replicas[i].address,
                                    lag->replicas[i].level_at, lag->replicas[i].mark_at,
                                    lag->replicas[i].mark_offset);
        char *copy = mem_strdup(strbuf_text(&text));
        strbuf_deinit(&text);
        return copy;
}

/* ---- samples ---- */

static const struct lag_of *find(const struct lag *lag, const char *address)
{
        for (unsigned i = 0; i < lag->count; i++)
                if (text_equal(lag->replicas[i].address, address))
                        return &lag->replicas[i];
        return NULL;
}

/* One that is seen for the first time is taken for level: from then on it is known. */
static struct lag_of next_of(const struct lag_of *before, const struct member *replica, const struct member *primary,
                             mono_ms now)
{
        struct lag_of next = before ? *before : (struct lag_of){.level_at = now};
        const bool is_copy = replica->err == ERR_OK && !replica->is_primary && !replica->is_empty &&
                             text_equal(replica->stream, primary->stream);
        const bool is_new = !before;
        (void)TEXT_COPY(next.address, replica->address);
        if (is_copy && replica->offset >= primary->offset)
                next.level_at = now;
        else if (is_copy && !is_new && replica->offset >= next.mark_offset)
                next.level_at = next.mark_at;
        else if (!is_new)
                return next; /* it has not come to the mark */
        next.mark_at = now;
        next.mark_offset = primary->offset;
        return next;
}

void lag_observe(struct lag *lag, const struct group *group, const struct member *primary, mono_ms now)
{
        if (!primary) {
                lag->lost_at = lag->primary[0] && !lag->lost_at ? now : lag->lost_at;
                return;
        }
        /* Another primary, or one that began anew, writes another stream. */
        const bool is_same = text_equal(lag->primary, primary->address) && text_equal(lag->stream, primary->stream);
        struct lag next = {.seen_at = now};
        (void)TEXT_COPY(next.primary, primary->address);
        (void)TEXT_COPY(next.stream, primary->stream);
        for (unsigned i = 0; i < group->count; i++) {
                const struct member *replica = &group->members[i];
                const struct lag_of *before = is_same ? find(lag, replica->address) : NULL;
                if (replica != primary)
                        next.replicas[next.count++] = next_of(before, replica, primary, now);
        }
        *lag = next;
}

/* ---- what follows ---- */

static bool is_sample_good(const struct lag *lag)
{
        return lag->primary[0] && (!lag->lost_at || lag->lost_at - lag->seen_at <= LAG_SAMPLE_MS);
}

/* A loss by a sample: the lag when the primary last answered. */
static bool is_behind(const struct lag *lag, const struct lag_of *of, const struct group *group, char why[WHY_BYTES],
                      const struct member *replica)
{
        const int64_t behind_s = (lag->seen_at - of->level_at) / 1000;
        if (behind_s <= group->max_lag_s)
                return false;
        (void)snprintf(why, WHY_BYTES,
                       "Redis %s %s %" PRId64 " s behind the primary %s%s, and a promotion would lose what was written "
                       "in them (maxLagSeconds %" PRId64 "); mend its replication, or raise maxLagSeconds",
                       replica->address, lag->lost_at ? "was" : "is", behind_s, lag->primary,
                       lag->lost_at ? " when that last answered" : "", group->max_lag_s);
        return true;
}

/* A loss by the replica's own word, where the primary was not seen in time. */
static bool is_cut(const struct group *group, const struct member *replica, mono_ms now, char why[WHY_BYTES],
                   mono_ms *ret_lost_after)
{
        if (replica->is_linked || replica->unlinked_s <= group->max_lag_s)
                return false;
        const mono_ms lost_after = now - (replica->unlinked_s - group->max_lag_s) * 1000;
        *ret_lost_after = lost_after > 0 ? lost_after : 1; /* it is older than the clock */
        (void)snprintf(why, WHY_BYTES,
                       "Redis %s has had no link to its primary %s for %" PRId64 " s, and this operator has not seen "
                       "that primary, so that it is not known how much a promotion would lose (maxLagSeconds %" PRId64
                       "); bring the primary or the link back",
                       replica->address, replica->follows, replica->unlinked_s, group->max_lag_s);
        return true;
}

static bool find_unready(const struct lag *lag, const struct group *group, const struct member *member, mono_ms now,
                         struct unready *ret)
{
        char why[WHY_BYTES];
        const struct lag_of *of = find(lag, member->address);
        *ret = (struct unready){.reason = BEHIND, .is_loss = true};
        if (member->err != ERR_OK) {
                *ret = (struct unready){.reason = UNREACHABLE};
                (void)snprintf(why, sizeof(why), "its Redis does not answer: %.300s", member->why.text);
        } else if (member->is_primary) {
                return false; /* it came back, and is demoted */
        } else if (member->is_empty) {
                *ret = (struct unready){.reason = NOT_SYNCED};
                (void)snprintf(why, sizeof(why),
                               "Redis %s has no copy of the data, because its synchronisation with %s is not over",
                               member->address, member->follows);
        } else if (of && is_sample_good(lag)) {
                if (!is_behind(lag, of, group, why, member))
                        return false;
        } else if (!is_cut(group, member, now, why, &ret->lost_after)) {
                return false;
        }
        ret->why = mem_strdup(why);
        return true;
}

void lag_judge(const struct lag *lag, const struct group *group, const struct member *primary, mono_ms now,
               struct target_state *ret)
{
        struct unready *list = mem_calloc(PLANES_MAX, sizeof(*list));
        unsigned count = 0;
        for (unsigned i = 0; i < group->count; i++) {
                const struct member *member = &group->members[i];
                if (member == primary || text_equal(member->address, group->planned) ||
                    !find_unready(lag, group, member, now, &list[count]))
                        continue;
                list[count].value = mem_strdup(member->address);
                list[count].reason = mem_strdup(list[count].reason);
                count++;
        }
        ret->unready = list;
        ret->unready_count = count;
}
