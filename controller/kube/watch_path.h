/* watch_path.h -- the paths with query of a list page and of a watch. The caller frees. */
#ifndef PK_KUBE_WATCH_PATH_H
#define PK_KUBE_WATCH_PATH_H

/* @selector and @continue_token may be NULL. */
char *watch_path_of_page(const char *path, const char *selector, unsigned limit, const char *continue_token);
char *watch_path_of_watch(const char *path, const char *selector, const char *resource_version, unsigned timeout_s);

#endif
