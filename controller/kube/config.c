/* config.c -- one API server out of a kubeconfig. */
#include "kube/config.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kube/config_section.h"
#include "kube/config_user.h"
#include "kube/yaml_tree.h"
#include "util/arena.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

static void free_list(char **texts)
{
        for (char **text = texts; text && *text; text++) {
                secret_wipe(*text, strlen(*text)); /* arguments and environment of a plugin may carry credentials */
                free(*text);
        }
        free(texts);
}

static void free_exec(struct kube_exec *exec)
{
        if (!exec)
                return;
        free(exec->command);
        free_list(exec->args);
        free_list(exec->env);
        free(exec->api_version);
        free(exec);
}

void kube_config_clear(struct kube_config *config)
{
        free(config->server);
        free(config->namespace_name);
        http_tls_clear(&config->tls);
        secret_clear(&config->token);
        free(config->token_file);
        free_exec(config->exec);
        *config = (struct kube_config){0};
}

/* https://host[:port][/prefix]; no user, query or fragment, which would end up in every request. */
static bool is_server_url(const char *text)
{
        char *scheme = NULL, *rest = NULL;
        CURLU *url = curl_url();
        bool is_good = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                       curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                       (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0);
        static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT};
        for (size_t i = 0; is_good && i < sizeof(unwanted) / sizeof(*unwanted); i++)
                is_good = curl_url_get(url, unwanted[i], &rest, 0) != CURLUE_OK;
        curl_free(scheme);
        curl_free(rest);
        curl_url_cleanup(url);
        return is_good && strlen(text) < 2048;
}

/* Without a verified channel anybody on the way reads the token and can publish any address. */
static enum err check_channel(const struct config_section *cluster, const char *server)
{
        bool is_unverified;
        if (strncasecmp(server, "https:", strlen("https:")) != 0 && !cluster->policy->allow_http)
                return section_refuse(cluster, "server",
                                      "http:// would send credentials in clear; give https://, or start the operator "
                                      "with --insecure-kubeconfig-http");
        enum err err = section_flag(cluster, "insecure-skip-tls-verify", &is_unverified);
        if (err == ERR_OK && is_unverified && !cluster->policy->allow_unverified)
                err = section_refuse(cluster, "insecure-skip-tls-verify",
                                     "refused: anybody could answer. Put the CA into certificate-authority-data, or "
                                     "start the operator with --insecure-kubeconfig-tls");
        return err;
}

/* The fault of the host as it is written, because libcurl reads 127.1 as an address; NULL: none. */
static const char *server_host_fault(const char *url)
{
        char host[256];
        const char *at = strstr(url, "://");
        size_t bytes = at ? strcspn(at + 3, ":/") : 0;
        if (!at || at[3] == '[' || bytes >= sizeof(host))
                return NULL;
        memcpy(host, at + 3, bytes);
        host[bytes] = '\0';
        return text_address_fault(host);
}

static enum err read_server(const struct config_section *cluster, struct kube_config *config)
{
        const char *server;
        enum err err = section_text(cluster, "server", &server);
        if (err != ERR_OK)
                return err;
        if (!server)
                return section_refuse(cluster, "server", "missing; give the API server as https://host:port");
        if (!is_server_url(server))
                return section_refuse(cluster, "server", "not a URL of the form https://host:port");
        err = check_channel(cluster, server);
        if (err != ERR_OK)
                return err;
        const char *fault = server_host_fault(server);
        if (fault)
                return section_refuse(cluster, "server", "%s", fault);
        size_t bytes = strlen(server);
        while (bytes > 0 && server[bytes - 1] == '/')
                bytes--;
        config->server = mem_strndup(server, bytes);
        return ERR_OK;
}

static enum err read_cluster(const struct config_section *cluster, struct kube_config *config)
{
        const char *proxy, *server_name;
        bool is_insecure;
        enum err err = read_server(cluster, config);
        if (err == ERR_OK)
                err = section_text(cluster, "proxy-url", &proxy);
        if (err == ERR_OK && proxy)
                err = section_refuse(cluster, "proxy-url",
                                     "proxies are not supported; give a server that can be reached directly");
        if (err == ERR_OK)
                err = section_flag(cluster, "insecure-skip-tls-verify", &is_insecure);
        if (err == ERR_OK)
                err = section_text(cluster, "tls-server-name", &server_name);
        if (err == ERR_OK)
                err = section_pem(cluster, "certificate-authority", &config->tls.ca);
        if (err != ERR_OK)
                return err;
        if (is_insecure && !secret_is_empty(&config->tls.ca))
                return section_refuse(cluster, "insecure-skip-tls-verify",
                                      "contradicts the certificate authority; remove one of them");
        config->tls.insecure = is_insecure;
        config->tls.server_name = server_name ? mem_strdup(server_name) : NULL;
        return ERR_OK;
}

/* The context to use: the one asked for, else current-context; as kubectl, never guessed. */
static enum err find_context(const struct config_section *root, const char *asked, struct config_section *ret)
{
        const char *current;
        enum err err = section_text(root, "current-context", &current);
        if (err != ERR_OK)
                return err;
        if (!asked && !current)
                return section_refuse(root, "current-context",
                                      "missing; set it (kubectl config use-context NAME) or name a context");
        if (asked)
                return section_entry(root, "contexts", "context", asked, "the context asked for", ret);
        return section_entry(root, "contexts", "context", current, "current-context", ret);
}

static enum err read_named(const struct config_section *root, const struct config_section *context,
                           struct kube_config *config)
{
        const char *cluster_name, *user_name, *namespace_name;
        char asked_by[96];
        struct config_section cluster, user = {.policy = root->policy, .reterr = root->reterr};
        enum err err = section_text(context, "cluster", &cluster_name);
        if (err == ERR_OK)
                err = section_text(context, "user", &user_name);
        if (err == ERR_OK)
                err = section_text(context, "namespace", &namespace_name);
        if (err != ERR_OK)
                return err;
        if (!cluster_name)
                return section_refuse(context, "cluster", "missing; name one of clusters");
        (void)snprintf(asked_by, sizeof(asked_by), "%s.cluster", context->where);
        err = section_entry(root, "clusters", "cluster", cluster_name, asked_by, &cluster);
        if (err == ERR_OK)
                err = read_cluster(&cluster, config);
        (void)snprintf(asked_by, sizeof(asked_by), "%s.user", context->where);
        if (err == ERR_OK && user_name)
                err = section_entry(root, "users", "user", user_name, asked_by, &user);
        if (err == ERR_OK)
                err = config_read_user(&user, config);
        config->namespace_name = mem_strdup(namespace_name ? namespace_name : "default");
        return err;
}

static enum err read_root(struct yaml_tree *tree, const char *context_name, const struct kube_config_policy *policy,
                          struct kube_config *config, struct errmsg *reterr)
{
        const char *kind, *version;
        struct config_section context, root = {.map = tree, .policy = policy, .reterr = reterr};
        if (tree->kind != YAML_TREE_MAP)
                return err_set(reterr, ERR_INVALID,
                               "not a kubeconfig: it should be a map with clusters, contexts and users");
        enum err err = section_text(&root, "kind", &kind);
        if (err == ERR_OK)
                err = section_text(&root, "apiVersion", &version);
        if (err != ERR_OK)
                return err;
        if ((kind && strcmp(kind, "Config") != 0) || (version && strcmp(version, "v1") != 0))
                return err_set(reterr, ERR_INVALID, "not a kubeconfig: kind must be Config and apiVersion v1");
        err = find_context(&root, context_name, &context);
        if (err == ERR_OK)
                err = read_named(&root, &context, config);
        return err;
}

enum err kube_config_parse(const char *yaml, size_t bytes, const char *context, const struct kube_config_policy *policy,
                           struct kube_config *ret, struct errmsg *reterr)
{
        if (bytes > CONFIG_FILE_BYTES_MAX)
                return err_set(reterr, ERR_INVALID, "a kubeconfig of more than %d bytes", CONFIG_FILE_BYTES_MAX);
        CLEANUP(arena_deinit) struct arena arena = {0};
        struct kube_config config = {0};
        struct yaml_tree *tree;
        enum err err = yaml_tree_parse(yaml, bytes, &arena, &tree, reterr);
        if (err != ERR_OK)
                return err;
        err = read_root(tree, context && context[0] ? context : NULL, policy, &config, reterr);
        yaml_tree_wipe(tree);
        if (err == ERR_OK)
                *ret = config;
        else
                kube_config_clear(&config);
        return err;
}
