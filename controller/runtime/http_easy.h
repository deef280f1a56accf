/*
 * http_easy.h -- the options that all easy handles of libcurl have in common, on the loop and on workers.
 *
 * Errors:  the first option that curl refused.
 * Threads: one at a time per handle.
 */
#ifndef PK_RUNTIME_HTTP_EASY_H
#define PK_RUNTIME_HTTP_EASY_H

#include <curl/curl.h>
#include <stdbool.h>

#include "util/units.h"

/*
 * No signals, no proxy, only HTTP and HTTPS, descriptors that no child inherits, the product's name, the system's
 * bundle as trust store, and no wait for a look-up that was given up.
 */
CURLcode http_easy_setup(CURL *easy);
CURLcode http_easy_keep_alive(CURL *easy); /* probe idle connections, so that a dead peer is noticed */

/* Of the last transfer: */
bool http_easy_was_sent(CURL *easy); /* at least a part of the request left */
/* @origin: CURLH_HEADER, CURLH_TRAILER. NULL where absent; else valid until the handle is used again. */
const char *http_easy_header(CURL *easy, const char *name, unsigned origin);
long http_easy_retry_after_s(
    CURL *easy);                    /* of the Retry-After header, a day at most; -1 where there is none in seconds */
unix_ms http_easy_date(CURL *easy); /* the Date header, 0 where there is none */

#endif
