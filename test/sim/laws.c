/* laws.c -- the invariants. */
#include "laws.h"

#include <stddef.h>
#include <string.h>

const char *law_record_is_taken(const struct law_record *stored, uint64_t epoch, bool was_decided)
{
        if (stored->is_there && epoch < stored->epoch)
                return "S1: an epoch that is lower than the recorded one";
        if (was_decided || (stored->is_there && epoch == stored->epoch))
                return "S1: an epoch is decided twice";
        return NULL;
}

const char *law_record_is_committed(const struct law_decision *decision)
{
        return !decision->was_routed || (decision->uses_lock && !decision->was_locked)
                   ? "L2: it is committed before every target has shown it"
                   : NULL;
}

const char *law_target_is_given(const struct law_decision *decision, bool is_lock, const char *value, const char *decided)
{
        if (strcmp(value, decided) != 0)
                return "S5: another value than was decided";
        return !is_lock && decision->uses_lock && !decision->was_locked ? "S4: it is routed before it is locked" : NULL;
}

const char *law_name_is_moved(const struct law_decision *decision, bool is_lock_seen)
{
        return decision->uses_lock && !is_lock_seen ? "S4: it is routed, and the lock does not show it any more" : NULL;
}

const char *law_lock_is_followed(const struct law_decision *decision, bool may_be_lost)
{
        return decision->uses_lock && may_be_lost ? "S4: it is routed while Redis may still lose its lock" : NULL;
}

const char *law_target_changes(const struct law_shown *before, const struct law_shown *after, bool finishes)
{
        if (!before->is_ours)
                return NULL;
        if (before->epoch > after->epoch || before->decided > after->decided)
                return "S6: a lower epoch takes the place of a higher one";
        return before->epoch == after->epoch && !finishes ? "S6: an epoch takes its own place" : NULL;
}

const char *law_plane_is_left(unsigned failures, unsigned threshold, int64_t lasted, int64_t delay)
{
        return failures < threshold || lasted < delay ? "S7: a plane is left before it has failed for long enough" : NULL;
}

const char *law_switch_is_repeated(int64_t since_last, int64_t cooldown)
{
        return since_last < cooldown ? "S9: it is decided within the cool-down" : NULL;
}

const char *law_replica_is_promoted(bool has_copy)
{
        return has_copy ? NULL : "P1: a replica without a copy of the data is made the primary";
}

const char *law_primary_is_made(bool was_made)
{
        return was_made ? "P2: two are made the primary in one epoch" : NULL;
}

const char *law_primary_is_followed(bool was_primary)
{
        return was_primary ? NULL : "P3: the name follows before the Redis of its plane is the primary";
}

const char *law_job_begins(bool is_beside_another, bool is_superseded)
{
        return is_superseded       ? "J1: a Job begins after the one of a later epoch"
               : is_beside_another ? "J1: a Job begins while another one is at work"
                                   : NULL;
}

const char *law_acts(bool is_suspended, bool is_advised, bool is_killed)
{
        return is_killed ? "S13: the kill switch is on, or may not be read"
               : is_suspended ? "S13: the policy is suspended"
               : is_advised ? "S13: the policy only advises"
                            : NULL;
}
