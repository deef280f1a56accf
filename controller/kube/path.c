/* path.c -- the path of a resource in the API. */
#include <curl/curl.h>

#include "kube/client.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum { PATH_BYTES_MAX = 16 * 1024 * 1024 }; /* a name out of an object, escaped, always fits: the server answers it */

static void append_escaped(struct strbuf *path, const char *text)
{
        char *escaped = curl_easy_escape(NULL, text, 0);
        INVARIANT(escaped);
        (void)strbuf_printf(path, "/%s", escaped);
        curl_free(escaped);
}

char *kube_path(const struct kube_resource *resource, const char *namespace_name, const char *name,
                const char *subresource)
{
        struct strbuf path = STRBUF_INIT(PATH_BYTES_MAX);
        if (resource->group[0])
                (void)strbuf_printf(&path, "/apis/%s/%s", resource->group, resource->version);
        else
                (void)strbuf_printf(&path, "/api/%s", resource->version);
        if (namespace_name) {
                (void)strbuf_append_text(&path, "/namespaces");
                append_escaped(&path, namespace_name);
        }
        append_escaped(&path, resource->plural);
        if (name)
                append_escaped(&path, name);
        if (subresource)
                append_escaped(&path, subresource);
        INVARIANT(!path.overflowed);
        return strbuf_take(&path);
}
