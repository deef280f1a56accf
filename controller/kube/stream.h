/* stream.h -- a GET whose body is handed over while it arrives. Private to watch.c. */
#ifndef PK_KUBE_STREAM_H
#define PK_KUBE_STREAM_H

#include "kube/client.h"

struct kube_stream {
        const char *path;         /* with its query; copied */
        mono_ms timeout_ms;       /* of the whole call; 0 none */
        mono_ms idle_timeout_ms;  /* without a byte */
        void (*begun)(void *ctx); /* HTTP 200: the headers are here */
        /* False ends the call: done() with ERR_CANCELLED follows. The body of a refusal does not come here but into
         * done()'s text. */
        bool (*bytes)(void *ctx, const char *bytes, size_t count);
        kube_done *done;
        void *ctx;
};

/* A 401 refreshes the credentials but is not tried again here: the watch has its own back-off. kube_cancel() works
 * within bytes(), too. */
struct kube_call *kube_stream(struct kube *kube, const struct kube_stream *stream);

#endif
