/*
 * faults.h -- what befalls a world, drawn by chance: each kind begins, and most of them end.
 */
#ifndef PK_TEST_WHOLE_FAULTS_H
#define PK_TEST_WHOLE_FAULTS_H

#include "world.h"

unsigned faults_kinds(void);
const char *faults_name(unsigned kind);
extern uint64_t faults_counts[]; /* by kind, over all histories */

/* Draws @count faults that begin between now and @until; all that end have ended then. */
void faults_draw(unsigned count, vtime_us until);
struct fault;
int faults_find(const char *name);             /* its kind; -1: there is none */
void faults_begin(const struct fault *given); /* of that kind, now, until it ends */
/* What people do once all is over: what they had switched off is on again, and whoever was killed is started. */
void faults_heal(void);
/* The plane dies, and nothing else happens. */
void faults_strike(unsigned plane);
/* They look at what does not come to rest, and mend what they or a loss had changed. @attempt counts from 0. */
void faults_remedy(unsigned attempt);

#endif
