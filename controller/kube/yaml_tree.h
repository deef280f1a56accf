/*
 * yaml_tree.h -- one YAML document as a small tree of maps, lists and texts, by libyaml's events, with bounds of its
 * own.
 *
 * Bounds:    16 levels, 20,000 nodes, no aliases, no NUL in a text.
 * Ownership: the tree lives in the caller's arena; it holds secrets, so yaml_tree_wipe() it before the arena goes.
 * Errors:    ERR_INVALID with the line; the text never quotes the document.
 * Threads:   one at a time.
 * Source:    YAML 1.1, pyyaml.org/wiki/LibYAML
 */
#ifndef PK_KUBE_YAML_TREE_H
#define PK_KUBE_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/arena.h"
#include "util/err.h"

enum yaml_tree_kind { YAML_TREE_NULL, YAML_TREE_TEXT, YAML_TREE_MAP, YAML_TREE_LIST };

struct yaml_tree {
        enum yaml_tree_kind kind;
        char *key;               /* its key where it is in a map, else NULL */
        char *text;              /* of YAML_TREE_TEXT, NULL for the others */
        bool is_plain;           /* the text is not quoted: it may stand for a number or a truth value */
        struct yaml_tree *first; /* first child */
        struct yaml_tree *next;  /* next child of the same parent */
        struct yaml_tree *last;  /* last child, so that appending is cheap */
};

/* An empty document gives a YAML_TREE_NULL. What follows the first document is not looked at, as in kubectl. */
MUST_CHECK enum err yaml_tree_parse(const char *yaml, size_t bytes, struct arena *arena, struct yaml_tree **ret,
                                    struct errmsg *reterr);
void yaml_tree_wipe(struct yaml_tree *tree); /* the texts; NULL is a no-op */

#endif
