/* registry.c -- the kinds of checks: their drivers, and how a spec becomes a probe. */
#include "probe/driver.h"
#include "util/mem.h"

static const struct probe_driver *const drivers[PROBE_KIND_COUNT] = {
    [PROBE_TCP] = &probe_tcp,
    [PROBE_TLS] = &probe_tls,
    [PROBE_HTTP] = &probe_http,
    [PROBE_GRPC] = &probe_grpc,
    [PROBE_DEPLOYMENT] = &probe_deployment,
    [PROBE_KUSTOMIZATION] = &probe_kustomization,
    [PROBE_APPLICATION] = &probe_application,
};

static enum err check_spec(const struct probe_spec *spec, const struct probe_cadence *cadence, struct errmsg *reterr)
{
        if (!probe_is_cadence_sane(cadence))
                return err_set(reterr, ERR_INVALID,
                               "interval and timeout must be above 0, and the timeout not above the interval");
        if (!drivers[spec->kind]->needs_address)
                return ERR_OK;
        struct address literal;
        if (spec->address == NULL || address_parse(spec->address, &literal) != ERR_OK)
                return err_set(reterr, ERR_INVALID, "address \"%.80s\" is not an IP address",
                               spec->address != NULL ? spec->address : "");
        if (spec->port == 0)
                return err_set(reterr, ERR_INVALID, "port must be 1 to 65535");
        return ERR_OK;
}

enum err probe_open(struct prober *prober, const struct probe_spec *spec, const struct probe_cadence *cadence,
                    void (*on_sample)(void *ctx, const struct sample *sample), void *ctx, struct probe **ret,
                    struct errmsg *reterr)
{
        INVARIANT((unsigned)spec->kind < PROBE_KIND_COUNT);
        enum err err = check_spec(spec, cadence, reterr);
        if (err != ERR_OK)
                return err;
        struct probe *probe;
        err = drivers[spec->kind]->open(spec, &probe, reterr);
        if (err != ERR_OK)
                return err;
        probe->driver = drivers[spec->kind];
        probe->kind = (uint8_t)spec->kind;
        if (probe->driver->needs_address) {
                probe->port = spec->port;
                INVARIANT(address_parse(spec->address, &probe->address) == ERR_OK);
        }
        probe_begin(probe, prober, cadence, on_sample, ctx);
        *ret = probe;
        return ERR_OK;
}
