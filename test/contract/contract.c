/* contract.c -- what the contract tests share. */
#include "contract.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pthread.h>

#include <cmocka.h>

#include "util/mem.h"
#include "util/strbuf.h"

enum { OUTPUT_MAX_BYTES = 65536 };

const char *server(const char *variable)
{
        const char *value = getenv(variable);
        if (!value)
                fail_msg("%s is not set: start this by test/contract/run.py", variable);
        return value;
}

pid_t server_pid(const char *variable)
{
        return (pid_t)strtol(server(variable), NULL, 10);
}

const char *port_of(const char *address)
{
        return strrchr(address, ':') + 1;
}

mono_ms in_ms(int64_t ms)
{
        return clock_mono() + ms;
}

char *shell(const char *format, ...)
{
        struct strbuf command = STRBUF_INIT(8192);
        char text[4096];
        va_list args;
        va_start(args, format);
        int bytes = vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        assert_true(bytes > 0 && (size_t)bytes < sizeof(text));
        assert_true(strbuf_append_text(&command, text));
        FILE *pipe = popen(strbuf_text(&command), "r");
        assert_non_null(pipe);
        struct strbuf output = STRBUF_INIT(OUTPUT_MAX_BYTES);
        size_t got;
        while ((got = fread(text, 1, sizeof(text), pipe)) > 0)
                assert_true(strbuf_append(&output, text, got));
        if (pclose(pipe) != 0)
                fail_msg("failed: %s\n%s", strbuf_text(&command), strbuf_text(&output));
        strbuf_deinit(&command);
        char *printed = strbuf_take(&output);
        size_t end = strlen(printed);
        if (end > 0 && printed[end - 1] == '\n')
                printed[end - 1] = '\0';
        return printed;
}

void read_file(const char *path, struct secret *ret)
{
        char text[8192];
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        size_t bytes = fread(text, 1, sizeof(text), file);
        (void)fclose(file);
        secret_set(ret, text, bytes);
}

void assert_error(enum err got, enum err wanted, const struct errmsg *error, const char *part)
{
        if (got != wanted || !strstr(error->text, part))
                fail_msg("got %s \"%s\", wanted %s with \"%s\"", err_name(got), error->text, err_name(wanted), part);
}

/* ---- races ---- */

struct barrier {
        pthread_barrier_t all;
};

void barrier_pass(struct barrier *barrier)
{
        (void)pthread_barrier_wait(&barrier->all);
}

int race(int count, bool (*contend)(int number, struct barrier *barrier))
{
        struct barrier *barrier =
            mmap(NULL, sizeof(*barrier), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(barrier != MAP_FAILED);
        pthread_barrierattr_t shared;
        (void)pthread_barrierattr_init(&shared);
        (void)pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
        assert_int_equal(pthread_barrier_init(&barrier->all, &shared, (unsigned)count), 0);
        for (int number = 0; number < count; number++) {
                pid_t child = fork();
                assert_true(child >= 0);
                if (child == 0)
                        _exit(contend(number, barrier) ? 0 : 1);
        }
        int winners = 0;
        for (int number = 0; number < count; number++) {
                int status = 0;
                assert_true(wait(&status) > 0);
                assert_true(WIFEXITED(status));
                winners += WEXITSTATUS(status) == 0;
        }
        (void)pthread_barrier_destroy(&barrier->all);
        (void)munmap(barrier, sizeof(*barrier));
        return winners;
}

/* ---- times ---- */

static int compare_us(const void *a, const void *b)
{
        int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
        return (left > right) - (left < right);
}

void print_times(const char *what, int64_t *took_us, size_t count)
{
        qsort(took_us, count, sizeof(took_us[0]), compare_us);
        print_message("%s: p50 %.2f ms, p99 %.2f ms\n", what, (double)took_us[count / 2] / 1000,
                      (double)took_us[count * 99 / 100] / 1000);
}
