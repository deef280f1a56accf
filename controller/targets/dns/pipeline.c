/* pipeline.c -- many messages on one TCP connection. */
#include "targets/dns/pipeline.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "targets/net.h"
#include "util/mem.h"

enum {
        WINDOW = 32, /* under way at a time: servers read no further while they have so many to answer (BIND: 23) */
        REFILL = 16, /* answered before the next are sent */
        PREFIX_BYTES = 2
};

static bool move_bytes(int fd, uint8_t *bytes, size_t count, bool is_send, mono_ms deadline)
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

/* In one piece: each message in a packet of its own would cost a wake-up of the server each. */
static bool send_all(int fd, struct message *const *open, size_t count, mono_ms deadline)
{
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++)
                bytes += PREFIX_BYTES + open[i]->bytes;
        uint8_t *framed = mem_calloc(bytes, 1), *at = framed;
        for (size_t i = 0; i < count; i++) {
                *at++ = (uint8_t)(open[i]->bytes >> 8);
                *at++ = (uint8_t)open[i]->bytes;
                memcpy(at, open[i]->wire, open[i]->bytes);
                at += open[i]->bytes;
        }
        bool is_sent = move_bytes(fd, framed, bytes, true, deadline);
        free(framed);
        return is_sent;
}

/* An answer that belongs to none of those sent ends the connection: what follows it cannot be trusted to be in step. */
static bool receive_one(int fd, struct message *const *open, size_t sent, mono_ms deadline)
{
        uint8_t length[PREFIX_BYTES];
        if (!move_bytes(fd, length, sizeof(length), false, deadline))
                return false;
        size_t bytes = (size_t)length[0] << 8 | length[1];
        uint8_t *wire = mem_calloc(bytes + 1, 1);
        bool is_accepted = false;
        if (move_bytes(fd, wire, bytes, false, deadline))
                for (size_t i = 0; i < sent && !is_accepted; i++)
                        is_accepted = !open[i]->answer && message_accept(open[i], wire, bytes) == MESSAGE_ACCEPTED;
        free(wire);
        return is_accepted;
}

static bool exchange(int fd, struct message *const *open, size_t count, mono_ms deadline)
{
        for (size_t sent = 0, answered = 0; answered < count; answered++) {
                if (sent < count && sent - answered <= WINDOW - REFILL) {
                        const size_t more = answered + WINDOW < count ? answered + WINDOW - sent : count - sent;
                        if (!send_all(fd, open + sent, more, deadline))
                                return false;
                        sent += more;
                }
                if (!receive_one(fd, open, sent, deadline))
                        return false;
        }
        return true;
}

bool pipeline_exchange(int fd, struct message *messages, size_t count, mono_ms deadline)
{
        struct message **open = mem_calloc(count, sizeof(struct message *));
        size_t open_count = 0;
        for (size_t i = 0; i < count; i++)
                if (!messages[i].answer)
                        open[open_count++] = &messages[i];
        bool is_done = exchange(fd, open, open_count, deadline);
        free(open);
        return is_done;
}
