/* identity.c -- which cluster the operator's own API server is. */
#include "reconcile/identity.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "runtime/log.h"
#include "util/mem.h"

enum { EVERY_MS = 10000, TIMEOUT_MS = 3000 };

static const struct kube_resource namespaces = {
    .group = "", .version = "v1", .plural = "namespaces", .kind = "Namespace"};

static enum identity_news take(struct identity *identity, const char *uid)
{
        bool was_doubted = identity->proven < identity->asked_for, is_first = !identity->uid;
        identity->proven = identity->asked_for;
        if (!is_first && strcmp(identity->uid, uid) == 0)
                return was_doubted ? IDENTITY_PROVEN : IDENTITY_SAME;
        if (!is_first)
                log_line(LOG_WARN, "manager",
                         "namespace kube-system has another UID: the cluster was built anew, or its store replaced",
                         LOG_TEXT_FIELD("was", identity->uid), LOG_TEXT_FIELD("is", uid));
        free(identity->former);
        identity->former = identity->uid;
        identity->uid = mem_strdup(uid);
        return is_first ? IDENTITY_FIRST : IDENTITY_OTHER;
}

static void answered(void *ctx, const struct kube_reply *reply)
{
        struct identity *identity = ctx;
        identity->call = NULL;
        if (reply->err != ERR_OK) {
                struct errmsg why = reply->why;
                (void)err_wrap(&why, reply->err, "cannot read namespace kube-system, whose UID names this cluster");
                identity->hooks.failed(identity->hooks.ctx, why.text);
                return;
        }
        enum identity_news news = take(identity, object_meta(reply->body, "uid"));
        identity->hooks.answered(identity->hooks.ctx, news, reply->date);
        /* A doubt that was raised after the question is not settled by this answer: it is asked again. */
        if (identity->proven < identity->doubts)
                identity_tick(identity);
}

void identity_init(struct identity *identity, struct loop *loop, struct kube *kube, const struct identity_hooks *hooks)
{
        *identity = (struct identity){.loop = loop, .kube = kube, .hooks = *hooks};
}

void identity_tick(struct identity *identity)
{
        mono_ms now = loop_now(identity->loop);
        bool is_known = identity->uid && identity->proven == identity->doubts;
        if (identity->call || (is_known && now - identity->asked_at < EVERY_MS))
                return;
        identity->asked_at = now;
        identity->asked_for = identity->doubts;
        char *path = kube_path(&namespaces, NULL, "kube-system", NULL);
        identity->call = kube_get(identity->kube, path, TIMEOUT_MS, answered, identity);
        free(path);
}

uint64_t identity_doubt(struct identity *identity)
{
        identity->doubts++;
        identity_tick(identity);
        return identity->doubts;
}

void identity_doubt_for_all(struct identity *identity)
{
        identity->wanted_by_all = identity_doubt(identity);
}

bool identity_is_proven(const struct identity *identity, uint64_t doubt)
{
        return identity->uid && identity->proven >= doubt && identity->proven >= identity->wanted_by_all;
}

void identity_close(struct identity *identity)
{
        kube_cancel(identity->call);
        free(identity->uid);
        free(identity->former);
}
