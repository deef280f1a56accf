/* redis_eyes.c -- replies of real servers, as lines. */
#include "redis_eyes.h"

#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum { EYES_PATIENCE_MS = 30000, POLL_US = 50000, ANSWER_S = 5, OUTPUT_MAX_BYTES = 65536 };

static void print(const redisReply *reply, struct strbuf *to)
{
        if (reply->type == REDIS_REPLY_INTEGER)
                (void)strbuf_printf(to, "%lld\n", reply->integer);
        else if (reply->type == REDIS_REPLY_ARRAY)
                for (size_t i = 0; i < reply->elements; i++)
                        print(reply->element[i], to);
        else
                (void)strbuf_printf(to, "%s\n", reply->str ? reply->str : "");
}

char *redis_tries(const char *port, const char *command)
{
        const struct timeval most = {.tv_sec = ANSWER_S};
        redisContext *context = redisConnectWithTimeout("127.0.0.1", atoi(port), most);
        redisReply *reply = NULL;
        if (context && !context->err && redisSetTimeout(context, most) == REDIS_OK)
                reply = redisCommand(context, command);
        char *text = NULL;
        if (reply) {
                struct strbuf lines = STRBUF_INIT(OUTPUT_MAX_BYTES);
                print(reply, &lines);
                text = strbuf_take(&lines);
                const size_t bytes = strlen(text);
                if (bytes > 0)
                        text[bytes - 1] = '\0'; /* each line ends */
                freeReplyObject(reply);
        }
        redisFree(context);
        return text;
}

char *redis_says(const char *port, const char *command)
{
        for (const mono_ms deadline = in_ms(EYES_PATIENCE_MS);;) {
                char *text = redis_tries(port, command);
                if (text)
                        return text;
                if (clock_mono() > deadline)
                        fail_msg("port %s never answers %s", port, command);
                (void)usleep(POLL_US);
        }
}

void redis_comes_to_say(const char *port, const char *command, const char *part)
{
        for (const mono_ms deadline = in_ms(EYES_PATIENCE_MS);;) {
                char *text = redis_says(port, command);
                const bool is_said = strstr(text, part) != NULL;
                if (!is_said && clock_mono() > deadline)
                        fail_msg("port %s, %s: never \"%s\": %s", port, command, part, text);
                free(text);
                if (is_said)
                        return;
                (void)usleep(POLL_US);
        }
}
