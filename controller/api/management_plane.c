/* management_plane.c -- a ManagementPlane from JSON. */
#include "api/management_plane.h"

#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "api/tls_refs.h"
#include "core/view.h"
#include "util/text.h"

enum { PATH_BYTES_MAX = 1024, DEFAULT_PORT = 9900 };

static const char *const check_whens[WHEN_COUNT] = {"Always", "Active", "Standby"};
static const char *const http_schemes[] = {"HTTP", "HTTPS"};
static const char *const http_methods[] = {"GET", "HEAD"};

const char *check_when_name(enum check_when when)
{
        return (unsigned)when < WHEN_COUNT ? check_whens[when] : "invalid";
}

static void decode_http(const struct scope *item, struct plane_check *check)
{
        struct scope http = decode_object(item, "http");
        check->uses_tls = decode_choice(&http, "scheme", CHOICES(http_schemes), 0) == 1;
        check->method = http_methods[decode_choice(&http, "method", CHOICES(http_methods), 0)];
        check->path = decode_text(&http, "path", "/", PATH_BYTES_MAX);
        if (check->path[0] != '/' || strchr(check->path, ' '))
                decode_fail(&http, "path", "must begin with / and contain no space");
        struct scope status = decode_object(&http, "statusCodes");
        check->status_low = (uint16_t)decode_integer(&status, "min", 200, 100, 599);
        check->status_high = (uint16_t)decode_integer(&status, "max", 299, 100, 599);
        if (check->status_low > check->status_high)
                decode_fail(&status, "min", "is above max: no status could pass");
}

static void decode_grpc(const struct scope *item, struct plane_check *check)
{
        struct scope grpc = decode_object(item, "grpc");
        check->grpc_service = decode_text(&grpc, "service", "", DECODE_TEXT_MAX);
        check->uses_tls = !decode_bool(&grpc, "plaintext", false);
}

static void decode_nothing(const struct scope *item, struct plane_check *check)
{
        (void)item;
        (void)check;
}

static void decode_object_ref(const struct scope *item, struct plane_check *check)
{
        struct scope object = decode_object(item, "object");
        check->object_namespace = object.json ? decode_text(&object, "namespace", NULL, 63) : "";
        check->object_name = object.json ? decode_text(&object, "name", NULL, DECODE_TEXT_MAX) : "";
        if (!object.json)
                decode_fail(item, "object", "is required: it says what is read in the plane's cluster");
}

static void always_use_tls(const struct scope *item, struct plane_check *check)
{
        (void)item;
        check->uses_tls = true;
}

/* The kinds of check: what one may do to its plane, and how its own settings are read. */
static const struct check_kind {
        const char *name;
        enum check_role role;
        void (*decode_settings)(const struct scope *item, struct plane_check *check);
} check_kinds[CHECK_TYPE_COUNT] = {
    [CHECK_TCP] = {"TCP", CHECK_ROLE_PATH, decode_nothing},
    [CHECK_TLS] = {"TLS", CHECK_ROLE_PATH, always_use_tls},
    [CHECK_HTTP] = {"HTTP", CHECK_ROLE_PATH, decode_http},
    [CHECK_GRPC] = {"GRPC", CHECK_ROLE_PATH, decode_grpc},
    [CHECK_DEPLOYMENT] = {"Deployment", CHECK_ROLE_REPLICAS, decode_nothing},
    [CHECK_KUSTOMIZATION] = {"Kustomization", CHECK_ROLE_SIGNAL, decode_object_ref},
    [CHECK_APPLICATION] = {"Application", CHECK_ROLE_SIGNAL, decode_object_ref},
};

const char *check_type_name(enum check_type type)
{
        return (unsigned)type < CHECK_TYPE_COUNT ? check_kinds[type].name : "invalid";
}

enum check_role check_type_role(enum check_type type)
{
        return check_kinds[type].role;
}

static enum check_type decode_type(const struct scope *item)
{
        const char *names[CHECK_TYPE_COUNT];
        for (size_t i = 0; i < CHECK_TYPE_COUNT; i++)
                names[i] = check_kinds[i].name;
        return (enum check_type)decode_choice(item, "type", CHOICES(names), SIZE_MAX);
}

static void decode_check(const struct scope *item, const struct tls_refs *tls, struct plane_check *check)
{
        *check = (struct plane_check){
            .name = decode_text(item, "name", NULL, 63),
            .type = decode_type(item),
            .when = (enum check_when)decode_choice(item, "when", CHOICES(check_whens), WHEN_ALWAYS),
            .port = (uint16_t)decode_integer(item, "port", 0, 1, UINT16_MAX),
            .tls = decode_tls_refs(item, tls),
            .method = "",
            .path = "",
            .grpc_service = "",
            .object_namespace = "",
            .object_name = "",
        };
        check_kinds[check->type].decode_settings(item, check);
}

/* Without checks: a handshake where a CA can judge it, else a connection; and the Deployment where its cluster can be
 * asked. */
static void default_checks(struct management_plane *plane, const struct tls_refs *tls)
{
        bool has_ca = tls->ca.name[0] != '\0';
        plane->checks[0] = (struct plane_check){
            .name = "server",
            .type = has_ca ? CHECK_TLS : CHECK_TCP,
            .uses_tls = has_ca,
            .wants_http2 = has_ca,
            .tls = *tls,
            .method = "",
            .path = "",
            .grpc_service = "",
            .object_namespace = "",
            .object_name = "",
        };
        if (plane->check_count > 1) {
                plane->checks[1] = plane->checks[0];
                plane->checks[1].name = "deployment";
                plane->checks[1].type = CHECK_DEPLOYMENT;
                plane->checks[1].uses_tls = plane->checks[1].wants_http2 = false;
        }
}

static void decode_server(const struct scope *server, struct management_plane *plane)
{
        plane->address = decode_text(server, "address", "", DECODE_TEXT_MAX);
        if (plane->address[0] != '\0' && decode_has(server, "service"))
                decode_fail(server, "service", "give either address or service, not both");
        const char *fault = plane->address[0] != '\0' ? text_published_fault(plane->address) : NULL;
        if (fault)
                decode_fail(server, "address", "%s%s", fault,
                            strchr(plane->address, ':') ? "; give the port in server.port" : "");
        plane->port = (uint16_t)decode_integer(server, "port", DEFAULT_PORT, 1, UINT16_MAX);
        struct scope service = decode_object(server, "service");
        plane->service_namespace = decode_text(&service, "namespace", "gloo-mesh", 63);
        plane->service_name = decode_text(&service, "name", "gloo-mesh-mgmt-server", 63);
        plane->service_port = decode_text(&service, "port", "grpc", 15);
        struct scope deployment = decode_object(server, "deployment");
        plane->deployment_namespace = decode_text(&deployment, "namespace", plane->service_namespace, 63);
        plane->deployment_name = decode_text(&deployment, "name", "gloo-mesh-mgmt-server", DECODE_TEXT_MAX);
}

static enum plane_access access_of(const struct management_plane *plane, const struct scope *server)
{
        if (plane->kube_config.name[0] != '\0')
                return PLANE_ACCESS_KUBECONFIG;
        return plane->address[0] == '\0' || decode_has(server, "deployment") ? PLANE_ACCESS_OWN : PLANE_ACCESS_NONE;
}

static void decode_checks(const struct scope *checks, const struct tls_refs *tls, struct management_plane *plane)
{
        unsigned paths = 0, as_active = 0, as_standby = 0;
        for (size_t i = 0; i < decode_count(checks); i++) {
                struct scope item = decode_item(checks, i);
                decode_check(&item, tls, &plane->checks[i]);
                bool is_path = check_type_role(plane->checks[i].type) == CHECK_ROLE_PATH;
                paths += is_path;
                as_active += is_path && plane->checks[i].when != WHEN_STANDBY;
                as_standby += is_path && plane->checks[i].when != WHEN_ACTIVE;
                for (size_t before = 0; before < i; before++)
                        if (strcmp(plane->checks[before].name, plane->checks[i].name) == 0)
                                decode_fail(&item, "name", "is used twice; give each check its own name");
        }
        if (!paths)
                decode_fail(checks, "", "none checks the path that agents use; add one of type TCP, TLS, HTTP or GRPC");
        else if (!as_active || !as_standby)
                decode_fail(checks, "",
                            "no check of the path (TCP, TLS, HTTP or GRPC) counts while the plane is %s; add one with "
                            "when: %s, or leave out when",
                            as_active ? "a standby" : "active", check_whens[as_active ? WHEN_STANDBY : WHEN_ACTIVE]);
}

/* They go on as words of one setting, so that none of them may have a space in it. */
static const char *decode_word(const struct scope *scope, const char *key, const char *fallback, size_t max)
{
        const char *text = scope->json ? decode_text(scope, key, fallback, max) : "";
        if (strpbrk(text, " \t\n"))
                decode_fail(scope, key, "has a space in it");
        return text;
}

static struct plane_elasticache decode_elasticache(const struct scope *redis)
{
        struct scope scope = decode_object(redis, "elastiCache");
        return (struct plane_elasticache){.region = decode_word(&scope, "region", NULL, 32),
                                          .group_id = decode_word(&scope, "replicationGroupID", NULL, 40),
                                          .endpoint = decode_word(&scope, "endpoint", "", DECODE_TEXT_MAX)};
}

static void *fill(const struct scope *object)
{
        struct scope spec = decode_object(object, "spec");
        struct scope server = decode_object(&spec, "server");
        struct scope checks = decode_array(&spec, "checks", CHECKS_MAX);
        size_t given = decode_count(&checks);
        size_t room = given ? given : 2;
        struct management_plane *plane =
            decode_alloc(object->decoder, sizeof(*plane) + room * sizeof(plane->checks[0]));
        struct scope meta = decode_object(object, "metadata");
        plane->namespace_name = decode_text(&meta, "namespace", NULL, 63);
        plane->name = decode_text(&meta, "name", NULL, DECODE_NAME_MAX);
        plane->uid = decode_text(&meta, "uid", "", DECODE_UID_MAX);
        plane->generation = decode_integer(&meta, "generation", 0, 0, INT64_MAX);
        plane->deleting = decode_has(&meta, "deletionTimestamp");
        plane->eligible = decode_bool(&spec, "eligible", true);
        plane->cluster_name = decode_text(&spec, "clusterName", plane->name, DECODE_TEXT_MAX);
        plane->region = decode_text(&spec, "region", "", 63);
        struct scope redis = decode_object(&spec, "redis");
        plane->redis_address = redis.json ? decode_endpoint(&redis, "address", NULL) : "";
        plane->redis_elasticache = decode_elasticache(&redis);
        struct scope kube_config = decode_object(&spec, "kubeConfig");
        plane->kube_config = decode_secret_ref(&kube_config, "secretRef", "value");
        decode_server(&server, plane);
        plane->access = access_of(plane, &server);
        static const struct tls_refs none = {
            .ca = {"", "ca.crt"}, .client_certificate = "", .server_name = "gloo-mesh-mgmt-server.gloo-mesh"};
        struct tls_refs tls = decode_tls_refs(&spec, &none);
        plane->check_count = given ? given : plane->access == PLANE_ACCESS_NONE ? 1 : 2;
        if (given)
                decode_checks(&checks, &tls, plane);
        else
                default_checks(plane, &tls);
        return plane;
}

enum err management_plane_decode(const json_t *object, struct management_plane **ret, struct errmsg *reterr)
{
        void *plane;
        enum err err = decoder_run("managementplane", object, fill, &plane, reterr);
        if (err == ERR_OK)
                *ret = plane;
        return err;
}

void management_plane_free(struct management_plane *plane)
{
        free(plane);
}
