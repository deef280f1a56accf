/* http_easy.c -- the options that all easy handles of libcurl have in common. */
#include "runtime/http_easy.h"

#include <stdlib.h>
#include <sys/socket.h>

enum {
        KEEPALIVE_IDLE_S = 15,
        KEEPALIVE_INTERVAL_S = 5,
        RETRY_AFTER_MAX_S = 24 * 60 * 60,
};

/* A program that is started later does not inherit the connection. */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
        (void)ctx;
        (void)purpose;
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode first(CURLcode earlier, CURLcode later)
{
        return earlier == CURLE_OK ? later : earlier;
}

CURLcode http_easy_setup(CURL *easy)
{
        CURLcode code = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        code = first(code, curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"));
        code = first(code, curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
        code = first(code, curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket));
        code = first(code, curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L));
        code = first(code, curl_easy_setopt(easy, CURLOPT_USERAGENT, "planekeeper"));
        /* A folder beside the system's bundle adds nothing, but keeps curl from parsing the bundle only once. */
        code = first(code, curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
        /* Without it curl waits, in this thread, until a look-up that was given up has ended. */
        return first(code, curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
}

CURLcode http_easy_keep_alive(CURL *easy)
{
        CURLcode code = curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
        code = first(code, curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S));
        return first(code, curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_S));
}

bool http_easy_was_sent(CURL *easy)
{
        long sent_bytes = 0;
        (void)curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
        return sent_bytes > 0;
}

const char *http_easy_header(CURL *easy, const char *name, unsigned origin)
{
        struct curl_header *header = NULL;
        return curl_easy_header(easy, name, 0, origin, -1, &header) == CURLHE_OK ? header->value : NULL;
}

long http_easy_retry_after_s(CURL *easy)
{
        const char *text = http_easy_header(easy, "Retry-After", CURLH_HEADER);
        if (!text || text[0] < '0' || text[0] > '9')
                return -1; /* a date is allowed as well; no server that is asked sends one */
        long seconds = strtol(text, NULL, 10);
        return seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
}

unix_ms http_easy_date(CURL *easy)
{
        const char *text = http_easy_header(easy, "Date", CURLH_HEADER);
        time_t seconds = text ? curl_getdate(text, NULL) : -1;
        return seconds > 0 ? (unix_ms)seconds * 1000 : 0;
}
