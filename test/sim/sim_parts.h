/*
 * sim_parts.h -- internal to the simulation: interned texts, registers, people, and the invariants that are
 * watched.
 */
#ifndef PK_TEST_SIM_PARTS_H
#define PK_TEST_SIM_PARTS_H

#include "sim.h"

#define SIM_STORE "k8s/uid/default/gloo"

const char *sim_intern(const char *text);
const char *sim_name(unsigned plane);
const char *sim_rrset(unsigned plane);
unix_ms sim_wall(const struct sim *sim);
struct sim_register sim_register_empty(void);
struct record sim_keep_record(const struct record *record); /* with interned texts */

/* A copy is on its way; where there is no room the oldest is lost. */
void sim_send(struct sim *sim, const struct sim_packet *packet);
/* As the target does it: true when the register now shows what was wanted. */
bool sim_arrive(struct sim *sim, const struct sim_packet *packet);

void sim_apply_to_world(struct sim *sim, struct sim_action action);

/* Invariants: the first that breaks is kept in sim->violation. */
void sim_check_decision(struct sim *sim, unsigned who, const struct view *view, const struct decision *decision);
void sim_check_record(struct sim *sim, unsigned who, const struct view *view, const struct decision *decision,
                      const struct record *next);
void sim_check_effect(struct sim *sim, unsigned who, const struct sim_packet *packet);
void sim_check_arrival(struct sim *sim, const struct sim_packet *packet, const struct sim_register *before);

#endif
