/*
 * xml.h -- one XML document as a small read-only tree of elements and their texts, by expat, with bounds of its own.
 *
 * Attributes, comments, processing instructions and text beside child elements are not kept: the services that are
 * asked put nothing there. A document type is refused, so there are no entities but the five of XML, and nothing is
 * ever fetched.
 *
 * Bounds:    1 MiB, 24 levels, 50,000 elements, 64 KiB in one text, 128 bytes in one name. Texts are UTF-8.
 * Ownership: xml_parse() fills a tree that xml_clear() wipes and frees: answers may hold credentials. Nodes and texts
 *            die with it.
 * Errors:    ERR_INVALID with the line; the text never quotes the document.
 * Threads:   one at a time per tree.
 * Source:    XML 1.0, fifth edition; libexpat.github.io
 */
#ifndef PK_TARGETS_AWS_XML_H
#define PK_TARGETS_AWS_XML_H

#include <stddef.h>

#include "util/arena.h"
#include "util/err.h"

enum { XML_MAX_BYTES = 1024 * 1024 };

struct xml_node {
        const char *name; /* as written, with its prefix if it has one */
        char *text;       /* of an element without child elements; "" where it is empty; NULL where it has children */
        struct xml_node *first; /* first child element */
        struct xml_node *next;  /* next element of the same parent */
};

/* A zeroed struct is an empty tree. */
struct xml {
        struct arena arena;
        struct xml_node *root;
};

MUST_CHECK enum err xml_parse(const char *bytes, size_t count, struct xml *ret, struct errmsg *reterr);
void xml_clear(struct xml *xml); /* also right for CLEANUP(xml_clear) */

/*
 * xml_find() - the first element at @path below @node: "ResourceRecordSets/ResourceRecordSet". NULL where there is
 * none, or @node is NULL, so that look-ups may be chained.
 */
const struct xml_node *xml_find(const struct xml_node *node, const char *path);
const struct xml_node *xml_next(const struct xml_node *node); /* the next of the same parent and name, else NULL */
/* The text of the element at @path, NULL where there is none or it has children. */
const char *xml_text(const struct xml_node *node, const char *path);

#endif
