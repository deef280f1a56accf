/*
 * log_writer.h -- log lines on their way to a descriptor that may stand still: a pipe whose reader stopped, a terminal,
 * a disk. They wait in a bounded ring, and a thread of its own does the waiting.
 *
 * Bounds:  LOG_RING_BYTES of lines; what does not fit is dropped and counted, and a line says so once it can be
 *          written.
 * Threads: put() from any; it never waits for the descriptor. start() and stop() from the main thread.
 */
#ifndef PK_RUNTIME_LOG_WRITER_H
#define PK_RUNTIME_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/units.h"

enum { LOG_RING_BYTES = 256 * 1024 };

/* @say_dropped writes the line that says how many are missing, and returns its length. */
void log_writer_start(int fd, size_t (*say_dropped)(uint64_t count, char *ret_line, size_t size));
/* False where there is no writer (before start(), or no thread could be started). A line goes whole or not at all. */
bool log_writer_put(const char *line, size_t bytes);
/* The lines that wait are written for up to @limit. Later ones may be put, and may be lost. */
void log_writer_stop(mono_ms limit);
uint64_t log_writer_dropped(void); /* lines, since the start */

#endif
