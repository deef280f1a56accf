/*
 * pipeline.h -- many messages on one TCP connection: a few are under way at a time, and answers come in any order.
 *
 * Threads: one at a time.
 * Source:  RFC 7766 sections 6.2.1.1 and 7 (pipelining, responses out of order)
 */
#ifndef PK_TARGETS_DNS_PIPELINE_H
#define PK_TARGETS_DNS_PIPELINE_H

#include <stdbool.h>

#include "targets/dns/message.h"
#include "util/units.h"

/* Sends those of @messages that have no answer, each once, and waits until all have one. False: the connection is of no
 * more use, and some have none. */
bool pipeline_exchange(int fd, struct message *messages, size_t count, mono_ms deadline);

#endif
