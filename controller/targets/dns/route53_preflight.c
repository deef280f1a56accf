/* route53_preflight.c -- whether the credentials may change a name, asked by a batch that cannot be applied. */
#include "targets/dns/route53_session.h"

#include "util/cleanup.h"
#include "util/text.h"

/* IAM is asked first, action by action, name by name and type by type (its condition keys); only then the batch is
 * looked at. */
enum err route53_try(struct route53 *self, struct target_preflight *preflight, struct errmsg *reterr)
{
        struct route53_names names;
        const char *zone_id;
        enum err err = route53_names_init(preflight->name, &names, reterr);
        if (err == ERR_OK)
                err = route53_find_zone(self, names.address, preflight->deadline, &zone_id, &preflight->retry_after_ms,
                                        reterr);
        if (err != ERR_OK)
                return err == ERR_INVALID || err == ERR_DENIED ? ERR_TRANSIENT : err; /* a read tells of that */
        CLEANUP(strbuf_deinit) struct strbuf body = STRBUF_INIT(ROUTE53_BATCH_MAX_BYTES);
        char code[64];
        route53_batch_trial(preflight->values, preflight->value_count, &names, &body);
        err = route53_change(self, zone_id, &body, preflight->deadline, code, &preflight->retry_after_ms, reterr);
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
