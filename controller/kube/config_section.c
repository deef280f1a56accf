/* config_section.c -- typed access to one map of a kubeconfig. */
#include "kube/config_section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/file.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum err section_refuse(const struct config_section *section, const char *key, const char *format, ...)
{
        struct errmsg text;
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text.text, sizeof(text.text), format, args);
        va_end(args);
        const char *dot = section->where[0] ? "." : "";
        return err_set(section->reterr, ERR_INVALID, "%s%s%s: %.170s", section->where, dot, key, text.text);
}

enum err section_find(const struct config_section *section, const char *key, const struct yaml_tree **ret)
{
        const struct yaml_tree *found = NULL;
        for (const struct yaml_tree *node = section->map ? section->map->first : NULL; node; node = node->next) {
                if (!node->key || strcmp(node->key, key) != 0)
                        continue;
                if (found)
                        return section_refuse(section, key, "given twice; keep one");
                found = node;
        }
        *ret = found && found->kind != YAML_TREE_NULL ? found : NULL;
        return ERR_OK;
}

enum err section_text(const struct config_section *section, const char *key, const char **ret)
{
        const struct yaml_tree *node = NULL;
        enum err err = section_find(section, key, &node);
        if (err != ERR_OK)
                return err;
        if (node && node->kind != YAML_TREE_TEXT)
                return section_refuse(section, key, "must be a text");
        *ret = node && node->text[0] ? node->text : NULL;
        return ERR_OK;
}

enum err section_flag(const struct config_section *section, const char *key, bool *ret)
{
        const char *text;
        enum err err = section_text(section, key, &text);
        if (err != ERR_OK)
                return err;
        bool is_true = text && strcasecmp(text, "true") == 0;
        if (text && !is_true && strcasecmp(text, "false") != 0)
                return section_refuse(section, key, "must be true or false");
        *ret = is_true;
        return ERR_OK;
}

enum err section_map(const struct config_section *section, const char *key, struct config_section *ret)
{
        const struct yaml_tree *node = NULL;
        enum err err = section_find(section, key, &node);
        if (err != ERR_OK)
                return err;
        if (node && node->kind != YAML_TREE_MAP)
                return section_refuse(section, key, "must be a map");
        struct config_section found = {.map = node, .policy = section->policy, .reterr = section->reterr};
        (void)snprintf(found.where, sizeof(found.where), "%.48s%s%.20s", section->where, section->where[0] ? "." : "",
                       key);
        *ret = found;
        return ERR_OK;
}

enum err section_list(const struct config_section *section, const char *key, const struct yaml_tree **ret)
{
        const struct yaml_tree *node = NULL;
        enum err err = section_find(section, key, &node);
        if (err != ERR_OK)
                return err;
        if (node && node->kind != YAML_TREE_LIST)
                return section_refuse(section, key, "must be a list");
        *ret = node;
        return ERR_OK;
}

char *config_resolve_path(const char *base_directory, const char *path)
{
        if (path[0] == '/' || !base_directory || !base_directory[0])
                return mem_strdup(path);
        size_t bytes = strlen(base_directory) + strlen(path) + 2;
        char *joined = mem_calloc(bytes, 1);
        (void)snprintf(joined, bytes, "%s/%s", base_directory, path);
        return joined;
}

static enum err ask_before_reading(const struct config_section *section, const char *key, const char *path)
{
        char field[128];
        (void)snprintf(field, sizeof(field), "%s.%.40s", section->where, key);
        if (!section->policy->may_read || section->policy->may_read(section->policy->may_read_ctx, field, path))
                return ERR_OK;
        return err_set(section->reterr, ERR_CANCELLED, "%s: %.150s is not read yet", field, path);
}

enum err section_path(const struct config_section *section, const char *key, char **ret)
{
        const char *path;
        enum err err = section_text(section, key, &path);
        if (err != ERR_OK)
                return err;
        if (path && !section->policy->allow_files)
                return section_refuse(
                    section, key,
                    "a file path is refused here; put the content inline (%s) or start the operator with "
                    "--insecure-kubeconfig-files",
                    strcmp(key, "tokenFile") == 0 ? "token" : "the -data field");
        *ret = path ? config_resolve_path(section->policy->base_directory, path) : NULL;
        return *ret ? ask_before_reading(section, key, *ret) : ERR_OK;
}

/* As Go's decoder, which kubectl uses: line breaks within base64 mean nothing. */
static enum err decode(const struct config_section *section, const char *key, const char *base64, struct secret *ret)
{
        char *compact = mem_calloc(strlen(base64) + 1, 1);
        size_t count = 0;
        for (const char *at = base64; *at; at++)
                if (*at != '\n' && *at != '\r')
                        compact[count++] = *at;
        enum err err = text_from_base64(compact, count, ret, NULL);
        secret_wipe(compact, count);
        free(compact);
        if (err != ERR_OK)
                return section_refuse(section, key, "not base64; it should be the PEM file in base64 without spaces");
        return ERR_OK;
}

enum err section_pem(const struct config_section *section, const char *key, struct secret *ret)
{
        char data_key[48];
        const char *base64;
        CLEANUP(cleanup_free) char *path = NULL;
        CLEANUP(secret_clear) struct secret pem = {0};
        (void)snprintf(data_key, sizeof(data_key), "%s-data", key);
        enum err err = section_text(section, data_key, &base64);
        if (err == ERR_OK && base64)
                err = decode(section, data_key, base64, &pem);
        else if (err == ERR_OK)
                err = section_path(section, key, &path);
        if (err != ERR_OK)
                return err;
        if (path) {
                err = file_read(path, CONFIG_FILE_BYTES_MAX, &pem, section->reterr);
                if (err != ERR_OK)
                        return err_wrap(section->reterr, err, "%s.%s", section->where, key);
        }
        if ((base64 || path) && (!pem.bytes || !strstr(pem.bytes, "-----BEGIN ")))
                return section_refuse(section, base64 ? data_key : key, "not PEM; it should begin with -----BEGIN");
        secret_copy(ret, &pem);
        return ERR_OK;
}

enum err section_entry(const struct config_section *root, const char *list, const char *inner, const char *name,
                       const char *asked_by, struct config_section *ret)
{
        const struct yaml_tree *entries = NULL;
        enum err err = section_list(root, list, &entries);
        if (err != ERR_OK)
                return err;
        unsigned index = 0;
        for (const struct yaml_tree *node = entries ? entries->first : NULL; node; node = node->next, index++) {
                struct config_section entry = {.map = node, .policy = root->policy, .reterr = root->reterr};
                const char *its_name;
                (void)snprintf(entry.where, sizeof(entry.where), "%.20s[%u]", list, index);
                if (node->kind != YAML_TREE_MAP)
                        return section_refuse(root, entry.where, "must be a map with name and %s", inner);
                err = section_text(&entry, "name", &its_name);
                if (err != ERR_OK)
                        return err;
                if (its_name && strcmp(its_name, name) == 0)
                        return section_map(&entry, inner, ret);
        }
        return err_set(root->reterr, ERR_INVALID, "%s: names an entry that is not in %s; add it or correct the name",
                       asked_by, list);
}
