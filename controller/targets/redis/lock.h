/* lock.h -- a Redis key that names the plane that may write: the driver behind spec.redis.lock. It moves, it never
 * expires. */
#ifndef PK_TARGETS_REDIS_LOCK_H
#define PK_TARGETS_REDIS_LOCK_H

#include "targets/target.h"

/*
 * Settings:    address (host:port, [v6]:port), db, waitReplicas (of those in sync, that must have a write before it
 *              counts; 0: none), tls ("true"), serverName (else the host), byCommand ("true": a command writes the
 *              value, and a swap the stamp alone, under the same conditions; the key's value is read only).
 * Credentials: username, password, ca.crt (else the system's trust store), tls.crt and tls.key.
 *
 * One EVAL a visit: both keys in one hash slot. -NOAUTH/-WRONGPASS/-NOPERM: ERR_DENIED; -READONLY, -LOADING, -MISCONF,
 * -NOREPLICAS, -CLUSTERDOWN: ERR_TRANSIENT with the word in the text; -MOVED (cluster mode): ERR_INVALID. ERR_PENDING:
 * stored, and too few replicas have acknowledged it: a lost primary would take it along; the same visit asks again.
 */
extern const struct target_driver redis_lock_driver;

#endif
