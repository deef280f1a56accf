/*
 * two_targets.h -- the part of the lock and of the name in a view, a plan or a policy. Where there is no lock, LOCK() is
 * a part that is not in force.
 */
#ifndef PK_TEST_TWO_TARGETS_H
#define PK_TEST_TWO_TARGETS_H

#define NAME(whole) ((whole).targets[(whole).target_count - 1])
#define LOCK(whole) ((whole).targets[(whole).target_count > 1 ? 0 : TARGETS_MAX - 1])

#endif
