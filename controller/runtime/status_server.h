/*
 * status_server.h -- /metrics, /healthz and /readyz by libmicrohttpd, driven by the loop (so a stuck loop fails its
 * liveness probe).
 *
 * Errors:    ERR_INVALID where an address cannot be parsed or bound; the text names the flag.
 * Threads:   loop thread only; no thread of its own.
 */
#ifndef PK_RUNTIME_STATUS_SERVER_H
#define PK_RUNTIME_STATUS_SERVER_H

#include <stdbool.h>

#include "runtime/loop.h"
#include "util/err.h"
#include "util/strbuf.h"

struct status_server;

/* @address as kubebuilder writes it: ":8080", "127.0.0.1:8080", "[::1]:8080"; "0" means off (ERR_OK with *ret NULL).
 * With the same address for both, one server serves all three paths.
 * @is_ready appends why not to @why (kubectl describe pod shows it) and returns false while not ready. */
MUST_CHECK enum err status_server_open(struct loop *loop, const char *address, const char *flag, bool serves_metrics,
                                       bool serves_health, bool (*is_ready)(void *ctx, struct strbuf *why), void *ctx,
                                       struct status_server **ret, struct errmsg *reterr);
/* Whether @address could be listened on as far as its text goes. */
MUST_CHECK enum err status_server_check(const char *address, const char *flag, struct errmsg *reterr);
unsigned status_server_port(const struct status_server *server); /* the port in use; for ":0" the kernel chose it */
void status_server_close(struct status_server *server); /* NULL is a no-op */

#endif
