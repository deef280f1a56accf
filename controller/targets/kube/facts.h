/*
 * facts.h -- the facts of one decision, for whatever follows a switch and has to know them: a Job by its environment, a
 * webhook by its document. Pure.
 *
 * They come as settings of the target (target_driver.wants_facts): FACT_POLICY "<namespace>/<name>", FACT_PIPELINE the
 * item's name, FACT_NAME the DNS name, FACT_FROM and FACT_TO the planes and FACT_DECISION
 * "<epoch>-<id>" of the record in force, and for each plane
 * "<FACT_CLUSTER><plane>" and "<FACT_ADDRESS><plane>".
 */
#ifndef PK_TARGETS_KUBE_FACTS_H
#define PK_TARGETS_KUBE_FACTS_H

#include "targets/target.h"

#define FACT_POLICY "policy"
#define FACT_PIPELINE "pipeline"
#define FACT_NAME "dns name"
#define FACT_FROM "moved from"
#define FACT_TO "moved to"
#define FACT_DECISION "decision"
#define FACT_CLUSTER "cluster of "
#define FACT_ADDRESS "address of "

enum { FACT_BYTES = 520, FACTS = 9, FACTS_OF_LOCK = 2 };

struct fact {
        const char *variable; /* of an environment: "PLANEKEEPER_EPOCH" */
        const char *member;   /* of a document: "epoch" */
        char value[FACT_BYTES]; /* "" where there is none */
};

/* Those of @want; where its epoch is 0 a person moves, and epoch and id stay empty. */
void facts_of(const struct target_config *config, const struct target_want *want, struct fact ret[static FACTS]);

/* And these, of who sets a lock by a command: the value that it is to have, and the Redis that it is in. */
void facts_of_lock(const struct target_config *config, const struct target_want *want,
                   struct fact ret[static FACTS_OF_LOCK]);

/* The settings of @from alone, as a copy that is the caller's; settings_clear() frees it. */
void settings_copy(struct target_config *ret, const struct target_config *from);
void settings_clear(struct target_config *settings);

#endif
