/* log_writer_test.c -- nobody waits for the reader of the log, and what is missing is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/log_writer.h"
#include "util/strbuf.h"

enum { LINE = 100 };

static int ends[2];

static size_t say_dropped(uint64_t count, char *ret_line, size_t size)
{
        return (size_t)snprintf(ret_line, size, "%llu lines are missing\n", (unsigned long long)count);
}

static void put(unsigned number)
{
        char line[LINE + 1];
        memset(line, '.', LINE);
        (void)snprintf(line, LINE, "%08u", number);
        line[8] = '.';
        line[LINE - 1] = '\n';
        assert_true(log_writer_put(line, LINE));
}

/* What comes until @want does, or five seconds have passed. */
static void read_until(struct strbuf *text, const char *want)
{
        char bytes[8192];
        mono_ms until = clock_mono() + 5000;
        while (!(strstr(strbuf_text(text), want) && text->text[text->bytes - 1] == '\n') && clock_mono() < until) {
                ssize_t count = read(ends[0], bytes, sizeof(bytes));
                if (count > 0)
                        assert_true(strbuf_append(text, bytes, (size_t)count));
                else
                        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        assert_non_null(strstr(strbuf_text(text), want));
}

static void test_lines_arrive_whole_and_in_order(void **state)
{
        struct strbuf text = STRBUF_INIT(1 << 20);
        (void)state;
        for (unsigned i = 0; i < 500; i++)
                put(i);
        read_until(&text, "00000499");
        for (unsigned i = 0; i < 500; i++)
                assert_int_equal(strtoul(strbuf_text(&text) + i * LINE, NULL, 10), i);
        strbuf_deinit(&text);
}

/* The pipe is full and nobody reads: the callers go on, and learn nothing of it. */
static void test_a_reader_that_stands_still_stops_nobody(void **state)
{
        enum { MANY = 20000 };
        struct strbuf text = STRBUF_INIT(1 << 23);
        (void)state;
        mono_ms began = clock_mono();
        for (unsigned i = 0; i < MANY; i++)
                put(i);
        assert_true(clock_mono() - began < 4000);
        uint64_t dropped = log_writer_dropped();
        assert_in_range(dropped, MANY / 2, MANY);
        mono_ms stopped = clock_mono();
        log_writer_stop(100); /* nor the end of the program */
        assert_in_range(clock_mono() - stopped, 90, 2000);
        char want[64];
        (void)snprintf(want, sizeof(want), "\n%llu lines are missing\n", (unsigned long long)dropped);
        read_until(&text, want);
        put(MANY);
        read_until(&text, "00020000");
        log_writer_stop(5000);
        strbuf_deinit(&text);
}

static void *put_many(void *arg)
{
        for (unsigned i = 0; i < 200; i++)
                put(i);
        return arg;
}

static void test_from_any_thread(void **state)
{
        struct strbuf text = STRBUF_INIT(1 << 20);
        pthread_t threads[4];
        (void)state;
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, put_many, NULL), 0);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        put(99999);
        read_until(&text, "00099999");
        assert_int_equal(text.bytes, 801 * LINE);
        for (size_t at = 0; at < text.bytes; at += LINE)
                assert_int_equal(strbuf_text(&text)[at + LINE - 1], '\n');
        strbuf_deinit(&text);
}

/* A reader that has gone is no reason to stop. */
static void test_nobody_listens(void **state)
{
        (void)state;
        (void)close(ends[0]);
        uint64_t before = log_writer_dropped();
        for (unsigned i = 0; i < 100; i++)
                put(i);
        log_writer_stop(5000);
        assert_true(log_writer_dropped() > before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_lines_arrive_whole_and_in_order),
            cmocka_unit_test(test_a_reader_that_stands_still_stops_nobody),
            cmocka_unit_test(test_from_any_thread),
            cmocka_unit_test(test_nobody_listens),
        };
        (void)signal(SIGPIPE, SIG_IGN);
        if (pipe(ends) || fcntl(ends[0], F_SETFL, O_NONBLOCK))
                return 1;
        if (log_writer_put("x", 1))
                return 1; /* there is none yet */
        log_writer_start(ends[1], say_dropped);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
