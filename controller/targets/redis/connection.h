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

/* Settings and credentials as in lock.h. Touches no network. */
MUST_CHECK enum err connection_new(const struct target_config *config, struct connection **ret, struct errmsg *reterr);
void connection_free(struct connection *connection); /* NULL is a no-op */

const char *connection_server(const struct connection *connection); /* host:port, for texts */

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
MUST_CHECK enum err connection_send(struct connection *connection, int argc, const char *const *argv, mono_ms deadline,
                                    struct errmsg *reterr);
MUST_CHECK enum err connection_receive(struct connection *connection, mono_ms deadline, redisReply **ret,
                                       struct errmsg *reterr);

#endif
