/* channel.c -- DNS over UDP and TCP with deadlines. */
#include "target/dns/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum { RESEND_FIRST_MS = 400 }; /* then twice as long each time */

void channel_init(struct channel *channel, const struct net_endpoint *server, const struct tsig_key *key)
{
        *channel = (struct channel){.server = *server, .key = key, .udp = -1};
}

void channel_close(struct channel *channel)
{
        cleanup_fd(&channel->udp);
        channel->udp = -1;
}

/* What waits in a warm socket belongs to earlier messages: late answers, and errors that must not be taken for ours. */
static void drain(int fd)
{
        uint8_t byte;
        for (unsigned i = 0; i < 256; i++)
                if (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        return;
}

static enum err open_udp(struct channel *channel, mono_ms deadline, struct errmsg *reterr)
{
        if (channel->udp >= 0) {
                drain(channel->udp);
                return ERR_OK;
        }
        return net_connect(&channel->server, SOCK_DGRAM, deadline, &channel->udp, reterr);
}

static bool send_datagram(int fd, const struct message *message)
{
        return send(fd, message->wire, message->bytes, MSG_NOSIGNAL) == (ssize_t)message->bytes;
}

static bool needs_udp(const struct message *message)
{
        return !message->answer && !message->use_tcp;
}

static size_t count_udp(const struct message *messages, size_t count)
{
        size_t open = 0;
        for (size_t i = 0; i < count; i++)
                open += needs_udp(&messages[i]) ? 1 : 0;
        return open;
}

static void send_open(struct channel *channel, const struct message *messages, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (needs_udp(&messages[i]))
                        (void)send_datagram(channel->udp, &messages[i]); /* lost or refused: the wait tells */
}

/* Give a datagram to the message that it answers; true if it claims to answer one but is not genuine. */
static bool hand_out(const struct channel *channel, struct message *messages, size_t count, const uint8_t *wire,
                     size_t bytes)
{
        for (size_t i = 0; i < count; i++) {
                if (!needs_udp(&messages[i]))
                        continue;
                enum message_match match = message_accept(&messages[i], channel->key, wire, bytes);
                if (match == MESSAGE_OTHER)
                        continue;
                messages[i].use_tcp |= match == MESSAGE_TRUNCATED;
                return match == MESSAGE_FORGED;
        }
        return false;
}

/* Take in datagrams until all open messages are answered or @until; ERR_UNKNOWN: not yet. */
static enum err collect(struct channel *channel, struct message *messages, size_t count, mono_ms until,
                        struct errmsg *reterr)
{
        uint8_t wire[DNS_UDP_MAX_BYTES]; /* we say that we take no more: a longer datagram is cut and dropped */
        enum err err = ERR_OK;
        bool saw_forged = false;
        while (err == ERR_OK && count_udp(messages, count) > 0) {
                /* Waiting first, also where something is there: a flood must not outlast the deadline. */
                bool is_late = !net_wait(channel->udp, POLLIN, until) || clock_mono() > until;
                ssize_t got = is_late ? 0 : recv(channel->udp, wire, sizeof(wire), 0);
                if (got > 0)
                        saw_forged |= hand_out(channel, messages, count, wire, (size_t)got);
                else if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                        err = err_set(reterr, ERR_TRANSIENT, "%s: %s", channel->server.text, strerrordesc_np(errno));
                else if (is_late)
                        err = err_set(reterr, ERR_UNKNOWN, "%s: no answer in time%s", channel->server.text,
                                      saw_forged ? " (answers without a right signature were dropped)" : "");
        }
        return err;
}

static bool tcp_move(int fd, uint8_t *bytes, size_t count, bool is_send, mono_ms deadline)
{
        for (size_t done = 0; done < count;) {
                ssize_t moved = is_send ? send(fd, bytes + done, count - done, MSG_NOSIGNAL)
                                        : recv(fd, bytes + done, count - done, 0);
                if (moved > 0)
                        done += (size_t)moved;
                else if (moved == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
                        return false;
                else if (!net_wait(fd, is_send ? POLLOUT : POLLIN, deadline))
                        return false;
        }
        return true;
}

static bool tcp_send(int fd, const struct message *message, mono_ms deadline)
{
        uint8_t *framed = mem_calloc(message->bytes + 2, 1);
        framed[0] = (uint8_t)(message->bytes >> 8);
        framed[1] = (uint8_t)message->bytes;
        memcpy(framed + 2, message->wire, message->bytes);
        bool is_sent = tcp_move(fd, framed, message->bytes + 2, true, deadline);
        free(framed);
        return is_sent;
}

static bool tcp_receive(int fd, const struct channel *channel, struct message *message, mono_ms deadline)
{
        uint8_t length[2];
        if (!tcp_move(fd, length, sizeof(length), false, deadline))
                return false;
        size_t bytes = (size_t)length[0] << 8 | length[1];
        uint8_t *wire = mem_calloc(bytes, 1);
        bool is_answered = tcp_move(fd, wire, bytes, false, deadline) &&
                           message_accept(message, channel->key, wire, bytes) == MESSAGE_ACCEPTED;
        free(wire);
        return is_answered;
}

static enum err ask_tcp(const struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                        struct errmsg *reterr)
{
        CLEANUP(cleanup_fd) int fd = -1;
        for (size_t i = 0; i < count; i++) {
                if (messages[i].answer)
                        continue;
                enum err err = fd >= 0 ? ERR_OK : net_connect(&channel->server, SOCK_STREAM, deadline, &fd, reterr);
                if (err != ERR_OK)
                        return err;
                if (!tcp_send(fd, &messages[i], deadline) || !tcp_receive(fd, channel, &messages[i], deadline))
                        return err_set(reterr, ERR_UNKNOWN, "%s: no valid answer on TCP", channel->server.text);
        }
        return ERR_OK;
}

/* Send, and send again what is still open, each time waiting twice as long. */
static enum err ask_udp(struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                        struct errmsg *reterr)
{
        enum err err = open_udp(channel, deadline, reterr);
        if (err != ERR_OK)
                return err;
        err = ERR_UNKNOWN;
        for (mono_ms pause = RESEND_FIRST_MS; err == ERR_UNKNOWN; pause *= 2) {
                mono_ms now = clock_mono();
                send_open(channel, messages, count);
                err = collect(channel, messages, count, deadline - now < pause ? deadline : now + pause, reterr);
                if (clock_mono() >= deadline)
                        break;
        }
        if (err != ERR_OK)
                channel_close(channel); /* the next call looks the server's name up again */
        return err;
}

enum err channel_ask(struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                     struct errmsg *reterr)
{
        enum err err = count_udp(messages, count) > 0 ? ask_udp(channel, messages, count, deadline, reterr) : ERR_OK;
        if (err == ERR_OK)
                err = ask_tcp(channel, messages, count, deadline, reterr);
        return err == ERR_UNKNOWN ? ERR_TRANSIENT : err; /* a question changes nothing */
}

enum err channel_update(struct channel *channel, struct message *update, mono_ms deadline, struct errmsg *reterr)
{
        if (update->use_tcp)
                return ask_tcp(channel, update, 1, deadline, reterr);
        enum err err = open_udp(channel, deadline, reterr);
        if (err != ERR_OK)
                return err;
        if (!send_datagram(channel->udp, update)) {
                err = err_set(reterr, ERR_TRANSIENT, "%s: %s", channel->server.text, strerrordesc_np(errno));
                channel_close(channel);
                return err;
        }
        err = collect(channel, update, 1, deadline, reterr);
        if (err == ERR_OK)
                return ERR_OK;
        channel_close(channel);
        return ERR_UNKNOWN; /* an ICMP error after sending may be about another packet: only an answer is proof */
}
