/*
 * config_section.h -- typed access to one map of a kubeconfig that knows where it is, so that every message names the
 * field. Private to config*.c.
 *
 * Ownership: texts are borrowed from the tree unless said otherwise.
 * Errors:    ERR_INVALID "users[2].user.token: must be a text"; the value itself is never in the text.
 */
#ifndef PK_KUBE_CONFIG_SECTION_H
#define PK_KUBE_CONFIG_SECTION_H

#include "kube/config.h"
#include "kube/yaml_tree.h"

enum { CONFIG_FILE_BYTES_MAX = 1024 * 1024 };

struct config_section {
        const struct yaml_tree *map; /* NULL where absent: every field of it is absent then */
        char where[72];              /* "users[2].user" */
        const struct kube_config_policy *policy;
        struct errmsg *reterr;
};

/* "where.key: text" */
enum err section_refuse(const struct config_section *section, const char *key, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The node of @key, NULL where it is absent or null. */
MUST_CHECK enum err section_find(const struct config_section *section, const char *key, const struct yaml_tree **ret);
MUST_CHECK enum err section_text(const struct config_section *section, const char *key,
                                 const char **ret); /* NULL where absent or "" */
MUST_CHECK enum err section_flag(const struct config_section *section, const char *key,
                                 bool *ret); /* false where absent */
MUST_CHECK enum err section_map(const struct config_section *section, const char *key, struct config_section *ret);
MUST_CHECK enum err section_list(const struct config_section *section, const char *key, const struct yaml_tree **ret);

/* The absolute path of a file field, allocated; NULL where absent. Refused where the policy says so. */
MUST_CHECK enum err section_path(const struct config_section *section, const char *key, char **ret);
/* PEM from "<key>-data" (base64), else from the file that <key> names; empty where both are absent. */
MUST_CHECK enum err section_pem(const struct config_section *section, const char *key, struct secret *ret);

/* In the list @list of @root: the map @inner of the entry with this name. @asked_by: the field that holds the name, for
 * the message. */
MUST_CHECK enum err section_entry(const struct config_section *root, const char *list, const char *inner,
                                  const char *name, const char *asked_by, struct config_section *ret);

/* @path below @base_directory (NULL: as it is) unless absolute; allocated. */
char *config_resolve_path(const char *base_directory, const char *path);

#endif
