/* route53_swap.c -- one compare-and-swap: a batch that deletes exactly what was read, and what is there afterwards. */
#include "targets/dns/route53_session.h"
#include "targets/dns/route53_start.h"

#include <stdlib.h>
#include <string.h>

#include "targets/fence.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

/* The whole text is compared, and not only epoch and id: a commit changes the record under the same epoch. */
static bool shows(const struct target_state *state, const struct target_want *want)
{
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(want, text, sizeof(text));
        return state->stamp.presence == STAMP_OURS && text_equal(state->stamp.raw, text) &&
               text_equal(state->value, want->value);
}

static enum err conflict(const struct target_state *now, const char *zone_id, struct errmsg *reterr)
{
        return err_set(
            reterr, ERR_CONFLICT,
            "Route 53, hosted zone %s: somebody changed it since it was read: \"%.80s\", ownership record \"%.60s\"",
            zone_id, now->value, now->stamp.raw);
}

static enum err start_from_read(struct route53 *self, struct target_visit *visit, const struct route53_names *names,
                                struct route53_start *start)
{
        const char *zone_id;
        struct errmsg *reterr = &visit->why;
        enum err err =
            route53_find_zone(self, names->address, visit->deadline, &zone_id, &visit->retry_after_ms, reterr);
        if (err != ERR_OK)
                return err;
        (void)TEXT_COPY(start->zone_id, zone_id);
        err = route53_list(self, start->zone_id, names->address, names->stamp, visit->deadline, &start->look,
                           &visit->retry_after_ms, reterr);
        if (err != ERR_OK)
                return err;
        start->own = route53_own(&start->look.sets, names, &start->look.arena);
        CLEANUP(target_state_clear) struct target_state now = {0};
        err = route53_state(&start->own, names, &now, reterr);
        return err == ERR_OK && !route53_shows(&now, visit->expected) ? conflict(&now, start->zone_id, reterr) : err;
}

/* The batch was accepted; the list of sets shows whether another one has changed the name since. */
static enum err verify(struct route53 *self, const struct route53_names *names, const char *zone_id,
                       struct target_visit *visit)
{
        CLEANUP(target_state_clear) struct target_state now = {0};
        enum err err =
            route53_read(self, zone_id, names, visit->deadline, &now, &visit->retry_after_ms, &visit->why);
        if (err != ERR_OK)
                return err_wrap(&visit->why, ERR_UNKNOWN, "changed, but not seen afterwards");
        if (!shows(&now, visit->want))
                return conflict(&now, zone_id, &visit->why);
        visit->found = now;
        now = (struct target_state){0};
        return ERR_OK;
}

/* Names the records beside which no CNAME can stand, in the same words as the driver for DNS UPDATE. */
static void name_company(struct route53 *self, const struct route53_names *names, const char *zone_id,
                         struct target_visit *visit)
{
        CLEANUP(route53_look_clear) struct route53_look look = {0};
        struct errmsg ignored;
        mono_ms unused = 0;
        bool is_listed = route53_list(self, zone_id, names->address, names->stamp, visit->deadline, &look, &unused,
                                      &ignored) == ERR_OK;
        const char *company = is_listed ? route53_company(&look.sets, names) : NULL;
        if (company)
                (void)err_set(
                    &visit->why, ERR_INVALID,
                    "Route 53, hosted zone %s: the name also holds %s records, so it cannot become a CNAME; remove "
                    "them or use A",
                    zone_id, company);
}

/* Route 53 refused the whole batch: another worker was quicker, or the service takes no such records. */
static enum err explain_refusal(struct route53 *self, const struct route53_names *names,
                                const struct route53_start *start, struct target_visit *visit)
{
        const char *zone_id = start->zone_id;
        CLEANUP(target_state_clear) struct target_state now = {0};
        struct errmsg unread = {0};
        if (route53_read(self, zone_id, names, visit->deadline, &now, &visit->retry_after_ms, &unread) != ERR_OK)
                return ERR_CONFLICT;
        if (shows(&now, visit->want)) { /* another worker of this decision was quicker, or the batch arrived twice */
                visit->found = now;
                now = (struct target_state){0};
                return ERR_OK;
        }
        CLEANUP(cleanup_free)
        char *then = route53_version(zone_id, &start->own); /* also its time to live, and its spelling */
        if (!text_equal(now.version, then))
                return conflict(&now, zone_id, &visit->why);
        if (text_has_prefix(visit->want->value, "CNAME "))
                name_company(self, names, zone_id, visit);
        return ERR_INVALID;
}

static enum err send(struct route53 *self, const struct route53_names *names, const struct route53_start *start,
                     struct target_visit *visit, char ret_code[static 64])
{
        CLEANUP(strbuf_deinit) struct strbuf body = STRBUF_INIT(ROUTE53_BATCH_MAX_BYTES);
        enum err err = route53_batch_swap(&start->own, visit->expected, visit->want, names, &body, &visit->why);
        if (err == ERR_OK)
                err = route53_change(self, start->zone_id, &body, visit->deadline, ret_code, &visit->retry_after_ms,
                                     &visit->why);
        return err;
}

static enum err swap_from(struct route53 *self, const struct route53_names *names, const struct route53_start *start,
                          struct target_visit *visit, char ret_code[static 64])
{
        enum err err = send(self, names, start, visit, ret_code);
        if (err == ERR_INVALID && text_equal(ret_code, "InvalidChangeBatch"))
                return explain_refusal(self, names, start, visit);
        return err == ERR_OK ? verify(self, names, start->zone_id, visit) : err;
}

enum err route53_swap(struct route53 *self, const struct route53_names *names, struct target_visit *visit)
{
        CLEANUP(route53_start_clear) struct route53_start start = {0};
        char code[64] = "";
        enum err err = ERR_OK;
        bool is_recalled = route53_start_from_version(visit, names, &start);
        if (is_recalled && self->zone_id && strcmp(self->zone_id, start.zone_id) != 0)
                is_recalled = false;
        if (is_recalled)
                err = swap_from(self, names, &start, visit, code);
        if (is_recalled && !(err == ERR_INVALID && text_equal(code, "NoSuchHostedZone")))
                return err;
        route53_start_clear(&start);
        start = (struct route53_start){0};
        err = start_from_read(self, visit, names, &start);
        return err == ERR_OK ? swap_from(self, names, &start, visit, code) : err;
}
