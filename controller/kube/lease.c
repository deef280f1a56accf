/* lease.c -- leader election on a Lease. */
#include "kube/lease.h"

#include <stdlib.h>
#include <string.h>

#include "kube/known_version.h"
#include "kube/lease_record.h"
#include "kube/patience.h"
#include "kube/watch_line.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

/* The process ends soon after the signal whether the Lease is released or not; without it another replica waits out the
 * lease. */
enum { RELEASE_TIMEOUT_MS = 1000, RETRIES_MAX = 3 };

const struct kube_resource kube_leases = {"coordination.k8s.io", "v1", "leases", "Lease"};

enum knowledge { LEASE_UNREAD, LEASE_ABSENT, LEASE_PRESENT };

struct election {
        struct loop *loop;
        struct kube *kube;
        struct election_config config;
        char *namespace_name, *name, *identity, *label_key, *label_value;
        char *collection_path, *path;

        enum knowledge knowledge;
        struct lease_record record; /* as last seen; empty when LEASE_ABSENT */
        struct known_version known; /* which state that is */
        bool is_watched;            /* a watch has shown it */
        bool is_doubtful;           /* another writer changed it while it was held here, or the store went back */
        mono_ms renewed_at;         /* when the holder's last renewal was observed, on this machine's clock */
        mono_ms heard_at;           /* when anything was last observed, by an answer or by a watch */
        mono_ms answered_at;

        struct patience patience;
        bool is_troubled;
        struct errmsg trouble; /* as told */
        struct kube_call *call; /* at most one is under way */
        mono_ms sent_at;
        uint64_t sent_turns;    /* known.turns when it was sent */
        bool is_claim;          /* the call takes or renews the Lease */
        struct loop_timer tick; /* the next attempt or look */
        unsigned retries;         /* attempts at once after a conflict, in a row */

        bool is_leader;
        mono_ms confirmed_at;    /* when the last confirmed claim was sent, 0 never */
        struct loop_timer lapse; /* leadership ends here unless renewed */

        bool is_releasing;
        bool may_hold; /* when the release began */
        void (*released)(void *ctx);
        void *released_ctx;
        struct loop_timer release_deadline;
};

static void step(struct election *e);
static void on_claimed(void *ctx, const struct kube_reply *reply);
static void on_read(void *ctx, const struct kube_reply *reply);

/* Half the renew deadline, stretched: a renewal that is lost leaves time for a second one before leadership lapses. */
static mono_ms request_timeout(const struct election *e)
{
        return e->patience.timeout;
}

mono_ms election_renew_deadline(const struct election *e)
{
        return patience_stretch(&e->patience, e->config.renew_deadline_ms);
}

/* The holder's own leaseDurationSeconds counts where it is longer, because its answers may be slow; with a maximum, so
 * that a wrong number in the Lease cannot keep every other replica out for ever. */
static mono_ms expiry(const struct election *e)
{
        mono_ms ours = e->config.lease_ms, most = ours * PATIENCE_GROWTH_MAX;
        mono_ms asked = e->record.lease_ms < most ? e->record.lease_ms : most;
        return e->renewed_at + (asked >= ours + 1000 ? asked : ours); /* it is written in whole seconds */
}

static bool is_held_by_us(const struct election *e)
{
        return e->knowledge == LEASE_PRESENT && strcmp(e->record.holder, e->identity) == 0;
}

/* True where this is a change. The caller calls changed() last, because that may close the election. */
static bool set_leader(struct election *e, bool is_leader)
{
        bool is_news = e->is_leader != is_leader;
        e->is_leader = is_leader;
        if (!is_leader)
                loop_timer_stop(e->loop, &e->lapse);
        return is_news;
}

/* ---- trouble ---- */

static void tell_trouble(struct election *e, enum err err, const char *why)
{
        if (e->is_troubled && text_equal(e->trouble.text, why))
                return;
        e->is_troubled = true;
        (void)err_set(&e->trouble, err, "%s", why);
        if (e->config.troubled)
                e->config.troubled(e->config.ctx, err, why);
}

static void end_trouble(struct election *e)
{
        if (!e->is_troubled)
                return;
        e->is_troubled = false;
        if (e->config.troubled)
                e->config.troubled(e->config.ctx, ERR_OK, "");
}

/* Only a call that used up its time counts as a time-out. One that failed at once (refused, no route) says nothing of
 * how long answers take. */
static void take_latency(struct election *e, const struct kube_reply *reply)
{
        mono_ms took = loop_now(e->loop) - e->sent_at;
        if (reply->status != 0) {
                e->answered_at = loop_now(e->loop);
                patience_answered(&e->patience, took);
        } else if (took * 10 >= e->patience.timeout * 9) {
                patience_timed_out(&e->patience);
        }
}

/* ---- what is known ---- */

static void learn(struct election *e, const json_t *lease)
{
        struct lease_record fresh = {0};
        e->heard_at = loop_now(e->loop);
        if (!lease_record_read(lease, &fresh)) {
                e->knowledge = LEASE_UNREAD;
                return;
        }
        /* The holder's renewTime is another machine's clock, so the lease counts from when a change was seen here. */
        if (!e->record.resource_version || lease_record_is_renewed(&e->record, &fresh)) {
                e->renewed_at = e->heard_at;
                e->retries = 0;
        }
        lease_record_clear(&e->record);
        e->record = fresh;
        e->knowledge = LEASE_PRESENT;
        if (e->renewed_at == e->heard_at && e->record.holder[0] && !is_held_by_us(e))
                end_trouble(e); /* another replica leads */
}

/* A Lease in this replica's own name is free as well: it is from before a restart, or from a claim whose answer was
 * lost. */
static bool is_free(const struct election *e)
{
        return e->knowledge == LEASE_PRESENT && (e->record.holder[0] == '\0' || is_held_by_us(e) ||
                                                 loop_now(e->loop) >= expiry(e));
}

/* ---- what is done about it ---- */

static void wait_until(struct election *e, mono_ms at)
{
        loop_timer_set(e->loop, &e->tick, at);
}

static struct lease_claim claim_of(const struct election *e)
{
        return (struct lease_claim){
            .name = e->name,
            .namespace_name = e->namespace_name,
            .identity = e->identity,
            .label_key = e->label_key,
            .label_value = e->label_value,
            .lease_ms = patience_stretch(&e->patience, e->config.lease_ms),
            .now = clock_wall(),
        };
}

static void note_call(struct election *e, bool is_claim)
{
        e->is_claim = is_claim;
        e->sent_at = loop_now(e->loop);
        e->sent_turns = e->known.turns;
}

static void read_lease(struct election *e)
{
        note_call(e, false);
        e->call = kube_get(e->kube, e->path, request_timeout(e), on_read, e);
}

static void create_lease(struct election *e)
{
        struct lease_claim claim = claim_of(e);
        json_t *object = lease_object_new(&claim);
        note_call(e, true);
        e->call = kube_create(e->kube, e->collection_path, object, request_timeout(e), on_claimed, e);
        json_decref(object);
}

/* @patch is consumed. */
static void patch_lease(struct election *e, json_t *patch, bool is_claim)
{
        note_call(e, is_claim);
        e->call = kube_patch(e->kube, e->path, patch, request_timeout(e), on_claimed, e);
        json_decref(patch);
}

/* The patch carries the resourceVersion that was seen, so of several replicas that claim at once one succeeds. */
static void claim_lease(struct election *e)
{
        struct lease_claim claim = claim_of(e);
        bool is_renewal = e->is_leader && is_held_by_us(e);
        patch_lease(e, is_renewal ? lease_patch_renew(&claim, &e->record) : lease_patch_acquire(&claim, &e->record),
                    true);
}

/* A replica that does not lead reads the Lease only where the watch has been silent for longer than a holder's renewals
 * are apart. */
static mono_ms look_at(const struct election *e)
{
        return e->heard_at + e->config.retry_ms + e->config.retry_ms / 4;
}

static void wait_for_holder(struct election *e)
{
        mono_ms end = expiry(e), look = look_at(e);
        wait_until(e, look < end ? look : end);
}

static void pursue(struct election *e)
{
        if (e->knowledge == LEASE_UNREAD)
                read_lease(e);
        else if (e->knowledge == LEASE_ABSENT)
                create_lease(e);
        else if (is_free(e))
                claim_lease(e);
        else if (loop_now(e->loop) >= look_at(e))
                read_lease(e);
        else
                wait_for_holder(e);
}

static void finish_release(struct election *e)
{
        kube_cancel(e->call);
        e->call = NULL;
        loop_timer_stop(e->loop, &e->release_deadline);
        loop_timer_stop(e->loop, &e->tick);
        if (e->released)
                e->released(e->released_ctx);
}

/* A claim may have been under way when the release began, so the Lease is read where its state is not known. */
static void give_up_lease(struct election *e)
{
        struct lease_claim claim = claim_of(e);
        if (e->may_hold && e->knowledge == LEASE_UNREAD)
                read_lease(e);
        else if (e->may_hold && is_held_by_us(e))
                patch_lease(e, lease_patch_release(&claim, &e->record), false);
        else
                finish_release(e);
}

/* The next call, if none is under way. */
static void step(struct election *e)
{
        loop_timer_stop(e->loop, &e->tick);
        if (e->call)
                return;
        if (e->is_releasing)
                give_up_lease(e);
        else
                pursue(e);
}

static void on_tick(struct loop_timer *timer)
{
        step(CONTAINER_OF(timer, struct election, tick));
}

/* Without a renewal this replica stops before any other may take the Lease: lease_ms is longer than this deadline. */
static void on_lapse(struct loop_timer *timer)
{
        struct election *e = CONTAINER_OF(timer, struct election, lapse);
        if (set_leader(e, false))
                e->config.changed(e->config.ctx, false);
}

static void on_release_deadline(struct loop_timer *timer)
{
        finish_release(CONTAINER_OF(timer, struct election, release_deadline));
}

/* ---- answers ---- */

/* After a conflict the Lease is read and tried again at once, a bounded number of times in a row. */
static void retry_or_wait(struct election *e, const struct kube_reply *reply)
{
        if (reply->err != ERR_OK && reply->err != ERR_CONFLICT && reply->err != ERR_NOT_FOUND)
                tell_trouble(e, reply->err, reply->why.text);
        if (e->retries++ < RETRIES_MAX) {
                step(e);
                return;
        }
        if (reply->err == ERR_OK)
                tell_trouble(e, ERR_TRANSIENT, "what is claimed is answered too late, or with another content");
        else
                tell_trouble(e, reply->err, reply->why.text);
        wait_until(e, loop_now(e->loop) + e->config.retry_ms / 2);
}

/* An answer of the store outranks the watch, unless the watch has shown something else since the question. */
static void learn_answer(struct election *e, const json_t *lease)
{
        const char *version = object_resource_version(lease);
        if (version && known_is_overtaken(&e->known, version, e->sent_turns)) {
                e->knowledge = LEASE_UNREAD;
                return;
        }
        learn(e, lease);
        if (version)
                known_by_answer(&e->known, version, 0, loop_now(e->loop));
}

static void take_confirmation(struct election *e, const struct kube_reply *reply)
{
        /* The API server may have stored the renewal right after it was sent, and others count from then. So leadership
         * is counted from the sending, and never from the answer. */
        mono_ms lapse = e->sent_at + election_renew_deadline(e);
        learn_answer(e, reply->body);
        if (!e->is_claim || e->is_releasing) {
                step(e);
                return;
        }
        /* The Lease names another holder, or the answer came too late to rely on. */
        if (!is_held_by_us(e) || lapse <= loop_now(e->loop)) {
                retry_or_wait(e, reply);
                return;
        }
        end_trouble(e);
        e->confirmed_at = e->sent_at;
        loop_timer_set(e->loop, &e->lapse, lapse);
        wait_until(e, e->sent_at + e->config.retry_ms);
        e->retries = 0;
        if (set_leader(e, true))
                e->config.changed(e->config.ctx, true);
}

static void on_claimed(void *ctx, const struct kube_reply *reply)
{
        struct election *e = ctx;
        e->call = NULL;
        take_latency(e, reply);
        switch (reply->err) {
        case ERR_OK:
                take_confirmation(e, reply);
                return;
        case ERR_NOT_FOUND:
        case ERR_CONFLICT:
        case ERR_UNKNOWN: /* applied or not: only a read of the Lease tells */
                /* Only the holder renews. A conflict that no watch explains means that the store was put back, or that
                 * another writer ignored the Lease. */
                e->is_doubtful |= e->is_leader && reply->err != ERR_UNKNOWN && e->known.turns == e->sent_turns;
                e->knowledge = LEASE_UNREAD;
                retry_or_wait(e, reply);
                return;
        default:
                tell_trouble(e, reply->err, reply->why.text);
                wait_until(e, loop_now(e->loop) + e->config.retry_ms / 2);
        }
}

/* The Lease may name another leader by now; then this replica must stop acting before anything else. */
static void act_on_news(struct election *e)
{
        bool is_lost = e->knowledge == LEASE_PRESENT && !is_held_by_us(e) && set_leader(e, false);
        step(e);
        if (is_lost)
                e->config.changed(e->config.ctx, false);
}

static void on_read(void *ctx, const struct kube_reply *reply)
{
        struct election *e = ctx;
        e->call = NULL;
        take_latency(e, reply);
        if (reply->err == ERR_OK) {
                learn_answer(e, reply->body);
        } else if (reply->err == ERR_NOT_FOUND) {
                e->knowledge = LEASE_ABSENT;
                known_forget(&e->known);
                lease_record_clear(&e->record);
        }
        bool is_answered = reply->err == ERR_NOT_FOUND || (reply->err == ERR_OK && e->knowledge == LEASE_PRESENT);
        if (is_answered) {
                act_on_news(e);
                return;
        }
        if (reply->err == ERR_OK)
                tell_trouble(e, ERR_INVALID, "what is read is not a Lease");
        else
                tell_trouble(e, reply->err, reply->why.text);
        wait_until(e, loop_now(e->loop) + e->config.retry_ms / 2);
}

/* ---- the interface ---- */

struct election *election_open(struct loop *loop, struct kube *kube, const struct election_config *config)
{
        struct election *e = mem_new(e);
        INVARIANT(config->retry_ms > 0 && config->renew_deadline_ms > config->retry_ms &&
                  config->lease_ms > config->renew_deadline_ms);
        e->loop = loop;
        e->kube = kube;
        e->config = *config;
        e->namespace_name = mem_strdup(config->namespace_name);
        e->name = mem_strdup(config->name);
        e->identity = mem_strdup(config->identity);
        e->label_key = config->label_key ? mem_strdup(config->label_key) : NULL;
        e->label_value = mem_strdup(config->label_value ? config->label_value : "");
        e->collection_path = kube_path(&kube_leases, e->namespace_name, NULL, NULL);
        e->path = kube_path(&kube_leases, e->namespace_name, e->name, NULL);
        e->patience.base = e->patience.timeout = config->renew_deadline_ms / 2;
        e->tick.due = on_tick;
        e->lapse.due = on_lapse;
        e->release_deadline.due = on_release_deadline;
        wait_until(e, loop_now(loop));
        return e;
}

/* A watch that does not catch up is believed again in the end, because the Lease is read before it is claimed. */
static bool is_behind(const struct election *e, const json_t *lease)
{
        const char *version = object_resource_version(lease);
        return version && !known_admits(&e->known, version, 0) &&
               loop_now(e->loop) - e->known.behind_since < KNOWN_CATCH_UP_MS;
}

void election_observe(struct election *e, const json_t *lease)
{
        const char *version = object_resource_version(lease);
        e->answered_at = loop_now(e->loop);
        e->is_watched = lease != NULL;
        if (e->is_releasing)
                return;
        if (lease && is_behind(e, lease)) {
                if (e->is_leader)
                        return; /* the next renewal shows who holds it */
                e->knowledge = LEASE_UNREAD;
                step(e);
                return;
        }
        if (version && text_equal(version, e->known.text)) {
                e->known.behind_since = 0; /* this is the renewal just written: the next one is planned already */
                e->heard_at = loop_now(e->loop);
                return;
        }
        if (lease)
                learn(e, lease);
        else
                e->knowledge = LEASE_UNREAD; /* deleted, or deleted and created again since: only reading tells */
        if (version)
                known_by_watch(&e->known, version);
        if (!e->is_leader || !is_held_by_us(e))
                act_on_news(e);
}

bool election_take_doubt(struct election *e)
{
        bool is_late = known_take_doubt(&e->known, 0, loop_now(e->loop)) && e->is_watched;
        bool is_doubtful = is_late || e->is_doubtful;
        e->is_doubtful = false;
        if (is_late)
                e->is_watched = false; /* said once, until a watch shows it again */
        return is_doubtful;
}

mono_ms election_last_answer(const struct election *e)
{
        return e->answered_at;
}

void election_release(struct election *e, void (*released)(void *ctx), void *ctx)
{
        mono_ms now = loop_now(e->loop);
        e->may_hold = e->is_leader || is_held_by_us(e) || (e->call && e->is_claim);
        e->is_releasing = true;
        e->released = released;
        e->released_ctx = ctx;
        loop_timer_set(e->loop, &e->release_deadline, now + RELEASE_TIMEOUT_MS);
        wait_until(e, now); /* behind a call that is under way, if any */
        if (set_leader(e, false))
                e->config.changed(e->config.ctx, false);
}

void election_close(struct election *e)
{
        if (!e)
                return;
        kube_cancel(e->call);
        loop_timer_stop(e->loop, &e->tick);
        loop_timer_stop(e->loop, &e->lapse);
        loop_timer_stop(e->loop, &e->release_deadline);
        lease_record_clear(&e->record);
        known_forget(&e->known);
        free(e->namespace_name);
        free(e->name);
        free(e->identity);
        free(e->label_key);
        free(e->label_value);
        free(e->collection_path);
        free(e->path);
        free(e);
}
