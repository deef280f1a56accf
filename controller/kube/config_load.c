/* config_load.c -- where the kubeconfig is: a path, $KUBECONFIG, the pod's service account, or the home folder. */
#include "kube/config_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/config_section.h"
#include "runtime/file.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { NAMESPACE_BYTES_MAX = 253 };
static const char service_account[] = "/var/run/secrets/kubernetes.io/serviceaccount";

static char *in_directory(const char *directory, const char *name)
{
        return config_resolve_path(directory, name);
}

static enum err read_namespace(const char *directory, struct kube_config *config, struct errmsg *reterr)
{
        CLEANUP(cleanup_free) char *path = in_directory(directory, "namespace");
        CLEANUP(secret_clear) struct secret text = {0};
        enum err err = file_read(path, NAMESPACE_BYTES_MAX, &text, reterr);
        if (err == ERR_OK)
                config->namespace_name = mem_strndup(text.bytes, strcspn(text.bytes, " \r\n"));
        return err;
}

enum err kube_config_from_service_account(const char *directory, const char *host, const char *port,
                                          struct kube_config *ret, struct errmsg *reterr)
{
        struct kube_config config = {.token_file = in_directory(directory, "token")};
        CLEANUP(cleanup_free) char *ca_path = in_directory(directory, "ca.crt");
        char server[320];
        bool is_ipv6 = text_address_family(host) == 6;
        (void)snprintf(server, sizeof(server), "https://%s%.255s%s:%.5s", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                       port);
        config.server = mem_strdup(server);
        enum err err = file_read_token(config.token_file, &config.token, reterr);
        if (err == ERR_OK)
                err = file_read(ca_path, CONFIG_FILE_BYTES_MAX, &config.tls.ca, reterr);
        if (err == ERR_OK && !strstr(config.tls.ca.bytes ? config.tls.ca.bytes : "", "-----BEGIN "))
                err = err_set(reterr, ERR_INVALID, "%s is not PEM: it should hold the cluster's CA", ca_path);
        if (err == ERR_OK)
                err = read_namespace(directory, &config, reterr);
        if (err == ERR_OK) {
                *ret = config;
                return ERR_OK;
        }
        kube_config_clear(&config);
        return err_wrap(reterr, err, "in-cluster configuration (is automountServiceAccountToken off?)");
}

enum err kube_config_in_cluster(struct kube_config *ret, struct errmsg *reterr)
{
        const char *host = getenv("KUBERNETES_SERVICE_HOST");
        const char *port = getenv("KUBERNETES_SERVICE_PORT");
        if (!host || !host[0] || !port || !port[0])
                return err_set(reterr, ERR_NOT_FOUND,
                               "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
        return kube_config_from_service_account(service_account, host, port, ret, reterr);
}

static enum err load_file(const char *path, const char *context, const struct kube_config_policy *channel,
                          struct kube_config *ret, struct errmsg *reterr)
{
        CLEANUP(secret_clear) struct secret text = {0};
        CLEANUP(cleanup_free) char *base = mem_strdup(path);
        char *slash = strrchr(base, '/');
        struct kube_config_policy policy = {.allow_files = true, .allow_exec = true,
                                            .allow_http = channel->allow_http,
                                            .allow_unverified = channel->allow_unverified};
        if (slash) {
                slash[slash == base ? 1 : 0] = '\0';
                policy.base_directory = base;
        }
        enum err err = file_read(path, CONFIG_FILE_BYTES_MAX, &text, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "kubeconfig");
        err = kube_config_parse(text.bytes, text.count, context, &policy, ret, reterr);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "kubeconfig %.100s", path);
}

/* kubectl merges a list in $KUBECONFIG. A list is refused here, because half of a merge may be another cluster. */
static enum err load_environment(const char *list, const char *context, const struct kube_config_policy *policy,
                                 struct kube_config *ret, struct errmsg *reterr)
{
        const char *first = list + strspn(list, ":");
        size_t bytes = strcspn(first, ":");
        const char *rest = first + bytes;
        if (rest[strspn(rest, ":")] != '\0')
                return err_set(reterr, ERR_INVALID,
                               "KUBECONFIG names several files; name one (kubectl config view --flatten merges them)");
        CLEANUP(cleanup_free) char *path = mem_strndup(first, bytes);
        return load_file(path, context, policy, ret, reterr);
}

enum err kube_config_load(const char *path, const char *context, const struct kube_config_policy *policy,
                          struct kube_config *ret, struct errmsg *reterr)
{
        if (path && path[0])
                return load_file(path, context, policy, ret, reterr);
        const char *list = getenv("KUBECONFIG");
        if (list && list[strspn(list, ":")] != '\0')
                return load_environment(list, context, policy, ret, reterr);
        const char *home = getenv("HOME");
        if (getenv("KUBERNETES_SERVICE_HOST") || !home || !home[0]) {
                enum err err = kube_config_in_cluster(ret, reterr);
                return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "no kubeconfig given and no KUBECONFIG");
        }
        CLEANUP(cleanup_free) char *standard = config_resolve_path(home, ".kube/config");
        enum err err = load_file(standard, context, policy, ret, reterr);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "no kubeconfig given, no KUBECONFIG, not in a pod");
}
