/* facts.c -- the facts of one decision. */
#include "targets/kube/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/mem.h"
#include "util/text.h"

enum { KEY_BYTES = 128 };

static const char *setting(const struct target_config *config, const char *key)
{
        const char *value = target_setting_find(config, key);
        return value ? value : "";
}

static const char *of_plane(const struct target_config *config, const char *what, const char *plane)
{
        char key[KEY_BYTES];
        (void)snprintf(key, sizeof(key), "%s%.63s", what, plane);
        return setting(config, key);
}

static void add(struct fact *fact, const char *variable, const char *member, const char *value)
{
        *fact = (struct fact){.variable = variable, .member = member};
        (void)TEXT_COPY(fact->value, value);
}

void facts_of(const struct target_config *config, const struct target_want *want, struct fact ret[static FACTS])
{
        char epoch[24] = "", id[24] = "";
        const char *to = setting(config, FACT_TO);
        /* By hand a person leaves the plane that the record has made active. */
        const char *from = text_equal(to, want->plane) ? setting(config, FACT_FROM) : to;
        if (want->epoch) {
                (void)snprintf(epoch, sizeof(epoch), "%" PRIu64, want->epoch);
                (void)snprintf(id, sizeof(id), "%016" PRIx64, want->id);
        }
        unsigned count = 0;
        add(&ret[count++], "PLANEKEEPER_POLICY", "policy", setting(config, FACT_POLICY));
        add(&ret[count++], "PLANEKEEPER_PIPELINE", "pipeline", setting(config, FACT_PIPELINE));
        add(&ret[count++], "PLANEKEEPER_EPOCH", "epoch", epoch);
        add(&ret[count++], "PLANEKEEPER_ID", "id", id);
        add(&ret[count++], "PLANEKEEPER_PREVIOUS_PLANE", "from", from);
        add(&ret[count++], "PLANEKEEPER_ACTIVE_PLANE", "to", want->plane);
        add(&ret[count++], "PLANEKEEPER_CLUSTER_NAME", "clusterName", of_plane(config, FACT_CLUSTER, want->plane));
        add(&ret[count++], "PLANEKEEPER_ADDRESS", "address", of_plane(config, FACT_ADDRESS, want->plane));
        add(&ret[count++], "PLANEKEEPER_DNS_NAME", "dnsName", setting(config, FACT_NAME));
        INVARIANT(count == FACTS);
}

void facts_of_lock(const struct target_config *config, const struct target_want *want,
                   struct fact ret[static FACTS_OF_LOCK])
{
        add(&ret[0], "PLANEKEEPER_LOCK_VALUE", "lockValue", want->value);
        add(&ret[1], "PLANEKEEPER_REDIS_ADDRESS", "redisAddress", setting(config, "address"));
}

void settings_copy(struct target_config *ret, const struct target_config *from)
{
        struct target_setting *list = mem_calloc(from->setting_count + 1, sizeof(*list));
        for (size_t i = 0; i < from->setting_count; i++)
                list[i] = (struct target_setting){mem_strdup(from->settings[i].key),
                                                  mem_strdup(from->settings[i].value)};
        *ret = (struct target_config){.settings = list, .setting_count = from->setting_count};
}

void settings_clear(struct target_config *settings)
{
        for (size_t i = 0; i < settings->setting_count; i++) {
                free((char *)settings->settings[i].key); /* const for readers; copied here */
                free((char *)settings->settings[i].value);
        }
        free((struct target_setting *)settings->settings);
        *settings = (struct target_config){0};
}
