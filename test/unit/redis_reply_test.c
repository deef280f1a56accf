/* redis_reply_test.c -- replies read in bounded memory, error words to classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/redis/lock.h"
#include "targets/redis/reply.h"

/* Feeds @text in pieces of @step and returns what reply_take() says at the end. */
static enum err read_reply(const char *text, size_t step, redisReply **ret, struct errmsg *error)
{
        struct reply_reader reader;
        reply_reader_init(&reader);
        enum err err = ERR_OK;
        *ret = NULL;
        for (size_t at = 0, bytes = strlen(text); at < bytes && err == ERR_OK && !*ret; at += step) {
                err = reply_feed(&reader, text + at, bytes - at < step ? bytes - at : step, error);
                if (err == ERR_OK)
                        err = reply_take(&reader, ret, error);
        }
        reply_reader_deinit(&reader);
        return err;
}

static void replies_arrive_in_any_pieces(void **state)
{
        (void)state;
        const char *text = "*3\r\n$4\r\nread\r\n$-1\r\n$5\r\nv=pk1\r\n";
        for (size_t step = 1; step <= strlen(text); step++) {
                redisReply *reply = NULL;
                assert_int_equal(read_reply(text, step, &reply, NULL), ERR_OK);
                assert_non_null(reply);
                assert_int_equal(reply->elements, 3);
                assert_true(reply_is_text(reply->element[0]));
                assert_false(reply_is_text(reply->element[1]));
                assert_string_equal(reply->element[2]->str, "v=pk1");
                freeReplyObject(reply);
        }
}

static void unfinished_reply_is_awaited(void **state)
{
        (void)state;
        static const char *const texts[] = {"$1073741824\r\nabc", "*3\r\n", "+OK", "*128\r\n$1\r\na\r\n"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                redisReply *reply = NULL;
                assert_int_equal(read_reply(texts[i], 4, &reply, NULL), ERR_OK);
                assert_null(reply);
        }
}

static void what_is_no_reply_of_ours_is_refused(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "HTTP/1.1 400 Bad Request\r\n\r\n",
            "*129\r\n",
            "*1073741824\r\n",
            "*4294967296\r\n",
            "*9223372036854775807\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+deep\r\n",
            "$99999999999999999999\r\n",
            "\x15\x03\x03\x00\x02\x02\x28",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                redisReply *reply = NULL;
                struct errmsg error = {0};
                if (read_reply(texts[i], 64, &reply, &error) != ERR_INVALID)
                        fail_msg("taken for a reply: %s", texts[i]);
                assert_non_null(strstr(error.text, "not the Redis protocol"));
        }
}

/* Arrays in arrays: each is short, and all of them together would not be. */
static void elements_of_all_arrays_are_bounded(void **state)
{
        (void)state;
        struct reply_reader reader;
        struct errmsg error = {0};
        redisReply *reply = NULL;
        reply_reader_init(&reader);
        enum err err = reply_feed(&reader, "*100\r\n", 6, NULL);
        size_t arrays = 0;
        for (; err == ERR_OK && arrays < 100; arrays++) {
                for (size_t i = 0; i < 101 && err == ERR_OK; i++)
                        err = reply_feed(&reader, i ? "+x\r\n" : "*100\r\n", i ? 4 : 6, NULL);
                if (err == ERR_OK)
                        err = reply_take(&reader, &reply, &error);
        }
        assert_int_equal(err, ERR_INVALID);
        assert_null(reply);
        assert_in_range(arrays, 30, REPLY_MAX_ELEMENTS / 100 + 1);
        reply_reader_deinit(&reader);
}

static void endless_reply_is_cut_off(void **state)
{
        (void)state;
        struct reply_reader reader;
        reply_reader_init(&reader);
        static char chunk[65536];
        memset(chunk, 'x', sizeof(chunk));
        enum err err = reply_feed(&reader, "$1073741824\r\n", 13, NULL);
        size_t fed = 0;
        while (err == ERR_OK && fed < 4 * (size_t)REPLY_MAX_BYTES) {
                redisReply *reply = NULL;
                assert_int_equal(reply_take(&reader, &reply, NULL), ERR_OK);
                assert_null(reply);
                err = reply_feed(&reader, chunk, sizeof(chunk), NULL);
                fed += sizeof(chunk);
        }
        assert_int_equal(err, ERR_INVALID);
        assert_in_range(fed, 1, REPLY_MAX_BYTES + sizeof(chunk));
        reply_reader_deinit(&reader);
}

static void many_replies_do_not_add_up(void **state)
{
        (void)state;
        struct reply_reader reader;
        reply_reader_init(&reader);
        for (size_t i = 0; i < (size_t)REPLY_MAX_BYTES; i++) {
                redisReply *reply = NULL;
                assert_int_equal(reply_feed(&reader, "+OK\r\n", 5, NULL), ERR_OK);
                assert_int_equal(reply_take(&reader, &reply, NULL), ERR_OK);
                assert_non_null(reply);
                freeReplyObject(reply);
        }
        reply_reader_deinit(&reader);
}

static void error_words_have_classes(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                enum err err;
                const char *part;
        } cases[] = {
            {"NOAUTH Authentication required.", ERR_DENIED, "authSecretRef"},
            {"WRONGPASS invalid username-password pair or user is disabled.", ERR_DENIED, "username and password"},
            {"NOPERM User keeper has no permissions to run the 'eval' command", ERR_DENIED, "grant"},
            {"ERR The user executing the script can't run this command or subcommand script: f", ERR_DENIED, "grant"},
            {"ERR ACL failure in script: User reader has no permissions to run the 'mset' command script: f", ERR_DENIED, "grant"},
            {"READONLY You can't write against a read only replica.", ERR_TRANSIENT, "READONLY"},
            {"ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -READONLY You can't write",
             ERR_TRANSIENT, "replica"},
            {"LOADING Redis is loading the dataset in memory", ERR_TRANSIENT, "LOADING"},
            {"MISCONF Redis is configured to save RDB snapshots", ERR_TRANSIENT, "MISCONF"},
            {"NOREPLICAS Not enough good replicas to write.", ERR_TRANSIENT, "NOREPLICAS"},
            {"CLUSTERDOWN Hash slot not served", ERR_TRANSIENT, "CLUSTERDOWN"},
            {"MASTERDOWN Link with MASTER is down", ERR_TRANSIENT, "MASTERDOWN"},
            {"BUSY Redis is busy running a script.", ERR_TRANSIENT, "BUSY"},
            {"OOM command not allowed when used memory > 'maxmemory'.", ERR_TRANSIENT, "OOM"},
            {"MOVED 3999 127.0.0.1:6381", ERR_INVALID, "cluster mode"},
            {"ASK 3999 127.0.0.1:6381", ERR_INVALID, "cluster mode"},
            {"ERR DB index is out of range", ERR_INVALID, "redis.db"},
            {"ERR max number of clients reached", ERR_TRANSIENT, "clients"},
            {"ERR unknown command 'EVAL', with args beginning with:", ERR_INVALID, "EVAL"},
            {"DENIED Redis is running in protected mode", ERR_DENIED, "protected"},
            {"WHATEVER else", ERR_INVALID, "unexpected error: WHATEVER else"},
            {"ERR the word READONLYISH is none", ERR_INVALID, "unexpected"},
            {"", ERR_INVALID, "unexpected"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct errmsg error = {0};
                enum err err = reply_error("redis:6379", cases[i].text, &error);
                if (err != cases[i].err || !strstr(error.text, cases[i].part) ||
                    strncmp(error.text, "redis:6379: ", 12) != 0)
                        fail_msg("\"%s\" is %s: %s", cases[i].text, err_name(err), error.text);
        }
}

static void test_long_errors_end_with_a_word(void **state)
{
        static const char busy[] =
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
        static const char long_text[] =
            "BUSY a script of somebody else is running here, and nobody but its owner knows what it is good for at all";
        struct errmsg error = {0};
        (void)state;
        assert_int_equal(reply_error("redis:6379", busy, &error), ERR_TRANSIENT);
        assert_non_null(strstr(error.text, "SHUTDOWN NOSAVE.: it is busy"));
        assert_int_equal(reply_error("redis:6379", long_text, &error), ERR_TRANSIENT);
        assert_non_null(strstr(error.text, " it is ...: it is busy with a script"));
}

static void bad_configuration_is_named(void **state)
{
        (void)state;
        struct secret user = {0}, zero = {0}, junk = {0};
        secret_set(&user, "u", 1);
        secret_set(&zero, "a\0b", 3);
        secret_set(&junk, "not PEM", 7);
        const struct {
                const char *address, *key, *tls, *credential;
                const struct secret *value;
                const char *part;
        } cases[] = {
            {NULL, "k", "", NULL, NULL, "redis.address is missing"},
            {"redis", "k", "", NULL, NULL, "port is missing"},
            {"redis:0", "k", "", NULL, NULL, "port"},
            {"redis:65536", "k", "", NULL, NULL, "port"},
            {"[::1", "k", "", NULL, NULL, "bracket"},
            {"a b:1", "k", "", NULL, NULL, "host"},
            {":6379", "k", "", NULL, NULL, "host"},
            {"redis:6379", "", "", NULL, NULL, "lock.key"},
            {"redis:6379", "k", "", "username", &user, "password"},
            {"redis:6379", "k", "", "password", &zero, "zero byte"},
            {"redis:6379", "k", "true", "ca.crt", &junk, "CA"},
            {"redis:6379", "k", "true", "tls.crt", &junk, "client certificate"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct target_setting settings[] = {{"address", cases[i].address}, {"tls", cases[i].tls}};
                const struct target_credential credential = {cases[i].credential,
                                                             cases[i].value ? *cases[i].value : (struct secret){0}};
                const struct target_config config = {.settings = settings,
                                                     .setting_count = 2,
                                                     .credentials = &credential,
                                                     .credential_count = cases[i].value ? 1 : 0};
                struct target_session *session = NULL;
                struct target_visit visit = {.verb = TARGET_READ, .name = cases[i].key};
                enum err err = redis_lock_driver.open(&config, &session, &visit.why);
                if (err == ERR_OK) {
                        target_visit(session, &visit);
                        err = visit.err;
                }
                target_close(session);
                if (err != ERR_INVALID || !strstr(visit.why.text, cases[i].part))
                        fail_msg("case %zu (%s): %s", i, cases[i].part, visit.why.text);
        }
        secret_clear(&user);
        secret_clear(&zero);
        secret_clear(&junk);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(replies_arrive_in_any_pieces),        cmocka_unit_test(unfinished_reply_is_awaited),
            cmocka_unit_test(what_is_no_reply_of_ours_is_refused), cmocka_unit_test(elements_of_all_arrays_are_bounded),
            cmocka_unit_test(endless_reply_is_cut_off),
            cmocka_unit_test(many_replies_do_not_add_up),          cmocka_unit_test(error_words_have_classes),
            cmocka_unit_test(test_long_errors_end_with_a_word),    cmocka_unit_test(bad_configuration_is_named),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
