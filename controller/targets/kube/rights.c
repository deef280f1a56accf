/* rights.c -- whether the operator has the rights that a switch will need. */
#include "targets/kube/rights.h"

#include <stdlib.h>

#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { VERBS_BYTES = 128 };

static const struct kube_resource reviews = {"authorization.k8s.io", "v1", "selfsubjectaccessreviews",
                                             "SelfSubjectAccessReview"};

/* All verbs that are needed of what @right is of, as a rule lists them. */
static char *verbs_of(const struct rights *rights, const struct right *right)
{
        struct strbuf verbs = STRBUF_INIT(VERBS_BYTES);
        for (unsigned i = 0; i < rights->count; i++) {
                const struct right *other = &rights->list[i];
                if (text_equal(other->group, right->group) && text_equal(other->resource, right->resource) &&
                    text_equal(other->name, right->name))
                        (void)strbuf_printf(&verbs, "%s%s", verbs.bytes ? ", " : "", other->verb);
        }
        return strbuf_take(&verbs);
}

static enum err refusal(const struct rights *rights, const struct right *right, struct errmsg *reterr)
{
        const bool is_cluster_wide = !rights->namespace_name[0];
        char *verbs = verbs_of(rights, right);
        enum err err = err_set(reterr, ERR_DENIED,
                               "%.160s: %s of %s is not allowed; grant {apiGroups: [\"%.60s\"], resources: "
                               "[%.60s]%s%.60s%s, verbs: [%s]} in a %s%.63s",
                               rights->what, right->verb, right->resource, right->group, right->resource,
                               right->name ? ", resourceNames: [" : "", right->name ? right->name : "",
                               right->name ? "]" : "", verbs,
                               is_cluster_wide ? "ClusterRole" : "Role of namespace ", rights->namespace_name);
        free(verbs);
        return err;
}

/* An answer that is no review accuses nobody. */
static void on_reviewed(void *ctx, const struct kube_reply *reply)
{
        struct rights *rights = ctx;
        struct errmsg why = {0};
        rights->call = NULL;
        const json_t *allowed = json_object_get(json_object_get(reply->body, "status"), "allowed");
        if (reply->err != ERR_OK || !json_is_boolean(allowed)) {
                enum err err = err_set(&why, ERR_TRANSIENT, "%.160s: its rights are not told", rights->what);
                rights->done(rights->ctx, err, &why);
                return;
        }
        const struct right *right = &rights->list[rights->at++];
        if (!json_is_true(allowed))
                rights->done(rights->ctx, refusal(rights, right, &why), &why);
        else if (rights->at < rights->count)
                rights_ask(rights);
        else
                rights->done(rights->ctx, ERR_OK, &why);
}

void rights_ask(struct rights *rights)
{
        const struct right *right = &rights->list[rights->at];
        json_t *attributes = json_pack("{s:s, s:s, s:s, s:s}", "namespace", rights->namespace_name, "verb", right->verb,
                                       "group", right->group, "resource", right->resource);
        INVARIANT(attributes);
        if (right->name)
                json_object_set_new(attributes, "name", json_string(right->name));
        json_t *review = json_pack("{s:s, s:s, s:{s:o}}", "apiVersion", "authorization.k8s.io/v1", "kind", reviews.kind,
                                   "spec", "resourceAttributes", attributes);
        char *path = kube_path(&reviews, NULL, NULL, NULL);
        INVARIANT(review);
        rights->call = kube_create(rights->hub->kube, path, review,
                                   hub_time_left(rights->hub, rights->deadline), on_reviewed, rights);
        json_decref(review);
        free(path);
}

void rights_cancel(struct rights *rights)
{
        kube_cancel(rights->call);
        rights->call = NULL;
}
