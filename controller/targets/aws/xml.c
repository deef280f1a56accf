/* xml.c -- from expat's events to a bounded tree. */
#include "targets/aws/xml.h"

#include <expat.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/secret.h"

enum {
        DEPTH_MAX = 24,
        NODES_MAX = 50000,
        NAME_MAX_BYTES = 128,
        TEXT_MAX_BYTES = 64 * 1024,
};

struct reader {
        XML_Parser parser;
        struct xml *xml;
        struct xml_node *open[DEPTH_MAX]; /* from the root to the element that is being read */
        struct xml_node *last[DEPTH_MAX]; /* last child of each, so that appending is cheap */
        unsigned depth;
        unsigned nodes;
        const char *refusal; /* NULL: none so far */
        size_t text_bytes;
        char text[TEXT_MAX_BYTES + 1]; /* of the innermost element */
};

/* ---- memory of expat's, wiped when it is given back: texts pass through it ---- */

static void *take(size_t bytes)
{
        return mem_calloc(1, bytes);
}

static void give_back(void *block)
{
        if (block)
                secret_wipe(block, malloc_usable_size(block));
        free(block);
}

static void *take_more(void *block, size_t bytes)
{
        void *larger = mem_calloc(1, bytes);
        size_t held = block ? malloc_usable_size(block) : 0;
        if (held > 0)
                memcpy(larger, block, held < bytes ? held : bytes);
        give_back(block);
        return larger;
}

/* ---- events ---- */

static void refuse(struct reader *reader, const char *why)
{
        if (!reader->refusal)
                reader->refusal = why;
        (void)XML_StopParser(reader->parser, XML_FALSE);
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
        (void)attributes;
        struct reader *reader = ctx;
        if (reader->refusal)
                return;
        if (reader->depth == DEPTH_MAX) {
                refuse(reader, "elements are nested too deeply");
                return;
        }
        if (reader->nodes == NODES_MAX || strlen(name) > NAME_MAX_BYTES) {
                refuse(reader, "it has too many elements, or one with too long a name");
                return;
        }
        struct xml_node *node = arena_alloc(&reader->xml->arena, sizeof(*node));
        node->name = arena_strdup(&reader->xml->arena, name);
        if (reader->depth == 0) {
                reader->xml->root = node;
        } else {
                unsigned parent = reader->depth - 1;
                *(reader->last[parent] ? &reader->last[parent]->next : &reader->open[parent]->first) = node;
                reader->last[parent] = node;
        }
        reader->open[reader->depth] = node;
        reader->last[reader->depth] = NULL;
        reader->depth++;
        reader->nodes++;
        reader->text_bytes = 0;
}

static void on_text(void *ctx, const char *bytes, int count)
{
        struct reader *reader = ctx;
        if (reader->refusal || (size_t)count > TEXT_MAX_BYTES - reader->text_bytes) {
                refuse(reader, "a text in it is too long");
                return;
        }
        memcpy(reader->text + reader->text_bytes, bytes, (size_t)count);
        reader->text_bytes += (size_t)count;
}

static void on_end(void *ctx, const char *name)
{
        (void)name;
        struct reader *reader = ctx;
        if (reader->refusal)
                return;
        struct xml_node *node = reader->open[--reader->depth];
        if (!node->first) {
                node->text = arena_alloc(&reader->xml->arena, reader->text_bytes + 1);
                memcpy(node->text, reader->text, reader->text_bytes);
        }
        reader->text_bytes = 0;
}

static void on_document_type(void *ctx, const char *name, const char *system_id, const char *public_id, int has_subset)
{
        (void)name;
        (void)system_id;
        (void)public_id;
        (void)has_subset;
        refuse(ctx, "it has a document type");
}

/* ---- the tree ---- */

static enum err read_all(struct reader *reader, const char *bytes, size_t count, struct errmsg *reterr)
{
        XML_SetUserData(reader->parser, reader);
        XML_SetElementHandler(reader->parser, on_start, on_end);
        XML_SetCharacterDataHandler(reader->parser, on_text);
        XML_SetStartDoctypeDeclHandler(reader->parser, on_document_type);
        if (XML_Parse(reader->parser, bytes, (int)count, XML_TRUE) == XML_STATUS_OK && !reader->refusal)
                return ERR_OK;
        const char *why = reader->refusal ? reader->refusal : XML_ErrorString(XML_GetErrorCode(reader->parser));
        return err_set(reterr, ERR_INVALID, "the XML of the answer cannot be used: %s", why);
}

enum err xml_parse(const char *bytes, size_t count, struct xml *ret, struct errmsg *reterr)
{
        if (count > XML_MAX_BYTES)
                return err_set(reterr, ERR_INVALID, "the XML of the answer has more than %d bytes", XML_MAX_BYTES);
        static const XML_Memory_Handling_Suite memory = {take, take_more, give_back};
        struct xml read = {0};
        struct reader *reader = mem_new(reader);
        reader->xml = &read;
        reader->parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
        INVARIANT(reader->parser); /* it fails for want of memory only */
        enum err err = read_all(reader, bytes, count, reterr);
        XML_ParserFree(reader->parser);
        secret_wipe(reader->text, sizeof(reader->text));
        free(reader);
        if (err == ERR_OK)
                *ret = read;
        else
                xml_clear(&read);
        return err;
}

/* The depth is bounded by DEPTH_MAX. */
static void wipe(struct xml_node *node)
{
        for (; node; node = node->next) {
                if (node->text)
                        secret_wipe(node->text, strlen(node->text));
                wipe(node->first);
        }
}

void xml_clear(struct xml *xml)
{
        wipe(xml->root);
        arena_deinit(&xml->arena);
        *xml = (struct xml){0};
}

static const struct xml_node *named(const struct xml_node *node, const char *name, size_t bytes)
{
        while (node && (strncmp(node->name, name, bytes) != 0 || node->name[bytes] != '\0'))
                node = node->next;
        return node;
}

const struct xml_node *xml_find(const struct xml_node *node, const char *path)
{
        while (node && path[0] != '\0') {
                size_t bytes = strcspn(path, "/");
                node = named(node->first, path, bytes);
                path += bytes + (path[bytes] == '/');
        }
        return node;
}

const struct xml_node *xml_next(const struct xml_node *node)
{
        return named(node->next, node->name, strlen(node->name));
}

const char *xml_text(const struct xml_node *node, const char *path)
{
        const struct xml_node *found = xml_find(node, path);
        return found ? found->text : NULL;
}
