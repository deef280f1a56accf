/* exec_process.c -- start one program, collect its stdout, kill it at the deadline. */
#include "kube/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum { STDOUT_BYTES_MAX = 64 * 1024, STDERR_BYTES_KEPT = 120 };
extern char **environ;

struct process {
        pid_t pid;
        int pid_fd;
        int out_fd;
        int err_fd;
        char *out; /* STDOUT_BYTES_MAX */
        size_t out_bytes;
        bool out_overflowed;
        char complaint[STDERR_BYTES_KEPT + 1]; /* the last bytes of stderr */
};

static bool has_name_of(const char *variable, char *const *list)
{
        size_t name = strcspn(variable, "=") + 1;
        for (; *list; list++)
                if (strncmp(*list, variable, name) == 0)
                        return true;
        return false;
}

static size_t count_texts(char *const *texts)
{
        size_t count = 0;
        while (texts[count])
                count++;
        return count;
}

/* The given ones first, then the inherited ones that they do not override. Only the array is allocated. */
static char **build_environment(const struct kube_exec *exec, char *variable)
{
        char **merged = mem_calloc(count_texts(exec->env) + count_texts(environ) + 2, sizeof(*merged));
        size_t count = 0;
        merged[count++] = variable;
        for (char **one = exec->env; *one; one++)
                if (!has_name_of(*one, merged))
                        merged[count++] = *one;
        for (char **one = environ; *one; one++)
                if (!has_name_of(*one, merged))
                        merged[count++] = *one;
        return merged;
}

static char **build_arguments(const struct kube_exec *exec)
{
        size_t count = count_texts(exec->args);
        char **arguments = mem_calloc(count + 2, sizeof(*arguments));
        arguments[0] = exec->command;
        memcpy(arguments + 1, exec->args, count * sizeof(*arguments));
        return arguments;
}

/* Its own process group, so that its children die with it; no signal blocked, no descriptor but 0, 1 and 2. */
static int spawn(const struct kube_exec *exec, char *variable, int out_fd, int err_fd, pid_t *ret_pid)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        CLEANUP(cleanup_free) char *arguments = (char *)build_arguments(exec);
        CLEANUP(cleanup_free) char *environment = (char *)build_environment(exec, variable);
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
        posix_spawn_file_actions_adddup2(&actions, err_fd, 2);
        posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        int error = posix_spawnp(ret_pid, exec->command, &actions, &attributes, (char **)(void *)arguments,
                                 (char **)(void *)environment);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        return error;
}

static void take_stdout(struct process *p)
{
        char spill[4096];
        bool is_full = p->out_bytes == STDOUT_BYTES_MAX;
        char *to = is_full ? spill : p->out + p->out_bytes;
        ssize_t got = read(p->out_fd, to, is_full ? sizeof(spill) : STDOUT_BYTES_MAX - p->out_bytes);
        if (got > 0 && is_full)
                p->out_overflowed = true;
        else if (got > 0)
                p->out_bytes += (size_t)got;
        else if (got == 0 || errno != EAGAIN) {
                close(p->out_fd);
                p->out_fd = -1;
        }
        secret_wipe(spill, sizeof(spill));
}

static void take_stderr(struct process *p)
{
        char piece[STDERR_BYTES_KEPT];
        ssize_t got = read(p->err_fd, piece, sizeof(piece));
        if (got > 0) {
                size_t kept = strlen(p->complaint), fresh = (size_t)got;
                size_t drop = kept + fresh > STDERR_BYTES_KEPT ? kept + fresh - STDERR_BYTES_KEPT : 0;
                memmove(p->complaint, p->complaint + drop, kept - drop);
                for (size_t i = 0; i < fresh; i++)
                        p->complaint[kept - drop + i] = piece[i] >= ' ' && piece[i] <= '~' ? piece[i] : ' ';
                p->complaint[kept - drop + fresh] = '\0';
        } else if (got == 0 || errno != EAGAIN) {
                close(p->err_fd);
                p->err_fd = -1;
        }
}

/* Until the program ended (what its children still hold open does not count) or the deadline; true where it ended. */
static bool collect(struct process *p, mono_ms deadline)
{
        for (;;) {
                mono_ms left = deadline - clock_mono();
                if (left <= 0)
                        return false;
                struct pollfd fds[] = {{.fd = p->out_fd, .events = POLLIN},
                                       {.fd = p->err_fd, .events = POLLIN},
                                       {.fd = p->pid_fd, .events = POLLIN}};
                int ready = poll(fds, 3, left > 1000 ? 1000 : (int)left);
                if (ready < 0 && errno != EINTR)
                        return false;
                if (ready <= 0)
                        continue;
                if (fds[0].revents)
                        take_stdout(p);
                if (fds[1].revents)
                        take_stderr(p);
                if (fds[2].revents && !fds[0].revents && !fds[1].revents)
                        return true;
        }
}

static enum err judge(const struct process *p, bool has_ended, int status, struct errmsg *reterr)
{
        const char *colon = p->complaint[0] ? ": " : "";
        if (!has_ended)
                return err_set(reterr, ERR_TRANSIENT, "did not end in time and was killed%s%s", colon, p->complaint);
        if (WIFSIGNALED(status))
                return err_set(reterr, ERR_TRANSIENT, "died of signal %d%s%s", WTERMSIG(status), colon, p->complaint);
        if (WEXITSTATUS(status) != 0)
                return err_set(reterr, ERR_TRANSIENT, "exit status %d%s%s", WEXITSTATUS(status), colon, p->complaint);
        if (p->out_overflowed)
                return err_set(reterr, ERR_INVALID, "printed more than %d bytes", STDOUT_BYTES_MAX);
        return ERR_OK;
}

static enum err supervise(struct process *p, mono_ms deadline, struct errmsg *reterr)
{
        (void)fcntl(p->out_fd, F_SETFL, O_NONBLOCK);
        (void)fcntl(p->err_fd, F_SETFL, O_NONBLOCK);
        p->pid_fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
        bool has_ended = p->pid_fd >= 0 && collect(p, deadline);
        int status = 0;
        (void)kill(-p->pid, SIGKILL); /* the children that it left, or the program itself */
        while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
                continue;
        if (p->pid_fd < 0)
                return err_set(reterr, ERR_TRANSIENT,
                               "cannot be watched (pidfd_open failed; Linux 5.3 or later is needed)");
        return judge(p, has_ended, status, reterr);
}

enum err exec_process_run(const struct kube_exec *exec, char *variable, mono_ms deadline, struct secret *ret_stdout,
                          struct errmsg *reterr)
{
        int out[2], complaints[2];
        if (pipe2(out, O_CLOEXEC) < 0)
                return err_set(reterr, ERR_TRANSIENT, "no pipe: %s", strerror(errno));
        if (pipe2(complaints, O_CLOEXEC) < 0) {
                close(out[0]);
                close(out[1]);
                return err_set(reterr, ERR_TRANSIENT, "no pipe: %s", strerror(errno));
        }
        struct process p = {
            .pid_fd = -1, .out_fd = out[0], .err_fd = complaints[0], .out = mem_calloc(STDOUT_BYTES_MAX, 1)};
        int error = spawn(exec, variable, out[1], complaints[1], &p.pid);
        close(out[1]);
        close(complaints[1]);
        enum err err;
        if (error)
                err = err_set(reterr, error == ENOENT ? ERR_NOT_FOUND : ERR_TRANSIENT, "cannot be started: %s",
                              strerror(error));
        else
                err = supervise(&p, deadline, reterr);
        if (err == ERR_OK)
                secret_set(ret_stdout, p.out, p.out_bytes);
        secret_wipe(p.out, STDOUT_BYTES_MAX);
        free(p.out);
        for (const int *fd = (const int[]){p.pid_fd, p.out_fd, p.err_fd, -2}; *fd != -2; fd++)
                if (*fd >= 0)
                        close(*fd);
        return err;
}
