/*
 * webhook_visit.c -- one visit to a webhook. A look reads the Lease, a swap claims it; where the decision in force is
 * not answered there, both post it, and write down the answer that it is done.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "kube/lease.h"
#include "runtime/clock.h"
#include "targets/fence.h"
#include "targets/kube/webhook.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

#define ANSWERED "planekeeper.io/answered"

enum {
        POST_MS = 10000,    /* that the receiver has for an answer */
        WRITE_DOWN_MS = 2000, /* that is kept back of a visit, to write the answer down */
        FIRST_PAUSE_MS = 1000,
        MOST_PAUSE_MS = 60000,
        PENDING_PAUSE_MS = 5000,
        RETRY_AFTER_MAX_S = 3600,
        TEXT_BYTES = 640,
};

static struct webhook_session *session_of(struct target_session *session)
{
        return (struct webhook_session *)session; /* its first member */
}

static mono_ms time_left(const struct webhook_session *self)
{
        return hub_time_left(&self->hub, self->now.visit->deadline);
}

static void forget(struct webhook_session *self)
{
        http_cancel(self->post);
        visit_forget(&self->now);
        json_decref(self->lease);
        self->post = NULL;
        self->lease = NULL;
}

void webhook_cancel(struct webhook_session *session)
{
        if (session->now.visit)
                forget(session);
}

/* The session may be gone afterwards. */
static void end(struct webhook_session *self, enum err err)
{
        const struct visit_under_way ended = self->now;
        forget(self);
        visit_end(&ended, err);
}

static void fail(struct webhook_session *self, const struct kube_reply *reply)
{
        static const struct visit_remedies remedies = {
            .not_found = ": create its namespace, the operator does not",
            .denied = ": grant get, create and patch of leases in a Role, to the operator or to the user of the "
                      "kubeconfig"};
        end(self, visit_refused(&self->now, self->what, reply, &remedies));
}

/* ---- what the Lease says ---- */

static void print_token(const struct stamp *stamp, char ret[static WEBHOOK_TOKEN_BYTES])
{
        (void)snprintf(ret, WEBHOOK_TOKEN_BYTES, "%" PRIu64 "-%016" PRIx64, stamp->epoch, stamp->id);
}

static bool is_answered(const json_t *lease, const char *token)
{
        return text_equal(object_annotation(lease, ANSWERED), token);
}

static void conclude(struct webhook_session *self)
{
        struct target_visit *visit = self->now.visit;
        const char *holder =
            json_string_value(json_object_get(json_object_get(self->lease, "spec"), "holderIdentity"));
        struct target_state found = {.present = holder && holder[0], .value = mem_strdup(holder ? holder : "")};
        char token[WEBHOOK_TOKEN_BYTES];
        if (self->lease) {
                found.version = mem_strdup(object_meta(self->lease, "resourceVersion"));
                visit_read_stamp(self->lease, &found.stamp);
        }
        print_token(&found.stamp, token);
        found.settling = found.stamp.presence == STAMP_OURS && !is_answered(self->lease, token);
        if (found.settling && self->pace.obstacle && text_equal(self->pace.token, token))
                found.obstacle = mem_strdup(self->pace.obstacle);
        visit->found = found;
        end(self, found.settling && visit->verb == TARGET_SWAP ? ERR_PENDING : ERR_OK);
}

static void take_lease(struct webhook_session *self, const json_t *lease)
{
        json_decref(self->lease);
        self->lease = json_incref((json_t *)(uintptr_t)lease); /* counted; nobody changes it */
}

/* ---- the answer is written down ---- */

/* Where that fails the next look asks once more, which the receiver knows by the id. */
static void on_written_down(void *ctx, const struct kube_reply *reply)
{
        struct webhook_session *self = ctx;
        self->now.call = NULL;
        if (reply->err == ERR_OK)
                take_lease(self, reply->body);
        conclude(self);
}

static void write_down(struct webhook_session *self)
{
        json_t *patch = json_pack("{s:{s:s, s:{s:s}}}", "metadata", "resourceVersion",
                                  object_meta(self->lease, "resourceVersion"), "annotations", ANSWERED,
                                  self->pace.token);
        INVARIANT(patch);
        self->now.call = kube_patch(self->hub.kube, self->path, patch, time_left(self), on_written_down, self);
        json_decref(patch);
}

/* ---- the receiver is asked ---- */

static mono_ms pause_of(struct webhook_pace *pace, const struct http_response *response, bool is_pending)
{
        if (response->err == ERR_OK && response->retry_after_s > 0)
                return 1000 * (mono_ms)(response->retry_after_s < RETRY_AFTER_MAX_S ? response->retry_after_s
                                                                                     : RETRY_AFTER_MAX_S);
        return is_pending ? PENDING_PAUSE_MS : backoff_next(&pace->backoff, FIRST_PAUSE_MS, MOST_PAUSE_MS);
}

static void note_failure(struct webhook_session *self, const struct errmsg *why, mono_ms pause)
{
        struct strbuf text = STRBUF_INIT(TEXT_BYTES);
        (void)strbuf_printf(&text, "POST %.200s: %.240s; it is asked again in %lld s", self->url, why->text,
                            (long long)(pause + 999) / 1000);
        self->pace.obstacle = strbuf_take(&text);
}

static void on_posted(void *ctx, const struct http_response *response)
{
        struct webhook_session *self = ctx;
        struct errmsg why = {0};
        self->post = NULL;
        const enum webhook_verdict verdict = webhook_judge(response, &why);
        if (verdict == WEBHOOK_DONE) {
                write_down(self);
                return;
        }
        const mono_ms pause = pause_of(&self->pace, response, verdict == WEBHOOK_PENDING);
        self->pace.again_at = loop_now(self->hub.environment.loop) + pause;
        if (verdict == WEBHOOK_FAILED)
                note_failure(self, &why, pause);
        conclude(self);
}

static void send_document(struct webhook_session *self, const struct stamp *stamp, mono_ms timeout)
{
        const struct target_want want = {.plane = stamp->plane, .epoch = stamp->epoch, .id = stamp->id};
        struct fact facts[FACTS];
        char id[WEBHOOK_ID_BYTES];
        struct webhook_headers headers;
        facts_of(&self->settings, &want, facts);
        webhook_id(facts, id);
        char *document = webhook_document(facts);
        webhook_sign(&self->key, id, clock_wall(), document, &headers);
        free(self->pace.obstacle);
        self->pace.obstacle = NULL;
        const struct http_request request = {.method = "POST",
                                             .url = self->url,
                                             .headers = headers.list,
                                             .body = document,
                                             .body_bytes = strlen(document),
                                             .tls = &self->tls,
                                             .timeout_ms = timeout,
                                             .max_body_bytes = WEBHOOK_ANSWER_BYTES,
                                             .fresh_connection = true,
                                             .done = on_posted,
                                             .ctx = self};
        self->post = http_start(self->hub.environment.http, &request);
        free(document);
}

/* A pause after an older decision is no pause of this one. */
static void begin_pace(struct webhook_pace *pace, const char *token)
{
        if (text_equal(pace->token, token))
                return;
        free(pace->obstacle);
        *pace = (struct webhook_pace){0};
        (void)TEXT_COPY(pace->token, token);
}

/* Posts where the decision in force is claimed, not answered, and due; else the visit ends. */
static void advance(struct webhook_session *self)
{
        const char *decided = target_setting_find(&self->settings, FACT_DECISION);
        struct stamp stamp = {0};
        char token[WEBHOOK_TOKEN_BYTES];
        visit_read_stamp(self->lease, &stamp);
        print_token(&stamp, token);
        const bool is_of_now = stamp.presence == STAMP_OURS && text_equal(token, decided);
        const mono_ms room = self->now.visit->deadline - loop_now(self->hub.environment.loop) - WRITE_DOWN_MS;
        if (is_of_now)
                begin_pace(&self->pace, token);
        if (is_of_now && room > 0 && !is_answered(self->lease, token) &&
            loop_now(self->hub.environment.loop) >= self->pace.again_at)
                send_document(self, &stamp, room < POST_MS ? room : POST_MS);
        else
                conclude(self);
        target_stamp_clear(&stamp);
}

/* ---- look ---- */

static void on_looked(void *ctx, const struct kube_reply *reply)
{
        struct webhook_session *self = ctx;
        self->now.call = NULL;
        if (reply->err == ERR_NOT_FOUND) {
                conclude(self);
        } else if (reply->err != ERR_OK) {
                fail(self, reply);
        } else {
                take_lease(self, reply->body);
                advance(self);
        }
}

/* ---- claim ---- */

static void on_claimed(void *ctx, const struct kube_reply *reply)
{
        struct webhook_session *self = ctx;
        self->now.call = NULL;
        if (reply->err != ERR_OK) {
                fail(self, reply);
                return;
        }
        take_lease(self, reply->body);
        advance(self);
}

/* The Lease as it was read, or none: the server refuses all else. */
static void claim(struct webhook_session *self)
{
        const struct target_visit *visit = self->now.visit;
        char stamp[TARGET_STAMP_BYTES];
        target_stamp_text(visit->expected, visit->want, stamp);
        json_t *metadata = json_pack("{s:{s:s}}", "annotations", OBJECT_STAMP, stamp);
        json_t *lease = json_pack("{s:o, s:{s:s}}", "metadata", metadata, "spec", "holderIdentity", visit->want->value);
        INVARIANT(lease);
        if (visit->expected->version) {
                json_object_set_new(metadata, "resourceVersion", json_string(visit->expected->version));
                self->now.call = kube_patch(self->hub.kube, self->path, lease, time_left(self), on_claimed, self);
        } else {
                json_object_set_new(metadata, "name", json_string(self->lease_name));
                json_object_set_new(lease, "apiVersion", json_string("coordination.k8s.io/v1"));
                json_object_set_new(lease, "kind", json_string("Lease"));
                self->now.call =
                    kube_create(self->hub.kube, self->leases_path, lease, time_left(self), on_claimed, self);
        }
        json_decref(lease);
}

/* ---- rights, and whether the receiver could be reached ---- */

/* A certificate can be judged before a switch. A receiver that is silent now may answer then. */
static void on_connected(void *ctx, const struct http_response *response)
{
        struct webhook_session *self = ctx;
        struct errmsg *why = &self->now.visit->why;
        self->post = NULL;
        const bool is_trust = response->failure == HTTP_FAIL_TLS || response->failure == HTTP_FAIL_TLS_LOCAL;
        if (response->err == ERR_OK)
                end(self, ERR_OK);
        else
                end(self, err_set(why, is_trust ? ERR_INVALID : ERR_TRANSIENT, "%.200s: %.200s%s", self->url,
                                  response->why.text,
                                  is_trust ? ": check webhook.url and webhook.tls.caSecretRef" : ""));
}

static void on_rights(void *ctx, enum err err, const struct errmsg *why)
{
        struct webhook_session *self = ctx;
        if (err != ERR_OK) {
                self->now.visit->why = *why;
                end(self, err);
                return;
        }
        const struct http_request request = {.method = "POST",
                                             .url = self->url,
                                             .tls = &self->tls,
                                             .timeout_ms = time_left(self),
                                             .fresh_connection = true,
                                             .connect_only = true,
                                             .done = on_connected,
                                             .ctx = self};
        self->post = http_start(self->hub.environment.http, &request);
}

static void ask_rights(struct webhook_session *self)
{
        static const struct right list[WEBHOOK_RIGHTS] = {{"get", "coordination.k8s.io", "leases", NULL},
                                                          {"create", "coordination.k8s.io", "leases", NULL},
                                                          {"patch", "coordination.k8s.io", "leases", NULL}};
        self->now.rights = (struct rights){.hub = &self->hub,
                                       .namespace_name = self->namespace_name,
                                       .what = self->what,
                                       .list = list,
                                       .count = WEBHOOK_RIGHTS,
                                       .deadline = self->now.visit->deadline,
                                       .done = on_rights,
                                       .ctx = self};
        rights_ask(&self->now.rights);
}

void webhook_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx)
{
        struct webhook_session *self = session_of(session);
        visit_begin(&self->now, visit, done, ctx);
        if (visit->verb == TARGET_ASK)
                ask_rights(self);
        else if (visit->verb == TARGET_SWAP)
                claim(self);
        else
                self->now.call = kube_get(self->hub.kube, self->path, time_left(self), on_looked, self);
}
