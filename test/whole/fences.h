/* fences.h -- one field of one object in each plane's own cluster, open while the plane is active and shut otherwise. */
#ifndef PK_TEST_WHOLE_FENCES_H
#define PK_TEST_WHOLE_FENCES_H

#include "api.h"

#define FENCE_OPEN "open"

void fences_begin(void); /* the objects, as a person left them */
json_t *fences_of_spec(void); /* the caller's */
const char *fences_show(unsigned plane); /* what the field stands for: an absent one is open */
/* Under that epoch all are shut but @plane's, as far as their clusters answer. */
bool fences_are_at(uint64_t epoch, const char *plane);

#endif
