/*
 * credentials.h -- the client's credentials for one API server, kept fresh: token file re-read, exec plugin run again.
 * Private to client.c.
 *
 * A call asks credentials_state(), takes token and TLS when READY, and tells of a 401. changed() is called when WAIT
 * has ended.
 *
 * Ownership: credentials_open() takes the config (moved in and cleared).
 * Threads:   loop thread only; the plugin runs, and the token file is read, in the executor.
 */
#ifndef PK_KUBE_CREDENTIALS_H
#define PK_KUBE_CREDENTIALS_H

#include <stdint.h>

#include "kube/config.h"
#include "runtime/executor.h"

struct credentials;
enum credentials_state { CREDENTIALS_READY, CREDENTIALS_WAIT, CREDENTIALS_FAILED };

/* TLS material that calls still use while newer one is in force already. */
struct credentials_tls {
        struct http_tls tls;
        unsigned users;
};

/* @executor may be NULL where the config has no exec plugin; a token file is read in this thread then. */
struct credentials *credentials_open(struct loop *loop, struct executor *executor, struct kube_config *config,
                                     void (*changed)(void *ctx), void *ctx);
void credentials_close(struct credentials *credentials);

const struct kube_config *
credentials_config(const struct credentials *credentials); /* tls and token in it may be outdated */
enum credentials_state credentials_state(struct credentials *credentials);
enum err credentials_error(const struct credentials *credentials, struct errmsg *reterr); /* of CREDENTIALS_FAILED */
enum err credentials_late(const struct credentials *credentials, struct errmsg *reterr);  /* WAIT does not end */

const struct secret *credentials_token(const struct credentials *credentials); /* empty where there is none */
struct credentials_tls *credentials_tls_ref(struct credentials *credentials);
void credentials_tls_unref(struct credentials_tls *tls); /* NULL is a no-op */
uint64_t credentials_generation(const struct credentials *credentials);

/* The server answered 401 to a call of @generation. True: newer ones are here or on their way, so try once more. */
bool credentials_refused(struct credentials *credentials, uint64_t generation);
/* Adds to @why, which tells of a 401 that stays, what else is known. Returns @err. */
enum err credentials_explain(const struct credentials *credentials, enum err err, struct errmsg *why);

#endif
