/*
 * stub.h -- the addresses that agents would be given for an absolute name: from DNS servers, and from no other source.
 *
 * A name that only this Pod knows (by a search list, a hosts file, another source of nsswitch.conf) is of no use to
 * agents, so none of these is asked: a name is taken as it is written, as if with a final dot.
 *
 * Bounds:  STUB_SERVERS_MAX servers, one after the other; STUB_DEADLINE_MS in all; RESOLVE_ADDRESSES_MAX addresses;
 *          chains of CNAMEs up to STUB_CHAIN_MAX names, followed here too, for servers that do not.
 * Threads: blocks: on a worker only. No shared state.
 * Source:  RFC 1034 section 3.6.2 (CNAME), RFC 1035, RFC 2308 (no such name, no such type), resolv.conf(5).
 */
#ifndef PK_PROBE_STUB_H
#define PK_PROBE_STUB_H

#include "probe/resolve.h"

enum { STUB_SERVERS_MAX = 3, STUB_DEADLINE_MS = 6000, STUB_CHAIN_MAX = 8 };

struct stub_server {
        struct address address;
        uint16_t port;
};

/* "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53", up to STUB_SERVERS_MAX of them with commas between; 0: it is
 * not that. */
unsigned stub_servers_parse(const char *text, struct stub_server ret[static STUB_SERVERS_MAX]);
/* The nameservers in the text of a resolv.conf; as the C library has it, 127.0.0.1 where it names none. */
unsigned stub_servers_from_file(const char *path, struct stub_server ret[static STUB_SERVERS_MAX]);

/* @servers as stub_servers_parse() has it; NULL: those of /etc/resolv.conf. For struct resolve_policy. */
void stub_lookup(const char *host, const char *servers, struct resolve_answer *ret);

#endif
