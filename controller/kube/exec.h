/*
 * exec.h -- run an exec credential plugin: a program that prints an ExecCredential. No shell, no terminal, a deadline,
 * bounded output.
 *
 * Threads:   exec_run() blocks until its deadline: executor jobs only. It reads the configuration, which nobody changes
 *            while it runs. exec_parse() belongs on the loop thread: nested JSON wants more stack than a worker has.
 * Errors:    ERR_TRANSIENT: it timed out or failed (it may work later); ERR_INVALID: what it printed is no usable
 *            credential; ERR_NOT_FOUND: no such program. The text carries the end of its stderr, never its stdout.
 * Source:    client.authentication.k8s.io/v1, /v1beta1
 */
#ifndef PK_KUBE_EXEC_H
#define PK_KUBE_EXEC_H

#include "kube/config.h"
#include "util/units.h"

struct exec_credential {
        struct secret token; /* empty where it gave a certificate only */
        struct secret certificate;
        struct secret key;
        unix_ms expires; /* 0: it did not say */
};

bool exec_is_known_version(const char *api_version);
MUST_CHECK enum err exec_run(const struct kube_config *config, mono_ms deadline, struct secret *ret_output,
                             struct errmsg *reterr);
MUST_CHECK enum err exec_parse(const struct kube_exec *exec, const struct secret *output, struct exec_credential *ret,
                               struct errmsg *reterr);
void exec_credential_clear(struct exec_credential *credential);

#endif
