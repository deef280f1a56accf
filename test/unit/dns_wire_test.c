/* dns_wire_test.c -- keys, signatures, messages and rrset texts, without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/dns/rfc2136.h"
#include "targets/dns/state.h"
#include "targets/dns/update.h"
#include "util/mem.h"

#define KEY_FILE "key \"DrKey\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\";\n};\n"

/* ---- keys ---- */

struct entry {
        const char *key;
        const char *text;
};

static enum err read_key(const struct entry *entries, size_t count, struct tsig_key *ret, struct errmsg *error)
{
        struct target_credential credentials[4] = {0};
        for (size_t i = 0; i < count; i++) {
                credentials[i].key = entries[i].key;
                secret_set(&credentials[i].value, entries[i].text, strlen(entries[i].text));
        }
        const struct target_config config = {.credentials = credentials, .credential_count = count};
        enum err err = tsig_key_from_config(&config, ret, error);
        for (size_t i = 0; i < count; i++)
                secret_clear(&credentials[i].value);
        return err;
}

static void key_is_read_from_file_or_fields(void **state)
{
        (void)state;
        static const struct entry forms[][3] = {
            {{"any.name", KEY_FILE}},
            {{"tsig.key", "# by hand\n// two\n/* three */ KEY drkey. {secret c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0; "
                          "algorithm \"HMAC-SHA256.\";};"}},
            {{"name", "drkey"}, {"key", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\n"}, {"algorithm", "hmac-sha256"}},
            {{"name", "DRKEY.\n"}, {"secret", " c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}},
            /* as other tools and editors write them */
            {{"tsig.conf", "\xEF\xBB\xBF" KEY_FILE}},
            {{"name", "\xEF\xBB\xBF"
                      "drkey\r\n"},
             {"key", "c2VjcmV0c2VjcmV0\r\nc2VjcmV0c2VjcmV0\r\n"},
             {"algorithm", "HMACSHA256"}},
            {{"values.json", "{\"any\": {}}"}, {"name", "drkey"}, {"key", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}},
            {{"a.conf", "zone \"x\" { };"}, {"z.conf", KEY_FILE}},
            {{"rfc2136_tsig_keyname", "drkey"},
             {"rfc2136_tsig_secret", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
             {"rfc2136_tsig_secret_alg", "sha256"}},
            {{"keymgr", "# hmac-sha256:drkey:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\nkey:\n  - id: drkey\n"}},
            {{"key", "hmac-sha256:drkey.:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\n"}},
        };
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                struct tsig_key key = {0};
                struct errmsg error = {0};
                size_t count = 0;
                while (count < 3 && forms[i][count].key)
                        count++;
                if (read_key(forms[i], count, &key, &error) != ERR_OK)
                        fail_msg("form %zu: %s", i, error.text);
                assert_string_equal(key.text, "drkey.");
                assert_string_equal(tsig_key_algorithm_name(&key), "hmac-sha256");
                assert_string_equal(key.bytes.bytes, "secretsecretsecretsecret");
                tsig_key_clear(&key);
        }
}

/* "secret-key?>" in every spelling of base64. */
static void base64_is_read_in_every_spelling(void **state)
{
        (void)state;
        static const char *const spellings[] = {"+/+/c2VjcmV0cw==", "-_-_c2VjcmV0cw==", "-_-_c2VjcmV0cw",
                                                "+/+/\nc2Vj\ncmV0cw"};
        for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
                const struct entry entries[] = {
                    {"name", "k"}, {"key", spellings[i]}, {"algorithm", i % 2 ? "HMACSHA512" : "hmac_sha512"}};
                struct tsig_key key = {0};
                struct errmsg error = {0};
                if (read_key(entries, 3, &key, &error) != ERR_OK)
                        fail_msg("%s: %s", spellings[i], error.text);
                assert_string_equal(key.bytes.bytes, "\xFB\xFF\xBFsecrets");
                assert_string_equal(tsig_key_algorithm_name(&key), "hmac-sha512");
                tsig_key_clear(&key);
        }
}

static void malformed_key_names_the_field(void **state)
{
        (void)state;
        static const struct {
                struct entry entries[3];
                const char *part;
        } cases[] = {
            {{{0}}, "no TSIG key"},
            {{{"name", "k"}}, "field key"},
            {{{"key", "c2VjcmV0"}}, "field name"},
            {{{"key", "c2VjcmV0"}, {"name", "two words"}}, "field name"},
            {{{"key", "not base64!"}, {"name", "k"}}, "field key"},
            {{{"key", ""}, {"name", "k"}}, "field key"},
            {{{"key", "c2VjcmV0"}, {"name", "k"}, {"algorithm", "hmac-md5"}}, "weak"},
            {{{"key", "c2VjcmV0"}, {"name", "k"}, {"algorithm", "HMAC-MD5.SIG-ALG.REG.INT"}}, "weak"},
            {{{"key", "c2VjcmV0"}, {"name", "k"}, {"algorithm", "hmac-sha1"}}, "weak"},
            {{{"key", "c2VjcmV0"}, {"name", "k"}, {"algorithm", "hmac-sha257"}}, "unknown"},
            {{{"key", "c2VjcmV0c"}, {"name", "k"}}, "field key"},
            {{{"key", "c2VjcmV0"}, {"nome", "k"}}, "field name: missing"},
            {{{"tsig.key", "\xFF\xFEk"}}, "UTF-16"},
            {{{"f", "hmac-sha256:k"}}, "field key: missing"},
            {{{"f", "key \"k\" { algorithm hmac-sha256; }"}}, "field key"},
            {{{"f", "key \"k\" { secret \"c2VjcmV0\""}}, "secret"},
            {{{"f", "key \"k\" { secret \"c2VjcmV0\";"}}, "ends before"},
            {{{"f", "key { secret \"c2VjcmV0\"; };"}}, "does not begin"},
            {{{"f", "zone \"k\" { };"}}, "does not begin"},
            {{{"f", "key \"k\" { sekret \"c2VjcmV0\"; };"}}, "neither"},
            {{{"f", "key \"k {"}}, "does not begin"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct tsig_key key = {0};
                struct errmsg error = {0};
                size_t count = 0;
                while (count < 3 && cases[i].entries[count].key)
                        count++;
                if (read_key(cases[i].entries, count, &key, &error) != ERR_INVALID ||
                    !strstr(error.text, cases[i].part))
                        fail_msg("case %zu (%s): %s", i, cases[i].part, error.text);
                assert_null(strstr(error.text, "c2VjcmV0"));
        }
}

/* ---- signatures ---- */

static void make_key(struct tsig_key *ret)
{
        static const struct entry file = {"k", KEY_FILE};
        assert_int_equal(read_key(&file, 1, ret, NULL), ERR_OK);
}

/* The key of KEY_FILE as ldns wants it: its signatures are the judge of ours. */
static void sign_by_ldns(ldns_pkt *packet, const struct tsig_mac *mac)
{
        uint8_t counted[2 + TSIG_MAC_MAX] = {0, (uint8_t)mac->count};
        memcpy(counted + 2, mac->bytes, mac->count);
        ldns_rdf *request_mac = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, mac->count + 2, counted);
        assert_int_equal(ldns_pkt_tsig_sign(packet, "drkey.", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", TSIG_FUDGE_S,
                                            "hmac-sha256.", request_mac),
                         LDNS_STATUS_OK);
        ldns_rdf_deep_free(request_mac);
}

/* What a server would answer: the question with QR and AA set and @rrset. */
static size_t make_answer(const struct message *question, bool is_signed, const char *rrset, uint8_t *wire)
{
        ldns_pkt *packet = ldns_pkt_query_new(ldns_rdf_clone(question->owner), question->type, LDNS_RR_CLASS_IN, 0);
        ldns_pkt_set_id(packet, question->id);
        ldns_pkt_set_qr(packet, true);
        ldns_pkt_set_aa(packet, true);
        ldns_rr_list *records = ldns_rr_list_new();
        assert_int_equal(state_push_rrset(question->owner, rrset, 30, records, NULL), ERR_OK);
        for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++)
                assert_true(ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, ldns_rr_clone(ldns_rr_list_rr(records, i))));
        ldns_rr_list_deep_free(records);
        if (is_signed)
                sign_by_ldns(packet, &question->mac);
        uint8_t *plain = NULL;
        size_t bytes = 0;
        assert_int_equal(ldns_pkt2wire(&plain, packet, &bytes), LDNS_STATUS_OK);
        memcpy(wire, plain, bytes);
        free(plain);
        ldns_pkt_free(packet);
        return bytes;
}

struct exchange {
        struct tsig_key key;
        struct names names;
        struct message question;
        uint8_t answer[4096];
        size_t bytes;
};

static void exchange_init(struct exchange *exchange, const char *rrset)
{
        *exchange = (struct exchange){0};
        make_key(&exchange->key);
        assert_int_equal(names_init("app.dr.test", &exchange->names, NULL), ERR_OK);
        message_ask(exchange->names.address, LDNS_RR_TYPE_A, &exchange->key, &exchange->question);
        exchange->bytes = make_answer(&exchange->question, true, rrset, exchange->answer);
}

static void exchange_deinit(struct exchange *exchange)
{
        message_clear(&exchange->question);
        names_clear(&exchange->names);
        tsig_key_clear(&exchange->key);
}

static enum message_match receive(struct exchange *exchange)
{
        return message_accept(&exchange->question, exchange->answer, exchange->bytes);
}

static void signed_answer_is_accepted(void **state)
{
        (void)state;
        struct exchange exchange;
        exchange_init(&exchange, "A 192.0.2.1");
        assert_int_equal(receive(&exchange), MESSAGE_ACCEPTED);
        assert_int_equal(exchange.question.proof.verdict, TSIG_VALID);
        exchange_deinit(&exchange);
}

static void drop_answer(struct exchange *exchange)
{
        ldns_pkt_free(exchange->question.answer);
        exchange->question.answer = NULL;
}

/* What still passes: the case of the key's name, and errors that servers send unsigned, which count as unproven. */
static void any_flipped_bit_is_noticed(void **state)
{
        (void)state;
        struct exchange exchange;
        exchange_init(&exchange, "A 192.0.2.1");
        for (size_t bit = 0; bit < exchange.bytes * 8; bit++) {
                exchange.answer[bit / 8] ^= (uint8_t)(1 << bit % 8);
                if (receive(&exchange) == MESSAGE_ACCEPTED) {
                        bool is_proven = exchange.question.proof.verdict == TSIG_VALID;
                        char *answer = ldns_rr_list2str(ldns_pkt_answer(exchange.question.answer));
                        if (is_proven)
                                assert_string_equal(answer, "app.dr.test.\t30\tIN\tA\t192.0.2.1\n");
                        else
                                assert_int_not_equal(ldns_pkt_get_rcode(exchange.question.answer), LDNS_RCODE_NOERROR);
                        free(answer);
                        drop_answer(&exchange);
                }
                exchange.answer[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_int_equal(receive(&exchange), MESSAGE_ACCEPTED);
        exchange_deinit(&exchange);
}

static void cut_answer_is_no_answer(void **state)
{
        (void)state;
        struct exchange exchange;
        exchange_init(&exchange, "A 192.0.2.1");
        size_t whole = exchange.bytes;
        for (exchange.bytes = 0; exchange.bytes < whole; exchange.bytes++)
                assert_int_not_equal(receive(&exchange), MESSAGE_ACCEPTED);
        exchange_deinit(&exchange);
}

static void answer_to_another_question_is_left_alone(void **state)
{
        (void)state;
        struct exchange exchange;
        exchange_init(&exchange, "A 192.0.2.1");
        struct message other;
        do { /* whose random id is another */
                message_ask(exchange.names.stamp, LDNS_RR_TYPE_TXT, &exchange.key, &other);
                if (other.id == exchange.question.id)
                        message_clear(&other);
        } while (!other.wire);
        assert_int_equal(message_accept(&other, exchange.answer, exchange.bytes), MESSAGE_OTHER);
        other.id = exchange.question.id; /* even with the right id */
        assert_int_equal(message_accept(&other, exchange.answer, exchange.bytes), MESSAGE_OTHER);
        message_clear(&other);
        exchange_deinit(&exchange);
}

static void unsigned_answer_is_forged_where_we_signed(void **state)
{
        (void)state;
        struct exchange exchange;
        exchange_init(&exchange, "A 192.0.2.1");
        exchange.bytes = make_answer(&exchange.question, false, "A 203.0.113.9", exchange.answer);
        assert_int_equal(receive(&exchange), MESSAGE_FORGED);
        exchange_deinit(&exchange);
}

static void truncated_answer_asks_for_tcp(void **state)
{
        (void)state;
        struct exchange exchange;
        exchange_init(&exchange, "");
        exchange.answer[2] |= 2;
        assert_int_equal(receive(&exchange), MESSAGE_TRUNCATED);
        exchange_deinit(&exchange);
}

/* ---- rrset texts ---- */

static void rrset_text_is_canonical(void **state)
{
        (void)state;
        static const struct {
                const char *written;
                const char *read;
        } cases[] = {
            {"A 192.0.2.1", "A 192.0.2.1"},
            {"A 192.0.2.2,192.0.2.1,192.0.2.2", "A 192.0.2.1,192.0.2.2"},
            {"A 10.0.0.9,10.0.0.10", "A 10.0.0.10,10.0.0.9"},
            {"", ""},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct exchange exchange;
                exchange_init(&exchange, cases[i].written);
                struct message answers[ASK_COUNT];
                state_ask(&exchange.names, NULL, answers);
                uint8_t wire[4096];
                for (size_t k = 0; k < ASK_COUNT; k++) {
                        size_t bytes = make_answer(&answers[k], false, k == ASK_A ? cases[i].written : "", wire);
                        assert_int_equal(message_accept(&answers[k], wire, bytes), MESSAGE_ACCEPTED);
                }
                struct target_state now = {0};
                assert_int_equal(state_from_answers(answers, &now, NULL), ERR_OK);
                assert_string_equal(now.value, cases[i].read);
                assert_int_equal(now.stamp.presence, STAMP_ABSENT);
                target_state_clear(&now);
                for (size_t k = 0; k < ASK_COUNT; k++)
                        message_clear(&answers[k]);
                exchange_deinit(&exchange);
        }
}

static void text_that_is_no_rrset_is_refused(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "A",      "A ",        "MX 10 mail",   "A 192.0.2",      "AAAA 192.0.2.1",    "A 2001:db8::1",
            "CNAME ", "CNAME a b", "A 192.0.2.1,", "A 192.0.2.1 + ", "A 192.0.2.1 + B c", " A 192.0.2.1"};
        struct names names = {0};
        assert_int_equal(names_init("app.dr.test", &names, NULL), ERR_OK);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                ldns_rr_list *list = ldns_rr_list_new();
                if (state_push_rrset(names.address, texts[i], 30, list, NULL) != ERR_INVALID)
                        fail_msg("taken for an rrset: \"%s\"", texts[i]);
                ldns_rr_list_deep_free(list);
        }
        names_clear(&names);
}

/* The update as ldns prints it is what a person would type into nsupdate. */
static void update_checks_all_and_replaces_what_is_there(void **state)
{
        (void)state;
        struct names names = {0};
        assert_int_equal(names_init("app.dr.test", &names, NULL), ERR_OK);
        ldns_rdf *zone = ldns_dname_new_frm_str("dr.test");
        const struct target_state expected = {.value = "AAAA 2001:db8::1", .stamp = {.presence = STAMP_ABSENT}};
        const struct target_want want = {
            .value = "A 192.0.2.1,192.0.2.2", .ttl_s = 30, .epoch = 5, .id = 6, .plane = "b", .store = "k8s/x"};
        ldns_pkt *update = NULL;
        assert_int_equal(update_new(&names, zone, &expected, &want, &update, NULL), ERR_OK);
        char *prerequisites = ldns_rr_list2str(ldns_pkt_answer(update));
        char *changes = ldns_rr_list2str(ldns_pkt_authority(update));
        assert_string_equal(prerequisites, "app.dr.test.\t0\tIN\tAAAA\t2001:db8::1\n"
                                           "app.dr.test.\t0\tNONE\tA\t\\# 0\n"
                                           "app.dr.test.\t0\tNONE\tCNAME\t\\# 0\n"
                                           "_planekeeper.app.dr.test.\t0\tNONE\tTXT\t\\# 0\n");
        assert_string_equal(changes,
                            "app.dr.test.\t0\tANY\tAAAA\t\\# 0\n"
                            "_planekeeper.app.dr.test.\t0\tANY\tTXT\t\\# 0\n"
                            "_planekeeper.app.dr.test.\t30\tIN\tTXT\t\"v=pk1 e=5 id=0000000000000006 p=b s=k8s/x\"\n"
                            "app.dr.test.\t30\tIN\tA\t192.0.2.1\n"
                            "app.dr.test.\t30\tIN\tA\t192.0.2.2\n");
        free(prerequisites);
        free(changes);
        ldns_pkt_free(update);
        ldns_rdf_deep_free(zone);
        names_clear(&names);
}

/* What a swap does to the records of the name itself, by the lines of the update that are not about the stamp. */
static void update_touches_only_what_changes(void **state)
{
        (void)state;
        static const struct {
                const char *from;
                uint32_t ttl_s;
                const char *to;
                const char *changes;
                bool forbids_company;
        } cases[] = {
            {"A 192.0.2.1", 30, "A 192.0.2.1", "", false},
            {"CNAME lb.test", 30, "CNAME lb.test", "", false},
            {"A 192.0.2.1", 300, "A 192.0.2.1", "ANY A, IN A, ", false},
            {"CNAME lb.test", 300, "CNAME lb.test", "ANY ANY, IN CNAME, ", false},
            {"A 192.0.2.1", 30, "A 192.0.2.2", "ANY A, IN A, ", false},
            {"A 192.0.2.1 + AAAA 2001:db8::1", 30, "A 192.0.2.2", "ANY A, ANY AAAA, IN A, ", false},
            {"CNAME lb.test", 30, "AAAA 2001:db8::1", "ANY CNAME, IN AAAA, ", false},
            {"CNAME lb.test", 30, "CNAME b.test", "ANY ANY, IN CNAME, ", false},
            {"A 192.0.2.1 + AAAA 2001:db8::1", 30, "CNAME lb.test", "ANY ANY, IN CNAME, ", true},
            {"", 0, "CNAME lb.test", "IN CNAME, ", true},
            {"", 0, "A 192.0.2.1", "IN A, ", false},
        };
        struct names names = {0};
        assert_int_equal(names_init("app.dr.test", &names, NULL), ERR_OK);
        ldns_rdf *zone = ldns_dname_new_frm_str("dr.test");
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct target_state expected = {.value = cases[i].from, .ttl_s = cases[i].ttl_s};
                const struct target_want want = {
                    .value = cases[i].to, .ttl_s = 30, .epoch = 5, .id = 6, .plane = "b", .store = "k8s/x"};
                ldns_pkt *update = NULL;
                assert_int_equal(update_new(&names, zone, &expected, &want, &update, NULL), ERR_OK);
                char changes[256] = "";
                for (size_t r = 0; r < ldns_rr_list_rr_count(ldns_pkt_authority(update)); r++) {
                        const ldns_rr *record = ldns_rr_list_rr(ldns_pkt_authority(update), r);
                        char *type = ldns_rr_type2str(ldns_rr_get_type(record));
                        if (ldns_rr_get_type(record) != LDNS_RR_TYPE_TXT)
                                (void)snprintf(changes + strlen(changes), sizeof(changes) - strlen(changes), "%s %s, ",
                                               ldns_rr_get_class(record) == LDNS_RR_CLASS_ANY ? "ANY" : "IN", type);
                        free(type);
                }
                if (strcmp(changes, cases[i].changes) != 0)
                        fail_msg("%s to %s: %s", cases[i].from, cases[i].to, changes);
                char *prerequisites = ldns_rr_list2str(ldns_pkt_answer(update));
                assert_int_equal(strstr(prerequisites, "app.dr.test.\t0\tNONE\tMX\t") != NULL, cases[i].forbids_company);
                free(prerequisites);
                ldns_pkt_free(update);
        }
        ldns_rdf_deep_free(zone);
        names_clear(&names);
}

/* A decision that leaves the addresses alone is bound to them all the same. */
static void update_of_the_record_alone_checks_all(void **state)
{
        (void)state;
        struct names names = {0};
        assert_int_equal(names_init("app.dr.test", &names, NULL), ERR_OK);
        ldns_rdf *zone = ldns_dname_new_frm_str("dr.test");
        char before[] = "v=pk1 e=4 id=0000000000000005 p=a s=dns/x r=4";
        const struct target_state expected = {.value = "A 192.0.2.1",
                                           .stamp = {.presence = STAMP_OURS, .epoch = 4, .raw = before}};
        const struct target_want want = {.value = "A 192.0.2.1",
                                      .ttl_s = 30,
                                      .record = "v=pk1 e=5 id=0000000000000006 p=b s=dns/x r=4",
                                      .keeps_value = true};
        ldns_pkt *update = NULL;
        assert_int_equal(update_new(&names, zone, &expected, &want, &update, NULL), ERR_OK);
        char *prerequisites = ldns_rr_list2str(ldns_pkt_answer(update));
        char *changes = ldns_rr_list2str(ldns_pkt_authority(update));
        assert_string_equal(
            prerequisites,
            "app.dr.test.\t0\tIN\tA\t192.0.2.1\n"
            "app.dr.test.\t0\tNONE\tAAAA\t\\# 0\n"
            "app.dr.test.\t0\tNONE\tCNAME\t\\# 0\n"
            "_planekeeper.app.dr.test.\t0\tIN\tTXT\t\"v=pk1 e=4 id=0000000000000005 p=a s=dns/x r=4\"\n");
        assert_string_equal(changes, "_planekeeper.app.dr.test.\t0\tANY\tTXT\t\\# 0\n"
                                     "_planekeeper.app.dr.test.\t30\tIN\tTXT\t\"v=pk1 e=5 id=0000000000000006 p=b "
                                     "s=dns/x r=4\"\n");
        free(prerequisites);
        free(changes);
        ldns_pkt_free(update);
        ldns_rdf_deep_free(zone);
        names_clear(&names);
}

/* ---- configuration ---- */

static void bad_configuration_is_named(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                const char *nameserver;
                const char *zone;
                const char *part;
                bool has_key;
        } cases[] = {
            {"app.dr.test", NULL, NULL, "nameserver is missing", false},
            {"app.dr.test", "ns1:port", NULL, "nameserver", false},
            {"app.dr.test", "bad host", NULL, "nameserver", false},
            {"app.dr.test", "", NULL, "nameserver", false},
            {"app..test", "192.0.2.53", NULL, "DNS name", true},
            {"app.dr.test", "192.0.2.53", "other.test", "does not hold", true},
            {"app.dr.test", "[2001:db8::53]:5353", "bad zone", "does not hold", true},
            {"app.dr.test", "2001:db8::53", NULL, "TSIG", false},
        };
        struct secret name = {0}, key = {0};
        secret_set(&name, "k", 1);
        secret_set(&key, "c2VjcmV0", 8);
        assert_null(target_driver_find("nosuch"));
        const struct target_driver *driver = target_driver_find("rfc2136");
        assert_ptr_equal(driver, &rfc2136_driver);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct target_setting settings[] = {{"nameserver", cases[i].nameserver}, {"zone", cases[i].zone}};
                const struct target_credential credentials[] = {{"name", name}, {"key", key}};
                const struct target_config config = {.settings = settings,
                                                     .setting_count = 2,
                                                     .credentials = credentials,
                                                     .credential_count = cases[i].has_key ? 2 : 0};
                struct target_session *session = NULL;
                struct target_visit visit = {.verb = TARGET_READ, .name = cases[i].name};
                enum err err = driver->open(&config, &session, &visit.why);
                if (err == ERR_OK) {
                        target_visit(session, &visit);
                        err = visit.err;
                }
                target_close(session);
                if (err != ERR_INVALID || !strstr(visit.why.text, cases[i].part))
                        fail_msg("case %zu (%s): %s", i, cases[i].part, visit.why.text);
        }
        secret_clear(&name);
        secret_clear(&key);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(key_is_read_from_file_or_fields),
            cmocka_unit_test(base64_is_read_in_every_spelling),
            cmocka_unit_test(malformed_key_names_the_field),
            cmocka_unit_test(signed_answer_is_accepted),
            cmocka_unit_test(any_flipped_bit_is_noticed),
            cmocka_unit_test(cut_answer_is_no_answer),
            cmocka_unit_test(answer_to_another_question_is_left_alone),
            cmocka_unit_test(unsigned_answer_is_forged_where_we_signed),
            cmocka_unit_test(truncated_answer_asks_for_tcp),
            cmocka_unit_test(rrset_text_is_canonical),
            cmocka_unit_test(text_that_is_no_rrset_is_refused),
            cmocka_unit_test(update_checks_all_and_replaces_what_is_there),
            cmocka_unit_test(update_touches_only_what_changes),
            cmocka_unit_test(update_of_the_record_alone_checks_all),
            cmocka_unit_test(bad_configuration_is_named),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
