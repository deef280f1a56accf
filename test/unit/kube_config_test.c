/* kube_config_test.c -- kubeconfigs as people and tools write them, and what is said about the wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kube/config.h"
#include "kube/config_load.h"
#include "util/cleanup.h"
#include "util/strbuf.h"

#define PEM_BASE64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCnRlc3QK" /* "-----BEGIN CERTIFICATE-----\ntest\n" */

static const struct kube_config_policy inline_only = {0};
static const struct kube_config_policy all = {
    .allow_files = true, .allow_exec = true, .allow_http = true, .allow_unverified = true};

static const char full[] = "apiVersion: v1\n"
                           "kind: Config\n"
                           "current-context: two\n"
                           "preferences: {}\n"
                           "clusters:\n"
                           "- name: a\n"
                           "  cluster: {server: 'https://a.example:6443'}\n"
                           "- name: b\n"
                           "  cluster:\n"
                           "    server: https://b.example:6443/prefix/\n"
                           "    certificate-authority-data: " PEM_BASE64 "\n"
                           "    tls-server-name: kubernetes.default.svc\n"
                           "contexts:\n"
                           "- name: one\n"
                           "  context: {cluster: a, user: certificate, namespace: ops}\n"
                           "- name: two\n"
                           "  context: {cluster: b, user: token}\n"
                           "users:\n"
                           "- name: certificate\n"
                           "  user:\n"
                           "    client-certificate-data: " PEM_BASE64 "\n"
                           "    client-key-data: |\n"
                           "      LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0t\n"
                           "      LS0tCnRlc3QK\n"
                           "- name: token\n"
                           "  user: {token: abc.def}\n";

static void test_current_context(void **state)
{
        (void)state;
        struct kube_config config = {0};
        assert_int_equal(kube_config_parse(full, strlen(full), NULL, &inline_only, &config, NULL), ERR_OK);
        assert_string_equal(config.server, "https://b.example:6443/prefix");
        assert_string_equal(config.namespace_name, "default");
        assert_string_equal(config.tls.server_name, "kubernetes.default.svc");
        assert_string_equal(config.tls.ca.bytes, "-----BEGIN CERTIFICATE-----\ntest\n");
        assert_string_equal(config.token.bytes, "abc.def");
        assert_true(secret_is_empty(&config.tls.certificate));
        assert_false(config.tls.insecure);
        kube_config_clear(&config);
        kube_config_clear(&config); /* twice is fine */
}

static void test_context_by_name(void **state)
{
        (void)state;
        struct kube_config config = {0};
        assert_int_equal(kube_config_parse(full, strlen(full), "one", &inline_only, &config, NULL), ERR_OK);
        assert_string_equal(config.server, "https://a.example:6443");
        assert_string_equal(config.namespace_name, "ops");
        assert_string_equal(config.tls.certificate.bytes, "-----BEGIN CERTIFICATE-----\ntest\n");
        assert_string_equal(config.tls.key.bytes, "-----BEGIN CERTIFICATE-----\ntest\n"); /* folded base64 */
        assert_true(secret_is_empty(&config.token));
        kube_config_clear(&config);
}

static void test_json_is_yaml(void **state)
{
        (void)state;
        static const char text[] = "{\"kind\":\"Config\",\"apiVersion\":\"v1\",\"current-context\":\"c\",\"clusters\":["
                                   "{\"name\":\"c\",\"cluster\":"
                                   "{\"server\":\"http://127.0.0.1:8001\",\"insecure-skip-tls-verify\":true}}],"
                                   "\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"c\",\"user\":\"\"}}]}";
        struct kube_config config = {0};
        assert_int_equal(kube_config_parse(text, strlen(text), "", &all, &config, NULL), ERR_OK);
        assert_string_equal(config.server, "http://127.0.0.1:8001");
        assert_true(config.tls.insecure);
        kube_config_clear(&config);
}

/* A kubeconfig of one context with these fields of cluster and user. */
static char *simple(const char *cluster, const char *user)
{
        struct strbuf text = STRBUF_INIT(1 << 22);
        assert_true(strbuf_printf(&text,
                                  "current-context: c\nclusters: [{name: c, cluster: {%s}}]\n"
                                  "contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: x, user: {}}, "
                                  "{name: u, user: {%s}}]\n",
                                  cluster, user));
        return strbuf_take(&text);
}

static void refuse_text(const char *text, const struct kube_config_policy *policy, const char *want)
{
        struct kube_config config = {0};
        struct errmsg why = {""};
        assert_int_equal(kube_config_parse(text, strlen(text), NULL, policy, &config, &why), ERR_INVALID);
        if (!strstr(why.text, want))
                fail_msg("\"%s\" does not say \"%s\"", why.text, want);
        assert_null(strstr(why.text, "s3cret"));
        assert_null(config.server);
}

static void refuse(const char *cluster, const char *user, const struct kube_config_policy *policy, const char *want)
{
        CLEANUP(cleanup_free) char *text = simple(cluster, user);
        refuse_text(text, policy, want);
}

static const char good[] = "server: 'https://x:1'";

static void test_cluster_errors(void **state)
{
        (void)state;
        refuse("", "", &all, "clusters[0].cluster.server: missing");
        refuse("server: [1]", "", &all, "clusters[0].cluster.server: must be a text");
        refuse("server: 'ftp://x'", "", &all, "clusters[0].cluster.server: not a URL");
        refuse("server: 'https://user:s3cret@x'", "", &all, "clusters[0].cluster.server: not a URL");
        refuse("server: 'https://x/?a=s3cret'", "", &all, "clusters[0].cluster.server: not a URL");
        refuse("server: 'https://127.1:6443'", "", &all, "clusters[0].cluster.server: ends in a number");
        refuse("server: 'https://0x7f000001/prefix'", "", &all, "clusters[0].cluster.server: ends in a number");
        refuse("server: 'x y'", "", &all, "clusters[0].cluster.server: not a URL");
        refuse("server: 'https://x', server: 'https://y'", "", &all, "clusters[0].cluster.server: given twice");
        refuse("server: 'https://x', proxy-url: 'http://s3cret@p'", "", &all,
               "clusters[0].cluster.proxy-url: proxies are not supported");
        refuse("server: 'https://x', insecure-skip-tls-verify: 7", "", &all,
               "insecure-skip-tls-verify: must be true or false");
        refuse("server: 'https://x', insecure-skip-tls-verify: true, certificate-authority-data: " PEM_BASE64, "", &all,
               "insecure-skip-tls-verify: contradicts");
        refuse("server: 'https://x', certificate-authority-data: '#s3cret#'", "", &all,
               "certificate-authority-data: not base64");
        refuse("server: 'https://x', certificate-authority-data: czNjcmV0", "", &all,
               "certificate-authority-data: not PEM");
        refuse("server: 'https://x', certificate-authority: /ca.pem", "", &inline_only,
               "clusters[0].cluster.certificate-authority: a file path is refused");
        refuse("server: 'https://x', certificate-authority: /nonexistent/ca.pem", "", &inline_only,
               "--insecure-kubeconfig-files");
}

/* What is sent there, and what is believed of the answers, is in the hands of whoever is on the way. */
static void test_a_channel_that_proves_nothing_is_refused(void **state)
{
        static const struct kube_config_policy http = {.allow_http = true}, unverified = {.allow_unverified = true};
        static const struct {
                const char *cluster;
                const struct kube_config_policy *policy;
                const char *want; /* NULL: it is taken */
        } rows[] = {
            {"server: 'http://x:6443'", &inline_only, "cluster.server: http:// would send credentials in clear"},
            {"server: 'HTTP://x:6443'", &inline_only, "start the operator with --insecure-kubeconfig-http"},
            {"server: 'http://127.0.0.1:8001'", &unverified, "--insecure-kubeconfig-http"},
            {"server: 'http://x:6443'", &http, NULL},
            {"server: 'https://x', insecure-skip-tls-verify: true", &inline_only, "start the operator with --insecure-kubeconfig-tls"},
            {"server: 'https://x', insecure-skip-tls-verify: 'TRUE'", &http, "cluster.insecure-skip-tls-verify: refused"},
            {"server: 'https://x', insecure-skip-tls-verify: true", &unverified, NULL},
            {"server: 'https://x', insecure-skip-tls-verify: false", &inline_only, NULL},
            {"server: 'http://x', insecure-skip-tls-verify: true", &http, "--insecure-kubeconfig-tls"},
            {"server: 'http://x', insecure-skip-tls-verify: true", &unverified, "--insecure-kubeconfig-http"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                CLEANUP(cleanup_free) char *text = simple(rows[i].cluster, "token: s3cret");
                struct kube_config config = {0};
                if (rows[i].want)
                        refuse_text(text, rows[i].policy, rows[i].want);
                else
                        assert_int_equal(kube_config_parse(text, strlen(text), NULL, rows[i].policy, &config, NULL), ERR_OK);
                kube_config_clear(&config);
        }
}

static void test_user_errors(void **state)
{
        (void)state;
        refuse(good, "token: [s3cret]", &all, "users[1].user.token: must be a text");
        refuse(good, "token: 's3cret s3cret'", &all, "users[1].user.token: holds white space");
        refuse(good, "client-key-data: " PEM_BASE64, &all, "users[1].user.client-key: without a client-certificate");
        refuse(good, "client-certificate-data: " PEM_BASE64, &all,
               "users[1].user.client-certificate: without a client-key");
        refuse(good, "client-certificate-data: " PEM_BASE64 ", client-key-data: 's3cret!'", &all,
               "users[1].user.client-key-data: not base64");
        refuse(good, "auth-provider: {name: oidc, config: {id-token: s3cret}}", &all,
               "users[1].user.auth-provider: auth providers are gone");
        refuse(good, "username: me, password: s3cret", &all, "users[1].user.username: basic authentication is gone");
        refuse(good, "as: system:admin", &all, "users[1].user.as: impersonation is not supported");
        refuse(good, "as-groups: [s3cret]", &all, "users[1].user.as-groups: impersonation");
        refuse(good, "tokenFile: /s3cret", &inline_only,
               "users[1].user.tokenFile: a file path is refused here; put the content inline (token)");
}

static void test_exec_errors(void **state)
{
        (void)state;
        refuse(good, "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1}", &inline_only,
               "users[1].user.exec: an exec plugin");
        refuse(good, "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1}", &inline_only,
               "--insecure-kubeconfig-exec");
        refuse(good, "exec: aws", &all, "users[1].user.exec: must be a map");
        refuse(good, "exec: {apiVersion: client.authentication.k8s.io/v1}", &all,
               "users[1].user.exec.command: missing");
        refuse(good, "exec: {command: aws}", &all, "users[1].user.exec.apiVersion: must be");
        refuse(good, "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1alpha1}", &all,
               "users[1].user.exec.apiVersion: must be");
        refuse(good, "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}", &all,
               "users[1].user.exec.interactiveMode: nobody");
        refuse(good, "exec: {command: a, apiVersion: client.authentication.k8s.io/v1, args: [{s3cret: x}]}", &all,
               "users[1].user.exec.args: must be a list of texts");
        refuse(good,
               "exec: {command: a, apiVersion: client.authentication.k8s.io/v1, env: [{name: 'A=B', value: s3cret}]}",
               &all, "users[1].user.exec.env[0].name: missing or with '='");
}

static void test_exec(void **state)
{
        (void)state;
        CLEANUP(cleanup_free)
        char *text = simple(
            good,
            "exec: {command: ./aws, apiVersion: client.authentication.k8s.io/v1beta1, args: [eks, 7, null],"
            "env: [{name: A, value: b=c}], interactiveMode: IfAvailable, provideClusterInfo: true, installHint: x}");
        const struct kube_config_policy below = {.allow_exec = true, .base_directory = "/base"};
        struct kube_config config = {0};
        assert_int_equal(kube_config_parse(text, strlen(text), NULL, &below, &config, NULL), ERR_OK);
        assert_string_equal(config.exec->command, "/base/./aws");
        assert_string_equal(config.exec->args[0], "eks");
        assert_string_equal(config.exec->args[1], "7");
        assert_string_equal(config.exec->args[2], "");
        assert_null(config.exec->args[3]);
        assert_string_equal(config.exec->env[0], "A=b=c");
        assert_null(config.exec->env[1]);
        assert_true(config.exec->provide_cluster_info);
        kube_config_clear(&config);
}

static void test_structure_errors(void **state)
{
        (void)state;
        refuse_text("", &all, "not a kubeconfig");
        refuse_text("- a", &all, "not a kubeconfig");
        refuse_text("just a word", &all, "not a kubeconfig");
        refuse_text("kind: Secret", &all, "kind must be Config");
        refuse_text("apiVersion: v2", &all, "apiVersion v1");
        refuse_text("{}", &all, "current-context: missing; set it");
        refuse_text("current-context: x", &all, "current-context: names an entry that is not in contexts");
        refuse_text("current-context: x\ncontexts: {}", &all, "contexts: must be a list");
        refuse_text("current-context: x\ncontexts: [7]", &all, "contexts[0]: must be a map");
        refuse_text("current-context: x\ncontexts: [{name: x}]", &all, "contexts[0].context.cluster: missing");
        refuse_text("current-context: x\ncontexts: [{name: x, context: {cluster: s3cret}}]", &all,
                    "contexts[0].context.cluster: names an entry that is not in clusters");
        refuse_text("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: s3cret}}]\n"
                    "clusters: [{name: c, cluster: {server: 'https://x'}}]",
                    &all, "contexts[0].context.user: names an entry that is not in users");
        refuse_text("a: [", &all, "line 2: not YAML");
        refuse_text("a: \"\\xff\n", &all, "not YAML");
        refuse_text("a: &x 1\nb: *x\n", &all, "line 2: aliases");
        refuse_text("a: \"x\\0s3cret\"", &all, "line 1: a NUL byte");
        refuse_text("? [a]\n: b", &all, "a key that is not a text");
        refuse_text("\xff\xfe\xfd", &all, "not YAML");
}

static void test_bounds(void **state)
{
        (void)state;
        struct strbuf text = STRBUF_INIT(1 << 22);
        for (int i = 0; i < 17; i++)
                (void)strbuf_append_text(&text, "[");
        refuse_text(text.text, &all, "deeper than 16 levels");
        strbuf_clear(&text);
        for (int i = 0; i < 20001; i++)
                (void)strbuf_append_text(&text, "- a\n");
        refuse_text(text.text, &all, "more than 20000 nodes");
        strbuf_clear(&text);
        while (text.bytes <= 1024 * 1024)
                (void)strbuf_append_text(&text, "# nothing but words\n");
        refuse_text(text.text, &all, "more than 1048576 bytes");
        strbuf_deinit(&text);
}

/* ---- files ---- */

struct folder {
        char path[64];
};

static void write_file(const char *folder, const char *name, const char *content)
{
        char path[160];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(content, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
        static struct folder folder;
        (void)snprintf(folder.path, sizeof(folder.path), "/tmp/kube_config_test.XXXXXX");
        *state = &folder;
        return mkdtemp(folder.path) ? 0 : -1;
}

static int remove_folder(void **state)
{
        static const char *const names[] = {"token", "ca.crt", "namespace", "config", "big", "fifo"};
        const struct folder *folder = *state;
        char path[160];
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                (void)snprintf(path, sizeof(path), "%s/%s", folder->path, names[i]);
                (void)unlink(path);
        }
        return rmdir(folder->path);
}

static void test_in_cluster(void **state)
{
        const struct folder *folder = *state;
        struct kube_config config = {0};
        struct errmsg why;
        write_file(folder->path, "token", "tok.en\n");
        write_file(folder->path, "ca.crt", "-----BEGIN CERTIFICATE-----\n");
        assert_int_equal(kube_config_from_service_account(folder->path, "10.0.0.1", "443", &config, &why),
                         ERR_NOT_FOUND);
        assert_non_null(strstr(why.text, "/namespace"));
        write_file(folder->path, "namespace", "planekeeper\n");
        assert_int_equal(kube_config_from_service_account(folder->path, "10.0.0.1", "443", &config, &why), ERR_OK);
        assert_string_equal(config.server, "https://10.0.0.1:443");
        assert_string_equal(config.namespace_name, "planekeeper");
        assert_string_equal(config.token.bytes, "tok.en");
        assert_string_equal(config.tls.ca.bytes, "-----BEGIN CERTIFICATE-----\n");
        assert_non_null(strstr(config.token_file, "/token"));
        kube_config_clear(&config);
        assert_int_equal(kube_config_from_service_account(folder->path, "fd00::1", "443", &config, &why), ERR_OK);
        assert_string_equal(config.server, "https://[fd00::1]:443");
        kube_config_clear(&config);
        write_file(folder->path, "token", " \n");
        assert_int_equal(kube_config_from_service_account(folder->path, "10.0.0.1", "443", &config, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "holds no token"));
        write_file(folder->path, "token", "tok.en\n");
        write_file(folder->path, "ca.crt", ""); /* the system's CAs would vouch for strangers */
        assert_int_equal(kube_config_from_service_account(folder->path, "10.0.0.1", "443", &config, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "ca.crt is not PEM"));
}

static void test_files_of_a_kubeconfig(void **state)
{
        const struct folder *folder = *state;
        struct kube_config config = {0};
        struct errmsg why;
        char path[160];
        CLEANUP(cleanup_free)
        char *text = simple("server: 'https://x', certificate-authority: ca.crt", "tokenFile: token, token: old");
        write_file(folder->path, "config", text);
        write_file(folder->path, "token", "from-file");
        write_file(folder->path, "ca.crt", "-----BEGIN CERTIFICATE-----\n");
        (void)snprintf(path, sizeof(path), "%s/config", folder->path);
        assert_int_equal(kube_config_load(path, NULL, &inline_only, &config, &why), ERR_OK);
        assert_string_equal(config.token.bytes, "from-file");
        assert_string_equal(config.tls.ca.bytes, "-----BEGIN CERTIFICATE-----\n");
        kube_config_clear(&config);
        write_file(folder->path, "ca.crt", "s3cret");
        assert_int_equal(kube_config_load(path, NULL, &inline_only, &config, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "clusters[0].cluster.certificate-authority: not PEM"));
        assert_int_equal(kube_config_load("/nonexistent/config", NULL, &inline_only, &config, &why), ERR_NOT_FOUND);
        assert_non_null(strstr(why.text, "/nonexistent/config"));
        assert_int_equal(kube_config_load(folder->path, NULL, &inline_only, &config, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "not a regular file"));
}

static void test_a_pipe_does_not_block(void **state)
{
        const struct folder *folder = *state;
        struct kube_config config = {0};
        struct errmsg why;
        char path[160];
        (void)snprintf(path, sizeof(path), "%s/fifo", folder->path);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(kube_config_load(path, NULL, &inline_only, &config, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "not a regular file"));
}

static void test_where_it_is_looked_for(void **state)
{
        const struct folder *folder = *state;
        struct kube_config config = {0};
        struct errmsg why;
        char path[200];
        CLEANUP(cleanup_free) char *text = simple(good, "");
        write_file(folder->path, "config", text);
        (void)snprintf(path, sizeof(path), ":%s/config:", folder->path);
        assert_int_equal(setenv("KUBECONFIG", path, 1), 0);
        assert_int_equal(kube_config_load(NULL, NULL, &inline_only, &config, &why), ERR_OK);
        assert_string_equal(config.server, "https://x:1");
        kube_config_clear(&config);
        assert_int_equal(setenv("KUBECONFIG", "/a:/b", 1), 0);
        assert_int_equal(kube_config_load("", NULL, &inline_only, &config, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "names several files"));
        (void)unsetenv("KUBECONFIG");
        (void)unsetenv("KUBERNETES_SERVICE_HOST");
        assert_int_equal(kube_config_in_cluster(&config, &why), ERR_NOT_FOUND);
        assert_int_equal(setenv("HOME", folder->path, 1), 0);
        assert_int_equal(kube_config_load(NULL, NULL, &inline_only, &config, &why), ERR_NOT_FOUND);
        assert_non_null(strstr(why.text, "/.kube/config"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_current_context),
            cmocka_unit_test(test_context_by_name),
            cmocka_unit_test(test_json_is_yaml),
            cmocka_unit_test(test_cluster_errors),
            cmocka_unit_test(test_a_channel_that_proves_nothing_is_refused), cmocka_unit_test(test_user_errors),
            cmocka_unit_test(test_exec_errors),
            cmocka_unit_test(test_exec),
            cmocka_unit_test(test_structure_errors),
            cmocka_unit_test(test_bounds),
            cmocka_unit_test_setup_teardown(test_in_cluster, make_folder, remove_folder),
            cmocka_unit_test_setup_teardown(test_files_of_a_kubeconfig, make_folder, remove_folder),
            cmocka_unit_test_setup_teardown(test_a_pipe_does_not_block, make_folder, remove_folder),
            cmocka_unit_test_setup_teardown(test_where_it_is_looked_for, make_folder, remove_folder),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
