/* seen.c -- the set of states that were seen, and the queue of those to be explored. */
#include "seen.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* ---- the set: open addressing over keys that are already well mixed ---- */

enum { FIRST_ROOM = 1024 };

static uint32_t *find_slot(const struct seen *seen, struct canon_key key)
{
        const uint32_t mask = seen->slot_count - 1;
        for (uint32_t at = (uint32_t)key.low & mask;; at = (at + 1) & mask) {
                uint32_t *slot = &seen->slots[at];
                if (!*slot)
                        return slot;
                const struct canon_key other = seen->nodes[*slot - 1].key;
                if (other.high == key.high && other.low == key.low)
                        return slot;
        }
}

static void grow(struct seen *seen)
{
        seen->room = seen->room ? 2 * seen->room : FIRST_ROOM;
        seen->nodes = mem_realloc(seen->nodes, seen->room, sizeof(seen->nodes[0]));
        free(seen->slots);
        seen->slot_count = 2 * seen->room;
        seen->slots = mem_calloc(seen->slot_count, sizeof(seen->slots[0]));
        for (uint32_t i = 0; i < seen->count; i++)
                *find_slot(seen, seen->nodes[i].key) = i + 1;
}

bool seen_add(struct seen *seen, struct canon_key key, uint32_t *ret_index)
{
        if (seen->count == seen->room)
                grow(seen);
        uint32_t *slot = find_slot(seen, key);
        if (*slot)
                return false;
        seen->nodes[seen->count] = (struct seen_node){.key = key};
        *ret_index = seen->count++;
        *slot = seen->count;
        return true;
}

bool seen_has(const struct seen *seen, struct canon_key key)
{
        return seen->count && *find_slot(seen, key);
}

void seen_set_origin(struct seen *seen, uint32_t index, uint32_t parent, struct sim_action action)
{
        struct seen_node *node = &seen->nodes[index];
        node->parent = parent;
        node->depth = index == SEEN_ROOT ? 0 : (uint16_t)(seen->nodes[parent].depth + 1);
        node->verb = (uint8_t)action.verb;
        node->argument = (uint8_t)action.who;
        node->detail = (uint32_t)action.ending | action.down << 8 | action.plane << 16;
}

struct sim_action seen_origin(const struct seen *seen, uint32_t index)
{
        const struct seen_node *node = &seen->nodes[index];
        return (struct sim_action){.verb = (enum sim_verb)node->verb,
                                   .who = node->argument,
                                   .ending = (enum sim_ending)(node->detail & 0xff),
                                   .down = node->detail >> 8 & 0xff,
                                   .plane = node->detail >> 16};
}

void seen_deinit(struct seen *seen)
{
        free(seen->nodes);
        free(seen->slots);
        *seen = (struct seen){0};
}

/* ---- the queue ---- */

enum {
        CHUNK_BYTES = 1 << 20,
        WORDS_MAX = (sizeof(struct sim) + 7) / 8,
        MARKS_MAX = (WORDS_MAX + 63) / 64,
};

struct queue_chunk {
        struct queue_chunk *next;
        size_t used;
        uint64_t words[CHUNK_BYTES / 8];
};

/* As many words as it has, a mark for each that differs from the base, and those. */
static size_t pack(const struct sim *base, const struct sim *sim, uint32_t index, uint64_t *ret)
{
        const size_t count = canon_size(sim) / 8, marks = (count + 63) / 64;
        const unsigned char *bytes = (const unsigned char *)sim, *base_bytes = (const unsigned char *)base;
        size_t used = 1 + marks;
        ret[0] = (uint64_t)index << 32 | sim->decision_count;
        memset(ret + 1, 0, marks * 8);
        for (size_t i = 0; i < count; i++) {
                uint64_t word, base_word;
                memcpy(&word, bytes + 8 * i, 8);
                memcpy(&base_word, base_bytes + 8 * i, 8);
                if (word == base_word)
                        continue;
                ret[1 + i / 64] |= (uint64_t)1 << (i % 64);
                ret[used++] = word;
        }
        return used;
}

static size_t unpack(const struct sim *base, const uint64_t *packed, struct sim *ret, uint32_t *ret_index)
{
        *ret = *base;
        ret->decision_count = (unsigned)(packed[0] & 0xffffffff);
        *ret_index = (uint32_t)(packed[0] >> 32);
        const size_t count = canon_size(ret) / 8, marks = (count + 63) / 64;
        size_t used = 1 + marks;
        for (size_t i = 0; i < count; i++)
                if (packed[1 + i / 64] >> (i % 64) & 1)
                        memcpy((unsigned char *)ret + 8 * i, &packed[used++], 8);
        return used;
}

void queue_push(struct queue *queue, const struct sim *sim, uint32_t index)
{
        uint64_t words[1 + MARKS_MAX + WORDS_MAX];
        size_t count = pack(queue->base, sim, index, words);
        if (!queue->last || queue->last->used + count > CHUNK_BYTES / 8) {
                struct queue_chunk *chunk = mem_calloc(1, sizeof(*chunk));
                *(queue->last ? &queue->last->next : &queue->first) = chunk;
                queue->last = chunk;
        }
        memcpy(queue->last->words + queue->last->used, words, count * 8);
        queue->last->used += count;
        queue->count++;
}

bool queue_pop(struct queue *queue, struct sim *ret, uint32_t *ret_index)
{
        if (!queue->count)
                return false;
        if (queue->read_at == queue->first->used) {
                struct queue_chunk *spent = queue->first;
                queue->first = spent->next;
                queue->read_at = 0;
                free(spent);
        }
        queue->read_at += unpack(queue->base, queue->first->words + queue->read_at, ret, ret_index);
        queue->count--;
        return true;
}

void queue_deinit(struct queue *queue)
{
        while (queue->first) {
                struct queue_chunk *next = queue->first->next;
                free(queue->first);
                queue->first = next;
        }
        *queue = (struct queue){0};
}
