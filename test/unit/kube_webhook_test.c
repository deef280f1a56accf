/* kube_webhook_test.c -- a webhook that follows a switch: its Lease on a scripted API server, and a scripted receiver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_object.h"
#include "fake_hub.h"
#include "leap_clock.h"
#include "runtime/clock.h"
#include "targets/fence.h"
#include "targets/kube/drivers.h"
#include "targets/kube/environment.h"
#include "targets/kube/webhook_message.h"
#include "targets/target.h"
#include "util/mem.h"
#include "util/text.h"

#define LEASES "/apis/coordination.k8s.io/v1/namespaces/ns/leases"
#define NAME "planekeeper.webhook.ns.gloo.ci"
#define STORE "k8s/uid-1/ns/gloo"
#define KEY "a key of at least 24 bytes"

enum { ENDS_WITHIN_MS = 20000, VISIT_MS = 15000 };

struct rig {
        struct fake_hub hub;
        struct fake_api *receiver;
        struct kube_environment environment;
        struct target_session *session;
        json_t *lease; /* NULL: there is none */
        uint64_t version;
        unsigned creates, patches, posts;
        int lease_status;              /* of writes; 0: as it is */
        int status;                    /* of the receiver */
        const char *headers, *body;    /* of its answer */
        bool is_mute;
        char last_head[2048], last_body[2048], first_head[2048];
        const char *denied;
        bool is_done;
        struct target_visit visit;
};

static void write_lease(struct rig *rig, struct fake_peer *peer, const struct fake_request *request)
{
        json_t *body = json_loads(request->body, 0, NULL);
        const bool is_create = text_equal(request->method, "POST");
        rig->creates += is_create;
        rig->patches += !is_create;
        if (rig->lease_status || (is_create ? rig->lease != NULL : !rig->lease || !api_object_admits(rig->lease, body))) {
                fake_hub_refuse(peer, rig->lease_status ? rig->lease_status : 409);
        } else {
                if (is_create)
                        rig->lease = json_deep_copy(body);
                else
                        api_object_merge(rig->lease, body);
                api_object_set_version(rig->lease, ++rig->version);
                fake_hub_answer(peer, 200, rig->lease);
        }
        json_decref(body);
}

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        if (strstr(request->target, "selfsubjectaccessreviews")) {
                json_t *body = json_loads(request->body, 0, NULL);
                fake_hub_review(peer, body, rig->denied);
                json_decref(body);
        } else if (!text_equal(request->method, "GET")) {
                write_lease(rig, peer, request);
        } else if (rig->lease && text_equal(request->target, LEASES "/" NAME)) {
                fake_hub_answer(peer, 200, rig->lease);
        } else {
                fake_hub_refuse(peer, 404);
        }
}

static void on_post(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        rig->posts++;
        (void)TEXT_COPY(rig->last_head, request->head);
        if (rig->posts == 1)
                (void)TEXT_COPY(rig->first_head, request->head);
        (void)TEXT_COPY(rig->last_body, request->body);
        if (!rig->is_mute)
                fake_answer(peer, rig->status, rig->headers, rig->body);
}

static void open_session(struct rig *rig, const char *decision)
{
        char url[64];
        struct errmsg why = {0};
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/switch", fake_api_port(rig->receiver));
        const struct target_setting settings[] = {{"url", url},         {FACT_POLICY, "ns/gloo"}, {FACT_PIPELINE, "ci"},
                                                  {FACT_FROM, "west"},  {FACT_TO, "east"},        {FACT_CLUSTER "east", "east-1"},
                                                  {FACT_DECISION, decision}};
        struct target_credential key = {"key", {0}};
        secret_set(&key.value, KEY, strlen(KEY));
        const struct target_config config = {.settings = settings,
                                             .setting_count = sizeof(settings) / sizeof(settings[0]),
                                             .credentials = &key,
                                             .credential_count = 1,
                                             .kube = &rig->environment};
        target_close(rig->session);
        assert_int_equal(webhook_driver.open(&config, &rig->session, &why), ERR_OK);
        secret_clear(&key.value);
}

static void open_rig(struct rig *rig)
{
        *rig = (struct rig){.status = 204, .headers = "", .body = ""};
        fake_hub_open(&rig->hub, false, on_request, rig);
        rig->receiver = fake_api_open(rig->hub.loop, on_post, rig);
        rig->environment = (struct kube_environment){.loop = rig->hub.loop, .http = rig->hub.http, .own = rig->hub.kube};
        open_session(rig, "3-000000000000007a");
}

static void close_rig(struct rig *rig)
{
        target_close(rig->session);
        target_state_clear(&rig->visit.found);
        json_decref(rig->lease);
        fake_api_close(rig->receiver);
        fake_hub_close(&rig->hub);
}

static void on_done(void *ctx, struct target_visit *visit)
{
        struct rig *rig = ctx;
        assert_ptr_equal(visit, &rig->visit);
        rig->is_done = true;
}

static enum err run(struct rig *rig, enum target_verb verb, const struct target_want *want, mono_ms visit_ms)
{
        struct target_state before = rig->visit.found;
        rig->is_done = false;
        rig->visit = (struct target_visit){
            .verb = verb, .expected = &before, .want = want, .deadline = clock_mono() + visit_ms};
        if (target_start(rig->session, &rig->visit, on_done, rig)) {
                assert_false(rig->is_done); /* never from within */
                assert_true(fake_run(rig->hub.loop, &rig->is_done, ENDS_WITHIN_MS));
        }
        if (verb != TARGET_ASK && (rig->visit.err == ERR_OK || rig->visit.err == ERR_PENDING))
                target_state_clear(&before);
        else
                rig->visit.found = before;
        return rig->visit.err;
}

static enum err look(struct rig *rig)
{
        return run(rig, TARGET_READ, NULL, VISIT_MS);
}

static enum err swap(struct rig *rig, const char *plane, epoch_t epoch)
{
        const struct target_want want = {
            .value = plane, .epoch = epoch, .id = 0x77 + epoch, .plane = plane, .store = STORE};
        return run(rig, TARGET_SWAP, &want, VISIT_MS);
}

/* The clock of the loop, so that a pause is over. */
static void pass(struct rig *rig, mono_ms ms)
{
        leap_ms += ms;
        fake_turn(rig->hub.loop);
}

static void test_nothing_is_there(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.present);
        assert_int_equal(rig.posts, 0);
        close_rig(&rig);
}

static void test_a_swap_claims_posts_and_writes_down_the_answer(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "east", 3), ERR_OK);
        assert_false(rig.visit.found.settling);
        assert_string_equal(rig.visit.found.value, "east");
        assert_int_equal(rig.visit.found.stamp.epoch, 3);
        assert_string_equal(rig.last_body, "{\"type\":\"planekeeper.switch\",\"policy\":\"ns/gloo\",\"pipeline\":\"ci\",\"epoch\":3,\"id\":"
                                           "\"000000000000007a\",\"from\":\"west\",\"to\":\"east\",\"clusterName\":\"east-1\",\"address\":\"\",\"dnsName\":\"\"}");
        assert_non_null(strstr(rig.last_head, "webhook-id: ns/gloo/ci/3-000000000000007a\r\n"));
        assert_non_null(strstr(rig.last_head, "Idempotency-Key: \"ns/gloo/ci/3-000000000000007a\"\r\n"));
        assert_non_null(strstr(rig.last_head, "webhook-signature: v1,"));
        assert_string_equal(api_object_meta(rig.lease, "name"), NAME);
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        assert_int_equal(rig.posts, 1);
        close_rig(&rig);
}

/* Made by: printf 'i.1700000000.{}' | openssl dgst -sha256 -hmac 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' -binary | base64 */
static void test_the_signature_is_that_of_openssl(void **state)
{
        struct secret key = {0};
        struct webhook_headers headers;
        (void)state;
        secret_set(&key, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 32);
        webhook_sign(&key, "i", 1700000000999, "{}", &headers);
        assert_string_equal(headers.list[4], "webhook-timestamp: 1700000000");
        assert_string_equal(headers.list[5], "webhook-signature: v1,9uxM2GJ9uzyNFGUTrycKl4LtaHEcGGhFg36X3E7wOWY=");
        assert_null(headers.list[6]);
        secret_clear(&key);
}

static void test_what_is_accepted_is_asked_again_until_it_is_done(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.status = 202;
        rig.headers = "Retry-After: 30\r\n";
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        assert_true(rig.visit.found.settling);
        assert_null(rig.visit.found.obstacle);
        pass(&rig, 29000);
        assert_int_equal(look(&rig), ERR_OK);
        assert_int_equal(rig.posts, 1); /* not before its time */
        pass(&rig, 2000);
        rig.status = 200;
        rig.body = "{\"done\": false}";
        assert_int_equal(look(&rig), ERR_OK);
        assert_int_equal(rig.posts, 2);
        assert_true(rig.visit.found.settling);
        pass(&rig, 31000);
        rig.body = "{\"done\": true}";
        assert_int_equal(look(&rig), ERR_OK);
        assert_int_equal(rig.posts, 3);
        assert_false(rig.visit.found.settling);
        close_rig(&rig);
}

static void test_failures_are_told_and_tried_again_with_growing_pauses(void **state)
{
        struct rig rig;
        mono_ms waited = 0;
        (void)state;
        open_rig(&rig);
        rig.status = 500;
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        assert_non_null(strstr(rig.visit.found.obstacle, "it answered HTTP 500; it is asked again in "));
        for (; rig.posts < 8; waited += 500) {
                pass(&rig, 500);
                assert_int_equal(look(&rig), ERR_OK);
        }
        assert_in_range(waited, 30000, 130000); /* 1 s doubled to 60 s, half of each by chance */
        rig.status = 204;
        pass(&rig, 61000);
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        close_rig(&rig);
}

static void test_what_mends_a_refusal_is_told(void **state)
{
        static const struct {
                int status;
                const char *headers, *says;
        } rows[] = {{302, "Location: http://127.0.0.1:1/\r\n", "HTTP 302, and redirects are not followed: set webhook.url"},
                    {401, "", "check the key in webhook.secretRef"},
                    {404, "", "check webhook.url"},
                    {409, "", "it knows a later epoch"},
                    {422, "", "it does not take the document"},
                    {429, "Retry-After: 120\r\n", "HTTP 429; it is asked again in 120 s"},
                    {503, "", "HTTP 503; it is asked again in 1 s"}};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rig rig;
                open_rig(&rig);
                rig.status = rows[i].status;
                rig.headers = rows[i].headers;
                assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
                if (!strstr(rig.visit.found.obstacle, rows[i].says))
                        fail_msg("%s: not %s", rig.visit.found.obstacle, rows[i].says);
                assert_int_equal(rig.posts, 1);
                close_rig(&rig);
        }
}

static void test_an_answer_is_bounded(void **state)
{
        static char large[WEBHOOK_ANSWER_BYTES + 2];
        struct rig rig;
        (void)state;
        open_rig(&rig);
        memset(large, ' ', sizeof(large) - 1);
        rig.status = 200;
        rig.body = large;
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        assert_non_null(strstr(rig.visit.found.obstacle, "the answer has more than 16384 bytes"));
        close_rig(&rig);
}

/* Its answer may come after the time limit: the same id is sent again. */
static void test_a_receiver_that_hangs_is_asked_again_under_the_same_id(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.is_mute = true;
        const struct target_want want = {.value = "east", .epoch = 3, .id = 0x7a, .plane = "east", .store = STORE};
        assert_int_equal(run(&rig, TARGET_SWAP, &want, 2500), ERR_PENDING);
        assert_non_null(strstr(rig.visit.found.obstacle, "no complete answer within"));
        rig.is_mute = false;
        pass(&rig, 2000);
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        assert_int_equal(rig.posts, 2);
        assert_non_null(strstr(rig.first_head, "webhook-id: ns/gloo/ci/3-000000000000007a\r\n"));
        assert_non_null(strstr(rig.last_head, "webhook-id: ns/gloo/ci/3-000000000000007a\r\n"));
        close_rig(&rig);
}

/* Another operator was quicker, or this one's epoch is older: nothing is posted. */
static void test_what_was_claimed_meanwhile_is_a_conflict(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(swap(&rig, "east", 3), ERR_OK);
        target_state_clear(&rig.visit.found);
        rig.visit.found = (struct target_state){.present = true, .value = strdup("west"), .version = strdup("1")};
        open_session(&rig, "4-000000000000007b");
        api_object_set_version(rig.lease, ++rig.version);
        assert_int_equal(swap(&rig, "west", 4), ERR_CONFLICT);
        target_state_clear(&rig.visit.found);
        assert_int_equal(swap(&rig, "west", 4), ERR_CONFLICT); /* it saw none */
        assert_int_equal(rig.posts, 1);
        close_rig(&rig);
}

/* An operator that ended after its claim leaves the rest to the next look; one of a past decision is left alone. */
static void test_a_look_posts_the_decision_in_force_alone(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.status = 500;
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        open_session(&rig, "4-000000000000007b");
        rig.status = 204;
        assert_int_equal(look(&rig), ERR_OK);
        assert_int_equal(rig.posts, 1);
        assert_true(rig.visit.found.settling);
        open_session(&rig, "3-000000000000007a");
        assert_int_equal(look(&rig), ERR_OK);
        assert_int_equal(rig.posts, 2);
        assert_false(rig.visit.found.settling);
        close_rig(&rig);
}

/* What was done and could not be written down is told once more, and the receiver knows it. */
static void test_an_answer_that_is_not_written_down_is_asked_for_again(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.status = 202;
        assert_int_equal(swap(&rig, "east", 3), ERR_PENDING);
        pass(&rig, 6000);
        rig.status = 204;
        rig.lease_status = 503;
        assert_int_equal(look(&rig), ERR_OK);
        assert_true(rig.visit.found.settling);
        rig.lease_status = 0;
        assert_int_equal(look(&rig), ERR_OK);
        assert_false(rig.visit.found.settling);
        assert_int_equal(rig.posts, 3);
        close_rig(&rig);
}

static void test_refusals_of_the_lease_have_their_classes(void **state)
{
        static const struct {
                int status;
                enum err err;
                const char *says;
        } rows[] = {{404, ERR_INVALID, "create its namespace"}, {403, ERR_DENIED, "grant get, create and patch of leases"}, {503, ERR_TRANSIENT, NAME}};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rig rig;
                open_rig(&rig);
                rig.lease_status = rows[i].status;
                assert_int_equal(swap(&rig, "east", 3), rows[i].err);
                assert_non_null(strstr(rig.visit.why.text, rows[i].says));
                assert_int_equal(rig.posts, 0);
                close_rig(&rig);
        }
}

static void test_rights_and_the_way_there_are_tried_without_a_post(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        assert_int_equal(run(&rig, TARGET_ASK, NULL, VISIT_MS), ERR_OK);
        rig.denied = "create";
        assert_int_equal(run(&rig, TARGET_ASK, NULL, VISIT_MS), ERR_DENIED);
        assert_non_null(strstr(rig.visit.why.text, "resources: [leases], verbs: [get, create, patch]} in a Role of namespace ns"));
        assert_int_equal(rig.posts, 0);
        assert_null(rig.lease);
        close_rig(&rig);
}

static void test_a_short_key_and_plain_http_are_refused(void **state)
{
        struct target_credential key = {"key", {0}};
        const struct target_setting settings[] = {{"url", "http://ci.example.com/switch"}, {FACT_POLICY, "ns/gloo"}};
        struct kube_environment environment = {0};
        struct target_config config = {
            .settings = settings, .setting_count = 2, .credentials = &key, .credential_count = 1, .kube = &environment};
        struct target_session *session;
        struct errmsg why;
        (void)state;
        secret_set(&key.value, "short", 5);
        assert_int_equal(webhook_driver.check_credentials(&config, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "the key has 5 bytes, and 24 are the least"));
        secret_set(&key.value, KEY, strlen(KEY));
        assert_int_equal(webhook_driver.check_credentials(&config, &why), ERR_OK);
        assert_int_equal(webhook_driver.open(&config, &session, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "webhook.url: \"http://ci.example.com/switch\" is not https"));
        config.credential_count = 0;
        assert_int_equal(webhook_driver.open(&config, &session, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "webhook.secretRef is missing"));
        secret_clear(&key.value);
}

static void test_closing_ends_a_visit_silently(void **state)
{
        struct rig rig;
        (void)state;
        open_rig(&rig);
        rig.is_mute = true;
        const struct target_want want = {.value = "east", .epoch = 3, .id = 0x7a, .plane = "east", .store = STORE};
        struct target_state nothing = {0};
        struct target_visit visit = {.verb = TARGET_SWAP, .want = &want, .expected = &nothing, .deadline = clock_mono() + VISIT_MS};
        assert_true(target_start(rig.session, &visit, (target_done *)abort, NULL));
        while (rig.posts == 0) {
                bool never = false;
                (void)fake_run(rig.hub.loop, &never, 10);
        }
        close_rig(&rig);
}

static void test_a_person_sends_it_with_curl(void **state)
{
        static const struct target_view hook = {.ref = {TARGET_PIPELINE, "webhook", "https://ci.example.com/switch", "x", 0}};
        static const struct target_setting settings[] = {{"url", "https://ci.example.com/switch"},
                                                         {FACT_POLICY, "ns/gloo"},
                                                         {FACT_PIPELINE, "ci"},
                                                         {FACT_FROM, "west"},
                                                         {FACT_TO, "east"},
                                                         {FACT_DECISION, "3-000000000000007a"},
                                                         {"secret of key", "ns hook signing"},
                                                         {"secret of ca.crt", "ns hook ca.crt"}};
        const struct target_config config = {.settings = settings, .setting_count = 8};
        const struct by_hand_write write = {.target = &hook, .value = "west", .plane = "west"};
        struct arena arena = {0};
        (void)state;
        const struct by_hand hand = webhook_driver.by_hand(&config, &write, &arena);
        assert_string_equal(hand.needs, "ca.crt is the CA of https://ci.example.com/switch");
        assert_non_null(strstr(hand.move, "id='ns/gloo/ci/4-0000000000000000'; body='{\"type\":\"planekeeper.switch\""));
        assert_non_null(strstr(hand.move, "\"epoch\":4,\"id\":\"0000000000000000\",\"from\":\"east\",\"to\":\"west\""));
        assert_non_null(strstr(hand.move, "kubectl -n ns get secret hook -o 'go-template={{index .data \"signing\"}}' | base64 -d"));
        assert_non_null(strstr(hand.move, "curl -fsS --cacert ca.crt "));
        arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_nothing_is_there),
            cmocka_unit_test(test_a_swap_claims_posts_and_writes_down_the_answer),
            cmocka_unit_test(test_the_signature_is_that_of_openssl),
            cmocka_unit_test(test_what_is_accepted_is_asked_again_until_it_is_done),
            cmocka_unit_test(test_failures_are_told_and_tried_again_with_growing_pauses),
            cmocka_unit_test(test_what_mends_a_refusal_is_told),
            cmocka_unit_test(test_an_answer_is_bounded),
            cmocka_unit_test(test_a_receiver_that_hangs_is_asked_again_under_the_same_id),
            cmocka_unit_test(test_what_was_claimed_meanwhile_is_a_conflict),
            cmocka_unit_test(test_a_look_posts_the_decision_in_force_alone),
            cmocka_unit_test(test_an_answer_that_is_not_written_down_is_asked_for_again),
            cmocka_unit_test(test_refusals_of_the_lease_have_their_classes),
            cmocka_unit_test(test_rights_and_the_way_there_are_tried_without_a_post),
            cmocka_unit_test(test_a_short_key_and_plain_http_are_refused),
            cmocka_unit_test(test_closing_ends_a_visit_silently),
            cmocka_unit_test(test_a_person_sends_it_with_curl),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
