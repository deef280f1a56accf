/*
 * contest.h -- whether another manager applies the field from elsewhere (Git, mostly), and would put it back: told by
 * metadata.managedFields, before a failover needs the field. Pure.
 *
 * Once the operator has written the field it is its own, and the other manager shows again when it has put it back.
 *
 * Source: kubernetes.io/docs/reference/using-api/server-side-apply (managedFields, FieldsV1)
 */
#ifndef PK_TARGETS_KUBE_CONTEST_H
#define PK_TARGETS_KUBE_CONTEST_H

#include "targets/kube/object.h"

/* The reason and the remedy, the caller's; NULL: nobody does. */
char *contest_find(const struct object_session *session, const json_t *object);

#endif
