/* rfc2136_preflight.c -- whether the key may write a name, asked by an update that cannot be applied. */
#include "targets/dns/rfc2136_name.h"

#include "targets/dns/update.h"

/*
 * BIND, Knot and PowerDNS look at the key's rights before the prerequisites, so a refusal is one of rights. Where a
 * server looks at prerequisites first, as RFC 2136 section 3 has it, every key is answered alike and nothing is learnt.
 */
enum err rfc2136_try(struct rfc2136_name *self, const struct target_preflight *preflight, struct errmsg *reterr)
{
        enum err err = rfc2136_find_zone(self, reterr);
        if (err != ERR_OK)
                return err == ERR_INVALID || err == ERR_DENIED ? ERR_TRANSIENT : err; /* a read tells of that */
        ldns_pkt *trial = update_trial_new(&self->names, self->zone, preflight->values, preflight->value_count);
        err = rfc2136_deliver(self, trial, NULL, reterr);
        if (err == ERR_CONFLICT)
                return ERR_OK;
        if (err == ERR_OK)
                return err_set(reterr, ERR_INVALID,
                               "%s: it accepts updates whose prerequisites do not hold, so nothing there refuses an "
                               "older decision; "
                               "name the primary itself",
                               self->channel.server.text);
        return err == ERR_UNKNOWN ? ERR_TRANSIENT : err;
}
