/* object.c -- the session of an object on an API server: its settings and credentials. */
#include "targets/kube/object.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

static const char *setting(const struct target_config *config, const char *key)
{
        const char *value = target_setting_find(config, key);
        return value ? value : "";
}

/* "argoproj.io/v1alpha1", or "v1" of the core group. */
static void take_api_version(struct object_session *self, const char *text)
{
        const char *slash = strchr(text, '/');
        self->group = slash ? mem_strndup(text, (size_t)(slash - text)) : mem_strdup("");
        self->version = mem_strdup(slash ? slash + 1 : text);
}

static void take_identity(struct object_session *self, const struct target_config *config)
{
        const struct object_profile *profile = self->profile;
        take_api_version(self, profile->api_version ? profile->api_version : setting(config, "apiVersion"));
        self->resource = mem_strdup(profile->resource ? profile->resource : setting(config, "resource"));
        self->namespace_name = mem_strdup(setting(config, "namespace"));
        self->name = mem_strdup(setting(config, "name"));
        self->pointer = mem_strdup(profile->pointer ? profile->pointer : setting(config, "path"));
        const struct kube_resource resource = {self->group, self->version, self->resource, ""};
        self->path = kube_path(&resource, self->namespace_name[0] ? self->namespace_name : NULL, self->name, NULL);
        struct strbuf what = STRBUF_INIT(2048);
        (void)strbuf_printf(&what, "%s%s%s %s%s%s", self->resource, self->group[0] ? "." : "", self->group,
                            self->namespace_name, self->namespace_name[0] ? "/" : "", self->name);
        self->what = strbuf_take(&what);
}

/* Credentials of planes are called "<plane>/<key>"; a plane's name has no slash. */
static struct object_material *material_of(struct object_session *self, const char *called)
{
        const size_t bytes = strcspn(called, "/");
        for (unsigned i = 0; i < self->material_count; i++) {
                const char *plane = self->materials[i].plane;
                if (strlen(plane) == bytes && strncmp(plane, called, bytes) == 0)
                        return &self->materials[i];
        }
        if (self->material_count == PLANES_MAX)
                return NULL;
        struct object_material *material = &self->materials[self->material_count++];
        material->plane = mem_strndup(called, bytes);
        return material;
}

static void take_materials(struct object_session *self, const struct target_config *config)
{
        const char *const *keys = self->profile->plane_keys;
        for (size_t i = 0; i < config->credential_count && keys; i++) {
                const struct target_credential *credential = &config->credentials[i];
                const char *key = strchr(credential->key, '/');
                for (unsigned at = 0; key && keys[at]; at++) {
                        struct object_material *material =
                            text_equal(keys[at], key + 1) ? material_of(self, credential->key) : NULL;
                        if (material && secret_is_empty(&material->entries[at]))
                                secret_copy(&material->entries[at], &credential->value);
                }
        }
}

const struct secret *object_entry(const struct object_session *session, const char *plane, unsigned key)
{
        for (unsigned i = 0; i < session->material_count; i++)
                if (text_equal(session->materials[i].plane, plane))
                        return secret_is_empty(&session->materials[i].entries[key])
                                   ? NULL
                                   : &session->materials[i].entries[key];
        return NULL;
}

enum err object_fill(struct object_session *ret, const struct object_profile *profile,
                     const struct target_config *config, struct errmsg *reterr)
{
        *ret = (struct object_session){.profile = profile};
        take_identity(ret, config);
        take_materials(ret, config);
        if (!ret->version[0] || !ret->resource[0] || !ret->name[0])
                return err_set(reterr, ERR_INVALID, "the policy names it no more");
        enum err err = profile->resolve ? profile->resolve(ret, config, reterr) : ERR_OK;
        return err == ERR_OK ? field_check(ret->pointer, reterr) : err;
}

static void free_texts(struct object_session *self)
{
        char *const texts[] = {self->group, self->version, self->resource, self->namespace_name, self->name,
                               self->path,  self->what,    self->pointer,  self->key,
                               self->unset};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                free(texts[i]);
}

void object_clear(struct object_session *session)
{
        for (unsigned i = 0; i < session->material_count; i++) {
                free(session->materials[i].plane);
                for (unsigned key = 0; key < OBJECT_KEYS_MAX; key++)
                        secret_clear(&session->materials[i].entries[key]);
        }
        free_texts(session);
}

void object_close(struct target_session *session)
{
        struct object_session *self = object_session_of(session);
        object_cancel(self);
        hub_close(&self->hub);
        object_clear(self);
        free(self);
}

enum err object_open(const struct target_driver *driver, const struct object_profile *profile,
                     const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        struct object_session *self = mem_new(self);
        enum err err = object_fill(self, profile, config, reterr);
        self->base.driver = driver;
        if (err == ERR_OK)
                err = hub_open(&self->hub, config, reterr);
        if (err != ERR_OK) {
                object_close(&self->base);
                return err;
        }
        *ret = &self->base;
        return ERR_OK;
}

char *object_name_of(const struct object_profile *profile, const struct target_config *config)
{
        struct object_session self;
        struct errmsg ignored; /* the session says it */
        struct strbuf name = STRBUF_INIT(4096);
        (void)!object_fill(&self, profile, config, &ignored);
        (void)strbuf_printf(&name, "%s %s", self.what, self.pointer);
        object_clear(&self);
        return strbuf_take(&name);
}
