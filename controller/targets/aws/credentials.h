/*
 * credentials.h -- where the keys that sign a request come from: the sources of AWS's own tools, tried in their order,
 * and kept until shortly before they expire.
 *
 * In this order, and the first one that is configured is the only one that is used:
 *   1. the Secret that the policy names: aws_access_key_id, aws_secret_access_key, aws_session_token (also
 *      AWS_ACCESS_KEY_ID …, and access-key-id, secret-access-key, session-token, as other tools write them)
 *   2. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN in the operator's environment
 *   3. web identity: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, as EKS sets them for a ServiceAccount with a role
 *   4. container credentials: AWS_CONTAINER_CREDENTIALS_FULL_URI (EKS Pod Identity) or …_RELATIVE_URI (ECS)
 *   5. the instance's role by IMDSv2, only with --aws-instance-metadata: any Pod of the node could ask for it
 * With a role in the policy these keys only assume it, and the role's are what signs.
 *
 * Ownership: the entries of the Secret are copied; the environment is borrowed and outlives all credentials. Keys are
 *            wiped when they are replaced and on close; copies that libcurl and jansson make, by runtime/wiping_heap.h.
 * Errors:    ERR_INVALID: no source is configured (each is named with what it lacks), or one cannot work until a person
 *            mends it. ERR_DENIED: the source's service refused. ERR_TRANSIENT: it could not be asked. Texts never hold
 *            a key or a token.
 * Threads:   calls block until their deadline: executor jobs only, one thread at a time.
 */
#ifndef PK_TARGETS_AWS_CREDENTIALS_H
#define PK_TARGETS_AWS_CREDENTIALS_H

#include <stdbool.h>

#include "targets/exchange.h"
#include "targets/target.h"
#include "util/secret.h"
#include "util/units.h"

/* The variables of AWS's tools in the process's environment; NULL or "" where one is not set. They are read once, in
 * the composition root. */
struct aws_environment {
        const char *access_key_id;           /* AWS_ACCESS_KEY_ID */
        const char *secret_access_key;       /* AWS_SECRET_ACCESS_KEY */
        const char *session_token;           /* AWS_SESSION_TOKEN */
        const char *region;                  /* AWS_REGION, else AWS_DEFAULT_REGION */
        const char *role_arn;                /* AWS_ROLE_ARN */
        const char *web_identity_token_file; /* AWS_WEB_IDENTITY_TOKEN_FILE */
        const char *role_session_name;       /* AWS_ROLE_SESSION_NAME */
        const char *container_full_uri;      /* AWS_CONTAINER_CREDENTIALS_FULL_URI */
        const char *container_relative_uri;  /* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI */
        const char *container_token_file;    /* AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE */
        const char *container_token;         /* AWS_CONTAINER_AUTHORIZATION_TOKEN */
        const char *sts_endpoint;            /* AWS_ENDPOINT_URL_STS */
        const char *instance_endpoint;       /* AWS_EC2_METADATA_SERVICE_ENDPOINT */
        bool use_instance_metadata;          /* --aws-instance-metadata, no variable */
};

struct aws_keys {
        struct secret access_key_id;
        struct secret secret_access_key;
        struct secret session_token; /* may be empty */
};
void aws_keys_clear(struct aws_keys *keys);
/* Borrows all of it. */
struct exchange_signature aws_signature(const struct aws_keys *keys, const char *service, const char *region);

/*
 * Whether the keys in a Secret can be used at all, without asking anybody: ERR_INVALID says which is missing or
 * malformed. No entries at all are right: then another source is used.
 */
MUST_CHECK enum err aws_credentials_check(const struct target_credential *credentials, size_t count,
                                          struct errmsg *reterr);
/* The keys of the Secret, for people. */
#define AWS_CREDENTIALS_WANTED "aws_access_key_id, aws_secret_access_key and, for temporary keys, aws_session_token"

struct aws_credentials; /* the keys of one session, from whichever source */
struct aws_role; /* role.h */

/* @entries and @role (NULL: none) are copied; @environment is borrowed and may be NULL: then the Secret is the only
 * source. */
struct aws_credentials *aws_credentials_open(const struct target_credential *entries, size_t count,
                                             const struct aws_environment *environment, const struct aws_role *role);
/* Keys that are valid now: kept ones, or new ones, which are asked for by @exchange. Borrowed until the next call. */
MUST_CHECK enum err aws_credentials_get(struct aws_credentials *credentials, struct exchange *exchange,
                                        mono_ms deadline, const struct aws_keys **ret, struct errmsg *reterr);
/* The service said that the keys have expired. True: the next get asks for new ones; false: they are not of a kind that
 * is renewed. */
bool aws_credentials_forget(struct aws_credentials *credentials);
/* How long keys are used before they are renewed: until 5 minutes before their end, or half of a short validity. */
int64_t aws_credentials_renew_after(int64_t valid_ms);
const char *aws_credentials_source(const struct aws_credentials *credentials); /* of the kept keys, for people */
void aws_credentials_close(struct aws_credentials *credentials);               /* NULL is a no-op */

#endif
