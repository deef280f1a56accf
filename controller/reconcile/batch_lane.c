/* batch_lane.c -- the effects that may go in one call, and the order of the lanes. */
#include "reconcile/batch_lane.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

char batch_lane_verb(const struct effect *effect)
{
        switch (effect->kind) {
        case EFFECT_READ:
                return 'r';
        case EFFECT_WRITE:
        case EFFECT_RECORD:
                return BATCH_SWAP;
        case EFFECT_PREFLIGHT:
                return BATCH_PREFLIGHT;
        case EFFECT_VERIFY:
        case EFFECT_ALIVE:
                break;
        }
        return BATCH_ALONE;
}

/* The first word of the version is the zone, as far as it is known. */
char *batch_lane_key(const struct effect *effect)
{
        const char *of_slot = effect->slot ? effect->slot->state.version : effect->zone;
        const char *version = of_slot ? of_slot : "";
        const int zone_bytes = (int)strcspn(version, " ");
        const size_t bytes = strlen(effect->settings) + strlen(effect->versions) + (size_t)zone_bytes + 8;
        struct strbuf text = STRBUF_INIT(bytes);
        (void)strbuf_printf(&text, "%c %.*s\n%s\n%s", batch_lane_verb(effect), zone_bytes, version, effect->settings,
                            effect->versions);
        return strbuf_take(&text);
}

static void append(struct mechanism *mechanism, struct batch_lane *lane)
{
        struct batch_lane **end = &mechanism->queue.first;
        while (*end)
                end = &(*end)->next;
        *end = lane;
        lane->next = NULL;
}

/* Takes @key. */
struct batch_lane *batch_lane_new(struct mechanism *mechanism, char *key, bool is_closed)
{
        struct batch_lane *lane = mem_new(lane);
        *lane = (struct batch_lane){
            .mechanism = mechanism, .key = key, .hash = text_hash(key), .is_closed = is_closed, .end = &lane->first};
        append(mechanism, lane);
        return lane;
}

static void unlink_lane(struct batch_lane *lane)
{
        struct batch_lane **at = &lane->mechanism->queue.first;
        while (*at != lane)
                at = &(*at)->next;
        *at = lane->next;
}

void batch_lane_free_if_empty(struct batch_lane *lane)
{
        if (lane->first)
                return;
        unlink_lane(lane);
        free(lane->key);
        free(lane);
}

/* Takes @key. */
struct batch_lane *batch_lane_of(struct mechanism *mechanism, char *key)
{
        const uint64_t hash = text_hash(key);
        for (struct batch_lane *lane = mechanism->queue.first; lane; lane = lane->next) {
                if (lane->is_closed || lane->hash != hash || strcmp(lane->key, key) != 0)
                        continue;
                free(key);
                return lane;
        }
        return batch_lane_new(mechanism, key, false);
}

void batch_lane_put(struct batch_lane *lane, struct effect **at, struct effect *effect)
{
        effect->lane = lane;
        effect->link = at;
        effect->next = *at;
        *at = effect;
        if (effect->next)
                effect->next->link = &effect->next;
        else
                lane->end = &effect->next;
}

void batch_lane_take_out(struct effect *effect)
{
        *effect->link = effect->next;
        if (effect->next)
                effect->next->link = effect->link;
        else
                effect->lane->end = effect->link;
        effect->lane = NULL;
        effect->next = NULL;
}

void batch_lane_rotate(struct batch_lane *lane)
{
        unlink_lane(lane);
        append(lane->mechanism, lane);
        batch_lane_free_if_empty(lane);
}

bool batch_lane_is_urgent(const struct batch_lane *lane)
{
        for (const struct effect *effect = lane->first; effect; effect = effect->next)
                if (!effect->can_wait)
                        return true;
        return false;
}
