/* explain.c -- `planekeeper explain`: the command, and what its files may look like. */
#include "explain/explain.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/yaml_tree.h"
#include "util/arena.h"
#include "util/cleanup.h"
#include "util/mem.h"

struct arguments {
        const char *file;
        const char *policy; /* NULL: none */
};

static json_t *json_of(const struct yaml_tree *tree);

static json_t *json_of_text(const struct yaml_tree *tree)
{
        char *end;
        if (!tree->is_plain)
                return json_string(tree->text);
        if (strcmp(tree->text, "true") == 0 || strcmp(tree->text, "false") == 0)
                return json_boolean(tree->text[0] == 't');
        errno = 0;
        long long number = strtoll(tree->text, &end, 10);
        bool is_number = *end == '\0' && end != tree->text && !errno;
        return is_number ? json_integer(number) : json_string(tree->text);
}

/* The tree is at most 16 levels deep. */
static json_t *json_of_children(const struct yaml_tree *tree)
{
        json_t *value = tree->kind == YAML_TREE_MAP ? json_object() : json_array();
        for (const struct yaml_tree *child = tree->first; child; child = child->next) {
                json_t *item = json_of(child);
                int failed = tree->kind == YAML_TREE_MAP ? json_object_set_new(value, child->key, item)
                                                         : json_array_append_new(value, item);
                INVARIANT(!failed); /* libyaml lets UTF-8 pass only */
        }
        return value;
}

static json_t *json_of(const struct yaml_tree *tree)
{
        switch (tree->kind) {
        case YAML_TREE_TEXT:
                return json_of_text(tree);
        case YAML_TREE_MAP:
        case YAML_TREE_LIST:
                return json_of_children(tree);
        default:
                return json_null();
        }
}

enum err explain_parse(const char *bytes, size_t count, json_t **ret, struct errmsg *reterr)
{
        size_t blank = 0;
        while (blank < count && strchr(" \t\r\n", bytes[blank]) && bytes[blank])
                blank++;
        if (blank < count && bytes[blank] == '{') {
                json_error_t why;
                *ret = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &why);
                return *ret ? ERR_OK : err_set(reterr, ERR_INVALID, "line %d: not JSON: %s", why.line, why.text);
        }
        CLEANUP(arena_deinit) struct arena arena = {0};
        struct yaml_tree *tree;
        enum err err = yaml_tree_parse(bytes, count, &arena, &tree, reterr);
        if (err == ERR_OK && tree->kind != YAML_TREE_MAP)
                err = err_set(reterr, ERR_INVALID, "is neither a JSON object nor a YAML document with fields");
        if (err == ERR_OK)
                *ret = json_of(tree);
        return err;
}

/* A pipe will do: kubectl get … | planekeeper explain - */
static enum err read_file(const char *path, char **ret_bytes, size_t *ret_count, struct errmsg *reterr)
{
        FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
        if (!file)
                return err_set(reterr, ERR_NOT_FOUND, "%s", strerror(errno));
        char *bytes = mem_calloc(EXPLAIN_BYTES_MAX + 1, 1);
        size_t count = fread(bytes, 1, EXPLAIN_BYTES_MAX + 1, file);
        enum err err = ferror(file) ? err_set(reterr, ERR_INVALID, "cannot be read") : ERR_OK;
        if (count > EXPLAIN_BYTES_MAX)
                err = err_set(reterr, ERR_INVALID, "is larger than %d bytes", (int)EXPLAIN_BYTES_MAX);
        if (file != stdin)
                (void)fclose(file);
        if (err == ERR_OK) {
                *ret_bytes = bytes;
                *ret_count = count;
        } else {
                free(bytes);
        }
        return err;
}

static enum err load(const char *path, json_t **ret, struct errmsg *reterr)
{
        char *bytes = NULL;
        size_t count = 0;
        enum err err = read_file(path, &bytes, &count, reterr);
        if (err == ERR_OK)
                err = explain_parse(bytes, count, ret, reterr);
        free(bytes);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "%.160s", path);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
        struct arguments *arguments = state->input;
        switch (key) {
        case 'p':
                arguments->policy = text;
                return 0;
        case ARGP_KEY_ARG:
                if (arguments->file)
                        argp_error(state, "unexpected word \"%s\": give one FILE", text);
                arguments->file = text;
                return 0;
        case ARGP_KEY_END:
                if (!arguments->file)
                        argp_error(state, "give a FILE, or - for standard input");
                return 0;
        default:
                return ARGP_ERR_UNKNOWN;
        }
}

static struct arguments parse_arguments(int argc, char **argv)
{
        static const struct argp_option options[] = {
            {"policy", 'p', "FILE", 0, "a changed FailoverPolicy: what would have been done under its spec", 0}, {0}};
        static const struct argp argp = {
            .options = options,
            .parser = parse,
            .args_doc = "FILE",
            .doc =
                "Say why the operator acted, or did not. FILE is what kubectl get fop NAME -o json (or yaml) printed, "
                "or a saved status.lastDecision; - is standard input. Nothing is contacted."};
        struct arguments arguments = {0};
        argp_err_exit_status = 2;
        (void)argp_parse(&argp, argc, argv, 0, NULL, &arguments);
        return arguments;
}

int explain_main(int argc, char **argv)
{
        const struct arguments arguments = parse_arguments(argc, argv);
        json_t *object = NULL, *changed = NULL;
        struct strbuf text = STRBUF_INIT(EXPLAIN_TEXT_MAX);
        struct errmsg why;
        enum err err = load(arguments.file, &object, &why);
        if (err == ERR_OK && arguments.policy)
                err = load(arguments.policy, &changed, &why);
        if (err == ERR_OK)
                err = explain_text(object, changed, &text, &why);
        int status = err == ERR_OK && fputs(strbuf_text(&text), stdout) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        if (err != ERR_OK)
                (void)fprintf(stderr, "planekeeper explain: %s\n", why.text);
        strbuf_deinit(&text);
        json_decref(object);
        json_decref(changed);
        return status;
}
