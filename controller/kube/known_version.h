/*
 * known_version.h -- which state of one object is believed, where a watch and answers to questions both tell of it.
 *
 * A resourceVersion is opaque text: two are the same or they are not, and none is older than another. A store that was
 * put back to an earlier moment uses lower ones, and the same ones again. The order of this client's questions counts
 * instead:
 *
 * - An answer of the store (an uncached read, a write) outranks what the watch showed. Until the watch shows that very
 * version, or a list that was begun later names the object, the watch is behind, and what else it shows of the object
 * is passed over.
 * - An answer is overtaken where something else was believed since its question was asked: it is to be asked again.
 * - A watch that does not catch up within KNOWN_CATCH_UP_MS stands where the store never was: everything is to be
 * listed anew.
 *
 * Ownership: a zeroed struct is ready and knows nothing; known_forget() frees.
 * Threads:   none of its own state is shared.
 */
#ifndef PK_KUBE_KNOWN_VERSION_H
#define PK_KUBE_KNOWN_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "util/units.h"

enum { KNOWN_CATCH_UP_MS = 5000 };

struct known_version {
        char *text;             /* "": there is no such object; NULL: nothing is known */
        uint64_t turns;         /* how often something else was believed */
        mono_ms behind_since;   /* the watch has not shown @text yet; 0: it has */
        mono_ms refused_since;  /* the store refused a write that was based on @text; 0: it did not */
        uint64_t list;          /* the newest list that was begun by then */
        bool has_fallen;        /* an answer was lower than what was known: a hint that the store went back */
};

/* Whether what the watch shows is to be believed; @list numbers the list that it belongs to or follows. */
bool known_admits(const struct known_version *known, const char *version, uint64_t list);
/* It was believed. */
void known_by_watch(struct known_version *known, const char *version);

/* @turns: as when the question was asked. */
bool known_is_overtaken(const struct known_version *known, const char *version, uint64_t turns);
/* An answer of the store is believed. @list: the newest that was begun. @version "": there is no such object. */
void known_by_answer(struct known_version *known, const char *version, uint64_t list, mono_ms now);
/* The store refused a write that was based on what is known: it holds something else, which the watch is to show. */
void known_is_refused(struct known_version *known, uint64_t list, mono_ms now);

/* Whether the watch has had its time, and no list was begun since. Says so once. */
bool known_take_doubt(struct known_version *known, uint64_t list, mono_ms now);
void known_forget(struct known_version *known);

/* A hint, never a ground to drop anything: both are decimal numbers, of any length, and @a is the lower one. */
bool version_is_lower(const char *a, const char *b);

#endif
