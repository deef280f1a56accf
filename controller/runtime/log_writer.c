/* log_writer.c -- a ring of log lines, and the thread that waits where they go. */
#include "runtime/log_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/mem.h"

enum { CHUNK_BYTES = 16 * 1024, SAY_BYTES = 512, STACK_BYTES = 128 * 1024 };

static struct {
        pthread_mutex_t lock; /* everything below */
        pthread_cond_t has_bytes;
        pthread_cond_t is_drained; /* on CLOCK_MONOTONIC */
        bool is_running, is_writing;
        int fd;
        size_t (*say_dropped)(uint64_t count, char *ret_line, size_t size);
        char *ring;
        size_t begin, count;
        uint64_t dropped, told; /* lines that did not fit, and of how many of them a line has told */
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER, .has_bytes = PTHREAD_COND_INITIALIZER};

/* With the lock held: the oldest bytes, or what is to be said of those that are missing. */
static size_t take(char ret_chunk[CHUNK_BYTES])
{
        size_t to_end = LOG_RING_BYTES - writer.begin;
        size_t bytes = writer.count < to_end ? writer.count : to_end;
        bytes = bytes < CHUNK_BYTES ? bytes : CHUNK_BYTES;
        if (!bytes && writer.dropped > writer.told) {
                bytes = writer.say_dropped(writer.dropped - writer.told, ret_chunk, SAY_BYTES);
                writer.told = writer.dropped;
                return bytes;
        }
        memcpy(ret_chunk, writer.ring + writer.begin, bytes);
        writer.begin = (writer.begin + bytes) % LOG_RING_BYTES;
        writer.count -= bytes;
        if (!writer.count)
                writer.begin = 0; /* the rest of the ring stays untouched, and costs no memory, while lines are few */
        return bytes;
}

/* The descriptor may be non-blocking, where another process shares it: poll() then waits. False: the reader is gone. */
static bool write_all(int fd, const char *bytes, size_t count)
{
        while (count > 0) {
                ssize_t written = write(fd, bytes, count);
                if (written > 0) {
                        bytes += written;
                        count -= (size_t)written;
                } else if (errno == EAGAIN) {
                        struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
                        (void)poll(&poll_fd, 1, -1);
                } else if (errno != EINTR) {
                        return false;
                }
        }
        return true;
}

static void *run(void *arg)
{
        static char chunk[CHUNK_BYTES];
        (void)arg;
        (void)pthread_mutex_lock(&writer.lock);
        for (;;) {
                writer.is_writing = false;
                while (!writer.count && writer.dropped == writer.told) {
                        (void)pthread_cond_broadcast(&writer.is_drained);
                        (void)pthread_cond_wait(&writer.has_bytes, &writer.lock);
                }
                size_t bytes = take(chunk);
                writer.is_writing = true;
                (void)pthread_mutex_unlock(&writer.lock);
                bool is_written = write_all(writer.fd, chunk, bytes);
                (void)pthread_mutex_lock(&writer.lock);
                writer.dropped += !is_written;
                writer.told += !is_written; /* there is nowhere to say so */
        }
        return NULL;
}

/* No signal may end up in this thread: they are the loop's, or deadly. */
static bool start_thread(void)
{
        sigset_t all, before;
        pthread_t thread;
        pthread_attr_t attributes;
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        (void)pthread_attr_init(&attributes);
        (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        bool is_started = pthread_create(&thread, &attributes, run, NULL) == 0;
        (void)pthread_attr_destroy(&attributes);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return is_started;
}

void log_writer_start(int fd, size_t (*say_dropped)(uint64_t count, char *ret_line, size_t size))
{
        pthread_condattr_t attributes;
        INVARIANT(!writer.is_running);
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&writer.is_drained, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        writer.fd = fd;
        writer.say_dropped = say_dropped;
        writer.ring = mem_calloc(LOG_RING_BYTES, 1);
        writer.is_running = start_thread();
}

bool log_writer_put(const char *line, size_t bytes)
{
        if (!writer.is_running)
                return false;
        (void)pthread_mutex_lock(&writer.lock);
        if (bytes > LOG_RING_BYTES - writer.count) {
                writer.dropped++;
        } else {
                size_t end = (writer.begin + writer.count) % LOG_RING_BYTES;
                size_t first = bytes < LOG_RING_BYTES - end ? bytes : LOG_RING_BYTES - end;
                memcpy(writer.ring + end, line, first);
                memcpy(writer.ring, line + first, bytes - first);
                writer.count += bytes;
        }
        (void)pthread_cond_signal(&writer.has_bytes);
        (void)pthread_mutex_unlock(&writer.lock);
        return true;
}

void log_writer_stop(mono_ms limit)
{
        struct timespec until;
        if (!writer.is_running)
                return;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += limit / 1000;
        until.tv_nsec += limit % 1000 * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_mutex_lock(&writer.lock);
        int failed = 0;
        while (!failed && (writer.count || writer.is_writing || writer.dropped > writer.told))
                failed = pthread_cond_timedwait(&writer.is_drained, &writer.lock, &until);
        (void)pthread_mutex_unlock(&writer.lock);
}

uint64_t log_writer_dropped(void)
{
        (void)pthread_mutex_lock(&writer.lock);
        uint64_t dropped = writer.dropped;
        (void)pthread_mutex_unlock(&writer.lock);
        return dropped;
}
