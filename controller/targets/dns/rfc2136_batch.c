/* rfc2136_batch.c -- visits to many names of one server: one update, and questions on one connection. */
#include "targets/dns/rfc2136_name.h"

#include <stdlib.h>
#include <time.h>

#include "runtime/clock.h"
#include "targets/dns/rfc2136.h"
#include "targets/dns/state.h"
#include "targets/dns/synthesis.h"
#include "targets/dns/update.h"
#include "targets/dns/verdict.h"
#include "targets/dns/zone.h"
#include "targets/fence.h"
#include "targets/visits.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

/* Of each name that is looked at closely: the three of state.h, and in which zones the name and its stamp are. */
enum { ASK_STAMP_ZONE = ASK_COUNT, ASK_ZONE, LOOK_COUNT };
/* A message has at most 64 KiB, of which compression leaves more room than this takes for granted. */
enum { UPDATE_BYTES = 60000, UNSIGNED_WAITS_MS = 500 };

/* One visit of the batch. */
struct entry {
        struct rfc2136_name name; /* the channel of the first one serves all */
        struct target_visit *visit;
};

struct batch {
        struct entry *list;
        struct target_visit *visits;
        size_t count;
};

static struct batch batch_begin(const struct rfc2136_server *server, struct target_visit *visits, size_t count)
{
        struct batch batch = {
            .list = mem_calloc(count, sizeof(*batch.list)), .visits = visits, .count = count};
        for (size_t i = 0; i < count; i++) {
                struct entry *entry = &batch.list[i];
                *entry = (struct entry){.visit = &visits[i]};
                enum err err = rfc2136_name_begin(server->endpoint, server->key, visits[i].name, server->zone,
                                                  visits[i].deadline, &entry->name, &visits[i].why);
                if (err != ERR_OK)
                        open_visit_end(&visits[i], err);
        }
        return batch;
}

static void batch_end(struct batch *batch)
{
        for (size_t i = 0; i < batch->count; i++)
                rfc2136_name_end(&batch->list[i].name);
        free(batch->list);
}

static struct entry *first_open(const struct batch *batch)
{
        const size_t first = visits_first_open(batch->visits, batch->count);
        return first < batch->count ? &batch->list[first] : NULL;
}

static void end_open(const struct batch *batch, enum err err, const struct errmsg *why)
{
        visits_end_open(batch->visits, batch->count, err, 0, why);
}

static bool is_late(const struct entry *entry)
{
        return clock_mono() > entry->visit->deadline - rfc2136_driver.limits.visit_ms / 2;
}

/* One by one, as far as there is time: the others go again. At least one ends. */
static void visit_rest(const struct batch *batch, enum err (*visit)(struct rfc2136_name *, struct target_visit *),
                       bool has_ended)
{
        for (size_t i = 0; i < batch->count; i++) {
                struct entry *entry = &batch->list[i];
                if (entry->visit->has_ended)
                        continue;
                if (has_ended && is_late(entry)) {
                        open_visit_leave(entry->visit);
                        continue;
                }
                open_visit_end(entry->visit, visit(&entry->name, entry->visit));
                has_ended = true;
        }
}

/* ---- questions about all names that are open ---- */

struct questions {
        struct message *list; /* @each of them for each entry, in order; none for those that have ended */
        size_t each, count;
};

static struct questions questions_new(const struct batch *batch, size_t each)
{
        return (struct questions){.list = mem_calloc(batch->count * each, sizeof(struct message)), .each = each};
}

/* Room for those of the next entry. */
static struct message *more(struct questions *questions)
{
        questions->count += questions->each;
        return questions->list + questions->count - questions->each;
}

static void questions_free(struct questions *questions)
{
        for (size_t i = 0; i < questions->count; i++)
                message_clear(&questions->list[i]);
        free(questions->list);
}

static bool are_answered(const struct message *messages, size_t count, const struct net_endpoint *server)
{
        struct errmsg ignored;
        for (size_t i = 0; i < count; i++)
                if (!messages[i].answer || verdict_on_answer(&messages[i], server, &ignored) != ERR_OK)
                        return false;
        return true;
}

/* ---- reading ---- */

/* A name with an ownership record of this product is plain; all others are read by look.h. */
static bool is_plain(struct entry *entry, const struct asking *asking, const struct message *answers)
{
        struct rfc2136_name *name = &entry->name;
        struct target_state *found = &entry->visit->found;
        struct errmsg ignored;
        if (!are_answered(answers, LOOK_COUNT, &asking->channel->server))
                return false;
        name->zone = name->zone ? name->zone : zone_of_answer(&answers[ASK_ZONE]);
        if (!name->zone ||
            zone_check(asking, &answers[ASK_STAMP_ZONE], name->zone, name->names.address, &ignored) != ERR_OK ||
            state_from_answers(answers, found, &ignored) != ERR_OK)
                return false;
        if (found->stamp.presence == STAMP_OURS &&
            synthesis_take_out(asking, &name->names, name->zone, answers, found, &ignored) == ERR_OK)
                return true;
        target_state_clear(found);
        return false;
}

/* Those that are plain end here, but for what users are answered. */
static enum err look_at_all(const struct batch *batch, const struct asking *asking, struct errmsg *reterr)
{
        struct questions questions = questions_new(batch, LOOK_COUNT);
        for (size_t i = 0; i < batch->count; i++) {
                const struct entry *entry = &batch->list[i];
                if (entry->visit->has_ended)
                        continue;
                struct message *messages = more(&questions);
                state_ask(&entry->name.names, asking->key, messages);
                message_ask(entry->name.names.stamp, LDNS_RR_TYPE_SOA, asking->key, &messages[ASK_STAMP_ZONE]);
                message_ask(entry->name.names.address, LDNS_RR_TYPE_SOA, asking->key, &messages[ASK_ZONE]);
        }
        enum err err = channel_ask(asking->channel, questions.list, questions.count, asking->deadline, reterr);
        const struct message *answers = questions.list;
        for (size_t i = 0; err == ERR_OK && i < batch->count; i++) {
                struct entry *entry = &batch->list[i];
                if (entry->visit->has_ended)
                        continue;
                if (is_plain(entry, asking, answers))
                        open_visit_end(entry->visit, ERR_OK);
                answers += LOOK_COUNT;
        }
        questions_free(&questions);
        return err;
}

/* Whether users are answered otherwise; false where they could not ask this server at all. */
static bool differs(const struct message answers[static ASK_STAMP], const struct net_endpoint *server,
                    const char *value)
{
        struct errmsg ignored;
        uint32_t ttl_s;
        CLEANUP(cleanup_free) char *shown = NULL;
        return are_answered(answers, ASK_STAMP, server) &&
               state_rrset(answers, &shown, &ttl_s, &ignored) == ERR_OK && !text_equal(shown, value);
}

/* Unsigned questions stand beside the signed ones, as in look.c; a name that they show otherwise is read by itself. */
static void compare_views(const struct batch *batch, const struct asking *asking)
{
        struct questions questions = questions_new(batch, ASK_STAMP);
        for (size_t i = 0; i < batch->count; i++) {
                const struct entry *entry = &batch->list[i];
                if (!entry->visit->has_ended || entry->visit->err != ERR_OK)
                        continue;
                struct message *messages = more(&questions);
                message_ask(entry->name.names.address, LDNS_RR_TYPE_A, NULL, &messages[ASK_A]);
                message_ask(entry->name.names.address, LDNS_RR_TYPE_AAAA, NULL, &messages[ASK_AAAA]);
        }
        const mono_ms soon = clock_mono() + UNSIGNED_WAITS_MS;
        struct errmsg ignored;
        enum err err = channel_ask(asking->channel, questions.list, questions.count,
                                   soon < asking->deadline ? soon : asking->deadline, &ignored);
        const struct message *answers = questions.list;
        for (size_t i = 0; i < batch->count; i++) {
                struct entry *entry = &batch->list[i];
                if (!entry->visit->has_ended || entry->visit->err != ERR_OK)
                        continue;
                if (err == ERR_OK && differs(answers, &asking->channel->server, entry->visit->found.value)) {
                        target_state_clear(&entry->visit->found);
                        entry->visit->has_ended = false;
                } else {
                        entry->visit->found.version = ldns_rdf2str(entry->name.zone);
                }
                answers += ASK_STAMP;
        }
        questions_free(&questions);
}

void rfc2136_read_all(const struct rfc2136_server *server, struct target_visit *visits, size_t count)
{
        struct batch batch = batch_begin(server, visits, count);
        struct entry *first = first_open(&batch);
        struct errmsg why = {0};
        if (first) {
                const struct asking asking = rfc2136_asking(&first->name);
                enum err err = look_at_all(&batch, &asking, &why);
                if (err != ERR_OK)
                        end_open(&batch, err, &why);
                else
                        compare_views(&batch, &asking);
        }
        visit_rest(&batch, rfc2136_read, false);
        batch_end(&batch);
}

/* ---- swapping ---- */

/* Only names of the zone of @first go with it, and those that need no look beforehand. */
static void choose(const struct batch *batch, struct entry *first)
{
        for (size_t i = 0; i < batch->count; i++) {
                struct entry *entry = &batch->list[i];
                const struct target_visit *visit = entry->visit;
                if (entry->visit->has_ended || entry == first)
                        continue;
                rfc2136_recall_zone(&entry->name, visit->expected->version);
                const bool is_of_zone = entry->name.zone && ldns_dname_compare(entry->name.zone, first->name.zone) == 0;
                if (!is_of_zone || update_makes_cname(visit->expected, visit->want))
                        open_visit_leave(entry->visit);
        }
}

static size_t bytes_of(const ldns_rr_list *list)
{
        size_t bytes = 0;
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
                bytes += ldns_rr_uncompressed_size(ldns_rr_list_rr(list, i));
        return bytes;
}

/* Adds what one name needs. False: it did not fit, or it cannot be written and has ended. */
static bool add_to(ldns_rr_list *prerequisites, ldns_rr_list *changes, struct entry *entry, size_t *bytes)
{
        const struct target_visit *visit = entry->visit;
        ldns_rr_list *must = ldns_rr_list_new(), *change = ldns_rr_list_new();
        enum err err = update_push(&entry->name.names, visit->expected, visit->want, must, change, &entry->visit->why);
        const size_t needed = bytes_of(must) + bytes_of(change);
        const bool fits = err == ERR_OK && (*bytes == 0 || *bytes + needed <= UPDATE_BYTES);
        if (fits) {
                *bytes += needed;
                (void)ldns_rr_list_push_rr_list(prerequisites, must);
                (void)ldns_rr_list_push_rr_list(changes, change);
                ldns_rr_list_free(must);
                ldns_rr_list_free(change);
                return true;
        }
        ldns_rr_list_deep_free(must);
        ldns_rr_list_deep_free(change);
        if (err != ERR_OK)
                open_visit_end(entry->visit, err);
        else
                open_visit_leave(entry->visit);
        return false;
}

static enum err send_all(const struct batch *batch, struct rfc2136_name *lead, struct errmsg *reterr)
{
        ldns_rr_list *prerequisites = ldns_rr_list_new(), *changes = ldns_rr_list_new();
        const char *suspect = NULL;
        size_t bytes = 0;
        for (size_t i = 0; i < batch->count; i++) {
                struct entry *entry = &batch->list[i];
                if (entry->visit->has_ended || !add_to(prerequisites, changes, entry, &bytes) || suspect)
                        continue;
                suspect = update_suspect(&entry->name.names, entry->visit->expected, entry->visit->want);
        }
        enum err err = ERR_OK;
        if (bytes > 0)
                err = rfc2136_deliver(lead, update_pack(lead->zone, prerequisites, changes), suspect, reterr);
        ldns_rr_list_deep_free(prerequisites);
        ldns_rr_list_deep_free(changes);
        return err;
}

/* Nothing was changed. Where it is not the key itself that was refused, one of the names may be the reason. */
static void refused(const struct batch *batch, const struct rfc2136_name *lead, enum err err, const struct errmsg *why)
{
        const bool is_of_one = !lead->was_unproven && (err == ERR_CONFLICT || err == ERR_DENIED || err == ERR_INVALID);
        for (size_t i = 0; is_of_one && i < batch->count; i++)
                if (!batch->visits[i].has_ended)
                        batch->visits[i].fate = TARGET_SUSPECT;
        end_open(batch, err, why);
}

/* Looks once at all that are open; those that show something new, or all at @is_last, are judged. */
static enum err look_for_news(const struct batch *batch, const struct asking *asking, bool is_last,
                              struct errmsg *reterr)
{
        struct questions questions = questions_new(batch, ASK_COUNT);
        for (size_t i = 0; i < batch->count; i++)
                if (!batch->visits[i].has_ended)
                        state_ask(&batch->list[i].name.names, asking->key, more(&questions));
        enum err err = ask_all(asking, questions.list, questions.count, reterr);
        const struct message *answers = questions.list;
        for (size_t i = 0; err == ERR_OK && i < batch->count; i++) {
                struct entry *entry = &batch->list[i];
                if (entry->visit->has_ended)
                        continue;
                CLEANUP(target_state_clear) struct target_state now = {0};
                enum err seen = state_from_answers(answers, &now, &entry->visit->why);
                answers += ASK_COUNT;
                if (seen != ERR_OK) {
                        open_visit_end(entry->visit,
                                  err_wrap(&entry->visit->why, ERR_UNKNOWN, "updated, but not seen afterwards"));
                } else if (is_last || !rfc2136_shows_old(&now, entry->visit->expected)) {
                        open_visit_end(entry->visit, rfc2136_judge(&entry->name, &now, entry->visit));
                        if (entry->visit->err == ERR_OK)
                                entry->visit->found.version = ldns_rdf2str(entry->name.zone);
                }
        }
        questions_free(&questions);
        return err;
}

/* The server said that it did it; what it serves now is the proof. A secondary is given the time of a transfer. */
static void verify_all(const struct batch *batch, const struct asking *asking)
{
        struct errmsg why = {0};
        mono_ms until = clock_mono() + RFC2136_SETTLES_WITHIN_MS;
        until = until < asking->deadline ? until : asking->deadline;
        for (mono_ms pause = RFC2136_SETTLE_FIRST_MS; first_open(batch); pause *= 2) {
                const bool is_last = clock_mono() + pause >= until;
                if (look_for_news(batch, asking, is_last, &why) != ERR_OK) {
                        (void)err_wrap(&why, ERR_UNKNOWN, "updated, but not seen afterwards");
                        end_open(batch, ERR_UNKNOWN, &why);
                } else if (first_open(batch)) {
                        const struct timespec wait = {.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000};
                        (void)nanosleep(&wait, NULL);
                }
        }
}

void rfc2136_swap_all(const struct rfc2136_server *server, struct target_visit *visits, size_t count)
{
        struct batch batch = batch_begin(server, visits, count);
        struct entry *first = first_open(&batch);
        struct errmsg why = {0};
        enum err err = ERR_OK;
        if (first) {
                rfc2136_recall_zone(&first->name, first->visit->expected->version);
                err = rfc2136_find_zone(&first->name, &why);
                if (err != ERR_OK)
                        end_open(&batch, err, &why);
        }
        const bool goes_alone = first && update_makes_cname(first->visit->expected, first->visit->want);
        if (err == ERR_OK && goes_alone) {
                /* It looks at what stands beside it. */
                open_visit_end(first->visit, rfc2136_swap(&first->name, first->visit));
                for (size_t i = 0; i < count; i++)
                        if (!visits[i].has_ended)
                                open_visit_leave(&visits[i]);
        } else if (first && err == ERR_OK) {
                choose(&batch, first);
                const struct asking asking = rfc2136_asking(&first->name);
                err = send_all(&batch, &first->name, &why);
                if (err != ERR_OK)
                        refused(&batch, &first->name, err, &why);
                else
                        verify_all(&batch, &asking);
        }
        batch_end(&batch);
}
