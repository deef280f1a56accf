/* sentinel.c -- the primary that Sentinel names, read. */
#include "targets/redis/sentinel.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "targets/redis/sentinel_session.h"
#include "targets/redis/stream.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        ABOUT_TO_MS = 5000,     /* after Sentinels agreed that it is down one leads a failover, or none can */
        PRIMARY_MS = 2000,      /* a primary that hangs must not cost a look all of its time */
        PRIMARY_DOWN_MS = 500,  /* nor one that Sentinels take for down */
        ZOMBIE_LOOK_MS = 10000, /* so long after a failover Sentinel itself tells of a former primary */
        ZOMBIE_EACH_MS = 250,
        ZOMBIES_MAX = 4,
        NAME_MAX_BYTES = 128,
        DOUBT_BYTES = 400,
};

static const struct connection_words words = {
    .address_field = "the address that Sentinel tells",
    .remedies = {.secret_field = "redis.authSecretRef", .rights = "grant the user " NODE_RIGHTS}};

void sentinel_look_clear(struct sentinel_look *look)
{
        sentinel_view_clear(&look->view);
}

static enum err ask_once(struct sentinel_session *self, const char *address, mono_ms deadline,
                         struct sentinel_look *look, struct errmsg *reterr)
{
        enum err err = connection_point(self->node, address, reterr);
        if (err == ERR_OK)
                err = node_look(self->node, deadline, &look->primary, reterr);
        if (err == ERR_OK && !look->primary.is_primary)
                err = err_set(reterr, ERR_TRANSIENT, "%s: it is a replica still", address);
        return err == ERR_OK ? node_probe_write(self->node, deadline, reterr) : err;
}

/*
 * Its own word, which counts more than Sentinel's. ERR_TRANSIENT: it is not the primary now. Asked twice: Sentinel
 * closes all connections of a server whose role it changes, and one that was cut by that says nothing.
 */
static enum err ask_primary(struct sentinel_session *self, const char *address, mono_ms deadline,
                            struct sentinel_look *look, struct errmsg *reterr)
{
        enum err err = ask_once(self, address, net_share(deadline, 2), look, reterr);
        return err == ERR_TRANSIENT && clock_mono() < deadline ? ask_once(self, address, deadline, look, reterr) : err;
}

enum err sentinel_look(struct sentinel_session *self, const char *name, mono_ms deadline, struct sentinel_look *ret,
                       struct errmsg *reterr)
{
        struct sentinel_look look = {0};
        *ret = look;
        enum err err = sentinel_group_ask(self->group, name, net_share(deadline, 2), &ret->view, reterr);
        if (err != ERR_OK)
                return err;
        const struct sentinel_view *view = &ret->view;
        const mono_ms most = clock_mono() + (view->answers->is_agreed_down ? PRIMARY_DOWN_MS : PRIMARY_MS);
        err = ask_primary(self, view->primary, most < deadline ? most : deadline, ret, &ret->why);
        if (err != ERR_OK && err != ERR_TRANSIENT) {
                if (reterr)
                        *reterr = ret->why;
                sentinel_look_clear(ret);
                return err;
        }
        const struct sentinel_answer *first = view->answers;
        ret->takes_writes = err == ERR_OK;
        ret->is_settling = view->is_failing_over || (!ret->takes_writes && first->is_agreed_down &&
                                                     first->agreed_down_ms < ABOUT_TO_MS);
        return ERR_OK;
}

/* Until Sentinel names another one, a primary that is silent at rest is it still: its outage is nobody's edit. */
static bool is_shown(const struct sentinel_session *self, const struct sentinel_look *look)
{
        return look->takes_writes || (self->is_settled && !look->is_settling);
}

struct target_state sentinel_state_of(const struct sentinel_session *self, const struct sentinel_look *look)
{
        char doubt[DOUBT_BYTES];
        const bool is_present = is_shown(self, look);
        bool is_doubtful = sentinel_view_doubt(&look->view, doubt, sizeof(doubt));
        if (!is_doubtful && is_present && !look->takes_writes) {
                (void)snprintf(doubt, sizeof(doubt),
                               "Sentinel names %.100s the primary, and it takes no writes: %.200s",
                               look->view.primary, look->why.text);
                is_doubtful = true;
        }
        return (struct target_state){
            .present = is_present,
            .value = mem_strdup(is_present ? look->view.primary : ""),
            .stamp = {.plane = mem_strdup(""), .store = mem_strdup(""), .raw = mem_strdup("")},
            .settling = look->is_settling,
            .doubt = is_doubtful ? mem_strdup(doubt) : NULL};
}

/* ---- a former primary that does not know yet ---- */

/* Sentinel reports what it reaches. One that only the operator reaches is asked, once the switch is over. */
static bool is_zombie(struct sentinel_session *self, const struct sentinel_replica *replica, bool may_ask,
                      mono_ms deadline)
{
        struct node node;
        const mono_ms most = clock_mono() + ZOMBIE_EACH_MS;
        if (!replica->is_down)
                return replica->says_primary;
        return may_ask && connection_point(self->node, replica->address, NULL) == ERR_OK &&
               node_look(self->node, most < deadline ? most : deadline, &node, NULL) == ERR_OK && node.is_primary;
}

static const struct sentinel_replica *find_zombie(struct sentinel_session *self, const struct sentinel_look *look,
                                                  mono_ms deadline)
{
        const struct sentinel_answer *first = look->view.answers;
        unsigned asked = 0;
        for (size_t i = 0; i < first->replica_count; i++) {
                const struct sentinel_replica *replica = &first->replicas[i];
                const bool may_ask =
                    replica->is_down && first->primary_ms >= ZOMBIE_LOOK_MS && asked++ < ZOMBIES_MAX;
                if (is_zombie(self, replica, may_ask, deadline))
                        return replica;
        }
        return NULL;
}

static void tell_zombie(const struct sentinel_replica *zombie, struct target_state *state)
{
        char text[DOUBT_BYTES];
        (void)snprintf(text, sizeof(text),
                       "%.100s still calls itself primary beside %.100s: what is written to it is lost when Sentinel "
                       "makes it a replica",
                       zombie->address, state->value);
        free((char *)state->doubt);
        state->doubt = mem_strdup(text);
}

/* ---- the driver ---- */

static struct sentinel_session *session_of(struct target_session *session)
{
        return (struct sentinel_session *)session; /* its first member */
}

static void read_primary(struct sentinel_session *self, struct target_visit *visit)
{
        struct sentinel_look look;
        visit->err = sentinel_look(self, visit->name, visit->deadline, &look, &visit->why);
        if (visit->err != ERR_OK)
                return;
        visit->found = sentinel_state_of(self, &look);
        const struct sentinel_replica *zombie =
            look.takes_writes && !look.is_settling ? find_zombie(self, &look, visit->deadline) : NULL;
        if (zombie)
                tell_zombie(zombie, &visit->found);
        if (!look.is_settling)
                sentinel_tell_unready(self, &look, &visit->found);
        sentinel_tell_lag(self, &look, visit->kept, visit->deadline, &visit->found);
        sentinel_look_clear(&look);
}

static void visit_one(struct target_session *session, struct target_visit *visits, size_t count)
{
        (void)count; /* limits.batch_max is 1 */
        const size_t bytes = strlen(visits->name);
        if (bytes == 0 || bytes > NAME_MAX_BYTES)
                visits->err = err_set(&visits->why, ERR_INVALID, SENTINEL_FIELD ".masterName must have 1 to %d bytes",
                                      NAME_MAX_BYTES);
        else if (visits->verb == TARGET_READ)
                read_primary(session_of(session), visits);
        else
                sentinel_swap(session_of(session), visits);
}

static void close_session(struct target_session *session)
{
        sentinel_group_free(session_of(session)->group);
        connection_free(session_of(session)->node);
        if (session_of(session)->planes)
                group_close(&session_of(session)->planes->base);
        free(session_of(session)->planned);
        free(session);
}

static enum err open_planes(const struct target_config *config, struct group **ret, struct errmsg *reterr)
{
        struct target_session *planes = NULL;
        if (!target_setting_find(config, "server"))
                return ERR_OK;
        enum err err = group_open(&redis_sentinel_driver, NODE_RIGHTS, config, &planes, reterr);
        *ret = err == ERR_OK ? group_of(planes) : NULL;
        return err;
}

/* Those of the Sentinels have a prefix, so that none of them is taken for the data nodes'. */
static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        const char *planned = target_setting_find(config, "planned");
        struct sentinel_session *self = mem_new(self);
        self->base.driver = &redis_sentinel_driver;
        self->planned = mem_strdup(planned ? planned : "");
        self->is_settled = text_equal(target_setting_find(config, "isSettled"), "true");
        enum err err = connection_new_for(&words, config, &self->node, reterr);
        if (err == ERR_OK)
                err = sentinel_group_new(config, &self->group, reterr);
        if (err == ERR_OK)
                err = open_planes(config, &self->planes, reterr);
        if (err == ERR_OK)
                *ret = &self->base;
        else
                close_session(&self->base);
        return err;
}

static enum err check_credentials(const struct target_config *config, struct errmsg *reterr)
{
        static const char *const texts[] = {"password", "username", "sentinel.password", "sentinel.username"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                const struct secret *text = target_credential_find(config, texts[i]);
                if (text && text->count && memchr(text->bytes, '\0', text->count))
                        return err_set(reterr, ERR_INVALID, "key %s holds a zero byte", texts[i]);
        }
        const struct tls_material nodes = {.ca = target_credential_find(config, "ca.crt"),
                                           .certificate = target_credential_find(config, "tls.crt"),
                                           .key = target_credential_find(config, "tls.key")};
        const struct tls_material sentinels = {.ca = target_credential_find(config, "sentinel.ca.crt"),
                                               .certificate = target_credential_find(config, "sentinel.tls.crt"),
                                               .key = target_credential_find(config, "sentinel.tls.key")};
        enum err err = tls_material_check(&nodes, reterr);
        return err == ERR_OK ? tls_material_check(&sentinels, reterr) : err;
}

static enum err preflight_one(struct target_session *session, struct target_preflight *preflight,
                              struct errmsg *reterr)
{
        return sentinel_preflight(session_of(session), preflight, reterr);
}

const struct target_driver redis_sentinel_driver = {
    .name = "sentinel",
    .kind = TARGET_PROMOTION,
    .limits = {.visit_ms = 5000,
               .read_every_ms = 10000,
               .preflight_every_ms = 600000,
               .session_ms = 60000,
               .moves_itself = true,
               .at_once = 3,
               .batch_max = 1},
    .where = "addresses",
    .which = "masterName",
    .check_credentials = check_credentials,
    .open = open_session,
    .visit = visit_one,
    .preflight = preflight_one,
    .by_hand = sentinel_by_hand,
    .close = close_session,
};
