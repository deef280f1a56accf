/* group_rights.h -- whether the user of each Redis may do what a switch needs, before there is one. */
#ifndef PK_TARGETS_REDIS_GROUP_RIGHTS_H
#define PK_TARGETS_REDIS_GROUP_RIGHTS_H

#include "targets/redis/group.h"

/*
 * As target_driver.preflight. @wanted: the commands, as the elements of a table in Lua; none of them is run. One that
 * does not answer accuses nobody.
 *
 * Source: as in user_rights.h.
 */
MUST_CHECK enum err group_rights_check(struct group *group, const char *wanted, mono_ms deadline,
                                       struct errmsg *reterr);

#endif
