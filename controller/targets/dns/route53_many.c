/* route53_many.c -- visits to many names of one hosted zone: one batch of changes, and the zone read page by page. */
#include "targets/dns/route53_many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "targets/dns/route53_index.h"
#include "targets/dns/route53_start.h"
#include "targets/fence.h"
#include "targets/visits.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { REQUESTS_MAX = 10 /* of one call for names that are read by themselves: two seconds of the account's rate */ };

/* One visit of the call. */
struct entry {
        struct target_visit *visit;
        struct route53_names names;
        const char *zone_id;
        struct route53_start start;
        struct route53_sets after; /* the name's sets as the batch leaves them */
};

struct many {
        struct entry *list;
        struct target_visit *visits;
        size_t count;
        struct arena arena;
};

static struct many many_begin(const struct route53 *self, struct target_visit *visits, size_t count)
{
        struct many many = {
            .list = mem_calloc(count, sizeof(*many.list)), .visits = visits, .count = count};
        for (size_t i = 0; i < count; i++) {
                struct entry *entry = &many.list[i];
                *entry = (struct entry){.visit = &visits[i]};
                enum err err = route53_names_init(visits[i].name, &entry->names, &visits[i].why);
                entry->names.alias_zone = self->alias_zone;
                if (err != ERR_OK)
                        open_visit_end(entry->visit, err);
        }
        return many;
}

static void many_end(struct many *many)
{
        for (size_t i = 0; i < many->count; i++)
                route53_start_clear(&many->list[i].start);
        arena_deinit(&many->arena);
        free(many->list);
}

static struct entry *first_open(const struct many *many)
{
        const size_t first = visits_first_open(many->visits, many->count);
        return first < many->count ? &many->list[first] : NULL;
}

static void end_open(const struct many *many, enum err err, mono_ms retry_after_ms, const struct errmsg *why)
{
        visits_end_open(many->visits, many->count, err, retry_after_ms, why);
}

/* Only names of one zone go in one request. */
static void leave_other_zones(const struct many *many, const char *zone_id)
{
        for (size_t i = 0; i < many->count; i++)
                if (!many->visits[i].has_ended && !text_equal(many->list[i].zone_id, zone_id))
                        open_visit_leave(&many->visits[i]);
}

/* ---- swapping ---- */

static bool recall(struct route53 *self, struct entry *entry)
{
        if (!route53_start_from_version(entry->visit, &entry->names, &entry->start) ||
            (self->zone_id && strcmp(self->zone_id, entry->start.zone_id) != 0))
                return false;
        entry->zone_id = entry->start.zone_id;
        return true;
}

/* Adds to the batch as many as it takes. */
static void compose(struct many *many, struct route53_batch *batch)
{
        for (size_t i = 0; i < many->count; i++) {
                struct entry *entry = &many->list[i];
                if (entry->visit->has_ended)
                        continue;
                bool fits = true;
                enum err err = route53_batch_add(batch, &entry->start.own, entry->visit->expected, entry->visit->want,
                                                 &entry->names, &many->arena, &entry->after, &fits, &entry->visit->why);
                if (err != ERR_OK)
                        open_visit_end(entry->visit, err);
                else if (!fits)
                        open_visit_leave(entry->visit);
        }
}

/*
 * The batch was accepted. It is all or nothing and names exactly what it deletes and creates, so the answer itself
 * tells what these sets are at that instant. A list of them, which a zone of a thousand names has on many pages, would
 * tell no more.
 */
static void accepted(const struct many *many)
{
        for (size_t i = 0; i < many->count; i++) {
                struct entry *entry = &many->list[i];
                if (entry->visit->has_ended)
                        continue;
                struct target_state *found = &entry->visit->found;
                enum err err = route53_state(&entry->after, &entry->names, found, &entry->visit->why);
                if (err == ERR_OK)
                        found->version = route53_version(entry->zone_id, &entry->after);
                open_visit_end(entry->visit, err == ERR_OK ? ERR_OK : ERR_UNKNOWN);
        }
}

/* A refusal names a set as 'mgmt.example.com.' or "DNS name mgmt.example.com.". */
static bool is_named(const char *text, const char *name)
{
        char wanted[ROUTE53_NAME_BYTES + 1];
        (void)snprintf(wanted, sizeof(wanted), "%s.", name);
        for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted))
                if (at > text && (at[-1] == '\'' || at[-1] == ' '))
                        return true;
        return false;
}

static bool is_accused(const struct entry *entry, const struct errmsg *why)
{
        return is_named(why->text, entry->names.address) || is_named(why->text, entry->names.stamp);
}

/* Nothing was changed. Those that the service names are suspect, or else all; the others go again without them. */
static void refused(const struct many *many, enum err err, const struct errmsg *why)
{
        size_t accused = 0;
        for (size_t i = 0; i < many->count; i++)
                accused += !many->visits[i].has_ended && is_accused(&many->list[i], why) ? 1 : 0;
        for (size_t i = 0; i < many->count; i++) {
                struct entry *entry = &many->list[i];
                if (entry->visit->has_ended)
                        continue;
                if (accused && !is_accused(entry, why)) {
                        open_visit_leave(entry->visit);
                        continue;
                }
                entry->visit->fate = TARGET_SUSPECT;
                entry->visit->why = *why;
                open_visit_end(entry->visit, err);
        }
}

/* A name whose sets have to be read first goes by itself. */
static void swap_one(struct route53 *self, struct many *many)
{
        struct entry *first = first_open(many);
        if (!first)
                return;
        open_visit_end(first->visit, route53_swap(self, &first->names, first->visit));
        leave_other_zones(many, "");
}

static void send(struct route53 *self, struct many *many, const char *zone_id)
{
        struct route53_batch batch;
        struct errmsg why = {0};
        char code[64] = "";
        route53_batch_begin(&batch, "Planekeeper");
        compose(many, &batch);
        const struct entry *first = first_open(many);
        mono_ms retry_after_ms = 0;
        if (first) {
                route53_batch_end(&batch);
                enum err err = route53_change(self, zone_id, &batch.body, first->visit->deadline, code, &retry_after_ms,
                                              &why);
                if (err == ERR_OK)
                        accepted(many);
                else if (text_equal(code, "InvalidChangeBatch") || text_equal(code, "AccessDenied"))
                        refused(many, err, &why);
                else /* where the zone is gone, a read finds the other one */
                        end_open(many, text_equal(code, "NoSuchHostedZone") ? ERR_CONFLICT : err, retry_after_ms, &why);
        }
        route53_batch_clear(&batch);
}

void route53_swap_all(struct route53 *self, struct target_visit *visits, size_t count)
{
        struct many many = many_begin(self, visits, count);
        const char *zone_id = NULL;
        for (size_t i = 0; i < count; i++)
                if (!visits[i].has_ended && recall(self, &many.list[i]) && !zone_id)
                        zone_id = many.list[i].zone_id;
        if (zone_id) {
                leave_other_zones(&many, zone_id);
                send(self, &many, zone_id);
        } else {
                swap_one(self, &many);
        }
        many_end(&many);
}

/* ---- reading ---- */

static const char *choose_zone(struct route53 *self, struct many *many)
{
        const char *zone_id = NULL;
        for (size_t i = 0; i < many->count; i++) {
                struct entry *entry = &many->list[i];
                struct target_visit *visit = entry->visit;
                if (entry->visit->has_ended)
                        continue;
                const unsigned before = self->base.requests;
                enum err err = route53_find_zone(self, entry->names.address, visit->deadline, &entry->zone_id,
                                                 &visit->retry_after_ms, &visit->why);
                if (err == ERR_OK)
                        entry->zone_id = arena_strdup(&many->arena, entry->zone_id);
                else
                        open_visit_end(entry->visit, err);
                zone_id = zone_id ? zone_id : entry->zone_id;
                if (err != ERR_OK && self->base.requests > before) { /* the list itself failed, for all alike */
                        end_open(many, err, visit->retry_after_ms, &visit->why);
                        return NULL;
                }
        }
        return zone_id;
}

static enum err read_from(struct route53 *self, const struct route53_index *index, struct entry *entry)
{
        struct target_visit *visit = entry->visit;
        CLEANUP(arena_deinit) struct arena arena = {0};
        struct route53_sets all = route53_index_find(index, &arena, entry->names.address, entry->names.stamp);
        struct route53_sets own = route53_own(&all, &entry->names, &arena);
        enum err err = route53_state(&own, &entry->names, &visit->found, &visit->why);
        if (err != ERR_OK)
                return err_wrap(&visit->why, err, "hosted zone %s", entry->zone_id);
        visit->found.version = route53_version(entry->zone_id, &own);
        if (!visit->wants_claims)
                return ERR_OK;
        char *claim = NULL;
        err = route53_claim(self, entry->zone_id, entry->names.address, index, visit->deadline, &claim, &visit->why);
        visit->found.stamp.claim = claim;
        visit->has_claims = true;
        if (err != ERR_OK)
                target_state_clear(&visit->found);
        return err;
}

static void read_one_by_one(struct route53 *self, const struct many *many)
{
        bool has_ended = false;
        for (size_t i = 0; i < many->count; i++) {
                struct entry *entry = &many->list[i];
                struct target_visit *visit = entry->visit;
                if (entry->visit->has_ended)
                        continue;
                if (has_ended && self->base.requests >= REQUESTS_MAX) {
                        open_visit_leave(entry->visit);
                        continue;
                }
                open_visit_end(visit, route53_read(self, entry->zone_id, &entry->names, visit->deadline, &visit->found,
                                              &visit->retry_after_ms, &visit->why));
                has_ended = true;
        }
}

void route53_read_all(struct route53 *self, struct target_visit *visits, size_t count)
{
        struct many many = many_begin(self, visits, count);
        const char *zone_id = choose_zone(self, &many);
        leave_other_zones(&many, zone_id ? zone_id : "");
        const size_t open = visits_open(visits, count);
        struct route53_index index = {0};
        struct errmsg why = {0};
        mono_ms retry_after_ms = 0;
        bool is_whole = false;
        enum err err = open < 2 ? ERR_OK
                                : route53_index_zone(self, zone_id, open, visits->deadline, &index, &is_whole,
                                                     &retry_after_ms, &why);
        if (err != ERR_OK)
                end_open(&many, err, retry_after_ms, &why);
        for (size_t i = 0; is_whole && i < count; i++)
                if (!visits[i].has_ended)
                        open_visit_end(&visits[i], read_from(self, &index, &many.list[i]));
        read_one_by_one(self, &many);
        route53_index_clear(&index);
        many_end(&many);
}
