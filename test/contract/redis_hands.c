/* redis_hands.c -- Redis servers of a test's own. */
#include "redis_hands.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 32 };

char addresses[SERVERS][40], ports[SERVERS][8];
pid_t pids[SERVERS];
char redis_tool[FOLDER_BYTES + 64] = "redis-cli";

char *ask(int server_of, const char *command)
{
        return shell("%s -p %s %s", redis_tool, ports[server_of], command);
}

void tell(int server_of, const char *command)
{
        free(ask(server_of, command));
}

bool says(int server_of, const char *command, const char *part)
{
        char *text = ask(server_of, command);
        bool is_said = strstr(text, part) != NULL;
        free(text);
        return is_said;
}

void await(int server_of, const char *command, const char *part)
{
        for (int64_t limit = in_ms(3 * PATIENCE_MS); clock_mono() < limit;)
                if (says(server_of, command, part))
                        return;
        fail_msg("%s never says %s to %s", addresses[server_of], part, command);
}

static bool is_answering(int server_of)
{
        char *text = shell("%s -p %s PING 2>&1 || true", redis_tool, ports[server_of]);
        bool is_up = strstr(text, "PONG") != NULL;
        free(text);
        return is_up;
}

void start(int server_of, const char *const *more)
{
        const char *argv[ARGUMENTS_MAX] = {"redis-server", "--port", ports[server_of], "--bind", "127.0.0.1", "--save", "",
                                           "--dir", server("CONTRACT_REDIS_FOLDER"), "--repl-diskless-sync-delay", "0"};
        size_t count = 11;
        while (more && *more)
                argv[count++] = *more++;
        pids[server_of] = fork();
        assert_true(pids[server_of] >= 0);
        if (pids[server_of] == 0) {
                /* It ends with the test, and holds none of its pipes. */
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || !freopen("/dev/null", "w", stdout) ||
                    !freopen("/dev/null", "w", stderr))
                        _exit(1);
                execvp(argv[0], (char *const *)argv); /* which changes none of them */
                _exit(1);
        }
        for (int64_t limit = in_ms(3 * PATIENCE_MS); !is_answering(server_of);)
                assert_true(clock_mono() < limit);
}

void stop(int server_of)
{
        if (!pids[server_of])
                return;
        (void)kill(pids[server_of], SIGKILL);
        (void)waitpid(pids[server_of], NULL, 0);
        pids[server_of] = 0;
}

int stop_all(void **state)
{
        (void)state;
        for (int i = 0; i < SERVERS; i++)
                stop(i);
        return 0;
}

int find_ports(void **state)
{
        (void)state;
        const char *text = server("CONTRACT_REDIS_PORTS");
        if (sscanf(text, "%7[0-9] %7[0-9] %7[0-9]", ports[A], ports[B], ports[C]) != SERVERS)
                return -1;
        for (int i = 0; i < SERVERS; i++)
                (void)snprintf(addresses[i], sizeof(addresses[i]), "127.0.0.1:%s", ports[i]);
        return 0;
}

void follow(int replica, int primary)
{
        free(shell("%s -p %s REPLICAOF 127.0.0.1 %s", redis_tool, ports[replica], ports[primary]));
        await(replica, "INFO replication", "master_link_status:up");
}

void pair(void)
{
        start(A, NULL);
        start(B, NULL);
        tell(A, "SET kept 1");
        follow(B, A);
        await(A, "INFO replication", "state=online");
}
