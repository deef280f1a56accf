/* rfc2136_swap.c -- one compare-and-set of a DNS name: the update, and what the server shows afterwards. */
#include "targets/dns/rfc2136_name.h"

#include <stdlib.h>
#include <time.h>

#include "runtime/clock.h"
#include "targets/dns/company.h"
#include "targets/dns/look.h"
#include "targets/dns/rfc2136.h"
#include "targets/dns/update.h"
#include "targets/dns/zone.h"
#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/text.h"

static bool is_zone(const struct rfc2136_name *self, const char *text)
{
        CLEANUP(cleanup_free) char *zone = self->zone ? ldns_rdf2str(self->zone) : NULL;
        return text_equal(zone, text);
}

/* The zone that the read found, unless the settings name one. */
void rfc2136_recall_zone(struct rfc2136_name *self, const char *zone)
{
        if (self->zone || !zone || !text_is_dns_name(zone))
                return;
        self->zone = ldns_dname_new_frm_str(zone);
        if (self->zone && !zone_holds(self->zone, self->names.address)) {
                ldns_rdf_deep_free(self->zone);
                self->zone = NULL;
        }
}

static enum err send_update(struct rfc2136_name *self, const struct target_visit *swap, struct errmsg *reterr)
{
        ldns_pkt *update = NULL;
        enum err err = update_new(&self->names, self->zone, swap->expected, swap->want, &update, reterr);
        const char *suspect = update_suspect(&self->names, swap->expected, swap->want);
        return err == ERR_OK ? rfc2136_deliver(self, update, suspect, reterr) : err;
}

/* The zone may have been split since the read; the refusal applied nothing, so the update may be sent again in the new
 * zone. */
static bool has_moved(struct rfc2136_name *self, const char *zone)
{
        struct errmsg ignored;
        return zone && !self->zone && rfc2136_find_zone(self, &ignored) == ERR_OK && !is_zone(self, zone);
}

/* The whole text is compared, and not only epoch and id: a commit changes the record under the same epoch. */
static bool shows_text(const struct target_state *state, const struct target_want *want)
{
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(want, text, sizeof(text));
        return state->stamp.presence == STAMP_OURS && text_equal(state->stamp.raw, text);
}

static bool shows(const struct target_state *state, const struct target_want *want)
{
        return shows_text(state, want) && text_equal(state->value, want->value);
}

bool rfc2136_shows_old(const struct target_state *now, const struct target_state *expected)
{
        const struct stamp *stamp = &now->stamp;
        return text_equal(now->value, expected->value) && stamp->presence == expected->stamp.presence &&
               (stamp->presence == STAMP_ABSENT || text_equal(stamp->raw, expected->stamp.raw));
}

static enum err verify(struct rfc2136_name *self, struct target_visit *swap, struct errmsg *reterr);

/* The server has applied half of the write and left the name empty (@now). No client can connect until the rest is
 * written, so it is written at once, from the state that was just read. */
static enum err finish(struct rfc2136_name *self, const struct target_state *now, struct target_visit *swap,
                       struct errmsg *reterr)
{
        struct target_visit rest = {.expected = now, .want = swap->want};
        enum err err = send_update(self, &rest, reterr);
        if (err == ERR_OK)
                err = verify(self, &rest, reterr);
        if (err == ERR_OK)
                swap->found = rest.found;
        return err;
}

/*
 * Reads until the server shows something else than @expected, or until it has had its time: a secondary that passes
 * updates on to its primary shows them after its next transfer.
 */
static enum err settle(struct rfc2136_name *self, const struct target_state *expected, struct target_state *ret,
                       struct errmsg *reterr)
{
        const struct asking asking = rfc2136_asking(self);
        mono_ms until = clock_mono() + RFC2136_SETTLES_WITHIN_MS;
        until = until < self->deadline ? until : self->deadline;
        for (mono_ms pause = RFC2136_SETTLE_FIRST_MS;; pause *= 2) {
                enum err err = look_quickly(&asking, &self->names, ret, reterr);
                if (err != ERR_OK || !rfc2136_shows_old(ret, expected) || clock_mono() + pause >= until)
                        return err;
                const struct timespec wait = {.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000};
                (void)nanosleep(&wait, NULL);
                target_state_clear(ret);
        }
}

static void move_state(struct target_state *from, struct target_state *to)
{
        *to = *from;
        *from = (struct target_state){0};
}

enum err rfc2136_judge(struct rfc2136_name *self, struct target_state *now, struct target_visit *swap)
{
        const struct target_state *expected = swap->expected;
        const struct target_want *want = swap->want;
        struct errmsg *reterr = &swap->why;
        if (shows(now, want)) {
                move_state(now, &swap->found);
                return ERR_OK;
        }
        if (shows_text(now, want) && !now->value[0] && expected->value[0])
                return finish(self, now, swap, reterr);
        const char *server = self->channel.server.text;
        if (shows_text(now, want))
                return err_set(reterr, ERR_INVALID, "%s: took the update but serves \"%.80s\" instead of \"%.80s\"",
                               server, now->value, want->value);
        if (rfc2136_shows_old(now, expected))
                return err_set(
                    reterr, ERR_UNKNOWN,
                    "%s: said yes to the update but still serves \"%.80s\"; a secondary that forwards updates "
                    "shows them after its next transfer: name the primary in nameserver, or let it notify "
                    "this server",
                    server, now->value);
        return err_set(reterr, ERR_CONFLICT,
                       "%s: it was changed right after this write: \"%.80s\", ownership record \"%.60s\"", server,
                       now->value, now->stamp.raw);
}

/* NOERROR proves nothing (BIND answers it to an A beside a CNAME, and keeps the A): the name is read again. */
static enum err verify(struct rfc2136_name *self, struct target_visit *swap, struct errmsg *reterr)
{
        CLEANUP(target_state_clear) struct target_state now = {0};
        enum err err = settle(self, swap->expected, &now, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, ERR_UNKNOWN, "updated, but not seen afterwards");
        err = rfc2136_judge(self, &now, swap);
        if (reterr != &swap->why)
                *reterr = swap->why;
        return err;
}

/* A prerequisite failed. Another worker of the same decision may have been quicker, or a secondary may answer reads for
 * a primary that holds other records. */
static enum err explain_conflict(struct rfc2136_name *self, struct target_visit *swap, struct errmsg *reterr)
{
        const struct target_state *expected = swap->expected;
        CLEANUP(target_state_clear) struct target_state now = {0};
        struct errmsg ignored = {0};
        if (update_makes_cname(expected, swap->want) &&
            company_check(&self->channel, self->key, self->names.address, self->deadline, reterr) == ERR_INVALID)
                return ERR_INVALID; /* a record was added since the read */
        if (settle(self, expected, &now, &ignored) != ERR_OK)
                return ERR_CONFLICT;
        if (shows(&now, swap->want)) {
                move_state(&now, &swap->found);
                return ERR_OK;
        }
        if (rfc2136_shows_old(&now, expected))
                return err_set(reterr, ERR_INVALID,
                               "%s: answers \"%.80s\", but what takes its updates has other records: a secondary that "
                               "forwards them and lags behind, a wildcard, or a view; name the primary in nameserver",
                               self->channel.server.text, now.value);
        return ERR_CONFLICT;
}

enum err rfc2136_swap(struct rfc2136_name *self, struct target_visit *swap)
{
        struct errmsg *reterr = &swap->why;
        const char *zone = swap->expected->version;
        rfc2136_recall_zone(self, zone);
        enum err err = rfc2136_find_zone(self, reterr);
        if (err == ERR_OK && update_makes_cname(swap->expected, swap->want))
                err = company_check(&self->channel, self->key, self->names.address, self->deadline, reterr);
        if (err == ERR_OK)
                err = send_update(self, swap, reterr);
        if (err == ERR_INVALID && has_moved(self, zone))
                err = send_update(self, swap, reterr);
        if (err == ERR_CONFLICT)
                err = explain_conflict(self, swap, reterr);
        else if (err == ERR_OK)
                err = verify(self, swap, reterr);
        if (err == ERR_OK && self->zone)
                swap->found.version = ldns_rdf2str(self->zone);
        return err;
}
