/* sentinel_names.c -- a plane's Redis by its own name, found by text or by what that resolves to. */
#include "targets/redis/sentinel_names.h"

#include <stdlib.h>
#include <string.h>

#include "core/types.h"
#include "runtime/clock.h"
#include "targets/redis/sentinel_answer.h"
#include "util/mem.h"
#include "util/text.h"

enum { LOOK_UP_MS = 500, AGAIN_MS = 10000 };

struct name {
        char *text; /* of the spec */
        char canonical[SENTINEL_ADDRESS_BYTES];
        struct net_endpoint endpoint;
        struct net_addresses addresses; /* none: not looked up, or not found */
        mono_ms again_at;
};

struct sentinel_names {
        struct name list[PLANES_MAX];
        size_t count;
};

void sentinel_names_free(struct sentinel_names *self)
{
        for (size_t i = 0; self && i < self->count; i++)
                free(self->list[i].text);
        free(self);
}

static enum err add(struct sentinel_names *self, const char *address, struct errmsg *reterr)
{
        if (self->count == PLANES_MAX)
                return err_set(reterr, ERR_INVALID, "more than %d planes with a Redis", (int)PLANES_MAX);
        struct name *name = &self->list[self->count++];
        name->text = mem_strdup(address);
        enum err err = net_endpoint_parse(address, 0, &name->endpoint, reterr);
        if (err == ERR_OK && !sentinel_address(name->endpoint.host, name->endpoint.port, name->canonical))
                err = err_set(reterr, ERR_INVALID, "%s is not an address", address);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "spec.redis.address of a ManagementPlane");
}

enum err sentinel_names_new(const struct target_config *config, struct sentinel_names **ret, struct errmsg *reterr)
{
        struct sentinel_names *self = mem_new(self);
        enum err err = ERR_OK;
        for (size_t i = 0; i < config->setting_count && err == ERR_OK; i++)
                if (text_equal(config->settings[i].key, "server"))
                        err = add(self, config->settings[i].value, reterr);
        if (err == ERR_OK)
                *ret = self;
        else
                sentinel_names_free(self);
        return err;
}

const char *sentinel_names_at(const struct sentinel_names *self, size_t i)
{
        return i < self->count ? self->list[i].text : NULL;
}

/* Names are looked up once in the life of a session, and again where that failed. */
static void look_up(struct name *name, mono_ms deadline)
{
        const mono_ms now = clock_mono(), most = now + LOOK_UP_MS;
        if (name->addresses.count || now < name->again_at)
                return;
        name->again_at = now + AGAIN_MS;
        if (net_look_up(&name->endpoint, most < deadline ? most : deadline, &name->addresses, NULL) != ERR_OK)
                name->addresses.count = 0;
}

static bool resolves_to(struct name *name, const struct net_endpoint *endpoint, mono_ms deadline)
{
        if (!text_equal(name->endpoint.port, endpoint->port))
                return false;
        look_up(name, deadline);
        for (unsigned i = 0; i < name->addresses.count; i++)
                if (net_address_is(&name->addresses.list[i], endpoint->host))
                        return true;
        return false;
}

const char *sentinel_names_find(struct sentinel_names *self, const char *address, mono_ms deadline)
{
        struct net_endpoint endpoint;
        for (size_t i = 0; i < self->count; i++)
                if (text_equal(self->list[i].canonical, address))
                        return self->list[i].text;
        if (net_endpoint_parse(address, 0, &endpoint, NULL) != ERR_OK)
                return NULL;
        for (size_t i = 0; i < self->count; i++)
                if (resolves_to(&self->list[i], &endpoint, deadline))
                        return self->list[i].text;
        return NULL;
}
