/* secret_cache_test.c -- Secrets on demand: rotation, absence, a silent API server, and nothing kept that nobody names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_hub.h"
#include "leap_clock.h"
#include "reconcile/secret_cache.h"
#include "util/mem.h"

struct rig {
        struct fake_hub hub;
        struct secret_cache *cache;
        int status;
        const char *version, *password; /* base64 */
        unsigned requests, changes;
        bool is_used;
        char changed_key[64];
};

static void on_request(void *ctx, struct fake_peer *peer, const struct fake_request *request)
{
        struct rig *rig = ctx;
        char body[256];
        rig->requests++;
        assert_string_equal(request->target, "/api/v1/namespaces/ns/secrets/auth");
        (void)snprintf(body, sizeof(body),
                       "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"auth\",\"resourceVersion\":\"%s\"},\"data\":{"
                       "\"password\":\"%s\"}}",
                       rig->version, rig->password);
        fake_answer(peer, rig->status, "", rig->status == 200 ? body : "{\"kind\":\"Status\",\"message\":\"no\"}");
}

static void on_changed(void *ctx, const char *key)
{
        struct rig *rig = ctx;
        rig->changes++;
        (void)snprintf(rig->changed_key, sizeof(rig->changed_key), "%s", key);
}

static bool is_used(void *ctx, const char *key)
{
        const struct rig *rig = ctx;
        return rig->is_used && secret_key_is(key, "ns", "auth");
}

static int open_rig(void **state)
{
        struct rig *rig = mem_new(rig);
        leap_ms = 0;
        rig->status = 200;
        rig->version = "1";
        rig->password = "b25l"; /* one */
        rig->is_used = true;
        fake_hub_open(&rig->hub, true, on_request, rig);
        rig->cache = secret_cache_open(rig->hub.loop, rig->hub.kube, on_changed, is_used, rig);
        *state = rig;
        return 0;
}

static int close_rig(void **state)
{
        struct rig *rig = *state;
        secret_cache_close(rig->cache);
        fake_hub_close(&rig->hub);
        free(rig);
        return 0;
}

static void pass(struct rig *rig, mono_ms duration_ms)
{
        enum { STEP_MS = 100, TURNS = 12 };
        for (mono_ms left = duration_ms; left > 0; left -= STEP_MS) {
                leap_ms += STEP_MS;
                for (unsigned i = 0; i < TURNS; i++)
                        fake_turn(rig->hub.loop);
        }
}

static enum err get(struct rig *rig, const char **ret_password, struct errmsg *reterr)
{
        const struct secret_object *object;
        enum err err = secret_cache_get(rig->cache, "ns", "auth", &object, reterr);
        *ret_password = err == ERR_OK ? secret_object_find(object, "password")->bytes : NULL;
        return err;
}

static void assert_password(struct rig *rig, const char *want)
{
        const char *password;
        struct errmsg why;
        assert_int_equal(get(rig, &password, &why), ERR_OK);
        assert_memory_equal(password, want, strlen(want));
}

static void fill(struct rig *rig)
{
        const char *password;
        struct errmsg why;
        assert_int_equal(get(rig, &password, &why), ERR_TRANSIENT);
        pass(rig, 200);
        assert_int_equal(rig->changes, 1);
        assert_string_equal(rig->changed_key, "ns/auth");
        assert_password(rig, "one");
}

/* Nobody asks the cache meanwhile: a probe took its copy when it was built, and must still hear of the new one. */
static void test_rotation_is_told(void **state)
{
        struct rig *rig = *state;
        fill(rig);
        pass(rig, 300000);
        assert_int_equal(rig->changes, 1);
        assert_in_range(rig->requests, 9, 12); /* every 30 s */
        rig->version = "2";
        rig->password = "dHdv"; /* two */
        pass(rig, 31000);
        assert_int_equal(rig->changes, 2);
        assert_password(rig, "two");
}

static void test_refresh_is_at_once_but_bounded(void **state)
{
        struct rig *rig = *state;
        fill(rig);
        rig->version = "2";
        rig->password = "dHdv";
        for (unsigned i = 0; i < 50; i++) { /* a target refuses us again and again */
                secret_cache_refresh(rig->cache, "ns", "auth");
                pass(rig, 100);
        }
        assert_password(rig, "two");
        assert_in_range(rig->requests, 4, 7);
        secret_cache_refresh(rig->cache, "ns", "never-asked-for");
}

static void test_unnamed_secret_is_dropped(void **state)
{
        struct rig *rig = *state;
        const char *password;
        struct errmsg why;
        fill(rig);
        rig->is_used = false;
        pass(rig, 31000);
        unsigned before = rig->requests;
        pass(rig, 120000);
        assert_int_equal(rig->requests, before);
        rig->is_used = true;
        assert_int_equal(get(rig, &password, &why), ERR_TRANSIENT); /* read anew */
}

static void test_silent_server_takes_nothing_away(void **state)
{
        struct rig *rig = *state;
        fill(rig);
        rig->status = 503;
        pass(rig, 90000);
        assert_password(rig, "one");
        assert_int_equal(rig->changes, 1);
}

static void test_absent_and_forbidden_say_what_to_do(void **state)
{
        struct rig *rig = *state;
        const char *password;
        struct errmsg why;
        rig->status = 404;
        assert_int_equal(get(rig, &password, &why), ERR_TRANSIENT);
        pass(rig, 200);
        assert_int_equal(get(rig, &password, &why), ERR_NOT_FOUND);
        assert_non_null(strstr(why.text, "ns/auth not found: create it"));
        pass(rig, 10000);
        assert_int_equal(rig->changes, 1); /* still the same news */
        rig->status = 403;
        pass(rig, 2500);
        assert_int_equal(get(rig, &password, &why), ERR_DENIED);
        assert_non_null(strstr(why.text, "Secret ns/auth: 403: its name may be misspelt, or the right is missing: "
                                          "kubectl auth can-i get secrets/auth -n ns"));
        rig->status = 200; /* mended: seen soon, without a restart */
        pass(rig, 2500);
        assert_password(rig, "one");
        assert_int_equal(rig->changes, 3);
}

static void test_key_matches_whole_names_only(void **state)
{
        (void)state;
        assert_true(secret_key_is("ns/auth", "ns", "auth"));
        assert_false(secret_key_is("ns/auth", "ns", "aut"));
        assert_false(secret_key_is("ns/auth", "n", "auth"));
        assert_false(secret_key_is("ns2/auth", "ns", "auth"));
        assert_false(secret_key_is("ns/", "ns", ""));
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_rotation_is_told),
            RIG_TEST(test_refresh_is_at_once_but_bounded),
            RIG_TEST(test_unnamed_secret_is_dropped),
            RIG_TEST(test_silent_server_takes_nothing_away),
            RIG_TEST(test_absent_and_forbidden_say_what_to_do),
            cmocka_unit_test(test_key_matches_whole_names_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
