/* one_field.c -- a value that one field of the object holds. */
#include "targets/kube/object.h"

enum err object_show_field(const struct object_session *session, const json_t *object, char **ret,
                           struct errmsg *reterr)
{
        const json_t *value = NULL;
        enum err err = field_find(object, session->pointer, &value, reterr);
        if (err == ERR_OK)
                *ret = value ? field_text(value) : NULL;
        return err;
}

enum err object_set_field(const struct object_session *session, const struct target_want *want, json_t *patch,
                          struct errmsg *reterr)
{
        json_t *value;
        enum err err = field_value(session->type, want->value, &value, reterr);
        if (err == ERR_OK)
                field_set(patch, session->pointer, value);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "%.160s %.200s", session->what, session->pointer);
}

bool object_is_unobserved(const struct object_session *session, const json_t *object)
{
        (void)session;
        const json_t *observed = json_object_get(json_object_get(object, "status"), "observedGeneration");
        const json_t *generation = json_object_get(json_object_get(object, "metadata"), "generation");
        return json_is_integer(observed) && json_is_integer(generation) &&
               json_integer_value(observed) < json_integer_value(generation);
}
