/* pipeline.h -- one field of one object in the operator's own cluster, which names where CI/CD delivers to. */
#ifndef PK_TEST_WHOLE_PIPELINE_H
#define PK_TEST_WHOLE_PIPELINE_H

#include "api.h"

#define PIPELINE_OBJECT "delivery"

void pipeline_begin(void); /* the object, as a person left it */
json_t *pipeline_of_spec(void); /* the caller's */
const char *pipeline_shows(void); /* the plane; "" where there is no object */
bool pipeline_is_at(uint64_t epoch, const char *plane); /* under that epoch */

#endif
