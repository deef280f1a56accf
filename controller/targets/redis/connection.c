/* connection.c -- connect, authenticate, command, reply. */
#include "targets/redis/connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/redis/stream.h"
#include "util/mem.h"
#include "util/text.h"

enum { RECEIVE_BYTES = 4096, ARGUMENTS_MAX = 16 };

static const struct connection_words lock_words = {.address_field = "redis.address",
                                                   .remedies = REPLY_REMEDIES_OF_LOCK};

struct connection {
        const struct connection_words *words;
        struct net_endpoint server;
        struct stream stream;
        struct reply_reader reader;
        SSL_CTX *tls;          /* NULL: plain */
        char *tls_server_name; /* NULL: the host */
        struct secret username;
        struct secret password;
        uint32_t db;
};

static void disconnect(struct connection *self)
{
        stream_close(&self->stream);
        reply_reader_deinit(&self->reader);
}

void connection_free(struct connection *self)
{
        if (!self)
                return;
        disconnect(self);
        SSL_CTX_free(self->tls);
        free(self->tls_server_name);
        secret_clear(&self->username);
        secret_clear(&self->password);
        free(self);
}

static enum err copy_credential(struct secret *to, const struct target_config *config, const char *name,
                                struct errmsg *reterr)
{
        const struct secret *from = target_credential_find(config, name);
        if (!from)
                return ERR_OK;
        secret_copy(to, from);
        if (to->count > 0 && strlen(to->bytes) != to->count)
                return err_set(reterr, ERR_INVALID, "redis Secret, field %s: holds a zero byte", name);
        return ERR_OK;
}

static enum err set_tls(struct connection *self, const struct target_config *config, struct errmsg *reterr)
{
        if (!text_equal(target_setting_find(config, "tls"), "true"))
                return ERR_OK;
        const struct tls_material material = {.ca = target_credential_find(config, "ca.crt"),
                                              .certificate = target_credential_find(config, "tls.crt"),
                                              .key = target_credential_find(config, "tls.key")};
        const char *server_name = target_setting_find(config, "serverName");
        if (server_name)
                self->tls_server_name = mem_strdup(server_name);
        return tls_context_new(&material, &self->tls, reterr);
}

enum err connection_point(struct connection *self, const char *address, struct errmsg *reterr)
{
        struct net_endpoint server;
        enum err err = net_endpoint_parse(address, 0, &server, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "%s", self->words->address_field);
        disconnect(self);
        self->server = server;
        return ERR_OK;
}

static enum err configure(struct connection *self, const struct target_config *config, struct errmsg *reterr)
{
        const char *address = target_setting_find(config, "address"), *db = target_setting_find(config, "db");
        enum err err = address ? connection_point(self, address, reterr) : ERR_OK;
        if (err != ERR_OK)
                return err;
        err = copy_credential(&self->username, config, "username", reterr);
        if (err == ERR_OK)
                err = copy_credential(&self->password, config, "password", reterr);
        if (err != ERR_OK)
                return err;
        if (self->username.count > 0 && self->password.count == 0)
                return err_set(reterr, ERR_INVALID, "redis Secret, field password: missing beside username");
        self->db = db ? (uint32_t)strtoul(db, NULL, 10) : 0;
        return set_tls(self, config, reterr);
}

enum err connection_new_for(const struct connection_words *words, const struct target_config *config,
                            struct connection **ret, struct errmsg *reterr)
{
        struct connection *self = mem_new(self);
        self->words = words;
        self->stream.fd = -1;
        enum err err = configure(self, config, reterr);
        if (err != ERR_OK) {
                connection_free(self);
                return err;
        }
        *ret = self;
        return ERR_OK;
}

enum err connection_new(const struct target_config *config, struct connection **ret, struct errmsg *reterr)
{
        return target_setting_find(config, "address")
                   ? connection_new_for(&lock_words, config, ret, reterr)
                   : err_set(reterr, ERR_INVALID, "%s is missing", lock_words.address_field);
}

enum err connection_refusal(const struct connection *self, const redisReply *reply, struct errmsg *reterr)
{
        return reply_error_for(self->server.text, &self->words->remedies, reply->str, reterr);
}

const char *connection_server(const struct connection *self)
{
        return self->server.text;
}

/* hiredis' text of one command; the caller wipes and frees it. */
static char *format(const struct connection_request *request, size_t *ret_bytes)
{
        const char *arguments[ARGUMENTS_MAX]; /* hiredis takes no array of const pointers */
        char *command = NULL;
        INVARIANT(request->argc <= ARGUMENTS_MAX);
        memcpy(arguments, request->argv, (size_t)request->argc * sizeof(arguments[0]));
        const long long bytes = redisFormatCommandArgv(&command, request->argc, arguments, NULL);
        INVARIANT(bytes > 0);
        *ret_bytes = (size_t)bytes;
        return command;
}

enum err connection_send_all(struct connection *self, const struct connection_request *requests, size_t count,
                             mono_ms deadline, struct errmsg *reterr)
{
        char *commands[CONNECTION_REQUESTS_MAX];
        size_t bytes[CONNECTION_REQUESTS_MAX], total = 0, at = 0;
        INVARIANT(count <= CONNECTION_REQUESTS_MAX);
        for (size_t i = 0; i < count; i++) {
                commands[i] = format(&requests[i], &bytes[i]);
                total += bytes[i];
        }
        char *all = mem_calloc(total + 1, 1);
        for (size_t i = 0; i < count; i++) {
                memcpy(all + at, commands[i], bytes[i]);
                at += bytes[i];
                secret_wipe(commands[i], bytes[i]); /* it may be the password */
                redisFreeCommand(commands[i]);
        }
        const enum stream_result result = stream_send(&self->stream, all, total, deadline);
        secret_wipe(all, total);
        free(all);
        if (result == STREAM_OK)
                return ERR_OK;
        disconnect(self);
        return err_set(reterr, ERR_TRANSIENT, "%s: %s", self->server.text,
                       result == STREAM_LATE ? "takes no data" : "closed the connection");
}

enum err connection_send(struct connection *self, int argc, const char *const *argv, mono_ms deadline,
                         struct errmsg *reterr)
{
        const struct connection_request request = {argc, argv};
        return connection_send_all(self, &request, 1, deadline, reterr);
}

static enum err receive_reply(struct connection *self, mono_ms deadline, redisReply **ret, struct errmsg *reterr)
{
        char buffer[RECEIVE_BYTES];
        for (;;) {
                enum err err = reply_take(&self->reader, ret, reterr);
                if (err != ERR_OK || *ret)
                        return err;
                size_t count = 0;
                enum stream_result result = stream_receive(&self->stream, buffer, sizeof(buffer), deadline, &count);
                if (result != STREAM_OK)
                        return err_set(reterr, ERR_UNKNOWN, "%s: %s", self->server.text,
                                       result == STREAM_LATE ? "no reply in time"
                                                             : "closed the connection without a reply");
                err = reply_feed(&self->reader, buffer, count, reterr);
                if (err != ERR_OK)
                        return err;
        }
}

enum err connection_receive(struct connection *self, mono_ms deadline, redisReply **ret, struct errmsg *reterr)
{
        redisReply *reply = NULL;
        enum err err = self->stream.fd < 0 ? err_set(reterr, ERR_UNKNOWN, "%s: closed the connection without a reply",
                                                     self->server.text)
                                           : receive_reply(self, deadline, &reply, reterr);
        if (err == ERR_INVALID)
                err = err_wrap(reterr, err, "%s", self->server.text);
        if (err != ERR_OK)
                disconnect(self);
        else
                *ret = reply;
        return err;
}

enum err connection_command(struct connection *self, int argc, const char *const *argv, mono_ms deadline,
                            redisReply **ret, struct errmsg *reterr)
{
        enum err err = connection_send(self, argc, argv, deadline, reterr);
        return err == ERR_OK ? connection_receive(self, deadline, ret, reterr) : err;
}

/* One command of the greeting, which must be answered with OK. */
static enum err greet(struct connection *self, int argc, const char *const *argv, mono_ms deadline,
                      struct errmsg *reterr)
{
        redisReply *reply = NULL;
        enum err err = connection_command(self, argc, argv, deadline, &reply, reterr);
        if (err == ERR_UNKNOWN)
                return ERR_TRANSIENT; /* it only concerned this connection */
        if (err != ERR_OK)
                return err;
        if (reply->type == REDIS_REPLY_ERROR)
                err = connection_refusal(self, reply, reterr);
        bool is_auth = strcmp(argv[0], "AUTH") == 0;
        if (err == ERR_INVALID &&
            is_auth) /* older servers answer a wrong password, and one where none is set, with -ERR */
                err = err_set(reterr, ERR_DENIED, "%s: %.100s: check %s", self->server.text, reply->str,
                              self->words->remedies.secret_field);
        freeReplyObject(reply);
        return err;
}

static enum err authenticate(struct connection *self, mono_ms deadline, struct errmsg *reterr)
{
        if (self->password.count == 0)
                return ERR_OK;
        const char *with_user[] = {"AUTH", self->username.bytes, self->password.bytes};
        const char *without_user[] = {"AUTH", self->password.bytes};
        return self->username.count > 0 ? greet(self, 3, with_user, deadline, reterr)
                                        : greet(self, 2, without_user, deadline, reterr);
}

static enum err select_db(struct connection *self, mono_ms deadline, struct errmsg *reterr)
{
        if (self->db == 0)
                return ERR_OK; /* where every connection begins; so cluster-unaware proxies and narrow users need no
                                  SELECT */
        char db[sizeof("4294967295")];
        (void)snprintf(db, sizeof(db), "%" PRIu32, self->db);
        const char *command[] = {"SELECT", db};
        return greet(self, 2, command, deadline, reterr);
}

/* An accepted connection proves little (a proxy accepts for a server that is down). Where there is another address to
 * try, the server must answer a PING as well. */
static enum err prove(struct connection *self, mono_ms deadline, struct errmsg *reterr)
{
        static const char *const command[] = {"PING"};
        redisReply *reply = NULL;
        enum err err = connection_command(self, 1, command, deadline, &reply, reterr);
        if (err != ERR_OK)
                return err == ERR_UNKNOWN ? ERR_TRANSIENT : err;
        if (reply->type == REDIS_REPLY_ERROR)
                err = connection_refusal(self, reply, reterr);
        freeReplyObject(reply);
        return err == ERR_TRANSIENT ? err : ERR_OK; /* a user without the right to PING was answered, too */
}

static enum err connect_to(struct connection *self, const struct net_address *address, bool is_only_one,
                           mono_ms deadline, struct errmsg *reterr)
{
        const struct stream_peer peer = {.server = &self->server, .tls = self->tls, .tls_name = self->tls_server_name};
        enum err err = stream_open(&peer, address, deadline, &self->stream, reterr);
        if (err != ERR_OK)
                return err;
        reply_reader_init(&self->reader);
        err = authenticate(self, deadline, reterr);
        if (err == ERR_OK)
                err = select_db(self, deadline, reterr);
        if (err == ERR_OK && !is_only_one)
                err = prove(self, deadline, reterr);
        if (err != ERR_OK)
                disconnect(self);
        return err;
}

enum err connection_ready(struct connection *self, mono_ms deadline, struct errmsg *reterr)
{
        if (self->stream.fd >= 0 && stream_is_idle(&self->stream))
                return ERR_OK;
        disconnect(self);
        struct net_addresses addresses;
        enum err err = net_look_up(&self->server, deadline, &addresses, reterr);
        if (err != ERR_OK)
                return err;
        err = ERR_TRANSIENT;
        for (unsigned i = 0; i < addresses.count && err == ERR_TRANSIENT; i++)
                err = connect_to(self, &addresses.list[i], addresses.count == 1,
                                 net_share(deadline, addresses.count - i), reterr);
        return err;
}
