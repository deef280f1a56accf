/* http_resolve_test.c -- a name look-up that takes long, or for ever, is given up and nobody waits for its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <time.h>

#include "http_rig.h"
#include "runtime/clock.h"

enum { SLOW_S = 4 };

/* In place of the C library's, for libcurl as well. */
int getaddrinfo(const char *restrict host, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict ret)
{
        typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        look_up *real;
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        if (host && strcmp(host, "silent.test") == 0) {
                (void)nanosleep(&(struct timespec){.tv_sec = SLOW_S}, NULL);
                return EAI_AGAIN;
        }
        return real(host, service, hints, ret);
}

static struct http_request get(mono_ms timeout_ms)
{
        return (struct http_request){
            .method = "GET", .url = "http://silent.test/", .timeout_ms = timeout_ms, .max_body_bytes = 100};
}

static void test_a_time_out_waits_for_no_look_up(void **state)
{
        mono_ms began = clock_mono();
        struct http_outcome outcome = http_rig_call(*state, get(200));
        assert_int_equal(outcome.response.failure, HTTP_FAIL_TIMEOUT);
        assert_in_range(clock_mono() - began, 150, SLOW_S * 1000 / 2);
}

static void test_a_cancelled_call_waits_for_no_look_up(void **state)
{
        struct http_rig *rig = *state;
        struct http_outcome outcome, quick;
        struct http_call *call = http_rig_start(rig, get(60000), &outcome);
        struct http_request refused = get(200);
        mono_ms began = clock_mono();
        (void)http_rig_start(rig, refused, &quick);
        rig->waiting--;
        http_rig_wait(rig); /* the first one's look-up is under way now */
        http_cancel(call);
        assert_in_range(clock_mono() - began, 150, SLOW_S * 1000 / 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            HTTP_RIG_TEST(test_a_time_out_waits_for_no_look_up),
            HTTP_RIG_TEST(test_a_cancelled_call_waits_for_no_look_up),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
