/* target_secrets_test.c -- what is said of a Secret that no server was asked about, and that nothing is said too early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_hub.h"
#include "reconcile/secret_cache.h"
#include "reconcile/target_secrets.h"
#include "tls_material.h"
#include "util/mem.h"
#include "util/text.h"

struct rig {
        struct fake_hub hub;
        struct manager manager;
        struct failover_policy spec;
        struct policy policy;
        struct arena arena;
        const char *data; /* of every Secret; NULL: there is none */
        int status;
};

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        const struct rig *rig = ctx;
        static char body[8192];
        (void)request;
        (void)snprintf(body, sizeof(body), "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"s\"},\"data\":{%s}}",
                       rig->data ? rig->data : "");
        fake_answer(peer, rig->status, "", rig->status == 200 ? body : "{\"kind\":\"Status\",\"message\":\"no\"}");
}

static void on_changed(void *ctx, const char *key)
{
        (void)ctx, (void)key;
}

static bool is_used(void *ctx, const char *key)
{
        (void)ctx, (void)key;
        return true;
}

static int rig_open(void **state)
{
        struct rig *rig = mem_new(rig);
        rig->status = 200;
        fake_hub_open(&rig->hub, true, on_request, rig);
        rig->manager.secrets = secret_cache_open(rig->hub.loop, rig->hub.kube, on_changed, is_used, rig);
        rig->spec.dns = (struct policy_dns){
            .name = "gloo.test", .provider = "rfc2136", .credentials_secret = "", .credentials_field = "tsigSecretRef"};
        rig->spec.redis = (struct policy_redis){.address = "redis.test:6379", .lock_key = "lock", .auth_secret = ""};
        rig->spec.redis.tls = (struct tls_refs){.ca = {"", "ca.crt"}, .client_certificate = "", .server_name = ""};
        rig->policy = (struct policy){.manager = &rig->manager, .namespace_name = mem_strdup("ns"), .spec = &rig->spec};
        *state = rig;
        return 0;
}

static int rig_close(void **state)
{
        struct rig *rig = *state;
        secret_cache_close(rig->manager.secrets);
        fake_hub_close(&rig->hub);
        free(rig->policy.namespace_name);
        arena_deinit(&rig->arena);
        free(rig);
        return 0;
}

/* What is said once the Secret was read; another name each time, because what was read is kept. */
static void expect(struct rig *rig, const char **field, const char *data, const char *wanted)
{
        static char name[16];
        static unsigned count;
        const char *said = "";
        (void)snprintf(name, sizeof(name), "s%u", count++);
        *field = name;
        rig->data = data;
        assert_string_equal(target_secrets_error(&rig->policy, &rig->arena), ""); /* being read */
        for (unsigned i = 0; i < 400 && !(said[0] && wanted[0]); i++) {
                fake_turn(rig->hub.loop);
                said = target_secrets_error(&rig->policy, &rig->arena);
        }
        const char *prefix = arena_printf(&rig->arena, "Secret ns/%s", name);
        if (wanted[0] ? !text_has_prefix(said, prefix) || strcmp(said + strlen(prefix), wanted) != 0 : said[0] != '\0')
                fail_msg("%s\n  says: %s\nwanted: %s%s", data, said, prefix, wanted);
        *field = "";
}

#define TSIG_WANTED "; expected: the output of tsig-keygen under any key, or the keys name, key and algorithm"

static void tsig(void **state)
{
        struct rig *rig = *state;
        const char **field = &rig->spec.dns.credentials_secret;
        expect(rig, field, "\"name\":\"aw==\",\"key\":\"YzJWamNtVjA=\"", "");
        expect(rig, field, "\"password\":\"eA==\"",
               ", which spec.dns.rfc2136.tsigSecretRef names, cannot be used: field key: missing; its keys: "
               "password" TSIG_WANTED);
        expect(rig, field, "",
               ", which spec.dns.rfc2136.tsigSecretRef names, cannot be used: no TSIG key; its keys: none" TSIG_WANTED);
        rig->status = 404;
        expect(rig, field, "", ", which spec.dns.rfc2136.tsigSecretRef names, is not found: create it");
        rig->spec.dns.provider = "another";
        expect(rig, field, "", "");
}

static void may_not_be_read(void **state)
{
        struct rig *rig = *state;
        rig->status = 403;
        static const char *said;
        rig->spec.dns.credentials_secret = "s";
        for (unsigned i = 0; i < 400 && !(said && said[0]); i++) {
                said = target_secrets_error(&rig->policy, &rig->arena);
                fake_turn(rig->hub.loop);
        }
        assert_non_null(strstr(said, "Secret ns/s"));
        assert_non_null(strstr(said, "spec.dns.rfc2136.tsigSecretRef"));
}

#define AUTH_NAMES  ", which spec.redis.authSecretRef names, cannot be used: "
#define AUTH_WANTED "; expected: password, and username where the server has users"

static void password(void **state)
{
        struct rig *rig = *state;
        const char **field = &rig->spec.redis.auth_secret;
        expect(rig, field, "\"password\":\"eA==\",\"username\":\"eA==\"", "");
        expect(rig, field, "\"pass\":\"eA==\"", AUTH_NAMES "key password is missing; its keys: pass" AUTH_WANTED);
        expect(rig, field, "\"password\":\"\"", AUTH_NAMES "key password is empty; its keys: password" AUTH_WANTED);
        expect(rig, field, "\"password\":\"AA==\"",
               AUTH_NAMES "key password holds a zero byte; its keys: password" AUTH_WANTED);
        expect(rig, field, "\"password\":\"eA==\",\"username\":\"AA==\"",
               AUTH_NAMES "key username holds a zero byte; its keys: password, username" AUTH_WANTED);
        rig->spec.redis.lock_key = "";
        expect(rig, field, "\"pass\":\"eA==\"", "");
}

static const char *entry(struct rig *rig, const char *key, const char *pem)
{
        unsigned char text[4096];
        assert_in_range(strlen(pem), 1, sizeof(text) / 4 * 3 - 4);
        (void)EVP_EncodeBlock(text, (const unsigned char *)pem, (int)strlen(pem));
        return arena_printf(&rig->arena, "\"%s\":\"%s\"", key, (const char *)text);
}

static void certificates(void **state)
{
        struct rig *rig = *state;
        struct tls_identity ca = tls_identity_new(NULL, NULL, 3600);
        struct tls_identity client = tls_identity_new(&ca, "DNS:client", 3600);
        const char **field = &rig->spec.redis.tls.ca.name;
        rig->spec.redis.uses_tls = true;
        expect(rig, field, entry(rig, "ca.crt", ca.certificate_pem), "");
        expect(rig, field, "\"ca.crt\":\"eA==\"",
               ", which spec.redis.tls.caSecretRef names, cannot be used: the CA is no PEM certificate; its keys: "
               "ca.crt; expected: ca.crt, with certificates in PEM");
        expect(rig, field, "\"ca\":\"eA==\"",
               ", which spec.redis.tls.caSecretRef names, cannot be used: key ca.crt is missing; its keys: ca; "
               "expected: ca.crt, with certificates in PEM");
        field = &rig->spec.redis.tls.client_certificate;
        const char *certificate = entry(rig, "tls.crt", client.certificate_pem);
        expect(rig, field, arena_printf(&rig->arena, "%s,%s", certificate, entry(rig, "tls.key", client.key_pem)), "");
        expect(rig, field, certificate,
               ", which spec.redis.tls.clientCertificateSecretRef names, cannot be used: key tls.key is missing; "
               "its keys: tls.crt; expected: tls.crt and tls.key, in PEM without a passphrase");
        expect(rig, field, arena_printf(&rig->arena, "%s,%s", certificate, entry(rig, "tls.key", ca.key_pem)),
               ", which spec.redis.tls.clientCertificateSecretRef names, cannot be used: the client key is no PEM key of "
               "the certificate, without passphrase; its keys: tls.crt, tls.key; expected: tls.crt and tls.key, in PEM "
               "without a passphrase");
        tls_identity_deinit(&client);
        tls_identity_deinit(&ca);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(tsig, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(may_not_be_read, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(password, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(certificates, rig_open, rig_close),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
