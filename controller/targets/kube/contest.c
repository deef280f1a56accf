/* contest.c -- other managers of the field. */
#include "targets/kube/contest.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { TEXT_BYTES = 1024, STEP_BYTES = 256 };

/* The fields of a manager are nested members "f:<name>". */
static bool owns(const json_t *fields, const char *pointer)
{
        const char *steps[FIELD_STEPS_MAX];
        unsigned count;
        char *block = field_steps(pointer, steps, &count);
        const json_t *at = fields;
        for (unsigned i = 0; i < count && at; i++) {
                struct strbuf name = STRBUF_INIT(STEP_BYTES);
                (void)strbuf_printf(&name, "f:%s", steps[i]);
                at = json_object_get(at, strbuf_text(&name));
                strbuf_deinit(&name);
        }
        free(block);
        return at != NULL;
}

/* Controllers that put back what Git says; what sets a field by an update of its own does not mean to keep it so. */
static const struct controller {
        const char *prefix, *name, *remedy;
} controllers[] = {
    {"argocd-", "Argo CD",
     "in the Application that it is part of, set spec.ignoreDifferences with managedFieldsManagers: [planekeeper] and "
     "the sync option RespectIgnoreDifferences=true"},
    {"kustomize-controller", "Flux", "list the field under spec.ignore of the Kustomization that it is part of"},
    {"helm-controller", "Flux", "leave the field out of the HelmRelease that it is part of"},
};

static const struct controller *controller_of(const char *manager)
{
        for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
                if (text_has_prefix(manager, controllers[i].prefix))
                        return &controllers[i];
        return NULL;
}

static char *describe(const struct object_session *session, const char *manager)
{
        const struct controller *controller = controller_of(manager);
        struct strbuf text = STRBUF_INIT(TEXT_BYTES);
        (void)strbuf_printf(&text, "%s%s%.60s%s sets %.200s of %.160s and would put it back after a switch: ",
                            controller ? controller->name : "", controller ? " (" : "", manager, controller ? ")" : "",
                            session->pointer, session->what);
        (void)strbuf_printf(&text, "%s, or take the field out of what it applies",
                            controller ? controller->remedy : "let it not apply the field");
        return strbuf_take(&text);
}

char *contest_find(const struct object_session *session, const json_t *object)
{
        size_t i;
        json_t *entry;
        json_array_foreach(json_object_get(json_object_get(object, "metadata"), "managedFields"), i, entry)
        {
                const char *manager = json_string_value(json_object_get(entry, "manager"));
                const char *operation = json_string_value(json_object_get(entry, "operation"));
                if (!manager || text_equal(manager, "planekeeper"))
                        continue;
                const bool applies = text_equal(operation, "Apply") || controller_of(manager);
                if (applies && owns(json_object_get(entry, "fieldsV1"), session->pointer))
                        return describe(session, manager);
        }
        return NULL;
}
