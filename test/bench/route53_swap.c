/*
 * route53_swap.c -- a read and a swap of one name in Route 53 by the driver, and the same requests by a bare libcurl client, in turns:
 * "route53_swap <endpoint> <key id> <secret> <zone id> <name> <runs>". Prints the times of each pair in microseconds, driver first.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "targets/target.h"

enum { PATIENCE_MS = 20000, URL_BYTES = 512, BODY_BYTES = 4096 };

static void must(bool is_right, const char *what)
{
        if (is_right)
                return;
        (void)fprintf(stderr, "route53_swap: %s\n", what);
        exit(1);
}

/* ---- the driver ---- */

static void drive(struct target_session *session, const char *name, epoch_t epoch)
{
        struct target_visit look = {.verb = TARGET_READ, .name = name, .deadline = clock_mono() + PATIENCE_MS};
        target_visit(session, &look);
        must(look.err == ERR_OK, look.why.text);
        const struct target_want want = {.value = epoch % 2 ? "A 192.0.2.1" : "A 192.0.2.2",
                                         .ttl_s = 30,
                                         .epoch = epoch,
                                         .id = epoch,
                                         .plane = "eu-west-1",
                                         .store = "k8s/8c6f5d4e-0000-4000-8000-000000000001/default/gloo"};
        struct target_visit swap = {.verb = TARGET_SWAP,
                                    .name = name,
                                    .expected = &look.found,
                                    .want = &want,
                                    .deadline = clock_mono() + PATIENCE_MS};
        target_visit(session, &swap);
        must(swap.err == ERR_OK, swap.why.text);
        target_state_clear(&look.found);
        target_state_clear(&swap.found);
}

/* ---- the bare client ---- */

struct bare {
        CURL *curl;
        struct curl_slist *xml;
        char list[URL_BYTES], change[URL_BYTES], name[256], user[256];
};

static size_t count_bytes(char *bytes, size_t size, size_t count, void *total)
{
        (void)bytes;
        *(size_t *)total += size * count;
        return size * count;
}

static void request(struct bare *bare, const char *url, const char *body)
{
        long status = 0;
        size_t total = 0;
        curl_easy_reset(bare->curl);
        curl_easy_setopt(bare->curl, CURLOPT_URL, url);
        curl_easy_setopt(bare->curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:route53");
        curl_easy_setopt(bare->curl, CURLOPT_USERPWD, bare->user);
        curl_easy_setopt(bare->curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(bare->curl, CURLOPT_WRITEFUNCTION, count_bytes);
        curl_easy_setopt(bare->curl, CURLOPT_WRITEDATA, &total);
        if (body) {
                curl_easy_setopt(bare->curl, CURLOPT_HTTPHEADER, bare->xml);
                curl_easy_setopt(bare->curl, CURLOPT_POSTFIELDS, body);
        }
        must(curl_easy_perform(bare->curl) == CURLE_OK, url);
        curl_easy_getinfo(bare->curl, CURLINFO_RESPONSE_CODE, &status);
        must(status == 200, body ? body : url);
}

static int print_change(char *to, size_t size, const char *action, const char *name, const char *type, const char *value)
{
        return snprintf(to, size,
                        "<Change><Action>%s</Action><ResourceRecordSet><Name>%s</Name><Type>%s</Type><TTL>30</TTL><ResourceRecords>"
                        "<ResourceRecord><Value>%s</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>",
                        action, name, type, value);
}

static void go_bare(struct bare *bare, unsigned run)
{
        char body[BODY_BYTES], stamp_name[300], old[256], new[256];
        static const char text[] = "\"v=pk1 e=%u id=%016u p=eu-west-1 s=k8s/8c6f5d4e-0000-4000-8000-000000000001/default/gloo\"";
        size_t at = 0;
        (void)snprintf(stamp_name, sizeof(stamp_name), "_planekeeper.%s", bare->name);
        (void)snprintf(old, sizeof(old), text, run - 1, run - 1);
        (void)snprintf(new, sizeof(new), text, run, run);
        at += (size_t)snprintf(body, sizeof(body),
                               "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ChangeResourceRecordSetsRequest "
                               "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>");
        if (run > 1) {
                at += (size_t)print_change(body + at, sizeof(body) - at, "DELETE", bare->name, "A", run % 2 ? "192.0.2.2" : "192.0.2.1");
                at += (size_t)print_change(body + at, sizeof(body) - at, "DELETE", stamp_name, "TXT", old);
        }
        at += (size_t)print_change(body + at, sizeof(body) - at, "CREATE", bare->name, "A", run % 2 ? "192.0.2.1" : "192.0.2.2");
        at += (size_t)print_change(body + at, sizeof(body) - at, "CREATE", stamp_name, "TXT", new);
        (void)snprintf(body + at, sizeof(body) - at, "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>");
        request(bare, bare->list, NULL);
        request(bare, bare->change, body);
        request(bare, bare->list, NULL);
}

int main(int argc, char **argv)
{
        must(argc == 7, "usage: route53_swap ENDPOINT KEY SECRET ZONE NAME RUNS");
        const char *endpoint = argv[1], *zone = argv[4], *name = argv[5];
        const unsigned runs = (unsigned)strtoul(argv[6], NULL, 10);
        must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl");
        struct target_credential credentials[] = {{.key = "aws_access_key_id"}, {.key = "aws_secret_access_key"}};
        secret_set(&credentials[0].value, argv[2], strlen(argv[2]));
        secret_set(&credentials[1].value, argv[3], strlen(argv[3]));
        const struct target_setting settings[] = {{"endpoint", endpoint}};
        const struct target_config config = {.settings = settings, .setting_count = 1, .credentials = credentials, .credential_count = 2};
        struct target_session *session = NULL;
        struct errmsg why = {0};
        must(target_driver_find("route53")->open(&config, &session, &why) == ERR_OK, why.text);
        struct bare bare = {.curl = curl_easy_init(), .xml = curl_slist_append(NULL, "Content-Type: application/xml")};
        (void)snprintf(bare.user, sizeof(bare.user), "%s:%s", argv[2], argv[3]);
        (void)snprintf(bare.name, sizeof(bare.name), "bare-%s", name);
        (void)snprintf(bare.list, sizeof(bare.list), "%s/2013-04-01/hostedzone/%s/rrset?maxitems=30&name=%s", endpoint, zone, bare.name);
        (void)snprintf(bare.change, sizeof(bare.change), "%s/2013-04-01/hostedzone/%s/rrset/", endpoint, zone);
        for (unsigned run = 1; run <= runs; run++) {
                const int64_t began = clock_mono_us();
                drive(session, name, run);
                const int64_t between = clock_mono_us();
                go_bare(&bare, run);
                printf("%lld %lld\n", (long long)(between - began), (long long)(clock_mono_us() - between));
        }
        target_close(session);
        curl_slist_free_all(bare.xml);
        curl_easy_cleanup(bare.curl);
        for (size_t i = 0; i < 2; i++)
                secret_clear(&credentials[i].value);
        return 0;
}
