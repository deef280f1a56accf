/* hub.c -- the client of the cluster that a target is in. */
#include "targets/kube/hub.h"

#include "util/mem.h"

static struct kube_config_policy policy_of(const struct kube_environment *environment)
{
        return (struct kube_config_policy){.allow_exec = environment->allows_exec,
                                           .allow_http = environment->allows_http,
                                           .allow_unverified = environment->allows_unverified};
}

enum err hub_open(struct hub *ret, const struct target_config *config, struct errmsg *reterr)
{
        const struct secret *text = target_credential_find(config, "kubeconfig");
        INVARIANT(config->kube);
        *ret = (struct hub){.environment = *config->kube, .kube = config->kube->own};
        if (!target_setting_find(config, "kubeConfig"))
                return ERR_OK;
        if (!text)
                return err_set(reterr, ERR_INVALID, "the kubeconfig of its cluster is missing");
        const struct kube_config_policy policy = policy_of(&ret->environment);
        struct kube_config parsed;
        enum err err = kube_config_parse(text->bytes, text->count, NULL, &policy, &parsed, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "the kubeconfig of its cluster");
        ret->kube = kube_open(ret->environment.loop, ret->environment.http, ret->environment.executor, &parsed);
        ret->has_own_client = true;
        return ERR_OK;
}

void hub_close(struct hub *hub)
{
        if (hub->has_own_client)
                kube_close(hub->kube);
        *hub = (struct hub){0};
}

enum err hub_check(const struct target_config *config, struct errmsg *reterr)
{
        const struct secret *text = target_credential_find(config, "kubeconfig");
        if (!text)
                return ERR_OK;
        /* Whether exec plugins and the like are allowed is told at the first visit. */
        const struct kube_config_policy lenient = {.allow_exec = true, .allow_http = true, .allow_unverified = true};
        struct kube_config parsed;
        enum err err = kube_config_parse(text->bytes, text->count, NULL, &lenient, &parsed, reterr);
        if (err == ERR_OK)
                kube_config_clear(&parsed);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, ERR_INVALID, "kubeconfig");
}

mono_ms hub_time_left(const struct hub *hub, mono_ms deadline)
{
        const mono_ms left = deadline - loop_now(hub->environment.loop);
        return left > 0 ? left : 1;
}
