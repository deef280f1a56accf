/*
 * redis_servers.h -- the Redis of each plane, where one is the primary and the others are its replicas: roles, links and
 * copies, asked and told over targets/redis/connection.h by the drivers that ship. A server that died comes back without
 * its data: as what it was, and the first one, whose file says so, as a primary in any case.
 */
#ifndef PK_TEST_WHOLE_REDIS_SERVERS_H
#define PK_TEST_WHOLE_REDIS_SERVERS_H

#include "world.h"

void redis_servers_begin(void); /* of policy 0; nothing where it moves no primary */
const char *redis_servers_address(unsigned plane);
int redis_servers_find(const char *address); /* its plane; -1: none of them */

/* What befalls them. */
void redis_servers_die(unsigned plane);
void redis_servers_come_back(unsigned plane);
void redis_servers_cut(unsigned plane, int more);      /* > 0: it has no link to any other */
void redis_servers_hold_copies(unsigned plane, int more); /* > 0: a first copy there does not end */

void redis_servers_put_back(unsigned plane); /* a person makes it the only primary, who knows where the data is */
bool redis_servers_is_primary(unsigned plane);
/* Whether @plane was the primary at any time since. */
bool redis_servers_was_primary(unsigned plane, vtime_us since);
/* One is the primary, that of @plane, and all others have its data. */
bool redis_servers_follow(unsigned plane);

#endif
