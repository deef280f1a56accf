/* watch_path.c -- the paths with query of a list page and of a watch. */
#include "kube/watch_path.h"

#include <curl/curl.h>

#include "util/mem.h"
#include "util/strbuf.h"

enum { PATH_BYTES_MAX = 16 * 1024 * 1024 };

static void append_parameter(struct strbuf *path, const char *name, const char *value)
{
        if (!value)
                return;
        char *escaped = curl_easy_escape(NULL, value, 0);
        INVARIANT(escaped);
        (void)strbuf_printf(path, "&%s=%s", name, escaped);
        curl_free(escaped);
}

char *watch_path_of_page(const char *path, const char *selector, unsigned limit, const char *continue_token)
{
        struct strbuf whole = STRBUF_INIT(PATH_BYTES_MAX);
        (void)strbuf_printf(&whole, "%s?limit=%u", path, limit);
        append_parameter(&whole, "labelSelector", selector);
        append_parameter(&whole, "continue", continue_token);
        return strbuf_take(&whole);
}

char *watch_path_of_watch(const char *path, const char *selector, const char *resource_version, unsigned timeout_s)
{
        struct strbuf whole = STRBUF_INIT(PATH_BYTES_MAX);
        (void)strbuf_printf(&whole, "%s?watch=true&allowWatchBookmarks=true&timeoutSeconds=%u", path, timeout_s);
        append_parameter(&whole, "labelSelector", selector);
        append_parameter(&whole, "resourceVersion", resource_version);
        return strbuf_take(&whole);
}
