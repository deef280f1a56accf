/* webhook_message.c -- the document and headers that a webhook is sent, and the meaning of its answer. */
#include "targets/kube/webhook_message.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { SIGNED_BYTES = 8192, BASE64_BYTES = 4 * (SHA256_DIGEST_LENGTH / 3 + 1) + 1 };

static const char *value_of(const struct fact *facts, const char *member)
{
        for (unsigned i = 0; i < FACTS; i++)
                if (text_equal(facts[i].member, member))
                        return facts[i].value;
        return "";
}

char *webhook_document(const struct fact facts[static FACTS])
{
        json_t *document = json_pack("{s:s}", "type", "planekeeper.switch");
        for (unsigned i = 0; i < FACTS; i++) {
                const bool is_number = text_equal(facts[i].member, "epoch");
                json_t *value = is_number ? json_integer((json_int_t)strtoull(facts[i].value, NULL, 10))
                                          : json_string(facts[i].value);
                INVARIANT(json_object_set_new(document, facts[i].member, value) == 0);
        }
        char *text = json_dumps(document, JSON_COMPACT);
        INVARIANT(text);
        json_decref(document);
        return text;
}

void webhook_id(const struct fact facts[static FACTS], char ret[static WEBHOOK_ID_BYTES])
{
        (void)snprintf(ret, WEBHOOK_ID_BYTES, "%.130s/%.63s/%.20s-%.16s", value_of(facts, "policy"),
                       value_of(facts, "pipeline"), value_of(facts, "epoch"), value_of(facts, "id"));
}

/* ---- the signature ---- */

static void sign(const struct secret *key, const char *text, size_t bytes, char ret[static BASE64_BYTES])
{
        unsigned char digest[SHA256_DIGEST_LENGTH];
        unsigned int count = 0;
        INVARIANT(HMAC(EVP_sha256(), key->bytes, (int)key->count, (const unsigned char *)text, bytes, digest, &count));
        INVARIANT(count == sizeof(digest));
        (void)EVP_EncodeBlock((unsigned char *)ret, digest, sizeof(digest));
}

void webhook_sign(const struct secret *key, const char *id, unix_ms now, const char *body, struct webhook_headers *ret)
{
        char base64[BASE64_BYTES];
        struct strbuf text = STRBUF_INIT(SIGNED_BYTES);
        const int64_t seconds = now / 1000;
        INVARIANT(strbuf_printf(&text, "%s.%" PRId64 ".%s", id, seconds, body));
        sign(key, strbuf_text(&text), text.bytes, base64);
        strbuf_deinit(&text);
        *ret = (struct webhook_headers){0};
        unsigned count = 0;
        (void)snprintf(ret->lines[count++], WEBHOOK_HEADER_BYTES, "Content-Type: application/json");
        (void)snprintf(ret->lines[count++], WEBHOOK_HEADER_BYTES, "Accept: application/json");
        (void)snprintf(ret->lines[count++], WEBHOOK_HEADER_BYTES, "Idempotency-Key: \"%s\"", id);
        (void)snprintf(ret->lines[count++], WEBHOOK_HEADER_BYTES, "webhook-id: %s", id);
        (void)snprintf(ret->lines[count++], WEBHOOK_HEADER_BYTES, "webhook-timestamp: %" PRId64, seconds);
        (void)snprintf(ret->lines[count++], WEBHOOK_HEADER_BYTES, "webhook-signature: v1,%s", base64);
        for (unsigned i = 0; i < count; i++)
                ret->list[i] = ret->lines[i];
}

/* ---- the answer ---- */

/* A status that has a remedy of its own. */
static const struct {
        long low, high;
        const char *says;
} remedies[] = {
    {300, 399, ", and redirects are not followed: set webhook.url to where it leads"},
    {401, 401, ": check the key in webhook.secretRef"},
    {403, 403, ": check the key in webhook.secretRef"},
    {404, 405, ": check webhook.url"},
    {409, 409, ": it knows a later epoch, or is at work on this one"},
    {410, 410, ": check webhook.url"},
    {413, 422, ": it does not take the document"},
};

static void explain_status(long status, struct errmsg *ret)
{
        const char *says = "";
        for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
                if (status >= remedies[i].low && status <= remedies[i].high)
                        says = remedies[i].says;
        (void)err_set(ret, ERR_OK, "it answered HTTP %ld%s", status, says);
}

static void explain_transport(const struct http_response *response, struct errmsg *ret)
{
        const bool is_trust = response->failure == HTTP_FAIL_TLS || response->failure == HTTP_FAIL_TLS_LOCAL;
        (void)err_set(ret, ERR_OK, "%.160s%s", response->why.text,
                      is_trust ? ": check webhook.url and webhook.tls.caSecretRef" : "");
}

/* {"done": false} is a receiver's word that there is more to come; all else that it says is its own. */
static bool says_not_done(const struct http_response *response)
{
        json_t *body = response->body_bytes ? json_loadb(response->body, response->body_bytes, 0, NULL) : NULL;
        const bool is_not_done = json_is_false(json_object_get(body, "done"));
        json_decref(body);
        return is_not_done;
}

enum webhook_verdict webhook_judge(const struct http_response *response, struct errmsg *ret_why)
{
        if (response->err != ERR_OK) {
                explain_transport(response, ret_why);
                return WEBHOOK_FAILED;
        }
        if (response->status == 202)
                return WEBHOOK_PENDING;
        if (response->status >= 200 && response->status < 300)
                return says_not_done(response) ? WEBHOOK_PENDING : WEBHOOK_DONE;
        explain_status(response->status, ret_why);
        return WEBHOOK_FAILED;
}
