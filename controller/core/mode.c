/* mode.c -- the mode in effect: Automatic only where it is safe. */
#include "core/mode.h"

#include <string.h>

struct effective_mode mode_in_effect(const struct view *view, struct arena *arena)
{
        if (view->policy.mode == MODE_ADVISE)
                return (struct effective_mode){MODE_ADVISE, "AsRequested", ""};
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                if (plane->holds_operator)
                        return (struct effective_mode){
                            MODE_ADVISE, "OperatorInsidePlane",
                            arena_printf(
                                arena,
                                "I run inside plane %s; if it is lost nobody switches. Run me in a third cluster",
                                plane->name)};
        }
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                if (view->region[0] && strcmp(view->region, plane->region) == 0)
                        return (struct effective_mode){MODE_ADVISE, "OperatorSharesRegion",
                                                       arena_printf(arena,
                                                                    "I run in region %s, that of plane %s; if the "
                                                                    "region is lost nobody switches. Run me in "
                                                                    "a third region",
                                                                    view->region, plane->name)};
        }
        return (struct effective_mode){
            MODE_AUTOMATIC, "SingleVantage",
            "One operator location judges the planes; a network cut between it and a healthy plane "
            "looks like an outage to it"};
}
