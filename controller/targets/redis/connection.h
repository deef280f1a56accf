/*
 * connection.h -- one authenticated connection to a Redis server, which serves one visit.
 *
 * Ownership: connection_new() copies the configuration; connection_free() wipes what is secret of it.
 * Threads:   one at a time.
 */
#ifndef PK_TARGETS_REDIS_CONNECTION_H
#define PK_TARGETS_REDIS_CONNECTION_H

#include "targets/redis/reply.h"
#include "targets/target.h"

struct connection;

/* The fields of the spec by which texts name what a person has to mend. Static. */
struct connection_words {
        const char *address_field;
        struct reply_remedies remedies;
};

/* Settings and credentials as in lock.h. Touches no network. */
MUST_CHECK enum err connection_new(const struct target_config *config, struct connection **ret, struct errmsg *reterr);
/* The same for another server than the lock's. Without the setting address it has to be pointed at one first. */
MUST_CHECK enum err connection_new_for(const struct connection_words *words, const struct target_config *config,
                                       struct connection **ret, struct errmsg *reterr);
/* Ends what is open: the next command goes to @address, with the same credentials. */
MUST_CHECK enum err connection_point(struct connection *connection, const char *address, struct errmsg *reterr);
void connection_free(struct connection *connection); /* NULL is a no-op */

const char *connection_server(const struct connection *connection); /* host:port, for texts */
/* The class and the text of an error reply of this server; its remedies are the connection's. */
MUST_CHECK enum err connection_refusal(const struct connection *connection, const redisReply *reply,
                                       struct errmsg *reterr);

/* Connected, authenticated, the database selected: as it was left, or anew. */
MUST_CHECK enum err connection_ready(struct connection *connection, mono_ms deadline, struct errmsg *reterr);

/*
 * connection_command() - one command on a ready connection and its reply, which is the caller's.
 *
 * ERR_TRANSIENT: the server cannot have it whole. ERR_UNKNOWN: sent, no reply: it may have been done. ERR_INVALID:
 * sent, and the reply is not one. After any error the connection is closed. An error reply is a reply.
 */
MUST_CHECK enum err connection_command(struct connection *connection, int argc, const char *const *argv,
                                       mono_ms deadline, redisReply **ret, struct errmsg *reterr);

/*
 * The same in two parts, so that several commands are under way at a time: replies come in the order of the commands.
 * Once the connection is closed, every reply that is still due is ERR_UNKNOWN.
 */
struct connection_request {
        int argc;
        const char *const *argv;
};
/*
 * Several in one piece, CONNECTION_REQUESTS_MAX at most: a server that answers the first one and leaves would be told
 * as one that takes no more commands, and what it said would be lost.
 */
enum { CONNECTION_REQUESTS_MAX = 8 };
MUST_CHECK enum err connection_send_all(struct connection *connection, const struct connection_request *requests,
                                        size_t count, mono_ms deadline, struct errmsg *reterr);
MUST_CHECK enum err connection_send(struct connection *connection, int argc, const char *const *argv, mono_ms deadline,
                                    struct errmsg *reterr);
MUST_CHECK enum err connection_receive(struct connection *connection, mono_ms deadline, redisReply **ret,
                                       struct errmsg *reterr);

#endif
