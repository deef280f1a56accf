/*
 * route53_session.h -- one account's Route 53 as a session: signed calls, its hosted zones, and what a name's sets are.
 *
 * Ownership: a look is cleared by route53_look_clear(); its sets die with it.
 * Errors:    as in targets/target.h. Texts begin with the hosted zone where it is known.
 * Threads:   on a worker, one at a time per session.
 * Source:    Route 53 API Reference 2013-04-01.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_SESSION_H
#define PK_TARGETS_DNS_ROUTE53_SESSION_H

#include "targets/aws/client.h"
#include "targets/dns/route53_answer.h"
#include "targets/dns/route53_batch.h"
#include "targets/target.h"

struct route53 {
        struct target_session base;
        struct aws_client *client;
        const char *partition; /* of ARNs: "aws", "aws-cn", "aws-us-gov" */
        char *zone_id;         /* the setting; NULL: found by name */
        bool wants_private;
        char *alias_zone; /* the setting; NULL: none */
        struct arena arena; /* of the zones */
        struct route53_zones zones;
        char listed_zone[40]; /* the zone that was last listed, and on how many pages at least it is */
        size_t listed_pages;
        mono_ms listed_at;
        char servers_zone[40]; /* the zone whose name servers were last asked for, and the answer */
        struct target_servers servers;
        mono_ms servers_at;
        mono_ms zones_at; /* when they were listed; 0: not yet, or what is known of them is wrong */
};

/* One call about @zone_id (NULL: none in particular). @ret_retry_ms: how long all are to wait. */
MUST_CHECK enum err route53_call(struct route53 *self, const struct aws_request *request, const char *zone_id,
                                 mono_ms deadline, struct aws_answer *ret, mono_ms *ret_retry_ms,
                                 struct errmsg *reterr);

/* The id of the zone that @name lives in; borrowed until the next call. */
MUST_CHECK enum err route53_find_zone(struct route53 *self, const char *name, mono_ms deadline, const char **ret,
                                      mono_ms *ret_retry_ms, struct errmsg *reterr);

/* The first set of a page; all NULL: of the zone. */
struct route53_start_at {
        const char *name, *type, *identifier;
};
MUST_CHECK enum err route53_list_page(struct route53 *self, const char *zone_id, const struct route53_start_at *at,
                                      unsigned most, mono_ms deadline, struct aws_answer *ret, mono_ms *ret_retry_ms,
                                      struct errmsg *reterr);

enum { ROUTE53_PAGES = 2 };
/* The sets at and near a name. */
struct route53_look {
        struct aws_answer answers[ROUTE53_PAGES];
        struct arena arena;
        struct route53_sets sets;
};
void route53_look_clear(struct route53_look *look); /* also right for CLEANUP() */

/* All sets from @first on until @last, a TXT record further down the zone ("" where @first is all), is among them. */
MUST_CHECK enum err route53_list(struct route53 *self, const char *zone_id, const char *first, const char *last,
                                 mono_ms deadline, struct route53_look *ret, mono_ms *ret_retry_ms,
                                 struct errmsg *reterr);

/* "<zone id> <Sets>...": what the next swap deletes, to the letter. The caller's. */
char *route53_version(const char *zone_id, const struct route53_sets *own);

/* The state of the names; ret->version carries zone and sets to the next swap. */
MUST_CHECK enum err route53_read(struct route53 *self, const char *zone_id, const struct route53_names *names,
                                 mono_ms deadline, struct target_state *ret, mono_ms *ret_retry_ms,
                                 struct errmsg *reterr);

/* Sends a batch of changes. @ret_code: the service's word for a refusal, "" where there is none. */
MUST_CHECK enum err route53_change(struct route53 *self, const char *zone_id, const struct strbuf *body,
                                   mono_ms deadline, char ret_code[static 64], mono_ms *ret_retry_ms,
                                   struct errmsg *reterr);

/* One compare-and-swap; fills visit->found. */
MUST_CHECK enum err route53_swap(struct route53 *self, const struct route53_names *names, struct target_visit *visit);

/* Whether swaps of names of one zone would be let through; what is in another zone is TARGET_LEFT. In
 * route53_preflight.c. */
void route53_try_all(struct route53 *self, struct target_preflight *preflights, size_t count);

/* One request for all names of a zone, while the session's list of zones serves. In route53_servers.c. */
MUST_CHECK enum err route53_servers(struct route53 *self, const char *name, mono_ms deadline,
                                    struct target_servers *ret, struct errmsg *reterr);

struct route53_index;
/* @index: the sets of the whole zone, which save the requests; NULL: none. */
MUST_CHECK enum err route53_claim(struct route53 *self, const char *zone_id, const char *name,
                                  const struct route53_index *index, mono_ms deadline, char **ret,
                                  struct errmsg *reterr);

#endif
