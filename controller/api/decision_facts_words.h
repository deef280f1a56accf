/* decision_facts_words.h -- internal to decision_facts: the words on the wire, in the order of the enums. */
#ifndef PK_API_DECISION_FACTS_WORDS_H
#define PK_API_DECISION_FACTS_WORDS_H

enum {
        FACTS_STAMP_NONE,
        FACTS_STAMP_RECORD,
        FACTS_STAMP_OURS,
        FACTS_STAMP_OTHER,
        FACTS_STAMP_UNSHARED,
        FACTS_STAMP_UNREADABLE,
        FACTS_STAMP_COUNT
};

extern const char *const facts_modes[2];
extern const char *const facts_failbacks[3];
extern const char *const facts_drifts[2];
extern const char *const facts_verdicts[3];
extern const char *const facts_reaches[3];
extern const char *const facts_proofs[3];
extern const char *const facts_roles[3];
extern const char *const facts_whens[3];
/* None; the record's own epoch; another epoch of this policy's; another owner's, or not readable; this policy's by an
 * operator that decides apart. */
extern const char *const facts_stamps[FACTS_STAMP_COUNT];

#endif
