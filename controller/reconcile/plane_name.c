/* plane_name.c -- the addresses behind a plane's host name from DNS, so that the probed addresses are those that agents
 * are given. */
#include <stdlib.h>
#include <string.h>

#include "reconcile/plane_parts.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { LOOKUP_EVERY_MS = 5000 }; /* that often the cache is asked, which asks DNS as often as it needs */

static int compare_addresses(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct address));
}

/* Servers rotate their answers: equal sets are equal here. */
static bool take_addresses(struct plane *plane, const struct resolve_answer *answer)
{
        struct address sorted[RESOLVE_ADDRESSES_MAX] = {0};
        for (unsigned i = 0; i < answer->count; i++) {
                sorted[i].family = answer->addresses[i].family;
                if (sorted[i].family == AF_INET)
                        sorted[i].v4 = answer->addresses[i].v4;
                else
                        sorted[i].v6 = answer->addresses[i].v6;
        }
        qsort(sorted, answer->count, sizeof(sorted[0]), compare_addresses);
        const size_t bytes = answer->count * sizeof(sorted[0]);
        if (answer->count == plane->resolved_count && (!bytes || memcmp(sorted, plane->resolved, bytes) == 0))
                return false;
        free(plane->resolved);
        plane->resolved = bytes ? memcpy(mem_calloc(answer->count, sizeof(sorted[0])), sorted, bytes) : NULL;
        plane->resolved_count = answer->count;
        return true;
}

static void take_answer(struct plane *plane, const struct resolve_answer *answer)
{
        bool is_absent = answer->why[0] && answer->is_absent;
        const char *error = answer->why[0] ? answer->why : NULL;
        bool is_news = is_absent != plane->name_absent || !text_equal(error, plane->name_error) ||
                       (!plane->name_confirmed_at && answer->good_at);
        plane->name_confirmed_at = answer->good_at;
        plane->name_absent = is_absent;
        if (!text_equal(error, plane->name_error)) {
                free(plane->name_error);
                plane->name_error = error ? mem_strdup(error) : NULL;
        }
        if (take_addresses(plane, answer) || (is_news && !plane->resolved_count)) {
                plane_rebuild(plane);
        } else if (is_news) {
                status_request(&plane->status);
                plane_wake_users(plane);
        }
}

static void lookup_done(struct resolve_wait *wait, const struct resolve_answer *answer)
{
        take_answer(CONTAINER_OF(wait, struct plane, lookup_wait), answer);
}

static void lookup_due(struct loop_timer *timer)
{
        struct plane *plane = CONTAINER_OF(timer, struct plane, lookup_timer);
        struct loop *loop = plane->manager->loop;
        loop_timer_set(loop, timer, loop_now(loop) + LOOKUP_EVERY_MS);
        if (plane->lookup_wait.name)
                return; /* the one before is not answered yet */
        const struct resolve_answer *answer = resolve_start(plane->lookup, &plane->lookup_wait);
        if (answer)
                take_answer(plane, answer);
}

void plane_name_stop(struct plane *plane)
{
        loop_timer_stop(plane->manager->loop, &plane->lookup_timer);
        resolve_cancel(&plane->lookup_wait);
        resolve_close(plane->lookup);
        plane->lookup = NULL;
        free(plane->resolved);
        plane->resolved = NULL;
        plane->resolved_count = 0;
        plane->name_confirmed_at = 0;
        plane->name_absent = false;
        free(plane->name_error);
        plane->name_error = NULL;
}

void plane_name_start(struct plane *plane)
{
        const char *host = plane->address_count ? plane->addresses[0] : "";
        if (plane->lookup || !host[0] || text_host_name_fault(host))
                return;
        plane->lookup = resolve_open(prober_resolver(plane->manager->prober), host);
        plane->lookup_wait.done = lookup_done;
        plane->lookup_timer.due = lookup_due;
        lookup_due(&plane->lookup_timer);
}
