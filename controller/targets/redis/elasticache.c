/* elasticache.c -- the session of a global datastore, and the driver. */
#include "targets/redis/elasticache.h"

#include <stdlib.h>
#include <string.h>

#include "targets/aws/endpoint.h"
#include "targets/redis/credentials.h"
#include "targets/redis/elasticache_session.h"
#include "util/mem.h"
#include "util/text.h"

#define GRANTS "+info +set +eval ~" MEMBER_PROBE_KEY

static struct elasticache *elasticache_of(struct target_session *session)
{
        return (struct elasticache *)session; /* its first member */
}

static void close_session(struct target_session *session)
{
        struct elasticache *self = elasticache_of(session);
        for (unsigned i = 0; i < self->count; i++)
                aws_close(self->regions[i].client);
        if (self->group)
                group_close(&self->group->base);
        free(self->id);
        free(self);
}

/* The entries of the Secret with the keys of AWS, under the names that AWS's tools know; borrowed, in @ret. */
static size_t aws_keys_of(const struct target_config *config, struct target_credential *ret)
{
        size_t count = 0;
        for (size_t i = 0; i < config->credential_count; i++)
                if (text_has_prefix(config->credentials[i].key, ELASTICACHE_SECRET))
                        ret[count++] = (struct target_credential){
                            config->credentials[i].key + strlen(ELASTICACHE_SECRET), config->credentials[i].value};
        return count;
}

static enum err open_region(struct elasticache *self, const struct target_config *config, const char *text,
                            struct errmsg *reterr)
{
        struct elasticache_region *region = &self->regions[self->count];
        char endpoint[AWS_ENDPOINT_BYTES];
        if (self->count == PLANES_MAX || !elasticache_place_parse(text, &region->place))
                return err_set(reterr, ERR_INVALID, "spec.redis.elastiCache of a plane cannot be used: \"%.100s\"",
                               text);
        enum err err = aws_endpoint("elasticache", region->place.region, endpoint, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, err, "spec.redis.elastiCache.region");
        struct target_credential *keys = mem_calloc(config->credential_count + 1, sizeof(*keys));
        const struct aws_config aws = {
            .service = "elasticache",
            .region = region->place.region,
            .endpoint = region->place.endpoint[0] ? region->place.endpoint : endpoint,
            .credentials = keys,
            .credential_count = aws_keys_of(config, keys),
            .environment = config->aws,
            .role_arn = target_setting_find(config, "roleARN"),
            .external_id = target_setting_find(config, "externalID")};
        err = aws_open(&aws, &region->client, reterr);
        free(keys);
        self->count += err == ERR_OK;
        return err;
}

static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        const char *id = target_setting_find(config, ELASTICACHE_ID);
        struct elasticache *self = mem_new(self);
        struct target_session *group = NULL;
        self->base.driver = &redis_elasticache_driver;
        self->id = mem_strdup(id ? id : "");
        enum err err = group_open(&redis_elasticache_driver, GRANTS, config, &group, reterr);
        self->group = group ? group_of(group) : NULL;
        for (size_t i = 0; i < config->setting_count && err == ERR_OK; i++)
                if (text_equal(config->settings[i].key, ELASTICACHE_PLACE))
                        err = open_region(self, config, config->settings[i].value, reterr);
        if (err == ERR_OK && self->count == 0)
                err = err_set(reterr, ERR_INVALID,
                              "no plane says where its Redis is in ElastiCache: write spec.redis.elastiCache of each "
                              "ManagementPlane");
        if (err == ERR_OK)
                *ret = &self->base;
        else
                close_session(&self->base);
        return err;
}

static enum err check_credentials(const struct target_config *config, struct errmsg *reterr)
{
        struct target_credential *keys = mem_calloc(config->credential_count + 1, sizeof(*keys));
        const size_t count = aws_keys_of(config, keys);
        enum err err = aws_credentials_check(keys, count, reterr);
        free(keys);
        return err == ERR_OK ? redis_check_credentials(config, reterr) : err;
}

const struct elasticache_region *elasticache_region_of(const struct elasticache *self, const char *address)
{
        for (unsigned i = 0; i < self->count; i++)
                if (text_equal(self->regions[i].place.address, address))
                        return &self->regions[i];
        return NULL;
}

struct elasticache_site elasticache_site_of(const struct elasticache *self, const struct elasticache_region *region)
{
        return (struct elasticache_site){region->client, region->place.region, self->id};
}

static void visit_one(struct target_session *session, struct target_visit *visits, size_t count)
{
        struct elasticache *self = elasticache_of(session);
        struct elasticache_look look;
        (void)count; /* limits.batch_max is 1 */
        if (visits->verb == TARGET_SWAP) {
                elasticache_swap(self, visits);
                return;
        }
        visits->err = elasticache_look_at(self, elasticache_region_of(self, self->group->planned), visits, &look);
        if (visits->err == ERR_OK)
                elasticache_state(self, &look, visits->kept, visits->deadline, &visits->found);
}

static enum err preflight_one(struct target_session *session, struct target_preflight *preflight,
                              struct errmsg *reterr)
{
        return elasticache_preflight(elasticache_of(session), preflight, reterr);
}

const struct target_driver redis_elasticache_driver = {
    .name = "elastiCacheGlobal",
    .kind = TARGET_PROMOTION,
    .limits = {.visit_ms = 10000,
               .read_every_ms = 10000,
               .preflight_every_ms = 3600000, /* each shows as a refused call in the account's audit trail */
               .session_ms = 60000,
               .at_once = 3,
               .per_minute = 300,
               .batch_max = 1},
    .which = ELASTICACHE_ID,
    .credentials_wanted = AWS_CREDENTIALS_WANTED,
    .check_credentials = check_credentials,
    .open = open_session,
    .visit = visit_one,
    .preflight = preflight_one,
    .by_hand = elasticache_by_hand,
    .close = close_session,
};
