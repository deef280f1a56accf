/*
 * sentinel_view.h -- which server a group of Sentinels takes for the primary.
 *
 * Several are asked, because one that is cut off names the primary of yesterday. The answer of the highest
 * configuration epoch is believed: all others follow it once they hear of it, however many they are. Of equal epochs
 * the address that most of them name.
 *
 * Ownership: sentinel_group_new() copies the configuration; sentinel_view_clear() frees what a view holds, which
 *            borrows the connections of the group.
 * Threads:   may block until the deadline: executor jobs only, one at a time.
 */
#ifndef PK_TARGETS_REDIS_SENTINEL_VIEW_H
#define PK_TARGETS_REDIS_SENTINEL_VIEW_H

#include "targets/redis/sentinel_answer.h"
#include "targets/redis/sentinel_names.h"

enum { SENTINELS_MAX = 8 };

struct sentinel_view {
        struct sentinel_answer answers[SENTINELS_MAX]; /* those that name the primary come first */
        size_t count;
        size_t voters;        /* how many of the answers name it; at least one */
        size_t asked;         /* how many addresses there are */
        const char *primary;  /* in answers[0] */
        bool is_failing_over; /* one of them leads a failover whose outcome is not the primary yet */
        char silent[SENTINEL_ADDRESS_BYTES]; /* one of the addresses that did not answer */
};
void sentinel_view_clear(struct sentinel_view *view);

struct sentinel_group;

/*
 * Settings:    addresses ("host:port,host:port"), sentinelTLS ("true"), sentinelServerName; server (sentinel_names.h).
 * Credentials: sentinel.username, sentinel.password, sentinel.ca.crt, sentinel.tls.crt, sentinel.tls.key.
 */
MUST_CHECK enum err sentinel_group_new(const struct target_config *config, struct sentinel_group **ret,
                                       struct errmsg *reterr);
void sentinel_group_free(struct sentinel_group *group); /* NULL is a no-op */

/* The @i-th plane's Redis, as the spec has it; NULL: there are not so many. */
const char *sentinel_group_server(const struct sentinel_group *group, size_t i);

/*
 * One that was silent a moment ago is asked last, and only where too few of the others answer: a region that is gone
 * must not cost each look its share of the deadline.
 * ERR_OK: at least one answers. Else the refusal that a person can mend, or ERR_TRANSIENT.
 */
MUST_CHECK enum err sentinel_group_ask(struct sentinel_group *group, const char *name, mono_ms deadline,
                                       struct sentinel_view *ret, struct errmsg *reterr);

/* Where what they say is less than sure: that they disagree, or that too few answer. False: it is sure. */
bool sentinel_view_doubt(const struct sentinel_view *view, char *ret_text, size_t size);

/* Puts the answers that name the primary first. Pure; at least one answer. */
void sentinel_view_count(struct sentinel_view *view);

#endif
