/*
 * exec_process.h -- start one program, collect its stdout, kill it and its children at the deadline. Private to exec.c.
 *
 * Bounds:    64 KiB of stdout. stdin is /dev/null; the end of stderr goes into *reterr when the program fails.
 * Threads:   blocks until the deadline: executor jobs only.
 * Source:    posix_spawn(3), pidfd_open(2)
 */
#ifndef PK_KUBE_EXEC_PROCESS_H
#define PK_KUBE_EXEC_PROCESS_H

#include "kube/config.h"
#include "util/units.h"

/* @variable: one more "NAME=value" for the environment, which is that of this process plus exec->env. */
MUST_CHECK enum err exec_process_run(const struct kube_exec *exec, char *variable, mono_ms deadline,
                                     struct secret *ret_stdout, struct errmsg *reterr);

#endif
