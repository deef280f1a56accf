/* config_user.c -- the user of a kubeconfig. */
#include "kube/config_user.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/exec.h"
#include "runtime/file.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum { EXEC_TEXTS_MAX = 256 };

/* Fields that change the identity: a call without them would be made as another user. */
static enum err refuse_unsupported(const struct config_section *user)
{
        static const struct {
                const char *key;
                const char *remedy;
        } refused[] = {
            {"auth-provider",
             "auth providers are gone from Kubernetes since 1.26; use an exec plugin, a token or a client certificate"},
            {"username",
             "basic authentication is gone from Kubernetes since 1.19; use a token or a client certificate"},
            {"password",
             "basic authentication is gone from Kubernetes since 1.19; use a token or a client certificate"},
            {"as", "impersonation is not supported; use credentials of the identity itself"},
            {"as-uid", "impersonation is not supported; use credentials of the identity itself"},
            {"as-groups", "impersonation is not supported; use credentials of the identity itself"},
            {"as-user-extra", "impersonation is not supported; use credentials of the identity itself"},
        };
        for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
                const struct yaml_tree *node;
                enum err err = section_find(user, refused[i].key, &node);
                if (err != ERR_OK)
                        return err;
                if (node)
                        return section_refuse(user, refused[i].key, "%s", refused[i].remedy);
        }
        return ERR_OK;
}

static enum err read_token(const struct config_section *user, struct kube_config *config)
{
        const char *token;
        enum err err = section_text(user, "token", &token);
        if (err == ERR_OK)
                err = section_path(user, "tokenFile", &config->token_file);
        if (err != ERR_OK)
                return err;
        for (const char *at = token; at && *at; at++)
                if (!isgraph((unsigned char)*at))
                        return section_refuse(user, "token",
                                              "holds white space or control characters; paste it as one word");
        if (token)
                secret_set(&config->token, token, strlen(token));
        if (!config->token_file)
                return ERR_OK;
        err = file_read_token(config->token_file, &config->token,
                              user->reterr); /* as kubectl: what the file holds wins */
        return err == ERR_OK ? ERR_OK : err_wrap(user->reterr, err, "%s.tokenFile", user->where);
}

static enum err read_certificate(const struct config_section *user, struct kube_config *config)
{
        enum err err = section_pem(user, "client-certificate", &config->tls.certificate);
        if (err == ERR_OK)
                err = section_pem(user, "client-key", &config->tls.key);
        if (err != ERR_OK)
                return err;
        if (secret_is_empty(&config->tls.certificate) && !secret_is_empty(&config->tls.key))
                return section_refuse(user, "client-key", "without a client-certificate; give both");
        if (!secret_is_empty(&config->tls.certificate) && secret_is_empty(&config->tls.key))
                return section_refuse(user, "client-certificate", "without a client-key; give both");
        return ERR_OK;
}

static size_t count_children(const struct yaml_tree *list)
{
        size_t count = 0;
        for (const struct yaml_tree *node = list ? list->first : NULL; node; node = node->next)
                count++;
        return count;
}

static enum err read_args(const struct config_section *section, struct kube_exec *exec)
{
        const struct yaml_tree *list = NULL;
        enum err err = section_list(section, "args", &list);
        if (err != ERR_OK)
                return err;
        size_t count = count_children(list);
        if (count > EXEC_TEXTS_MAX)
                return section_refuse(section, "args", "more than %d arguments", EXEC_TEXTS_MAX);
        exec->args = mem_calloc(count + 1, sizeof(*exec->args));
        size_t at = 0;
        for (const struct yaml_tree *node = list ? list->first : NULL; node; node = node->next) {
                if (node->kind == YAML_TREE_MAP || node->kind == YAML_TREE_LIST)
                        return section_refuse(section, "args", "must be a list of texts");
                exec->args[at++] = mem_strdup(node->text ? node->text : "");
        }
        return ERR_OK;
}

static enum err read_variable(const struct config_section *section, const struct yaml_tree *node, size_t index,
                              char **ret)
{
        const char *name, *value;
        struct config_section entry = {.map = node, .policy = section->policy, .reterr = section->reterr};
        (void)snprintf(entry.where, sizeof(entry.where), "%.48s.env[%zu]", section->where, index);
        if (node->kind != YAML_TREE_MAP)
                return section_refuse(section, "env", "must be a list of maps with name and value");
        enum err err = section_text(&entry, "name", &name);
        if (err == ERR_OK)
                err = section_text(&entry, "value", &value);
        if (err != ERR_OK)
                return err;
        if (!name || strchr(name, '='))
                return section_refuse(&entry, "name", "missing or with '='; give the name of an environment variable");
        size_t bytes = strlen(name) + strlen(value ? value : "") + 2;
        *ret = mem_calloc(bytes, 1);
        (void)snprintf(*ret, bytes, "%s=%s", name, value ? value : "");
        return ERR_OK;
}

static enum err read_env(const struct config_section *section, struct kube_exec *exec)
{
        const struct yaml_tree *list = NULL;
        enum err err = section_list(section, "env", &list);
        if (err != ERR_OK)
                return err;
        size_t count = count_children(list);
        if (count > EXEC_TEXTS_MAX)
                return section_refuse(section, "env", "more than %d variables", EXEC_TEXTS_MAX);
        exec->env = mem_calloc(count + 1, sizeof(*exec->env));
        size_t at = 0;
        for (const struct yaml_tree *node = list ? list->first : NULL; node; node = node->next, at++) {
                err = read_variable(section, node, at, &exec->env[at]);
                if (err != ERR_OK)
                        return err;
        }
        return ERR_OK;
}

static enum err read_command(const struct config_section *section, struct kube_exec *exec)
{
        const char *command, *version, *interactive;
        enum err err = section_text(section, "command", &command);
        if (err == ERR_OK)
                err = section_text(section, "apiVersion", &version);
        if (err == ERR_OK)
                err = section_text(section, "interactiveMode", &interactive);
        if (err == ERR_OK)
                err = section_flag(section, "provideClusterInfo", &exec->provide_cluster_info);
        if (err != ERR_OK)
                return err;
        if (!command)
                return section_refuse(section, "command", "missing; name the program to run");
        if (!version || !exec_is_known_version(version))
                return section_refuse(section, "apiVersion", "must be client.authentication.k8s.io/v1 or /v1beta1");
        if (interactive && strcmp(interactive, "Always") == 0)
                return section_refuse(section, "interactiveMode",
                                      "nobody is there to answer the plugin; use one that works with Never");
        /* As kubectl: a bare name is looked up in PATH, "./x" is relative to the kubeconfig. */
        exec->command =
            strchr(command, '/') ? config_resolve_path(section->policy->base_directory, command) : mem_strdup(command);
        exec->api_version = mem_strdup(version);
        return ERR_OK;
}

static enum err read_exec(const struct config_section *user, struct kube_config *config)
{
        struct config_section section;
        enum err err = section_map(user, "exec", &section);
        if (err != ERR_OK || !section.map)
                return err;
        if (!user->policy->allow_exec)
                return section_refuse(user, "exec",
                                      "an exec plugin would run a program beside the operator and is refused here; "
                                      "use a token or client certificate, or start the operator with "
                                      "--insecure-kubeconfig-exec");
        config->exec = mem_new(config->exec);
        err = read_command(&section, config->exec);
        if (err == ERR_OK)
                err = read_args(&section, config->exec);
        if (err == ERR_OK)
                err = read_env(&section, config->exec);
        return err;
}

enum err config_read_user(const struct config_section *user, struct kube_config *config)
{
        enum err err = refuse_unsupported(user);
        if (err == ERR_OK)
                err = read_token(user, config);
        if (err == ERR_OK)
                err = read_certificate(user, config);
        if (err == ERR_OK)
                err = read_exec(user, config);
        return err;
}
