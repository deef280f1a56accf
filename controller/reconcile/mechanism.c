/* mechanism.c -- an (endpoint, credential) that many policies switch through. */
#include "reconcile/mechanism.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static bool is_served_out(const struct target_session *session, mono_ms now)
{
        return now - session->opened_at >= session->driver->limits.session_ms;
}

/* The session becomes the caller's. */
static struct target_session *remove_kept(struct mechanism *mechanism, unsigned at)
{
        struct kept_session *kept = &mechanism->kept[at];
        struct target_session *session = kept->session;
        free(kept->settings);
        free(kept->versions);
        mechanism->kept_count--;
        memmove(kept, kept + 1, (mechanism->kept_count - at) * sizeof(*kept));
        return session;
}

static void close_kept(struct mechanism *mechanism)
{
        while (mechanism->kept_count)
                target_close(remove_kept(mechanism, mechanism->kept_count - 1));
}

/* Idle sessions are closed here, because servers limit and close idle connections at times of their own. */
static void close_idle(struct loop_timer *timer)
{
        struct mechanism *mechanism = CONTAINER_OF(timer, struct mechanism, idle);
        const mono_ms now = loop_now(mechanism->loop);
        mono_ms next = MONO_NEVER;
        for (unsigned i = mechanism->kept_count; i-- > 0;) {
                const struct kept_session *kept = &mechanism->kept[i];
                if (now - kept->since >= SESSION_IDLE_MS || is_served_out(kept->session, now))
                        target_close(remove_kept(mechanism, i));
                else if (kept->since + SESSION_IDLE_MS < next)
                        next = kept->since + SESSION_IDLE_MS;
        }
        if (mechanism->kept_count)
                loop_timer_set(mechanism->loop, timer, next);
}

void mechanism_hold(struct loop *loop, struct map *map, struct mechanism **held, const char *key)
{
        if (*held && strcmp((*held)->key, key) == 0)
                return;
        mechanism_drop(held);
        struct mechanism *mechanism = map_find(map, key);
        if (!mechanism) {
                mechanism = mem_new(mechanism);
                *mechanism =
                    (struct mechanism){.key = mem_strdup(key), .map = map, .loop = loop, .idle.due = close_idle};
                map_put(map, mechanism->key, mechanism);
        }
        mechanism->users++;
        *held = mechanism;
}

static void free_unused(struct mechanism *mechanism)
{
        if (mechanism->users || mechanism->visits)
                return;
        loop_timer_stop(mechanism->loop, &mechanism->idle);
        loop_timer_stop(mechanism->loop, &mechanism->queue.send);
        free(mechanism->key);
        free(mechanism);
}

void mechanism_drop(struct mechanism **held)
{
        struct mechanism *mechanism = *held;
        *held = NULL;
        if (!mechanism || --mechanism->users)
                return;
        (void)map_remove(mechanism->map, mechanism->key);
        close_kept(mechanism);
        free_unused(mechanism);
}

static mono_ms between(unsigned per_minute)
{
        return per_minute ? 60000 / (mono_ms)per_minute : 0;
}

static mono_ms later(mono_ms a, mono_ms b)
{
        return a > b ? a : b;
}

mono_ms mechanism_permit(struct mechanism *mechanism, unsigned per_minute, mono_ms now)
{
        const mono_ms room = BURST_MS - between(per_minute); /* how far a burst may run ahead of the rate */
        /* Visits that wait for the end of a Retry-After are paced from its end, so that they do not all go at once. */
        const mono_ms from = later(now, mechanism->paused_until);
        const mono_ms at = later(from, mechanism->paid_until - (room > 0 ? room : 0));
        mechanism_charge(mechanism, per_minute, 1, from);
        return at;
}

mono_ms mechanism_room_at(const struct mechanism *mechanism, unsigned per_minute)
{
        return later(mechanism->paused_until, mechanism->paid_until - (per_minute ? BURST_MS / 2 : BURST_MS));
}

bool mechanism_has_room(const struct mechanism *mechanism, unsigned per_minute, mono_ms now)
{
        return now >= mechanism_room_at(mechanism, per_minute);
}

void mechanism_charge(struct mechanism *mechanism, unsigned per_minute, unsigned requests, mono_ms now)
{
        mechanism->paid_until = later(mechanism->paid_until, now) + (mono_ms)requests * between(per_minute);
}

void mechanism_pause(struct mechanism *mechanism, mono_ms until)
{
        mechanism->paused_until = later(mechanism->paused_until, until);
}

void mechanism_begin(struct mechanism *mechanism)
{
        mechanism->visits++;
}

void mechanism_end(struct mechanism *mechanism)
{
        mechanism->visits--;
        free_unused(mechanism);
}

struct target_session *mechanism_take(struct mechanism *mechanism, const char *settings, const char *versions,
                                      mono_ms now)
{
        struct target_session *taken = NULL;
        for (unsigned i = mechanism->kept_count;
             i-- > 0;) { /* the one used last: its connection is the least likely to be closed */
                const struct kept_session *kept = &mechanism->kept[i];
                const bool is_of_now = strcmp(kept->versions, versions) == 0 && now - kept->since < SESSION_IDLE_MS;
                if (!is_of_now || is_served_out(kept->session, now))
                        target_close(remove_kept(mechanism, i));
                else if (!taken && strcmp(kept->settings, settings) == 0)
                        taken = remove_kept(mechanism, i);
        }
        return taken;
}

void mechanism_keep(struct mechanism *mechanism, struct target_session *session, const char *settings,
                    const char *versions, mono_ms now)
{
        if (!mechanism->users || is_served_out(session, now)) {
                target_close(session);
                return;
        }
        if (mechanism->kept_count == SESSIONS_KEPT_MAX)
                target_close(remove_kept(mechanism, 0));
        mechanism->kept[mechanism->kept_count++] = (struct kept_session){
            .session = session, .settings = mem_strdup(settings), .versions = mem_strdup(versions), .since = now};
        if (mechanism->kept_count == 1)
                loop_timer_set(mechanism->loop, &mechanism->idle, now + SESSION_IDLE_MS);
}
