/*
 * sim_parts.h -- internal to the simulation: interned texts, registers, what operators do, people, and the invariants
 * that are watched.
 */
#ifndef PK_TEST_SIM_PARTS_H
#define PK_TEST_SIM_PARTS_H

#include "sim.h"

#define SIM_STORE  "k8s/uid/default/gloo"
#define SIM_DAY_MS ((int64_t)24 * 3600 * 1000)

const char *sim_intern(const char *text);
const char *sim_name(unsigned plane);
const char *sim_rrset(unsigned plane);
bool sim_is_named(unsigned plane); /* its address is a host name, so that the record is a CNAME */
/* What the lock's template makes of a plane under an epoch. */
const char *sim_lock_value(const struct sim *sim, const char *plane, epoch_t epoch);
unix_ms sim_wall(const struct sim *sim);
struct sim_register sim_register_empty(void);
struct record sim_keep_record(const struct record *record); /* with interned texts */
/* NULL where the plan has none. */
const struct plan_target *sim_plan(const struct record *record, enum target_kind kind);
bool sim_uses_lock(const struct record *record);

/* ---- operators: sim_view.c and sim_operator.c ---- */

/* What @who knows, as the core is asked; AT_WILL the planes in @down are believed down. */
void sim_view(const struct sim *sim, unsigned who, unsigned down, struct view *ret);
bool sim_owns_prepared(const struct sim_operator *self); /* what its record has beside it */
void sim_operator_forget(struct sim *sim, struct sim_operator *self);
void sim_operator_sample(struct sim *sim);
void sim_planes_turn(struct sim *sim); /* after a tick: who answers 200 from now on */
void sim_operator_act(struct sim *sim, unsigned who, const struct sim_turn *turn, enum sim_ending ending);
void sim_operator_apply(struct sim *sim, struct sim_action action);
/* The arbiter takes what is on its way to it, if nothing was written there since. */
void sim_deliver_record(struct sim *sim);

/* ---- the world: sim_world.c ---- */

/* A copy is on its way; where there is no room the oldest is lost. */
void sim_send(struct sim *sim, const struct sim_packet *packet);
/* As the target does it: true when the register now shows what was wanted. */
bool sim_arrive(struct sim *sim, const struct sim_packet *packet);
/* Who last left the name empty by a write, counted from 1; 0: no operator did. */
void sim_note_emptied(struct sim *sim, unsigned by);
void sim_world_apply(struct sim *sim, struct sim_action action);
void sim_people_apply(struct sim *sim, struct sim_action action);

/* ---- the third target: sim_third.c ---- */

enum target_kind sim_third_kind(const struct sim *sim); /* TARGET_KIND_COUNT: there is none */
void sim_third_want(const struct sim *sim, struct policy_view *policy);
bool sim_third_answers(const struct sim *sim);
void sim_third_read(struct sim *sim, struct sim_operator *self);
void sim_third_note(struct sim *sim);
bool sim_third_arrive(struct sim *sim, const struct sim_packet *packet);
void sim_third_write(struct sim *sim, unsigned who, const struct target_write *write, enum sim_ending ending);
void sim_third_comes(struct sim *sim);
bool sim_third_is_settled(const struct sim *sim);
void sim_not_answered(struct sim *sim, struct target_health *health, enum err class);
struct target_health sim_answered(const struct sim *sim);
struct sim_register sim_wanted(const struct sim *sim, const struct target_write *write);

/* ---- invariants: the first that breaks is kept in sim->violation ---- */

void sim_check_decision(struct sim *sim, unsigned who, const struct sim_turn *turn);
/* When a record is sent: may this be decided now, and is it what it says? */
void sim_check_judgement(struct sim *sim, unsigned who, const struct sim_turn *turn);
/* When the arbiter takes it. */
void sim_check_record(struct sim *sim, const struct record *next, enum action action);
/* The decision of @claim, as the arbiter was told of it; NULL: it was not. */
struct sim_decision *sim_find_decision(struct sim *sim, epoch_t epoch, decision_id id);
/* Whether @next is the switch that is prepared beside the record, as it is begun. */
bool sim_is_begun(const struct sim *sim, const struct record *next);
void sim_check_effect(struct sim *sim, unsigned who, const struct sim_packet *packet);
void sim_check_third(struct sim *sim, unsigned who, const struct target_write *write, const struct sim_packet *packet);
void sim_check_arrival(struct sim *sim, const struct sim_packet *packet, const struct sim_register *before);

#endif
