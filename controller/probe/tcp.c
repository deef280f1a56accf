/* tcp.c -- can a connection be opened? On the loop's own socket, for as long as the handshake lasts. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/driver.h"
#include "util/mem.h"

struct tcp_probe {
        struct probe probe; /* first */
        struct loop_fd socket;
};

static struct tcp_probe *tcp_of(struct probe *probe)
{
        return CONTAINER_OF(probe, struct tcp_probe, probe);
}

static void tcp_cancel(struct probe *probe)
{
        struct tcp_probe *tcp = tcp_of(probe);
        int fd = tcp->socket.fd;
        loop_fd_remove(probe->prober->env.loop, &tcp->socket);
        (void)close(fd); /* an ordinary close: a reset would show in the server's log every few seconds */
}

static void tcp_ready(struct loop_fd *self, uint32_t events)
{
        struct tcp_probe *tcp = CONTAINER_OF(self, struct tcp_probe, socket);
        struct sample sample = sample_pass();
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
                int os_error = 0;
                socklen_t bytes = sizeof(os_error);
                (void)getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &os_error, &bytes);
                sample_fail_errno(&sample, os_error != 0 ? os_error : ECONNRESET);
        }
        tcp_cancel(&tcp->probe);
        probe_finish(&tcp->probe, &sample);
}

static void tcp_start(struct probe *probe)
{
        struct tcp_probe *tcp = tcp_of(probe);
        struct sample sample = sample_pass();
        struct sockaddr_storage peer;
        socklen_t peer_bytes = address_to_socket(&probe->address, probe->port, &peer);
        int fd = socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int status = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&peer, peer_bytes);
        if (fd >= 0 && status < 0 && errno == EINPROGRESS) {
                tcp->socket.fd = fd;
                loop_fd_add(probe->prober->env.loop, &tcp->socket, EPOLLOUT);
                return;
        }
        if (status < 0)
                sample_fail_errno(&sample, errno);
        if (fd >= 0)
                (void)close(fd);
        probe_finish(probe, &sample);
}

static void tcp_close(struct probe *probe)
{
        free(tcp_of(probe));
}

static enum err tcp_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        (void)spec;
        (void)reterr;
        struct tcp_probe *tcp = mem_new(tcp);
        tcp->socket = (struct loop_fd){.fd = -1, .ready = tcp_ready};
        *ret = &tcp->probe;
        return ERR_OK;
}

const struct probe_driver probe_tcp = {
    .name = "TCP",
    .silence = PROBE_ERROR_TIMEOUT,
    .needs_address = true,
    .open = tcp_open,
    .start = tcp_start,
    .cancel = tcp_cancel,
    .close = tcp_close,
};
