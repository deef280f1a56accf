/*
 * denied.h -- the two causes of a refusal (403) of one named object: RBAC answers the same of a right that is missing
 * and of a name that nobody granted, such as a misspelt one.
 */
#ifndef PK_KUBE_DENIED_H
#define PK_KUBE_DENIED_H

#include <stddef.h>

#include "kube/client.h"

enum { DENIED_TEXT_BYTES = 640 };

struct denied_object {
        const struct kube_resource *resource;
        const char *namespace_name;
        const char *name;
        const char *field; /* that names it */
};

/*
 * Both possibilities, the command that tells them apart as the user who was refused, and the rule that is to be there.
 * @why is the text of the reply.
 */
void denied_print(const struct denied_object *object, const char *why, char ret_text[static DENIED_TEXT_BYTES]);

#endif
