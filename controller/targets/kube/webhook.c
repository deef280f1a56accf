/* webhook.c -- driver webhook: its session, and the command by which a person sends it. */
#include "targets/kube/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "kube/lease.h"
#include "targets/by_hand.h"
#include "targets/exchange.h"
#include "targets/kube/drivers.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { TEXT_BYTES = 640 };

static const char *setting(const struct target_config *config, const char *key)
{
        const char *value = target_setting_find(config, key);
        return value ? value : "";
}

static char *text_of(const char *before, const char *between, const char *after)
{
        struct strbuf text = STRBUF_INIT(2 * TEXT_BYTES);
        (void)strbuf_printf(&text, "%s%s%s", before, between, after);
        return strbuf_take(&text);
}

/* Names of policies and items have no slash, and those of items no dot: no two are called alike. */
static char *lease_name_of(const struct target_config *config)
{
        char *name = text_of("planekeeper.webhook.", setting(config, FACT_POLICY), ".");
        char *whole = text_of(name, setting(config, FACT_PIPELINE), "");
        for (char *at = strchr(whole, '/'); at; at = strchr(at, '/'))
                *at = '.';
        free(name);
        return whole;
}

static void take_names(struct webhook_session *self)
{
        const struct target_config *config = &self->settings;
        const char *given = setting(config, "namespace"), *policy = setting(config, FACT_POLICY);
        self->namespace_name = given[0] ? mem_strdup(given) : mem_strndup(policy, strcspn(policy, "/"));
        self->lease_name = lease_name_of(config);
        self->leases_path = kube_path(&kube_leases, self->namespace_name, NULL, NULL);
        self->path = kube_path(&kube_leases, self->namespace_name, self->lease_name, NULL);
        char *place = text_of("Lease ", self->namespace_name, "/");
        self->what = text_of(place, self->lease_name, "");
        free(place);
}

static void take_credentials(struct webhook_session *self, const struct target_config *config)
{
        const struct secret *key = target_credential_find(config, "key");
        const struct secret *ca = target_credential_find(config, "ca.crt");
        if (key)
                secret_copy(&self->key, key);
        if (ca)
                secret_copy(&self->tls.ca, ca);
}

static void webhook_close(struct target_session *session)
{
        struct webhook_session *self = (struct webhook_session *)session;
        char *const texts[] = {self->namespace_name, self->lease_name, self->leases_path, self->path,
                               self->what,           self->pace.obstacle};
        webhook_cancel(self);
        hub_close(&self->hub);
        settings_clear(&self->settings);
        secret_clear(&self->key);
        http_tls_clear(&self->tls);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                free(texts[i]);
        free(self);
}

static enum err check(const struct webhook_session *self, struct errmsg *reterr)
{
        if (!self->url[0])
                return err_set(reterr, ERR_INVALID, "spec.pipeline names it no more");
        if (secret_is_empty(&self->key))
                return err_set(reterr, ERR_INVALID, "the Secret of webhook.secretRef is missing");
        return exchange_check_url(self->url, "webhook.url", NULL, false, reterr);
}

static enum err webhook_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        struct webhook_session *self = mem_new(self);
        self->base.driver = &webhook_driver;
        settings_copy(&self->settings, config);
        self->url = setting(&self->settings, "url");
        take_names(self);
        take_credentials(self, config);
        enum err err = check(self, reterr);
        if (err == ERR_OK)
                err = hub_open(&self->hub, config, reterr);
        if (err != ERR_OK) {
                webhook_close(&self->base);
                return err;
        }
        *ret = &self->base;
        return ERR_OK;
}

static enum err webhook_check(const struct target_config *config, struct errmsg *reterr)
{
        const struct secret *key = target_credential_find(config, "key");
        if (key && key->count < WEBHOOK_KEY_MIN)
                return err_set(reterr, ERR_INVALID, "the key has %zu bytes, and %d are the least", key->count,
                               (int)WEBHOOK_KEY_MIN);
        return hub_check(config, reterr);
}

static char *webhook_name_of(const struct target_config *config)
{
        return text_of("POST ", setting(config, "url"), "");
}

/* ---- by hand ---- */

/* The key goes from kubectl to openssl: "<namespace> <Secret> <key>". */
static const char *read_key(const struct target_config *config, struct arena *arena)
{
        const char *from = setting(config, "secret of key");
        const int place = (int)strcspn(from, " ");
        const char *name = from[place] ? from + place + 1 : "";
        const int bytes = (int)strcspn(name, " ");
        const char *key = name[bytes] ? name + bytes + 1 : "";
        const char *template = arena_printf(arena, "go-template={{index .data \"%s\"}}", key);
        return arena_printf(arena,
                            "kubectl -n %.*s get secret %.*s -o %s | base64 -d | od -An -v -tx1 | tr -d ' \\n'", place,
                            from, bytes, name, by_hand_quote(template, arena));
}

/* A person decides the epoch after the one that is recorded. */
static struct target_want want_of(const struct target_config *config, const char *plane)
{
        return (struct target_want){.plane = plane,
                                    .epoch = strtoull(setting(config, FACT_DECISION), NULL, 10) + 1};
}

static struct by_hand webhook_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                      struct arena *arena)
{
        const struct target_want want = want_of(config, write->plane);
        const char *url = setting(config, "url"), *ca = target_setting_find(config, "secret of ca.crt");
        struct fact facts[FACTS];
        struct by_hand hand = {0};
        char id[WEBHOOK_ID_BYTES];
        facts_of(config, &want, facts);
        webhook_id(facts, id);
        char *document = webhook_document(facts);
        if (ca)
                hand.needs = arena_printf(arena, "ca.crt is the CA of %s", url);
        hand.move = arena_printf(
            arena,
            "id=%s; body=%s; at=$(date +%%s); sign=$(printf %%s \"$id.$at.$body\" | openssl dgst -sha256 -mac HMAC "
            "-macopt hexkey:$(%s) -binary | base64); curl -fsS %s-H 'Content-Type: application/json' -H "
            "\"webhook-id: $id\" -H \"webhook-timestamp: $at\" -H \"webhook-signature: v1,$sign\" -d \"$body\" %s",
            by_hand_quote(id, arena), by_hand_quote(document, arena), read_key(config, arena),
            ca ? "--cacert ca.crt " : "", by_hand_quote(url, arena));
        free(document);
        return hand;
}

const struct target_driver webhook_driver = {.name = "webhook",
                                             .kind = TARGET_PIPELINE,
                                             .limits = {.visit_ms = 15000,
                                                        .read_every_ms = 30000,
                                                        .preflight_every_ms = 600000,
                                                        .session_ms = 3600000,
                                                        .at_once = 3,
                                                        .batch_max = 1},
                                             .where = "url",
                                             .wants_facts = true,
                                             .name_of = webhook_name_of,
                                             .check_credentials = webhook_check,
                                             .open = webhook_open,
                                             .start = webhook_start,
                                             .by_hand = webhook_by_hand,
                                             .close = webhook_close};
