/* tsig_key.c -- a TSIG key out of a Secret. */
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>


#include "targets/dns/tsig.h"
#include "targets/dns/tsig_algorithm.h"
#include "targets/dns/tsig_fields.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

struct tsig_algorithm {
        const char *name;
        const EVP_MD *(*digest)(void);
};

static const struct tsig_algorithm algorithms[] = {
    {"hmac-sha256", EVP_sha256},
    {"hmac-sha384", EVP_sha384},
    {"hmac-sha512", EVP_sha512},
};

/* "HMAC-SHA256.", "hmacsha256" and "sha256" as tools write them, all as "sha256". */
static void simplify(const char *name, char *ret, size_t size)
{
        size_t bytes = 0;
        for (; *name && bytes + 1 < size; name++)
                if (isalnum((unsigned char)*name))
                        ret[bytes++] = (char)tolower((unsigned char)*name);
        ret[bytes] = '\0';
        if (text_has_prefix(ret, "hmac"))
                memmove(ret, ret + 4, bytes - 4 + 1);
}

/* ERR_INVALID, with the remedy, for the broken and the unknown ones. */
static enum err find_algorithm(const char *name, const struct tsig_algorithm **ret, struct errmsg *reterr)
{
        char wanted[64], known[64];
        simplify(name, wanted, sizeof(wanted));
        for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
                simplify(algorithms[i].name, known, sizeof(known));
                if (strcmp(wanted, known) == 0) {
                        *ret = &algorithms[i];
                        return ERR_OK;
                }
        }
        bool is_weak = text_has_prefix(wanted, "md5") || strcmp(wanted, "sha1") == 0;
        return err_set(reterr, ERR_INVALID,
                       "field algorithm: %s \"%.40s\"; make a key with tsig-keygen -a hmac-sha256",
                       is_weak ? "refusing the weak" : "unknown", name);
}

const EVP_MD *tsig_algorithm_digest(const struct tsig_algorithm *algorithm)
{
        return algorithm->digest();
}

const char *tsig_key_algorithm_name(const struct tsig_key *key)
{
        return key->algorithm->name;
}

void tsig_key_clear(struct tsig_key *key)
{
        secret_clear(&key->bytes);
        *key = (struct tsig_key){0};
}

static enum err require(const struct secret *field, const char *name, struct errmsg *reterr)
{
        if (field->count > 0)
                return ERR_OK;
        return err_set(reterr, ERR_INVALID, "field %s: missing", name);
}

/* Base64 as tools write it: in lines, without its padding, or with the alphabet that is safe in addresses. */
static enum err decode_key(const struct secret *text, struct secret *ret, struct errmsg *reterr)
{
        size_t room = text->count + 4, bytes = 0;
        char *copy = mem_calloc(room, 1);
        for (size_t i = 0; i < text->count; i++) {
                char c = text->bytes[i];
                if (!isspace((unsigned char)c))
                        copy[bytes++] = c == '-' ? '+' : c == '_' ? '/' : c;
        }
        while (bytes % 4 != 0 && bytes % 4 != 1)
                copy[bytes++] = '=';
        struct errmsg why;
        enum err err = text_from_base64(copy, bytes, ret, &why);
        secret_wipe(copy, room);
        free(copy);
        if (err != ERR_OK || secret_is_empty(ret))
                return err_set(reterr, ERR_INVALID, "field key: not base64");
        return ERR_OK;
}

static bool to_wire(const char *text, struct tsig_name *ret)
{
        ldns_rdf *name = ldns_dname_new_frm_str(text);
        bool fits = name && ldns_rdf_size(name) <= TSIG_NAME_MAX;
        if (fits) {
                ret->count = ldns_rdf_size(name);
                memcpy(ret->bytes, ldns_rdf_data(name), ret->count);
        }
        ldns_rdf_deep_free(name);
        return fits;
}

static enum err set_name(const struct secret *name, struct tsig_key *key, struct errmsg *reterr)
{
        if (strlen(name->bytes) != name->count || !text_is_dns_name(name->bytes))
                return err_set(reterr, ERR_INVALID, "field name: not a key name");
        size_t bytes = name->count - (name->bytes[name->count - 1] == '.');
        for (size_t i = 0; i < bytes; i++)
                key->text[i] = (char)tolower((unsigned char)name->bytes[i]);
        key->text[bytes] = '.';
        key->text[bytes + 1] = '\0';
        return to_wire(key->text, &key->name) ? ERR_OK
                                              : err_set(reterr, ERR_INVALID, "field name: too long");
}

static enum err key_from_fields(const struct target_config *config, const struct tsig_fields *fields,
                                struct tsig_key *key, struct errmsg *reterr)
{
        enum err err = require(&fields->key, "key", reterr);
        if (err == ERR_OK)
                err = require(&fields->name, "name", reterr);
        if (err == ERR_OK)
                err = set_name(&fields->name, key, reterr);
        if (err != ERR_OK)
                return err;
        const char *fallback = target_setting_find(config, "tsigAlgorithm");
        const char *algorithm = fields->algorithm.count ? fields->algorithm.bytes : fallback ? fallback : "hmac-sha256";
        err = find_algorithm(algorithm, &key->algorithm, reterr);
        if (err != ERR_OK)
                return err;
        INVARIANT(to_wire(key->algorithm->name, &key->algorithm_name));
        return decode_key(&fields->key, &key->bytes, reterr);
}

enum err tsig_key_from_config(const struct target_config *config, struct tsig_key *ret, struct errmsg *reterr)
{
        if (config->credential_count == 0)
                return err_set(reterr, ERR_INVALID, "no TSIG key");
        CLEANUP(tsig_fields_clear) struct tsig_fields fields = {0};
        CLEANUP(tsig_key_clear) struct tsig_key key = {0};
        enum err err = tsig_fields_read(config, &fields, reterr);
        if (err == ERR_OK)
                err = key_from_fields(config, &fields, &key, reterr);
        if (err != ERR_OK)
                return err;
        *ret = key;
        key = (struct tsig_key){0};
        return ERR_OK;
}
