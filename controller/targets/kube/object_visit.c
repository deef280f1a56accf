/*
 * object_visit.c -- one visit: a look is a GET; a swap is a PATCH under the resourceVersion that was seen, whose answer
 * shows the object afterwards. Where the version is another one only because something else of the object was changed
 * (a controller's status), the patch goes again under the newer one: after a 409 nothing was applied.
 */
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "runtime/clock.h"
#include "targets/fence.h"
#include "targets/kube/contest.h"
#include "targets/kube/object.h"
#include "util/mem.h"
#include "util/text.h"

enum { TRIES_MAX = 4, AGAIN_MS = 30000 /* a hard refresh costs the controller a look at Git */ };

static void follow(struct object_session *self);

struct object_session *object_session_of(struct target_session *session)
{
        return (struct object_session *)session; /* its first member */
}

static mono_ms time_left(const struct object_session *self)
{
        return hub_time_left(&self->hub, self->now.visit->deadline);
}

static void forget(struct object_session *self)
{
        visit_forget(&self->now);
        json_decref(self->object);
        json_decref(self->followers);
        self->object = self->followers = NULL;
        self->tries = 0;
        self->is_following = false;
}

void object_cancel(struct object_session *session)
{
        if (session->now.visit)
                forget(session);
}

/* The session may be gone afterwards. */
static void end(struct object_session *self, enum err err)
{
        const struct visit_under_way ended = self->now;
        forget(self);
        visit_end(&ended, err);
}

static void fail(struct object_session *self, const struct kube_reply *reply)
{
        static const struct visit_remedies remedies = {
            .not_found = ": create it, the operator does not",
            .denied = ": grant get and patch of it in a Role, to the operator or to the user of the kubeconfig"};
        end(self, visit_refused(&self->now, self->what, reply, &remedies));
}

/* ---- what an object shows ---- */

static enum err read_state(const struct object_session *session, const json_t *object, struct target_state *ret,
                           struct errmsg *reterr)
{
        const struct object_profile *profile = session->profile;
        char *value = NULL;
        enum err err = profile->show(session, object, &value, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "%.160s", session->what);
        *ret = (struct target_state){.present = value != NULL,
                                     .value = value ? value : mem_strdup(""),
                                     .settling = profile->is_settling && profile->is_settling(session, object),
                                     .version = mem_strdup(object_meta(object, "resourceVersion")),
                                     .doubt = contest_find(session, object)};
        visit_read_stamp(object, &ret->stamp);
        return ERR_OK;
}

static bool is_same(const struct target_state *a, const struct target_state *b)
{
        return a->present == b->present && text_equal(a->value, b->value) && a->stamp.presence == b->stamp.presence &&
               text_equal(a->stamp.raw, b->stamp.raw);
}

/* The answer of a write that the server, or what it asks on the way, has made something else of. */
static bool is_as_wanted(const struct target_visit *visit, const struct target_state *found)
{
        return text_equal(found->value, visit->want->value) && found->stamp.presence == STAMP_OURS &&
               found->stamp.epoch == visit->want->epoch && found->stamp.id == visit->want->id;
}

/* The visit has seen the object: what follows it is asked, or it ends. */
static void conclude(struct object_session *self)
{
        struct target_visit *visit = self->now.visit;
        struct target_state found = {0};
        enum err err = read_state(self, self->object, &found, &visit->why);
        if (err == ERR_OK && visit->verb == TARGET_SWAP && !is_as_wanted(visit, &found))
                err = err_set(&visit->why, ERR_CONFLICT, "%.160s shows something else after it was written",
                              self->what);
        if (err != ERR_OK) {
                target_state_clear(&found);
                end(self, err);
                return;
        }
        found.settling |= self->is_following;
        visit->found = found;
        end(self, found.settling && visit->verb == TARGET_SWAP ? ERR_PENDING : ERR_OK);
}

static bool has_to_be_followed(const struct object_session *self)
{
        struct stamp stamp = {0};
        visit_read_stamp(self->object, &stamp);
        const bool is_ours = stamp.presence == STAMP_OURS;
        target_stamp_clear(&stamp);
        return self->profile->following && is_ours;
}

static void take_object(struct object_session *self, const json_t *object)
{
        json_decref(self->object);
        self->object = json_incref((json_t *)object); /* counted; nobody changes it */
        if (has_to_be_followed(self))
                follow(self);
        else
                conclude(self);
}

/* ---- the objects that follow ---- */

static void list_followers(struct object_session *self, const json_t *list);

static void on_listed(void *ctx, const struct kube_reply *reply)
{
        struct object_session *self = ctx;
        self->now.call = NULL;
        if (reply->err == ERR_OK)
                list_followers(self, reply->body);
        else
                fail(self, reply);
}

static char *followers_path(const struct object_session *self, const char *name)
{
        return kube_path(&self->profile->following->resource, self->namespace_name, name, NULL);
}

static void on_asked(void *ctx, const struct kube_reply *reply)
{
        struct object_session *self = ctx;
        self->now.call = NULL;
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND)
                follow(self);
        else
                fail(self, reply);
}

static void ask_next(struct object_session *self)
{
        struct stamp stamp = {0};
        visit_read_stamp(self->object, &stamp);
        json_t *patch = json_pack("{s:{s:o}}", "metadata", "annotations", self->profile->following->request(&stamp));
        char *path = followers_path(self, json_string_value(json_array_get(self->followers, 0)));
        INVARIANT(patch);
        self->now.call = kube_patch_for_metadata(self->hub.kube, path, patch, time_left(self), on_asked, self);
        (void)json_array_remove(self->followers, 0);
        self->again_at = clock_mono() + AGAIN_MS;
        target_stamp_clear(&stamp);
        json_decref(patch);
        free(path);
}

static void list_followers(struct object_session *self, const json_t *list)
{
        struct stamp stamp = {0};
        size_t i;
        json_t *item;
        const bool is_again = clock_mono() >= self->again_at;
        visit_read_stamp(self->object, &stamp);
        self->followers = json_array();
        json_array_foreach((json_t *)json_object_get(list, "items"), i, item)
        {
                const enum follow_state state =
                    self->profile->following->state(self, self->object, &stamp, item);
                const bool is_to_ask = state == FOLLOW_UNASKED || (state == FOLLOW_FAILED && is_again);
                self->is_following |= state != FOLLOW_OTHER && state != FOLLOW_DONE;
                if (is_to_ask && json_array_size(self->followers) < OBJECT_FOLLOWERS_MAX)
                        json_array_append_new(self->followers, json_string(object_meta(item, "name")));
        }
        target_stamp_clear(&stamp);
        follow(self);
}

static void follow(struct object_session *self)
{
        if (self->followers && json_array_size(self->followers) == 0) {
                conclude(self);
                return;
        }
        if (self->followers) {
                ask_next(self);
                return;
        }
        char *path = followers_path(self, NULL);
        self->now.call = kube_get(self->hub.kube, path, time_left(self), on_listed, self);
        free(path);
}

/* ---- look, and swap ---- */

static bool swap(struct object_session *self, const char *version);

/* The object is another one than was expected only where its value or its stamp is. */
static void swap_again(struct object_session *self, const json_t *object)
{
        struct target_visit *visit = self->now.visit;
        struct target_state now = {0};
        enum err err = read_state(self, object, &now, &visit->why);
        const bool is_expected = err == ERR_OK && is_same(&now, visit->expected);
        if (err == ERR_OK && !is_expected)
                err = err_set(&visit->why, ERR_CONFLICT, "%.160s was changed by somebody else", self->what);
        target_state_clear(&now);
        if (!is_expected)
                end(self, err);
        else if (!swap(self, object_meta(object, "resourceVersion")))
                end(self, ERR_INVALID);
}

static void on_looked(void *ctx, const struct kube_reply *reply)
{
        struct object_session *self = ctx;
        self->now.call = NULL;
        if (reply->err != ERR_OK)
                fail(self, reply);
        else if (self->now.visit->verb == TARGET_SWAP)
                swap_again(self, reply->body);
        else
                take_object(self, reply->body);
}

static void look(struct object_session *self)
{
        self->now.call = kube_get(self->hub.kube, self->path, time_left(self), on_looked, self);
}

static void on_swapped(void *ctx, const struct kube_reply *reply)
{
        struct object_session *self = ctx;
        self->now.call = NULL;
        if (reply->err == ERR_CONFLICT && self->tries < TRIES_MAX) {
                look(self);
        } else if (reply->err != ERR_OK) {
                fail(self, reply);
        } else {
                self->now.has_written = true;
                take_object(self, reply->body);
        }
}

static json_t *patch_of(const struct object_session *self, const char *version, struct errmsg *reterr)
{
        const struct target_visit *visit = self->now.visit;
        char stamp[TARGET_STAMP_BYTES];
        target_stamp_text(visit->expected, visit->want, stamp);
        json_t *patch = json_pack("{s:{s:s, s:{s:s}}}", "metadata", "resourceVersion", version, "annotations",
                                  OBJECT_STAMP, stamp);
        INVARIANT(patch);
        if (self->profile->set(self, visit->want, patch, reterr) == ERR_OK)
                return patch;
        json_decref(patch);
        return NULL;
}

/* False: what is wanted cannot be written, and nothing is sent. */
static bool swap(struct object_session *self, const char *version)
{
        json_t *patch = patch_of(self, version, &self->now.visit->why);
        if (!patch)
                return false;
        self->tries++;
        self->now.call = kube_patch(self->hub.kube, self->path, patch, time_left(self), on_swapped, self);
        json_decref(patch);
        return true;
}

/* ---- rights ---- */

static void on_rights(void *ctx, enum err err, const struct errmsg *why)
{
        struct object_session *self = ctx;
        self->now.visit->why = *why;
        end(self, err);
}

/* Of the object, and of those that follow it. */
static void ask_rights(struct object_session *self)
{
        const struct object_following *following = self->profile->following;
        struct right *list = self->wanted_rights;
        unsigned count = 0;
        list[count++] = (struct right){"get", self->group, self->resource, self->name};
        list[count++] = (struct right){"patch", self->group, self->resource, self->name};
        if (following) {
                const struct kube_resource *resource = &following->resource;
                list[count++] = (struct right){"list", resource->group, resource->plural, NULL};
                list[count++] = (struct right){"patch", resource->group, resource->plural, NULL};
        }
        self->now.rights = (struct rights){.hub = &self->hub,
                                       .namespace_name = self->namespace_name,
                                       .what = self->what,
                                       .list = list,
                                       .count = count,
                                       .deadline = self->now.visit->deadline,
                                       .done = on_rights,
                                       .ctx = self};
        rights_ask(&self->now.rights);
}

void object_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx)
{
        struct object_session *self = object_session_of(session);
        const struct target_state *expected = visit->expected;
        visit_begin(&self->now, visit, done, ctx);
        if (visit->verb == TARGET_ASK)
                ask_rights(self);
        else if (visit->verb != TARGET_SWAP || !expected->version || !swap(self, expected->version))
                look(self); /* and a swap that cannot be ends after it, since no visit ends within its start */
}
