/* yaml_tree.c -- one YAML document as a small tree. */
#include "kube/yaml_tree.h"

#include <string.h>
#include <yaml.h>

#include "util/secret.h"

enum { LEVELS_MAX = 16, NODES_MAX = 20000 };

struct builder {
        struct arena *arena;
        struct yaml_tree *open[LEVELS_MAX]; /* the collections that are not closed yet */
        unsigned level;
        unsigned nodes;
        char *key; /* read, its value is next */
        struct yaml_tree *root;
};

static enum err add(struct builder *b, const struct yaml_tree *value, struct yaml_tree **ret, struct errmsg *reterr)
{
        if (++b->nodes > NODES_MAX)
                return err_set(reterr, ERR_INVALID, "YAML with more than %d nodes", NODES_MAX);
        struct yaml_tree *node = arena_alloc(b->arena, sizeof(*node));
        *node = *value;
        node->key = b->key;
        b->key = NULL;
        *ret = node;
        if (b->level == 0) {
                b->root = node;
                return ERR_OK;
        }
        struct yaml_tree *parent = b->open[b->level - 1];
        if (parent->last)
                parent->last->next = node;
        else
                parent->first = node;
        parent->last = node;
        return ERR_OK;
}

static bool key_is_next(const struct builder *b)
{
        return b->level > 0 && b->open[b->level - 1]->kind == YAML_TREE_MAP && !b->key;
}

static enum err add_scalar(struct builder *b, const yaml_event_t *event, struct errmsg *reterr)
{
        const char *value = (const char *)event->data.scalar.value;
        size_t bytes = event->data.scalar.length;
        if (memchr(value, '\0', bytes))
                return err_set(reterr, ERR_INVALID, "a NUL byte in a text");
        char *text = arena_strdup(b->arena, value);
        if (key_is_next(b)) {
                b->key = text;
                return ERR_OK;
        }
        bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        bool is_null = is_plain && (bytes == 0 || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0);
        struct yaml_tree node = {
            .kind = is_null ? YAML_TREE_NULL : YAML_TREE_TEXT, .text = is_null ? NULL : text, .is_plain = is_plain};
        struct yaml_tree *added = NULL;
        return add(b, &node, &added, reterr);
}

static enum err open_collection(struct builder *b, enum yaml_tree_kind kind, struct errmsg *reterr)
{
        if (key_is_next(b))
                return err_set(reterr, ERR_INVALID, "a key that is not a text");
        if (b->level == LEVELS_MAX)
                return err_set(reterr, ERR_INVALID, "deeper than %d levels", LEVELS_MAX);
        struct yaml_tree *added = NULL;
        enum err err = add(b, &(struct yaml_tree){.kind = kind}, &added, reterr);
        if (err == ERR_OK)
                b->open[b->level++] = added;
        return err;
}

static enum err take_event(struct builder *b, const yaml_event_t *event, struct errmsg *reterr)
{
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return add_scalar(b, event, reterr);
        case YAML_MAPPING_START_EVENT:
                return open_collection(b, YAML_TREE_MAP, reterr);
        case YAML_SEQUENCE_START_EVENT:
                return open_collection(b, YAML_TREE_LIST, reterr);
        case YAML_MAPPING_END_EVENT:
        case YAML_SEQUENCE_END_EVENT:
                b->level--;
                return ERR_OK;
        case YAML_ALIAS_EVENT:
                return err_set(reterr, ERR_INVALID, "aliases (*name) are not accepted: write the value out");
        default:
                return ERR_OK;
        }
}

static enum err parse_events(yaml_parser_t *parser, struct builder *b, struct errmsg *reterr)
{
        for (;;) {
                yaml_event_t event;
                if (!yaml_parser_parse(parser, &event))
                        return err_set(reterr, ERR_INVALID, "line %zu: not YAML: %s", parser->problem_mark.line + 1,
                                       parser->problem ? parser->problem : "not UTF-8");
                bool is_end = event.type == YAML_DOCUMENT_END_EVENT || event.type == YAML_STREAM_END_EVENT;
                enum err err = take_event(b, &event, reterr);
                if (err != ERR_OK)
                        err = err_wrap(reterr, err, "line %zu", event.start_mark.line + 1);
                if (event.type == YAML_SCALAR_EVENT)
                        secret_wipe(event.data.scalar.value, event.data.scalar.length);
                yaml_event_delete(&event);
                if (err != ERR_OK || is_end)
                        return err;
        }
}

enum err yaml_tree_parse(const char *yaml, size_t bytes, struct arena *arena, struct yaml_tree **ret,
                         struct errmsg *reterr)
{
        yaml_parser_t parser;
        if (!yaml_parser_initialize(&parser))
                return err_set(reterr, ERR_INVALID, "libyaml could not start");
        yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, bytes);
        struct builder b = {.arena = arena};
        enum err err = parse_events(&parser, &b, reterr);
        secret_wipe(parser.raw_buffer.start, (size_t)(parser.raw_buffer.end - parser.raw_buffer.start));
        secret_wipe(parser.buffer.start, (size_t)(parser.buffer.end - parser.buffer.start));
        yaml_parser_delete(&parser);
        if (!b.root)
                b.root = arena_alloc(arena, sizeof(*b.root));
        if (err == ERR_OK)
                *ret = b.root;
        else
                yaml_tree_wipe(b.root);
        return err;
}

void yaml_tree_wipe(struct yaml_tree *tree)
{
        if (!tree)
                return;
        if (tree->text)
                secret_wipe(tree->text, strlen(tree->text));
        for (struct yaml_tree *child = tree->first; child; child = child->next)
                yaml_tree_wipe(child);
}
