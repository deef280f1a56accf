/*
 * story.h -- whole operators by a script: what befalls them and what must be so, a line each.
 *
 *   # what it is about
 *   world operators=2 planes=3 lock=yes
 *   15    plane-refuses plane=eu-west-1 for=60
 *   +0    expect active eu-central-1 within=12
 *   40.5  annotate switch-to eu-west-1/3
 *   +0    edit {"suspend": true}
 *   +2    expect epoch 2 during=30
 *
 * A time is in seconds since the beginning, or with + since the line before it was done. A deed is a kind of fault by the name that it has in
 * faults.c (operator=, plane=, site=, policy= say which, for= how long; without it, to the end), `annotate KEY VALUE` or
 * `edit JSON`. What can be expected is in story_expect.c; within= waits for it, during= demands it all the while. The judges of random
 * histories look on: a promise that is broken fails a story in whichever line it is.
 */
#ifndef PK_TEST_WHOLE_STORY_H
#define PK_TEST_WHOLE_STORY_H

#include <stdbool.h>
#include <stddef.h>

enum { STORY_WORDS_MAX = 12 };

/* One line, cut into words; @rest: what follows the second word, as it is. */
struct story_line {
        unsigned count;
        char *words[STORY_WORDS_MAX];
        char *rest;
};

/* Runs each of @paths, and prints what came of them. 0: all went as they say. */
int stories_run(int count, char **paths);

/* Whether @words, which follow "expect", can be asked; else why not. */
bool story_can_expect(char *const *words, unsigned count, char *ret_why, size_t size);
/* Whether they are so now; @ret_seen: what is. */
bool story_is_so(char *const *words, unsigned count, char *ret_seen, size_t size);

#endif
