/* stream.c -- TCP and TLS with deadlines. */
#include "targets/redis/stream.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include "util/cleanup.h"
#include "util/text.h"

void stream_close(struct stream *stream)
{
        if (stream->ssl)
                (void)SSL_shutdown(stream->ssl); /* says goodbye if the socket takes it at once */
        SSL_free(stream->ssl);
        cleanup_fd(&stream->fd);
        *stream = (struct stream){.fd = -1};
}

/* Wait for what OpenSSL wants before it can go on. */
static enum stream_result tls_wait(const struct stream *stream, int result, mono_ms deadline)
{
        int want = SSL_get_error(stream->ssl, result);
        if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE)
                return STREAM_CLOSED;
        return net_wait(stream->fd, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline) ? STREAM_OK : STREAM_LATE;
}

static enum stream_result plain_wait(const struct stream *stream, ssize_t result, short events, mono_ms deadline)
{
        if (result == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
                return STREAM_CLOSED;
        return net_wait(stream->fd, events, deadline) ? STREAM_OK : STREAM_LATE;
}

enum stream_result stream_send(struct stream *stream, const void *bytes, size_t count, mono_ms deadline)
{
        for (size_t done = 0; done < count;) {
                const char *at = (const char *)bytes + done;
                enum stream_result result = STREAM_OK;
                size_t moved = 0;
                if (stream->ssl) {
                        ERR_clear_error();
                        int status = SSL_write_ex(stream->ssl, at, count - done, &moved);
                        if (status != 1)
                                result = tls_wait(stream, status, deadline);
                } else {
                        ssize_t sent = send(stream->fd, at, count - done, MSG_NOSIGNAL);
                        moved = sent > 0 ? (size_t)sent : 0;
                        if (sent <= 0)
                                result = plain_wait(stream, sent, POLLOUT, deadline);
                }
                if (result != STREAM_OK)
                        return result;
                done += moved;
        }
        return STREAM_OK;
}

enum stream_result stream_receive(struct stream *stream, void *buffer, size_t size, mono_ms deadline, size_t *ret_count)
{
        for (;;) {
                enum stream_result result;
                if (stream->ssl) {
                        ERR_clear_error();
                        int status = SSL_read_ex(stream->ssl, buffer, size, ret_count);
                        if (status == 1)
                                return STREAM_OK;
                        result = tls_wait(stream, status, deadline);
                } else {
                        ssize_t got = recv(stream->fd, buffer, size, 0);
                        if (got > 0) {
                                *ret_count = (size_t)got;
                                return STREAM_OK;
                        }
                        result = plain_wait(stream, got, POLLIN, deadline);
                }
                if (result != STREAM_OK)
                        return result;
        }
}

bool stream_is_idle(const struct stream *stream)
{
        char byte;
        if (!stream->ssl)
                return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
                       (errno == EAGAIN || errno == EWOULDBLOCK);
        ERR_clear_error();
        int status = SSL_peek(stream->ssl, &byte, 1); /* takes in session tickets, which are no data */
        return status <= 0 && SSL_get_error(stream->ssl, status) == SSL_ERROR_WANT_READ;
}

/* ---- the TLS handshake ---- */

static enum err handshake_error(const struct stream *stream, const struct net_endpoint *server,
                                enum stream_result result, struct errmsg *reterr)
{
        if (result == STREAM_LATE)
                return err_set(reterr, ERR_TRANSIENT, "%s: the TLS handshake was not done in time; does it speak TLS?",
                               server->text);
        long verdict = SSL_get_verify_result(stream->ssl);
        if (verdict != X509_V_OK)
                return err_set(reterr, ERR_INVALID, "%s: its certificate is refused: %s; check redis.tls", server->text,
                               X509_verify_cert_error_string(verdict));
        unsigned long cause = ERR_peek_last_error();
        if (cause == 0)
                return err_set(reterr, ERR_TRANSIENT, "%s: closed the connection in the TLS handshake", server->text);
        const char *why = ERR_reason_error_string(cause);
        return err_set(reterr, ERR_INVALID, "%s: no TLS: %s; check redis.tls", server->text, why ? why : "unknown");
}

static enum err handshake(struct stream *stream, const struct stream_peer *peer, mono_ms deadline,
                          struct errmsg *reterr)
{
        const char *name = peer->tls_name && peer->tls_name[0] ? peer->tls_name : peer->server->host;
        bool is_address = text_address_family(name) != 0;
        stream->ssl = SSL_new(peer->tls);
        if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1)
                return err_set(reterr, ERR_TRANSIENT, "%s: no TLS session", peer->server->text);
        bool is_set = is_address
                          ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream->ssl), name) == 1
                          : SSL_set1_host(stream->ssl, name) == 1 && SSL_set_tlsext_host_name(stream->ssl, name) == 1;
        if (!is_set)
                return err_set(reterr, ERR_INVALID, "redis.tls: \"%.100s\" is no server name", name);
        for (;;) {
                ERR_clear_error();
                int status = SSL_connect(stream->ssl);
                if (status == 1)
                        return ERR_OK;
                enum stream_result result = tls_wait(stream, status, deadline);
                if (result != STREAM_OK)
                        return handshake_error(stream, peer->server, result, reterr);
        }
}

enum err stream_open(const struct stream_peer *peer, const struct net_address *address, mono_ms deadline,
                     struct stream *ret, struct errmsg *reterr)
{
        struct stream stream = {.fd = -1};
        enum err err = net_connect(peer->server, address, SOCK_STREAM, deadline, &stream.fd, reterr);
        if (err == ERR_OK && peer->tls)
                err = handshake(&stream, peer, deadline, reterr);
        if (err != ERR_OK) {
                stream_close(&stream);
                return err;
        }
        *ret = stream;
        return ERR_OK;
}
