/* requests.c -- the answers to a policy's annotations. */
#include "reconcile/requests.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/switch_report.h"
#include "util/mem.h"
#include "util/text.h"

enum { TEXT_MAX = 512, ANSWER_MAX = 2048 };

static const char *value_in(const struct failover_policy *spec, enum request_key key)
{
        const char *const values[REQUEST_KEY_COUNT] = {[REQUEST_KEY_SWITCH] = spec->switch_to,
                                                       [REQUEST_KEY_ADOPT] = spec->adopt,
                                                       [REQUEST_KEY_ACK] = spec->ack,
                                                       [REQUEST_KEY_TAKEOVER] = spec->takeover};
        return values[key];
}

static void set_text(char **text, const char *value)
{
        char *copy = value ? mem_strdup(value) : NULL;
        free(*text);
        *text = copy;
}

/* ---- from the status ---- */

/* Every other answer means that the request waits. */
static bool is_last_word(const char *answer)
{
        static const char *const beginnings[] = {"refused", "past", "not understood", "not yet", "accepted"};
        for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
                if (text_has_prefix(answer, beginnings[i]))
                        return true;
        return false;
}

/* "switch-to=eu-west-1/3"; an acknowledgement or a takeover that was accepted goes on being one. */
static void take_handled(struct requests *requests, const char *text, const char *answer)
{
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++) {
                size_t length = strlen(request_key_name((enum request_key)key));
                bool goes_on = key >= REQUEST_KEY_ACK && text_has_prefix(answer, "accepted");
                if (text_has_prefix(text, request_key_name((enum request_key)key)) && text[length] == '=' && !goes_on)
                        set_text(&requests->handled[key], text + length + 1);
        }
}

static void restore_last(struct requests *requests, const json_t *last)
{
        const char *text = json_string_value(json_object_get(last, "request"));
        const char *answer = json_string_value(json_object_get(last, "answer"));
        const char *at = json_string_value(json_object_get(last, "at"));
        bool is_usable = text && answer && strlen(text) < TEXT_MAX && strlen(answer) < ANSWER_MAX;
        set_text(&requests->text, is_usable ? text : NULL);
        set_text(&requests->answer, is_usable ? answer : NULL);
        if (!is_usable || !at || text_to_time(at, &requests->answered_at) != ERR_OK)
                requests->answered_at = 0;
        if (is_usable && is_last_word(answer))
                take_handled(requests, text, answer);
}

void requests_restore(struct requests *requests, const json_t *status)
{
        /* The schema's default of a status that was never written is -1. */
        requests->is_lost = json_integer_value(json_object_get(status, "observedGeneration")) <= 0;
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++) {
                set_text(&requests->handled[key], NULL);
                set_text(&requests->inherited[key], NULL);
        }
        restore_last(requests, json_object_get(status, "lastRequest"));
        size_t index;
        const json_t *item;
        json_array_foreach((json_t *)json_object_get(status, "handledRequests"), index, item)
        {
                const char *text = json_string_value(item);
                if (text && index < REQUEST_KEY_COUNT && strlen(text) < TEXT_MAX)
                        take_handled(requests, text, "");
        }
}

/* ---- from pass to pass ---- */

void requests_follow(struct requests *requests, const struct failover_policy *spec, mono_ms now)
{
        bool is_news = false;
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++) {
                const char *value = value_in(spec, (enum request_key)key);
                char **const kept[] = {&requests->handled[key], &requests->inherited[key]};
                for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
                        if (*kept[i] && strcmp(*kept[i], value) != 0)
                                set_text(kept[i], NULL);
                if (requests->is_lost && value[0])
                        set_text(&requests->inherited[key], value);
                is_news |= strcmp(requests->seen[key] ? requests->seen[key] : "", value) != 0;
                set_text(&requests->seen[key], value[0] ? value : NULL);
        }
        requests->is_lost = false;
        if (is_news)
                requests->asked_at = now;
}

void requests_show(const struct requests *requests, mono_ms read_at, struct policy_view *ret)
{
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++)
                ret->past[key] = requests->handled[key]     ? REQUEST_HANDLED
                                 : requests->inherited[key] ? REQUEST_INHERITED
                                                            : REQUEST_NEW;
        ret->is_asked_unread = requests->asked_at && read_at < requests->asked_at;
}

bool requests_answered(struct requests *requests, const struct decision *decision, const struct policy_view *view,
                       unix_ms wall)
{
        const struct request *request = &decision->request;
        if (!request->text[0] || !decision->answer[0])
                return false;
        bool is_same = text_equal(requests->text, request->text);
        /* The first final answer stays: once a request was acted on, its epoch is past, and "past" would replace
         * "accepted". */
        bool was_told = requests->handled[request->key] ||
                        (is_same && requests->answer && text_has_prefix(requests->answer, "accepted"));
        if (decision->is_final)
                set_text(&requests->handled[request->key], request_shown(view, request->key));
        if (was_told || (is_same && text_equal(requests->answer, decision->answer)))
                return false;
        set_text(&requests->text, request->text);
        set_text(&requests->answer, decision->answer);
        requests->answered_at = wall / 1000 * 1000;
        return true;
}

json_t *requests_last_json(const struct requests *requests)
{
        if (!requests->text)
                return json_null();
        return json_pack("{s:s, s:s, s:o}", "request", requests->text, "answer", requests->answer, "at",
                         switch_report_time(requests->answered_at));
}

/* Values longer than a request may be are never understood, so they need no memory. */
json_t *requests_handled_json(const struct requests *requests)
{
        json_t *list = json_array();
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++) {
                const char *value = requests->handled[key];
                if (value && strlen(value) < TEXT_MAX - 16)
                        json_array_append_new(list,
                                              json_sprintf("%s=%s", request_key_name((enum request_key)key), value));
        }
        return list;
}

void requests_clear(struct requests *requests)
{
        free(requests->text);
        free(requests->answer);
        for (unsigned key = 0; key < REQUEST_KEY_COUNT; key++) {
                free(requests->handled[key]);
                free(requests->inherited[key]);
                free(requests->seen[key]);
        }
        *requests = (struct requests){0};
}
