/*
 * config.h -- how to reach one API server: in-cluster files or a kubeconfig.
 *
 * Ownership: kube_config_clear() frees and wipes; texts are owned by the struct.
 * Errors:    ERR_INVALID with a text that names the kubeconfig field and the remedy; ERR_NOT_FOUND for a missing file.
 * Blocks:    where a file is read, for as long as its mount hangs; see may_read.
 * Bounds:    a kubeconfig is at most 1 MiB of YAML, 16 levels deep, 20,000 nodes, no aliases.
 * Threads:   any, one at a time per struct.
 * Source:    kubernetes.io/docs/reference/config-api/kubeconfig.v1 ; client.authentication.k8s.io/v1 (exec plugins)
 */
#ifndef PK_KUBE_CONFIG_H
#define PK_KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/http.h"
#include "util/err.h"
#include "util/secret.h"

struct kube_exec { /* an exec credential plugin */
        char *command;
        char **args; /* NULL-terminated */
        char **env;  /* "NAME=value", NULL-terminated */
        char *api_version;
        bool provide_cluster_info;
};

struct kube_config {
        char *server;         /* https://host:port[/prefix], no trailing slash */
        char *namespace_name; /* of the context; "default" where it names none */
        struct http_tls tls;
        struct secret token; /* bearer token, empty for certificates */
        char *token_file;    /* read again every minute and on 401; NULL otherwise */
        struct kube_exec *exec;
};

struct kube_config_policy {
        bool allow_files; /* paths: certificate-authority, client-certificate, client-key, tokenFile */
        bool allow_exec;  /* exec plugins */
        bool allow_http;  /* an http:// server: anybody on the way reads the token and can change the answers */
        bool allow_unverified; /* insecure-skip-tls-verify */
        const char *base_directory; /* relative paths are below it; may be NULL */
        /* Asked before each file is read, in the thread that parses; false: ERR_CANCELLED, it must not be read here.
         * May be NULL. */
        bool (*may_read)(void *ctx, const char *field, const char *path);
        void *may_read_ctx;
};

MUST_CHECK enum err kube_config_in_cluster(struct kube_config *ret, struct errmsg *reterr);
MUST_CHECK enum err kube_config_parse(const char *yaml, size_t bytes, const char *context,
                                      const struct kube_config_policy *policy, struct kube_config *ret,
                                      struct errmsg *reterr);
/* The file at @path (or, where NULL, $KUBECONFIG, in-cluster, ~/.kube/config, in that order). Files and exec are
 * allowed; of @policy only what is said of the channel counts. */
MUST_CHECK enum err kube_config_load(const char *path, const char *context, const struct kube_config_policy *policy,
                                     struct kube_config *ret, struct errmsg *reterr);
void kube_config_clear(struct kube_config *config);

#endif
