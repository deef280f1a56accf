/* fault.c -- the errors of AWS as the product's classes. */
#include "targets/aws/fault.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/text.h"

enum {
        CLOCK_OFF_MS = 4 * 60 * 1000, /* a signature is good for 5 minutes */
        THROTTLED_STATUS = 429,
};

enum meaning { BUSY, KEYS_REFUSED, RIGHTS_MISSING, SIGNATURE_WRONG, TOKEN_EXPIRED };

static const struct {
        const char *code;
        enum meaning meaning;
} codes[] = {
    {"Throttling", BUSY},
    {"ThrottlingException", BUSY},
    {"RequestThrottled", BUSY},
    {"RequestLimitExceeded", BUSY},
    {"TooManyRequestsException", BUSY},
    {"SlowDown", BUSY},
    {"PriorRequestNotComplete", BUSY},
    {"InvalidClientTokenId", KEYS_REFUSED},
    {"UnrecognizedClientException", KEYS_REFUSED},
    {"MissingAuthenticationToken", KEYS_REFUSED},
    {"IncompleteSignature", KEYS_REFUSED},
    {"AccessDenied", RIGHTS_MISSING},
    {"AccessDeniedException", RIGHTS_MISSING},
    {"UnauthorizedOperation", RIGHTS_MISSING},
    {"OptInRequired", RIGHTS_MISSING},
    {"SignatureDoesNotMatch", SIGNATURE_WRONG},
    {"RequestExpired", SIGNATURE_WRONG},
    {"RequestTimeTooSkewed", SIGNATURE_WRONG},
    {"InvalidSignatureException", SIGNATURE_WRONG},
    {"ExpiredToken", TOKEN_EXPIRED},
    {"ExpiredTokenException", TOKEN_EXPIRED},
};

static bool find_meaning(const char *code, enum meaning *ret)
{
        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
                if (strcmp(code, codes[i].code) == 0) {
                        *ret = codes[i].meaning;
                        return true;
                }
        return false;
}

bool fault_is_expired_token(const struct aws_answer *answer)
{
        enum meaning meaning;
        return find_meaning(answer->code, &meaning) && meaning == TOKEN_EXPIRED;
}

/* ---- the error document ---- */

static void copy_text(char *to, size_t size, const char *from)
{
        if (from)
                (void)text_copy(to, size, from);
}

/* <InvalidChangeBatch><Messages><Message>…: the code is the name of the root. */
static void read_messages(const struct xml_node *root, struct aws_answer *answer)
{
        struct strbuf all = STRBUF_INIT(sizeof(answer->message) - 1);
        (void)TEXT_COPY(answer->code, root->name);
        for (const struct xml_node *one = xml_find(root, "Messages/Message"); one; one = xml_next(one))
                (void)strbuf_printf(&all, "%s%s", all.bytes > 0 ? "; " : "", one->text ? one->text : "");
        if (all.bytes > 0)
                (void)TEXT_COPY(answer->message, strbuf_text(&all));
        else
                copy_text(answer->message, sizeof(answer->message), xml_text(root, "Messages/Message"));
        strbuf_deinit(&all);
}

void fault_read(const struct exchange_answer *exchanged, struct aws_answer *answer)
{
        CLEANUP(xml_clear) struct xml xml = {0};
        if (exchanged->body_bytes == 0 || xml_parse(exchanged->body, exchanged->body_bytes, &xml, NULL) != ERR_OK)
                return; /* a load balancer in between says it in HTML: then the status is all that there is */
        const struct xml_node *error = strcmp(xml.root->name, "Error") == 0 ? xml.root : xml_find(xml.root, "Error");
        if (error) {
                copy_text(answer->code, sizeof(answer->code), xml_text(error, "Code"));
                copy_text(answer->message, sizeof(answer->message), xml_text(error, "Message"));
        } else if (xml_find(xml.root, "Messages")) {
                read_messages(xml.root, answer);
        }
        if (answer->request_id[0] == '\0')
                copy_text(answer->request_id, sizeof(answer->request_id), xml_text(xml.root, "RequestId"));
}

/* ---- the class ---- */

/* By how many minutes this machine's clock is off, 0: by less than a signature bears. Positive: it is ahead. */
static long long minutes_off(unix_ms server_date)
{
        int64_t off_ms = server_date > 0 ? clock_wall() - server_date : 0;
        return llabs(off_ms) < CLOCK_OFF_MS ? 0 : (off_ms + (off_ms > 0 ? 30000 : -30000)) / 60000;
}

static enum err judge_signature(const struct aws_answer *answer, unix_ms server_date, const char *source,
                                struct errmsg *reterr)
{
        long long off = minutes_off(server_date);
        if (off != 0)
                return err_set(reterr, ERR_DENIED,
                               "%s: the clock of this machine is %lld minutes %s AWS's, so that no signature is valid; "
                               "set it right (NTP)",
                               answer->code, llabs(off), off > 0 ? "ahead of" : "behind");
        return err_set(reterr, ERR_DENIED, "%s: the secret access key does not fit the access key id (%s): %.200s",
                       answer->code, source, answer->message);
}

static enum err judge_known(enum meaning meaning, const struct aws_request *request, const struct aws_answer *answer,
                            unix_ms server_date, const char *source, struct errmsg *reterr)
{
        switch (meaning) {
        case BUSY:
                return err_set(reterr, ERR_TRANSIENT, "%s: %.200s", answer->code, answer->message);
        case SIGNATURE_WRONG:
                return judge_signature(answer, server_date, source, reterr);
        case RIGHTS_MISSING:
                return err_set(reterr, ERR_DENIED, "%s: allow %s in the IAM policy of these credentials (%s): %.250s",
                               answer->code, request->action, source, answer->message);
        case TOKEN_EXPIRED:
                return err_set(reterr, ERR_DENIED,
                               "%s: the temporary credentials (%s) have expired; put new ones in their place",
                               answer->code, source);
        case KEYS_REFUSED:
                break;
        }
        return err_set(reterr, ERR_DENIED,
                       "%s: AWS does not know the access key id (%s), or it was made inactive: %.200s", answer->code,
                       source, answer->message);
}

enum err fault_judge(const struct aws_request *request, const struct aws_answer *answer, unix_ms server_date,
                     const char *source, struct errmsg *reterr)
{
        enum meaning meaning;
        const char *code = answer->code[0] != '\0' ? answer->code : "no AWS error code";
        if (find_meaning(answer->code, &meaning))
                return judge_known(meaning, request, answer, server_date, source, reterr);
        if (answer->status == THROTTLED_STATUS)
                return err_set(reterr, ERR_TRANSIENT, "HTTP %ld, %s: %.200s", answer->status, code, answer->message);
        if (answer->status >= 500)
                return err_set(reterr, request->changes ? ERR_UNKNOWN : ERR_TRANSIENT, "HTTP %ld, %s: %.200s",
                               answer->status, code, answer->message);
        if (answer->status == 401 || answer->status == 403)
                return err_set(reterr, ERR_DENIED, "HTTP %ld, %s (%s): %.200s", answer->status, code, source,
                               answer->message);
        return err_set(reterr, ERR_INVALID, "HTTP %ld, %s: %.300s", answer->status, code, answer->message);
}
