/* reply.c -- bounded reading of replies; error words to classes. */
#include "targets/redis/reply.h"

#include <string.h>

#include "util/mem.h"
#include "util/text.h"

/* hiredis changed the type of the count with 1.0. */
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

static void *create_bounded_array(const redisReadTask *task, element_count elements)
{
        struct reply_reader *self = task->privdata;
        if (elements > REPLY_ARRAY_MAX || (size_t)elements > REPLY_MAX_ELEMENTS - self->elements)
                return NULL;
        self->elements += (size_t)elements;
        return self->plain.createArray(task, elements);
}

void reply_reader_init(struct reply_reader *self)
{
        *self = (struct reply_reader){.reader = redisReaderCreate()};
        INVARIANT(self->reader);
        self->plain = *self->reader->fn;
        self->bounded = self->plain;
        self->bounded.createArray = create_bounded_array;
        self->reader->fn = &self->bounded;
        self->reader->privdata = self;
}

void reply_reader_deinit(struct reply_reader *self)
{
        if (self->reader)
                redisReaderFree(self->reader);
        *self = (struct reply_reader){0};
}

enum err reply_feed(struct reply_reader *self, const char *bytes, size_t count, struct errmsg *reterr)
{
        if (count > REPLY_MAX_BYTES - self->bytes)
                return err_set(reterr, ERR_INVALID, "a reply of more than %d bytes: is this a Redis server?",
                               REPLY_MAX_BYTES);
        self->bytes += count;
        if (redisReaderFeed(self->reader, bytes, count) != REDIS_OK)
                return err_set(reterr, ERR_INVALID, "an unreadable reply: %s", self->reader->errstr);
        return ERR_OK;
}

enum err reply_take(struct reply_reader *self, redisReply **ret, struct errmsg *reterr)
{
        void *reply = NULL;
        if (redisReaderGetReply(self->reader, &reply) != REDIS_OK)
                return err_set(reterr, ERR_INVALID, "not the Redis protocol (%s); is the address right, is TLS needed?",
                               self->reader->errstr);
        if (reply)
                self->bytes = self->elements = 0;
        *ret = reply;
        return ERR_OK;
}

bool reply_is_text(const redisReply *reply)
{
        return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
}

/* The first word of an error; errors that a script met carry it further inside, behind a '-' or as this sentence. */
struct meaning {
        const char *word;
        enum err err;
        const char *remedy;
};

enum { WORDS_BYTES = 160 };

/* Remedies that differ from server to server. */
#define SECRET_FIELD NULL
#define RIGHTS ""

static const struct meaning meanings[] = {
    {"NOAUTH", ERR_DENIED, SECRET_FIELD},
    {"WRONGPASS", ERR_DENIED, "check username and password in the Secret"},
    {"NOPERM", ERR_DENIED, RIGHTS},
    {"DENIED", ERR_DENIED, "the server is in protected mode: give it a password"},
    {"READONLY", ERR_TRANSIENT, "it is a replica: promote it or point redis.address at the primary"},
    {"LOADING", ERR_TRANSIENT, "it is loading its data"},
    {"MASTERDOWN", ERR_TRANSIENT, "it is a replica without its primary"},
    {"MISCONF", ERR_TRANSIENT, "it cannot save to disk and takes no writes"},
    {"NOREPLICAS", ERR_TRANSIENT, "too few replicas for min-replicas-to-write"},
    {"CLUSTERDOWN", ERR_TRANSIENT, "the cluster is down"},
    {"BUSY", ERR_TRANSIENT, "it is busy with a script, which `redis-cli SCRIPT KILL` ends unless it has written"},
    {"TRYAGAIN", ERR_TRANSIENT, "its slots are moving"},
    {"OOM", ERR_TRANSIENT, "it is out of memory (maxmemory)"},
    {"MOVED", ERR_INVALID, "point redis.address at a server without cluster mode, which is not supported"},
    {"ASK", ERR_INVALID, "point redis.address at a server without cluster mode, which is not supported"},
    {"CROSSSLOT", ERR_INVALID, "point redis.address at a server without cluster mode, which is not supported"},
    {"WRONGTYPE", ERR_INVALID, "the lock's key holds something else than a text"},
    {"ERR max number of clients", ERR_TRANSIENT, "it has too many clients"},
    {"ERR The user executing the script", ERR_DENIED, "grant the user +type +pttl +get +mset"},
    {"ERR ACL failure in script:", ERR_DENIED, "grant the user +type +pttl +get +mset"}, /* Redis 7.2, Valkey */
    {"ERR DB index", ERR_INVALID, "check redis.db"},
    {"ERR invalid DB index", ERR_INVALID, "check redis.db"},
    {"ERR unknown command", ERR_INVALID, "the server must know EVAL: no proxy in between that does not"},
};

/* Is @word at the start, or where a script's own error begins ("... -READONLY You can't ...")? */
static bool names(const char *text, const char *word)
{
        size_t bytes = strlen(word);
        if (text[0] == '-')
                text++;
        for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
                bool starts = at == text || at[-1] == '-' || (at - text >= 2 && at[-2] == ':' && at[-1] == ' ');
                if (starts && (at[bytes] == ' ' || at[bytes] == '\0'))
                        return true;
        }
        return false;
}

/* As far as there is room, and never in the middle of a word. */
static const char *whole_words(const char *text, char ret[WORDS_BYTES], size_t max)
{
        size_t bytes = strlen(text);
        size_t kept = bytes <= max ? bytes : max;
        while (kept < bytes && kept > max / 2 && text[kept] != ' ')
                kept--;
        (void)snprintf(ret, WORDS_BYTES, "%.*s%s", (int)kept, text, kept < bytes ? " ..." : "");
        return ret;
}

enum err reply_error_for(const char *server, const struct reply_remedies *remedies, const char *text,
                         struct errmsg *reterr)
{
        char words[WORDS_BYTES];
        for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
                const struct meaning *meaning = &meanings[i];
                if (!names(text, meaning->word))
                        continue;
                const char *said = whole_words(text, words, 90);
                if (!meaning->remedy)
                        return err_set(reterr, meaning->err, "%s: %s: set %s", server, said, remedies->secret_field);
                return err_set(reterr, meaning->err, "%s: %s: %s", server, said,
                               meaning->remedy[0] ? meaning->remedy : remedies->rights);
        }
        return err_set(reterr, ERR_INVALID, "%s: unexpected error: %s", server, whole_words(text, words, 120));
}

enum err reply_error(const char *server, const char *text, struct errmsg *reterr)
{
        static const struct reply_remedies of_lock = REPLY_REMEDIES_OF_LOCK;
        return reply_error_for(server, &of_lock, text, reterr);
}
