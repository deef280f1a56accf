/* dns_hands.h -- how the DNS contract tests touch a name: by the driver, by nsupdate, by dig. */
#ifndef PK_TEST_DNS_HANDS_H
#define PK_TEST_DNS_HANDS_H

#include "contract.h"
#include "targets/target.h"

struct target_options {
        const char *nameserver; /* NULL: the primary */
        const char *zone;       /* NULL: found by the driver */
        const char *key;        /* NULL: planekeeper */
};

/* A name, as one session of the driver reaches it. */
struct dns_target {
        struct target_session *session;
        char *name;
};

struct route53_options {
        const char *endpoint; /* NULL: the stand-in */
        const char *zone;     /* NULL: found by the driver */
        const char *key;      /* "id:secret"; NULL: the right one */
        bool is_private;
        const char *alias_zone; /* setting aliasHostedZoneID; NULL: none */
};

/* Whether this run is about the driver for Route 53; else about rfc2136. */
bool uses_route53(void);
const char *word_of_conflict(void); /* what the driver's text of a conflict has in it */
struct dns_target *open_route53(const char *name, const struct route53_options *options);
struct dns_target *open_name_with(const char *name, struct target_options options);
struct dns_target *open_name(const char *name);
void dns_target_close(struct dns_target *target);
enum err dns_read(struct dns_target *target, mono_ms deadline, struct target_state *ret, struct errmsg *reterr);
enum err dns_claims(struct dns_target *target, mono_ms deadline, char **ret_claim, struct errmsg *reterr);
enum err dns_alive(struct dns_target *target, const char *say, mono_ms deadline, char **ret_heard, struct errmsg *reterr);
void read_name(struct dns_target *target, struct target_state *ret); /* clears what @ret held */
struct target_want want_rrset(const char *rrset, epoch_t epoch);
/* A swap as the driver does it; where it succeeds, what it says that it saw must be what was wanted. */
enum err swap_name(struct dns_target *target, const struct target_state *expected, const struct target_want *to,
                   mono_ms deadline, struct errmsg *reterr);
enum err move_name(struct dns_target *target, const struct target_state *expected, struct target_want to,
                   struct errmsg *reterr);
void assert_name_moves(struct dns_target *target, struct target_want to); /* read, then move */

/* One server after the other: @variable is "<name>=<address> ...". */
void on_each(const char *variable, void (*test)(const char *address));

/* What is served by dig's account, as sorted words on one line. */
void assert_dig(const char *name, const char *type, const char *wanted);
void edit_by_hand(const char *commands); /* nsupdate's, separated by \\n */
void edit_at(const char *address, const char *commands);

#endif
