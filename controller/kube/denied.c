/* denied.c -- the two causes of a refusal (403) of one named object, in words. */
#include "kube/denied.h"

#include <stdio.h>
#include <string.h>

enum { USER_BYTES = 128 };

/* The API server says who was refused: User "system:serviceaccount:ns:name" cannot get ... "" where it does not. */
static void user_of(const char *why, char ret[static USER_BYTES])
{
        static const char before[] = "User \"";
        const char *user = strstr(why, before);
        size_t bytes = user ? strcspn(user + strlen(before), "\"") : 0;
        ret[0] = '\0';
        if (!user || user[strlen(before) + bytes] != '"' || bytes >= USER_BYTES)
                return;
        user += strlen(before);
        for (size_t i = 0; i < bytes; i++) /* it is pasted into a shell */
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:.@_-", user[i]))
                        return;
        memcpy(ret, user, bytes);
        ret[bytes] = '\0';
}

void denied_print(const struct denied_object *object, const char *why, char ret_text[static DENIED_TEXT_BYTES])
{
        const struct kube_resource *resource = object->resource;
        char user[USER_BYTES];
        user_of(why, user);
        (void)snprintf(ret_text, DENIED_TEXT_BYTES,
                       "%s %.63s/%.80s: 403: %s may be misspelt, or the right is missing: kubectl auth can-i get "
                       "%s%s%s/%.80s -n %.63s%s%s; a Role with apiGroups [\"%s\"], resources [%s], verbs "
                       "[get] grants it",
                       resource->kind, object->namespace_name, object->name, object->field, resource->plural,
                       resource->group[0] ? "." : "", resource->group, object->name, object->namespace_name,
                       user[0] ? " --as=" : "", user, resource->group, resource->plural);
}
