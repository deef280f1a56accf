/* rights.c -- whether the operator may read and patch the object, and list and patch those that follow it. */
#include "targets/kube/rights.h"

#include <stdlib.h>

#include "util/mem.h"

static const struct kube_resource reviews = {"authorization.k8s.io", "v1", "selfsubjectaccessreviews",
                                             "SelfSubjectAccessReview"};

/* One right; @name NULL: of all in the namespace. */
struct right {
        const char *verb, *group, *resource, *name;
};

/* The @i-th that is needed; false: there are no more. */
static bool right_at(const struct object_session *session, unsigned i, struct right *ret)
{
        static const char *const verbs[] = {"get", "patch", "list", "patch"};
        const struct object_following *following = session->profile->following;
        if (i >= (following ? 4U : 2U))
                return false;
        *ret = i < 2 ? (struct right){verbs[i], session->group, session->resource, session->name}
                     : (struct right){verbs[i], following->resource.group, following->resource.plural, NULL};
        return true;
}

static enum err refusal(const struct object_session *session, const struct right *right, struct errmsg *reterr)
{
        const bool is_cluster_wide = !session->namespace_name[0];
        return err_set(reterr, ERR_DENIED,
                       "%.160s: %s of %s is not allowed; grant {apiGroups: [\"%.60s\"], resources: [%.60s]%s%.60s%s, "
                       "verbs: [%s]} in a %s%.63s",
                       session->what, right->verb, right->resource, right->group, right->resource,
                       right->name ? ", resourceNames: [" : "", right->name ? right->name : "",
                       right->name ? "]" : "", right->name ? "get, patch" : "list, patch",
                       is_cluster_wide ? "ClusterRole" : "Role of namespace ", session->namespace_name);
}

static void ask(struct object_session *session);

static void finish(struct object_session *session, enum err err, const struct errmsg *why)
{
        session->rights_done(session, err, why);
}

/* An answer that is no review accuses nobody. */
static void on_reviewed(void *ctx, const struct kube_reply *reply)
{
        struct object_session *session = ctx;
        struct right right, next;
        struct errmsg why = {0};
        session->call = NULL;
        const json_t *allowed = json_object_get(json_object_get(reply->body, "status"), "allowed");
        if (reply->err != ERR_OK || !json_is_boolean(allowed)) {
                finish(session, err_set(&why, ERR_TRANSIENT, "%.160s: its rights are not told", session->what), &why);
                return;
        }
        INVARIANT(right_at(session, session->tries, &right));
        session->tries++;
        if (!json_is_true(allowed))
                finish(session, refusal(session, &right, &why), &why);
        else if (right_at(session, session->tries, &next))
                ask(session);
        else
                finish(session, ERR_OK, &why);
}

static void ask(struct object_session *session)
{
        struct right right;
        INVARIANT(right_at(session, session->tries, &right));
        const mono_ms left = session->visit->deadline - loop_now(session->environment.loop);
        json_t *attributes = json_pack("{s:s, s:s, s:s, s:s}", "namespace", session->namespace_name, "verb", right.verb,
                                       "group", right.group, "resource", right.resource);
        INVARIANT(attributes);
        if (right.name)
                json_object_set_new(attributes, "name", json_string(right.name));
        json_t *review = json_pack("{s:s, s:s, s:{s:o}}", "apiVersion", "authorization.k8s.io/v1", "kind", reviews.kind,
                                   "spec", "resourceAttributes", attributes);
        char *path = kube_path(&reviews, NULL, NULL, NULL);
        INVARIANT(review);
        session->call = kube_create(session->kube, path, review, left > 0 ? left : 1, on_reviewed, session);
        json_decref(review);
        free(path);
}

void rights_ask(struct object_session *session, void (*done)(void *session, enum err err, const struct errmsg *why))
{
        session->rights_done = done;
        ask(session);
}
