/* peer.c -- a server in a child process that behaves as badly as a test wants. */
#include "peer.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/mem.h"

ssize_t peer_write(struct peer_connection *connection, const void *bytes, size_t count)
{
        if (connection->ssl)
                return SSL_write(connection->ssl, bytes, (int)count);
        return send(connection->fd, bytes, count, MSG_NOSIGNAL);
}

ssize_t peer_write_text(struct peer_connection *connection, const char *text)
{
        return peer_write(connection, text, strlen(text));
}

ssize_t peer_read_head(struct peer_connection *connection, char *head, size_t size)
{
        size_t count = 0;
        head[0] = '\0';
        while (count + 1 < size && !strstr(head, "\r\n\r\n")) {
                ssize_t got = connection->ssl ? SSL_read(connection->ssl, head + count, 1)
                                              : recv(connection->fd, head + count, 1, 0);
                if (got <= 0)
                        return got;
                head[++count] = '\0';
        }
        return (ssize_t)count;
}

static SSL_CTX *new_context(const struct peer_options *options)
{
        if (!options->identity)
                return NULL;
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());
        INVARIANT(context && SSL_CTX_use_certificate(context, options->identity->certificate) == 1 &&
                  SSL_CTX_use_PrivateKey(context, options->identity->key) == 1);
        if (options->tls_version)
                (void)SSL_CTX_set_min_proto_version(context, options->tls_version);
        if (options->tls_version)
                (void)SSL_CTX_set_max_proto_version(context, options->tls_version);
        if (options->client_ca) {
                (void)X509_STORE_add_cert(SSL_CTX_get_cert_store(context), options->client_ca->certificate);
                SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        }
        return context;
}

static void serve_connection(const struct peer_options *options, SSL_CTX *context, int fd, unsigned number)
{
        struct peer_connection connection = {.fd = fd, .number = number, .ctx = options->ctx};
        if (context) {
                connection.ssl = SSL_new(context);
                (void)SSL_set_fd(connection.ssl, fd);
                if (SSL_accept(connection.ssl) != 1)
                        return;
        }
        options->serve(&connection);
        if (connection.ssl)
                (void)SSL_shutdown(connection.ssl);
}

static _Noreturn void serve(const struct peer_options *options, int listener)
{
        SSL_CTX *context = new_context(options);
        (void)signal(SIGCHLD, SIG_IGN);
        for (unsigned number = 1;; number++) {
                int fd = accept(listener, NULL, NULL);
                if (fd < 0)
                        _exit(0);
                if (fork() == 0) {
                        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                        (void)close(listener);
                        serve_connection(options, context, fd, number);
                        (void)close(fd);
                        _exit(0);
                }
                (void)close(fd);
        }
}

struct peer peer_open(const struct peer_options *options)
{
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        INVARIANT(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0);
        INVARIANT(listen(listener, 64) == 0 && getsockname(listener, (struct sockaddr *)&address, &length) == 0);
        pid_t pid = fork();
        INVARIANT(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                serve(options, listener);
        }
        (void)close(listener);
        return (struct peer){.pid = pid, .port = ntohs(address.sin_port)};
}

void peer_close(struct peer *peer)
{
        (void)kill(peer->pid, SIGKILL);
        (void)waitpid(peer->pid, NULL, 0);
        *peer = (struct peer){0};
}
