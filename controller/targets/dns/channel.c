/* channel.c -- DNS over UDP and TCP with deadlines. */
#include "targets/dns/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/clock.h"
#include "targets/dns/pipeline.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum {
        RESEND_FIRST_MS = 400, /* then twice as long each time */
        MANY = 48
};

void channel_init(struct channel *channel, const struct net_endpoint *server)
{
        *channel = (struct channel){.server = *server, .udp = -1};
}

/* Also forgets the addresses: the next call looks the server's name up again. */
void channel_close(struct channel *channel)
{
        cleanup_fd(&channel->udp);
        channel->udp = -1;
        channel->addresses.count = 0;
        channel->at = 0;
        channel->is_proven = false;
}

static enum err look_up(struct channel *channel, mono_ms deadline, struct errmsg *reterr)
{
        return channel->addresses.count ? ERR_OK
                                        : net_look_up(&channel->server, deadline, &channel->addresses, reterr);
}

static void next_address(struct channel *channel)
{
        cleanup_fd(&channel->udp);
        channel->udp = -1;
        channel->at = (channel->at + 1) % channel->addresses.count;
        channel->is_proven = false;
}

/* Bytes that wait in a kept socket belong to earlier messages: late answers, and errors of other packets. */
static void drain(int fd)
{
        uint8_t byte;
        for (unsigned i = 0; i < 256; i++)
                if (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        return;
}

static enum err open_udp(struct channel *channel, mono_ms deadline, struct errmsg *reterr)
{
        enum err err = look_up(channel, deadline, reterr);
        if (err != ERR_OK)
                return err;
        if (channel->udp >= 0) {
                drain(channel->udp);
                return ERR_OK;
        }
        return net_connect(&channel->server, &channel->addresses.list[channel->at], SOCK_DGRAM, deadline, &channel->udp,
                           reterr);
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
static bool hand_out(struct message *messages, size_t count, const uint8_t *wire, size_t bytes)
{
        for (size_t i = 0; i < count; i++) {
                if (!needs_udp(&messages[i]))
                        continue;
                enum message_match match = message_accept(&messages[i], wire, bytes);
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
        uint8_t wire[DNS_UDP_MAX_BYTES]; /* the size that EDNS announces: a longer datagram is cut, and dropped */
        enum err err = ERR_OK;
        bool saw_forged = false;
        while (err == ERR_OK && count_udp(messages, count) > 0) {
                /* Waiting first, also where something is there: a flood must not outlast the deadline. */
                bool is_late = !net_wait(channel->udp, POLLIN, until) || clock_mono() > until;
                ssize_t got = is_late ? 0 : recv(channel->udp, wire, sizeof(wire), 0);
                if (got > 0)
                        saw_forged |= hand_out(messages, count, wire, (size_t)got);
                else if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                        err = err_set(reterr, ERR_TRANSIENT, "%s: %s", channel->server.text, strerrordesc_np(errno));
                else if (is_late)
                        err = err_set(reterr, ERR_UNKNOWN, "%s: no answer in time%s", channel->server.text,
                                      saw_forged ? " (answers without a right signature were dropped)" : "");
        }
        return err;
}

/* ERR_TRANSIENT: nothing was sent. ERR_UNKNOWN: something was, and not all is answered. */
static enum err exchange_tcp(const struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                             struct errmsg *reterr)
{
        CLEANUP(cleanup_fd) int fd = -1;
        enum err err = net_connect(&channel->server, &channel->addresses.list[channel->at], SOCK_STREAM, deadline, &fd,
                                   reterr);
        if (err == ERR_OK && !pipeline_exchange(fd, messages, count, deadline))
                err = err_set(reterr, ERR_UNKNOWN, "%s: no valid answer on TCP", channel->server.text);
        return err;
}

static size_t count_open(const struct message *messages, size_t count)
{
        size_t open = 0;
        for (size_t i = 0; i < count; i++)
                open += messages[i].answer ? 0 : 1;
        return open;
}

static bool is_update(const struct message *messages)
{
        return messages[0].opcode == LDNS_PACKET_UPDATE;
}

static enum err ask_tcp(struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                        struct errmsg *reterr)
{
        size_t open = count_open(messages, count);
        if (!open)
                return ERR_OK;
        enum err err = look_up(channel, deadline, reterr);
        unsigned addresses = channel->addresses.count;
        for (unsigned tried = 0; tried < addresses;) {
                const size_t before = open;
                err = exchange_tcp(channel, messages, count, net_share(deadline, addresses - tried), reterr);
                open = count_open(messages, count);
                if (err == ERR_OK || (err == ERR_UNKNOWN && is_update(messages)))
                        break;
                if (open < before) /* some servers answer only so many on one connection */
                        continue;
                tried++;
                next_address(channel);
        }
        channel->is_proven |= err == ERR_OK;
        return err;
}

/* One round with one address, by @until; ERR_UNKNOWN: not all is answered yet. */
static enum err ask_address(struct channel *channel, struct message *messages, size_t count, mono_ms until,
                            struct errmsg *reterr)
{
        enum err err = open_udp(channel, until, reterr);
        if (err != ERR_OK)
                return err;
        size_t open = count_udp(messages, count);
        send_open(channel, messages, count);
        err = collect(channel, messages, count, until, reterr);
        channel->is_proven |= count_udp(messages, count) < open;
        return err;
}

/*
 * Send, and send again what is still open, at an address that never answered to the next one; each time round waiting
 * twice as long. Every address that refuses in one round ends it: nothing listens.
 */
static enum err ask_udp(struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                        struct errmsg *reterr)
{
        enum err err = look_up(channel, deadline, reterr);
        unsigned refusals = 0;
        mono_ms pause = RESEND_FIRST_MS;
        for (unsigned tries = 1; channel->addresses.count; tries++) {
                unsigned addresses = channel->addresses.count;
                mono_ms now = clock_mono(), share = net_share(deadline, channel->is_proven ? 1 : addresses);
                err = ask_address(channel, messages, count, share - now < pause ? share : now + pause, reterr);
                refusals = err == ERR_TRANSIENT ? refusals + 1 : 0;
                if (err == ERR_OK || refusals == addresses || clock_mono() >= deadline)
                        break;
                if (!channel->is_proven)
                        next_address(channel);
                if (channel->is_proven || tries % addresses == 0)
                        pause *= 2;
        }
        if (err != ERR_OK)
                channel_close(channel);
        return err;
}

enum err channel_ask(struct channel *channel, struct message *messages, size_t count, mono_ms deadline,
                     struct errmsg *reterr)
{
        for (size_t i = 0; count >= MANY && i < count; i++)
                messages[i].use_tcp = true; /* a burst of datagrams overflows a socket somewhere */
        enum err err = count_udp(messages, count) > 0 ? ask_udp(channel, messages, count, deadline, reterr) : ERR_OK;
        if (err == ERR_OK)
                err = ask_tcp(channel, messages, count, deadline, reterr);
        return err == ERR_UNKNOWN ? ERR_TRANSIENT : err; /* a question changes nothing */
}

bool channel_may_update(struct channel *channel, mono_ms deadline)
{
        struct errmsg ignored; /* told by the update itself */
        return channel->is_proven || look_up(channel, deadline, &ignored) != ERR_OK || channel->addresses.count == 1;
}

enum err channel_update(struct channel *channel, struct message *update, mono_ms deadline, struct errmsg *reterr)
{
        if (update->use_tcp)
                return ask_tcp(channel, update, 1, deadline, reterr);
        enum err err = open_udp(channel, deadline, reterr);
        if (err != ERR_OK) {
                channel_close(channel);
                return err;
        }
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
