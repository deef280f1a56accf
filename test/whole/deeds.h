/* deeds.h -- faults that are no mere trouble on a way: what befalls processes, clocks and memories, and what people do.
 */
#ifndef PK_TEST_WHOLE_DEEDS_H
#define PK_TEST_WHOLE_DEEDS_H

#include "world.h"

struct fault {
        unsigned kind;
        struct host *host;
        unsigned cluster, plane, policy;
        vtime_us ends_at;
        bool takes_replicas; /* what befalls the plane is seen in its Deployment, too */
};

typedef void deed(const struct fault *fault);
deed kill_host, stop_host, pause_host, jump_host, jump_api, cut_watches, silence_watches, compact, lose_last_write,
    lag_replica, end_lag, cut_replica, promote_replica,
    freeze_and_forget, lose_all, remove_stamp_by_hand, lose_record, rebuild_hub, lose_status, lose_election, move_name_by_hand,
    move_lock_by_hand, remove_name_by_hand, restore_zone, lose_name, find_name, suspend, resume, advise, automate, edit_ttl, edit_delay, ask_for_switch, ask_in_advise,
    mistype_request, ask_for_adoption, throw_kill_switch,
    release_kill_switch, delete_policy, put_policy, set_aside, take_back, back_up, restore, cut_path, mend_path, lose_replicas,
    find_replicas, lag_nameserver, mend_lag, lead_astray, lead_back, claim_name,
    yield_name, divert_users, lead_users, forward_updates, take_updates, mistype, correct, kill_redis, start_redis, kill_region, start_region,
    cut_redis, mend_redis, hold_copies, end_copies, refuse_pipeline, take_pipeline, hold_pods, let_pods, fail_jobs, mend_jobs,
    lose_nodes, find_nodes, squat_job, yield_job;
/* By people; @spec is taken, a @value of NULL removes the annotation. */
void deed_edit(unsigned policy, json_t *spec);
void deed_annotate(unsigned policy, const char *key, const char *value);
void correct_policy(unsigned policy);
void correct_plane(unsigned plane);
void apply_again(void); /* people do, once all is over */

/* Whether it befalls the fault's operator alone. */
bool deed_is_of_host(deed *which);
bool deed_is_of_plane(deed *which); /* the same of its plane */
bool deed_is_of_nameserver(deed *which);

#endif
