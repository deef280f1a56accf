/* copied.c -- a target whose value is the content of a Secret. */
#include "targets/kube/copied.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "targets/by_hand.h"
#include "targets/kube/by_hand.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { DIGEST_SHOWN = 6, ADDRESS_BYTES = 300 };

/* The key at the target: the settings may name the one of a profile that has one. */
static const char *key_at(const struct object_session *session, unsigned i)
{
        return session->key ? session->key : session->profile->plane_keys[i];
}

/* Each entry with its length before it, so that no two contents are one text. */
static void digest(const struct secret *const *entries, unsigned count, char ret[static 2 * DIGEST_SHOWN + 1])
{
        static const char digits[] = "0123456789abcdef";
        unsigned char full[SHA256_DIGEST_LENGTH];
        unsigned int bytes = 0;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        INVARIANT(context && EVP_DigestInit_ex(context, EVP_sha256(), NULL));
        for (unsigned i = 0; i < count; i++) {
                const uint64_t length = entries[i] ? entries[i]->count : 0;
                INVARIANT(EVP_DigestUpdate(context, &length, sizeof(length)));
                if (length)
                        INVARIANT(EVP_DigestUpdate(context, entries[i]->bytes, entries[i]->count));
        }
        INVARIANT(EVP_DigestFinal_ex(context, full, &bytes));
        EVP_MD_CTX_free(context);
        for (unsigned i = 0; i < DIGEST_SHOWN; i++) {
                ret[2 * i] = digits[full[i] >> 4];
                ret[2 * i + 1] = digits[full[i] & 15];
        }
        ret[2 * DIGEST_SHOWN] = '\0';
}

/* The first entry is an address where there are several; a kubeconfig is one, and is not shown. */
static char *value_of(const struct secret *const *entries, unsigned count)
{
        char shown[2 * DIGEST_SHOWN + 1];
        struct strbuf text = STRBUF_INIT(ADDRESS_BYTES + 64);
        const struct secret *address = count > 1 ? entries[0] : NULL;
        const bool is_shown = address && text_is_utf8(address->bytes, address->count) && address->count < ADDRESS_BYTES;
        digest(entries, count, shown);
        (void)strbuf_printf(&text, "%s #%s",
                            count == 1 ? "kubeconfig" : is_shown ? address->bytes : "(no address)", shown);
        return strbuf_take(&text);
}

void copied_entry(const json_t *object, const char *key, struct secret *ret)
{
        const json_t *text = json_object_get(json_object_get(object, "data"), key);
        struct errmsg ignored;
        *ret = (struct secret){0};
        if (!json_is_string(text) ||
            text_from_base64(json_string_value(text), json_string_length(text), ret, &ignored) != ERR_OK)
                *ret = (struct secret){0};
}

enum err copied_show(const struct object_session *session, const json_t *object, char **ret, struct errmsg *reterr)
{
        const char *const *keys = session->profile->plane_keys;
        struct secret entries[OBJECT_KEYS_MAX];
        const struct secret *all[OBJECT_KEYS_MAX];
        unsigned count = 0;
        bool is_there = false;
        (void)reterr;
        for (; count < OBJECT_KEYS_MAX && keys[count]; count++) {
                copied_entry(object, key_at(session, count), &entries[count]);
                all[count] = &entries[count];
                is_there |= !secret_is_empty(all[count]);
        }
        *ret = is_there ? value_of(all, count) : NULL;
        for (unsigned i = 0; i < count; i++)
                secret_clear(&entries[i]);
        return ERR_OK;
}

/* NULL: the plane's Secret is not there, or lacks one of the keys. */
static char *value_of_plane(const struct object_session *session, const char *plane)
{
        const char *const *keys = session->profile->plane_keys;
        const struct secret *entries[OBJECT_KEYS_MAX];
        unsigned count = 0;
        for (; count < OBJECT_KEYS_MAX && keys[count]; count++) {
                entries[count] = object_entry(session, plane, count);
                if (!entries[count])
                        return NULL;
        }
        return value_of(entries, count);
}

char *copied_value_of(const struct object_profile *profile, const struct target_config *config, const char *plane)
{
        struct object_session session;
        struct errmsg ignored;
        char *value = NULL;
        if (object_fill(&session, profile, config, &ignored) == ERR_OK)
                value = value_of_plane(&session, plane);
        object_clear(&session);
        return value;
}

static json_t *encoded(const struct secret *entry)
{
        const size_t bytes = 4 * (entry->count / 3 + 1) + 1;
        char *text = mem_calloc(bytes, 1);
        (void)EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)entry->bytes, (int)entry->count);
        json_t *value = json_string(text);
        INVARIANT(value);
        secret_wipe(text, bytes);
        free(text);
        return value;
}

/* A decision is for the credentials of its time. Others are a new value, which the next decision has. */
enum err copied_set(const struct object_session *session, const struct target_want *want, json_t *patch,
                    struct errmsg *reterr)
{
        char *value = value_of_plane(session, want->plane);
        const bool is_same = text_equal(value, want->value);
        free(value);
        if (!is_same)
                return err_set(reterr, ERR_INVALID,
                               "the Secret of plane %.63s was changed since epoch %llu was decided: the next decision "
                               "takes it",
                               want->plane, (unsigned long long)want->epoch);
        json_t *data = json_object();
        for (unsigned i = 0; i < OBJECT_KEYS_MAX && session->profile->plane_keys[i]; i++)
                INVARIANT(json_object_set_new(data, key_at(session, i),
                                              encoded(object_entry(session, want->plane, i))) == 0);
        INVARIANT(json_object_set_new(patch, "data", data) == 0);
        return ERR_OK;
}

/* {"data":{"server":"{{index .data "server"}}"}}: what kubectl fills in is base64 already. */
static const char *template_of(const struct object_session *self, const char *key_there, struct arena *arena)
{
        const char *text = "";
        for (unsigned i = 0; i < OBJECT_KEYS_MAX && self->profile->plane_keys[i]; i++)
                text = arena_printf(arena, "%s%s\"%s\":\"{{index .data \"%s\"}}\"", text, i ? "," : "",
                                    key_at(self, i), key_there[0] ? key_there : self->profile->plane_keys[i]);
        return arena_printf(arena, "{\"data\":{%s}}", text);
}

struct by_hand copied_by_hand(const struct object_profile *profile, const struct target_config *config,
                              const struct by_hand_write *write, const char *then, struct arena *arena)
{
        struct object_session self;
        struct errmsg why;
        struct by_hand hand = {0};
        /* "<namespace> <Secret> <key>" */
        const char *from = target_setting_find(config, arena_printf(arena, "secret of %s", write->plane));
        if (object_fill(&self, profile, config, &why) == ERR_OK && from) {
                const int place = (int)strcspn(from, " "), name = (int)strcspn(from + place + 1, " ");
                const char *key = from + place + 1 + name + 1;
                const char *template =
                    by_hand_quote(arena_printf(arena, "go-template=%s", template_of(&self, key, arena)), arena);
                hand = object_by_hand_needs(config, write, arena);
                hand.move = arena_printf(arena,
                                         "%s --type merge -p \"$(kubectl -n %.*s get secret %.*s -o %s)\"%s",
                                         object_by_hand_command(&self, config, "patch", arena), place, from, name,
                                         from + place + 1, template, then);
        } else {
                hand.move = arena_printf(arena, "# make %s at %s the credentials of plane %s", write->target->ref.name,
                                         write->target->ref.endpoint, write->plane);
        }
        object_clear(&self);
        return hand;
}
