/* metrics_process.c -- the process_* part of the page, from /proc/self. */
#include "runtime/metrics_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/cleanup.h"

const char *metrics_number(double value, char text[static METRICS_NUMBER_BYTES])
{
        if (isnan(value))
                return "NaN";
        if (isinf(value))
                return value > 0 ? "+Inf" : "-Inf";
        for (int digits = 6; digits <= 17; digits++) {
                (void)snprintf(text, METRICS_NUMBER_BYTES, "%.*g", digits, value);
                if (strtod(text, NULL) == value)
                        break;
        }
        return text;
}

void metrics_print_head(struct strbuf *page, const char *name, const char *help, const char *type)
{
        (void)strbuf_printf(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_number(struct strbuf *page, const char *name, const char *help, double value)
{
        char text[METRICS_NUMBER_BYTES];
        bool is_counter = strstr(name, "_total") != NULL;
        metrics_print_head(page, name, help, is_counter ? "counter" : "gauge");
        (void)strbuf_printf(page, "%s %s\n", name, metrics_number(value, text));
}

struct process_stat {
        unsigned long user_ticks;
        unsigned long system_ticks;
        long threads;
        unsigned long long start_ticks; /* since boot */
        unsigned long virtual_bytes;
        long resident_pages;
};

static bool read_stat(struct process_stat *ret)
{
        CLEANUP(cleanup_fd) int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
        char text[1024];
        ssize_t count = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
        if (count <= 0)
                return false;
        text[count] = '\0';
        const char *rest = strrchr(text, ')'); /* the name before it may hold anything */
        static const char format[] = " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"   /* state to cmajflt */
                                     " %lu %lu %*d %*d %*d %*d %ld %*d %llu %lu %ld"; /* utime to rss */
        return rest && sscanf(rest + 1, format, &ret->user_ticks, &ret->system_ticks, &ret->threads, &ret->start_ticks,
                              &ret->virtual_bytes, &ret->resident_pages) == 6;
}

static void print_stat(struct strbuf *page)
{
        struct process_stat stat;
        if (!read_stat(&stat))
                return;
        double ticks_per_s = (double)sysconf(_SC_CLK_TCK);
        /* Computed once: the two clocks are read one after the other, so each new result would differ a little. */
        static unix_ms started_at;
        if (started_at == 0)
                started_at = clock_wall() - clock_mono() + (unix_ms)((double)stat.start_ticks / ticks_per_s * 1000);
        print_number(page, "process_cpu_seconds_total", "User and system CPU time spent.",
                     (double)(stat.user_ticks + stat.system_ticks) / ticks_per_s);
        print_number(page, "process_resident_memory_bytes", "Resident memory size.",
                     (double)stat.resident_pages * (double)sysconf(_SC_PAGESIZE));
        print_number(page, "process_virtual_memory_bytes", "Virtual memory size.", (double)stat.virtual_bytes);
        print_number(page, "process_start_time_seconds", "Start of the process since the Unix epoch.",
                     (double)started_at / 1000);
        print_number(page, "process_threads", "Threads of the process.", (double)stat.threads);
}

static void print_descriptors(struct strbuf *page)
{
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
                print_number(page, "process_max_fds", "Limit on open file descriptors.", (double)limit.rlim_cur);
        DIR *folder = opendir("/proc/self/fd");
        if (!folder)
                return;
        double count = -1; /* the folder's own descriptor */
        for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
                if (entry->d_name[0] != '.')
                        count++;
        (void)closedir(folder);
        print_number(page, "process_open_fds", "Open file descriptors.", count);
}

void metrics_print_process(struct strbuf *page)
{
        print_stat(page);
        print_descriptors(page);
        print_number(page, "planekeeper_log_dropped_total",
                     "Log lines that were dropped, for nobody read them in time.", (double)log_dropped());
}
