/* user_rights.c -- the script that asks which commands a user may run. */
#include "targets/redis/user_rights.h"

#include <string.h>

#include "util/cleanup.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { SCRIPT_MAX_BYTES = 2048, ARGUMENTS = 3 };

static void free_reply(redisReply **reply)
{
        if (*reply)
                freeReplyObject(*reply);
}

bool user_rights_is_too_old(const char *error)
{
        return strstr(error, "compiling script") != NULL || strstr(error, "acl_check_cmd") != NULL;
}

enum err user_rights_ask(struct connection *connection, const struct user_rights_question *question, mono_ms deadline,
                         struct user_rights_answer *ret, struct errmsg *reterr)
{
        static const char *const counts[RIGHTS_KEYS_MAX + 1] = {"0", "1", "2"};
        CLEANUP(strbuf_deinit) struct strbuf script = STRBUF_INIT(SCRIPT_MAX_BYTES);
        CLEANUP(free_reply) redisReply *reply = NULL;
        (void)strbuf_printf(&script,
                            "#!lua%s%s\n"
                            "for _, command in ipairs({%s}) do\n"
                            "  if not redis.acl_check_cmd(unpack(command)) then return command[1] end\n"
                            "end\n"
                            "return 'may'\n",
                            question->flags[0] ? " " : "", question->flags, question->wanted);
        const char *argv[ARGUMENTS + RIGHTS_KEYS_MAX] = {"EVAL", strbuf_text(&script), counts[question->key_count]};
        const unsigned texts = question->key_count + question->argument_count;
        for (unsigned i = 0; i < texts; i++)
                argv[ARGUMENTS + i] = question->keys[i];
        *ret = (struct user_rights_answer){0};
        enum err err = connection_ready(connection, deadline, reterr);
        if (err == ERR_OK)
                err = connection_command(connection, ARGUMENTS + (int)texts, argv, deadline, &reply,
                                         reterr);
        if (err != ERR_OK)
                return ERR_TRANSIENT;
        if (reply->type == REDIS_REPLY_ERROR)
                (void)TEXT_COPY(ret->error, reply->str);
        else if (!reply_is_text(reply))
                return err_set(reterr, ERR_TRANSIENT, "%s: an answer that the operator's script never gives",
                               connection_server(connection));
        else if (!text_equal(reply->str, "may"))
                (void)TEXT_COPY(ret->lacking, reply->str);
        return ERR_OK;
}
