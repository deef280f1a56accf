/* management_plane.c -- any JSON as a ManagementPlane: decoded within bounds or refused, and what is decoded is whole.
 */
#include "api/management_plane.h"

#include <string.h>

#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        json_t *object = json_loadb((const char *)bytes, count, 0, NULL);
        struct management_plane *plane = NULL;
        struct errmsg why = {""};
        if (object && management_plane_decode(object, &plane, &why) == ERR_OK) {
                INVARIANT(plane->name[0] != '\0' && plane->check_count >= 1);
                for (size_t i = 0; i < plane->check_count; i++)
                        INVARIANT(strlen(plane->checks[i].name) <= 63 &&
                                  plane->checks[i].status_low <= plane->checks[i].status_high);
        } else if (object) {
                INVARIANT(why.text[0] != '\0' && !plane);
        }
        management_plane_free(plane);
        json_decref(object);
        return 0;
}
