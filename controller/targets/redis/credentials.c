/* credentials.c -- user, password and TLS material of a Redis. */
#include "targets/redis/credentials.h"

#include <string.h>

#include "targets/redis/stream.h"

enum err redis_check_credentials(const struct target_config *config, struct errmsg *reterr)
{
        static const char *const texts[] = {"password", "username"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                const struct secret *text = target_credential_find(config, texts[i]);
                if (text && text->count && memchr(text->bytes, '\0', text->count))
                        return err_set(reterr, ERR_INVALID, "key %s holds a zero byte", texts[i]);
        }
        const struct tls_material material = {.ca = target_credential_find(config, "ca.crt"),
                                              .certificate = target_credential_find(config, "tls.crt"),
                                              .key = target_credential_find(config, "tls.key")};
        return tls_material_check(&material, reterr);
}
