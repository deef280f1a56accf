/* exec.c -- run an exec credential plugin and read what it printed. */
#include "kube/exec.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "kube/exec_process.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

static const char *const known_versions[] = {"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"};

bool exec_is_known_version(const char *api_version)
{
        return strcmp(api_version, known_versions[0]) == 0 || strcmp(api_version, known_versions[1]) == 0;
}

void exec_credential_clear(struct exec_credential *credential)
{
        secret_clear(&credential->token);
        secret_clear(&credential->certificate);
        secret_clear(&credential->key);
        *credential = (struct exec_credential){0};
}

static json_t *cluster_info(const struct kube_config *config)
{
        json_t *cluster = json_pack("{s:s}", "server", config->server);
        if (config->tls.server_name)
                json_object_set_new(cluster, "tls-server-name", json_string(config->tls.server_name));
        if (config->tls.insecure)
                json_object_set_new(cluster, "insecure-skip-tls-verify", json_true());
        if (!secret_is_empty(&config->tls.ca)) {
                unsigned char *base64 = mem_calloc(config->tls.ca.count / 3 * 4 + 8, 1);
                (void)EVP_EncodeBlock(base64, (const unsigned char *)config->tls.ca.bytes, (int)config->tls.ca.count);
                json_object_set_new(cluster, "certificate-authority-data", json_string((const char *)base64));
                free(base64);
        }
        return cluster;
}

/* "KUBERNETES_EXEC_INFO={...}": what the plugin is told. */
static char *exec_info(const struct kube_config *config)
{
        json_t *info = json_pack("{s:s, s:s, s:{s:b}}", "kind", "ExecCredential", "apiVersion",
                                 config->exec->api_version, "spec", "interactive", 0);
        if (config->exec->provide_cluster_info)
                json_object_set_new(json_object_get(info, "spec"), "cluster", cluster_info(config));
        char *json = json_dumps(info, JSON_COMPACT);
        json_decref(info);
        struct strbuf text = STRBUF_INIT(4 * 1024 * 1024);
        (void)strbuf_printf(&text, "KUBERNETES_EXEC_INFO=%s", json ? json : "{}");
        free(json);
        return strbuf_take(&text);
}

static void take_text(const json_t *status, const char *key, struct secret *ret)
{
        const char *text = json_string_value(json_object_get(status, key));
        if (text && text[0])
                secret_set(ret, text, strlen(text));
}

static enum err read_status(const json_t *status, struct exec_credential *credential, struct errmsg *reterr)
{
        const char *expires = json_string_value(json_object_get(status, "expirationTimestamp"));
        take_text(status, "token", &credential->token);
        take_text(status, "clientCertificateData", &credential->certificate);
        take_text(status, "clientKeyData", &credential->key);
        if (secret_is_empty(&credential->certificate) != secret_is_empty(&credential->key))
                return err_set(reterr, ERR_INVALID, "clientCertificateData and clientKeyData must come together");
        if (secret_is_empty(&credential->certificate) && secret_is_empty(&credential->token))
                return err_set(reterr, ERR_INVALID, "its ExecCredential has neither a token nor a client certificate");
        if (expires && text_to_time(expires, &credential->expires) != ERR_OK)
                return err_set(reterr, ERR_INVALID, "status.expirationTimestamp is no RFC 3339 time");
        return ERR_OK;
}

enum err exec_parse(const struct kube_exec *exec, const struct secret *output, struct exec_credential *ret,
                    struct errmsg *reterr)
{
        json_t *root = json_loadb(output->bytes ? output->bytes : "", output->count, 0,
                                  NULL); /* an error text would quote the credential */
        const char *kind = json_string_value(json_object_get(root, "kind"));
        const char *version = json_string_value(json_object_get(root, "apiVersion"));
        struct exec_credential credential = {0};
        enum err err;
        if (!kind || strcmp(kind, "ExecCredential") != 0)
                err = err_set(reterr, ERR_INVALID, "it did not print an ExecCredential");
        else if (!version || strcmp(version, exec->api_version) != 0)
                err = err_set(reterr, ERR_INVALID, "its ExecCredential is not of the kubeconfig's apiVersion %.60s",
                              exec->api_version);
        else
                err = read_status(json_object_get(root, "status"), &credential, reterr);
        json_decref(root);
        if (err == ERR_OK) {
                *ret = credential;
                return ERR_OK;
        }
        exec_credential_clear(&credential);
        return err_wrap(reterr, err, "exec plugin %.60s", exec->command);
}

enum err exec_run(const struct kube_config *config, mono_ms deadline, struct secret *ret_output, struct errmsg *reterr)
{
        CLEANUP(cleanup_free) char *info = exec_info(config);
        enum err err = exec_process_run(config->exec, info, deadline, ret_output, reterr);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "exec plugin %.60s", config->exec->command);
}
