/* doubt.c -- whether the caches still show what the store holds. */
#include "reconcile/doubt.h"

#include "reconcile/plane.h"
#include "reconcile/policy.h"
#include "runtime/log.h"

/* A sign may last (a webhook that refuses every write), so the lists that it causes are this far apart. */
enum { EVERY_FIRST_MS = 10 * 1000, EVERY_MAX_MS = 5 * 60 * 1000, FORGIVEN_MS = 15 * 60 * 1000 };

static void look_at_plane(void *value, void *ctx)
{
        struct manager *manager = ctx;
        struct plane *plane = value;
        manager->is_doubtful |=
            known_take_doubt(&plane->status.known, manager->plane_list, loop_now(manager->loop));
}

static void look_at_policy(void *value, void *ctx)
{
        struct manager *manager = ctx;
        struct policy *policy = value;
        mono_ms now = loop_now(manager->loop);
        manager->is_doubtful |= known_take_doubt(&policy->status.known, manager->policy_list, now);
        manager->is_doubtful |= known_take_doubt(&policy->keeper.lease.known, manager->lease_list, now);
}

/* The pause doubles while signs go on, and starts anew after a quiet quarter of an hour. */
static bool may_list(struct manager *manager)
{
        mono_ms now = loop_now(manager->loop), since = now - manager->doubted_at;
        if (!manager->doubted_at || since >= FORGIVEN_MS)
                manager->doubt_every_ms = EVERY_FIRST_MS;
        else if (since < manager->doubt_every_ms)
                return false;
        else if (manager->doubt_every_ms < EVERY_MAX_MS)
                manager->doubt_every_ms *= 2;
        manager->doubted_at = now;
        return true;
}

void doubt_look(struct manager *manager)
{
        struct watch *watches[] = {manager->plane_watch, manager->policy_watch, manager->lease_watch};
        const size_t count = sizeof(watches) / sizeof(watches[0]);
        map_each(&manager->planes, look_at_plane, manager);
        map_each(&manager->policies, look_at_policy, manager);
        manager->is_doubtful |= manager->election && election_take_doubt(manager->election);
        for (size_t i = 0; i < count; i++)
                manager->is_doubtful |= watch_take_fall(watches[i]);
        if ((!manager->is_doubtful && !manager->has_lost_event) || !may_list(manager))
                return;
        const char *why =
            manager->is_doubtful
                ? "the API server holds other versions than its watches have shown, as after a restore from a "
                  "backup: everything is listed anew"
                : "a watch told of an object that could not be read: everything is listed anew";
        if (manager->is_doubtful)
                identity_doubt_for_all(&manager->identity); /* its store may have been replaced by another cluster's */
        manager->is_doubtful = manager->has_lost_event = false;
        log_line(LOG_WARN, "watch", why, LOG_TEXT_FIELD("server", kube_server(manager->kube)));
        for (size_t i = 0; i < count; i++)
                watch_list_anew(watches[i]);
}
