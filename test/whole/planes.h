/* planes.h -- what the planes answer, and the API servers of their clusters. */
#ifndef PK_TEST_WHOLE_PLANES_H
#define PK_TEST_WHOLE_PLANES_H

#include "net.h"

void planes_serve(struct exchange *exchange);

#endif
