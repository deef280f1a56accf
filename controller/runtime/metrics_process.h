/*
 * metrics_process.h -- the process_* part of the page, and what it shares with the rest. Private to metrics.c.
 *
 * Threads: loop thread only.
 * Source:  prometheus.io/docs/instrumenting/writing_clientlibs (process metrics), proc(5).
 */
#ifndef PK_RUNTIME_METRICS_PROCESS_H
#define PK_RUNTIME_METRICS_PROCESS_H

#include "util/strbuf.h"

enum { METRICS_NUMBER_BYTES = 32 };

/* The shortest decimal that reads back as @value, in @text, which is returned. */
const char *metrics_number(double value, char text[static METRICS_NUMBER_BYTES]);

void metrics_print_head(struct strbuf *page, const char *name, const char *help, const char *type);
void metrics_print_process(struct strbuf *page); /* prints nothing of what /proc does not tell */

#endif
