/* route53_preflight.c -- whether the credentials may change names, asked by a batch that cannot be applied. */
#include "targets/dns/route53_session.h"

#include <stdlib.h>

#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

/* One question of the call. */
struct question {
        struct target_preflight *preflight;
        bool is_asked; /* in the batch */
};

static void end_question(struct target_preflight *preflight, enum err err, const struct errmsg *why)
{
        preflight->err = err;
        if (err != ERR_OK && why)
                preflight->why = *why;
}

/* Adds to the batch what is of the first one's zone and fits. Returns that zone; NULL: there is nothing to ask. */
static char *compose(struct route53 *self, struct question *questions, size_t count, struct route53_batch *batch)
{
        char *zone_id = NULL;
        for (size_t i = 0; i < count; i++) {
                struct target_preflight *preflight = questions[i].preflight;
                struct route53_names names;
                const char *own;
                const unsigned before = self->base.requests;
                enum err err = route53_names_init(preflight->name, &names, &preflight->why);
                if (err == ERR_OK)
                        err = route53_find_zone(self, names.address, preflight->deadline, &own,
                                                &preflight->retry_after_ms, &preflight->why);
                if (err != ERR_OK) { /* a read tells of that */
                        end_question(preflight, err == ERR_INVALID || err == ERR_DENIED ? ERR_TRANSIENT : err, NULL);
                        for (size_t j = i + 1; self->base.requests > before && j < count; j++)
                                questions[j].preflight->fate = TARGET_LEFT; /* one list that fails is enough */
                        if (self->base.requests > before)
                                break;
                        continue;
                }
                zone_id = zone_id ? zone_id : mem_strdup(own);
                questions[i].is_asked =
                    text_equal(zone_id, own) &&
                    route53_batch_try(batch, preflight->values, preflight->value_count, &names);
                if (!questions[i].is_asked)
                        preflight->fate = TARGET_LEFT;
        }
        return zone_id;
}

/* IAM is asked first, action by action, name by name and type by type (its condition keys); only then the batch is
 * looked at. It refuses all names for one, and does not say which. */
static enum err ask(struct route53 *self, const char *zone_id, const struct route53_batch *batch, mono_ms deadline,
                    mono_ms *ret_retry_ms, struct errmsg *reterr)
{
        char code[64];
        enum err err = route53_change(self, zone_id, &batch->body, deadline, code, ret_retry_ms, reterr);
        if (err == ERR_INVALID && text_equal(code, "InvalidChangeBatch"))
                return ERR_OK;
        if (err == ERR_OK)
                return err_set(reterr, ERR_INVALID,
                               "Route 53, hosted zone %s: it deletes what is not there, so nothing there refuses an "
                               "older decision; is "
                               "route53.endpoint Amazon's?",
                               zone_id);
        return err == ERR_UNKNOWN || err == ERR_CONFLICT ? ERR_TRANSIENT : err;
}

void route53_try_all(struct route53 *self, struct target_preflight *preflights, size_t count)
{
        struct question *questions = mem_calloc(count, sizeof(*questions));
        struct route53_batch batch;
        for (size_t i = 0; i < count; i++)
                questions[i].preflight = &preflights[i];
        route53_batch_begin(&batch, "Planekeeper: may it be written? Nothing is changed");
        CLEANUP(cleanup_free) char *zone_id = compose(self, questions, count, &batch);
        if (batch.names) {
                struct errmsg why = {0};
                mono_ms retry_after_ms = 0;
                route53_batch_end(&batch);
                const enum err err = ask(self, zone_id, &batch, preflights->deadline, &retry_after_ms, &why);
                for (size_t i = 0; i < count; i++) {
                        if (!questions[i].is_asked)
                                continue;
                        end_question(&preflights[i], err, &why);
                        preflights[i].retry_after_ms = retry_after_ms;
                        if (err == ERR_DENIED && batch.names > 1)
                                preflights[i].fate = TARGET_SUSPECT;
                }
        }
        route53_batch_clear(&batch);
        free(questions);
}
