/*
 * seen.h -- which canonical states were seen, by their keys, and how each was first reached; and the queue of those
 * whose future is still to be explored.
 *
 * Ownership: a set and a queue own their memory; zeroed structs are valid and empty. Threads: one.
 */
#ifndef PK_TEST_PROVE_SEEN_H
#define PK_TEST_PROVE_SEEN_H

#include "canon.h"

enum { SEEN_ROOT = 0 };

struct seen_node {
        struct canon_key key;
        uint32_t parent;
        uint16_t depth;
        uint8_t verb, argument; /* the action that led here, packed by seen_pack() */
        uint32_t detail;
};

struct seen {
        struct seen_node *nodes;
        uint32_t count, room;
        uint32_t *slots; /* index + 1 of a node; 0 free */
        uint32_t slot_count;
};

/* True when it is new, and then *ret_index is its place. */
bool seen_add(struct seen *seen, struct canon_key key, uint32_t *ret_index);
bool seen_has(const struct seen *seen, struct canon_key key);
void seen_set_origin(struct seen *seen, uint32_t index, uint32_t parent, struct sim_action action);
struct sim_action seen_origin(const struct seen *seen, uint32_t index);
void seen_deinit(struct seen *seen);

/* First in, first out; states are kept as their difference from the first one. */
struct queue_chunk;
struct queue {
        const struct sim *base;
        struct queue_chunk *first, *last;
        size_t read_at;
        uint64_t count;
};
void queue_push(struct queue *queue, const struct sim *sim, uint32_t index);
bool queue_pop(struct queue *queue, struct sim *ret, uint32_t *ret_index);
void queue_deinit(struct queue *queue);

#endif
