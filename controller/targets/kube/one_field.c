/* one_field.c -- a value that one field of the object holds. */
#include "targets/kube/object.h"

#include "util/mem.h"
#include "util/text.h"

enum err object_show_field(const struct object_session *session, const json_t *object, char **ret,
                           struct errmsg *reterr)
{
        const json_t *value = NULL;
        enum err err = field_find(object, session->pointer, &value, reterr);
        if (err == ERR_OK)
                *ret = value ? field_text(value) : session->unset ? mem_strdup(session->unset) : NULL;
        return err;
}

enum err object_take_type(struct object_session *session, const struct target_config *config, struct errmsg *reterr)
{
        static const char *const types[] = {
            [FIELD_STRING] = "String", [FIELD_BOOLEAN] = "Boolean", [FIELD_INTEGER] = "Integer"};
        const char *type = target_setting_find(config, "type");
        for (unsigned i = 0; type && i < sizeof(types) / sizeof(types[0]); i++) {
                if (!text_equal(type, types[i]))
                        continue;
                session->type = (enum field_type)i;
                return ERR_OK;
        }
        return type ? err_set(reterr, ERR_INVALID, "type is String, Boolean or Integer, not \"%.60s\"", type) : ERR_OK;
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
