/* view.c -- a plane by its name. */
#include "core/view.h"

#include <string.h>

const struct plane_view *view_plane(const struct view *view, const char *name)
{
        for (unsigned i = 0; i < view->plane_count; i++)
                if (strcmp(view->planes[i].name, name) == 0)
                        return &view->planes[i];
        return NULL;
}
