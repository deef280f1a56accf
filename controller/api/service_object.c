/* service_object.c -- where a Service is reached from outside its cluster. */
#include "api/service_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/object.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { OTHER_NAMES_BYTES_MAX = 1024 };

static const char *text_at(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        return text ? text : "";
}

static uint16_t find_port(const json_t *service, const char *wanted)
{
        const json_t *ports = json_object_get(json_object_get(service, "spec"), "ports");
        for (size_t i = 0; i < json_array_size(ports); i++) {
                const json_t *port = json_array_get(ports, i);
                json_int_t number = json_integer_value(json_object_get(port, "port"));
                char text[24];
                (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number);
                bool matches = strcmp(text_at(port, "name"), wanted) == 0 || strcmp(text, wanted) == 0;
                if (matches && number >= 1 && number <= UINT16_MAX)
                        return (uint16_t)number;
        }
        return 0;
}

/* A record leads to one name: the others are only told. */
static void add_name(struct service_ingress *ret, const char *name)
{
        if (ret->count == 0) {
                ret->addresses[ret->count++] = mem_strdup(name);
                return;
        }
        if (strcasecmp(ret->addresses[0], name) == 0)
                return;
        struct strbuf text = STRBUF_INIT(OTHER_NAMES_BYTES_MAX);
        (void)strbuf_printf(&text, "%s%s%s", ret->other_names ? ret->other_names : "", ret->other_names ? ", " : "",
                            name);
        free(ret->other_names);
        ret->other_names = strbuf_take(&text);
}

/* A load balancer that publishes both an IP and a name means the same place: IPs win, names count only where there is
 * none. One that is neither is named by *ret_bad and *ret_fault. */
static void collect(const json_t *ingress, const char *key, struct service_ingress *ret, const char **ret_bad,
                    const char **ret_fault)
{
        for (size_t i = 0; i < json_array_size(ingress) && ret->count < SERVICE_ADDRESSES_MAX; i++) {
                const char *address = text_at(json_array_get(ingress, i), key);
                bool is_ip = strcmp(key, "ip") == 0;
                const char *fault = is_ip && text_address_family(address) == 0 ? "is not an IP address"
                                    : is_ip                                    ? NULL
                                                                               : text_published_fault(address);
                if (!fault && !is_ip) {
                        add_name(ret, address);
                } else if (!fault) {
                        ret->addresses[ret->count++] = mem_strdup(address);
                } else if (address[0]) {
                        *ret_bad = address;
                        *ret_fault = fault;
                }
        }
}

enum err service_ingress_decode(const json_t *service, const char *port, struct service_ingress *ret,
                                struct errmsg *reterr)
{
        const char *namespace_name = object_meta(service, "namespace");
        const char *name = object_meta(service, "name");
        const json_t *spec = json_object_get(service, "spec");
        struct service_ingress found = {.port = find_port(service, port)};
        if (found.port == 0)
                return err_set(reterr, ERR_INVALID,
                               "Service %.63s/%.63s has no port %.15s; name one of its ports in server.service.port",
                               namespace_name, name, port);
        const json_t *status = json_object_get(json_object_get(service, "status"), "loadBalancer");
        const char *bad = NULL, *fault = NULL;
        collect(json_object_get(status, "ingress"), "ip", &found, &bad, &fault);
        if (found.count == 0)
                collect(json_object_get(status, "ingress"), "hostname", &found, &bad, &fault);
        if (found.count == 0 && bad)
                return err_set(
                    reterr, ERR_INVALID,
                    "Service %.63s/%.63s: status.loadBalancer.ingress says \"%.80s\", which %s; correct the load "
                    "balancer, or give server.address",
                    namespace_name, name, bad, fault);
        if (found.count == 0 && strcmp(text_at(spec, "type"), "LoadBalancer") != 0)
                return err_set(reterr, ERR_INVALID,
                               "Service %.63s/%.63s is of type %.20s: it has no ingress; use a LoadBalancer or give "
                               "server.address",
                               namespace_name, name, text_at(spec, "type"));
        if (found.count == 0)
                return err_set(reterr, ERR_NOT_FOUND,
                               "Service %.63s/%.63s has no ingress yet: its load balancer was not assigned an address",
                               namespace_name, name);
        *ret = found;
        return ERR_OK;
}

void service_ingress_clear(struct service_ingress *ingress)
{
        for (size_t i = 0; i < ingress->count; i++)
                free(ingress->addresses[i]);
        free(ingress->other_names);
        *ingress = (struct service_ingress){0};
}
