/* sentinel_view.c -- several Sentinels are asked, and their answers counted. */
#include "targets/redis/sentinel_view.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { SILENT_MS = 10000, ONE_MS = 1000, SENTINEL_CREDENTIALS = 5, SENTINEL_SETTINGS = 3 };

static const struct connection_words words = {
    .address_field = SENTINEL_FIELD ".addresses",
    .remedies = {.secret_field = SENTINEL_FIELD ".authSecretRef",
                 .rights = "grant the user +auth +ping +sentinel|get-master-addr-by-name +sentinel|master "
                           "+sentinel|replicas +sentinel|myid +sentinel|ckquorum +sentinel|failover +info"}};

struct member {
        struct connection *connection;
        mono_ms silent_at; /* 0: it answered */
};

struct sentinel_group {
        struct member members[SENTINELS_MAX];
        size_t count;
        struct sentinel_names *names;
};

void sentinel_view_clear(struct sentinel_view *view)
{
        for (size_t i = 0; i < view->count; i++)
                sentinel_answer_clear(&view->answers[i]);
        *view = (struct sentinel_view){0};
}

void sentinel_group_free(struct sentinel_group *self)
{
        for (size_t i = 0; self && i < self->count; i++)
                connection_free(self->members[i].connection);
        if (self)
                sentinel_names_free(self->names);
        free(self);
}

const char *sentinel_group_server(const struct sentinel_group *self, size_t i)
{
        return sentinel_names_at(self->names, i);
}

static enum err add_member(struct sentinel_group *self, const char *address, const struct target_config *config,
                           struct errmsg *reterr)
{
        if (self->count == SENTINELS_MAX)
                return err_set(reterr, ERR_INVALID, SENTINEL_FIELD ".addresses: more than %d", SENTINELS_MAX);
        struct member *member = &self->members[self->count++];
        enum err err = connection_new_for(&words, config, &member->connection, reterr);
        return err == ERR_OK ? connection_point(member->connection, address, reterr) : err;
}

/* The entries of the Sentinels, under the names that a connection knows; secrets are borrowed. */
static void sentinel_config(const struct target_config *config, struct target_setting settings[SENTINEL_SETTINGS],
                            struct target_credential credentials[SENTINEL_CREDENTIALS], struct target_config *ret)
{
        static const char prefix[] = "sentinel.";
        *ret = (struct target_config){.settings = settings, .credentials = credentials};
        settings[ret->setting_count++] = (struct target_setting){"tls", target_setting_find(config, "sentinelTLS")};
        settings[ret->setting_count++] =
            (struct target_setting){"serverName", target_setting_find(config, "sentinelServerName")};
        for (size_t i = 0; i < config->credential_count && ret->credential_count < SENTINEL_CREDENTIALS; i++)
                if (text_has_prefix(config->credentials[i].key, prefix))
                        credentials[ret->credential_count++] = (struct target_credential){
                            config->credentials[i].key + sizeof(prefix) - 1, config->credentials[i].value};
}

enum err sentinel_group_new(const struct target_config *config, struct sentinel_group **ret, struct errmsg *reterr)
{
        const char *addresses = target_setting_find(config, "addresses");
        struct target_setting settings[SENTINEL_SETTINGS];
        struct target_credential credentials[SENTINEL_CREDENTIALS];
        struct target_config theirs;
        sentinel_config(config, settings, credentials, &theirs);
        struct sentinel_group *self = mem_new(self);
        enum err err = sentinel_names_new(config, &self->names, reterr);
        for (const char *at = addresses ? addresses : ""; *at && err == ERR_OK;) {
                const size_t bytes = strcspn(at, ",");
                char *address = mem_strndup(at, bytes);
                err = add_member(self, address, &theirs, reterr);
                free(address);
                at += bytes + (at[bytes] == ',');
        }
        if (err == ERR_OK && self->count == 0)
                err = err_set(reterr, ERR_INVALID, SENTINEL_FIELD ".addresses: is empty");
        if (err == ERR_OK)
                *ret = self;
        else
                sentinel_group_free(self);
        return err;
}

/* ---- counting ---- */

/* Two addresses may lead to one Sentinel, whose answer counts once. */
static bool is_known(const struct sentinel_view *view, const struct sentinel_answer *answer)
{
        for (size_t i = 0; i < view->count; i++)
                if (answer->id[0] && text_equal(view->answers[i].id, answer->id))
                        return true;
        return false;
}

static size_t votes_for(const struct sentinel_view *view, const char *primary, uint64_t *ret_epoch)
{
        size_t votes = 0;
        *ret_epoch = 0;
        for (size_t i = 0; i < view->count; i++) {
                if (!text_equal(view->answers[i].primary, primary))
                        continue;
                votes++;
                if (view->answers[i].config_epoch > *ret_epoch)
                        *ret_epoch = view->answers[i].config_epoch;
        }
        return votes;
}

void sentinel_view_count(struct sentinel_view *view)
{
        uint64_t epoch, best_epoch = 0;
        char primary[SENTINEL_ADDRESS_BYTES] = "";
        view->voters = 0;
        view->is_failing_over = false;
        for (size_t i = 0; i < view->count; i++) {
                const size_t votes = votes_for(view, view->answers[i].primary, &epoch);
                if (view->voters && (epoch < best_epoch || (epoch == best_epoch && votes <= view->voters)))
                        continue;
                view->voters = votes;
                best_epoch = epoch;
                (void)TEXT_COPY(primary, view->answers[i].primary);
        }
        for (size_t i = 0, at = 0; i < view->count; i++) {
                const struct sentinel_answer answer = view->answers[i];
                const bool is_vote = text_equal(answer.primary, primary);
                view->is_failing_over |= answer.is_failing_over && !(answer.is_promoted && is_vote);
                if (!is_vote)
                        continue;
                view->answers[i] = view->answers[at];
                view->answers[at++] = answer;
        }
        view->primary = view->answers[0].primary;
}

bool sentinel_view_doubt(const struct sentinel_view *view, char *ret_text, size_t size)
{
        ret_text[0] = '\0';
        if (view->voters < view->count) {
                const struct sentinel_answer *other = &view->answers[view->voters];
                (void)snprintf(ret_text, size, "the Sentinels disagree: %zu of %zu name %.100s the primary, %.100s "
                                               "names %.100s",
                               view->voters, view->count, view->primary, connection_server(other->connection),
                               other->primary);
        } else if (view->voters * 2 <= view->asked && view->silent[0]) {
                (void)snprintf(ret_text, size, "only %zu of %zu Sentinels answers (%.100s does not): what it names may "
                                               "be the primary of yesterday",
                               view->voters, view->asked, view->silent);
        }
        return ret_text[0] != '\0';
}

/* ---- asking ---- */

static bool is_silent(const struct member *member, mono_ms now)
{
        return member->silent_at && now - member->silent_at < SILENT_MS;
}

/* A refusal that a person can mend says more than that one is away. */
static void keep_worst(enum err err, const struct errmsg *why, enum err *worst, struct errmsg *reterr)
{
        if (*worst != ERR_OK && (*worst != ERR_TRANSIENT || err == ERR_TRANSIENT))
                return;
        *worst = err;
        if (reterr)
                *reterr = *why;
}

struct round {
        const char *name;
        struct sentinel_names *names;
        mono_ms deadline;
        struct sentinel_view view;
        enum err worst;
        struct errmsg why;
};

/* The planes' servers are called as the planes have them from here on. */
static void call_by_name(char address[static SENTINEL_ADDRESS_BYTES], struct round *round)
{
        const char *name = sentinel_names_find(round->names, address, round->deadline);
        if (name)
                (void)text_copy(address, SENTINEL_ADDRESS_BYTES, name);
}

static void call_all_by_name(struct sentinel_answer *answer, struct round *round)
{
        call_by_name(answer->primary, round);
        for (size_t i = 0; i < answer->replica_count; i++)
                call_by_name(answer->replicas[i].address, round);
}

static void ask_member(struct member *member, unsigned left, struct round *round)
{
        struct sentinel_view *view = &round->view;
        struct errmsg why = {0};
        const mono_ms share = net_share(round->deadline, left), most = clock_mono() + ONE_MS;
        enum err err = sentinel_answer_ask(member->connection, round->name, share < most ? share : most,
                                           &view->answers[view->count], &why);
        member->silent_at = err == ERR_TRANSIENT ? clock_mono() : 0;
        if (err != ERR_OK) {
                keep_worst(err, &why, &round->worst, &round->why);
                (void)TEXT_COPY(view->silent, connection_server(member->connection));
        } else if (is_known(view, &view->answers[view->count])) {
                sentinel_answer_clear(&view->answers[view->count]);
        } else {
                call_all_by_name(&view->answers[view->count++], round);
        }
}

enum err sentinel_group_ask(struct sentinel_group *self, const char *name, mono_ms deadline,
                            struct sentinel_view *ret, struct errmsg *reterr)
{
        struct round round = {.name = name, .names = self->names, .deadline = deadline, .view = {.asked = self->count}};
        const mono_ms now = clock_mono();
        bool is_late[SENTINELS_MAX];
        unsigned left = 0;
        for (size_t i = 0; i < self->count; i++) {
                is_late[i] = is_silent(&self->members[i], now);
                left += !is_late[i];
        }
        for (size_t i = 0; i < self->count; i++)
                if (!is_late[i])
                        ask_member(&self->members[i], left--, &round);
        for (size_t i = 0; i < self->count && round.view.count * 2 <= self->count; i++)
                if (is_late[i])
                        ask_member(&self->members[i], (unsigned)(self->count - i), &round);
        if (round.view.count == 0) {
                if (reterr)
                        *reterr = round.why;
                return round.worst;
        }
        *ret = round.view;
        sentinel_view_count(ret);
        return ERR_OK;
}
