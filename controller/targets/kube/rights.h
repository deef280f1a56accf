/*
 * rights.h -- whether the operator may do at the object's API server what a switch will need, by the server's own word:
 * nothing is changed by the question.
 *
 * Source: kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1
 */
#ifndef PK_TARGETS_KUBE_RIGHTS_H
#define PK_TARGETS_KUBE_RIGHTS_H

#include "targets/kube/object.h"

/* As preflight() of a driver; on the session's visit. @done is called once, never from within. */
void rights_ask(struct object_session *session,
                void (*done)(void *session, enum err err, const struct errmsg *why));

#endif
